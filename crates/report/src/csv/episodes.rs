//! A row per episode.

use super::cell::{Cell, known};
use super::{Table, json};
use crate::model::Report;
use crate::output::{OutputError, Sources};
use mocktrial_analysis::EpisodeRow;
use mocktrial_analysis::store::{Scenario, Store, StoreError};
use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Those of the view `results`, in its order; but not `episode`, which is a number within the file.
pub(super) const COLUMNS: [&str; 37] = [
    "run",
    "scenario",
    "variant",
    "family",
    "endpoint",
    "trial",
    "passed",
    "score",
    "end_reason",
    "cause",
    "failed_grader",
    "failed_criterion",
    "turns",
    "calls",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_cache_written",
    "tokens_reasoning",
    "cost",
    "virtual_ms",
    "wall_ms",
    "latency_ms",
    "latencies_ms",
    "retries",
    "replayed",
    "dispatch",
    "seed",
    "started",
    "title",
    "tags",
    "world_hash",
    "criteria_hash",
    "treatment_hash",
    "trajectory_hash",
    "served",
    "selected",
];

/// Id and variant.
type Name = (Arc<str>, Arc<str>);

/// What the run says of the scenarios and endpoints of its episodes.
struct Run {
    name: String,
    selected: bool,
    scenarios: HashMap<Name, Scenario>,
    /// By endpoint, what it is everywhere; and by cell, where it is something else.
    treatments: HashMap<Arc<str>, String>,
    own: HashMap<(Name, Arc<str>), String>,
}

impl Run {
    fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let head = store.header()?;
        let scenarios = store.scenarios()?.into_iter().map(|s| ((s.id.clone(), s.variant.clone()), s));
        let treatments = store.endpoints()?.into_iter().map(|e| (e.name, e.treatment.to_string()));
        let own = store.cells()?.into_iter().filter_map(|c| {
            let treatment = c.treatment?.to_string();
            Some((((c.scenario, c.variant), c.endpoint), treatment))
        });
        Ok(Self {
            name: head.name,
            selected: head.selection.is_selected(),
            scenarios: scenarios.collect(),
            treatments: treatments.collect(),
            own: own.collect(),
        })
    }

    fn row(&self, row: &EpisodeRow) -> [Cell; COLUMNS.len()] {
        let key = &row.key;
        let name = (key.scenario.clone(), key.variant.clone());
        let scenario = self.scenarios.get(&name);
        let of = |text: fn(&Scenario) -> String| known(scenario, |s| Cell::text(&text(s)));
        let treatment = self.own.get(&(name.clone(), key.endpoint.clone())).or(self.treatments.get(&key.endpoint));
        let usage = |part: fn(&mocktrial_trajectory::Usage) -> u64| known(row.usage.as_ref(), |u| Cell::whole(part(u)));
        let latency = (!row.latencies_ms.is_empty()).then(|| row.latencies_ms.iter().sum::<f64>());
        [
            Cell::text(&self.name),
            Cell::text(&key.scenario),
            Cell::text(&key.variant),
            of(|s| s.family.to_string()),
            Cell::text(&key.endpoint),
            Cell::whole(key.trial),
            known(row.passed, Cell::truth),
            known(row.score, Cell::number),
            Cell::text(row.end.as_str()),
            known(row.cause, |c| Cell::text(c.as_str())),
            known(row.failed.as_ref(), |f| Cell::text(&f.grader)),
            known(row.failed.as_ref(), |f| Cell::text(&f.criterion)),
            Cell::whole(row.turns),
            Cell::whole(row.calls),
            usage(|u| u.input),
            usage(|u| u.output),
            usage(|u| u.cached),
            usage(|u| u.cache_written),
            usage(|u| u.reasoning),
            known(row.cost, Cell::number),
            Cell::whole(row.virtual_ms),
            Cell::number(row.wall_ms),
            known(latency, Cell::number),
            Cell::text(&json(&row.latencies_ms)),
            Cell::whole(row.retries),
            Cell::truth(row.replayed),
            Cell::whole(row.dispatch),
            Cell::whole(row.seed),
            Cell::text(&row.started),
            of(|s| s.title.clone()),
            of(|s| json(&s.tags)),
            of(|s| s.instrument.world.to_string()),
            of(|s| s.instrument.criteria.to_string()),
            known(treatment, |t| Cell::text(t)),
            Cell::text(&row.trajectory_hash.to_string()),
            Cell::text(&json(&row.served)),
            Cell::truth(self.selected),
        ]
    }
}

pub(super) fn write(_: &Report, sources: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let mut table = Table::begin(out, &COLUMNS)?;
    for store in &sources.stores {
        let run = Run::read(*store)?;
        let mut broken = None;
        store.each_row(&mut |row| match table.row(&run.row(&row)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = broken {
            return Err(error);
        }
    }
    table.end()
}

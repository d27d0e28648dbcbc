//! A row per scenario and endpoint.

use super::cell::{Cell, known};
use super::{Table, json};
use crate::model::Report;
use crate::output::{OutputError, Sources};
use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Those of the view `scenarios_by_endpoint`.
pub(super) const COLUMNS: [&str; 14] = [
    "run", "scenario", "variant", "family", "title", "tags", "endpoint", "k", "n", "excluded", "planned", "score",
    "turns", "cost",
];

/// Scenario, variant and endpoint.
type Key = (Arc<str>, Arc<str>, Arc<str>);

/// Sums over a scenario's episodes by an endpoint, each with how many it is of.
#[derive(Default)]
struct Sums {
    score: (f64, u32),
    turns: (f64, u32),
    cost: (f64, u32),
}

fn add(sum: &mut (f64, u32), value: Option<f64>) {
    if let Some(value) = value {
        *sum = (sum.0 + value, sum.1 + 1);
    }
}

fn mean((sum, n): (f64, u32)) -> Cell {
    known((n > 0).then(|| sum / f64::from(n)), Cell::number)
}

pub(super) fn write(report: &Report, sources: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let mut table = Table::begin(out, &COLUMNS)?;
    for (run, store) in report.runs.iter().zip(&sources.stores) {
        let mut sums: HashMap<Key, Sums> = HashMap::new();
        store.each_row(&mut |row| {
            let key = row.key;
            let own = sums.entry((key.scenario, key.variant, key.endpoint)).or_default();
            add(&mut own.score, row.score);
            add(&mut own.turns, Some(f64::from(row.turns)));
            add(&mut own.cost, row.cost);
            ControlFlow::Continue(())
        })?;
        let none = Sums::default();
        for s in &run.scenarios {
            for (endpoint, cell) in run.endpoints.iter().zip(&s.cells) {
                let Some(cell) = cell else { continue };
                let own = sums.get(&(s.id.clone(), s.variant.clone(), endpoint.name.clone())).unwrap_or(&none);
                table.row(&[
                    Cell::text(&run.run.name),
                    Cell::text(&s.id),
                    Cell::text(&s.variant),
                    Cell::text(&s.family),
                    Cell::text(&s.title),
                    Cell::text(&json(&s.tags)),
                    Cell::text(&endpoint.name),
                    Cell::whole(cell.k),
                    Cell::whole(cell.n),
                    Cell::whole(cell.excluded),
                    Cell::whole(cell.planned),
                    mean(own.score),
                    mean(own.turns),
                    mean(own.cost),
                ])?;
            }
        }
    }
    table.end()
}

//! What a run writes down beside its episodes, and what it finds there again.

use crate::plan::Plan;
use crate::ready::{ReadyEndpoint, ReadyScenario};
use crate::suite::{self, Budget, CassetteMode, EndpointKind};
use mocktrial_store::{Cell, Endpoint, Header, Instrument, NewRun, NewScenario, Scenario, Selection, Status};
use mocktrial_trajectory::Digest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// What a run is begun with beside its scenarios and endpoints.
pub struct Terms<'a> {
    /// When, RFC 3339 in UTC.
    pub created: String,
    /// Its seed.
    pub seed: u64,
    /// Trials of every cell.
    pub trials: u32,
    /// Whether its episodes were picked by outcome.
    pub selection: Selection,
    /// What is done with cassettes.
    pub cassettes: CassetteMode,
    /// Its budget, which a resumed run keeps to.
    pub budget: Option<Budget>,
    /// The plan, which knows the slots of a selection.
    pub plan: &'a Plan,
}

/// The note that keeps a run's budget.
const BUDGET: &str = "budget";

/// The budget that a run was begun with, if it had one.
#[must_use]
pub fn budget_of(header: &Header) -> Option<Budget> {
    serde_json::from_str(header.notes.get(BUDGET)?).ok()
}

/// Now, RFC 3339 in UTC to the second.
#[must_use]
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A word on what a run is about: the suite that its scenarios share, or `all`.
#[must_use]
pub fn about(scenarios: &[Arc<ReadyScenario>]) -> String {
    if let [one] = scenarios {
        return one.scenario.id.rsplit('/').next().unwrap_or("one").to_owned();
    }
    let folder = |s: &Arc<ReadyScenario>| s.scenario.id.split('/').next().unwrap_or_default().to_owned();
    let first = scenarios.first().map(folder).unwrap_or_default();
    if scenarios.iter().all(|s| folder(s) == first) { first } else { "all".to_owned() }
}

/// The hash of all that belongs to an endpoint.
#[must_use]
pub fn treatment(endpoint: &suite::Endpoint) -> Digest {
    Digest::of(&endpoint.treatment)
}

/// A new run, as the store takes it.
#[must_use]
pub fn new_run(scenarios: &[Arc<ReadyScenario>], endpoints: &[Arc<ReadyEndpoint>], terms: &Terms<'_>) -> NewRun {
    let mut notes = BTreeMap::new();
    let word = serde_json::to_value(terms.cassettes).unwrap_or_default();
    notes.insert("cassettes".to_owned(), word.as_str().unwrap_or_default().to_owned());
    if let Some(budget) = terms.budget {
        notes.insert(BUDGET.to_owned(), serde_json::to_string(&budget).unwrap_or_default());
    }
    let mut cells = Vec::with_capacity(scenarios.len() * endpoints.len());
    let mut only = Vec::new();
    for (s, scenario) in scenarios.iter().enumerate() {
        for (e, endpoint) in endpoints.iter().enumerate() {
            let trials = terms.plan.trials_of(s, e);
            if terms.selection.is_selected() {
                only.extend(trials.iter().map(|t| json!([scenario.scenario.name, endpoint.name, t])));
            }
            if trials.is_empty() {
                continue;
            }
            cells.push(Cell {
                scenario: Arc::clone(&scenario.scenario.id),
                variant: Arc::clone(&scenario.scenario.variant),
                endpoint: Arc::clone(&endpoint.name),
                trials: u32::try_from(trials.len()).unwrap_or(u32::MAX),
                treatment: None,
            });
        }
    }
    if terms.selection.is_selected() {
        notes.insert("only".to_owned(), Value::Array(only).to_string());
    }
    let mut suite = String::new();
    for scenario in scenarios {
        let Instrument { world, criteria } = instrument(scenario);
        let _ = writeln!(suite, "{} {world} {criteria}", scenario.scenario.name);
    }
    // A selection leaves scenarios without a cell: they are not part of the run.
    let planned: HashSet<(&str, &str)> = cells.iter().map(|cell| (&*cell.scenario, &*cell.variant)).collect();
    let planned = |s: &&Arc<ReadyScenario>| planned.contains(&(&*s.scenario.id, &*s.scenario.variant));
    NewRun {
        header: Header {
            name: String::new(),
            created: terms.created.clone(),
            harness: env!("CARGO_PKG_VERSION").to_owned(),
            seed: terms.seed,
            suite: Digest::of_bytes(b"suite", suite.as_bytes()),
            trials: terms.trials,
            selection: terms.selection.clone(),
            status: Status::default(),
            notes,
        },
        scenarios: scenarios.iter().filter(planned).map(|s| stored(s)).collect(),
        endpoints: endpoints.iter().map(|e| stored_endpoint(&e.definition)).collect(),
        cells,
    }
}

pub(crate) fn instrument(scenario: &ReadyScenario) -> Instrument {
    let suite::Instrument { world, criteria } = scenario.scenario.instrument;
    Instrument { world, criteria }
}

pub(crate) fn stored(ready: &ReadyScenario) -> NewScenario {
    let scenario = &ready.scenario;
    let case = Arc::clone(ready.grading.case());
    let scenario = Scenario {
        id: Arc::clone(&scenario.id),
        variant: Arc::clone(&scenario.variant),
        family: Arc::clone(&scenario.family),
        title: scenario.title.clone(),
        tags: scenario.tags.iter().cloned().collect(),
        instrument: instrument(ready),
    };
    NewScenario { scenario, case }
}

fn stored_endpoint(endpoint: &suite::Endpoint) -> Endpoint {
    let parts = match &endpoint.treatment {
        Value::Object(parts) => parts.iter().map(|(name, part)| (name.clone(), Digest::of(part))).collect(),
        _ => BTreeMap::new(),
    };
    let kind = match &endpoint.kind {
        EndpointKind::Model { dialect, .. } => dialect,
        EndpointKind::Command(_) => "command",
        EndpointKind::Probe(_) => "probe",
    };
    Endpoint {
        name: endpoint.name.as_str().into(),
        treatment: treatment(endpoint),
        parts,
        configuration: json!({"kind": kind, "treatment": endpoint.treatment}),
        price: endpoint.price.as_ref().and_then(|p| serde_json::to_value(p).ok()),
    }
}

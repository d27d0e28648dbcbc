//! A run in memory: nothing but a plan and the figures of its episodes.

use mocktrial_analysis::*;
use mocktrial_store::{
    Ack, Asked, Cell, Ended, Endpoint, EpisodeRecord, Instrument, NewScenario, Regrading, Scenario, Spend, Spent,
    Store, StoreError, StoredEpisode,
};
use mocktrial_trajectory::*;
use serde_json::json;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

pub(crate) struct Run {
    pub(crate) selection: Selection,
    pub(crate) scenarios: Vec<Arc<str>>,
    pub(crate) endpoints: Vec<Arc<str>>,
    /// The variants of scenarios that have some.
    pub(crate) variants: Vec<(Arc<str>, Vec<Arc<str>>)>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) rows: Vec<EpisodeRow>,
    /// How often the rows are walked over, as if there were so many more.
    pub(crate) repeat: usize,
}

impl Run {
    /// Every scenario for every endpoint, `trials` each.
    pub(crate) fn new(scenarios: &[&str], endpoints: &[&str], trials: u32) -> Self {
        let arcs = |names: &[&str]| names.iter().map(|n| Arc::from(*n)).collect::<Vec<Arc<str>>>();
        let (scenarios, endpoints) = (arcs(scenarios), arcs(endpoints));
        let cell = |s: &Arc<str>, e: &Arc<str>| Cell {
            scenario: s.clone(),
            variant: "".into(),
            endpoint: e.clone(),
            trials,
            treatment: None,
        };
        let cells = scenarios.iter().flat_map(|s| endpoints.iter().map(|e| cell(s, e))).collect();
        Self { selection: Selection::Full, scenarios, endpoints, variants: vec![], cells, rows: vec![], repeat: 1 }
    }

    /// Adds an episode; the trial is the next one of its cell.
    pub(crate) fn add(&mut self, scenario: &str, endpoint: &str, change: impl FnOnce(&mut EpisodeRow)) {
        let find = |names: &[Arc<str>], name: &str| names.iter().find(|n| &***n == name).unwrap().clone();
        let (scenario, endpoint) = (find(&self.scenarios, scenario), find(&self.endpoints, endpoint));
        let before = self.rows.iter().filter(|r| r.key.scenario == scenario && r.key.endpoint == endpoint).count();
        let trial = u32::try_from(before).unwrap() + 1;
        let mut row = EpisodeRow {
            key: EpisodeKey { scenario, variant: "".into(), endpoint, trial },
            dispatch: 0,
            seed: 1,
            started: String::new(),
            end: EndReason::Completed,
            cause: None,
            passed: Some(true),
            score: Some(1.0),
            failed: None,
            turns: 2,
            calls: 1,
            usage: None,
            cost: None,
            virtual_ms: 0,
            wall_ms: 1.0,
            latencies_ms: vec![],
            retries: 0,
            replayed: false,
            trajectory_hash: Digest::of(&json!(1)),
            served: [].into(),
        };
        change(&mut row);
        self.rows.push(row);
    }

    /// Adds `k` passed and `n - k` failed episodes.
    pub(crate) fn k_of_n(&mut self, scenario: &str, endpoint: &str, k: u32, n: u32) {
        for i in 0..n {
            self.add(scenario, endpoint, |row| {
                if i >= k {
                    fail(row, "answer");
                }
            });
        }
    }

    /// Adds an episode that ended for this reason, without outcome where it was not the model's doing.
    pub(crate) fn ended(&mut self, scenario: &str, endpoint: &str, end: EndReason) {
        self.add(scenario, endpoint, |row| {
            row.end = end;
            row.cause = Some(end.cause());
            row.passed = (!end.is_infrastructure()).then_some(false);
        });
    }

    pub(crate) fn summary(&self) -> Summary {
        summary(self).unwrap()
    }
}

pub(crate) fn fail(row: &mut EpisodeRow, grader: &str) {
    row.passed = Some(false);
    row.cause = Some(Cause::Model);
    row.failed = Some(FailedCriterion { grader: grader.into(), criterion: "expect[0]".into() });
}

impl Store for Run {
    fn header(&self) -> Result<Header, StoreError> {
        Ok(Header {
            name: "a-run".into(),
            created: "2026-11-23T14:05:09Z".into(),
            harness: "0.1.0".into(),
            seed: 42,
            suite: Digest::of(&json!(1)),
            trials: 5,
            selection: self.selection.clone(),
            status: Status::default(),
            notes: [].into(),
        })
    }

    fn scenarios(&self) -> Result<Vec<Scenario>, StoreError> {
        let digest = Digest::of(&json!(1));
        let scenario = |(id, variant): (Arc<str>, Arc<str>)| Scenario {
            id: id.clone(),
            variant,
            family: id,
            title: "A title".into(),
            tags: vec![],
            instrument: Instrument { world: digest, criteria: digest },
        };
        let variants = |id: &Arc<str>| match self.variants.iter().find(|(of, _)| of == id) {
            Some((_, variants)) => variants.iter().map(|v| (id.clone(), v.clone())).collect(),
            None => vec![(id.clone(), "".into())],
        };
        Ok(self.scenarios.iter().flat_map(variants).map(scenario).collect())
    }

    fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        let treatment = Digest::of(&json!(1));
        let endpoint = |name: &Arc<str>| Endpoint {
            name: name.clone(),
            treatment,
            parts: [].into(),
            configuration: json!({}),
            price: None,
        };
        Ok(self.endpoints.iter().map(endpoint).collect())
    }

    fn cells(&self) -> Result<Vec<Cell>, StoreError> {
        Ok(self.cells.clone())
    }

    fn each_row(&self, visit: &mut dyn FnMut(EpisodeRow) -> ControlFlow<()>) -> Result<(), StoreError> {
        for row in (0..self.repeat).flat_map(|_| &self.rows) {
            if visit(row.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    // A summary rests on what is above, and on nothing else.
    fn case(&self, _: &str, _: &str) -> Result<Option<Case>, StoreError> {
        panic!("a summary reads no cases")
    }
    fn ended(&self) -> Result<Vec<Ended>, StoreError> {
        panic!("a list of all episodes grows with them")
    }
    fn each_text(&self, _: &mut dyn FnMut(EpisodeTexts<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        panic!("a summary reads no texts")
    }
    fn each_episode(&self, _: &mut dyn FnMut(StoredEpisode) -> ControlFlow<()>) -> Result<(), StoreError> {
        panic!("a summary reads no texts")
    }
    fn episode(&self, _: &EpisodeKey) -> Result<Option<StoredEpisode>, StoreError> {
        Ok(None)
    }
    fn spent(&self) -> Result<Spent, StoreError> {
        Ok(Spent::default())
    }
    fn claim(&self, _: &[EpisodeKey], _: Duration) -> Result<Vec<EpisodeKey>, StoreError> {
        panic!("a summary writes nothing; so below")
    }
    fn record(&self, _: EpisodeRecord, _: Ack) {
        panic!()
    }
    fn reserve(&self, _: &str, _: Spend, _: Option<Ack>) -> Result<u64, StoreError> {
        panic!()
    }
    fn settle(&self, _: u64, _: Spend) {
        panic!()
    }
    fn set_status(&self, _: Status) -> Result<(), StoreError> {
        panic!()
    }
    fn set_trials(&self, _: u32) -> Result<(), StoreError> {
        panic!()
    }
    fn regrade(&self, _: Vec<NewScenario>, _: Receiver<Regrading>) -> Result<(), StoreError> {
        panic!()
    }
    fn set_note(&self, _: &str, _: &str) -> Result<(), StoreError> {
        panic!()
    }
    fn keep_answers(&self, _: &EpisodeKey, _: Vec<Asked>) -> Result<(), StoreError> {
        panic!()
    }
    fn was_asked(&self, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
    fn flush(&self) -> Result<(), StoreError> {
        panic!()
    }
}

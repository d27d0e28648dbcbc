//! What a run is made of beside its episodes: header, scenarios, endpoints, plan.

use mocktrial_trajectory::{Case, Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The head of a run.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Header {
    /// The run's name: what its file is called, without extension.
    pub name: String,
    /// When it was begun, RFC 3339 in UTC.
    pub created: String,
    /// The version of mocktrial that began it.
    pub harness: String,
    /// The run's seed.
    pub seed: u64,
    /// The hash of the suite as selected: its scenarios' instruments in order.
    pub suite: Digest,
    /// Trials wanted of every cell of the plan.
    pub trials: u32,
    /// Whether its episodes are all of the plan, or were picked by their outcome.
    pub selection: Selection,
    /// How far it has come.
    pub status: Status,
    /// Anything else worth keeping with the run (command line, host), for people.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
}

/// Whether the outcome of earlier episodes decided what is in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Selection {
    /// No: rates may be claimed from it.
    #[default]
    Full,
    /// Yes, as with `--failed`: its rates mean nothing, and it is never pooled with another run.
    Selected {
        /// The run whose outcomes decided.
        from: String,
        /// In words: what was picked.
        why: String,
    },
}

impl Selection {
    /// Whether its episodes were picked by outcome.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        matches!(self, Self::Selected { .. })
    }
}

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Status {
    /// The word for it.
    pub state: State,
    /// Why, in words; empty where there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The word for how far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is running, or was killed while it ran.
    #[default]
    Open,
    /// Every episode of its plan has ended.
    Complete,
    /// It was stopped before its plan was done, because it had decided what it was to decide.
    Decided,
    /// Somebody stopped it; it can be resumed.
    Interrupted,
    /// Its budget ended it; it can be resumed with more.
    Budget,
    /// Something outside kept it from its end: an endpoint that was refused, a disk that was full; it
    /// can be resumed.
    Failed,
}

impl State {
    /// The word used in files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Decided => "decided",
            Self::Interrupted => "interrupted",
            Self::Budget => "budget",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Complete, Self::Decided, Self::Interrupted, Self::Budget, Self::Failed]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// A scenario as it was when the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its id.
    pub id: Arc<str>,
    /// Its variant; empty for the scenario as written.
    #[serde(default)]
    pub variant: Arc<str>,
    /// The family it belongs to; its own id for a lone scenario.
    pub family: Arc<str>,
    /// Its title.
    pub title: String,
    /// Its tags, in the order of the file.
    pub tags: Vec<String>,
    /// What must be equal for two results to be compared.
    pub instrument: Instrument,
}

impl Scenario {
    /// What it is called: its id, and `~VARIANT` where it has one.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        if self.variant.is_empty() { Arc::clone(&self.id) } else { format!("{}~{}", self.id, self.variant).into() }
    }
}

/// A scenario with what is stored of it and only read for grading
/// ([`Store::case`](crate::Store::case)), since a large world makes it large.
#[derive(Clone, Debug, PartialEq)]
pub struct NewScenario {
    /// The scenario.
    pub scenario: Scenario,
    /// What grading needs.
    pub case: Arc<Case>,
}

/// The hashes of what must be equal for two results of a scenario to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// User turns, tools, initial state and world behaviour. Where this differs, an episode is
    /// stale: it cannot be graded anew.
    pub world: Digest,
    /// Criteria and references. Where only this differs, an episode is graded anew.
    pub criteria: Digest,
}

/// An endpoint as it was when the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name.
    pub name: Arc<str>,
    /// The hash of all that belongs to it.
    pub treatment: Digest,
    /// The hashes of the treatment's parts by name (`model`, `prompt`, `tools`, `parameters`,
    /// `loop`), so that a comparison can say what differs.
    pub parts: BTreeMap<String, Digest>,
    /// Its configuration, without secrets.
    pub configuration: Value,
    /// Its price, where one is known; as configured, with its date.
    pub price: Option<Value>,
}

/// One scenario for one endpoint in a run's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The scenario's id.
    pub scenario: Arc<str>,
    /// Its variant; empty for the scenario as written.
    #[serde(default)]
    pub variant: Arc<str>,
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// Trials wanted.
    pub trials: u32,
    /// The hash of what this endpoint makes of this scenario (the system prompt and tools as
    /// presented), where that is not the same for all.
    #[serde(default)]
    pub treatment: Option<Digest>,
}

/// All that a run is begun with.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Its head. `name` and `status` are set by the store.
    pub header: Header,
    /// Its scenarios, in the order in which they are shown.
    pub scenarios: Vec<NewScenario>,
    /// Its endpoints, in the order in which they are shown.
    pub endpoints: Vec<Endpoint>,
    /// Its plan. Every cell names a scenario and an endpoint of this run.
    pub cells: Vec<Cell>,
}

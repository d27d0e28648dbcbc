//! What a grader needs beside the trajectory.

use crate::{Digest, ToolSpec, Trajectory};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// All that grading an episode needs beside its trajectory. Stored once per scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The scenario's id.
    pub scenario: Arc<str>,
    /// The criteria, in the order of the file.
    pub criteria: Vec<Criterion>,
    /// The world's tools, as defined (not as an endpoint presents them).
    pub tools: Vec<ToolSpec>,
    /// The world's state before the first call.
    pub initial: Arc<Value>,
    /// The hash of `initial`.
    pub initial_hash: Digest,
    /// How states are compared.
    #[serde(default)]
    pub comparison: Comparison,
    /// What came of each accepted reference, run in this world.
    pub references: Vec<ReferenceRun>,
    /// The scenario says that calling nothing that changes the world is right: the probes `null`,
    /// `echo` and `refuse` may pass.
    #[serde(default)]
    pub inaction: bool,
}

/// A criterion as written: which grader, with which parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// The grader's name: the criterion's key in the file.
    pub grader: String,
    /// Its parameters: the value at that key.
    pub parameters: Value,
    /// What it measures; `task` unless the file says otherwise.
    pub measure: String,
    /// Where it stands, such as `expect[0]`.
    pub at: String,
}

/// How two states are compared. Numbers always compare canonically (25 = 25.0).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// JSON Pointers left out; `*` stands for any one key or index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<String>,
    /// JSON Pointers of lists whose order means nothing; `*` as above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
}

/// What came of an accepted way through a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRun {
    /// Its trajectory, as the `reference` probe walked it.
    pub trajectory: Trajectory,
    /// The state it left.
    pub final_state: Arc<Value>,
    /// The hash of that state.
    pub final_hash: Digest,
}

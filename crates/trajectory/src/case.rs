//! What a grader needs beside the trajectory.

use crate::called::calls_executed;
use crate::{Body, Digest, ToolFailure, ToolSpec, Trajectory};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::sync::{Arc, OnceLock};

/// All that grading an episode needs beside its trajectory. Stored once per scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The scenario's id.
    pub scenario: Arc<str>,
    /// The criteria, in the order of the file.
    pub criteria: Arc<[Criterion]>,
    /// The world's tools, as defined (not as an endpoint presents them); shared with the world.
    pub tools: Arc<[ToolSpec]>,
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
    /// How much it counts in the episode's score, beside the other task criteria; positive.
    #[serde(default = "one", skip_serializing_if = "is_one", deserialize_with = "crate::logprob::float")]
    pub weight: f64,
    /// Where it fails, the episode fails with the score 0, whatever it measures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullifies: bool,
    /// Where it stands, such as `expect[0]`.
    pub at: String,
}

impl Criterion {
    /// A criterion that measures the task, with weight 1.
    pub fn task(grader: impl Into<String>, parameters: Value, at: impl Into<String>) -> Self {
        Self {
            grader: grader.into(),
            parameters,
            measure: "task".to_owned(),
            weight: one(),
            nullifies: false,
            at: at.into(),
        }
    }
}

pub(crate) fn one() -> f64 {
    1.0
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde passes a reference; 1 is what stands for no weight"
)]
pub(crate) fn is_one(weight: &f64) -> bool {
    *weight == 1.0
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
///
/// Every scenario of a suite holds its references as long as the suite runs. So the trajectory is kept
/// as its JSON, a fraction of its events' size; and the state that it left is not kept at all, for it
/// is the initial state with the trajectory's changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct ReferenceRun {
    trajectory: Box<RawValue>,
    /// Made when a grader first asks for them.
    #[serde(skip)]
    calls: OnceLock<Box<[ReferenceCall]>>,
    #[serde(skip)]
    idle: bool,
    final_hash: Digest,
}

/// A call of a reference that was executed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceCall {
    /// The tool's name.
    pub tool: String,
    /// The arguments.
    pub arguments: Value,
}

/// A reference as it is read.
#[derive(Deserialize)]
struct Written {
    trajectory: Box<RawValue>,
    final_hash: Digest,
}

impl TryFrom<Written> for ReferenceRun {
    type Error = serde_json::Error;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let idle = is_idle(&Trajectory::from_json(written.trajectory.get())?);
        Ok(Self { trajectory: written.trajectory, calls: OnceLock::new(), idle, final_hash: written.final_hash })
    }
}

impl ReferenceRun {
    /// A run with the trajectory that the `reference` probe walked, and the hash of the state it left.
    #[must_use]
    pub fn new(trajectory: &Trajectory, final_hash: Digest) -> Self {
        // As for `Trajectory::to_json`: every type in an event serialises.
        let json = to_raw_value(trajectory).unwrap_or_else(|_| RawValue::NULL.to_owned());
        let idle = is_idle(trajectory);
        Self { trajectory: json, calls: OnceLock::new(), idle, final_hash }
    }

    /// Its trajectory, read anew.
    ///
    /// # Errors
    /// As [`Trajectory::from_json`].
    pub fn trajectory(&self) -> Result<Trajectory, serde_json::Error> {
        Trajectory::from_json(self.trajectory.get())
    }

    /// Its executed calls, in order.
    #[must_use]
    pub fn calls(&self) -> &[ReferenceCall] {
        // What is read here was written, or has been read before.
        self.calls.get_or_init(|| calls_executed(self.trajectory.get()).unwrap_or_default().into_boxed_slice())
    }

    /// Whether no call was executed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.idle
    }

    /// The hash of the state it left.
    #[must_use]
    pub fn final_hash(&self) -> Digest {
        self.final_hash
    }
}

impl PartialEq for ReferenceRun {
    fn eq(&self, other: &Self) -> bool {
        // The calls follow from the trajectory.
        self.trajectory.get() == other.trajectory.get() && self.final_hash == other.final_hash
    }
}

/// Whether no call reached the world and was answered, be it with an error of the tool's own.
fn is_idle(trajectory: &Trajectory) -> bool {
    let executed = |body: &Body| matches!(body, Body::Result { failure: None | Some(ToolFailure::Tool), .. });
    !trajectory.events().iter().any(|event| executed(&event.body))
}

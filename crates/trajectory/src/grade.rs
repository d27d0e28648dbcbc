//! What graders say.

use crate::Cause;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The judgement of one criterion on one episode.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Grade {
    /// Where the criterion stands in the scenario, such as `expect[0]`.
    pub criterion: String,
    /// The grader's name, such as `state`.
    pub grader: String,
    /// What it measures: `task` unless the scenario names another. An episode passes on its task grades.
    pub measure: String,
    /// How much it counts in the episode's score, beside the other task grades; positive.
    #[serde(
        default = "crate::case::one",
        skip_serializing_if = "crate::case::is_one",
        deserialize_with = "crate::logprob::float"
    )]
    pub weight: f64,
    /// Where it failed, the episode fails with the score 0, whatever it measures.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullifies: bool,
    /// Passed, failed or ungraded.
    pub outcome: Outcome,
    /// The score in [0, 1]; 1 or 0 for a criterion that knows nothing between. `None` when ungraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why. Never empty on a failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

impl Grade {
    /// Whether it decides if the episode passes: it measures the task, or nullifies.
    #[must_use]
    pub fn decides(&self) -> bool {
        self.measure == "task" || self.nullifies
    }
}

/// What the grades of an episode come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Total {
    /// Whether it passed; `None` where that cannot be said, and then it counts in no rate.
    pub passed: Option<bool>,
    /// Its score in [0, 1]: 1 exactly where it passed.
    pub score: Option<f64>,
}

/// Passed, failed, or ungraded with the cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// The criterion holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be judged.
    Ungraded {
        /// Whose doing that is.
        cause: Cause,
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Whether the criterion holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        *self == Self::Passed
    }
}

/// A fact that a grade rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Evidence {
    /// One sentence a person understands without the rest.
    pub note: String,
    /// The events it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<u32>,
    /// The JSON Pointer (or argument path) it is about; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub got: Option<Value>,
}

/// Something a grader needs to know from outside (a judge, a command). `core` answers it, under
/// budget and cassettes, and stores the answer; the grader then grades from the answers alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Unique within the episode's grading.
    pub id: String,
    /// Who is to answer, such as `judge` or `command`.
    pub to: String,
    /// What is asked, in the form that the one who answers knows.
    pub body: Value,
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's id.
    pub question: String,
    /// The answer, or why there is none.
    pub body: Result<Value, String>,
}

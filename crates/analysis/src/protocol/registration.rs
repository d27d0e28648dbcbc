//! What was registered: kept with the run from before its first episode.

use crate::AnalysisError;
use crate::compare::Scope;
use mocktrial_store::Header;
use mocktrial_trajectory::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The note of a run's head that keeps it.
pub const NOTE: &str = "protocol";

/// A protocol as it was when its run was begun, with all that it named resolved.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Registration {
    /// Its file, relative to the project.
    pub file: String,
    /// The hash of its text.
    pub hash: Digest,
    /// Its text.
    pub text: String,
    /// What the study is about.
    pub title: String,
    /// What is claimed.
    pub hypotheses: Vec<Hypothesis>,
    /// Trials of every scenario by every endpoint; where `sequential`, the most.
    pub trials: u32,
    /// Whether the run ends as soon as a sequential gate has an answer.
    pub sequential: bool,
    /// The error over all hypotheses together, on either side.
    pub alpha: f64,
    /// What the verdicts are about.
    pub scope: Scope,
    /// The scenarios by name, each with the hash of its criteria and references.
    pub scenarios: BTreeMap<Arc<str>, Digest>,
}

/// What is claimed of two endpoints.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Hypothesis {
    /// What is claimed.
    pub claim: Claim,
    /// The loss that is still acceptable, as a share: 0 for [`Claim::Better`].
    pub margin: f64,
    /// The endpoint of which it is claimed.
    pub candidate: Arc<str>,
    /// The endpoint that it is held against.
    pub control: Arc<str>,
    /// The tag expression that picks its scenarios; `None` where it is about all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The names of its scenarios, where it is not about all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<BTreeSet<Arc<str>>>,
}

/// A kind of claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A loss of the margin or more is ruled out.
    NoWorse,
    /// It passes more often.
    Better,
}

impl Registration {
    /// What a run keeps; `None` where it was begun without a protocol.
    ///
    /// # Errors
    /// When what it keeps is damaged, or newer than this.
    pub fn of(header: &Header) -> Result<Option<Self>, AnalysisError> {
        let read = header.notes.get(NOTE).map(|text| serde_json::from_str(text)).transpose();
        read.map_err(|error: serde_json::Error| AnalysisError::Protocol(error.to_string()))
    }

    /// As the note keeps it.
    ///
    /// # Errors
    /// When a number in it has no form in JSON.
    pub fn to_note(&self) -> Result<String, AnalysisError> {
        serde_json::to_string(self).map_err(|error| AnalysisError::Protocol(error.to_string()))
    }

    /// Whether a hypothesis is about a scenario.
    #[must_use]
    pub fn is_about(&self, hypothesis: &Hypothesis, scenario: &str) -> bool {
        self.scenarios.contains_key(scenario)
            && hypothesis.scenarios.as_ref().is_none_or(|names| names.contains(scenario))
    }

    /// The endpoints that its hypotheses name.
    #[must_use]
    pub fn endpoints(&self) -> BTreeSet<&Arc<str>> {
        self.hypotheses.iter().flat_map(|h| [&h.candidate, &h.control]).collect()
    }
}

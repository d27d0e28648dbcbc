//! What `mocktrial gate` asks of a run: `[gate]` of `mocktrial.toml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rules of the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateRules {
    /// The accepted results, relative to the project; `baseline.json` unless given.
    pub baseline: String,
    /// The loss of pass rate that is still acceptable, as a share.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub margin: f64,
    /// The loss against the anchor that is still acceptable, as a share.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub anchor_margin: f64,
    /// The chance of a false verdict on either side.
    #[schemars(range(min = 0.0001, max = 0.49))]
    pub alpha: f64,
    /// The chance with which the trials that are still needed should decide.
    #[schemars(range(min = 0.5, max = 0.999))]
    pub power: f64,
    /// What the verdict is about.
    pub scope: GateScope,
    /// The age in days from which on a baseline may show the provider's drift.
    #[schemars(range(min = 0.0))]
    pub max_age_days: f64,
    /// Scenarios that must pass in every trial, as globs of their ids.
    pub must_pass: Vec<String>,
    /// Tags whose scenarios may not fail in any trial.
    pub zero_tolerance: Vec<String>,
    /// The most that an episode may cost on average, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub max_cost: Option<f64>,
    /// The most that the model may take for an episode on average, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub max_seconds: Option<f64>,
    /// Gates on the scenarios of a tag; the error is shared among them.
    pub tags: Vec<TagRule>,
}

/// A gate on the scenarios of a tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagRule {
    /// The tag.
    pub tag: String,
    /// The loss that is still acceptable there, as a share.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub margin: f64,
}

/// What a verdict is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateScope {
    /// These very scenarios.
    #[default]
    Suite,
    /// Scenarios like these: families are the units.
    Population,
}

impl Default for GateRules {
    fn default() -> Self {
        Self {
            baseline: "baseline.json".into(),
            margin: 0.05,
            anchor_margin: 0.1,
            alpha: 0.05,
            power: 0.8,
            scope: GateScope::Suite,
            max_age_days: 30.0,
            must_pass: Vec::new(),
            zero_tolerance: Vec::new(),
            max_cost: None,
            max_seconds: None,
            tags: Vec::new(),
        }
    }
}

//! What names an episode.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The key of an episode within its run.
///
/// Ordered by scenario, then variant, endpoint and trial.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema, Deserialize)]
pub struct EpisodeKey {
    /// The scenario's id: its path below `scenarios/` without extension, and `#key` for a row of cases.
    pub scenario: Arc<str>,
    /// The variant of the scenario; empty for the scenario as written.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub variant: Arc<str>,
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// The trial, counted from 1.
    pub trial: u32,
}

impl EpisodeKey {
    /// What the scenario is called: its id, and `~VARIANT` where it has one.
    #[must_use]
    pub fn scenario_name(&self) -> Arc<str> {
        if self.variant.is_empty() {
            Arc::clone(&self.scenario)
        } else {
            format!("{}~{}", self.scenario, self.variant).into()
        }
    }
}

impl fmt::Display for EpisodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} @{} trial {}", self.scenario_name(), self.endpoint, self.trial)
    }
}

//! The accepted results: a small, sorted file that people review.

use crate::arm::{Arm, Task};
use mocktrial_store::Instrument;
use mocktrial_trajectory::Digest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The version of the file format.
const VERSION: u32 = 1;

/// Accepted results. As JSON it is the file format `baseline`, version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of the file format: 1.
    pub version: u32,
    /// What was accepted last, by endpoint.
    pub endpoints: BTreeMap<Arc<str>, Accepted>,
    /// What changes are held against over the long run, by endpoint; it moves only on purpose.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub anchor: BTreeMap<Arc<str>, Accepted>,
}

/// The accepted results of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Why it was accepted.
    pub why: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The run.
    pub run: String,
    /// When the run was begun, RFC 3339 in UTC.
    pub ran: String,
    /// The hash of the run's trajectories.
    pub run_hash: Digest,
    /// Where the run file is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The parts of the treatment, each with its hash.
    pub parts: BTreeMap<String, Digest>,
    /// What the provider says it answered with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub served: BTreeSet<String>,
    /// Whether all of it was replayed from cassettes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// What came of each scenario, by name.
    pub scenarios: BTreeMap<Arc<str>, Counts>,
}

/// What came of a scenario: k of n, and what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Trials that passed …
    pub k: u32,
    /// … of those that count.
    pub n: u32,
    /// Trials that ended and do not count.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u32,
    /// Its family, where it is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Arc<str>>,
    /// Its variant, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Arc<str>>,
    /// The hash of its messages, tools, initial state and behaviour.
    pub world: Digest,
    /// The hash of its criteria and references.
    pub criteria: Digest,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Counts {
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            k: task.passed(),
            n: task.counted(),
            missing: task.missing(),
            family: (task.family != task.id).then(|| Arc::clone(&task.family)),
            variant: (!task.variant.is_empty()).then(|| Arc::clone(&task.variant)),
            world: task.instrument.world,
            criteria: task.instrument.criteria,
        }
    }

    pub(crate) fn instrument(&self) -> Instrument {
        Instrument { world: self.world, criteria: self.criteria }
    }

    /// k / n; `None` where nothing counts.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.n > 0).then(|| f64::from(self.k) / f64::from(self.n))
    }
}

impl Accepted {
    /// What an arm would be accepted as.
    #[must_use]
    pub fn of(arm: &Arm, why: &str, at: &str, location: Option<&str>) -> Self {
        let (all, replayed) = arm.replayed();
        Self {
            why: why.to_owned(),
            at: at.to_owned(),
            run: arm.run.clone(),
            ran: arm.created.clone(),
            run_hash: run_hash(arm),
            location: location.map(str::to_owned),
            parts: arm.parts.clone(),
            served: arm.served.clone(),
            replayed: all > 0 && all == replayed,
            scenarios: arm.tasks.iter().map(|(name, task)| (Arc::clone(name), Counts::of(task))).collect(),
        }
    }
}

/// The hash of all trajectories of an arm, whatever the order in which they ended.
#[must_use]
pub fn run_hash(arm: &Arm) -> Digest {
    let trial = |t: &crate::arm::Trial| json!([t.number, t.trajectory.to_string()]);
    let task = |(name, task): (&Arc<str>, &Task)| json!([name, task.trials.iter().map(trial).collect::<Vec<_>>()]);
    Digest::of(&json!(arm.tasks.iter().map(task).collect::<Vec<_>>()))
}

/// Why scenarios cannot be accepted by themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// Its instrument is what it was: choosing whose results to renew would bias the baseline.
    #[error(
        "{scenario} is what it was, and results are not renewed one by one: that would keep lucky ones; accept the whole run"
    )]
    Unchanged {
        /// The scenario.
        scenario: Arc<str>,
    },
    /// The run says nothing of it.
    #[error("the run has no trial of {scenario} that counts")]
    Nothing {
        /// The scenario.
        scenario: Arc<str>,
    },
    /// There is nothing to add it to.
    #[error("the baseline has no endpoint {endpoint} yet: accept a whole run first")]
    NoEndpoint {
        /// The endpoint.
        endpoint: Arc<str>,
    },
    /// Its run claims no rate.
    #[error("{run} cannot be accepted: {why}")]
    Refused {
        /// The run.
        run: String,
        /// Why.
        why: String,
    },
}

impl Baseline {
    /// Without any results.
    #[must_use]
    pub fn empty() -> Self {
        Self { version: VERSION, endpoints: BTreeMap::new(), anchor: BTreeMap::new() }
    }

    /// Reads a baseline from its JSON.
    ///
    /// # Errors
    /// With what is wrong with it; a later version is refused.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if read.version == VERSION {
            return Ok(read);
        }
        Err(format!("it has version {}, and this mocktrial reads {VERSION}", read.version))
    }

    /// Its JSON, sorted, a scenario a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every type in it serialises.
        let pretty = serde_json::to_string_pretty(self).unwrap_or_default();
        one_scenario_a_line(&pretty)
    }

    /// Accepts all results of an arm. The anchor is set where there is none, or where it is asked for.
    ///
    /// # Errors
    /// Where the arm's run claims no rate.
    pub fn accept(&mut self, arm: &Arm, accepted: Accepted, anchor: bool) -> Result<(), AcceptError> {
        if let Some(why) = arm.no_rate() {
            return Err(AcceptError::Refused { run: arm.run.clone(), why });
        }
        if anchor || !self.anchor.contains_key(&arm.endpoint) {
            self.anchor.insert(Arc::clone(&arm.endpoint), accepted.clone());
        }
        self.endpoints.insert(Arc::clone(&arm.endpoint), accepted);
        Ok(())
    }

    /// Accepts the results of single scenarios: such as are new, or whose instrument has changed.
    ///
    /// # Errors
    /// Where a scenario is neither, or the arm says nothing of it.
    pub fn accept_scenarios(&mut self, arm: &Arm, names: &[Arc<str>]) -> Result<(), AcceptError> {
        if let Some(why) = arm.no_rate() {
            return Err(AcceptError::Refused { run: arm.run.clone(), why });
        }
        let Some(accepted) = self.endpoints.get_mut(&arm.endpoint) else {
            return Err(AcceptError::NoEndpoint { endpoint: Arc::clone(&arm.endpoint) });
        };
        for name in names {
            let Some(task) = arm.tasks.get(name).filter(|t| !t.trials.is_empty()) else {
                return Err(AcceptError::Nothing { scenario: Arc::clone(name) });
            };
            if accepted.scenarios.get(name).is_some_and(|old| old.instrument() == task.instrument) {
                return Err(AcceptError::Unchanged { scenario: Arc::clone(name) });
            }
            accepted.scenarios.insert(Arc::clone(name), Counts::of(task));
            // What is new to the anchor as well begins there.
            if let Some(anchor) = self.anchor.get_mut(&arm.endpoint) {
                anchor.scenarios.insert(Arc::clone(name), Counts::of(task));
            }
        }
        Ok(())
    }
}

/// Joins the innermost objects of pretty JSON (a scenario's counts) to one line each, so that a change of a scenario is a
/// change of a line.
fn one_scenario_a_line(pretty: &str) -> String {
    let mut out = String::with_capacity(pretty.len());
    let mut open: Option<String> = None;
    for line in pretty.lines() {
        let trimmed = line.trim();
        match &mut open {
            Some(joined) if trimmed.starts_with('}') => {
                out.push_str(joined.trim_end());
                out.push_str(trimmed);
                out.push('\n');
                open = None;
            }
            Some(joined) if !trimmed.ends_with('{') && !trimmed.ends_with('[') => {
                joined.push_str(trimmed);
                joined.push(' ');
            }
            _ => {
                if let Some(joined) = open.take() {
                    out.push_str(joined.trim_end());
                    out.push('\n');
                }
                let depth = line.len() - line.trim_start().len();
                if trimmed.ends_with('{') && depth >= 8 {
                    open = Some(line.to_owned());
                } else {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
    }
    out
}

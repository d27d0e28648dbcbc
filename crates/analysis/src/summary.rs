//! The model of a run's summary: what every report of a run is made from.

use crate::judged::{JudgedPass, JudgedRate};
use mocktrial_stats::PairedComparison;
use mocktrial_store::Header;
use mocktrial_trajectory::{Cause, EndReason, EpisodeKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// The run's head.
    pub run: Header,
    /// The scope of its rates: always `suite` ("on these scenarios").
    pub scope: &'static str,
    /// The confidence of its intervals, such as 0.95.
    pub confidence: f64,
    /// Why no rates are claimed; `None` where they are.
    pub refused: Option<String>,
    /// One entry per endpoint, in the run's order.
    pub endpoints: Vec<EndpointSummary>,
    /// How the first of two endpoints compares with the second; `None` where there are more or fewer,
    /// no rates are claimed, or fewer than two scenarios have episodes of both.
    pub difference: Option<Difference>,
    /// One entry per scenario, in the run's order; its cells are in the order of `endpoints`.
    pub scenarios: Vec<ScenarioSummary>,
    /// How often judged criteria held, by endpoint and judge; empty where no judge was asked or no rates are claimed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<JudgedRate>,
    /// The scenarios on which endpoints differ, as places in `scenarios`: largest difference of
    /// rates first, then most trials, then by name.
    pub differing: Vec<usize>,
    /// Why episodes failed, most frequent first.
    pub failures: Vec<FailureSummary>,
    /// What the whole comes to.
    pub outcome: Outcome,
}

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// A difference of rates, with an interval that holds it and stays within [−1, 1].
    pub(crate) fn of(found: &PairedComparison) -> Self {
        let PairedComparison { delta, interval, .. } = found;
        Self { value: *delta, low: interval.low.min(*delta).max(-1.0), high: interval.high.max(*delta).min(1.0) }
    }
}

/// A comparison of two endpoints, paired by scenario.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Difference {
    /// The endpoint that is judged.
    pub endpoint: Arc<str>,
    /// The endpoint that it is compared with.
    pub against: Arc<str>,
    /// The mean over scenarios of the differences of their pass rates, from −1 to 1.
    pub delta: Estimate,
    /// The two-sided p-value of the paired test that the interval of `delta` comes from.
    pub p: f64,
    /// `better`, `worse` or `undecided`.
    pub verdict: &'static str,
    /// Scenarios with episodes of both that count.
    pub scenarios: u64,
}

/// What the pass rate could have been, had the excluded episodes had outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Bounds {
    /// All of them failed.
    pub worst: f64,
    /// All of them passed.
    pub best: f64,
}

/// The probability that k trials of a scenario all pass, averaged over scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PassHat {
    /// How many trials.
    pub k: u32,
    /// The estimate.
    pub estimate: Estimate,
}

/// Times of model responses, in real milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Latency {
    /// Half of the responses took no longer.
    pub median_ms: f64,
    /// Nine of ten took no longer.
    pub p90_ms: f64,
    /// How many responses were measured.
    pub responses: u64,
}

/// What came of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct EndpointSummary {
    /// Its name.
    pub name: Arc<str>,
    /// Episodes planned.
    pub planned: u64,
    /// Episodes that ended; those that are still to be run are not among them.
    pub finished: u64,
    /// Episodes that count: ended by the endpoint's own doing, and graded.
    pub counted: u64,
    /// Of those, the ones that passed.
    pub passed: u64,
    /// Scenarios with at least one episode that counts; the variants of one are one.
    pub scenarios: u64,
    /// Mean over scenarios of the mean over trials; `None` where no rate is claimed or nothing counts.
    pub pass_rate: Option<Estimate>,
    /// The mean score, partial credit included: mean over scenarios of the mean over trials; `None` as for the rate.
    pub score: Option<Estimate>,
    /// How often a trial passes in every variant of its scenario (the minimum over variants): mean over scenarios of the
    /// mean over trials. `None` where no scenario has variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_variant: Option<Estimate>,
    /// What the excluded episodes could make of it; `None` where there are none.
    pub bounds: Option<Bounds>,
    /// How it hangs on judges; `None` where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<JudgedPass>,
    /// pass^k for k from 1 to the fewest trials that any of its scenarios has.
    pub pass_hat: Vec<PassHat>,
    /// Episodes that do not count, by cause: finished ones, and those that could not be served.
    pub excluded: BTreeMap<Cause, u64>,
    /// How its finished episodes ended, in order of precedence.
    pub ends: Vec<(EndReason, u64)>,
    /// Model responses per finished episode; `None` for an agent whose turns the harness cannot see.
    pub turns: Option<f64>,
    /// Calls per finished episode.
    pub calls: Option<f64>,
    /// Input tokens per episode, over those that reported any.
    pub tokens_in: Option<f64>,
    /// Output tokens per episode, over those that reported any.
    pub tokens_out: Option<f64>,
    /// US dollars in all; `None` unless every finished episode's cost is known.
    pub cost: Option<f64>,
    /// The price that its costs were reckoned with, as the run keeps it (`input`, `output`, `as_of`, …);
    /// `None` where it was unknown.
    pub price: Option<Value>,
    /// Times of its model responses.
    pub latency: Option<Latency>,
    /// Finished episodes in which a response came from a cassette.
    pub replayed: u64,
    /// Attempts beyond the first.
    pub retries: u64,
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ScenarioSummary {
    /// Its id.
    pub id: Arc<str>,
    /// Its variant; empty for the scenario as written.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub variant: Arc<str>,
    /// Its family.
    pub family: Arc<str>,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What came of it for each endpoint; `None` where it was not planned for it.
    pub cells: Vec<Option<CellSummary>>,
}

/// k of n: what came of a scenario for an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CellSummary {
    /// Trials that passed …
    pub k: u32,
    /// … of those that count.
    pub n: u32,
    /// Trials that ended and do not count.
    pub excluded: u32,
    /// Trials wanted.
    pub planned: u32,
}

impl CellSummary {
    /// k / n; `None` where nothing counts.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.n > 0).then(|| f64::from(self.k) / f64::from(self.n))
    }
}

/// What a failure is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The episode ran to its end, and this grader was the first to fail it.
    Grader,
    /// The episode ended for this reason before the agent was done.
    End,
}

/// A reason for which episodes that count failed.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FailureSummary {
    /// What `reason` names.
    pub kind: FailureKind,
    /// The grader or the end reason.
    pub reason: String,
    /// How many episodes, by endpoint, in the summary's order.
    pub episodes: Vec<u64>,
    /// One of them, to look at.
    pub example: EpisodeKey,
}

/// What the whole comes to, and with it the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// Every planned episode ended.
    Complete,
    /// It was stopped before its plan was done, because it had decided what it was to decide.
    Decided {
        /// How many episodes were not needed.
        missing: u64,
    },
    /// Every planned episode ended, and infrastructure (or the suite's own fault) took every one.
    NothingCounts,
    /// Something outside kept the run from its end.
    Failed {
        /// How many episodes are missing.
        missing: u64,
    },
    /// Episodes are missing.
    Incomplete {
        /// How many.
        missing: u64,
    },
    /// Nothing ran.
    NothingRan,
}

impl Outcome {
    /// The exit code of the command that shows it.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Complete | Self::Decided { .. } => 0,
            Self::NothingCounts | Self::Failed { .. } => 3,
            Self::Incomplete { .. } | Self::NothingRan => 4,
        }
    }
}

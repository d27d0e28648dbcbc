//! Episodes as they are written and read.

use mocktrial_trajectory::{
    Answer, Body, Cause, Digest, EndReason, EpisodeKey, Grade, Measurement, Measurements, Outcome, Question, Total,
};
use mocktrial_trajectory::{Trajectory, Usage};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A question and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What was asked.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
    /// The hash of all that belongs to the one who answered; `None` where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respondent: Option<Digest>,
    /// What was measured while it was answered, where it was asked of a model; its `seq` means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<Measurement>,
}

/// An ended episode, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeRecord {
    /// Its figures.
    pub row: EpisodeRow,
    /// Its trajectory as JSON.
    pub trajectory: String,
    /// What was measured.
    pub measurements: Measurements,
    /// What the graders said.
    pub grades: Vec<Grade>,
    /// What graders asked, and the answers.
    pub asked: Vec<Asked>,
}

/// The figures of an episode: everything about it but its texts.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct EpisodeRow {
    /// Its key.
    pub key: EpisodeKey,
    /// Its number in dispatch order, from 0.
    pub dispatch: u64,
    /// The trial's seed.
    pub seed: u64,
    /// When it was begun, RFC 3339 in UTC; empty where unknown.
    pub started: String,
    /// Why it ended.
    pub end: EndReason,
    /// Who is to blame; `None` when it passed.
    pub cause: Option<Cause>,
    /// Whether it passed; `None` where that cannot be said, and then it counts in no rate.
    pub passed: Option<bool>,
    /// Its score in [0, 1], as `scoring::total` says; 1 exactly where it passed.
    pub score: Option<f64>,
    /// The first deciding criterion that failed, such as `expect[0]`, and its grader.
    pub failed: Option<FailedCriterion>,
    /// Model responses.
    pub turns: u32,
    /// Tool calls.
    pub calls: u32,
    /// Tokens; `None` where nothing was reported.
    pub usage: Option<Usage>,
    /// US dollars; `None` where unknown.
    pub cost: Option<f64>,
    /// Virtual milliseconds it took.
    pub virtual_ms: u64,
    /// Real milliseconds it took.
    pub wall_ms: f64,
    /// Real milliseconds of each model response, in order.
    pub latencies_ms: Vec<f64>,
    /// Attempts beyond the first, over all requests.
    pub retries: u32,
    /// Whether any response came from a cassette: then it is no new evidence.
    pub replayed: bool,
    /// The hash of the trajectory's JSON.
    pub trajectory_hash: Digest,
    /// What the provider says it answered with: each model, with its fingerprint in brackets where it has one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub served: BTreeSet<String>,
}

/// The first criterion that an episode failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema, Deserialize)]
pub struct FailedCriterion {
    /// The grader's name.
    pub grader: String,
    /// Where the criterion stands, such as `expect[0]`.
    pub criterion: String,
}

impl EpisodeRow {
    /// Whether the episode counts in a rate: it ended by the endpoint's own doing and was graded.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.passed.is_some() && !self.end.is_infrastructure()
    }
}

impl EpisodeRecord {
    /// The record of an episode, with all its figures taken from the trajectory, the measurements
    /// and the grades.
    ///
    /// `total` is what the graders together say (`scoring::total`). It is dropped where the
    /// episode ended by infrastructure: such an episode has no outcome, whatever its grades.
    /// Cost is known only where that of every model response is. Adjust `row` where the caller
    /// knows more.
    #[must_use]
    pub fn new(
        key: EpisodeKey,
        dispatch: u64,
        seed: u64,
        trajectory: &Trajectory,
        measurements: Measurements,
        grades: Vec<Grade>,
        total: Total,
    ) -> Self {
        let json = trajectory.to_json();
        let end = trajectory.end().unwrap_or(EndReason::HarnessError);
        let judged = Judgement::of(end, &grades, total);
        let row = EpisodeRow {
            key,
            dispatch,
            seed,
            started: String::new(),
            end,
            cause: judged.cause,
            passed: judged.passed,
            score: judged.score,
            failed: judged.failed,
            turns: trajectory.turns(),
            calls: trajectory.calls(),
            usage: trajectory.usage(),
            cost: cost(trajectory, &measurements),
            virtual_ms: trajectory.events().last().map_or(0, |e| e.time_ms),
            wall_ms: measurements.wall_ms,
            latencies_ms: latencies(trajectory, &measurements),
            retries: measurements.events.iter().map(|m| m.retries).sum(),
            replayed: measurements.events.iter().any(|m| m.replayed),
            trajectory_hash: Digest::of_bytes(b"trajectory", json.as_bytes()),
            served: served(trajectory),
        };
        Self { row, trajectory: json, measurements, grades, asked: Vec::new() }
    }
}

/// The models and fingerprints that answered.
fn served(trajectory: &Trajectory) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for event in trajectory.events() {
        if let Body::Response { served: Some(served), .. } = &event.body {
            let name = match (&served.model, &served.fingerprint) {
                (model, Some(fingerprint)) => format!("{} ({fingerprint})", model.as_deref().unwrap_or("unnamed")),
                (Some(model), None) => model.clone(),
                (None, None) => continue,
            };
            // Some hundred bytes name any model; who sends more floods.
            found.insert(name.chars().take(200).collect());
        }
    }
    found
}

/// What follows from an episode's grades.
pub(crate) struct Judgement {
    pub(crate) passed: Option<bool>,
    pub(crate) score: Option<f64>,
    pub(crate) failed: Option<FailedCriterion>,
    pub(crate) cause: Option<Cause>,
}

impl Judgement {
    pub(crate) fn of(end: EndReason, grades: &[Grade], total: Total) -> Self {
        let deciding = || grades.iter().filter(|g| g.decides());
        let passed = total.passed.filter(|_| !end.is_infrastructure());
        let failed = deciding().find(|g| g.outcome == Outcome::Failed).filter(|_| passed == Some(false));
        let ungraded = deciding().find_map(|g| match &g.outcome {
            Outcome::Ungraded { cause, .. } => Some(*cause),
            _ => None,
        });
        Self {
            passed,
            score: total.score.filter(|_| passed.is_some()),
            failed: failed.map(|g| FailedCriterion { grader: g.grader.clone(), criterion: g.criterion.clone() }),
            cause: match passed {
                _ if end.is_infrastructure() => Some(end.cause()),
                Some(true) => None,
                Some(false) => Some(Cause::Model),
                None => Some(ungraded.unwrap_or(Cause::Scenario)),
            },
        }
    }
}

/// What all requests cost together; `None` where there were none, or where one's cost is unknown. A
/// request that brought a response is measured there, one that failed at the request itself.
fn cost(trajectory: &Trajectory, measurements: &Measurements) -> Option<f64> {
    let costs: BTreeMap<u32, Option<f64>> = measurements.events.iter().map(|m| (m.seq, m.cost)).collect();
    let mut sum = None;
    let mut open = None;
    for event in trajectory.events() {
        match event.body {
            Body::Request { .. } => open = Some(event.seq),
            Body::Response { .. } => {
                open = None;
                sum = Some(sum.unwrap_or(0.0) + costs.get(&event.seq).copied().flatten()?);
            }
            _ => {}
        }
    }
    match open {
        Some(failed) => Some(sum.unwrap_or(0.0) + costs.get(&failed).copied().flatten()?),
        None => sum,
    }
}

/// Real times of the responses; those of failed requests say nothing on how fast a model answers.
fn latencies(trajectory: &Trajectory, measurements: &Measurements) -> Vec<f64> {
    let is_response =
        |seq: u32| trajectory.events().get(seq as usize).is_some_and(|e| matches!(e.body, Body::Response { .. }));
    measurements.events.iter().filter(|m| is_response(m.seq)).filter_map(|m| m.latency_ms).collect()
}

/// An episode as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEpisode {
    /// Its figures.
    pub row: EpisodeRow,
    /// Its trajectory as JSON; read it with [`Trajectory::from_json`].
    pub trajectory: String,
    /// What was measured.
    pub measurements: Measurements,
    /// What the graders said.
    pub grades: Vec<Grade>,
    /// What graders asked, and the answers.
    pub asked: Vec<Asked>,
}

/// An episode's figures, and its texts as they are stored: for those who pass them on unread.
#[derive(Clone, Debug)]
pub struct EpisodeTexts<'a> {
    /// Its figures.
    pub row: EpisodeRow,
    /// Its trajectory as JSON.
    pub trajectory: &'a str,
    /// What was measured, as JSON.
    pub measurements: &'a str,
    /// What the graders said, as a JSON array.
    pub grades: &'a str,
}

/// Whether an episode that ended so is still to be run: the run was cut short (cancelled, out of
/// budget), or its endpoint could not be served at all (refused, unstartable, a mistake of ours), so
/// that its plan is not complete before it has run again.
#[must_use]
pub fn is_unfinished(end: EndReason) -> bool {
    matches!(
        end,
        EndReason::Cancelled
            | EndReason::Budget
            | EndReason::HarnessError
            | EndReason::AgentUnstartable
            | EndReason::ProviderRefused
    )
}

/// An episode that a run holds already: what resuming needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its key.
    pub key: EpisodeKey,
    /// Its number in dispatch order.
    pub dispatch: u64,
    /// Why it ended.
    pub end: EndReason,
    /// Whether it passed.
    pub passed: Option<bool>,
}

impl Ended {
    /// Whether it must run again for the plan to be complete: see [`is_unfinished`].
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        is_unfinished(self.end)
    }

    /// Whether resuming the run is another chance for it: it is unfinished, or the provider or the
    /// harness kept it from an outcome. A fault of the scenario stays until the scenario is mended.
    #[must_use]
    pub fn may_run_again(&self) -> bool {
        self.is_unfinished() || self.passed.is_none() && matches!(self.end.cause(), Cause::Provider | Cause::Harness)
    }
}

/// What a run is regraded with.
#[derive(Clone, Debug, PartialEq)]
pub enum Regrading {
    /// An episode's new grades.
    Episode(Box<Regrade>),
    /// All that came is to be kept.
    Keep,
}

/// New grades for an episode whose trajectory stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Regrade {
    /// Its key.
    pub key: EpisodeKey,
    /// What the graders say now.
    pub grades: Vec<Grade>,
    /// What they come to.
    pub total: Total,
    /// What they asked, and the answers.
    pub asked: Vec<Asked>,
}

//! A run held against its protocol: what it was to find out, as it was registered before the first episode.
//!
//! A [`Registration`] is kept with the run. [`held`] gives a verdict for each of its hypotheses, from the registered trials
//! of the registered scenarios alone, and says in what the run departs from it. Everything else that may be found in
//! the run is exploratory.
//!
//! *No worse* is the gate's test, *better* the comparison's. A claim is *confirmed* where its p-value, adjusted over all
//! hypotheses by Holm's method, is at most alpha; it is *refuted* where the same holds for its opposite. So the chance
//! that any claim is confirmed falsely is at most alpha, and so is the chance that any is refuted falsely. A plan that stops
//! when it is decided is judged by the sequential gate that stopped it.
//!
//! What is not the evidence that was registered confirms nothing: a plan that was not carried out, trials that were
//! replayed, and trials without an outcome where these could turn the verdict.

mod deviation;
mod evidence;
mod registration;

pub use deviation::{Deviation, FileToday};
pub use registration::{Claim, Hypothesis, NOTE, Registration};

use crate::arm::Arm;
use crate::compare::Scope;
use crate::until::{Decision, Question, Rounds};
use crate::{AnalysisError, Bounds, Estimate};
use deviation::deviations;
use evidence::{Arms, Evidence};
use mocktrial_stats::holm;
use mocktrial_store::Store;
use serde::Serialize;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The power that a sequential gate is given, which plays no part in its verdict.
const POWER: f64 = 0.8;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is shown.
    Confirmed,
    /// Neither it nor its opposite is.
    NotConfirmed,
    /// Its opposite is shown.
    Refuted,
}

/// Why a claim has no verdict for another reason than its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Why {
    /// Its registered trials have not all ended: a plan is judged once, at its end.
    Unfinished {
        /// How many have not.
        episodes: u64,
    },
    /// Fewer than two scenarios, or families, have an outcome on both sides.
    TooFew,
    /// Trials were replayed from recordings, and are no new evidence.
    Replayed {
        /// How many.
        trials: u64,
        /// Of how many.
        of: u64,
    },
    /// The trials without an outcome could turn it.
    WithoutOutcome {
        /// How many there are.
        trials: u64,
    },
}

/// A hypothesis with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Judged {
    /// The hypothesis.
    #[serde(flatten)]
    pub hypothesis: Hypothesis,
    /// What became of it.
    pub outcome: Outcome,
    /// The same in the words of gate and comparison, such as `no_worse`.
    pub verdict: &'static str,
    /// Why that is not what the numbers say; `None` where it is.
    pub why: Option<Why>,
    /// What the numbers alone say; `None` where they are not to be looked at yet, or there are none.
    pub by_numbers: Option<Outcome>,
    /// Candidate minus control, with its interval.
    pub delta: Option<Estimate>,
    /// The confidence of that interval: each hypothesis has an equal part of the error.
    pub confidence: f64,
    /// The p-value of the claim.
    pub p: Option<f64>,
    /// The same, adjusted over all hypotheses by Holm's method.
    pub p_adjusted: Option<f64>,
    /// The p-value of the claim's opposite, adjusted likewise.
    pub p_opposite_adjusted: Option<f64>,
    /// The difference, had the trials without an outcome all gone one way.
    pub bounds: Option<Bounds>,
    /// Scenarios that it is about; variants count apart.
    pub of_scenarios: u64,
    /// Units: scenarios, or families.
    pub units: u64,
    /// What the sequential gate decided, where the plan stops by one.
    pub sequential: Option<Decision>,
}

/// A run held against its protocol.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Held {
    /// What the study is about.
    pub title: String,
    /// The protocol's file.
    pub file: String,
    /// The hash of what was registered.
    pub hash: String,
    /// The run.
    pub run: String,
    /// When it was registered: the run's begin, RFC 3339 in UTC.
    pub registered: String,
    /// Whether the file was looked at again.
    pub file_seen: bool,
    /// Trials of every scenario by every endpoint; where `sequential`, the most.
    pub trials: u32,
    /// Whether the run ends as soon as a sequential gate has an answer.
    pub sequential: bool,
    /// Scenarios that were registered.
    pub scenarios: u64,
    /// The error over all hypotheses together, on either side.
    pub alpha: f64,
    /// What the verdicts are about.
    pub scope: Scope,
    /// The hypotheses, in the protocol's order.
    pub hypotheses: Vec<Judged>,
    /// In what the run departs from it.
    pub deviations: Vec<Deviation>,
}

/// Holds a run against the protocol that it was begun by; `None` where it was begun without one.
///
/// `today`: the protocol's file, as found by its name. `quarantined`: whether a scenario is in quarantine today.
///
/// # Errors
/// When the run or what it keeps of its protocol cannot be read, or a number is outside what a method accepts.
pub fn held(
    store: &dyn Store,
    today: impl FnOnce(&str) -> FileToday,
    quarantined: &dyn Fn(&str) -> bool,
) -> Result<Option<Held>, AnalysisError> {
    let header = store.header()?;
    let Some(registration) = Registration::of(&header)? else { return Ok(None) };
    let arms = Arm::read_first(store, registration.trials)?;
    let decision = match registration.hypotheses.as_slice() {
        [one] if registration.sequential => sequential(store, &registration, one)?,
        _ => None,
    };
    let today = today(&registration.file);
    Ok(Some(Held {
        deviations: deviations(
            &registration,
            &header,
            &store.scenarios()?,
            &arms,
            (today, decision.is_some()),
            quarantined,
        ),
        hypotheses: judge(&registration, &arms, decision.as_ref())?,
        title: registration.title,
        file: registration.file,
        hash: registration.hash.to_string(),
        run: header.name,
        registered: header.created,
        file_seen: today != FileToday::Unseen,
        trials: registration.trials,
        sequential: registration.sequential,
        scenarios: registration.scenarios.len() as u64,
        alpha: registration.alpha,
        scope: registration.scope,
    }))
}

/// A hypothesis with what its trials say.
struct Weighed<'a> {
    hypothesis: &'a Hypothesis,
    /// `None` where the run lacks an endpoint of it.
    arms: Option<Arms>,
    /// `None` where there are too few units.
    evidence: Option<Evidence>,
    /// The same, had the trials without an outcome come out against the claim, and for it.
    imputed: [Option<Evidence>; 2],
}

impl<'a> Weighed<'a> {
    fn of(
        registration: &Registration,
        hypothesis: &'a Hypothesis,
        arms: &[Arm],
        alpha: f64,
    ) -> Result<Self, AnalysisError> {
        let arms = Arms::of(registration, hypothesis, arms);
        let (mut evidence, mut imputed) = (None, [None; 2]);
        if let Some(own) = &arms {
            evidence = own.evidence(hypothesis, registration.scope, alpha)?;
            imputed = match own.missing() {
                0 => [evidence; 2],
                _ => own.imputed(hypothesis, registration.scope, alpha)?,
            };
        }
        Ok(Self { hypothesis, arms, evidence, imputed })
    }

    fn missing(&self) -> u64 {
        self.arms.as_ref().map_or(0, Arms::missing)
    }
}

/// P-values of all hypotheses, adjusted together.
struct Adjusted {
    claims: Vec<f64>,
    opposites: Vec<f64>,
    alpha: f64,
}

impl Adjusted {
    /// `of` gives the evidence for a claim, and that for its opposite. A hypothesis without any keeps its place among the
    /// others.
    fn new<'a>(
        all: &[Weighed<'a>],
        alpha: f64,
        of: impl Fn(&Weighed<'a>) -> [Option<Evidence>; 2],
    ) -> Result<Self, AnalysisError> {
        let column = |p: &dyn Fn([Option<Evidence>; 2]) -> Option<f64>| {
            holm(&all.iter().map(|w| p(of(w)).unwrap_or(1.0)).collect::<Vec<_>>())
        };
        Ok(Self { claims: column(&|e| Some(e[0]?.p_for))?, opposites: column(&|e| Some(e[1]?.p_against))?, alpha })
    }

    fn outcome(&self, place: usize) -> Outcome {
        match () {
            () if self.claims[place] <= self.alpha => Outcome::Confirmed,
            () if self.opposites[place] <= self.alpha => Outcome::Refuted,
            () => Outcome::NotConfirmed,
        }
    }
}

/// The verdicts on all hypotheses, from the registered trials; `decision`: that of the plan's sequential gate.
fn judge(registration: &Registration, arms: &[Arm], decision: Option<&Decision>) -> Result<Vec<Judged>, AnalysisError> {
    #[allow(clippy::cast_precision_loss, reason = "few hypotheses")]
    let alpha = registration.alpha / registration.hypotheses.len().max(1) as f64;
    let weigh = |hypothesis| Weighed::of(registration, hypothesis, arms, alpha);
    let all = registration.hypotheses.iter().map(weigh).collect::<Result<Vec<_>, _>>()?;
    let measured = Adjusted::new(&all, registration.alpha, |w| [w.evidence; 2])?;
    let imputed = Adjusted::new(&all, registration.alpha, |w| w.imputed)?;
    let mut judged = Vec::with_capacity(all.len());
    for (place, weighed) in all.iter().enumerate() {
        let (numbers, why) = if registration.sequential {
            (decision.map(outcome_of), None)
        } else {
            let numbers = weighed.evidence.map(|_| measured.outcome(place));
            let why = match numbers {
                None => Some(Why::TooFew),
                Some(found) if found != Outcome::NotConfirmed && imputed.outcome(place) != found => {
                    Some(Why::WithoutOutcome { trials: weighed.missing() })
                }
                Some(_) => None,
            };
            (numbers, why)
        };
        let (replayed, of) = weighed.arms.as_ref().map_or((0, 0), |own| (own.replayed(), own.counted()));
        let why = if replayed > 0 { Some(Why::Replayed { trials: replayed, of }) } else { why };
        let left = weighed.arms.as_ref().map_or(0, |own| own.unfinished(registration.trials));
        let unfinished = left > 0 && decision.is_none();
        let why = if unfinished { Some(Why::Unfinished { episodes: left }) } else { why };
        // Who looks at the numbers before the end may be tempted to make that the end.
        let numbers = numbers.filter(|_| !unfinished);
        let shown = weighed.evidence.filter(|_| !unfinished && !registration.sequential);
        let outcome = numbers.filter(|_| why.is_none()).unwrap_or(Outcome::NotConfirmed);
        judged.push(Judged {
            hypothesis: weighed.hypothesis.clone(),
            outcome,
            verdict: match decision {
                Some(d) if why.is_none() && d.answer == REGRESSED => REGRESSED,
                _ => word(weighed.hypothesis.claim, outcome),
            },
            why,
            by_numbers: numbers,
            delta: shown.map(|e| e.delta),
            confidence: match weighed.hypothesis.claim {
                Claim::NoWorse => 1.0 - 2.0 * alpha,
                Claim::Better => 1.0 - alpha,
            },
            p: shown.map(|e| e.p_for),
            p_adjusted: shown.map(|_| measured.claims[place]),
            p_opposite_adjusted: shown.map(|_| measured.opposites[place]),
            bounds: weighed.arms.as_ref().and_then(|own| own.bounds(registration.scope)).filter(|_| shown.is_some()),
            of_scenarios: about(registration, weighed.hypothesis),
            units: shown.map_or(0, |e| e.units),
            sequential: decision.cloned(),
        });
    }
    Ok(judged)
}

fn about(registration: &Registration, hypothesis: &Hypothesis) -> u64 {
    registration.scenarios.keys().filter(|name| registration.is_about(hypothesis, name)).count() as u64
}

/// The gate's word for a loss.
const REGRESSED: &str = "regressed";

/// What the sequential gate's decision means for its claim.
fn outcome_of(decision: &Decision) -> Outcome {
    match decision.answer.as_str() {
        "no_worse" => Outcome::Confirmed,
        // An early one says that it is worse at all, and not that the margin is lost.
        REGRESSED if !decision.early => Outcome::Refuted,
        _ => Outcome::NotConfirmed,
    }
}

fn word(claim: Claim, outcome: Outcome) -> &'static str {
    match (claim, outcome) {
        (Claim::NoWorse, Outcome::Confirmed) => "no_worse",
        (Claim::NoWorse, Outcome::NotConfirmed) => "inconclusive",
        (Claim::NoWorse, Outcome::Refuted) => REGRESSED,
        (Claim::Better, Outcome::Confirmed) => "better",
        (Claim::Better, Outcome::NotConfirmed) => "not_shown",
        (Claim::Better, Outcome::Refuted) => "worse",
    }
}

/// What the sequential gate of the plan decides on a run's outcomes, in the order of their dispatch; `None` where they end
/// before it does.
fn sequential(
    store: &dyn Store,
    registration: &Registration,
    hypothesis: &Hypothesis,
) -> Result<Option<Decision>, AnalysisError> {
    let names: Vec<Arc<str>> = registration.scenarios.keys().cloned().collect();
    let mut rounds = Rounds::new(
        names,
        registration.trials,
        Question::NoWorse { margin: hypothesis.margin, alpha: registration.alpha, power: POWER },
    );
    let mut rows = Vec::new();
    store.each_row(&mut |row| {
        if row.key.endpoint == hypothesis.candidate || row.key.endpoint == hypothesis.control {
            rows.push((row.dispatch, row.key, row.passed));
        }
        ControlFlow::Continue(())
    })?;
    rows.sort_by_key(|(dispatch, ..)| *dispatch);
    for (_, key, passed) in rows {
        let candidate = key.endpoint == hypothesis.candidate;
        if let Some(decision) = rounds.take(&key.scenario_name(), candidate, key.trial, passed)? {
            return Ok(Some(decision));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;

//! What more attempts buy: `mocktrial scaling`.
//!
//! Per endpoint, what the best, the majority and the worst of k attempts are worth, for every k that was measured, with
//! intervals, and what k attempts cost; and which pairs of endpoint and k nothing else beats in both. Nothing here is
//! extrapolated unless asked for, and what is, is no part of anything else.

mod effort;
mod front;
mod verified;

pub use effort::Effort;
pub use front::{Front, FrontPoint, Standing, Way};
pub use verified::{Verified, VerifiedPoint};

use crate::arm::{Arm, Task, Trial};
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{
    StatsError, betabinom_mle, betabinom_pass_at_k, betabinom_pass_hat_k, ci_mean_t, maj_at_k_binary, mean, pass_at_k,
    pass_hat_k, voted_rate,
};
use mocktrial_store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use verified::Scores;

/// Up to here, every k is shown.
const EVERY: u64 = 8;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Only these endpoints; all where empty.
    pub endpoints: Vec<String>,
    /// The error level of the intervals.
    pub alpha: f64,
    /// Whether to say what more attempts than were measured would bring if no scenario were impossible.
    pub extrapolate: bool,
}

/// What more attempts buy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scaling {
    /// The run.
    pub run: String,
    /// What the rates are about.
    pub scope: &'static str,
    /// The confidence of the intervals.
    pub confidence: f64,
    /// Why no rate may be claimed; `None` where it may.
    pub refused: Option<String>,
    /// The endpoints, in the run's order.
    pub endpoints: Vec<EndpointScaling>,
    /// What nothing beats in both cost and accuracy, for each way of choosing among attempts.
    pub fronts: Vec<Front>,
}

/// What more attempts buy of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndpointScaling {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// How much it thinks, as configured; `None` where nothing is said.
    pub effort: Option<Effort>,
    /// Scenarios with a trial that counts; variants of one are one.
    pub scenarios: u64,
    /// Scenarios that are left out, since none of their trials counts.
    pub left_out: Vec<Arc<str>>,
    /// Trials that count.
    pub counted: u64,
    /// Of those, the ones that came from cassettes.
    pub replayed: u64,
    /// Trials that ended and do not count.
    pub missing: u64,
    /// Where trials that ended and do not count keep k below what was planned: the scenario that has the fewest.
    pub fewest: Option<Fewest>,
    /// What was measured, by k.
    pub points: Vec<Point>,
    /// The attempt that a verifier or judge likes best.
    pub verified: Vec<Verified>,
    /// More attempts than were measured; only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extrapolated: Option<Extrapolation>,
}

/// The scenario that bounds k.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fewest {
    /// Its name.
    pub scenario: Arc<str>,
    /// Its trials that count.
    pub counted: u32,
    /// Those planned.
    pub planned: u32,
}

/// What k attempts are worth, and cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Attempts.
    pub k: u64,
    /// pass@k, at least one passes: what the best of k is worth where a perfect verifier picks it.
    pub pass_at: Estimate,
    /// maj@k, most pass (half, on a tie): what a vote is worth where all wrong attempts agree.
    pub majority: Estimate,
    /// pass^k, all pass.
    pub pass_hat: Estimate,
    /// US dollars a scenario for k attempts; `None` where fewer than two scenarios know theirs.
    pub cost: Option<Estimate>,
    /// Tokens in and out a scenario for k attempts.
    pub tokens: Option<Estimate>,
}

/// What more attempts than were measured would bring, were it so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extrapolation {
    /// What it assumes.
    pub assumes: &'static str,
    /// Why there is none.
    pub refused: Option<String>,
    /// The rates.
    pub points: Vec<ExtrapolatedPoint>,
}

/// What k attempts would be worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExtrapolatedPoint {
    /// Attempts.
    pub k: u64,
    /// pass@k.
    pub pass_at: f64,
    /// pass^k.
    pub pass_hat: f64,
}

/// A scenario's tasks (one, or one a variant) that have trials.
pub(crate) type Tasks<'a> = Vec<(&'a Arc<str>, &'a Task)>;

/// Says what more attempts buy.
///
/// # Errors
/// When the run cannot be read, or a number is outside what a method accepts.
pub fn scaling(store: &dyn Store, terms: &Terms) -> Result<Scaling, AnalysisError> {
    let run = store.header()?.name;
    let mut arms = Arm::read(store)?;
    arms.retain(|arm| terms.endpoints.is_empty() || terms.endpoints.iter().any(|name| **name == *arm.endpoint));
    let refused = arms.first().and_then(|arm| arm.refused.clone());
    let mut found = Scaling {
        run,
        scope: "suite",
        confidence: 1.0 - terms.alpha,
        refused,
        endpoints: Vec::new(),
        fronts: Vec::new(),
    };
    if found.refused.is_some() {
        return Ok(found);
    }
    let efforts: BTreeMap<Arc<str>, Effort> = store
        .endpoints()?
        .into_iter()
        .filter_map(|e| Some((Arc::clone(&e.name), Effort::of(&e.configuration)?)))
        .collect();
    let scores = Scores::read(store)?;
    for arm in &arms {
        found.endpoints.push(one(arm, efforts.get(&arm.endpoint).cloned(), &scores, terms)?);
    }
    found.fronts = front::fronts(&arms, &scores)?;
    Ok(found)
}

fn one(arm: &Arm, effort: Option<Effort>, scores: &Scores, terms: &Terms) -> Result<EndpointScaling, AnalysisError> {
    let (counted, replayed) = arm.replayed();
    let scenarios = scenarios(arm);
    let ks = attempts(most(&scenarios));
    let points = ks.iter().map(|k| point(&scenarios, *k, counted, terms.alpha)).collect::<Result<_, _>>()?;
    let empty = arm.tasks.iter().filter(|(_, task)| task.trials.is_empty()).map(|(name, _)| Arc::clone(name));
    let short = scenarios.values().flatten().filter(|(_, task)| task.missing() > 0);
    let fewest = short.min_by_key(|(_, task)| task.counted()).map(|(name, task)| Fewest {
        scenario: Arc::clone(name),
        counted: task.counted(),
        planned: task.planned,
    });
    Ok(EndpointScaling {
        endpoint: Arc::clone(&arm.endpoint),
        effort,
        scenarios: scenarios.len() as u64,
        left_out: empty.collect(),
        counted,
        replayed,
        missing: arm.tasks.values().map(|task| u64::from(task.missing())).sum(),
        fewest: fewest.filter(|f| Some(u64::from(f.counted)) == ks.last().copied()),
        points,
        verified: scores.of(arm, &scenarios, terms.alpha)?,
        extrapolated: if terms.extrapolate { Some(extrapolated(&scenarios)?) } else { None },
    })
}

/// Scenarios with a trial that counts, by id.
pub(crate) fn scenarios(arm: &Arm) -> BTreeMap<Arc<str>, Tasks<'_>> {
    let mut found: BTreeMap<Arc<str>, Tasks<'_>> = BTreeMap::new();
    for (name, task) in arm.tasks.iter().filter(|(_, task)| !task.trials.is_empty()) {
        found.entry(Arc::clone(&task.id)).or_default().push((name, task));
    }
    found
}

/// The most attempts that every scenario has.
pub(crate) fn most(scenarios: &BTreeMap<Arc<str>, Tasks<'_>>) -> u64 {
    scenarios.values().flatten().map(|(_, task)| u64::from(task.counted())).min().unwrap_or(0)
}

/// The k that are shown of up to `most` attempts: all of a few, else powers of two and the last.
pub(crate) fn attempts(most: u64) -> Vec<u64> {
    if most <= EVERY {
        return (1..=most).collect();
    }
    let mut found: Vec<u64> = (0..63).map(|i| 1_u64 << i).take_while(|k| *k < most).collect();
    found.push(most);
    found
}

#[allow(clippy::cast_precision_loss, reason = "few variants; far below 2^53 tokens")]
fn float(n: u64) -> f64 {
    n as f64
}

/// A scenario's mean over its variants.
pub(crate) fn over_variants<T>(tasks: &[T], value: impl Fn(&T) -> Result<f64, StatsError>) -> Result<f64, StatsError> {
    let sum = tasks.iter().map(value).sum::<Result<f64, _>>()?;
    Ok((sum / float(tasks.len() as u64)).clamp(0.0, 1.0))
}

/// One of the rates of c passes in n trials over k attempts.
type Rate = fn(u64, u64, u64) -> Result<f64, StatsError>;

/// A scenario's value of such a rate.
pub(crate) fn rate(tasks: &Tasks<'_>, k: u64, rate: Rate) -> Result<f64, StatsError> {
    over_variants(tasks, |(_, task)| rate(u64::from(task.counted()), u64::from(task.passed()), k))
}

/// A scenario's mean of a quantity of one attempt; `None` where a task does not know it.
pub(crate) fn per_attempt(tasks: &Tasks<'_>, quantity: fn(&Trial) -> Option<f64>) -> Option<f64> {
    let sum = tasks.iter().map(|(_, task)| task.mean(quantity)).sum::<Option<f64>>()?;
    Some(sum / float(tasks.len() as u64))
}

pub(crate) fn dollars(trial: &Trial) -> Option<f64> {
    trial.cost
}

pub(crate) fn tokens(trial: &Trial) -> Option<f64> {
    trial.tokens.map(float)
}

fn point(scenarios: &BTreeMap<Arc<str>, Tasks<'_>>, k: u64, counted: u64, alpha: f64) -> Result<Point, AnalysisError> {
    let estimate = |of: Rate| -> Result<Estimate, AnalysisError> {
        let values = scenarios.values().map(|tasks| rate(tasks, k, of)).collect::<Result<Vec<f64>, _>>()?;
        let found = voted_rate(&values, counted, k, alpha)?;
        Ok(Estimate { value: found.value, low: found.interval.low, high: found.interval.high })
    };
    let spent = |quantity: fn(&Trial) -> Option<f64>| -> Result<Option<Estimate>, AnalysisError> {
        let each: Vec<f64> = scenarios.values().filter_map(|tasks| per_attempt(tasks, quantity)).collect();
        if each.len() < 2 {
            return Ok(None);
        }
        let (interval, k) = (ci_mean_t(&each, alpha)?, float(k));
        Ok(Some(Estimate { value: k * mean(&each)?, low: (k * interval.low).max(0.0), high: k * interval.high }))
    };
    Ok(Point {
        k,
        pass_at: estimate(pass_at_k)?,
        majority: estimate(maj_at_k_binary)?,
        pass_hat: estimate(pass_hat_k)?,
        cost: spent(dollars)?,
        tokens: spent(tokens)?,
    })
}

fn extrapolated(scenarios: &BTreeMap<Arc<str>, Tasks<'_>>) -> Result<Extrapolation, AnalysisError> {
    let none =
        |why: String| Extrapolation { assumes: "no impossible scenarios", refused: Some(why), points: Vec::new() };
    let counts: Vec<(u64, u64)> =
        scenarios.values().flatten().map(|(_, task)| (u64::from(task.counted()), u64::from(task.passed()))).collect();
    let fit = match betabinom_mle(&counts) {
        Ok(fit) => fit,
        Err(error @ (StatsError::Undefined { .. } | StatsError::Empty)) => return Ok(none(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let most = most(scenarios);
    let points = [2, 4, 8, 16].map(|times| {
        let k = most.saturating_mul(times);
        let (pass_at, pass_hat) = (betabinom_pass_at_k(fit.a, fit.b, k)?, betabinom_pass_hat_k(fit.a, fit.b, k)?);
        Ok(ExtrapolatedPoint { k, pass_at, pass_hat })
    });
    let points = points.into_iter().collect::<Result<Vec<_>, StatsError>>()?;
    Ok(Extrapolation { points, refused: None, ..none(String::new()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_attempts_are_all_shown_and_many_by_doubling() {
        assert_eq!(attempts(0), [0; 0]);
        assert_eq!(attempts(5), [1, 2, 3, 4, 5]);
        assert_eq!(attempts(16), [1, 2, 4, 8, 16]);
        assert_eq!(attempts(20), [1, 2, 4, 8, 16, 20]);
    }
}

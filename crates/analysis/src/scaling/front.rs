//! What nothing beats in both cost and accuracy, and how sure that is.

use super::verified::{Scores, best, most as most_scored};
use super::{Tasks, attempts, dollars, most, per_attempt, rate, scenarios, tokens};
use crate::AnalysisError;
use crate::arm::Arm;
use mocktrial_stats::{Random, maj_at_k_binary, pareto_front, pass_at_k};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Draws of scenarios, where they are affordable; and their seed.
const DRAWS: usize = 2000;
const FEWEST_DRAWS: usize = 200;
const SEED: u64 = 42;
/// The most numbers that are summed for one front.
const WORK: usize = 200_000_000;

/// How one of k attempts is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By a verifier that is always right: pass@k, which no real one exceeds.
    PerfectVerifier,
    /// By a vote in which wrong attempts agree: maj@k.
    Majority,
    /// By the score of this verifier or judge.
    Verifier(Arc<str>),
}

/// How sure it is that a point is on the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In at least 95 % of the draws.
    Sure,
    /// In at least half of them.
    Likely,
    /// In fewer.
    Unlikely,
}

/// An endpoint with a number of attempts.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FrontPoint {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Attempts.
    pub k: u64,
    /// What they cost a scenario, in the front's unit.
    pub cost: f64,
    /// How often the chosen attempt passes.
    pub accuracy: f64,
    /// Whether no other point is at most as dear and at least as accurate, and better in one.
    pub on_front: bool,
    /// The share of draws of scenarios in which that is so.
    pub share: f64,
    /// The same in a word.
    pub standing: Standing,
}

/// Cost and accuracy of all endpoints and numbers of attempts, on the scenarios that all share.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Front {
    /// How one of k attempts is chosen.
    pub way: Way,
    /// What cost is counted in: `dollars`, or `tokens` where a price is unknown or nothing costs anything.
    pub unit: &'static str,
    /// Scenarios that all share, and of which it is known what attempts cost.
    pub scenarios: u64,
    /// The points, by cost.
    pub points: Vec<FrontPoint>,
}

/// One endpoint's values, by scenario.
struct Candidate {
    endpoint: Arc<str>,
    ks: Vec<u64>,
    by_scenario: BTreeMap<Arc<str>, Row>,
}

/// A scenario's cost an attempt, and its accuracy for each k.
struct Row {
    dollars: Option<f64>,
    tokens: Option<f64>,
    accuracy: Vec<f64>,
}

type Cost = fn(&Row) -> Option<f64>;

/// The fronts of a run, one for each way that all its endpoints, or for a verifier those with its scores, have.
pub(super) fn fronts(arms: &[Arm], scores: &Scores) -> Result<Vec<Front>, AnalysisError> {
    let all: Vec<(&Arm, BTreeMap<Arc<str>, Tasks<'_>>)> = arms.iter().map(|arm| (arm, scenarios(arm))).collect();
    let mut ways = vec![Way::PerfectVerifier, Way::Majority];
    let verifiers: BTreeSet<&Arc<str>> = arms.iter().flat_map(|arm| scores.verifiers(&arm.endpoint)).collect();
    ways.extend(verifiers.into_iter().map(|v| Way::Verifier(Arc::clone(v))));
    let mut found = Vec::new();
    for way in ways {
        let candidates =
            all.iter().map(|(arm, own)| candidate(arm, own, &way, scores)).collect::<Result<Vec<_>, _>>()?;
        let candidates: Vec<Candidate> = candidates.into_iter().filter(|c| !c.ks.is_empty()).collect();
        // Where nothing is ever tried twice, every way is the same.
        let tried_once = candidates.iter().all(|c| c.ks.len() < 2);
        if tried_once && !found.is_empty() {
            continue;
        }
        found.extend(front(way, &candidates)?);
    }
    Ok(found)
}

fn candidate(
    arm: &Arm,
    own: &BTreeMap<Arc<str>, Tasks<'_>>,
    way: &Way,
    scores: &Scores,
) -> Result<Candidate, AnalysisError> {
    let scored = match way {
        Way::Verifier(verifier) => scores.scenarios(arm, verifier, own),
        _ => BTreeMap::new(),
    };
    let ks = match way {
        Way::Verifier(_) => attempts(most_scored(&scored)),
        _ => attempts(most(own)),
    };
    let mut by_scenario = BTreeMap::new();
    for (id, tasks) in own {
        let value = |k: &u64| match way {
            Way::PerfectVerifier => rate(tasks, *k, pass_at_k).map(Some),
            Way::Majority => rate(tasks, *k, maj_at_k_binary).map(Some),
            Way::Verifier(_) => scored.get(id).map(|scored| best(scored, *k)).transpose(),
        };
        let values = ks.iter().map(value).collect::<Result<Option<Vec<f64>>, _>>()?;
        if let Some(accuracy) = values {
            let (dollars, tokens) = (per_attempt(tasks, dollars), per_attempt(tasks, tokens));
            by_scenario.insert(Arc::clone(id), Row { dollars, tokens, accuracy });
        }
    }
    Ok(Candidate { endpoint: Arc::clone(&arm.endpoint), ks, by_scenario })
}

/// `None` where fewer than two scenarios are shared, or what attempts cost is unknown.
#[allow(clippy::cast_precision_loss, reason = "few scenarios, draws and attempts")]
fn front(way: Way, candidates: &[Candidate]) -> Result<Option<Front>, AnalysisError> {
    let Some((first, others)) = candidates.split_first() else { return Ok(None) };
    let shared: Vec<&Arc<str>> =
        first.by_scenario.keys().filter(|id| others.iter().all(|c| c.by_scenario.contains_key(*id))).collect();
    if shared.len() < 2 {
        return Ok(None);
    }
    // What an attempt costs may be unknown here and there; where it mostly is, there is no front.
    let knowing = |cost: Cost| {
        let costs = |id: &Arc<str>| candidates.iter().map(|c| c.by_scenario.get(id).and_then(cost)).collect::<Vec<_>>();
        let known: Vec<&Arc<str>> = shared.iter().copied().filter(|id| costs(id).iter().all(Option::is_some)).collect();
        let costs = known.iter().any(|id| costs(id).iter().any(|cost| *cost > Some(0.0)));
        (costs && known.len() > 1 && 2 * known.len() >= shared.len()).then_some(known)
    };
    let units: [(&'static str, Cost); 2] = [("dollars", |row| row.dollars), ("tokens", |row| row.tokens)];
    let found = units.into_iter().find_map(|(unit, cost)| Some((unit, cost, knowing(cost)?)));
    let Some((unit, cost, shared)) = found else { return Ok(None) };
    // Each point's cost and accuracy by scenario.
    let mut labels = Vec::new();
    let mut values: Vec<Vec<(f64, f64)>> = Vec::new();
    for candidate in candidates {
        let rows = || shared.iter().filter_map(|id| candidate.by_scenario.get(*id));
        for (place, k) in candidate.ks.iter().enumerate() {
            labels.push((Arc::clone(&candidate.endpoint), *k));
            values.push(rows().map(|row| (cost(row).unwrap_or(0.0) * *k as f64, row.accuracy[place])).collect());
        }
    }
    let n = shared.len();
    let draws = (WORK / (n * values.len())).clamp(FEWEST_DRAWS, DRAWS);
    let mut random = Random::new(SEED);
    let mut often = vec![0_usize; values.len()];
    for _ in 0..draws {
        let places: Vec<usize> = (0..n).map(|_| random.index(n)).collect();
        for point in nothing_beats(&values, &places)?.front {
            often[point] += 1;
        }
    }
    let measured = nothing_beats(&values, &(0..n).collect::<Vec<_>>())?;
    let mut points: Vec<FrontPoint> = labels
        .into_iter()
        .enumerate()
        .map(|(place, (endpoint, k))| {
            let share = often[place] as f64 / draws as f64;
            let standing = match share {
                s if s >= 0.95 => Standing::Sure,
                s if s >= 0.5 => Standing::Likely,
                _ => Standing::Unlikely,
            };
            let (cost, accuracy) = measured.means[place];
            FrontPoint { endpoint, k, cost, accuracy, on_front: measured.front.contains(&place), share, standing }
        })
        .collect();
    points.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(b.accuracy.total_cmp(&a.accuracy)));
    Ok(Some(Front { way, unit, scenarios: n as u64, points }))
}

/// Mean cost and accuracy of all points, and the places of those that nothing beats.
struct Unbeaten {
    means: Vec<(f64, f64)>,
    front: Vec<usize>,
}

/// Over some scenarios, each as often as it is named.
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn nothing_beats(values: &[Vec<(f64, f64)>], scenarios: &[usize]) -> Result<Unbeaten, AnalysisError> {
    let n = scenarios.len() as f64;
    let mean = |own: &Vec<(f64, f64)>| {
        let (cost, accuracy) =
            scenarios.iter().copied().fold((0.0, 0.0), |(c, a), place| (c + own[place].0, a + own[place].1));
        // What differs in rounding alone is no better.
        (cost / n, (accuracy / n * 1e12).round() / 1e12)
    };
    let means: Vec<(f64, f64)> = values.iter().map(mean).collect();
    let (cost, accuracy): (Vec<f64>, Vec<f64>) = means.iter().copied().unzip();
    let front = pareto_front(&cost, &accuracy)?;
    Ok(Unbeaten { means, front })
}

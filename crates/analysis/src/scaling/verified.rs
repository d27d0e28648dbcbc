//! The attempt that a verifier or a judge likes best.
//!
//! A grade of `verify` or `judge` whose measure is not `task` says how good an attempt is without deciding whether it passes:
//! what a configured verifier would choose by.

use super::{Tasks, attempts, over_variants};
use crate::arm::Arm;
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{best_of_k, voted_rate};
use mocktrial_store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The graders whose scores are chosen by, and whom they ask.
const GRADERS: [(&str, &str); 2] = [("verify", "verifier"), ("judge", "judge")];

/// What the attempt is worth that a verifier likes best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// The grader and its measure, such as `verify confidence`.
    pub verifier: Arc<str>,
    /// Scenarios that have its scores.
    pub scenarios: u64,
    /// By k.
    pub points: Vec<VerifiedPoint>,
}

/// The best of k by a verifier.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VerifiedPoint {
    /// Attempts.
    pub k: u64,
    /// How often the attempt passes that it likes best.
    pub best_of: Estimate,
}

/// Sums of weights and of weighted scores, by trial.
type ByTrial = BTreeMap<u32, (f64, f64)>;

type ByScenario = HashMap<Arc<str>, ByTrial>;

/// The scores of attempts, by endpoint, verifier and name of the scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores(HashMap<Arc<str>, BTreeMap<Arc<str>, ByScenario>>);

/// A task's scores, and whether those attempts passed.
pub(crate) type Scored = (Vec<f64>, Vec<f64>);

impl Scores {
    /// Those of a run; nothing, and at once, where no verifier or judge was asked.
    pub(super) fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut found = Self::default();
        let mut asked = false;
        for (_, whom) in GRADERS {
            asked |= store.was_asked(whom)?;
        }
        if !asked {
            return Ok(found);
        }
        store.each_episode(&mut |episode| {
            let key = &episode.row.key;
            let chooses = |grader: &str| GRADERS.iter().any(|(name, _)| *name == grader);
            for grade in episode.grades.iter().filter(|g| g.measure != "task" && chooses(&g.grader)) {
                if let Some(score) = grade.score.filter(|_| episode.row.counts()) {
                    let verifier: Arc<str> = format!("{} {}", grade.grader, grade.measure).into();
                    let by_scenario =
                        found.0.entry(Arc::clone(&key.endpoint)).or_default().entry(verifier).or_default();
                    let (weight, sum) =
                        by_scenario.entry(key.scenario_name()).or_default().entry(key.trial).or_default();
                    *weight += grade.weight;
                    *sum += grade.weight * score;
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The verifiers that an endpoint's attempts have scores of.
    pub(super) fn verifiers(&self, endpoint: &str) -> impl Iterator<Item = &Arc<str>> {
        self.0.get(endpoint).into_iter().flat_map(BTreeMap::keys)
    }

    /// Of the scenarios that have a verifier's scores, by id: those of each of their tasks.
    pub(super) fn scenarios(
        &self,
        arm: &Arm,
        verifier: &str,
        scenarios: &BTreeMap<Arc<str>, Tasks<'_>>,
    ) -> BTreeMap<Arc<str>, Vec<Scored>> {
        let of_task = |(name, task): &(&Arc<str>, &crate::arm::Task)| {
            let by_trial = self.0.get(&arm.endpoint)?.get(verifier)?.get(*name)?;
            let scored: Scored = task
                .trials
                .iter()
                .filter_map(|trial| {
                    let (weight, sum) = by_trial.get(&trial.number).filter(|(weight, _)| *weight > 0.0)?;
                    Some((sum / weight, f64::from(u8::from(trial.passed))))
                })
                .unzip();
            (!scored.0.is_empty()).then_some(scored)
        };
        let of = |tasks: &Tasks<'_>| tasks.iter().map(of_task).collect::<Option<Vec<Scored>>>();
        scenarios.iter().filter_map(|(id, tasks)| Some((Arc::clone(id), of(tasks)?))).collect()
    }

    /// What an endpoint's attempts are worth by each verifier.
    pub(super) fn of(
        &self,
        arm: &Arm,
        scenarios: &BTreeMap<Arc<str>, Tasks<'_>>,
        alpha: f64,
    ) -> Result<Vec<Verified>, AnalysisError> {
        let mut found = Vec::new();
        for verifier in self.verifiers(&arm.endpoint) {
            let scored = self.scenarios(arm, verifier, scenarios);
            let trials: usize = scored.values().flatten().map(|(scores, _)| scores.len()).sum();
            let mut points = Vec::new();
            for k in attempts(most(&scored)) {
                let values = scored.values().map(|tasks| best(tasks, k)).collect::<Result<Vec<f64>, _>>()?;
                let rate = voted_rate(&values, trials as u64, k, alpha)?;
                let best_of = Estimate { value: rate.value, low: rate.interval.low, high: rate.interval.high };
                points.push(VerifiedPoint { k, best_of });
            }
            if !points.is_empty() {
                let scenarios = scored.len() as u64;
                found.push(Verified { verifier: Arc::clone(verifier), scenarios, points });
            }
        }
        Ok(found)
    }
}

/// The most attempts that every scenario has scores of.
pub(super) fn most(scored: &BTreeMap<Arc<str>, Vec<Scored>>) -> u64 {
    scored.values().flatten().map(|(scores, _)| scores.len() as u64).min().unwrap_or(0)
}

/// What the best of k of a scenario's attempts is worth.
pub(super) fn best(tasks: &[Scored], k: u64) -> Result<f64, mocktrial_stats::StatsError> {
    over_variants(tasks, |(scores, passed)| best_of_k(scores, passed, k))
}

//! More trials where an earlier run saw more variation, with the same number in all.

use crate::AnalysisError;
use crate::arm::Arm;
use mocktrial_stats::{neyman, shrunk_within_sd, suite_variance};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Trials by scenario, and what they are worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Allocation {
    /// The trials of each scenario, in the order asked.
    pub trials: Vec<u64>,
    /// Scenarios of which the earlier run says nothing; they have the even share.
    pub unknown: Vec<Arc<str>>,
    /// About how wide the interval of a rate will be, as a share of its width with the same trials spread evenly: by the word
    /// of the earlier run, and by no more than that.
    pub width: f64,
}

/// A scenario that is to be run, and what belongs to it as an instrument.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub scenario: Arc<str>,
    /// Its instrument; an earlier run with another says nothing of it.
    pub instrument: mocktrial_store::Instrument,
}

/// Shares `trials` a scenario out by Neyman's rule: in proportion to how much the trials of each scenario varied in the
/// earlier run, over the arms given (those of the endpoints that are to run, where it had them).
///
/// Each scenario keeps at least two trials (or all of them, where there are fewer): one whose trials all went one way may not
/// do so again, and without it the rate would be that of other scenarios. The earlier run's word must not be the new run's:
/// shares from the very trials that are then judged would bias them.
///
/// # Errors
/// When there is no scenario.
pub fn allocate(arms: &[&Arm], wanted: &[Wanted], trials: u32) -> Result<Allocation, AnalysisError> {
    let mut known: BTreeMap<usize, f64> = BTreeMap::new();
    for (place, want) in wanted.iter().enumerate() {
        let mut variance = Vec::new();
        for task in arms.iter().filter_map(|arm| arm.tasks.get(&want.scenario)) {
            if task.instrument == want.instrument && task.counted() > 0 {
                variance.push(shrunk_within_sd(task.passed().into(), task.counted().into())?.powi(2));
            }
        }
        if !variance.is_empty() {
            known.insert(place, (variance.iter().sum::<f64>() / count(variance.len())).sqrt());
        }
    }
    // Of which nothing is known gets the mean, and with it about the even share.
    let mean = if known.is_empty() { 0.5 } else { known.values().sum::<f64>() / count(known.len()) };
    let sigma: Vec<f64> = (0..wanted.len()).map(|place| known.get(&place).copied().unwrap_or(mean)).collect();
    let even = vec![u64::from(trials); wanted.len()];
    let shares = neyman(&sigma, even.iter().sum(), u64::from(trials.min(2)))?;
    let width = (suite_variance(&sigma, &shares)? / suite_variance(&sigma, &even)?).sqrt();
    let unknown = wanted.iter().enumerate().filter(|(place, _)| !known.contains_key(place));
    let unknown = unknown.map(|(_, want)| Arc::clone(&want.scenario)).collect();
    Ok(Allocation { trials: shares, unknown, width })
}

#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::Shape;

    /// Scenarios of ten trials, of which so many passed.
    fn arm(passed: &[u32]) -> Arm {
        let shape = |n: usize| Shape {
            name: format!("s{n}").into(),
            family: format!("s{n}").into(),
            tags: Vec::new(),
            trials: 10,
        };
        let mut arm = Arm::simulated("a", &(0..passed.len()).map(shape).collect::<Vec<_>>());
        for (task, passed) in arm.tasks.values_mut().zip(passed) {
            task.trials.iter_mut().for_each(|t| t.passed = t.number <= *passed);
        }
        arm
    }

    fn wanted(arm: &Arm) -> Vec<Wanted> {
        arm.tasks
            .iter()
            .map(|(name, task)| Wanted { scenario: Arc::clone(name), instrument: task.instrument })
            .collect()
    }

    #[test]
    fn what_varied_gets_more_and_what_did_not_is_kept() {
        let arm = arm(&[10, 10, 5, 0]);
        let found = allocate(&[&arm], &wanted(&arm), 8).unwrap();
        assert_eq!(found.trials.iter().sum::<u64>(), 32);
        assert!(found.trials[2] > found.trials[0] && found.trials.iter().all(|k| *k >= 2), "{found:?}");
        assert!(found.width < 1.0 && found.unknown.is_empty(), "{found:?}");
        let one = allocate(&[&arm], &wanted(&arm), 1).unwrap();
        assert_eq!((one.trials, one.width), (vec![1; 4], 1.0));
    }

    #[test]
    fn what_the_earlier_run_did_not_have_or_had_otherwise_gets_the_even_share() {
        let arm = arm(&[5, 5]);
        let mut wants = wanted(&arm);
        wants.push(Wanted { scenario: "new".into(), instrument: wants[0].instrument });
        wants[1].instrument.world = mocktrial_trajectory::Digest::of(&serde_json::json!("other"));
        let found = allocate(&[&arm], &wants, 6).unwrap();
        assert_eq!(found.trials, [6, 6, 6]);
        assert_eq!(found.unknown, ["s1".into(), "new".into()]);
        assert!(allocate(&[&arm], &[], 6).is_err());
    }
}

//! Arms whose truth is known: what a gate or a comparison says of them can be held against it.

mod population;
mod question;

pub use population::{Drawn, Population, Setting, Truth};
pub use question::{ALPHA, Asked, Count, Question, Said, shapes};

use crate::arm::{Arm, Task, Trial};
use mocktrial_stats::Random;
use mocktrial_store::Instrument;
use mocktrial_trajectory::Digest;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a simulated scenario is.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its name.
    pub name: Arc<str>,
    /// Its family.
    pub family: Arc<str>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Trials.
    pub trials: u32,
}

impl Arm {
    /// An arm of nobody's, with all trials failed until [`draw`](Self::draw) is called. Scenarios keep the order of their
    /// names.
    #[must_use]
    pub fn simulated(run: &str, shapes: &[Shape]) -> Self {
        let digest = Digest::of(&json!("simulated"));
        let trial = |number: u32| Trial {
            number,
            dispatch: 0,
            passed: false,
            score: 0.0,
            cost: None,
            latency_ms: None,
            tokens: None,
            replayed: false,
            trajectory: digest,
        };
        let task = |shape: &Shape| {
            let task = Task {
                id: Arc::clone(&shape.name),
                variant: "".into(),
                family: Arc::clone(&shape.family),
                tags: shape.tags.clone(),
                instrument: Instrument { world: digest, criteria: digest },
                trials: (1..=shape.trials).map(trial).collect(),
                excluded: BTreeMap::new(),
                planned: shape.trials,
                quarantined: false,
            };
            (Arc::clone(&shape.name), task)
        };
        Self {
            run: run.to_owned(),
            created: String::new(),
            endpoint: "simulated".into(),
            treatment: digest,
            parts: BTreeMap::new(),
            refused: None,
            decided: None,
            served: BTreeSet::new(),
            tasks: shapes.iter().map(task).collect(),
        }
    }

    /// Draws the outcome of every trial from its scenario's pass rate, in the order of the scenarios' names.
    pub fn draw(&mut self, rates: &[f64], random: &mut Random) {
        for (task, rate) in self.tasks.values_mut().zip(rates) {
            for trial in &mut task.trials {
                trial.passed = random.unit() < *rate;
                trial.score = f64::from(u8::from(trial.passed));
            }
        }
    }
}

/// Rates from which exactly `loss` is lost in the mean, everywhere alike: as much of each as it has. `None` where there is
/// not so much to lose.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
pub fn lose_everywhere(rates: &[f64], loss: f64) -> Option<Vec<f64>> {
    let n = rates.len().max(1) as f64;
    let lost = |shift: f64| rates.iter().map(|p| p.min(shift)).sum::<f64>() / n;
    if lost(1.0) < loss {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if lost(middle) < loss { low = middle } else { high = middle }
    }
    Some(rates.iter().map(|p| p - p.min(high)).collect())
}

/// Rates from which exactly `loss` is lost in the mean because a few scenarios, drawn at random, break entirely. `None`
/// where there is not so much to lose.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
pub fn break_some(rates: &[f64], loss: f64, random: &mut Random) -> Option<Vec<f64>> {
    let mut left = loss * rates.len() as f64;
    if rates.iter().sum::<f64>() < left {
        return None;
    }
    let mut order: Vec<usize> = (0..rates.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, random.index(i + 1));
    }
    let mut broken = rates.to_vec();
    for place in order {
        let lost = broken[place].min(left);
        broken[place] -= lost;
        left -= lost;
        if left <= 0.0 {
            break;
        }
    }
    Some(broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_planted_is_exactly_what_is_lost(
            rates in prop::collection::vec(0.0_f64..=1.0, 1..40), loss in 0.0_f64..0.5, seed in any::<u64>()
        ) {
            let mean = |r: &[f64]| r.iter().sum::<f64>() / r.len() as f64;
            let mut random = Random::new(seed);
            for lost in [lose_everywhere(&rates, loss), break_some(&rates, loss, &mut random)] {
                match lost {
                    Some(left) => {
                        prop_assert!((mean(&rates) - mean(&left) - loss).abs() < 1e-9);
                        prop_assert!(left.iter().all(|p| (0.0..=1.0).contains(p)));
                    }
                    None => prop_assert!(mean(&rates) < loss),
                }
            }
        }
    }
}

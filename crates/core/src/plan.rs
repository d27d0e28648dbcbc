//! Scenarios × endpoints × trials, and the order in which they are dispatched.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;

/// One episode to be run: indices into the plan's scenarios and endpoints, and the trial from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Index of the scenario.
    pub scenario: usize,
    /// Index of the endpoint.
    pub endpoint: usize,
    /// The trial, from 1.
    pub trial: u32,
}

/// What a run is to do.
///
/// Each endpoint goes through all scenarios in order, one trial of each, before the next trial
/// begins: whenever a run stops, its scenarios have been tried as equally as possible.
#[derive(Clone, Debug)]
pub struct Plan {
    scenarios: usize,
    endpoints: usize,
    trials: std::ops::RangeInclusive<u32>,
    only: Option<HashSet<Slot>>,
    done: HashSet<Slot>,
}

impl Plan {
    /// Trials `trials` of every scenario by every endpoint.
    #[must_use]
    pub fn full(scenarios: usize, endpoints: usize, trials: std::ops::RangeInclusive<u32>) -> Self {
        Self { scenarios, endpoints, trials, only: None, done: HashSet::new() }
    }

    /// Leaves out what is done already.
    #[must_use]
    pub fn without(mut self, done: HashSet<Slot>) -> Self {
        self.done = done;
        self
    }

    /// Restricts the plan to these.
    #[must_use]
    pub fn only(mut self, slots: HashSet<Slot>) -> Self {
        self.only = Some(slots);
        self
    }

    /// Whether an episode is still to be run.
    fn wants(&self, slot: Slot) -> bool {
        !self.done.contains(&slot) && self.only.as_ref().is_none_or(|only| only.contains(&slot))
    }

    /// What one endpoint is to run, in order.
    pub fn line(plan: &Arc<Self>, endpoint: usize) -> impl Iterator<Item = Slot> + Send + use<> {
        let scenarios = plan.scenarios;
        let plan = Arc::clone(plan);
        plan.trials
            .clone()
            .flat_map(move |trial| (0..scenarios).map(move |scenario| Slot { scenario, endpoint, trial }))
            .filter(move |slot| plan.wants(*slot))
    }

    /// How many episodes one endpoint is to run.
    #[must_use]
    pub fn count_of(&self, endpoint: usize) -> u64 {
        if self.only.is_none() && self.done.is_empty() {
            let trials = u64::from(self.trials.end().saturating_sub(*self.trials.start())) + 1;
            return if self.trials.is_empty() { 0 } else { trials * self.scenarios as u64 };
        }
        self.trials
            .clone()
            .flat_map(|trial| (0..self.scenarios).map(move |scenario| Slot { scenario, endpoint, trial }))
            .filter(|slot| self.wants(*slot))
            .count() as u64
    }

    /// The trials of one scenario by one endpoint that are to be run.
    #[must_use]
    pub fn trials_of(&self, scenario: usize, endpoint: usize) -> Vec<u32> {
        self.trials.clone().filter(|trial| self.wants(Slot { scenario, endpoint, trial: *trial })).collect()
    }

    /// How many episodes are to be run.
    #[must_use]
    pub fn count(&self) -> u64 {
        (0..self.endpoints).map(|endpoint| self.count_of(endpoint)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_has_one_trial_before_any_has_two() {
        let plan = Arc::new(Plan::full(2, 1, 1..=2));
        let order: Vec<_> = Plan::line(&plan, 0).map(|s| (s.scenario, s.trial)).collect();
        assert_eq!(order, [(0, 1), (1, 1), (0, 2), (1, 2)]);
        assert_eq!(plan.count(), 4);
    }

    #[test]
    fn what_is_done_is_left_out_and_counted_so() {
        let done = HashSet::from([Slot { scenario: 0, endpoint: 1, trial: 1 }]);
        let plan = Arc::new(Plan::full(2, 2, 1..=2).without(done));
        assert_eq!(plan.count_of(0), 4);
        assert_eq!(plan.count_of(1), 3);
        assert!(Plan::line(&plan, 1).all(|s| s != Slot { scenario: 0, endpoint: 1, trial: 1 }));
    }
}

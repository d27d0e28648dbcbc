//! Who decides whether a run goes on.

use mocktrial_trajectory::EpisodeKey;

/// What came of an episode, as far as steering is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its place in dispatch order, from 0.
    pub dispatch: u64,
    /// Its key.
    pub key: EpisodeKey,
    /// Passed, failed, or ungraded.
    pub passed: Option<bool>,
    /// What it cost in dollars; `None` where the price is unknown.
    pub cost: Option<f64>,
}

/// Go on, or stop dispatching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Dispatch the next episode.
    Continue,
    /// Dispatch nothing more; what runs is finished.
    Stop,
}

/// Steers a run by its outcomes.
///
/// Outcomes arrive in *dispatch* order, without gaps, whatever the order in which episodes end:
/// tests that look at a run while it goes on are only valid so.
pub trait Steer: Send {
    /// Takes an outcome and says whether to go on.
    fn outcome(&mut self, outcome: &Outcome) -> Direction;
}

/// Runs the whole plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct WholePlan;

impl Steer for WholePlan {
    fn outcome(&mut self, _: &Outcome) -> Direction {
        Direction::Continue
    }
}

/// Puts outcomes into dispatch order before they reach a [`Steer`].
pub(crate) struct InOrder {
    steer: Box<dyn Steer>,
    next: u64,
    waiting: std::collections::BTreeMap<u64, Option<Outcome>>,
    stopped: bool,
}

impl InOrder {
    pub(crate) fn new(steer: Box<dyn Steer>, first: u64) -> Self {
        Self { steer, next: first, waiting: std::collections::BTreeMap::new(), stopped: false }
    }

    /// Takes what came of a dispatch; `None` where nothing did (it was cancelled).
    pub(crate) fn take(&mut self, dispatch: u64, outcome: Option<Outcome>) -> Direction {
        self.waiting.insert(dispatch, outcome);
        while let Some(outcome) = self.waiting.remove(&self.next) {
            self.next += 1;
            if let Some(outcome) = outcome
                && self.steer.outcome(&outcome) == Direction::Stop
            {
                self.stopped = true;
            }
        }
        if self.stopped { Direction::Stop } else { Direction::Continue }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    struct Seen(Arc<Mutex<Vec<u64>>>);
    impl Steer for Seen {
        fn outcome(&mut self, outcome: &Outcome) -> Direction {
            self.0.lock().unwrap().push(outcome.dispatch);
            if outcome.dispatch == 2 { Direction::Stop } else { Direction::Continue }
        }
    }

    #[test]
    fn outcomes_reach_the_steer_in_dispatch_order_and_its_stop_lasts() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut order = InOrder::new(Box::new(Seen(Arc::clone(&seen))), 0);
        let outcome = |dispatch| {
            let key = EpisodeKey { scenario: "a".into(), variant: "".into(), endpoint: "e".into(), trial: 1 };
            Some(Outcome { dispatch, key, passed: Some(true), cost: None })
        };
        assert_eq!(order.take(2, outcome(2)), Direction::Continue);
        assert_eq!(order.take(1, None), Direction::Continue);
        assert_eq!(order.take(0, outcome(0)), Direction::Stop);
        assert_eq!(order.take(3, outcome(3)), Direction::Stop);
        assert_eq!(*seen.lock().unwrap(), [0, 2, 3]);
    }
}

//! Adaptive concurrency: how many requests may be under way at once.

/// A window that is halved when the provider throttles and grows while it answers (AIMD).
///
/// It begins at the limit, once that is set, and never exceeds it; it is never below 1, so that something always
/// goes on.
#[derive(Debug, Default)]
pub(super) struct Window {
    limit: f64,
    size: f64,
    under_way: u64,
    /// The most that were under way at once in this round.
    peak: u64,
    /// Requests sent so far: the number of the next one.
    sent: u64,
    /// The number of the first request of this round, which began when the window was last halved.
    round: u64,
}

impl Window {
    /// Sets another limit. By what it rises the window grows too.
    pub(super) fn set_limit(&mut self, limit: f64) {
        let limit = limit.max(1.0);
        self.size = (self.size + (limit - self.limit).max(0.0)).clamp(1.0, limit);
        self.limit = limit;
    }

    /// Whether another request may be sent.
    #[allow(clippy::cast_precision_loss, reason = "a count of open requests")]
    pub(super) fn has_room(&self) -> bool {
        (self.under_way + 1) as f64 <= self.size.max(1.0)
    }

    /// Takes a place for a request, and gives it its number.
    pub(super) fn enter(&mut self) -> u64 {
        self.under_way += 1;
        self.peak = self.peak.max(self.under_way);
        self.sent += 1;
        self.sent - 1
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// The provider answered: the window grows by one when all of its requests are answered.
    pub(super) fn grow(&mut self) {
        self.size = (self.size + 1.0 / self.size.max(1.0)).min(self.limit);
    }

    /// The provider throttled a request. What was sent before the window was last halved says nothing
    /// about the window as it is now, and changes nothing. Of a window that was not filled, half of
    /// what was under way at most is left. Returns whether the window was halved.
    #[allow(clippy::cast_precision_loss, reason = "a count of open requests")]
    pub(super) fn shrink(&mut self, number: u64) -> bool {
        if number < self.round {
            return false;
        }
        self.size = (self.size.min(self.peak as f64) / 2.0).max(1.0);
        self.round = self.sent;
        self.peak = self.under_way;
        true
    }

    /// How many requests are under way.
    pub(super) fn under_way(&self) -> u64 {
        self.under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn window(limit: f64) -> Window {
        let mut window = Window::default();
        window.set_limit(limit);
        window
    }

    #[test]
    fn the_window_begins_at_the_limit_and_is_halved_once_for_a_round_of_throttling() {
        let mut window = window(16.0);
        let numbers: Vec<u64> = (0..16).map(|_| window.enter()).collect();
        assert!(!window.has_room());
        assert!(window.shrink(numbers[3]));
        for number in &numbers {
            assert!(!window.shrink(*number), "it was sent before the window was halved");
            window.leave();
        }
        assert!((window.size - 8.0).abs() < 1e-9);
        let next = window.enter();
        assert!(window.shrink(next));
    }

    #[test]
    fn what_was_under_way_is_halved_where_the_window_was_never_filled() {
        let mut window = window(1000.0);
        let numbers: Vec<u64> = (0..10).map(|_| window.enter()).collect();
        window.shrink(numbers[0]);
        assert!((window.size - 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_window_whose_requests_are_all_answered_grows_by_about_one() {
        let mut window = window(100.0);
        for number in (0..20).map(|_| window.enter()).collect::<Vec<_>>() {
            window.shrink(number);
        }
        for _ in 0..10 {
            window.grow();
        }
        assert!((10.9..=11.0).contains(&window.size), "{}", window.size);
    }

    #[test]
    fn another_endpoint_of_the_account_adds_its_limit_and_takes_it_away_again() {
        let mut window = window(8.0);
        window.set_limit(16.0);
        assert!((window.size - 16.0).abs() < 1e-9);
        window.set_limit(8.0);
        assert!((window.size - 8.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_window_stays_between_one_and_its_limit(
            limit in 1_u32..200, outcomes in proptest::collection::vec((0_u8..4, any::<prop::sample::Index>()), 0..400),
        ) {
            let limit = f64::from(limit);
            let mut window = window(limit);
            let mut open = Vec::new();
            for (outcome, which) in outcomes {
                if window.has_room() {
                    open.push(window.enter());
                }
                #[allow(clippy::cast_precision_loss)]
                let under_way = open.len() as f64;
                prop_assert!(under_way <= limit);
                prop_assert!(!open.is_empty(), "there is always room for one");
                if outcome > 0 {
                    let number = open.swap_remove(which.index(open.len()));
                    window.leave();
                    match outcome {
                        1 => window.grow(),
                        2 => { window.shrink(number); }
                        _ => {}
                    }
                }
                prop_assert!(window.size >= 1.0 && window.size <= limit, "{}", window.size);
            }
        }
    }
}

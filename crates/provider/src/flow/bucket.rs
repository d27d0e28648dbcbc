//! A token bucket: so much in a minute, evenly.

use std::time::Duration;
use tokio::time::Instant;

/// What a bucket may lack of a need and still cover it: sums of fractions are never exact.
const SLACK: f64 = 1e-6;

/// A bucket that fills evenly and holds a tenth of a minute's worth, at least 1.
///
/// Full, and filling for a minute, it gives no more than a minute's worth: what it holds at first is taken
/// off what flows in. A need that is larger than the bucket is served when the bucket is full, and what
/// is owed then must flow in before the next.
#[derive(Debug)]
pub(super) struct Bucket {
    per_minute: u64,
    /// What it can hold.
    burst: f64,
    per_second: f64,
    level: f64,
    /// When the level was that.
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    #[allow(clippy::cast_precision_loss, reason = "no rate is beyond 2^52")]
    pub(super) fn new(per_minute: u64, now: Instant) -> Self {
        let rate = per_minute.max(1) as f64;
        let burst = (rate / 10.0).max(1.0);
        Self { per_minute, burst, per_second: (rate + 1.0 - burst) / 60.0, level: burst, at: now }
    }

    /// What it was made for.
    pub(super) fn per_minute(&self) -> u64 {
        self.per_minute
    }

    /// When it will cover a need; `None` where it does now.
    pub(super) fn wait(&mut self, need: f64, now: Instant) -> Option<Instant> {
        self.fill(now);
        let lacking = need.min(self.burst) - self.level;
        // A bucket that owes much is looked at again after an hour.
        (lacking > SLACK).then(|| now + Duration::from_secs_f64((lacking / self.per_second).min(3600.0)))
    }

    /// Takes what `wait` said is there.
    pub(super) fn take(&mut self, need: f64) {
        self.level -= need;
    }

    /// Puts back what was taken and not needed; a negative amount was needed beyond what was taken. More than a
    /// minute's worth is never owed, whatever a server says was used.
    pub(super) fn put_back(&mut self, amount: f64, now: Instant) {
        self.fill(now);
        self.level = (self.level + amount).clamp(-60.0 * self.per_second, self.burst);
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.burst);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_holds_a_tenth_of_a_minute_and_fills_evenly() {
        let begin = Instant::now();
        let mut bucket = Bucket::new(60, begin);
        for _ in 0..6 {
            assert_eq!(bucket.wait(1.0, begin), None);
            bucket.take(1.0);
        }
        let wait = bucket.wait(1.0, begin).unwrap() - begin;
        assert!((wait.as_secs_f64() - 60.0 / 55.0).abs() < 1e-6, "{wait:?}");
        assert_eq!(bucket.wait(1.0, begin + wait), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_need_beyond_the_bucket_is_served_when_it_is_full_and_owed_afterwards() {
        let begin = Instant::now();
        let mut bucket = Bucket::new(600, begin);
        assert_eq!(bucket.wait(300.0, begin), None);
        bucket.take(300.0);
        let wait = (bucket.wait(1.0, begin).unwrap() - begin).as_secs_f64();
        assert!((25.0..30.0).contains(&wait), "{wait}");
        bucket.put_back(290.0, begin);
        assert_eq!(bucket.wait(1.0, begin), None);
        bucket.put_back(1e9, begin);
        assert!(bucket.level <= bucket.burst);
    }

    proptest! {
        #[test]
        fn no_minute_sees_more_requests_than_its_figure(
            per_minute in 1_u64..500, steps in proptest::collection::vec(0_u64..4000, 1..400),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let _inside = runtime.enter();
            let begin = Instant::now();
            let mut bucket = Bucket::new(per_minute, begin);
            let mut now = begin;
            let mut sent: Vec<Instant> = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                while bucket.wait(1.0, now).is_none() {
                    bucket.take(1.0);
                    sent.push(now);
                }
            }
            for (first, beyond) in sent.iter().zip(sent.iter().skip(per_minute as usize)) {
                prop_assert!(*beyond - *first > Duration::from_millis(59_999));
            }
        }

        #[test]
        fn what_is_taken_stays_below_rate_and_burst_whatever_is_put_back(
            per_minute in 1_u64..100_000,
            steps in proptest::collection::vec((0_u64..4000, 1_u32..20_000, 0_u32..30_000), 1..200),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let _inside = runtime.enter();
            let begin = Instant::now();
            let mut bucket = Bucket::new(per_minute, begin);
            let (mut now, mut spent, mut largest) = (begin, 0.0, 0.0_f64);
            for (step, need, actual) in steps {
                now += Duration::from_millis(step);
                let (need, actual) = (f64::from(need), f64::from(actual));
                largest = largest.max(need.max(actual));
                if bucket.wait(need, now).is_none() {
                    // What is used beyond a minute's worth is not owed, so it is not counted.
                    let before = bucket.level;
                    bucket.take(need);
                    bucket.put_back(need - actual, now);
                    spent += before - bucket.level;
                }
                let bound = bucket.burst.max(largest) + largest + bucket.per_second * (now - begin).as_secs_f64();
                prop_assert!(spent <= bound + 0.01, "{spent} > {bound}");
                prop_assert!(bucket.level <= bucket.burst);
            }
        }
    }
}

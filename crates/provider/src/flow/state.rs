//! What is known of an account.

use super::Limits;
use super::bucket::Bucket;
use super::quota::Belief;
use super::window::Window;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// An account: who uses it, how much may be sent, who waits.
#[derive(Debug, Default)]
pub(super) struct State {
    members: BTreeMap<u64, Limits>,
    pub(super) window: Window,
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
    paused_until: Option<Instant>,
    /// Since when the account has done nothing but throttle.
    pub(super) throttling_since: Option<Instant>,
    pub(super) belief: Belief,
    /// Those who wait, in order. Only the first may pass, and it is woken when that may have changed.
    pub(super) queue: BTreeMap<u64, Arc<Notify>>,
    /// The next number of a member or of one who waits.
    next: u64,
}

/// Why the first in line may not pass.
pub(super) enum Closed {
    /// Until then, unless something happens before.
    Until(Instant),
    /// Until a request ends.
    Full,
}

impl State {
    /// A number that no member and no one who waits has had.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Adds an endpoint with its limits.
    pub(super) fn join(&mut self, limits: Limits) -> u64 {
        let id = self.number();
        self.members.insert(id, limits);
        self.apply_limits();
        id
    }

    /// Takes an endpoint away again.
    pub(super) fn part(&mut self, id: u64) {
        self.members.remove(&id);
        self.apply_limits();
    }

    /// Makes of the members' limits those of the account. When the last has gone they stay.
    fn apply_limits(&mut self) {
        if self.members.is_empty() {
            return;
        }
        let members = self.members.values();
        self.window.set_limit(members.clone().map(|m| f64::from(m.concurrency.unwrap_or(u32::MAX))).sum());
        let now = Instant::now();
        let renew = |bucket: &mut Option<Bucket>, rate: Option<u64>| {
            if bucket.as_ref().map(Bucket::per_minute) != rate {
                *bucket = rate.map(|rate| Bucket::new(rate, now));
            }
        };
        renew(&mut self.requests, members.clone().filter_map(|m| m.requests_per_minute.map(u64::from)).min());
        renew(&mut self.tokens, members.filter_map(|m| m.tokens_per_minute).min());
        self.wake();
    }

    /// Wakes the first in line.
    pub(super) fn wake(&self) {
        if let Some((_, first)) = self.queue.first_key_value() {
            first.notify_one();
        }
    }

    /// What a request is taken to need of the bucket of tokens.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    fn need(&self, tokens: u64) -> f64 {
        self.tokens.as_ref().map_or(0.0, |bucket| tokens.min(bucket.per_minute()) as f64)
    }

    /// Lets one request pass, if nothing stands in its way.
    pub(super) fn pass(&mut self, tokens: u64, now: Instant) -> Result<(u64, f64), Closed> {
        if let Some(until) = self.paused_until {
            if until > now {
                return Err(Closed::Until(until));
            }
            self.paused_until = None;
        }
        if !self.window.has_room() {
            return Err(Closed::Full);
        }
        let need = self.need(tokens);
        let waits = [
            self.requests.as_mut().and_then(|bucket| bucket.wait(1.0, now)),
            self.tokens.as_mut().and_then(|bucket| bucket.wait(need, now)),
        ];
        if let Some(until) = waits.into_iter().flatten().max() {
            return Err(Closed::Until(until));
        }
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(need);
        }
        Ok((self.window.enter(), need))
    }

    /// Lets nobody pass for so long.
    pub(super) fn pause(&mut self, wait: Duration, now: Instant) {
        self.paused_until = self.paused_until.max(Some(now + wait));
    }
}

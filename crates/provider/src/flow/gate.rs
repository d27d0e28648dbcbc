//! The gate before an account: who passes, who waits, and what is learnt from those who come back.

use super::lock;
use super::quota::Said;
use super::state::{Closed, State};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// What is known of an account, and the gate before it.
#[derive(Debug, Default)]
pub(crate) struct Account(Mutex<State>);

/// The account did nothing but throttle while a request waited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Throttled;

impl Account {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    /// Lets a request pass at once, if it may.
    pub(crate) fn try_enter(&self, tokens: u64) -> Option<Pass<'_>> {
        let mut state = self.state();
        if !state.queue.is_empty() {
            return None;
        }
        let (number, need) = state.pass(tokens, Instant::now()).ok()?;
        Some(self.passed(number, need, &state))
    }

    /// Lets a request pass in its turn. Dropping the future leaves the line.
    pub(crate) async fn enter(&self, tokens: u64, patience: Duration) -> Result<Pass<'_>, Throttled> {
        let (mut waiting, began) = (self.line_up(), Instant::now());
        loop {
            let until = match self.look(&mut waiting, tokens, began, patience) {
                Looked::Passed(pass) => return Ok(pass),
                Looked::GaveUp => return Err(Throttled),
                Looked::Waits(until) => until,
            };
            tokio::select! {
                () = waiting.woken.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    fn line_up(&self) -> Waiting<'_> {
        let mut state = self.state();
        let (number, woken) = (state.number(), Arc::new(Notify::new()));
        state.queue.insert(number, Arc::clone(&woken));
        Waiting { account: self, number, woken }
    }

    /// Whether one who waits may pass now; else, until when it need not look again unless it is woken.
    fn look(&self, waiting: &mut Waiting<'_>, tokens: u64, began: Instant, patience: Duration) -> Looked<'_> {
        let now = Instant::now();
        let mut state = self.state();
        // Others look now and then only whether to give up.
        let mut until = now + patience;
        if state.queue.first_key_value().is_some_and(|(first, _)| *first == waiting.number) {
            match state.pass(tokens, now) {
                Ok((number, need)) => {
                    state.queue.remove(&waiting.number);
                    state.wake();
                    return Looked::Passed(self.passed(number, need, &state));
                }
                Err(Closed::Until(moment)) => until = until.min(moment),
                Err(Closed::Full) => {}
            }
        }
        if let Some(since) = state.throttling_since {
            let gives_up = since.max(began) + patience;
            if now >= gives_up {
                return Looked::GaveUp;
            }
            until = until.min(gives_up);
        }
        Looked::Waits(until)
    }

    fn passed(&self, number: u64, need: f64, state: &State) -> Pass<'_> {
        Pass { account: self, number, need, among: state.window.under_way(), open: true }
    }
}

enum Looked<'a> {
    Passed(Pass<'a>),
    GaveUp,
    Waits(Instant),
}

/// A place in the line.
struct Waiting<'a> {
    account: &'a Account,
    number: u64,
    woken: Arc<Notify>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.account.state();
        // It may have been woken in vain: then the next one must be.
        if state.queue.remove(&self.number).is_some() {
            state.wake();
        }
    }
}

/// What a request that passed came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It never reached the provider.
    Unsent,
    /// The provider answered, and be it to refuse.
    Answered,
    /// The provider throttles. The server asks for a wait, or the request would wait so long by itself.
    Throttled { asked: Option<Duration>, wait: Option<Duration> },
    /// It failed in a way that says nothing about the account.
    Failed,
}

/// A request under way. Dropped, it gives its place back, and what it needed counts as used.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    account: &'a Account,
    number: u64,
    need: f64,
    among: u64,
    open: bool,
}

impl Pass<'_> {
    /// How many requests of the account were under way when it began, itself included.
    pub(crate) fn among(&self) -> u64 {
        self.among
    }

    /// Ends it: with its outcome, the tokens it used as far as they are known, and what the response's
    /// headers said is left.
    #[allow(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
    pub(crate) fn end(mut self, outcome: Outcome, used: Option<u64>, said: Option<&Said>) {
        self.open = false;
        let now = Instant::now();
        let mut state = self.account.state();
        state.window.leave();
        let mut used = used.map(|tokens| tokens as f64);
        match outcome {
            Outcome::Unsent => {
                used = Some(0.0);
                if let Some(bucket) = &mut state.requests {
                    bucket.put_back(1.0, now);
                }
            }
            Outcome::Answered => {
                state.throttling_since = None;
                state.window.grow();
            }
            Outcome::Throttled { asked, wait } => {
                state.throttling_since.get_or_insert(now);
                let news = state.window.shrink(self.number);
                // A wait of its own is a guess: that of the first in a round will do for all.
                if let Some(wait) = asked.or(wait.filter(|_| news)) {
                    state.pause(wait, now);
                }
            }
            Outcome::Failed => state.throttling_since = None,
        }
        if let (Some(used), Some(bucket)) = (used, &mut state.tokens) {
            bucket.put_back(self.need - used, now);
        }
        if let Some(wait) = said.and_then(|said| state.belief.take(said)) {
            state.pause(wait, now);
        }
        state.wake();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.open {
            let mut state = self.account.state();
            state.window.leave();
            state.wake();
        }
    }
}

//! Flow control: how many requests are sent, and when.
//!
//! All endpoints of one account (one host, key variable and model) share what is known of it. Each request
//! passes one gate, in the order in which the requests came:
//!
//! - **Adaptive concurrency.** At most a window's worth of requests is under way. The window begins at the
//!   user's limit (the endpoint's `concurrency`; those of all endpoints of the account added up), so that
//!   nothing slows what the provider takes. When the provider throttles (429, 529, or a 503 that says it is
//!   overloaded) the window is halved, or half of what was under way is left where that is less; once for
//!   all requests sent before. Every answer makes it grow again by one over its size. It never exceeds the
//!   limit, and never falls below 1.
//! - **Rates.** `requests_per_minute` and `tokens_per_minute` are token buckets that fill evenly and hold a tenth
//!   of a minute's worth, so that no minute sees more requests than its figure. A request is taken to need
//!   a token for every four bytes of its body, and its `max_tokens`, or [1024](DEFAULT_OUTPUT) where it has
//!   none, but no more than a minute's worth; its actual usage corrects that. Where endpoints of one account
//!   have different rates, the lowest holds for all.
//! - **Pauses.** When one request is throttled, all wait: as long as the server asks (`retry-after-ms`,
//!   `retry-after`), at most 120 s, else as long as that request itself waits before it is sent again. A quota that
//!   the server's headers show to be used up (`x-ratelimit-remaining-requests: 0` and its kin) is waited for until its
//!   reset, at most 120 s, unless the server has never shown more than zero.
//!
//! Waiting at the gate is not the provider's time: it does not count against `timeout_seconds.total`, ends with
//! the episode's deadline or a cancellation, and is measured in `waited_ms`. A request gives up at the gate when it has
//! waited for that total and the account did nothing but throttle all that time. Nothing here is
//! random: what a run waits follows from what its provider does.

mod bucket;
mod quota;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use quota::Said;

use bucket::Bucket;
use quota::Belief;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use window::Window;

/// The output tokens that a request without a `max_tokens` is taken to need.
pub const DEFAULT_OUTPUT: u64 = 1024;

/// What requests have in common that a provider limits together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey {
    /// Host, and port where it is given.
    pub(crate) host: String,
    /// The variables of the environment that hold keys.
    pub(crate) keys: Vec<String>,
    pub(crate) model: String,
}

/// What the user allows an endpoint; `None` where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) concurrency: Option<u32>,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) tokens_per_minute: Option<u64>,
}

/// The accounts of a transport.
#[derive(Debug, Default)]
pub(crate) struct Accounts(Mutex<HashMap<AccountKey, Arc<Account>>>);

impl Accounts {
    /// Lets an endpoint use an account.
    pub(crate) fn join(&self, key: AccountKey, limits: Limits) -> Member {
        let account = Arc::clone(lock(&self.0).entry(key).or_default());
        let id = account.state().join(limits);
        Member { account, id }
    }
}

/// An endpoint's part in an account, until it is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    account: Arc<Account>,
    id: u64,
}

impl std::ops::Deref for Member {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.account.state();
        state.members.remove(&self.id);
        state.apply_limits();
    }
}

/// What is known of an account, and the gate before it.
#[derive(Debug, Default)]
pub(crate) struct Account(Mutex<State>);

#[derive(Debug)]
struct State {
    members: BTreeMap<u64, Limits>,
    window: Window,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    paused_until: Option<Instant>,
    /// Since when the account has done nothing but throttle.
    throttling_since: Option<Instant>,
    belief: Belief,
    /// Those who wait, in order. Only the first may pass, and it is woken when that may have changed.
    queue: BTreeMap<u64, Arc<Notify>>,
    /// The next number of a member or of one who waits.
    next: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            window: Window::new(),
            requests: None,
            tokens: None,
            paused_until: None,
            throttling_since: None,
            belief: Belief::default(),
            queue: BTreeMap::new(),
            next: 0,
        }
    }
}

/// Why the first in line may not pass.
enum Closed {
    /// Until then, unless something happens before.
    Until(Instant),
    /// Until a request ends.
    Full,
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    fn join(&mut self, limits: Limits) -> u64 {
        let id = self.number();
        self.members.insert(id, limits);
        self.apply_limits();
        id
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
    fn wake(&self) {
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
    fn pass(&mut self, tokens: u64, now: Instant) -> Result<(u64, f64), Closed> {
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

    fn pause(&mut self, wait: Duration, now: Instant) {
        self.paused_until = self.paused_until.max(Some(now + wait));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The account did nothing but throttle while a request waited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Throttled;

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
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
            Outcome::Failed => {}
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

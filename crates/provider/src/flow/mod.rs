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
//!   `retry-after`, or in the body), at most 120 s, else as long as that request itself waits before it is sent again. A quota that
//!   the server's headers show to be used up (`x-ratelimit-remaining-requests: 0` and its kin) is waited for until its
//!   reset, at most 120 s, unless the server has never shown more than zero.
//!
//! Waiting at the gate is not the provider's time: it does not count against `timeout_seconds.total`, ends with
//! the episode's deadline or a cancellation, and is measured in `waited_ms`. A request gives up at the gate when it has
//! waited for that total and the account did nothing but throttle all that time. Nothing here is
//! random: what a run waits follows from what its provider does.

mod bucket;
mod gate;
mod quota;
mod state;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use gate::{Account, Outcome, Pass};
pub(crate) use quota::Said;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        self.account.state().part(self.id);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

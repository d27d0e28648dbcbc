//! What a few calls outside of a run may spend.

use crate::suite::Budget;
use async_trait::async_trait;
use mocktrial_provider::{Exhausted, Meter, Spend, Ticket};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// A hard bound that lives as long as the command: what does not fit is not sent. Nothing is journalled,
/// since nothing is resumed.
#[derive(Debug)]
pub struct Purse {
    budget: Budget,
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// What is spent, and what open tickets may spend.
    cost: f64,
    tokens: u64,
    open: HashMap<u64, Spend>,
    next: u64,
    exhausted: Option<String>,
}

impl Purse {
    /// A purse of so much; what is `None` is not bounded.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, state: Mutex::default(), settled: Notify::new() }
    }

    /// Why it refused a call, once it has.
    #[must_use]
    pub fn exhausted(&self) -> Option<String> {
        self.state().exhausted.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves; `None` where it would fit if open calls gave back what they hold.
    fn try_reserve(&self, bound: Spend) -> Result<Option<Ticket>, Exhausted> {
        let mut state = self.state();
        match self.fits(&state, bound) {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(why) => {
                state.exhausted.get_or_insert_with(|| why.clone());
                return Err(Exhausted(why));
            }
        }
        state.cost += bound.cost.unwrap_or(0.0);
        state.tokens = state.tokens.saturating_add(bound.tokens.unwrap_or(0));
        state.next += 1;
        let ticket = state.next;
        state.open.insert(ticket, bound);
        Ok(Some(Ticket(ticket)))
    }

    /// Whether it fits now; an error where it never will.
    fn fits(&self, state: &State, bound: Spend) -> Result<bool, String> {
        let mut now = true;
        if let Some(cap) = self.budget.cost {
            let next = bound.cost.ok_or("nobody knows what this call may cost")?;
            let held: f64 = state.open.values().filter_map(|open| open.cost).sum();
            let over = |spent: f64| spent + next > cap + 1e-12;
            if over(state.cost - held) {
                let spent = state.cost - held;
                return Err(format!("${spent:.6} of ${cap:.6} are spent, and it may cost ${next:.6}"));
            }
            now &= !over(state.cost);
        }
        if let Some(cap) = self.budget.tokens {
            let next = bound.tokens.ok_or("nothing bounds the tokens of this call")?;
            let held: u64 = state.open.values().filter_map(|open| open.tokens).fold(0, u64::saturating_add);
            let over = |used: u64| used.saturating_add(next) > cap;
            let used = state.tokens.saturating_sub(held);
            if over(used) {
                return Err(format!("{used} of {cap} tokens are used, and it may take {next}"));
            }
            now &= !over(state.tokens);
        }
        Ok(now)
    }
}

#[async_trait]
impl Meter for Purse {
    async fn reserve(&self, bound: Spend) -> Result<Ticket, Exhausted> {
        loop {
            // Registered before it is tried, so that nothing settled in between is missed.
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if let Some(ticket) = self.try_reserve(bound)? {
                return Ok(ticket);
            }
            settled.await;
        }
    }

    fn settle(&self, ticket: Ticket, actual: Option<Spend>) {
        let mut state = self.state();
        let Some(bound) = state.open.remove(&ticket.0) else { return };
        let actual = actual.unwrap_or_default();
        state.cost += actual.cost.or(bound.cost).unwrap_or(0.0) - bound.cost.unwrap_or(0.0);
        let reserved = bound.tokens.unwrap_or(0);
        state.tokens = state.tokens.saturating_sub(reserved).saturating_add(actual.tokens.unwrap_or(reserved));
        drop(state);
        self.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(cost: f64, tokens: u64) -> Spend {
        Spend { tokens: Some(tokens), cost: Some(cost) }
    }

    #[tokio::test]
    async fn what_does_not_fit_is_not_sent_and_what_was_not_spent_comes_back() {
        let purse = Purse::new(Budget { cost: Some(1.0), tokens: Some(100) });
        let first = purse.reserve(spend(0.9, 10)).await.unwrap();
        assert!(purse.reserve(spend(1.1, 10)).await.is_err());
        purse.settle(first, Some(spend(0.1, 5)));
        let second = purse.reserve(spend(0.9, 10)).await.unwrap();
        // Nobody knows what a lost request spent: its bound stands.
        purse.settle(second, None);
        assert!(purse.reserve(spend(0.1, 10)).await.is_err());
        assert!(purse.reserve(spend(0.0, 86)).await.is_err());
        assert!(purse.reserve(spend(0.0, 85)).await.is_ok());
    }

    #[tokio::test]
    async fn a_call_waits_for_what_an_open_one_may_give_back_and_is_refused_once_that_is_spent() {
        let purse = std::sync::Arc::new(Purse::new(Budget { cost: Some(1.0), tokens: Some(100) }));
        let first = purse.reserve(spend(0.9, 10)).await.unwrap();
        let waiting = tokio::spawn({
            let purse = std::sync::Arc::clone(&purse);
            async move { purse.reserve(spend(0.5, 10)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && purse.exhausted().is_none());
        purse.settle(first, Some(spend(0.1, 5)));
        let second = waiting.await.unwrap().unwrap();
        purse.settle(second, None);
        assert!(purse.reserve(spend(0.5, 10)).await.is_err());
        assert!(purse.exhausted().is_some_and(|why| why.contains("$0.600000 of $1.000000 are spent")));
    }

    #[tokio::test]
    async fn what_nothing_bounds_fits_only_where_there_is_no_cap() {
        let capped = Purse::new(Budget { cost: Some(1.0), tokens: None });
        assert!(capped.reserve(Spend { tokens: Some(1), cost: None }).await.is_err());
        let free = Purse::new(Budget::default());
        assert!(free.reserve(Spend::default()).await.is_ok());
    }
}

//! What a few calls outside of a run may spend.

use crate::suite::Budget;
use async_trait::async_trait;
use mocktrial_provider::{Exhausted, Meter, Spend, Ticket};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A hard bound that lives as long as the command: what does not fit is not sent. Nothing is journalled,
/// since nothing is resumed.
#[derive(Debug)]
pub struct Purse {
    budget: Budget,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What is spent, and what open tickets may spend.
    cost: f64,
    tokens: u64,
    open: HashMap<u64, Spend>,
    next: u64,
}

impl Purse {
    /// A purse of so much; what is `None` is not bounded.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, state: Mutex::default() }
    }
}

#[async_trait]
impl Meter for Purse {
    async fn reserve(&self, bound: Spend) -> Result<Ticket, Exhausted> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cap) = self.budget.cost {
            let next = bound.cost.ok_or_else(|| Exhausted("nobody knows what this call may cost".into()))?;
            if state.cost + next > cap + 1e-12 {
                let text = format!("${:.6} of ${cap:.6} are spent, and it may cost ${next:.6}", state.cost);
                return Err(Exhausted(text));
            }
        }
        if let Some(cap) = self.budget.tokens {
            let next = bound.tokens.ok_or_else(|| Exhausted("nothing bounds the tokens of this call".into()))?;
            if state.tokens.saturating_add(next) > cap {
                return Err(Exhausted(format!("{} of {cap} tokens are used, and it may take {next}", state.tokens)));
            }
        }
        state.cost += bound.cost.unwrap_or(0.0);
        state.tokens = state.tokens.saturating_add(bound.tokens.unwrap_or(0));
        state.next += 1;
        let ticket = state.next;
        state.open.insert(ticket, bound);
        Ok(Ticket(ticket))
    }

    fn settle(&self, ticket: Ticket, actual: Option<Spend>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bound) = state.open.remove(&ticket.0) else { return };
        let actual = actual.unwrap_or_default();
        state.cost += actual.cost.or(bound.cost).unwrap_or(0.0) - bound.cost.unwrap_or(0.0);
        let reserved = bound.tokens.unwrap_or(0);
        state.tokens = state.tokens.saturating_sub(reserved).saturating_add(actual.tokens.unwrap_or(reserved));
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
        assert!(purse.reserve(spend(0.2, 10)).await.is_err());
        purse.settle(first, Some(spend(0.1, 5)));
        let second = purse.reserve(spend(0.9, 10)).await.unwrap();
        // Nobody knows what a lost request spent: its bound stands.
        purse.settle(second, None);
        assert!(purse.reserve(spend(0.1, 10)).await.is_err());
        assert!(purse.reserve(spend(0.0, 86)).await.is_err());
        assert!(purse.reserve(spend(0.0, 85)).await.is_ok());
    }

    #[tokio::test]
    async fn what_nothing_bounds_fits_only_where_there_is_no_cap() {
        let capped = Purse::new(Budget { cost: Some(1.0), tokens: None });
        assert!(capped.reserve(Spend { tokens: Some(1), cost: None }).await.is_err());
        let free = Purse::new(Budget::default());
        assert!(free.reserve(Spend::default()).await.is_ok());
    }
}

//! Hard bounds on what a run may spend.
//!
//! Every attempt on the wire reserves the most it can cost and settles what it did cost. Money that
//! is reserved cannot be reserved again, so the sum of all requests, retries included, never
//! exceeds the budget. A request that does not fit *now*, because others are still open, waits for
//! them; one that could not fit even if they all cost nothing is refused, and the run ends.
//!
//! What may have been spent must survive a kill. Journalling every request would cost a disk write
//! each, so the ledger journals *allowances*: slices of the budget, written to disk before any
//! request draws on them. A resumed run counts the allowances of a killed one as spent in full.

use crate::suite::Budget;
use async_trait::async_trait;
use mocktrial_provider::{Exhausted, Meter, Spend, Ticket};
use mocktrial_store::{Store, StoreError};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The slice of the budget that one allowance takes at least.
const SLICE: f64 = 0.02;

/// What a run has spent, may be spending, and may still spend.
pub struct Ledger {
    budget: Budget,
    store: Arc<dyn Store>,
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    open: HashMap<u64, Amount>,
    reserved: Amount,
    spent: Amount,
    /// What earlier processes spent, or may have spent.
    before: Amount,
    /// What is journalled as possibly spent by this process.
    allowed: Amount,
    allowances: Vec<u64>,
    exhausted: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Amount {
    tokens: u64,
    cost: f64,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(other.tokens), cost: self.cost + other.cost }
    }

    fn minus(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(other.tokens), cost: (self.cost - other.cost).max(0.0) }
    }
}

impl Ledger {
    /// A ledger over a run: what its journal says was, or may have been, spent is gone, and so is
    /// what its episodes are known to have spent while it had no budget and kept no journal.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn open(budget: Budget, store: Arc<dyn Store>) -> Result<Arc<Self>, StoreError> {
        let spent = store.spent()?;
        let mut known = Amount::default();
        store.each_row(&mut |row| {
            if !row.replayed {
                let tokens = row.usage.map_or(0, |usage| usage.total());
                known = known.plus(Amount { tokens, cost: row.cost.unwrap_or(0.0) });
            }
            ControlFlow::Continue(())
        })?;
        let before = Amount {
            tokens: spent.settled.tokens.saturating_add(spent.unsettled.tokens).max(known.tokens),
            cost: (spent.settled.cost + spent.unsettled.cost).max(known.cost),
        };
        let state = Mutex::new(State { before, ..State::default() });
        Ok(Arc::new(Self { budget, store, state, settled: Notify::new() }))
    }

    /// Why the budget refused a request, once it has.
    #[must_use]
    pub fn exhausted(&self) -> Option<String> {
        self.state().exhausted.clone()
    }

    /// Settles the allowances: what was not drawn is given back to a later resume.
    pub fn close(&self) {
        let mut state = self.state();
        let mut left = self.capped(state.spent.plus(state.reserved));
        for allowance in std::mem::take(&mut state.allowances) {
            self.store.settle(allowance, mocktrial_store::Spend { cost: left.cost, tokens: left.tokens });
            left = Amount::default();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves, or says that others must settle first.
    fn try_reserve(&self, bound: Amount) -> Result<Option<Ticket>, Exhausted> {
        let mut state = self.state();
        let gone = state.before.plus(state.spent);
        if let Some(why) = self.over(gone.plus(bound), gone, bound) {
            state.exhausted.get_or_insert_with(|| why.clone());
            return Err(Exhausted(why));
        }
        let drawn = state.spent.plus(state.reserved).plus(bound);
        if self.over(state.before.plus(drawn), gone, bound).is_some() {
            return Ok(None);
        }
        self.allow(&mut state, drawn)?;
        state.next += 1;
        let ticket = state.next;
        state.open.insert(ticket, bound);
        state.reserved = state.reserved.plus(bound);
        Ok(Some(Ticket(ticket)))
    }

    /// An amount without what the budget does not cap.
    fn capped(&self, amount: Amount) -> Amount {
        Amount {
            tokens: self.budget.tokens.map_or(0, |_| amount.tokens),
            cost: self.budget.cost.map_or(0.0, |_| amount.cost),
        }
    }

    fn over(&self, total: Amount, gone: Amount, bound: Amount) -> Option<String> {
        let Budget { cost, tokens } = self.budget;
        if let Some(cap) = cost.filter(|cap| total.cost > cap + 1e-12) {
            return Some(format!(
                "the budget of ${cap} is spent up to ${:.6}, and the next request may cost ${:.6}",
                gone.cost, bound.cost
            ));
        }
        tokens.filter(|cap| total.tokens > *cap).map(|cap| {
            format!(
                "the budget of {cap} tokens is used up to {}, and the next request may take {}",
                gone.tokens, bound.tokens
            )
        })
    }

    /// Makes sure that `drawn` is journalled as possibly spent, as far as the budget caps it.
    fn allow(&self, state: &mut State, drawn: Amount) -> Result<(), Exhausted> {
        let missing = self.capped(drawn).minus(state.allowed);
        if missing == Amount::default() {
            return Ok(());
        }
        // A slice at a time, so that the journal is written some fifty times and not at every request;
        // only of what runs short, so that one cap does not eat up the other's allowance.
        let slice = |cap: f64, used: f64, missing: f64| {
            if missing > 0.0 { missing.max(cap * SLICE).min((cap - used).max(missing)) } else { 0.0 }
        };
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a slice may be rounded"
        )]
        let next = Amount {
            cost: self.budget.cost.map_or(0.0, |cap| slice(cap, state.before.cost + state.allowed.cost, missing.cost)),
            tokens: self.budget.tokens.map_or(0, |cap| {
                let used = state.before.tokens.saturating_add(state.allowed.tokens);
                slice(cap as f64, used as f64, missing.tokens as f64).ceil() as u64
            }),
        };
        let spend = mocktrial_store::Spend { cost: next.cost, tokens: next.tokens };
        let journalled = self.store.reserve("run", spend, None).and_then(|id| self.store.flush().map(|()| id));
        let id = journalled.map_err(|e| Exhausted(format!("the budget's journal cannot be written: {e}")))?;
        state.allowances.push(id);
        state.allowed = state.allowed.plus(next);
        Ok(())
    }
}

#[async_trait]
impl Meter for Ledger {
    async fn reserve(&self, bound: Spend) -> Result<Ticket, Exhausted> {
        let needs =
            |what| Exhausted(format!("the run has a budget of {what}, and nothing bounds what this request may take"));
        let tokens = match (self.budget.tokens, bound.tokens) {
            (Some(_), None) => return Err(needs("tokens")),
            (_, tokens) => tokens.unwrap_or(0),
        };
        let cost = match (self.budget.cost, bound.cost) {
            (Some(_), None) => return Err(needs("dollars")),
            (_, cost) => cost.unwrap_or(0.0),
        };
        loop {
            let notified = self.settled.notified();
            tokio::pin!(notified);
            // Registered before the look, so that a settlement in between is not missed.
            notified.as_mut().enable();
            if let Some(ticket) = self.try_reserve(Amount { tokens, cost })? {
                return Ok(ticket);
            }
            notified.await;
        }
    }

    fn settle(&self, ticket: Ticket, actual: Option<Spend>) {
        let mut state = self.state();
        let Some(bound) = state.open.remove(&ticket.0) else { return };
        state.reserved = state.reserved.minus(bound);
        let actual = actual.unwrap_or_default();
        state.spent = state
            .spent
            .plus(Amount { tokens: actual.tokens.unwrap_or(bound.tokens), cost: actual.cost.unwrap_or(bound.cost) });
        drop(state);
        self.settled.notify_waiters();
    }
}

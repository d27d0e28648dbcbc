//! Prices, and the seam through which a budget sees every request before it is sent.

use async_trait::async_trait;
use mocktrial_trajectory::Usage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model's tokens cost, in US dollars per million.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Input tokens.
    #[schemars(range(min = 0.0))]
    pub input: f64,
    /// Output tokens, reasoning included.
    #[schemars(range(min = 0.0))]
    pub output: f64,
    /// Input tokens read from the provider's cache; the price of input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<f64>,
    /// Input tokens written to the provider's cache; the price of input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_written: Option<f64>,
    /// The day on which this was the price, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
}

impl Price {
    /// What this usage costs, in dollars.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> f64 {
        let plain = usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_written);
        million(plain) * self.input
            + million(usage.cached) * self.cached.unwrap_or(self.input)
            + million(usage.cache_written) * self.cache_written.unwrap_or(self.input)
            + million(usage.output) * self.output
    }

    /// What a response costs whose usage may be unknown, in dollars: nothing where tokens are free, else
    /// unknown with it.
    #[must_use]
    pub fn cost_of(&self, usage: Option<&Usage>) -> Option<f64> {
        usage.map_or_else(|| self.is_free().then_some(0.0), |usage| Some(self.cost(usage)))
    }

    /// Whether no token costs anything.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let all = [Some(self.input), Some(self.output), self.cached, self.cache_written];
        all.into_iter().flatten().all(|price| price == 0.0)
    }

    /// The most that so many tokens can cost, however the provider's cache takes them.
    #[must_use]
    pub fn bound(&self, input: u64, output: u64) -> f64 {
        let dearest = [self.cached, self.cache_written].into_iter().flatten().fold(self.input, f64::max);
        million(input) * dearest + million(output) * self.output
    }
}

#[allow(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
fn million(tokens: u64) -> f64 {
    tokens as f64 / 1e6
}

/// An amount of tokens and dollars; `None` where it is not known, or where no bound exists.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spend {
    /// Input and output tokens.
    pub tokens: Option<u64>,
    /// Dollars.
    pub cost: Option<f64>,
}

impl Spend {
    /// Nothing at all.
    pub const ZERO: Self = Self { tokens: Some(0), cost: Some(0.0) };
}

/// The handle of a reservation; what it names is the meter's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// The budget cannot cover a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Exhausted(pub String);

/// What every attempt on the wire, each retry included, asks before it is sent.
///
/// Every ticket is settled exactly once, also when the request is cancelled or its future dropped.
/// Replayed replies ask nothing.
#[async_trait]
pub trait Meter: Send + Sync {
    /// Reserves the most that an attempt can spend; waits while only open reservations stand in
    /// the way, because most of what they hold will be given back.
    ///
    /// # Errors
    /// When the budget cannot cover it; the request is then not sent and fails with
    /// [`Kind::Budget`](crate::Kind::Budget).
    async fn reserve(&self, bound: Spend) -> Result<Ticket, Exhausted>;

    /// Replaces a reservation by what was spent. `None`, whole or in part, means that nobody knows (the
    /// connection was lost, or the server reports no usage): then the bound must stand. An attempt
    /// that the server answered with an error status, or that found no connection, is settled as
    /// [`Spend::ZERO`].
    fn settle(&self, ticket: Ticket, actual: Option<Spend>);
}

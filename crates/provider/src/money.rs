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
    #[schemars(range(min = 0))]
    pub input: f64,
    /// Output tokens, reasoning included.
    #[schemars(range(min = 0))]
    pub output: f64,
    /// Input tokens read from the provider's cache; the price of input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cached: Option<f64>,
    /// Input tokens written to the provider's cache; the price of input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cache_written: Option<f64>,
    /// What a request costs instead, all of it, whose input is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongPrice>,
    /// The day on which this was the price, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Who says so, such as the address of the provider's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What the tokens of a request with a long input cost, in US dollars per million.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LongPrice {
    /// An input is long that has more tokens than this, cached ones included.
    pub above: u64,
    /// Input tokens.
    #[schemars(range(min = 0))]
    pub input: f64,
    /// Output tokens, reasoning included.
    #[schemars(range(min = 0))]
    pub output: f64,
    /// Input tokens read from the provider's cache; the price of (long) input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cached: Option<f64>,
    /// Input tokens written to the provider's cache; the price of (long) input where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cache_written: Option<f64>,
}

/// The four figures that a request is charged by.
#[derive(Clone, Copy)]
struct Rates {
    input: f64,
    output: f64,
    cached: f64,
    cache_written: f64,
}

impl Rates {
    fn bound(self, input: u64, output: u64) -> f64 {
        million(input) * self.input.max(self.cached).max(self.cache_written) + million(output) * self.output
    }

    fn all(self) -> [f64; 4] {
        [self.input, self.output, self.cached, self.cache_written]
    }
}

impl Price {
    fn base(&self) -> Rates {
        let or_input = |rate: Option<f64>| rate.unwrap_or(self.input);
        let (cached, cache_written) = (or_input(self.cached), or_input(self.cache_written));
        Rates { input: self.input, output: self.output, cached, cache_written }
    }

    /// The rates of an input so long.
    fn long(&self, input: u64) -> Option<Rates> {
        let long = self.long.as_ref().filter(|long| input > long.above)?;
        let or_input = |rate: Option<f64>| rate.unwrap_or(long.input);
        let (cached, cache_written) = (or_input(long.cached), or_input(long.cache_written));
        Some(Rates { input: long.input, output: long.output, cached, cache_written })
    }

    fn rates(&self) -> impl Iterator<Item = f64> {
        [Some(self.base()), self.long(u64::MAX)].into_iter().flatten().flat_map(Rates::all)
    }

    /// Whether every figure is a number from 0.
    pub(crate) fn is_sound(&self) -> bool {
        self.rates().all(|rate| rate.is_finite() && rate >= 0.0)
    }

    /// What this usage costs, in dollars.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> f64 {
        let rates = self.long(usage.input).unwrap_or_else(|| self.base());
        let plain = usage.input.saturating_sub(usage.cached).saturating_sub(usage.cache_written);
        million(plain) * rates.input
            + million(usage.cached) * rates.cached
            + million(usage.cache_written) * rates.cache_written
            + million(usage.output) * rates.output
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
        self.rates().all(|rate| rate == 0.0)
    }

    /// The most that up to so many tokens can cost, however the provider's cache takes them and whichever of
    /// the prices that they reach applies.
    #[must_use]
    pub fn bound(&self, input: u64, output: u64) -> f64 {
        let base = self.base().bound(input, output);
        self.long(input).map_or(base, |long| long.bound(input, output).max(base))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price() -> Price {
        serde_json::from_str(
            r#"{"input": 2, "output": 10, "cached": 0.2, "cache_written": 2.5,
                "long": {"above": 272000, "input": 4, "output": 15, "cached": 0.4, "cache_written": 5}}"#,
        )
        .unwrap()
    }

    #[test]
    fn cached_reads_and_writes_have_their_own_prices_and_reasoning_is_output() {
        let usage = Usage { input: 1_000, output: 500, cached: 600, cache_written: 300, reasoning: 400 };
        let dollars = (100.0 * 2.0 + 600.0 * 0.2 + 300.0 * 2.5 + 500.0 * 10.0) / 1e6;
        assert!((price().cost(&usage) - dollars).abs() < 1e-12);
        let plain = Price { cached: None, cache_written: None, ..price() };
        assert!((plain.cost(&usage) - (1_000.0 * 2.0 + 500.0 * 10.0) / 1e6).abs() < 1e-12);
    }

    #[test]
    fn a_long_input_makes_the_whole_request_dearer() {
        let at = |input| price().cost(&Usage { input, output: 1_000_000, ..Usage::default() });
        assert!((at(272_000) - (0.272 * 2.0 + 10.0)).abs() < 1e-9);
        assert!((at(272_001) - (0.272_001 * 4.0 + 15.0)).abs() < 1e-9);
    }

    #[test]
    fn a_bound_takes_the_dear_price_only_where_the_input_can_reach_it() {
        assert!((price().bound(272_000, 1_000_000) - (0.272 * 2.5 + 10.0)).abs() < 1e-9);
        assert!((price().bound(300_000, 1_000_000) - (0.3 * 5.0 + 15.0)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn no_usage_within_the_bounds_costs_more_than_the_bound(
            rates in prop::array::uniform8(0.0..50.0f64), above in 0..2_000_000u64,
            bounds in (0..3_000_000u64, 0..3_000_000u64), parts in prop::array::uniform4(0.0..1.0f64),
        ) {
            let [input, output, cached, written, long_input, long_output, long_cached, long_written] = rates;
            let price = Price {
                input, output, cached: Some(cached), cache_written: Some(written),
                long: Some(LongPrice {
                    above, input: long_input, output: long_output, cached: Some(long_cached), cache_written: Some(long_written),
                }),
                as_of: None, source: None,
            };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let part = |of: u64, share: f64| (of as f64 * share) as u64;
            let input = part(bounds.0, parts[0]);
            let cached = part(input, parts[1]);
            let usage = Usage {
                input, output: part(bounds.1, parts[3]), cached, cache_written: part(input - cached, parts[2]), reasoning: 0,
            };
            prop_assert!(price.cost(&usage) <= price.bound(bounds.0, bounds.1) + 1e-9);
        }
    }
}

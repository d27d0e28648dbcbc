//! Token counts: input without what went through the cache, and in streams totals that replace each other.

use crate::mend::{Mender, excerpt};
use crate::usage::tokens;
use mocktrial_trajectory::{Served, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    input_tokens: Option<f64>,
    cache_read_input_tokens: Option<f64>,
    cache_creation_input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    output_tokens_details: Option<OutputDetails>,
    service_tier: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Option<f64>,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    input: Option<f64>,
    cache_read: Option<f64>,
    cache_written: Option<f64>,
    output: Option<f64>,
    thinking: Option<f64>,
}

impl Counts {
    /// Takes a usage object. The one with which a stream begins knows nothing of the output yet.
    pub(super) fn absorb(&mut self, raw: &RawValue, begins: bool, served: &mut Served, mender: &mut Mender) {
        if raw.get() == "null" {
            return;
        }
        let Ok(wire) = serde_json::from_str::<WireUsage>(raw.get()) else {
            mender.mend_piece("unreadable_usage", || format!("usage is not what it should be: {}", excerpt(raw.get())));
            return;
        };
        let details = wire.output_tokens_details.unwrap_or_default();
        for (count, new) in [
            (&mut self.input, wire.input_tokens),
            (&mut self.cache_read, wire.cache_read_input_tokens),
            (&mut self.cache_written, wire.cache_creation_input_tokens),
            (&mut self.output, wire.output_tokens.filter(|_| !begins)),
            (&mut self.thinking, details.thinking_tokens),
        ] {
            // A total that is told again replaces the older one; gateways write 0 for what they do not know.
            if new.is_some_and(|new| count.is_none() || new != 0.0) {
                *count = new;
            }
        }
        if let (None, Value::String(tier)) = (&served.tier, wire.service_tier) {
            served.tier = Some(tier);
        }
    }

    /// The usage in the neutral sense, where both of its sides are known.
    pub(super) fn usage(&self, mender: &mut Mender) -> Option<Usage> {
        let (Some(_), Some(_)) = (self.input, self.output) else {
            if self.input.is_some() || self.output.is_some() {
                let side = if self.input.is_some() { "output" } else { "input" };
                mender.mend("partial_usage", format!("usage does not say how long the {side} was, and is left out"));
            }
            return None;
        };
        let (cached, cache_written) = (tokens(self.cache_read), tokens(self.cache_written));
        Some(Usage {
            input: tokens(self.input).saturating_add(cached).saturating_add(cache_written),
            output: tokens(self.output),
            cached,
            cache_written,
            reasoning: tokens(self.thinking),
        })
    }
}

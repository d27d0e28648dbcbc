//! Token counts as servers write them.

use crate::mend::{Mender, excerpt};
use mocktrial_trajectory::Usage;
use serde::Deserialize;

/// A count as a whole number; what is not a count is 0. The cap keeps hostile figures from overflowing sums.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
pub(crate) fn tokens(count: Option<f64>) -> u64 {
    count.filter(|c| c.is_finite()).unwrap_or(0.0).clamp(0.0, 1e12) as u64
}

/// Usage in the words of OpenAI's two dialects; some gateways use those of the other, or both.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OpenAi {
    prompt_tokens: Option<f64>,
    input_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    output_tokens: Option<f64>,
    total_tokens: Option<f64>,
    prompt_tokens_details: Option<InputDetails>,
    input_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
    output_tokens_details: Option<OutputDetails>,
    /// DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Option<f64>,
}

/// Reads the usage of OpenAI's two dialects. `None` where it is not there, or lacks a part.
pub(crate) fn openai(json: &str, mender: &mut Mender) -> Option<Usage> {
    let Ok(wire) = serde_json::from_str::<OpenAi>(json) else {
        mender.mend_piece("unreadable_usage", || format!("usage is not what it should be: {}", excerpt(json)));
        return None;
    };
    let (input, output) = (wire.prompt_tokens.or(wire.input_tokens), wire.completion_tokens.or(wire.output_tokens));
    let (Some(input), Some(output)) = (input, output) else {
        if input.or(output).or(wire.total_tokens).is_some() {
            mender.mend_piece("partial_usage", || format!("usage lacks a part and is left out: {}", excerpt(json)));
        }
        return None;
    };
    let of_input = wire.prompt_tokens_details.or(wire.input_tokens_details).unwrap_or_default();
    let of_output = wire.completion_tokens_details.or(wire.output_tokens_details).unwrap_or_default();
    let mut usage = Usage {
        input: tokens(Some(input)),
        output: tokens(Some(output)),
        cached: tokens(of_input.cached_tokens.or(wire.prompt_cache_hit_tokens)),
        cache_written: tokens(of_input.cache_write_tokens),
        reasoning: tokens(of_output.reasoning_tokens),
    };
    // xAI counts reasoning beside the output and not in it; the total tells.
    if usage.reasoning > 0 && tokens(wire.total_tokens) == usage.total().saturating_add(usage.reasoning) {
        usage.output = usage.output.saturating_add(usage.reasoning);
        let detail = "reasoning tokens were not counted as output; they are now";
        mender.mend_once("reasoning_beside_output", detail);
    }
    Some(usage)
}

//! Probabilities of tokens as OpenAI's two dialects write them.

use mocktrial_trajectory::{Alternative, Logprob};
use serde::Deserialize;

#[derive(Deserialize)]
struct WireLogprob {
    token: String,
    logprob: f64,
    #[serde(default)]
    top_logprobs: Option<Vec<WireLogprob>>,
}

/// Reads a list of tokens; `null` is an empty one. `None` where it is not what it should be.
pub(crate) fn logprobs(json: &str) -> Option<Vec<Logprob>> {
    let tokens: Option<Vec<WireLogprob>> = serde_json::from_str(json).ok()?;
    let alternative = |other: WireLogprob| Alternative { token: other.token, logprob: other.logprob };
    Some(
        tokens
            .unwrap_or_default()
            .into_iter()
            .map(|token| Logprob {
                token: token.token,
                logprob: token.logprob,
                top: token.top_logprobs.unwrap_or_default().into_iter().map(alternative).collect(),
            })
            .collect(),
    )
}

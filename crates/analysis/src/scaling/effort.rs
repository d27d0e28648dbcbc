//! How much an endpoint is told to think.

use serde::Serialize;
use serde_json::Value;

/// The words for it, in ascending order.
const WORDS: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// How much an endpoint is told to think.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Effort {
    /// The model, so that efforts of one model stand together.
    pub model: String,
    /// Where the word stands among all that there are; `None` where only a number of tokens is given.
    #[serde(skip)]
    pub(crate) place: Option<usize>,
    /// The most tokens that it may think.
    pub tokens: Option<u64>,
    /// The word, such as `high`.
    pub word: Option<String>,
}

impl Effort {
    /// That of an endpoint's stored configuration; `None` where it says nothing of it.
    pub(super) fn of(configuration: &Value) -> Option<Self> {
        let treatment = configuration.get("treatment")?;
        let parameters = treatment.get("parameters")?;
        let word = parameters.get("reasoning_effort").and_then(Value::as_str).map(str::to_owned);
        let tokens = parameters.get("reasoning_tokens").and_then(Value::as_u64);
        if word.is_none() && tokens.is_none() {
            return None;
        }
        let model = treatment.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = word.as_ref().and_then(|word| WORDS.iter().position(|w| w == word));
        Some(Self { model, place, tokens, word })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn efforts_of_a_model_are_in_order() {
        let of = |parameters: Value| Effort::of(&json!({"treatment": {"model": "m", "parameters": parameters}}));
        let word = |word: &str| of(json!({"reasoning_effort": word})).unwrap();
        assert!(word("minimal") < word("low") && word("medium") < word("high") && word("xhigh") < word("max"));
        let tokens = |n: u64| of(json!({"reasoning_tokens": n})).unwrap();
        assert!(tokens(512) < tokens(1024));
        assert_eq!(of(json!({"temperature": 1})), None);
        assert_eq!(Effort::of(&json!({})), None);
    }
}

//! How probable a model found what it wrote.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

/// A token of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logprob {
    /// Its text.
    pub token: String,
    /// The natural logarithm of its probability; at most 0.
    #[serde(deserialize_with = "float")]
    pub logprob: f64,
    /// The most probable tokens in its place, the most probable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Alternative>,
}

/// A token that might have stood in another's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// Its text.
    pub token: String,
    /// The natural logarithm of its probability.
    #[serde(deserialize_with = "float")]
    pub logprob: f64,
}

/// A float within a tagged enum (see [`Body`](crate::Body)): a number of arbitrary precision is kept as a
/// map there, which only [`Number`] reads back.
pub(crate) fn float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    use serde::de::Error as _;
    let number = Number::deserialize(deserializer)?;
    number.as_f64().ok_or_else(|| D::Error::custom(format_args!("{number} is too large for a number")))
}

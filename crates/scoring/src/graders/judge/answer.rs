//! What a judge answers.

use super::prompt::key;
use serde_json::Value;

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 600;

/// A judge's word on one criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) met: bool,
    pub(super) reason: String,
}

/// Reads an answer: for each criterion, in order, what the judge says of it.
///
/// # Errors
/// With what is missing. Nothing is guessed: an answer that leaves a criterion out says nothing on it.
pub(super) fn read(body: &Value, criteria: usize) -> Result<Vec<Word>, String> {
    let map = body.as_object().ok_or("its answer is no JSON object")?;
    let each = (0..criteria).map(|i| {
        let key = key(i);
        let said = map.get(&key).ok_or_else(|| format!("it says nothing on {key}"))?;
        let met = said.get("met").and_then(Value::as_bool);
        let met = met.ok_or_else(|| format!("it does not say whether {key} is met"))?;
        let reason = said.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
        Ok(Word { met, reason: reason.chars().take(MAX_REASON).collect() })
    });
    each.collect()
}

//! Which answers of the mock model are right: drawn for each request from what is true of its scenario.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// Pass rates of models on scenarios; what comes of a trial depends on its seed alone.
#[derive(Default)]
pub(crate) struct Fate(RwLock<Rates>);

#[derive(Default)]
struct Rates {
    salt: u64,
    /// By model: the rate of scenario 1, 2, …
    models: BTreeMap<String, Vec<f64>>,
}

/// As much of a Chat Completions request as fate needs.
#[derive(Deserialize)]
struct Request {
    model: String,
    #[serde(default)]
    seed: u64,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Option<String>,
}

impl Fate {
    /// From now on these rates hold; another `salt` draws anew.
    pub(crate) fn set(&self, salt: u64, models: BTreeMap<String, Vec<f64>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Rates { salt, models };
    }

    /// Whether the trial with this seed passes. What is not known never does.
    pub(crate) fn passes(&self, model: &str, scenario: usize, seed: u64) -> bool {
        let rates = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let rate = rates.models.get(model).and_then(|all| all.get(scenario.checked_sub(1)?));
        let place = model.bytes().fold(scenario as u64, |hash, byte| mixed(hash ^ u64::from(byte)));
        let draw = mixed(mixed(rates.salt ^ place) ^ seed);
        // 53 bits, as a share of 1.
        rate.is_some_and(|rate| ((draw >> 11) as f64) < rate * (1_u64 << 53) as f64)
    }

    /// Whether the answer to this request is right.
    pub(crate) fn answers(&self, body: &[u8]) -> bool {
        let Ok(request) = serde_json::from_slice::<Request>(body) else { return false };
        let said = request.messages.iter().find(|m| m.role == "user").and_then(|m| m.content.as_deref());
        let number = said.and_then(|text| text.split(|c: char| !c.is_ascii_digit()).find(|word| !word.is_empty()));
        let scenario = number.and_then(|digits| digits.parse().ok()).unwrap_or(0);
        self.passes(&request.model, scenario, request.seed)
    }
}

/// The mixing function of SplitMix64 (Steele, Lea and Flood 2014).
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fate() -> Fate {
        let fate = Fate::default();
        fate.set(7, [("new".to_owned(), vec![0.3, 1.0, 0.0]), ("old".to_owned(), vec![0.3, 1.0, 0.0])].into());
        fate
    }

    #[test]
    fn a_scenario_passes_as_often_as_it_should_and_models_fare_apart() {
        let fate = fate();
        let passed = |model: &str, scenario| (0..10_000).filter(|seed| fate.passes(model, scenario, *seed)).count();
        assert!(passed("new", 1).abs_diff(3000) < 150, "{}", passed("new", 1));
        assert_eq!((passed("new", 2), passed("new", 3), passed("new", 4), passed("other", 2)), (10_000, 0, 0, 0));
        let both = (0..10_000).filter(|seed| fate.passes("new", 1, *seed) && fate.passes("old", 1, *seed)).count();
        assert!(both.abs_diff(900) < 100, "{both}");
    }

    #[test]
    fn a_request_is_answered_by_the_fate_of_its_trial() {
        let fate = fate();
        for seed in 0..50 {
            let messages = json!([
                {"role": "system", "content": "Take 9."}, {"role": "user", "content": "This is order 1. Please take the first items."}
            ]);
            let body = json!({"model": "new", "seed": seed, "messages": messages}).to_string();
            assert_eq!(fate.answers(body.as_bytes()), fate.passes("new", 1, seed));
        }
        assert!(!fate.answers(b"nonsense"));
    }
}

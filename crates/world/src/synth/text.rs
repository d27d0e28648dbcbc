//! Plain texts.

use super::{Random, SynthesisError, format, pattern};
use serde_json::{Map, Value};

const WORDS: &[&str] = &[
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "kestrel", "lagoon",
    "meadow", "nimbus", "orchid", "prairie", "quartz", "river", "summit", "thistle", "umber", "violet", "willow",
    "zephyr",
];

/// The longest `minLength` that is met.
const MAX: usize = 10_000;

pub(super) fn word(random: &mut Random) -> &'static str {
    random.pick(WORDS).copied().unwrap_or("amber")
}

pub(super) fn string(schema: &Map<String, Value>, random: &mut Random) -> Result<Value, SynthesisError> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let least = bound("minLength").unwrap_or(0.0).clamp(0.0, 1e9) as usize;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let most = bound("maxLength").unwrap_or(1e9).clamp(0.0, 1e9) as usize;
    if least > MAX || least > most {
        return Err(SynthesisError::new(
            "minLength",
            format!("no text of at least {least} and at most {most} characters is made"),
        ));
    }
    let fits = |text: &String| (least..=most).contains(&text.chars().count());
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let mut text = pattern::sample(pattern, random)?;
        for _ in 0..20 {
            if fits(&text) {
                return Ok(Value::String(text));
            }
            text = pattern::sample(pattern, random)?;
        }
        // Without anchors a text may go on after the match.
        while text.chars().count() < least {
            text.push_str(word(random));
        }
        return Ok(Value::String(text.chars().take(most).collect()));
    }
    if let Some(text) = schema.get("format").and_then(Value::as_str).and_then(|name| format::text(name, random)) {
        return Ok(Value::String(text));
    }
    let mut text = word(random).to_owned();
    while text.chars().count() < least {
        text.push(' ');
        text.push_str(word(random));
    }
    Ok(Value::String(text.chars().take(most).collect()))
}

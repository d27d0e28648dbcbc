//! What an endpoint's table says, under the names of this API; and what it may not say.

use crate::config::{ConfigError, ModelConfig, parameters};
use crate::parameters::{Effort, Seed, ToolChoice};
use serde_json::{Map, Value, json};

/// The largest seed: the API reads it as a signed 32-bit number.
const LARGEST_SEED: u64 = 0x7fff_ffff;

/// A field as this API calls it: a server takes `max_output_tokens` for `maxOutputTokens` too.
fn camel(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        if c == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.push(c.to_ascii_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

/// Why a field may not stand in `extra`.
pub(super) fn reserved(key: &str, value: &Value) -> Option<&'static str> {
    Some(match camel(key).as_str() {
        "contents" | "systemInstruction" | "tools" | "model" => "is written by the dialect itself",
        "generationConfig" if key != "generationConfig" => "must be written `generationConfig`",
        "toolConfig" if key != "toolConfig" => "must be written `toolConfig`",
        "generationConfig" | "toolConfig" if !value.is_object() => "must be a table",
        "maxOutputTokens" => "belongs in `parameters` as `max_tokens`, where it also bounds what a request may spend",
        "cachedContent" => "adds to the conversation what no run shows and no bound counts",
        _ => return None,
    })
}

/// Why a field may not stand in `extra.generationConfig`.
fn reserved_generation(key: &str) -> Option<&'static str> {
    Some(match key {
        "maxOutputTokens" => "belongs in `parameters` as `max_tokens`, where it also bounds what a request may spend",
        "candidateCount" => "asks for several answers, of which only the first would be read: run more trials instead",
        "logprobs" | "responseLogprobs" => "belongs in `parameters` as `logprobs = N`",
        _ => return None,
    })
}

fn mistake(key: &str, why: &str) -> ConfigError {
    let name = key.rsplit('.').next().unwrap_or(key);
    ConfigError { key: key.to_owned(), message: format!("`{name}` {why}") }
}

/// Finds what contradicts itself.
pub(super) fn check(config: &ModelConfig) -> Result<(), ConfigError> {
    if config.model.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(mistake("model", "is no name of a model: it stands in the request's path"));
    }
    let given = &config.parameters;
    if let Some(Seed::Fixed(seed)) = given.seed
        && seed > LARGEST_SEED
    {
        return Err(mistake("parameters.seed", "must be at most 2147483647 for this API"));
    }
    if given.reasoning_effort == Some(Effort::Max) {
        return Err(mistake("parameters.reasoning_effort", "is at most `xhigh` for this API"));
    }
    if given.reasoning_effort.is_some() && given.reasoning_tokens.is_some() {
        return Err(mistake("parameters.reasoning_tokens", "cannot be given beside `reasoning_effort`"));
    }
    let ours = generation(config);
    for (key, value) in extra_table(config, "generationConfig") {
        let path = format!("extra.generationConfig.{key}");
        let name = camel(&key);
        if let Some(why) = reserved_generation(&name) {
            return Err(mistake(&path, why));
        }
        match (ours.get(&name), value.as_object()) {
            (Some(Value::Object(written)), Some(said)) => {
                if let Some(twice) =
                    said.keys().find(|k| camel(k) != INCLUDE_THOUGHTS && written.contains_key(&camel(k)))
                {
                    return Err(mistake(&format!("{path}.{twice}"), "is given in `parameters` already"));
                }
            }
            (Some(_), _) => return Err(mistake(&path, "is given in `parameters` already")),
            // The seed of a trial is not among them.
            (None, _) if name == "seed" && given.seed.is_some() => {
                return Err(mistake(&path, "is given in `parameters` already"));
            }
            (None, _) => {}
        }
    }
    if let Some(key) = extra_table(config, "toolConfig").keys().find(|key| camel(key) == "functionCallingConfig") {
        return Err(mistake(
            &format!("extra.toolConfig.{key}"),
            "is written by the dialect itself: give `tool_choice`",
        ));
    }
    Ok(())
}

const INCLUDE_THOUGHTS: &str = "includeThoughts";

/// A table within `extra`, with the names of its fields as this API has them.
fn extra_table(config: &ModelConfig, key: &str) -> Map<String, Value> {
    config.extra.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// `generationConfig` without a derived seed: the parameters beside what `extra` has of it.
pub(super) fn generation_config(config: &ModelConfig) -> Map<String, Value> {
    let mut merged = extra_table(config, "generationConfig");
    for (key, value) in generation(config) {
        let said = merged.iter_mut().find(|(k, _)| camel(k) == key).map(|(_, said)| said);
        match (said, value) {
            (Some(Value::Object(said)), Value::Object(written)) => {
                for (key, value) in written {
                    // Whether thoughts are shown, the user may have said otherwise.
                    if !said.keys().any(|k| camel(k) == key) {
                        said.insert(key, value);
                    }
                }
            }
            (_, value) => {
                merged.insert(key, value);
            }
        }
    }
    merged
}

/// The parameters under the names of this API, without a derived seed.
fn generation(config: &ModelConfig) -> Map<String, Value> {
    let mut wire = Map::new();
    let mut thinking = Map::new();
    for (key, value) in parameters(&config.parameters) {
        match key.as_str() {
            "max_tokens" => drop(wire.insert("maxOutputTokens".into(), value)),
            "stop" => {
                let texts = if value.is_array() { value } else { json!([value]) };
                wire.insert("stopSequences".into(), texts);
            }
            "logprobs" => {
                wire.insert("responseLogprobs".into(), true.into());
                if value != 0 {
                    wire.insert("logprobs".into(), value);
                }
            }
            "seed" if value.is_string() => {}
            // There is no level for it, but a budget of none turns thinking off.
            "reasoning_effort" if value == Effort::None.as_str() => {
                thinking.insert("thinkingBudget".into(), 0.into());
            }
            "reasoning_effort" => {
                let level = value.as_str().unwrap_or_default().to_uppercase();
                thinking.insert("thinkingLevel".into(), level.into());
            }
            "reasoning_tokens" => drop(thinking.insert("thinkingBudget".into(), value)),
            other => drop(wire.insert(camel(other), value)),
        }
    }
    if !thinking.is_empty() {
        // Who asks for thinking wants to see it; models that do not think refuse to be asked.
        if thinking.get("thinkingBudget").is_none_or(|budget| *budget != 0) {
            thinking.insert(INCLUDE_THOUGHTS.into(), true.into());
        }
        wire.insert("thinkingConfig".into(), thinking.into());
    }
    wire
}

/// `toolConfig` along with tools. `strict` is whether a tool asks that its schema be held: the one mode
/// that promises it concerns all tools.
pub(super) fn tool_config(config: &ModelConfig, strict: bool) -> Map<String, Value> {
    let mut merged = extra_table(config, "toolConfig");
    let calling = match &config.tool_choice {
        None | Some(ToolChoice::Auto) if strict => json!({"mode": "VALIDATED"}),
        None => return merged,
        Some(ToolChoice::Auto) => json!({"mode": "AUTO"}),
        Some(ToolChoice::None) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required) => json!({"mode": "ANY"}),
        Some(ToolChoice::Tool(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    merged.insert("functionCallingConfig".into(), calling);
    merged
}

//! Where the one vocabulary of parameters goes in this API, and what contradicts itself there.

use crate::config::{ConfigError, mistake, parameters};
use crate::dialect::Setup;
use crate::parameters::{Effort, ToolChoice};
use crate::{Auth, ModelConfig, Parameters};
use serde_json::{Map, Value, json};

/// The version that Anthropic's own libraries ask for.
const NEWEST: &str = "2026-10-21";

/// The version that all other servers were written after; most do not look at it.
const COMMON: &str = "2023-06-01";

/// What the API no longer takes since [`NEWEST`].
const SAMPLING: [&str; 3] = ["temperature", "top_p", "top_k"];

/// The fewest tokens that the API takes as a budget for thinking.
const LEAST_THINKING: u64 = 1024;

/// Whether the server is Anthropic's own, as far as the configuration says.
fn is_anthropic(setup: &Setup<'_>) -> bool {
    setup.preset.name == "anthropic"
}

/// The version of the API: as configured, else the newest of Anthropic's own, and the one that has been
/// copied of any other server.
pub(super) fn version<'a>(setup: &Setup<'a>) -> &'a str {
    let usual = if is_anthropic(setup) { NEWEST } else { COMMON };
    setup.config.api_version.as_deref().unwrap_or(usual)
}

/// How the key is sent where nothing is configured. The older version knows `x-api-key` only; of a server
/// that is known by its address only nobody knows which it reads.
pub(super) fn auth(setup: &Setup<'_>) -> Auth {
    match setup.preset.name {
        "anthropic" if version(setup) < NEWEST => Auth::XApiKey,
        "" => Auth::Both,
        _ => setup.preset.auth,
    }
}

/// Finds what contradicts itself.
pub(super) fn check(setup: &Setup<'_>) -> Result<(), ConfigError> {
    let config = setup.config;
    check_version(setup)?;
    if config.parameters.max_tokens.is_none() {
        let text = "give `max_tokens` in `parameters`: the Messages API demands an output limit, thinking included";
        return Err(mistake("parameters.max_tokens", text));
    }
    check_thinking(config)
}

fn check_version(setup: &Setup<'_>) -> Result<(), ConfigError> {
    let (config, version) = (setup.config, version(setup));
    let dated = version.len() == NEWEST.len()
        && version.bytes().zip(NEWEST.bytes()).all(|(b, like)| b == like || b.is_ascii_digit() && like != b'-');
    if !dated {
        let text = format!("`{version}` is no version of the Messages API: give a day, such as `{NEWEST}`");
        return Err(mistake("api_version", text));
    }
    if let Some(name) = config.headers.keys().find(|name| name.eq_ignore_ascii_case("anthropic-version")) {
        return Err(mistake(format!("headers.{name}"), format!("`{name}` is written from `api_version`: give that")));
    }
    if version < NEWEST {
        return Ok(());
    }
    let given = parameters(&config.parameters);
    for name in SAMPLING {
        for (place, is_there) in [("parameters", given.contains_key(name)), ("extra", config.extra.contains_key(name))]
        {
            if is_there {
                let text = format!(
                    "version {version} of the Messages API does not take `{name}`: leave it out, or, for a model that still takes it, set `api_version = \"{COMMON}\"`"
                );
                return Err(mistake(format!("{place}.{name}"), text));
            }
        }
    }
    Ok(())
}

fn check_thinking(config: &ModelConfig) -> Result<(), ConfigError> {
    let Parameters { reasoning_effort: effort, reasoning_tokens: budget, max_tokens, .. } = &config.parameters;
    if *effort == Some(Effort::Minimal) {
        let text = "the Messages API knows no effort `minimal`: give `low`, or `none` for no thinking at all";
        return Err(mistake("parameters.reasoning_effort", text));
    }
    if let Some(budget) = *budget {
        let key = "parameters.reasoning_tokens";
        if budget < LEAST_THINKING {
            let text = format!(
                "`reasoning_tokens` must be at least {LEAST_THINKING}; for no thinking give `reasoning_effort = \"none\"` alone"
            );
            return Err(mistake(key, text));
        }
        if max_tokens.is_some_and(|limit| budget >= limit) {
            return Err(mistake(key, "`reasoning_tokens` must be less than `max_tokens`, which they count towards"));
        }
        if *effort == Some(Effort::None) {
            return Err(mistake(key, "`reasoning_tokens` contradicts `reasoning_effort = \"none\"`: leave one out"));
        }
    }
    for (table, key, given) in [
        ("thinking", "type", effort.is_some() || budget.is_some()),
        ("thinking", "budget_tokens", effort.is_some() || budget.is_some()),
        ("output_config", "effort", effort.is_some_and(|e| e != Effort::None)),
    ] {
        if given && config.extra.get(table).is_some_and(|value| value.get(key).is_some()) {
            let text = format!("`{table}.{key}` is written from `parameters` already: leave one out");
            return Err(mistake(format!("extra.{table}"), text));
        }
    }
    let thinks = wire(config).get("thinking").is_some_and(|thinking| thinking["type"] != "disabled");
    if thinks && matches!(config.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_))) {
        let text = "a model that thinks cannot be forced to call a tool: leave `tool_choice` out, or set `reasoning_effort = \"none\"`";
        return Err(mistake("tool_choice", text));
    }
    Ok(())
}

/// All fields but those that other parts of the request decide: the parameters under the names of this
/// API, and `extra`.
pub(super) fn wire(config: &ModelConfig) -> Map<String, Value> {
    let mut wire = Map::new();
    for (key, value) in parameters(&config.parameters) {
        match key.as_str() {
            "max_tokens" | "temperature" | "top_p" | "top_k" => {
                wire.insert(key, value);
            }
            "stop" => {
                let texts = config.parameters.stop.as_ref().map_or(&[][..], |stop| stop.as_slice());
                wire.insert("stop_sequences".into(), texts.into());
            }
            // The rest is written below, or stands in `tool_choice`, or is refused.
            _ => {}
        }
    }
    let Parameters { reasoning_effort: effort, reasoning_tokens: budget, .. } = &config.parameters;
    let thinking = match (effort, budget) {
        (_, Some(tokens)) => Some(json!({"type": "enabled", "budget_tokens": tokens})),
        (Some(Effort::None), None) => Some(json!({"type": "disabled"})),
        (Some(_), None) => Some(json!({"type": "adaptive"})),
        (None, None) => None,
    };
    wire.extend(thinking.map(|value| ("thinking".to_owned(), value)));
    if let Some(effort) = effort.filter(|e| *e != Effort::None) {
        wire.insert("output_config".into(), json!({"effort": effort.as_str()}));
    }
    for (key, value) in &config.extra {
        match (wire.get_mut(key), value) {
            // What else these tables say, such as how thinking is shown.
            (Some(Value::Object(written)), Value::Object(more)) => written.extend(more.clone()),
            _ => {
                wire.insert(key.clone(), value.clone());
            }
        }
    }
    wire
}

/// The choice of tools, where anything is said about it.
pub(super) fn tool_choice(config: &ModelConfig) -> Option<Value> {
    let parallel = config.parameters.parallel_tool_calls;
    let mut choice = match &config.tool_choice {
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Tool(name)) => json!({"type": "tool", "name": name}),
        Some(ToolChoice::Auto) => json!({"type": "auto"}),
        None => {
            parallel?;
            json!({"type": "auto"})
        }
    };
    if let Some(parallel) = parallel {
        choice["disable_parallel_tool_use"] = (!parallel).into();
    }
    Some(choice)
}

/// Why a field may not stand in `extra`.
pub(super) fn reserved(key: &str, value: &Value) -> Option<&'static str> {
    Some(match key {
        "model" | "messages" | "system" | "tools" | "tool_choice" | "stream" => "is written by the dialect itself",
        "max_tokens" => "belongs in `parameters`, where it also bounds what a request may spend",
        "max_tokens_to_sample" => {
            "is an older name of the output limit: give `max_tokens` in `parameters`, where it also bounds what a request may spend"
        }
        "stop_sequences" => "belongs in `parameters` as `stop`",
        "cache_control" => "is written from `prompt_cache`",
        "thinking" | "output_config" if !value.is_object() => "must be a table",
        _ => return None,
    })
}

//! An endpoint that speaks Chat Completions, as `mocktrial.toml` describes it.

use crate::transport::Headers;
use crate::{Price, Scrubber, Secret};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An endpoint of `kind = "chat"`: the keys of its table that concern the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatConfig {
    /// The address up to and including the version, such as `http://127.0.0.1:8080/v1`;
    /// `/chat/completions` is added.
    #[serde(default = "openai")]
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// The environment variable that holds the API key; no key is sent where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Sampling parameters; what is absent is not sent.
    #[serde(default)]
    pub parameters: Parameters,
    /// Whether the model may, must or must not call tools; sent only along with tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether to ask for a stream.
    #[serde(default)]
    pub stream: bool,
    /// Further fields of the request body, sent as they are. None that is written otherwise, bounds the
    /// output or asks for several answers: those have keys of their own, or none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
    /// Further headers; `${NAME}` in a value takes the environment's value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Price per million tokens, in dollars; without it costs are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Attempts beyond the first for failures that may pass.
    #[serde(default = "four")]
    #[schemars(range(max = 100))]
    pub retries: u32,
    /// How long to wait for what.
    #[serde(default)]
    pub timeout_seconds: Timeouts,
}

fn openai() -> String {
    "https://api.openai.com/v1".into()
}

fn four() -> u32 {
    4
}

/// Sampling parameters. What is absent is not sent; anything else goes into `extra`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names are the API's own")]
pub struct Parameters {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The output limit, in the field most servers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u64>,
    /// The output limit, in the field that OpenAI's newer models demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_completion_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// One or several texts that end the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopTexts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Sent only along with tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// A fixed number, or `"trial"` for a seed derived from run, scenario and trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<Seed>,
}

/// One or several texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StopTexts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// The seed an endpoint is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Seed {
    /// The same in every trial.
    Fixed(u64),
    /// Derived by the harness.
    Derived(DerivedSeed),
}

/// A seed that the harness derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DerivedSeed {
    /// From run, scenario and trial.
    Trial,
}

/// Whether the model may, must or must not call tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It must not.
    None,
    /// It must call some tool.
    Required,
    /// It must call this one.
    Tool(String),
}

/// How long to wait, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For the connection.
    pub connect: f64,
    /// For the first byte of the response. Without streaming it comes only when the answer is whole.
    pub first_byte: f64,
    /// Between any two pieces of the response.
    pub idle: f64,
    /// For the whole request, retries and the waits between them included.
    pub total: f64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: 10.0, first_byte: 120.0, idle: 60.0, total: 300.0 }
    }
}

/// A mistake in an endpoint's table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// The key at fault, such as `headers.authorization`.
    pub key: String,
    /// What is wrong with it, and what to do.
    pub message: String,
}

/// Why a field may not stand in `extra`: the dialect writes it, or what it says would be unknown to
/// those who bound, read or record a request.
fn not_extra(key: &str, value: &Value) -> Option<&'static str> {
    Some(match key {
        "model" | "messages" | "tools" | "tool_choice" | "stream" => "is written by the dialect itself",
        "functions" | "function_call" => {
            "is an older form of `tools` and `tool_choice`, which the dialect writes itself"
        }
        "max_tokens" | "max_completion_tokens" => {
            "belongs in `parameters`, where it also bounds what a request may spend"
        }
        "max_output_tokens" | "n_predict" => {
            "is another name for the output limit: give `max_tokens` in `parameters`, where it also bounds what a request may spend"
        }
        "n" => "asks for several answers, of which only the first would be read: run more trials instead",
        "stream_options" if !value.is_object() => "must be a table",
        "stream_options" if value["include_usage"] == Value::Bool(false) => {
            "must not turn `include_usage` off: nothing else says what a stream spent"
        }
        _ => return None,
    })
}

/// What a live request needs.
pub(super) struct Resolved {
    pub(super) url: reqwest::Url,
    pub(super) headers: Headers,
}

fn mistake(key: impl Into<String>, message: impl Into<String>) -> ConfigError {
    ConfigError { key: key.into(), message: message.into() }
}

/// A variable of the environment, without the white space around it.
fn variable(key: &str, name: &str) -> Result<Secret, ConfigError> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(Secret::new(value.trim())),
        _ => Err(mistake(key, format!("the environment variable `{name}`, which `{key}` names, is not set"))),
    }
}

/// The names in `${NAME}`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

impl ChatConfig {
    /// The output limit, whichever field it goes into.
    pub(super) fn output_limit(&self) -> Option<u64> {
        self.parameters.max_completion_tokens.or(self.parameters.max_tokens)
    }

    /// Finds what can be found without environment and network.
    ///
    /// # Errors
    /// Names the key and what to do.
    pub fn check(&self) -> Result<(), ConfigError> {
        let url = reqwest::Url::parse(&self.base_url)
            .map_err(|e| mistake("base_url", format!("`base_url` is not an address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(mistake("base_url", "`base_url` must begin with `http://` or `https://`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(mistake(
                "base_url",
                "`base_url` must not hold a name or password: use `api_key_env` or `headers`",
            ));
        }
        if url.path().ends_with("/chat/completions") {
            return Err(mistake("base_url", "`base_url` ends before `/chat/completions`, which is added"));
        }
        if self.model.is_empty() {
            return Err(mistake("model", "`model` is empty"));
        }
        if self.parameters.max_tokens.is_some() && self.parameters.max_completion_tokens.is_some() {
            return Err(mistake("parameters.max_tokens", "give `max_tokens` or `max_completion_tokens`, not both"));
        }
        let parameters = super::wire::parameters(self);
        for (key, value) in &self.extra {
            let given = parameters.contains_key(key).then_some("is given in `parameters` already");
            if let Some(why) = not_extra(key, value).or(given) {
                return Err(mistake(format!("extra.{key}"), format!("`{key}` {why}")));
            }
        }
        for (name, value) in &self.headers {
            let key = format!("headers.{name}");
            let lower = name.to_ascii_lowercase();
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(mistake(key, format!("`{name}` is not the name of a header")));
            }
            let secret =
                ["authorization", "key", "token", "secret", "cookie", "password"].iter().any(|w| lower.contains(w));
            if secret && references(value).next().is_none() {
                return Err(mistake(
                    key,
                    format!("`{name}` holds a secret: write it as `${{NAME}}`, a variable of the environment"),
                ));
            }
        }
        let times = &self.timeout_seconds;
        for (key, seconds) in
            [("connect", times.connect), ("first_byte", times.first_byte), ("idle", times.idle), ("total", times.total)]
        {
            if !seconds.is_finite() || seconds <= 0.0 {
                return Err(mistake(
                    format!("timeout_seconds.{key}"),
                    format!("`{key}` must be a positive number of seconds"),
                ));
            }
        }
        if let Some(price) = &self.price {
            let all = [Some(price.input), Some(price.output), price.cached, price.cache_written];
            if all.into_iter().flatten().any(|p| !p.is_finite() || p < 0.0) {
                return Err(mistake("price", "a price must be a number from 0"));
            }
        }
        Ok(())
    }

    /// Tells the scrubber every secret that is in the environment already.
    pub(super) fn teach(&self, scrubber: &Scrubber) {
        let names = self.api_key_env.as_deref().into_iter().chain(self.headers.values().flat_map(|v| references(v)));
        for name in names {
            if let Ok(secret) = variable("", name) {
                scrubber.learn(&secret);
            }
        }
    }

    /// Address and headers, with what the environment holds.
    pub(super) fn resolve(&self, scrubber: &Scrubber) -> Result<Resolved, ConfigError> {
        let address = format!("{}/chat/completions", self.base_url.trim_end_matches('/'));
        let url = reqwest::Url::parse(&address).map_err(|e| mistake("base_url", e.to_string()))?;
        let mut headers = Headers::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(name) = &self.api_key_env {
            let key = variable("api_key_env", name)?;
            scrubber.learn(&key);
            headers.insert(AUTHORIZATION, sensitive("api_key_env", &format!("Bearer {}", key.expose()))?);
        }
        for (name, value) in &self.headers {
            let key = format!("headers.{name}");
            let mut resolved = value.clone();
            for reference in references(value) {
                let secret = variable(&key, reference)?;
                scrubber.learn(&secret);
                resolved = resolved.replace(&format!("${{{reference}}}"), secret.expose());
            }
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|e| mistake(&*key, e.to_string()))?;
            headers.insert(header, sensitive(&key, &resolved)?);
        }
        Ok(Resolved { url, headers })
    }
}

fn sensitive(key: &str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| mistake(key, format!("the value of `{key}` has a character that no header may hold")))?;
    value.set_sensitive(true);
    Ok(value)
}

//! An endpoint behind a model API, as `mocktrial.toml` describes it.

use crate::dialect::{Dialect, Setup, dialect};
use crate::parameters::{Parameters, ToolChoice};
use crate::preset::{self, PRESETS, Preset};
use crate::prices;
use crate::transport::Headers;
use crate::{Price, Scrubber, Secret};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An endpoint behind a model API: the keys of its table that concern the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Who serves the model: a provider known by name, which gives address, key and peculiarities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The address up to and including the version, such as `http://127.0.0.1:8080/v1`; the dialect adds
    /// the rest, such as `/chat/completions`. Where absent, the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The model's name.
    pub model: String,
    /// The environment variable that holds the API key. Where absent, the provider's; a server that is
    /// known by its `base_url` only is sent no key then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// How the key is sent; where absent, as the provider wants it, or as a bearer token, with `x-api-key`
    /// beside it to a server of the Messages API that is known by its `base_url` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The version of the Messages API, sent as `anthropic-version`: `2026-10-21` where absent, of servers that
    /// are not Anthropic's `2023-06-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Sampling parameters; what is absent is not sent.
    #[serde(default)]
    pub parameters: Parameters,
    /// Whether the model may, must or must not call tools; sent only along with tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// How long the provider shall keep the beginning of a conversation in its cache, for the Messages API;
    /// other providers decide that themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_cache: Option<PromptCache>,
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
    /// Price per million tokens, in dollars. Where absent, that of the price table; where that has none
    /// either, costs are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The most requests sent in a minute, by all endpoints of one account together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// The most tokens asked for in a minute, input and output together, by all endpoints of one account
    /// together. A request counts with an estimate until its usage is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
    /// Attempts beyond the first for failures that may pass.
    #[serde(default = "four")]
    #[schemars(range(max = 100))]
    pub retries: u32,
    /// How long to wait for what.
    #[serde(default)]
    pub timeout_seconds: Timeouts,
}

/// How an API key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `x-api-key: KEY`.
    XApiKey,
    /// Both of these, for proxies that read either.
    Both,
    /// `api-key: KEY`, as Azure has it.
    ApiKey,
    /// `x-goog-api-key: KEY`, as Google has it.
    XGoogApiKey,
}

impl Auth {
    /// The headers with their values.
    fn headers(self, key: &str) -> Vec<(HeaderName, String)> {
        let bearer = (AUTHORIZATION, format!("Bearer {key}"));
        let named = |name: &'static str| (HeaderName::from_static(name), key.to_owned());
        match self {
            Self::Bearer => vec![bearer],
            Self::XApiKey => vec![named("x-api-key")],
            Self::Both => vec![bearer, named("x-api-key")],
            Self::ApiKey => vec![named("api-key")],
            Self::XGoogApiKey => vec![named("x-goog-api-key")],
        }
    }
}

/// How long the beginning of a conversation is kept in the provider's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PromptCache {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// An hour; writing costs more.
    #[serde(rename = "1h")]
    Hour,
}

impl PromptCache {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
        }
    }
}

fn four() -> u32 {
    4
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
    /// For the whole request, retries and the waits between them included, but not the time before an
    /// attempt that is spent waiting for the budget or for the rate to allow it.
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

/// What a live request needs.
pub(crate) struct Resolved {
    pub(crate) url: reqwest::Url,
    pub(crate) headers: Headers,
}

/// Host and port of an address, for people.
pub(crate) fn host(url: &reqwest::Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

pub(crate) fn mistake(key: impl Into<String>, message: impl Into<String>) -> ConfigError {
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

impl ModelConfig {
    /// The dialect that an endpoint of this configuration speaks where its table names none: the usual one
    /// of its provider.
    #[must_use]
    pub fn usual_dialect(provider: &str) -> Option<&'static str> {
        preset::preset(provider)?.addresses.first().map(|(dialect, _)| *dialect)
    }

    /// The environment variable that holds the key: as configured, or as usual for the provider.
    #[must_use]
    pub fn key_variable(&self, dialect: &str) -> Option<&str> {
        let usual = || self.preset(crate::dialect::dialect(dialect)?).ok()?.api_key_env;
        self.api_key_env.as_deref().or_else(usual)
    }

    /// The provider by its name in `provider`, given or meant; `None` for a server that is known by its
    /// `base_url` only.
    #[must_use]
    pub fn provider_name(&self, dialect: &str) -> Option<&'static str> {
        let preset = self.preset(crate::dialect::dialect(dialect)?).ok()?;
        Some(preset.name).filter(|name| !name.is_empty())
    }

    /// Host and port of the address; `None` where it has a mistake.
    #[must_use]
    pub fn host(&self, dialect: &str) -> Option<String> {
        self.setup(dialect).ok()?.url().ok().map(|url| host(&url))
    }

    /// The price that the table has for this model of this provider, where it has one that applies: it
    /// knows the standard terms only. What the endpoint says itself outranks it.
    #[must_use]
    pub fn listed_price(&self, dialect: &str) -> Option<Price> {
        // Other terms, and other models and services that a gateway may take in this one's place or beside it.
        const OTHER_TERMS: &[&str] = &[
            "promptcacheretention",
            "speed",
            "inferencegeo",
            "models",
            "route",
            "plugins",
            "provider",
            "websearchoptions",
        ];
        for (key, value) in &self.extra {
            // Google reads both spellings of a key.
            let key = key.replace('_', "").to_ascii_lowercase();
            let standard = || value.as_str().is_some_and(prices::is_standard_tier);
            if OTHER_TERMS.contains(&key.as_str()) || key == "servicetier" && !standard() {
                return None;
            }
        }
        // Behind another address than its own the same name may cost something else; a proxy on this machine
        // passes on to the provider that is named.
        let preset = self.preset(crate::dialect::dialect(dialect)?).ok()?;
        let host = |url: &str| reqwest::Url::parse(url).ok()?.host_str().map(str::to_owned);
        if let Some(given) = self.base_url.as_deref().map(host) {
            let near = matches!(given.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"));
            if !near && !preset.addresses.iter().any(|(_, url)| host(url) == given || url.contains("RESOURCE")) {
                return None;
            }
        }
        prices::listed_price(self.provider_name(dialect)?, &self.model, self.prompt_cache)
    }

    /// Finds what can be found without environment and network.
    ///
    /// # Errors
    /// Names the key and what to do.
    pub fn check(&self, dialect: &str) -> Result<(), ConfigError> {
        self.setup(dialect).map(drop)
    }

    /// What is known of the provider: that which is named, that of the dialect, or nothing where there is an
    /// address only.
    fn preset(&self, dialect: &dyn Dialect) -> Result<&'static Preset, ConfigError> {
        match (&self.provider, &self.base_url) {
            (Some(name), _) => preset::preset(name).ok_or_else(|| {
                let known: Vec<&str> = PRESETS.iter().map(|p| p.name).collect();
                let message = format!(
                    "no provider `{name}` is known; known are {}; any other needs only a `base_url`",
                    known.join(", ")
                );
                mistake("provider", message)
            }),
            (None, Some(_)) => Ok(&preset::UNKNOWN),
            (None, None) => Ok(preset::preset(dialect.default_provider()).unwrap_or(&preset::UNKNOWN)),
        }
    }

    /// Checks the whole and resolves what it leaves to dialect and provider.
    pub(crate) fn setup(&self, name: &str) -> Result<Setup<'_>, ConfigError> {
        let dialect = dialect(name).ok_or_else(|| mistake("kind", format!("there is no dialect `{name}`")))?;
        let preset = self.preset(dialect)?;
        let address = match &self.base_url {
            Some(url) => url.as_str(),
            None => match preset.addresses.iter().find(|(speaks, _)| *speaks == name) {
                None => {
                    let speaks: Vec<&str> = preset.addresses.iter().map(|(d, _)| *d).collect();
                    let message = format!(
                        "{} is not known to speak `{name}`, but {}; where it does, give `base_url`",
                        preset.title,
                        speaks.join(" and ")
                    );
                    return Err(mistake("provider", message));
                }
                Some((_, url)) if url.contains(preset::OWN) => {
                    let message =
                        format!("{} has no one address for all: give yours as `base_url`, like {url}", preset.title);
                    return Err(mistake("base_url", message));
                }
                Some((_, url)) => url,
            },
        };
        let setup = Setup { dialect, config: self, preset, address };
        self.check_address(&setup)?;
        if self.model.is_empty() {
            return Err(mistake("model", "`model` is empty"));
        }
        check_parameters(&setup)?;
        let parameters = parameters(&self.parameters);
        for (key, value) in &self.extra {
            let given = parameters.contains_key(key).then_some("is given in `parameters` already");
            let shared = (key == "n" || key == "candidate_count" || key == "candidateCount")
                .then_some("asks for several answers, of which only the first would be read: run more trials instead");
            if let Some(why) = dialect.reserved(key, value).or(shared).or(given) {
                return Err(mistake(format!("extra.{key}"), format!("`{key}` {why}")));
            }
        }
        for (key, given) in [("api_version", self.api_version.is_some()), ("prompt_cache", self.prompt_cache.is_some())]
        {
            if given && !dialect.own_keys().contains(&key) {
                return Err(mistake(key, format!("leave out `{key}`: {} has no place for it", dialect.title())));
            }
        }
        self.check_headers()?;
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
        let rates = [
            ("requests_per_minute", self.requests_per_minute.map(u64::from)),
            ("tokens_per_minute", self.tokens_per_minute),
        ];
        if let Some((key, _)) = rates.into_iter().find(|(_, rate)| *rate == Some(0)) {
            return Err(mistake(key, format!("`{key}` must be at least 1: with 0 nothing would ever be sent")));
        }
        if self.price.as_ref().is_some_and(|price| !price.is_sound()) {
            return Err(mistake("price", "a price must be a number from 0"));
        }
        dialect.check(&setup)?;
        Ok(setup)
    }

    fn check_address(&self, setup: &Setup<'_>) -> Result<(), ConfigError> {
        let url = reqwest::Url::parse(setup.address)
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
        let telling = |name: &str| SECRET_WORDS.iter().chain(&["sig"]).any(|word| name.contains(word));
        if let Some((name, _)) = url.query_pairs().find(|(name, _)| telling(&name.to_ascii_lowercase())) {
            let message = format!("`{name}` in `base_url` holds a secret: use `api_key_env` or `headers`");
            return Err(mistake("base_url", message));
        }
        let path = setup.dialect.path(setup);
        let path = path.split('?').next().unwrap_or_default();
        if url.path().ends_with(path) {
            return Err(mistake("base_url", format!("`base_url` ends before `{path}`, which is added")));
        }
        Ok(())
    }

    fn check_headers(&self) -> Result<(), ConfigError> {
        for (name, value) in &self.headers {
            let key = format!("headers.{name}");
            let lower = name.to_ascii_lowercase();
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(mistake(key, format!("`{name}` is not the name of a header")));
            }
            let secret = SECRET_WORDS.iter().any(|w| lower.contains(w));
            if secret && references(value).next().is_none() {
                return Err(mistake(
                    key,
                    format!("`{name}` holds a secret: write it as `${{NAME}}`, a variable of the environment"),
                ));
            }
        }
        Ok(())
    }
}

/// What stands in the names of headers and fields that hold secrets.
const SECRET_WORDS: &[&str] =
    &["authorization", "x-auth-", "key", "token", "secret", "cookie", "credential", "password"];

/// Refuses what dialect or provider have no place for, and what is out of range.
fn check_parameters(setup: &Setup<'_>) -> Result<(), ConfigError> {
    let given = parameters(&setup.config.parameters);
    for (key, why) in setup.dialect.lacks().iter().chain(setup.preset.lacks) {
        if given.contains_key(*key) {
            return Err(mistake(format!("parameters.{key}"), format!("leave out `{key}`: {why}")));
        }
    }
    for (key, value) in &given {
        if value.as_f64().is_some_and(|number| !number.is_finite()) {
            return Err(mistake(format!("parameters.{key}"), format!("`{key}` must be a finite number")));
        }
    }
    Ok(())
}

/// The parameters in the one vocabulary, absent ones left out; a derived seed as `"trial"`.
pub(crate) fn parameters(parameters: &Parameters) -> Map<String, Value> {
    match serde_json::to_value(parameters) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

impl Setup<'_> {
    /// The variable that holds the key, with the name of the table's key that says so.
    pub(crate) fn api_key_env(&self) -> Option<&str> {
        self.config.api_key_env.as_deref().or(self.preset.api_key_env)
    }

    /// Every variable of the environment that is sent.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let headers = self.config.headers.values().flat_map(|v| references(v));
        self.api_key_env().into_iter().chain(headers)
    }

    /// Tells the scrubber every secret that is in the environment already.
    pub(crate) fn teach(&self, scrubber: &Scrubber) {
        for name in self.keys() {
            if let Ok(secret) = variable("", name) {
                scrubber.learn(&secret);
            }
        }
    }

    /// Address and headers, with what the environment holds.
    pub(crate) fn resolve(&self, scrubber: &Scrubber) -> Result<Resolved, ConfigError> {
        let mut headers = Headers::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.dialect.headers(self) {
            let value = HeaderValue::from_str(&value).map_err(|e| mistake(name, e.to_string()))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        if let Some(name) = self.api_key_env() {
            let key = variable("api_key_env", name).map_err(|wrong| match &self.config.api_key_env {
                Some(_) => wrong,
                None => {
                    let title = self.preset.title;
                    mistake(
                        wrong.key,
                        format!("the environment variable `{name}`, which holds the key of {title}, is not set"),
                    )
                }
            })?;
            scrubber.learn(&key);
            for (name, value) in self.config.auth.unwrap_or_else(|| self.dialect.auth(self)).headers(key.expose()) {
                headers.insert(name, sensitive("api_key_env", &value)?);
            }
        }
        for (name, value) in &self.config.headers {
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
        Ok(Resolved { url: self.url()?, headers })
    }

    /// The whole address: the dialect's path after that of `base_url`, the queries of both joined.
    pub(crate) fn url(&self) -> Result<reqwest::Url, ConfigError> {
        let mut url = reqwest::Url::parse(self.address).map_err(|e| mistake("base_url", e.to_string()))?;
        let path = self.dialect.path(self);
        let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        let queries: Vec<&str> = url.query().into_iter().chain(query).filter(|q| !q.is_empty()).collect();
        let joined = queries.join("&");
        url.set_query((!joined.is_empty()).then_some(&joined));
        Ok(url)
    }
}

fn sensitive(key: &str, value: &str) -> Result<HeaderValue, ConfigError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| mistake(key, format!("the value of `{key}` has a character that no header may hold")))?;
    value.set_sensitive(true);
    Ok(value)
}

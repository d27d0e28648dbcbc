//! The model behind an address.

use super::config::{ChatConfig, ConfigError, Resolved};
use super::draft::excerpt;
use super::wire::{self, Template};
use super::{failure, response};
use crate::cassette::{Neutral, Settings};
use crate::error::Failure;
use crate::transport::{Job, Received, Route, Understood};
use crate::{Context, Kind, Model, ProviderError, Repair, Reply, Request, Spend, Transport};
use async_trait::async_trait;
use mocktrial_trajectory::{Measurement, Usage};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// No token of any known tokenizer is shorter than a byte, so a prompt has at most as many tokens as
/// the body has bytes; this is for what a chat template adds that is not in the body.
const TEMPLATE_TOKENS: u64 = 1024;

/// A model behind Chat Completions.
pub struct ChatModel {
    name: String,
    config: ChatConfig,
    transport: Transport,
    template: Template,
    settings: Settings,
    route: OnceLock<Result<Arc<Route>, ConfigError>>,
}

impl std::fmt::Debug for ChatModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatModel").field("name", &self.name).field("model", &self.config.model).finish_non_exhaustive()
    }
}

impl ChatModel {
    /// A model as its configuration describes it; `name` is the endpoint's, for messages. Neither
    /// address nor key is needed before the first live request.
    ///
    /// # Errors
    /// When the configuration contradicts itself or holds a secret in plain text.
    pub fn new(name: &str, config: &ChatConfig, transport: &Transport) -> Result<Self, ConfigError> {
        config.check()?;
        config.teach(transport.scrubber());
        let settings = Settings::new(json!({
            "model": config.model,
            "parameters": wire::parameters(config),
            "tool_choice": config.tool_choice.as_ref().map(wire::tool_choice),
            "extra": config.extra,
        }));
        Ok(Self {
            name: name.into(),
            config: config.clone(),
            transport: transport.clone(),
            template: Template::new(config),
            settings,
            route: OnceLock::new(),
        })
    }

    /// Whether all that a live request needs from the environment is there. It need not be for a
    /// run from cassettes.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn check_environment(&self) -> Result<(), ConfigError> {
        self.route().map(drop)
    }

    fn route(&self) -> Result<Arc<Route>, ConfigError> {
        let resolve = || {
            let Resolved { url, headers } = self.config.resolve(self.transport.scrubber())?;
            let times = &self.config.timeout_seconds;
            let seconds = |s: f64| std::time::Duration::from_secs_f64(s.clamp(0.0, 1e7));
            let name = url.host_str().unwrap_or_default();
            let host = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
            Ok(Arc::new(Route {
                url,
                host,
                client: OnceLock::new(),
                headers,
                retries: self.config.retries,
                connect: seconds(times.connect),
                first_byte: seconds(times.first_byte),
                idle: seconds(times.idle),
                total: seconds(times.total),
            }))
        };
        self.route.get_or_init(resolve).clone()
    }

    fn bound_of(&self, bytes: usize) -> Spend {
        let Some(output) = self.config.output_limit() else { return Spend::default() };
        let input = bytes as u64 + TEMPLATE_TOKENS;
        Spend {
            tokens: Some(input.saturating_add(output)),
            cost: self.config.price.as_ref().map(|price| price.bound(input, output)),
        }
    }

    fn read(&self, received: &Received, request: &Request, turn: u32) -> Result<Understood<Reply>, Failure> {
        if received.status != 200 {
            let mut failure = failure::classify(received.status, &received.body);
            if failure.kind == Kind::Rejected && turn > 0 {
                failure = Failure::new(Kind::ConversationRejected, failure.message);
            }
            if (300..400).contains(&received.status) {
                failure.message = "the address redirects, which is not followed".into();
                failure.advice = Some("set `base_url` to where it leads");
            }
            return Err(failure);
        }
        let mut reply = response::read(&received.body, turn)?;
        for call in &reply.calls {
            let sent = wire::wire_name(&call.name, &request.tools);
            if sent != call.name {
                let name = excerpt(&call.name);
                let detail = format!("servers refuse the name `{name}`; call `{}` is passed back as `{sent}`", call.id);
                reply.repairs.push(Repair { what: "unsendable_call_name", detail });
            }
        }
        reply.scrub(self.transport.scrubber());
        reply.measurement.cost = self.cost(reply.usage.as_ref());
        let spent = Spend { tokens: reply.usage.map(|usage| usage.total()), cost: reply.measurement.cost };
        Ok(Understood { value: reply, spent: Some(spent) })
    }

    /// What a response with this usage costs, where that is known.
    fn cost(&self, usage: Option<&Usage>) -> Option<f64> {
        self.config.price.as_ref().and_then(|price| price.cost_of(usage))
    }
}

#[async_trait]
impl Model for ChatModel {
    async fn respond(&self, request: &Request, context: &Context) -> Result<Reply, ProviderError> {
        let job = Job {
            context,
            bound: &|length| self.bound_of(length),
            neutral: Neutral { settings: &self.settings, conversation: &request.conversation, tools: &request.tools },
            route: &|| {
                self.route().map_err(|e| {
                    let text = format!("endpoint `{}`: {e}", self.name);
                    Failure::new(Kind::Unauthorized, text).advise("set it, or replay cassettes, which need no key")
                })
            },
            body: &|| self.template.body(request),
            is_whole: |bytes| bytes.trim_ascii_end().ends_with(b"[DONE]"),
        };
        let read = |received: &Received| self.read(received, request, context.request_index);
        let (mut reply, measurement) = self.transport.exchange(&job, read).await.map_err(|mut error| {
            error.measurement.cost = error.measurement.cost.or_else(|| self.cost(None));
            error
        })?;
        reply.measurement = Measurement { cost: reply.measurement.cost, ..measurement };
        Ok(reply)
    }

    fn parameters(&self, request: &Request) -> Value {
        let mut value = self.settings.value.clone();
        if let Some(Value::Object(parameters)) = value.get_mut("parameters")
            && parameters.get("seed").is_some_and(Value::is_string)
        {
            match request.seed {
                Some(seed) => parameters.insert("seed".into(), wire::wire_seed(seed).into()),
                None => parameters.shift_remove("seed"),
            };
        }
        if let Value::Object(map) = &mut value {
            // What is not sent is not recorded.
            map.retain(|_, part| !part.is_null() && part.as_object().is_none_or(|o| !o.is_empty()));
            if request.tools.tools().is_empty() {
                map.shift_remove("tool_choice");
            }
        }
        self.transport.scrubber().clean_value(&mut value);
        value
    }

    fn bound(&self, request: &Request) -> Spend {
        self.bound_of(self.template.body(request).len())
    }
}

//! The model behind an address, whatever dialect it speaks.

use crate::cassette::{Neutral, Settings};
use crate::config::{self, ConfigError, ModelConfig, Resolved};
use crate::dialect::{Dialect, Encode, Place, Setup};
use crate::error::Failure;
use crate::flow::{self, AccountKey, Limits};
use crate::mend::{Mender, excerpt};
use crate::prices::is_standard_tier;
use crate::transport::{Job, Received, Route, Understood};
use crate::wire::wire_seed;
use crate::{Context, Kind, Model, Price, ProviderError, Repair, Reply, Request, Spend, Transport, failure, read};
use async_trait::async_trait;
use mocktrial_trajectory::{Measurement, MediaSource, Message, Part, Stop};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// No token of any known tokenizer is shorter than a byte, so a prompt has at most as many tokens as
/// the body has bytes; this is for what a chat template adds that is not in the body.
const TEMPLATE_TOKENS: u64 = 1024;

/// Fields of `extra` by which a provider adds to the input, or asks other models.
const ADDS_INPUT: &[&str] = &["plugins", "models", "websearchoptions", "mcpservers", "cachedcontent", "datasources"];

/// No known provider counts more tokens for a picture: OpenAI's dearest, one of eight tiles, has 48 169.
const IMAGE_TOKENS: u64 = 1 << 16;

/// A model behind an API.
pub struct RemoteModel {
    name: String,
    dialect: &'static dyn Dialect,
    config: ModelConfig,
    price: Priced,
    transport: Transport,
    encoder: Box<dyn Encode>,
    settings: Settings,
    concurrency: Option<u32>,
    route: OnceLock<Result<Arc<Route>, ConfigError>>,
}

/// What is known of what a model costs.
enum Priced {
    /// Nothing.
    Unknown,
    /// What the endpoint says.
    Told(Price),
    /// What the price table says, which is for the standard tier, and for text and pictures.
    Listed(Price),
}

impl Priced {
    fn of(config: &ModelConfig, dialect: &str) -> Self {
        match &config.price {
            Some(price) => Self::Told(price.clone()),
            None => config.listed_price(dialect).map_or(Self::Unknown, Self::Listed),
        }
    }

    /// The price of a request.
    fn of_request(&self, request: &Request) -> Option<&Price> {
        let sound = |part: &Part| matches!(part, Part::Audio { .. });
        match self {
            Self::Unknown => None,
            Self::Told(price) => Some(price),
            Self::Listed(price) => {
                let sounds = request.conversation.messages().any(|message| placed(message).0.iter().any(sound));
                (!sounds).then_some(price)
            }
        }
    }

    /// The price of a response that was served in this tier.
    fn of_response(&self, request: &Request, tier: Option<&str>) -> Option<&Price> {
        let listed = matches!(self, Self::Listed(_));
        self.of_request(request).filter(|_| !listed || tier.is_none_or(is_standard_tier))
    }
}

/// A reply, and how it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The reply.
    pub reply: Reply,
    /// Whether it came as a stream of events, asked for or not.
    pub streamed: bool,
}

impl std::fmt::Debug for RemoteModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteModel")
            .field("name", &self.name)
            .field("dialect", &self.dialect.name())
            .field("model", &self.config.model)
            .finish_non_exhaustive()
    }
}

impl RemoteModel {
    /// A model as its configuration describes it; `name` is the endpoint's, for messages. Neither
    /// address nor key is needed before the first live request.
    ///
    /// # Errors
    /// When the configuration contradicts itself or holds a secret in plain text.
    pub fn new(name: &str, dialect: &str, config: &ModelConfig, transport: &Transport) -> Result<Self, ConfigError> {
        let setup = config.setup(dialect)?;
        setup.teach(transport.scrubber());
        Ok(Self {
            name: name.into(),
            dialect: setup.dialect,
            config: config.clone(),
            price: Priced::of(config, setup.dialect.name()),
            transport: transport.clone(),
            encoder: setup.dialect.encoder(&setup),
            settings: Settings::new(neutral(&setup)),
            concurrency: None,
            route: OnceLock::new(),
        })
    }

    /// With a limit of the requests that are under way at once: the endpoint's `concurrency`. Without it
    /// only the provider bounds them; see [`flow`].
    #[must_use]
    pub fn with_concurrency(self, limit: u32) -> Self {
        Self { concurrency: Some(limit), ..self }
    }

    /// Whether all that a live request needs from the environment is there. It need not be for a
    /// run from cassettes.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn check_environment(&self) -> Result<(), ConfigError> {
        self.route().map(drop)
    }

    /// The body that a request is sent with.
    ///
    /// # Errors
    /// [`Kind::Unsupported`] where the dialect has no place for a part of the conversation.
    pub fn body(&self, request: &Request) -> Result<Vec<u8>, ProviderError> {
        self.sendable(request)?;
        Ok(self.encoder.body(request))
    }

    fn route(&self) -> Result<Arc<Route>, ConfigError> {
        let resolve = || {
            let setup = self.config.setup(self.dialect.name())?;
            let Resolved { url, headers } = setup.resolve(self.transport.scrubber())?;
            let times = &self.config.timeout_seconds;
            let seconds = |s: f64| std::time::Duration::from_secs_f64(s.clamp(0.0, 1e7));
            let host = config::host(&url);
            let keys = setup.keys().map(str::to_owned).collect();
            let key = AccountKey { host: host.clone(), keys, model: self.config.model.clone() };
            let limits = Limits {
                concurrency: self.concurrency,
                requests_per_minute: self.config.requests_per_minute,
                tokens_per_minute: self.config.tokens_per_minute,
            };
            Ok(Arc::new(Route {
                url,
                host,
                clients: Default::default(),
                headers,
                retries: self.config.retries,
                connect: seconds(times.connect),
                first_byte: seconds(times.first_byte),
                idle: seconds(times.idle),
                total: seconds(times.total),
                account: self.transport.accounts().join(key, limits),
                output_tokens: self.config.parameters.max_tokens.unwrap_or(flow::DEFAULT_OUTPUT),
            }))
        };
        self.route.get_or_init(resolve).clone()
    }

    fn bound_of(&self, bytes: usize, request: &Request) -> Spend {
        let Some(output) = self.config.parameters.max_tokens else { return Spend::default() };
        // What these make a provider add to the input is not in the body.
        if self.config.extra.keys().any(|key| ADDS_INPUT.contains(&key.replace('_', "").to_ascii_lowercase().as_str()))
        {
            return Spend::default();
        }
        let mut input = bytes as u64 + TEMPLATE_TOKENS;
        for part in request.conversation.messages().flat_map(|message| placed(message).0) {
            match part {
                Part::Text { .. } => {}
                Part::Image { media } if matches!(media.source, MediaSource::Base64(_)) => input += IMAGE_TOKENS,
                // Pages and seconds are not known, nor what an address holds.
                _ => return Spend::default(),
            }
        }
        Spend {
            tokens: Some(input.saturating_add(output)),
            cost: self.price.of_request(request).map(|price| price.bound(input, output)),
        }
    }

    fn read(&self, received: &Received, request: &Request, turn: u32) -> Result<Understood<Answer>, Failure> {
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
        let mut reply = read::read(self.dialect, &received.body, turn)?;
        let mut mender = Mender::default();
        for call in &reply.calls {
            let sent = self.dialect.sendable_name(&call.name, &request.tools);
            if sent != call.name {
                let (id, name) = (excerpt(&call.id), excerpt(&call.name));
                let detail = format!("servers refuse the name `{name}`; call `{id}` is passed back as `{sent}`");
                mender.mend("unsendable_call_name", detail);
            }
        }
        reply.repairs.append(&mut mender.told());
        self.notice_cut(&mut reply);
        let spelt = reply.scrub(self.transport.scrubber());
        let price = self.price.of_response(request, reply.served.tier.as_deref());
        reply.measurement.cost = price.and_then(|price| price.cost_of(reply.usage.as_ref()));
        let spent = Spend { tokens: reply.usage.map(|usage| usage.total()), cost: reply.measurement.cost };
        let streamed = received.body.trim_ascii_start().first() != Some(&b'{');
        Ok(Understood { value: Answer { reply, streamed }, spent: Some(spent), keep: !spelt })
    }

    /// Some servers do not say that the output limit cut an answer. Where a call ends in the middle and every token
    /// allowed is spent, it did.
    fn notice_cut(&self, reply: &mut Reply) {
        let (Some(most), Some(usage)) = (self.config.parameters.max_tokens, reply.usage) else { return };
        let torn = reply.calls.last().is_some_and(|call| call.arguments.value().is_none());
        if torn && usage.output >= most && matches!(reply.stop, Stop::End | Stop::Calls) {
            let detail = format!("a call ends in the middle after all {most} tokens allowed: cut by the output limit");
            reply.repairs.push(Repair { what: "unsaid_output_limit", detail });
            reply.stop = Stop::Length;
        }
    }

    /// Refuses what the dialect has no place for, before anything is asked.
    fn sendable(&self, request: &Request) -> Result<(), ProviderError> {
        for message in request.conversation.messages() {
            let (parts, place) = placed(message);
            for part in parts {
                if let Some(why) = self.dialect.refuses(part, place) {
                    let text = format!("{} {why}: the conversation has {}", self.dialect.title(), described(part));
                    return Err(Failure::new(Kind::Unsupported, text).unspent().of(None, None));
                }
            }
        }
        Ok(())
    }

    /// Answers, and says how the answer came.
    ///
    /// # Errors
    /// As [`Model::respond`].
    pub async fn answer(&self, request: &Request, context: &Context) -> Result<Answer, ProviderError> {
        self.sendable(request)?;
        let job = Job {
            context,
            bound: &|length| self.bound_of(length, request),
            neutral: Neutral { settings: &self.settings, conversation: &request.conversation, tools: &request.tools },
            route: &|| {
                self.route().map_err(|e| {
                    let text = format!("endpoint `{}`: {e}", self.name);
                    Failure::new(Kind::Unauthorized, text).advise("set it, or replay cassettes, which need no key")
                })
            },
            body: &|| self.encoder.body(request),
            is_whole: &|tail| self.dialect.is_whole(tail),
        };
        let read = |received: &Received| self.read(received, request, context.request_index);
        let (mut answer, measurement) = self.transport.exchange(&job, read).await.map_err(|mut error| {
            let free = || self.price.of_request(request).and_then(|price| price.cost_of(None));
            error.measurement.cost = error.measurement.cost.or_else(free);
            error
        })?;
        let Measurement { cost, request_id, .. } = std::mem::take(&mut answer.reply.measurement);
        // Where no header names the request, the body may.
        let request_id = measurement.request_id.clone().or(request_id);
        answer.reply.measurement = Measurement { cost, request_id, ..measurement };
        Ok(answer)
    }
}

/// What is the same in every request of an endpoint, in no dialect. The dialect is named all the same, since
/// the recorded bytes are in it; where nothing is named it is Chat Completions.
fn neutral(setup: &Setup<'_>) -> Value {
    let config = setup.config;
    let mut value = json!({
        "model": config.model,
        "parameters": config::parameters(&config.parameters),
        "tool_choice": config.tool_choice,
        "extra": config.extra,
    });
    if let Value::Object(map) = &mut value {
        if setup.dialect.name() != "chat" {
            map.insert("dialect".into(), setup.dialect.name().into());
        }
        if let Some(version) = &config.api_version {
            map.insert("api_version".into(), version.as_str().into());
        }
    }
    value
}

/// The parts of a message, and where they stand.
fn placed(message: &Message) -> (&[Part], Place) {
    match message {
        Message::System { .. } => (&[], Place::User),
        Message::User { content } => (content, Place::User),
        Message::Assistant { content, .. } => (content, Place::Assistant),
        Message::Tool(result) => (&result.content, Place::Tool),
    }
}

fn described(part: &Part) -> String {
    part.media().map_or_else(|| "text".into(), |media| format!("{} ({})", part.word(), media.describe()))
}

#[async_trait]
impl Model for RemoteModel {
    async fn respond(&self, request: &Request, context: &Context) -> Result<Reply, ProviderError> {
        self.answer(request, context).await.map(|answer| answer.reply)
    }

    fn parameters(&self, request: &Request) -> Value {
        let mut value = self.settings.value.clone();
        if let Some(Value::Object(parameters)) = value.get_mut("parameters")
            && parameters.get("seed").is_some_and(Value::is_string)
        {
            match request.seed {
                Some(seed) => parameters.insert("seed".into(), wire_seed(seed).into()),
                None => parameters.shift_remove("seed"),
            };
        }
        if let Value::Object(map) = &mut value {
            // What is not sent is not recorded.
            map.retain(|_, part| !part.is_null() && part.as_object().is_none_or(|o| !o.is_empty()));
            if request.tools.tools().is_empty() {
                map.shift_remove("tool_choice");
                if let Some(Value::Object(parameters)) = map.get_mut("parameters") {
                    parameters.shift_remove("parallel_tool_calls");
                }
            }
        }
        self.transport.scrubber().clean_value(&mut value);
        value
    }

    fn bound(&self, request: &Request) -> Spend {
        self.bound_of(self.encoder.body(request).len(), request)
    }
}

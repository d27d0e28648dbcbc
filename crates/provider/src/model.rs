//! The one trait behind which every model stands.

use crate::{Cancel, Meter, ProviderError, Request, Scrubber, Spend};
use async_trait::async_trait;
use mocktrial_trajectory::{EpisodeKey, Logprob, Measurement, Message, Part, Served, Stop, ToolCall, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use tokio::time::Instant;

/// Something that answers a conversation.
#[async_trait]
pub trait Model: Send + Sync {
    /// Answers.
    ///
    /// # Errors
    /// See [`Kind`](crate::Kind): every failure is typed by what to do about it and whose it is.
    async fn respond(&self, request: &Request, context: &Context) -> Result<Reply, ProviderError>;

    /// The parameters that `respond` sends beside conversation and tools, as the trajectory records
    /// them; `null` where there are none.
    fn parameters(&self, _request: &Request) -> Value {
        Value::Null
    }

    /// The most that one attempt at this request can spend; a part is `None` where no bound exists
    /// (no output limit, or no price). A run with a budget refuses to start on such a model.
    fn bound(&self, _request: &Request) -> Spend {
        Spend::ZERO
    }
}

/// In whose name a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// The endpoint on trial.
    Subject,
    /// A simulated user.
    User,
    /// A judge.
    Judge,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::User => "user",
            Self::Judge => "judge",
        })
    }
}

/// The circumstances of a request: all that is not part of the question.
#[derive(Clone)]
pub struct Context {
    /// In whose name.
    pub role: Role,
    /// The episode it belongs to.
    pub episode: EpisodeKey,
    /// The requests of this role made before it in the episode.
    pub request_index: u32,
    /// When the episode's real time ends.
    pub deadline: Option<Instant>,
    /// The budget.
    pub meter: Option<Arc<dyn Meter>>,
    /// The switch that aborts it.
    pub cancel: Cancel,
}

impl Context {
    /// The first request of an episode's subject, without deadline, budget or switch.
    #[must_use]
    pub fn new(episode: EpisodeKey) -> Self {
        Self { role: Role::Subject, episode, request_index: 0, deadline: None, meter: None, cancel: Cancel::never() }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("role", &self.role)
            .field("episode", &self.episode)
            .field("request_index", &self.request_index)
            .finish_non_exhaustive()
    }
}

/// Something an adapter had to mend in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// A stable word for the mending, such as `missing_call_id`.
    pub what: &'static str,
    /// What was found and what was made of it.
    pub detail: String,
}

/// What a model answered, in no dialect.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The text beside the calls, or the whole answer; empty where there is none.
    pub content: Vec<Part>,
    /// Reasoning that the provider showed.
    pub reasoning: Option<String>,
    /// The calls, in order.
    pub calls: Vec<ToolCall>,
    /// Why it stopped.
    pub stop: Stop,
    /// Tokens spent; `None` where the server does not say.
    pub usage: Option<Usage>,
    /// The provider's own items, only where the neutral form would lose something.
    pub raw: Vec<Value>,
    /// What the provider says it answered with.
    pub served: Served,
    /// The probabilities of the answer's tokens, where they were asked for and given.
    pub logprobs: Vec<Logprob>,
    /// All that had to be mended.
    pub repairs: Vec<Repair>,
    /// What was measured: latency (the recorded one, if replayed), retries, cost. `seq` is 0: the
    /// caller sets it.
    pub measurement: Measurement,
}

impl Reply {
    /// A reply of plain text that ends the turn.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            content: if text.is_empty() { Vec::new() } else { vec![Part::text(text)] },
            reasoning: None,
            calls: Vec::new(),
            stop: Stop::End,
            usage: None,
            raw: Vec::new(),
            served: Served::default(),
            logprobs: Vec::new(),
            repairs: Vec::new(),
            measurement: Measurement::default(),
        }
    }

    /// A reply that calls tools.
    #[must_use]
    pub fn calls(calls: Vec<ToolCall>) -> Self {
        Self { calls, stop: Stop::Calls, ..Self::text("") }
    }

    /// Takes known secrets out of all that is recorded; whether there was one. The bytes were scrubbed before
    /// they were read, so it came in pieces, as a stream brings them.
    pub(crate) fn scrub(&mut self, scrubber: &Scrubber) -> bool {
        if scrubber.is_idle() {
            return false;
        }
        let mut found = false;
        for part in &mut self.content {
            if let Part::Text { text } = part {
                found |= scrubber.clean(text);
            }
        }
        let Served { model, fingerprint, tier } = &mut self.served;
        for text in [&mut self.reasoning, model, fingerprint, tier].into_iter().flatten() {
            found |= scrubber.clean(text);
        }
        for call in &mut self.calls {
            for text in [&mut call.id, &mut call.name] {
                found |= scrubber.clean(text);
            }
            if scrubber.is_idle() {
                continue;
            }
            // They are shared, so that what is cleaned is a copy.
            let mut text = call.arguments.text.to_string();
            let mut value = call.arguments.value().cloned();
            let in_text = scrubber.clean(&mut text);
            let in_value = value.as_mut().is_some_and(|value| scrubber.clean_value(value));
            if in_text || in_value {
                call.arguments = mocktrial_trajectory::Arguments::of(text, value);
                found = true;
            }
        }
        for item in &mut self.raw {
            found |= scrubber.clean_value(item);
        }
        for repair in &mut self.repairs {
            found |= scrubber.clean(&mut repair.detail);
        }
        if let Stop::Other { raw } = &mut self.stop {
            found |= scrubber.clean(raw);
        }
        if let Some(id) = &mut self.measurement.request_id {
            found |= scrubber.clean(id);
        }
        if found {
            // They spell it, token by token.
            self.logprobs.clear();
        }
        found
    }

    /// The message that passes this reply back to the model.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::Assistant { content: self.content.clone(), calls: self.calls.clone(), raw: self.raw.clone() }
    }
}

//! What happens in an episode.

use crate::{Arguments, Digest, EndReason, Logprob, Op, Part, Stop, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One entry of a trajectory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the trajectory, from 0.
    pub seq: u32,
    /// Virtual milliseconds since the episode began.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub time_ms: u64,
    /// What happened.
    pub body: Body,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What happened.
///
/// A reader keeps what it does not know as [`Body::Unknown`]; nothing ever writes that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Body {
    /// A user message was given to the agent.
    User {
        /// Its text.
        text: String,
        /// Pictures, sounds and documents after the text.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<Part>,
    },
    /// The model was asked.
    Request {
        /// The parameters sent, where they differ from those of the request before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameters: Option<Value>,
        /// What was added to the conversation since the request before.
        added: Vec<Added>,
    },
    /// The model answered. Its calls follow as events of their own.
    Response {
        /// The text beside the calls, or the whole answer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        content: Vec<Part>,
        /// Reasoning that the provider showed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<String>,
        /// How many calls it made, answered or not.
        #[serde(default, skip_serializing_if = "is_zero_u32")]
        calls: u32,
        /// Why it stopped.
        stop: Stop,
        /// Tokens spent; absent where the provider does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// What the provider says it answered with, where it says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        served: Option<Box<Served>>,
        /// The probabilities of the answer's tokens, where they were asked for and given.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        logprobs: Vec<Logprob>,
        /// The provider's own items, where the neutral form loses something.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        raw: Vec<Value>,
    },
    /// An agent of the user's own spoke. (A model speaks in a `Response`.)
    Say {
        /// What it said.
        text: String,
    },
    /// The agent reported what it spent (a command agent; a model's usage is in its `Response`).
    Reported {
        /// The tokens it says it used.
        usage: Usage,
    },
    /// A tool was called.
    Call {
        /// The call's id.
        id: String,
        /// The tool's name, as written by the agent.
        tool: String,
        /// The arguments, as written by the agent.
        arguments: Arguments,
    },
    /// A call was answered.
    Result {
        /// The sequence number of the call.
        call: u32,
        /// What the agent was given: JSON for a JSON result, else a string.
        content: Value,
        /// Present where the call failed: why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<ToolFailure>,
        /// What answered; absent where no responder was reached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        responder: Option<Responder>,
    },
    /// A call changed the world.
    State {
        /// The sequence number of the call.
        call: u32,
        /// The change, as JSON Patch (RFC 6902), in the order in which it was written.
        patch: Vec<Op>,
        /// The canonical hash of the whole state after it.
        hash: Digest,
    },
    /// An adapter had to mend what a server sent.
    Repair {
        /// A stable word for the mending, such as `missing_call_id`.
        what: String,
        /// What was found and what was made of it.
        detail: String,
    },
    /// A fault was injected.
    Fault {
        /// The fault's name.
        fault: String,
        /// The sequence number of the call it struck.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<u32>,
    },
    /// A limit was reached.
    Limit {
        /// The reason it ends the episode with.
        limit: EndReason,
        /// The limit's value, in its own unit.
        #[serde(deserialize_with = "crate::logprob::float")]
        allowed: f64,
        /// What was reached, in the same unit.
        #[serde(deserialize_with = "crate::logprob::float")]
        reached: f64,
    },
    /// The episode ended. Always the last event, and only once.
    End {
        /// Why.
        reason: EndReason,
        /// What a person needs to know beyond the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// Something a later version wrote.
    #[serde(other)]
    Unknown,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero_u32(n: &u32) -> bool {
    *n == 0
}

impl Body {
    /// A user message of text alone.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into(), attachments: Vec::new() }
    }
}

/// What a provider says it answered with: aliases move, and so do machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The fingerprint of the serving configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The tier of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

impl Served {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Something added to the conversation with a request: what stands in the trajectory already is
/// named by its event, so that no text is stored twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Added {
    /// The system prompt.
    System {
        /// Its text.
        text: String,
    },
    /// The user message of an event.
    User {
        /// The event's sequence number.
        event: u32,
    },
    /// The response of an event.
    Assistant {
        /// The event's sequence number.
        event: u32,
    },
    /// The tool result of an event.
    Tool {
        /// The event's sequence number.
        event: u32,
    },
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolFailure {
    /// No such tool: the model's doing.
    UnknownTool,
    /// The argument text is not a JSON object: the model's doing.
    MalformedArguments,
    /// The arguments do not fit the tool's schema: the model's doing.
    InvalidArguments,
    /// The tool answered with an error, as the world says it would (no such order, say).
    Tool,
    /// Not run: the endpoint's loop policy takes the first call of a response only.
    Skipped,
    /// The world could not answer: the scenario's doing.
    Scenario,
}

/// What answered a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Responder {
    /// A rule of the world.
    Rule {
        /// Which of the tool's rules, from 0.
        index: u32,
    },
    /// A function of the world's script.
    Script {
        /// The function's name.
        function: String,
    },
    /// A value made from the tool's output schema.
    Synthesized,
    /// `{"ok": true}`: the tool has neither a responder nor an output schema.
    Default,
}

//! OpenAI Responses, and what speaks it: Azure, OpenRouter, vLLM, llama.cpp and some gateways.
//!
//! Nothing is left with the provider (`store: false`): each request holds the whole conversation, reasoning
//! included. What a server sends is taken as it is meant wherever its meaning is plain, and each mending is
//! a [`Repair`](crate::Repair):
//!
//! | repair | what was mended |
//! |---|---|
//! | `missing_call_id`, `duplicate_call_id` | a call without an id of its own gets one |
//! | `empty_arguments` | `""` and `null` are read as `{}` |
//! | `arguments_as_object` | arguments that came as an object and not as its text |
//! | `trailing_quotes` | `{}""` is read as `{}` |
//! | `malformed_arguments_wrapped` | a text that is no JSON object is kept as it is, and passed back as `{"malformed_arguments": …}` (16 KiB at most), because servers refuse it otherwise |
//! | `unsendable_call_name` | a call that names no tool, by a name that servers refuse (they take `[a-zA-Z0-9_-]{1,64}`), keeps it and is passed back under a mended one |
//! | `dangling_reasoning` | reasoning that nothing follows, in a response that was cut or is empty, is shown and not passed back |
//! | `empty_message` | a message without content that comes after a call is left out |
//! | `missing_status` | a response that does not say whether the response is complete is read as complete |
//! | `output_cut_at_end` | calls or texts that a stream brought and its last event leaves out are kept |
//! | `unfinished_item` | an item of a stream that never ended, and is not in the last event, is made of its pieces |
//! | `unparseable_event` | an event that is no JSON is passed over; one that begins like JSON and cannot be read fails the attempt, since part of the answer is lost |
//! | `broken_text` | a piece of a stream that is half a character is left out |
//! | `odd_item`, `odd_content` | an item that is no object is left out; content that is neither text nor a list is read as text |
//! | `partial_usage`, `unreadable_usage`, `unreadable_logprobs` | usage that lacks a part, and logprobs that are none, are left out |
//! | `reasoning_beside_output` | reasoning tokens that a server counts beside the output are counted as output |
//!
//! The items of a stream are those of its last event; where that has none, those that ended one by one.
//!
//! The neutral form keeps text, calls, reasoning and usage. Where the items have more (reasoning, a refusal,
//! a `phase`, citations, an order of their own, items of another kind), they are also kept whole as `raw` and
//! passed back so, in order, with ids, encrypted content and all, and with the calls as mended.
//!
//! What a request has beside the conversation:
//!
//! - `include` asks for encrypted reasoning, without which a model forgets its reasoning between calls. What
//!   `extra.include` asks for is added. A model that does not reason may refuse to be asked so, and some
//!   servers take no `include`: `extra.include = []` leaves it out.
//! - `strict` is always written: without it this API makes each schema a strict one.
//! - A summary of the reasoning is asked for with `extra.reasoning = { summary = "auto" }`.
//! - A tool that takes text is a custom tool. llama.cpp does not show these to its model, and says nothing.
//!
//! A server may say `completed` of an answer that its output limit cut: llama.cpp does. Then nothing tells.

mod encode;
mod event;
mod input;
mod output;
mod response;
mod slot;
mod stream;
#[cfg(test)]
mod tests;

use crate::dialect::{Assemble, Dialect, Encode, Place, Setup};
use crate::error::Failure;
use crate::sse::{ends_with_done, last_event};
use crate::{Reply, Toolbox};
use mocktrial_trajectory::Part;
use serde_json::Value;
use std::borrow::Cow;

/// The dialect.
pub(crate) struct Responses;

impl Dialect for Responses {
    fn name(&self) -> &'static str {
        encode::DIALECT
    }

    fn title(&self) -> &'static str {
        "OpenAI Responses"
    }

    fn default_provider(&self) -> &'static str {
        "openai"
    }

    fn path(&self, _setup: &Setup<'_>) -> String {
        "/responses".into()
    }

    fn lacks(&self) -> &'static [(&'static str, &'static str)] {
        const PASS: &str =
            "the Responses API has no such parameter; where the server takes it all the same, put it into `extra`";
        &[
            ("seed", PASS),
            ("stop", PASS),
            ("presence_penalty", PASS),
            ("frequency_penalty", PASS),
            ("top_k", PASS),
            ("reasoning_tokens", "the Responses API knows an effort only: give `reasoning_effort`"),
        ]
    }

    fn reserved(&self, key: &str, value: &Value) -> Option<&'static str> {
        Some(match key {
            "model" | "input" | "instructions" | "tools" | "tool_choice" | "stream" => {
                "is written by the dialect itself"
            }
            "messages" | "response_format" => "belongs to Chat Completions, not to the Responses API",
            "store" => "is always false: nothing is left with the provider",
            "previous_response_id" | "conversation" => {
                "continues a conversation that the provider keeps; each request holds the whole conversation"
            }
            "prompt" => "names instructions that the provider keeps, which no run could show",
            "background" | "background_options" => "makes a response that is fetched later, which is not supported",
            "generate" => "turns the answer off",
            "max_output_tokens" | "max_tokens" | "max_completion_tokens" | "n_predict" => {
                "belongs in `parameters` as `max_tokens`, where it also bounds what a request may spend"
            }
            "top_logprobs" | "logprobs" => "belongs in `parameters` as `logprobs = N`",
            "reasoning_effort" => "belongs in `parameters`",
            "parallel_tool_calls" => "belongs in `parameters`, and is sent only along with tools",
            "reasoning" if !value.is_object() => "must be a table",
            "reasoning" if value.get("effort").is_some() => {
                "must not hold `effort`: that belongs in `parameters` as `reasoning_effort`"
            }
            "include" if value.as_array().is_none_or(|asked| !asked.iter().all(Value::is_string)) => {
                "must be a list of texts"
            }
            _ => return None,
        })
    }

    fn refuses(&self, part: &Part, place: Place) -> Option<&'static str> {
        match (part, place) {
            (Part::Text { .. }, _) => None,
            (_, Place::Assistant) => Some("takes nothing but text from the model"),
            (Part::Audio { .. }, _) => Some("takes no sound"),
            (Part::Image { .. } | Part::File { .. }, Place::User | Place::Tool) => None,
        }
    }

    fn encoder(&self, setup: &Setup<'_>) -> Box<dyn Encode> {
        Box::new(encode::Template::new(setup))
    }

    fn sendable_name<'a>(&self, name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
        input::sendable_name(name, tools)
    }

    fn read_whole(&self, body: &[u8], turn: u32) -> Result<Reply, Failure> {
        response::read_whole(body, turn)
    }

    fn assembler(&self) -> Box<dyn Assemble> {
        Box::<stream::Assembler>::default()
    }

    fn is_whole(&self, body: &[u8]) -> bool {
        ends_with_done(body) || last_event(body).is_some_and(event::is_last)
    }
}

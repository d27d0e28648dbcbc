//! OpenAI Chat Completions, and all that speaks it: llama.cpp, vLLM, Ollama, and many a gateway.
//!
//! What a server sends is taken as it is meant wherever its meaning is plain, and each mending is a
//! [`Repair`](crate::Repair):
//!
//! | repair | what was mended |
//! |---|---|
//! | `missing_call_id`, `duplicate_call_id` | a call without an id of its own gets one |
//! | `empty_arguments` | `""` and `null` are read as `{}` |
//! | `arguments_as_object` | arguments that came as an object and not as its text |
//! | `trailing_quotes` | `{}""` is read as `{}` |
//! | `malformed_arguments_wrapped` | a text that is no JSON object is kept as it is, and passed back as `{"malformed_arguments": …}` (16 KiB at most), because servers refuse it otherwise |
//! | `unsendable_call_name` | a call that names no tool, by a name that servers refuse (they take `[a-zA-Z0-9_-]{1,64}`), keeps it and is passed back under a mended one |
//! | `legacy_function_call` | `function_call` is read as a tool call |
//! | `colliding_call_index`, `odd_call_index` | pieces of a stream whose index does not say to which call they belong |
//! | `empty_call` | a call without id, name and arguments is left out |
//! | `stop_with_calls`, `calls_announced`, `missing_finish_reason` | a finish reason that is absent or contradicts the message |
//! | `extra_choices` | choices beyond the first are left out |
//! | `unparseable_event` | an event of a stream that is no JSON is passed over; one that begins like JSON and cannot be read fails the attempt, since part of the answer is lost |
//! | `partial_usage`, `unreadable_usage` | usage that lacks a part is left out |
//! | `reasoning_beside_output` | reasoning tokens that a server counts beside the output are counted as output |
//! | `odd_content` | content that is neither text nor a list of parts |
//!
//! Of a kind that every piece of a stream may need (`unparseable_event`, the usages, `odd_content`) the
//! first repair is told, of any other the first sixteen; the last of them says how many more there were.
//!
//! The neutral form keeps the text, calls, reasoning and usage. Where the message has more (reasoning,
//! signatures, parts), it is also kept whole as `raw` and passed back so, with the calls as mended.

mod draft;
mod encode;
mod message;
mod response;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use crate::dialect::{Assemble, Dialect, Encode, Place, Setup};
use crate::error::Failure;
use crate::sse::ends_with_done;
use crate::{Reply, Toolbox};
use mocktrial_trajectory::{MediaSource, Part};
use serde_json::Value;
use std::borrow::Cow;

/// The dialect.
pub(crate) struct Chat;

impl Dialect for Chat {
    fn name(&self) -> &'static str {
        encode::DIALECT
    }

    fn title(&self) -> &'static str {
        "Chat Completions"
    }

    fn default_provider(&self) -> &'static str {
        "openai"
    }

    fn path(&self, _setup: &Setup<'_>) -> String {
        "/chat/completions".into()
    }

    fn lacks(&self) -> &'static [(&'static str, &'static str)] {
        &[(
            "reasoning_tokens",
            "Chat Completions knows an effort only; where the server knows a number, put its own field into `extra`",
        )]
    }

    fn reserved(&self, key: &str, value: &Value) -> Option<&'static str> {
        Some(match key {
            "model" | "messages" | "tools" | "tool_choice" | "stream" => "is written by the dialect itself",
            "functions" | "function_call" => {
                "is an older form of `tools` and `tool_choice`, which the dialect writes itself"
            }
            "max_tokens" | "max_completion_tokens" => {
                "belongs in `parameters` as `max_tokens`, where it also bounds what a request may spend"
            }
            "max_output_tokens" | "n_predict" => {
                "is another name for the output limit: give `max_tokens` in `parameters`, where it also bounds what a request may spend"
            }
            "logprobs" | "top_logprobs" => "belongs in `parameters` as `logprobs = N`",
            "stream_options" if !value.is_object() => "must be a table",
            "stream_options" if value["include_usage"] == Value::Bool(false) => {
                "must not turn `include_usage` off: nothing else says what a stream spent"
            }
            _ => return None,
        })
    }

    fn refuses(&self, part: &Part, place: Place) -> Option<&'static str> {
        match (part, place) {
            (Part::Text { .. }, _) => None,
            (_, Place::User) => match part {
                Part::Audio { media } if matches!(media.source, MediaSource::Url(_)) => {
                    Some("takes a sound as its bytes only, not as an address")
                }
                Part::File { media, .. } if matches!(media.source, MediaSource::Url(_)) => {
                    Some("takes a file as its bytes only, not as an address")
                }
                _ => None,
            },
            (_, Place::Tool) => Some("takes nothing but text from a tool"),
            (_, Place::Assistant) => Some("takes nothing but text from the model"),
        }
    }

    fn encoder(&self, setup: &Setup<'_>) -> Box<dyn Encode> {
        Box::new(encode::Template::new(setup))
    }

    fn sendable_name<'a>(&self, name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
        encode::sendable_name(name, tools)
    }

    fn read_whole(&self, body: &[u8], turn: u32) -> Result<Reply, Failure> {
        response::read_whole(body, turn)
    }

    fn assembler(&self) -> Box<dyn Assemble> {
        Box::<stream::Assembler>::default()
    }

    fn is_whole(&self, body: &[u8]) -> bool {
        ends_with_done(body)
    }
}

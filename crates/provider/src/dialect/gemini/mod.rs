//! Gemini's generateContent, as Google's two services and gateways such as LiteLLM speak it.
//!
//! What a server sends is taken as it is meant wherever its meaning is plain, and each mending is a
//! [`Repair`](crate::Repair):
//!
//! | repair | what was mended |
//! |---|---|
//! | `duplicate_call_id` | a call with the id of another gets one of its own |
//! | `repeated_call` | a call that came before with the same id, name and arguments is left out |
//! | `empty_call` | a call without id, name and arguments is left out |
//! | `empty_arguments` | `""` is read as `{}` |
//! | `arguments_as_text` | arguments that came as the text of an object and not as the object |
//! | `trailing_quotes` | `{}""` is read as `{}` |
//! | `malformed_arguments_wrapped` | arguments that are no JSON object are kept as they are, and passed back as `{"malformed_arguments": …}` (16 KiB at most), because servers refuse them otherwise |
//! | `unsendable_call_name` | a call that names no tool, by a name that servers refuse (they take `[A-Za-z_][\w.:-]{0,127}`), keeps it and is passed back under a mended one |
//! | `missing_finish_reason` | the response does not say why it stopped |
//! | `finish_message` | nothing is mended: the server gave the answer up, and this is what it says of it |
//! | `extra_candidates` | candidates beyond the first are left out |
//! | `odd_part` | a part that is no object, or a field of one that cannot be read, is left out |
//! | `unparseable_event` | an event of a stream that is no JSON is passed over; one that begins like JSON and cannot be read fails the attempt, since part of the answer is lost |
//! | `partial_usage`, `unreadable_usage` | usage that lacks a part is left out |
//! | `reasoning_within_output` | thinking that a server counts within the output, where Google counts it beside, is not counted twice |
//! | `unreadable_logprobs` | probabilities that cannot be read are left out |
//!
//! Of a kind that every piece of a stream may need, the first repair is told, of any other the first
//! sixteen; the last of them says how many more there were.
//!
//! A call without an id is no defect here: this API pairs calls and results by name and order, and most of
//! its models give no ids. Such a call gets an id for the trajectory; it is never sent.
//! Nor is a call without arguments one: the API leaves out an object that is empty.
//!
//! The neutral form keeps text, media, calls, reasoning and usage. Where the parts have more (a thought
//! signature above all, which must go back on the very part it came with), or another order than text before
//! calls, they are kept as `raw`, one item each, and passed back so, with the calls as mended. Neighbouring
//! texts without a signature are one part.
//!
//! Why it stopped:
//!
//! | `finishReason` | read as |
//! |---|---|
//! | `STOP` | [`Calls`](mocktrial_trajectory::Stop::Calls) or [`End`](mocktrial_trajectory::Stop::End) |
//! | `MAX_TOKENS`, `CONTINUATION` (the limit of one response; the rest is not asked for) | [`Length`](mocktrial_trajectory::Stop::Length) |
//! | `SAFETY`, `RECITATION`, `BLOCKLIST`, `PROHIBITED_CONTENT`, `SPII`, `MODEL_ARMOR`, `ESCALATION`, and those of images | [`ContentFilter`](mocktrial_trajectory::Stop::ContentFilter) |
//! | `MALFORMED_FUNCTION_CALL`, `UNEXPECTED_TOOL_CALL`, `TOO_MANY_TOOL_CALLS`, `MALFORMED_RESPONSE` | [`Malformed`](mocktrial_trajectory::Stop::Malformed) |
//! | `MISSING_THOUGHT_SIGNATURE` | no reply but [`ConversationRejected`](crate::Kind::ConversationRejected): every signature that came is passed back, so a gateway lost it, or the scenario put calls into the conversation that the model never made |
//! | `PUP_LIMITED_DISABLED` | no reply but [`Unauthorized`](crate::Kind::Unauthorized): the account is limited |
//! | any other, such as `OTHER` or `LANGUAGE` | [`Other`](mocktrial_trajectory::Stop::Other) |
//!
//! A prompt that is blocked (`promptFeedback.blockReason`, and no candidate) is no reply but
//! [`ContentFilter`](crate::Kind::ContentFilter). For errors see [`Kind`](crate::Kind).

mod content;
mod draft;
mod encode;
mod part;
mod response;
mod settings;
mod stream;
#[cfg(test)]
mod tests;

use crate::config::ConfigError;
use crate::dialect::{Assemble, Dialect, Encode, Place, Setup};
use crate::error::Failure;
use crate::{Reply, Toolbox};
use mocktrial_trajectory::Part;
use serde_json::Value;
use std::borrow::Cow;

/// The dialect.
pub(crate) struct Gemini;

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        content::DIALECT
    }

    fn title(&self) -> &'static str {
        "Gemini"
    }

    fn default_provider(&self) -> &'static str {
        "google"
    }

    fn path(&self, setup: &Setup<'_>) -> String {
        let model = &setup.config.model;
        let whole = ["models/", "tunedModels/", "projects/", "publishers/"].iter().any(|p| model.starts_with(p));
        let folder = if whole { "" } else { "models/" };
        let method = if setup.config.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        format!("/{folder}{}:{method}", escaped(model))
    }

    fn lacks(&self) -> &'static [(&'static str, &'static str)] {
        &[("parallel_tool_calls", "Gemini's models alone decide whether they call several tools at once")]
    }

    fn reserved(&self, key: &str, value: &Value) -> Option<&'static str> {
        settings::reserved(key, value)
    }

    fn check(&self, setup: &Setup<'_>) -> Result<(), ConfigError> {
        settings::check(setup.config)
    }

    fn refuses(&self, part: &Part, place: Place) -> Option<&'static str> {
        match (part, place) {
            // The type says how the bytes are read; nothing else does.
            (Part::Image { media } | Part::Audio { media } | Part::File { media }, _) if media.mime.is_empty() => {
                Some("takes no media without a type")
            }
            _ => None,
        }
    }

    fn encoder(&self, setup: &Setup<'_>) -> Box<dyn Encode> {
        Box::new(encode::Template::new(setup.config))
    }

    fn sendable_name<'a>(&self, name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
        content::sendable_name(name, tools)
    }

    fn read_whole(&self, body: &[u8], turn: u32) -> Result<Reply, Failure> {
        response::read_whole(body, turn)
    }

    fn read_list(&self, body: &[u8], turn: u32) -> Result<Reply, Failure> {
        stream::read_list(body, turn)
    }

    fn assembler(&self) -> Box<dyn Assemble> {
        Box::<stream::Assembler>::default()
    }

    /// Google closes the connection; gateways may say that they are done.
    fn is_whole(&self, tail: &[u8]) -> bool {
        crate::sse::ends_with_done(tail)
    }
}

/// A model's name within a path.
fn escaped(model: &str) -> String {
    let mut out = String::with_capacity(model.len());
    for byte in model.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

//! Anthropic Messages, and all that speaks it: llama.cpp, vLLM, Ollama, LiteLLM, OpenRouter, and proxies of
//! Bedrock and Vertex.
//!
//! What goes out:
//!
//! - `api_version` is sent as `anthropic-version`: `2026-10-21` where nothing is said and the provider is
//!   Anthropic, `2023-06-01` of any other server. The newer one takes no `temperature`, `top_p` and `top_k`,
//!   so these are then a mistake in the configuration.
//! - The key is sent as the provider wants it: to Anthropic as a bearer token, under the older version as
//!   `x-api-key`; and as both to a server that is known by its address only.
//! - System messages are sent as `system`, wherever they stand. Messages of the user and results of tools
//!   that follow each other are one turn, results first, and so are messages of the model.
//! - A text that is blank is left out, because the API refuses it. A failed call without content says `error`.
//! - A tool's schema that has no `type` is sent with `"type": "object"`.
//! - `reasoning_effort` is `output_config.effort` with thinking that adapts, `none` is thinking disabled, and
//!   `reasoning_tokens` is thinking with a budget.
//! - `prompt_cache` marks the end of tools and system prompt, which many conversations share, and asks the
//!   provider to mark each conversation as it grows (`cache_control` of the request).
//!
//! What a server sends is taken as it is meant wherever its meaning is plain, and each mending is a
//! [`Repair`](crate::Repair):
//!
//! | repair | what was mended |
//! |---|---|
//! | `missing_call_id`, `duplicate_call_id` | a call without an id of its own gets one |
//! | `unsendable_call_id` | an id with characters that the API refuses (it takes `[a-zA-Z0-9_-]`) is passed back with these spelled out |
//! | `unsendable_call_name` | a call that names no tool, by a name that servers refuse (they take `[a-zA-Z0-9_-]{1,64}`), keeps it and is passed back under a mended one |
//! | `empty_arguments` | a call with no input at all, or with `null`, is read as one with `{}`. (A block that begins with `{}` and ends without a piece is the API's own form and no repair.) |
//! | `arguments_as_text`, `arguments_as_object` | an input that came as the text of an object, or a piece of it that came as JSON and not as text |
//! | `arguments_in_start`, `arguments_twice` | a stream that gives an input whole with its block's beginning, instead of in pieces or beside them |
//! | `trailing_quotes` | `{}""` is read as `{}` |
//! | `malformed_arguments_wrapped` | a text that is no JSON object is kept as it is, and passed back as `{"malformed_arguments": …}` (16 KiB at most), because the API takes nothing but an object |
//! | `colliding_block_index`, `odd_block_index`, `missing_block_start` | pieces of a stream whose index does not say to which block they belong, or whose block was never begun |
//! | `stop_with_calls`, `calls_announced`, `missing_stop_reason` | a stop reason that is absent or contradicts the message |
//! | `content_as_text`, `odd_content`, `unreadable_block` | content, or an item of it, that is a text; content that is neither a text nor a list; and an item that is no block, or nests too deep to be kept, and is left out |
//! | `unparseable_event`, `unknown_event`, `unknown_delta` | an event that is no JSON, or of no known type, is passed over; a piece of no known type is added to its block. An event that begins like JSON and cannot be read fails the attempt, since part of the answer is lost |
//! | `partial_usage`, `unreadable_usage` | usage that lacks a side is left out |
//!
//! Of a kind that every piece of a stream may need the first repair is told, of any other the first sixteen;
//! the last of them says how many more there were.
//!
//! The neutral form keeps text, calls, thoughts and usage. Where a message has more (thoughts and their
//! signatures, hidden thoughts, citations, what the provider's own tools did, several texts, a text after a
//! call), all of its blocks are also kept in their order as `raw`, with the calls as mended, and passed back so.

mod block;
mod draft;
mod draft_block;
mod encode;
mod parameters;
mod response;
mod stream;
#[cfg(test)]
mod tests;
mod usage;

use crate::config::ConfigError;
use crate::dialect::{Assemble, Dialect, Encode, Place, Setup};
use crate::error::Failure;
use crate::{Auth, Reply, Toolbox};
use mocktrial_trajectory::{MediaSource, Part};
use serde_json::Value;
use std::borrow::Cow;

/// The dialect.
pub(crate) struct Messages;

/// What to do about a parameter that the API does not have.
const NONE_SUCH: &str =
    "the Messages API has no such parameter; where the server knows one, put its own field into `extra`";

impl Dialect for Messages {
    fn name(&self) -> &'static str {
        encode::DIALECT
    }

    fn title(&self) -> &'static str {
        "Anthropic Messages"
    }

    fn default_provider(&self) -> &'static str {
        "anthropic"
    }

    fn path(&self, _setup: &Setup<'_>) -> String {
        "/messages".into()
    }

    fn headers(&self, setup: &Setup<'_>) -> Vec<(&'static str, String)> {
        vec![("anthropic-version", parameters::version(setup).to_owned())]
    }

    fn auth(&self, setup: &Setup<'_>) -> Auth {
        parameters::auth(setup)
    }

    fn own_keys(&self) -> &'static [&'static str] {
        &["api_version", "prompt_cache"]
    }

    fn lacks(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("seed", NONE_SUCH),
            ("presence_penalty", NONE_SUCH),
            ("frequency_penalty", NONE_SUCH),
            ("logprobs", "the Messages API gives no probabilities"),
        ]
    }

    fn reserved(&self, key: &str, value: &Value) -> Option<&'static str> {
        parameters::reserved(key, value)
    }

    fn check(&self, setup: &Setup<'_>) -> Result<(), ConfigError> {
        parameters::check(setup)
    }

    fn refuses(&self, part: &Part, place: Place) -> Option<&'static str> {
        match (part, place) {
            (Part::Text { .. }, _) => None,
            (_, Place::Assistant) => Some("takes nothing but text from the model"),
            (Part::Audio { .. }, _) => Some("takes no sound"),
            (Part::Image { media }, _) => match media.source {
                MediaSource::Base64(_) if block::image_type(&media.mime).is_none() => {
                    Some("takes a picture as JPEG, PNG, GIF or WebP only")
                }
                _ => None,
            },
            (Part::File { media, .. }, _) => match media.source {
                _ if block::is_pdf(&media.mime) => None,
                MediaSource::Url(_) => Some("takes a document at an address as PDF only"),
                MediaSource::Base64(_) if block::document_text(media).is_some() => None,
                MediaSource::Base64(_) => Some("takes a document as PDF or as text in UTF-8 only"),
            },
        }
    }

    fn encoder(&self, setup: &Setup<'_>) -> Box<dyn Encode> {
        Box::new(encode::Template::new(setup))
    }

    fn sendable_name<'a>(&self, name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
        block::sendable_name(name, tools)
    }

    fn read_whole(&self, body: &[u8], turn: u32) -> Result<Reply, Failure> {
        response::read_whole(body, turn)
    }

    fn assembler(&self) -> Box<dyn Assemble> {
        Box::<stream::Assembler>::default()
    }

    fn is_whole(&self, tail: &[u8]) -> bool {
        // Within a text the quotes would be escaped. White space between the fields is Anthropic's own.
        let tail = &tail[tail.len().saturating_sub(256)..];
        let dense: Vec<u8> = tail.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
        dense.ends_with(br#""type":"message_stop"}"#) || dense.ends_with(b"[DONE]")
    }
}

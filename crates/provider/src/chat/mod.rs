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
//! | `unparseable_chunk` | an event of a stream that is no JSON is passed over; one that begins like JSON and cannot be read fails the attempt, since part of the answer is lost |
//! | `partial_usage`, `unreadable_usage` | usage that lacks a part is left out |
//! | `reasoning_beside_output` | reasoning tokens that a server counts beside the output are counted as output |
//! | `odd_content` | content that is neither text nor a list of parts |
//!
//! Of a kind that every piece of a stream may need (`unparseable_chunk`, the usages, `odd_content`) the
//! first repair is told, of any other the first sixteen; the last of them says how many more there were.
//!
//! The neutral form keeps the text, calls, reasoning and usage. Where the message has more (reasoning,
//! signatures, parts), it is also kept whole as `raw` and passed back so, with the calls as mended.

mod config;
mod draft;
mod failure;
mod message;
mod model;
mod response;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

pub use config::{ChatConfig, ConfigError, DerivedSeed, Parameters, Seed, StopTexts, Timeouts, ToolChoice};
pub use model::ChatModel;

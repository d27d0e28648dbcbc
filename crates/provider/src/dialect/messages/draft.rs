//! A reply in the making, and the rules by which it is mended.

use super::block::sendable_id;
use super::draft_block::{Block, Kind};
use super::usage::Counts;
use crate::Reply;
use crate::mend::{Mender, excerpt};
use crate::wire::sendable_arguments;
use mocktrial_trajectory::{Arguments, Measurement, Part, Served, Stop, ToolCall};
use serde_json::Value;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) blocks: Vec<Block>,
    pub(super) mender: Mender,
    pub(super) stop_reason: Option<String>,
    /// Why the model declined, in the provider's words.
    pub(super) explanation: Option<String>,
    pub(super) counts: Counts,
    pub(super) served: Served,
}

impl Draft {
    /// Makes the reply. `turn` is the request's number in the episode; ids that are missing are made from it.
    pub(super) fn finish(mut self, turn: u32) -> Reply {
        let lossless = is_lossless(&self.blocks);
        let (mut content, mut thoughts) = (String::new(), Vec::new());
        let (mut calls, mut raw) = (Vec::new(), Vec::new());
        for block in std::mem::take(&mut self.blocks) {
            let item = match block.kind() {
                Kind::ToolUse => {
                    let call = self.call(&block, turn, calls.len());
                    let item = (!lossless).then(|| block.into_call(&call.id, sent_input(&call.arguments)));
                    calls.push(call);
                    item
                }
                Kind::Text => {
                    content.push_str(&block.text);
                    (!lossless).then(|| block.into_value())
                }
                Kind::Thinking => {
                    if !block.text.is_empty() {
                        thoughts.push(block.text.clone());
                    }
                    Some(block.into_value())
                }
                Kind::Other if block.pieces.is_empty() => Some(block.into_value()),
                Kind::Other => {
                    let arguments = self.mender.arguments(&block.id(), block.pieces.clone());
                    Some(block.into_input(sent_input(&arguments)))
                }
            };
            raw.extend(item);
        }
        let stop = self.stop(!calls.is_empty());
        if content.is_empty() && stop == Stop::Refusal {
            content = self.explanation.unwrap_or_default();
        }
        let usage = self.counts.usage(&mut self.mender);
        Reply {
            content: if content.is_empty() { Vec::new() } else { vec![Part::text(content)] },
            reasoning: (!thoughts.is_empty()).then(|| thoughts.join("\n\n")),
            calls,
            stop,
            usage,
            raw,
            served: self.served,
            logprobs: Vec::new(),
            repairs: self.mender.told(),
            measurement: Measurement::default(),
        }
    }

    fn call(&mut self, block: &Block, turn: u32, at: usize) -> ToolCall {
        let mender = &mut self.mender;
        let id = mender.id(block.id(), turn, at);
        let sent = sendable_id(&id);
        if sent != id {
            let detail = format!(
                "servers refuse the id `{}`; the call and its result are passed back with `{}`",
                excerpt(&id),
                excerpt(&sent)
            );
            mender.mend("unsendable_call_id", detail);
        }
        let text = match &block.input {
            Some(input) if block.pieces.is_empty() => {
                if block.in_pieces && !is_empty_object(input) {
                    mender.mend("arguments_in_start", format!("the arguments of `{id}` came whole with its beginning"));
                }
                // A gateway may write the text of the object instead of the object.
                match serde_json::from_str::<String>(input) {
                    Ok(text) => {
                        let detail = format!("the arguments of `{id}` came as a text, not as an object");
                        mender.mend("arguments_as_text", detail);
                        text
                    }
                    Err(_) => input.clone(),
                }
            }
            Some(input) if !is_empty_object(input) && *input != block.pieces => {
                let detail = format!("the arguments of `{id}` came whole and then in pieces; the pieces are taken");
                mender.mend("arguments_twice", detail);
                block.pieces.clone()
            }
            _ => block.pieces.clone(),
        };
        ToolCall { arguments: mender.arguments(&id, text), name: block.name(), id }
    }

    fn stop(&mut self, calls: bool) -> Stop {
        let reason = self.stop_reason.take().unwrap_or_default();
        let natural = if calls { Stop::Calls } else { Stop::End };
        match reason.as_str() {
            "" => {
                self.mender.mend("missing_stop_reason", "the response does not say why it stopped");
                natural
            }
            // The API's own words, and those of Chat Completions that gateways let through.
            "end_turn" | "stop_sequence" | "stop" => {
                if calls {
                    let detail = format!("stop_reason is `{reason}` beside calls; read as `tool_use`");
                    self.mender.mend("stop_with_calls", detail);
                }
                natural
            }
            "tool_use" | "tool_calls" => {
                if !calls {
                    let detail = format!("stop_reason is `{reason}`, but there is no call");
                    self.mender.mend("calls_announced", detail);
                }
                natural
            }
            "max_tokens" | "length" => Stop::Length,
            "model_context_window_exceeded" => Stop::ContextOverflow,
            "refusal" => Stop::Refusal,
            "content_filter" => Stop::ContentFilter,
            _ => Stop::Other { raw: reason },
        }
    }
}

/// Whether the neutral form says all: at most one text, then calls, and nothing that only the provider knows.
fn is_lossless(blocks: &[Block]) -> bool {
    let mut said = blocks.iter().filter(|block| !block.is_blank()).peekable();
    said.next_if(|block| block.kind() == Kind::Text && block.is_plain());
    said.all(|block| block.kind() == Kind::ToolUse && block.is_plain())
}

/// Whether it is what a block begins with whose input comes in pieces.
fn is_empty_object(input: &str) -> bool {
    let inner = input.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

/// Arguments as the object that the API takes.
fn sent_input(arguments: &Arguments) -> Value {
    arguments
        .value()
        .cloned()
        .unwrap_or_else(|| serde_json::from_str(&sendable_arguments(arguments)).unwrap_or_default())
}

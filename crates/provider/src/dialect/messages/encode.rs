//! From the neutral request to bytes: the content blocks of all messages, joined to turns.

use super::block;
use super::parameters;
use crate::Request;
use crate::dialect::{Encode, Setup};
use crate::wire::{field, put};
use mocktrial_trajectory::Message;
use serde_json::json;
use std::borrow::Cow;

/// The name under which entries keep their bytes.
pub(super) const DIALECT: &str = "messages";

/// All that is the same in every request of an endpoint, serialised once.
#[derive(Debug)]
pub(super) struct Template {
    head: Vec<u8>,
    with_tools: Vec<u8>,
    tail: Vec<u8>,
    /// The field that ends what is cached, where anything is.
    mark: Vec<u8>,
}

/// Where the blocks of a message stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    System,
    /// In a turn of the user, before all else.
    Result,
    User,
    Assistant,
}

impl Slot {
    fn of(message: &Message) -> Self {
        match message {
            Message::System { .. } => Self::System,
            Message::User { .. } => Self::User,
            Message::Assistant { .. } => Self::Assistant,
            Message::Tool(_) => Self::Result,
        }
    }
}

/// The blocks of a message, separated by commas.
struct Blocks<'a> {
    slot: Slot,
    bytes: Cow<'a, [u8]>,
}

impl Template {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        let config = setup.config;
        let mut head = b"{\"model\":".to_vec();
        put(&mut head, &config.model);
        let mut with_tools = Vec::new();
        if let Some(choice) = parameters::tool_choice(config) {
            field(&mut with_tools, "tool_choice", &choice);
        }
        let mut tail = Vec::new();
        for (key, value) in &parameters::wire(config) {
            field(&mut tail, key, value);
        }
        if config.stream {
            field(&mut tail, "stream", &true);
        }
        let mut mark = Vec::new();
        if let Some(cache) = config.prompt_cache {
            // Five minutes are meant where nothing is said, also by servers that know no other time.
            let control = match cache.as_str() {
                "5m" => json!({"type": "ephemeral"}),
                ttl => json!({"type": "ephemeral", "ttl": ttl}),
            };
            field(&mut mark, "cache_control", &control);
        }
        // On the whole request it follows the conversation as it grows.
        tail.extend_from_slice(&mark);
        Self { head, with_tools, tail, mark }
    }
}

impl Encode for Template {
    fn body(&self, request: &Request) -> Vec<u8> {
        let write = |message: &Message, out: &mut Vec<u8>| block::write_message(message, &request.tools, out);
        let mut system = Vec::new();
        let mut turns = Vec::new();
        for entry in request.conversation.entries() {
            let blocks = Blocks { slot: Slot::of(entry.message()), bytes: entry.wire(DIALECT, write) };
            if blocks.bytes.is_empty() {
                continue;
            }
            if blocks.slot == Slot::System { &mut system } else { &mut turns }.push(blocks);
        }
        let tools = (!request.tools.tools().is_empty()).then(|| request.tools.wire(DIALECT, block::write_tools));
        let length = self.head.len()
            + system.iter().chain(&turns).map(|blocks| blocks.bytes.len() + 32).sum::<usize>()
            + tools.as_ref().map_or(0, |t| t.len() + self.with_tools.len())
            + self.tail.len()
            + self.mark.len()
            + 64;
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&self.head);
        if !system.is_empty() {
            out.extend_from_slice(b",\"system\":[");
            join(&mut out, system.iter());
            self.mark_last(&mut out, b"}");
            out.push(b']');
        }
        out.extend_from_slice(b",\"messages\":[");
        let is_assistant = |blocks: &Blocks<'_>| blocks.slot == Slot::Assistant;
        for (i, turn) in turns.chunk_by(|a, b| is_assistant(a) == is_assistant(b)).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            let role = if is_assistant(&turn[0]) { "assistant" } else { "user" };
            out.extend_from_slice(b"{\"role\":");
            put(&mut out, role);
            out.extend_from_slice(b",\"content\":[");
            let of = |result: bool| turn.iter().filter(move |blocks| (blocks.slot == Slot::Result) == result);
            join(&mut out, of(true).chain(of(false)));
            out.extend_from_slice(b"]}");
        }
        out.push(b']');
        if let Some(tools) = tools {
            out.extend_from_slice(b",\"tools\":");
            out.extend_from_slice(&tools);
            // A mark in the system prompt covers the tools too, which come before it.
            if system.is_empty() {
                self.mark_last(&mut out, b"}]");
            }
            out.extend_from_slice(&self.with_tools);
        }
        out.extend_from_slice(&self.tail);
        out.push(b'}');
        out
    }
}

impl Template {
    /// Ends what is cached with the object that ends the bytes so far, before its `end`: the part that all
    /// conversations of a scenario, and mostly of a world, have in common.
    fn mark_last(&self, out: &mut Vec<u8>, end: &[u8]) {
        if !self.mark.is_empty() && out.ends_with(end) {
            out.truncate(out.len() - end.len());
            out.extend_from_slice(&self.mark);
            out.extend_from_slice(end);
        }
    }
}

fn join<'a>(out: &mut Vec<u8>, all: impl Iterator<Item = &'a Blocks<'a>>) {
    for (i, blocks) in all.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&blocks.bytes);
    }
}

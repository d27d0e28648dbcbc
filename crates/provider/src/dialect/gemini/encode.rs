//! From the neutral request to bytes.

use super::content::{DIALECT, write_message, write_tools};
use super::settings::{generation_config, tool_config};
use crate::Request;
use crate::config::ModelConfig;
use crate::dialect::Encode;
use crate::parameters::Seed;
use crate::wire::{field, put, wire_seed};
use mocktrial_trajectory::Message;
use std::borrow::Cow;

/// All that is the same in every request of an endpoint, serialised once.
#[derive(Debug)]
pub(super) struct Template {
    /// Goes with tools.
    with_tools: Vec<u8>,
    /// Goes with tools of which one is strict.
    with_strict_tools: Vec<u8>,
    /// Goes without tools.
    without_tools: Vec<u8>,
    /// The fields of `generationConfig`, each with a comma before it.
    generation: Vec<u8>,
    derived_seed: bool,
    tail: Vec<u8>,
}

impl Template {
    pub(super) fn new(config: &ModelConfig) -> Self {
        let tools = |strict| {
            let mut out = Vec::new();
            let table = tool_config(config, strict);
            if !table.is_empty() {
                field(&mut out, "toolConfig", &table);
            }
            out
        };
        let mut without_tools = Vec::new();
        let mut tail = Vec::new();
        for (key, value) in &config.extra {
            match key.as_str() {
                "generationConfig" => {}
                "toolConfig" => field(&mut without_tools, key, value),
                _ => field(&mut tail, key, value),
            }
        }
        let mut generation = Vec::new();
        for (key, value) in &generation_config(config) {
            field(&mut generation, key, value);
        }
        Self {
            with_tools: tools(false),
            with_strict_tools: tools(true),
            without_tools,
            generation,
            derived_seed: config.parameters.seed.as_ref().is_some_and(Seed::is_derived),
            tail,
        }
    }
}

/// Who speaks in a content.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    System,
    User,
    Model,
}

impl Speaker {
    fn of(message: &Message) -> Self {
        match message {
            Message::System { .. } => Self::System,
            Message::User { .. } | Message::Tool(_) => Self::User,
            Message::Assistant { .. } => Self::Model,
        }
    }
}

impl Encode for Template {
    fn body(&self, request: &Request) -> Vec<u8> {
        let write = |message: &Message, out: &mut Vec<u8>| write_message(message, &request.tools, out);
        let entries = request.conversation.entries();
        let messages: Vec<(Speaker, Cow<'_, [u8]>)> =
            entries.iter().map(|entry| (Speaker::of(entry.message()), entry.wire(DIALECT, write))).collect();
        let specs = request.tools.tools();
        let tools = (!specs.is_empty()).then(|| request.tools.wire(DIALECT, write_tools));
        let length = messages.iter().map(|(_, m)| m.len() + 32).sum::<usize>()
            + tools.as_ref().map_or(0, |t| t.len())
            + self.with_tools.len()
            + self.generation.len()
            + self.tail.len()
            + 128;
        let mut out = Vec::with_capacity(length);

        out.extend_from_slice(b"{\"contents\":[");
        let mut last = None;
        for (speaker, parts) in messages.iter().filter(|(speaker, _)| *speaker != Speaker::System) {
            // The API wants turns: what one side says in a row is one content. So the results of parallel
            // calls stand in one.
            if last == Some(*speaker) {
                out.push(b',');
            } else {
                if last.is_some() {
                    out.extend_from_slice(b"]},");
                }
                let role = if *speaker == Speaker::Model { "model" } else { "user" };
                out.extend_from_slice(b"{\"role\":");
                put(&mut out, role);
                out.extend_from_slice(b",\"parts\":[");
            }
            out.extend_from_slice(parts);
            last = Some(*speaker);
        }
        if last.is_some() {
            out.extend_from_slice(b"]}");
        }
        out.push(b']');

        let mut system = messages.iter().filter(|(speaker, _)| *speaker == Speaker::System).map(|(_, parts)| parts);
        if let Some(first) = system.next() {
            out.extend_from_slice(b",\"systemInstruction\":{\"parts\":[");
            out.extend_from_slice(first);
            for parts in system {
                out.push(b',');
                out.extend_from_slice(parts);
            }
            out.extend_from_slice(b"]}");
        }

        match tools {
            None => out.extend_from_slice(&self.without_tools),
            Some(tools) => {
                out.extend_from_slice(b",\"tools\":");
                out.extend_from_slice(&tools);
                let strict = specs.iter().any(|tool| tool.strict == Some(true));
                out.extend_from_slice(if strict { &self.with_strict_tools } else { &self.with_tools });
            }
        }

        let mut seed = Vec::new();
        if let (true, Some(derived)) = (self.derived_seed, request.seed) {
            field(&mut seed, "seed", &wire_seed(derived));
        }
        let generation = [&*self.generation, &*seed].concat();
        if let Some((_comma, fields)) = generation.split_first() {
            out.extend_from_slice(b",\"generationConfig\":{");
            out.extend_from_slice(fields);
            out.push(b'}');
        }
        out.extend_from_slice(&self.tail);
        out.push(b'}');
        out
    }
}

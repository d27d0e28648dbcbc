//! Assembling a reply from a stream of events.

use super::draft::Draft;
use super::draft_block::{self, Block};
use super::response::{ADVICE, Message};
use crate::dialect::Assemble;
use crate::error::Failure;
use crate::mend::{Mender, excerpt};
use crate::read::{self, lost};
use crate::{Kind, Reply, failure};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Assembler {
    draft: Draft,
    /// The block that took an index last.
    by_index: HashMap<i64, usize>,
    /// The block that was begun last, while it is open.
    current: Option<usize>,
    begun: bool,
}

#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// A piece of a block.
#[derive(Debug, Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    partial_json: Option<&'a RawValue>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(borrow, default)]
    citation: Option<&'a RawValue>,
}

impl Assemble for Assembler {
    fn event(&mut self, name: &[u8], data: &[u8]) -> Result<bool, Failure> {
        let event: Event<'_> = read::event(data)?;
        if let Some(error) = event.error.filter(|error| error.get() != "null") {
            return Err(failure::embedded(error.get()));
        }
        let name = String::from_utf8_lossy(name);
        let kind = event.r#type.as_deref().unwrap_or(&name);
        match kind {
            "ping" | "vertex_event" => {}
            "error" => return Err(failure::embedded(&String::from_utf8_lossy(data))),
            "message_start" => self.message(event.message, true).map_err(|e| lost(&e, data))?,
            // Some servers end a stream with the whole message, or send nothing else.
            "message" if self.draft.blocks.is_empty() => {
                let whole: Message<'_> = serde_json::from_slice(data).map_err(|e| lost(&e, data))?;
                self.begun = true;
                whole.absorb_into(&mut self.draft, false);
            }
            "content_block_start" => self.start(&event),
            "content_block_delta" => self.delta(&event).map_err(|e| lost(&e, data))?,
            "content_block_stop" => {
                let ended = number(event.index).and_then(|index| self.by_index.get(&index).copied());
                self.current = self.current.filter(|at| ended.is_some_and(|ended| ended != *at));
            }
            "message_delta" => {
                self.message(event.delta, false).map_err(|e| lost(&e, data))?;
                if let Some(raw) = event.usage {
                    let Draft { counts, served, mender, .. } = &mut self.draft;
                    counts.absorb(raw, false, served, mender);
                }
            }
            "message_stop" => return Ok(true),
            _ => {
                let text =
                    || format!("an event of no known type, passed over: {}", excerpt(&String::from_utf8_lossy(data)));
                self.draft.mender.mend_piece("unknown_event", text);
            }
        }
        Ok(false)
    }

    fn mender(&mut self) -> &mut Mender {
        &mut self.draft.mender
    }

    fn finish(self: Box<Self>, turn: u32, done: bool) -> Result<Reply, Failure> {
        let Self { draft, begun, .. } = *self;
        if draft.stop_reason.is_none() && !done {
            return Err(Failure::new(Kind::Connection, "the stream stopped before its end"));
        }
        if !begun {
            return Err(Failure::new(Kind::Unreadable, "the stream has no message").advise(ADVICE));
        }
        Ok(draft.finish(turn))
    }
}

/// An index, which may be written as a text.
fn number(raw: Option<&RawValue>) -> Option<i64> {
    raw?.get().trim_matches('"').parse().ok()
}

impl Assembler {
    fn message(&mut self, raw: Option<&RawValue>, begins: bool) -> Result<(), serde_json::Error> {
        self.begun = true;
        if let Some(raw) = raw {
            serde_json::from_str::<Message<'_>>(raw.get())?.absorb_into(&mut self.draft, begins);
        }
        Ok(())
    }

    fn start(&mut self, event: &Event<'_>) {
        self.begun = true;
        let raw = event.content_block.filter(|raw| raw.get() != "null");
        let Some(mut block) = raw.and_then(|raw| Block::read(raw, &mut self.draft.mender)) else { return };
        block.in_pieces = true;
        let index = number(event.index);
        if let Some(index) = index.filter(|index| self.by_index.contains_key(index)) {
            let text = format!("another block began with the index {index}; read as a block of its own");
            self.draft.mender.mend("colliding_block_index", text);
        }
        self.begin(index, block);
    }

    fn begin(&mut self, index: Option<i64>, block: Block) -> usize {
        let at = self.draft.blocks.len();
        self.draft.blocks.push(block);
        if let Some(index) = index {
            self.by_index.insert(index, at);
        }
        self.current = Some(at);
        at
    }

    fn delta(&mut self, event: &Event<'_>) -> Result<(), serde_json::Error> {
        self.begun = true;
        let Some(raw) = event.delta.filter(|raw| raw.get() != "null") else { return Ok(()) };
        let delta: Delta<'_> = serde_json::from_str(raw.get())?;
        let kind = match delta.r#type.as_deref() {
            Some("text_delta" | "citations_delta") => "text",
            Some("thinking_delta" | "signature_delta") => "thinking",
            Some("input_json_delta") => "tool_use",
            // A piece that does not say what it is, but shows it.
            None if delta.text.is_some() => "text",
            None if delta.thinking.is_some() || delta.signature.is_some() => "thinking",
            None if delta.partial_json.is_some() => "tool_use",
            _ => {
                let piece: Map<String, Value> = serde_json::from_str(raw.get())?;
                let text = || format!("a piece of no known type, added to its block: {}", excerpt(raw.get()));
                self.draft.mender.mend_piece("unknown_delta", text);
                let at = number(event.index).and_then(|index| self.by_index.get(&index).copied()).or(self.current);
                if let Some(block) = at.and_then(|at| self.draft.blocks.get_mut(at)) {
                    block.merge(piece);
                }
                return Ok(());
            }
        };
        let at = self.place(kind, number(event.index));
        let block = &mut self.draft.blocks[at];
        for text in [delta.text, delta.thinking].into_iter().flatten() {
            block.text.push_str(&text);
        }
        if let Some(signature) = delta.signature {
            block.set("signature", signature.into());
        }
        if let Some(citation) = delta.citation.and_then(|raw| serde_json::from_str(raw.get()).ok()) {
            block.add("citations", citation);
        }
        match delta.partial_json {
            Some(raw) if raw.get().starts_with('"') => {
                block.pieces.push_str(&serde_json::from_str::<Cow<'_, str>>(raw.get())?);
            }
            Some(raw) if raw.get() != "null" => {
                block.pieces.push_str(raw.get());
                let text = "a piece of arguments came as JSON, not as its text";
                self.draft.mender.mend_piece("arguments_as_object", || text.into());
            }
            _ => {}
        }
        Ok(())
    }

    /// Which block a piece belongs to: the one that took its index last, else the open one, where it can
    /// take such a piece; else a block begins that the stream did not announce.
    fn place(&mut self, kind: &'static str, index: Option<i64>) -> usize {
        let blocks = &self.draft.blocks;
        let fits = |at: &usize| match kind {
            "tool_use" => blocks[*at].takes_input(),
            "text" => blocks[*at].kind() == draft_block::Kind::Text,
            _ => blocks[*at].kind() == draft_block::Kind::Thinking,
        };
        let known = index.and_then(|index| self.by_index.get(&index).copied());
        if let Some(at) = known.filter(fits) {
            return at;
        }
        if let Some(at) = self.current.filter(fits) {
            if let Some(index) = index {
                let text = format!("a piece came with the index {index}, which is not that of its block; added to it");
                self.draft.mender.mend("odd_block_index", text);
                self.by_index.insert(index, at);
            }
            return at;
        }
        let text = format!("a piece of a block came without the beginning of one; read as a `{kind}` block");
        self.draft.mender.mend("missing_block_start", text);
        self.begin(index, Block::empty(kind))
    }
}

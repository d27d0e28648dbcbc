//! Assembling a reply from the events of a stream.

use super::event::{Event, word};
use super::output::{Draft, Ending, Sort};
use super::response::{self, Envelope};
use super::slot::Slot;
use crate::dialect::Assemble;
use crate::error::Failure;
use crate::mend::{Mender, excerpt};
use crate::read::text;
use crate::{Kind, Reply, failure, read};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Assembler {
    draft: Draft,
    /// The items in the order in which they began.
    slots: Vec<Slot>,
    by_id: HashMap<String, usize>,
    /// The latest item of a sort at an index: servers give one index to several items.
    by_index: HashMap<(Sort, u64), usize>,
    latest: HashMap<Sort, usize>,
    /// The output that the last event told, once it has come.
    ended: Option<Vec<Value>>,
}

impl Assemble for Assembler {
    fn event(&mut self, name: &[u8], data: &[u8]) -> Result<bool, Failure> {
        // Nothing after the last event but `[DONE]` is looked at.
        if self.ended.is_none() {
            self.take(name, data)?;
        }
        Ok(false)
    }

    fn mender(&mut self) -> &mut Mender {
        &mut self.draft.mender
    }

    fn finish(self: Box<Self>, turn: u32, done: bool) -> Result<Reply, Failure> {
        let Self { mut draft, slots, ended, .. } = *self;
        let told = match ended {
            Some(told) => told,
            None if !done => return Err(Failure::new(Kind::Connection, "the stream stopped before its end")),
            None if slots.is_empty() => return Err(Failure::new(Kind::Unreadable, "the stream has no output")),
            None => {
                draft.mender.mend("missing_status", "the stream does not say whether the response is complete");
                Vec::new()
            }
        };
        let status = if draft.ending == Ending::Completed { "completed" } else { "incomplete" };
        let unfinished = slots.iter().filter(|slot| !slot.done).count();
        let streamed: Vec<Value> = slots.into_iter().map(|slot| slot.finish(status)).collect();
        let output = if told.is_empty() || says_less(&told, &streamed) {
            if !told.is_empty() {
                let text = "the output at the stream's end lacks what came before it; that is taken";
                draft.mender.mend("output_cut_at_end", text);
            }
            for _ in 0..unfinished {
                draft
                    .mender
                    .mend_piece("unfinished_item", || "an item of the stream has no end; made of its pieces".into());
            }
            streamed
        } else {
            told
        };
        Ok(draft.finish(output, turn))
    }
}

impl Assembler {
    fn take(&mut self, name: &[u8], data: &[u8]) -> Result<(), Failure> {
        let event: Event<'_> = read::event(data)?;
        let kind = word(event.r#type).unwrap_or_else(|| String::from_utf8_lossy(name));
        let Some((what, step)) = kind.strip_prefix("response.").map(|rest| rest.rsplit_once('.').unwrap_or(("", rest)))
        else {
            let failed = kind == "error" || event.error.is_some_and(|error| error.get() != "null");
            return if failed { Err(failure::embedded(&String::from_utf8_lossy(data))) } else { Ok(()) };
        };
        match (what, step) {
            ("", "created" | "in_progress" | "queued") => {
                if let Some(Ok(told)) = event.response.map(|raw| serde_json::from_str::<Envelope<'_>>(raw.get())) {
                    told.absorb_served(&mut self.draft);
                }
                Ok(())
            }
            ("", "done") => self.end("completed", &event, data),
            ("", "completed" | "incomplete" | "failed" | "cancelled") => self.end(step, &event, data),
            ("output_item", "added" | "done") => self.item(&event, step == "done"),
            (what, "delta" | "done" | "added") => {
                self.piece(what, step == "delta", &event);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether the output that a stream's end tells lacks calls, text or sealed thoughts that the stream brought.
fn says_less(told: &[Value], streamed: &[Value]) -> bool {
    let calls = |items: &[Value]| items.iter().filter(|item| Sort::of(item).is_call()).count();
    let speaks = |part: &Value| ["text", "refusal"].iter().any(|key| part[key].as_str().is_some_and(|t| !t.is_empty()));
    let texts = |items: &[Value]| {
        let messages = items.iter().filter(|item| Sort::of(item) == Sort::Message);
        messages
            .filter(|item| match &item["content"] {
                Value::Array(parts) => parts.iter().any(speaks),
                content => content.as_str().is_some_and(|text| !text.is_empty()),
            })
            .count()
    };
    // Thoughts that the model has to be given back; those without it may be shown in other words.
    let sealed = |items: &[Value]| {
        items.iter().filter(|item| item["encrypted_content"].as_str().is_some_and(|text| !text.is_empty())).count()
    };
    calls(told) < calls(streamed) || texts(told) == 0 && texts(streamed) > 0 || sealed(told) < sealed(streamed)
}

impl Assembler {
    /// Takes the event that ends a stream.
    fn end(&mut self, status: &str, event: &Event<'_>, data: &[u8]) -> Result<(), Failure> {
        // Some put the response's fields beside the type.
        let json = event.response.filter(|raw| raw.get().starts_with('{')).map_or(data, |raw| raw.get().as_bytes());
        let told: Envelope<'_> = serde_json::from_slice(json).map_err(|e| {
            let text =
                format!("the end of the stream cannot be read ({e}): {}", excerpt(&String::from_utf8_lossy(json)));
            Failure::new(Kind::Unreadable, text)
        })?;
        told.absorb_end(Some(status), &mut self.draft)?;
        self.ended = Some(told.items()?.unwrap_or_default());
        Ok(())
    }

    /// Takes an item as it is announced, or as it ends.
    fn item(&mut self, event: &Event<'_>, done: bool) -> Result<(), Failure> {
        let Some(raw) = event.item else { return Ok(()) };
        let item = response::item(raw)?;
        let sort = Sort::of(&item);
        let id = item["id"].as_str().unwrap_or_default();
        let at = match self.find(sort, id, event.index(), done) {
            Some(at) if self.continues(at, &item, event.index(), done) => at,
            _ => self.begin(sort, id, event.index()),
        };
        let slot = &mut self.slots[at];
        slot.done = done;
        slot.item = item;
        Ok(())
    }

    /// Whether an item is the one that was found for it, and not another that was given the same id or index.
    fn continues(&self, at: usize, item: &Value, index: Option<u64>, ends: bool) -> bool {
        let slot = &self.slots[at];
        let again = || {
            let same = |key: &str| slot.item[key] == item[key];
            slot.index == index && !item["id"].is_null() && same("id") && same("call_id")
        };
        match (slot.done, ends) {
            (false, true) => true,
            // It began with a piece, or is told twice.
            (false, false) => slot.item.is_null() || again(),
            (true, true) => again(),
            (true, false) => false,
        }
    }

    /// Takes a piece of an item, or such a piece as a whole.
    fn piece(&mut self, what: &str, delta: bool, event: &Event<'_>) {
        let (sort, whole) = match what {
            "output_text" => (Sort::Message, event.text),
            "refusal" => (Sort::Message, event.refusal),
            "reasoning_text" | "reasoning" | "reasoning_summary_text" | "reasoning_summary" => {
                (Sort::Reasoning, event.text)
            }
            "function_call_arguments" => (Sort::FunctionCall, event.arguments),
            "custom_tool_call_input" => (Sort::CustomCall, event.input),
            "content_part" | "reasoning_summary_part" => return self.part(event),
            _ => return,
        };
        let Some(raw) = (if delta { event.delta } else { whole }) else { return };
        let text = match text(raw) {
            Some(text) => text,
            // Half of a character that was cut in two: it cannot be told what stands there.
            None if raw.get().starts_with('"') => {
                let detail = || format!("a piece of the stream is no text and is left out: {}", excerpt(raw.get()));
                self.draft.mender.mend_piece("broken_text", detail);
                return;
            }
            None if raw.get() == "null" => return,
            None if sort.is_call() => {
                let detail = "arguments came as an object in a stream, not as pieces of its text";
                self.draft.mender.mend_once("arguments_as_object", detail);
                Cow::Borrowed(raw.get())
            }
            None => {
                let detail = || format!("a piece of the stream is not text: {}", excerpt(raw.get()));
                self.draft.mender.mend_piece("odd_content", detail);
                Cow::Borrowed(raw.get())
            }
        };
        if !delta && text.is_empty() {
            return;
        }
        let at = self.place(sort, event);
        let slot = &mut self.slots[at];
        if slot.done {
            return;
        }
        if sort.is_call() {
            if let Some(name) = word(event.name) {
                slot.name = Some(name.into_owned());
            }
            if !delta {
                slot.written.clear();
            }
            slot.written.push_str(&text);
            return;
        }
        let place = if what.starts_with("reasoning_summary") { event.summary() } else { event.content() };
        let refusal = what == "refusal";
        if delta {
            let logprobs = event.logprobs.and_then(|raw| serde_json::from_str::<Vec<Value>>(raw.get()).ok());
            slot.push(place, refusal, &text, logprobs.unwrap_or_default());
        } else {
            slot.set(place, refusal, &text);
        }
    }

    /// Takes a part of a message or of reasoning as it is announced, or as it ends.
    fn part(&mut self, event: &Event<'_>) {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Part<'a> {
            #[serde(borrow)]
            r#type: Option<&'a RawValue>,
            #[serde(borrow)]
            text: Option<&'a RawValue>,
            #[serde(borrow)]
            refusal: Option<&'a RawValue>,
        }
        let Some(Ok(part)) = event.part.map(|raw| serde_json::from_str::<Part<'_>>(raw.get())) else { return };
        let Some(text) = word(part.text.or(part.refusal)) else { return };
        let (sort, place) = match word(part.r#type).as_deref() {
            Some("summary_text") => (Sort::Reasoning, event.summary()),
            Some("reasoning_text") => (Sort::Reasoning, event.content()),
            _ => (Sort::Message, event.content()),
        };
        let at = self.place(sort, event);
        if !self.slots[at].done {
            self.slots[at].set(place, part.refusal.is_some(), &text);
        }
    }

    /// The item to which a piece belongs; a new one where there is none.
    fn place(&mut self, sort: Sort, event: &Event<'_>) -> usize {
        let id = word(event.item_id).unwrap_or_default();
        let at = match self.find(sort, &id, event.index(), false) {
            Some(at) => at,
            None => return self.begin(sort, &id, event.index()),
        };
        if !id.is_empty() && self.slots[at].id.is_empty() {
            self.slots[at].id = id.clone().into_owned();
            self.by_id.insert(id.into_owned(), at);
        }
        at
    }

    /// Which item is meant: that of the id; else that at the index, else, without an index, the latest, as
    /// long as it has not ended. Ids differ from event to event with some servers: a known one decides, an
    /// unknown one may belong to reasoning, or to an item that ends.
    fn find(&self, sort: Sort, id: &str, index: Option<u64>, ends: bool) -> Option<usize> {
        if let Some(at) = self.by_id.get(id).filter(|at| !id.is_empty() && self.slots[**at].sort == sort) {
            return Some(*at);
        }
        let at = match index {
            Some(index) => self.by_index.get(&(sort, index)),
            None => self.latest.get(&sort),
        };
        at.copied().filter(|at| {
            let slot = &self.slots[*at];
            let same = id.is_empty() || slot.id.is_empty() || ends || sort == Sort::Reasoning;
            same && !slot.done
        })
    }

    fn begin(&mut self, sort: Sort, id: &str, index: Option<u64>) -> usize {
        let at = self.slots.len();
        self.slots.push(Slot::new(sort, id, index));
        if !id.is_empty() {
            self.by_id.insert(id.to_owned(), at);
        }
        if let Some(index) = index {
            self.by_index.insert((sort, index), at);
        }
        self.latest.insert(sort, at);
        at
    }
}

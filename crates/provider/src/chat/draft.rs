//! A reply in the making, and the rules by which it is mended.

use super::message::{Extra, FunctionPiece, Piece, is_void, text};
use super::wire::wire_arguments;
use crate::{Repair, Reply};
use mocktrial_trajectory::{Arguments, Measurement, Part, Stop, ToolCall, Usage};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// Repairs of one kind beyond this many are only counted.
const MOST_OF_A_KIND: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Draft {
    content: String,
    /// Content that is not plain text, as it came.
    content_items: Vec<Value>,
    reasoning: String,
    reasoning_key: &'static str,
    refusal: String,
    pub(super) calls: Vec<DraftCall>,
    legacy: Option<DraftCall>,
    extra: Map<String, Value>,
    pub(super) repairs: Vec<Repair>,
    /// How often each kind of repair was made.
    mended: Vec<(&'static str, usize)>,
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) served_model: Option<String>,
    pub(super) fingerprint: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct DraftCall {
    pub(super) id: String,
    pub(super) index: Option<i64>,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) from_object: bool,
    pub(super) extra: Map<String, Value>,
}

impl Draft {
    /// Records a repair that is made once in a response, or once in a call.
    pub(super) fn mend(&mut self, what: &'static str, detail: impl Into<String>) {
        self.mend_up_to(MOST_OF_A_KIND, what, || detail.into());
    }

    /// Records a repair that each piece of a stream may need: the first of its kind is told.
    pub(super) fn mend_piece(&mut self, what: &'static str, detail: impl FnOnce() -> String) {
        self.mend_up_to(1, what, detail);
    }

    fn mend_up_to(&mut self, kept: usize, what: &'static str, detail: impl FnOnce() -> String) {
        let at = self.mended.iter().position(|(kind, _)| *kind == what).unwrap_or_else(|| {
            self.mended.push((what, 0));
            self.mended.len() - 1
        });
        let count = &mut self.mended[at].1;
        *count += 1;
        if *count <= kept {
            self.repairs.push(Repair { what, detail: detail() });
        }
    }

    /// All repairs; the last of a kind says how many more there were.
    fn told_repairs(&mut self) -> Vec<Repair> {
        let mut repairs = std::mem::take(&mut self.repairs);
        for (what, count) in &self.mended {
            let more = count - repairs.iter().filter(|r| r.what == *what).count();
            if let (true, Some(last)) = (more > 0, repairs.iter_mut().rfind(|r| r.what == *what)) {
                last.detail.push_str(&format!(" (and {more} more)"));
            }
        }
        repairs
    }

    /// Takes all of a piece but its calls.
    pub(super) fn absorb(&mut self, piece: &Piece<'_>) {
        if let Some(raw) = piece.content {
            self.absorb_content(raw);
        }
        for (key, raw) in [("reasoning_content", piece.reasoning_content), ("reasoning", piece.reasoning)] {
            // A server that writes both writes the same into both.
            if let Some(part) = raw.and_then(text).filter(|t| !t.is_empty())
                && (self.reasoning_key.is_empty() || self.reasoning_key == key)
            {
                self.reasoning_key = key;
                self.reasoning.push_str(&part);
            }
        }
        if let Some(part) = piece.refusal.and_then(text) {
            self.refusal.push_str(&part);
        }
        if let Some(function) = &piece.function_call
            && (function.name.is_some() || function.arguments.is_some())
        {
            let mut call = self.legacy.take().unwrap_or_default();
            call.absorb(function);
            self.legacy = Some(call);
        }
        merge(&mut self.extra, &piece.extra);
    }

    fn absorb_content(&mut self, raw: &RawValue) {
        if let Some(part) = text(raw) {
            self.content.push_str(&part);
        } else if raw.get().starts_with('[')
            && let Ok(Value::Array(items)) = serde_json::from_str(raw.get())
        {
            for item in items {
                match item.get("type").and_then(Value::as_str) {
                    Some("text" | "output_text") | None => {
                        self.content.push_str(item.get("text").and_then(Value::as_str).unwrap_or_default());
                    }
                    Some("thinking" | "reasoning") => gather(&item, &mut self.reasoning),
                    Some("refusal") => {
                        self.refusal.push_str(item.get("refusal").and_then(Value::as_str).unwrap_or_default());
                    }
                    Some(_) => {}
                }
                self.content_items.push(item);
            }
        } else if !is_void(raw) {
            self.mend_piece("odd_content", || format!("content is neither text nor a list: {}", excerpt(raw.get())));
            self.content.push_str(raw.get());
        }
    }

    /// Makes the reply. `turn` is the request's number in the episode; ids that are missing are made
    /// from it, nine letters and digits long, as the strictest server demands.
    pub(super) fn finish(mut self, turn: u32) -> Reply {
        if let Some(call) = self.legacy.take()
            && self.calls.is_empty()
        {
            self.mend("legacy_function_call", format!("`{}` came as `function_call`; read as a tool call", call.name));
            self.calls.push(call);
        }
        let drafts = std::mem::take(&mut self.calls);
        let mut seen = HashSet::new();
        let mut calls: Vec<ToolCall> = Vec::with_capacity(drafts.len());
        let mut extras: Vec<Map<String, Value>> = Vec::new();
        for draft in drafts {
            if draft.id.is_empty() && draft.name.is_empty() && draft.arguments.is_empty() {
                self.mend("empty_call", "a call without id, name and arguments was left out");
                continue;
            }
            let at = calls.len();
            let id = self.id(draft.id, turn, at, &mut seen);
            let arguments = self.arguments(&id, draft.arguments, draft.from_object);
            calls.push(ToolCall { id, name: draft.name, arguments });
            extras.push(draft.extra);
        }
        let stop = self.stop(!calls.is_empty());
        let lossless = self.reasoning.is_empty()
            && self.refusal.is_empty()
            && self.content_items.is_empty()
            && self.extra.is_empty()
            && extras.iter().all(Map::is_empty);
        let raw = if lossless { Vec::new() } else { vec![self.raw(&calls, &extras)] };
        let repairs = self.told_repairs();
        let text = if self.content.is_empty() { self.refusal } else { self.content };
        Reply {
            content: if text.is_empty() { Vec::new() } else { vec![Part::text(text)] },
            reasoning: (!self.reasoning.is_empty()).then_some(self.reasoning),
            calls,
            stop,
            usage: self.usage,
            raw,
            served_model: self.served_model,
            fingerprint: self.fingerprint,
            repairs,
            measurement: Measurement::default(),
        }
    }

    fn id(&mut self, id: String, turn: u32, at: usize, seen: &mut HashSet<String>) -> String {
        // Mistral's servers write a missing id as the word `null`.
        let missing = id.is_empty() || id == "null";
        if !missing && seen.insert(id.clone()) {
            return id;
        }
        let mut made = format!("mt{turn:04}{at:03}");
        while !seen.insert(made.clone()) {
            made.push('x');
        }
        if missing {
            self.mend("missing_call_id", format!("call {at} came without an id; it is `{made}` here"));
        } else {
            self.mend(
                "duplicate_call_id",
                format!("call {at} came with the id `{id}` of another; it is `{made}` here"),
            );
        }
        made
    }

    fn arguments(&mut self, id: &str, text: String, from_object: bool) -> Arguments {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed == "null" {
            self.mend("empty_arguments", format!("the arguments of `{id}` are `{trimmed}`; read as `{{}}`"));
            return Arguments { text, value: Some(json!({})) };
        }
        if from_object {
            self.mend("arguments_as_object", format!("the arguments of `{id}` came as an object, not as its text"));
        }
        let mut arguments = Arguments::parse(text);
        if arguments.value.is_none()
            && let Some(rest) = arguments.text.trim().strip_suffix("\"\"")
            && let Some(value) = Arguments::parse(rest).value
        {
            self.mend("trailing_quotes", format!("the arguments of `{id}` end with a stray `\"\"`, which is left out"));
            arguments.value = Some(value);
        }
        if arguments.value.is_none() {
            let detail = format!(
                "the arguments of `{id}` are not a JSON object; servers refuse such a text, so the model gets it back inside one"
            );
            self.mend("malformed_arguments_wrapped", detail);
        }
        arguments
    }

    fn stop(&mut self, calls: bool) -> Stop {
        let finish = self.finish.take().unwrap_or_default();
        let natural = if calls { Stop::Calls } else { Stop::End };
        match finish.as_str() {
            "" => {
                self.mend("missing_finish_reason", "the response does not say why it stopped");
                natural
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" if calls => {
                self.mend("stop_with_calls", format!("finish_reason is `{finish}` beside calls; read as `tool_calls`"));
                natural
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" if !self.refusal.is_empty() => {
                Stop::Refusal
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" => natural,
            "tool_calls" | "function_call" | "tool_use" if calls => natural,
            "tool_calls" | "function_call" | "tool_use" => {
                self.mend("calls_announced", format!("finish_reason is `{finish}`, but there is no call"));
                natural
            }
            "length" | "max_tokens" | "MAX_TOKENS" => Stop::Length,
            "content_filter" | "SAFETY" => Stop::ContentFilter,
            "refusal" => Stop::Refusal,
            _ => Stop::Other { raw: finish },
        }
    }

    /// The message as it is passed back: what came, with the mended calls.
    fn raw(&self, calls: &[ToolCall], extras: &[Map<String, Value>]) -> Value {
        let mut raw = Map::new();
        raw.insert("role".into(), "assistant".into());
        let content = if !self.content_items.is_empty() {
            Value::Array(self.content_items.clone())
        } else if self.content.is_empty() && (!calls.is_empty() || !self.refusal.is_empty()) {
            Value::Null
        } else {
            self.content.as_str().into()
        };
        raw.insert("content".into(), content);
        if !self.reasoning_key.is_empty() {
            raw.insert(self.reasoning_key.into(), self.reasoning.as_str().into());
        }
        if !self.refusal.is_empty() {
            raw.insert("refusal".into(), self.refusal.as_str().into());
        }
        if !calls.is_empty() {
            let calls = calls.iter().zip(extras).map(|(call, extra)| {
                let mut item = Map::new();
                item.insert("id".into(), call.id.as_str().into());
                item.insert("type".into(), "function".into());
                let arguments = wire_arguments(&call.arguments);
                item.insert("function".into(), json!({"name": call.name, "arguments": arguments}));
                item.extend(extra.clone());
                Value::Object(item)
            });
            raw.insert("tool_calls".into(), calls.collect());
        }
        raw.extend(self.extra.clone());
        Value::Object(raw)
    }
}

impl DraftCall {
    /// Takes the next part of a call's name and arguments.
    pub(super) fn absorb(&mut self, function: &FunctionPiece<'_>) {
        if let Some(name) = &function.name
            && self.name.is_empty()
        {
            self.name.push_str(name);
        }
        let Some(raw) = function.arguments else { return };
        if raw.get().starts_with('"') {
            self.arguments.push_str(&text(raw).unwrap_or_default());
        } else if raw.get() != "null" {
            self.from_object = true;
            self.arguments.push_str(raw.get());
        }
    }

    pub(super) fn absorb_extra(&mut self, extra: &[Extra<'_>]) {
        merge(&mut self.extra, extra);
    }

    /// Whether another call must have begun: this one's arguments are a whole object.
    pub(super) fn is_whole(&self) -> bool {
        self.arguments.trim_end().ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }
}

/// Adds unknown fields: texts and lists grow, anything else is replaced.
fn merge(into: &mut Map<String, Value>, extra: &[Extra<'_>]) {
    for (key, raw) in extra {
        let Ok(value) = serde_json::from_str::<Value>(raw.get()) else { continue };
        match (into.get_mut(&**key), value) {
            (Some(Value::String(old)), Value::String(new)) => old.push_str(&new),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (_, value) => {
                into.insert(key.clone().into_owned(), value);
            }
        }
    }
}

/// The texts within a reasoning item.
fn gather(item: &Value, out: &mut String) {
    match item {
        Value::Array(items) => items.iter().for_each(|i| gather(i, out)),
        Value::Object(map) => {
            for key in ["thinking", "text", "reasoning"] {
                match map.get(key) {
                    Some(Value::String(text)) => out.push_str(text),
                    Some(nested) => gather(nested, out),
                    None => {}
                }
            }
        }
        _ => {}
    }
}

/// The beginning of a text, for messages.
pub(super) fn excerpt(text: &str) -> String {
    let mut out: String = text.chars().take(200).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

//! A reply in the making, and the rules by which it is mended.

use super::message::{Extra, FunctionPiece, Piece, is_void, text};
use crate::Reply;
use crate::mend::{Mender, excerpt};
use crate::wire::sendable_arguments;
use mocktrial_trajectory::{Logprob, Measurement, Part, Served, Stop, ToolCall, Usage, parse_untrusted};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

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
    pub(super) mender: Mender,
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) served: Served,
    pub(super) logprobs: Vec<Logprob>,
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
            && let Some(Value::Array(items)) = parse_untrusted(raw.get())
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
            self.mender
                .mend_piece("odd_content", || format!("content is neither text nor a list: {}", excerpt(raw.get())));
            self.content.push_str(raw.get());
        }
    }

    /// Makes the reply. `turn` is the request's number in the episode; ids that are missing are made
    /// from it, nine letters and digits long, as the strictest server demands.
    pub(super) fn finish(mut self, turn: u32) -> Reply {
        if let Some(call) = self.legacy.take()
            && self.calls.is_empty()
        {
            self.mender
                .mend("legacy_function_call", format!("`{}` came as `function_call`; read as a tool call", call.name));
            self.calls.push(call);
        }
        let drafts = std::mem::take(&mut self.calls);
        let mut calls: Vec<ToolCall> = Vec::with_capacity(drafts.len());
        let mut extras: Vec<Map<String, Value>> = Vec::new();
        for draft in drafts {
            if draft.id.is_empty() && draft.name.is_empty() && draft.arguments.is_empty() {
                self.mender.mend("empty_call", "a call without id, name and arguments was left out");
                continue;
            }
            let at = calls.len();
            let id = self.mender.id(draft.id, turn, at);
            if draft.from_object {
                self.mender
                    .mend("arguments_as_object", format!("the arguments of `{id}` came as an object, not as its text"));
            }
            let arguments = self.mender.arguments(&id, draft.arguments);
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
        let repairs = self.mender.told();
        let text = if self.content.is_empty() { self.refusal } else { self.content };
        Reply {
            content: if text.is_empty() { Vec::new() } else { vec![Part::text(text)] },
            reasoning: (!self.reasoning.is_empty()).then_some(self.reasoning),
            calls,
            stop,
            usage: self.usage,
            raw,
            served: self.served,
            logprobs: self.logprobs,
            repairs,
            measurement: Measurement::default(),
        }
    }

    fn stop(&mut self, calls: bool) -> Stop {
        let finish = self.finish.take().unwrap_or_default();
        let natural = if calls { Stop::Calls } else { Stop::End };
        match finish.as_str() {
            "" => {
                self.mender.mend("missing_finish_reason", "the response does not say why it stopped");
                natural
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" if calls => {
                self.mender
                    .mend("stop_with_calls", format!("finish_reason is `{finish}` beside calls; read as `tool_calls`"));
                natural
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" if !self.refusal.is_empty() => {
                Stop::Refusal
            }
            "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" => natural,
            "tool_calls" | "function_call" | "tool_use" if calls => natural,
            "tool_calls" | "function_call" | "tool_use" => {
                self.mender.mend("calls_announced", format!("finish_reason is `{finish}`, but there is no call"));
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
                let arguments = sendable_arguments(&call.arguments);
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
        let Some(value) = parse_untrusted(raw.get()) else { continue };
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

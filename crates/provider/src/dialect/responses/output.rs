//! From the items of a response's output to a reply, and the rules by which they are mended.

use crate::Reply;
use crate::logprob::logprobs;
use crate::mend::{Mender, excerpt};
use crate::wire::sendable_arguments;
use mocktrial_trajectory::{Arguments, Freeform, Logprob, Measurement, Part, Served, Stop, ToolCall, Usage};
use serde_json::{Map, Value, json};

/// How a response ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    #[default]
    Completed,
    /// Before its end, with the server's word for why; empty where there is none.
    Incomplete(String),
}

/// A reply in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) mender: Mender,
    pub(super) ending: Ending,
    pub(super) usage: Option<Usage>,
    pub(super) served: Served,
    texts: Vec<String>,
    refusals: Vec<String>,
    reasoning: Vec<String>,
    calls: Vec<ToolCall>,
    logprobs: Vec<Logprob>,
    items: Vec<Value>,
    /// Whether the neutral form loses something of the items.
    lossy: bool,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Message,
    Reasoning,
    FunctionCall,
    CustomCall,
    Other,
}

impl Sort {
    pub(super) fn of(item: &Value) -> Self {
        match item["type"].as_str() {
            Some("message") => Self::Message,
            Some("reasoning") => Self::Reasoning,
            Some("function_call") => Self::FunctionCall,
            Some("custom_tool_call") => Self::CustomCall,
            // Requests may leave it out of a message, and so do some who answer.
            None if item["role"].is_string() => Self::Message,
            _ => Self::Other,
        }
    }

    pub(super) fn is_call(self) -> bool {
        matches!(self, Self::FunctionCall | Self::CustomCall)
    }
}

impl Draft {
    /// Makes the reply. `turn` is the request's number in the episode; ids that are missing are made
    /// from it.
    pub(super) fn finish(mut self, output: Vec<Value>, turn: u32) -> Reply {
        for item in output {
            match (Sort::of(&item), item) {
                (Sort::Message, Value::Object(item)) => self.message(item),
                (Sort::Reasoning, Value::Object(item)) => self.think(item),
                (Sort::FunctionCall, Value::Object(item)) => self.call(item, turn),
                (Sort::CustomCall, Value::Object(item)) => self.custom_call(item, turn),
                (_, item @ Value::Object(_)) => {
                    self.lossy = true;
                    self.items.push(item);
                }
                (_, other) => {
                    let text =
                        format!("an item of the output is no object and left out: {}", excerpt(&other.to_string()));
                    self.mender.mend("odd_item", text);
                }
            }
        }
        // The API refuses a conversation in which nothing follows the reasoning that led to it.
        while self.items.last().is_some_and(|item| Sort::of(item) == Sort::Reasoning) {
            self.items.pop();
            self.mender.mend_once(
                "dangling_reasoning",
                "reasoning that nothing follows is not passed back: servers refuse the conversation otherwise",
            );
        }
        let stop = self.stop();
        let texts = if self.texts.is_empty() { self.refusals } else { self.texts };
        Reply {
            content: if texts.is_empty() { Vec::new() } else { vec![Part::text(texts.join("\n\n"))] },
            reasoning: (!self.reasoning.is_empty()).then(|| self.reasoning.join("\n\n")),
            calls: self.calls,
            stop,
            usage: self.usage,
            raw: if self.lossy { self.items } else { Vec::new() },
            served: self.served,
            logprobs: self.logprobs,
            repairs: self.mender.told(),
            measurement: Measurement::default(),
        }
    }

    fn stop(&self) -> Stop {
        match &self.ending {
            Ending::Completed if !self.calls.is_empty() => Stop::Calls,
            Ending::Completed if !self.refusals.is_empty() => Stop::Refusal,
            Ending::Completed => Stop::End,
            Ending::Incomplete(reason) => match reason.as_str() {
                "max_output_tokens" | "max_tokens" | "length" => Stop::Length,
                "content_filter" => Stop::ContentFilter,
                "" => Stop::Other { raw: "incomplete".into() },
                other => Stop::Other { raw: other.into() },
            },
        }
    }

    fn message(&mut self, mut item: Map<String, Value>) {
        let mut text = String::new();
        let mut refusal = String::new();
        match item.get("content") {
            Some(Value::String(content)) => text.push_str(content),
            Some(Value::Array(parts)) => {
                self.lossy |= parts.len() > 1;
                for part in parts {
                    self.part(part, &mut text, &mut refusal);
                }
            }
            None | Some(Value::Null) => {}
            Some(other) => {
                text = other.to_string();
                self.mender.mend("odd_content", format!("content is neither text nor a list: {}", excerpt(&text)));
                item.insert("content".into(), text.as_str().into());
            }
        }
        // Between a call and its output there is no place for a message, least of all behind a gateway.
        if text.is_empty() && refusal.is_empty() && !self.calls.is_empty() {
            self.mender.mend("empty_message", "a message without content after a call was left out");
            return;
        }
        // The neutral form is one text with the calls after it.
        self.lossy |= !self.items.is_empty() || has_more(&item, &["role", "content"]);
        self.texts.extend(Some(text).filter(|text| !text.is_empty()));
        self.refusals.extend(Some(refusal).filter(|text| !text.is_empty()));
        self.items.push(Value::Object(item));
    }

    fn part(&mut self, part: &Value, text: &mut String, refusal: &mut String) {
        let field = |name: &str| part[name].as_str().unwrap_or_default();
        match part["type"].as_str() {
            Some("refusal") => {
                refusal.push_str(field("refusal"));
                self.lossy = true;
            }
            Some("output_text" | "text") | None => {
                text.push_str(field("text"));
                self.lossy |= part.as_object().is_none_or(|part| has_more(part, &["text", "logprobs"]));
                match part.get("logprobs").map(|tokens| logprobs(&tokens.to_string())) {
                    Some(Some(tokens)) => self.logprobs.extend(tokens),
                    Some(None) => self.mender.mend_piece("unreadable_logprobs", || {
                        format!("logprobs are not what they should be: {}", excerpt(&part["logprobs"].to_string()))
                    }),
                    None => {}
                }
            }
            Some(_) => self.lossy = true,
        }
    }

    fn think(&mut self, item: Map<String, Value>) {
        // The summary says in short what the content says, where there is content.
        let told = ["content", "summary"].into_iter().map(|key| thought(item.get(key))).find(|t| !t.is_empty());
        self.reasoning.extend(told);
        self.lossy = true;
        self.items.push(Value::Object(item));
    }

    fn call(&mut self, mut item: Map<String, Value>, turn: u32) {
        let name = string(&item, "name");
        let id = self.mender.id(string(&item, "call_id"), turn, self.calls.len());
        let text = match item.get_mut("arguments").map(Value::take) {
            Some(Value::String(text)) => text,
            Some(value @ (Value::Object(_) | Value::Array(_))) => {
                self.mender
                    .mend("arguments_as_object", format!("the arguments of `{id}` came as an object, not as its text"));
                value.to_string()
            }
            _ => String::new(),
        };
        let arguments = self.mender.arguments(&id, text);
        self.lossy |= has_more(&item, &["call_id", "name"]);
        item.insert("call_id".into(), id.as_str().into());
        item.insert("arguments".into(), sendable_arguments(&arguments).into());
        self.calls.push(ToolCall { id, name, arguments });
        self.items.push(Value::Object(item));
    }

    fn custom_call(&mut self, mut item: Map<String, Value>, turn: u32) {
        let name = string(&item, "name");
        let id = self.mender.id(string(&item, "call_id"), turn, self.calls.len());
        let input = string(&item, "input");
        self.lossy |= has_more(&item, &["call_id", "name", "input"]);
        item.insert("call_id".into(), id.as_str().into());
        let arguments = Arguments::from_value(json!({ Freeform::INPUT: input }));
        self.calls.push(ToolCall { id, name, arguments });
        self.items.push(Value::Object(item));
    }
}

/// A field's text; empty where it is no text.
fn string(item: &Map<String, Value>, key: &str) -> String {
    item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Whether an item says more than the neutral form keeps: `known`, and what needs no keeping. An id is only
/// needed beside reasoning, which is kept anyway.
fn has_more(item: &Map<String, Value>, known: &[&str]) -> bool {
    let void = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let passing = |key: &str| matches!(key, "type" | "id" | "status") || known.contains(&key);
    item.iter().any(|(key, value)| !passing(key) && !void(value))
}

/// The texts of a reasoning item's `summary` or `content`.
fn thought(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.as_str().or_else(|| part["text"].as_str()));
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
        }
        _ => String::new(),
    }
}

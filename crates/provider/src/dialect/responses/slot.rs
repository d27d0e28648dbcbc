//! An item of a stream in the making.

use super::output::Sort;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is known of an item: how it was announced or ended, and its pieces in between.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) sort: Sort,
    /// Its id; empty where none came.
    pub(super) id: String,
    pub(super) index: Option<u64>,
    /// The item of its announcement, or of its end; `null` before both.
    pub(super) item: Value,
    pub(super) done: bool,
    /// The texts of a message or of reasoning.
    parts: BTreeMap<Place, Text>,
    /// The arguments or the input of a call.
    pub(super) written: String,
    pub(super) name: Option<String>,
}

/// Where a text stands in an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Summary(u64),
    Content(u64),
}

#[derive(Debug, Default)]
struct Text {
    text: String,
    refusal: bool,
    logprobs: Vec<Value>,
}

impl Slot {
    pub(super) fn new(sort: Sort, id: &str, index: Option<u64>) -> Self {
        Self {
            sort,
            id: id.to_owned(),
            index,
            item: Value::Null,
            done: false,
            parts: BTreeMap::new(),
            written: String::new(),
            name: None,
        }
    }

    /// Adds to a text.
    pub(super) fn push(&mut self, place: Place, refusal: bool, text: &str, logprobs: Vec<Value>) {
        let part = self.parts.entry(place).or_default();
        part.refusal |= refusal;
        part.text.push_str(text);
        part.logprobs.extend(logprobs);
    }

    /// Takes a text as a whole.
    pub(super) fn set(&mut self, place: Place, refusal: bool, text: &str) {
        let part = self.parts.entry(place).or_default();
        part.refusal |= refusal;
        text.clone_into(&mut part.text);
    }

    /// The item. Where it ended, it is what came then; what it lacks is taken from its pieces, and one that
    /// did not end gets `status`.
    pub(super) fn finish(self, status: &str) -> Value {
        let Self { sort, id, item, done, parts, written, name, .. } = self;
        let mut item = match item {
            Value::Object(item) => item,
            _ => Map::new(),
        };
        let (word, call) = match sort {
            Sort::Message => ("message", None),
            Sort::Reasoning => ("reasoning", None),
            Sort::FunctionCall => ("function_call", Some("arguments")),
            Sort::CustomCall => ("custom_tool_call", Some("input")),
            Sort::Other => return Value::Object(item),
        };
        fill(&mut item, "type", word.into());
        if !id.is_empty() {
            fill(&mut item, "id", id.into());
        }
        let (mut summary, mut content) = (Vec::new(), Vec::new());
        for (place, text) in parts {
            match place {
                _ if text.text.is_empty() => {}
                Place::Summary(_) => summary.push(json!({"type": "summary_text", "text": text.text})),
                Place::Content(_) => content.push(text.finish(sort)),
            }
        }
        match (sort, call) {
            (_, Some(key)) => {
                fill(&mut item, "name", name.unwrap_or_default().into());
                fill(&mut item, key, written.into());
            }
            (Sort::Reasoning, None) => {
                fill(&mut item, "summary", summary.into());
                if !content.is_empty() {
                    fill(&mut item, "content", content.into());
                }
            }
            _ => {
                fill(&mut item, "role", "assistant".into());
                fill(&mut item, "content", content.into());
            }
        }
        if !done && (item.contains_key("status") || sort == Sort::Message) {
            item.insert("status".into(), status.into());
        }
        Value::Object(item)
    }
}

impl Text {
    fn finish(self, sort: Sort) -> Value {
        let mut part = match sort {
            Sort::Reasoning => return json!({"type": "reasoning_text", "text": self.text}),
            _ if self.refusal => return json!({"type": "refusal", "refusal": self.text}),
            _ => json!({"type": "output_text", "text": self.text, "annotations": []}),
        };
        if !self.logprobs.is_empty() {
            part["logprobs"] = self.logprobs.into();
        }
        part
    }
}

/// Sets a field that is absent or empty.
fn fill(item: &mut Map<String, Value>, key: &str, value: Value) {
    let empty = match item.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if empty {
        item.insert(key.into(), value);
    }
}

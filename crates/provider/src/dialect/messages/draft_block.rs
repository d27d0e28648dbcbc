//! A content block in the making.

use crate::mend::{Mender, excerpt};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What a block is, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    ToolUse,
    /// Hidden thoughts, what the provider's own tools did, and what is not known yet.
    Other,
}

/// A block: its fields as they came, and those parts that grow.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The fields in order. Those that grow are kept below and stand here as `null`.
    fields: Map<String, Value>,
    /// Of a text or a thought, what it says.
    pub(super) text: String,
    /// The JSON text of the `input` that it began with.
    pub(super) input: Option<String>,
    /// The pieces of an `input` in a row.
    pub(super) pieces: String,
    /// Whether it comes from a stream, which gives inputs in pieces.
    pub(super) in_pieces: bool,
}

/// The key under which a kind of block keeps its text.
fn text_key(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Text => Some("text"),
        Kind::Thinking => Some("thinking"),
        Kind::ToolUse | Kind::Other => None,
    }
}

impl Block {
    /// A block of this type with nothing in it yet.
    pub(super) fn empty(kind: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("type".into(), kind.into());
        Self { fields, in_pieces: true, ..Self::default() }
    }

    /// A text.
    pub(super) fn said(text: String) -> Self {
        Self { text, in_pieces: false, ..Self::empty("text") }
    }

    /// A block as it came, whole or as a stream begins it. `None` where it is not one; that is recorded.
    pub(super) fn read(raw: &RawValue, mender: &mut Mender) -> Option<Self> {
        /// What is read even where the whole nests too deep to be kept.
        #[derive(Deserialize)]
        struct Call<'a> {
            r#type: Value,
            #[serde(default)]
            id: Value,
            #[serde(default)]
            name: Value,
            #[serde(borrow, default)]
            input: Option<&'a RawValue>,
        }
        if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
            mender.mend("content_as_text", "a text came in the place of a content block");
            return Some(Self::said(text));
        }
        let call = serde_json::from_str::<Call<'_>>(raw.get()).ok().filter(|call| call.r#type.is_string());
        let whole = serde_json::from_str::<Map<String, Value>>(raw.get());
        let (Some(call), whole) = (call, whole) else {
            mender.mend("unreadable_block", format!("not a content block, left out: {}", excerpt(raw.get())));
            return None;
        };
        let mut block = Self { input: call.input.map(|input| input.get().to_owned()), ..Self::default() };
        match whole {
            Ok(fields) => block.fields = fields,
            Err(_) if call.r#type == "tool_use" => {
                for (key, value) in [("type", call.r#type), ("id", call.id), ("name", call.name)] {
                    block.fields.insert(key.into(), value);
                }
            }
            Err(e) => {
                let detail = format!("a content block cannot be kept ({e}), left out: {}", excerpt(raw.get()));
                mender.mend("unreadable_block", detail);
                return None;
            }
        }
        if let Some(key) = text_key(block.kind())
            && let Some(Value::String(text)) = block.fields.get_mut(key).map(Value::take)
        {
            block.text = text;
        }
        if block.kind() == Kind::ToolUse {
            block.fields.insert("input".into(), Value::Null);
        }
        Some(block)
    }

    pub(super) fn kind(&self) -> Kind {
        match self.fields.get("type").and_then(Value::as_str) {
            Some("text") => Kind::Text,
            Some("thinking") => Kind::Thinking,
            Some("tool_use") => Kind::ToolUse,
            _ => Kind::Other,
        }
    }

    /// Whether it is a call of a tool, be it the provider's own.
    pub(super) fn takes_input(&self) -> bool {
        self.fields.get("type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("tool_use"))
    }

    /// A text, or the digits of a number.
    fn word(&self, key: &str) -> Option<String> {
        match self.fields.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn id(&self) -> String {
        self.word("id").unwrap_or_default()
    }

    pub(super) fn name(&self) -> String {
        self.word("name").unwrap_or_default()
    }

    /// Whether it is a text that says nothing.
    pub(super) fn is_blank(&self) -> bool {
        self.kind() == Kind::Text && self.text.trim().is_empty()
    }

    /// Whether it has no field that the neutral form does not know.
    pub(super) fn is_plain(&self) -> bool {
        self.fields.iter().all(|(key, value)| match key.as_str() {
            "type" | "text" | "id" | "name" | "input" => true,
            // Called by the model itself, and not by a program that it wrote.
            "caller" => value.is_null() || value["type"] == "direct",
            _ => match value {
                Value::Null => true,
                Value::Array(items) => items.is_empty(),
                Value::String(text) => text.is_empty(),
                _ => false,
            },
        })
    }

    /// Sets a field.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.fields.insert(key.into(), value);
    }

    /// Adds to a list.
    pub(super) fn add(&mut self, key: &str, value: Value) {
        match self.fields.get_mut(key) {
            Some(Value::Array(items)) => items.push(value),
            _ => self.set(key, vec![value].into()),
        }
    }

    /// Takes the fields of a piece of a kind that is not known: texts and lists grow, anything else is
    /// replaced.
    pub(super) fn merge(&mut self, piece: Map<String, Value>) {
        for (key, value) in piece {
            match (self.fields.get_mut(&key), value) {
                (_, _) if key == "type" => {}
                (Some(Value::String(old)), Value::String(new)) => old.push_str(&new),
                (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
                (_, value) => {
                    self.fields.insert(key, value);
                }
            }
        }
    }

    /// The block as it is passed back.
    pub(super) fn into_value(mut self) -> Value {
        if let Some(key) = text_key(self.kind()) {
            self.fields.insert(key.into(), self.text.into());
        }
        self.fields.into()
    }

    /// The block of one of the provider's own tools as it is passed back.
    pub(super) fn into_input(mut self, input: Value) -> Value {
        self.set("input", input);
        self.fields.into()
    }

    /// The block of a call as it is passed back.
    pub(super) fn into_call(mut self, id: &str, input: Value) -> Value {
        self.set("id", id.into());
        let name = self.name();
        self.set("name", name.into());
        self.into_input(input)
    }
}

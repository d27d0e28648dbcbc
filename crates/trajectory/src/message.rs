//! Messages, tool calls and tool results, in no provider's dialect.

use crate::Media;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A piece of a message's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    Image {
        /// Its bytes, or where they are.
        media: Arc<Media>,
    },
    /// A sound.
    Audio {
        /// Its bytes, or where they are.
        media: Arc<Media>,
    },
    /// A document, such as a PDF.
    File {
        /// Its bytes, or where they are.
        media: Arc<Media>,
    },
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The text of a text part.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }

    /// What a part that is not text holds.
    #[must_use]
    pub fn media(&self) -> Option<&Media> {
        match self {
            Self::Text { .. } => None,
            Self::Image { media } | Self::Audio { media } | Self::File { media } => Some(media),
        }
    }

    /// The word for what it is: `text`, `image`, `audio` or `file`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image { .. } => "image",
            Self::Audio { .. } => "audio",
            Self::File { .. } => "file",
        }
    }
}

impl From<Media> for Part {
    /// An image or a sound where the type says so, else a file.
    fn from(media: Media) -> Self {
        let media = Arc::new(media);
        match media.mime.split('/').next() {
            Some("image") => Self::Image { media },
            Some("audio") => Self::Audio { media },
            _ => Self::File { media },
        }
    }
}

/// One entry of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// The system prompt.
    System {
        /// Its text.
        text: String,
    },
    /// What the user says.
    User {
        /// Its parts.
        content: Vec<Part>,
    },
    /// What the model answered.
    Assistant {
        /// Its text; empty when it only called tools.
        content: Vec<Part>,
        /// The calls it made, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ToolCall>,
        /// The provider's own items, to be passed back unchanged; empty where the neutral form loses nothing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        raw: Vec<Value>,
    },
    /// The answer to one call.
    Tool(ToolResult),
}

impl Message {
    /// A user message of one text part.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { content: vec![Part::text(text)] }
    }
}

/// A tool call as the model wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id: the provider's, or one made by the adapter (then a repair is recorded).
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: Arguments,
}

/// The arguments of a call: the text the model wrote and, where it parses, its value.
///
/// They are shared by all who hold them: conversation, trajectory and the world's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arguments {
    /// The raw text.
    pub text: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Arc<Value>>,
}

impl Arguments {
    /// Nesting deeper than this is malformed: it has no use and endangers the reader.
    pub const MAX_DEPTH: usize = 100;

    /// Parses `text`; anything but a JSON object (nested at most [`Self::MAX_DEPTH`] deep, without
    /// numbers too large for a float) leaves `value` empty. The empty text is *not* an object: an
    /// adapter that reads it as `{}` records a repair.
    pub fn parse(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        // 128 levels are read; the tighter bound is checked on the value.
        let value = crate::parse_untrusted(&text).filter(|v| v.is_object() && is_tame(v, Self::MAX_DEPTH));
        Self { text, value: value.map(Arc::new) }
    }

    /// A text with the value that is taken for it, whether or not it says so.
    #[must_use]
    pub fn of(text: impl Into<Arc<str>>, value: Option<Value>) -> Self {
        Self { text: text.into(), value: value.map(Arc::new) }
    }

    /// The parsed arguments; `None` when the text is not a JSON object.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.value.as_deref()
    }

    /// The same text, with another value: an adapter that mends what a server sent says so in a repair.
    #[must_use]
    pub fn mended(self, value: Value) -> Self {
        Self { value: Some(Arc::new(value)), ..self }
    }

    /// Arguments from a value, with compact text.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self { text: value.to_string().into(), value: Some(Arc::new(value)) }
    }
}

/// Whether containers nest at most `levels` deep and every number has a value.
fn is_tame(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|v| is_tame(v, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|v| is_tame(v, levels - 1)),
        Value::Number(number) => number.as_f64().is_some(),
        _ => true,
    }
}

/// What a tool returned, as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call it answers.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The content; JSON results as their compact text.
    pub content: Vec<Part>,
    /// Whether the tool reported an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stop {
    /// The end of its answer.
    End,
    /// To have its tool calls answered.
    Calls,
    /// The output limit was reached.
    Length,
    /// The provider's filter cut the answer.
    ContentFilter,
    /// The model declined.
    Refusal,
    /// The conversation and the answer filled the model's context.
    ContextOverflow,
    /// The provider could not read what its own model wrote, and gave up the answer.
    Malformed,
    /// A reason without a neutral name, as the provider wrote it.
    Other {
        /// The provider's word.
        raw: String,
    },
}

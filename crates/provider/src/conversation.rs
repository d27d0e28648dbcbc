//! What is asked of a model: each message and the set of tools are serialised and hashed once.

use mocktrial_trajectory::{Digest, Message, Part, ToolSpec, canonical_text};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// The bytes of something in one dialect.
#[derive(Debug)]
struct Wire {
    dialect: &'static str,
    bytes: Box<[u8]>,
}

/// Serialises once for the first dialect that asks, and anew for any other.
fn cached<'a>(cell: &'a OnceLock<Wire>, dialect: &'static str, write: impl FnOnce(&mut Vec<u8>)) -> Cow<'a, [u8]> {
    let mut write = Some(write);
    let mut fresh = || {
        let mut bytes = Vec::new();
        if let Some(write) = write.take() {
            write(&mut bytes);
        }
        bytes
    };
    let wire = cell.get_or_init(|| Wire { dialect, bytes: fresh().into_boxed_slice() });
    if wire.dialect == dialect { Cow::Borrowed(&wire.bytes) } else { Cow::Owned(fresh()) }
}

/// A message with what was made of it.
#[derive(Debug)]
pub struct Entry {
    message: Message,
    wire: OnceLock<Wire>,
    hash: OnceLock<Digest>,
}

impl Entry {
    /// Wraps a message.
    #[must_use]
    pub fn new(message: Message) -> Arc<Self> {
        Arc::new(Self { message, wire: OnceLock::new(), hash: OnceLock::new() })
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Its bytes in a dialect, written by `write` when they are first asked for.
    pub fn wire(&self, dialect: &'static str, write: impl FnOnce(&Message, &mut Vec<u8>)) -> Cow<'_, [u8]> {
        cached(&self.wire, dialect, |out| write(&self.message, out))
    }

    /// The hash of what the message says in no dialect: role, text, calls (id, name, raw arguments),
    /// the call answered and whether it failed. The provider's own items are not part of it: they
    /// follow from the response that brought them.
    #[must_use]
    pub fn hash(&self) -> Digest {
        *self.hash.get_or_init(|| hash_message(&self.message))
    }
}

fn hash_message(message: &Message) -> Digest {
    let mut fields = Fields::default();
    let role: &[u8] = match message {
        Message::System { text } => {
            fields.text(text);
            b"system"
        }
        Message::User { content } => {
            fields.parts(content);
            b"user"
        }
        Message::Assistant { content, calls, .. } => {
            fields.parts(content);
            for call in calls {
                fields.text(&call.id);
                fields.text(&call.name);
                fields.text(&call.arguments.text);
            }
            b"assistant"
        }
        Message::Tool(result) => {
            fields.text(&result.call_id);
            fields.parts(&result.content);
            fields.text(if result.is_error { "error" } else { "" });
            b"tool"
        }
    };
    Digest::of_bytes(role, &fields.0)
}

/// Fields with their lengths before them, so that none runs into the next.
#[derive(Default)]
pub(crate) struct Fields(pub(crate) Vec<u8>);

impl Fields {
    pub(crate) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn parts(&mut self, parts: &[Part]) {
        self.0.extend_from_slice(&(parts.len() as u64).to_le_bytes());
        for part in parts {
            match part {
                Part::Text { text } => self.text(text),
                other => self.text(&serde_json::to_string(other).unwrap_or_default()),
            }
        }
    }
}

/// A transcript that is only ever appended to. Cloning it copies pointers, not messages.
#[derive(Clone, Debug, Default)]
pub struct Conversation(Vec<Arc<Entry>>);

impl Conversation {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a message.
    pub fn push(&mut self, message: Message) {
        self.0.push(Entry::new(message));
    }

    /// Appends an entry shared with another conversation (the system prompt of a scenario, say), so
    /// that it is serialised once for all of them. A message that calls tools, or answers a call, is to be
    /// shared only between conversations with the same tools: how it is written depends on them.
    pub fn push_entry(&mut self, entry: Arc<Entry>) {
        self.0.push(entry);
    }

    /// The entries in order.
    #[must_use]
    pub fn entries(&self) -> &[Arc<Entry>] {
        &self.0
    }

    /// The messages in order.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.0.iter().map(|entry| entry.message())
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Message> for Conversation {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        Self(messages.into_iter().map(Entry::new).collect())
    }
}

/// The tools as an endpoint presents them, serialised and hashed once.
#[derive(Debug, Default)]
pub struct Toolbox {
    tools: Vec<ToolSpec>,
    wire: OnceLock<Wire>,
    hashes: OnceLock<Vec<Digest>>,
}

impl Toolbox {
    /// A toolbox of these tools, in this order.
    #[must_use]
    pub fn new(tools: Vec<ToolSpec>) -> Arc<Self> {
        Arc::new(Self { tools, wire: OnceLock::new(), hashes: OnceLock::new() })
    }

    /// The tools.
    #[must_use]
    pub fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    /// Its bytes in a dialect, written by `write` when they are first asked for.
    pub fn wire(&self, dialect: &'static str, write: impl FnOnce(&[ToolSpec], &mut Vec<u8>)) -> Cow<'_, [u8]> {
        cached(&self.wire, dialect, |out| write(&self.tools, out))
    }

    /// The hash of each tool as the model sees it: name, description, input schema, strictness.
    #[must_use]
    pub fn hashes(&self) -> &[Digest] {
        self.hashes.get_or_init(|| self.tools.iter().map(hash_tool).collect())
    }
}

fn hash_tool(tool: &ToolSpec) -> Digest {
    let mut fields = Fields::default();
    fields.text(&tool.name);
    fields.text(tool.description.as_deref().unwrap_or(""));
    fields.text(&canonical_text(&tool.input_schema));
    fields.text(match tool.strict {
        None => "",
        Some(false) => "lax",
        Some(true) => "strict",
    });
    if let Some(freeform) = &tool.freeform {
        fields.text(&canonical_text(freeform.format.as_ref().unwrap_or(&Value::Null)));
    }
    Digest::of_bytes(b"tool", &fields.0)
}

/// What is asked of a model. One lives as long as an episode: append to `conversation` and ask again.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The transcript so far, the system prompt first.
    pub conversation: Conversation,
    /// The tools presented.
    pub tools: Arc<Toolbox>,
    /// The harness-derived seed, for endpoints that ask for it (`seed = "trial"`).
    pub seed: Option<u64>,
}

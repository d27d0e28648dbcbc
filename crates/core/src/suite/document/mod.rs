//! YAML, TOML and JSON read into one tree that knows where everything stands.

mod json;
mod toml;
mod yaml;

use super::mistake::Mistake;
use super::source::{Source, Span, printable};
use mocktrial_trajectory::Pointer;
use serde_json::{Map, Number, Value};
use std::path::Path;
use std::sync::Arc;

/// Nesting deeper than this is refused in every format.
const MAX_DEPTH: usize = 100;

/// A file that has been read.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) source: Arc<Source>,
    pub(crate) root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A member of a map. Keys are unique within it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Yaml,
    Toml,
    Json,
}

impl Format {
    /// The format that a file's name says.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl Document {
    /// Reads a source. What is wrong with it is added to `mistakes`; `None` where nothing can be made of it.
    pub(crate) fn parse(source: &Arc<Source>, format: Format, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let root = match format {
            Format::Yaml => yaml::parse(source, mistakes),
            Format::Toml => toml::parse(source, mistakes),
            Format::Json => json::parse(source, Span::new(0, source.text.len()), mistakes),
        }?;
        Some(Self { source: Arc::clone(source), root })
    }

    /// Reads a part of a source, such as a line of JSON Lines, as JSON.
    pub(crate) fn parse_json_part(source: &Arc<Source>, part: Span, mistakes: &mut Vec<Mistake>) -> Option<Node> {
        json::parse(source, part, mistakes)
    }

    /// Where to point for something about the value at a pointer, or about the nearest one above it.
    pub(crate) fn span_at(&self, at: &Pointer) -> Span {
        self.root.span_at(&at.0)
    }
}

impl Node {
    pub(crate) fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Kind::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for entry in entries {
                    map.insert(entry.key.clone(), entry.value.to_value());
                }
                Value::Object(map)
            }
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value at some tokens of a JSON Pointer.
    pub(crate) fn at(&self, tokens: &[String]) -> Option<&Self> {
        tokens.iter().try_fold(self, |node, token| node.step(token))
    }

    fn step(&self, token: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(_) => self.get(token),
            Kind::List(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
            Kind::Scalar(_) => None,
        }
    }

    /// Where to point for the value at some tokens, or the nearest above: a scalar itself; the key of a
    /// list or map, since underlining a block says nothing.
    pub(crate) fn span_at(&self, tokens: &[String]) -> Span {
        let mut node = self;
        let mut span = node.pointed();
        for token in tokens {
            let key_span = node.entry(token).map(|entry| entry.key_span);
            let Some(next) = node.step(token) else { break };
            span = match (&next.kind, key_span) {
                (Kind::Scalar(Value::Null), Some(key)) => key,
                (Kind::List(_) | Kind::Map(_), Some(key)) => key,
                _ => next.pointed(),
            };
            node = next;
        }
        span
    }

    /// Where to point for this value when its key is not known.
    fn pointed(&self) -> Span {
        match &self.kind {
            Kind::Map(entries) => entries.first().map_or(self.span, |first| {
                // `{` of a flow map is part of the span; a block map begins with its first key.
                if first.key_span.start == self.span.start { first.key_span } else { self.span }
            }),
            _ => self.span,
        }
    }

    /// The span of some text within this scalar as it stands in the source, or of the whole.
    pub(crate) fn span_of_text(&self, source: &Source, text: &str) -> Span {
        source
            .text
            .get(self.span.start..self.span.end)
            .and_then(|slice| slice.find(text))
            .map_or(self.span, |i| Span::new(self.span.start + i, self.span.start + i + text.len()))
    }
}

impl Entry {
    /// Where to point for this member, or for a value at some tokens below it; see [`Node::span_at`].
    pub(crate) fn span_at(&self, below: &[String]) -> Span {
        match (&self.value.kind, below) {
            (Kind::List(_) | Kind::Map(_) | Kind::Scalar(Value::Null), []) => self.key_span,
            _ if self.value.at(&below[..below.len().min(1)]).is_none() => self.key_span,
            _ => self.value.span_at(below),
        }
    }
}

/// What a value is, in plain words.
pub(crate) fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) if s.is_empty() => "empty text".into(),
        Value::String(s) => format!("the text `{}`", printable(s)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}

/// A decimal number as every format keeps it: whole numbers exactly, others as the nearest double.
///
/// # Errors
/// What is wrong with it, where neither holds it.
fn number(text: &str) -> Result<Number, String> {
    if text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit()) {
        let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
        return whole.map_err(|_| format!("the number `{}` is too large to be kept exactly", printable(text)));
    }
    let double = text.parse::<f64>().ok().and_then(Number::from_f64);
    double.ok_or_else(|| format!("the number `{}` is too large", printable(text)))
}

/// The mistake of a key that stands twice in one map.
fn duplicate(source: &Source, key: &str, first: Span, second: Span) -> Mistake {
    source
        .mistake(second, format!("the key `{}` stands twice in one map", printable(key)))
        .label(format!("first given on line {}", source.line(first.start)))
        .hint("remove one of the two, or rename it")
}

//! An event of a stream, read in one pass and borrowing from it.

use super::slot::Place;
use crate::read::text;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The events that end a stream.
const ENDS: &[&str] = &["response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"];

/// An event of a stream: all fields that any of them has.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) response: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) item_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) output_index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content_index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) summary_index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw.and_then(text)?.parse().ok()
}

/// A text that says something.
pub(super) fn word(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    raw.and_then(text).filter(|text| !text.is_empty())
}

impl Event<'_> {
    pub(super) fn index(&self) -> Option<u64> {
        number(self.output_index)
    }

    pub(super) fn content(&self) -> Place {
        Place::Content(number(self.content_index).unwrap_or(0))
    }

    pub(super) fn summary(&self) -> Place {
        Place::Summary(number(self.summary_index).unwrap_or(0))
    }
}

/// Whether nothing follows an event, by its name, or by its type where that comes first.
pub(super) fn is_last(event: &[u8]) -> bool {
    fn after<'a>(text: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
        text.trim_ascii_start().strip_prefix(prefix.as_bytes())
    }
    let kind = |line| {
        let in_data = |data| after(after(after(data, "{")?, "\"type\":")?, "\"");
        after(line, "event:").or_else(|| after(line, "data:").map(|data| in_data(data).unwrap_or_default()))
    };
    let kind = event.split(|byte| *byte == b'\n').find_map(kind).unwrap_or_default().trim_ascii_start();
    ENDS.iter().any(|end| kind.starts_with(end.as_bytes()))
}

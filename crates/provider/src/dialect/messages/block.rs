//! Messages and tools as content blocks. What is written depends on the message and the tools of its conversation,
//! never on the endpoint's settings.

use crate::Toolbox;
use crate::wire::{field, put, sendable_arguments};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mocktrial_trajectory::{Media, MediaSource, Message, Part, ToolCall, ToolResult, ToolSpec};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A call's name is passed back up to this many bytes.
const LONGEST_NAME: usize = 64;

/// What is said of a failed call that says nothing itself, because the API refuses an error without content.
const NAMELESS_ERROR: &str = "error";

/// Writes the blocks of a message, separated by commas; nothing where it has none.
pub(super) fn write_message(message: &Message, tools: &Toolbox, out: &mut Vec<u8>) {
    let mut list = List { out, empty: true };
    match message {
        Message::System { text } => list.text(text),
        Message::User { content } => content.iter().for_each(|part| list.part(part)),
        Message::Assistant { raw, .. } if !raw.is_empty() => {
            // The provider's own blocks, as they came and in their order.
            for block in raw.iter().filter(|block| !is_blank(block)) {
                put(list.next(), &*wire_raw(block, tools));
            }
        }
        Message::Assistant { content, calls, .. } => {
            content.iter().for_each(|part| list.part(part));
            calls.iter().for_each(|call| write_call(call, tools, list.next()));
        }
        Message::Tool(result) => write_result(result, list.next()),
    }
}

/// Blocks in the making.
struct List<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl List<'_> {
    /// Where the next block is written.
    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        self.out
    }

    /// The API refuses a text that is blank.
    fn text(&mut self, text: &str) {
        if !text.trim().is_empty() {
            let out = self.next();
            out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
            put(out, text);
            out.push(b'}');
        }
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text { text } => self.text(text),
            // Refused before anything is sent.
            Part::Audio { .. } => {}
            Part::Image { media } => put(self.next(), &json!({"type": "image", "source": image_source(media)})),
            Part::File { media } => {
                let mut block = json!({"type": "document", "source": document_source(media)});
                if let Some(name) = &media.name {
                    block["title"] = name.as_str().into();
                }
                put(self.next(), &block);
            }
        }
    }
}

/// Whether a block of the provider's own is one that it gives but does not take.
fn is_blank(block: &Value) -> bool {
    block["type"] == "text" && block["text"].as_str().is_none_or(|text| text.trim().is_empty())
}

/// A block of the provider's own as it is passed back: a call with a sendable id and name, anything else as
/// it is.
fn wire_raw<'a>(block: &'a Value, tools: &Toolbox) -> Cow<'a, Value> {
    let mut mended = Cow::Borrowed(block);
    if block["type"] == "tool_use"
        && let (Some(id), Some(name)) = (block["id"].as_str(), block["name"].as_str())
    {
        for (key, came, sent) in [("id", id, sendable_id(id)), ("name", name, sendable_name(name, tools))] {
            if sent != came {
                mended.to_mut()[key] = sent.into();
            }
        }
    }
    mended
}

fn write_call(call: &ToolCall, tools: &Toolbox, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"tool_use\",\"id\":");
    put(out, &*sendable_id(&call.id));
    out.extend_from_slice(b",\"name\":");
    put(out, &*sendable_name(&call.name, tools));
    out.extend_from_slice(b",\"input\":");
    // The text of an object, so the object itself.
    out.extend_from_slice(sendable_arguments(&call.arguments).trim().as_bytes());
    out.push(b'}');
}

fn write_result(result: &ToolResult, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"tool_result\",\"tool_use_id\":");
    put(out, &*sendable_id(&result.call_id));
    match &*result.content {
        [Part::Text { text }] if !text.trim().is_empty() => {
            field(out, "content", text);
        }
        parts => {
            let mut blocks = Vec::new();
            let mut list = List { out: &mut blocks, empty: true };
            parts.iter().for_each(|part| list.part(part));
            if !blocks.is_empty() {
                out.extend_from_slice(b",\"content\":[");
                out.extend_from_slice(&blocks);
                out.push(b']');
            } else if result.is_error {
                field(out, "content", NAMELESS_ERROR);
            }
        }
    }
    if result.is_error {
        out.extend_from_slice(b",\"is_error\":true");
    }
    out.push(b'}');
}

/// A call's name as it is passed back.
pub(super) fn sendable_name<'a>(name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
    crate::wire::sendable_name(name, tools, LONGEST_NAME, "")
}

/// A call's id as it is passed back: what the API does not take in one is written as `_` and the character's
/// number, so that ids which differ still do.
pub(super) fn sendable_id(id: &str) -> Cow<'_, str> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !id.is_empty() && id.chars().all(good) {
        return Cow::Borrowed(id);
    }
    let mut sent = String::with_capacity(id.len() + 8);
    for c in id.chars() {
        if good(c) {
            sent.push(c);
        } else {
            let _ = write!(sent, "_{:x}", u32::from(c));
        }
    }
    if sent.is_empty() {
        sent.push('_');
    }
    Cow::Owned(sent)
}

/// The media types of pictures, with another name that some write.
pub(super) fn image_type(mime: &str) -> Option<&str> {
    match mime {
        "image/jpg" => Some("image/jpeg"),
        "image/jpeg" | "image/png" | "image/gif" | "image/webp" => Some(mime),
        _ => None,
    }
}

fn image_source(media: &Media) -> Value {
    match &media.source {
        MediaSource::Url(url) => json!({"type": "url", "url": url}),
        MediaSource::Base64(data) => {
            json!({"type": "base64", "media_type": image_type(&media.mime).unwrap_or(&media.mime), "data": &**data})
        }
    }
}

pub(super) fn is_pdf(mime: &str) -> bool {
    mime == "application/pdf"
}

/// The text of a document that is one.
pub(super) fn document_text(media: &Media) -> Option<String> {
    match &media.source {
        MediaSource::Base64(data) if media.mime.starts_with("text/") => {
            String::from_utf8(STANDARD.decode(&**data).ok()?).ok()
        }
        _ => None,
    }
}

fn document_source(media: &Media) -> Value {
    match &media.source {
        MediaSource::Url(url) => json!({"type": "url", "url": url}),
        MediaSource::Base64(data) => document_text(media).map_or_else(
            || json!({"type": "base64", "media_type": media.mime, "data": &**data}),
            // The API knows one type of text only.
            |text| json!({"type": "text", "media_type": "text/plain", "data": text}),
        ),
    }
}

/// Writes the list of tools.
pub(super) fn write_tools(tools: &[ToolSpec], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Tool<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        input_schema: Cow<'a, Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    }
    let tools: Vec<Tool<'_>> = tools
        .iter()
        .map(|tool| Tool {
            name: &tool.name,
            description: tool.description.as_deref(),
            input_schema: schema(&tool.input_schema),
            strict: tool.strict,
        })
        .collect();
    put(out, &tools);
}

/// A schema that says, as the API demands, what is true of all arguments: that they are an object.
fn schema(schema: &Value) -> Cow<'_, Value> {
    match schema {
        Value::Object(map) if map.contains_key("type") => Cow::Borrowed(schema),
        Value::Object(map) => {
            let mut typed = map.clone();
            typed.insert("type".into(), "object".into());
            Cow::Owned(typed.into())
        }
        _ => Cow::Owned(json!({"type": "object"})),
    }
}

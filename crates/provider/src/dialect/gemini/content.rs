//! Messages as parts, and tools as declarations.

use crate::Toolbox;
use crate::mend::is_made_id;
use crate::wire::{put, sendable_arguments};
use mocktrial_trajectory::{Media, MediaSource, Message, Part, ToolCall, ToolResult, ToolSpec, parse_untrusted};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The name under which entries keep their bytes: the parts of a message with commas between them.
pub(super) const DIALECT: &str = "gemini";

/// A function's name has up to this many bytes.
const LONGEST_NAME: usize = 128;

/// A result nested deeper is sent as text: servers stop reading at a hundred levels, their own included.
const DEEPEST_RESULT: usize = 64;

/// Whole numbers beyond this do not survive the API, which reads every number as a double.
const LARGEST_WHOLE: u64 = 1 << 53;

pub(super) fn write_tools(tools: &[ToolSpec], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Declaration<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        // `parameters` takes a part of OpenAPI only; this takes the schema as it is.
        parameters_json_schema: &'a Value,
    }
    let declarations: Vec<Declaration<'_>> = tools
        .iter()
        .map(|tool| Declaration {
            name: &tool.name,
            description: tool.description.as_deref(),
            parameters_json_schema: &tool.input_schema,
        })
        .collect();
    out.extend_from_slice(b"[{\"functionDeclarations\":");
    put(out, &declarations);
    out.extend_from_slice(b"}]");
}

/// Writes the parts of a message; one at least, since the API takes no content without.
pub(super) fn write_message(message: &Message, tools: &Toolbox, out: &mut Vec<u8>) {
    let mut list = List { out, begun: false };
    match message {
        Message::System { text } => put(list.next(), &json!({"text": text})),
        Message::User { content } => content.iter().for_each(|part| put(list.next(), &wire_part(part))),
        Message::Assistant { raw, .. } if !raw.is_empty() => {
            // The provider's own parts, as they came.
            raw.iter().for_each(|part| put(list.next(), &*wire_raw(part, tools)));
        }
        Message::Assistant { content, calls, .. } => {
            content.iter().for_each(|part| put(list.next(), &wire_part(part)));
            calls.iter().for_each(|call| write_call(call, tools, list.next()));
        }
        Message::Tool(result) => write_result(result, tools, list.next()),
    }
    if !list.begun {
        put(list.next(), &json!({"text": ""}));
    }
}

/// Items with commas between them.
struct List<'a> {
    out: &'a mut Vec<u8>,
    begun: bool,
}

impl List<'_> {
    fn next(&mut self) -> &mut Vec<u8> {
        if std::mem::replace(&mut self.begun, true) {
            self.out.push(b',');
        }
        self.out
    }
}

/// Writes the id of a call, where it is the provider's own.
fn write_id(id: &str, out: &mut Vec<u8>) {
    if !is_made_id(id) {
        out.extend_from_slice(b"\"id\":");
        put(out, id);
        out.push(b',');
    }
}

fn write_call(call: &ToolCall, tools: &Toolbox, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"functionCall\":{");
    write_id(&call.id, out);
    out.extend_from_slice(b"\"name\":");
    put(out, &*sendable_name(&call.name, tools));
    // The text of an object is one.
    out.extend_from_slice(b",\"args\":");
    out.extend_from_slice(sendable_arguments(&call.arguments).as_bytes());
    out.extend_from_slice(b"}}");
}

fn write_result(result: &ToolResult, tools: &Toolbox, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"functionResponse\":{");
    write_id(&result.call_id, out);
    out.extend_from_slice(b"\"name\":");
    put(out, &*sendable_name(&result.name, tools));
    out.extend_from_slice(if result.is_error { b",\"response\":{\"error\":" } else { b",\"response\":{\"output\":" });
    let mut texts = result.content.iter().filter_map(Part::as_text);
    match (texts.next(), texts.next()) {
        (text, None) => write_output(text.unwrap_or_default(), out),
        (_, Some(_)) => {
            out.push(b'[');
            let mut list = List { out, begun: false };
            result.content.iter().filter_map(Part::as_text).for_each(|text| write_output(text, list.next()));
            out.push(b']');
        }
    }
    out.push(b'}');
    let media: Vec<Value> = result.content.iter().filter_map(Part::media).map(wire_media).collect();
    if !media.is_empty() {
        out.extend_from_slice(b",\"parts\":");
        put(out, &media);
    }
    out.extend_from_slice(b"}}");
}

/// Writes what a tool said: an object or a list as such, since the API's own form is structured, unless the
/// API would lose some of it; else the text.
fn write_output(text: &str, out: &mut Vec<u8>) {
    let structured = text.trim_start().starts_with(['{', '['])
        && parse_untrusted(text).is_some_and(|value| survives(&value, DEEPEST_RESULT));
    if structured {
        out.extend_from_slice(text.trim().as_bytes());
    } else {
        put(out, text);
    }
}

/// Whether the API takes a value without losing any of it.
fn survives(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|v| survives(v, levels - 1)),
        Value::Object(map) => levels > 0 && map.values().all(|v| survives(v, levels - 1)),
        Value::Number(number) => {
            let whole = number.as_u64().or(number.as_i64().map(i64::unsigned_abs));
            let digits = number.to_string();
            match whole {
                Some(whole) => whole <= LARGEST_WHOLE,
                // A double has fifteen digits that can be relied upon.
                None => number.as_f64().is_some() && digits.bytes().filter(u8::is_ascii_digit).count() <= 15,
            }
        }
        _ => true,
    }
}

/// A call's name as it is passed back.
pub(super) fn sendable_name<'a>(name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
    let sent = crate::wire::sendable_name(name, tools, LONGEST_NAME, ".:");
    let begins = sent.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins || tools.tools().iter().any(|tool| tool.name == name) {
        return sent;
    }
    let mut sent = format!("_{sent}");
    sent.truncate(LONGEST_NAME);
    Cow::Owned(sent)
}

/// A part of the provider's own as it is passed back: with the name of its call mended.
fn wire_raw<'a>(raw: &'a Value, tools: &Toolbox) -> Cow<'a, Value> {
    for key in ["functionCall", "function_call"] {
        if let Some(name) = raw[key]["name"].as_str() {
            let sent = sendable_name(name, tools);
            if sent != name {
                let mut mended = raw.clone();
                mended[key]["name"] = sent.into();
                return Cow::Owned(mended);
            }
        }
    }
    Cow::Borrowed(raw)
}

fn wire_part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"text": text}),
        Part::Image { media } | Part::Audio { media } | Part::File { media } => wire_media(media),
    }
}

fn wire_media(media: &Media) -> Value {
    match &media.source {
        MediaSource::Base64(data) => json!({"inlineData": {"mimeType": media.mime, "data": data}}),
        MediaSource::Url(url) => json!({"fileData": {"mimeType": media.mime, "fileUri": url}}),
    }
}

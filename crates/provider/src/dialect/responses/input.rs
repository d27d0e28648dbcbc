//! From the messages of a conversation to the items of `input`.

use crate::Toolbox;
use crate::wire::{field, put, put_parts, sendable_arguments};
use mocktrial_trajectory::{Arguments, Freeform, MediaSource, Message, Part, ToolCall, ToolResult};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// A call's name is passed back up to this many bytes.
const LONGEST_NAME: usize = 64;

/// Whether a tool of this name takes text and not JSON. Calls and their outputs go by it, so that each
/// output finds a call of its own kind.
pub(super) fn is_freeform(name: &str, tools: &Toolbox) -> bool {
    tools.tools().iter().any(|tool| tool.name == name && tool.freeform.is_some())
}

/// A call's name as it is passed back.
pub(super) fn sendable_name<'a>(name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
    crate::wire::sendable_name(name, tools, LONGEST_NAME, "")
}

/// Writes the items of a message, with commas between them; of a system prompt only its text, which may
/// stand in two places.
pub(super) fn write_message(message: &Message, tools: &Toolbox, out: &mut Vec<u8>) {
    match message {
        Message::System { text } => put(out, text),
        Message::User { content } => {
            out.extend_from_slice(b"{\"type\":\"message\",\"role\":\"user\",\"content\":");
            put_parts(out, content, part);
            out.push(b'}');
        }
        Message::Assistant { raw, .. } if !raw.is_empty() => {
            for (i, item) in raw.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                put(out, &*wire_item(item, tools));
            }
        }
        Message::Assistant { content, calls, .. } => {
            if !content.is_empty() || calls.is_empty() {
                out.extend_from_slice(b"{\"type\":\"message\",\"role\":\"assistant\",\"content\":");
                match &content[..] {
                    [Part::Text { text }] => put(out, text),
                    parts => put(out, &parts.iter().filter_map(Part::as_text).collect::<String>()),
                }
                out.push(b'}');
            }
            for (i, call) in calls.iter().enumerate() {
                if i > 0 || !content.is_empty() {
                    out.push(b',');
                }
                write_call(call, tools, out);
            }
        }
        Message::Tool(result) => write_result(result, tools, out),
    }
}

fn write_call(call: &ToolCall, tools: &Toolbox, out: &mut Vec<u8>) {
    let freeform = is_freeform(&call.name, tools);
    let kind: &[u8] = if freeform { b"custom_tool_call" } else { b"function_call" };
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind);
    out.push(b'"');
    field(out, "call_id", &call.id);
    field(out, "name", &*sendable_name(&call.name, tools));
    if freeform {
        field(out, "input", input_text(&call.arguments));
    } else {
        field(out, "arguments", &*sendable_arguments(&call.arguments));
    }
    out.push(b'}');
}

fn write_result(result: &ToolResult, tools: &Toolbox, out: &mut Vec<u8>) {
    let kind: &[u8] =
        if is_freeform(&result.name, tools) { b"custom_tool_call_output" } else { b"function_call_output" };
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind);
    out.push(b'"');
    field(out, "call_id", &result.call_id);
    out.extend_from_slice(b",\"output\":");
    put_parts(out, &result.content, part);
    out.push(b'}');
}

/// The text that a freeform tool was given; where the arguments have none, themselves.
fn input_text(arguments: &Arguments) -> &str {
    let input = arguments.value().and_then(|value| value.get(Freeform::INPUT)).and_then(Value::as_str);
    input.unwrap_or(&arguments.text)
}

/// An item of the provider's own as it is passed back: as it came, but for the name of a call that servers
/// refuse, and for a call of the other kind than its tool: its output would find no call.
fn wire_item<'a>(item: &'a Value, tools: &Toolbox) -> Cow<'a, Value> {
    let custom = match item["type"].as_str() {
        Some("function_call") => false,
        Some("custom_tool_call") => true,
        _ => return Cow::Borrowed(item),
    };
    let name = item["name"].as_str().unwrap_or_default();
    let sent = sendable_name(name, tools);
    let freeform = is_freeform(name, tools);
    if sent == name && custom == freeform {
        return Cow::Borrowed(item);
    }
    let mut mended = item.as_object().cloned().unwrap_or_default();
    mended.insert("name".into(), sent.into());
    if custom != freeform {
        change_kind(&mut mended, custom);
    }
    Cow::Owned(Value::Object(mended))
}

fn change_kind(call: &mut Map<String, Value>, custom: bool) {
    // Ids tell the kind by how they begin.
    call.shift_remove("id");
    let text = |field: Option<Value>| match field {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    if custom {
        let input = text(call.shift_remove("input"));
        call.insert("type".into(), "function_call".into());
        call.insert("arguments".into(), json!({ Freeform::INPUT: input }).to_string().into());
    } else {
        let arguments = Arguments::parse(text(call.shift_remove("arguments")));
        call.insert("type".into(), "custom_tool_call".into());
        call.insert("input".into(), input_text(&arguments).into());
    }
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "input_text", "text": text}),
        // Some servers demand the detail.
        Part::Image { media } => json!({"type": "input_image", "image_url": media.to_url(), "detail": "auto"}),
        Part::File { media } => match &media.source {
            MediaSource::Url(url) => json!({"type": "input_file", "file_url": url}),
            MediaSource::Base64(_) => {
                json!({"type": "input_file", "filename": media.name.as_deref().unwrap_or("file"), "file_data": media.to_url()})
            }
        },
        // Refused before.
        Part::Audio { media } => json!({"type": "input_text", "text": media.describe()}),
    }
}

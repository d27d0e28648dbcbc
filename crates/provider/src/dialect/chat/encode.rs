//! From the neutral request to bytes.

use crate::config::parameters;
use crate::dialect::{Encode, Setup};
use crate::parameters::{Seed, ToolChoice};
use crate::wire::{field, put, put_parts, sendable_arguments, wire_seed};
use crate::{Request, Toolbox};
use mocktrial_trajectory::{Media, MediaSource, Message, Part, ToolCall, ToolSpec};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The name under which entries keep their bytes.
pub(super) const DIALECT: &str = "chat";

/// A call's name is passed back up to this many bytes.
const LONGEST_NAME: usize = 64;

/// All that is the same in every request of an endpoint, serialised once.
#[derive(Debug)]
pub(super) struct Template {
    head: Vec<u8>,
    with_tools: Vec<u8>,
    tail: Vec<u8>,
    derived_seed: bool,
}

impl Template {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        let config = setup.config;
        let mut head = b"{\"model\":".to_vec();
        put(&mut head, &config.model);
        head.extend_from_slice(b",\"messages\":[");

        let mut parameters = wire_parameters(setup);
        let derived_seed = config.parameters.seed.as_ref().is_some_and(Seed::is_derived);
        // Servers refuse these two where there are no tools.
        let mut with_tools = Vec::new();
        if let Some(parallel) = parameters.shift_remove("parallel_tool_calls") {
            field(&mut with_tools, "parallel_tool_calls", &parallel);
        }
        if let Some(choice) = &config.tool_choice {
            field(&mut with_tools, "tool_choice", &tool_choice(choice));
        }

        let mut tail = Vec::new();
        let mut extra = config.extra.clone();
        if config.stream {
            extra.insert("stream".into(), true.into());
        }
        if config.stream && setup.preset.stream_options {
            let options = extra.entry("stream_options").or_insert_with(|| json!({}));
            if let Value::Object(options) = options {
                options.entry("include_usage").or_insert(Value::Bool(true));
            }
        }
        for (key, value) in parameters.iter().chain(&extra) {
            field(&mut tail, key, value);
        }
        Self { head, with_tools, tail, derived_seed }
    }
}

impl Encode for Template {
    fn body(&self, request: &Request) -> Vec<u8> {
        let write = |message: &Message, out: &mut Vec<u8>| write_message(message, &request.tools, out);
        let messages: Vec<Cow<'_, [u8]>> =
            request.conversation.entries().iter().map(|entry| entry.wire(DIALECT, write)).collect();
        let tools = (!request.tools.tools().is_empty()).then(|| request.tools.wire(DIALECT, write_tools));
        let length = self.head.len()
            + messages.iter().map(|m| m.len() + 1).sum::<usize>()
            + tools.as_ref().map_or(0, |t| t.len() + self.with_tools.len())
            + self.tail.len()
            + 64;
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&self.head);
        for (i, message) in messages.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(message);
        }
        out.push(b']');
        if let Some(tools) = tools {
            out.extend_from_slice(b",\"tools\":");
            out.extend_from_slice(&tools);
            out.extend_from_slice(&self.with_tools);
        }
        out.extend_from_slice(&self.tail);
        if let (true, Some(seed)) = (self.derived_seed, request.seed) {
            field(&mut out, "seed", &wire_seed(seed));
        }
        out.push(b'}');
        out
    }
}

/// The parameters under the names of this API, without a derived seed.
fn wire_parameters(setup: &Setup<'_>) -> Map<String, Value> {
    let mut wire = Map::new();
    for (key, value) in parameters(&setup.config.parameters) {
        match key.as_str() {
            "max_tokens" => {
                wire.insert(setup.preset.output_limit.as_str().into(), value);
            }
            "logprobs" => {
                wire.insert("logprobs".into(), true.into());
                wire.insert("top_logprobs".into(), value);
            }
            "seed" if value.is_string() => {}
            _ => {
                wire.insert(key, value);
            }
        }
    }
    wire
}

pub(super) fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn write_tools(tools: &[ToolSpec], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Tool<'a> {
        r#type: &'static str,
        function: Function<'a>,
    }
    #[derive(Serialize)]
    struct Function<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        parameters: &'a Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    }
    let tools: Vec<Tool<'_>> = tools
        .iter()
        .map(|tool| Tool {
            r#type: "function",
            function: Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.input_schema,
                strict: tool.strict,
            },
        })
        .collect();
    put(out, &tools);
}

fn write_message(message: &Message, tools: &Toolbox, out: &mut Vec<u8>) {
    match message {
        Message::System { text } => {
            out.extend_from_slice(b"{\"role\":\"system\",\"content\":");
            put(out, text);
        }
        Message::User { content } => {
            out.extend_from_slice(b"{\"role\":\"user\",\"content\":");
            put_parts(out, content, part);
        }
        Message::Assistant { raw, .. } if !raw.is_empty() => {
            // The provider's own message, as it came.
            put(out, &*wire_raw(&raw[0], tools));
            return;
        }
        Message::Assistant { content, calls, .. } => {
            out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
            if content.is_empty() && !calls.is_empty() {
                out.extend_from_slice(b"null");
            } else {
                put_parts(out, content, part);
            }
            if !calls.is_empty() {
                out.extend_from_slice(b",\"tool_calls\":[");
                for (i, call) in calls.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_call(call, tools, out);
                }
                out.push(b']');
            }
        }
        Message::Tool(result) => {
            out.extend_from_slice(b"{\"role\":\"tool\",\"tool_call_id\":");
            put(out, &result.call_id);
            out.extend_from_slice(b",\"content\":");
            put_parts(out, &result.content, part);
        }
    }
    out.push(b'}');
}

fn write_call(call: &ToolCall, tools: &Toolbox, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    put(out, &call.id);
    out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
    put(out, &*sendable_name(&call.name, tools));
    out.extend_from_slice(b",\"arguments\":");
    put(out, &*sendable_arguments(&call.arguments));
    out.extend_from_slice(b"}}");
}

/// A call's name as it is passed back.
pub(super) fn sendable_name<'a>(name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
    crate::wire::sendable_name(name, tools, LONGEST_NAME, "")
}

/// A message of the provider's own as it is passed back: with the names of its calls mended.
fn wire_raw<'a>(raw: &'a Value, tools: &Toolbox) -> Cow<'a, Value> {
    let mut mended = Cow::Borrowed(raw);
    let count = raw["tool_calls"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        if let Some(name) = raw["tool_calls"][at]["function"]["name"].as_str() {
            let sent = sendable_name(name, tools);
            if sent != name {
                mended.to_mut()["tool_calls"][at]["function"]["name"] = sent.into();
            }
        }
    }
    mended
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text { text } => json!({"type": "text", "text": text}),
        Part::Image { media } => json!({"type": "image_url", "image_url": {"url": media.to_url()}}),
        Part::Audio { media } => {
            json!({"type": "input_audio", "input_audio": {"data": data(media), "format": audio_format(&media.mime)}})
        }
        Part::File { media } => {
            let name = media.name.as_deref().unwrap_or("file");
            json!({"type": "file", "file": {"filename": name, "file_data": media.to_url()}})
        }
    }
}

/// The bytes; an address was refused before.
fn data(media: &Media) -> &str {
    match &media.source {
        MediaSource::Base64(data) => data,
        MediaSource::Url(url) => url,
    }
}

/// The API's word for a kind of sound.
fn audio_format(mime: &str) -> &str {
    match mime {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        other => other.strip_prefix("audio/").unwrap_or(other),
    }
}

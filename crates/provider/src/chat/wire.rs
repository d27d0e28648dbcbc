//! From the neutral request to bytes.

use super::config::{ChatConfig, DerivedSeed, Seed, ToolChoice};
use crate::{Request, Toolbox};
use mocktrial_trajectory::{Arguments, Message, Part, ToolCall, ToolSpec};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::io::Write as _;

/// The name under which entries keep their bytes.
pub(super) const DIALECT: &str = "chat";

/// Arguments that are no JSON object are passed back up to this many bytes.
const ECHOED: usize = 16 << 10;

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
    pub(super) fn new(config: &ChatConfig) -> Self {
        let mut head = b"{\"model\":".to_vec();
        put(&mut head, &config.model);
        head.extend_from_slice(b",\"messages\":[");

        let mut parameters = parameters(config);
        let derived_seed = parameters.get("seed").is_some_and(Value::is_string);
        if derived_seed {
            parameters.shift_remove("seed");
        }
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

    /// The body of a request: cached pieces in a row.
    pub(super) fn body(&self, request: &Request) -> Vec<u8> {
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

/// A derived seed as it is sent: servers read it as a signed 32-bit number at worst.
pub(super) fn wire_seed(seed: u64) -> u64 {
    (seed ^ (seed >> 32)) & 0x7fff_ffff
}

/// The parameters as they are sent; a derived seed as `"trial"`.
pub(super) fn parameters(config: &ChatConfig) -> Map<String, Value> {
    let mut map = match serde_json::to_value(&config.parameters) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    if config.parameters.seed == Some(Seed::Derived(DerivedSeed::Trial)) {
        map.insert("seed".into(), "trial".into());
    }
    map
}

pub(super) fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Writing plain data into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn field(out: &mut Vec<u8>, key: &str, value: &impl Serialize) {
    out.push(b',');
    put(out, key);
    out.push(b':');
    put(out, value);
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
            write_parts(content, out);
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
                write_parts(content, out);
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
            write_parts(&result.content, out);
        }
    }
    out.push(b'}');
}

fn write_call(call: &ToolCall, tools: &Toolbox, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"id\":");
    put(out, &call.id);
    out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
    put(out, &*wire_name(&call.name, tools));
    out.extend_from_slice(b",\"arguments\":");
    put(out, &*wire_arguments(&call.arguments));
    out.extend_from_slice(b"}}");
}

/// A call's name as it is passed back: as the model wrote it where it names a tool, or might; else
/// with what servers take for a name, because one that they do not take makes them refuse the
/// whole conversation.
pub(super) fn wire_name<'a>(name: &'a str, tools: &Toolbox) -> Cow<'a, str> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let sendable = (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(good);
    if sendable || tools.tools().iter().any(|tool| tool.name == name) {
        return Cow::Borrowed(name);
    }
    if name.is_empty() {
        return Cow::Borrowed("unnamed");
    }
    Cow::Owned(name.chars().take(LONGEST_NAME).map(|c| if good(c) { c } else { '_' }).collect())
}

/// A message of the provider's own as it is passed back: with the names of its calls mended.
fn wire_raw<'a>(raw: &'a Value, tools: &Toolbox) -> Cow<'a, Value> {
    let mut mended = Cow::Borrowed(raw);
    let count = raw["tool_calls"].as_array().map_or(0, Vec::len);
    for at in 0..count {
        if let Some(name) = raw["tool_calls"][at]["function"]["name"].as_str() {
            let sent = wire_name(name, tools);
            if sent != name {
                mended.to_mut()["tool_calls"][at]["function"]["name"] = sent.into();
            }
        }
    }
    mended
}

/// Arguments as they are passed back: the text the model wrote where it is an object; else inside
/// an object, because servers that parse them would refuse the whole conversation.
pub(super) fn wire_arguments(arguments: &Arguments) -> Cow<'_, str> {
    let text = arguments.text.trim();
    match &arguments.value {
        Some(_) if text.starts_with('{') && text.ends_with('}') => Cow::Borrowed(&arguments.text),
        Some(value) => Cow::Owned(value.to_string()),
        None => {
            let mut end = arguments.text.len().min(ECHOED);
            while !arguments.text.is_char_boundary(end) {
                end -= 1;
            }
            Cow::Owned(json!({"malformed_arguments": &arguments.text[..end]}).to_string())
        }
    }
}

fn write_parts(parts: &[Part], out: &mut Vec<u8>) {
    match parts {
        [] => put(out, ""),
        [Part::Text { text }] => put(out, text),
        // `{"type": "text", "text": …}` is this API's form too.
        several => {
            let _ = write!(out, "{}", json!(several));
        }
    }
}

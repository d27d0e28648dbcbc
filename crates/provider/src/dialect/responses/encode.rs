//! From the neutral request to bytes.

use super::input::{is_freeform, write_message};
use crate::config::parameters;
use crate::dialect::{Encode, Setup};
use crate::parameters::ToolChoice;
use crate::wire::{field, put};
use crate::{Request, Toolbox};
use mocktrial_trajectory::{Message, ToolSpec};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The name under which entries keep their bytes.
pub(super) const DIALECT: &str = "responses";

/// Asks for what passes reasoning on without the provider keeping it.
const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";
const LOGPROBS: &str = "message.output_text.logprobs";

/// All that is the same in every request of an endpoint, serialised once.
#[derive(Debug)]
pub(super) struct Template {
    head: Vec<u8>,
    with_tools: Vec<u8>,
    tool_choice: Option<ToolChoice>,
    tail: Vec<u8>,
}

impl Template {
    pub(super) fn new(setup: &Setup<'_>) -> Self {
        let config = setup.config;
        let mut head = b"{\"model\":".to_vec();
        put(&mut head, &config.model);
        // The provider would keep what it answers for weeks otherwise.
        field(&mut head, "store", &false);

        let mut wire = wire_parameters(setup);
        // It says nothing where there are no tools.
        let mut with_tools = Vec::new();
        if let Some(parallel) = wire.shift_remove("parallel_tool_calls") {
            field(&mut with_tools, "parallel_tool_calls", &parallel);
        }
        let mut tail = Vec::new();
        for (key, value) in &wire {
            field(&mut tail, key, value);
        }
        if config.stream {
            field(&mut tail, "stream", &true);
        }
        Self { head, with_tools, tool_choice: config.tool_choice.clone(), tail }
    }
}

impl Encode for Template {
    fn body(&self, request: &Request) -> Vec<u8> {
        let write = |message: &Message, out: &mut Vec<u8>| write_message(message, &request.tools, out);
        let entries: Vec<(&Message, Cow<'_, [u8]>)> =
            request.conversation.entries().iter().map(|entry| (entry.message(), entry.wire(DIALECT, write))).collect();
        let (instructions, input) = match entries.split_first() {
            Some(((Message::System { .. }, text), rest)) => (Some(text), rest),
            _ => (None, &entries[..]),
        };
        let tools = (!request.tools.tools().is_empty()).then(|| request.tools.wire(DIALECT, write_tools));
        let length = self.head.len()
            + entries.iter().map(|(_, bytes)| bytes.len() + 64).sum::<usize>()
            + tools.as_ref().map_or(0, |t| t.len() + self.with_tools.len() + 128)
            + self.tail.len()
            + 64;
        let mut out = Vec::with_capacity(length);
        out.extend_from_slice(&self.head);
        if let Some(text) = instructions {
            out.extend_from_slice(b",\"instructions\":");
            out.extend_from_slice(text);
        }
        out.extend_from_slice(b",\"input\":[");
        for (i, (message, bytes)) in input.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            match message {
                // One that does not come first stands where it is.
                Message::System { .. } => {
                    out.extend_from_slice(b"{\"type\":\"message\",\"role\":\"system\",\"content\":");
                    out.extend_from_slice(bytes);
                    out.push(b'}');
                }
                _ => out.extend_from_slice(bytes),
            }
        }
        out.push(b']');
        if let Some(tools) = tools {
            out.extend_from_slice(b",\"tools\":");
            out.extend_from_slice(&tools);
            if let Some(choice) = &self.tool_choice {
                field(&mut out, "tool_choice", &tool_choice(choice, &request.tools));
            }
            out.extend_from_slice(&self.with_tools);
        }
        out.extend_from_slice(&self.tail);
        out.push(b'}');
        out
    }
}

/// Parameters and further fields under the names of this API.
fn wire_parameters(setup: &Setup<'_>) -> Map<String, Value> {
    let mut wire = setup.config.extra.clone();
    let asked = wire.shift_remove("include");
    let mut include = asked.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let mut ask = |what: &str| {
        if !include.iter().any(|asked| asked == what) {
            include.push(what.into());
        }
    };
    // An empty list means that this model or server does not take it.
    if asked.is_none_or(|asked| asked.as_array().is_some_and(|asked| !asked.is_empty())) {
        ask(ENCRYPTED_REASONING);
    }
    for (key, value) in parameters(&setup.config.parameters) {
        match key.as_str() {
            "max_tokens" => {
                wire.insert("max_output_tokens".into(), value);
            }
            "reasoning_effort" => {
                if let Value::Object(reasoning) = wire.entry("reasoning").or_insert_with(|| json!({})) {
                    reasoning.insert("effort".into(), value);
                }
            }
            "logprobs" => {
                wire.insert("top_logprobs".into(), value);
                ask(LOGPROBS);
            }
            _ => {
                wire.insert(key, value);
            }
        }
    }
    if !include.is_empty() {
        wire.insert("include".into(), include.into());
    }
    wire
}

fn tool_choice(choice: &ToolChoice, tools: &Toolbox) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Tool(name) if is_freeform(name, tools) => json!({"type": "custom", "name": name}),
        ToolChoice::Tool(name) => json!({"type": "function", "name": name}),
    }
}

fn write_tools(tools: &[ToolSpec], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Tool<'a> {
        r#type: &'static str,
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        parameters: Option<&'a Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<&'a Value>,
    }
    let tools: Vec<Tool<'_>> = tools
        .iter()
        .map(|tool| {
            let (name, description) = (tool.name.as_str(), tool.description.as_deref());
            match &tool.freeform {
                Some(freeform) => Tool {
                    r#type: "custom",
                    name,
                    description,
                    parameters: None,
                    strict: None,
                    format: freeform.format.as_ref(),
                },
                // Without the word, this API makes every schema a strict one of its own accord: it would
                // demand arguments that are optional.
                None => Tool {
                    r#type: "function",
                    name,
                    description,
                    parameters: Some(&tool.input_schema),
                    strict: Some(tool.strict.unwrap_or(false)),
                    format: None,
                },
            }
        })
        .collect();
    put(out, &tools);
}

//! Reading OpenAI chat messages as agentevals does.

use mocktrial_trajectory::parse_untrusted;
use serde_json::Value;

/// A message, as far as it is compared: what it says is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks: `user`, `assistant`, `tool`, `system`, `developer` or `function`.
    pub role: String,
    /// The calls it makes, in order. Only an assistant makes any.
    pub calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// The arguments of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Arguments {
    /// Parsed.
    Json(Value),
    /// A text that is no JSON (or none that can be held: over 128 levels deep, or with half a surrogate
    /// pair). It is equal to the same text alone.
    Text(String),
}

impl Arguments {
    /// Reads a text. This never fails.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        parse_untrusted(text).map_or_else(|| Self::Text(text.to_owned()), Self::Json)
    }
}

/// Why messages cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No list of messages, no message and no object with `messages`.
    #[error("expected a list of chat messages, one message, or an object with `messages`")]
    NoMessages,
    /// A message is not what it must be.
    #[error("message {index}: {what}")]
    Message {
        /// Which, from 0.
        index: usize,
        /// What is wrong with it, and what was expected.
        what: String,
    },
    /// A call is not what it must be.
    #[error(
        "message {index}, call {call}: expected {{\"function\": {{\"name\": text, \"arguments\": text or object}}}} or {{\"name\": text, \"args\": object}}"
    )]
    Call {
        /// In which message, from 0.
        index: usize,
        /// Which of its calls, from 0.
        call: usize,
    },
}

/// Reads chat messages: a list, one message, or an object with `messages`; `null` is an empty list.
///
/// As agentevals normalises them: `human` and `ai` are `user` and `assistant`; the calls of other roles
/// than `assistant` are dropped; an empty or `null` `tool_calls` is none. Calls stand in `tool_calls`, in OpenAI's form
/// or in LangChain's (`name`, `args`). Blocks of Anthropic's within `content` are not looked at.
///
/// # Errors
/// Where something is not what it must be.
pub fn read(messages: &Value) -> Result<Vec<Message>, ReadError> {
    let list = match messages {
        Value::Null => return Ok(Vec::new()),
        Value::Object(map) if map.contains_key("role") => std::slice::from_ref(messages),
        Value::Object(map) => match map.get("messages") {
            Some(Value::Array(list)) => list,
            _ => return Err(ReadError::NoMessages),
        },
        Value::Array(list) => list,
        _ => return Err(ReadError::NoMessages),
    };
    list.iter().enumerate().map(|(index, message)| read_one(index, message)).collect()
}

fn read_one(index: usize, message: &Value) -> Result<Message, ReadError> {
    let wrong = |what: String| ReadError::Message { index, what };
    let map = message.as_object().ok_or_else(|| wrong("expected an object".to_owned()))?;
    let role = map.get("role").or_else(|| map.get("type")).and_then(Value::as_str);
    let role = match role.ok_or_else(|| wrong("expected a `role`".to_owned()))? {
        "human" | "user" => "user",
        "ai" | "assistant" => "assistant",
        known @ ("system" | "developer" | "function" | "tool") => known,
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(wrong(format!(
                "`{other}` is no role: there are user, assistant, tool, system, developer and function"
            )));
        }
    };
    let calls = match map.get("tool_calls") {
        Some(Value::Array(calls)) if role == "assistant" => {
            let read = |(i, call)| read_call(call).ok_or(ReadError::Call { index, call: i });
            calls.iter().enumerate().map(read).collect::<Result<_, _>>()?
        }
        None | Some(Value::Null) => Vec::new(),
        Some(_) if role != "assistant" => Vec::new(),
        Some(_) => return Err(wrong("expected `tool_calls` to be a list".to_owned())),
    };
    Ok(Message { role: role.to_owned(), calls })
}

fn read_call(call: &Value) -> Option<Call> {
    let map = call.as_object()?;
    let (map, key) = match map.get("function") {
        Some(function) => (function.as_object()?, "arguments"),
        None => (map, "args"),
    };
    let arguments = match map.get(key)? {
        Value::String(text) if key == "arguments" => Arguments::parse(text),
        value => Arguments::Json(value.clone()),
    };
    Some(Call { name: map.get("name")?.as_str()?.to_owned(), arguments })
}

//! What a tool looks like to the agent.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool as its author defined it, in no provider's dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The name the model calls it by.
    pub name: String,
    /// What the model is told about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema of its arguments, verbatim.
    pub input_schema: Value,
    /// The JSON Schema of its result; never sent to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Whether the definition asked for strict arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Present where the tool takes text and not JSON (OpenAI's custom tools). Its schema is then an
    /// object with the one string `input`, and so are the arguments of its calls: dialects that have no
    /// such tools present it as an ordinary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeform: Option<Freeform>,
    /// Hints on what the tool does.
    #[serde(default, skip_serializing_if = "ToolAnnotations::is_empty")]
    pub annotations: ToolAnnotations,
}

/// The text that a tool takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeform {
    /// Its form, as OpenAI's `format` says it (`{"type": "grammar", …}`); any text where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Value>,
}

impl Freeform {
    /// The name of the one argument.
    pub const INPUT: &'static str = "input";

    /// The schema of the arguments.
    #[must_use]
    pub fn input_schema() -> Value {
        serde_json::json!({
            "type": "object",
            "properties": {Self::INPUT: {"type": "string"}},
            "required": [Self::INPUT],
            "additionalProperties": false,
        })
    }
}

/// Hints on a tool's behaviour (MCP's `annotations`); `None` where the definition says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolAnnotations {
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// It changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// It may destroy something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Repeating a call changes nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// It reaches outside its own system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
}

impl ToolAnnotations {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

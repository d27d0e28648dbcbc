//! The behaviour part of a world file, as it is written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a world file says beside its title, tools, state and script file: how calls are answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Definition {
    /// Seeds everything the world generates, together with the scenario's id.
    pub seed: u64,
    /// Virtual now at the start of an episode (RFC 3339); 2026-01-01T00:00:00Z unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// JSON Pointers (with `*` for any one key or index) left out when states are compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<String>,
    /// JSON Pointers (with `*`) of lists whose order means nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// What holds for every tool that does not say otherwise.
    #[serde(skip_serializing_if = "ToolDefaults::is_default")]
    pub tool_defaults: ToolDefaults,
    /// By tool name, how it answers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub behaviour: BTreeMap<String, Behaviour>,
}

/// What holds for every tool that does not say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolDefaults {
    /// Virtual milliseconds a call takes.
    pub takes_ms: u64,
}

impl ToolDefaults {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How a tool answers: the first of its rules that matches, then its script function, then `otherwise`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Virtual milliseconds a call takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes_ms: Option<u64>,
    /// The rules, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// The script function tried after the rules; returning `None` means that it does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// What happens when neither rules nor script apply; without it, that is the scenario's fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
}

/// What answers when neither rules nor script apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// A result made from the tool's output schema, or `{"ok": true}` without one.
    Synthesize,
}

/// One rule: when it applies, what the tool answers and what changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// All that is given here must hold; without it the rule always applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The result; strings in it are templates.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Instead of a result: the error the tool answers with; strings in it are templates.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Changes of the state, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<Change>,
}

/// A value that is there even when it is `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// When a rule applies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The arguments have at least these members, with the same values (recursively for objects).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Map<String, Value>>,
    /// The arguments fit this JSON Schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_schema: Option<Value>,
    /// By JSON Pointer, what the state has there (partially for objects).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Map<String, Value>>,
    /// The whole state fits this JSON Schema; costs time in proportion to the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_schema: Option<Value>,
    /// An expression over `args`, `state`, `now` and `nth` that must be true.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One change of the state. Exactly one of the three paths is given; it is a template for a JSON
/// Pointer, and what is substituted into it is escaped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Adds a member, or inserts into a list (`-` appends).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add: Option<String>,
    /// Replaces what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<String>,
    /// Removes what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
    /// What is added or put in place; strings in it are templates.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// The JSON Schema of [`Definition`].
#[must_use]
pub fn definition_schema() -> Value {
    schemars::schema_for!(Definition).to_value()
}

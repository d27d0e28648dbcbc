//! Comparing the arguments of calls.

use crate::parameters;
use mocktrial_schema::Schema;
use mocktrial_trajectory::{ToolSpec, canonical_text, same};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How arguments are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArgumentMode {
    /// The same arguments with the same values; nothing missing, nothing more.
    #[default]
    Exact,
    /// At most the expected arguments, each with its value.
    Subset,
    /// At least the expected arguments, each with its value.
    Superset,
    /// Each expected argument is a JSON Schema that the actual one fits; others are free.
    Schema,
    /// Not compared.
    Ignore,
}

/// How a single argument is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ValueMode {
    /// By its value.
    Exact,
    /// By its value, but that the order of a list's entries means nothing.
    Set,
    /// Maps in it have at most the expected members; it may be absent.
    Subset,
    /// Maps in it have at least the expected members.
    Superset,
    /// What is expected is a JSON Schema that it fits.
    Schema,
    /// Not at all.
    Ignore,
}

/// How the arguments of one tool are compared: the mode, and overrides by argument.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    pub(crate) mode: ArgumentMode,
    /// (tool, argument) → mode of its value.
    pub(crate) overrides: BTreeMap<(String, String), ValueMode>,
}

/// An argument that does not match.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mismatch {
    pub(crate) argument: String,
    pub(crate) expected: Option<Value>,
    pub(crate) got: Option<Value>,
}

/// One expected call.
#[derive(Debug)]
pub(crate) struct Expected<'e> {
    pub(crate) tool: &'e str,
    pub(crate) args: Option<&'e Map<String, Value>>,
    /// By argument, where it is a schema.
    pub(crate) schemas: Option<&'e BTreeMap<String, Schema>>,
}

impl Matcher {
    /// The mode of one argument; `None` where the tool's mode holds.
    fn override_of(&self, tool: &str, argument: &str) -> Option<ValueMode> {
        if self.overrides.is_empty() {
            return None;
        }
        self.overrides.get(&(tool.to_owned(), argument.to_owned())).copied()
    }

    /// Whether an argument is compared by its value.
    pub(crate) fn takes_value(&self, tool: &str, argument: &str) -> bool {
        match self.override_of(tool, argument) {
            Some(mode) => matches!(mode, ValueMode::Exact | ValueMode::Set),
            None => matches!(self.mode, ArgumentMode::Exact | ArgumentMode::Subset | ArgumentMode::Superset),
        }
    }

    /// Whether an argument of a tool is compared as a schema.
    pub(crate) fn takes_schema(&self, tool: &str, argument: &str) -> bool {
        self.override_of(tool, argument).map_or(self.mode == ArgumentMode::Schema, |mode| mode == ValueMode::Schema)
    }

    /// What does not match; nothing where all does. An argument that is absent on one side and has
    /// on the other the default that the tool's schema declares is the same.
    pub(crate) fn mismatches(
        &self,
        expected: &Expected<'_>,
        got: Option<&Value>,
        defaults: Option<&Map<String, Value>>,
        first_only: bool,
    ) -> Vec<Mismatch> {
        let empty = Map::new();
        let got = got.and_then(Value::as_object).unwrap_or(&empty);
        let mut out = Vec::new();
        let default = |key: &str| defaults.and_then(|d| d.get(key));
        let Some(args) = expected.args else { return out };
        for (key, want) in args {
            let mode = self.override_of(expected.tool, key);
            let found = got.get(key);
            let fits = match (mode, self.mode) {
                (Some(ValueMode::Ignore), _) | (None, ArgumentMode::Ignore) => true,
                (Some(ValueMode::Schema), _) | (None, ArgumentMode::Schema) => {
                    let schema = expected.schemas.and_then(|s| s.get(key));
                    found.or_else(|| default(key)).is_some_and(|f| schema.is_some_and(|s| s.is_valid(f)))
                }
                (Some(ValueMode::Superset), _) => found.or_else(|| default(key)).is_some_and(|f| partly(want, f)),
                (Some(ValueMode::Subset), _) => found.or_else(|| default(key)).is_none_or(|f| partly(f, want)),
                (None, ArgumentMode::Subset) if found.is_none() => true,
                (Some(ValueMode::Exact | ValueMode::Set) | None, _) => {
                    found.or_else(|| default(key)).is_some_and(|f| equal(mode, want, f))
                }
            };
            if !fits {
                out.push(Mismatch { argument: key.clone(), expected: Some(want.clone()), got: found.cloned() });
                if first_only {
                    return out;
                }
            }
        }
        if matches!(self.mode, ArgumentMode::Exact | ArgumentMode::Subset) {
            for (key, found) in got.iter().filter(|(k, _)| !args.contains_key(*k)) {
                let mode = self.override_of(expected.tool, key);
                let tolerated = matches!(mode, Some(ValueMode::Ignore | ValueMode::Superset));
                if !tolerated && !default(key).is_some_and(|d| equal(mode, d, found)) {
                    out.push(Mismatch { argument: key.clone(), expected: None, got: Some(found.clone()) });
                    if first_only {
                        return out;
                    }
                }
            }
        }
        out
    }
}

fn equal(mode: Option<ValueMode>, want: &Value, got: &Value) -> bool {
    let sorted = |items: &[Value]| {
        let mut texts: Vec<String> = items.iter().map(canonical_text).collect();
        texts.sort_unstable();
        texts
    };
    match (mode, want, got) {
        (Some(ValueMode::Set), Value::Array(want), Value::Array(got)) => sorted(want) == sorted(got),
        _ => same(want, got),
    }
}

/// Whether `got` has all that `want` has: objects may hold more, all else is the same.
pub(crate) fn partly(want: &Value, got: &Value) -> bool {
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            want.iter().all(|(key, value)| got.get(key).is_some_and(|g| partly(value, g)))
        }
        _ => same(want, got),
    }
}

/// The arguments that a tool's schema names, where it names them all.
pub(crate) fn known_arguments(spec: &ToolSpec) -> Option<&Map<String, Value>> {
    const OPEN: &[&str] = &["patternProperties", "$ref", "allOf", "anyOf", "oneOf", "if"];
    let schema = spec.input_schema.as_object()?;
    let open = OPEN.iter().any(|k| schema.contains_key(*k))
        || schema.get("additionalProperties").is_some_and(|a| *a != Value::Bool(false));
    if open { None } else { schema.get("properties")?.as_object() }
}

/// Why no call that reaches the world can have this value as this argument; `None` where one can,
/// or where the tool's schema does not say.
///
/// `partial`: maps within it may lack members, so only its outermost type is looked at if it is one.
pub(crate) fn impossible(spec: &ToolSpec, argument: &str, value: &Value, partial: bool) -> Option<String> {
    /// What says nothing about values.
    const ANNOTATIONS: &[&str] = &["type", "title", "description", "default", "examples", "deprecated", "$comment"];
    let schema = spec.input_schema.get("properties")?.get(argument)?;
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|t| is_of_type(value, t)) {
        let wanted = types.join(" or ");
        return Some(format!("the tool's schema wants {wanted}, and {} is none", parameters::shown(value)));
    }
    let plain = schema.as_object().is_none_or(|map| map.keys().all(|k| ANNOTATIONS.contains(&k.as_str())));
    if plain || (partial && matches!(value, Value::Object(_) | Value::Array(_))) {
        return None;
    }
    // References point into the whole schema, so its definitions come along.
    let mut whole = Map::from_iter([("allOf".to_owned(), Value::from(vec![schema.clone()]))]);
    for key in ["$schema", "$defs", "definitions"] {
        whole.extend(spec.input_schema.get(key).map(|found| (key.to_owned(), found.clone())));
    }
    let problem = Schema::new(&Value::Object(whole)).ok()?.problem(value)?;
    Some(format!("the tool's schema does not allow it: {problem}"))
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|f| f.fract() == 0.0),
        "array" => value.is_array(),
        "object" => value.is_object(),
        // A word that JSON Schema does not know is not this function's business.
        _ => true,
    }
}

/// Compiles the expected arguments that are schemas; an error names the argument.
pub(crate) fn compile_schemas(
    tool: &str,
    args: &Map<String, Value>,
    matcher: &Matcher,
) -> Result<BTreeMap<String, Schema>, (String, String)> {
    args.iter()
        .filter(|(key, _)| matcher.takes_schema(tool, key))
        .map(|(key, schema)| match parameters::schema(schema) {
            Ok(schema) => Ok((key.clone(), schema)),
            Err(message) => Err((key.clone(), message)),
        })
        .collect()
}

//! Reading a grader's parameters, with faults that say where and what instead.

use crate::Fault;
use crate::mistake::did_you_mean;
use mocktrial_schema::Schema;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One item, or a list of them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(item) => vec![item],
            Self::Many(items) => items,
        }
    }

    pub(crate) fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }
}

/// The JSON Schema of a type, inlined so that it stands alone.
pub(crate) fn schema_of<T: JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    SchemaGenerator::new(settings).into_root_schema_for::<T>().into()
}

/// Reads parameters. A key without a value is a mistake, where `null` is none: it would be read as if
/// the key were not there.
pub(crate) fn read<T: DeserializeOwned + JsonSchema>(value: &Value) -> Result<T, Vec<Fault>> {
    if value.as_object().is_some_and(|map| map.values().any(Value::is_null)) {
        let faults = without_value(value, &schema_of::<T>());
        if !faults.is_empty() {
            return Err(faults);
        }
    }
    serde_json::from_value(value.clone()).map_err(|error| explain(value, &schema_of::<T>(), &error.to_string()))
}

/// The keys that are `null`, where the schema names what else they may be.
fn without_value(value: &Value, schema: &Value) -> Vec<Fault> {
    let named = |key: &str| {
        let part = schema.get("properties")?.get(key)?;
        ["type", "anyOf", "enum"].iter().any(|k| part.get(*k).is_some()).then_some(())
    };
    let given = value.as_object().into_iter().flatten();
    given
        .filter(|(key, value)| value.is_null() && named(key).is_some())
        .map(|(key, _)| Fault::at(&[key], format!("`{key}` has no value")))
        .collect()
}

/// Where serde only says what, the schema says where.
fn explain(value: &Value, schema: &Value, error: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let known = schema.get("properties").and_then(Value::as_object);
    if let (Some(known), Some(given)) = (known, value.as_object()) {
        for key in given.keys().filter(|k| !known.contains_key(*k)) {
            let names = known.keys().map(String::as_str);
            let hint = did_you_mean(key, names.clone()).unwrap_or_else(|| {
                format!("known here: {}", names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
            });
            faults.push(Fault::at(&[key], format!("unknown key `{key}`")).hint(hint));
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str).filter(|n| !given.contains_key(*n)) {
            faults.push(Fault::at(&[], format!("`{name}` is missing")));
        }
        for (key, part) in known {
            if let Some(found) = given.get(key)
                && Schema::new(part).is_ok_and(|v| !v.is_valid(found))
            {
                faults.push(Fault::at(&[key], format!("`{key}` must be {}, and is {}", wanted(part), shown(found))));
            }
        }
    } else if let Some(wanted) = known.map(|_| "a map").filter(|_| !value.is_object()) {
        faults.push(Fault::at(&[], format!("expected {wanted}, found {}", shown(value))));
    }
    if faults.is_empty() {
        faults.push(Fault::at(&[], error.to_owned()));
    }
    faults
}

/// What a schema asks for, in words.
fn wanted(schema: &Value) -> String {
    if let Some(options) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let mut words: Vec<String> = options.iter().map(wanted).filter(|w| w != "null").collect();
        words.dedup();
        return words.join(" or ");
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options
            .iter()
            .filter(|o| !o.is_null())
            .map(|o| format!("`{}`", bare(o)))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{}`", bare(constant));
    }
    let word = |t: &str| match t {
        "string" => "a text".to_owned(),
        "number" => "a number".to_owned(),
        "integer" => "a whole number, at least 0".to_owned(),
        "boolean" => "true or false".to_owned(),
        "object" => "a map".to_owned(),
        "array" => schema.get("items").map_or("a list".to_owned(), |items| format!("a list (each {})", wanted(items))),
        other => other.to_owned(),
    };
    match schema.get("type") {
        Some(Value::String(t)) => word(t),
        Some(Value::Array(ts)) => {
            ts.iter().filter_map(Value::as_str).filter(|t| *t != "null").map(word).collect::<Vec<_>>().join(" or ")
        }
        _ => "something else".to_owned(),
    }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value, short enough for a message.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 {
        format!("`{text}`")
    } else {
        format!("`{}…`", text.chars().take(60).collect::<String>())
    }
}

/// A regular expression in linear time and bounded size.
pub(crate) fn regex(pattern: &str, ignore_case: bool) -> Result<regex::Regex, String> {
    regex::RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|e| e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
}

/// A compiled schema that can be violated.
pub(crate) fn schema(schema: &Value) -> Result<Schema, String> {
    const ANNOTATIONS: &[&str] = &[
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "definitions",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
    ];
    let idle = match schema {
        Value::Bool(true) => true,
        Value::Object(map) => map.keys().all(|k| ANNOTATIONS.contains(&k.as_str())),
        _ => false,
    };
    if idle {
        return Err("everything fits this schema".to_owned());
    }
    Schema::new(schema).map_err(|fault| format!("this is not a valid JSON Schema: {fault}"))
}

/// A value that is given, `null` included: for a key whose absence means something else.
pub(crate) fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

//! Gemini's dialect of schemas: a subset of OpenAPI 3.0 with upper-case types.

use serde_json::{Value, json};

const TYPES: &[&str] = &["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"];

/// Whether a schema is in this dialect: an upper-case type at its root or in a property.
pub(super) fn is(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| match key.as_str() {
            "type" => value.as_str().is_some_and(|t| TYPES.contains(&t)),
            "properties" => value.as_object().is_some_and(|p| p.values().any(is)),
            "items" => is(value),
            "anyOf" => value.as_array().is_some_and(|a| a.iter().any(is)),
            _ => false,
        }),
        _ => false,
    }
}

/// Makes it JSON Schema: lower-case types, `nullable` as a type, counts as numbers.
pub(super) fn normalise(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    let nullable = map.shift_remove("nullable").is_some_and(|v| v == true);
    match map.get("type").and_then(Value::as_str).map(str::to_lowercase) {
        Some(t) if t == "type_unspecified" => {
            map.shift_remove("type");
        }
        Some(t) if nullable => {
            map.insert("type".into(), json!([t, "null"]));
            // `null` must also be one of the values that are listed.
            if let Some(Value::Array(values)) = map.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
        }
        Some(t) => {
            map.insert("type".into(), Value::String(t));
        }
        None => {}
    }
    // 64-bit integers are text in the JSON form of protocol buffers.
    for key in ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"] {
        if let Some(number) = map.get(key).and_then(Value::as_str).and_then(|s| s.parse::<u64>().ok()) {
            map.insert(key.into(), number.into());
        }
    }
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(properties)) => properties.values_mut().for_each(normalise),
            ("items" | "additionalProperties", value) => normalise(value),
            ("anyOf" | "prefixItems", Value::Array(branches)) => branches.iter_mut().for_each(normalise),
            _ => {}
        }
    }
}

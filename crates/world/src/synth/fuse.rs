//! Two schemas that must both hold, as one: what `allOf`, `$ref` with siblings and branches become.

use mocktrial_trajectory::same;
use serde_json::{Map, Value};

/// Fuses `more` into `base`. Where both say something that cannot be fused, `more` stands and
/// validation decides.
fn fuse(base: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (key, new) in more {
        let Some(old) = base.get_mut(key) else {
            base.insert(key.clone(), new.clone());
            continue;
        };
        match key.as_str() {
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentRequired" => fuse_each(old, new),
            "required" => union(old, new),
            "enum" | "examples" => intersect(old, new, key),
            "type" => intersect_types(old, new),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => tighter(old, new, f64::gt),
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => tighter(old, new, f64::lt),
            "items" | "additionalProperties" | "propertyNames" | "contains" => fuse_schema(old, new),
            "allOf" | "anyOf" | "oneOf" if old != new => {
                // Keep both: one of them as a member of `allOf`.
                let kept = Value::Object(Map::from_iter([(key.clone(), new.clone())]));
                let all = base.entry("allOf").or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(all) = all {
                    all.push(kept);
                }
            }
            _ => *old = new.clone(),
        }
    }
}

pub(super) fn fuse_schema(old: &mut Value, new: &Value) {
    match (&mut *old, new) {
        (Value::Object(old), Value::Object(new)) => fuse(old, new),
        (Value::Bool(true), _) => *old = new.clone(),
        (_, Value::Bool(false)) => *old = Value::Bool(false),
        _ => {}
    }
}

fn fuse_each(old: &mut Value, new: &Value) {
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        for (key, schema) in new {
            match old.get_mut(key) {
                Some(Value::Array(names)) => {
                    let mut all = Value::Array(std::mem::take(names));
                    union(&mut all, schema);
                    if let Value::Array(all) = all {
                        *names = all;
                    }
                }
                Some(existing) => fuse_schema(existing, schema),
                None => {
                    old.insert(key.clone(), schema.clone());
                }
            }
        }
    }
}

fn union(old: &mut Value, new: &Value) {
    if let (Value::Array(old), Value::Array(new)) = (old, new) {
        for item in new {
            if !old.contains(item) {
                old.push(item.clone());
            }
        }
    }
}

fn intersect(old: &mut Value, new: &Value, key: &str) {
    if let (Value::Array(old), Value::Array(new)) = (old, new) {
        if key == "examples" && !old.iter().any(|a| new.iter().any(|b| same(a, b))) {
            return;
        }
        old.retain(|a| new.iter().any(|b| same(a, b)));
    }
}

fn types(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn intersect_types(old: &mut Value, new: &Value) {
    let allowed = types(new);
    let mut both: Vec<Value> = Vec::new();
    for name in types(old) {
        if allowed.contains(&name) || (name == "integer" && allowed.contains(&"number")) {
            both.push(name.into());
        } else if name == "number" && allowed.contains(&"integer") {
            both.push("integer".into());
        }
    }
    *old = Value::Array(both);
}

fn tighter(old: &mut Value, new: &Value, wins: fn(&f64, &f64) -> bool) {
    if let (Some(a), Some(b)) = (old.as_f64(), new.as_f64())
        && wins(&b, &a)
    {
        *old = new.clone();
    }
}

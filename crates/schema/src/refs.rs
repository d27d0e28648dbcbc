//! References inside a schema.

use serde_json::Value;
use std::collections::BTreeSet;

/// What a local `$ref` (`#`, `#/…`) points to.
pub fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    let fragment = reference.strip_prefix('#')?;
    if fragment.is_empty() {
        return Some(root);
    }
    if fragment.starts_with('/') {
        return root.pointer(&percent_decoded(fragment));
    }
    anchored(root, fragment)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = if *first == b'%' { text_of(tail).and_then(|hex| u8::from_str_radix(hex, 16).ok()) } else { None };
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn text_of(tail: &[u8]) -> Option<&str> {
    tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok())
}

fn anchored<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    match schema {
        Value::Object(map) => {
            if map.get("$anchor").and_then(Value::as_str) == Some(name) {
                return Some(schema);
            }
            map.values().find_map(|child| anchored(child, name))
        }
        Value::Array(items) => items.iter().find_map(|child| anchored(child, name)),
        _ => None,
    }
}

/// Where a schema refers to `wanted` (the end of a reference), as far as can be told; the root otherwise.
pub fn mention(schema: &Value, wanted: &str) -> Vec<String> {
    fn search(schema: &Value, wanted: &str, at: &mut Vec<String>) -> bool {
        children(schema).into_iter().any(|(token, child)| {
            let is_reference = token == "$ref" && child.as_str().is_some_and(|text| text.ends_with(wanted));
            at.push(token);
            let found = is_reference || search(child, wanted, at);
            if !found {
                at.pop();
            }
            found
        })
    }
    let mut at = Vec::new();
    if !wanted.is_empty() {
        search(schema, wanted, &mut at);
    }
    at
}

/// Where a chain of in-place applicators leads back to itself, if anywhere: validating against such
/// a schema would never end.
pub fn endless(root: &Value) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    search(root, root, &mut Vec::new(), &mut done)
}

fn search<'s>(
    root: &'s Value,
    schema: &'s Value,
    at: &mut Vec<String>,
    done: &mut BTreeSet<*const Value>,
) -> Option<Vec<String>> {
    if looping(root, schema, &mut Vec::new(), done) {
        return Some(at.clone());
    }
    children(schema).into_iter().find_map(|(token, child)| {
        at.push(token);
        let found = search(root, child, at, done);
        at.pop();
        found
    })
}

/// All below a value, by key or index.
fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(map) => map.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, child)| (i.to_string(), child)).collect(),
        _ => Vec::new(),
    }
}

fn looping<'s>(
    root: &'s Value,
    schema: &'s Value,
    path: &mut Vec<*const Value>,
    done: &mut BTreeSet<*const Value>,
) -> bool {
    let Value::Object(map) = schema else { return false };
    let this: *const Value = schema;
    if path.contains(&this) {
        return true;
    }
    if done.contains(&this) {
        return false;
    }
    path.push(this);
    let reference = map.get("$ref").and_then(Value::as_str).and_then(|reference| target(root, reference));
    let lists = ["allOf", "anyOf", "oneOf"].iter().filter_map(|key| map.get(*key)?.as_array()).flatten();
    let singles = ["not", "if", "then", "else"].iter().filter_map(|key| map.get(*key));
    let found = reference.into_iter().chain(lists).chain(singles).any(|next| looping(root, next, path, done));
    path.pop();
    if !found {
        done.insert(this);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_that_never_descends_is_found_and_a_recursive_type_is_not() {
        let endless_schema = json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"});
        assert!(endless(&endless_schema).is_some());
        assert!(endless(&json!({"$ref": "#"})).is_some());
        let tree = json!({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}});
        assert_eq!(endless(&tree), None);
    }
}

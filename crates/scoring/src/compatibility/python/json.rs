//! `json.dumps(value, sort_keys=True)`.

use super::number::Numeric;
use serde_json::Value;
use std::fmt::Write;

/// The text with its default separators, keys in order of code points, and nothing but ASCII.
pub(crate) fn dumps(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => {
            let repr = Numeric::of(n).repr();
            out.push_str(match repr.as_str() {
                "inf" => "Infinity",
                "-inf" => "-Infinity",
                other => other,
            });
        }
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(k, _)| *k);
            out.push('{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                quoted(key, out);
                out.push_str(": ");
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_pythons_json_writes_them() {
        // Each as `json.dumps(json.loads(text), sort_keys=True)` of CPython 3.11 has it.
        for (value, text) in [
            (json!({"b": 1, "a": [true, null, 1.0, "é"]}), r#"{"a": [true, null, 1.0, "\u00e9"], "b": 1}"#),
            (json!("😀\u{7f}\u{8}\u{c}\u{1}/\""), r#""\ud83d\ude00\u007f\b\f\u0001/\"""#),
            (
                json!({"ä": 1, "z": 2, "\u{ffff}": 3, "😀": 4}),
                r#"{"z": 2, "\u00e4": 1, "\uffff": 3, "\ud83d\ude00": 4}"#,
            ),
            (json!([]), "[]"),
        ] {
            assert_eq!(dumps(&value), text);
        }
        assert_eq!(dumps(&serde_json::from_str("[1e999, -1e999]").unwrap()), "[Infinity, -Infinity]");
    }
}

//! `str` and `repr` of JSON values.

use super::number::Numeric;
use serde_json::Value;
use std::fmt::Write;

/// As `str` writes it: a text as it is, all else as `repr` does.
pub(crate) fn to_str(value: &Value) -> String {
    if let Value::String(text) = value {
        return text.clone();
    }
    let mut out = String::new();
    repr(value, &mut out);
    out
}

fn repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(b) => out.push_str(if *b { "True" } else { "False" }),
        Value::Number(n) => out.push_str(&Numeric::of(n).repr()),
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                repr(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                quoted(key, out);
                out.push_str(": ");
                repr(item, out);
            }
            out.push('}');
        }
    }
}

/// In single quotes; in double ones where that saves escapes.
fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                // Writing to a text cannot fail.
                let code = u32::from(c);
                let _ = match code {
                    0..0x100 => write!(out, "\\x{code:02x}"),
                    0x100..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Whether a character is neither of Unicode's categories "other" nor a separator but the space.
///
/// Rust escapes by the same rule, and, where a text begins with them, marks that join what stands before.
/// The tables are those of the Unicode version that Rust knows; Python's differ by what was assigned since.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let mut bytes = [b'a', 0, 0, 0, 0];
    let length = 1 + c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..length]).is_ok_and(|text| text.escape_debug().eq(text.chars()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_python_writes_them() {
        // Each as `str(json.loads(text))` of CPython 3.11 has it.
        for (value, text) in [
            (json!("it's"), "it's"),
            (json!(null), "None"),
            (json!(true), "True"),
            (json!([1, 1.0, false, null, "a"]), "[1, 1.0, False, None, 'a']"),
            (json!({"k": {"x": []}, "it's": "say \"hi\""}), r#"{'k': {'x': []}, "it's": 'say "hi"'}"#),
            (json!(["both ' and \""]), r#"['both \' and "']"#),
            (json!(["\n\t\r\\\u{1}\u{7f}"]), r"['\n\t\r\\\x01\x7f']"),
            (json!(["é ü 中 😀"]), "['é ü 中 😀']"),
            (json!(["\u{a0}\u{ad}\u{200b}\u{2028}\u{e000}\u{feff}"]), r"['\xa0\xad\u200b\u2028\ue000\ufeff']"),
            (json!(["e\u{301}\u{301}"]), "['e\u{301}\u{301}']"),
            (json!(["\u{301}"]), "['\u{301}']"),
            (json!(["\u{e0001}\u{10ffff}"]), r"['\U000e0001\U0010ffff']"),
            (json!({}), "{}"),
        ] {
            assert_eq!(to_str(&value), text);
        }
    }
}

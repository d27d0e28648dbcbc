//! Canonical JSON: when two values are the same.

use serde_json::{Number, Value};
use std::fmt::Write as _;

/// A number without its spelling: 25, 25.0 and 2.5e1 are one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CanonicalNumber {
    /// An integer, however it was written.
    Integer(i128),
    /// Any other number.
    Float(f64),
}

/// The canonical form of a number.
///
/// A float without fraction below 2^53 is an integer; larger ones stay floats unless written as
/// integers, because their neighbours are not told apart. A number too large for a float is infinite.
#[must_use]
pub fn canonical_number(number: &Number) -> CanonicalNumber {
    if let Some(i) = number.as_i64() {
        return CanonicalNumber::Integer(i128::from(i));
    }
    if let Some(u) = number.as_u64() {
        return CanonicalNumber::Integer(i128::from(u));
    }
    let beyond = || if number.as_str().starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    let f = number.as_f64().unwrap_or_else(beyond);
    if f.fract() == 0.0 && f.abs() < 9_007_199_254_740_992.0 {
        #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return CanonicalNumber::Integer(f as i128);
    }
    CanonicalNumber::Float(f)
}

/// Whether two values are the same: numbers by value, lists in order, objects in any order.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => canonical_number(a) == canonical_number(b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// The canonical text of a value: sorted keys, canonical numbers, no white space. Values that are
/// [`same`] have equal texts, and only those.
#[must_use]
pub fn canonical_text(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Number(n) => match canonical_number(n) {
            CanonicalNumber::Integer(i) => {
                let _ = write!(out, "{i}");
            }
            CanonicalNumber::Float(f) => {
                let _ = write!(out, "{f:e}");
            }
        },
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(k, _)| *k);
            out.push('{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                let _ = write!(out, "{}:", Value::String(key.clone()));
                write(item, out);
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// Reads JSON that a stranger wrote. `None` where it is no JSON, nests deeper than serde_json's 128 levels, or has a
/// key of serde_json's own.
///
/// serde_json hands its raw values about as objects with one private key, and on reading takes any object
/// that begins with that key for one: its string is then parsed as well, at another 128 levels on the same
/// stack. So nested, such keys end the process; anything that a model or a server wrote is read by this instead.
#[must_use]
pub fn parse_untrusted(text: &str) -> Option<Value> {
    if has_private_key(text.as_bytes()) { None } else { serde_json::from_str(text).ok() }
}

/// Whether a key begins, escapes resolved, as serde_json's private ones do; see [`parse_untrusted`].
#[must_use]
pub fn has_private_key(text: &[u8]) -> bool {
    const PRIVATE: &[u8] = b"$serde_json::private::";
    let mut at = 0;
    while let Some(quote) = text[at..].iter().position(|byte| *byte == b'"') {
        at += quote + 1;
        // How much of the beginning is the same; `None` once it differs.
        let mut same = Some(0);
        loop {
            let (byte, length) = match text.get(at) {
                None => return false,
                Some(b'"') => break,
                Some(b'\\') => match text.get(at + 1) {
                    Some(b'u') => (unescaped(text.get(at + 2..at + 6)), 6),
                    Some(byte) => (Some(*byte).filter(|byte| !byte.is_ascii_alphabetic()), 2),
                    None => return false,
                },
                Some(byte) => (Some(*byte), 1),
            };
            same = match same {
                Some(so_far) if so_far == PRIVATE.len() => same,
                Some(so_far) if byte == Some(PRIVATE[so_far]) => Some(so_far + 1),
                _ => None,
            };
            at += length;
        }
        at += 1;
        let next = text.get(at..).unwrap_or_default().trim_ascii_start().first();
        if same == Some(PRIVATE.len()) && next == Some(&b':') {
            return true;
        }
        if at >= text.len() {
            return false;
        }
    }
    false
}

/// The ASCII character of four hexadecimal digits.
fn unescaped(digits: Option<&[u8]>) -> Option<u8> {
    let digits = std::str::from_utf8(digits?).ok()?;
    u8::try_from(u32::from_str_radix(digits, 16).ok()?).ok().filter(u8::is_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_serde_jsons_own_is_refused_however_it_is_spelt_and_as_a_text_it_is_one() {
        let key = "$serde_json::private::RawValue";
        let spelt: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for key in [key, &spelt, "\\u0024serde_json::private::Number"] {
            for text in [format!("{{\"{key}\": \"1\"}}"), format!("[[{{\"a\": {{\"{key}\"  :\"[]\"}}}}]]")] {
                assert_eq!(parse_untrusted(&text), None, "{text}");
            }
            let text = format!("{{\"said\": \"{key}\", \"n\": [1.5, \"a\\\"b\"]}}");
            assert!(parse_untrusted(&text).is_some(), "{text}");
        }
        for broken in ["", "\"", "{\"", "{\"\\", "{\"\\u00", "\"a"] {
            assert_eq!(parse_untrusted(broken), None);
        }
    }

    #[test]
    fn nested_private_keys_do_not_end_the_process() {
        let mut text = "1".to_owned();
        for _ in 0..6 {
            let inner =
                serde_json::to_string(&format!("{}{text}{}", "[".repeat(120), "]".repeat(120))).unwrap_or_default();
            text = format!("{{\"$serde_json::private::RawValue\": {inner}}}");
        }
        assert_eq!(parse_untrusted(&text), None);
    }
}

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

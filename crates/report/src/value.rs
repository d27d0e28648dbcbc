//! JSON as people read it: on one line, with room to break it.

use crate::text::clean_line;
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::Formatter;
use std::io::{Result, Write};

/// A space after each comma and colon, so that a long text breaks there and not within words.
struct Spaced;

fn separate<W: ?Sized + Write>(writer: &mut W, first: bool) -> Result<()> {
    if first { Ok(()) } else { writer.write_all(b", ") }
}

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b": ")
    }
}

/// A value on one line, cleaned. Numbers are shown as they are stored: `42.0` stays `42.0`.
pub(crate) fn json(value: &Value) -> String {
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    // Writing a JSON value to memory cannot fail.
    let _ = value.serialize(&mut serializer);
    clean_line(&String::from_utf8_lossy(&out))
}

/// The same, with whole numbers written without fraction: where values are compared, 2 and 2.0 are
/// one, and the difference would mislead.
pub(crate) fn json_by_value(value: &Value) -> String {
    json(&whole(value))
}

fn whole(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), whole(v))).collect()),
        Value::Number(n) => match n.as_f64() {
            #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 9e15 => Value::from(f as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json as value;

    #[test]
    fn json_has_room_to_break_and_keeps_its_texts() {
        let shown = json(&value!({"a,b": [1, 2.0, {}], "c": "x,y:z\u{1b}", "d": []}));
        assert_eq!(shown, r#"{"a,b": [1, 2.0, {}], "c": "x,y:z\u001b", "d": []}"#);
    }

    #[test]
    fn compared_values_are_written_alike() {
        assert_eq!(json_by_value(&value!([2.0, 2, 0.5, -0.0, {"x": 42.0}])), r#"[2, 2, 0.5, 0, {"x": 42}]"#);
        assert_eq!(json_by_value(&value!(1e300)), "1e+300");
    }
}

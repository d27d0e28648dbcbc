//! Arguments as models write them.

use mocktrial_trajectory::*;
use serde_json::json;

fn nested(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

#[test]
fn arguments_are_an_object_or_nothing() {
    assert_eq!(Arguments::parse(r#" {"a": 1.0} "#).value(), Some(&json!({"a": 1.0})));
    for text in ["", " ", "null", "[]", "1", "\"{}\"", "{", "{\"a\":}", "{} {}", "{'a': 1}", "\u{0}"] {
        let read = Arguments::parse(text);
        assert_eq!((&*read.text, read.value()), (text, None));
    }
}

#[test]
fn arguments_are_kept_as_they_were_written() {
    let text = "{ \"b\" : 1e2,\n \"a\":\t\"\\u00e9\" }";
    assert_eq!(&*Arguments::parse(text).text, text);
    let made = Arguments::from_value(json!({"b": 1, "a": [2]}));
    assert_eq!((&*made.text, &Arguments::parse(made.text.clone())), (r#"{"b":1,"a":[2]}"#, &made));
}

#[test]
fn a_number_without_a_value_is_malformed() {
    for number in ["1e999", "-1e999", "[[1e400]]"] {
        assert_eq!(Arguments::parse(format!("{{\"a\":{number}}}")).value(), None, "{number}");
    }
    assert!(Arguments::parse(r#"{"a":1e308,"b":1e-999,"c":123456789012345678901234567890}"#).value().is_some());
}

#[test]
fn arguments_nested_too_deep_are_malformed_and_harm_nobody() {
    assert!(Arguments::parse(nested(Arguments::MAX_DEPTH)).value().is_some());
    for levels in [Arguments::MAX_DEPTH + 1, 127, 128, 200, 200_000] {
        assert_eq!(Arguments::parse(nested(levels)).value(), None, "{levels}");
    }
    let lists = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(Arguments::parse(lists).value(), None);
}

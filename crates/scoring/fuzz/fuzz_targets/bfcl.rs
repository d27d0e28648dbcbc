//! Any bytes as BFCL's value, model's text and item.
//!
//! The first byte chooses: the text of a prompted model, checked against an item of its own and as source of itself;
//! or a JSON list of category, functions, answers and output.
//!
//! `crates/scoring/fuzz/run 60` writes a few seeds and fuzzes for a minute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mocktrial_scoring::compatibility::bfcl::{Item, Names, Value, check_relevance, decode_calls, decode_python};
use std::sync::LazyLock;

/// An item whose parameters have all types, so that any call named `f` gets far.
static ITEM: LazyLock<Option<[Item; 3]>> = LazyLock::new(|| {
    let item = |category: &str, types: &[&str]| {
        let mut properties = String::new();
        let mut accepted = String::new();
        for (at, ty) in types.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let letter = char::from(b'a' + u8::try_from(at).ok()?);
            properties += &format!(r#"{comma}"{letter}":{{"type":"{ty}","items":{{"type":"{}"}}}}"#, types[at / 2]);
            accepted +=
                &format!(r#"{comma}"{letter}":["", 1, "x", 1.5, true, [1], ["x"], [{{"k":[1]}}], {{"k":["x"]}}]"#);
        }
        let functions = format!(r#"[{{"name":"f","parameters":{{"properties":{{{properties}}},"required":[]}}}}]"#);
        let answers = format!(r#"[{{"f":{{{accepted}}}}}]"#);
        Item::new(category, &Value::from_json(&functions).ok()?, &Value::from_json(&answers).ok()?).ok()
    };
    Some([
        item("parallel_python", &["string", "integer", "float", "boolean", "array", "tuple", "dict", "any"])?,
        item("simple_java", &["String", "long", "float", "double", "boolean", "Array", "ArrayList", "HashMap"])?,
        item("simple_javascript", &["String", "integer", "float", "Bigint", "Boolean", "array", "dict", "any"])?,
    ])
});

fn against_all(output: &Value<'_>) {
    for item in ITEM.iter().flatten() {
        let _ = item.check(output, Names::Underscored);
    }
    let _ = check_relevance("irrelevance", Some(output));
}

fuzz_target!(|data: &[u8]| {
    let [which, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if which % 4 == 0 {
        if let Ok(output) = decode_python(text) {
            against_all(&output);
            assert_eq!(
                output.as_list().map(<[_]>::len),
                decode_python(text).ok().as_ref().and_then(Value::as_list).map(<[_]>::len)
            );
        }
        return;
    }
    if which % 4 == 1 {
        // One literal of Java or JavaScript, for each parameter.
        for letter in 'a'..='h' {
            let arguments = Value::Dict(vec![(key(&letter.to_string()), Value::text(text))]);
            against_all(&Value::List(vec![Value::Dict(vec![(key("f"), arguments)])]));
        }
        return;
    }
    let Ok(value) = Value::from_json(text) else { return };
    // NaN aside, which equals nothing, a value is what it is.
    if !text.contains("NaN") {
        assert_eq!(value, value.clone().into_owned());
    }
    if which % 4 == 2 {
        against_all(&value);
        if let Ok(output) = decode_calls(&value) {
            against_all(&output);
        }
        return;
    }
    if let Some([Value::Str(category), functions, answers, output]) = value.as_list()
        && let Ok(item) = Item::new(category, functions, answers)
    {
        let _ = item.check(output, Names::AsDescribed);
    }
});

fn key(text: &str) -> mocktrial_scoring::compatibility::bfcl::Key<'static> {
    mocktrial_scoring::compatibility::bfcl::Key::Text(text.to_owned().into())
}

//! JavaScript literals, as far as the official checker understands them.

use super::declared::Type;
use super::failure::Exception;
use super::java::{group, groups, number_or_text, pattern, python_regex, without_ends};
use super::json::Entries;
use super::text::{is_space, literal, strip, to_float, to_int};
use super::value::{Key, Value};
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

pattern!(NESTED_ARRAY, r"^(?:\[\s*\[.*?\]\s*(?:,\s*\[.*?\]\s*)*\]|new\s+Array\(\s*\[.*?\]\s*(?:,\s*\[.*?\]\s*)*\))");
pattern!(BRACKETED, r"\[(.*?)\]");
pattern!(ARRAY, r"^\[(.*?)\]");
pattern!(NEW_ARRAY, r"^new\s+Array\((.*?)\)");
pattern!(OBJECT, r"^\{(.*?)\}");

/// What a text stands for where this type is declared; the text itself where it is no such literal.
pub(super) fn convert(text: &str, ty: Type, nested: Option<Type>) -> Result<Value<'_>, Exception> {
    Ok(match ty {
        Type::Quoted if is_quoted(text) => Value::text(without_ends(text)),
        Type::Integer => match literal(text) {
            Some(l) if l.whole && !l.exponent && l.rest.is_empty() => {
                Value::Int(to_int(l.number).ok_or(Exception::ValueError)?)
            }
            _ => Value::text(text),
        },
        Type::Float => match literal(text) {
            Some(l) if !l.exponent && l.rest.is_empty() => {
                Value::Float(to_float(l.number).ok_or(Exception::ValueError)?)
            }
            _ => Value::text(text),
        },
        Type::Bigint => match literal(text) {
            // Only the last character is cut off: behind a line feed the `n` stays, and Python raises.
            Some(l) if l.whole && !l.exponent && l.rest == "n" => {
                Value::Int(to_int(l.number).filter(|_| text.ends_with('n')).ok_or(Exception::ValueError)?)
            }
            _ => Value::text(text),
        },
        Type::Boolean => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::text(text),
        },
        Type::Dict => object(strip(text)),
        Type::Array => array(strip(text), nested),
        _ => Value::text(text),
    })
}

fn is_quoted(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| text.starts_with(*quote) && text.ends_with(*quote))
}

/// A literal of which nothing is declared.
fn untyped(text: &str) -> Value<'_> {
    match strip(text) {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        text if is_quoted(text) => Value::text(without_ends(text)),
        text => number_or_text(text),
    }
}

fn array(code: &str, nested: Option<Type>) -> Value<'_> {
    if let Some(whole) = NESTED_ARRAY.as_ref().and_then(|pattern| pattern.find(code)) {
        let inner = groups(&BRACKETED, whole.as_str()).map(strip).enumerate().map(|(at, inner)| {
            // The first bracket is the outer array's, so that the inner one's is still there.
            let inner = inner.strip_prefix('[').filter(|_| at == 0).unwrap_or(inner);
            Value::List(inner.split(',').map(untyped).collect())
        });
        return Value::List(inner.collect());
    }
    let Some(elements) = group(&ARRAY, code).or_else(|| group(&NEW_ARRAY, code)).map(strip) else {
        return Value::text(code);
    };
    if elements.is_empty() {
        return Value::List(Vec::new());
    }
    let elements = elements.split(',').map(|text| match nested {
        Some(ty) => convert(strip(text), ty, None),
        None => Ok(untyped(text)),
    });
    // What is raised inside is caught, and the text returned.
    elements.collect::<Result<_, _>>().map_or(Value::text(code), Value::List)
}

fn object(code: &str) -> Value<'_> {
    if code == "{}" {
        return Value::Dict(Vec::new());
    }
    let Some(content) = group(&OBJECT, code) else { return Value::text(code) };
    let mut entries = Entries::default();
    let quotes = ['\'', '"'];
    for (key, value) in pairs(content) {
        let value = strip(value);
        let value = if value.starts_with('[') && value.ends_with(']') {
            array(value, None)
        } else {
            untyped(value.trim_matches(quotes))
        };
        entries.insert(Key::Text(Cow::Borrowed(strip(key).trim_matches(quotes))), value);
    }
    Value::Dict(entries.list)
}

/// All matches of `([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)`, found in one walk: a key to the next colon; its value to
/// the first comma behind which another key can begin, or to the end.
fn pairs(content: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = content;
    loop {
        rest = rest.trim_start_matches(':');
        let Some((key, behind)) = rest.split_once(':') else { return pairs };
        let behind = behind.trim_start_matches(is_space);
        let mut from = 0;
        let (value, next) = loop {
            let Some(comma) = behind[from..].find(',').map(|at| from + at) else { break (behind, "") };
            let segment = behind[comma + 1..].split(',').next().unwrap_or_default();
            match next_key(segment) {
                Some(skipped) => break (&behind[..comma], &behind[comma + 1 + skipped..]),
                None => from = comma + 1,
            }
        };
        pairs.push((key, value));
        rest = next;
    }
}

/// Where a key can begin in what stands between a comma and the next: behind the white space, or, where nothing but
/// a colon follows that, at its last character.
fn next_key(segment: &str) -> Option<usize> {
    let last_colon = segment.rfind(':')?;
    let spaces = segment.len() - segment.trim_start_matches(is_space).len();
    if spaces < last_colon {
        return Some(spaces);
    }
    segment[..last_colon].char_indices().next_back().map(|(at, _)| at)
}

//! Java literals, as far as the official checker understands them.

use super::declared::Type;
use super::failure::Exception;
use super::json::Entries;
use super::text::{literal, strip, to_float, to_int};
use super::value::{Key, Value};
use regex::Regex;
use std::sync::LazyLock;

/// A pattern of the official checker, in which `\s`, `\w` and `.` mean what they mean in Python.
pub(super) fn python_regex(pattern: &str) -> Option<Regex> {
    let pattern = pattern.replace(r"\s", r"[\s\x1c-\x1f]").replace(r"\w", r"[\p{L}\p{N}_]");
    // The patterns are constants, and each is used in a test.
    Regex::new(&pattern).ok()
}

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| python_regex($pattern));
    };
}
pub(super) use pattern;

pattern!(ARRAY, r"new\s+\w+\[\]\s*\{(.*?)\}");
pattern!(AS_LIST, r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)");
pattern!(ADDING_LIST, r"(?s)new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}");
pattern!(ADD, r"add\((.+?)\)");
pattern!(EMPTY_LIST, r"new\s+ArrayList<\w*>\(\)");
pattern!(MAP, r"(?s)new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}");
pattern!(PUT, r#"put\("(.*?)",\s*(.*?)\)"#);
pattern!(EMPTY_MAP, r"(?s)new\s+HashMap<.*?>\s*\(\)");

/// The first group of a pattern's first match.
pub(super) fn group<'t>(pattern: &Option<Regex>, text: &'t str) -> Option<&'t str> {
    pattern.as_ref()?.captures(text)?.get(1).map(|group| group.as_str())
}

/// All first groups.
pub(super) fn groups<'t>(pattern: &'t Option<Regex>, text: &'t str) -> impl Iterator<Item = &'t str> {
    let all = pattern.iter().flat_map(move |pattern| pattern.captures_iter(text));
    all.filter_map(|groups| Some(groups.get(1)?.as_str()))
}

/// What a text stands for where this type is declared; the text itself where it is no such literal.
pub(super) fn convert(text: &str, ty: Type, nested: Option<Type>) -> Result<Value<'_>, Exception> {
    let converted = match ty {
        Type::Integer => match literal(text) {
            Some(l) if l.whole && !l.exponent && l.rest.is_empty() => integer(l.number)?,
            _ => Value::text(text),
        },
        Type::Long => match literal(text) {
            Some(l) if l.whole && !l.exponent && matches!(l.rest, "l" | "L") => integer(l.number)?,
            _ => Value::text(text),
        },
        Type::Float => match literal(text) {
            Some(l) if matches!(l.rest, "f" | "F") => float(l.number)?,
            _ => Value::text(text),
        },
        Type::Double => match literal(text) {
            Some(l) if l.rest.is_empty() => float(l.number)?,
            _ => Value::text(text),
        },
        Type::Boolean => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::text(text),
        },
        Type::Array => return array(text, nested),
        Type::ArrayList => return array_list(text, nested),
        Type::Dict => hash_map(text),
        Type::Set | Type::Hashtable | Type::Queue => return Err(Exception::NotImplementedError),
        Type::Text | Type::Char | Type::JavaString | Type::Quoted | Type::Bigint => Value::text(text),
    };
    Ok(converted)
}

fn integer(number: &str) -> Result<Value<'static>, Exception> {
    to_int(number).map(Value::Int).ok_or(Exception::ValueError)
}

fn float(number: &str) -> Result<Value<'static>, Exception> {
    to_float(number).map(Value::Float).ok_or(Exception::ValueError)
}

fn element(text: &str, nested: Option<Type>) -> Result<Value<'_>, Exception> {
    nested.map_or_else(|| Ok(untyped(text)), |ty| convert(text, ty, None))
}

fn array(text: &str, nested: Option<Type>) -> Result<Value<'_>, Exception> {
    let Some(elements) = group(&ARRAY, text) else { return Ok(Value::text(text)) };
    let elements = elements.split(',').map(strip).filter(|element| !element.is_empty());
    elements.map(|text| element(text, nested)).collect::<Result<_, _>>().map(Value::List)
}

fn array_list(text: &str, nested: Option<Type>) -> Result<Value<'_>, Exception> {
    let list_element = |text| match nested {
        Some(Type::Char | Type::JavaString) => Ok(Value::text(without_ends(text))),
        _ => element(text, nested),
    };
    if let Some(elements) = group(&AS_LIST, text) {
        let elements = elements.split(',').map(strip).map(list_element);
        return elements.collect::<Result<_, _>>().map(Value::List);
    }
    if let Some(adds) = group(&ADDING_LIST, text) {
        let elements = groups(&ADD, adds).map(strip).map(list_element);
        return elements.collect::<Result<_, _>>().map(Value::List);
    }
    if EMPTY_LIST.as_ref().is_some_and(|pattern| pattern.is_match(text)) {
        return Ok(Value::List(Vec::new()));
    }
    Ok(Value::text(text))
}

fn hash_map(text: &str) -> Value<'_> {
    if let Some(puts) = group(&MAP, text) {
        let mut entries = Entries::default();
        for put in PUT.iter().flat_map(|pattern| pattern.captures_iter(puts)) {
            if let (Some(key), Some(value)) = (put.get(1), put.get(2)) {
                entries.insert(Key::Text(key.as_str().into()), untyped(strip(value.as_str())));
            }
        }
        return Value::Dict(entries.list);
    }
    if EMPTY_MAP.as_ref().is_some_and(|pattern| pattern.is_match(text)) {
        return Value::Dict(Vec::new());
    }
    Value::text(text)
}

/// `text[1:-1]`.
pub(super) fn without_ends(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.next_back();
    chars.as_str()
}

/// A literal of which nothing is declared.
fn untyped(text: &str) -> Value<'_> {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    if text.starts_with('"') && text.ends_with('"') {
        return Value::text(without_ends(text));
    }
    if let Some(l) = literal(text) {
        match l.rest {
            "l" | "L" if l.whole && !l.exponent => {
                // Python would raise where there are too many digits; a text is as wrong an answer.
                return to_int(l.number).map_or(Value::text(text), Value::Int);
            }
            "f" | "F" => return to_float(l.number).map_or(Value::text(text), Value::Float),
            _ => {}
        }
    }
    number_or_text(text)
}

/// `int(text)`, else `float(text)`, else the text.
pub(super) fn number_or_text(text: &str) -> Value<'_> {
    match (to_int(text), to_float(text)) {
        (Some(int), _) => Value::Int(int),
        (None, Some(float)) => Value::Float(float),
        (None, None) => Value::text(text),
    }
}

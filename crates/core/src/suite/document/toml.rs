//! TOML with spans.

use super::{Entry, Kind, Node, Source, Span};
use crate::suite::mistake::Mistake;
use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn parse(source: &Source, mistakes: &mut Vec<Mistake>) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let message = error.message().replace('\n', "; ");
            mistakes.push(source.mistake(Span::new(span.start, span.end), format!("this is not TOML: {message}")));
        }
        return None;
    }
    let mut root = map(table.get_ref(), Span::new(0, 0), source, mistakes);
    root.span = Span::new(0, 0);
    Some(root)
}

fn map(table: &DeTable<'_>, span: Span, source: &Source, mistakes: &mut Vec<Mistake>) -> Node {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: spanned(key),
            value: node(value, source, mistakes),
        })
        .collect();
    // The parser keeps tables sorted by name; people wrote them in the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Node { span, kind: Kind::Map(entries) }
}

fn spanned<T>(of: &Spanned<T>) -> Span {
    Span::new(of.span().start, of.span().end)
}

fn node(value: &Spanned<DeValue<'_>>, source: &Source, mistakes: &mut Vec<Mistake>) -> Node {
    let span = spanned(value);
    let scalar = match value.get_ref() {
        DeValue::Array(items) => {
            let items = items.iter().map(|item| node(item, source, mistakes)).collect();
            return Node { span, kind: Kind::List(items) };
        }
        DeValue::Table(table) => return map(table, span, source, mistakes),
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(b) => Value::Bool(*b),
        // A date has no JSON form of its own; as text it reads as it was written.
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Integer(integer) => {
            let text = integer.as_str();
            let number = i64::from_str_radix(text, integer.radix()).map(Number::from);
            let number = number.or_else(|_| u64::from_str_radix(text, integer.radix()).map(Number::from));
            number.map_or_else(|_| out_of_range(text, source, span, mistakes), Value::Number)
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            number.map_or_else(|| out_of_range(float.as_str(), source, span, mistakes), Value::Number)
        }
    };
    Node { span, kind: Kind::Scalar(scalar) }
}

fn out_of_range(text: &str, source: &Source, span: Span, mistakes: &mut Vec<Mistake>) -> Value {
    mistakes.push(source.mistake(span, "this number is outside the range of numbers that can be kept"));
    Value::String(text.to_owned())
}

//! `${column}` in a template.
//!
//! Text that is exactly one `${column}` takes the row's value with its type; within longer text the value
//! is written out: text as it is, everything else as JSON. `$${` stands for `${`.

use super::document::{Kind, Node};
use super::mistake::Mistake;
use super::names;
use super::source::{Source, printable};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The keys of a scenario file in which `${column}` has a meaning.
pub(crate) const SUBSTITUTED: &[&str] =
    &["title", "description", "system", "user", "state", "reference", "references", "expect"];

/// A piece of text with `${…}` in it.
enum Piece<'a> {
    Text(&'a str),
    Column(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            // `$${` is a `${` that was meant.
            pieces.push(Piece::Text(&rest[..at - 1]));
            pieces.push(Piece::Text("${"));
            rest = &rest[at + 2..];
            continue;
        }
        let Some(length) = rest[at..].find('}') else { break };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(Piece::Column(rest[at + 2..at + length].trim()));
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// A value with the row's values in it.
pub(crate) fn fill(value: &mut Value, row: &Map<String, Value>) {
    match value {
        Value::String(text) if text.contains("${") => {
            let pieces = pieces(text);
            *value = match pieces.as_slice() {
                [Piece::Column(name)] => row.get(*name).cloned().unwrap_or(Value::Null),
                pieces => Value::String(pieces.iter().map(|piece| written(piece, row)).collect()),
            };
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, row)),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains("${")) {
                let filled = std::mem::take(map).into_iter();
                *map = filled.map(|(key, value)| (fill_text(&key, row), value)).collect();
            }
            map.values_mut().for_each(|item| fill(item, row));
        }
        _ => {}
    }
}

/// Text with the row's values written out, even where it is exactly one of them.
pub(crate) fn fill_text(text: &str, row: &Map<String, Value>) -> String {
    pieces(text).iter().map(|piece| written(piece, row)).collect()
}

fn written(piece: &Piece<'_>, row: &Map<String, Value>) -> String {
    match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Column(name) => match row.get(*name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        },
    }
}

/// The columns that a template uses; unknown ones are mistakes.
pub(crate) fn used(
    source: &Source,
    template: &Node,
    columns: &[String],
    mistakes: &mut Vec<Mistake>,
) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    each_text(template, &mut |text, node| {
        for piece in pieces(text) {
            let Piece::Column(name) = piece else { continue };
            if columns.iter().any(|column| column == name) {
                used.insert(name.to_owned());
            } else {
                let known: Vec<&str> = columns.iter().map(String::as_str).collect();
                let span = node.span_of_text(source, &format!("${{{name}}}"));
                let mistake = source
                    .mistake(span, format!("the cases have no column `{}`", printable(name)))
                    .hint(format!("{}; write `$${{` if `${{` is meant", names::hint(name, "columns", &known)));
                mistakes.push(mistake);
            }
        }
    });
    used
}

/// Warns of `${…}` in a scenario without cases.
pub(crate) fn warn_without_cases(source: &Source, scenario: &Node, mistakes: &mut Vec<Mistake>) {
    each_text(scenario, &mut |text, node| {
        for piece in pieces(text) {
            let Piece::Column(name) = piece else { continue };
            let shown = format!("${{{name}}}");
            let mistake = source
                .mistake(
                    node.span_of_text(source, &shown),
                    format!("`{}` stays as it is: there are no cases", printable(&shown)),
                )
                .hint("give the rows under `cases`, or write `$${` if the text is meant")
                .warning();
            mistakes.push(mistake);
        }
    });
}

fn each_text(root: &Node, visit: &mut dyn FnMut(&str, &Node)) {
    for entry in root.entries() {
        if SUBSTITUTED.contains(&entry.key.as_str()) {
            walk(&entry.value, visit);
        }
    }
}

fn walk(node: &Node, visit: &mut dyn FnMut(&str, &Node)) {
    match &node.kind {
        Kind::Scalar(Value::String(text)) if text.contains("${") => visit(text, node),
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| walk(item, visit)),
        Kind::Map(entries) => {
            for entry in entries {
                if entry.key.contains("${") {
                    let key = Node { span: entry.key_span, kind: Kind::Scalar(Value::Null) };
                    visit(&entry.key, &key);
                }
                walk(&entry.value, visit);
            }
        }
    }
}

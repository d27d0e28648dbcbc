//! `${column}` in a template.
//!
//! Text that is exactly one `${column}` takes the row's value with its type; within longer text the value
//! is written out: text as it is, everything else as JSON. `$${` stands for `${`, with and without cases.
//! Everything is substituted once: what a row gives is not looked at again.

use super::document::{Kind, Node};
use super::mistake::Mistake;
use super::names;
use super::source::{Source, printable};
use mocktrial_trajectory::Pointer;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The keys of a scenario file that are text for people or the agent, even where they are exactly one column.
const TEXTS: &[&str] = &["title", "description", "system", "user", "check"];

/// The keys of a scenario file in which a text that is exactly one column becomes the row's value.
pub(crate) const VALUES: &[&str] = &["state", "reference", "references", "expect"];

/// A piece of text with `${…}` in it.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a str),
    Column { name: &'a str, written: &'a str },
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
        let written = &rest[at..=at + length];
        pieces.push(Piece::Column { name: written[2..length].trim(), written });
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// Two keys of one map that a row makes the same.
pub(crate) struct Clash {
    /// Their map.
    pub(crate) at: Pointer,
    pub(crate) key: String,
}

/// Puts a row's values into a scenario as it is written. Without a row, columns stay as they are.
pub(crate) fn fill(scenario: &mut Value, row: Option<&Map<String, Value>>) -> Vec<Clash> {
    let mut filler = Filler { row, at: Vec::new(), clashes: Vec::new() };
    for (key, value) in scenario.as_object_mut().into_iter().flatten() {
        filler.at.push(key.clone());
        match key.as_str() {
            "reference" | "references" => filler.steps(value),
            "check" => filler.notes(value),
            key if VALUES.contains(&key) => filler.value(value),
            key if TEXTS.contains(&key) => filler.texts(value),
            _ => {}
        }
        filler.at.pop();
    }
    filler.clashes
}

struct Filler<'a> {
    row: Option<&'a Map<String, Value>>,
    /// Where in the template it is.
    at: Vec<String>,
    clashes: Vec<Clash>,
}

impl Filler<'_> {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains("${") => {
                *value = match (pieces(text).as_slice(), self.row) {
                    ([Piece::Column { name, .. }], Some(row)) => row.get(*name).cloned().unwrap_or_default(),
                    (pieces, _) => Value::String(self.written(pieces)),
                };
            }
            Value::Array(items) => self.each(items, Self::value),
            Value::Object(map) => self.map(map, |filler, _, value| filler.value(value)),
            _ => {}
        }
    }

    fn steps(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => self.each(items, Self::steps),
            // What a step says is text, too.
            Value::Object(step) => self.map(step, |filler, key, value| match key {
                "say" => filler.texts(value),
                _ => filler.value(value),
            }),
            other => self.value(other),
        }
    }

    fn texts(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if text.contains("${") => *text = self.written(&pieces(text)),
            Value::Array(items) => self.each(items, Self::texts),
            _ => {}
        }
    }

    /// Names and texts within maps; no key is a text of the author's.
    fn notes(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => self.each(items, Self::notes),
            Value::Object(map) => self.map(map, |filler, _, value| filler.notes(value)),
            text => self.texts(text),
        }
    }

    fn each(&mut self, items: &mut [Value], fill: impl Fn(&mut Self, &mut Value)) {
        for (i, item) in items.iter_mut().enumerate() {
            self.at.push(i.to_string());
            fill(self, item);
            self.at.pop();
        }
    }

    fn map(&mut self, map: &mut Map<String, Value>, fill: impl Fn(&mut Self, &str, &mut Value)) {
        for (key, mut value) in std::mem::take(map) {
            let filled = if key.contains("${") { self.written(&pieces(&key)) } else { key.clone() };
            self.at.push(key);
            fill(self, &filled, &mut value);
            self.at.pop();
            if map.contains_key(&filled) {
                self.clashes.push(Clash { at: Pointer(self.at.clone()), key: filled.clone() });
            }
            map.insert(filled, value);
        }
    }

    fn written(&self, pieces: &[Piece<'_>]) -> String {
        let one = |piece: &Piece<'_>| match (*piece, self.row) {
            (Piece::Text(text), _) | (Piece::Column { written: text, .. }, None) => text.to_owned(),
            (Piece::Column { name, .. }, Some(row)) => match row.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        };
        pieces.iter().map(one).collect()
    }
}

/// Whether the value at a place of a scenario is exactly one column, so that any value may take its place.
pub(crate) fn is_open(scenario: &Value, at: &Pointer) -> bool {
    let varies = at.0.first().is_some_and(|key| VALUES.contains(&key.as_str()));
    let text = scenario.pointer(&at.to_string()).and_then(Value::as_str);
    varies && text.is_some_and(|text| matches!(pieces(text)[..], [Piece::Column { .. }]))
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
            let Piece::Column { name, written } = piece else { continue };
            if columns.iter().any(|column| column == name) {
                used.insert(name.to_owned());
            } else {
                let known: Vec<&str> = columns.iter().map(String::as_str).collect();
                let span = node.span_of_text(source, written);
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
            let Piece::Column { written, .. } = piece else { continue };
            let mistake = source
                .mistake(
                    node.span_of_text(source, written),
                    format!("`{}` stays as it is: there are no cases", printable(written)),
                )
                .hint("give the rows under `cases`, or write `$${` if the text is meant")
                .warning();
            mistakes.push(mistake);
        }
    });
}

fn each_text(root: &Node, visit: &mut dyn FnMut(&str, &Node)) {
    for entry in root.entries() {
        if TEXTS.contains(&entry.key.as_str()) || VALUES.contains(&entry.key.as_str()) {
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

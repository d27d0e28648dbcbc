//! `$ref` inside the project: what is referred to is taken into the schema's own `$defs`.

use super::super::document::{Document, Entry, Kind, Node};
use super::super::names;
use super::super::reading::Reader;
use super::super::source::printable;
use mocktrial_trajectory::Pointer;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::PathBuf;

/// A schema with everything that it refers to outside itself in its `$defs`. Cycles stay references.
pub(super) fn inline(reader: &mut Reader, document: &Document, schema: &Node) -> Value {
    let own: Vec<String> = ["$defs", "definitions"]
        .iter()
        .filter_map(|key| schema.get(key))
        .flat_map(|n| n.entries())
        .map(|e| e.key.clone())
        .collect();
    let mut inliner = Inliner { reader, names: HashMap::new(), taken: own, defs: Map::new() };
    let mut value = inliner.walk(document, Some(schema), schema);
    if !inliner.defs.is_empty()
        && let Some(map) = value.as_object_mut()
        && let Some(defs) = map.entry("$defs").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    {
        defs.extend(inliner.defs);
    }
    value
}

struct Inliner<'a> {
    reader: &'a mut Reader,
    /// The name in `$defs` of each place that has been taken in.
    names: HashMap<(PathBuf, String), String>,
    taken: Vec<String>,
    defs: Map<String, Value>,
}

impl Inliner<'_> {
    /// A schema's value with its references rewritten. `root` is the tool's own schema while inside it.
    fn walk(&mut self, document: &Document, root: Option<&Node>, node: &Node) -> Value {
        match &node.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(|item| self.walk(document, root, item)).collect()),
            Kind::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for entry in entries {
                    let value = match (entry.key.as_str(), &entry.value.kind) {
                        ("$ref", Kind::Scalar(Value::String(target))) => self.reference(document, root, entry, target),
                        // Data, in which `$ref` is a key like any other.
                        ("const" | "enum" | "default" | "example" | "examples", _) => entry.value.to_value(),
                        (
                            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                            Kind::Map(named),
                        ) => {
                            let named = named.iter().map(|e| (e.key.clone(), self.walk(document, root, &e.value)));
                            Value::Object(named.collect())
                        }
                        _ => self.walk(document, root, &entry.value),
                    };
                    map.insert(entry.key.clone(), value);
                }
                Value::Object(map)
            }
        }
    }

    fn reference(&mut self, document: &Document, root: Option<&Node>, entry: &Entry, target: &str) -> Value {
        let span = entry.value.span;
        let source = &document.source;
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        let scheme = file
            .split_once(':')
            .is_some_and(|(s, _)| s.len() > 1 && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)));
        if scheme || file.starts_with("//") {
            let mistake = source
                .mistake(span, format!("`$ref` leads out of the project: `{}`", printable(target)))
                .hint("nothing is fetched: save the schema in the project and refer to it by a relative path");
            self.reader.mistakes.push(mistake);
            return Value::String(target.to_owned());
        }
        let pointer: Pointer = match percent_decoded(fragment).parse() {
            Ok(pointer) => pointer,
            // `#name` within the tool's own schema is an anchor, which the validator resolves.
            Err(_) if file.is_empty() && root.is_some() => return Value::String(target.to_owned()),
            Err(_) => {
                let mistake = source
                    .mistake(span, format!("`$ref` to an anchor of another file: `{}`", printable(target)))
                    .hint("refer to it by a JSON Pointer, such as `address.json#/$defs/Address`");
                self.reader.mistakes.push(mistake);
                return Value::String(target.to_owned());
            }
        };
        if file.is_empty() && root.is_some_and(|root| root.at(&pointer.0).is_some()) {
            return Value::String(target.to_owned());
        }
        let followed;
        let other = if file.is_empty() {
            document
        } else {
            match self.reader.follow_document(source, span, file) {
                Some(other) => followed = other,
                None => return Value::String(target.to_owned()),
            }
            &followed
        };
        let Some(found) = other.root.at(&pointer.0) else {
            let mistake = source
                .mistake(span, format!("`$ref` points to nothing: `{}`", printable(target)))
                .hint(near(other, file, &pointer));
            self.reader.mistakes.push(mistake);
            return Value::String(target.to_owned());
        };
        let place = (other.source.path.clone(), pointer.to_string());
        if let Some(name) = self.names.get(&place) {
            return local(name);
        }
        let stem = other.source.path.file_stem().and_then(|s| s.to_str()).unwrap_or("schema");
        let base = pointer.0.last().map_or(stem, String::as_str).to_owned();
        let mut name = base.clone();
        let mut count = 1;
        while self.taken.contains(&name) {
            count += 1;
            name = format!("{base}_{count}");
        }
        self.taken.push(name.clone());
        // Named before it is walked, so that a cycle finds the name.
        self.names.insert(place, name.clone());
        let value = self.walk(other, None, found);
        self.defs.insert(name.clone(), value);
        local(&name)
    }
}

/// The reference that was probably meant, or where nothing was found.
fn near(document: &Document, file: &str, pointer: &Pointer) -> String {
    let meant = pointer.0.split_last().and_then(|(last, above)| {
        let there = document.root.at(above)?.entries().iter().map(|entry| entry.key.as_str());
        Some(Pointer(above.to_vec()).child(names::nearest(last, there)?))
    });
    match meant {
        Some(meant) => format!("did you mean `{file}#{meant}`?"),
        None => format!("there is nothing at `{pointer}` in `{}`", document.source.name),
    }
}

fn local(name: &str) -> Value {
    Value::String(format!("#/$defs/{}", name.replace('~', "~0").replace('/', "~1")))
}

/// A fragment without its `%XX` escapes.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

//! From a world file to a compiled world.

use super::document::{Document, Format, Kind, Node, in_words};
use super::files::WorldFile;
use super::model::{Initial, LoadedWorld};
use super::reading::Reader;
use super::schemas;
use super::shape::Shape;
use super::tools::Tools;
use mocktrial_trajectory::Digest;
use mocktrial_world::{Definition, State, World};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A world with what checking scenarios needs.
pub(crate) struct Ready {
    pub(crate) world: Arc<LoadedWorld>,
    /// The plain initial state.
    pub(crate) state: Arc<Value>,
    pub(crate) initial: Arc<Initial>,
    /// The tools' argument schemas, compiled.
    pub(crate) shapes: HashMap<String, Shape>,
}

/// Loads a world file. `None` when it has mistakes, which the reader then holds.
pub(crate) fn load(reader: &mut Reader, id: &str, path: &Path) -> Option<Ready> {
    let before = reader.mistakes.len();
    let document = reader.document(path, Format::Yaml)?;
    let mut value = document.root.to_value();
    let shaped = schemas::world()?.check(&document.source, &document.root, &value, &mut reader.mistakes);
    schemas::world()?.settle(&mut value);
    let tools = document.root.get("tools").map(|node| Tools::read(reader, &document, node)).unwrap_or_default();
    let state = state(reader, &document)?;
    let script = script(reader, &document);
    if !shaped || errors_since(reader, before) {
        return None;
    }
    let (own, behaviour) = split(value);
    let file: WorldFile = said(reader, &document, serde_json::from_value(Value::Object(own)))?;
    let behaviour = Value::Object(behaviour);
    let definition: Definition = said(reader, &document, serde_json::from_value(behaviour.clone()))?;
    let script = script.as_ref().map(|source| (source.name.as_str(), source.text.as_str()));
    let compiled = World::compile(&definition, tools.specs, script);
    let (faults, world) = match compiled {
        Ok(world) => (world.warnings().to_vec(), Some(world)),
        Err(faults) => (faults, None),
    };
    for fault in faults {
        // `/tools/3` is the fourth tool, whichever file defines it.
        let tool = match fault.at.0.as_slice() {
            [key, index, part @ ..] if key == "tools" => {
                index.parse::<usize>().ok().and_then(|index| Some((tools.places.get(index)?, part)))
            }
            _ => None,
        };
        let mistake = match tool {
            Some((place, part)) => place.source.mistake(place.span_at(part), fault.message),
            None => document.source.mistake(document.span_at(&fault.at), fault.message),
        };
        let mistake = mistake.hint_if(fault.hint);
        reader.mistakes.push(if world.is_some() { mistake.warning() } else { mistake });
    }
    let world = world?;
    let shapes = world
        .tools()
        .iter()
        .filter_map(|tool| Some((tool.name.clone(), Shape::new(tool.input_schema.clone()).ok()?)))
        .collect();
    let tree = State::new(&state);
    let initial = Arc::new(Initial::new(tree.clone()));
    let loaded = LoadedWorld {
        id: id.to_owned(),
        title: file.title,
        file: document.source.name.clone(),
        digest: digest(&world, &behaviour, script.map(|(_, text)| text)),
        world,
        initial: tree,
        seed: definition.seed,
        notes: tools.notes,
    };
    Some(Ready { world: Arc::new(loaded), state: Arc::new(state), initial, shapes })
}

pub(crate) fn errors_since(reader: &Reader, mark: usize) -> bool {
    reader.mistakes[mark..].iter().any(|m| m.severity == super::Severity::Error)
}

/// What passed its schema; that it cannot be read all the same would be a bug, but is still said.
pub(crate) fn said<T>(reader: &mut Reader, document: &Document, read: Result<T, serde_json::Error>) -> Option<T> {
    read.map_err(|error| reader.mistakes.push(document.source.mistake_whole(format!("this cannot be read: {error}"))))
        .ok()
}

/// The keys of the file itself, and those of the behaviour.
fn split(value: Value) -> (Map<String, Value>, Map<String, Value>) {
    let Value::Object(map) = value else { return (Map::new(), Map::new()) };
    map.into_iter().partition(|(key, _)| matches!(key.as_str(), "title" | "tools" | "state" | "script"))
}

fn state(reader: &mut Reader, document: &Document) -> Option<Value> {
    let Some(node) = document.root.get("state") else { return Some(json!({})) };
    match &node.kind {
        Kind::Scalar(Value::String(path)) => {
            let file = reader.follow_document(&document.source, node.span, path)?;
            let value = file.root.to_value();
            if value.is_object() {
                return Some(value);
            }
            let message = format!("a world's state must be a map, but this is {}", in_words(&value));
            reader.mistakes.push(file.source.mistake(file.root.span_at(&[]), message));
            None
        }
        Kind::Map(_) => Some(node.to_value()),
        _ => Some(json!({})),
    }
}

fn script(reader: &mut Reader, document: &Document) -> Option<Arc<super::source::Source>> {
    let node: &Node = document.root.get("script")?;
    reader.follow_text(&document.source, node.span, node.as_str()?)
}

/// What decides how calls are answered. How states are compared belongs to the criteria.
fn digest(world: &World, behaviour: &Value, script: Option<&str>) -> Digest {
    let mut behaviour = behaviour.clone();
    if let Some(map) = behaviour.as_object_mut() {
        map.shift_remove("volatile");
        map.shift_remove("sets");
    }
    Digest::of(&json!({"tools": &**world.tools(), "behaviour": behaviour, "script": script}))
}

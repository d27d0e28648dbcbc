//! The JSON Schemas of everything that people write or read, and the compiled ones that files are checked with.

use super::files::{CommandTable, ConfigFile, EndpointTable, ProbeTable, ScenarioFile, WorldFile};
use super::protocol::ProtocolFile;
use super::shape::Shape;
use super::substitute::VALUES;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// The kinds that have a schema, with a line on each.
const KINDS: &[(&str, &str)] = &[
    ("config", "the project's `mocktrial.toml`"),
    ("scenario", "a scenario: `scenarios/<suite>/*.yaml`"),
    ("world", "a world: `scenarios/<suite>/worlds/*.yaml`"),
    ("criterion", "one criterion under `expect` of a scenario"),
    ("endpoint", "one endpoint under `endpoints` of `mocktrial.toml`"),
    ("protocol", "a pre-registered protocol: a TOML file for `mocktrial run --protocol`"),
];

/// The kinds of files and parts of files that have a schema, each with a line on what it is.
#[must_use]
pub fn kinds() -> &'static [(&'static str, &'static str)] {
    KINDS
}

/// The JSON Schema of a kind of [`kinds`]; `None` for any other. The same bytes every time.
#[must_use]
pub fn schema(kind: &str) -> Option<Value> {
    let mut schema = match kind {
        "config" => {
            let mut config = of::<ConfigFile>();
            for section in ["endpoints", "judges"] {
                if let Some(entry) = config.pointer_mut(&format!("/properties/{section}/additionalProperties")) {
                    *entry = endpoint_published();
                }
            }
            hoist(&mut config);
            config
        }
        "scenario" => {
            let mut scenario = of::<ScenarioFile>();
            if let Some(criterion) = scenario.pointer_mut("/$defs/Criterion") {
                *criterion = mocktrial_scoring::criterion_schema()["$defs"]["Criterion"].take();
            }
            hoist(&mut scenario);
            admit_columns(&mut scenario);
            scenario
        }
        "world" => world_schema(),
        "criterion" => mocktrial_scoring::criterion_schema(),
        "endpoint" => endpoint_published(),
        "protocol" => of::<ProtocolFile>(),
        _ => return None,
    };
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("$schema");
        map.shift_insert(0, "$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        map.entry("title").or_insert_with(|| format!("mocktrial {kind}").into());
    }
    Some(schema)
}

/// The schema of a type as it is in files: without the `null` that every optional field would take, for a key
/// without a value is a mistake there, and with the bounds of whole numbers.
fn of<T: JsonSchema>() -> Value {
    let mut schema = schemars::schema_for!(T).to_value();
    as_in_files(&mut schema);
    schema
}

fn as_in_files(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(as_in_files),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
                branches.retain(|branch| branch.get("type").is_none_or(|t| t != "null"));
                if let [Value::Object(only)] = branches.as_mut_slice() {
                    let only = std::mem::take(only);
                    map.shift_remove("anyOf");
                    for (key, value) in only {
                        map.entry(key).or_insert(value);
                    }
                }
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.shift_remove("default");
            }
            // What serde refuses, the schema refuses: it knows where, and says so in words.
            match map.get("format").and_then(Value::as_str) {
                Some("uint32") => map.insert("maximum".into(), u32::MAX.into()),
                Some("uint64") => map.insert("maximum".into(), u64::MAX.into()),
                _ => None,
            };
            map.values_mut().for_each(as_in_files);
        }
        _ => {}
    }
}

/// Moves the `$defs` of schemas put into another one to its root, where their references look for them.
fn hoist(root: &mut Value) {
    let mut found = Map::new();
    fn collect(value: &mut Value, top: bool, found: &mut Map<String, Value>) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| collect(item, false, found)),
            Value::Object(map) => {
                if !top {
                    map.shift_remove("$schema");
                    if let Some(Value::Object(defs)) = map.shift_remove("$defs") {
                        for (key, mut def) in defs {
                            collect(&mut def, false, found);
                            found.entry(key).or_insert(def);
                        }
                    }
                }
                for (_, inner) in map.iter_mut() {
                    collect(inner, false, found);
                }
            }
            _ => {}
        }
    }
    collect(root, true, &mut found);
    if let (Some(map), false) = (root.as_object_mut(), found.is_empty()) {
        let defs = map.entry("$defs").or_insert_with(|| json!({}));
        if let Some(defs) = defs.as_object_mut() {
            for (key, def) in found {
                defs.entry(key).or_insert(def);
            }
        }
    }
}

/// Lets `"${column}"` stand in a scenario's schema for whatever a row of its cases may give.
fn admit_columns(scenario: &mut Value) {
    let Some(map) = scenario.as_object_mut() else { return };
    if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, property) in properties.iter_mut().filter(|(key, _)| VALUES.contains(&key.as_str())) {
            admit_column(property);
        }
    }
    if let Some(defs) = map.get_mut("$defs").and_then(Value::as_object_mut) {
        for name in ["StepFile", "Criterion"] {
            defs.get_mut(name).into_iter().for_each(admit_within);
        }
        defs.insert(
            "Column".into(),
            json!({"type": "string", "pattern": r"^\$\{[^}]+\}$", "description": "The value of a column of `cases`."}),
        );
    }
}

/// A schema that may also be one column, and so may all within it.
fn admit_column(schema: &mut Value) {
    admit_within(schema);
    let Some(map) = schema.as_object_mut() else { return };
    let any = ["type", "enum", "const", "$ref", "anyOf", "oneOf"].iter().all(|key| !map.contains_key(*key));
    let text =
        map.get("type").is_some_and(|t| t == "string") && !map.contains_key("enum") && !map.contains_key("const");
    if any || text {
        return;
    }
    // What editors show of a property stays where they look for it.
    let mut outer = Map::new();
    for key in ["title", "description", "default"] {
        outer.extend(map.shift_remove_entry(key));
    }
    let inner = std::mem::take(map);
    outer.insert("anyOf".into(), json!([inner, {"$ref": "#/$defs/Column"}]));
    *map = outer;
}

fn admit_within(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(admit_column),
            ("items" | "additionalProperties", inner) => admit_column(inner),
            ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => branches.iter_mut().for_each(admit_within),
            _ => {}
        }
    }
}

/// Adds the properties of one schema to another, and says that there are no others.
fn join(into: &mut Value, from: Value) {
    let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) else { return };
    for key in ["properties", "$defs"] {
        if let Some(Value::Object(more)) = from.get(key) {
            let target = into.entry(key).or_insert_with(|| json!({}));
            if let Some(target) = target.as_object_mut() {
                for (name, value) in more {
                    target.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
    }
    if let Some(Value::Array(more)) = from.get("required")
        && let Some(required) = into.entry("required").or_insert_with(|| json!([])).as_array_mut()
    {
        for name in more {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
    }
    into.insert("additionalProperties".into(), Value::Bool(false));
}

fn world_schema() -> Value {
    let mut schema = of::<WorldFile>();
    let mut definition = mocktrial_world::definition_schema();
    as_in_files(&mut definition);
    join(&mut schema, definition);
    schema
}

fn endpoint_schema(beside: Value) -> Value {
    let mut schema = of::<EndpointTable>();
    join(&mut schema, beside);
    schema
}

fn model_schema() -> Value {
    of::<mocktrial_provider::ModelConfig>()
}

/// An endpoint as editors see it: every kind's keys, since `extends` may leave out any of them.
fn endpoint_published() -> Value {
    let mut schema = endpoint_schema(model_schema());
    join(&mut schema, of::<CommandTable>());
    join(&mut schema, of::<ProbeTable>());
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("required");
        map.insert("title".into(), "mocktrial endpoint".into());
    }
    schema
}

/// A compiled schema that is made on first use. `None` only if a schema of ours were broken, which a test
/// rules out.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident: $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name() -> Option<&'static Shape> {
            static SHAPE: OnceLock<Option<Shape>> = OnceLock::new();
            SHAPE.get_or_init(|| Shape::new($schema).ok()).as_ref()
        }
    )*};
}

shapes! {
    /// A scenario; its criteria are checked by their graders, after substitution.
    scenario: of::<ScenarioFile>();
    world: world_schema();
    config: of::<ConfigFile>();
    model: endpoint_schema(model_schema());
    command: endpoint_schema(of::<CommandTable>());
    probe: endpoint_schema(of::<ProbeTable>());
    protocol: of::<ProtocolFile>();
}

#[cfg(test)]
mod tests {
    use super::super::document::{Document, Format};
    use super::super::source::Source;
    use super::super::{CONFIG_FILE, Project};
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::sync::Arc;

    #[test]
    fn every_bundled_file_is_valid_against_its_published_schema() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let suite = Project::open(&root).unwrap().load().unwrap();
        let scenarios: BTreeSet<&str> = suite.scenarios.iter().map(|s| s.source.file.as_str()).collect();
        let worlds = suite.worlds.values().map(|world| ("world", world.file.as_str()));
        for (kind, file) in scenarios
            .into_iter()
            .map(|f| ("scenario", f))
            .chain(worlds)
            .chain([("config", CONFIG_FILE), ("protocol", "scenarios/protocols/bigger-is-better.toml")])
        {
            let path = root.join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            let source = Arc::new(Source::new(path.clone(), file.to_owned(), text));
            let document = Document::parse(&source, Format::of(&path).unwrap(), &mut Vec::new()).unwrap();
            let validator = jsonschema::validator_for(&schema(kind).unwrap()).unwrap();
            let errors: Vec<String> = validator.iter_errors(&document.root.to_value()).map(|e| e.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{file}");
        }
    }

    #[test]
    fn every_schema_that_files_are_checked_with_compiles() {
        let shapes = [scenario(), world(), config(), model(), command(), probe(), protocol()];
        assert!(shapes.iter().all(Option::is_some));
    }
}

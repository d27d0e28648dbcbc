//! What a tool's JSON Schema says of single arguments, as far as that is plain.

use mocktrial_trajectory::ToolSpec;
use serde_json::{Map, Value};

/// How deep values are looked into. Tools and states are files of others.
pub(super) const DEPTH: usize = 12;

/// The defaults of a schema's own properties.
pub(super) fn defaults(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().filter_map(|(key, property)| Some((key, property.get("default")?)))
}

/// A schema within a tool's, with local references followed.
#[derive(Clone, Copy)]
pub(super) struct Part<'s> {
    root: &'s Value,
    here: &'s Value,
}

impl<'s> Part<'s> {
    pub(super) fn of(tool: &'s ToolSpec) -> Self {
        Self { root: &tool.input_schema, here: &tool.input_schema }.resolved()
    }

    fn resolved(self) -> Self {
        let mut here = self.here;
        for _ in 0..DEPTH {
            let target = here.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => here = target,
                None => break,
            }
        }
        Self { here, ..self }
    }

    /// The schema of a member.
    pub(super) fn property(self, key: &str) -> Option<Self> {
        Some(Self { here: self.properties()?.get(key)?, ..self }.resolved())
    }

    pub(super) fn properties(self) -> Option<&'s Map<String, Value>> {
        self.here.get("properties")?.as_object()
    }

    /// The schema of a list's entries.
    pub(super) fn items(self) -> Option<Self> {
        Some(Self { here: self.here.get("items")?, ..self }.resolved())
    }

    /// The values it allows, where it lists them.
    pub(super) fn options(self) -> &'s [Value] {
        self.here.get("enum").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn requires(self, key: &str) -> bool {
        let required = self.here.get("required").and_then(Value::as_array);
        required.is_some_and(|keys| keys.iter().any(|k| k == key))
    }

    /// Whether any number fits its type, and not only whole ones.
    pub(super) fn takes_fractions(self) -> bool {
        self.here.get("type").is_some_and(|t| t == "number")
    }
}

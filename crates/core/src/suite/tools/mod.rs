//! Tools as their authors wrote them, from every format that is in use.
//!
//! | format | told by |
//! |---|---|
//! | OpenAI Chat Completions | `{type: function, function: {name, parameters}}` |
//! | OpenAI Responses | `{type: function, name, parameters}` |
//! | Anthropic | `{name, input_schema}` |
//! | Gemini | `functionDeclarations`, or `{name, parameters}` with upper-case types, `parametersJsonSchema` |
//! | MCP | `{name, inputSchema}`, with `outputSchema` and `annotations` |
//! | plain JSON Schema | `{title or name, type: object, properties}` |
//!
//! Each may be alone, in a list, or wrapped: `{tools: […]}`, `{result: {tools: […]}}` (a JSON-RPC response).

mod gemini;
mod references;

use super::document::{Document, Entry, Format, Kind, Node, in_words};
use super::mistake::{Mistakes, Severity};
use super::names;
use super::paths::Root;
use super::reading::Reader;
use super::source::{Source, Span, printable};
use mocktrial_trajectory::{Freeform, ToolAnnotations, ToolSpec};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The tools of a world.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    pub(crate) specs: Vec<ToolSpec>,
    /// Where each is defined.
    pub(crate) places: Vec<ToolPlace>,
    /// What reading them had to change.
    pub(crate) notes: Vec<String>,
    seen: HashMap<String, (Arc<Source>, Span)>,
}

/// Where a tool is defined.
#[derive(Debug)]
pub(crate) struct ToolPlace {
    pub(crate) source: Arc<Source>,
    name: Span,
    /// The schemas as they are written, under the names that they have in a spec.
    schemas: Vec<(&'static str, Entry)>,
}

impl ToolPlace {
    /// Where to point for something about a part of the tool's spec; for what is not written, at its name.
    pub(crate) fn span_at(&self, part: &[String]) -> Span {
        let schema = part.split_first().and_then(|(name, below)| {
            let (_, entry) = self.schemas.iter().find(|(key, _)| key == name)?;
            Some(entry.span_at(below))
        });
        schema.unwrap_or(self.name)
    }
}

/// Reads the tools of one file that belongs to no world yet; it may refer to files beside it.
///
/// # Errors
/// With every mistake in it.
pub fn read_tools(path: &Path) -> Result<Vec<ToolSpec>, Mistakes> {
    let whole = |message: String| Mistakes(vec![super::source::whole_file(&path.display().to_string(), message)]);
    let path = path.canonicalize().map_err(|e| whole(format!("it cannot be read: {e}")))?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let root = Root::new(folder).map_err(|e| whole(format!("its folder cannot be read: {e}")))?;
    let format = Format::of(&path).filter(|f| *f != Format::Toml);
    let format = format.ok_or_else(|| whole("it is neither a JSON nor a YAML file".to_owned()))?;
    let mut reader = Reader::new(root);
    let mut found = Tools::default();
    if let Some(document) = reader.document(&path, format) {
        found.collect(&mut reader, &document, &document.root);
    }
    if reader.mistakes.iter().any(|m| m.severity == Severity::Error) {
        Err(Mistakes(reader.mistakes))
    } else {
        Ok(found.specs)
    }
}

/// Tools as a JSON file that [`read_tools`] reads as the same: a list in the shape of MCP's `tools/list`, with a
/// line end.
#[must_use]
pub fn write_tools(tools: &[ToolSpec]) -> String {
    let list: Vec<Value> = tools.iter().map(written).collect();
    format!("{:#}\n", Value::Array(list))
}

fn written(tool: &ToolSpec) -> Value {
    let ToolAnnotations { title, read_only, destructive, idempotent, open_world } = &tool.annotations;
    let hints = [
        ("title", title.clone().map(Value::from)),
        ("readOnlyHint", read_only.map(Value::from)),
        ("destructiveHint", destructive.map(Value::from)),
        ("idempotentHint", idempotent.map(Value::from)),
        ("openWorldHint", open_world.map(Value::from)),
    ];
    let hints: Map<String, Value> =
        hints.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let format = tool.freeform.as_ref().and_then(|freeform| freeform.format.clone());
    let parts = [
        ("type", tool.freeform.is_some().then(|| Value::from("custom"))),
        ("name", Some(Value::from(tool.name.as_str()))),
        ("description", tool.description.clone().map(Value::from)),
        ("format", format),
        ("inputSchema", tool.freeform.is_none().then(|| tool.input_schema.clone())),
        ("outputSchema", tool.output_schema.clone()),
        ("strict", tool.strict.map(Value::from)),
        ("annotations", (!hints.is_empty()).then_some(Value::Object(hints))),
    ];
    Value::Object(parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

impl Tools {
    /// Reads the `tools` of a world file.
    pub(crate) fn read(reader: &mut Reader, world: &Document, tools: &Node) -> Self {
        let mut found = Self::default();
        found.file_or_definitions(reader, world, tools);
        found
    }

    fn file_or_definitions(&mut self, reader: &mut Reader, world: &Document, node: &Node) {
        match &node.kind {
            Kind::Scalar(Value::String(path)) => {
                if let Some(document) = reader.follow_document(&world.source, node.span, path) {
                    if document.source.path == world.source.path {
                        let mistake = world.source.mistake(node.span, "a world cannot be its own file of tools");
                        reader.mistakes.push(mistake.hint("define the tools here, or name the file that does"));
                        return;
                    }
                    let before = self.specs.len();
                    let mistakes = reader.mistakes.len();
                    self.collect(reader, &document, &document.root);
                    if self.specs.len() == before && reader.mistakes.len() == mistakes {
                        reader.mistakes.push(world.source.mistake(node.span, format!("`{path}` defines no tools")));
                    }
                }
            }
            Kind::List(items) => items.iter().for_each(|item| self.file_or_definitions(reader, world, item)),
            Kind::Map(_) => self.collect(reader, world, node),
            Kind::Scalar(_) => {}
        }
    }

    /// Adds every tool in a value.
    fn collect(&mut self, reader: &mut Reader, document: &Document, node: &Node) {
        match &node.kind {
            Kind::List(items) => items.iter().for_each(|item| self.collect(reader, document, item)),
            Kind::Map(_) => {
                let wrapped = ["tools", "functionDeclarations", "function_declarations", "functions"];
                let inner = wrapped
                    .iter()
                    .find_map(|key| node.get(key).filter(|list| matches!(list.kind, Kind::List(_))))
                    .or_else(|| node.get("result").filter(|result| result.get("tools").is_some()));
                match inner {
                    Some(inner) => self.collect(reader, document, inner),
                    None => self.definition(reader, document, node),
                }
            }
            Kind::Scalar(value) => {
                let mistake = document
                    .source
                    .mistake(node.span, format!("a tool is a map, but this is {}", in_words(value)))
                    .hint(FORMATS);
                reader.mistakes.push(mistake);
            }
        }
    }

    fn definition(&mut self, reader: &mut Reader, document: &Document, node: &Node) {
        let source = &document.source;
        let body = match (text(node, "type"), node.get("function")) {
            (_, Some(function)) if function.is_map() => function,
            (Some("custom"), _) if node.get("custom").is_some_and(Node::is_map) => node.get("custom").unwrap_or(node),
            (Some(kind), _) if !matches!(kind, "function" | "custom" | "object") => {
                let span = node.span_at(&["type".into()]);
                let mistake = source
                    .mistake(span, format!("a tool of the type `{kind}` is run by its provider and cannot be mocked"))
                    .hint("define it as a function with a JSON Schema of its arguments");
                reader.mistakes.push(mistake);
                return;
            }
            _ => node,
        };
        let Some((name, name_span)) = self.name(reader, document, body) else { return };
        let find = |keys: &[&str]| keys.iter().find_map(|key| body.entry(key));
        // Anthropic's own word for a tool of the user's is `custom` too; it has a schema.
        let freeform = (text(node, "type") == Some("custom") && find(INPUT).is_none())
            .then(|| Freeform { format: body.get("format").map(Node::to_value) });
        let input = match &freeform {
            Some(_) => Freeform::input_schema(),
            None => match self.input(reader, document, body, &name) {
                Some(input) => input,
                None => return,
            },
        };
        let written = find(OUTPUT);
        let output = written.and_then(|entry| self.schema(reader, document, entry, &name, false));
        let schemas = [("input_schema", find(INPUT)), ("output_schema", written)];
        let schemas = schemas.into_iter().filter_map(|(key, entry)| Some((key, entry?.clone()))).collect();
        let spec = ToolSpec {
            description: text(body, "description").map(str::to_owned),
            input_schema: input,
            output_schema: output,
            strict: body.get("strict").or_else(|| node.get("strict")).and_then(|s| s.to_value().as_bool()),
            freeform,
            annotations: annotations(body),
            name: name.clone(),
        };
        if let Some((first, span)) = self.seen.get(&name) {
            let mistake = source
                .mistake(name_span, format!("there are two tools named `{name}`"))
                .label(format!("the first is in {}, line {}", first.name, first.line(span.start)))
                .hint("rename or remove one of them");
            reader.mistakes.push(mistake);
            return;
        }
        self.seen.insert(name, (Arc::clone(source), name_span));
        self.places.push(ToolPlace { source: Arc::clone(source), name: name_span, schemas });
        self.specs.push(spec);
    }

    fn name(&self, reader: &mut Reader, document: &Document, body: &Node) -> Option<(String, Span)> {
        let plain_schema = body.get("properties").is_some() || text(body, "type") == Some("object");
        let entry = body.entry("name").or_else(|| plain_schema.then(|| body.entry("title")).flatten());
        let mistake = match entry.map(|entry| (entry, entry.value.as_str())) {
            Some((entry, Some(name))) => {
                let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
                if !name.is_empty() && name.len() <= 128 && name.chars().all(good) {
                    return Some((name.to_owned(), entry.value.span));
                }
                document
                    .source
                    .mistake(entry.value.span, format!("`{}` cannot be a tool's name", super::source::printable(name)))
                    .hint("a name has 1 to 128 letters, digits, `_`, `-`, `.`, `/` or `:`")
            }
            Some((entry, None)) => document.source.mistake(entry.value.span, "a tool's name must be text"),
            None => {
                let keys: Vec<&str> = body.entries().iter().map(|e| e.key.as_str()).collect();
                let message = match names::nearest("name", keys.iter().copied()) {
                    Some(near) => format!("this tool has no `name`, but `{near}`"),
                    None => "this tool has no `name`".into(),
                };
                document.source.mistake(body.span_at(&[]), message).hint(FORMATS)
            }
        };
        reader.mistakes.push(mistake);
        None
    }

    fn input(&mut self, reader: &mut Reader, document: &Document, body: &Node, name: &str) -> Option<Value> {
        if let Some(entry) = INPUT.iter().find_map(|key| body.entry(key)) {
            if matches!(entry.value.kind, Kind::Scalar(Value::Null)) {
                return Some(no_arguments());
            }
            return self.schema(reader, document, entry, name, true);
        }
        if body.get("properties").is_some() || text(body, "type") == Some("object") {
            // A plain JSON Schema: the tool is its own schema, without what says what the tool is.
            let whole = Entry { key: String::new(), key_span: body.span, value: body.clone() };
            let mut schema = self.schema(reader, document, &whole, name, true)?;
            if let Some(map) = schema.as_object_mut() {
                let named = if body.get("name").is_some() { "name" } else { "title" };
                for key in [named, "description", "annotations", "strict"].iter().chain(OUTPUT) {
                    map.shift_remove(*key);
                }
            }
            return Some(schema);
        }
        Some(no_arguments())
    }

    /// A schema of a tool, complete in itself and valid.
    fn schema(
        &mut self,
        reader: &mut Reader,
        document: &Document,
        entry: &Entry,
        name: &str,
        input: bool,
    ) -> Option<Value> {
        let source = &document.source;
        let node = &entry.value;
        if !node.is_map() {
            let message = format!(
                "`{}` of the tool `{name}` must be a JSON Schema, but is {}",
                entry.key,
                in_words(&node.to_value())
            );
            reader.mistakes.push(source.mistake(node.span, message));
            return None;
        }
        let before = reader.mistakes.len();
        let mut schema = references::inline(reader, document, node);
        if reader.mistakes.len() > before {
            return None;
        }
        if gemini::is(&schema) {
            gemini::normalise(&mut schema);
            let note = format!("{name}: `{}` is in Gemini's dialect of OpenAPI; its types were lower-cased", entry.key);
            self.notes.push(note);
        }
        if input && schema.get("type").is_none() && schema.as_object().is_some_and(Map::is_empty) {
            return Some(no_arguments());
        }
        if input && let Some(given) = schema.get("type").filter(|t| *t != "object") {
            // Some vendors and benchmarks write the types of Python.
            let hint = match given.as_str().filter(|word| !TYPES.contains(word)) {
                Some(word) => format!("`{}` is no type of JSON Schema: write `object`", printable(word)),
                None => "a model always calls with an object: put the value under a name in `properties`".to_owned(),
            };
            let mistake = source
                .mistake(
                    node.span_at(&["type".into()]),
                    format!("the arguments of the tool `{name}` must be an object"),
                )
                .hint(hint);
            reader.mistakes.push(mistake);
            return None;
        }
        for (at, message, hint) in invalid(&schema) {
            let message = format!("the schema of the tool `{name}` is not valid: {message}");
            reader.mistakes.push(source.mistake(node.span_at(&at), message).hint_if(hint));
        }
        (reader.mistakes.len() == before).then_some(schema)
    }
}

/// What formats call the schema of the arguments.
const INPUT: &[&str] = &["parameters", "inputSchema", "input_schema", "parametersJsonSchema", "parameters_json_schema"];

/// What formats call the schema of the result.
const OUTPUT: &[&str] =
    &["outputSchema", "output_schema", "responseJsonSchema", "response_json_schema", "response", "returns"];

const FORMATS: &str =
    "tools are read from OpenAI, Anthropic, Gemini and MCP definitions, and from plain JSON Schemas with a `title`";

fn no_arguments() -> Value {
    json!({"type": "object", "properties": {}})
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

fn annotations(body: &Node) -> ToolAnnotations {
    let hints = body.get("annotations");
    let flag = |key: &str| hints.and_then(|h| h.get(key)).and_then(|v| v.to_value().as_bool());
    let mcp = body.get("inputSchema").is_some();
    let title = hints.and_then(|h| text(h, "title")).or_else(|| mcp.then(|| text(body, "title")).flatten());
    ToolAnnotations {
        title: title.map(str::to_owned),
        read_only: flag("readOnlyHint"),
        destructive: flag("destructiveHint"),
        idempotent: flag("idempotentHint"),
        open_world: flag("openWorldHint"),
    }
}

/// What makes a schema no schema: where, why, and what to do.
fn invalid(schema: &Value) -> Vec<(Vec<String>, String, Option<String>)> {
    let tokens = |path: &str| path.parse::<mocktrial_trajectory::Pointer>().map(|p| p.0).unwrap_or_default();
    if schema.get("$schema").is_none() {
        let shape = jsonschema::draft202012::meta::validator();
        let mut found = Vec::<(Vec<String>, String, Option<String>)>::new();
        for error in shape.iter_errors(schema) {
            let at = tokens(error.instance_path().as_str());
            let keyword = at.last().cloned().unwrap_or_default();
            let value = in_words(&error.instance().as_ref().clone());
            let hint = error
                .instance()
                .as_str()
                .filter(|_| keyword == "type")
                .and_then(|wrong| names::nearest(wrong, TYPES.iter().copied()))
                .map(|name| format!("did you mean `{name}`?"));
            if !found.iter().any(|(place, ..)| *place == at) {
                found.push((at, format!("`{keyword}` cannot be {value}"), hint));
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    let Err(error) = jsonschema::validator_for(schema) else { return Vec::new() };
    let at = tokens(error.instance_path().as_str());
    let pattern = at.last().is_some_and(|key| key == "pattern").then(|| error.instance().as_str().map(str::to_owned));
    vec![match pattern.flatten() {
        Some(pattern) => {
            let hint = "see whether a bracket is not closed; a character such as `(` or `.` that is meant as it is takes a `\\` (two of them in JSON)";
            (at, format!("the `pattern` `{}` is not a regular expression", printable(&pattern)), Some(hint.to_owned()))
        }
        None => (at, error.to_string(), None),
    }]
}

const TYPES: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

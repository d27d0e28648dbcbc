//! The JSON Schemas of what commands print and write as JSON, from the very types that are serialised.
//!
//! A field that may be left out is not required; one that is always there is. Within a version fields are only added: who
//! reads a document passes over what it does not know.

use crate::json::Document;
use mocktrial_analysis::Summary;
use mocktrial_analysis::compare::Compared;
use mocktrial_analysis::gate::{Answer, Gated};
use mocktrial_analysis::protocol::Held;
use mocktrial_analysis::store::EpisodeRow;
use mocktrial_trajectory::{EpisodeKey, Grade, Measurements};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The kinds of documents that have a schema, with a line on each.
pub const SCHEMAS: &[(&str, &str)] = &[
    ("report", "a whole report: `--output json=PATH`"),
    ("summary", "a run's summary: `run` and `show` with `--format json`"),
    ("comparison", "what `compare --format json` prints"),
    ("gate", "what `gate --format json` prints"),
    ("episode", "an episode: `show RUN SCENARIO --format json`, and a line of `--output jsonl=PATH`"),
];

/// What a summary has beside the fields of [`Summary`].
#[derive(Serialize, JsonSchema)]
struct SummaryDocument {
    /// The exit code of the command that shows it.
    exit_code: u8,
    /// The run held against what was registered before it, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Held>,
    /// Whether what is shown was not registered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    exploratory: Option<bool>,
    #[serde(flatten)]
    summary: Summary,
}

/// How endpoints or runs differ.
#[derive(Serialize, JsonSchema)]
struct ComparisonDocument {
    /// The runs held against what was registered before them, where any was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    protocols: Vec<Held>,
    /// Whether what is shown was not registered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    exploratory: Option<bool>,
    #[serde(flatten)]
    compared: Compared,
}

/// The gates' answers.
#[derive(Serialize, JsonSchema)]
struct GateDocument {
    /// The worst of them.
    answer: Answer,
    /// Each.
    gates: Vec<Gated>,
    /// The run held against what was registered before it, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Held>,
    /// Whether what is shown was not registered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    exploratory: Option<bool>,
}

/// An episode with its whole record.
#[derive(Serialize, JsonSchema)]
struct EpisodeDocument {
    /// The run, on a line of JSON Lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// The key, on a line of JSON Lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<EpisodeKey>,
    /// Its figures.
    figures: EpisodeRow,
    /// Its trajectory: a version of its own, and events in order, each with `seq` and a `body` that has a `type`.
    #[schemars(schema_with = "trajectory")]
    trajectory: Value,
    /// What was measured.
    measurements: Measurements,
    /// What the graders said.
    grades: Vec<Grade>,
}

fn trajectory(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "required": ["version", "events"],
        "properties": {
            "version": {"const": 1},
            "events": {"type": "array", "items": {
                "type": "object",
                "required": ["seq", "body"],
                "properties": {
                    "seq": {"type": "integer", "minimum": 0},
                    "time_ms": {"type": "integer", "minimum": 0},
                    "body": {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
                }
            }}
        }
    })
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The JSON Schema of a kind of [`SCHEMAS`]; `None` for any other. The same bytes every time.
#[must_use]
pub fn schema(kind: &str) -> Option<Value> {
    let mut schema = match kind {
        "report" => of::<Document<'_>>(),
        "summary" => of::<SummaryDocument>(),
        "comparison" => of::<ComparisonDocument>(),
        "gate" => of::<GateDocument>(),
        "episode" => of::<EpisodeDocument>(),
        _ => return None,
    };
    if let Some(map) = schema.as_object_mut() {
        map.insert("title".into(), format!("mocktrial {kind}").into());
        let head = [("version", json!({"const": crate::json::REPORT_VERSION})), ("kind", json!({"const": kind}))];
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            let rest = std::mem::take(properties);
            properties.extend(
                head.into_iter()
                    .map(|(name, is)| (name.to_owned(), is))
                    .chain(rest.into_iter().filter(|(name, _)| !["version", "kind"].contains(&name.as_str())))
                    .collect::<Map<_, _>>(),
            );
        }
        if let Some(Value::Array(required)) = map.get_mut("required") {
            required.retain(|name| name != "version" && name != "kind");
            required.splice(0..0, ["version".into(), "kind".into()]);
        }
    }
    Some(schema)
}

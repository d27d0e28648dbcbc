//! The same model as JSON.

use mocktrial_analysis::{Episode, Summary};
use serde_json::{Value, json};

/// The version of the JSON of reports. Within it, fields are only added.
pub const REPORT_VERSION: u32 = 1;

/// A run's summary as JSON: `{"version", "kind": "summary", "exit_code", …}` with the fields of
/// [`Summary`]. Text is as it was written: whoever shows it escapes it.
#[must_use]
pub fn summary_json(summary: &Summary) -> Value {
    let mut out = json!({"version": REPORT_VERSION, "kind": "summary", "exit_code": summary.outcome.exit_code()});
    merge(&mut out, serde_json::to_value(summary).unwrap_or_default());
    out
}

/// An episode as JSON: `{"version", "kind": "episode", "figures", "trajectory", "measurements", "grades"}`.
#[must_use]
pub fn episode_json(episode: &Episode) -> Value {
    json!({
        "version": REPORT_VERSION,
        "kind": "episode",
        "figures": episode.row,
        "trajectory": episode.trajectory,
        "measurements": episode.measurements,
        "grades": episode.grades,
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

//! The same model as JSON.

use crate::model::{Command, Counted, Report, Standing, Statement};
use crate::output::{Make, Output, OutputError, Sources};
use mocktrial_analysis::compare::Compared;
use mocktrial_analysis::gate::Gated;
use mocktrial_analysis::protocol::Held;
use mocktrial_analysis::scaling::Front;
use mocktrial_analysis::{Episode, Provenance, Summary};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

/// The version of the JSON of reports. Within it, fields are only added.
pub const REPORT_VERSION: u32 = 1;

/// The whole report, as one document.
pub(crate) const OUTPUT: Output = Output {
    name: "json",
    about: "the whole report as one JSON document, without the episodes",
    make: Make::Text(write),
};

/// A report as JSON. Text is as it was written: whoever shows it escapes it.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct Document<'a> {
    /// The version of this form: [`REPORT_VERSION`].
    version: u32,
    /// `report`.
    kind: &'static str,
    /// How the whole stands: the worst answer of the gates, or the verdict of the only pair.
    standing: Standing,
    /// The verdicts, in sentences, with what they rest on.
    verdicts: Vec<Statement>,
    /// The whole in plain words, a sentence or two each.
    plain: Vec<String>,
    /// The runs, as `show --format json` has each.
    runs: &'a [Summary],
    /// How endpoints or runs differ, as `compare --format json` has it; `null` where nothing is compared.
    comparison: Option<&'a Compared>,
    /// For each of the comparison's pairs: what would settle it; empty where it is settled, or nobody knows.
    settle: &'a [String],
    /// The gates' answers, as `gate --format json` has each.
    gates: &'a [Gated],
    /// What the gates held a run against, where only its counts are known.
    accepted: &'a [Counted],
    /// The first run's fronts of cost and accuracy.
    fronts: &'a [Front],
    /// Runs held against what was registered before them.
    protocols: &'a [Held],
    /// Where each of the runs comes from, in the same order.
    provenance: &'a [Provenance],
    /// The files that scenarios come from, by id, as paths from the project's root.
    files: &'a BTreeMap<Arc<str>, String>,
    /// What lets it be checked.
    facts: Vec<Fact>,
    /// The commands that make this report, and act on it.
    commands: &'a [Command],
}

/// A fact, by name.
#[derive(Serialize, schemars::JsonSchema)]
struct Fact {
    /// What it is about.
    name: String,
    /// The fact.
    text: String,
}

fn write(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let document = Document {
        version: REPORT_VERSION,
        kind: "report",
        standing: report.standing(),
        verdicts: report.verdicts(),
        plain: report.plain(),
        runs: &report.runs,
        comparison: report.compared.as_ref(),
        settle: &report.settle,
        gates: &report.gates,
        accepted: &report.accepted,
        fronts: &report.fronts,
        protocols: &report.protocols,
        provenance: &report.provenance,
        files: &report.files,
        facts: report.facts().into_iter().map(|(name, text)| Fact { name, text }).collect(),
        commands: &report.commands,
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

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

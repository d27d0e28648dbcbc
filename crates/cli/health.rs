//! `mocktrial health`.

use crate::args::HealthArgs;
use crate::compare::{find, quarantine};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use jiff::{Timestamp, tz::TimeZone};
use mocktrial_analysis::Arm;
use mocktrial_analysis::health::{Held, Reliability, ScenarioHealth, health as examined};
use mocktrial_core::suite::Config;
use mocktrial_report::{REPORT_VERSION, Style, clean_line};
use mocktrial_store::{RunFile, Store};
use serde::Serialize;
use serde_json::{Value, json};

/// Rows of a list that are shown to people.
const LIST: usize = 30;

pub(crate) fn health(args: &HealthArgs, out: Out) -> Outcome {
    let project = project::here()?;
    project::warn(out, project.iter().flat_map(|project| &project.warnings));
    let config = project.as_ref().map(|project| &project.config);
    let in_quarantine = quarantine(config);
    let mut files = Vec::with_capacity(args.runs.len());
    let mut paths = Vec::new();
    for run in &args.runs {
        let path = find(run)?;
        // A run given twice would count twice.
        if !paths.contains(&path) {
            files.push(RunFile::read(&path)?);
            paths.push(path);
        }
    }
    let mut runs: Vec<(&dyn Store, Vec<Arm>)> = Vec::with_capacity(files.len());
    for file in &files {
        let mut arms = Arm::read(file)?;
        if let Some((why, arm)) = arms.iter().find_map(|arm| Some((arm.refused.as_ref()?, arm))) {
            return Err(Failure::mistake(format!(
                "{} says nothing on how scenarios fare: {}; name a run of whole scenarios",
                clean_line(&arm.run),
                clean_line(why)
            )));
        }
        arms.iter_mut().for_each(|arm| arm.quarantine(|name| in_quarantine.contains(name)));
        runs.push((file, arms));
    }
    let found = examined(&runs, &held(config)).map_err(Failure::infrastructure)?;
    if out.json() {
        out.value(&document("health", &found));
    } else {
        let style = Style { width: out.width, color: out.colour, limit: Some(LIST) };
        out.result(mocktrial_report::health(&found, &style).trim_end());
    }
    let unreliable = |s: &ScenarioHealth| s.reliability == Reliability::Unreliable;
    // What is unreliable can be known without any outcome.
    let known = found.trials > 0 || found.scenarios.iter().any(unreliable);
    Ok(if known { Exit::Done } else { Exit::Inconclusive })
}

fn held(config: Option<&Config>) -> Vec<Held> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let all = config.map_or(&[][..], |config| &config.quarantine);
    all.iter()
        .map(|q| Held {
            scenario: q.scenario.clone(),
            until: q.until.to_string(),
            why: q.why.clone(),
            over: q.is_over(today),
        })
        .collect()
}

/// A finding as one JSON document.
pub(crate) fn document(kind: &str, found: &impl Serialize) -> Value {
    let mut document = json!({"version": REPORT_VERSION, "kind": kind});
    if let (Value::Object(into), Ok(Value::Object(from))) = (&mut document, serde_json::to_value(found)) {
        into.extend(from);
    }
    document
}

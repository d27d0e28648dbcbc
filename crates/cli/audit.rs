//! `mocktrial audit`.

mod live;

use crate::args::{AuditArgs, GateArgs};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::gate::{baseline_path, read, rules};
use crate::out::Out;
use crate::project;
use mocktrial_analysis::audit::{Audit, AuditTerms, audit as audited};
use mocktrial_analysis::gate::Accepted;
use mocktrial_core::suite::Project;
use mocktrial_report::{REPORT_VERSION, Style, clean_line};
use mocktrial_trajectory::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) async fn audit(args: &AuditArgs, out: Out) -> Outcome {
    match &args.from {
        _ if args.live => live::run(args, out).await,
        Some(run) => live::from(run, args, out),
        None => simulate(args, out),
    }
}

fn simulate(args: &AuditArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    let suite = project.load_under(&[])?;
    let tags: BTreeMap<Arc<str>, Vec<String>> =
        suite.scenarios.iter().map(|s| (Arc::clone(&s.name), s.tags.iter().cloned().collect())).collect();
    let baseline = read(&baseline_path(&project, args.baseline.as_deref()), "--live")?;
    let mut found = Vec::new();
    for (endpoint, accepted) in &baseline.endpoints {
        if !args.endpoint.is_empty() && !args.endpoint.iter().any(|e| **e == **endpoint) {
            continue;
        }
        let known = accepted.scenarios.keys().map(|name| (name, name.split('~').next().unwrap_or(name)));
        let rules = rules(&project.config.gate, &known, (args.margin, args.alpha, args.scope))?;
        let terms = AuditTerms {
            rules,
            trials: args.trials,
            replications: args.replications,
            seed: args.seed.unwrap_or(42),
            effect: args.effect,
            tags: tags.clone(),
        };
        out.note(format!("{}: {} simulated gates …", clean_line(endpoint), 4 * args.replications));
        let one = audited(endpoint, accepted, &terms).map_err(Failure::mistake)?;
        let key = key(&project, accepted, (args.margin, args.alpha, args.scope))?;
        found.push((key, one));
    }
    if found.is_empty() {
        return Err(Failure::mistake("the baseline has no such endpoint"));
    }
    keep(&project, &found)?;
    if out.json() {
        let audits: Vec<&Audit> = found.iter().map(|(_, audit)| audit).collect();
        out.value(&json!({"version": REPORT_VERSION, "kind": "audit", "audits": audits}));
    } else {
        let style = Style { width: out.width, color: out.colour, limit: None };
        let texts: Vec<String> =
            found.iter().map(|(_, audit)| mocktrial_report::audit(audit, &style).trim_end().to_owned()).collect();
        out.result(texts.join("\n\n"));
    }
    let broken = found.iter().any(|(_, audit)| audit.rates.iter().any(mocktrial_analysis::audit::AuditRate::is_broken));
    Ok(if broken { Exit::Inconclusive } else { Exit::Done })
}

/// Where audits are kept, beside the runs.
fn file(project: &Project) -> PathBuf {
    let runs = project.root.join(&project.config.folders.runs);
    runs.parent().map_or_else(|| runs.clone(), std::path::Path::to_path_buf).join("audit.json")
}

type Typed = (Option<f64>, Option<f64>, Option<crate::args::ScopeArg>);

/// The hash of all that an audit rests on: the rules, and the scenarios with their counts.
fn key(project: &Project, accepted: &Accepted, typed: Typed) -> Result<String, Failure> {
    let known = accepted.scenarios.keys().map(|name| (name, name.split('~').next().unwrap_or(name)));
    let rules = rules(&project.config.gate, &known, typed)?;
    let counts: Vec<Value> = accepted.scenarios.iter().map(|(name, c)| json!([name, c.k, c.n])).collect();
    Ok(Digest::of(&json!([format!("{rules:?}"), counts])).to_string())
}

fn keep(project: &Project, found: &[(String, Audit)]) -> Result<(), Failure> {
    let path = file(project);
    let wrong = |e: std::io::Error| Failure::infrastructure(format!("{}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    let mut all = kept(project);
    all.extend(found.iter().cloned());
    let text = serde_json::to_string_pretty(&all).unwrap_or_default();
    std::fs::write(&path, text + "\n").map_err(wrong)
}

fn kept(project: &Project) -> BTreeMap<String, Audit> {
    std::fs::read_to_string(file(project)).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Why the gate is not to be believed: the last audit of these rules on these results found an error too frequent.
pub(crate) fn objection(
    project: &Project,
    accepted: &Accepted,
    args: &GateArgs,
    endpoint: &Arc<str>,
) -> Result<Option<String>, Failure> {
    let key = key(project, accepted, (args.margin, args.alpha, args.scope))?;
    let all = kept(project);
    let Some(audit) = all.get(&key).filter(|audit| audit.endpoint == *endpoint) else { return Ok(None) };
    let Some(broken) = audit.rates.iter().find(|rate| rate.is_broken()) else { return Ok(None) };
    Ok(Some(format!(
        "an audit found that this gate says {} in {:.0} of 100 cases ({:.0} at least) in which that is wrong, and {:.0} are \
         allowed; `mocktrial audit` shows it",
        broken.answer.replace('_', " "),
        100.0 * broken.rate,
        100.0 * broken.low,
        100.0 * broken.limit.unwrap_or(0.0),
    )))
}

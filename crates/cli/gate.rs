//! `mocktrial gate`.

use crate::args::GateArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::explain;
use mocktrial_analysis::gate::{Accepted, Answer, Baseline, Gated, Rules, Standard, gate as gated, run_hash};
use mocktrial_core::suite::{GateRules, GateScope, Project};
use mocktrial_report::model::{Command, Counted, Report, quoted};
use mocktrial_report::{REPORT_VERSION, Style, clean_line};
use mocktrial_store::names::resolve;
use mocktrial_store::{RunFile, Store};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) async fn gate(args: &GateArgs, out: Out) -> Outcome {
    if let Some(trials) = args.trials {
        let ran = side_by_side(args, trials, out).await?;
        if ran != Exit::Done {
            return Ok(ran);
        }
    }
    judge_run(args, out)
}

/// Runs the endpoints that are judged and the control in one run, which then is the last.
async fn side_by_side(args: &GateArgs, trials: u32, out: Out) -> Outcome {
    let endpoint = args.endpoint.iter().chain(&args.control).cloned().collect();
    let run = crate::args::RunArgs {
        endpoint,
        trials: Some(trials),
        cassettes: Some(crate::args::Cassettes::Live),
        max_cost: args.max_cost,
        yes: args.yes,
        name: Some("control".to_owned()),
        ..crate::args::RunArgs::default()
    };
    crate::run::run(run, Out { mute: true, ..out }).await
}

/// The gates' answers, and what they rest on.
struct Answered {
    gates: Vec<Gated>,
    /// What was accepted, where that is what each was held against.
    accepted: Vec<Option<Accepted>>,
}

fn judge_run(args: &GateArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    let file = RunFile::read(&run_path(&project, &args.run)?)?;
    let arms = arms_of(&project, &file)?;
    let candidates = chosen(&arms, &args.endpoint, args.control.as_deref())?;
    let found = answered(&project, &arms, &candidates, args, out)?;
    let Some(worst) = found.gates.iter().map(|g| g.answer).max() else {
        return Err(Failure::mistake("no endpoint of the run is in the baseline"));
    };
    let held = crate::protocol::held(&file)?;
    let report =
        (!args.outputs.output.is_empty()).then(|| reported(&project, file, &arms, &found, args)).transpose()?;
    if out.json() {
        let gates: Vec<Value> = found.gates.iter().map(|g| serde_json::to_value(g).unwrap_or_default()).collect();
        let mut document = json!({"version": REPORT_VERSION, "kind": "gate", "answer": worst, "gates": gates});
        if let Some(held) = held {
            document["protocol"] = serde_json::to_value(held).unwrap_or_default();
            document["exploratory"] = true.into();
        }
        out.value(&document);
    } else {
        crate::protocol::print(held.as_slice(), out);
        let style = Style { width: out.width, color: out.colour, limit: None };
        let texts: Vec<String> =
            found.gates.iter().map(|g| mocktrial_report::gated(g, &style).trim_end().to_owned()).collect();
        out.result(texts.join("\n\n"));
    }
    if let Some((report, files)) = report {
        crate::report::write(&args.outputs.output, &report, &files, out)?;
    }
    Ok(match worst {
        Answer::NoWorse => Exit::Done,
        Answer::Regressed => Exit::Failed,
        // Where every trial was kept from an outcome, it is not the data that cannot tell.
        Answer::Inconclusive if candidates.iter().all(|arm| kept_from_any(arm)) => Exit::Infrastructure,
        Answer::Inconclusive => Exit::Inconclusive,
    })
}

fn answered(
    project: &Project,
    arms: &[Arm],
    candidates: &[&Arm],
    args: &GateArgs,
    out: Out,
) -> Result<Answered, Failure> {
    let config = &project.config.gate;
    let mut found = Answered { gates: Vec::new(), accepted: Vec::new() };
    let mut add = |gate, accepted| {
        found.gates.push(gate);
        found.accepted.push(accepted);
    };
    if let Some(name) = &args.control {
        let control = one(arms, name)?;
        for &candidate in candidates {
            let standard = Standard { side_by_side: true, ..Standard::of_arm(control) };
            add(judge(candidate, &standard, None, None, args, config)?, None);
        }
    } else if let Some(run) = &args.against {
        let others = self::arms(project, run)?;
        for &candidate in candidates {
            let same = others.iter().find(|o| o.endpoint == candidate.endpoint).or(match others.as_slice() {
                [only] => Some(only),
                _ => None,
            });
            let Some(other) = same else {
                return Err(Failure::mistake(format!("{run} has no endpoint {}", clean_line(&candidate.endpoint))));
            };
            let age = age_days(&other.created);
            add(judge(candidate, &Standard::of_arm(other), None, age, args, config)?, None);
        }
    } else {
        let path = baseline_path(project, args.baseline.as_deref());
        let baseline = read(&path, "--against RUN")?;
        for &candidate in candidates {
            let Some(accepted) = baseline.endpoints.get(&candidate.endpoint) else {
                // Only what is asked for by its name must be there.
                if args.endpoint.is_empty() && arms.len() > 1 {
                    out.note(format!("{} has no endpoint {}: it is not gated", path.display(), candidate.endpoint));
                    continue;
                }
                return Err(Failure::mistake(format!(
                    "{} has no endpoint `{}`; `mocktrial accept RUN --why …` puts it there",
                    path.display(),
                    clean_line(&candidate.endpoint)
                )));
            };
            // An anchor that is the baseline itself says nothing more.
            let endpoint = &candidate.endpoint;
            let anchor = baseline.anchor.get(endpoint).filter(|a| a.run_hash != accepted.run_hash);
            let anchor = anchor.map(|a| Standard::of_accepted(a, endpoint, "anchor"));
            let standard = Standard::of_accepted(accepted, endpoint, "baseline");
            let mut one = judge(candidate, &standard, anchor.as_ref(), age_days(&accepted.ran), args, config)?;
            // A gate that is known to be wrong too often says nothing.
            if let Some(why) = crate::audit::objection(project, accepted, args, endpoint)? {
                one.answer = Answer::Inconclusive;
                one.refused.get_or_insert(why);
            }
            add(one, Some(accepted.clone()));
        }
    }
    Ok(found)
}

/// The report of a gate, with the run files that it shows: the candidate's, and those it was held against where they are
/// still here and are what was accepted. Of the others it has the counts.
fn reported(
    project: &Project,
    file: RunFile,
    arms: &[Arm],
    found: &Answered,
    args: &GateArgs,
) -> Result<(Report, Vec<RunFile>), Failure> {
    let mut files = vec![file];
    let mut all: Vec<(usize, Arm)> = arms.iter().map(|arm| (0, arm.clone())).collect();
    let mut counted = Vec::new();
    for (gate, accepted) in found.gates.iter().zip(&found.accepted) {
        let known = |all: &[(usize, Arm)]| all.iter().any(|(_, arm)| arm.run == gate.standard.run);
        if !known(&all) {
            let path = args.against.as_deref().unwrap_or(&gate.standard.run);
            let kept = run_path(project, path).ok().and_then(|path| RunFile::read(&path).ok());
            let own = kept.as_ref().and_then(|file| arms_of(project, file).ok()).unwrap_or_default();
            let same = own.iter().any(|arm| accepted.as_ref().is_none_or(|a| run_hash(arm) == a.run_hash));
            if let (Some(kept), true) = (kept, same) {
                all.extend(own.into_iter().map(|arm| (files.len(), arm)));
                files.push(kept);
            }
        }
        if let (false, Some(accepted)) = (known(&all), accepted) {
            counted.push(Counted {
                name: gate.against.clone(),
                endpoint: gate.standard.endpoint.clone(),
                run: gate.standard.run.clone(),
                scenarios: accepted.scenarios.iter().map(|(name, c)| (name.clone(), (c.k, c.n))).collect(),
            });
        }
    }
    let alpha = args.alpha.unwrap_or(project.config.gate.alpha);
    let mut report = crate::report::of_runs(&files, all.iter().map(|(run, arm)| (*run, arm)), alpha)?;
    report.gates.clone_from(&found.gates);
    report.accepted = counted;
    for gate in &mut report.gates {
        let arm = |run: &str, endpoint: &str| {
            let found = all.iter().find(|(_, arm)| arm.run == run && *arm.endpoint == *endpoint);
            found.map(|(place, arm)| (&files[*place] as &dyn Store, arm))
        };
        if let (Some(a), Some(b)) = (arm(&gate.run, &gate.endpoint), arm(&gate.standard.run, &gate.standard.endpoint)) {
            explain(&mut gate.flips, a, b, crate::compare::LIST).map_err(Failure::infrastructure)?;
        }
    }
    report.commands = commands(&report, args);
    Ok((report, files))
}

fn commands(report: &Report, args: &GateArgs) -> Vec<Command> {
    let run = report.runs.first().map(|run| quoted(&run.run.name)).unwrap_or_default();
    let mut line = format!("mocktrial gate {run}");
    for endpoint in &args.endpoint {
        line.push_str(&format!(" -e {}", quoted(endpoint)));
    }
    for (flag, value) in [("--control", &args.control), ("--against", &args.against)] {
        if let Some(value) = value {
            line.push_str(&format!(" {flag} {}", quoted(value)));
        }
    }
    let mut commands = vec![Command::new("this gate", line)];
    if args.control.is_none() && args.against.is_none() {
        commands.push(Command::new("to accept these results", format!("mocktrial accept {run} --why '…'")));
    }
    commands.push(Command::new("an episode", format!("mocktrial show {run} SCENARIO")));
    commands
}

/// Whether trials ended, and none of them with an outcome.
fn kept_from_any(arm: &Arm) -> bool {
    arm.trials().next().is_none() && arm.tasks.values().any(|task| task.missing() > 0)
}

/// The rules as configured, with what is typed outranking them. `known` are the scenarios, with their ids.
pub(crate) fn rules<'a>(
    config: &GateRules,
    known: &(impl Iterator<Item = (&'a Arc<str>, &'a str)> + Clone),
    (margin, alpha, scope): (Option<f64>, Option<f64>, Option<crate::args::ScopeArg>),
) -> Result<Rules, Failure> {
    Ok(Rules {
        margin: margin.unwrap_or(config.margin),
        anchor_margin: config.anchor_margin,
        alpha: alpha.unwrap_or(config.alpha),
        power: config.power,
        scope: scope.map_or(
            match config.scope {
                GateScope::Suite => mocktrial_analysis::compare::Scope::Suite,
                GateScope::Population => mocktrial_analysis::compare::Scope::Population,
            },
            Into::into,
        ),
        max_age_days: config.max_age_days,
        must_pass: must_pass(known, &config.must_pass)?,
        zero_tolerance: config.zero_tolerance.clone(),
        max_cost: config.max_cost,
        max_seconds: config.max_seconds,
        tags: config.tags.iter().map(|rule| (rule.tag.clone(), rule.margin)).collect(),
    })
}

fn judge(
    candidate: &Arm,
    standard: &Standard,
    anchor: Option<&Standard>,
    age_days: Option<f64>,
    args: &GateArgs,
    config: &GateRules,
) -> Result<Gated, Failure> {
    let known = candidate.tasks.iter().map(|(name, task)| (name, &*task.id));
    let rules = rules(config, &known, (args.margin, args.alpha, args.scope))?;
    gated(candidate, standard, anchor, age_days, &rules).map_err(Failure::infrastructure)
}

/// The scenarios that globs name; a glob that names none stays as it is, and so is missed.
fn must_pass<'a>(
    known: &(impl Iterator<Item = (&'a Arc<str>, &'a str)> + Clone),
    globs: &[String],
) -> Result<BTreeSet<Arc<str>>, Failure> {
    let mut names = BTreeSet::new();
    for glob in globs {
        let wrong = |e: globset::Error| Failure::mistake(format!("mocktrial.toml: gate.must_pass: `{glob}`: {e}"));
        let matcher = globset::Glob::new(glob).map_err(wrong)?.compile_matcher();
        let before = names.len();
        let meant = known.clone().filter(|(name, id)| matcher.is_match(&***name) || matcher.is_match(id));
        names.extend(meant.map(|(name, _)| Arc::clone(name)));
        if names.len() == before {
            names.insert(Arc::from(glob.as_str()));
        }
    }
    Ok(names)
}

fn run_path(project: &Project, run: &str) -> Result<PathBuf, Failure> {
    Ok(resolve(&project.root.join(&project.config.folders.runs), run)?)
}

pub(crate) fn arms(project: &Project, run: &str) -> Result<Vec<Arm>, Failure> {
    arms_of(project, &RunFile::read(&run_path(project, run)?)?)
}

fn arms_of(project: &Project, file: &RunFile) -> Result<Vec<Arm>, Failure> {
    let mut arms = Arm::read(file)?;
    let held = crate::compare::quarantine(Some(&project.config));
    arms.iter_mut().for_each(|arm| arm.quarantine(|name| held.contains(name)));
    Ok(arms)
}

/// The endpoints that are judged: those named, else all but the control.
pub(crate) fn chosen<'a>(arms: &'a [Arm], named: &[String], control: Option<&str>) -> Result<Vec<&'a Arm>, Failure> {
    if named.is_empty() {
        return Ok(arms.iter().filter(|arm| control.is_none_or(|c| *arm.endpoint != *c)).collect());
    }
    named.iter().map(|name| one(arms, name)).collect()
}

fn one<'a>(arms: &'a [Arm], name: &str) -> Result<&'a Arm, Failure> {
    arms.iter().find(|arm| *arm.endpoint == *name).ok_or_else(|| {
        let there: Vec<String> = arms.iter().map(|arm| clean_line(&arm.endpoint)).collect();
        Failure::mistake(format!("the run has no endpoint `{}`; it has {}", clean_line(name), there.join(", ")))
    })
}

fn age_days(ran: &str) -> Option<f64> {
    let then: jiff::Timestamp = ran.parse().ok()?;
    Some((jiff::Timestamp::now() - then).total(jiff::Unit::Hour).ok()? / 24.0)
}

pub(crate) fn baseline_path(project: &Project, given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| project.root.join(&project.config.gate.baseline), Path::to_owned)
}

/// A baseline; `otherwise` is what can be done without one.
pub(crate) fn read(path: &Path, otherwise: &str) -> Result<Baseline, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Failure::mistake(format!(
            "{}: {e}; `mocktrial accept RUN --why …` makes a baseline{}",
            path.display(),
            if otherwise.is_empty() { String::new() } else { format!(", and {otherwise} needs none") }
        ))
    })?;
    Baseline::from_json(&text).map_err(|e| Failure::mistake(format!("{} is no baseline: {e}", path.display())))
}

//! `mocktrial compare`.

use crate::args::CompareArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use jiff::{Timestamp, tz::TimeZone};
use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::{Compared, Terms, compare as compared, explain};
use mocktrial_analysis::protocol::Held;
use mocktrial_core::suite::Config;
use mocktrial_report::{REPORT_VERSION, Style, clean_line};
use mocktrial_store::names::resolve;
use mocktrial_store::{RunFile, Store};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Scenarios whose trajectories are looked into, and rows that are shown to people.
pub(crate) const LIST: usize = 20;

/// Runs with how their endpoints differ.
pub(crate) struct Holding {
    pub(crate) files: Vec<RunFile>,
    /// Each with the place of its run.
    pub(crate) arms: Vec<(usize, Arm)>,
    /// Which arms are held against which, as places; in the order of `found.pairs`.
    pub(crate) pairs: Vec<(usize, usize)>,
    pub(crate) found: Compared,
}

pub(crate) fn compare(args: &CompareArgs, out: Out) -> Outcome {
    let holding = holding(args, false, out)?;
    let Holding { files, found, .. } = &holding;
    let held =
        files.iter().filter_map(|file| crate::protocol::held(file).transpose()).collect::<Result<Vec<_>, _>>()?;
    if out.json() {
        out.value(&document(found, &held));
    } else {
        crate::protocol::print(&held, out);
        let style = Style { width: out.width, color: out.colour, limit: Some(LIST) };
        out.result(mocktrial_report::compared(found, &style).trim_end());
    }
    if !args.outputs.output.is_empty() {
        crate::report::write(&args.outputs.output, &crate::report::of_comparison(args, &holding)?, files, out)?;
    }
    Ok(if found.pairs.iter().all(|p| p.refused.is_some()) { Exit::Inconclusive } else { Exit::Done })
}

/// Reads runs and compares them. Where there is nothing to compare, that is a mistake, unless `alone` may be.
pub(crate) fn holding(args: &CompareArgs, alone: bool, out: Out) -> Result<Holding, Failure> {
    let mut files = Vec::with_capacity(args.runs.len());
    for run in &args.runs {
        files.push(RunFile::read(&find(run)?)?);
    }
    let mut arms: Vec<(usize, Arm)> = Vec::new();
    let project = project::here()?;
    project::warn(out, project.iter().flat_map(|project| &project.warnings));
    let held = quarantine(project.as_ref().map(|project| &project.config));
    for (place, file) in files.iter().enumerate() {
        let meant = |arm: &Arm| args.endpoint.is_empty() || args.endpoint.iter().any(|e| **e == *arm.endpoint);
        arms.extend(Arm::read(file)?.into_iter().filter(meant).map(|mut arm| {
            arm.quarantine(|name| held.contains(name));
            (place, arm)
        }));
    }
    for name in args.endpoint.iter().chain(&args.against) {
        if !arms.iter().any(|(_, arm)| *arm.endpoint == **name) {
            return Err(Failure::mistake(format!("no run has the endpoint `{}`; {}", clean_line(name), those(&arms))));
        }
    }
    let pairs = match pairs(&arms, files.len(), args.against.as_deref()) {
        Err(_) if alone => Vec::new(),
        found => found?,
    };
    let terms = Terms { scope: args.scope.into(), alpha: args.alpha };
    let borrowed: Vec<(&Arm, &Arm)> = pairs.iter().map(|(a, b)| (&arms[*a].1, &arms[*b].1)).collect();
    let all: Vec<&Arm> = arms.iter().map(|(_, arm)| arm).collect();
    let mut found = compared(&borrowed, &all, terms).map_err(Failure::infrastructure)?;
    for (comparison, (a, b)) in found.pairs.iter_mut().zip(&pairs) {
        let of = |place: &usize| {
            let (file, arm) = &arms[*place];
            (&files[*file] as &dyn Store, arm)
        };
        explain(&mut comparison.flips, of(a), of(b), LIST).map_err(Failure::infrastructure)?;
    }
    Ok(Holding { files, arms, pairs, found })
}

/// The names of the scenarios that are in quarantine today.
pub(crate) fn quarantine(config: Option<&Config>) -> BTreeSet<String> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let all = config.map_or(&[][..], |config| &config.quarantine);
    all.iter().filter(|q| !q.is_over(today)).map(|q| q.scenario.clone()).collect()
}

/// Puts into quarantine what the project keeps there; a run file outside of any project has none.
pub(crate) fn hold(arms: &mut [Arm], out: Out) -> Result<(), Failure> {
    let project = project::here()?;
    project::warn(out, project.iter().flat_map(|project| &project.warnings));
    let held = quarantine(project.as_ref().map(|project| &project.config));
    arms.iter_mut().for_each(|arm| arm.quarantine(|name| held.contains(name)));
    Ok(())
}

/// A run by path, or by name in the project's folder of runs.
pub(crate) fn find(run: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(run);
    if path.extension().is_some_and(|e| e == "sqlite") && path.is_file() {
        return Ok(path.to_owned());
    }
    let project = project::discover(&[])?;
    Ok(resolve(&project.root.join(&project.config.folders.runs), run)?)
}

fn those(arms: &[(usize, Arm)]) -> String {
    let mut names: Vec<String> = arms.iter().map(|(_, arm)| clean_line(&arm.endpoint)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) }
}

/// Which arms are held against which, as places. Within one run: every endpoint against each later one, or against the one
/// that is named. Of several runs: each later run's endpoints against those of the same name in the first; where each has
/// but one, those against each other.
fn pairs(arms: &[(usize, Arm)], runs: usize, against: Option<&str>) -> Result<Vec<(usize, usize)>, Failure> {
    let places = |run: usize| arms.iter().enumerate().filter(move |(_, (r, _))| *r == run).map(|(place, _)| place);
    let mut found = Vec::new();
    if runs < 2 {
        for a in places(0) {
            for b in places(0) {
                let wanted = match against {
                    Some(name) => *arms[b].1.endpoint == *name && a != b,
                    None => a < b,
                };
                if wanted {
                    found.push((a, b));
                }
            }
        }
        if found.is_empty() {
            return Err(Failure::mistake(format!(
                "there is nothing to compare: the run has one endpoint; name another run, or run two endpoints ({})",
                those(arms)
            )));
        }
        return Ok(found);
    }
    for run in 1..runs {
        let (first, later): (Vec<usize>, Vec<usize>) = (places(0).collect(), places(run).collect());
        for a in &later {
            let same = |b: &&usize| match against {
                Some(name) => *arms[**b].1.endpoint == *name,
                None => arms[**b].1.endpoint == arms[*a].1.endpoint,
            };
            found.extend(first.iter().find(same).map(|b| (*a, *b)));
        }
        if let ([a], [b], true) = (later.as_slice(), first.as_slice(), !found.iter().any(|(a, _)| arms[*a].0 == run)) {
            found.push((*a, *b));
        }
    }
    if found.is_empty() {
        let hint = "say with --against which endpoint of the first run is meant";
        return Err(Failure::mistake(format!("the runs share no endpoint ({}); {hint}", those(arms))));
    }
    Ok(found)
}

fn document(found: &Compared, held: &[Held]) -> Value {
    let mut document = json!({"version": REPORT_VERSION, "kind": "comparison"});
    if let (Value::Object(into), Ok(Value::Object(from))) = (&mut document, serde_json::to_value(found)) {
        into.extend(from);
        if !held.is_empty() {
            into.insert("protocols".into(), serde_json::to_value(held).unwrap_or_default());
            into.insert("exploratory".into(), true.into());
        }
    }
    document
}

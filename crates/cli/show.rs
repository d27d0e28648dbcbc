//! `mocktrial show`: a run's summary, its episodes, or one of them.

use crate::args::ShowArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_analysis::protocol::Held;
use mocktrial_analysis::{Episode, EpisodeRow, Summary, episode, summary};
use mocktrial_report::Style;
use mocktrial_store::{EpisodeRecord, RunFile, Store};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Rows that a list of the summary shows before it says how many more there are.
const LIST: usize = 20;

pub(crate) fn show(args: &ShowArgs, out: Out) -> Outcome {
    let path = crate::compare::find(&args.run)?;
    if args.scenario.is_none() && !args.episodes && (args.endpoint.is_some() || args.trial.is_some()) {
        return Err(Failure::mistake("--endpoint and --trial name an episode: say the scenario too, or --episodes"));
    }
    if args.episodes {
        return episodes(&path, args, out);
    }
    if let Some(scenario) = &args.scenario {
        return one(&path, scenario, args, out);
    }
    Ok(Shown::read(&RunFile::read(&path)?)?.print(out))
}

/// What is shown of a run: its summary, and what came of its protocol if it has one.
pub(crate) struct Shown {
    summary: Summary,
    held: Option<Held>,
}

impl Shown {
    /// Reads it from a run file, which may still be open for writing.
    pub(crate) fn read(file: &RunFile) -> Result<Self, Failure> {
        let summary = summary(file).map_err(Failure::infrastructure)?;
        Ok(Self { summary, held: crate::protocol::held(file)? })
    }

    /// Prints it and gives the exit code that its outcome means.
    pub(crate) fn print(&self, out: Out) -> Exit {
        let Self { summary, held } = self;
        if out.json() {
            let mut document = mocktrial_report::summary_json(summary);
            if let Some(held) = held {
                document["protocol"] = serde_json::to_value(held).unwrap_or_default();
            }
            out.value(&document);
        } else {
            crate::protocol::print(held.as_slice(), out);
            out.result(mocktrial_report::summary(summary, &style(out, Some(LIST))).trim_end());
        }
        match summary.outcome.exit_code() {
            0 => Exit::Done,
            3 => Exit::Infrastructure,
            _ => Exit::Incomplete,
        }
    }
}

fn style(out: Out, limit: Option<usize>) -> Style {
    Style { width: out.width, color: out.colour, limit }
}

/// Prints one episode event by event.
fn one(path: &Path, scenario: &str, args: &ShowArgs, out: Out) -> Outcome {
    let file = RunFile::read(path)?;
    let mut found: Vec<EpisodeRow> = Vec::new();
    file.each_row(&mut |row| {
        if is_meant(&row, args) {
            found.push(row);
        }
        ControlFlow::Continue(())
    })?;
    // The exact id outranks ids that only end so; of several of those, none is guessed.
    if found.iter().any(|r| *r.key.scenario_name() == *scenario) {
        found.retain(|r| *r.key.scenario_name() == *scenario);
    }
    let mut ids: Vec<Arc<str>> = found.iter().map(|r| r.key.scenario_name()).collect();
    ids.dedup();
    if ids.len() > 1 {
        return Err(Failure::mistake(format!("`{scenario}` could be any of: {}", ids.join(", "))));
    }
    let Some(row) = found.iter().find(|r| r.passed == Some(false)).or(found.first()) else {
        return Err(Failure::mistake(format!(
            "the run holds no such episode of `{scenario}`; `mocktrial show {} --episodes` lists those it has",
            args.run
        )));
    };
    let found = episode(&file, &row.key).map_err(Failure::infrastructure)?;
    let episode = found.ok_or_else(|| Failure::infrastructure("the episode is gone from the run"))?;
    print(&episode, out);
    Ok(Exit::Done)
}

/// Lists episodes, one a line, by scenario, endpoint and trial.
fn episodes(path: &Path, args: &ShowArgs, out: Out) -> Outcome {
    let file = RunFile::read(path)?;
    let mut rows = Vec::new();
    file.each_row(&mut |row| {
        if is_meant(&row, args) {
            if out.json() {
                rows.push(serde_json::to_value(&row).unwrap_or_default());
            } else {
                out.result(line(&row));
            }
        }
        ControlFlow::Continue(())
    })?;
    if out.json() {
        out.value(
            &serde_json::json!({"version": mocktrial_report::REPORT_VERSION, "kind": "episodes", "episodes": rows}),
        );
    }
    Ok(Exit::Done)
}

/// Whether an episode is one of those that the arguments name. A scenario may be shortened to the end
/// of its id.
fn is_meant(row: &EpisodeRow, args: &ShowArgs) -> bool {
    let names = [row.key.scenario_name(), Arc::clone(&row.key.scenario)];
    let is = |s: &str| names.iter().any(|id| **id == *s || id.strip_suffix(s).is_some_and(|rest| rest.ends_with('/')));
    let scenario = args.scenario.as_deref().is_none_or(is);
    scenario
        && args.endpoint.as_ref().is_none_or(|e| **e == *row.key.endpoint)
        && args.trial.is_none_or(|t| t == row.key.trial)
}

fn line(row: &EpisodeRow) -> String {
    let verdict = match row.passed {
        Some(true) => "pass",
        Some(false) => "FAIL",
        None => "none",
    };
    let why = match (&row.failed, row.end) {
        (_, end) if end != mocktrial_trajectory::EndReason::Completed => format!("  {end}"),
        (Some(failed), _) => format!("  {} {}", failed.criterion, failed.grader),
        _ => String::new(),
    };
    mocktrial_report::clean_line(&format!("{verdict}  {}{why}", row.key))
}

/// Prints an episode that was not stored.
pub(crate) fn print_episode(record: EpisodeRecord, out: Out) -> Result<(), Failure> {
    let episode = Episode::try_from(record).map_err(Failure::infrastructure)?;
    print(&episode, out);
    Ok(())
}

fn print(episode: &Episode, out: Out) {
    if out.json() {
        out.value(&mocktrial_report::episode_json(episode));
    } else {
        out.result(mocktrial_report::episode(episode, &style(out, None)).trim_end());
    }
}

//! `run --until decided` against a server whose answers are right as often as their scenario says.

use super::process::Program;
use super::run_file::{NEW, OLD};
use super::{Cell, Deadline, Options, tell};
use crate::fate::Fate;
use crate::project::{self, Responder, TOOL};
use crate::reply::{Dialect, Model};
use crate::serve;
use anyhow::Context;
use mocktrial_analysis::Arm;
use mocktrial_analysis::simulated::{ALPHA, Count, Population, Question, Said, Setting};
use mocktrial_analysis::until::{Decision, Question as Rule, Rounds};
use mocktrial_stats::Random;
use mocktrial_store::{EpisodeRow, RunFile, State, Store};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Episodes at once.
const CONCURRENCY: usize = 8;

pub(super) fn count(program: &Program, options: &Options, deadline: Deadline) -> anyhow::Result<Vec<Cell>> {
    let fate = Arc::new(Fate::default());
    let base_url = server(Arc::clone(&fate))?;
    let mut cells = Vec::new();
    let mut random = Random::new(options.seed);
    for setting in options.settings().into_iter().filter(|s| s.trials > 1) {
        let folder = tempfile::tempdir()?;
        for question in Question::all().into_iter().filter(Question::is_sequential) {
            tell(&format!("run --until decided, {setting}, {}", question.truth));
            let place = Place { program, project: folder.path(), base_url: &base_url, fate: &fate };
            place.project(setting, &question)?;
            cells.push(place.count(&question, setting, options.runs, deadline, &mut random)?);
        }
    }
    Ok(cells)
}

/// A server on a thread of its own until the process ends, and its address.
fn server(fate: Arc<Fate>) -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let within = runtime.enter();
    let listener = serve::bind(0)?;
    drop(within);
    let base_url = format!("http://{}/v1", listener.local_addr()?);
    let model = Model { tool_turns: 0, tool: TOOL.into(), fate: Some(fate) };
    std::thread::spawn(move || runtime.block_on(serve::serve(listener, model, Duration::ZERO)));
    Ok(base_url)
}

struct Place<'a> {
    program: &'a Program,
    project: &'a Path,
    base_url: &'a str,
    fate: &'a Fate,
}

impl Place<'_> {
    /// Scenarios that pass on the answer alone, and two endpoints that are told the trial's seed.
    fn project(&self, setting: Setting, question: &Question) -> anyhow::Result<()> {
        project::write(&project::Options {
            dir: self.project.to_owned(),
            scenarios: setting.scenarios,
            base_url: self.base_url.to_owned(),
            concurrency: CONCURRENCY,
            trials: setting.trials as usize,
            calls: 0,
            dialect: Dialect::Chat,
            stream: false,
            responder: Responder::Rules,
            state_bytes: 0,
        })?;
        let endpoint = |name: &str| {
            format!(
                "[endpoints.{name}]\nkind = \"chat\"\nbase_url = \"{}\"\nmodel = \"{name}\"\nparameters = {{seed = \"trial\"}}\n\
                 concurrency = {CONCURRENCY}\nprice = {{input = 0.0, output = 0.0, as_of = \"2026-01-01\"}}\n",
                self.base_url
            )
        };
        let config = format!(
            "[defaults]\ncassettes = \"live\"\n\n[gate]\nmargin = {}\nalpha = {ALPHA}\n\n{}\n{}",
            question.margin(),
            endpoint(NEW),
            endpoint(OLD)
        );
        std::fs::write(self.project.join("mocktrial.toml"), config).context("cannot write mocktrial.toml")
    }

    fn count(
        &self,
        question: &Question,
        setting: Setting,
        runs: u32,
        deadline: Deadline,
        random: &mut Random,
    ) -> anyhow::Result<Cell> {
        let population = Population::new(setting, question.scope, question.truth)?;
        let mut cell =
            Cell { question: *question, setting: setting.to_string(), count: Count::default(), agree: Some(0) };
        let path = self.project.join("simulated.sqlite");
        for number in 0..runs {
            if deadline.is_over() {
                break;
            }
            let Some(drawn) = population.draw(setting.scenarios, random)? else { continue };
            let salt = random.index(usize::MAX) as u64;
            self.fate.set(salt, [(NEW.to_owned(), drawn.after.clone()), (OLD.to_owned(), drawn.before.clone())].into());
            let (trials, seed) = (setting.trials.to_string(), number.to_string());
            let arguments =
                ["run", "-e", NEW, "-e", OLD, "-t", &trials, "--seed", &seed, "--until", "decided", "--quiet"];
            self.program.run(self.project, &arguments, &[0])?;
            let file = newest(self.project)?;
            std::fs::rename(&file, &path)?;
            let (said, agrees) = self.judged(&path, question, setting)?;
            cell.count.add(question.counts(&said, &drawn));
            cell.agree = cell.agree.map(|agree| agree + u32::from(agrees));
            std::fs::remove_file(&path)?;
        }
        Ok(cell)
    }

    /// What the run says that it decided, and whether that is what its outcomes, which are those that were drawn, decide.
    fn judged(&self, path: &Path, question: &Question, setting: Setting) -> anyhow::Result<(Said, bool)> {
        let file = RunFile::read(path)?;
        let status = file.header()?.status;
        let verdict = status.reason.split(':').next().unwrap_or_default().replace(' ', "_");
        let mut rows: Vec<EpisodeRow> = Vec::new();
        file.each_row(&mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        })?;
        let as_drawn = |row: &EpisodeRow| {
            let number = row.key.scenario.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
            row.passed.is_none_or(|passed| passed == self.fate.passes(&row.key.endpoint, number, row.seed))
        };
        let names: Vec<Arc<str>> =
            Arm::read(&file)?.first().map_or_else(Vec::new, |a| a.tasks.keys().cloned().collect());
        let decision = decided(&rows, names, question, setting.trials)?;
        let agrees = rows.iter().all(as_drawn)
            && decision.is_some_and(|d| d.answer == verdict && d.early == (status.state == State::Decided));
        Ok((Said { verdict, interval: None }, agrees))
    }
}

fn decided(
    rows: &[EpisodeRow],
    names: Vec<Arc<str>>,
    question: &Question,
    trials: u32,
) -> anyhow::Result<Option<Decision>> {
    let mut rounds = Rounds::new(names, trials, Rule::NoWorse { margin: question.margin(), alpha: ALPHA, power: 0.8 });
    let mut in_turn: Vec<&EpisodeRow> = rows.iter().collect();
    in_turn.sort_by_key(|row| row.dispatch);
    for row in in_turn {
        let key = &row.key;
        if let Some(decision) = rounds.take(&key.scenario, *key.endpoint == *NEW, key.trial, row.passed)? {
            return Ok(Some(decision));
        }
    }
    Ok(None)
}

fn newest(project: &Path) -> anyhow::Result<std::path::PathBuf> {
    let folder = project.join(".mocktrial/runs");
    Ok(mocktrial_store::names::resolve(&folder, "last")?)
}

//! `gate` and `compare` on run files whose outcomes were drawn.

use super::process::Program;
use super::run_file::{NEW, OLD, write};
use super::{Cell, Deadline, Options, tell};
use anyhow::Context;
use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::simulated::{ALPHA, Asked, Count, Population, Question, Said, Setting, Truth, shapes};
use mocktrial_stats::Random;
use serde_json::Value;
use std::path::Path;

/// Gate and comparison are asked about the same run files.
pub(super) fn count(program: &Program, options: &Options, deadline: Deadline) -> anyhow::Result<Vec<Cell>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("mocktrial.toml"), "")?;
    std::fs::create_dir_all(folder.path().join("scenarios"))?;
    let questions: Vec<Question> = Question::all().into_iter().filter(|q| !q.is_sequential()).collect();
    let mut truths: Vec<(Scope, Truth)> = Vec::new();
    for question in &questions {
        if !truths.contains(&(question.scope, question.truth)) {
            truths.push((question.scope, question.truth));
        }
    }
    let mut cells = Vec::new();
    let mut random = Random::new(options.seed);
    for setting in options.settings() {
        tell(&format!("gate and compare, {setting}"));
        for &(scope, truth) in &truths {
            let own: Vec<Question> =
                questions.iter().filter(|q| q.scope == scope && q.truth == truth).copied().collect();
            cells.extend(one(program, folder.path(), (setting, &own), options.replications, deadline, &mut random)?);
        }
    }
    Ok(cells)
}

fn one(
    program: &Program,
    project: &Path,
    (setting, questions): (Setting, &[Question]),
    replications: u32,
    deadline: Deadline,
    random: &mut Random,
) -> anyhow::Result<Vec<Cell>> {
    let fresh = |question: &Question| Cell {
        question: *question,
        setting: setting.to_string(),
        count: Count::default(),
        agree: Some(0),
    };
    let mut cells: Vec<Cell> = questions.iter().map(fresh).collect();
    let Some(first) = questions.first() else { return Ok(cells) };
    let population = Population::new(setting, first.scope, first.truth)?;
    let shapes = shapes(setting.scenarios, setting.trials);
    let (mut new, mut old) = (Arm::simulated(NEW, &shapes), Arm::simulated(OLD, &shapes));
    let path = project.join(".mocktrial/runs/simulated.sqlite");
    for _ in 0..replications {
        if deadline.is_over() {
            break;
        }
        let Some(drawn) = population.draw(setting.scenarios, random)? else { continue };
        old.draw(&drawn.before, random);
        new.draw(&drawn.after, random);
        write(&path, &new, &old)?;
        let (mut gated, mut compared) = (None, None);
        for cell in &mut cells {
            let said = match cell.question.asked {
                Asked::Differ | Asked::Covers => &mut compared,
                _ => &mut gated,
            };
            let said = match said {
                Some(said) => said,
                None => said.insert(ask(program, project, &cell.question)?),
            };
            cell.count.add(cell.question.counts(said, &drawn));
            let agrees = same(said, &cell.question.ask(&new, &old)?);
            cell.agree = cell.agree.map(|agree| agree + u32::from(agrees));
        }
        std::fs::remove_file(&path)?;
    }
    Ok(cells)
}

/// What the command says.
fn ask(program: &Program, project: &Path, question: &Question) -> anyhow::Result<Said> {
    let scope = match question.scope {
        Scope::Suite => "suite",
        Scope::Population => "population",
    };
    let (alpha, margin) = (ALPHA.to_string(), question.margin().to_string());
    match question.asked {
        Asked::Differ | Asked::Covers => {
            let arguments = ["compare", "last", "--scope", scope, "--alpha", &alpha];
            let (document, _) = program.document(project, &arguments, &[0])?;
            said(&document, "/pairs/0/verdict", "/pairs/0/delta")
        }
        _ => {
            let arguments = ["gate", "--control", OLD, "--scope", scope, "--alpha", &alpha, "--margin", &margin];
            let (document, code) = program.document(project, &arguments, &[0, 1, 5])?;
            let found = said(&document, "/answer", "/gates/0/rate/delta")?;
            // What a pipeline goes by is the exit code.
            let by_code = match code {
                0 => "no_worse",
                1 => "regressed",
                _ => "inconclusive",
            };
            anyhow::ensure!(found.verdict == by_code, "the gate says {} and ends with {code}", found.verdict);
            Ok(found)
        }
    }
}

fn said(document: &Value, verdict: &str, delta: &str) -> anyhow::Result<Said> {
    let verdict = document.pointer(verdict).and_then(Value::as_str).context("the document has no verdict")?;
    let end = |name: &str| document.pointer(delta)?.get(name)?.as_f64();
    Ok(Said { verdict: verdict.to_owned(), interval: end("low").zip(end("high")) })
}

/// Whether two say the same, numbers to the last digit but one.
fn same(process: &Said, function: &Said) -> bool {
    let close = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 1e-12 && (b - d).abs() < 1e-12;
    process.verdict == function.verdict
        && match (process.interval, function.interval) {
            (Some(one), Some(other)) => close(one, other),
            (one, other) => one == other,
        }
}

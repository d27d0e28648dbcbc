//! `audit` on baselines that were drawn: how often it finds that the gate errs.
//!
//! An audit simulates gates itself, with pass rates that its baseline leaves possible. What it counts is counted here, over
//! many baselines.

use super::process::Program;
use super::{Cell, Deadline, Options, tell};
use anyhow::Context;
use mocktrial_analysis::Arm;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::gate::{Accepted, Baseline};
use mocktrial_analysis::simulated::{ALPHA, Asked, Count, Population, Question, Setting, Truth, shapes};
use mocktrial_stats::Random;
use serde_json::Value;
use std::path::Path;

/// Baselines of each setting.
const BASELINES: usize = 4;

pub(super) fn count(program: &Program, options: &Options, deadline: Deadline) -> anyhow::Result<Vec<Cell>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("mocktrial.toml"), "")?;
    std::fs::create_dir_all(folder.path().join("scenarios"))?;
    let mut random = Random::new(options.seed);
    let mut cells = Vec::new();
    for setting in options.settings() {
        for scope in [Scope::Suite, Scope::Population] {
            tell(&format!("audit, {setting}"));
            let no_worse = if scope == Scope::Suite { 0.06 } else { 0.08 };
            let mut counts = [Count::default(); 3];
            for _ in 0..BASELINES {
                if deadline.is_over() {
                    break;
                }
                baseline(folder.path(), setting, &mut random)?;
                let found = rates(program, folder.path(), scope, options)?;
                for (count, more) in counts.iter_mut().zip(found) {
                    count.hits += more.hits;
                    count.of += more.of;
                }
            }
            let truths = [
                (Asked::NoWorse, Truth::Shift(0.05), no_worse),
                (Asked::NoWorse, Truth::Breaks(0.05), no_worse),
                (Asked::Regressed, Truth::Same, 0.06),
            ];
            for ((asked, truth, limit), count) in truths.into_iter().zip(counts) {
                let question = Question { asked, scope, truth, limit };
                cells.push(Cell { question, setting: setting.to_string(), count, agree: None });
            }
        }
    }
    Ok(cells)
}

/// Accepts what came of a draw.
fn baseline(project: &Path, setting: Setting, random: &mut Random) -> anyhow::Result<()> {
    let drawn = Population::new(setting, Scope::Suite, Truth::Same)?.draw(setting.scenarios, random)?;
    let drawn = drawn.context("nothing has to be lost")?;
    let mut arm = Arm::simulated("simulated", &shapes(setting.scenarios, setting.trials));
    arm.draw(&drawn.before, random);
    let mut baseline = Baseline::empty();
    let accepted = Accepted::of(&arm, "simulated", "2026-01-01T00:00:00Z", None);
    baseline.accept(&arm, accepted, false)?;
    std::fs::write(project.join("baseline.json"), baseline.to_json()).context("cannot write the baseline")
}

/// How often each of the three false answers was given.
fn rates(program: &Program, project: &Path, scope: Scope, options: &Options) -> anyhow::Result<[Count; 3]> {
    let scope = if scope == Scope::Suite { "suite" } else { "population" };
    let (alpha, replications) = (ALPHA.to_string(), options.audit.to_string());
    let arguments = [
        "audit",
        "--scope",
        scope,
        "--alpha",
        &alpha,
        "--margin",
        "0.05",
        "--replications",
        &replications,
        "--baseline",
        "baseline.json",
    ];
    let (document, _) = program.document(project, &arguments, &[0, 5])?;
    let all = document.pointer("/audits/0/rates").and_then(Value::as_array).context("the audit has no rates")?;
    let of = |truth: &str, answer: &str| {
        let found = all.iter().find(|rate| rate["truth"] == truth && rate["answer"] == answer)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let hits = (found["rate"].as_f64()? * f64::from(options.audit)).round() as u32;
        Some(Count { hits, of: options.audit })
    };
    Ok([
        of("margin_lost_everywhere", "no_worse").unwrap_or_default(),
        of("margin_lost_by_breaks", "no_worse").unwrap_or_default(),
        of("nothing_changed", "regressed").unwrap_or_default(),
    ])
}

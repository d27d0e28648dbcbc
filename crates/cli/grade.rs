//! `mocktrial grade`.

use crate::args::GradeArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_core::answering::{Asking, Known, Respondents};
use mocktrial_core::budget::Ledger;
use mocktrial_core::endpoints::Providers;
use mocktrial_core::regrade::{Instruments, Regraded, ask, regrade};
use mocktrial_core::suite::{Budget, Project, Scenario};
use mocktrial_provider::{CancelSource, Meter};
use mocktrial_report::clean_line;
use mocktrial_store::names::resolve;
use mocktrial_store::{RunFile, Store};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// How many changes are listed for people.
const SHOWN: usize = 20;

pub(crate) async fn grade(args: &GradeArgs, out: Out) -> Outcome {
    let paths: Vec<_> = args.suite.iter().cloned().collect();
    let project = project::discover(&paths)?;
    let path = resolve(&project.root.join(&project.config.folders.runs), &args.run)?;
    let file = if args.dry_run { RunFile::read(&path)? } else { RunFile::resume(&path)? };
    let suite = project.load_under(&paths)?;
    project::warn(out, project.warnings.iter().chain(&suite.warnings));
    let wanted: HashSet<Arc<str>> = file.scenarios()?.into_iter().map(|s| s.name()).collect();
    let scenarios: Vec<Arc<Scenario>> = suite.scenarios.into_iter().filter(|s| wanted.contains(&s.name)).collect();
    let scenarios = project::ready(scenarios).await?;
    let instruments = Instruments::new(&file, &scenarios, Known::of(&project.config))?;
    let file = Arc::new(file);
    let asked = if args.ask { Some(ask_all(args, &project, &file, &instruments, out).await?) } else { None };
    let regraded = regrade(&file, &instruments, !args.dry_run)?;
    let name = file.header()?.name;
    if let (Some(file), false) = (Arc::into_inner(file), args.dry_run) {
        crate::judge::keep_known(&project, &file, out)?;
        file.close()?;
    }
    if out.json() {
        out.value(&document(&name, &regraded, asked, args.dry_run));
    } else {
        out.result(text(&name, &regraded, asked, args.dry_run));
    }
    Ok(Exit::Done)
}

/// Asks what is not answered: how many questions were asked, and how many of them have no answer still.
async fn ask_all(
    args: &GradeArgs,
    project: &Project,
    file: &Arc<RunFile>,
    instruments: &Instruments<'_>,
    out: Out,
) -> Result<(u64, u64), Failure> {
    let providers = Arc::new(Providers::new(project, project::mode(args.cassettes), None));
    let respondents =
        Respondents::new(&project.config, &providers, instruments.gradings()).map_err(Failure::mistake)?;
    let otherwise = project.config.budget;
    let budget = Budget { cost: args.max_cost.or(otherwise.cost), tokens: args.max_tokens.or(otherwise.tokens) };
    let ledger = if budget.cost.is_some() || budget.tokens.is_some() {
        if let Some(why) = respondents.unbounded(budget) {
            return Err(Failure::mistake(why));
        }
        let store: Arc<dyn Store> = file.clone();
        Some(Ledger::open(budget, store)?)
    } else {
        None
    };
    let (switch, cancel) = CancelSource::new();
    let interrupts = tokio::spawn(crate::run::interrupts(switch, out));
    let asking = Asking { respondents, meter: ledger.clone().map(|l| l as Arc<dyn Meter>), cancel, providers };
    let asked = ask(file, instruments, &asking).await;
    interrupts.abort();
    if let Some(ledger) = &ledger {
        ledger.close();
    }
    Ok(asked?)
}

fn document(name: &str, regraded: &Regraded, asked: Option<(u64, u64)>, dry: bool) -> Value {
    let mut document = json!({"version": 1, "run": name, "kept": !dry, "regraded": regraded});
    if let Some((asked, unanswered)) = asked {
        document["questions"] = json!({"asked": asked, "unanswered": unanswered});
    }
    document
}

fn text(name: &str, regraded: &Regraded, asked: Option<(u64, u64)>, dry: bool) -> String {
    let mut text = String::new();
    if let Some((asked, unanswered)) = asked {
        let _ = writeln!(text, "asked {}, {unanswered} of them without an answer", many(asked, "question"));
    }
    let word = if dry { "would grade" } else { "graded" };
    let (episodes, changed) = (many(regraded.episodes, "episode"), regraded.changed);
    let _ = writeln!(text, "{word} {episodes} of {} anew: {changed} changed", clean_line(name));
    for (count, what) in [
        (regraded.ungraded, "with a criterion that has no grade"),
        (regraded.kept, "kept as they are: their scenario has changed, is gone, or is not meant"),
        (regraded.unreadable, "kept as they are: their trajectory cannot be read"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "  {} {what}", many(count, "episode"));
        }
    }
    for (ids, why) in [
        (&regraded.stale, "its world, state or messages are not what they were"),
        (&regraded.gone, "the suite does not have it"),
    ] {
        for id in ids {
            let _ = writeln!(text, "  {}: {why}", clean_line(id));
        }
    }
    for change in regraded.changes.iter().take(SHOWN) {
        let _ = write!(
            text,
            "\n{} · {} · {} ({}): {} → {} in {}\n  trial {}: {}\n",
            clean_line(&change.scenario),
            clean_line(&change.endpoint),
            change.criterion,
            change.grader,
            change.before,
            change.after,
            many(change.episodes, "episode"),
            change.example.trial,
            clean_line(&change.why)
        );
    }
    if regraded.changes.len() > SHOWN {
        let _ = writeln!(text, "\n… and {} more changes: --format json lists them", regraded.changes.len() - SHOWN);
    }
    let widest = regraded.endpoints.keys().map(|e| e.chars().count()).max().unwrap_or(0);
    let _ = writeln!(text, "\n{:widest$}  passed before  passed now", "endpoint");
    for (endpoint, [before, after]) in &regraded.endpoints {
        let part = |p: &mocktrial_core::regrade::Passed| format!("{}/{}", p.passed, p.of);
        let _ = writeln!(text, "{:widest$}  {:>13}  {:>10}", clean_line(endpoint), part(before), part(after));
    }
    text.trim_end().to_owned()
}

fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

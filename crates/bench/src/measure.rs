//! Runs the bare loop and the harness in turn, and weighs one against the other.

mod bench;
mod parsing;
mod processes;

use crate::project::Responder;
use crate::reply::Dialect;
use crate::report::{Bound, Line, Report};
use anyhow::Context;
use bench::{Bench, Runs, Setting};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The harness; `mocktrial` beside this program without it.
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Another loop to measure against: a command line split at spaces, in which {base_url},
    /// {port}, {episodes} and {concurrency} are filled in.
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// How many times each is run; medians are shown.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// How many scenarios in the settings against the bare loop.
    #[arg(long, default_value_t = 1000)]
    scenarios: usize,
    /// How many times the episodes, to see how time and memory grow.
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100])]
    scale: Vec<usize>,
    /// How many stored episodes are graded anew.
    #[arg(long, default_value_t = 100_000)]
    stored: usize,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Part::Ratios, Part::Start, Part::Script, Part::Dialects, Part::Parsing, Part::Grading, Part::Reporting, Part::Scale])]
    only: Vec<Part>,
    /// Where the projects and run files are written (a new folder inside); the system's place for
    /// temporary files without it.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Leave the projects, run files and logs, and say where.
    #[arg(long)]
    keep: bool,
    /// JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Against the bare loop.
    Ratios,
    /// Start-up: `--version` and one episode.
    Start,
    /// What a Starlark responder adds.
    Script,
    /// Every dialect, streamed and not, against the bare loop in Chat Completions.
    Dialects,
    /// How reading a response grows with it.
    Parsing,
    /// Grading stored episodes anew.
    Grading,
    /// Every kind of output, of as many stored episodes.
    Reporting,
    /// More episodes.
    Scale,
}

/// Scaled runs may exceed strict proportion (time) or sameness (memory) by this much before they
/// count as missed: measurements of the same thing differ by a few per cent.
const SCALE_TOLERANCE: f64 = 1.10;

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    let own = std::env::current_exe().context("cannot tell where this program is")?;
    let bin = match &options.bin {
        Some(bin) => std::path::absolute(bin)?,
        None => own.with_file_name("mocktrial"),
    };
    let folder = match &options.dir {
        Some(dir) => tempfile::Builder::new().prefix("mocktrial-bench-").tempdir_in(dir)?,
        None => tempfile::Builder::new().prefix("mocktrial-bench-").tempdir()?,
    };
    let mut report = Report { repeat: options.repeat.into(), lines: Vec::new(), notes: Vec::new() };
    if !bin.is_file() {
        report.notes.push(format!("{} is not there: only the bare loop ran", bin.display()));
    }
    let bench = Bench {
        own,
        bin,
        against: options.against.clone(),
        folder: folder.path().to_owned(),
        repeat: options.repeat.into(),
    };
    for part in &options.only {
        match part {
            Part::Ratios => ratios(&bench, options.scenarios, &mut report)?,
            Part::Start => start(&bench, &mut report)?,
            Part::Script => script(&bench, &mut report)?,
            Part::Dialects => dialects(&bench, options.scenarios, &mut report)?,
            Part::Parsing => parsing::measure(bench.repeat, &mut report)?,
            Part::Grading => grading(&bench, options.stored, &mut report)?,
            Part::Reporting => reporting(&bench, options.stored, &mut report)?,
            Part::Scale => scale(&bench, options, &mut report)?,
        }
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.to_text());
    }
    if options.keep {
        eprintln!("kept in {}", folder.keep().display());
    }
    Ok(())
}

fn ratios(bench: &Bench, scenarios: usize, report: &mut Report) -> anyhow::Result<()> {
    for (latency_ms, connections) in [(0, 100), (100, 1000)] {
        let setting = Setting { latency_ms, connections, scenarios, ..Setting::default() };
        let (bare, harness) = bench.side_by_side(&setting)?;
        let place = format!("{latency_ms} ms × {connections}");
        let wall = if latency_ms == 0 { Bound { limit: 4.0, goal: Some(2.0) } } else { Bound::at_most(1.15) };
        let mut add = |what: &str, unit, of: fn(&Runs) -> Option<f64>, bound| {
            let line = Line::ratio(format!("{what}, {place}"), unit, of(&bare), of(&harness), bound);
            report.lines.push(line.with_fault(bare.fault().or(harness.fault())));
        };
        let twice = Bound { limit: 4.0, goal: Some(2.0) };
        add("CPU per model call", "ms", Runs::cpu_ms_per_request, twice);
        add("wall", "ms", Runs::wall_ms, wall);
        if connections == 1000 {
            add("peak memory", "MB", Runs::peak_mb, Bound::at_most(1.5));
        }
        report.notes.extend(harness.last_words.map(|words| format!("{place}: {words}")));
    }
    Ok(())
}

/// The bare loop does not stream: what a stream costs beside it is shown, but only whole answers are judged.
fn dialects(bench: &Bench, scenarios: usize, report: &mut Report) -> anyhow::Result<()> {
    for dialect in Dialect::ALL {
        for stream in [false, true] {
            let setting = Setting { dialect, stream, scenarios, ..Setting::default() };
            let (bare, harness) = bench.side_by_side(&setting)?;
            let what = format!("{}{}", dialect.word(), if stream { " streamed" } else { "" });
            let fault = bare.fault().or(harness.fault());
            let (one, other) = (bare.cpu_ms_per_request(), harness.cpu_ms_per_request());
            let line = Line::ratio(format!("CPU per model call, {what}"), "ms", one, other, Bound::at_most(4.0));
            if stream && fault.is_none() {
                let times = line.measured.map_or_else(|| "not measured".to_owned(), |times| format!("{times:.2} ×"));
                report.notes.push(format!("CPU per model call, {what}: {times} the bare loop, which does not stream"));
            } else {
                report.lines.push(line.with_fault(fault));
            }
        }
    }
    Ok(())
}

fn start(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let version = bench.version()?;
    report
        .lines
        .push(Line::absolute("--version", "ms", version.wall_ms(), Bound::at_most(20.0)).with_fault(version.fault()));
    let one = Setting { connections: 1, scenarios: 1, ..Setting::default() };
    let one = bench.harness_alone(&one, 10)?;
    report.lines.push(
        Line::absolute("a run of one episode", "ms", one.wall_ms(), Bound::at_most(50.0)).with_fault(one.fault()),
    );
    Ok(())
}

/// The difference between a Starlark function and a rule that does the same, per tool call.
fn script(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    for (state_bytes, size) in [(1_000, "1 kB"), (1_000_000, "1 MB")] {
        // Few scenarios and many trials, so that what is done once a scenario does not blur it.
        let setting = |responder| Setting {
            connections: 20,
            scenarios: 50,
            trials: 40,
            responder,
            state_bytes,
            ..Setting::default()
        };
        let (rules, script) = bench.in_turn(&setting(Responder::Rules), &setting(Responder::Script))?;
        let added =
            script.cpu_us_per_tool_call().zip(rules.cpu_us_per_tool_call()).map(|(script, rules)| script - rules);
        let what = format!("a Starlark responder adds, {size} of state");
        report.lines.push(
            Line::absolute(what, "µs a call", added, Bound::at_most(20.0)).with_fault(rules.fault().or(script.fault())),
        );
        if let (Some(rules), Some(script)) = (rules.cpu_us_per_tool_call(), script.cpu_us_per_tool_call()) {
            report.notes.push(format!(
                "{size} of state: all CPU of the run by its tool calls is {rules:.0} µs with \
                 rules, {script:.0} µs with Starlark"
            ));
        }
    }
    Ok(())
}

fn grading(bench: &Bench, stored: usize, report: &mut Report) -> anyhow::Result<()> {
    let scenarios = 100.min(stored);
    let setting = Setting { scenarios, trials: stored / scenarios, calls: 6, ..Setting::default() };
    let (same, other) = bench.grading(&setting)?;
    let episodes = setting.scenarios * setting.trials;
    for (what, runs) in [("grades as before", same), ("every grade new", other)] {
        let what = format!("{episodes} episodes graded anew, {what}");
        // Ten seconds for a hundred thousand.
        let bound = Bound::at_most(episodes as f64 * 0.1);
        report.lines.push(Line::absolute(what.clone(), "ms", runs.wall_ms(), bound).with_fault(runs.fault()));
        if let Some(peak) = runs.peak_mb() {
            report.notes.push(format!("{what}: {peak:.0} MB at most"));
        }
    }
    Ok(())
}

/// Five seconds for a hundred thousand episodes, whatever is written of them.
fn reporting(bench: &Bench, stored: usize, report: &mut Report) -> anyhow::Result<()> {
    let scenarios = 100.min(stored);
    let setting = Setting { scenarios, trials: stored / scenarios, calls: 6, ..Setting::default() };
    let episodes = setting.scenarios * setting.trials;
    for (kind, runs) in bench.reporting(&setting)? {
        let what = format!("{episodes} episodes as {kind}");
        let bound = Bound::at_most(episodes as f64 * 0.05);
        report.lines.push(Line::absolute(what.clone(), "ms", runs.wall_ms(), bound).with_fault(runs.fault()));
        if let Some(peak) = runs.peak_mb() {
            report.notes.push(format!("{what}: {peak:.0} MB at most"));
        }
    }
    Ok(())
}

fn scale(bench: &Bench, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let setting = |trials| Setting { scenarios: options.scenarios, trials, ..Setting::default() };
    let once = bench.harness_alone(&setting(1), bench.repeat)?;
    for &factor in &options.scale {
        let more = bench.harness_alone(&setting(factor), 1)?;
        let fault = once.fault().or(more.fault());
        let proportional = once.wall_ms().map(|wall| wall * factor as f64);
        let mut add = |what: &str, unit, expected, found| {
            let mut line = Line::ratio(
                format!("{factor} × the episodes: {what}"),
                unit,
                expected,
                found,
                Bound::at_most(SCALE_TOLERANCE),
            );
            // What it is compared with is the harness's own run, not the bare loop.
            line.bare = None;
            report.lines.push(line.with_fault(fault.clone()));
        };
        add(&format!("time by {factor} × that of one"), "ms", proportional, more.wall_ms());
        add("memory by that of one", "MB", once.peak_mb(), more.peak_mb());
    }
    Ok(())
}

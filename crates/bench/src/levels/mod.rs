//! Whether the commands hold their level: `gate`, `compare`, `run --until decided` and `audit` as processes, asked about
//! endpoints whose truth is known.
//!
//! `mocktrial-analysis` has the same simulation of the functions behind them, for all settings and many more replications
//! (`--example simulate`). Here the verdict of each process is held against that of the function on the same trials: where
//! they always agree, what was found of the functions is true of the commands.

mod audit;
mod commands;
mod process;
mod run_file;
mod until;

use anyhow::{Context, bail};
use clap::ValueEnum;
use mocktrial_analysis::simulated::{Count, Question, Setting};
use process::Program;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The harness; built with `cargo build --release`.
    #[arg(long, default_value = "target/release/mocktrial")]
    mocktrial: PathBuf,
    /// How often each truth is drawn in each setting for `gate` and `compare`.
    #[arg(long, default_value_t = 200)]
    replications: u32,
    /// How often for `run --until decided`, which runs its episodes against a server.
    #[arg(long, default_value_t = 50)]
    runs: u32,
    /// How many simulated gates an audit holds for each truth.
    #[arg(long, default_value_t = 500)]
    audit: u32,
    /// How many settings.
    #[arg(long, value_enum, default_value_t = Settings::Few)]
    settings: Settings,
    /// Which commands.
    #[arg(long, value_delimiter = ',', default_values_t = Part::ALL)]
    only: Vec<Part>,
    /// What decides the draws.
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// No new draws of a part after so many seconds: its figures then have fewer replications.
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Settings {
    /// Five of them, from the smallest and sparsest on.
    Few,
    /// All 54.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `gate` and `compare` on run files.
    Commands,
    /// `run --until decided` against a server.
    Until,
    /// `audit` on baselines.
    Audit,
}

impl Part {
    const ALL: [Part; 3] = [Part::Commands, Part::Until, Part::Audit];
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Part::Commands => "commands",
            Part::Until => "until",
            Part::Audit => "audit",
        };
        f.write_str(word)
    }
}

impl Options {
    fn settings(&self) -> Vec<Setting> {
        let few = [(30, 0.97, 1.0, 1), (30, 0.9, 4.0, 3), (60, 0.6, 1.0, 8), (60, 0.6, 4.0, 1), (150, 0.97, 1.0, 1)];
        match self.settings {
            Settings::All => Setting::all(),
            Settings::Few => few
                .into_iter()
                .map(|(scenarios, mean, spread, trials)| Setting { scenarios, mean, spread, trials })
                .collect(),
        }
    }
}

/// When a part has to end.
#[derive(Clone, Copy)]
struct Deadline(Instant);

impl Deadline {
    fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// What came of a question in a setting.
struct Cell {
    question: Question,
    /// In words.
    setting: String,
    count: Count,
    /// Replications in which process and function said the same; `None` where an audit counted for itself.
    agree: Option<u32>,
}

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    let path = options.mocktrial.canonicalize().with_context(|| options.mocktrial.display().to_string())?;
    let program = Program::new(path);
    let mut cells = Vec::new();
    for part in &options.only {
        let deadline = Deadline(Instant::now() + Duration::from_secs(options.seconds));
        match part {
            Part::Commands => cells.extend(commands::count(&program, options, deadline)?),
            Part::Until => cells.extend(until::count(&program, options, deadline)?),
            Part::Audit => cells.extend(audit::count(&program, options, deadline)?),
        }
    }
    print!("{}", table(&cells));
    let differing: u32 = cells.iter().filter_map(|cell| Some(cell.count.of - cell.agree?)).sum();
    if differing > 0 {
        bail!("in {differing} replications the process said something else than the function");
    }
    Ok(())
}

fn tell(text: &str) {
    eprintln!("{text} …");
}

/// A line for each question over all its settings, then one for each setting, worst first.
fn table(cells: &[Cell]) -> String {
    let mut out = String::from("| what | settings | replications | rate, % | limit | process = function |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    let of = |cell: &Cell| (cell.question, cell.agree.is_none());
    let mut groups: Vec<(Question, bool)> = Vec::new();
    for cell in cells {
        if !groups.contains(&of(cell)) {
            groups.push(of(cell));
        }
    }
    for group in groups {
        let question = group.0;
        let mut own: Vec<&Cell> = cells.iter().filter(|cell| of(cell) == group && cell.count.of > 0).collect();
        let badness = |cell: &Cell| if question.is_least() { -cell.count.rate() } else { cell.count.rate() };
        own.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        let (mut all, mut agree) = (Count::default(), (!group.1).then_some(0));
        for cell in &own {
            all.hits += cell.count.hits;
            all.of += cell.count.of;
            agree = agree.zip(cell.agree).map(|(a, b)| a + b);
        }
        line(&mut out, &question, &format!("all {}", own.len()), all, agree);
        for cell in own {
            line(&mut out, &question, &cell.setting, cell.count, cell.agree);
        }
    }
    out
}

fn line(out: &mut String, question: &Question, setting: &str, count: Count, agree: Option<u32>) {
    let p = |x: f64| format!("{:.1}", 100.0 * x);
    let ((low, high), sign) = (count.interval(), if question.is_least() { "≥" } else { "≤" });
    let _writing_to_a_string = writeln!(
        out,
        "| {}{question} | {setting} | {} | {} ({} to {}) | {sign} {} | {} |",
        if agree.is_some() { "" } else { "audit of a " },
        count.of,
        p(count.rate()),
        p(low),
        p(high),
        p(question.limit),
        agree.map_or_else(|| "–".to_owned(), |agree| format!("{agree} of {}", count.of)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_analysis::compare::Scope;
    use mocktrial_analysis::simulated::{Asked, Truth};

    #[test]
    fn the_table_has_a_line_for_all_settings_and_then_the_worst_first() {
        let question = Question { asked: Asked::Covers, scope: Scope::Suite, truth: Truth::Same, limit: 0.93 };
        let cell = |setting: &str, hits| Cell {
            question,
            setting: setting.to_owned(),
            count: Count { hits, of: 100 },
            agree: Some(100),
        };
        let text = table(&[cell("good", 99), cell("bad", 90)]);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines[0],
            "| compare, suite: the interval holds the truth, nothing changed | all 2 | 200 | 94.5 (90.4 to 97.2) | ≥ 93.0 | 200 of 200 |"
        );
        assert!(lines[1].contains("| bad |") && lines[2].contains("| good |"), "{text}");
    }
}

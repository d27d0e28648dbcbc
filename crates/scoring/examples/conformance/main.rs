//! Whether peers' scorers, rebuilt in `mocktrial_scoring::compatibility`, agree with verdicts of the originals.
//!
//! ```text
//! cargo run --release -p mocktrial-scoring --example conformance -- bfcl ITEMS CASES... [--measure]
//! cargo run --release -p mocktrial-scoring --example conformance -- match CASES...
//! cargo run --release -p mocktrial-scoring --example conformance -- metrics CASES...
//! ```
//!
//! All files are JSON lines, gzipped or plain. The last line printed is `agree X/Y`, with ` skipped Z` behind it where
//! cases do not apply; before it, the first ten that disagree. The exit code is 0 where all agree, 1 where any
//! does not, and 2 where a file cannot be read.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

mod bfcl;
mod matching;
mod metrics;
mod read;
mod tally;

use read::Problem;
use std::process::ExitCode;
use tally::Tally;

/// A subcommand: its name, what follows it, and what it does with that.
type Subcommand = (&'static str, &'static str, fn(&[String]) -> Result<Tally, Problem>);

const SUBCOMMANDS: &[Subcommand] = &[
    ("bfcl", "ITEMS CASES... [--measure]", bfcl::run),
    ("match", "CASES...", matching::run),
    ("metrics", "CASES...", metrics::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let found = arguments.split_first().and_then(|(name, rest)| {
        let (.., run) = SUBCOMMANDS.iter().find(|(known, ..)| known == name)?;
        Some(run(rest))
    });
    match found {
        Some(Ok(tally)) => tally.finish(),
        Some(Err(problem)) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
        None => {
            for (name, arguments, _) in SUBCOMMANDS {
                eprintln!("usage: conformance {name} {arguments}");
            }
            ExitCode::from(2)
        }
    }
}

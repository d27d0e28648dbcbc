//! What the harness itself costs, and whether its verdicts hold.
//!
//! A mock API server on loopback (`serve`), the loop a programmer writes in ten minutes
//! (`bare`), a project for `mocktrial` that does the same calls and everything the harness is
//! for (`suite`), and `measure`, which runs both in turn and prints their ratios beside the goals. `levels` asks the commands about
//! endpoints whose truth is known, and counts how often they err.

#![allow(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bare;
mod child;
mod fate;
mod figures;
mod http;
mod levels;
mod limits;
mod measure;
mod project;
mod reply;
mod report;
mod serve;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "mocktrial-bench",
    about = "Measures what mocktrial itself costs, beside a bare loop over the same episodes."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A mock server of every dialect on 127.0.0.1, until it is stopped.
    Serve(serve::Options),
    /// The same episodes by a bare loop: no validation, record, grading or store.
    Bare(bare::Options),
    /// Writes a project for mocktrial that does these episodes.
    Suite(project::Options),
    /// Runs bare loop and harness in turn, and prints their ratios beside the goals.
    Measure(measure::Options),
    /// Asks the harness about simulated endpoints whose truth is known, and counts how often it errs.
    Levels(levels::Options),
    /// Runs one command, waits, and writes what it took as JSON (`measure` uses it).
    Child(child::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve(options) => serve::main(&options),
        Command::Bare(options) => bare::main(&options),
        Command::Suite(options) => project::main(&options),
        Command::Measure(options) => measure::main(&options),
        Command::Levels(options) => levels::main(&options),
        Command::Child(options) => child::main(&options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}

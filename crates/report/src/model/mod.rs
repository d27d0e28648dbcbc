//! The one model that every report is made from.
//!
//! [`Report`] holds what `analysis` found. What a report says of it (verdicts in sentences, tables, plain words, what was
//! done) is worked out here, once, as text without any markup: a format lays it out and escapes it, and words nothing itself.
//! So no two formats can disagree.

mod done;
pub(crate) mod pairs;
mod plain;
mod sheet;
pub(crate) mod tables;
mod verdict;

pub use done::{Command, quoted};
pub(crate) use pairs::{parts, rule_word};
pub use sheet::{Column, Datum, Sheet, Standing};
pub(crate) use verdict::best;
pub use verdict::{Effect, Statement};

use mocktrial_analysis::compare::{Compared, Side};
use mocktrial_analysis::gate::{Answer, Gated};
use mocktrial_analysis::protocol::Held;
use mocktrial_analysis::scaling::Front;
use mocktrial_analysis::{Provenance, Summary, compare::PairVerdict};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that reports are made from.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The runs, in the order given.
    pub runs: Vec<Summary>,
    /// Where each of them comes from, in the same order.
    pub provenance: Vec<Provenance>,
    /// How endpoints or runs differ; `None` where there is but one, or where a gate answers.
    pub compared: Option<Compared>,
    /// For each of the comparison's pairs: what would settle it, in a sentence; empty where it is settled.
    pub settle: Vec<String>,
    /// The gates' answers; empty where none was asked.
    pub gates: Vec<Gated>,
    /// What the gates held the run against, where its episodes are not among `runs`: its counts alone.
    pub accepted: Vec<Counted>,
    /// The first run's cost–accuracy fronts.
    pub fronts: Vec<Front>,
    /// Runs held against what was registered before them.
    pub protocols: Vec<Held>,
    /// The files that scenarios come from, by id, as paths from the project's root; empty where there is no project.
    pub files: BTreeMap<Arc<str>, String>,
    /// The commands that make this report, and act on it.
    pub commands: Vec<Command>,
}

/// Results of which only the counts are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// What they are called, such as `the baseline of 2026-11-23`.
    pub name: String,
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The run they came from.
    pub run: String,
    /// Trials passed of those that count, by scenario.
    pub scenarios: BTreeMap<Arc<str>, (u32, u32)>,
}

impl Report {
    /// What an endpoint of a run is called: with its run, where there are several.
    pub(crate) fn arm(&self, run: usize, endpoint: &str) -> String {
        match self.runs.get(run) {
            Some(summary) if self.runs.len() > 1 => format!("{endpoint} ({})", summary.run.name),
            _ => endpoint.to_owned(),
        }
    }

    /// What a side of a comparison is called.
    pub(crate) fn side(&self, side: &Side) -> String {
        let run = self.runs.iter().position(|r| r.run.name == side.run).unwrap_or(0);
        self.arm(run, &side.endpoint)
    }
}

impl From<Answer> for Standing {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::NoWorse => Self::Good,
            Answer::Inconclusive => Self::Open,
            Answer::Regressed => Self::Bad,
        }
    }
}

impl From<PairVerdict> for Standing {
    fn from(verdict: PairVerdict) -> Self {
        match verdict {
            PairVerdict::Better => Self::Good,
            PairVerdict::Worse => Self::Bad,
            PairVerdict::Undecided => Self::Open,
        }
    }
}

//! Tables as data: every format lays the same cells out in its own way.

use crate::number::{percent, points};
use mocktrial_analysis::Estimate;
use serde::Serialize;

/// How something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Passed, kept, better, no worse.
    Good,
    /// Failed, broken, worse, regressed.
    Bad,
    /// Undecided, inconclusive, infrastructure.
    Open,
    /// Neither.
    #[default]
    None,
}

/// A cell. Its text is as it was written: whoever lays it out escapes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// Nothing to be said here.
    Blank,
    /// A name: of an endpoint, a scenario, a tag.
    Name(String),
    /// Words.
    Text(String),
    /// A number in its unit.
    Figure(String),
    /// A rate from 0 to 1, with its interval.
    Rate(Estimate),
    /// A difference of rates from −1 to 1, with its interval.
    Difference(Estimate),
    /// Trials passed of those that count, and trials that do not count.
    Trials(u32, u32, u32),
    /// A verdict, in a word or two.
    Verdict(Standing, String),
}

impl Datum {
    /// It in plain text, without colours or markup.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Name(t) | Self::Text(t) | Self::Figure(t) | Self::Verdict(_, t) => t.clone(),
            Self::Rate(e) => format!("{} % ({}–{} %)", percent(e.value), percent(e.low), percent(e.high)),
            Self::Difference(e) => format!("{} ({} to {})", points(e.value), points(e.low), points(e.high)),
            Self::Trials(k, n, 0) => format!("{} {k}/{n}", self.sign()),
            Self::Trials(k, n, excluded) => format!("{} {k}/{n} +{excluded}?", self.sign()),
        }
    }

    /// `✓` where all trials passed, `✗` where none did, `~` where some did, `?` where none counts; else nothing.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self {
            Self::Trials(_, 0, _) => "?",
            Self::Trials(k, n, _) if k == n => "✓",
            Self::Trials(0, ..) => "✗",
            Self::Trials(..) => "~",
            _ => "",
        }
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self {
            Self::Verdict(standing, _) => *standing,
            Self::Trials(k, n, _) if *n > 0 && k == n => Standing::Good,
            Self::Trials(0, n, _) if *n > 0 => Standing::Bad,
            Self::Trials(..) => Standing::Open,
            _ => Standing::None,
        }
    }
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What stands over it.
    pub head: String,
    /// Whether it holds numbers, and is set to the right.
    pub numbers: bool,
}

impl Column {
    pub(crate) fn of(head: impl Into<String>) -> Self {
        Self { head: head.into(), numbers: false }
    }

    pub(crate) fn numbers(head: impl Into<String>) -> Self {
        Self { head: head.into(), numbers: true }
    }
}

impl Sheet {
    /// What is to be known to read it, in one text; empty where there is nothing.
    #[must_use]
    pub fn legend(&self) -> String {
        if self.notes.is_empty() { String::new() } else { format!("{}.", self.notes.join("; ").trim_end_matches('.')) }
    }
}

/// A table: its first column says what a row is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// A word for it, in file names and labels: `endpoints`.
    pub name: &'static str,
    /// What it shows, in words.
    pub title: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, as long as `columns`.
    pub rows: Vec<Vec<Datum>>,
    /// What is to be known to read it.
    pub notes: Vec<String>,
}

//! Kinds of output: what `--output KIND=PATH` can write.
//!
//! Each format is a module with one constant; a line of [`OUTPUTS`] registers it.

use crate::model::Report;
use crate::{annotations, csv, html, json, jsonl, junit, markdown, paper};
use mocktrial_analysis::EpisodeTexts;
use mocktrial_analysis::store::{Store, StoreError};
use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Every kind, in the order in which help lists them.
pub const OUTPUTS: &[&Output] = &[
    &html::OUTPUT,
    &json::OUTPUT,
    &jsonl::OUTPUT,
    &csv::EPISODES,
    &csv::SCENARIOS,
    &csv::ENDPOINTS,
    &csv::DIFFERENCES,
    &junit::OUTPUT,
    &junit::STRICT,
    &annotations::OUTPUT,
    &markdown::COMMENT,
    &markdown::SUMMARY,
    &paper::PAPER,
    &paper::LATEX,
    &paper::FIGURES,
    &paper::METHODS,
];

/// A kind of output.
pub struct Output {
    /// What it is called: `html`.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// How it is made.
    pub make: Make,
}

/// How an output is made.
pub enum Make {
    /// As one text, which may also go to standard output.
    Text(fn(&Report, &Sources<'_>, &mut dyn Write) -> Result<(), OutputError>),
    /// As one text that is added to what the file holds already.
    Added(fn(&Report, &Sources<'_>, &mut dyn Write) -> Result<(), OutputError>),
    /// As a file with others beside it, or as a folder.
    Files(fn(&Report, &Sources<'_>, &Path) -> Result<(), OutputError>),
}

/// Where the episodes behind a report are read.
pub struct Sources<'a> {
    /// The runs, in the order of [`Report::runs`].
    pub stores: Vec<&'a dyn Store>,
    /// How large they are together, in bytes.
    pub bytes: u64,
}

/// Writes every episode of a run, until one cannot be written.
pub(crate) fn each_episode(
    store: &dyn Store,
    write: &mut dyn FnMut(&EpisodeTexts<'_>) -> io::Result<()>,
) -> Result<(), OutputError> {
    let mut broken = None;
    store.each_text(&mut |episode| match write(&episode) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            broken = Some(error);
            ControlFlow::Break(())
        }
    })?;
    broken.map_or(Ok(()), |error| Err(error.into()))
}

/// Why an output could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// A run could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
}

impl Output {
    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        OUTPUTS.iter().copied().find(|o| o.name.eq_ignore_ascii_case(name))
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("runs", &self.stores.len()).field("bytes", &self.bytes).finish()
    }
}

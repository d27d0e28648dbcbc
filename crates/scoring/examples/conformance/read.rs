//! Files of JSON lines, gzipped or plain.

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::Read;

/// Why a file is of no use: which, where in it, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{path}: {source}: give the path of a file of JSON lines, gzipped or plain")]
    File { path: String, source: std::io::Error },
    #[error("{path}:{line}: {what}")]
    Line { path: String, line: usize, what: String },
    #[error("{0}")]
    Usage(String),
}

/// A file's whole text.
pub(crate) struct Lines {
    pub(crate) path: String,
    text: String,
}

impl Lines {
    pub(crate) fn read(path: &str) -> Result<Self, Problem> {
        let file = |source| Problem::File { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(file)?;
        let mut text = String::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(file)?;
        } else {
            bytes.as_slice().read_to_string(&mut text).map_err(file)?;
        }
        Ok(Self { path: path.to_owned(), text })
    }

    /// The lines with their numbers, from 1; empty ones are left out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.split('\n').enumerate().map(|(at, line)| (at + 1, line.trim_ascii()));
        lines.filter(|(_, line)| !line.is_empty())
    }

    pub(crate) fn problem(&self, line: usize, what: &dyn std::fmt::Display) -> Problem {
        Problem::Line { path: self.path.clone(), line, what: format!("{what}") }
    }
}

/// A member of a row.
pub(crate) fn field<'r>(row: &'r Value, name: &str) -> Result<&'r Value, String> {
    row.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

/// A member of a row that is a text.
pub(crate) fn text<'r>(row: &'r Value, name: &str) -> Result<&'r str, String> {
    field(row, name)?.as_str().ok_or_else(|| format!("`{name}` is no text"))
}

//! Tables for spreadsheets and data frames: RFC 4180, with a header row.
//!
//! Numbers are plain, with a point and without grouping; truth is 1 or 0; an empty cell is unknown, never 0. What a cell may
//! hold that is text: see [`cell`].

mod cell;
mod endpoints;
mod episodes;
mod scenarios;

use crate::output::{Make, Output, OutputError};
use cell::Cell;
use std::io::Write;

/// A row per episode.
pub(crate) const EPISODES: Output = Output {
    name: "csv",
    about: "a row per episode, with the columns of the view `results`",
    make: Make::Text(episodes::write),
};
/// A row per scenario and endpoint.
pub(crate) const SCENARIOS: Output = Output {
    name: "csv-scenarios",
    about: "a row per scenario and endpoint: k of n",
    make: Make::Text(scenarios::write),
};
/// A row per endpoint.
pub(crate) const ENDPOINTS: Output = Output {
    name: "csv-endpoints",
    about: "a row per endpoint: rates and their intervals",
    make: Make::Text(endpoints::write),
};
/// A row per pair that is compared, or per gate.
pub(crate) const DIFFERENCES: Output = Output {
    name: "csv-differences",
    about: "a row per comparison or gate: differences and their intervals",
    make: Make::Text(endpoints::differences),
};

/// A table that is being written.
struct Table<'a> {
    rows: csv::Writer<&'a mut dyn Write>,
}

impl<'a> Table<'a> {
    fn begin(out: &'a mut dyn Write, columns: &[&str]) -> Result<Self, OutputError> {
        let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        rows.write_record(columns).map_err(failed)?;
        Ok(Self { rows })
    }

    fn row(&mut self, cells: &[Cell]) -> Result<(), OutputError> {
        self.rows.write_record(cells.iter().map(Cell::as_str)).map_err(failed)
    }

    fn end(mut self) -> Result<(), OutputError> {
        Ok(self.rows.flush()?)
    }
}

fn failed(error: csv::Error) -> OutputError {
    OutputError::Write(error.into())
}

/// A list as JSON text, as the run file keeps it.
fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Lists of text and of numbers: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;

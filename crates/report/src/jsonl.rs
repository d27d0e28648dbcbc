//! A line of JSON per episode, with its whole record.
//!
//! What the run file holds as JSON is passed on unread: a trajectory is the same bytes, and its hash is still its own. Memory
//! does not grow with the run.

use crate::json::REPORT_VERSION;
use crate::model::Report;
use crate::output::{Make, Output, OutputError, Sources, each_episode};
use mocktrial_analysis::EpisodeTexts;
use std::io::{self, Write};

/// A line per episode.
pub(crate) const OUTPUT: Output =
    Output { name: "jsonl", about: "a line of JSON per episode: figures, trajectory, grades", make: Make::Text(write) };

fn write(_: &Report, sources: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    for store in &sources.stores {
        let run = serde_json::to_string(&store.header()?.name).map_err(io::Error::from)?;
        each_episode(*store, &mut |episode| line(out, &run, episode))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, run: &str, episode: &EpisodeTexts<'_>) -> io::Result<()> {
    let EpisodeTexts { row, trajectory, measurements, grades } = episode;
    write!(out, "{{\"version\":{REPORT_VERSION},\"kind\":\"episode\",\"run\":{run},\"key\":")?;
    serde_json::to_writer(&mut *out, &row.key)?;
    out.write_all(b",\"figures\":")?;
    serde_json::to_writer(&mut *out, row)?;
    for (name, text) in [("trajectory", trajectory), ("measurements", measurements), ("grades", grades)] {
        write!(out, ",\"{name}\":")?;
        passed_on(out, text)?;
    }
    out.write_all(b"}\n")
}

/// In JSON a line break is white space, and never within a text.
fn passed_on(out: &mut dyn Write, json: &str) -> io::Result<()> {
    let mut parts = json.split(['\n', '\r']);
    out.write_all(parts.next().unwrap_or_default().as_bytes())?;
    for part in parts {
        out.write_all(b" ")?;
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_in_a_stored_text_do_not_break_the_line() {
        let mut out = Vec::new();
        passed_on(&mut out, "{\n  \"a\": \"x\\n\u{2028}y\"\r\n}").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "{   \"a\": \"x\\n\u{2028}y\"  }");
    }
}

//! One HTML file, to be opened from disk: no request leaves it, and nothing in it acts but its own script.
//!
//! The first screen is text and pictures, made here, and stands at the head of the file. The record of every episode
//! follows in compressed chunks of base64, which the page's script opens one by one when an episode is looked at.
//! A policy (CSP) lets run one script and one style sheet, named by their hashes.
//!
//! Above [`INLINE`] bytes of chunks, those without a failure or a flip go to script files in a folder beside the page:
//! a page on disk may load scripts, and nothing else.

mod chunks;
mod first;
mod index;
mod picture;

use crate::model::Report;
use crate::output::{Make, Output, OutputError, Sources, each_episode};
use chunks::{Beside, Chunks};
use index::Index;
use mocktrial_analysis::EpisodeTexts;
use mocktrial_trajectory::Case;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Up to so many bytes of chunks stand in the file itself.
const INLINE: u64 = 50_000_000;

const STYLE: &str = include_str!("page/page.css");
/// In the order in which they depend on each other; they are one script.
const SCRIPT: &str = concat!(
    "\"use strict\";(()=>{\n",
    include_str!("page/dom.js"),
    include_str!("page/data.js"),
    include_str!("page/matrix.js"),
    include_str!("page/episode.js"),
    include_str!("page/main.js"),
    "})();\n"
);

/// One page, for a browser.
pub(crate) const OUTPUT: Output = Output { name: "html", about: "one page, for a browser", make: Make::Files(write) };

fn write(report: &Report, sources: &Sources<'_>, path: &Path) -> Result<(), OutputError> {
    // What is compressed in the runs is about as large compressed in the page, and base64 takes a third more.
    let beside = if sources.bytes + sources.bytes / 3 > INLINE {
        let link = format!("{}.data", path.file_name().unwrap_or_default().to_string_lossy());
        let folder = path.with_file_name(&link);
        std::fs::create_dir_all(&folder)?;
        Some(Beside { folder, link })
    } else {
        None
    };
    let mut page = Html::begin(BufWriter::new(File::create(path)?), report, beside)?;
    for (run, store) in sources.stores.iter().enumerate() {
        for scenario in store.scenarios()? {
            if let Some(case) = store.case(&scenario.id, &scenario.variant)? {
                page.case(run, &scenario.name(), &case)?;
            }
        }
        each_episode(*store, &mut |episode| page.episode(run, episode))?;
    }
    page.end()?;
    Ok(())
}

/// A report that is being written.
///
/// [`begin`](Self::begin) writes the first screen; then come the scenarios and episodes of one run after the other, in any
/// order; [`end`](Self::end) writes the index that ties them together.
#[derive(Debug)]
struct Html<W> {
    out: W,
    chunks: Chunks,
    index: Index,
}

impl<W: Write> Html<W> {
    /// Writes the first screen. Where `beside` is given, what does not fit goes there.
    fn begin(mut out: W, report: &Report, beside: Option<Beside>) -> io::Result<Self> {
        first::write(&mut out, report, &policy(beside.is_some()), STYLE)?;
        Ok(Self { out, chunks: Chunks::new(beside), index: Index::new(report) })
    }

    /// Adds what a scenario needs to be understood: its tools, the state it begins in, its criteria.
    fn case(&mut self, run: usize, scenario: &str, case: &Case) -> io::Result<()> {
        let record = serde_json::json!({"tools": case.tools, "initial": case.initial, "criteria": case.criteria});
        let place = self.chunks.add(&mut self.out, &serde_json::to_vec(&record)?, true)?;
        self.index.case(run, scenario, place);
        Ok(())
    }

    /// Adds an episode. Its texts are JSON and are passed on unread.
    fn episode(&mut self, run: usize, episode: &EpisodeTexts<'_>) -> io::Result<()> {
        let EpisodeTexts { row, trajectory, measurements, grades } = episode;
        let mut text = Vec::with_capacity(trajectory.len() + measurements.len() + grades.len() + 1024);
        text.extend_from_slice(b"{\"row\":");
        serde_json::to_writer(&mut text, row)?;
        for (name, part) in [("trajectory", trajectory), ("measurements", measurements), ("grades", grades)] {
            text.extend_from_slice(format!(",\"{name}\":").as_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        text.push(b'}');
        let wanted = row.passed != Some(true) || self.index.flips(row);
        let place = self.chunks.add(&mut self.out, &text, wanted)?;
        self.index.episode(run, row, trajectory, place);
        Ok(())
    }

    /// Writes the index and the script.
    fn end(mut self) -> io::Result<W> {
        self.chunks.finish(&mut self.out)?;
        let index = self.index.document(self.chunks.folder());
        // Within a script element only `<` could end or change it.
        let index = index.replace('<', "\\u003c");
        write!(
            self.out,
            "<script type=\"application/json\" id=\"index\">{index}</script>\n<script>{SCRIPT}</script>\n"
        )?;
        self.out.write_all(b"</body>\n</html>\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// What any page of ours may do at most: the policy of one whose chunks are beside it. Whoever serves a page may say so too.
#[must_use]
pub fn page_policy() -> String {
    policy(true)
}

/// What the page may do. Chunks in a folder are loaded by the script that is trusted.
fn policy(folder: bool) -> String {
    let hash = |text: &str| chunks::base64(&chunks::sha256(text.as_bytes()));
    let more = if folder { " 'strict-dynamic'" } else { "" };
    format!(
        "default-src 'none'; script-src 'sha256-{}'{more}; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

#[cfg(test)]
mod tests;

//! Markdown: the comment on a change, and the summary of a step.

mod document;
mod escape;

use crate::output::{Make, Output};

/// GitHub takes 65,536 characters.
const COMMENT_LIMIT: usize = 60_000;
/// GitHub takes 1 MiB of all that a step adds.
const SUMMARY_LIMIT: usize = (1 << 20) - (1 << 16);

/// A comment, to be put in place of the one before it that begins with the same marker.
pub(crate) const COMMENT: Output = Output {
    name: "comment",
    about: "Markdown for a comment on a change; its first line is a marker to find it again",
    make: Make::Text(|report, _, out| {
        let marker = format!("<!-- mocktrial: {} -->\n", report.slug());
        let text = document::written(report, COMMENT_LIMIT - marker.len(), false);
        Ok(write!(out, "{marker}{text}")?)
    }),
};

/// The summary of a step.
pub(crate) const SUMMARY: Output = Output {
    name: "step-summary",
    about: "the same with more of it, added to a file: `step-summary=$GITHUB_STEP_SUMMARY`",
    make: Make::Added(|report, _, out| Ok(out.write_all(document::written(report, SUMMARY_LIMIT, true).as_bytes())?)),
};

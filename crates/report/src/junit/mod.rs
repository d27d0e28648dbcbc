//! JUnit XML, as Jenkins and GitLab read it.
//!
//! There is no standard; this holds to what its readers know. Files are valid by the schema of Jenkins' xUnit plugin
//! (`junit-10.xsd`) and by Ant's (`JUnit.xsd` of windyroad), but for one attribute, `file`, that GitLab reads and neither
//! schema knows: so there are two kinds, `junit` with it and `junit-strict` without.
//!
//! - GitLab takes files below 30 MB and, of test cases with one name, the first: trials are numbered, names differ over the
//!   whole file, and hold nothing that changes from one run to the next. It shows the text of a failure and not its message:
//!   the text repeats it. A `type` that Rails knows (`file`, `yaml`) would be taken for one: ours have a dot within.
//! - Jenkins takes what stands before the last dot of a class for its package: the endpoint, and then the scenario.
//!
//! A first walk over the figures counts and measures; what cannot fit is then folded, passing trials first.

mod cases;
mod fold;
mod verdicts;
mod xml;

use crate::model::Report;
use crate::output::{Make, Output, OutputError, Sources};
use std::io::Write;

/// What GitLab takes is below 30 MB, whichever MB it means.
const LIMIT: usize = 28_000_000;

/// Test results, as GitLab and Jenkins' `junit` step read them.
pub(crate) const OUTPUT: Output = Output {
    name: "junit",
    about: "test results as JUnit XML, for GitLab and for Jenkins' `junit` step",
    make: Make::Text(|report, sources, out| write(report, sources, out, true, LIMIT)),
};

/// The same, by the letter of the schemas.
pub(crate) const STRICT: Output = Output {
    name: "junit-strict",
    about: "the same without the files of scenarios, which Jenkins' xUnit plugin refuses",
    make: Make::Text(|report, sources, out| write(report, sources, out, false, LIMIT)),
};

fn write(
    report: &Report,
    sources: &Sources<'_>,
    out: &mut dyn Write,
    files: bool,
    limit: usize,
) -> Result<(), OutputError> {
    let mut names = cases::Names::default();
    let verdicts = verdicts::of(report, &mut names);
    let suites = cases::Suites::new(report, &mut names, files);
    let taken = verdicts.size() + suites.heads();
    let suites = fold::filled(suites, sources, limit.saturating_sub(taken))?;
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")?;
    for (id, suite) in std::iter::once(verdicts).chain(suites).filter(cases::Suite::wanted).enumerate() {
        suite.write(id, out)?;
    }
    out.write_all(b"</testsuites>\n")?;
    Ok(())
}

#[cfg(test)]
mod tests;

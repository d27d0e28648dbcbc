//! Why an episode did not pass, in words that tell a reader so without opening anything.

use crate::text::{clean_line, clip};
use crate::value::json_by_value;
use mocktrial_analysis::{EpisodeRow, EpisodeTexts};
use mocktrial_trajectory::{Body, Cause, EndReason, Evidence, Grade, Outcome, Trajectory};

/// Characters that are shown of one text: enough to know what it is about.
const SHOWN: usize = 240;

/// Facts that are shown of a criterion that failed.
const FACTS: usize = 4;

/// What became of an episode, by its figures alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    /// It passed.
    Passed,
    /// It failed by the endpoint's doing.
    Failed,
    /// It has no outcome: infrastructure, or the suite's own fault.
    NoOutcome,
}

/// Why an episode did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Why {
    /// The one to blame and the grader or end reason, such as `model.answer` or `provider.provider_failed`.
    pub(crate) kind: String,
    /// All of it, shortly, on one line.
    pub(crate) said: String,
    /// The same at more length, a line each.
    pub(crate) lines: Vec<String>,
}

impl Fate {
    pub(crate) fn of(row: &EpisodeRow) -> Self {
        match row.passed.filter(|_| row.counts()) {
            Some(true) => Self::Passed,
            Some(false) => Self::Failed,
            None => Self::NoOutcome,
        }
    }
}

/// The one to blame and the grader or end reason.
pub(crate) fn kind(row: &EpisodeRow) -> String {
    let cause = row.cause.unwrap_or(Cause::Model);
    // As the table of causes has it: an episode that did not run to its end failed by that.
    let name = match &row.failed {
        _ if row.end != EndReason::Completed => row.end.as_str().to_owned(),
        Some(failed) if Fate::of(row) == Fate::Failed => clip(&failed.grader, SHOWN),
        _ => "ungraded".to_owned(),
    };
    format!("{cause}.{name}")
}

impl Why {
    pub(crate) fn of(episode: &EpisodeTexts<'_>) -> Self {
        let row = &episode.row;
        let grades: Vec<Grade> = serde_json::from_str(episode.grades).unwrap_or_default();
        let own = |g: &&Grade| match (&row.failed, &g.outcome, Fate::of(row)) {
            (Some(f), Outcome::Failed, Fate::Failed) => {
                f.grader != "end" && (&g.criterion, &g.grader) == (&f.criterion, &f.grader)
            }
            (_, Outcome::Ungraded { .. }, Fate::NoOutcome) => g.decides() && !row.end.is_infrastructure(),
            _ => false,
        };
        let criterion = grades.iter().find(own).map(criterion).unwrap_or_default();
        let lines = match (row.end, criterion.is_empty()) {
            (EndReason::Completed, true) => vec!["no grade decides it".to_owned()],
            (EndReason::Completed, false) => criterion,
            _ => [end(row, episode.trajectory), criterion].concat(),
        };
        let mut said = String::new();
        for line in lines.iter().take(3) {
            said.push_str(match said.chars().last() {
                None => "",
                Some('.' | '!' | '?') => " ",
                Some(_) => "; ",
            });
            said.push_str(line);
        }
        Self { kind: kind(row), said, lines }
    }
}

/// What a grade says, in lines.
fn criterion(grade: &Grade) -> Vec<String> {
    let (at, grader) = (clip(&grade.criterion, SHOWN), clip(&grade.grader, SHOWN));
    let name = if at == grader { at } else { format!("{at} {grader}") };
    let mut facts = grade.evidence.iter().flat_map(facts);
    let first = match &grade.outcome {
        Outcome::Ungraded { cause, why } => format!("ungraded by the {cause}: {}", clip(why, SHOWN)),
        _ => facts.next().unwrap_or_else(|| "failed".to_owned()),
    };
    std::iter::once(format!("{name}: {first}")).chain(facts.take(FACTS)).collect()
}

/// How an episode ended, and what the harness has to say of it.
fn end(row: &EpisodeRow, trajectory: &str) -> Vec<String> {
    let last = Trajectory::from_json(trajectory).ok().and_then(|t| {
        t.events().iter().rev().find_map(|e| match &e.body {
            Body::End { detail, .. } => detail.clone(),
            _ => None,
        })
    });
    let detail = last.map_or_else(String::new, |d| format!(": {}", clip(&d, SHOWN)));
    vec![format!("{}{detail}", row.end.meaning())]
}

/// A fact as short lines: the sentence, what was expected, what was found.
fn facts(evidence: &Evidence) -> Vec<String> {
    let (note, path) = (clip(&evidence.note, SHOWN), clean_line(&clip(&evidence.path, SHOWN)));
    let mut lines = vec![if note.contains(&path) { note } else { format!("{path}: {note}") }];
    for (word, value) in [("expected", &evidence.expected), ("got", &evidence.got)] {
        lines.extend(value.as_ref().map(|v| format!("{word} {}", clip(&json_by_value(v), SHOWN))));
    }
    lines
}

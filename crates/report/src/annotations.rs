//! Annotations of a GitHub workflow: the verdicts, and the scenarios on which they rest.
//!
//! A workflow command is a line `::warning file=…,title=…::message` on standard output
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>). A step shows ten of each type.
//! Every text is put on one line before it is escaped, so that none can begin a command of its own.

use crate::model::{Report, Standing, Statement};
use crate::output::{Make, Output, OutputError, Sources};
use crate::text::clip;
use std::io::Write;

/// GitHub shows so many of each type.
const MOST: usize = 10;
/// Characters of a message; GitHub cuts at 4 KB.
const SHOWN: usize = 900;

/// For GitHub's log.
pub(crate) const OUTPUT: Output = Output {
    name: "annotations",
    about: "workflow commands for GitHub; `annotations=-` has them shown beside the change",
    make: Make::Text(write),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl From<Standing> for Level {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Bad => Self::Error,
            Standing::Open => Self::Warning,
            Standing::Good | Standing::None => Self::Notice,
        }
    }
}

struct Annotation {
    level: Level,
    file: Option<String>,
    title: String,
    lines: Vec<String>,
}

fn write(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let all = all(report);
    for level in [Level::Error, Level::Warning, Level::Notice] {
        let own: Vec<&Annotation> = all.iter().filter(|a| a.level == level).collect();
        for (n, annotation) in own.iter().take(MOST).enumerate() {
            let more = own.len().saturating_sub(MOST);
            let rest = (n + 1 == MOST && more > 0).then(|| format!("and {more} more"));
            let lines: Vec<String> = annotation.lines.iter().cloned().chain(rest).collect();
            writeln!(out, "{}", command(annotation, &lines))?;
        }
    }
    Ok(())
}

fn all(report: &Report) -> Vec<Annotation> {
    let mut all: Vec<Annotation> = report.verdicts().iter().map(verdict).collect();
    let mut flips: Vec<_> = report.flips().collect();
    // Regressions first; each is sorted by evidence already.
    flips.sort_by_key(|flip| !flip.worse);
    all.extend(flips.into_iter().map(|flip| {
        let file = report.files.get(flip.id).cloned();
        let mut lines = vec![format!("{}: {} · {}: {}", flip.against, flip.before, flip.name, flip.after)];
        lines.extend(
            (!flip.parting.is_empty()).then(|| format!("where they part (in how many trials): {}", flip.parting)),
        );
        let level = if flip.worse { Level::Warning } else { Level::Notice };
        Annotation { level, file, title: flip.scenario.to_owned(), lines }
    }));
    all
}

fn verdict(said: &Statement) -> Annotation {
    let lines = [&said.head, &said.figures, &said.settle];
    Annotation {
        level: said.standing.into(),
        file: None,
        title: if said.about.is_empty() { "mocktrial".into() } else { format!("mocktrial: {}", said.about) },
        lines: lines.into_iter().filter(|l| !l.is_empty()).cloned().collect(),
    }
}

fn command(annotation: &Annotation, lines: &[String]) -> String {
    let file = annotation.file.as_ref().map_or_else(String::new, |f| format!("file={},", property(f)));
    let lines: Vec<String> = lines.iter().map(|line| message(&clip(line, SHOWN))).collect();
    format!("::{} {file}title={}::{}", annotation.level.name(), property(&annotation.title), lines.join("%0A"))
}

/// A text as a message.
fn message(text: &str) -> String {
    // The runner looks for the older `##[command]` anywhere in a line, if only where it finds no newer one.
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A").replace("##[", "# #[")
}

/// A text as a property.
fn property(text: &str) -> String {
    message(&clip(text, 200)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_begin_or_end_a_command() {
        let hostile = "a,file=/etc/passwd::x\r\n::stop-commands::t\n##[error]%0A::error::y";
        let annotation =
            Annotation { level: Level::Error, file: Some(hostile.into()), title: hostile.into(), lines: vec![] };
        let made = command(&annotation, &[hostile.to_owned()]);
        assert_eq!(made.lines().count(), 1);
        let (head, said) = made.strip_prefix("::").and_then(|rest| rest.split_once("::")).unwrap();
        assert_eq!(head.matches(',').count(), 1, "{head}");
        assert_eq!(
            said, "a,file=/etc/passwd::x⏎::stop-commands::t⏎# #[error]%250A::error::y",
            "what follows the head is the message, whatever stands in it"
        );
        assert!(!made.contains("##["));
    }
}

//! What is wrong with a file, where, why, and what to do about it.

use super::source::escaped;
use std::fmt::{self, Write as _};

/// Whether a mistake stops the suite from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The suite cannot be used.
    Error,
    /// The suite can be used; something in it is probably not meant.
    Warning,
}

/// A mistake in a file that a user wrote.
///
/// `Display` renders it without colour, as [`Mistake::render`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the project's root, with `/` between its parts.
    pub file: String,
    /// The line of the offending text, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The column of the offending text in characters, from 1; 0 when the whole file is meant.
    pub column: usize,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// A few words under the offending text; may be empty.
    pub label: String,
    /// The offending line with the line before it where that helps; empty when the whole file is meant.
    pub excerpt: Vec<ExcerptLine>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A line of an excerpt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptLine {
    /// Its number, from 1.
    pub number: usize,
    /// Its text without the line end; control characters are replaced and tabs are one space.
    pub text: String,
    /// Which characters are underlined: start (from 0) and length; `None` for a line of context.
    pub mark: Option<(usize, usize)>,
}

impl Mistake {
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Names the place without showing the text that stands there.
    pub(crate) fn without_excerpt(mut self) -> Self {
        self.excerpt.clear();
        self
    }

    pub(crate) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Renders it for people: what, where with an excerpt, and what to do; with ANSI colours if asked.
    /// Ends with a line end. Names and texts of files are not trusted: characters in them that would
    /// steer a terminal are written as escapes.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let paint = |code: &'static str| if colour { code } else { "" };
        let (bold, blue, reset) = (paint("\x1b[1m"), paint("\x1b[1;34m"), paint("\x1b[0m"));
        let (word, tone) = match self.severity {
            Severity::Error => ("error", paint("\x1b[1;31m")),
            Severity::Warning => ("warning", paint("\x1b[1;33m")),
        };
        let mut out = format!("{tone}{word}{reset}{bold}: {}{reset}\n", escaped(&self.message));
        let width = self.excerpt.last().map_or(1, |line| line.number.to_string().len());
        let _ = write!(out, "{:width$}{blue}-->{reset} {}", "", escaped(&self.file));
        if self.line > 0 {
            let _ = write!(out, ":{}:{}", self.line, self.column);
        }
        out.push('\n');
        if !self.excerpt.is_empty() {
            let _ = writeln!(out, "{:width$} {blue}|{reset}", "");
        }
        for line in &self.excerpt {
            let _ = writeln!(out, "{blue}{:>width$} |{reset} {}", line.number, line.text.trim_end());
            if let Some((start, length)) = line.mark {
                let under = "^".repeat(length);
                let space = if self.label.is_empty() { "" } else { " " };
                let _ = writeln!(
                    out,
                    "{:width$} {blue}|{reset} {:start$}{tone}{under}{space}{}{reset}",
                    "",
                    "",
                    escaped(&self.label)
                );
            }
        }
        if let Some(hint) = &self.hint {
            if !self.excerpt.is_empty() {
                let _ = writeln!(out, "{:width$} {blue}|{reset}", "");
            }
            let _ = writeln!(out, "{:width$} {blue}={reset} {bold}hint{reset}: {}", "", escaped(hint));
        }
        out
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// How many mistakes are shown: nobody reads more, and they are often one.
const SHOWN: usize = 100;

/// Mistakes of one loading, sorted by file and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// Sorts mistakes for people and drops doubles.
    pub(crate) fn sort(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
        fn key(m: &Mistake) -> (&str, usize, usize, Severity, &str) {
            (&m.file, m.line, m.column, m.severity, &m.message)
        }
        mistakes.sort_by(|a, b| key(a).cmp(&key(b)));
        mistakes.dedup();
        mistakes
    }

    /// The errors among mistakes; warnings wait until there are none, since many follow from an error.
    pub(crate) fn errors(mistakes: Vec<Mistake>) -> Self {
        Self(Self::sort(mistakes.into_iter().filter(|m| m.severity == Severity::Error).collect()))
    }

    /// Renders the first hundred, an empty line between, with a last line that counts them all.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut out = String::new();
        for mistake in self.0.iter().take(SHOWN) {
            out.push_str(&mistake.render(colour));
            out.push('\n');
        }
        if self.0.len() > SHOWN {
            let _ = writeln!(out, "… and {} more, once these are gone\n", self.0.len() - SHOWN);
        }
        let count = |severity| self.0.iter().filter(|m| m.severity == severity).count();
        let say = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
        let _ = write!(out, "{}", say(count(Severity::Error), "error"));
        match count(Severity::Warning) {
            0 => {}
            n => {
                let _ = write!(out, ", {}", say(n, "warning"));
            }
        }
        out.push('\n');
        out
    }
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

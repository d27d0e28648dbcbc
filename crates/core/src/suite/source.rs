//! The text of a file, and places in it.

use super::mistake::{ExcerptLine, Mistake, Severity};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 32 << 20;

/// A file's text under the name that people know it by.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it is on disk.
    pub(crate) path: PathBuf,
    /// Its path relative to the project, with `/` between the parts.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where lines begin; made when a place is first asked for.
    lines: OnceLock<Vec<usize>>,
}

/// A range of bytes of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
}

impl Source {
    pub(crate) fn new(path: PathBuf, name: String, mut text: String) -> Self {
        // A byte order mark means nothing in UTF-8, but some editors write it.
        if text.starts_with('\u{FEFF}') {
            text.drain(..'\u{FEFF}'.len_utf8());
        }
        Self { path, name, text, lines: OnceLock::new() }
    }

    /// The line (from 1) that a byte stands on, and the range of that line without its end.
    fn line_at(&self, byte: usize) -> (usize, usize, usize) {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let lines = self.lines.get_or_init(|| {
            let after_ends = self.text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
            std::iter::once(0).chain(after_ends).collect()
        });
        let number = lines.partition_point(|start| *start <= byte);
        let start = lines[number - 1];
        let end = lines.get(number).map_or(self.text.len(), |next| next - 1);
        (number, start, end)
    }

    /// The number of the line, from 1, that a byte stands on.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.line_at(byte).0
    }

    /// An error at a place of this file.
    pub(crate) fn mistake(&self, span: Span, message: impl Into<String>) -> Mistake {
        let (line, column, excerpt) = self.excerpt(span);
        Mistake {
            severity: Severity::Error,
            file: self.name.clone(),
            line,
            column,
            message: message.into(),
            label: String::new(),
            excerpt,
            hint: None,
        }
    }

    /// An error about the whole file.
    pub(crate) fn mistake_whole(&self, message: impl Into<String>) -> Mistake {
        whole_file(&self.name, message)
    }

    fn excerpt(&self, span: Span) -> (usize, usize, Vec<ExcerptLine>) {
        let (number, start, end) = self.line_at(span.start);
        let line = self.text[start..end].trim_end_matches('\r');
        let mut at = span.start.clamp(start, start + line.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let mut stop = span.end.clamp(at, start + line.len());
        while !self.text.is_char_boundary(stop) {
            stop -= 1;
        }
        let column = self.text[start..at].chars().count();
        let marked = self.text[at..stop].trim_end().chars().take(WIDTH).count().max(1);
        let mut lines = Vec::new();
        if let Some(before) = self.context_before(number, start) {
            lines.push(before);
        }
        let (text, column_shown, length) = window(line, at - start, column, marked);
        lines.push(ExcerptLine { number, text, mark: Some((column_shown, length)) });
        (number, column + 1, lines)
    }

    /// The line above, where it has something to show.
    fn context_before(&self, number: usize, start: usize) -> Option<ExcerptLine> {
        let above = self.text[..start].strip_suffix('\n')?;
        let line = above[above.rfind('\n').map_or(0, |i| i + 1)..].trim_end_matches('\r');
        (!line.trim().is_empty() && line.chars().nth(WIDTH).is_none()).then(|| ExcerptLine {
            number: number - 1,
            text: clean(line),
            mark: None,
        })
    }
}

/// An error about a whole file.
pub(crate) fn whole_file(name: &str, message: impl Into<String>) -> Mistake {
    Mistake {
        severity: Severity::Error,
        file: name.to_owned(),
        line: 0,
        column: 0,
        message: message.into(),
        label: String::new(),
        excerpt: Vec::new(),
        hint: None,
    }
}

/// The longest part of a line that is shown, in characters.
const WIDTH: usize = 120;

/// The part of a line around a mark at some byte and column, with the mark moved and cut to fit. What it
/// takes depends on the part and not on the line: a file of one long line may have many mistakes.
fn window(line: &str, at: usize, column: usize, length: usize) -> (String, usize, usize) {
    if line.chars().nth(WIDTH).is_none() {
        return (clean(line), column, length);
    }
    let before = column.min(WIDTH / 3);
    let from = line[..at].char_indices().rev().take(before).last().map_or(at, |(i, _)| i);
    let to = line[from..].char_indices().nth(WIDTH).map_or(line.len(), |(i, _)| from + i);
    let (left, right) = (if from > 0 { "…" } else { "" }, if to < line.len() { "…" } else { "" });
    let text = format!("{left}{}{right}", clean(&line[from..to]));
    (text, before + usize::from(from > 0), length.min(WIDTH - before))
}

/// A line as it may be printed: files are not trusted, and a tab would move the caret.
fn clean(line: &str) -> String {
    line.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if steers(c) => '\u{FFFD}',
            c => c,
        })
        .collect()
}

/// Whether a terminal does something else with a character than to show it where it stands: control
/// characters, and those that reorder the text around them.
pub(crate) fn steers(c: char) -> bool {
    let reorders =
        matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders
}

/// Text as one line for a terminal: what would steer it is written as an escape.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            c if steers(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Text from a file as it may stand in a message: escaped, and cut when it is long.
pub(crate) fn printable(text: &str) -> String {
    let short = match text.char_indices().nth(60) {
        Some(_) => text.chars().take(57).chain("…".chars()).collect(),
        None => text.to_owned(),
    };
    escaped(&short).into_owned()
}

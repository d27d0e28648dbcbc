//! Text for terminals: hostile characters made visible, width counted, lines wrapped, colours.

use crate::model::Standing;
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How a report may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal; at least 30 are used.
    pub width: usize,
    /// Whether to colour. The caller honours `NO_COLOR` and pipes.
    pub color: bool,
    /// How many rows a list shows before it says how many more there are; `None` for all.
    pub limit: Option<usize>,
}

impl Style {
    /// Without colours, everything shown.
    #[must_use]
    pub fn plain(width: usize) -> Self {
        Self { width, color: false, limit: None }
    }

    pub(crate) fn width(&self) -> usize {
        self.width.max(30)
    }

    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = ink.style();
        format!("{style}{text}{style:#}")
    }
}

/// A colour by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Pass,
    Fail,
    /// Infrastructure, or undecided.
    Unsure,
    Strong,
    Faint,
    Agent,
}

impl From<Standing> for Ink {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Good => Self::Pass,
            Standing::Bad => Self::Fail,
            Standing::Open => Self::Unsure,
            Standing::None => Self::Strong,
        }
    }
}

impl Ink {
    fn style(self) -> anstyle::Style {
        use anstyle::AnsiColor::{Cyan, Green, Red, Yellow};
        let colour = |c: anstyle::AnsiColor| anstyle::Style::new().fg_color(Some(c.into()));
        match self {
            Self::Pass => colour(Green),
            Self::Fail => colour(Red),
            Self::Unsure => colour(Yellow),
            Self::Agent => colour(Cyan),
            Self::Strong => anstyle::Style::new().bold(),
            Self::Faint => anstyle::Style::new().dimmed(),
        }
    }
}

/// Whether a character could act on a terminal or mislead a reader instead of being shown.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Makes every character visible that could act on a terminal or mislead a reader: controls
/// (escape sequences with them), bidirectional overrides, invisible characters. New lines stay;
/// tabs become spaces.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if acts(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// [`clean`], on one line: new lines are shown as `⏎`.
#[must_use]
pub fn clean_line(text: &str) -> String {
    clean(text).replace('\n', "⏎")
}

/// The beginning of a text on one line, cleaned: at most `most` characters of it, and `…` where there are more.
pub(crate) fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", clean_line(&text[..end])),
        None => clean_line(text),
    }
}

/// Columns of a terminal that a cleaned text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

pub(crate) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

pub(crate) fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The words of a line with the spaces after them; a number and its `%` are one.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let mut end = 0;
        loop {
            end += rest[end..].find(' ').map_or(rest.len() - end, |at| at + 1);
            if !rest[end..].starts_with('%') {
                break;
            }
        }
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// Breaks a cleaned text into lines of at most `width` columns, between words where it can. Line
/// breaks in the text stay.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in words(paragraph) {
            let bare = columns(word.trim_end());
            if used > 0 && used + bare > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            for c in word.chars() {
                let wide = c.width().unwrap_or(0);
                if used + wide > width {
                    // A space that does not fit ends the line; a word longer than a line is broken.
                    if c == ' ' {
                        continue;
                    }
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines.iter().map(|l| l.trim_end().to_owned()).collect()
}

/// Adds a text, cleaned and wrapped; what follows its first line is indented by two.
pub(crate) fn paragraph(out: &mut String, text: &str, ink: Ink, style: &Style) {
    for (n, line) in wrap(&clean_line(text), style.width().saturating_sub(2)).iter().enumerate() {
        out.push_str(if n > 0 { "  " } else { "" });
        out.push_str(&style.paint(ink, line));
        out.push('\n');
    }
}

/// Facts one after the other, `a · b · c`, broken between facts where it can.
pub(crate) fn flow(facts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if columns(line) + 3 + columns(fact) <= width => line.push_str(&format!(" · {fact}")),
            _ => lines.extend(wrap(fact, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_on_a_terminal_is_shown_instead() {
        let hostile = "a\u{1b}[2Jb\u{7}\u{9b}31m\u{202e}evil\u{2066}\u{200b}\u{feff}\u{e0041}\rx";
        let shown = clean(hostile);
        assert_eq!(shown, "a\\u{1b}[2Jb\\u{7}\\u{9b}31m\\u{202e}evil\\u{2066}\\u{200b}\\u{feff}\\u{e0041}\\u{d}x");
        assert!(!shown.chars().any(acts));
        assert_eq!(clean_line("a\nb\tc"), "a⏎b    c");
    }

    #[test]
    fn lines_are_broken_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("abcdefghijklmno p", 8), ["abcdefgh", "ijklmno", "p"]);
        assert_eq!(wrap("退款已经处理完毕了", 8), ["退款已经", "处理完毕", "了"]);
        assert_eq!(wrap("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(wrap("%  % it would be 70–73 % of 9 %", 18), ["%  % it would be", "70–73 % of 9 %"]);
    }

    #[test]
    fn facts_stay_whole_where_they_fit_a_line() {
        let facts = ["3 turns", "1.8k tokens in", "seed 7"].map(str::to_owned);
        assert_eq!(flow(&facts, 20), ["3 turns", "1.8k tokens in", "seed 7"]);
        assert_eq!(flow(&facts, 24), ["3 turns · 1.8k tokens in", "seed 7"]);
        assert_eq!(flow(&facts, 10), ["3 turns", "1.8k", "tokens in", "seed 7"]);
        assert_eq!(flow(&[], 10), [] as [String; 0]);
    }
}

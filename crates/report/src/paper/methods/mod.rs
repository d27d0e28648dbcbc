//! What was done, in sentences that a paper can print: of this very report, and nothing that does not apply to it.
//!
//! A [`Sentence`] is plain text with the works that it cites. LaTeX and Markdown are both made from the same list, so that
//! they cannot disagree.

mod analysis;
mod decisions;
mod design;

use super::references::Work;
use super::tex;
use crate::model::Report;
use crate::text::clean_line;
use std::fmt::Write as _;

/// A sentence, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// It, with the full stop.
    text: String,
    /// What it cites.
    cites: Vec<Work>,
}

/// Sentences about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paragraph {
    heading: &'static str,
    sentences: Vec<Sentence>,
}

impl Paragraph {
    fn new(heading: &'static str) -> Self {
        Self { heading, sentences: Vec::new() }
    }

    fn say(&mut self, text: impl Into<String>) {
        self.cite(text, &[]);
    }

    fn cite(&mut self, text: impl Into<String>, works: &[Work]) {
        self.sentences.push(Sentence { text: text.into(), cites: works.to_vec() });
    }
}

/// A list in a sentence: `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// The methods of a report.
pub(crate) struct Methods {
    paragraphs: Vec<Paragraph>,
    /// Every work that is cited, in the order in which it is first.
    pub(crate) works: Vec<Work>,
}

impl Methods {
    /// Those of this report.
    pub(crate) fn of(report: &Report) -> Self {
        let all = [
            design::design(report),
            design::grading(report),
            design::left_out(report),
            analysis::rates(report),
            analysis::comparisons(report),
            decisions::gates(report),
            decisions::sequential(report),
            decisions::protocols(report),
            design::software(report),
        ];
        let paragraphs: Vec<Paragraph> = all.into_iter().filter(|p| !p.sentences.is_empty()).collect();
        let mut works = Vec::new();
        for work in paragraphs.iter().flat_map(|p| &p.sentences).flat_map(|s| &s.cites) {
            if !works.contains(work) {
                works.push(*work);
            }
        }
        Self { paragraphs, works }
    }

    /// As LaTeX, paragraph by paragraph.
    pub(crate) fn tex(&self) -> String {
        let mut out = String::from("% Needs references.bib, and T1 as the encoding of fonts.\n");
        for paragraph in &self.paragraphs {
            let _ = writeln!(out, "\\paragraph{{{}}}", tex::escape(paragraph.heading));
            for sentence in &paragraph.sentences {
                let text = sentence.text.strip_suffix('.').unwrap_or(&sentence.text);
                let keys: Vec<&str> = sentence.cites.iter().map(|w| w.key()).collect();
                let cited = if keys.is_empty() { String::new() } else { format!("~\\cite{{{}}}", keys.join(",")) };
                let _ = writeln!(out, "{}{cited}.", tex::escape(text));
            }
            out.push('\n');
        }
        out
    }

    /// As Markdown, with a list of references.
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::from("# Methods\n\n");
        for paragraph in &self.paragraphs {
            let _ = write!(out, "**{}.**", paragraph.heading);
            for sentence in &paragraph.sentences {
                let text = sentence.text.strip_suffix('.').unwrap_or(&sentence.text);
                let numbers: Vec<String> = sentence
                    .cites
                    .iter()
                    .filter_map(|w| self.works.iter().position(|own| own == w))
                    .map(|n| (n + 1).to_string())
                    .collect();
                let cited = if numbers.is_empty() { String::new() } else { format!(" \\[{}\\]", numbers.join(", ")) };
                let _ = write!(out, " {}{cited}.", markdown(text));
            }
            out.push_str("\n\n");
        }
        if !self.works.is_empty() {
            out.push_str("## References\n\n");
            for (n, work) in self.works.iter().enumerate() {
                let _ = writeln!(out, "{}. {}", n + 1, markdown(&work.plain()));
            }
        }
        out
    }

    /// The works that are cited, for BibTeX.
    pub(crate) fn bib(&self) -> String {
        let entries: Vec<String> = self.works.iter().map(|w| w.bib()).collect();
        entries.join("\n")
    }
}

/// Text as Markdown takes it: nothing in it is markup, a link, an address or a mention.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // What is no letter may be escaped anywhere; a number stands for what a site would make a mention or a link of.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
}

//! Test cases as XML 1.0.
//!
//! Written by hand: seven elements, and the one thing that matters here, which characters may stand in them, is what an XML
//! library leaves to its caller.

use crate::text::{clean, clean_line};
use std::fmt::Write as _;

/// A test case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) class: &'a str,
    pub(super) name: &'a str,
    /// The file that it comes from.
    pub(super) file: Option<&'a str>,
    pub(super) ms: f64,
    pub(super) result: Outcome<'a>,
}

/// What came of a test case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    Passed,
    /// Failed (`failure`) or kept from an outcome (`error`): what it is called, why in short (shown by Jenkins), and why in
    /// lines (shown by GitLab).
    Not {
        element: &'static str,
        kind: &'a str,
        said: &'a str,
        lines: &'a [String],
    },
    Skipped(&'a str),
}

impl Case<'_> {
    pub(super) fn write(&self, out: &mut String) {
        out.push_str("<testcase");
        attribute(out, "classname", self.class);
        attribute(out, "name", self.name);
        if let Some(file) = self.file {
            attribute(out, "file", file);
        }
        attribute(out, "time", &seconds(self.ms));
        match self.result {
            Outcome::Passed => out.push_str("/>\n"),
            Outcome::Skipped(why) => {
                out.push_str("><skipped");
                attribute(out, "message", why);
                // GitLab shows the text, and Jenkins the message.
                let _ = writeln!(out, ">{}</skipped></testcase>", escape(&clean_line(why)));
            }
            Outcome::Not { element, kind, said, lines } => {
                let _ = write!(out, "><{element}");
                attribute(out, "type", kind);
                attribute(out, "message", said);
                for (n, line) in lines.iter().enumerate() {
                    let _ = write!(out, "{}{}", if n == 0 { ">" } else { "\n" }, escape(&clean(line)));
                }
                out.push_str(if lines.is_empty() { ">" } else { "" });
                let _ = writeln!(out, "</{element}></testcase>");
            }
        }
    }
}

/// ` name="value"`, on one line.
pub(super) fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"{}\"", escape(&clean_line(value)));
}

/// Seconds with milliseconds.
pub(super) fn seconds(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.clamp(0.0, 1e15) } else { 0.0 };
    format!("{:.3}", ms / 1000.0)
}

/// A cleaned text without markup. What XML cannot hold is shown: cleaning has done so for controls; two more are left.
fn escape(cleaned: &str) -> String {
    let mut out = String::with_capacity(cleaned.len());
    for c in cleaned.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_written_is_xml_and_reads_as_it_was_cleaned(text in any::<String>(), more in "\\PC*") {
            let text = format!("{text}\u{0}]]>\u{ffff}{more}\u{fffe}<!--");
            let lines = [text.clone()];
            let result = Outcome::Not { element: "failure", kind: &text, said: &text, lines: &lines };
            let case = Case { class: &text, name: &text, file: Some(&text), ms: 1.0, result };
            let mut out = String::new();
            case.write(&mut out);
            let read = roxmltree::Document::parse(&out).unwrap();
            let shown = clean_line(&text).replace('\u{ffff}', "\\u{ffff}").replace('\u{fffe}', "\\u{fffe}");
            prop_assert_eq!(read.root_element().attribute("name"), Some(shown.as_str()));
            prop_assert_eq!(read.root_element().children().count(), 1);
        }
    }

    #[test]
    fn times_are_plain_numbers() {
        assert_eq!(
            [0.0, 4210.4, f64::NAN, f64::INFINITY, -1.0].map(seconds),
            ["0.000", "4.210", "0.000", "0.000", "0.000"]
        );
    }
}

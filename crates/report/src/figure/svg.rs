//! A figure as an SVG file that stands alone: no script, no font, nothing from outside.

use super::{Anchor, Figure, Mark, SIZE, WIDTH};
use crate::text::clean_line;
use std::fmt::Write as _;

/// Text as an XML 1.0 document may hold it: what is no character of XML, or acts unseen, is made visible.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // The only ones that are characters of Unicode, no controls, and yet not of XML.
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

impl Figure {
    /// It as SVG.
    pub(crate) fn svg(&self) -> String {
        let (title, description) = (escape(&self.title), escape(&self.description));
        let (height, name) = (self.height, &self.name);
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}pt\" height=\"{height}pt\" viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"img\" aria-labelledby=\"{name}-title {name}-description\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"{SIZE}\">\n\
             <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-description\">{description}</desc>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        for mark in &self.marks {
            let _ = match mark {
                Mark::Line { from, to, shade: s, width, dashed } => writeln!(
                    out,
                    "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{}\" stroke-width=\"{width}\"{}/>",
                    from.0,
                    from.1,
                    to.0,
                    to.1,
                    s.hex(),
                    if *dashed { " stroke-dasharray=\"3 2\"" } else { "" }
                ),
                Mark::Disk { at, radius, fill } => writeln!(
                    out,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{}\" stroke=\"#000000\" stroke-width=\"0.7\"/>",
                    at.0,
                    at.1,
                    fill.hex()
                ),
                Mark::Box { at, size, fill } => writeln!(
                    out,
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
                    at.0,
                    at.1,
                    size.0,
                    size.1,
                    fill.hex()
                ),
                Mark::Words { at, anchor, text, shade: s } => writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{}\" fill=\"{}\">{}</text>",
                    at.0,
                    at.1,
                    match anchor {
                        Anchor::Start => "start",
                        Anchor::Middle => "middle",
                        Anchor::End => "end",
                    },
                    s.hex(),
                    escape(text)
                ),
            };
        }
        out.push_str("</svg>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_and_holds_only_what_xml_may_hold() {
        let hostile =
            "</text><script>alert('1')</script>&amp;\0\u{8}\u{b}\u{1b}[2J\u{fffe}\u{ffff}\u{202e}x\u{85}\u{9b}";
        let shown = escape(hostile);
        assert!(
            !shown.contains('<') && !shown.contains('>') && !shown.contains('"') && !shown.contains('\''),
            "{shown}"
        );
        let xml =
            |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(shown.chars().all(|c| xml(c) && !c.is_control()), "{shown}");
        assert!(shown.contains("&amp;amp;") && shown.contains("\\u{202e}") && shown.contains("\\u{ffff}"), "{shown}");
    }
}

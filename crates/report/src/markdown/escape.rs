//! Text of any origin within GitHub's and GitLab's Markdown.

use crate::text::clean_line;

/// A character of no width that keeps what is around it from being taken for a mention, a reference or an address. Those are
/// found in the finished text, where no backslash helps.
const APART: &str = "&#8203;";

/// A text as Markdown that shows it, on one line, wherever a line or a table's cell may hold text: no markup, no HTML, no
/// link, image, mention, reference, emoji, formula, heading, list, nor GitLab's quick actions come of it.
///
/// Control characters and bidirectional overrides are made visible first.
#[must_use]
pub(crate) fn escape(text: &str) -> String {
    let text = clean_line(text);
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let joined = next.is_some_and(|n| !n.is_whitespace());
        let before = &text.as_bytes()[..at];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // As entities they mean nothing to any parser, however it reads tables and backslashes.
            '|' => out.push_str("&#124;"),
            '\\' => out.push_str("&#92;"),
            '`' => out.push_str("&#96;"),
            '$' => out.push_str("&#36;"),
            '@' | ':' if joined => {
                out.push(c);
                out.push_str(APART);
            }
            '#' if next.is_some_and(|n| n.is_ascii_digit()) => {
                out.push('#');
                out.push_str(APART);
            }
            '-' if ends(before, b"gh") && next.is_some_and(|n| n.is_ascii_digit()) => {
                out.push('-');
                out.push_str(APART);
            }
            '.' if ends(before, b"www") => {
                out.push_str(APART);
                out.push('.');
            }
            '*' | '_' | '~' | '[' | ']' | '!' | '#' | '^' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' | '/' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            // GitLab's milestones.
            '%' if next.is_some_and(|n| n.is_alphanumeric() || n == '"') => out.push_str("\\%"),
            '.' | ')'
                if at > 0 && !next.is_some_and(char::is_alphanumeric) && before.iter().all(u8::is_ascii_digit) =>
            {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn ends(bytes: &[u8], word: &[u8]) -> bool {
    bytes.len() >= word.len() && bytes[bytes.len() - word.len()..].eq_ignore_ascii_case(word)
}

/// Lines as a block of code, in a fence that none of them closes.
pub(crate) fn code(language: &str, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| clean_line(line)).collect();
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    /// The text that a cell comes to.
    fn shown(cell: &str) -> String {
        let table = format!("| a | b |\n| --- | ---: |\n| {cell} | {cell} |\n");
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH | Options::ENABLE_GFM;
        let (mut cells, mut rows) = (Vec::new(), 0);
        for event in Parser::new_ext(&table, options) {
            match event {
                Event::Start(Tag::TableCell) => cells.push(String::new()),
                Event::Start(Tag::TableRow) => rows += 1,
                Event::Text(text) => cells.last_mut().unwrap().push_str(&text),
                Event::Start(Tag::Table(_) | Tag::TableHead) | Event::End(_) => {}
                other => panic!("{other:?} in {table}"),
            }
        }
        assert_eq!((cells.len(), rows), (4, 1), "{table}");
        assert_eq!(cells[2], cells[3]);
        cells.swap_remove(2)
    }

    /// The text that a line by itself comes to.
    fn line(text: &str) -> String {
        let mut all = String::new();
        for event in Parser::new_ext(text, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) => all.push_str(&text),
                Event::Start(Tag::Paragraph) | Event::End(_) => {}
                other => panic!("{other:?} in {text}"),
            }
        }
        all
    }

    fn check(text: &str) {
        let escaped = escape(text);
        assert!(!escaped.contains(['<', '>', '|']), "{escaped}");
        assert!(!escaped.chars().any(char::is_control));
        let plain = clean_line(text).trim().to_owned();
        for said in [shown(&escaped), line(&escaped)] {
            assert_eq!(said.replace('\u{200b}', ""), plain, "{escaped}");
            let lower = said.to_lowercase();
            for (word, after) in [("@", '\u{200b}'), (":", '\u{200b}')] {
                for (at, _) in lower.match_indices(word) {
                    let next = lower[at + 1..].chars().next();
                    assert!(next.is_none_or(|n| n == after || n.is_whitespace()), "{said}");
                }
            }
            assert!(!lower.contains("://") && !lower.contains("www."), "{said}");
            let reference = |mark: &str| {
                lower.match_indices(mark).any(|(at, m)| lower[at + m.len()..].starts_with(|c: char| c.is_ascii_digit()))
            };
            assert!(!reference("#") && !reference("gh-"), "{said}");
        }
    }

    #[test]
    fn hostile_texts_are_shown_and_do_nothing() {
        crate::fixture::HOSTILE.iter().for_each(|text| check(text));
    }

    proptest! {
        #[test]
        fn whatever_goes_in_is_shown_and_keeps_the_columns(text in any::<String>()) {
            check(&text);
        }

        #[test]
        fn so_do_texts_of_nothing_but_markup(text in "[-|`*_~<>\\[\\]()!#@:/\\\\ .&;a0w$+=\n\t{}^%'\"]{0,24}") {
            check(&text);
        }

        #[test]
        fn a_block_of_code_is_closed_by_its_fence_alone(lines in prop::collection::vec("[`~a \n<]{0,12}", 0..4)) {
            let made = format!("{}\nafter", code("sh", &lines));
            let mut all = String::new();
            let mut blocks = 0;
            for event in Parser::new(&made) {
                match event {
                    Event::Start(Tag::CodeBlock(_)) => blocks += 1,
                    Event::Text(text) => all.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(_) => {}
                    other => panic!("{other:?} in {made}"),
                }
            }
            prop_assert_eq!(blocks, 1);
            prop_assert!(all.ends_with("after"));
        }
    }
}

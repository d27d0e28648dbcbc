//! Text as LaTeX: one function, through which everything passes that somebody else wrote.
//!
//! What comes out holds printable ASCII and letters of Latin alphabets only, balanced braces, none of TeX's special
//! characters but those of the commands that are made here, and never `^^`; so it can neither act nor break off what stands
//! around it. It is right in any encoding of fonts that LaTeX's kernel knows, and with babel's shorthands.
//!
//! Letters that `pdflatex` cannot set without fonts of their own (CJK, emoji, Greek, Cyrillic, Hebrew, `✓`) are named by their
//! numbers, as in `[U+9000 U+6B3E]`: nothing is lost, and no engine or font has to be guessed.

use crate::text::clean;
use std::fmt::Write as _;

/// So many characters without a place to break a line are no word; then there is one.
const UNBROKEN: usize = 20;

/// What is set otherwise than it is written. Every command that text may bring in is here.
const SAID: &[(char, &str)] = &[
    ('\\', "\\textbackslash{}"),
    ('{', "\\{"),
    ('}', "\\}"),
    ('$', "\\$"),
    ('&', "\\&"),
    ('#', "\\#"),
    ('%', "\\%"),
    ('_', "\\_"),
    ('^', "\\textasciicircum{}"),
    ('~', "\\textasciitilde{}"),
    ('<', "\\textless{}"),
    ('>', "\\textgreater{}"),
    ('|', "\\textbar{}"),
    // Shorthands of babel, and ligatures of some fonts.
    ('"', "\\symbol{34}"),
    ('`', "\\symbol{96}"),
    ('\u{2212}', "$-$"),
    ('±', "$\\pm$"),
    ('²', "$^2$"),
    ('α', "$\\alpha$"),
    ('→', "$\\rightarrow$"),
    ('×', "$\\times$"),
    ('≤', "$\\leq$"),
    ('≥', "$\\geq$"),
    ('–', "\\textendash{}"),
    ('—', "\\textemdash{}"),
    ('…', "\\ldots{}"),
    ('‘', "\\textquoteleft{}"),
    ('’', "\\textquoteright{}"),
    ('“', "\\textquotedblleft{}"),
    ('”', "\\textquotedblright{}"),
    ('\u{a0}', " "),
    ('\n', " "),
];

/// A place where a long word may be broken.
const BREAK: &str = "\\allowbreak{}";

/// Whether pdflatex sets a character by itself, with the font encoding T1.
fn plain(c: char) -> bool {
    match c {
        ' '..='~' => true,
        'À'..='ÿ' => !matches!(c, '×' | '÷'),
        'Ā'..='ž' => !matches!(c, 'Ħ' | 'ħ' | 'ĸ' | 'Ŀ' | 'ŀ' | 'ŉ' | 'Ŧ' | 'ŧ'),
        _ => false,
    }
}

/// Whether a name may be broken after this character; a number or a time is no name.
fn parts(c: char, next: Option<char>) -> bool {
    match c {
        '_' | '#' | '@' | '=' | '&' | ';' | '~' => true,
        '/' | '.' | ':' => next.is_some_and(char::is_alphabetic),
        _ => false,
    }
}

/// Text as LaTeX takes it, to stand in a paragraph, a cell, a caption or a box.
pub(crate) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut unbroken = 0;
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        unbroken += 1;
        if let Some((_, said)) = SAID.iter().find(|(own, _)| *own == c) {
            out.push_str(said);
        } else if plain(c) {
            // `--`, `''` and `,,` would be set as one sign.
            if c == before && matches!(c, '-' | '\'' | ',') {
                out.push_str("{}");
            }
            out.push(c);
        } else {
            let _ = write!(out, "[U+{:04X}", u32::from(c));
            let foreign = |c: &char| !plain(*c) && !SAID.iter().any(|(own, _)| own == c);
            let mut written = 1;
            while let Some(next) = chars.next_if(foreign) {
                let _ = write!(out, " U+{:04X}", u32::from(next));
                written += 1;
            }
            out.push(']');
            unbroken = if written > 1 { 1 } else { unbroken + 7 };
        }
        before = c;
        let at_space = |c: Option<&char>| c.is_none_or(|c| *c == ' ' || *c == '\n');
        if c == ' ' || c == '\n' || c == '\u{a0}' {
            unbroken = 0;
        } else if (parts(c, chars.peek().copied()) || unbroken >= UNBROKEN) && unbroken > 1 && !at_space(chars.peek()) {
            out.push_str(BREAK);
            unbroken = 0;
        }
    }
    out
}

/// Text in a comment: one line of printable ASCII, without `^^`, which TeX reads even there.
pub(crate) fn comment(text: &str) -> String {
    let shown = |c: char| match c {
        '\u{2212}' | '–' => '-',
        ' '..='~' if c != '^' => c,
        _ => '?',
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads what `escape` may write, token by token; the text that it stands for, or what is wrong with it.
    fn read(mut rest: &str) -> Result<String, String> {
        let mut text = String::new();
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix(BREAK).or_else(|| rest.strip_prefix("{}")) {
                rest = after;
            } else if let Some((own, said)) = SAID.iter().find(|(_, s)| s.len() > 1 && rest.starts_with(*s)) {
                text.push(*own);
                rest = &rest[said.len()..];
            } else if !plain(c) || "\\{}$&#%_^~<>|\"`".contains(c) {
                return Err(format!("{c:?} stands bare in {rest:?}"));
            } else {
                text.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        Ok(text)
    }

    /// It, without what is named by its number.
    fn latin(text: &str) -> bool {
        text.chars().all(|c| plain(c) || SAID.iter().any(|(own, said)| *own == c && said.len() > 1))
    }

    proptest! {
        #[test]
        fn whatever_is_written_only_known_commands_come_of_it(text in any::<String>()) {
            let out = escape(&text);
            prop_assert!(!out.contains("^^"));
            let found = read(&out);
            prop_assert!(found.is_ok(), "{:?}", found);
        }

        #[test]
        fn tricks_of_tex_come_out_as_the_text_that_they_were(
            parts in prop::collection::vec(prop_oneof![
                Just("\\write18{rm}"), Just("\\input{/etc/passwd}"), Just("^^5c"), Just("\\catcode`\\%=12"), Just("$$"),
                Just("%"), Just("}"), Just("{"), Just("&"), Just("\\\\"), Just("\\end{document}"), Just("#1"), Just("_a"),
                Just("~"), Just("--"), Just("''"), Just(",,"), Just("?`"), Just("\"a"), Just(" "), Just("é"), Just("−"),
            ], 0..40)
        ) {
            let text = parts.concat();
            prop_assert!(latin(&text));
            prop_assert_eq!(read(&escape(&text)), Ok(text));
        }
    }

    #[test]
    fn what_pdflatex_has_no_letter_for_is_named_by_its_number() {
        assert_eq!(escape("退款 ✓ Ωé"), "[U+9000 U+6B3E] [U+2713] [U+03A9]é");
        assert_eq!(escape("a\u{202e}b\0"), "a\\textbackslash{}u\\{202e\\}b\\textbackslash{}u\\{0\\}");
        assert_eq!(escape("€ µ ß Ł"), "[U+20AC] [U+00B5] ß Ł");
        assert_eq!(escape("two\nlines"), "two lines");
    }

    #[test]
    fn long_words_have_places_to_break() {
        assert_eq!(escape("shop/refund_late"), "shop/\\allowbreak{}refund\\_\\allowbreak{}late");
        assert_eq!(escape("e.g. x/ y"), "e.\\allowbreak{}g. x/ y");
        let long = escape(&"x".repeat(100_000));
        assert!(long.split(BREAK).all(|part| part.len() <= UNBROKEN), "{}", &long[..80]);
    }

    #[test]
    fn a_comment_stays_one_line() {
        assert_eq!(comment("−5\n\\end{document}\r^^M\u{2028}é%"), "-5?\\end{document}???M??%");
    }
}

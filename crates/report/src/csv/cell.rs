//! What may stand in a cell.
//!
//! Spreadsheets take a text that begins with `=`, `+`, `-` or `@` for a formula, and formulas can send data away or start
//! programs. Names, titles and reasons are other people's text: where one could be read so, an apostrophe goes before it,
//! which spreadsheets show and never run. White space and quotes before the sign do not help it, nor its fullwidth form, nor a
//! `;` before it, at which half of the world's spreadsheets break a line into cells. Control characters and turned direction
//! are made visible. Numbers are written by us, and may begin with `-`.

use crate::text::clean_line;

/// A cell that may be written as it is.
pub(crate) struct Cell(String);

impl Cell {
    /// Nothing is known.
    pub(crate) const EMPTY: Self = Self(String::new());

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Somebody's text.
    pub(crate) fn text(text: &str) -> Self {
        Self(neutral(text))
    }

    /// A whole number.
    pub(crate) fn whole(n: impl Into<u64>) -> Self {
        Self(n.into().to_string())
    }

    /// A number: never with an exponent, and empty where it is none.
    pub(crate) fn number(x: f64) -> Self {
        if x.is_finite() { Self(x.to_string()) } else { Self::EMPTY }
    }

    /// 1 or 0.
    pub(crate) fn truth(is: bool) -> Self {
        Self::whole(u64::from(is))
    }
}

/// What may be unknown.
pub(crate) fn known<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::EMPTY, cell)
}

/// Whether a formula may begin with it.
pub(crate) fn begins_formula(c: char) -> bool {
    matches!(
        c,
        '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}' | '\u{2212}' | '\u{fe62}'
            ..='\u{fe66}' | '\u{fe6b}'
    )
}

/// Whether spreadsheets pass over it before a formula.
fn passed_over(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\u{201c}' | '\u{201d}')
}

fn neutral(text: &str) -> String {
    // A tab or a carriage return at the head is a sign of its own, and is gone once cleaned.
    let tab = text.starts_with(['\t', '\r']);
    let text = clean_line(text);
    let mut out = String::with_capacity(text.len() + 1);
    if tab {
        out.push('\'');
    }
    for (n, part) in text.split_inclusive([';', '\u{ff1b}']).enumerate() {
        let first = part.trim_start_matches(passed_over).chars().next();
        if first.is_some_and(begins_formula) && !(tab && n == 0) {
            out.push('\'');
        }
        out.push_str(part);
    }
    out
}

//! Python's texts: white space, digits, `int`, `float`, and the checker's standard form.

use super::value::Int;
use std::borrow::Cow;

/// `int` and `json.loads` refuse more digits than these (`sys.get_int_max_str_digits`).
pub(super) const MAX_DIGITS: usize = 4300;

/// What `str.strip` and `\s` take: Unicode's white space, and the four separators that it leaves out.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The zeros of the decimal digits of Unicode 14 (CPython 3.11); nine more follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
    0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The value of a decimal digit of any script, which is what `\d` matches.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c).filter(char::is_ascii_digit);
    }
    let code = u32::from(c);
    let block = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS[block], 10)
}

/// With ASCII digits in place of those of other scripts, as `int` and `float` see a text.
fn with_ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| digit(c).unwrap_or(c)).collect())
}

/// Without the underscores between digits. `None` where one stands elsewhere.
fn without_underscores(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text);
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let misplaced = |at: usize| !is_digit(at.checked_sub(1)) || !is_digit(Some(at + 1));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'_' && misplaced(at)) {
        return None;
    }
    Some(Cow::Owned(text.replace('_', "")))
}

/// `int(text)`; `None` is a `ValueError`.
pub(super) fn to_int(text: &str) -> Option<Int> {
    let plain = without_underscores(with_ascii_digits(strip(text)))?;
    if plain.trim_start_matches(['+', '-']).len() > MAX_DIGITS {
        return None;
    }
    Int::from_decimal(&plain)
}

/// `float(text)`; `None` is a `ValueError`.
pub(super) fn to_float(text: &str) -> Option<f64> {
    // Rust's grammar of floats is Python's, once there is no space, no underscore and no foreign digit.
    without_underscores(with_ascii_digits(strip(text)))?.parse().ok()
}

/// Whether the standard form drops a character.
fn is_dropped(c: char) -> bool {
    matches!(c, ' ' | ',' | '.' | '/' | '-' | '_' | '*' | '^')
}

/// The form in which texts are compared: without `space , . / - _ * ^`, in lower case, `"` for `'`.
///
/// Lower case is Unicode's full mapping with its context (a final sigma, a dotted capital I), as in Python; the
/// context is what is left after dropping.
pub(super) fn standard(text: &str) -> String {
    if text.is_ascii() {
        return text.bytes().filter_map(standard_ascii).map(char::from).collect();
    }
    text.replace(is_dropped, "").to_lowercase().replace('\'', "\"")
}

/// Whether a text has this standard form; nothing is allocated for an ASCII one.
pub(super) fn has_standard(text: &str, standard_form: &str) -> bool {
    if text.is_ascii() {
        return text.bytes().filter_map(standard_ascii).eq(standard_form.bytes());
    }
    standard(text) == standard_form
}

fn standard_ascii(byte: u8) -> Option<u8> {
    match byte {
        b' ' | b',' | b'.' | b'/' | b'-' | b'_' | b'*' | b'^' => None,
        b'\'' => Some(b'"'),
        other => Some(other.to_ascii_lowercase()),
    }
}

/// The parts of `-?\d+(\.\d+)?([eE][+-]?\d+)?` and what stands behind it.
pub(super) struct Literal<'t> {
    pub(super) number: &'t str,
    pub(super) whole: bool,
    pub(super) exponent: bool,
    /// Without the one line feed before which Python's `$` matches as well.
    pub(super) rest: &'t str,
}

/// Reads a number literal from a text's beginning, as much as there is of it.
pub(super) fn literal(text: &str) -> Option<Literal<'_>> {
    let digits = |from: &str| from.find(|c| digit(c).is_none()).unwrap_or(from.len());
    let mut at = usize::from(text.starts_with('-'));
    let first = digits(&text[at..]);
    if first == 0 {
        return None;
    }
    at += first;
    let whole_end = at;
    if text[at..].starts_with('.') {
        let fraction = digits(&text[at + 1..]);
        at += if fraction > 0 { 1 + fraction } else { 0 };
    }
    let whole = at == whole_end;
    let before_exponent = at;
    if text[at..].starts_with(['e', 'E']) {
        let sign = usize::from(text[at + 1..].starts_with(['+', '-']));
        let power = digits(&text[at + 1 + sign..]);
        at += if power > 0 { 1 + sign + power } else { 0 };
    }
    let rest = &text[at..];
    Some(Literal {
        number: &text[..at],
        whole,
        exponent: at > before_exponent,
        rest: rest.strip_suffix('\n').unwrap_or(rest),
    })
}

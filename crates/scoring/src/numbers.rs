//! Numbers in prose.

/// What may stand between a number and its sign.
pub(crate) const CURRENCIES: [char; 4] = ['$', '€', '£', '¥'];

/// A number in a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    /// Where its first digit stands, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes.
    pub(crate) end: usize,
}

/// The numbers of a plain text (see [`plain`](crate::text::plain): thousands' commas are gone).
///
/// Read: `1234.50`, `$42`, `-$42`, `42%` (42), `-3`, `2.5e3`, `.5`, `42kg`. Not read, because they
/// are no quantities: digits within a word or an identifier (`W-1001`, `x86`), dates, times,
/// ranges, fractions, versions (`2026-03-02`, `9:30`, `3-5`, `1.2.3`), amounts with a multiplier
/// (`10k`), and ordinals (`3rd`).
pub(crate) fn numbers(text: &str) -> Vec<Number> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        if !bytes[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        // The whole run, joined by what joins digits to something that is not one quantity.
        let start = i;
        let mut end = i;
        let (mut joined, mut dotted) = (false, false);
        loop {
            end += bytes[end..].iter().take_while(|b| b.is_ascii_digit()).count();
            let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            match bytes.get(end) {
                Some(b'.') if next_is_digit => {
                    joined |= dotted;
                    dotted = true;
                    end += 1;
                }
                Some(b'-' | b'/' | b':' | b',') if next_is_digit => {
                    joined = true;
                    end += 1;
                }
                _ => break,
            }
        }
        if let Some(exponent) = exponent(&bytes[end..]).filter(|_| !joined) {
            end += exponent;
        }
        i = end;
        if joined || multiplied(&text[end..]) || ordinal(&text[end..]) {
            continue;
        }
        if let Some(value) = signed(&text[..start], &text[start..end]) {
            found.push(Number { value, start, end });
        }
    }
    found
}

/// The length of `e5`, `e-5`, `e+5` at the beginning, if it is there and ends.
fn exponent(rest: &[u8]) -> Option<usize> {
    if !matches!(rest.first(), Some(b'e' | b'E')) {
        return None;
    }
    let sign = usize::from(matches!(rest.get(1), Some(b'+' | b'-')));
    let digits = rest.get(1 + sign..)?.iter().take_while(|b| b.is_ascii_digit()).count();
    let after = rest.get(1 + sign + digits);
    (digits > 0 && !after.is_some_and(u8::is_ascii_alphanumeric)).then_some(1 + sign + digits)
}

fn multiplied(rest: &str) -> bool {
    let mut ahead = rest.chars();
    matches!(ahead.next(), Some('k' | 'K' | 'm' | 'M' | 'b' | 'B')) && !ahead.next().is_some_and(char::is_alphanumeric)
}

/// Whether what follows digits makes an ordinal of them.
pub(crate) fn ordinal(rest: &str) -> bool {
    let ending = rest.get(..2).is_some_and(|e| ["st", "nd", "rd", "th"].iter().any(|o| e.eq_ignore_ascii_case(o)));
    ending && !rest[2..].starts_with(char::is_alphanumeric)
}

/// The value with the sign that stands before it; `None` where the digits belong to a word.
fn signed(before: &str, digits: &str) -> Option<f64> {
    let (before, digits) = match before.strip_suffix('.') {
        Some(rest) if !digits.contains('.') && !rest.ends_with(char::is_alphanumeric) => (rest, format!("0.{digits}")),
        _ => (before, digits.to_owned()),
    };
    let bare = before.trim_end_matches(CURRENCIES);
    if bare.len() == before.len() && before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let value: f64 = digits.parse().ok().filter(|v: &f64| v.is_finite())?;
    match bare.strip_suffix('-') {
        Some(rest) if rest.ends_with(|c: char| c.is_alphanumeric()) => None,
        Some(_) => Some(-value),
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::plain;

    fn values(text: &str) -> Vec<f64> {
        numbers(&plain(text, true)).iter().map(|n| n.value).collect()
    }

    #[test]
    fn quantities_are_read() {
        assert_eq!(values("3 rd, 4thin 5sté"), [3.0, 4.0, 5.0]);
        assert_eq!(
            values("1,234.50 and $42, 42%, \u{2212}3, -$7.5, 2.5e3, .5 and 42kg."),
            [1234.5, 42.0, 42.0, -3.0, -7.5, 2500.0, 0.5, 42.0]
        );
        assert_eq!(values("In all 1,234,567."), [1_234_567.0]);
        assert_eq!(values("1, 2 and 3"), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn what_is_no_quantity_is_not_read() {
        assert_eq!(values("W-1001 x86 2026-03-02 9:30 3-5 1.2.3 10k a_1 the 3rd, 21st and 4TH"), [] as [f64; 0]);
    }
}

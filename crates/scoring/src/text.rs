//! Finding texts in answers.

use crate::negation::Denials;
use crate::numbers::{CURRENCIES, Number, numbers, ordinal};

/// A text in one spelling: typographic quotes, dashes and spaces made plain, emphasis marks
/// (`*`, `` ` ``) dropped, white space collapsed (line ends kept), thousands' commas left out and,
/// if asked, letters lower-cased.
pub(crate) fn plain(text: &str, ignore_case: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{201b}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{2212}' | '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{fe63}' | '\u{ff0d}' => '-',
            '\u{2013}' => '\u{2014}',
            '*' | '`' | '\u{200b}' | '\u{feff}' => continue,
            '\n' | '\r' => '\n',
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if (c == ' ' && out.ends_with([' ', '\n'])) || (c == '\n' && out.ends_with('\n')) {
            continue;
        }
        if c == '\n' && out.ends_with(' ') {
            out.pop();
        }
        if ignore_case { out.extend(c.to_lowercase()) } else { out.push(c) }
    }
    without_thousands(out.trim())
}

/// `1,234,567.5` becomes `1234567.5`; `1, 2` and `1,23` stay.
fn without_thousands(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.char_indices() {
        let separates = c == ','
            && i > 0
            && digit(i - 1)
            && (1..=3).all(|k| digit(i + k))
            && !digit(i + 4)
            // At most three digits stand before the first comma of a number.
            && (1..=4).take_while(|k| i >= *k && digit(i - k)).count() <= 3;
        if !separates {
            out.push(c);
        }
    }
    out
}

/// A text to look for.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    plain: String,
    /// For a needle that is nothing but a number: what it is.
    number: Option<(f64, Option<char>, bool)>,
    /// Whether it says no itself: then a negation around it is what is looked for.
    negative: bool,
}

/// How a needle is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Not at all.
    Nowhere,
    /// Only in clauses that deny it.
    Denied,
    /// In a clause that does not deny it.
    Asserted,
}

impl Needle {
    pub(crate) fn new(text: &str, ignore_case: bool) -> Self {
        let plain = plain(text, ignore_case);
        let negative = Denials::new(&format!("{plain} x")).denies(plain.len() + 1, plain.len() + 2);
        Self { number: lone_number(&plain), negative, plain }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// Looks for it in a [`plain`] text.
    pub(crate) fn find(&self, text: &str, guard: bool) -> Found {
        let mut found = Found::Nowhere;
        let mut denials = None;
        for (start, end) in self.occurrences(text) {
            let mut denied = || denials.get_or_insert_with(|| Denials::new(text)).denies(start, end);
            if !guard || self.negative || !denied() {
                return Found::Asserted;
            }
            found = Found::Denied;
        }
        found
    }

    fn occurrences<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let literal = text
            .match_indices(self.plain.as_str())
            .map(|(start, hit)| (start, start + hit.len()))
            .filter(|(start, end)| whole(text, *start, *end))
            .filter(|(start, end)| self.number.is_none() || quantity(text, *start, *end));
        let by_value = self.number.into_iter().flat_map(move |(value, currency, percent)| {
            numbers(text)
                .into_iter()
                .filter(move |n| same_number(n.value, value))
                .filter(move |n| currency.is_none_or(|c| text[..n.start].ends_with(c)))
                .filter(move |n| !percent || text[n.end..].starts_with('%'))
                .map(|n| (n.start, n.end))
        });
        literal.chain(by_value)
    }
}

#[allow(clippy::float_cmp, reason = "42, 42.0 and 42.00 parse to the same bits")]
fn same_number(a: f64, b: f64) -> bool {
    a == b
}

fn lone_number(plain: &str) -> Option<(f64, Option<char>, bool)> {
    let found = numbers(plain);
    let [Number { value, start, end }] = found[..] else { return None };
    let before = &plain[..start];
    let currency = before.chars().last().filter(|c| CURRENCIES.contains(c));
    let before = before.trim_end_matches(CURRENCIES);
    let after = &plain[end..];
    ((before.is_empty() || before == "-") && matches!(after, "" | "%")).then_some((value, currency, after == "%"))
}

/// Whether an occurrence of a lone number is no part of a time or an ordinal.
fn quantity(text: &str, start: usize, end: usize) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let behind = text[..start].strip_suffix(':').is_some_and(|t| digit(t.chars().next_back()));
    let ahead = text[end..].strip_prefix(':').is_some_and(|t| digit(t.chars().next()));
    !(behind || ahead || ordinal(&text[end..]))
}

/// Whether an occurrence is not the inside of a longer number, a negative number without its sign,
/// or the end of a longer word.
fn whole(text: &str, start: usize, end: usize) -> bool {
    let (before, hit, after) = (&text[..start], &text[start..end], &text[end..]);
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (first, last) = (hit.chars().next(), hit.chars().next_back());
    let mut back = before.chars().rev();
    let (previous, one_more) = (back.next(), back.next());
    let mut ahead = after.chars();
    let (next, next_more) = (ahead.next(), ahead.next());
    if digit(first) && (digit(previous) || (matches!(previous, Some('.' | ',')) && digit(one_more))) {
        return false;
    }
    if first.is_some_and(|c| c.is_ascii_digit() || CURRENCIES.contains(&c)) {
        // `-42`, `-$42` and `$-42`; but `W-42` and `3-5` hold no sign.
        let sign = before.strip_suffix(CURRENCIES).unwrap_or(before).strip_suffix('-');
        if sign.is_some_and(|t| !t.ends_with(char::is_alphanumeric)) {
            return false;
        }
    }
    if digit(last) && (digit(next) || (matches!(next, Some('.' | ',')) && digit(next_more))) {
        return false;
    }
    // Scripts without spaces between words have no word starts to ask for.
    let spaced = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && c < '\u{2e80}');
    !(spaced(first) && spaced(previous))
}

/// A text, short enough for evidence.
pub(crate) fn excerpt(text: &str) -> String {
    const MOST: usize = 300;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        format!("{}…", text.chars().take(MOST).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, needle: &str) -> bool {
        Needle::new(needle, true).find(&plain(text, true), true) == Found::Asserted
    }

    #[test]
    fn a_number_is_not_found_inside_a_longer_one() {
        assert!(!has("You get $142.00.", "42.00"));
        assert!(!has("You get $42.001.", "42.00"));
        assert!(!has("It is 42.", "4"));
        assert!(!has("It is 42.", "2"));
        assert!(!has("It is 1.42", "42"));
        assert!(!has("1,042.00", "42.00"));
        assert!(has("You get $42.00.", "42.00"));
        assert!(has("You get 42.00, as agreed", "42.00"));
        assert!(has("Order W-1001 is late", "W-1001"));
        assert!(has("Order W-1001 is late", "1001"));
        assert!(has("It takes 3-5 days", "5 days"));
    }

    #[test]
    fn a_number_is_not_found_in_a_time_an_ordinal_or_a_negative_number() {
        assert!(!has("It leaves at 10:30.", "10"));
        assert!(!has("It leaves at 10:30.", "30"));
        assert!(has("It leaves at 10:30.", "10:30"));
        assert!(has("It leaves at 10:30:00.", "10:30"));
        assert!(has("In all: 10:", "10"));
        assert!(!has("It is the 3rd of May.", "3"));
        assert!(has("It is the 3rd of May.", "3rd"));
        for text in ["It is -42.00 now", "It is \u{2212}42.00 now", "It is -$42.00 now", "It is $-42.00 now"] {
            assert!(!has(text, "42.00"), "{text}");
            assert!(!has(text, "42.00 now"), "{text}");
            assert!(has(text, "-42.00") || has(text, "-42"), "{text}");
        }
        assert!(!has("It is -$42.00 now", "$42.00"));
        assert!(has("It is \u{2013}42.00", "42.00"), "a dash is no sign");
    }

    #[test]
    fn a_number_is_found_in_other_spellings() {
        assert!(has("It is $1,234.50 in all", "1234.50"));
        assert!(has("It is $1234.5 in all", "1,234.50"));
        assert!(has("It is $42 in all", "42.00"));
        assert!(has("It is $42.00 in all", "$42"));
        assert!(!has("It is €42 in all", "$42"));
        assert!(has("That is 42 %, or 42.0% of it", "42%"));
        assert!(!has("That is 42 of it", "42%"));
    }

    #[test]
    fn emphasis_quotes_and_case_do_not_matter() {
        assert!(has("A refund of **$42.00** is on its way", "refund of $42.00"));
        assert!(has("It’s DONE", "it's done"));
        assert!(!Needle::new("done", false).find("DONE", true).eq(&Found::Asserted));
    }

    #[test]
    fn a_word_is_found_from_its_start() {
        assert!(has("It was refunded", "refund"));
        assert!(!has("It was unsuccessful", "successful"));
        assert!(!has("You prepaid it", "paid"));
        assert!(has("您的退款已完成", "退款"));
    }
}

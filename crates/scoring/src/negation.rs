//! Whether a clause denies what it mentions.
//!
//! A guard, not an understanding: English only, by words and punctuation. An occurrence counts as
//! denied when a negating word stands in its clause, before it, or after it as part of its verb.
//!
//! - A clause ends with its sentence, at a line's end, `;`, a dash, at `but`, `however`,
//!   `although`, `because`, `so` and their like, and at a comma or `and` that a new subject
//!   follows (`…, your refund`, `… and I`, `… and refunded`).
//! - Phrases that negate nothing are passed over: *not only*, *no problem*, *no worries*, *don't
//!   hesitate*, *without delay*, *at no extra cost*, *No, …*, *order no. 5*.
//!
//! **Limits.** Double negation (`not unable`) counts as one. A negation in a relative clause before
//! the occurrence (`the item that did not work was refunded 42.00`) denies it; one after a relative
//! pronoun or a new subject behind it (`the 42.00 you asked for was not paid`) does not. Questions,
//! conditions, plans and irony are taken as statements. Other languages are not guarded.

/// Words that negate wherever they stand before the occurrence.
const BEFORE: &[&str] = &[
    "not",
    "no",
    "never",
    "cannot",
    "unable",
    "without",
    "neither",
    "nor",
    "none",
    "nothing",
    "impossible",
    "unsuccessful",
    "unsuccessfully",
    "failed",
    "fails",
    "fail",
    "failing",
];
/// Words that negate an occurrence before them.
const AFTER: &[&str] = &["not", "never", "cannot", "unable", "impossible", "unsuccessful", "failed", "fails"];
/// Contractions written without their apostrophe.
const BARE: &[&str] = &[
    "cant", "wont", "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "couldnt", "wouldnt", "shouldnt",
    "hasnt", "havent", "hadnt",
];
/// Words that begin another clause wherever they stand.
const BREAKS: &[&str] = &[
    "but",
    "however",
    "although",
    "though",
    "because",
    "while",
    "whereas",
    "instead",
    "therefore",
    "thus",
    "so",
    "since",
];
/// Words that begin another clause after a comma, or after a comma and a conjunction.
const SUBJECTS: &[&str] = &[
    "i", "we", "you", "it", "he", "she", "they", "your", "the", "our", "my", "this", "that", "these", "those", "there",
    "here", "then", "which", "who", "please",
];
/// Subjects that begin another clause after a bare `and`.
const PRONOUNS: &[&str] = &["i", "we", "you", "it", "he", "she", "they"];
/// Words at the beginning of a clause that ends with its first comma.
const SUBORDINATE: &[&str] =
    &["although", "though", "while", "if", "since", "because", "when", "once", "as", "even", "whereas"];
/// What stands after a harmless `no`.
const HARMLESS_AFTER_NO: &[&str] = &[
    "problem",
    "problems",
    "worry",
    "worries",
    "doubt",
    "need",
    "later",
    "further",
    "additional",
    "extra",
    "charge",
    "cost",
    "costs",
    "fee",
    "fees",
    "trouble",
    "hassle",
    "matter",
    "issue",
    "issues",
    "questions",
];
/// What stands after a harmless `not` (or a contraction with it).
const HARMLESS_AFTER_NOT: &[&str] = &["only", "just", "merely", "simply", "worry", "hesitate", "forget", "mind"];
/// What stands after a harmless `without`, or after `without any`.
const HARMLESS_AFTER_WITHOUT: &[&str] = &[
    "delay",
    "further",
    "issue",
    "issues",
    "problem",
    "problems",
    "charge",
    "question",
    "questions",
    "additional",
    "extra",
    "cost",
    "fee",
    "fees",
    "trouble",
    "hassle",
];
/// What numbers follow after `no`.
const NUMBERED: &[&str] =
    &["order", "reference", "ref", "invoice", "account", "tracking", "ticket", "case", "item", "part"];

/// A word of a clause.
struct Word<'t> {
    text: &'t str,
    start: usize,
    /// What stands between it and the next word.
    gap: &'t str,
}

/// Whether the occurrence `start..end` of a plain text stands in a clause that denies it.
pub(crate) fn negated(text: &str, start: usize, end: usize) -> bool {
    let (from, to) = sentence(text, start, end);
    let lower = text[from..to].to_ascii_lowercase();
    let (start, end) = (start - from, end - from);
    let words = words(&lower);
    let first_inside = words.partition_point(|w| w.start + w.text.len() <= start);
    let first_after = words.partition_point(|w| w.start < end);
    let breaks = breaks(&words);
    let begin = (0..=first_inside.min(words.len().saturating_sub(1))).rev().find(|i| breaks[*i]).unwrap_or(0);
    let before = (begin..first_inside).any(|i| denies_ahead(&words, i));
    before || denied_after(&words, &breaks, first_after)
}

fn denies_ahead(words: &[Word<'_>], i: usize) -> bool {
    let word = words[i].text;
    let negates = BEFORE.contains(&word) || contracted(word) || passive_denial(words, i);
    let weak = matches!(word, "fail" | "fails" | "failed" | "failing") && next(words, i) != "to";
    negates && !weak && !harmless(words, i)
}

/// Whether the verb behind the occurrence is negated, up to the next clause, list or relative.
fn denied_after(words: &[Word<'_>], breaks: &[bool], from: usize) -> bool {
    for i in from..words.len() {
        let word = words[i].text;
        let listed = i > 0 && i > from && words[i - 1].gap.contains(',');
        let stops = matches!(word, "and" | "or" | "that" | "which" | "who" | "if" | "when" | "in" | "unless")
            || PRONOUNS.contains(&word);
        if breaks[i] || listed || stops {
            return false;
        }
        if (AFTER.contains(&word) || contracted(word) || passive_denial(words, i)) && !harmless(words, i) {
            return true;
        }
        if word == "no" && i > 0 && words[i - 1].gap.contains(':') {
            return true;
        }
    }
    false
}

fn contracted(word: &str) -> bool {
    word.ends_with("n't") || BARE.contains(&word)
}

/// `was denied`, `is rejected`.
fn passive_denial(words: &[Word<'_>], i: usize) -> bool {
    matches!(words[i].text, "denied" | "rejected" | "refused" | "declined")
        && i > 0
        && matches!(words[i - 1].text, "was" | "were" | "is" | "are" | "be" | "been" | "being" | "got")
}

fn next<'t>(words: &[Word<'t>], i: usize) -> &'t str {
    words.get(i + 1).map_or("", |w| w.text)
}

fn harmless(words: &[Word<'_>], i: usize) -> bool {
    let after = next(words, i);
    match words[i].text {
        "no" => {
            let numbered =
                i > 0 && NUMBERED.contains(&words[i - 1].text) && after.starts_with(|c: char| c.is_ascii_digit());
            HARMLESS_AFTER_NO.contains(&after) || words[i].gap.starts_with([',', '.', '!']) || numbered
        }
        "without" => {
            let after = if after == "any" { next(words, i + 1) } else { after };
            HARMLESS_AFTER_WITHOUT.contains(&after)
        }
        "never" => after == "mind",
        "nothing" => matches!(after, "else" | "more" | "further") || (after == "to" && next(words, i + 1) == "worry"),
        "not" if after == "to" => next(words, i + 1) == "worry",
        "not" if after == "a" => matches!(next(words, i + 1), "problem" | "worry"),
        word if word == "not" || contracted(word) => HARMLESS_AFTER_NOT.contains(&after),
        _ => false,
    }
}

/// Which words begin a clause.
fn breaks(words: &[Word<'_>]) -> Vec<bool> {
    let mut out = vec![false; words.len()];
    let mut subordinate = false;
    for i in 0..words.len() {
        let word = words[i].text;
        let bare = word.split('\'').next().unwrap_or(word);
        let comma = i > 0 && words[i - 1].gap.contains(',');
        let subject_next = |i: usize| SUBJECTS.contains(&next(words, i).split('\'').next().unwrap_or(""));
        let after_and = i > 0 && words[i - 1].text == "and";
        let breaks = BREAKS.contains(&word)
            || (comma
                && (subordinate || SUBJECTS.contains(&bare) || (matches!(word, "and" | "yet") && subject_next(i))))
            || (after_and && (PRONOUNS.contains(&bare) || finite(word)));
        out[i] = breaks || i == 0;
        if out[i] {
            subordinate = SUBORDINATE.contains(&word);
        }
    }
    out
}

/// Whether a verb after `and` cannot share the auxiliary of a negated verb before it.
fn finite(word: &str) -> bool {
    (word.len() > 4 && word.ends_with("ed"))
        || matches!(word, "have" | "has" | "was" | "is" | "will" | "sent" | "made" | "gave")
}

fn words(text: &str) -> Vec<Word<'_>> {
    let inside = |c: char| c.is_alphanumeric() || c == '\'';
    let mut out: Vec<Word<'_>> = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(inside) {
        let start = at + offset;
        let end = text[start..].find(|c| !inside(c)).map_or(text.len(), |n| start + n);
        let gap = text[end..].find(inside).map_or(text.len(), |n| end + n);
        out.push(Word { text: text[start..end].trim_matches('\''), start, gap: &text[end..gap] });
        at = end;
    }
    out
}

/// The bounds of the sentence around an occurrence.
fn sentence(text: &str, start: usize, end: usize) -> (usize, usize) {
    let boundary = |i: usize, c: char| match c {
        '\n' | ';' | '\u{2014}' => true,
        '-' => text[..i].ends_with(' ') && text[i + 1..].starts_with(' '),
        '.' | '!' | '?' => {
            text[i + 1..].chars().next().is_none_or(|next| next.is_whitespace() || "\")'".contains(next))
        }
        '。' | '！' | '？' => true,
        _ => false,
    };
    let from = text[..start].char_indices().rev().find(|(i, c)| boundary(*i, *c)).map_or(0, |(i, c)| i + c.len_utf8());
    let to = text[end..].char_indices().map(|(i, c)| (end + i, c)).find(|(i, c)| boundary(*i, *c));
    (from, to.map_or(text.len(), |(i, _)| i))
}

#[cfg(test)]
mod tests {
    use crate::text::{Found, Needle, plain};

    fn verdict(text: &str, needle: &str) -> Found {
        Needle::new(needle, true).find(&plain(text, true), true)
    }

    #[test]
    fn a_denied_occurrence_does_not_count() {
        for (text, needle) in [
            ("Your order was not refunded.", "refunded"),
            ("The order isn't refunded.", "refunded"),
            ("The order isn’t refunded.", "refunded"),
            ("It cannot be refunded.", "refunded"),
            ("It can't be refunded", "refunded"),
            ("No refund of $42.00 was made.", "42.00"),
            ("I was unable to refund $42.00.", "42.00"),
            ("I was unable to process your refund of $42.00 today.", "42.00"),
            ("A refund of $42.00 was not made.", "42.00"),
            ("The refund of $42.00 could not be processed.", "42.00"),
            ("The refund of $42.00 to your card was never issued.", "42.00"),
            ("Your refund of $42.00 was denied.", "42.00"),
            ("I failed to refund the $42.00.", "42.00"),
            ("Neither the shipping nor the $42.00 were paid back.", "42.00"),
            ("I cannot confirm that your refund of 42.00 was made.", "42.00"),
            ("I did not refund order W-1001, 42.00 dollars.", "42.00"),
            ("You will get your order without the refund of 42.00.", "42.00"),
            ("We never refunded it.", "refunded"),
            ("Refunded: no", "refunded"),
            ("I dont think you were refunded", "refunded"),
            ("Thank you for asking. The item has not been refunded. Anything else?", "refunded"),
            ("The system did not cancel and refund $42.00.", "42.00"),
            ("There is nothing to be refunded.", "refunded"),
            ("I am not sure if 42.00 was refunded.", "42.00"),
        ] {
            assert_eq!(verdict(text, needle), Found::Denied, "{text}");
        }
    }

    #[test]
    fn an_asserted_occurrence_counts_beside_a_negation_of_something_else() {
        for (text, needle) in [
            ("Your refund of $42.00 is on its way.", "42.00"),
            ("Not only the item but also the shipping was refunded.", "refunded"),
            ("Not only was it refunded, you also get a voucher.", "refunded"),
            ("No problem, your refund of 42.00 is on its way.", "42.00"),
            ("No worries! Refunded 42.00.", "42.00"),
            ("No, your refund of 42.00 was sent yesterday.", "42.00"),
            ("I could not cancel it. Your refund of $42.00 was sent.", "42.00"),
            ("I could not cancel the order, but I refunded $42.00.", "42.00"),
            ("I did not find a problem, your refund of $42.00 has been issued.", "42.00"),
            ("I refunded $42.00 because it could not be repaired.", "42.00"),
            ("Because it could not be repaired, $42.00 was refunded.", "42.00"),
            ("I did not cancel the order and refunded $42.00.", "42.00"),
            ("Your refund of $42.00 is on its way and you will not need to return it.", "42.00"),
            ("Your refund of $42.00 has been issued at no extra cost.", "42.00"),
            ("Your refund of $42.00 was issued and will not expire.", "42.00"),
            ("Your refund of $42.00 for the item you did not receive has been issued.", "42.00"),
            ("We refunded $42.00 without delay.", "42.00"),
            ("Please don't hesitate to ask about the 42.00.", "42.00"),
            ("It was not refunded at first. Now it is refunded.", "refunded"),
            ("Order no. 5 was refunded.", "refunded"),
            ("Order no 5 was refunded.", "refunded"),
            ("Not cancelled\nRefunded", "refunded"),
            ("I can't do that — your refund of 42.00 stands.", "42.00"),
            ("The order cannot be cancelled; $42.00 was refunded.", "42.00"),
        ] {
            assert_eq!(verdict(text, needle), Found::Asserted, "{text}");
        }
    }

    #[test]
    fn a_needle_that_says_no_is_found_where_it_says_so() {
        assert_eq!(verdict("It cannot be refunded.", "cannot be refunded"), Found::Asserted);
        assert_eq!(verdict("You are not eligible for it.", "not eligible"), Found::Asserted);
    }
}

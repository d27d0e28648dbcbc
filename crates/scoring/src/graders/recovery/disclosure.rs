//! Whether an answer says that something failed.
//!
//! A guard, not an understanding: English only, by words. Two kinds of them: words for failure, which
//! count outside clauses that deny them ("no errors occurred" discloses nothing), and verbs that are
//! negated ("could not"), which count as they stand, but for turns of phrase ("can't wait"). A policy told
//! ("you cannot return it after 30 days") is taken for a failure too; where that matters, give the words
//! in `disclosed`.

use crate::negation::Denials;
use crate::text::plain;
use regex::Regex;
use std::sync::LazyLock;

/// Words for failure.
const FAILURES: &str = r"\b(?:errors?|failures?|failed|fails|failing|unable|unsuccessful(?:ly)?|unavailable|impossible|unfortunately|went wrong|(?:ran into|run into|encountered|had|hit|there (?:is|was)|there's) (?:an?|some|several) (?:[a-z]+ ){0,2}?(?:problems?|issues?)|(?:was|were|is|been|got) (?:rejected|declined|denied|refused))\b";

/// Verbs that are negated, and the word behind.
const NEGATED: &str = r"\b(?:could not|couldn't|cannot|can't|can not|(?:was|were|am|is|are|been|'m|'s|'re)(?: not|n't) (?:yet )?(?:been )?(?:able|possible|successful|processed|completed|finished|found|available|cancell?ed|refunded|updated|changed|sent|booked|saved|made|done|accepted|allowed|permitted|working)|(?:has|have)(?: not|n't) (?:yet )?been [a-z]+|(?:did not|didn't|does not|doesn't) (?:work|succeed|go through|exist|complete|respond)|no such)\b(?: ([a-z]+))?";

/// What stands behind a negated verb that tells of no failure.
const HARMLESS: &[&str] = &["wait", "hesitate", "complain", "agree", "thank", "stress", "happier", "worry"];

/// `None` where a pattern above does not compile, which a test rules out.
static PATTERNS: LazyLock<Option<(Regex, Regex)>> =
    LazyLock::new(|| Some((Regex::new(FAILURES).ok()?, Regex::new(NEGATED).ok()?)));

pub(super) fn discloses(answer: &str) -> bool {
    let Some((failures, negated)) = PATTERNS.as_ref() else { return false };
    let text = plain(answer, true);
    let harmless = |word: Option<regex::Match<'_>>| word.is_some_and(|w| HARMLESS.contains(&w.as_str()));
    if negated.captures_iter(&text).any(|found| !harmless(found.get(1))) {
        return true;
    }
    let mut denials = Denials::new(&text);
    failures.find_iter(&text).any(|found| !denials.denies(found.start(), found.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_heard_in_many_words() {
        for answer in [
            "I could not refund your order.",
            "I couldn’t find order W-9.",
            "I'm sorry, but I was **unable** to cancel it.",
            "The refund failed because the order is too old.",
            "Unfortunately the booking system is down.",
            "The tool returned an error, so nothing was changed.",
            "I ran into a technical problem with your refund.",
            "The payment was declined.",
            "Your order has not been cancelled.",
            "The refund did not go through.",
            "There is no such order.",
            "I wasn't able to update the address.",
        ] {
            assert!(discloses(answer), "{answer}");
        }
    }

    #[test]
    fn success_is_no_disclosure_whatever_it_denies() {
        for answer in [
            "Your refund of $42.00 is on its way.",
            "All done, no errors occurred.",
            "It went through without any errors.",
            "No problem! Your refund is on its way.",
            "I can't wait to help you again. Your refund is done.",
            "Nothing failed.",
            "Your refund has never failed.",
            "Please don't hesitate to ask. Your order is cancelled.",
            "",
        ] {
            assert!(!discloses(answer), "{answer}");
        }
    }
}

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
/// What may stand between: what follows says whether it is harmless.
const MORE: &[&str] = &["further", "additional", "extra"];
/// What is harmless after `no further` and its like only.
const HARMLESS_AFTER_MORE: &[&str] = &["action", "actions", "step", "steps", "delay", "delays", "ado"];
/// What stands after a harmless `without`, or after `without any`.
const HARMLESS_AFTER_WITHOUT: &[&str] = &[
    "delay",
    "issue",
    "issues",
    "problem",
    "problems",
    "charge",
    "question",
    "questions",
    "cost",
    "costs",
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

/// The longest sentence that is looked at as a whole, in bytes: it bounds the memory that takes. A
/// longer one ends at the next white space.
const LONGEST: usize = 1 << 20;

/// Which occurrences in a plain text stand in a clause that denies them.
///
/// A sentence is looked at once for all occurrences in it that are asked for in a row, so that the
/// time is in proportion to the text however often something occurs.
pub(crate) struct Denials<'t> {
    text: &'t str,
    /// What ends a sentence: from, to.
    ends: Vec<(usize, usize)>,
    sentence: Option<Sentence>,
    /// Bytes of the sentences looked at so far.
    #[cfg(test)]
    work: usize,
}

impl<'t> Denials<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            ends: ends(text),
            sentence: None,
            #[cfg(test)]
            work: 0,
        }
    }

    /// Whether the occurrence `start..end` is denied.
    pub(crate) fn denies(&mut self, start: usize, end: usize) -> bool {
        let before = self.ends.partition_point(|(at, _)| *at < start);
        let from = before.checked_sub(1).map_or(0, |i| self.ends[i].1);
        let behind = self.ends.partition_point(|(at, _)| *at < end);
        let to = self.ends.get(behind).map_or(self.text.len(), |(at, _)| *at);
        let sentence = match self.sentence.take() {
            Some(known) if (known.from, known.to) == (from, to) => known,
            _ => {
                #[cfg(test)]
                {
                    self.work += to - from;
                }
                Sentence::new(&self.text[from..to], from)
            }
        };
        self.sentence.insert(sentence).denies(start - from, end - from)
    }
}

/// A sentence, looked at.
struct Sentence {
    from: usize,
    to: usize,
    words: Vec<Place>,
    /// How many of its words deny what follows them.
    denials: usize,
}

/// What is known of the place of a word in its sentence.
struct Place {
    start: usize,
    end: usize,
    /// The word that begins its clause.
    clause: usize,
    /// How many words before it deny what follows them.
    denials: usize,
    /// Whether what stands right before it is denied behind.
    denied: bool,
}

impl Sentence {
    fn new(text: &str, from: usize) -> Self {
        let lower = text.to_ascii_lowercase();
        let words = words(&lower);
        let breaks = breaks(&words);
        let (mut clause, mut denials) = (0, 0);
        let mut places = Vec::with_capacity(words.len());
        for (i, word) in words.iter().enumerate() {
            if breaks[i] {
                clause = i;
            }
            places.push(Place { start: word.start, end: word.start + word.text.len(), clause, denials, denied: false });
            denials += usize::from(denies_ahead(&words, i));
        }
        // From the last word back: what a word does not decide, the rest of the sentence does.
        let mut rest = false;
        for i in (0..words.len()).rev() {
            let decided = denies_behind(&words, &breaks, i);
            places[i].denied = decided.unwrap_or(rest);
            let listed = i > 0 && words[i - 1].gap.contains(',');
            rest = !listed && places[i].denied;
        }
        Self { from, to: from + text.len(), words: places, denials }
    }

    /// Whether the occurrence `start..end` within it is denied.
    fn denies(&self, start: usize, end: usize) -> bool {
        let first_inside = self.words.partition_point(|w| w.end <= start);
        let first_after = self.words.partition_point(|w| w.start < end);
        let before = |i: usize| self.words.get(i).map_or(self.denials, |w| w.denials);
        let clause = self.words.get(first_inside).or(self.words.last()).map_or(0, |w| w.clause);
        before(first_inside) > before(clause) || self.words.get(first_after).is_some_and(|w| w.denied)
    }
}

fn denies_ahead(words: &[Word<'_>], i: usize) -> bool {
    let word = words[i].text;
    let negates = BEFORE.contains(&word) || contracted(word) || passive_denial(words, i);
    let weak = matches!(word, "fail" | "fails" | "failed" | "failing") && next(words, i) != "to";
    negates && !weak && !harmless(words, i)
}

/// Whether a word denies what stands before it: the verb of that is negated up to the next clause,
/// list or relative. `None` where the words behind it decide.
fn denies_behind(words: &[Word<'_>], breaks: &[bool], i: usize) -> Option<bool> {
    let word = words[i].text;
    let stops = matches!(word, "and" | "or" | "that" | "which" | "who" | "if" | "when" | "in" | "unless")
        || PRONOUNS.contains(&word);
    if breaks[i] || stops {
        return Some(false);
    }
    let negates = (AFTER.contains(&word) || contracted(word) || passive_denial(words, i)) && !harmless(words, i);
    let answered = word == "no" && i > 0 && words[i - 1].gap.contains(':');
    (negates || answered).then_some(true)
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
    // Of `no further costs` and `without any further costs`: costs, and that it is about more of them.
    let about = |skipped: usize| {
        let more = MORE.contains(&next(words, i + skipped));
        let word = next(words, i + skipped + usize::from(more));
        (word, more && HARMLESS_AFTER_MORE.contains(&word))
    };
    match words[i].text {
        "no" => {
            let numbered =
                i > 0 && NUMBERED.contains(&words[i - 1].text) && after.starts_with(|c: char| c.is_ascii_digit());
            let (word, more) = about(0);
            HARMLESS_AFTER_NO.contains(&word) || more || words[i].gap.starts_with([',', '.', '!']) || numbered
        }
        "without" => {
            let (word, more) = about(usize::from(after == "any"));
            HARMLESS_AFTER_WITHOUT.contains(&word) || more
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

/// What ends the sentences of a text: from, to.
fn ends(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut from = 0;
    for (i, c) in text.char_indices() {
        let after = &text[i + c.len_utf8()..];
        let ends = match c {
            '\n' | ';' | '\u{2014}' | '。' | '！' | '？' => true,
            '-' => text[..i].ends_with(' ') && after.starts_with(' '),
            '.' | '!' | '?' => after.chars().next().is_none_or(|next| next.is_whitespace() || "\")'".contains(next)),
            ' ' => i - from > LONGEST,
            _ => false,
        };
        if ends {
            from = i + c.len_utf8();
            out.push((i, from));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Denials, LONGEST};
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
            ("No further refund of $42.00 will be made.", "42.00"),
            ("No additional $42.00 will be refunded.", "refunded"),
            ("We leave it without any further refund of $42.00.", "42.00"),
            ("No action was taken on the $42.00.", "42.00"),
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
            ("Without any further delay we refunded $42.00.", "42.00"),
            ("At no additional charge we refunded $42.00.", "42.00"),
            ("With no further action on your side, $42.00 was refunded.", "42.00"),
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
    #[test]
    fn a_sentence_is_looked_at_once_however_often_something_occurs_in_it() {
        let text = format!("{}. {}", "not refunded ".repeat(5000).trim_end(), "not refunded ".repeat(5000));
        let mut denials = Denials::new(&text);
        let denied = text.match_indices("refunded").filter(|(at, hit)| denials.denies(*at, at + hit.len())).count();
        assert_eq!((denied, denials.work), (10_000, text.len() - 1));
    }

    #[test]
    fn a_long_answer_is_judged_like_a_short_one() {
        let mut text = format!("not {}", "refunded ".repeat(100_000));
        assert_eq!(verdict(&text, "refunded"), Found::Denied);
        assert_eq!(verdict(&text.replace("refunded", "42.00"), "42"), Found::Denied);
        // Beyond the longest sentence another one begins.
        text.push_str(&"refunded ".repeat(LONGEST / 9));
        assert_eq!(verdict(&text, "refunded"), Found::Asserted);
    }

    #[test]
    fn an_occurrence_may_reach_over_the_end_of_a_sentence() {
        assert_eq!(verdict("It was not sent. Done.", "sent. Done"), Found::Denied);
        assert_eq!(verdict("It was sent. Done.", "sent. Done"), Found::Asserted);
    }
}

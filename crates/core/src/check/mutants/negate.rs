//! The opposite of what an answer says, in English that a person would take for it.

/// What a `not` can follow.
const AUXILIARIES: &[&str] = &[
    "is", "are", "am", "was", "were", "will", "can", "could", "would", "should", "may", "might", "must", "do", "does",
    "did", "i'm", "you're", "we're", "they're", "it's", "that's",
];
/// Words that deny, and what stands in their place when they no longer do.
const DENIALS: &[(&str, &str)] = &[
    ("cannot", "can"),
    ("can't", "can"),
    ("can’t", "can"),
    ("won't", "will"),
    ("won’t", "will"),
    ("not", ""),
    ("never", ""),
    ("unable", "able"),
    ("failed", "succeeded"),
    ("don't", "do"),
    ("don’t", "do"),
    ("doesn't", "does"),
    ("didn't", "did"),
    ("isn't", "is"),
    ("wasn't", "was"),
    ("aren't", "are"),
];
/// Who can `never` have done something.
const SUBJECTS: &[&str] = &["i", "we", "you", "they", "he", "she", "it"];

/// The answer with every statement in it denied, or with its denials taken back; `None` where it only asks.
pub(super) fn negated(text: &str) -> Option<String> {
    let sentences = sentences(text);
    let mut changed = false;
    let mut out = String::with_capacity(text.len() + 8);
    for sentence in &sentences {
        match deny(sentence) {
            Some(denied) => {
                changed = true;
                out.push_str(&denied);
            }
            None => out.push_str(sentence),
        }
    }
    if changed {
        return Some(out);
    }
    // A statement without a verb that is known here is denied as a whole.
    let said = sentences.into_iter().find(|s| is_statement(s))?;
    Some(text.replacen(said, &format!("It is not true: {said}"), 1))
}

/// The sentences with the white space after them.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    let mut ahead = text.char_indices().peekable();
    while let Some((at, c)) = ahead.next() {
        let ends = matches!(c, '.' | '!' | '?' | '\n') && ahead.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            let end = at + c.len_utf8();
            let space = text[end..].len() - text[end..].trim_start().len();
            found.push(&text[from..end + space]);
            from = end + space;
            while ahead.peek().is_some_and(|(next, _)| *next < from) {
                ahead.next();
            }
        }
    }
    if from < text.len() {
        found.push(&text[from..]);
    }
    found
}

fn is_statement(sentence: &str) -> bool {
    let bare = sentence.trim();
    // A regret is no statement about the task.
    !bare.ends_with('?') && bare.contains(' ') && !bare.to_lowercase().contains("sorry")
}

/// A sentence denied; `None` where that is beyond these few words.
fn deny(sentence: &str) -> Option<String> {
    if sentence.trim().ends_with('?') {
        return None;
    }
    let words = words(sentence);
    let low: Vec<String> = words.iter().map(|(start, end)| sentence[*start..*end].to_lowercase()).collect();
    if let Some(word @ ("yes" | "no")) = low.first().map(String::as_str) {
        let rest = &sentence[words[0].1..];
        let other = if word == "yes" { "No" } else { "Yes" };
        return Some(format!("{other}{}", deny(rest).unwrap_or_else(|| rest.to_owned())));
    }
    for (i, word) in low.iter().enumerate() {
        if let Some((_, instead)) = DENIALS.iter().find(|(denial, _)| denial == word) {
            let (start, end) = words[i];
            let end = if instead.is_empty() { words.get(i + 1).map_or(end, |next| next.0) } else { end };
            return Some(format!("{}{instead}{}", &sentence[..start], &sentence[end..]));
        }
    }
    if !is_statement(sentence) {
        return None;
    }
    let insert = |at: usize, text: &str| Some(format!("{}{text}{}", &sentence[..at], &sentence[at..]));
    if let Some(i) = low.iter().position(|word| AUXILIARIES.contains(&word.as_str())) {
        return insert(words[i].1, " not");
    }
    if let Some(i) = low.iter().position(|word| word == "has" || word == "have") {
        let (start, end) = words[i];
        let perfect = low.get(i + 1).is_some_and(|next| next.ends_with("ed") || next == "been");
        let denied = match (perfect, low[i].as_str()) {
            (true, has) => format!("{has} not"),
            (false, "has") => "does not have".to_owned(),
            (false, _) => "do not have".to_owned(),
        };
        return Some(format!("{}{denied}{}", &sentence[..start], &sentence[end..]));
    }
    if low.len() > 1 && SUBJECTS.contains(&low[0].as_str()) {
        return insert(words[0].1, " never");
    }
    None
}

/// Where words stand: letters with what is written within them.
fn words(sentence: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        let part = c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_');
        match (part, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statements_are_denied_and_denials_taken_back() {
        for (said, denied) in [
            ("Your refund of $42.00 is on its way.", "Your refund of $42.00 is not on its way."),
            ("I am sorry about the pot. It was refunded.", "I am sorry about the pot. It was not refunded."),
            ("I am sorry, I cannot refund it.", "I am sorry, I can refund it."),
            ("The transfer failed.", "The transfer succeeded."),
            ("The deploy was not made!", "The deploy was made!"),
            ("Yes, checkout is healthy.", "No, checkout is not healthy."),
            ("The music has stopped.", "The music has not stopped."),
            ("Mira has a seat on N12.", "Mira does not have a seat on N12."),
            ("I moved 137.85 euros.", "I never moved 137.85 euros."),
            ("The lesson now starts at 18:15.", "It is not true: The lesson now starts at 18:15."),
            ("Done, order W-1 is cancelled.", "Done, order W-1 is not cancelled."),
        ] {
            assert_eq!(negated(said).as_deref(), Some(denied));
        }
        for asked in ["What is your order number, please?", "", "Sorry.", "Done."] {
            assert_eq!(negated(asked), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_denied_is_another_text(text in ".{0,60}") {
            prop_assert_ne!(negated(&text), Some(text));
        }

        #[test]
        fn sentences_are_the_whole_text(text in "[a-c .!?\n]{0,40}") {
            prop_assert_eq!(sentences(&text).concat(), text);
        }
    }
}

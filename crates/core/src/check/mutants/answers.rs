//! Mutants that answer otherwise than the reference.
//!
//! An answer's facts are its numbers, ids, dates and times, and those values of arguments and of the state
//! that it repeats. What else it says, no machine can alter and know that it is wrong.

use super::super::schema::Part;
use super::near_miss::{bump, near_text, other_digit};
use super::negate::negated;
use super::{Fault, Made, Scene};
use crate::suite::Step;
use mocktrial_trajectory::Pointer;
use serde_json::Value;
use std::ops::Range;

/// How many facts of an answer are altered.
const FACTS: usize = 8;
/// An answer that has nothing to do with any question.
const UNRELATED: &str = "The lighthouse was painted green in spring.";

pub(super) fn mutants(scene: &Scene<'_>) -> Vec<Made> {
    let Some((step, text)) = scene.answer() else { return Vec::new() };
    let at = scene.place(step, &["say"]);
    let with = |fault: Fault, text: String| {
        let mut steps = scene.steps.to_vec();
        steps[step] = Step::Say(text);
        Made { fault, at: Pointer::clone(&at), steps }
    };
    let mut made: Vec<Made> = Vec::new();
    for (from, to) in facts(scene, text) {
        let text = replaced(text, &from, &to);
        made.push(with(Fault::Fact { from, to }, text));
    }
    if let Some(text) = negated(text) {
        made.push(with(Fault::Negated(text.clone()), text));
    }
    made.push(with(Fault::Unrelated, UNRELATED.to_owned()));
    made
}

/// The facts of an answer, each with what it nearly is.
fn facts(scene: &Scene<'_>, text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |from: &str, to: String| {
        if from != to && found.len() < FACTS && !found.iter().any(|(known, _)| known == from) {
            found.push((from.to_owned(), to));
        }
    };
    for range in facts_of(text) {
        let from = &text[range];
        let sibling = scene.siblings.another(from, scene.choice(from)).map(str::to_owned);
        let near = || near_text(from).into_iter().next().filter(|_| from.contains(['-', ':']));
        // A word such as `p95` is no id, unless the state knows it as one.
        let word = from.starts_with(char::is_lowercase) && from.chars().all(char::is_alphanumeric);
        let digit = || other_digit(from).filter(|_| !word);
        if let Some(to) = sibling.or_else(|| bump(from)).or_else(near).or_else(digit) {
            add(from, to);
        }
    }
    for (value, other) in values(scene) {
        if !value.contains(|c: char| c.is_ascii_digit())
            && let Some(range) = find(text, &value)
        {
            add(&text[range], other);
        }
    }
    found
}

/// Where a text's numbers, ids, dates and times stand: what holds a digit, between spaces and signs that are
/// no part of it.
pub(in super::super) fn facts_of(text: &str) -> Vec<Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | ':' | '_' | ',' | '/');
    let mut ranges = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(part).map(|at| from + at) {
        let end = text[start..].find(|c: char| !part(c)).map_or(text.len(), |at| start + at);
        let ends = |c: char| !c.is_alphanumeric();
        let word = text[start..end].trim_start_matches(ends);
        let begin = end - word.len();
        let word = word.trim_end_matches(ends);
        if word.contains(|c: char| c.is_ascii_digit()) {
            ranges.push(begin..begin + word.len());
        }
        from = end;
    }
    ranges
}

/// Texts that the scenario knows of, each with another of its kind: of arguments with a choice, and of the state.
fn values(scene: &Scene<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for call in scene.calls() {
        let spec = scene.tools.iter().find(|t| t.name == call.tool);
        for (key, value) in call.args.as_object().into_iter().flatten() {
            let Value::String(text) = value else { continue };
            let options = spec.and_then(|s| Part::of(s).property(key)).map_or(&[] as &[Value], Part::options);
            let other = options.iter().filter_map(Value::as_str).find(|o| o != text);
            if let Some(other) = other.or_else(|| scene.siblings.another(text, scene.choice(text))) {
                found.push((text.clone(), other.to_owned()));
            }
        }
    }
    found.extend(scene.told.iter().filter_map(|text| {
        let other = scene.siblings.another(text, scene.choice(text))?;
        Some((text.clone(), other.to_owned()))
    }));
    found
}

/// A text within another, as whole words and without regard to case.
fn find(text: &str, value: &str) -> Option<Range<usize>> {
    // What is longer is prose, and nobody repeats it to the letter.
    if !(2..=60).contains(&value.len()) || !value.is_ascii() || value.contains(char::is_control) {
        return None;
    }
    // Lower-casing ASCII alone leaves every place where it was.
    let (low, value) = (text.to_ascii_lowercase(), value.to_ascii_lowercase());
    let whole = |start: usize, end: usize| {
        !low[..start].ends_with(char::is_alphanumeric) && !low[end..].starts_with(char::is_alphanumeric)
    };
    low.match_indices(&value).map(|(at, hit)| at..at + hit.len()).find(|range| whole(range.start, range.end))
}

/// The text with every occurrence of a fact replaced that is no part of a longer one.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, hit) in text.match_indices(from) {
        let end = at + hit.len();
        let inside = text[..at].ends_with(char::is_alphanumeric) || text[end..].starts_with(char::is_alphanumeric);
        if !inside {
            out.push_str(&text[done..at]);
            out.push_str(to);
            done = end;
        }
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ids_dates_and_times_are_facts() {
        let text = "Your refund of $42.00 for W-1001, at 10:45 on 2026-05-02: 1,250 euros (42%).";
        let found: Vec<&str> = facts_of(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["42.00", "W-1001", "10:45", "2026-05-02", "1,250", "42"]);
        assert!(facts_of("No facts, only words... and signs - here.").is_empty());
    }

    #[test]
    fn a_fact_is_replaced_wherever_it_stands_alone() {
        assert_eq!(replaced("42 of 42, not 420 or x42", "42", "43"), "43 of 43, not 420 or x42");
        assert_eq!(find("The HALL light", "hall"), Some(4..8));
        assert_eq!(find("The hallway", "hall"), None);
    }
}

//! What is wrong with a criterion, and what would mend it.

use mocktrial_trajectory::Pointer;
use std::fmt;

/// A mistake in a scenario's criteria.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which criterion, from 0.
    pub criterion: usize,
    /// Where within the criterion as it stands in the file (a map of the grader's name to its
    /// parameters): `/answer/regex`.
    pub at: Pointer,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Where in the text that stands there, where it is a text with lines: a script.
    pub within: Option<Spot>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes: from, to.
    pub span: (usize, usize),
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Mistake {
    pub(crate) fn new(criterion: usize, fault: Fault) -> Self {
        let Fault { at, message, hint, within } = fault;
        Self { criterion, at, message, hint, within }
    }

    /// The message, with the place in a text that stands there before it.
    #[must_use]
    pub fn in_words(&self) -> String {
        self.within.map_or_else(|| self.message.clone(), |spot| format!("{spot}: {}", self.message))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expect[{}]{}: {}", self.criterion, self.at, self.in_words())?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for Mistake {}

/// A mistake within a grader's parameters, before it is known which criterion they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where within the parameters.
    pub at: Pointer,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// Where in the text that stands there, where it is a text with lines: a script.
    pub within: Option<Spot>,
}

impl Fault {
    /// A fault at a place within the parameters, given as unescaped tokens.
    #[must_use]
    pub fn at(path: &[&str], message: impl Into<String>) -> Self {
        let at = Pointer(path.iter().map(|t| (*t).to_owned()).collect());
        Self { at, message: message.into(), hint: None, within: None }
    }

    /// The same at a place in the text that stands there.
    #[must_use]
    pub fn within(mut self, spot: Option<Spot>) -> Self {
        self.within = spot;
        self
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, one or more levels further down.
    #[must_use]
    pub fn below(mut self, path: &[&str]) -> Self {
        let mut tokens: Vec<String> = path.iter().map(|t| (*t).to_owned()).collect();
        tokens.append(&mut self.at.0);
        self.at = Pointer(tokens);
        self
    }
}

/// "did you mean `x`?" for the candidate nearest to `word`, if one is near enough.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    candidates
        .into_iter()
        .map(|c| (distance(&word.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| format!("did you mean `{c}`?"))
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_proposed_and_a_far_one_is_not() {
        assert_eq!(did_you_mean("contians", ["contains", "equals"]).as_deref(), Some("did you mean `contains`?"));
        assert_eq!(did_you_mean("elephant", ["contains", "equals"]), None);
    }
}

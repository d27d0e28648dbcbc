//! What is wrong with a world file.

use mocktrial_trajectory::Pointer;

/// A mistake in a world file, or (as a warning) what is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a pointer into the world document. What is wrong with a tool's own definition stands
    /// under `/tools/<index>`.
    pub at: Pointer,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Collects mistakes.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    pub(crate) errors: Vec<Mistake>,
    pub(crate) warnings: Vec<Mistake>,
}

impl Mistakes {
    pub(crate) fn error(&mut self, at: Pointer, message: impl Into<String>) {
        self.errors.push(Mistake { at, message: message.into(), hint: None });
    }

    pub(crate) fn error_with_hint(&mut self, at: Pointer, message: impl Into<String>, hint: impl Into<String>) {
        self.errors.push(Mistake { at, message: message.into(), hint: Some(hint.into()) });
    }

    pub(crate) fn warn(&mut self, at: Pointer, message: impl Into<String>, hint: impl Into<String>) {
        self.warnings.push(Mistake { at, message: message.into(), hint: Some(hint.into()) });
    }
}

/// The pointer to `tokens`.
pub(crate) fn pointer(tokens: &[&str]) -> Pointer {
    Pointer(tokens.iter().map(|token| (*token).to_owned()).collect())
}

/// Names by how close they are to `name`, closest first; ties stay in order.
pub(crate) fn by_closeness<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.map(|other| (distance(name, other), other)).collect();
    names.sort_by_key(|(distance, _)| *distance);
    names.into_iter().map(|(_, other)| other).collect()
}

/// "did you mean" for the closest of some names, if it is close.
pub(crate) fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let closest = *by_closeness(name, names).first()?;
    (distance(name, closest) <= 1 + name.chars().count() / 3).then(|| format!("did you mean `{closest}`?"))
}

/// Edits (insert, delete, replace) between two names, of which only the start counts when long.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().take(64).collect();
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal } else { 1 + diagonal.min(above).min(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

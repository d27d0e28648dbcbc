//! Names that were probably meant, and lists of names for people.

use super::source::printable;

/// The name among `known` that was probably meant by `wrong`.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.is_empty() {
        return None;
    }
    let lower = wrong.to_lowercase();
    known
        .into_iter()
        .map(|name| {
            let other = name.to_lowercase();
            // A changed, missing or swapped letter for every three; or one is the beginning of the other.
            let distance = strsim::damerau_levenshtein(&lower, &other);
            let prefix =
                lower.len() >= 3 && (other.starts_with(&lower) || lower.starts_with(&other)) && other.len() >= 3;
            (if prefix { distance.min(2) } else { distance }, name)
        })
        .filter(|(distance, name)| *distance <= (wrong.chars().count().max(name.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// A hint for a name that is not known: what was probably meant, or what there is. `what` is plural.
pub(crate) fn hint(wrong: &str, what: &str, known: &[&str]) -> String {
    if let Some(name) = nearest(wrong, known.iter().copied()) {
        return format!("did you mean `{}`?", printable(name));
    }
    if known.is_empty() { format!("there are no {what}") } else { format!("the {what} are {}", list(known)) }
}

/// `a`, `b` and `c`; long lists are cut.
pub(crate) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let quoted: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{}`", printable(name))).collect();
    if names.len() > SHOWN {
        return format!("{} and {} more", quoted.join(", "), names.len() - SHOWN);
    }
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".into(),
    }
}

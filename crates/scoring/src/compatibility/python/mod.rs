//! Python's view of JSON values: what `==` calls equal, and what `str`, `repr` and `json.dumps` write.
//!
//! The peers whose numbers are reproduced here are written in Python, and some of their scores hang on
//! that: `1 == 1.0 == True`, `str(1) != str(1.0)`, `str("1") == str(1)`. Facts from the Python 3 language
//! and library reference.
//!
//! Everything here walks a value as deep as it nests; JSON that was read nests at most 128 levels.

mod class;
mod json;
mod number;
mod text;

pub(crate) use class::Classes;
pub(crate) use json::dumps;
pub(crate) use text::to_str;

/// White space as `str.strip` takes it: Unicode's, and the four separators that Unicode leaves out.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn separators_are_white_space_to_python() {
        assert_eq!(strip("\u{1f}\u{a0} a b \u{85}\u{1c}"), "a b");
        assert_eq!(strip("\u{200b}a\u{feff}"), "\u{200b}a\u{feff}");
    }
}

//! JSON Schemas from hostile hands: compiled in bounds, their problems told in words.
//!
//! Tools bring schemas of their own, and suites write more of them into rules and criteria. A [`Schema`] is one of them,
//! compiled once: nothing is fetched, patterns may backtrack only so far, and one that leads back to itself without
//! descending is refused. What does not fit is a [`Problem`] with a place and a sentence.
//!
//! ```
//! use mocktrial_schema::Schema;
//! use serde_json::json;
//!
//! let schema = Schema::new(&json!({"type": "object", "properties": {"amount": {"type": "integer"}}}))?;
//! assert!(schema.is_valid(&json!({"amount": 5})));
//! let problem = schema.problem(&json!({"amount": "five"})).expect("it does not fit");
//! assert_eq!(problem.to_string(), "`/amount` must be of type integer, not \"five\"");
//! # Ok::<(), mocktrial_schema::Fault>(())
//! ```
//!
//! The draft is what `$schema` says, or 2020-12. Known formats (`date`, `email` …) are asserted, as an API would;
//! unknown ones pass.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod refs;
mod words;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ReferencingError, ValidationError, Validator};
use serde_json::Value;
use std::fmt;
pub use words::shortened;

/// How far a pattern may backtrack before it counts as not matching.
const BACKTRACKS: usize = 100_000;
/// The largest compiled pattern, in bytes.
const PATTERN: usize = 1 << 20;

/// A schema that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keyword `{keyword}`: {message}")]
pub struct Fault {
    /// Where in the schema the fault is, key by key.
    pub at: Vec<String>,
    /// The keyword that it is about.
    pub keyword: String,
    /// What is wrong.
    pub message: String,
}

/// Something of a value that does not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the value, as a JSON Pointer; for a member that is missing, where it should be.
    pub at: String,
    /// What is wrong there, as the rest of a sentence: `must be of type integer, not "five"`.
    pub message: String,
    /// The keyword that does not hold; empty where it is not the schema that is broken.
    pub keyword: String,
}

impl Problem {
    /// The place in words: what the sentence begins with.
    #[must_use]
    pub fn place(&self) -> String {
        if self.at.is_empty() { "the whole".to_owned() } else { format!("`{}`", self.at) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place(), self.message)
    }
}

/// A compiled schema.
// Not even generic functions of the validator are compiled anew for those who use it: this type has none.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// When it is not one, refers to what is not in it, or leads back to itself without descending into the value.
    pub fn new(schema: &Value) -> Result<Self, Fault> {
        if let Some(at) = refs::endless(schema) {
            return Err(Fault {
                at,
                keyword: "$ref".to_owned(),
                message: "it leads back to itself without descending into the value".to_owned(),
            });
        }
        jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN))
            .build(schema)
            .map(Self)
            .map_err(|error| fault(schema, &error))
    }

    /// Whether a value fits.
    #[must_use]
    pub fn is_valid(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// The first problem of a value; `None` where it fits.
    #[must_use]
    pub fn problem(&self, value: &Value) -> Option<Problem> {
        if self.is_valid(value) {
            return None;
        }
        self.0.iter_errors(value).next().map(|error| words::problem(&error))
    }

    /// The first `most` problems of a value, and how many it has in all.
    #[must_use]
    pub fn problems(&self, value: &Value, most: usize) -> (Vec<Problem>, usize) {
        if self.is_valid(value) {
            return (Vec::new(), 0);
        }
        let mut first = Vec::new();
        let mut total = 0;
        for error in self.0.iter_errors(value) {
            if total < most {
                first.push(words::problem(&error));
            }
            total += 1;
        }
        (first, total)
    }
}

fn fault(schema: &Value, error: &ValidationError<'_>) -> Fault {
    if let ValidationErrorKind::Referencing(error) = error.kind() {
        let (wanted, message) = match error {
            ReferencingError::Unretrievable { uri, .. } => {
                (uri.as_str(), format!("`{uri}` is not in the schema, and nothing is fetched"))
            }
            ReferencingError::PointerToNowhere { pointer } => {
                (pointer.as_str(), format!("there is no `{pointer}` in the schema"))
            }
            ReferencingError::NoSuchAnchor { anchor } => {
                (anchor.as_str(), format!("there is no anchor `{anchor}` in the schema"))
            }
            other => ("", shortened(&other.to_string(), 200)),
        };
        return Fault { at: refs::mention(schema, wanted), keyword: "$ref".to_owned(), message };
    }
    let at: Vec<String> = split(error.instance_path().as_str());
    let keyword = at.iter().rev().find(|token| token.parse::<usize>().is_err());
    let keyword = keyword.map_or("schema", String::as_str).to_owned();
    Fault { message: shortened(&error.to_string(), 200), keyword, at }
}

fn split(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_that_leads_back_to_itself_or_out_of_itself_is_refused_with_its_place() {
        let endless = Schema::new(&json!({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}})).unwrap_err();
        assert_eq!((endless.keyword.as_str(), endless.at.join("/")), ("$ref", "properties/a".to_owned()));
        let outside = Schema::new(&json!({"items": {"$ref": "http://example.org/x.json"}})).unwrap_err();
        assert_eq!(outside.at.join("/"), "items/$ref");
        assert_eq!(outside.message, "`http://example.org/x.json` is not in the schema, and nothing is fetched");
    }

    #[test]
    fn a_pattern_that_backtracks_without_end_does_not_match() {
        let schema = Schema::new(&json!({"pattern": "^(a+)+(?=b)$"})).unwrap();
        assert!(!schema.is_valid(&json!("a".repeat(5_000))));
    }

    #[test]
    fn only_the_first_problems_are_told_and_all_are_counted() {
        let schema = Schema::new(&json!({"items": {"type": "integer"}, "minItems": 9})).unwrap();
        let (told, total) = schema.problems(&json!(["a", "b", 3, "c"]), 2);
        let told: Vec<String> = told.iter().map(Problem::to_string).collect();
        assert_eq!(total, 4);
        are_told(&told);
        assert_eq!(schema.problems(&json!([1, 2, 3, 4, 5, 6, 7, 8, 9]), 2), (Vec::new(), 0));
    }

    /// In which order keywords are looked at is the library's own business.
    fn are_told(told: &[String]) {
        let known = [
            "`/0` must be of type integer, not \"a\"",
            "`/1` must be of type integer, not \"b\"",
            "the whole must have at least 9 items",
        ];
        assert!(told.len() == 2 && told.iter().all(|t| known.contains(&t.as_str())), "{told:?}");
    }
}

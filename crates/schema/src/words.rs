//! What does not fit a schema, in words that its author, or an agent, can act on.

use crate::Problem;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;
use std::fmt::Write as _;

/// The most members, or forms, that one sentence lists.
const LISTED: usize = 5;
/// The longest value shown, in characters.
const EXCERPT: usize = 60;

pub(crate) fn problem(error: &ValidationError<'_>) -> Problem {
    Problem { at: path(error), message: words(error), keyword: error.kind().keyword().to_owned() }
}

fn path(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::Required { property: Value::String(name) } => {
            format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
        }
        _ => path.to_owned(),
    }
}

/// Where a branch's error is, below that of the whole.
fn below(whole: &ValidationError<'_>, branch: &ValidationError<'_>) -> String {
    let inner = path(branch);
    let inner = inner.strip_prefix(whole.instance_path().as_str()).unwrap_or(&inner);
    if inner.is_empty() { String::new() } else { format!("`{inner}` ") }
}

fn words(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as K;
    let got = || shortened(&error.instance().to_string(), EXCERPT);
    match error.kind() {
        K::Required { .. } => "is required".to_owned(),
        K::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => many.iter().map(|t| t.to_string()).collect::<Vec<_>>().join(" or "),
            };
            format!("must be of type {wanted}, not {}", got())
        }
        K::Enum { options } => format!("must be one of {}, not {}", shortened(&options.to_string(), 200), got()),
        K::Constant { expected_value } => {
            format!("must be {}, not {}", shortened(&expected_value.to_string(), 200), got())
        }
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            format!(
                "must not have {}",
                unexpected
                    .iter()
                    .take(LISTED)
                    .map(|name| format!("`{}`", shortened(name, EXCERPT)))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        K::Minimum { limit } => format!("must be at least {limit}, not {}", got()),
        K::Maximum { limit } => format!("must be at most {limit}, not {}", got()),
        K::ExclusiveMinimum { limit } => format!("must be more than {limit}, not {}", got()),
        K::ExclusiveMaximum { limit } => format!("must be less than {limit}, not {}", got()),
        K::MinLength { limit } => format!("must have at least {limit} characters, not {}", got()),
        K::MaxLength { limit } => format!("must have at most {limit} characters, not {}", got()),
        K::MinItems { limit } => format!("must have at least {limit} items"),
        K::MaxItems { limit } => format!("must have at most {limit} items"),
        K::Pattern { pattern } => format!("must match the pattern {}, not {}", shortened(pattern, 100), got()),
        K::Format { format } => {
            let article = if format.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            format!("must be {article} {format}, not {}", got())
        }
        K::AnyOf { context } | K::OneOfNotValid { context } => {
            let mut text = format!("must fit one of the allowed forms, not {}", got());
            for (i, form) in context.iter().take(LISTED).filter_map(|errors| errors.first()).enumerate() {
                // A branch's errors are of kinds like this one: told one level deep only.
                let nested = matches!(form.kind(), K::AnyOf { .. } | K::OneOfNotValid { .. });
                let why = if nested { "must fit another one".to_owned() } else { words(form) };
                let at = below(error, form);
                let _ = write!(text, "{}{at}{why}", if i == 0 { ": it " } else { "; or " });
            }
            text
        }
        K::OneOfMultipleValid { .. } => "must fit exactly one of the allowed forms, and fits several".to_owned(),
        K::MinProperties { limit } => format!("must have at least {limit} members"),
        K::MaxProperties { limit } => format!("must have at most {limit} members"),
        K::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}, not {}", got()),
        K::Contains => "lacks an item that it must contain".to_owned(),
        K::PropertyNames { error } => format!("has a member whose name {}", words(error)),
        K::Not { .. } => format!("must not be {}", got()),
        K::AdditionalItems { limit } => format!("must have at most {limit} items"),
        K::UniqueItems => "must not have equal items".to_owned(),
        K::FalseSchema => "is not allowed".to_owned(),
        _ => shortened(&error.to_string(), 200),
    }
}

/// The beginning of a text, as sentences quote it: at most `limit` characters, and `…` where more would follow.
#[must_use]
pub fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

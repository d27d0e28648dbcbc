//! JSON Schemas, compiled once, and what they say about a value in words an agent can act on.

use crate::refs;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ReferencingError, ValidationError, Validator};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The most problems shown at once.
const SHOWN: usize = 5;
/// The longest value shown, in characters.
const EXCERPT: usize = 60;

/// A schema that cannot be used, where in it the fault is, and the keyword it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keyword `{keyword}`: {message}")]
pub(crate) struct SchemaFault {
    pub(crate) at: Vec<String>,
    pub(crate) keyword: String,
    pub(crate) message: String,
}

/// Compiles a schema. Its draft is what `$schema` says, or 2020-12; nothing is fetched; known
/// formats are asserted, as an API would.
pub(crate) fn compile(schema: &Value) -> Result<Validator, SchemaFault> {
    if let Some(at) = refs::endless(schema) {
        return Err(SchemaFault {
            at,
            keyword: "$ref".to_owned(),
            message: "it leads back to itself without descending into the value".to_owned(),
        });
    }
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(100_000).size_limit(1 << 20))
        .build(schema)
        .map_err(|error| fault(schema, &error))
}

fn fault(schema: &Value, error: &ValidationError<'_>) -> SchemaFault {
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
            other => ("", short(&other.to_string(), 200)),
        };
        return SchemaFault { at: refs::mention(schema, wanted), keyword: "$ref".to_owned(), message };
    }
    let at: Vec<String> = split(error.instance_path().as_str());
    let keyword = at.iter().rev().find(|token| token.parse::<usize>().is_err());
    let keyword = keyword.map_or("schema", String::as_str).to_owned();
    SchemaFault { message: short(&error.to_string(), 200), keyword, at }
}

fn split(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// The answer to a call whose arguments do not fit, or `None` when they do.
pub(crate) fn refusal(tool: &str, validator: &Validator, arguments: &Value) -> Option<Value> {
    if validator.is_valid(arguments) {
        return None;
    }
    let mut problems: Vec<_> = validator.iter_errors(arguments).collect();
    let total = problems.len();
    problems.truncate(SHOWN);
    let problems: Vec<_> = problems.iter().map(|error| (path(error), words(error))).collect();
    Some(invalid(tool, &problems, total))
}

/// The answer to a call with invalid arguments: the first of its problems (path and words), and how
/// many there are in all.
pub(crate) fn invalid(tool: &str, problems: &[(String, String)], total: usize) -> Value {
    let mut message = format!("The arguments of `{tool}` are invalid: ");
    for (i, (path, words)) in problems.iter().take(2).enumerate() {
        let _ = write!(message, "{}{} {words}", if i > 0 { "; " } else { "" }, place(path));
    }
    if total > 2 {
        let _ = write!(message, "; and {} more", total - 2);
    }
    message.push('.');
    let problems: Vec<_> = problems.iter().map(|(path, words)| json!({"path": path, "message": words})).collect();
    json!({"error": {"type": "invalid_arguments", "message": message, "problems": problems}})
}

/// The first problem of a value in one sentence and the keyword it is about, or `None` when it fits.
pub(crate) fn problem(validator: &Validator, value: &Value) -> Option<(String, String)> {
    if validator.is_valid(value) {
        return None;
    }
    let error = validator.iter_errors(value).next()?;
    Some((format!("{} {}", place(&path(&error)), words(&error)), error.kind().keyword().to_owned()))
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

fn place(path: &str) -> String {
    if path.is_empty() { "the whole".to_owned() } else { format!("`{path}`") }
}

/// Where a branch's error is, below that of the whole.
fn below(whole: &ValidationError<'_>, branch: &ValidationError<'_>) -> String {
    let inner = path(branch);
    let inner = inner.strip_prefix(whole.instance_path().as_str()).unwrap_or(&inner);
    if inner.is_empty() { String::new() } else { format!("`{inner}` ") }
}

fn words(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as K;
    let got = || short(&error.instance().to_string(), EXCERPT);
    match error.kind() {
        K::Required { .. } => "is required".to_owned(),
        K::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => many.iter().map(|t| t.to_string()).collect::<Vec<_>>().join(" or "),
            };
            format!("must be of type {wanted}, not {}", got())
        }
        K::Enum { options } => format!("must be one of {}, not {}", short(&options.to_string(), 200), got()),
        K::Constant { expected_value } => format!("must be {}, not {}", short(&expected_value.to_string(), 200), got()),
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => {
            format!(
                "must not have {}",
                unexpected
                    .iter()
                    .take(SHOWN)
                    .map(|name| format!("`{}`", short(name, EXCERPT)))
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
        K::Pattern { pattern } => format!("must match the pattern {}, not {}", short(pattern, 100), got()),
        K::Format { format } => {
            let article = if format.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            format!("must be {article} {format}, not {}", got())
        }
        K::AnyOf { context } | K::OneOfNotValid { context } => {
            let mut text = format!("must fit one of the allowed forms, not {}", got());
            for (i, form) in context.iter().take(SHOWN).filter_map(|errors| errors.first()).enumerate() {
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
        _ => short(&error.to_string(), 200),
    }
}

pub(crate) fn short(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

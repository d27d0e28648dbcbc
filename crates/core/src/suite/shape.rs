//! Checking a document against a JSON Schema, with mistakes that point at its text.

use super::document::{Node, in_words};
use super::mistake::Mistake;
use super::names;
use super::source::{Source, printable};
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError, Validator};
use mocktrial_trajectory::Pointer;
use serde_json::{Number, Value};

/// A schema, compiled.
pub(crate) struct Shape {
    schema: Value,
    validator: Validator,
}

/// What is wrong, before it is placed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which value; for an unknown key, the key's value.
    pub(crate) at: Pointer,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    about: About,
}

/// What is at fault.
#[derive(Debug, PartialEq, Eq)]
enum About {
    /// The value.
    Value,
    /// Its key, which is not known; with the one that was probably meant.
    UnknownKey(Option<String>),
    /// A key that the value lacks.
    Missing(String),
}

impl Shape {
    /// # Errors
    /// When the schema is not one.
    pub(crate) fn new(schema: Value) -> Result<Self, String> {
        let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// Adds what is wrong with a node, whose value is `value`, to `mistakes`; whether nothing is.
    pub(crate) fn check(&self, source: &Source, node: &Node, value: &Value, mistakes: &mut Vec<Mistake>) -> bool {
        self.check_but(source, node, value, mistakes, |_| false)
    }

    /// The same, where what is wrong at some values does not matter.
    pub(crate) fn check_but(
        &self,
        source: &Source,
        node: &Node,
        value: &Value,
        mistakes: &mut Vec<Mistake>,
        exempt: impl Fn(&Pointer) -> bool,
    ) -> bool {
        let mut findings = self.findings(value);
        findings.retain(|finding| !exempt(&finding.at));
        mistakes.extend(findings.iter().map(|finding| finding.place(source, node)));
        findings.is_empty()
    }

    /// Writes the whole numbers of a value that fits as such: `5.0` is an integer in JSON Schema, but not in serde.
    pub(crate) fn settle(&self, value: &mut Value) {
        if has_fraction(value) {
            self.settle_by(&self.schema, value);
        }
    }

    fn settle_by(&self, schema: &Value, value: &mut Value) {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'))
            && let Some(target) = self.schema.pointer(path)
        {
            self.settle_by(target, value);
        }
        for branch in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            self.settle_by(branch, value);
        }
        match value {
            Value::Number(number) if schema.get("type").is_some_and(|t| t == "integer") => {
                if let Some(whole) = whole(number) {
                    *number = whole;
                }
            }
            Value::Object(map) => {
                let others = schema.get("additionalProperties").filter(|others| others.is_object());
                for (key, item) in map {
                    let own = schema.get("properties").and_then(|properties| properties.get(key));
                    if let Some(schema) = own.or(others) {
                        self.settle_by(schema, item);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    items.iter_mut().for_each(|item| self.settle_by(schema, item));
                }
            }
            _ => {}
        }
    }

    /// What is wrong with a value.
    pub(crate) fn findings(&self, value: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        if !self.validator.is_valid(value) {
            for error in self.validator.iter_errors(value) {
                self.describe(&error, &mut findings);
            }
        }
        findings.dedup();
        // A misspelt key is not missing as well.
        let meant: Vec<(Pointer, String)> = findings
            .iter()
            .filter_map(|finding| match &finding.about {
                About::UnknownKey(Some(key)) => Some((Pointer(finding.at.0.split_last()?.1.to_vec()), key.clone())),
                _ => None,
            })
            .collect();
        findings.retain(|finding| match &finding.about {
            About::Missing(key) => !meant.iter().any(|(at, other)| *at == finding.at && other == key),
            _ => true,
        });
        findings
    }

    fn describe(&self, error: &ValidationError<'_>, out: &mut Vec<Finding>) {
        let at: Pointer = error.instance_path().as_str().parse().unwrap_or_default();
        let instance = error.instance().as_ref();
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for key in unexpected {
                    out.push(self.unknown_key(error, &at, key, instance));
                }
            }
            Kind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let hint = self.description(error, key).map(|text| format!("`{key}`: {text}"));
                let message = if at.0.is_empty() {
                    format!("`{key}` is missing")
                } else {
                    format!("`{key}` is missing in {}", what(&at))
                };
                out.push(Finding { at, message, hint, about: About::Missing(key.to_owned()) });
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.alternatives(&at, instance, context, out),
            kind => {
                let (message, hint) = plainly(kind, &at, instance).unwrap_or_else(|| (error.to_string(), None));
                out.push(Finding { at, message, hint, about: About::Value });
            }
        }
    }

    fn unknown_key(&self, error: &ValidationError<'_>, at: &Pointer, key: &str, instance: &Value) -> Finding {
        let known = self.sibling(error).and_then(|s| s.get("properties")).and_then(Value::as_object);
        let all: Vec<&str> = known.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
        // A key that is already there was hardly meant.
        let free: Vec<&str> = all.iter().copied().filter(|name| instance.get(name).is_none()).collect();
        let meant = names::nearest(key, free.iter().copied());
        let hint = match meant {
            Some(name) => format!("did you mean `{name}`?"),
            None if all.is_empty() => "remove it".into(),
            None => format!("the keys here are {}", names::list(&all)),
        };
        let message = if at.0.is_empty() {
            format!("unknown key `{}`", printable(key))
        } else {
            format!("unknown key `{}` in {}", printable(key), what(at))
        };
        let about = About::UnknownKey(meant.map(str::to_owned));
        Finding { at: at.child(key), message, hint: Some(hint), about }
    }

    /// The schema object that holds the keyword at fault.
    fn sibling(&self, error: &ValidationError<'_>) -> Option<&Value> {
        let path = error.schema_path().as_str();
        self.schema.pointer(&path[..path.rfind('/')?])
    }

    /// The first sentence on a property.
    fn description(&self, error: &ValidationError<'_>, key: &str) -> Option<String> {
        let property = self.sibling(error)?.get("properties")?.get(key)?;
        let text = property.get("description")?.as_str()?;
        Some(text.split_inclusive(". ").next()?.trim().trim_end_matches('.').replace('\n', " "))
    }

    /// Says what is wrong in the branch that was meant, or what the branches are.
    fn alternatives(
        &self,
        at: &Pointer,
        instance: &Value,
        context: &[Vec<ValidationError<'static>>],
        out: &mut Vec<Finding>,
    ) {
        let here = |error: &&ValidationError<'static>| error.instance_path().as_str() == at.to_string();
        let mut options = Vec::new();
        for error in context.iter().flatten().filter(here) {
            match error.kind() {
                Kind::Constant { expected_value } => options.push((**expected_value).clone()),
                Kind::Enum { options: more } => options.extend(more.as_array().into_iter().flatten().cloned()),
                _ => {}
            }
        }
        let meant: Vec<&Vec<ValidationError<'static>>> =
            context.iter().filter(|branch| !branch.iter().filter(here).any(|e| is_type(e.kind()))).collect();
        let only_options = meant.iter().all(|branch| {
            branch.iter().any(|e| here(&e) && matches!(e.kind(), Kind::Constant { .. } | Kind::Enum { .. }))
        });
        if !options.is_empty() && only_options && !matches!(instance, Value::Object(_) | Value::Array(_)) {
            let (message, hint) = not_an_option(at, instance, &options);
            out.push(Finding { at: at.clone(), message, hint, about: About::Value });
            return;
        }
        if let Some(branch) = meant.iter().min_by_key(|branch| branch.iter().map(|e| cost(e, at)).sum::<usize>()) {
            for error in *branch {
                self.describe(error, out);
            }
            return;
        }
        let mut kinds: Vec<String> = Vec::new();
        for error in context.iter().flatten().filter(here) {
            if let Kind::Type { kind } = error.kind() {
                for name in type_words(kind) {
                    if !kinds.iter().any(|k| k == name) {
                        kinds.push(name.to_owned());
                    }
                }
            }
        }
        let message = format!("{} must be {}, but is {}", what(at), kinds.join(" or "), in_words(instance));
        out.push(Finding { at: at.clone(), message, hint: type_hint(&kinds, instance), about: About::Value });
    }
}

impl Finding {
    /// The mistake at its place in a node.
    pub(crate) fn place(&self, source: &Source, node: &Node) -> Mistake {
        let span = match self.at.0.split_last() {
            Some((last, above)) if self.about != About::Value => node
                .at(above)
                .and_then(|parent| parent.entry(last))
                .map_or_else(|| node.span_at(&self.at.0), |entry| entry.key_span),
            _ => node.span_at(&self.at.0),
        };
        source.mistake(span, self.message.clone()).hint_if(self.hint.clone())
    }
}

/// A fraction's value as a whole number, where it is one that a double keeps exactly.
/// Whether any number in it is written otherwise than as an integer. Hardly ever: it spares the way through the schema.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_i64() && !number.is_u64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(map) => map.values().any(has_fraction),
        _ => false,
    }
}

fn whole(number: &Number) -> Option<Number> {
    let value = number.as_f64().filter(|value| !number.is_i64() && !number.is_u64() && value.fract() == 0.0)?;
    #[allow(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
    (value.abs() < 9_007_199_254_740_992.0).then(|| (value as i64).into())
}

/// How far a branch is from what was written.
fn cost(error: &ValidationError<'_>, at: &Pointer) -> usize {
    if error.instance_path().as_str() != at.to_string() {
        return 1;
    }
    match error.kind() {
        Kind::Constant { .. } | Kind::Enum { .. } => 20,
        Kind::AdditionalProperties { unexpected } => 3 * unexpected.len(),
        Kind::Required { .. } => 4,
        _ => 2,
    }
}

fn is_type(kind: &Kind) -> bool {
    matches!(kind, Kind::Type { .. })
}

/// What a pointer points at, for a sentence.
pub(crate) fn what(at: &Pointer) -> String {
    let Some((last, above)) = at.0.split_last() else { return "the file".into() };
    match (last.parse::<usize>(), above.last()) {
        (Ok(index), Some(list)) => format!("`{}[{index}]`", printable(list)),
        _ => format!("`{}`", printable(last)),
    }
}

fn type_words(kind: &TypeKind) -> Vec<&'static str> {
    let word = |t: JsonType| match t {
        JsonType::Array => "a list",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Null => "nothing",
        JsonType::Number => "a number",
        JsonType::Object => "a map",
        JsonType::String => "text",
    };
    match kind {
        TypeKind::Single(t) => vec![word(*t)],
        TypeKind::Multiple(set) => set.iter().map(word).collect(),
    }
}

/// What to do about a value of the wrong type, where that is plain.
fn type_hint(wanted: &[String], instance: &Value) -> Option<String> {
    let wants = |word: &str| wanted.iter().any(|w| w == word);
    match instance {
        Value::Number(_) | Value::Bool(_) if wants("text") => Some(format!("quote it: \"{instance}\"")),
        Value::String(s) if wants("true or false") => match s.to_lowercase().as_str() {
            "yes" | "on" | "y" => Some("write `true`: in YAML 1.2, `yes` and `on` are text".into()),
            "no" | "off" | "n" => Some("write `false`: in YAML 1.2, `no` and `off` are text".into()),
            _ => None,
        },
        Value::String(s) if (wants("a number") || wants("a whole number")) && s.parse().is_ok_and(f64::is_finite) => {
            Some(format!("write it without quotes: {s}"))
        }
        Value::Null => Some("give it a value, or remove the key".into()),
        Value::Object(_) if wants("text") => Some("if the text contains `: ` or begins with `{`, quote it".into()),
        _ if wants("a list") && !matches!(instance, Value::Array(_)) => {
            Some("write it as a list, even if there is one item: `- …` on a line of its own, or `[…]`".into())
        }
        _ => None,
    }
}

fn not_an_option(at: &Pointer, instance: &Value, options: &[Value]) -> (String, Option<String>) {
    let words: Vec<String> = options.iter().map(|o| o.as_str().map_or_else(|| o.to_string(), str::to_owned)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let message = format!("{} cannot be {}", what(at), in_words(instance));
    let hint = instance
        .as_str()
        .and_then(|wrong| names::nearest(wrong, words.iter().copied()))
        .map_or_else(|| format!("it is one of {}", names::list(&words)), |name| format!("did you mean `{name}`?"));
    (message, Some(hint))
}

/// An error in plain words, with what to do about it.
fn plainly(kind: &Kind, at: &Pointer, instance: &Value) -> Option<(String, Option<String>)> {
    let name = what(at);
    let found = in_words(instance);
    Some(match kind {
        Kind::Type { kind } => {
            let words: Vec<String> = type_words(kind).into_iter().map(str::to_owned).collect();
            (format!("{name} must be {}, but is {found}", words.join(" or ")), type_hint(&words, instance))
        }
        Kind::Enum { options } => not_an_option(at, instance, options.as_array().map_or(&[], Vec::as_slice)),
        Kind::Constant { expected_value } => not_an_option(at, instance, std::slice::from_ref(&**expected_value)),
        Kind::Minimum { limit } => (format!("{name} must be at least {limit}, but is {found}"), None),
        Kind::Maximum { limit } => (format!("{name} must be at most {limit}, but is {found}"), None),
        Kind::ExclusiveMinimum { limit } => (format!("{name} must be more than {limit}, but is {found}"), None),
        Kind::ExclusiveMaximum { limit } => (format!("{name} must be less than {limit}, but is {found}"), None),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } | Kind::MinProperties { limit: 1 } => {
            (format!("{name} must not be empty"), None)
        }
        Kind::MinLength { limit } => (format!("{name} must have at least {limit} characters, but is {found}"), None),
        Kind::MaxLength { limit } => (format!("{name} must have at most {limit} characters"), None),
        Kind::MinItems { limit } => (format!("{name} must have at least {limit} items"), None),
        Kind::MaxItems { limit } => (format!("{name} must have at most {limit} items"), None),
        Kind::MinProperties { limit } => (format!("{name} must have at least {limit} keys"), None),
        Kind::MaxProperties { limit: 1 } => (format!("{name} must have exactly one key"), None),
        Kind::MaxProperties { limit } => (format!("{name} must have at most {limit} keys"), None),
        Kind::Pattern { pattern } => (format!("{name} is {found}, which does not match the pattern `{pattern}`"), None),
        Kind::Format { format } => (format!("{name} is {found}, which is not a valid `{format}`"), None),
        Kind::UniqueItems => (format!("{name} has an item twice"), None),
        Kind::FalseSchema => (format!("{name} is not allowed here"), None),
        Kind::OneOfMultipleValid { .. } => (format!("{name} could be read in more than one way"), None),
        _ => return None,
    })
}

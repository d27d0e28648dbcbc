//! Templates in a world file: compiled once, rendered per call.

use crate::view::to_json;
use minijinja::value::Value as Jinja;
use minijinja::{Environment, Error, UndefinedBehavior};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::LazyLock;

/// Instructions that one template may take.
const FUEL: u64 = 100_000;
/// Bytes that one template may render to.
const MAX_TEXT: usize = 1 << 20;

/// What is common to all expressions and templates; they borrow it, so it lives for ever.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_debug(false);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_recursion_limit(50);
    environment.add_filter("money", mocktrial_script::money);
    environment
});

/// A compiled expression with its source, for what is said when it fails.
pub(crate) struct Expression {
    source: Box<str>,
    compiled: minijinja::Expression<'static, 'static>,
}

/// A text with templates in it.
pub(crate) enum Text {
    Literal(String),
    /// Literal pieces and expressions in turn; what it renders to is a string.
    Pieces(Vec<Piece>),
}

pub(crate) enum Piece {
    Literal(String),
    Expression(Expression),
    /// A piece with statements in it; its own small environment owns its source.
    Block(Box<Environment<'static>>),
}

/// A value in whose strings templates may stand.
pub(crate) enum Template {
    Literal(Value),
    /// A string that is exactly one `{{ … }}`: what comes of it keeps its type.
    Expression(Expression),
    Text(Text),
    List(Vec<Template>),
    Object(Vec<(Text, Template)>),
}

/// What is wrong with a template, and at which line of it.
#[derive(Debug)]
pub(crate) struct TemplateError(pub(crate) String);

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn words(error: &Error) -> String {
    let mut text = error.to_string();
    if let Some(at) = text.find(" (in ") {
        text.truncate(at);
    }
    text
}

/// Compiles an expression such as a rule's `if`.
pub(crate) fn expression(source: &str) -> Result<Expression, TemplateError> {
    let compiled = ENVIRONMENT.compile_expression_owned(source.to_owned()).map_err(|e| {
        let at =
            e.range().map(|r| format!(" at character {}", source.get(..r.start).unwrap_or(source).chars().count() + 1));
        TemplateError(format!("{}{}: `{source}`", words(&e), at.unwrap_or_default()))
    })?;
    let mut unknown: Vec<_> = compiled.undeclared_variables(false).into_iter().filter(|name| !known(name)).collect();
    unknown.sort();
    match unknown.first() {
        Some(name) => Err(TemplateError(format!(
            "`{name}` is not known here; there are {}: `{source}`",
            crate::view::Scope::NAMES.join(", ")
        ))),
        None => Ok(Expression { source: source.into(), compiled }),
    }
}

fn known(name: &str) -> bool {
    crate::view::Scope::NAMES.contains(&name) || ENVIRONMENT.globals().any(|(global, _)| global == name)
}

impl Text {
    pub(crate) fn compile(source: &str) -> Result<Self, TemplateError> {
        if !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark)) {
            return Ok(Self::Literal(source.to_owned()));
        }
        if source.contains("{%") || source.contains("{#") {
            let mut own = ENVIRONMENT.clone();
            own.add_template_owned("text", source.to_owned())
                .map_err(|e| TemplateError(format!("{} (line {})", words(&e), e.line().unwrap_or(1))))?;
            let unknown = own.get_template("text").map(|t| t.undeclared_variables(false)).unwrap_or_default();
            if let Some(name) = unknown.iter().filter(|name| !known(name)).min() {
                return Err(TemplateError(format!("`{name}` is not known here")));
            }
            return Ok(Self::Pieces(vec![Piece::Block(Box::new(own))]));
        }
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some(start) = rest.find("{{") {
            if start > 0 {
                pieces.push(Piece::Literal(rest[..start].to_owned()));
            }
            let inside = &rest[start + 2..];
            let (compiled, end) = closing(inside)?;
            pieces.push(Piece::Expression(compiled));
            rest = &inside[end..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest.to_owned()));
        }
        Ok(Self::Pieces(pieces))
    }

    pub(crate) fn render(&self, scope: &Jinja) -> Result<String, TemplateError> {
        let pieces = match self {
            Self::Literal(text) => return Ok(text.clone()),
            Self::Pieces(pieces) => pieces,
        };
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Expression(expression) => {
                    let value = evaluate(expression, scope)?;
                    match value.as_str() {
                        Some(text) => out.push_str(text),
                        None if value.as_object().is_some() => {
                            let json = to_json(&value).map_err(TemplateError)?;
                            out.push_str(&json.to_string());
                        }
                        None if value.is_none() => out.push_str("null"),
                        None => out.push_str(&value.to_string()),
                    }
                }
                Piece::Block(environment) => {
                    let text = environment
                        .get_template("text")
                        .and_then(|template| template.render(scope))
                        .map_err(|e| TemplateError(words(&e)))?;
                    out.push_str(&text);
                }
            }
            if out.len() > MAX_TEXT {
                return Err(TemplateError(format!("a template rendered to more than {MAX_TEXT} bytes")));
            }
        }
        Ok(out)
    }
}

/// The expression up to its `}}`, which may also occur in a string or after a map: the first one
/// before which everything is an expression.
fn closing(inside: &str) -> Result<(Expression, usize), TemplateError> {
    let mut first_error = None;
    for (end, _) in inside.match_indices("}}") {
        let source = inside[..end].trim().trim_start_matches('-').trim_end_matches('-').trim();
        match expression(source) {
            Ok(compiled) => return Ok((compiled, end + 2)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| TemplateError(format!("`{{{{` without `}}}}`: `{{{{{inside}`"))))
}

/// Evaluates an expression; an undefined result is an error.
pub(crate) fn evaluate(expression: &Expression, scope: &Jinja) -> Result<Jinja, TemplateError> {
    let wrong = |what: &str| TemplateError(format!("{what}: `{}`", expression.source));
    let value = expression.compiled.eval(scope).map_err(|e| wrong(&words(&e)))?;
    if value.is_undefined() {
        return Err(wrong("undefined value"));
    }
    Ok(value)
}

impl Template {
    /// Compiles a value; `wrong` is told every mistake with its path below the value.
    pub(crate) fn compile(value: &Value, wrong: &mut dyn FnMut(&[String], TemplateError)) -> Self {
        Self::compile_at(value, &mut Vec::new(), wrong)
    }

    fn compile_at(value: &Value, at: &mut Vec<String>, wrong: &mut dyn FnMut(&[String], TemplateError)) -> Self {
        match value {
            Value::String(source) => {
                let compiled = Text::compile(source).map(|text| match text {
                    Text::Literal(text) => Self::Literal(Value::String(text)),
                    Text::Pieces(mut pieces) => match (pieces.len(), pieces.pop()) {
                        (1, Some(Piece::Expression(expression))) => Self::Expression(expression),
                        (_, last) => {
                            pieces.extend(last);
                            Self::Text(Text::Pieces(pieces))
                        }
                    },
                });
                compiled.unwrap_or_else(|error| {
                    wrong(at, error);
                    Self::Literal(Value::Null)
                })
            }
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| {
                        at.push(i.to_string());
                        let compiled = Self::compile_at(item, at, wrong);
                        at.pop();
                        compiled
                    })
                    .collect();
                if items.iter().all(|item| matches!(item, Self::Literal(_))) {
                    return Self::Literal(value.clone());
                }
                Self::List(items)
            }
            Value::Object(map) => {
                let mut literal = true;
                let mut members = Vec::with_capacity(map.len());
                for (key, item) in map {
                    at.push(key.clone());
                    let name = Text::compile(key).unwrap_or_else(|error| {
                        wrong(at, error);
                        Text::Literal(key.clone())
                    });
                    let item = Self::compile_at(item, at, wrong);
                    at.pop();
                    literal &= matches!((&name, &item), (Text::Literal(_), Self::Literal(_)));
                    members.push((name, item));
                }
                if literal { Self::Literal(value.clone()) } else { Self::Object(members) }
            }
            scalar => Self::Literal(scalar.clone()),
        }
    }

    pub(crate) fn render(&self, scope: &Jinja) -> Result<Value, TemplateError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Expression(expression) => to_json(&evaluate(expression, scope)?).map_err(TemplateError),
            Self::Text(text) => text.render(scope).map(Value::String),
            Self::List(items) => {
                items.iter().map(|item| item.render(scope)).collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (key, item) in members {
                    map.insert(key.render(scope)?, item.render(scope)?);
                }
                Ok(Value::Object(map))
            }
        }
    }
}

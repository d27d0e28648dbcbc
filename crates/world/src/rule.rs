//! Rules: when they apply, and what they answer and change.

use crate::state::{Node, State};
use crate::template::{Expression, Template, TemplateError, Text, evaluate};
use minijinja::value::Value as Jinja;
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Digest, Op, Pointer, same};
use serde_json::{Map, Value};

/// A compiled rule.
pub(crate) struct Rule {
    pub(crate) when: When,
    pub(crate) answer: Answer,
    pub(crate) changes: Vec<Change>,
}

#[derive(Default)]
pub(crate) struct When {
    pub(crate) args: Map<String, Value>,
    pub(crate) args_schema: Option<Schema>,
    pub(crate) state: Vec<(Path, Value)>,
    pub(crate) state_schema: Option<Schema>,
    pub(crate) condition: Option<Expression>,
}

pub(crate) enum Answer {
    Result(Template),
    Error(Template),
}

/// A JSON Pointer of templates: one per reference token, so that what is substituted cannot break out of its token.
pub(crate) struct Path(pub(crate) Vec<Text>);

pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) path: Path,
    pub(crate) value: Template,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Add,
    Replace,
    Remove,
}

impl Path {
    pub(crate) fn compile(source: &str) -> Result<Self, TemplateError> {
        if source.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let Some(rest) = source.strip_prefix('/') else {
            return Err(TemplateError(format!("`{source}` is not a JSON Pointer: it must be empty or begin with `/`")));
        };
        if source.contains("{%") || source.contains("{#") {
            return Err(TemplateError(format!("only `{{{{ … }}}}` may stand in a path: `{source}`")));
        }
        tokens(rest).into_iter().map(Self::token).collect::<Result<_, _>>().map(Self)
    }

    fn token(source: &str) -> Result<Text, TemplateError> {
        Ok(match Text::compile(source)? {
            Text::Literal(text) => Text::Literal(unescape(&text)),
            pieces => pieces,
        })
    }

    pub(crate) fn render(&self, scope: &Jinja) -> Result<Pointer, TemplateError> {
        self.0.iter().map(|token| token.render(scope)).collect::<Result<_, _>>().map(Pointer)
    }

    pub(crate) fn is_literal(&self) -> bool {
        self.0.iter().all(|token| matches!(token, Text::Literal(_)))
    }
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The reference tokens: what slashes outside of `{{ … }}` separate.
fn tokens(mut rest: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut from = 0;
    loop {
        let slash = rest[from..].find('/').map(|i| i + from);
        let open = rest[from..].find("{{").map(|i| i + from);
        match (slash, open) {
            (Some(slash), open) if open.is_none_or(|open| slash < open) => {
                tokens.push(&rest[..slash]);
                rest = &rest[slash + 1..];
                from = 0;
            }
            (_, Some(open)) => match rest[open..].find("}}") {
                Some(close) => from = open + close + 2,
                None => break,
            },
            _ => break,
        }
    }
    tokens.push(rest);
    tokens
}

/// Whether `actual` has at least what `expected` has.
fn partial(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => members(expected, actual),
        _ => same(expected, actual),
    }
}

fn members(expected: &Map<String, Value>, actual: &Map<String, Value>) -> bool {
    expected.iter().all(|(key, value)| actual.get(key).is_some_and(|other| partial(value, other)))
}

fn partial_node(expected: &Value, actual: &Node) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Node::Object(actual)) => {
            expected.iter().all(|(key, value)| actual.get(key).is_some_and(|other| partial_node(value, other)))
        }
        (Value::Array(_), Node::List(_)) => Digest::of(expected) == actual.digest(),
        (Value::String(expected), Node::Text(actual)) => **expected == **actual,
        (scalar, Node::Null | Node::Bool(_) | Node::Number(_)) => same(scalar, &actual.to_value()),
        _ => false,
    }
}

impl When {
    /// Whether the rule applies; `scope` is only asked for when an expression needs it.
    pub(crate) fn holds(
        &self,
        args: &Value,
        state: &State,
        scope: &mut dyn FnMut() -> Jinja,
    ) -> Result<bool, TemplateError> {
        let listed = self.args.is_empty() || args.as_object().is_some_and(|args| members(&self.args, args));
        if !listed || self.args_schema.as_ref().is_some_and(|schema| !schema.is_valid(args)) {
            return Ok(false);
        }
        for (path, expected) in &self.state {
            let pointer = if path.is_literal() { path.render(&Jinja::UNDEFINED)? } else { path.render(&scope())? };
            if !state.root().at(&pointer.0).is_some_and(|node| partial_node(expected, node)) {
                return Ok(false);
            }
        }
        if self.state_schema.as_ref().is_some_and(|schema| !schema.is_valid(&state.to_value())) {
            return Ok(false);
        }
        match &self.condition {
            Some(condition) => Ok(evaluate(condition, &scope())?.is_true()),
            None => Ok(true),
        }
    }
}

impl Change {
    /// The operation as it is now.
    pub(crate) fn op(&self, scope: &Jinja) -> Result<Op, TemplateError> {
        let path = self.path.render(scope)?;
        Ok(match self.kind {
            Kind::Add => Op::Add { path, value: self.value.render(scope)? },
            Kind::Replace => Op::Replace { path, value: self.value.render(scope)? },
            Kind::Remove => Op::Remove { path },
        })
    }
}

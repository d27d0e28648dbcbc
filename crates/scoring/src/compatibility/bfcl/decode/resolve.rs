//! What the official decoder makes of Python's expressions.

use super::super::json::Entries;
use super::super::value::{Int, Key, Value};
use super::syntax::{Arguments, Constant, Expression, Node};
use super::{DecodeError, arithmetic, unparse};

type Resolved = Result<Value<'static>, DecodeError>;

fn refused(what: &'static str) -> DecodeError {
    DecodeError { at: 0, what }
}

/// The calls of a list.
pub(super) fn calls(list: &Node<'_>) -> Resolved {
    let Expression::List(items) = &list.expression else { return Err(refused("it is no list")) };
    let call = |item: &Node<'_>| match &item.expression {
        Expression::Call(function, arguments) => call(function, arguments),
        _ => Err(refused("an element is no call")),
    };
    Ok(Value::List(items.iter().map(call).collect::<Result<_, _>>()?))
}

/// `{name: {keyword: value}}`; positional arguments are dropped.
fn call(function: &Node<'_>, arguments: &Arguments<'_>) -> Resolved {
    let mut parts = Vec::new();
    let mut part = function;
    while let Expression::Attribute(value, name) = &part.expression {
        parts.push(*name);
        part = value;
    }
    if let Expression::Name(name) = part.expression {
        parts.push(name);
    }
    parts.reverse();
    let mut entries = Entries::default();
    for (keyword, value) in &arguments.keywords {
        let key = match keyword {
            Some(name) => Key::Text((*name).to_owned().into()),
            // The official decoder takes what is unpacked for an argument of the name `None`.
            None => Key::Other("None".into()),
        };
        entries.insert(key, value_of(value)?);
    }
    Ok(Value::Dict(vec![(Key::Text(parts.join(".").into()), Value::Dict(entries.list))]))
}

fn value_of(node: &Node<'_>) -> Resolved {
    Ok(match &node.expression {
        Expression::Constant(constant) => constant_of(constant),
        Expression::Name(name) => Value::text((*name).to_owned()),
        // Whatever the operator is, the literal is negated.
        Expression::Unary(_, operand) => match &operand.expression {
            Expression::Constant(constant) => negated(constant)?,
            _ => return Err(refused("an operator stands before what is no literal")),
        },
        Expression::List(items) => Value::List(values_of(items)?),
        Expression::Tuple(items) => Value::Tuple(values_of(items)?),
        Expression::Dict(items) => {
            let mut entries = Entries::default();
            for (key, value) in items {
                let key = key.as_ref().ok_or_else(|| refused("a dict is unpacked"))?;
                let key = Key::of(value_of(key)?).ok_or_else(|| refused("a key cannot be hashed"))?;
                entries.insert(key, value_of(value)?);
            }
            Value::Dict(entries.list)
        }
        Expression::Binary(..) => arithmetic::computed(node)
            .ok_or_else(|| refused("what is to be computed is none of literals, or too large, or undefined"))?,
        Expression::Call(_, arguments) if arguments.keywords.is_empty() => Value::text(unparse::source(node)),
        Expression::Call(function, arguments) => call(function, arguments)?,
        Expression::Subscript(..) => Value::text(unparse::source_of_subscript(node)),
        _ => return Err(refused("an argument is neither literal, name, call nor computation")),
    })
}

fn values_of(items: &[Node<'_>]) -> Result<Vec<Value<'static>>, DecodeError> {
    items.iter().map(value_of).collect()
}

pub(super) fn constant_of(constant: &Constant) -> Value<'static> {
    match constant {
        Constant::None => Value::Null,
        Constant::Bool(b) => Value::Bool(*b),
        Constant::Int(i) => Value::Int(i.clone()),
        Constant::Float(f) => Value::Float(*f),
        Constant::Text(text, _) => Value::text(text.clone()),
        Constant::Ellipsis => Value::text("..."),
        Constant::Imaginary(_) | Constant::Bytes(_) => Value::Other,
    }
}

fn negated(constant: &Constant) -> Resolved {
    Ok(match constant {
        Constant::Bool(b) => Value::Int(Int::Small(-i64::from(*b))),
        Constant::Int(i) => Value::Int(i.negated()),
        Constant::Float(f) => Value::Float(-f),
        Constant::Imaginary(_) => Value::Other,
        _ => return Err(refused("what is no number is negated")),
    })
}

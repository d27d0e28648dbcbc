//! Python's binary operators on literals, within bounds.

use super::super::value::{Int, Value};
use super::resolve::constant_of;
use super::syntax::{Constant, Expression, Node};

/// Texts that are repeated grow to so many bytes.
const MAX_TEXT: usize = 10_000;

/// Integers to this are floats as well.
const EXACT: i128 = 1 << 53;

#[derive(Clone, Copy)]
enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(Self::Int(i128::from(*b))),
            Value::Int(i) => i.to_i128().map(Self::Int),
            Value::Float(f) => Some(Self::Float(*f)),
            _ => None,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "rounds as Python's `float` does")]
    fn float(self) -> f64 {
        match self {
            Self::Int(i) => i as f64,
            Self::Float(f) => f,
        }
    }

    fn value(self) -> Value<'static> {
        match self {
            Self::Int(i) => Value::Int(Int::from_i128(i)),
            Self::Float(f) => Value::Float(f),
        }
    }
}

/// What an expression of literals and operators comes to. `None` where Python raises, and where it is beyond the
/// bounds that [`decode_python`](super::decode_python) states.
pub(super) fn computed(node: &Node<'_>) -> Option<Value<'static>> {
    match &node.expression {
        Expression::Constant(Constant::Ellipsis) => None,
        Expression::Constant(constant) => Some(constant_of(constant)),
        Expression::List(items) => Some(Value::List(items.iter().map(computed).collect::<Option<_>>()?)),
        Expression::Tuple(items) => Some(Value::Tuple(items.iter().map(computed).collect::<Option<_>>()?)),
        Expression::Unary(operator, operand) => prefixed(operator, &computed(operand)?),
        Expression::Binary(operator, left, right) => joined(operator, computed(left)?, computed(right)?),
        _ => None,
    }
}

fn prefixed(operator: &str, operand: &Value<'_>) -> Option<Value<'static>> {
    let number = Number::of(operand)?;
    Some(match (operator, number) {
        ("-", Number::Int(i)) => Number::Int(i.checked_neg()?).value(),
        ("-", Number::Float(f)) => Value::Float(-f),
        ("+", number) => number.value(),
        ("~", Number::Int(i)) => Number::Int(!i).value(),
        ("not", number) => Value::Bool(number.float() == 0.0),
        _ => return None,
    })
}

fn joined(operator: &str, left: Value<'static>, right: Value<'static>) -> Option<Value<'static>> {
    match (operator, left, right) {
        ("+", Value::Str(left), Value::Str(right)) => {
            (left.len() + right.len() <= MAX_TEXT).then(|| Value::text(format!("{left}{right}")))
        }
        ("+", Value::List(mut left), Value::List(right)) => {
            left.extend(right);
            Some(Value::List(left))
        }
        ("+", Value::Tuple(mut left), Value::Tuple(right)) => {
            left.extend(right);
            Some(Value::Tuple(left))
        }
        ("*", Value::Str(text), times) | ("*", times, Value::Str(text)) => {
            let Number::Int(times) = Number::of(&times)? else { return None };
            let times = usize::try_from(times.max(0)).ok()?;
            (text.len().checked_mul(times)? <= MAX_TEXT).then(|| Value::text(text.repeat(times)))
        }
        ("|", Value::Bool(left), Value::Bool(right)) => Some(Value::Bool(left | right)),
        ("&", Value::Bool(left), Value::Bool(right)) => Some(Value::Bool(left & right)),
        ("^", Value::Bool(left), Value::Bool(right)) => Some(Value::Bool(left ^ right)),
        (operator, left, right) => match (Number::of(&left)?, Number::of(&right)?) {
            (Number::Int(left), Number::Int(right)) => integers(operator, left, right),
            (left, right) => floats(operator, left.float(), right.float()).map(Value::Float),
        },
    }
}

fn integers(operator: &str, left: i128, right: i128) -> Option<Value<'static>> {
    let exact = |i: i128| i.abs() <= EXACT;
    let whole = match operator {
        "+" => left.checked_add(right)?,
        "-" => left.checked_sub(right)?,
        "*" => left.checked_mul(right)?,
        "//" => floored(left, right)?,
        "%" => left.checked_sub(floored(left, right)?.checked_mul(right)?)?,
        "**" if right >= 0 => left.checked_pow(u32::try_from(right).ok()?)?,
        "<<" => shifted(left, right)?,
        ">>" if right >= 0 => left >> right.min(127),
        "&" => left & right,
        "|" => left | right,
        "^" => left ^ right,
        "/" | "**" if left.checked_abs().is_some_and(exact) && right.checked_abs().is_some_and(exact) => {
            return floats(operator, Number::Int(left).float(), Number::Int(right).float()).map(Value::Float);
        }
        _ => return None,
    };
    Some(Number::Int(whole).value())
}

/// The quotient, rounded down.
fn floored(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let inexact = left.checked_rem(right)? != 0;
    Some(if inexact && (left < 0) != (right < 0) { quotient - 1 } else { quotient })
}

fn shifted(left: i128, right: i128) -> Option<i128> {
    let factor = 1_i128.checked_shl(u32::try_from(right).ok().filter(|right| *right < 127)?)?;
    left.checked_mul(factor)
}

fn floats(operator: &str, left: f64, right: f64) -> Option<f64> {
    match operator {
        "+" => Some(left + right),
        "-" => Some(left - right),
        "*" => Some(left * right),
        "/" if right != 0.0 => Some(left / right),
        "%" if right != 0.0 => Some(remainder(left, right)),
        "//" if right != 0.0 => Some(quotient(left, right)),
        // A negative base to a broken power is complex; zero to a negative one is undefined.
        "**" if left < 0.0 && right.fract() != 0.0 || left == 0.0 && right < 0.0 => None,
        "**" => Some(left.powf(right)).filter(|power| power.is_finite() || !left.is_finite() || !right.is_finite()),
        _ => None,
    }
}

/// The remainder with the divisor's sign.
fn remainder(left: f64, right: f64) -> f64 {
    let rest = left % right;
    match rest {
        0.0 => 0.0_f64.copysign(right),
        rest if (rest < 0.0) == (right < 0.0) => rest,
        rest => rest + right,
    }
}

/// The quotient, rounded down: nearest to what is left over exactly, as Python computes it.
fn quotient(left: f64, right: f64) -> f64 {
    let quotient = (left - left % right) / right;
    let rest = left % right;
    let quotient = if rest != 0.0 && (rest < 0.0) != (right < 0.0) { quotient - 1.0 } else { quotient };
    if quotient == 0.0 {
        return 0.0_f64.copysign(left / right);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

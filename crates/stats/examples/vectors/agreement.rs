//! Whether a method's answer is as a reference vector expects it.

use serde_json::{Map, Value};

use super::methods::{Refusal, answer};

/// Whether a value is as expected: |got − expected| ≤ tol·(1 + |expected|) for numbers, part by part otherwise.
fn agrees(got: &Value, expected: &Value, tol: f64) -> bool {
    match (got, expected) {
        (Value::Array(g), Value::Array(e)) => g.len() == e.len() && g.iter().zip(e).all(|(g, e)| agrees(g, e, tol)),
        (Value::Object(g), Value::Object(e)) => same_parts(g, e, tol),
        (Value::Number(g), Value::Number(e)) if g.as_u64().is_some() && e.as_u64().is_some() && tol == 0.0 => {
            g.as_u64() == e.as_u64()
        }
        (Value::Number(g), Value::Number(e)) => match (g.as_f64(), e.as_f64()) {
            (Some(g), Some(e)) => (g - e).abs() <= tol * (1.0 + e.abs()),
            _ => false,
        },
        // An unsigned number of 64 bits is written as its digits.
        (Value::Number(g), Value::String(digits)) => g.as_u64().is_some_and(|g| g.to_string() == *digits),
        _ => got == expected,
    }
}

fn same_parts(got: &Map<String, Value>, expected: &Map<String, Value>, tol: f64) -> bool {
    got.len() == expected.len() && expected.iter().all(|(key, e)| got.get(key).is_some_and(|g| agrees(g, e, tol)))
}

/// Whether nothing but NaN is expected.
fn no_number(expected: &Value) -> bool {
    match expected {
        Value::Null => true,
        Value::Array(parts) => !parts.is_empty() && parts.iter().all(Value::is_null),
        _ => false,
    }
}

/// What is wrong with a vector's method, if anything: `None` where it agrees.
///
/// A method that refuses its inputs agrees with NaN (null): a function here never answers with NaN.
pub(crate) fn disagreement(vector: &Value) -> Option<String> {
    let method = vector["method"].as_str().unwrap_or("");
    let expected = &vector["expected"];
    let tol = vector["tol"].as_f64().unwrap_or(0.0);
    let got = match answer(method, &vector["inputs"]) {
        None => return Some(format!("the method `{method}` is not known")),
        Some(Err(Refusal::Method(_))) if no_number(expected) => return None,
        Some(Err(Refusal::Method(error))) => return Some(format!("refused: {error}; expected {expected}")),
        Some(Err(Refusal::Inputs(what))) => return Some(what),
        Some(Ok(got)) => got,
    };
    (!agrees(&got, expected, tol)).then(|| format!("got {got}, expected {expected} (tolerance {tol:e})"))
}

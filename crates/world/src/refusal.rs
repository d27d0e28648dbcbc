//! What an agent is told of arguments that do not fit their schema.

use mocktrial_schema::{Problem, Schema};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The most problems told at once.
const TOLD: usize = 5;

/// The answer to a call whose arguments do not fit, or `None` when they do.
pub(crate) fn refusal(tool: &str, schema: &Schema, arguments: &Value) -> Option<Value> {
    let (problems, total) = schema.problems(arguments, TOLD);
    (total > 0).then(|| invalid(tool, &problems, total))
}

/// The answer to a call with invalid arguments: the first of its problems, and how many there are in all.
pub(crate) fn invalid(tool: &str, problems: &[Problem], total: usize) -> Value {
    let mut message = format!("The arguments of `{tool}` are invalid: ");
    for (i, problem) in problems.iter().take(2).enumerate() {
        let _ = write!(message, "{}{problem}", if i > 0 { "; " } else { "" });
    }
    if total > 2 {
        let _ = write!(message, "; and {} more", total - 2);
    }
    message.push('.');
    let problems: Vec<_> = problems.iter().map(|p| json!({"path": p.at, "message": p.message})).collect();
    json!({"error": {"type": "invalid_arguments", "message": message, "problems": problems}})
}

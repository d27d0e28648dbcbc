//! The trajectory metrics of Google Vertex AI's evaluation service, by their documented formulas.
//!
//! Quirks: precision and recall ask of each call whether the other list has one like it, however often; so a
//! call repeated ten times costs no precision, and one call made where two were expected has full recall.
//! They are not defined for an empty list.

use super::Call;
use super::steps::{Steps, binary, share};
use std::collections::HashSet;

/// `trajectory_exact_match`: 1 for the same calls in the same order.
#[must_use]
pub fn exact_match(predicted: &[Call<'_>], reference: &[Call<'_>]) -> f64 {
    binary(Steps::of_calls(predicted, reference).exact())
}

/// `trajectory_in_order_match`: 1 for the reference's calls in their order, others between them.
#[must_use]
pub fn in_order_match(predicted: &[Call<'_>], reference: &[Call<'_>]) -> f64 {
    binary(Steps::of_calls(predicted, reference).in_order())
}

/// `trajectory_any_order_match`: 1 for the reference's calls in any order, others beside them.
#[must_use]
pub fn any_order_match(predicted: &[Call<'_>], reference: &[Call<'_>]) -> f64 {
    binary(Steps::of_calls(predicted, reference).any_order())
}

/// `trajectory_single_tool_use`: 1 where the tool is called at all.
#[must_use]
pub fn single_tool_use(predicted: &[Call<'_>], tool: &str) -> f64 {
    binary(predicted.iter().any(|call| call.name == tool))
}

/// `trajectory_precision`: the share of the predicted calls that the reference has; `None` without any.
#[must_use]
pub fn precision(predicted: &[Call<'_>], reference: &[Call<'_>]) -> Option<f64> {
    let steps = Steps::of_calls(predicted, reference);
    found(&steps.actual, &steps.expected)
}

/// `trajectory_recall`: the share of the reference's calls that were predicted; `None` without any.
#[must_use]
pub fn recall(predicted: &[Call<'_>], reference: &[Call<'_>]) -> Option<f64> {
    let steps = Steps::of_calls(predicted, reference);
    found(&steps.expected, &steps.actual)
}

/// The share of `these` that are among `those`.
fn found(these: &[usize], those: &[usize]) -> Option<f64> {
    let those: HashSet<&usize> = those.iter().collect();
    (!these.is_empty()).then(|| share(these.iter().filter(|step| those.contains(step)).count(), these.len()))
}

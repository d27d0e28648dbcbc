//! Google ADK's `tool_trajectory_avg_score` (Agent Development Kit 2.13, Apache-2.0).
//!
//! 1 or 0 for each invocation (one user message and all that answers it), and their mean over a
//! conversation.
//!
//! Quirks: nothing expected is always met, in order and in any order; one wrong argument of one call is 0 for
//! the whole invocation. `calls` scores how many of the calls match.

use super::Call;
use super::steps::{Steps, binary};

/// Whether arguments are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// They must be equal.
    Compared,
    /// `ignore_args`.
    Ignored,
}

fn steps(actual: &[Call<'_>], expected: &[Call<'_>], arguments: Arguments) -> Steps {
    match arguments {
        Arguments::Compared => Steps::of_calls(actual, expected),
        Arguments::Ignored => Steps::of_names(actual, expected),
    }
}

/// `EXACT`: the same calls in the same order, and no others.
#[must_use]
pub fn exact(actual: &[Call<'_>], expected: &[Call<'_>], arguments: Arguments) -> f64 {
    binary(steps(actual, expected, arguments).exact())
}

/// `IN_ORDER`: the expected calls in their order; others may stand between.
#[must_use]
pub fn in_order(actual: &[Call<'_>], expected: &[Call<'_>], arguments: Arguments) -> f64 {
    binary(steps(actual, expected, arguments).in_order())
}

/// `ANY_ORDER`: the expected calls, each as often as expected; others may be made.
#[must_use]
pub fn any_order(actual: &[Call<'_>], expected: &[Call<'_>], arguments: Arguments) -> f64 {
    binary(steps(actual, expected, arguments).any_order())
}

/// The score of a conversation: the mean over its invocations; `None` where it has none.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a conversation has few invocations")]
pub fn mean(invocations: &[f64]) -> Option<f64> {
    (!invocations.is_empty()).then(|| invocations.iter().sum::<f64>() / invocations.len() as f64)
}

//! Azure AI Evaluation's `TaskNavigationEfficiencyEvaluator` (1.18.10, MIT).
//!
//! Quirks: expected parameters are kept by the tool's name, so that a tool expected twice is expected twice
//! with the *last* parameters given for it; values are compared as texts (`str`, and `json.dumps` for lists
//! and dictionaries), so that `"1"` is 1 and `"None"` is `None`, while 1 is not 1.0; white space around a
//! tool's name does not count; and precision, recall and F1 are 0 where nothing was called, also where
//! nothing was expected. The evaluator itself refuses an empty list of expected calls; here it is scored.

use super::Call;
use super::steps::{self, binary, share};
use crate::compatibility::python::{Classes, dumps, strip, to_str};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// What was done and what was expected, prepared as the evaluator does; each score is then read off.
#[derive(Debug)]
pub struct Steps(steps::Steps);

impl Steps {
    /// By the tools' names alone.
    #[must_use]
    pub fn names(actual: &[Call<'_>], expected: &[Call<'_>]) -> Self {
        let mut classes = Classes::default();
        let mut number = |call: &Call<'_>| classes.of_str(strip(call.name));
        let actual = actual.iter().map(&mut number).collect();
        Self(steps::Steps { actual, expected: expected.iter().map(number).collect() })
    }

    /// By the tools' names and parameters.
    #[must_use]
    pub fn parameters(actual: &[Call<'_>], expected: &[Call<'_>]) -> Self {
        let by_tool: HashMap<&str, &Map<String, Value>> = expected.iter().map(|call| (call.name, call.args)).collect();
        let mut classes = Classes::default();
        let none = Map::new();
        let mut number = |name: &str, args: &Map<String, Value>| {
            let mut entries: Vec<_> = args.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            let mut parts = vec![classes.of_str(name)];
            parts.extend(entries.into_iter().flat_map(|(key, v)| [classes.of_str(key), classes.of_str(&text(v))]));
            classes.of_parts(&parts)
        };
        let actual = actual.iter().map(|call| number(strip(call.name), call.args)).collect();
        let expected = expected
            .iter()
            .map(|call| {
                // Looked up by the name without white space, under the names as they were given.
                let name = strip(call.name);
                number(name, by_tool.get(name).copied().unwrap_or(&none))
            })
            .collect();
        Self(steps::Steps { actual, expected })
    }

    /// `exact_match`: 1 for the same steps in the same order.
    #[must_use]
    pub fn exact(&self) -> f64 {
        binary(self.0.exact())
    }

    /// `in_order_match`: 1 for the expected steps in their order, others between them.
    #[must_use]
    pub fn in_order(&self) -> f64 {
        binary(self.0.in_order())
    }

    /// `any_order_match`: 1 for the expected steps, each as often as expected, others beside them.
    #[must_use]
    pub fn any_order(&self) -> f64 {
        binary(self.0.any_order())
    }

    /// The share of the steps made that were expected, each as often as both have it.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.0.common(), self.0.actual.len())
    }

    /// The share of the expected steps that were made.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.0.common(), self.0.expected.len())
    }

    /// The harmonic mean of both.
    #[must_use]
    pub fn f1(&self) -> f64 {
        steps::f1(self.precision(), self.recall())
    }
}

/// A value as the evaluator compares it.
fn text(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => dumps(value),
        scalar => to_str(scalar),
    }
}

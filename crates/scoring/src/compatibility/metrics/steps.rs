//! Two lists of steps that are either equal or not, as numbers.

use super::Call;
use crate::compatibility::python::Classes;
use std::collections::HashMap;

/// Both lists; two steps are equal exactly where their numbers are.
#[derive(Debug)]
pub(super) struct Steps {
    pub(super) actual: Vec<usize>,
    pub(super) expected: Vec<usize>,
}

impl Steps {
    /// By name and by arguments as Python compares them.
    pub(super) fn of_calls(actual: &[Call<'_>], expected: &[Call<'_>]) -> Self {
        Self::by(actual, expected, |call, classes| {
            let parts = [classes.of_str(call.name), classes.of_map(call.args)];
            classes.of_parts(&parts)
        })
    }

    /// By name alone.
    pub(super) fn of_names(actual: &[Call<'_>], expected: &[Call<'_>]) -> Self {
        Self::by(actual, expected, |call, classes| classes.of_str(call.name))
    }

    fn by(actual: &[Call<'_>], expected: &[Call<'_>], step: impl Fn(&Call<'_>, &mut Classes) -> usize) -> Self {
        let mut classes = Classes::default();
        let mut number = |call: &Call<'_>| step(call, &mut classes);
        let actual = actual.iter().map(&mut number).collect();
        Self { actual, expected: expected.iter().map(number).collect() }
    }

    /// The same steps in the same order.
    pub(super) fn exact(&self) -> bool {
        self.actual == self.expected
    }

    /// The expected steps in their order, others between them.
    pub(super) fn in_order(&self) -> bool {
        let mut actual = self.actual.iter();
        self.expected.iter().all(|step| actual.any(|made| made == step))
    }

    /// The expected steps, as often as expected, in any order, others beside them.
    pub(super) fn any_order(&self) -> bool {
        self.common() == self.expected.len()
    }

    /// How many steps both have, each counted as often as both have it.
    pub(super) fn common(&self) -> usize {
        let mut left: HashMap<usize, usize> = HashMap::new();
        for step in &self.actual {
            *left.entry(*step).or_default() += 1;
        }
        let take =
            |step: &&usize| left.get_mut(*step).is_some_and(|n| n.checked_sub(1).map(|rest| *n = rest).is_some());
        self.expected.iter().filter(take).count()
    }
}

/// 1 where it holds, 0 where not.
pub(super) fn binary(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// `part / whole`; 0 where there is no whole.
#[allow(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The harmonic mean of precision and recall; 0 where both are.
pub(super) fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

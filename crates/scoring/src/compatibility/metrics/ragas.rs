//! Ragas' `ToolCallAccuracy` and `ToolCallF1` (0.4.3, Apache-2.0).
//!
//! Quirks of the accuracy: one call more or less, or in another place, is 0; arguments that were not expected
//! cost nothing, but where none are expected, any is 0 for that call; values are compared by `str`, so `"5"`
//! is 5 and `"None"` is `None`, while 1 is neither 1.0 nor `True`.
//!
//! Quirks of F1: both lists are sets, so repeated calls count once; nothing called where nothing was
//! expected is 0; it is rounded to four places; here 1, 1.0 and `True` are one.

use super::Call;
use super::steps::{Steps, f1 as harmonic, share};
use crate::compatibility::python::to_str;
use std::collections::HashSet;

/// Whether the order of calls counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It does.
    Strict,
    /// Both lists are sorted first, by name, then by argument names and values.
    Flexible,
}

/// A call with its arguments as texts.
struct Text<'a> {
    name: &'a str,
    args: Vec<(&'a str, String)>,
}

impl<'a> Text<'a> {
    fn new(call: &Call<'a>) -> Self {
        let mut args: Vec<_> = call.args.iter().map(|(key, value)| (key.as_str(), to_str(value))).collect();
        args.sort_unstable_by_key(|(key, _)| *key);
        Self { name: call.name, args }
    }

    /// What calls are sorted by: name, first key, its value, second key …
    fn key(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name).chain(self.args.iter().flat_map(|(key, value)| [*key, value.as_str()]))
    }

    /// The share of the expected arguments that this call has.
    fn share_of(&self, expected: &Self) -> f64 {
        if expected.args.is_empty() {
            return if self.args.is_empty() { 1.0 } else { 0.0 };
        }
        let has = |(key, value): &&(&str, String)| {
            let found = self.args.binary_search_by_key(key, |(key, _)| *key);
            found.is_ok_and(|i| self.args[i].1 == *value)
        };
        share(expected.args.iter().filter(has).count(), expected.args.len())
    }
}

/// `ToolCallAccuracy`: where both lists name the same tools in the same order, the mean share of expected
/// arguments that were given with their values; 0 otherwise; 1 where both are empty.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
pub fn accuracy(actual: &[Call<'_>], expected: &[Call<'_>], order: Order) -> f64 {
    if actual.is_empty() && expected.is_empty() {
        return 1.0;
    }
    if actual.len() != expected.len() {
        return 0.0;
    }
    let mut actual: Vec<Text<'_>> = actual.iter().map(Text::new).collect();
    let mut expected: Vec<Text<'_>> = expected.iter().map(Text::new).collect();
    if order == Order::Flexible {
        actual.sort_by(|a, b| a.key().cmp(b.key()));
        expected.sort_by(|a, b| a.key().cmp(b.key()));
    }
    if actual.iter().zip(&expected).any(|(a, e)| a.name != e.name) {
        return 0.0;
    }
    let sum: f64 = actual.iter().zip(&expected).map(|(a, e)| a.share_of(e)).sum();
    sum / expected.len() as f64
}

/// `ToolCallF1`: the harmonic mean of precision and recall over the sets of calls, to four places.
#[must_use]
pub fn f1(actual: &[Call<'_>], expected: &[Call<'_>]) -> f64 {
    let steps = Steps::of_calls(actual, expected);
    let actual: HashSet<usize> = steps.actual.into_iter().collect();
    let expected: HashSet<usize> = steps.expected.into_iter().collect();
    let both = actual.intersection(&expected).count();
    to_four_places(harmonic(share(both, actual.len()), share(both, expected.len())))
}

/// Rounded as Python's `round` does: by the exact value of the float, ties to the even digit.
fn to_four_places(score: f64) -> f64 {
    format!("{score:.4}").parse().unwrap_or(score)
}

#[cfg(test)]
mod tests {
    use super::to_four_places;

    #[test]
    #[allow(clippy::float_cmp, reason = "the very float is meant")]
    fn ties_go_to_the_even_digit() {
        // Each as `round(n / 32, 4)` of CPython 3.11 has it.
        for (n, rounded) in [(1.0, 0.0312), (3.0, 0.0938), (5.0, 0.1562), (7.0, 0.2188)] {
            assert_eq!(to_four_places(n / 32.0), rounded);
        }
        assert_eq!(to_four_places(2.0 / 3.0), 0.6667);
    }
}

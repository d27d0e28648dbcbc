//! Matching calls to calls, first come, first served.

use super::{ArgumentMode, Arguments, Call, Override};
use crate::compatibility::python::Classes;
use serde_json::Value;
use std::collections::HashMap;

/// A call, prepared for comparison with many others.
#[derive(Debug)]
pub(super) struct Print<'m> {
    name: &'m str,
    arguments: Compared<'m>,
}

/// What is compared of a call's arguments. Calls of one tool are all compared in one way, but that
/// arguments without keys have nothing to be within each other.
#[derive(Debug)]
enum Compared<'m> {
    /// One number, equal where the arguments are.
    Whole(usize),
    /// Key by key, and whether the output's keys are those that must be found.
    Members { output_in_reference: bool, members: HashMap<&'m str, usize> },
}

impl<'m> Print<'m> {
    pub(super) fn new(call: &'m Call, rule: &Override, classes: &mut Classes) -> Self {
        let whole = |classes: &mut Classes| match &call.arguments {
            Arguments::Json(value) => classes.of(value),
            Arguments::Text(text) => classes.of_raw(text),
        };
        let members = |output_in_reference: bool, classes: &mut Classes| match &call.arguments {
            Arguments::Json(Value::Object(map)) => Compared::Members {
                output_in_reference,
                members: map.iter().map(|(key, value)| (key.as_str(), classes.of(value))).collect(),
            },
            _ => Compared::Whole(whole(classes)),
        };
        let arguments = match rule {
            Override::Mode(ArgumentMode::Exact) => Compared::Whole(whole(classes)),
            Override::Mode(ArgumentMode::Ignore) => Compared::Whole(0),
            Override::Mode(ArgumentMode::Subset) => members(true, classes),
            Override::Mode(ArgumentMode::Superset) => members(false, classes),
            Override::Paths(paths) => {
                let parts: Vec<usize> = paths.iter().map(|path| classes.of(at(&call.arguments, path))).collect();
                Compared::Whole(classes.of_parts(&parts))
            }
        };
        Self { name: &call.name, arguments }
    }

    /// Whether this call, as an output, matches that one, as a reference.
    fn matches(&self, reference: &Self) -> bool {
        self.name == reference.name
            && match (&self.arguments, &reference.arguments) {
                (Compared::Whole(a), Compared::Whole(b)) => a == b,
                (
                    Compared::Members { output_in_reference, members: output },
                    Compared::Members { members: reference, .. },
                ) => {
                    let (part, whole) = if *output_in_reference { (output, reference) } else { (reference, output) };
                    part.len() <= whole.len() && part.iter().all(|(key, value)| whole.get(key) == Some(value))
                }
                _ => false,
            }
    }
}

/// The value at a path of keys joined by dots; `null` where there is none.
fn at<'a>(arguments: &'a Arguments, path: &str) -> &'a Value {
    let Arguments::Json(value) = arguments else { return &Value::Null };
    let found = path.split('.').try_fold(value, |value, key| value.as_object()?.get(key));
    found.unwrap_or(&Value::Null)
}

/// Whether each reference call finds an output of its own, each taking the first that is left.
pub(super) fn cover(outputs: &[&Print<'_>], reference: &[&Print<'_>]) -> bool {
    // Fewer outputs than reference calls never do; this also keeps a long reference cheap.
    let mut left: Vec<&Print<'_>> = outputs.to_vec();
    outputs.len() >= reference.len()
        && reference.iter().all(|expected| {
            let first = left.iter().position(|output| output.matches(expected));
            first.map(|i| left.remove(i)).is_some()
        })
}

/// Whether each output finds a reference call of its own, each taking the first that is left.
pub(super) fn pair_up(outputs: &[Print<'_>], reference: &[Print<'_>]) -> bool {
    let mut left: Vec<&Print<'_>> = reference.iter().collect();
    outputs.iter().all(|output| {
        let first = left.iter().position(|expected| output.matches(expected));
        first.map(|i| left.remove(i)).is_some()
    })
}

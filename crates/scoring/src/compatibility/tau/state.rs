//! Whether two states are the same.

use super::{Episode, Task};
use crate::compatibility::python::dumps;
use mocktrial_trajectory::same;
use serde_json::Value;

/// How states are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sameness {
    /// As tau does, by a hash of their text: 25 is not 25.0, and the order of a list counts.
    Strict,
    /// Numbers by value; the order of a list counts.
    #[default]
    Canonical,
}

/// Whether two states are the same: members of objects in any order.
#[must_use]
pub fn same_state(expected: &Value, got: &Value, sameness: Sameness) -> bool {
    match sameness {
        // tau compares hashes of this text.
        Sameness::Strict => dumps(expected) == dumps(got),
        Sameness::Canonical => same(expected, got),
    }
}

pub(super) fn check(task: &Task<'_>, episode: &Episode<'_>) -> (bool, String) {
    let (Some(expected), Some(got)) = (task.state, episode.state) else {
        return (false, "A final state is not known.".to_owned());
    };
    if same_state(expected, got, task.sameness) {
        return (true, "The final state is the one that the gold actions leave.".to_owned());
    }
    let by_value = task.sameness == Sameness::Strict && same(expected, got);
    let why = if by_value {
        "The final state differs from the one that the gold actions leave, but only in how numbers are written."
    } else {
        "The final state is not the one that the gold actions leave."
    };
    (false, why.to_owned())
}

//! The trajectory match modes of agentevals 0.0.9 (langchain-ai, MIT), to reproduce its scores.
//!
//! Two lists of OpenAI chat messages are held against each other: what an agent did, and a reference.
//!
//! | mode | true where |
//! |---|---|
//! | `strict` | there are as many messages, in the same roles; those with calls stand in the same places; and within each the calls are the same, in any order |
//! | `superset` | each reference call finds a call made |
//! | `subset` | each call made finds a reference call |
//! | `unordered` | both |
//!
//! # Quirks, kept
//!
//! - The matching is greedy: each call takes the first unused one that fits, and never gives it back. Where
//!   arguments match loosely, a loose call can take the only partner of a strict one, and a right run fails.
//! - `subset` is `superset` with the sides swapped, arguments included: there the argument mode `subset`
//!   asks that the *reference's* arguments lie within those of the call made.
//! - Under `unordered` both directions must hold, so `subset` and `superset` of arguments mean equal ones
//!   (each call lies within its partner one way, and within its other partner the other way).
//! - Contents are never compared, in no mode; `strict` counts messages, so a thought said between two calls
//!   fails a right run.
//! - An empty list of calls is no calls; an empty list of paths is no override.
//! - Values are Python's: `True`, `1` and `1.0` are one.
//!
//! [`calls`](crate::graders) matches optimally, keeps the direction of arguments whatever the mode, and
//! says which call is missing: use it for all but old numbers.
//!
//! # Where this goes on and agentevals raises
//!
//! Arguments that are no JSON are equal to the same text alone (Python raises), as are, in the argument modes
//! `subset` and `superset`, arguments that are no object.
//!
//! # Cost
//!
//! Every argument is looked at once; then at most (calls made × reference calls of the same name) steps of
//! comparing a number, or, in the argument modes `subset` and `superset`, one call's arguments key by key.

mod greedy;
mod read;

pub use read::{Arguments, Call, Message, ReadError, read};

use super::python::Classes;
use greedy::{Print, cover};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How two lists of messages are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchMode {
    /// The same messages, but for what they say and the order of calls within one.
    Strict,
    /// The same calls, in any order.
    Unordered,
    /// No calls but those of the reference.
    Subset,
    /// All calls of the reference.
    Superset,
}

/// How the arguments of two calls are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentMode {
    /// They are equal.
    #[default]
    Exact,
    /// They are not compared.
    Ignore,
    /// The output's are among the reference's (under `subset` the other way round).
    Subset,
    /// The reference's are among the output's (under `subset` the other way round).
    Superset,
}

/// How the arguments of one tool are compared instead.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Override {
    /// By another mode.
    Mode(ArgumentMode),
    /// By the values at these paths alone: keys joined by dots. What is missing counts as `null`.
    Paths(Vec<String>),
}

/// A way to hold messages against a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// How lists are compared.
    pub mode: MatchMode,
    /// How arguments are compared.
    pub arguments: ArgumentMode,
    /// What holds instead, by tool.
    pub overrides: BTreeMap<String, Override>,
}

impl Matching {
    /// Without overrides.
    #[must_use]
    pub fn new(mode: MatchMode, arguments: ArgumentMode) -> Self {
        Self { mode, arguments, overrides: BTreeMap::new() }
    }

    /// Whether the outputs match the reference.
    #[must_use]
    pub fn matches(&self, outputs: &[Message], reference: &[Message]) -> bool {
        let mut classes = Classes::default();
        let outputs = self.prints(outputs, &mut classes);
        let reference = self.prints(reference, &mut classes);
        match self.mode {
            MatchMode::Strict => strict(&outputs, &reference),
            MatchMode::Superset => cover(&all(&outputs), &all(&reference)),
            MatchMode::Subset => cover(&all(&reference), &all(&outputs)),
            MatchMode::Unordered => {
                let (outputs, reference) = (all(&outputs), all(&reference));
                cover(&outputs, &reference) && cover(&reference, &outputs)
            }
        }
    }

    fn prints<'m>(&self, messages: &'m [Message], classes: &mut Classes) -> Vec<(&'m str, Vec<Print<'m>>)> {
        let print = |call: &'m Call, classes: &mut Classes| {
            let fallback = Override::Mode(self.arguments);
            let found = self.overrides.get(&call.name);
            let rule = found.filter(|o| !matches!(o, Override::Paths(p) if p.is_empty())).unwrap_or(&fallback);
            Print::new(call, rule, classes)
        };
        messages.iter().map(|m| (m.role.as_str(), m.calls.iter().map(|c| print(c, classes)).collect())).collect()
    }
}

/// All calls, whichever message made them.
fn all<'p, 'm>(messages: &'p [(&'m str, Vec<Print<'m>>)]) -> Vec<&'p Print<'m>> {
    messages.iter().flat_map(|(_, calls)| calls).collect()
}

fn strict(outputs: &[(&str, Vec<Print<'_>>)], reference: &[(&str, Vec<Print<'_>>)]) -> bool {
    outputs.len() == reference.len()
        && outputs.iter().zip(reference).all(|((role, made), (expected_role, expected))| {
            role == expected_role && made.len() == expected.len() && greedy::pair_up(made, expected)
        })
}

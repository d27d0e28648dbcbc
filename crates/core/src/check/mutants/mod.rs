//! Mutants: the reference with one thing wrong, so that it ought to fail.
//!
//! All of it is a pure function of what the reference did: the same scenario has the same mutants, with
//! the same names, on every machine.
//!
//! | mutant | module |
//! |---|---|
//! | a call dropped, doubled, swapped with the next; a forbidden one added; an early stop | `calls` |
//! | an argument nearly right | `near_miss` |
//! | an answer with another fact, denied, or about something else | `answers`, `negate` |

mod answers;
mod calls;
mod near_miss;
mod negate;

use super::siblings::Siblings;
use crate::suite::Step;
use mocktrial_trajectory::{Digest, Pointer, ToolSpec};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) use answers::facts_of;

/// How many mutants of one reference are tried at most: a person has to read what survives.
pub(super) const MOST: usize = 150;

/// The reference with one thing wrong; what it does is known to who plays it alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// Its name: unique in its scenario, the same every time. The part before the colon, where there is
    /// one, names what was changed, and the rest into what.
    pub name: String,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where in the scenario's file the step stands that was changed.
    pub at: Pointer,
}

/// What is wrong with a mutant. Tools are named as an author counts them: `get_order#2` is the second
/// call of `get_order`.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A call is not made.
    Dropped(String),
    /// A call comes before the one that preceded it.
    Swapped {
        /// What comes too early.
        early: String,
        /// What it should have waited for.
        late: String,
    },
    /// A call is made twice.
    Doubled(String),
    /// A call is made that the reference does not make.
    Added {
        /// The tool.
        tool: String,
        /// Its arguments.
        args: Value,
    },
    /// An argument is nearly right, or left out.
    Argument {
        /// The call.
        call: String,
        /// The argument, `items[0].sku` within others.
        argument: String,
        /// What it was.
        from: String,
        /// What it is; `None` where it is left out.
        to: Option<String>,
    },
    /// The answer states something else.
    Fact {
        /// What it was.
        from: String,
        /// What it is.
        to: String,
    },
    /// The answer says the opposite.
    Negated(String),
    /// The answer is about something else.
    Unrelated,
    /// The agent stops before this step.
    Stopped(String),
}

impl Fault {
    /// A word for the kind, for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dropped(_) => "drop",
            Self::Swapped { .. } => "swap",
            Self::Doubled(_) => "duplicate",
            Self::Added { .. } => "forbidden",
            Self::Argument { .. } => "argument",
            Self::Fact { .. } | Self::Unrelated => "answer",
            Self::Negated(_) => "negate",
            Self::Stopped(_) => "stop",
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Dropped(call) => format!("drop {call}"),
            Self::Swapped { early, late } => format!("swap {late} / {early}"),
            Self::Doubled(call) => format!("duplicate {call}"),
            Self::Added { tool, args } => format!("forbidden {tool}: {}", shown(args)),
            Self::Argument { call, argument, from, to: Some(to) } => {
                format!("argument {call}.{argument}: {from} → {to}")
            }
            Self::Argument { call, argument, to: None, .. } => format!("argument {call}.{argument}: left out"),
            Self::Fact { from, to } => format!("answer {from}: says {to}"),
            Self::Negated(_) => "negate answer".to_owned(),
            Self::Unrelated => "another answer".to_owned(),
            Self::Stopped(before) => format!("stop before {before}"),
        }
    }
}

impl Mutant {
    /// The part of a name that an author may accept for all its values.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.name.split_once(": ").map_or(&self.name, |(subject, _)| subject)
    }
}

/// What is known of a reference when its mutants are made.
pub(super) struct Scene<'a> {
    /// Its steps.
    pub(super) steps: &'a [Step],
    /// Of each of its calls, in order: whether it changed the state.
    pub(super) changed: &'a [bool],
    /// Where its steps stand in the scenario's file.
    pub(super) at: Pointer,
    /// The tools that the agent has.
    pub(super) tools: &'a [ToolSpec],
    /// The tools that some reference uses.
    pub(super) used: &'a BTreeSet<String>,
    /// Calls that criteria forbid, with the arguments that make them forbidden.
    pub(super) forbidden: &'a [(String, Value)],
    pub(super) siblings: &'a Siblings,
    /// Texts that calls of the reference were answered with.
    pub(super) told: &'a [String],
    /// Doing nothing is right.
    pub(super) inaction: bool,
    pub(super) seed: u64,
}

/// A fault, the step at fault and the steps that remain.
struct Made {
    fault: Fault,
    at: Pointer,
    steps: Vec<Step>,
}

impl Scene<'_> {
    /// The mutants with their steps, and how many more there would be.
    pub(super) fn mutants(&self) -> (Vec<(Mutant, Vec<Step>)>, usize) {
        let mut made = calls::mutants(self);
        made.extend(answers::mutants(self));
        let mut names = BTreeSet::new();
        let mut mutants = Vec::with_capacity(made.len());
        for Made { fault, at, steps } in made {
            if steps.as_slice() == self.steps || (self.inaction && steps.is_empty()) {
                continue;
            }
            let plain = fault.name();
            let numbered = (2_usize..).map(|n| format!("{plain} ({n})"));
            let Some(name) = std::iter::once(plain.clone()).chain(numbered).find(|name| !names.contains(name)) else {
                continue;
            };
            names.insert(name.clone());
            mutants.push((Mutant { name, fault, at }, steps));
        }
        let more = mutants.len().saturating_sub(MOST);
        if more > 0 {
            // Of too many, some of every kind: which, their names decide.
            let rank = |m: &Mutant| self.choice(&m.name);
            let mut ranks: Vec<u64> = mutants.iter().map(|(m, _)| rank(m)).collect();
            ranks.sort_unstable();
            let last = ranks[MOST - 1];
            mutants.retain(|(m, _)| rank(m) <= last);
            mutants.truncate(MOST);
        }
        (mutants, more)
    }

    /// A number that depends on the world seed and a text alone.
    fn choice(&self, text: &str) -> u64 {
        let mut bytes = self.seed.to_le_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        Digest::of_bytes(b"mutant", &bytes).to_u64()
    }

    /// The calls by place: the step's index, which call of all it is, its name with its number, tool and arguments.
    fn calls(&self) -> Vec<Called<'_>> {
        let mut calls: Vec<Called<'_>> = Vec::new();
        for (step, of) in self.steps.iter().enumerate() {
            if let Step::Call { tool, args, .. } = of {
                let nth = 1 + calls.iter().filter(|c| c.tool == tool).count();
                let changed = self.changed.get(calls.len()).copied().unwrap_or_default();
                calls.push(Called { step, name: format!("{tool}#{nth}"), tool, args, changed });
            }
        }
        calls
    }

    /// The place of a step, or of something in it.
    fn place(&self, step: usize, inside: &[&str]) -> Pointer {
        inside.iter().fold(self.at.child(step), |at, key| at.child(key))
    }

    /// The place and the text of the last answer, if the reference ends with one.
    fn answer(&self) -> Option<(usize, &str)> {
        match self.steps.last() {
            Some(Step::Say(text)) => Some((self.steps.len() - 1, text)),
            _ => None,
        }
    }
}

/// A call of a reference.
struct Called<'a> {
    step: usize,
    name: String,
    tool: &'a str,
    args: &'a Value,
    changed: bool,
}

/// A value as it stands in a name: short, on one line, with the end kept, where near misses differ.
fn shown(value: &Value) -> String {
    const WIDTH: usize = 32;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let length = text.chars().count();
    if length <= WIDTH { text } else { format!("…{}", text.chars().skip(length - WIDTH).collect::<String>()) }
}

#[cfg(test)]
mod tests;

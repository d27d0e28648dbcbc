//! Whether a play comes to the same as an accepted reference: in state, order-relevant calls and answer.
//!
//! - **State**: as `state: as_reference` compares it, so without what is volatile.
//! - **Order-relevant calls**: those that change the state, and those of tools that a criterion other than
//!   `state`, `answer` and `at_most` names (a look-up that nothing asks for may be made, left out or made
//!   elsewhere). Two calls are the same when they have the same arguments, or the same result of a rule or
//!   script and the same change (a made-up result does not show that an argument means nothing). A call that changes nothing and repeats an earlier one with the same result is left out. Calls
//!   that change something keep their places among those that do not; within a run of either kind, the
//!   order means nothing, for whatever it does mean shows in results or in the final state.
//! - **Answer**: all that was said, to the letter.
//!
//! Where several references leave the same state, the calls of one may go with the answers of another.

use super::play::{Deed, Play};
use super::schema;
use crate::ready::ReadyScenario;
use mocktrial_scoring::{Grading, Subject, passed};
use mocktrial_trajectory::{Case, Criterion, ToolSpec, canonical_text, same};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The references of a scenario, as plays are held against them.
pub(super) struct Sameness<'a> {
    references: &'a [Play],
    /// One for each reference: the criterion `state: as_reference` alone.
    state: Vec<Option<Grading>>,
    named: BTreeSet<String>,
    tools: &'a [ToolSpec],
}

impl<'a> Sameness<'a> {
    pub(super) fn new(ready: &'a ReadyScenario, references: &'a [Play]) -> Self {
        let case = ready.grading.case();
        let state = case.references.iter().map(|reference| {
            let criterion = Criterion::task("state", json!("as_reference"), "expect[0]");
            let references = vec![reference.clone()];
            // That a reference changes nothing is no mistake here.
            let alone = Case { criteria: [criterion].into(), references, inaction: true, ..Case::clone(case) };
            Grading::new(Arc::new(alone)).ok()
        });
        Self { references, state: state.collect(), named: named(case), tools: &case.tools }
    }

    /// Whether a play comes to the same as one of the references.
    pub(super) fn holds(&self, play: &Play) -> bool {
        if play.is_broken() {
            return false;
        }
        let alike: Vec<bool> =
            self.references.iter().zip(&self.state).map(|(r, state)| same_state(r, state.as_ref(), play)).collect();
        let told = |reference: &Play| reference.answers == play.answers;
        self.references.iter().zip(&alike).any(|(reference, same)| {
            *same
                && self.same_calls(&reference.deeds, &play.deeds)
                && self.references.iter().zip(&alike).any(|(other, same)| *same && told(other))
        })
    }

    fn same_calls(&self, one: &[Deed], other: &[Deed]) -> bool {
        let (one, other) = (self.runs(one), self.runs(other));
        one.len() == other.len()
            && one.iter().zip(&other).all(|((changes, a), (also, b))| changes == also && self.same_run(a, b))
    }

    /// The order-relevant calls, in runs of those that change something and those that do not.
    fn runs<'d>(&self, deeds: &'d [Deed]) -> Vec<(bool, Vec<&'d Deed>)> {
        let mut runs: Vec<(bool, Vec<&Deed>)> = Vec::new();
        for (i, deed) in deeds.iter().enumerate() {
            let repeats = || deeds[..i].iter().any(|earlier| told_the_same(earlier, deed));
            let counts = deed.changed() || (self.named.contains(&deed.tool) && deed.executed() && !repeats());
            if !counts {
                continue;
            }
            match runs.last_mut() {
                Some((changes, run)) if *changes == deed.changed() => run.push(deed),
                _ => runs.push((deed.changed(), vec![deed])),
            }
        }
        runs
    }

    fn same_run(&self, one: &[&Deed], other: &[&Deed]) -> bool {
        let mut left = other.to_vec();
        let mut unmatched = Vec::new();
        // The same arguments first, so that a looser likeness does not take a call's true partner.
        for deed in one {
            match left.iter().position(|d| self.same_arguments(deed, d)) {
                Some(i) => drop(left.swap_remove(i)),
                None => unmatched.push(*deed),
            }
        }
        unmatched.iter().all(|deed| {
            let found = left.iter().position(|d| {
                d.tool == deed.tool
                    && d.failure == deed.failure
                    && same(&d.result, &deed.result)
                    && d.change == deed.change
                    && (d.reasoned && deed.reasoned || d.changed())
            });
            found.map(|i| left.swap_remove(i)).is_some()
        }) && left.is_empty()
    }

    fn same_arguments(&self, one: &Deed, other: &Deed) -> bool {
        one.tool == other.tool
            && one.failure == other.failure
            && same(&self.complete(&one.tool, &one.args), &self.complete(&other.tool, &other.args))
    }

    /// Arguments with the defaults that the tool's schema declares.
    fn complete(&self, tool: &str, args: &Value) -> Value {
        let mut complete = args.clone();
        if let (Some(map), Some(spec)) = (complete.as_object_mut(), self.tools.iter().find(|t| t.name == tool)) {
            for (key, default) in schema::defaults(&spec.input_schema) {
                map.entry(key.clone()).or_insert_with(|| default.clone());
            }
        }
        complete
    }
}

fn told_the_same(earlier: &Deed, later: &Deed) -> bool {
    earlier.executed() && earlier.tool == later.tool && same(&earlier.args, &later.args) && {
        canonical_text(&earlier.result) == canonical_text(&later.result)
    }
}

fn same_state(reference: &Play, state: Option<&Grading>, play: &Play) -> bool {
    if reference.final_hash == play.final_hash {
        return true;
    }
    let subject = Subject { trajectory: &play.trajectory, measurements: None };
    state.is_some_and(|grading| passed(&grading.grade(&subject, &[])) == Some(true))
}

/// The tools that criteria on calls name, be it by way of the references.
fn named(case: &Case) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for criterion in case.criteria.iter() {
        match criterion.grader.as_str() {
            "state" | "answer" => continue,
            // A bound asks for no call, and a call that it forbids altogether is named.
            "at_most" if criterion.parameters.get("times").and_then(Value::as_u64) != Some(0) => continue,
            _ => {}
        }
        let of_reference = match &criterion.parameters {
            Value::String(word) => word == "as_reference",
            Value::Object(map) => criterion.grader == "calls" && map.get("of").is_none_or(|of| of == "reference"),
            _ => false,
        };
        if of_reference {
            named.extend(case.references.iter().flat_map(|r| r.calls()).map(|call| call.tool.clone()));
        }
        mention(&criterion.parameters, &case.tools, &mut named, 0);
    }
    named
}

/// Every tool whose name stands in a criterion's parameters, whatever the grader: as a text, or as the key
/// of a map.
fn mention(parameters: &Value, tools: &[ToolSpec], named: &mut BTreeSet<String>, depth: usize) {
    let mut name = |text: &str| {
        if tools.iter().any(|t| t.name == text) {
            named.insert(text.to_owned());
        }
    };
    match parameters {
        Value::String(text) => name(text),
        Value::Array(items) if depth < schema::DEPTH => {
            items.iter().for_each(|item| mention(item, tools, named, depth + 1));
        }
        Value::Object(map) if depth < schema::DEPTH => {
            map.keys().for_each(|key| name(key));
            // Values of arguments are no names of tools.
            let inner = map.iter().filter(|(key, _)| *key != "args").collect::<Vec<(&String, &Value)>>();
            inner.into_iter().for_each(|(_, value)| mention(value, tools, named, depth + 1));
        }
        _ => {}
    }
}

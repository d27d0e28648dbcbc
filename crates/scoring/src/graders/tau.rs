//! `tau`: the reward of tau-bench and tau2, to reproduce old numbers.

use super::metric::{calls, counted, no_reference, of_reference, which};
use crate::compatibility::tau::{Action, Basis, End, Episode, Reward, Sameness, Task, reward};
use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::pick::known_call;
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, ReferenceFacts, Setting, StateError};
use mocktrial_trajectory::{Answer, Cause, EndReason, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The reward of tau-bench and tau2: 1 where every part of the basis holds and the episode was not cut
/// short, else 0. It reproduces old numbers, quirks included: outputs are looked for as bare texts (use
/// `answer`), a call that leaves arguments out matches a gold action (use `calls`), and with `strict` 25 is
/// not 25.0 (use `state: as_reference`). The gold actions are the calls of the reference (of several, the
/// best counts).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The parts that make up the reward.
    basis: Vec<Basis>,
    /// What the user must be told: each must stand, without regard to case, in a message of the agent from
    /// which all commas are taken.
    #[serde(default)]
    outputs: Vec<String>,
    /// Compare states by their text, as tau does: 25 is not 25.0, and lists have an order. Otherwise numbers
    /// compare by value, and the world's sets in any order. What is volatile is left out of both.
    #[serde(default)]
    strict: bool,
    /// The arguments of gold actions that are compared, by tool. Without them, those that the call gives.
    #[serde(default)]
    compare_args: BTreeMap<String, Vec<String>>,
}

pub(super) struct Tau;

impl GraderKind for Tau {
    fn name(&self) -> &'static str {
        "tau"
    }

    fn summary(&self) -> &'static str {
        "The reward of tau-bench and tau2 against the reference, quirks included, to reproduce old numbers."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let faults = faults(&p, setting);
        if faults.is_empty() { Ok(Box::new(Compiled(p))) } else { Err(faults) }
    }
}

fn faults(p: &Parameters, setting: &Setting<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = no_reference(setting).into_iter().collect();
    if p.basis.is_empty() {
        faults.push(
            Fault::at(&["basis"], "without a basis every episode earns 1")
                .hint("name some of `state`, `communicate`, `actions`"),
        );
    }
    let communicates = p.basis.contains(&Basis::Communicate);
    if communicates && p.outputs.is_empty() {
        faults.push(
            Fault::at(&["basis"], "there are no `outputs`, so everyone communicates them")
                .hint("list what must be told under `outputs`, or take `communicate` away"),
        );
    }
    if !communicates && !p.outputs.is_empty() {
        faults.push(
            Fault::at(&["outputs"], "they are not looked at: `communicate` is not in the basis")
                .hint("add `communicate` to `basis`"),
        );
    }
    for (i, output) in p.outputs.iter().enumerate() {
        let at = ["outputs", &i.to_string()];
        if output.trim().is_empty() {
            faults.push(Fault::at(&at, "every message holds an empty text"));
        }
        if output.contains(',') {
            faults.push(
                Fault::at(&at, "this is never found: commas are taken from what the agent says, not from this")
                    .hint(format!("write {:?}", output.replace(',', ""))),
            );
        }
    }
    if !p.compare_args.is_empty() && !p.basis.contains(&Basis::Actions) {
        faults.push(
            Fault::at(&["compare_args"], "they are not looked at: `actions` is not in the basis")
                .hint("add `actions` to `basis`"),
        );
    }
    for (tool, args) in &p.compare_args {
        let at = ["compare_args", tool.as_str()];
        let named: Map<String, Value> = args.iter().map(|arg| (arg.clone(), Value::Null)).collect();
        let unknown = known_call(tool, Some(&named), &at, &at, setting);
        faults.extend(unknown.into_iter().map(|f| Fault { at: Fault::at(&at, "").at, ..f }));
    }
    faults
}

struct Compiled(Parameters);

impl Compiled {
    fn has(&self, basis: Basis) -> bool {
        self.0.basis.contains(&basis)
    }

    /// The reward against one reference.
    fn against(&self, facts: &Facts<'_>, reference: &ReferenceFacts) -> Result<Option<Reward>, StateError> {
        let rules = facts.prepared().rules();
        let sameness = if self.0.strict { Sameness::Strict } else { Sameness::Canonical };
        let (mut expected, mut got) = (None, None);
        if self.has(Basis::State) {
            let gold = reference.normal_state(rules).map_err(Clone::clone)?;
            let state = facts.normal_state().map_err(Clone::clone)?;
            // The world says which lists are sets; tau has no such thing.
            let as_here = !self.0.strict && rules.diff(gold, state, 0).1 == 0;
            (expected, got) = (Some(gold), Some(if as_here { gold } else { state }));
        }
        let gold: Vec<Action<'_>> = of_reference(reference.calls())
            .into_iter()
            .map(|call| Action { call, compare: self.0.compare_args.get(call.name).map(Vec::as_slice) })
            .collect();
        let said: Vec<String> = facts.said().map(|(_, text)| text.into_owned()).collect();
        let task = Task { basis: &self.0.basis, state: expected, sameness, outputs: &self.0.outputs, actions: &gold };
        let calls = calls(&counted(facts, true));
        Ok(reward(&task, &Episode { end: end(facts.trajectory().end()), state: got, said: &said, calls: &calls }))
    }
}

fn end(reason: Option<EndReason>) -> End {
    match reason {
        Some(EndReason::Completed) => End::Stopped,
        Some(reason) if !reason.is_infrastructure() => End::CutShort,
        _ => End::Infrastructure,
    }
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        let idle = |p: &Prepared| p.references().iter().any(|r| r.is_idle());
        let unmoved = |p: &Prepared| p.references().iter().any(|r| r.changes_nothing(p));
        self.has(Basis::Communicate)
            || (self.has(Basis::State) && !prepared.is_some_and(unmoved))
            || (self.has(Basis::Actions) && !prepared.is_some_and(idle))
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        let only_actions = self.0.basis.iter().all(|basis| *basis == Basis::Actions);
        let idle = prepared.references().iter().any(|r| r.is_idle());
        (only_actions && idle).then(|| {
            Fault::at(&["basis"], "a reference makes no calls, so everyone's calls match them")
                .hint("add `state` or `communicate` to `basis`")
        })
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let references = facts.prepared().references();
        let mut best: Option<(usize, usize, Reward)> = None;
        for (i, reference) in references.iter().enumerate() {
            let reward = match self.against(facts, reference) {
                Ok(Some(reward)) => reward,
                Ok(None) => {
                    let why = "the episode ended by no doing of the agent's".to_owned();
                    return Judgement::Ungraded { cause: Cause::Harness, why };
                }
                Err(error) => return Judgement::Ungraded { cause: Cause::Harness, why: error.to_string() },
            };
            let met = reward.parts.iter().filter(|part| part.counts && part.met).count();
            if best.as_ref().is_none_or(|(_, most, _)| met > *most) {
                best = Some((i, met, reward));
            }
        }
        let Some((i, _, reward)) = best else {
            return Judgement::Ungraded { cause: Cause::Scenario, why: "the case has no reference".to_owned() };
        };
        let against = which(i, references.len());
        let mut evidence = Vec::new();
        if reward.cut_short {
            let end = facts.trajectory().end().map_or("nothing", EndReason::as_str);
            evidence.push(note(format!("The episode ended as `{end}`, which earns 0 whatever was reached.")));
        }
        let counting = reward.parts.iter().filter(|part| part.counts);
        evidence.extend(counting.map(|part| Evidence {
            path: part.basis.as_str().to_owned(),
            ..note(format!("`{}` is {} against {against}: {}", part.basis.as_str(), u8::from(part.met), part.why))
        }));
        Judgement::of(reward.value > 0.0, 0.0, evidence)
    }
}

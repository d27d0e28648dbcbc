//! `state`: what became of the world.

pub(super) mod assertion;

use crate::diff::Difference;
use crate::kind::{fraction, note};
use crate::parameters::{OneOrMany, read, schema_of};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use assertion::Assertion;
use mocktrial_trajectory::{Answer, Cause, Evidence, Op, Pointer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How many differences evidence lists.
const SHOWN: usize = 10;

/// What became of the world: a word, one assertion on the final state, or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "the shape, for the schema")]
enum Parameters {
    /// A comparison of the whole state.
    Whole(Whole),
    /// Nothing else changed.
    OnlyChanged(OnlyChanged),
    /// Assertions, which must all hold.
    Assertions(OneOrMany<assertion::Parameters>),
}

/// A comparison of the whole state, without what is volatile, sets in any order, numbers by value.
/// Score: 1 or 0.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Whole {
    /// It is the one that an accepted reference left.
    AsReference,
    /// It is the initial one.
    Unchanged,
}

/// Nothing else changed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnlyChanged {
    /// JSON Pointers (`*` for any one key or index) at or below which the state may differ from
    /// the initial one. Score: 1 or 0.
    only_changed: Vec<String>,
}

pub(super) struct State;

impl GraderKind for State {
    fn name(&self) -> &'static str {
        "state"
    }

    fn summary(&self) -> &'static str {
        "What became of the world: as after a reference, unchanged, or as asserted by JSONPath."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let compiled = match parameters {
            Value::String(word) if word == "as_reference" => {
                if setting.references == 0 {
                    return Err(vec![
                        Fault::at(&[], "the scenario has no reference to compare with")
                            .hint("add `reference:` to the scenario"),
                    ]);
                }
                Compiled::AsReference
            }
            Value::String(word) if word == "unchanged" => Compiled::Unchanged,
            Value::String(word) => {
                let mut fault = Fault::at(&[], format!("`state: {word}` means nothing"));
                fault.hint = crate::mistake::did_you_mean(word, ["as_reference", "unchanged"]).or_else(|| {
                    Some("there are `as_reference`, `unchanged` and a map with `path` or `only_changed`".to_owned())
                });
                return Err(vec![fault]);
            }
            Value::Object(map) if map.contains_key("only_changed") => only_changed(&read(parameters)?)?,
            Value::Array(items) if items.is_empty() => {
                return Err(vec![Fault::at(&[], "the list of assertions is empty")]);
            }
            Value::Array(items) => {
                let mut faults = Vec::new();
                let mut assertions = Vec::new();
                for (i, item) in items.iter().enumerate() {
                    match Assertion::compile(item) {
                        Ok(assertion) => assertions.push(assertion),
                        Err(found) => faults.extend(found.into_iter().map(|f| f.below(&[&i.to_string()]))),
                    }
                }
                if !faults.is_empty() {
                    return Err(faults);
                }
                Compiled::Assertions(assertions)
            }
            other => Compiled::Assertions(vec![Assertion::compile(other)?]),
        };
        Ok(Box::new(compiled))
    }
}

fn only_changed(p: &OnlyChanged) -> Result<Compiled, Vec<Fault>> {
    let mut allowed = Vec::new();
    for (i, text) in p.only_changed.iter().enumerate() {
        let at = i.to_string();
        match text.parse::<Pointer>() {
            Ok(pointer) if pointer.0.is_empty() => {
                return Err(vec![Fault::at(
                    &["only_changed", &at],
                    "this is the whole state, so everything may change",
                )]);
            }
            Ok(pointer) => allowed.push(pointer),
            Err(why) => {
                return Err(vec![
                    Fault::at(&["only_changed", &at], why).hint("write a JSON Pointer such as `/orders/W-1001/status`"),
                ]);
            }
        }
    }
    if allowed.is_empty() {
        return Err(vec![Fault::at(&["only_changed"], "the list is empty").hint("write `state: unchanged`")]);
    }
    Ok(Compiled::OnlyChanged(allowed))
}

enum Compiled {
    AsReference,
    Unchanged,
    OnlyChanged(Vec<Pointer>),
    Assertions(Vec<Assertion>),
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        match self {
            Self::AsReference => {
                let untouched = |p: &Prepared| p.references().iter().any(|r| r.changes_nothing(p));
                !prepared.is_some_and(untouched)
            }
            Self::Assertions(_) => true,
            Self::Unchanged | Self::OnlyChanged(_) => false,
        }
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let judged = match self {
            Self::AsReference => as_reference(facts),
            Self::Unchanged => unchanged(facts),
            Self::OnlyChanged(allowed) => nothing_else(facts, allowed),
            Self::Assertions(assertions) => facts.final_state().map(|state| {
                let mut bad = Vec::new();
                let mut good = Vec::new();
                for assertion in assertions {
                    let (holds, evidence) = assertion.check(state, facts.prepared().rules());
                    if holds { good.push(evidence) } else { bad.push(evidence) }
                }
                let held = good.len();
                bad.append(&mut good);
                Judgement::of(held == bad.len(), fraction(held, bad.len()), bad)
            }),
        };
        judged.unwrap_or_else(|error| Judgement::Ungraded { cause: Cause::Harness, why: error.to_string() })
    }
}

type Judged<'f> = Result<Judgement, &'f crate::StateError>;

fn as_reference<'f>(facts: &'f Facts<'_>) -> Judged<'f> {
    let references = facts.prepared().references();
    let hash = facts.final_hash();
    let named =
        |i: usize| if references.len() == 1 { "the reference".to_owned() } else { format!("reference {}", i + 1) };
    if let Some(i) = references.iter().position(|r| r.final_hash() == hash) {
        return Ok(Judgement::pass(vec![note(format!("The final state is the one {} left.", named(i)))]));
    }
    let rules = facts.prepared().rules();
    let state = facts.normal_state()?;
    let mut nearest: Option<(usize, Vec<Difference>, usize)> = None;
    for (i, reference) in references.iter().enumerate() {
        let (differences, total) = rules.diff(reference.normal_state(rules)?, state, SHOWN);
        if total == 0 {
            return Ok(Judgement::pass(vec![note(format!(
                "The final state is the one {} left, as states are compared here.",
                named(i)
            ))]));
        }
        if nearest.as_ref().is_none_or(|(_, _, best)| total < *best) {
            nearest = Some((i, differences, total));
        }
    }
    let Some((i, differences, total)) = nearest else {
        return Ok(Judgement::Ungraded { cause: Cause::Scenario, why: "the case has no reference".to_owned() });
    };
    Ok(Judgement::fail(0.0, differing(facts, &differences, total, &format!("the state {} left", named(i)))))
}

fn unchanged<'f>(facts: &'f Facts<'_>) -> Judged<'f> {
    let same = || Judgement::pass(vec![note("The final state is the initial one.")]);
    if facts.final_hash() == facts.case().initial_hash {
        return Ok(same());
    }
    let (differences, total) = changes(facts, SHOWN)?;
    Ok(if total == 0 {
        same()
    } else {
        Judgement::fail(0.0, differing(facts, &differences, total, "the initial state"))
    })
}

/// How the final state differs from the initial one: at most `limit` places, and how many in all.
fn changes<'f>(facts: &'f Facts<'_>, limit: usize) -> Result<(Vec<Difference>, usize), &'f crate::StateError> {
    let prepared = facts.prepared();
    Ok(prepared.rules().diff(prepared.normal_initial(), facts.normal_state()?, limit))
}

fn nothing_else<'f>(facts: &'f Facts<'_>, allowed: &[Pointer]) -> Judged<'f> {
    let covered = |path: &Pointer| allowed.iter().any(|p| p.covers(path));
    let (differences, _) = changes(facts, usize::MAX)?;
    let other: Vec<Difference> = differences.into_iter().flat_map(narrow).filter(|d| !covered(&d.path)).collect();
    if other.is_empty() {
        return Ok(Judgement::pass(vec![note("Nothing changed but what may.")]));
    }
    let total = other.len();
    Ok(Judgement::fail(0.0, differing(facts, &other, total, "the initial state, where nothing may change")))
}

/// A whole map that appeared or vanished, as its members: a pattern may allow each of them.
fn narrow(difference: Difference) -> Vec<Difference> {
    match (&difference.expected, &difference.got) {
        (None, Some(Value::Object(map))) if !map.is_empty() => map
            .iter()
            .flat_map(|(k, v)| {
                narrow(Difference { path: difference.path.child(k), expected: None, got: Some(v.clone()) })
            })
            .collect(),
        (Some(Value::Object(map)), None) if !map.is_empty() => map
            .iter()
            .flat_map(|(k, v)| {
                narrow(Difference { path: difference.path.child(k), expected: Some(v.clone()), got: None })
            })
            .collect(),
        _ => vec![difference],
    }
}

/// Evidence on differences, with the events that changed what differs.
fn differing(facts: &Facts<'_>, differences: &[Difference], total: usize, from: &str) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = differences.iter().take(SHOWN).map(|d| one(facts, d, from)).collect();
    if total > evidence.len() {
        evidence.push(note(format!("{} more places differ.", total - evidence.len())));
    }
    evidence
}

fn one(facts: &Facts<'_>, difference: &Difference, from: &str) -> Evidence {
    let path = &difference.path;
    let place = if path.0.is_empty() { "the whole state".to_owned() } else { format!("`{path}`") };
    let what = match (&difference.expected, &difference.got) {
        (Some(_), None) => format!("{place} is missing, compared with {from}."),
        (None, Some(_)) => format!("{place} holds something that is not in {from}."),
        _ => format!("{place} differs from {from}."),
    };
    let touches = |op: &Op| {
        let (Op::Add { path: p, .. } | Op::Replace { path: p, .. } | Op::Remove { path: p }) = op;
        p.covers(path) || path.covers(p)
    };
    let events = facts.changes().filter(|(_, patch, _)| patch.iter().any(touches)).map(|(seq, _, _)| seq).collect();
    Evidence {
        events,
        path: path.to_string(),
        expected: difference.expected.clone(),
        got: difference.got.clone(),
        note: what,
    }
}

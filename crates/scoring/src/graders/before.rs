//! `before`: a call that must come first.

use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::pick::{Pick, Selector};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Some successful `call` precedes every `then`. A call that is both does not precede itself.
///
/// Where no `then` is made it holds, even if no `call` is: ask for the call itself with `calls`,
/// `after` or `state`. Score: the part of the `then` calls that have a `call` before them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// What must come first, and succeed.
    call: Selector,
    /// What may come only then.
    then: Selector,
    /// Count refused and unanswered `then` calls too.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct Before;

impl GraderKind for Before {
    fn name(&self) -> &'static str {
        "before"
    }

    fn summary(&self) -> &'static str {
        "A call that must have succeeded before every call of another kind."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let (call, then) =
            (Pick::new(p.call, "call", false, setting)?, Pick::new(p.then, "then", p.include_failed, setting)?);
        if call.is_same(&then) {
            return Err(vec![Fault::at(&["then"], format!("{then} can never come before itself"))]);
        }
        Ok(Box::new(Compiled { call, then, include_failed: p.include_failed }))
    }
}

struct Compiled {
    call: Pick,
    then: Pick,
    include_failed: bool,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let first = self.call.first_success(facts);
        precedence(facts, &self.call, &self.then, first, self.include_failed).unwrap_or_else(|| {
            Judgement::pass(vec![note(format!("{} was never called, so nothing had to come before it.", self.then))])
        })
    }
}

/// Whether every `then` comes after event `first`; `None` where there is none.
pub(super) fn precedence(
    facts: &Facts<'_>,
    call: &Pick,
    then: &Pick,
    first: Option<u32>,
    include_failed: bool,
) -> Option<Judgement> {
    let made: Vec<u32> = then.of_episode(facts, include_failed).map(|c| c.seq).collect();
    made.first()?;
    let early: Vec<u32> = made.iter().copied().filter(|seq| first.is_none_or(|f| *seq <= f)).collect();
    if let (true, Some(first)) = (early.is_empty(), first) {
        let note = note(format!("{call} succeeded at event {first}, before {then} (first at event {}).", made[0]));
        return Some(Judgement::pass(vec![Evidence { events: vec![first, made[0]], ..note }]));
    }
    let known =
        first.map_or_else(|| format!("{call} never succeeded"), |f| format!("{call} first succeeded at event {f}"));
    let evidence = early
        .iter()
        .map(|seq| Evidence {
            events: std::iter::once(*seq).chain(first).collect(),
            ..note(format!("{then} was called at event {seq}, and {known}."))
        })
        .take(10)
        .collect();
    Some(Judgement::fail(fraction(made.len() - early.len(), made.len()), evidence))
}

//! `eventually`: a call that must still come.

use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::pick::{Pick, Selector};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How many calls without a sequel evidence lists.
const SHOWN: usize = 10;

/// Every successful `after` is followed, before the episode ends, by a successful `call`: what is
/// opened is closed, what is booked is confirmed. Without `after`: some `call` succeeds.
///
/// Response and existence of Dwyer, Avrunin and Corbett's specification patterns (ICSE 1999). One
/// `call` answers every `after` before it; a call that is both does not follow itself. With `after`
/// it holds where no `after` succeeds. (`after`, the grader, asks that a call be made, and only once
/// another has succeeded; it does not ask for one behind each.) Score: the part of the `after` calls
/// that are followed; without `after` 1 or 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// What must succeed.
    call: Selector,
    /// What it must follow.
    #[serde(default)]
    after: Option<Selector>,
}

pub(super) struct Eventually;

impl GraderKind for Eventually {
    fn name(&self) -> &'static str {
        "eventually"
    }

    fn summary(&self) -> &'static str {
        "A call that must succeed before the end, after each of another kind."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let call = Pick::new(p.call, "call", false, setting)?;
        let after = p.after.map(|s| Pick::new(s, "after", false, setting)).transpose()?;
        if after.as_ref().is_some_and(|a| a.is_same(&call)) {
            let message = format!("the last {call} can have none after it, so this holds only where there is none");
            return Err(vec![Fault::at(&["after"], message).hint("name another call, or write `never`")]);
        }
        Ok(Box::new(Compiled { call, after }))
    }
}

struct Compiled {
    call: Pick,
    after: Option<Pick>,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        self.after.is_none()
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let call = &self.call;
        let last = call.successes(facts).last();
        let Some(after) = &self.after else {
            return match last {
                Some(seq) => {
                    let text = format!("{call} succeeded (event {seq}).");
                    Judgement::pass(vec![Evidence { events: vec![seq], ..note(text) }])
                }
                None => Judgement::fail(0.0, vec![note(format!("{call} never succeeded."))]),
            };
        };
        let opened: Vec<u32> = after.successes(facts).collect();
        let Some(first) = opened.first() else {
            return Judgement::pass(vec![note(format!("{after} never succeeded, so nothing had to follow it."))]);
        };
        let left: Vec<u32> = opened.iter().copied().filter(|seq| last.is_none_or(|l| l <= *seq)).collect();
        if let (true, Some(last)) = (left.is_empty(), last) {
            let text = format!("{call} (last at event {last}) followed every {after} (first at event {first}).");
            return Judgement::pass(vec![Evidence { events: vec![*first, last], ..note(text) }]);
        }
        let open = |seq: &u32| Evidence {
            events: vec![*seq],
            ..note(format!("{after} succeeded at event {seq}, and no {call} succeeded after it."))
        };
        let evidence = left.iter().take(SHOWN).map(open).collect();
        Judgement::fail(fraction(opened.len() - left.len(), opened.len()), evidence)
    }
}

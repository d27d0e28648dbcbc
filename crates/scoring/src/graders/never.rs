//! `never`: calls that must not be made.

use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::pick::{Pick, Selector};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Calls that must not be made: at all, before a call, or after one.
///
/// Without `before` and `after`: never at all. With `before: Y`: never before the first successful
/// Y, and a call that is both comes before it; where no Y succeeds, every such call is a violation. With `after: Z`: never after the first
/// successful Z; where none succeeds, none is. With both: a call is a violation only when it comes
/// after Z and before Y. An attempt that the tool answered with an error is a violation too.
/// Score: 1 or 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The forbidden tool.
    call: String,
    /// Arguments that make a call forbidden, be it by the schema's default; objects may hold more than
    /// is listed.
    #[serde(default)]
    args: Option<Map<String, Value>>,
    /// Forbidden only as long as no such call has succeeded.
    #[serde(default)]
    before: Option<Selector>,
    /// Forbidden only once such a call has succeeded.
    #[serde(default)]
    after: Option<Selector>,
    /// Count refused and unanswered calls too.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct Never;

impl GraderKind for Never {
    fn name(&self) -> &'static str {
        "never"
    }

    fn summary(&self) -> &'static str {
        "A call that must not be made: at all, before another, or after another."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let call = Pick::of(p.call, p.args, &["call"], &["args"], p.include_failed, setting)?;
        let before = p.before.map(|s| Pick::new(s, "before", false, setting)).transpose()?;
        let after = p.after.map(|s| Pick::new(s, "after", false, setting)).transpose()?;
        for (at, other) in [("before", &before), ("after", &after)] {
            if other.as_ref().is_some_and(|o| o.is_same(&call)) {
                let message = format!("{call} is forbidden only {at} itself");
                return Err(vec![
                    Fault::at(&[at], message).hint("name another call, or use `at_most: {call: …, times: 1}`"),
                ]);
            }
        }
        Ok(Box::new(Compiled { call, before, after, include_failed: p.include_failed }))
    }
}

struct Compiled {
    call: Pick,
    before: Option<Pick>,
    after: Option<Pick>,
    include_failed: bool,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let opened = self.before.as_ref().and_then(|p| p.first_success(facts));
        let closed = self.after.as_ref().map(|p| p.first_success(facts));
        let violates = |seq: u32| {
            (self.before.is_none() || opened.is_none_or(|y| seq <= y))
                && closed.is_none_or(|z| z.is_some_and(|z| seq > z))
        };
        let mut when = String::new();
        if let Some(before) = &self.before {
            when.push_str(&format!(" before {before}"));
        }
        if let Some(after) = &self.after {
            when.push_str(&format!(" after {after}"));
        }
        let evidence: Vec<Evidence> = self
            .call
            .of_episode(facts, self.include_failed)
            .filter(|c| violates(c.seq))
            .map(|c| Evidence {
                events: vec![c.seq],
                got: c.arguments.value().cloned(),
                ..note(format!("{} was called{when} (event {}), and must not be.", self.call, c.seq))
            })
            .collect();
        if evidence.is_empty() {
            return Judgement::pass(vec![note(format!("{} was never called{when}.", self.call))]);
        }
        Judgement::fail(0.0, evidence)
    }
}

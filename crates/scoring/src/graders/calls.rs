//! `calls`: which calls were made.

mod read;

use crate::arguments::{Expected, Matcher};
use crate::assign::{in_order, matching};
use crate::kind::{fraction, note};
use crate::{CallFact, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Answer, Cause, Evidence, ReferenceCall};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many unmatched calls evidence lists.
const SHOWN: usize = 10;

/// How the calls of an episode are held against expected ones.
///
/// Where the order is free, calls are assigned so that as many as possible match. Score where it
/// fails: the matched calls, of as many as were expected (`in_order`, `superset`), made (`subset`)
/// or the larger of both (`strict`, `any_order`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Match {
    /// The same calls in the same order, and no others.
    Strict,
    /// The expected calls in their order; others may stand between.
    #[default]
    InOrder,
    /// The same calls in any order, and no others.
    AnyOrder,
    /// All expected calls in any order; others may be made.
    Superset,
    /// No calls but expected ones, in any order.
    Subset,
}

pub(super) struct Calls;

impl GraderKind for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn summary(&self) -> &'static str {
        "Which calls were made, held against a reference or a list."
    }

    fn schema(&self) -> Value {
        crate::parameters::schema_of::<read::Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        read::compile(parameters, setting).map(|c| Box::new(c) as Box<dyn Grader>)
    }
}

/// A call of a list in the criterion.
#[derive(Debug)]
struct Step {
    tool: String,
    args: Option<Map<String, Value>>,
    schemas: BTreeMap<String, Schema>,
}

struct Compiled {
    mode: Match,
    /// The calls to hold against; `None` for those of the references.
    steps: Option<Vec<Step>>,
    matcher: Matcher,
    include_failed: bool,
}

/// How well one list of expected calls was met.
struct Attempt<'e> {
    expected: Vec<Expected<'e>>,
    /// For each expected call, the one made.
    met: Vec<Option<usize>>,
    holds: bool,
    credit: f64,
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        let idle = |p: &Prepared| p.references().iter().any(|r| r.is_idle());
        let nothing = self.steps.as_ref().map_or_else(|| prepared.is_some_and(idle), Vec::is_empty);
        self.mode != Match::Subset && !nothing
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        let idle = self.steps.is_none() && prepared.references().iter().any(|r| r.is_idle());
        (idle && matches!(self.mode, Match::InOrder | Match::Superset)).then(|| {
            Fault::at(&[], "a reference makes no calls, so every episode holds its calls")
                .hint("to ask for no calls at all, write `calls: {match: strict}`")
        })
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let made: Vec<&CallFact<'_>> = facts.calls().iter().filter(|c| c.counts(self.include_failed)).collect();
        let mut best: Option<(usize, Attempt<'_>)> = None;
        let lists: Vec<Vec<Expected<'_>>> = match &self.steps {
            Some(steps) => vec![steps.iter().map(Step::expected).collect()],
            None => facts.prepared().references().iter().map(|r| of_reference(r.calls())).collect(),
        };
        let several = lists.len() > 1;
        for (i, expected) in lists.into_iter().enumerate() {
            let attempt = self.attempt(facts, expected, &made);
            let better = best.as_ref().is_none_or(|(_, b)| (attempt.holds, attempt.credit) > (b.holds, b.credit));
            if better {
                best = Some((i, attempt));
            }
        }
        let Some((i, attempt)) = best else {
            return Judgement::Ungraded { cause: Cause::Scenario, why: "the case has no reference".to_owned() };
        };
        let against = match &self.steps {
            Some(_) => "the expected calls".to_owned(),
            None if several => format!("the calls of reference {} (the nearest)", i + 1),
            None => "the calls of the reference".to_owned(),
        };
        self.judge(facts, &attempt, &made, &against)
    }
}

fn of_reference(calls: &[ReferenceCall]) -> Vec<Expected<'_>> {
    calls.iter().map(|c| Expected { tool: &c.tool, args: c.arguments.as_object(), schemas: None }).collect()
}

impl Step {
    fn expected(&self) -> Expected<'_> {
        Expected { tool: &self.tool, args: self.args.as_ref(), schemas: Some(&self.schemas) }
    }
}

impl Compiled {
    fn attempt<'e>(&self, facts: &Facts<'_>, expected: Vec<Expected<'e>>, made: &[&CallFact<'_>]) -> Attempt<'e> {
        let fits: Vec<Vec<bool>> =
            expected.iter().map(|e| made.iter().map(|c| self.fits(facts, e, c)).collect()).collect();
        let met = match self.mode {
            Match::Strict | Match::InOrder => in_order(&fits, made.len()),
            Match::AnyOrder | Match::Superset | Match::Subset => matching(&fits, made.len()),
        };
        let (matched, want, have) = (met.iter().flatten().count(), expected.len(), made.len());
        let of = match self.mode {
            Match::Strict | Match::AnyOrder => want.max(have),
            Match::InOrder | Match::Superset => want,
            Match::Subset => have,
        };
        Attempt { expected, met, holds: matched == of, credit: fraction(matched, of) }
    }

    fn fits(&self, facts: &Facts<'_>, expected: &Expected<'_>, call: &CallFact<'_>) -> bool {
        expected.tool == call.tool
            && self
                .matcher
                .mismatches(expected, call.arguments.value(), facts.prepared().defaults(call.tool), true)
                .is_empty()
    }

    fn judge(&self, facts: &Facts<'_>, attempt: &Attempt<'_>, made: &[&CallFact<'_>], against: &str) -> Judgement {
        let events: Vec<u32> = attempt.met.iter().flatten().map(|i| made[*i].seq).collect();
        if attempt.holds {
            let text = format!("{} of the {} calls made match {against}, as asked.", events.len(), made.len());
            return Judgement::pass(vec![Evidence { events, ..note(text) }]);
        }
        let taken = |i: usize| attempt.met.contains(&Some(i));
        let mut evidence = Vec::new();
        if self.mode != Match::Subset {
            let missing = attempt.expected.iter().zip(&attempt.met).filter(|(_, met)| met.is_none());
            evidence.extend(missing.map(|(e, _)| self.missing(facts, e, made, &taken)));
        }
        if matches!(self.mode, Match::Strict | Match::AnyOrder | Match::Subset) {
            let extra = made.iter().enumerate().filter(|(i, _)| !taken(*i));
            evidence.extend(extra.map(|(_, call)| Evidence {
                events: vec![call.seq],
                got: call.arguments.value().cloned(),
                ..note(format!("`{}` (event {}) is not among {against}.", call.tool, call.seq))
            }));
        }
        let more = evidence.len().saturating_sub(SHOWN);
        evidence.truncate(SHOWN);
        if more > 0 {
            evidence.push(note(format!("{more} more calls do not match.")));
        }
        Judgement::fail(attempt.credit, evidence)
    }

    /// What shows that an expected call was not made: the nearest one that was.
    fn missing(
        &self,
        facts: &Facts<'_>,
        expected: &Expected<'_>,
        made: &[&CallFact<'_>],
        taken: &dyn Fn(usize) -> bool,
    ) -> Evidence {
        let tool = expected.tool;
        let defaults = facts.prepared().defaults(tool);
        let nearest = made
            .iter()
            .enumerate()
            .filter(|(i, c)| c.tool == tool && !taken(*i))
            .map(|(_, c)| (c, self.matcher.mismatches(expected, c.arguments.value(), defaults, false)))
            .min_by_key(|(_, mismatches)| mismatches.len());
        let args = expected.args.map(|a| Value::Object(a.clone()));
        match nearest {
            Some((call, mismatches)) => match mismatches.first() {
                Some(first) => {
                    let others = mismatches.len() - 1;
                    let more = if others == 0 { String::new() } else { format!(" (and {others} more)") };
                    Evidence {
                        events: vec![call.seq],
                        path: format!("/{}", first.argument.replace('~', "~0").replace('/', "~1")),
                        expected: first.expected.clone(),
                        got: first.got.clone(),
                        note: format!(
                            "`{tool}` was called (event {}), but its argument `{}` does not match{more}.",
                            call.seq, first.argument
                        ),
                    }
                }
                None => Evidence {
                    events: vec![call.seq],
                    expected: args,
                    ..note(format!("`{tool}` was called (event {}), but not in the expected order.", call.seq))
                },
            },
            None => {
                let refused = facts.calls().iter().find(|c| c.tool == tool && !c.counts(self.include_failed));
                let text = match refused {
                    Some(c) => {
                        format!("`{tool}` was never executed: its call at event {} was refused or not answered.", c.seq)
                    }
                    None if made.iter().any(|c| c.tool == tool) => format!("`{tool}` was not called often enough."),
                    None => format!("`{tool}` was never called."),
                };
                Evidence { events: refused.map(|c| c.seq).into_iter().collect(), expected: args, ..note(text) }
            }
        }
    }
}

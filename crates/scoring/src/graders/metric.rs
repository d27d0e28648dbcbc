//! `metric`: a vendor's metric, to reproduce old numbers.

use crate::compatibility::metrics::{Call, Metric};
use crate::kind::note;
use crate::mistake::did_you_mean;
use crate::parameters::{read, schema_of};
use crate::{CallFact, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Cause, Evidence, ReferenceCall};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// What a vendor's metric falls short of by is a rounding up to here.
const ROUNDING: f64 = 1e-9;

/// A vendor's metric of the executed calls against those of the reference (of several, the best). It
/// reproduces old numbers, quirks included; `calls` is the criterion without them.
///
/// A criterion that passes scores 1, whatever `at_least` is: the metric's own value stands in the evidence.
/// Where it fails, the score is the metric.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Which metric.
    name: Metric,
    /// What it must reach, above 0 and at most 1 (the default).
    #[serde(default = "whole")]
    at_least: f64,
    /// Look at refused and unanswered calls too.
    #[serde(default)]
    include_failed: bool,
}

fn whole() -> f64 {
    1.0
}

pub(super) struct MetricKind;

impl GraderKind for MetricKind {
    fn name(&self) -> &'static str {
        "metric"
    }

    fn summary(&self) -> &'static str {
        "A vendor's metric of the calls against the reference, quirks included, to reproduce old numbers."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        unknown(parameters)?;
        let p: Parameters = read(parameters)?;
        let mut faults = Vec::new();
        if p.at_least <= 0.0 {
            faults.push(
                Fault::at(&["at_least"], "every score is at least 0, so nothing fails this")
                    .hint("write the least score that is good enough, or leave it out for 1"),
            );
        }
        if p.at_least > 1.0 {
            faults.push(Fault::at(&["at_least"], "no score is above 1, so nothing passes this"));
        }
        faults.extend(no_reference(setting));
        if faults.is_empty() { Ok(Box::new(Compiled(p))) } else { Err(faults) }
    }
}

/// A name that no metric has, with the nearest that one has: there are too many to list.
fn unknown(parameters: &Value) -> Result<(), Vec<Fault>> {
    let Some(name) = parameters.get("name").and_then(Value::as_str) else { return Ok(()) };
    let names = || Metric::ALL.iter().map(|metric| metric.name());
    if names().any(|known| known == name) {
        return Ok(());
    }
    let vendors = "names begin with `adk_`, `ragas_`, `deepeval_`, `azure_` or `vertex_`";
    let hint = did_you_mean(name, names()).unwrap_or_else(|| vendors.to_owned());
    Err(vec![Fault::at(&["name"], format!("there is no metric `{name}`")).hint(hint)])
}

/// What is wrong where there is nothing to compare with.
pub(super) fn no_reference(setting: &Setting<'_>) -> Option<Fault> {
    (setting.references == 0).then(|| {
        Fault::at(&[], "the scenario has no reference to compare with").hint("add `reference:` to the scenario")
    })
}

struct Compiled(Parameters);

impl Compiled {
    fn reaches(&self, score: Option<f64>) -> bool {
        score.is_some_and(|score| score >= self.0.at_least - ROUNDING)
    }
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        let idle_is_enough = |p: &Prepared| {
            p.references().iter().any(|r| self.reaches(self.0.name.score(&[], &of_reference(r.calls()))))
        };
        !prepared.is_some_and(idle_is_enough)
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        // A call that no world has: where even that is good enough, all is.
        let stranger = Call { name: "", args: &NO_ARGUMENTS };
        let anything = |calls: &[ReferenceCall]| {
            calls.is_empty() && [&[][..], &[stranger]].iter().all(|a| self.reaches(self.0.name.score(a, &[])))
        };
        prepared.references().iter().any(|r| anything(r.calls())).then(|| {
            Fault::at(&["name"], "a reference makes no calls, and whatever is called, this metric then is 1")
                .hint("to ask for no calls at all, write `calls: {match: strict}`")
        })
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let made = counted(facts, self.0.include_failed);
        let calls = calls(&made);
        let references = facts.prepared().references();
        let scores =
            references.iter().enumerate().map(|(i, r)| (i, self.0.name.score(&calls, &of_reference(r.calls()))));
        let best = scores.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let Some((i, score)) = best else {
            return Judgement::Ungraded { cause: Cause::Scenario, why: "the case has no reference".to_owned() };
        };
        let name = self.0.name.name();
        let against = which(i, references.len());
        let counts = format!("{} calls made, {} expected", made.len(), references[i].calls().len());
        let text = match score {
            Some(score) => format!("`{name}` against {against} is {} ({counts}).", json!(score)),
            None => format!("`{name}` against {against} is not defined ({counts}), which counts as 0."),
        };
        let evidence = Evidence {
            events: made.iter().map(|call| call.seq).collect(),
            expected: Some(json!(self.0.at_least)),
            got: score.map(|score| json!(score)),
            ..note(text)
        };
        Judgement::of(self.reaches(score), score.unwrap_or_default(), vec![evidence])
    }
}

/// How evidence names a reference.
pub(super) fn which(i: usize, references: usize) -> String {
    if references == 1 { "the reference".to_owned() } else { format!("reference {} (the nearest)", i + 1) }
}

static NO_ARGUMENTS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// The calls that count.
pub(super) fn counted<'f, 'a>(facts: &'f Facts<'a>, include_failed: bool) -> Vec<&'f CallFact<'a>> {
    facts.calls().iter().filter(|call| call.counts(include_failed)).collect()
}

/// Calls as the metrics take them. Arguments that are no object count as none.
pub(super) fn calls<'a>(made: &[&CallFact<'a>]) -> Vec<Call<'a>> {
    let args = |call: &CallFact<'a>| call.arguments.value().and_then(Value::as_object).unwrap_or(&NO_ARGUMENTS);
    made.iter().map(|call| Call { name: call.tool, args: args(call) }).collect()
}

/// A reference's calls as the metrics take them.
pub(super) fn of_reference(calls: &[ReferenceCall]) -> Vec<Call<'_>> {
    calls
        .iter()
        .map(|call| Call { name: &call.tool, args: call.arguments.as_object().unwrap_or(&NO_ARGUMENTS) })
        .collect()
}

//! `agentevals`: the match modes of langchain's agentevals, to reproduce old numbers.

use super::metric::{no_reference, which};
use crate::compatibility::agentevals::{ArgumentMode, Arguments, Call, MatchMode, Matching, Message, Override};
use crate::kind::note;
use crate::mistake::did_you_mean;
use crate::parameters::{read, schema_of, shown};
use crate::{CallFact, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Body, Cause, Evidence, Trajectory};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// The executed calls against those of the reference (any of several), as agentevals 0.0.9 matches chat
/// messages. It reproduces old numbers, quirks included: calls are matched greedily; under `subset` the
/// direction of `args` is turned round; `strict` counts messages. `calls` is the criterion without them.
/// Score: 1 or 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// How the messages are held against each other.
    #[serde(rename = "match")]
    mode: MatchMode,
    /// How arguments are compared.
    #[serde(default)]
    args: ArgumentMode,
    /// Another comparison of arguments, by tool: a mode, or the paths that are compared alone.
    #[serde(default)]
    overrides: BTreeMap<String, Override>,
    /// Look at refused and unanswered calls too, as agentevals does where the messages hold them.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct AgentEvals;

impl GraderKind for AgentEvals {
    fn name(&self) -> &'static str {
        "agentevals"
    }

    fn summary(&self) -> &'static str {
        "agentevals' match modes against the reference, quirks included, to reproduce old numbers."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        overrides(parameters)?;
        let p: Parameters = read(parameters)?;
        let mut faults: Vec<Fault> = no_reference(setting).into_iter().collect();
        for (tool, rule) in &p.overrides {
            if !setting.tools.iter().any(|t| t.name == *tool) {
                let mut fault = Fault::at(&["overrides", tool], format!("the world has no tool `{tool}`"));
                fault.hint = did_you_mean(tool, setting.tools.iter().map(|t| t.name.as_str()));
                faults.push(fault);
            }
            if matches!(rule, Override::Paths(paths) if paths.is_empty()) {
                faults.push(
                    Fault::at(&["overrides", tool], "a list without paths is no override to agentevals")
                        .hint("to compare nothing, write `ignore`"),
                );
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let matching = Matching { mode: p.mode, arguments: p.args, overrides: p.overrides };
        Ok(Box::new(Compiled { matching, include_failed: p.include_failed, references: OnceLock::new() }))
    }
}

/// What is wrong with overrides, found one by one, so that a mistake is found where it stands.
fn overrides(parameters: &Value) -> Result<(), Vec<Fault>> {
    let written = parameters.get("overrides").and_then(Value::as_object).into_iter().flatten();
    let wrong = written.filter(|(_, rule)| Override::deserialize(*rule).is_err());
    let faults: Vec<Fault> = wrong
        .map(|(tool, rule)| {
            Fault::at(&["overrides", tool], format!("{} is neither a mode nor a list of paths", shown(rule)))
                .hint("write `exact`, `ignore`, `subset`, `superset`, or paths such as [order.id, amount]")
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

struct Compiled {
    matching: Matching,
    include_failed: bool,
    /// The references' messages, made when the first episode is graded.
    references: OnceLock<Vec<Result<Vec<Message>, String>>>,
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        self.matching.mode != MatchMode::Subset && !prepared.is_some_and(idle)
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        (self.matching.mode == MatchMode::Superset && idle(prepared)).then(|| {
            Fault::at(&[], "a reference makes no calls, so every episode holds its calls")
                .hint("to ask for no calls at all, write `calls: {match: strict}`")
        })
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let references = self.references.get_or_init(|| {
            let runs = &facts.case().references;
            let messages = |run: &mocktrial_trajectory::ReferenceRun| {
                let trajectory =
                    run.trajectory().map_err(|e| format!("the trajectory of a reference cannot be read: {e}"))?;
                Ok(messages(&trajectory, &crate::facts::calls_of(&trajectory), false))
            };
            runs.iter().map(messages).collect()
        });
        let made = messages(facts.trajectory(), facts.calls(), self.include_failed);
        let events: Vec<u32> = facts.calls().iter().filter(|c| c.counts(self.include_failed)).map(|c| c.seq).collect();
        let mode = format!("`{}`", word(self.matching.mode));
        for (i, reference) in references.iter().enumerate() {
            let reference = match reference {
                Ok(reference) => reference,
                Err(why) => return Judgement::Ungraded { cause: Cause::Harness, why: why.clone() },
            };
            if self.matching.matches(&made, reference) {
                let text = format!("The calls match {} under agentevals' {mode}.", which(i, references.len()));
                return Judgement::pass(vec![Evidence { events, ..note(text) }]);
            }
        }
        let Some(Ok(first)) = references.first() else {
            return Judgement::Ungraded { cause: Cause::Scenario, why: "the case has no reference".to_owned() };
        };
        let calls = |messages: &[Message]| messages.iter().map(|m| m.calls.len()).sum::<usize>();
        let text = format!(
            "The calls match no reference under agentevals' {mode}: {} calls in {} messages, against {} in {} (of the first).",
            calls(&made),
            made.len(),
            calls(first),
            first.len()
        );
        Judgement::fail(0.0, vec![Evidence { events, ..note(text) }])
    }
}

fn idle(prepared: &Prepared) -> bool {
    prepared.references().iter().any(|r| r.is_idle())
}

fn word(mode: MatchMode) -> &'static str {
    match mode {
        MatchMode::Strict => "strict",
        MatchMode::Unordered => "unordered",
        MatchMode::Subset => "subset",
        MatchMode::Superset => "superset",
    }
}

/// A trajectory as chat messages: a user's, an assistant's with all calls of one response, a tool's for each
/// result. Where no response tells which calls belong together, each call is a message of its own.
///
/// Calls that do not count leave nothing behind: neither their result nor a message that made no other call.
fn messages(trajectory: &Trajectory, calls: &[CallFact<'_>], include_failed: bool) -> Vec<Message> {
    let counted: HashSet<u32> = calls.iter().filter(|c| c.counts(include_failed)).map(|c| c.seq).collect();
    let message = |role: &str, calls: Vec<Call>| Message { role: role.to_owned(), calls };
    let mut out: Vec<Message> = Vec::new();
    // How many calls of the last response are still to come, and where its message stands once it has one.
    let (mut open, mut place) = (0, None);
    for event in trajectory.events() {
        match &event.body {
            Body::User { .. } => out.push(message("user", Vec::new())),
            Body::Response { calls: 0, .. } | Body::Say { .. } => out.push(message("assistant", Vec::new())),
            Body::Response { calls, .. } => (open, place) = (*calls, None),
            Body::Call { tool, arguments, .. } => {
                let mine = open > 0;
                open = open.saturating_sub(1);
                if !counted.contains(&event.seq) {
                    continue;
                }
                let arguments = match arguments.value() {
                    Some(value) => Arguments::Json(value.clone()),
                    None => Arguments::parse(&arguments.text),
                };
                let call = Call { name: tool.clone(), arguments };
                match place.filter(|_| mine).and_then(|i: usize| out.get_mut(i)) {
                    Some(message) => message.calls.push(call),
                    None => {
                        place = Some(out.len());
                        out.push(message("assistant", vec![call]));
                    }
                }
            }
            Body::Result { call, .. } if counted.contains(call) => out.push(message("tool", Vec::new())),
            _ => {}
        }
    }
    out
}

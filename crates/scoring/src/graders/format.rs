//! `format`: calls that could be understood.

use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::{CallFact, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence, ToolFailure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How many calls may be unreadable; what is not named is not looked at.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bounds {
    /// Calls of tools that do not exist.
    #[serde(default)]
    unknown_tools: Option<u32>,
    /// Calls whose arguments are no JSON object or do not fit the tool's schema.
    #[serde(default)]
    invalid_arguments: Option<u32>,
}

/// `clean`: no call of an unknown tool, none with malformed or invalid arguments; or bounds.
///
/// Score where it fails: the part of the calls that could be understood.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the shape, for the schema")]
enum Parameters {
    /// No such call at all.
    Clean(Clean),
    /// At most so many.
    Bounds(Bounds),
}

/// The word.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Clean {
    /// No such call at all.
    Clean,
}

pub(super) struct Format;

impl GraderKind for Format {
    fn name(&self) -> &'static str {
        "format"
    }

    fn summary(&self) -> &'static str {
        "No calls of unknown tools, none with malformed or invalid arguments."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let bounds = match parameters {
            Value::String(word) if word == "clean" => Bounds { unknown_tools: Some(0), invalid_arguments: Some(0) },
            Value::Object(_) => read::<Bounds>(parameters)?,
            _ => {
                return Err(vec![
                    Fault::at(&[], "`format` is `clean` or a map of bounds").hint("write `format: clean`"),
                ]);
            }
        };
        if bounds.unknown_tools.is_none() && bounds.invalid_arguments.is_none() {
            return Err(vec![
                Fault::at(&[], "`format` names no bound, so everything passes").hint("write `format: clean`"),
            ]);
        }
        let huge = [("unknown_tools", bounds.unknown_tools), ("invalid_arguments", bounds.invalid_arguments)];
        let faults: Vec<Fault> = huge
            .into_iter()
            .filter(|(_, bound)| bound.is_some_and(|b| b >= 1000))
            .map(|(name, _)| Fault::at(&[name], "no episode makes so many calls, so this bounds nothing"))
            .collect();
        if faults.is_empty() { Ok(Box::new(Compiled { bounds })) } else { Err(faults) }
    }
}

struct Compiled {
    bounds: Bounds,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let calls = facts.calls();
        let mut evidence = Vec::new();
        let (mut holds, mut bad) = (true, 0);
        let kinds = [
            (self.bounds.unknown_tools, "name a tool that does not exist", &[ToolFailure::UnknownTool][..]),
            (
                self.bounds.invalid_arguments,
                "have malformed or invalid arguments",
                &[ToolFailure::MalformedArguments, ToolFailure::InvalidArguments][..],
            ),
        ];
        for (bound, what, failures) in kinds {
            let Some(bound) = bound else { continue };
            let is = |c: &&CallFact<'_>| c.failure.is_some_and(|f| failures.contains(&f));
            let events: Vec<u32> = calls.iter().filter(is).map(|c| c.seq).collect();
            bad += events.len();
            let exceeded = events.len() > bound as usize;
            holds &= !exceeded;
            if exceeded || !events.is_empty() {
                let tools: Vec<Value> =
                    calls.iter().filter(|c| events.contains(&c.seq)).map(|c| Value::from(c.tool)).collect();
                evidence.push(Evidence {
                    expected: Some(Value::from(bound)),
                    got: Some(Value::from(tools)),
                    ..note(format!("{} of {} calls {what}; at most {bound} may.", events.len(), calls.len()))
                });
                if let Some(last) = evidence.last_mut() {
                    last.events = events;
                }
            }
        }
        if evidence.is_empty() {
            evidence.push(note(format!("All {} calls could be understood.", calls.len())));
        }
        Judgement::of(holds, fraction(calls.len().saturating_sub(bad), calls.len()), evidence)
    }
}

//! `at_most`: a bound on how often something is called.

use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::pick::Pick;
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A call is made at most so many times. Score where it is made more often: `times` / made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The tool.
    call: String,
    /// How often it may be called.
    times: u32,
    /// Arguments that make a call count, be it by the schema's default; objects may hold more than
    /// is listed.
    #[serde(default)]
    args: Option<Map<String, Value>>,
    /// Count refused and unanswered calls too.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct AtMost;

impl GraderKind for AtMost {
    fn name(&self) -> &'static str {
        "at_most"
    }

    fn summary(&self) -> &'static str {
        "A bound on how often a call is made."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        if p.times >= 1000 {
            return Err(vec![
                Fault::at(&["times"], "no episode makes so many calls")
                    .hint("write the number that would be too many, minus one"),
            ]);
        }
        let call = Pick::of(p.call, p.args, &["call"], &["args"], p.include_failed, setting)?;
        Ok(Box::new(Compiled { call, times: p.times as usize, include_failed: p.include_failed }))
    }
}

struct Compiled {
    call: Pick,
    times: usize,
    include_failed: bool,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let made: Vec<u32> = self.call.of_episode(facts, self.include_failed).map(|c| c.seq).collect();
        let holds = made.len() <= self.times;
        let evidence = Evidence {
            expected: Some(Value::from(self.times)),
            got: Some(Value::from(made.len())),
            ..note(format!("{} was called {} times; at most {} are allowed.", self.call, made.len(), self.times))
        };
        let credit = fraction(self.times, made.len());
        Judgement::of(holds, credit, vec![Evidence { events: made, ..evidence }])
    }
}

//! `after`: a call that must be made, and only after another.

use super::before::precedence;
use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::pick::{Pick, Selector};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::Answer;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// At least one `call` is made, and every one comes after a successful `first`.
///
/// `before` with the demand that the call be made. Score: the part of the calls that have a
/// `first` before them; 0 where there is no call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// What must be made.
    call: Selector,
    /// What must have succeeded before.
    first: Selector,
    /// Count refused and unanswered calls too.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct After;

impl GraderKind for After {
    fn name(&self) -> &'static str {
        "after"
    }

    fn summary(&self) -> &'static str {
        "A call that must be made, and only after another has succeeded."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let (call, first) =
            (Pick::new(p.call, "call", p.include_failed, setting)?, Pick::new(p.first, "first", false, setting)?);
        if call.is_same(&first) {
            return Err(vec![Fault::at(&["first"], format!("{first} can never come after itself"))]);
        }
        Ok(Box::new(Compiled { call, first, include_failed: p.include_failed }))
    }
}

struct Compiled {
    call: Pick,
    first: Pick,
    include_failed: bool,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        true
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let first = self.first.first_success(facts);
        precedence(facts, &self.first, &self.call, first, self.include_failed)
            .unwrap_or_else(|| Judgement::fail(0.0, vec![note(format!("{} was never called.", self.call))]))
    }
}

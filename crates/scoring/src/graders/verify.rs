//! `verify`: a program of the user's own that looks at the episode.
//!
//! The program is configured as `[verifiers.NAME]` in `mocktrial.toml`: a suite alone can start
//! nothing. It is given the episode on its standard input and answers on its standard output.

use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::{Ask, Facts, Fault, Grader, GraderKind, Judgement, Prepared, ReferenceFacts, Setting, StateError};
use mocktrial_trajectory::{Answer, Cause, Digest, Evidence, Pointer, Question};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Whom the questions are to.
pub const VERIFIER: &str = "verifier";

/// The most notes that are kept of an answer, and the characters of each.
const MAX_NOTES: usize = 20;
const MAX_NOTE: usize = 1000;

/// A program's verdict on the episode.
///
/// It reads one JSON object from its standard input: `scenario`, `with`, `trajectory`, `initial`,
/// `final`, `references` (the executed calls of each) and `tools`; and writes one: `score` in [0, 1],
/// where 1 passes, and `notes`, each a text or `{"note": …, "events": […]}`. Anything else, an end with
/// a status but 0, or taking too long, leaves the criterion ungraded: it is not the model's failure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The program, as `[verifiers.NAME]` of `mocktrial.toml` names it.
    by: String,
    /// What it is told beside the episode.
    #[serde(default, deserialize_with = "crate::parameters::given")]
    with: Option<Value>,
}

pub(super) struct Verify;

impl GraderKind for Verify {
    fn name(&self) -> &'static str {
        "verify"
    }

    fn summary(&self) -> &'static str {
        "A program of your own that looks at the episode and the world it left."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let Parameters { by, with } = read(parameters)?;
        Ok(Box::new(Compiled { by, with }))
    }
}

struct Compiled {
    by: String,
    with: Option<Value>,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        // Nobody knows before it is run; a program can ask for anything.
        true
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask { to: VERIFIER, name: self.by.clone(), at: Pointer(vec!["by".to_owned()]) }]
    }

    fn questions(&self, facts: &Facts<'_>) -> Vec<Question> {
        // The episode is stored beside the question: its hash says which one was looked at.
        let trajectory = Digest::of_bytes(b"trajectory", facts.trajectory().to_json().as_bytes());
        let body = json!({"verifier": self.by, "with": self.with, "trajectory": trajectory.to_string()});
        vec![Question { id: self.by.clone(), to: VERIFIER.to_owned(), body }]
    }

    fn grade(&self, facts: &Facts<'_>, answers: &[Answer]) -> Judgement {
        let ungraded = |why: String| Judgement::Ungraded { cause: Cause::Harness, why };
        let body = match answers.iter().find(|a| a.question == self.by).map(|a| &a.body) {
            None => return ungraded(format!("the verifier `{}` has not been asked", self.by)),
            Some(Err(why)) => return ungraded(format!("the verifier `{}` gave no verdict: {why}", self.by)),
            Some(Ok(body)) => body,
        };
        let score = body.get("score").and_then(Value::as_f64).filter(|s| (0.0..=1.0).contains(s));
        let Some(score) = score else {
            return ungraded(format!("the verifier `{}` gave no `score` from 0 to 1", self.by));
        };
        let mut evidence: Vec<Evidence> = notes(body, facts);
        if evidence.is_empty() {
            evidence.push(note(format!("The verifier `{}` gives {score}.", self.by)));
        }
        #[allow(clippy::float_cmp, reason = "only exactly 1 passes")]
        Judgement::of(score == 1.0, score, evidence)
    }
}

/// What a verifier is given of an episode on its standard input; `question` is the body of its question.
pub(crate) fn input(facts: &Facts<'_>, question: &Value) -> Result<Value, StateError> {
    let case = facts.case();
    let calls = |r: &ReferenceFacts| -> Vec<Value> {
        r.calls().iter().map(|c| json!({"tool": c.tool, "arguments": c.arguments})).collect()
    };
    Ok(json!({
        "scenario": case.scenario,
        "with": question.get("with"),
        "trajectory": facts.trajectory(),
        "initial": case.initial,
        "final": facts.final_state().map_err(Clone::clone)?,
        "references": facts.prepared().references().iter().map(calls).collect::<Vec<_>>(),
        "tools": case.tools,
    }))
}

/// The notes of a verdict; events that the trajectory does not have are left out.
fn notes(body: &Value, facts: &Facts<'_>) -> Vec<Evidence> {
    let all = body.get("notes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let known = |n: u64| u32::try_from(n).ok().filter(|seq| facts.trajectory().event(*seq).is_some());
    all.iter()
        .take(MAX_NOTES)
        .filter_map(|item| {
            let text = item.as_str().or_else(|| item.get("note")?.as_str()).filter(|t| !t.trim().is_empty())?;
            let events = item.get("events").and_then(Value::as_array).into_iter().flatten();
            let events = events.filter_map(Value::as_u64).filter_map(known).collect();
            Some(Evidence { events, ..note(text.chars().take(MAX_NOTE).collect::<String>()) })
        })
        .collect()
}

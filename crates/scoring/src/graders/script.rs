//! `script`: what a Starlark function makes of an episode.

mod record;

use crate::kind::note;
use crate::parameters::{read, schema_of, shown};
use crate::text::excerpt;
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting, Spot, Subject};
use mocktrial_script::{GradingScript, Limits, ScriptError};
use mocktrial_trajectory::{Answer, Body, Cause, EndReason, Evidence, Trajectory};
use record::Recorded;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many notes evidence lists.
const SHOWN: usize = 10;

/// A script in Starlark with a function `grade(episode)`.
///
/// It returns true or false, a score in [0, 1], or `{"score": …, "notes": […]}`, each note a text or
/// `{"note": …, "events": […]}`; it passes exactly where the score is true or 1. `episode` reads the
/// trajectory, the states it passed through and the case: `episode.calls()`, `said()`, `answer()`,
/// `users()`, `state(*path)`, `initial(*path)`, `state_after(seq, *path)`, `changes()`, `references()`,
/// `reference_state(i, *path)`, `tools()`, `events()`. The limits of scripts hold. A script that fails, or
/// returns anything else, leaves the criterion ungraded as the scenario's doing, with line and message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The script.
    source: Option<String>,
    /// Or the file that it stands in, relative to the scenario's; whoever loads the scenario puts its text here.
    file: Option<String>,
}

pub(super) struct Script;

impl GraderKind for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn summary(&self) -> &'static str {
        "What a Starlark function makes of the trajectory, its states and the case."
    }

    fn schema(&self) -> Value {
        let mut schema = schema_of::<Parameters>();
        // Either is enough, and both are one too many.
        schema["minProperties"] = 1.into();
        schema["maxProperties"] = 1.into();
        schema
    }

    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let source = match (p.source, p.file) {
            (Some(source), None) => source,
            (Some(_), Some(_)) => {
                let message = "there are both `source` and `file`, and a criterion has one script";
                return Err(vec![Fault::at(&["file"], message).hint("leave out one of them")]);
            }
            (None, Some(_)) => {
                let hint = "write the script itself under `source`";
                return Err(vec![Fault::at(&["file"], "nobody has read this file here").hint(hint)]);
            }
            (None, None) => {
                let hint = "write it under `source`, or name its file under `file`";
                return Err(vec![Fault::at(&[], "there is no script here").hint(hint)]);
            }
        };
        match GradingScript::compile("script", &source, &Limits::default()) {
            Ok(script) => Ok(Box::new(Compiled { script })),
            Err(error) => {
                let fault = Fault::at(&["source"], &error.message).within(spot(&error));
                let missing = error.at.is_none() && error.message.contains("`grade`");
                Err(vec![if missing { fault.hint("begin with `def grade(episode):`") } else { fault }])
            }
        }
    }
}

/// Where in the source a script went wrong.
fn spot(error: &ScriptError) -> Option<Spot> {
    let at = error.at.as_ref()?;
    Some(Spot { line: at.line, column: at.column, span: at.span })
}

/// Why a script gave no score.
struct Why {
    within: Option<Spot>,
    message: String,
}

impl<S: Into<String>> From<S> for Why {
    fn from(message: S) -> Self {
        Self { within: None, message: message.into() }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.within.map_or(Ok(()), |spot| write!(f, "{spot}: "))?;
        f.write_str(&self.message)
    }
}

#[derive(Debug)]
struct Compiled {
    script: GradingScript,
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        // What it asks for is known only by asking it.
        let passes_idle = |prepared: &Prepared| self.judge_idle(prepared).is_ok_and(|returned| returned.score >= 1.0);
        !prepared.is_some_and(passes_idle)
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        let why = self.judge_idle(prepared).err()?;
        let message = format!("it cannot grade an episode in which the agent does and says nothing: {}", why.message);
        Some(
            Fault::at(&["source"], message)
                .within(why.within)
                .hint("what an agent leaves out is `None`, or not in the list"),
        )
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        match self.judge(facts) {
            Ok(returned) => Judgement::of(returned.score >= 1.0, returned.score, returned.evidence),
            // A state that cannot be derived is not the script's fault.
            Err(why) => match facts.final_state() {
                Ok(_) => Judgement::Ungraded { cause: Cause::Scenario, why: format!("the script failed: {why}") },
                Err(error) => Judgement::Ungraded { cause: Cause::Harness, why: error.to_string() },
            },
        }
    }
}

/// What a script returned, read.
struct Returned {
    score: f64,
    evidence: Vec<Evidence>,
}

impl Compiled {
    /// Judges an episode in which the agent does and says nothing.
    fn judge_idle(&self, prepared: &Prepared) -> Result<Returned, Why> {
        let mut trajectory = Trajectory::default();
        trajectory.push(0, Body::user(""));
        trajectory.push(0, Body::Say { text: String::new() });
        trajectory.push(0, Body::End { reason: EndReason::Completed, detail: None });
        self.judge(&Facts::new(prepared, &Subject { trajectory: &trajectory, measurements: None }))
    }

    fn judge(&self, facts: &Facts<'_>) -> Result<Returned, Why> {
        let returned = self.script.grade(&Recorded::new(facts), &Limits::default());
        let returned = returned.map_err(|error| Why { within: spot(&error), message: error.message })?;
        let (score, notes) = match &returned {
            Value::Object(map) => {
                if let Some(key) = map.keys().find(|key| !matches!(key.as_str(), "score" | "notes")) {
                    let message =
                        format!("it returned a map with the unknown key `{key}`: there are `score` and `notes`");
                    return Err(message.into());
                }
                let score = map.get("score").ok_or("it returned a map without `score`")?;
                (score, map.get("notes").filter(|notes| !notes.is_null()))
            }
            other => (other, None),
        };
        let score = match score {
            Value::Bool(holds) => f64::from(u8::from(*holds)),
            Value::Number(number) => {
                number.as_f64().filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| not_a_score(score))?
            }
            other => return Err(not_a_score(other).into()),
        };
        let mut evidence = notes.map(|notes| read_notes(notes, facts)).transpose()?.unwrap_or_default();
        if evidence.is_empty() {
            evidence.push(note(format!("The script gave a score of {score}.")));
        }
        Ok(Returned { score, evidence })
    }
}

fn not_a_score(value: &Value) -> String {
    format!("it returned {}, and a score is true, false or a number in [0, 1]", shown(value))
}

fn read_notes(notes: &Value, facts: &Facts<'_>) -> Result<Vec<Evidence>, String> {
    let Value::Array(notes) = notes else { return Err(format!("its `notes` are {}, and no list", shown(notes))) };
    let mut evidence = Vec::new();
    for written in notes {
        let empty = Map::new();
        let (text, map) = match written {
            Value::String(text) => (Some(text.as_str()), &empty),
            Value::Object(map) => (map.get("note").and_then(Value::as_str), map),
            _ => (None, &empty),
        };
        let text = text.filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| format!("one of its notes is {}: a note is a text", shown(written)))?;
        let mut events = Vec::new();
        for event in map.get("events").and_then(Value::as_array).into_iter().flatten() {
            let known = event.as_u64().and_then(|seq| u32::try_from(seq).ok());
            let known = known.filter(|seq| facts.trajectory().event(*seq).is_some());
            events.push(
                known.ok_or_else(|| format!("one of its notes names the event {}: there is none", shown(event)))?,
            );
        }
        if evidence.len() < SHOWN {
            evidence.push(Evidence { events, ..note(excerpt(text)) });
        }
    }
    if notes.len() > SHOWN {
        evidence.push(note(format!("{} more notes.", notes.len() - SHOWN)));
    }
    Ok(evidence)
}

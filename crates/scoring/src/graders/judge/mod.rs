//! `judge`: a rubric that models read and answer.
//!
//! A judge is a model behind an API, configured as `[judges.NAME]` in `mocktrial.toml`. It is given
//! the rubric and a record of the episode ([`record`]), quoted as data; it never learns which endpoint
//! is on trial. Each judge answers every criterion of the rubric with a reason and yes or no
//! ([`answer`]); where there are several, their answers are counted.
//!
//! A judge's errors are not the model's: where one does not answer, or not in the form that was asked
//! for, the criterion is *ungraded*. And a judge's yes is worth what its calibration says.

mod answer;
mod prompt;
mod record;

pub use prompt::JudgeSees;

use crate::kind::note;
use crate::parameters::{OneOrMany, read, schema_of};
use crate::{Ask, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Cause, Evidence, Pointer, Question};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whom the questions are to.
pub const JUDGE: &str = "judge";

/// The most criteria of a rubric: a judge that has to keep more in mind answers none of them well.
const MAX_RUBRIC: usize = 20;

/// The most judges of a criterion.
const MAX_JUDGES: usize = 9;

/// A rubric, and who judges by it.
///
/// Passes where every criterion of the rubric is met by the votes. Score: the weighted part of the
/// criteria that are met. An episode that judges could not be asked about, because their provider
/// failed or they did not answer as asked, is ungraded.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The judges, as `[judges.NAME]` of `mocktrial.toml` names them.
    by: OneOrMany<String>,
    /// What must be so, each in a sentence that is either true or not.
    rubric: Vec<Entry>,
    /// What of the episode they see.
    #[serde(default)]
    sees: Sees,
    /// How the judges' answers on a criterion are counted.
    #[serde(default)]
    votes: Votes,
}

/// A criterion of a rubric: a sentence, or a sentence with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Entry {
    /// A sentence.
    Plain(String),
    /// A sentence with a weight.
    Weighted(Weighted),
}

/// A sentence with a weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Weighted {
    /// What must be so.
    met: String,
    /// How much it counts in the score.
    weight: f64,
}

/// What of an episode a judge sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sees {
    /// The last message of the agent.
    Answer,
    /// What user and agent said.
    Conversation,
    /// What they said, and every call with its result.
    #[default]
    Episode,
}

/// How several judges' answers become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Votes {
    /// More than half of them say yes.
    #[default]
    Majority,
    /// All of them say yes.
    All,
}

impl Votes {
    fn met(self, yes: usize, of: usize) -> bool {
        match self {
            Self::Majority => 2 * yes > of,
            Self::All => yes == of,
        }
    }
}

/// A criterion of a rubric.
#[derive(Clone, Debug)]
struct Item {
    text: String,
    weight: f64,
}

pub(super) struct Judge;

impl GraderKind for Judge {
    fn name(&self) -> &'static str {
        "judge"
    }

    fn summary(&self) -> &'static str {
        "A rubric that other models answer; worth what its calibration says."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let mut faults = Vec::new();
        let several = p.by.is_many();
        let by = p.by.into_vec();
        if by.is_empty() || by.len() > MAX_JUDGES {
            faults.push(Fault::at(&["by"], format!("a criterion has 1 to {MAX_JUDGES} judges, and not {}", by.len())));
        }
        let mut seen = BTreeSet::new();
        for (i, name) in by.iter().enumerate() {
            if !seen.insert(name) {
                let message = format!("the judge `{name}` stands here twice");
                let hint = "one model asked twice the same is one judge: configure another one";
                faults.push(Fault::at(&["by", &i.to_string()], message).hint(hint));
            }
        }
        if p.votes == Votes::Majority && by.len().is_multiple_of(2) && !by.is_empty() {
            let hint = "ask an odd number of judges, or say `votes: all`";
            faults.push(Fault::at(&["by"], format!("{} judges can be split evenly", by.len())).hint(hint));
        }
        if p.rubric.is_empty() || p.rubric.len() > MAX_RUBRIC {
            let message = format!("a rubric has 1 to {MAX_RUBRIC} criteria, and not {}", p.rubric.len());
            faults.push(Fault::at(&["rubric"], message).hint("split it into several `judge` criteria"));
        }
        let mut rubric = Vec::with_capacity(p.rubric.len());
        for (i, entry) in p.rubric.into_iter().enumerate() {
            let (text, weight) = match entry {
                Entry::Plain(text) => (text, 1.0),
                Entry::Weighted(Weighted { met, weight }) => (met, weight),
            };
            let at = i.to_string();
            if text.trim().is_empty() {
                faults.push(Fault::at(&["rubric", &at], "an empty sentence is neither true nor false"));
            }
            if !(weight > 0.0 && weight <= 1e6) {
                faults
                    .push(Fault::at(&["rubric", &at, "weight"], format!("`weight` must be above 0, and is {weight}")));
            }
            rubric.push(Item { text, weight });
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Box::new(Compiled { by, several, rubric, sees: p.sees, votes: p.votes }))
    }
}

struct Compiled {
    by: Vec<String>,
    /// Whether `by` is written as a list.
    several: bool,
    rubric: Vec<Item>,
    sees: Sees,
    votes: Votes,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        // Nobody knows before the judges are asked; a rubric can ask for anything.
        true
    }

    fn asks(&self) -> Vec<Ask> {
        let place = |i: usize| if self.several { vec!["by".to_owned(), i.to_string()] } else { vec!["by".to_owned()] };
        let named = |(i, name): (usize, &String)| Ask { to: JUDGE, name: name.clone(), at: Pointer(place(i)) };
        self.by.iter().enumerate().map(named).collect()
    }

    fn questions(&self, facts: &Facts<'_>) -> Vec<Question> {
        let Ok(record) = record::of(facts, self.sees) else { return Vec::new() };
        let texts: Vec<&str> = self.rubric.iter().map(|i| i.text.as_str()).collect();
        let body = prompt::of(&texts, &record);
        let ask = |name: &String| {
            let mut body = body.clone();
            body["judge"] = name.as_str().into();
            Question { id: name.clone(), to: JUDGE.to_owned(), body }
        };
        self.by.iter().map(ask).collect()
    }

    fn grade(&self, facts: &Facts<'_>, answers: &[Answer]) -> Judgement {
        let record = match record::of(facts, self.sees) {
            Ok(record) => record,
            Err(why) => return Judgement::Ungraded { cause: Cause::Harness, why },
        };
        let mut verdicts = Vec::with_capacity(self.by.len());
        for name in &self.by {
            let given = answers.iter().find(|a| a.question == *name).map(|a| &a.body);
            let read = match given {
                None => Err("it has not been asked".to_owned()),
                Some(Err(why)) => Err(why.clone()),
                Some(Ok(body)) => answer::read(body, self.rubric.len()),
            };
            match read {
                Ok(verdict) => verdicts.push((name, verdict)),
                Err(why) => {
                    let why = format!("the judge `{name}` gave no answer: {why}");
                    return Judgement::Ungraded { cause: Cause::Provider, why };
                }
            }
        }
        let last = record.events.last().copied();
        let (mut met_weight, mut weight) = (0.0, 0.0);
        let (mut failed, mut held) = (Vec::new(), Vec::new());
        for (i, item) in self.rubric.iter().enumerate() {
            let yes = verdicts.iter().filter(|(_, v)| v[i].met).count();
            let met = self.votes.met(yes, verdicts.len());
            weight += item.weight;
            met_weight += if met { item.weight } else { 0.0 };
            // The reason of a judge that is of the opinion that won.
            let voice = verdicts.iter().find(|(_, v)| v[i].met == met);
            let said = voice.map_or(String::new(), |(name, v)| format!(" `{name}`: {}", v[i].reason));
            let word = if met { "Met" } else { "Not met" };
            let evidence = Evidence {
                events: last.into_iter().collect(),
                path: format!("/rubric/{i}"),
                ..note(format!("{word} by {yes} of {} judges: {}{said}", verdicts.len(), item.text))
            };
            if met { held.push(evidence) } else { failed.push(evidence) }
        }
        let holds = failed.is_empty();
        failed.append(&mut held);
        Judgement::of(holds, met_weight / weight, failed)
    }
}

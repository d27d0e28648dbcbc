//! The parts of a composed criterion.

use crate::lint::compile_one;
use crate::{Ask, Facts, Fault, Grader, Judgement, Setting, read_criterion};
use mocktrial_trajectory::{Answer, Cause, Evidence, Question};
use serde_json::Value;

/// How deep criteria may stand within criteria.
const MAX_DEPTH: u8 = 8;

/// A criterion within another.
pub(super) struct Part {
    /// Its place within the whole's parameters.
    pub(super) at: Vec<String>,
    /// Its grader's name.
    name: String,
    pub(super) weight: f64,
    pub(super) grader: Box<dyn Grader>,
}

/// What a part came to.
pub(super) struct Judged {
    pub(super) passed: bool,
    pub(super) score: f64,
    pub(super) evidence: Vec<Evidence>,
}

/// Compiles the criteria of a list that stands at `at` in the whole's parameters.
pub(super) fn compile(
    items: &[Value],
    at: &[&str],
    weighted: bool,
    setting: &Setting<'_>,
) -> Result<Vec<Part>, Vec<Fault>> {
    if items.len() < 2 {
        let message = if items.is_empty() { "this list is empty" } else { "there is only one criterion here" };
        return Err(vec![Fault::at(at, message).hint("write the criterion itself, without anything around it")]);
    }
    if setting.depth == MAX_DEPTH {
        let message = format!("criteria stand within criteria more than {MAX_DEPTH} levels deep");
        return Err(vec![Fault::at(at, message)]);
    }
    let inner = Setting { depth: setting.depth + 1, ..*setting };
    let mut parts = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let place: Vec<String> = at.iter().map(|t| (*t).to_owned()).chain([i.to_string()]).collect();
        match part(item, place.clone(), weighted, &inner) {
            Ok(part) => parts.push(part),
            Err(found) => {
                let path: Vec<&str> = place.iter().map(String::as_str).collect();
                faults.extend(found.into_iter().map(|f| f.below(&path)));
            }
        }
    }
    if faults.is_empty() { Ok(parts) } else { Err(faults) }
}

fn part(item: &Value, at: Vec<String>, weighted: bool, setting: &Setting<'_>) -> Result<Part, Vec<Fault>> {
    let Value::Object(map) = item else {
        return Err(vec![Fault::at(&[], "a criterion is a map: a grader's name with its parameters")]);
    };
    for (key, why) in [
        ("measure", "what a criterion measures stands beside the outermost one"),
        ("nullifies", "what nullifies an episode stands beside the outermost criterion"),
    ] {
        if map.contains_key(key) {
            return Err(vec![Fault::at(&[key], why).hint(format!("move `{key}` there"))]);
        }
    }
    if !weighted && map.contains_key("weight") {
        let hint = "use `mean` or `all`, whose parts have weights";
        return Err(vec![Fault::at(&["weight"], "a weight means nothing here").hint(hint)]);
    }
    let read = read_criterion(map, "").map_err(|fault| vec![fault])?;
    let grader = compile_one(&read, setting)?;
    Ok(Part { at, name: read.grader, weight: read.weight, grader })
}

impl Part {
    /// A fault within the part, seen from the whole.
    pub(super) fn place(&self, fault: Fault) -> Fault {
        let path: Vec<&str> = self.at.iter().map(String::as_str).chain([self.name.as_str()]).collect();
        fault.below(&path)
    }

    /// Whom the part asks, seen from the whole.
    pub(super) fn asked(&self, ask: Ask) -> Ask {
        ask.below(std::slice::from_ref(&self.name)).below(&self.at)
    }

    /// What a question of the part is called among those of the whole.
    fn prefix(&self) -> String {
        self.at.join("/") + "/"
    }

    pub(super) fn questions(&self, facts: &Facts<'_>) -> impl Iterator<Item = Question> {
        let prefix = self.prefix();
        self.grader.questions(facts).into_iter().map(move |q| Question { id: format!("{prefix}{}", q.id), ..q })
    }

    pub(super) fn grade(&self, facts: &Facts<'_>, answers: &[Answer]) -> Result<Judged, (Cause, String)> {
        let own = if answers.is_empty() { Vec::new() } else { below(answers, &self.prefix()) };
        match self.grader.grade(facts, &own) {
            Judgement::Graded { score, evidence } => {
                #[allow(clippy::float_cmp, reason = "a pass is made with exactly 1, a failure is clamped below it")]
                let passed = score == 1.0;
                let place = self.at.iter().filter_map(|t| t.parse::<usize>().ok()).next_back().unwrap_or(0) + 1;
                let named = |e: Evidence| Evidence { note: format!("Part {place}, `{}`: {}", self.name, e.note), ..e };
                Ok(Judged { passed, score, evidence: evidence.into_iter().map(named).collect() })
            }
            Judgement::Ungraded { cause, why } => Err((cause, format!("`{}`: {why}", self.name))),
        }
    }
}

/// The answers whose questions begin so, without that.
pub(crate) fn below(answers: &[Answer], prefix: &str) -> Vec<Answer> {
    let own = |a: &Answer| Some(Answer { question: a.question.strip_prefix(prefix)?.to_owned(), body: a.body.clone() });
    answers.iter().filter_map(own).collect()
}

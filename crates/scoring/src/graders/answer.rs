//! `answer`: what the agent said.

use crate::kind::{fraction, note};
use crate::negation::Denials;
use crate::numbers::numbers;
use crate::parameters::{self, OneOrMany, read, schema_of};
use crate::text::{Found, Needle, excerpt, plain};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Answer, Evidence, parse_untrusted, same};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What the agent said. Every check that is given must hold; score where not: the part that holds
/// (each text of `contains` and `excludes` is a check of its own).
///
/// Texts compare with typographic quotes, dashes, white space, emphasis marks and thousands'
/// commas made plain, and without regard to case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The whole answer: a text, or any other value but `null` that the answer is as JSON.
    #[serde(default, deserialize_with = "parameters::given")]
    equals: Option<Value>,
    /// Texts that all occur, outside clauses that deny them. An occurrence begins at a word's
    /// start and is no part of a longer number; a lone number also matches other spellings of it.
    #[serde(default)]
    contains: Option<OneOrMany<String>>,
    /// Texts of which one occurs, as in `contains`.
    #[serde(default)]
    any_of: Option<Vec<String>>,
    /// Texts of which none occurs, denied or not, in anything that the agent said: in every answer,
    /// whatever `in` says, and beside calls too. What it put into arguments, and reasoning that the
    /// provider sets apart, is not said.
    #[serde(default)]
    excludes: Option<OneOrMany<String>>,
    /// A regular expression that matches somewhere in the answer as written (linear time; no
    /// look-around or back-references).
    #[serde(default)]
    regex: Option<String>,
    /// A number that the answer names outside a clause that denies it.
    #[serde(default)]
    number: Option<f64>,
    /// How far off `number` may be, in its own unit; 0 unless given.
    #[serde(default)]
    tolerance: Option<f64>,
    /// A JSON Schema that the answer fits: the whole of it, or the first code fence that is JSON. Known
    /// formats are asserted.
    #[serde(default, deserialize_with = "parameters::given")]
    schema: Option<Value>,
    /// Which answer: the last, or any of the episode (each check may hold in another one).
    #[serde(default, rename = "in")]
    which: Which,
    /// Whether letters' case matters, for texts and `regex`.
    #[serde(default)]
    case: Case,
    /// Whether occurrences in clauses that deny them count.
    #[serde(default)]
    negation: Negation,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// The answer to the last user message.
    #[default]
    Last,
    /// Any.
    Any,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Case {
    /// It does not matter.
    #[default]
    Ignore,
    /// It does.
    Exact,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Negation {
    /// They do not count.
    #[default]
    Guard,
    /// They count.
    Allow,
}

pub(super) struct AnswerKind;

impl GraderKind for AnswerKind {
    fn name(&self) -> &'static str {
        "answer"
    }

    fn summary(&self) -> &'static str {
        "What the agent said: texts, patterns, numbers or JSON in its answer."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let ignore_case = p.case == Case::Ignore;
        let mut faults = Vec::new();
        let mut checks = Vec::new();
        for (key, texts, make) in [
            ("contains", p.contains, Check::Contains as fn(Sought) -> Check),
            ("excludes", p.excludes, Check::Excludes as fn(Sought) -> Check),
        ] {
            let Some(texts) = texts else { continue };
            let many = texts.is_many();
            let sought = sought(key, texts.into_vec(), many, ignore_case, &mut faults);
            checks.extend(sought.into_iter().map(make));
        }
        if let Some(texts) = p.any_of {
            checks.push(Check::AnyOf(sought("any_of", texts, true, ignore_case, &mut faults)));
        }
        match p.equals {
            Some(Value::String(text)) if plain(&text, true).is_empty() => {
                faults.push(Fault::at(&["equals"], "an empty text is never an answer"));
            }
            Some(Value::String(text)) => {
                checks.push(Check::EqualsText { plain: plain(&text, ignore_case), written: text });
            }
            Some(Value::Null) => faults.push(Fault::at(&["equals"], "`equals` has no value")),
            Some(value) => checks.push(Check::EqualsJson(value)),
            None => {}
        }
        if let Some(pattern) = p.regex {
            match parameters::regex(&pattern, ignore_case) {
                Ok(regex) if regex.is_match("") => {
                    faults.push(Fault::at(&["regex"], "this matches the empty text, so it matches every answer"));
                }
                Ok(regex) => checks.push(Check::Regex(regex)),
                Err(why) => faults.push(Fault::at(&["regex"], format!("this is not a regular expression: {why}"))),
            }
        }
        let tolerance = p.tolerance.unwrap_or(0.0);
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            faults.push(Fault::at(&["tolerance"], "a tolerance is a number, at least 0"));
        }
        match p.number {
            Some(number) => checks.push(Check::Number { number, tolerance }),
            None if p.tolerance.is_some() => {
                faults.push(Fault::at(&["tolerance"], "`tolerance` without `number` says nothing"));
            }
            None => {}
        }
        if let Some(schema) = p.schema {
            match parameters::schema(&schema) {
                Ok(schema) => checks.push(Check::Schema(Box::new(schema))),
                Err(why) => faults.push(Fault::at(&["schema"], why)),
            }
        }
        if checks.is_empty() && faults.is_empty() {
            faults.push(
                Fault::at(&[], "`answer` names no check, so every answer passes")
                    .hint("such as `answer: {contains: …}`"),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Box::new(Compiled { checks, which: p.which, ignore_case, guard: p.negation == Negation::Guard }))
    }
}

fn sought(key: &str, texts: Vec<String>, many: bool, ignore_case: bool, faults: &mut Vec<Fault>) -> Vec<Sought> {
    if texts.is_empty() {
        faults.push(Fault::at(&[key], format!("`{key}` is empty")));
    }
    let mut out = Vec::with_capacity(texts.len());
    for (i, written) in texts.into_iter().enumerate() {
        let needle = Needle::new(&written, ignore_case);
        if needle.is_empty() {
            let mut fault = Fault::at(&[key], "every text contains the empty text").hint("name what is to be found");
            if many {
                fault.at = fault.at.child(i);
            }
            faults.push(fault);
        }
        out.push(Sought { written, needle });
    }
    out
}

#[derive(Debug)]
struct Sought {
    written: String,
    needle: Needle,
}

#[derive(Debug)]
enum Check {
    Contains(Sought),
    AnyOf(Vec<Sought>),
    Excludes(Sought),
    EqualsText { written: String, plain: String },
    EqualsJson(Value),
    Regex(regex::Regex),
    Number { number: f64, tolerance: f64 },
    Schema(Box<Schema>),
}

struct Compiled {
    checks: Vec<Check>,
    which: Which,
    ignore_case: bool,
    guard: bool,
}

/// An answer, as written and plain.
struct Said<'a> {
    event: u32,
    written: &'a str,
    plain: String,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        self.checks.iter().any(|c| !matches!(c, Check::Excludes(_)))
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let last = facts.trajectory().last_answer();
        let chosen = match self.which {
            Which::Any => facts.answers(),
            Which::Last => last.as_slice(),
        };
        let said: Vec<Said<'_>> = chosen
            .iter()
            .map(|(event, text)| Said { event: *event, written: text, plain: plain(text, self.ignore_case) })
            .collect();
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for check in &self.checks {
            let (holds, evidence) = match check {
                Check::Excludes(sought) => self.excludes(facts, sought, check),
                _ => self.check(check, &said),
            };
            if holds { good.push(evidence) } else { bad.push(evidence) }
        }
        let held = good.len();
        // What went wrong comes first.
        bad.append(&mut good);
        Judgement::of(held == bad.len(), fraction(held, bad.len()), bad)
    }
}

impl Compiled {
    /// Whether a check holds for the answers, and what shows it.
    fn check(&self, check: &Check, said: &[Said<'_>]) -> (bool, Evidence) {
        let Some(last) = said.last() else {
            return (false, Evidence { expected: check.expected(), ..note("The agent never answered.") });
        };
        let mut why = String::new();
        for s in said {
            match self.holds(check, s) {
                Ok(note) => return (true, about(s, note, check)),
                Err(note) => why = note,
            }
        }
        (false, about(last, why, check))
    }

    /// Whether the agent said nothing of what it must not say, and what shows it.
    fn excludes(&self, facts: &Facts<'_>, sought: &Sought, check: &Check) -> (bool, Evidence) {
        for (event, text) in facts.said() {
            let said = Said { event, written: &text, plain: plain(&text, self.ignore_case) };
            if sought.needle.find(&said.plain, false) != Found::Nowhere {
                let text = format!("The agent said \"{}\", which it must not.", sought.written);
                return (false, about(&said, text, check));
            }
        }
        (true, note(format!("The agent never said \"{}\".", sought.written)))
    }

    /// A sentence on why a check holds, or why it does not.
    fn holds(&self, check: &Check, said: &Said<'_>) -> Result<String, String> {
        match check {
            Check::Contains(sought) => match sought.needle.find(&said.plain, self.guard) {
                Found::Asserted => Ok(format!("The answer contains \"{}\".", sought.written)),
                Found::Denied => Err(format!("The answer mentions \"{}\" only to deny it.", sought.written)),
                Found::Nowhere => Err(format!("The answer does not contain \"{}\".", sought.written)),
            },
            Check::AnyOf(options) => {
                let found: Vec<Found> = options.iter().map(|o| o.needle.find(&said.plain, self.guard)).collect();
                match found.iter().position(|f| *f == Found::Asserted) {
                    Some(i) => Ok(format!("The answer contains \"{}\".", options[i].written)),
                    None if found.contains(&Found::Denied) => {
                        Err("The answer mentions what was asked for only to deny it.".to_owned())
                    }
                    None => Err("The answer contains none of the texts asked for.".to_owned()),
                }
            }
            Check::EqualsText { plain, .. } if said.plain == *plain => {
                Ok("The answer is the text asked for.".to_owned())
            }
            Check::EqualsText { .. } => Err("The answer is another text.".to_owned()),
            Check::EqualsJson(want) => match json_of(said.written) {
                Some(got) if same(want, &got) => Ok("The answer is the value asked for.".to_owned()),
                Some(_) => Err("The answer is another value.".to_owned()),
                None => Err("The answer is not JSON.".to_owned()),
            },
            Check::Regex(regex) => match regex.find(said.written) {
                Some(hit) => Ok(format!("The answer matches the pattern with \"{}\".", excerpt(hit.as_str()))),
                None => Err("The answer does not match the pattern.".to_owned()),
            },
            Check::Number { number, tolerance } => self.number(*number, *tolerance, &said.plain),
            Check::Schema(schema) => {
                let got = json_of(said.written).ok_or("The answer is not JSON, and no code fence in it is.")?;
                match schema.problem(&got) {
                    None => Ok("The answer is JSON that fits the schema.".to_owned()),
                    Some(problem) => {
                        Err(format!("The answer's JSON does not fit the schema: {}.", excerpt(&problem.to_string())))
                    }
                }
            }
            Check::Excludes(_) => Err(String::new()),
        }
    }

    fn number(&self, number: f64, tolerance: f64, text: &str) -> Result<String, String> {
        let found = numbers(text);
        // A tolerance written in decimals must not fail for the rounding of binary numbers.
        let slack = tolerance + number.abs().max(1.0) * 1e-12;
        let (mut denied, mut denials) = (false, None);
        for hit in found.iter().filter(|n| (n.value - number).abs() <= slack) {
            let mut denies = || denials.get_or_insert_with(|| Denials::new(text)).denies(hit.start, hit.end);
            if !self.guard || !denies() {
                return Ok(format!("The answer names {}.", hit.value));
            }
            denied = true;
        }
        if denied {
            return Err(format!("The answer names {number} only to deny it."));
        }
        let nearest = found.iter().map(|n| n.value).min_by(|a, b| (a - number).abs().total_cmp(&(b - number).abs()));
        Err(nearest.map_or_else(
            || "The answer names no number.".to_owned(),
            |n| format!("The answer does not name {number}; the nearest number in it is {n}."),
        ))
    }
}

impl Check {
    fn expected(&self) -> Option<Value> {
        Some(match self {
            Self::Contains(s) | Self::Excludes(s) => Value::from(s.written.clone()),
            Self::AnyOf(options) => options.iter().map(|o| o.written.clone()).collect(),
            Self::EqualsText { written, .. } => Value::from(written.clone()),
            Self::EqualsJson(value) => value.clone(),
            Self::Regex(regex) => Value::from(regex.as_str()),
            Self::Number { number, .. } => Value::from(*number),
            Self::Schema(_) => return None,
        })
    }
}

fn about(said: &Said<'_>, text: String, check: &Check) -> Evidence {
    Evidence {
        events: vec![said.event],
        expected: check.expected(),
        got: Some(Value::from(excerpt(said.written))),
        ..note(text)
    }
}

/// An answer as JSON: the whole of it, or its first code fence that is JSON.
fn json_of(text: &str) -> Option<Value> {
    if let Some(value) = parse_untrusted(text.trim()) {
        return Some(value);
    }
    text.split("```").skip(1).step_by(2).find_map(|fence| {
        let body = fence.split_once('\n').map_or(fence, |(_language, body)| body);
        parse_untrusted(body.trim())
    })
}

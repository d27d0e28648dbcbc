//! Criteria made of criteria: `all`, `any`, `product` and `mean`.
//!
//! | grader | passes where | score |
//! |---|---|---|
//! | `all` | every part passes | the weighted mean of the parts' scores |
//! | `any` | at least one part passes | the greatest of the parts' scores |
//! | `product` | every part passes | the product of the parts' scores |
//! | `mean` | the weighted mean is at least `at_least` | the weighted mean of the parts' scores |
//!
//! As everywhere, a criterion that passes scores 1: a `mean` that reaches `at_least` does too, and what
//! it came to stands in the evidence.
//!
//! A part that cannot be judged leaves the whole ungraded, even where another part has decided it:
//! whether an episode can be judged must not depend on how well it did. Only `any` is decided by a
//! part that passes, for then nothing that is missing could change it.

mod parts;

pub(crate) use parts::below;

use crate::kind::note;
use crate::parameters::{read, shown};
use crate::{Ask, Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Cause, Evidence, Question};
use parts::{Judged, Part};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How much evidence of its parts a whole lists.
const SHOWN: usize = 20;

/// How parts become a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    All,
    Any,
    Product,
    /// With the mean at which it passes.
    Mean(f64),
}

/// `all`, `any` and `product`: a list of criteria.
pub(super) struct Listed {
    name: &'static str,
    summary: &'static str,
    how: How,
}

pub(super) const ALL: Listed =
    Listed { name: "all", summary: "Criteria that must all hold; their mean is the score.", how: How::All };
pub(super) const ANY: Listed =
    Listed { name: "any", summary: "Criteria of which one must hold; the best is the score.", how: How::Any };
pub(super) const PRODUCT: Listed = Listed {
    name: "product",
    summary: "Criteria that must all hold; the product of their scores is the score.",
    how: How::Product,
};

impl GraderKind for Listed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }

    fn schema(&self) -> Value {
        let weighted = self.how == How::All;
        json!({"type": "array", "minItems": 2, "items": part_schema(weighted)})
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let Value::Array(items) = parameters else {
            let message = format!("`{}` takes a list of criteria, and not {}", self.name, shown(parameters));
            return Err(vec![Fault::at(&[], message)]);
        };
        let parts = parts::compile(items, &[], self.how == How::All, setting)?;
        Ok(Box::new(Compiled { how: self.how, parts }))
    }
}

/// `mean`: weighted criteria, and the mean at which it passes.
pub(super) struct Mean;

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct MeanParameters {
    /// The criteria, each with a `weight` of its own, 1 unless given.
    of: Vec<Map<String, Value>>,
    /// The weighted mean of their scores at which it passes, above 0 and at most 1.
    #[serde(default = "whole")]
    at_least: f64,
}

fn whole() -> f64 {
    1.0
}

impl GraderKind for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn summary(&self) -> &'static str {
        "Criteria whose weighted mean must reach a bound."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "of": {"type": "array", "minItems": 2, "items": part_schema(true),
                       "description": "The criteria, each with a `weight` of its own, 1 unless given."},
                "at_least": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 1,
                             "description": "The weighted mean of their scores at which it passes."},
            },
            "required": ["of"],
            "additionalProperties": false,
        })
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: MeanParameters = read(parameters)?;
        if !(p.at_least > 0.0 && p.at_least <= 1.0) {
            let message = format!("`at_least` must be above 0 and at most 1, and is {}", p.at_least);
            return Err(vec![Fault::at(&["at_least"], message).hint("at 0, every episode passes")]);
        }
        let items: Vec<Value> = p.of.into_iter().map(Value::Object).collect();
        let parts = parts::compile(&items, &["of"], true, setting)?;
        Ok(Box::new(Compiled { how: How::Mean(p.at_least), parts }))
    }
}

/// The schema of a part: a criterion, whose schema the whole one knows by this name.
fn part_schema(weighted: bool) -> Value {
    if weighted {
        json!({"$ref": "#/$defs/Criterion"})
    } else {
        json!({"allOf": [{"$ref": "#/$defs/Criterion"}], "not": {"required": ["weight"]}})
    }
}

struct Compiled {
    how: How,
    parts: Vec<Part>,
}

impl Compiled {
    /// The part of all weight that these parts have.
    fn share(&self, of: impl Fn(&Part) -> bool) -> f64 {
        let weight = |part: &&Part| part.weight;
        let all: f64 = self.parts.iter().map(|p| weight(&p)).sum();
        self.parts.iter().filter(|p| of(p)).map(|p| p.weight).sum::<f64>() / all
    }

    fn judge(&self, judged: &[Judged]) -> (bool, f64) {
        let scores = judged.iter().map(|j| j.score);
        let mean = || {
            let sum: f64 = self.parts.iter().zip(judged).map(|(part, j)| part.weight * j.score).sum();
            sum / self.parts.iter().map(|p| p.weight).sum::<f64>()
        };
        let all = judged.iter().all(|j| j.passed);
        match self.how {
            How::All => (all, mean()),
            How::Product => (all, scores.product()),
            How::Any => (judged.iter().any(|j| j.passed), scores.fold(0.0, f64::max)),
            // Where every part passes so does the mean, whatever a sum of weights is rounded to.
            How::Mean(at_least) => (all || mean() >= at_least, mean()),
        }
    }
}

impl Grader for Compiled {
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool {
        let mut demands = self.parts.iter().map(|p| p.grader.demands_something(prepared));
        match self.how {
            How::All | How::Product => demands.any(|d| d),
            How::Any => demands.all(|d| d),
            // What asks for nothing is all that an agent which does nothing is sure to get.
            How::Mean(at_least) => self.share(|p| !p.grader.demands_something(prepared)) < at_least,
        }
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        self.parts.iter().find_map(|part| Some(part.place(part.grader.vacuous(prepared)?)))
    }

    fn asks(&self) -> Vec<Ask> {
        self.parts.iter().flat_map(|part| part.grader.asks().into_iter().map(|ask| part.asked(ask))).collect()
    }

    fn questions(&self, facts: &Facts<'_>) -> Vec<Question> {
        self.parts.iter().flat_map(|part| part.questions(facts)).collect()
    }

    fn grade(&self, facts: &Facts<'_>, answers: &[Answer]) -> Judgement {
        let mut judged = Vec::with_capacity(self.parts.len());
        let mut missing: Option<(Cause, String)> = None;
        for part in &self.parts {
            match part.grade(facts, answers) {
                Ok(found) => judged.push(found),
                Err((cause, why)) if missing.is_none() => missing = Some((cause, why)),
                Err(_) => {}
            }
        }
        if let (How::Any, Some(found)) = (self.how, judged.iter_mut().find(|j| j.passed)) {
            return Judgement::pass(std::mem::take(&mut found.evidence));
        }
        if let Some((cause, why)) = missing {
            return Judgement::Ungraded { cause, why };
        }
        let (holds, score) = self.judge(&judged);
        // What failed is read first.
        judged.sort_by_key(|j| j.passed);
        let mut evidence: Vec<Evidence> = Vec::new();
        if let How::Mean(at_least) = self.how {
            let relation = if holds { "reaches" } else { "does not reach" };
            evidence.push(note(format!("The mean is {score:.3}, which {relation} {at_least}.")));
        }
        evidence.extend(judged.into_iter().flat_map(|j| j.evidence).take(SHOWN));
        Judgement::of(holds, score, evidence)
    }
}

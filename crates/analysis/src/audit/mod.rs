//! How often the configured gate is wrong on this very suite: `mocktrial audit`.
//!
//! The gate is asked about arms whose truth is known. Pass rates are drawn from what the baseline leaves possible
//! (Jeffreys' posterior of each scenario: never 0 or 1 because a few trials all went one way); both arms are drawn from
//! them, and the gate judges. In population scope the families are drawn anew each time, too.
//!
//! [`live`] tests on real trials what all of this assumes.

mod live;

pub use live::{LiveAudit, LiveLabel, LiveQuestion, LiveTest, TwinsError, live, twins};

use crate::AnalysisError;
use crate::arm::Arm;
use crate::compare::Scope;
use crate::gate::{Accepted, Answer, Rules, Standard, gate};
use crate::simulated::{Shape, break_some, lose_everywhere};
use mocktrial_stats::{Random, beta_ppf, ci_clopper_pearson};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an audit is asked.
#[derive(Clone, Debug)]
pub struct AuditTerms {
    /// The gate's rules. Ceilings are not audited: nothing is known of cost and time here.
    pub rules: Rules,
    /// Trials of the candidate per scenario; `None` for as many as the baseline has of each.
    pub trials: Option<u32>,
    /// How often each truth is drawn.
    pub replications: u32,
    /// What decides the draws.
    pub seed: u64,
    /// The loss at which the gate's power is measured.
    pub effect: f64,
    /// The tags of scenarios, by name, for rules on tags.
    pub tags: BTreeMap<Arc<str>, Vec<String>>,
}

/// What came of an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The endpoint whose baseline was audited.
    pub endpoint: Arc<str>,
    /// Replications of each truth.
    pub replications: u32,
    /// What was measured.
    pub rates: Vec<AuditRate>,
}

/// How often the gate gave an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRate {
    /// What is true: `nothing_changed`, `margin_lost_everywhere`, `margin_lost_by_breaks` or `effect_lost_everywhere`.
    pub truth: String,
    /// The answer.
    pub answer: String,
    /// Whether the answer is wrong there.
    pub wrong: bool,
    /// How often it was given.
    pub rate: f64,
    /// The lower end of its 95 % interval (Clopper and Pearson): of the simulation alone.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// What a wrong answer may be given at most; `None` where there is no limit.
    pub limit: Option<f64>,
}

impl AuditRate {
    /// Whether it is surely given too often.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.limit.is_some_and(|limit| self.low > limit)
    }
}

/// Audits the gate on an endpoint's baseline.
///
/// # Errors
/// When a number is outside what a method accepts.
pub fn audit(endpoint: &Arc<str>, accepted: &Accepted, terms: &AuditTerms) -> Result<Audit, AnalysisError> {
    let mut rules = Rules { max_cost: None, max_seconds: None, ..terms.rules.clone() };
    if rules.scope == Scope::Population {
        // Families are drawn anew: no scenario is there by its name.
        rules.must_pass.clear();
    }
    let mut simulation = Simulation::new(accepted, terms)?;
    let alpha = rules.alpha;
    let mut rates = Vec::new();
    let (lost, effect) = (Some(rules.margin), Some(terms.effect));
    let within = Some(alpha);
    let truths = [
        Truth {
            name: "nothing_changed",
            loss: None,
            breaks: false,
            answers: vec![
                (Answer::Regressed, true, within),
                (Answer::Inconclusive, false, None),
                (Answer::NoWorse, false, None),
            ],
        },
        Truth {
            name: "margin_lost_everywhere",
            loss: lost,
            breaks: false,
            answers: vec![(Answer::NoWorse, true, within)],
        },
        Truth {
            name: "margin_lost_by_breaks",
            loss: lost,
            breaks: true,
            answers: vec![(Answer::NoWorse, true, within)],
        },
        Truth {
            name: "effect_lost_everywhere",
            loss: effect,
            breaks: false,
            answers: vec![(Answer::Regressed, false, None), (Answer::NoWorse, true, None)],
        },
    ];
    for Truth { name, loss, breaks, answers } in truths {
        let counts = simulation.run(&rules, loss, breaks, terms.replications)?;
        let n: u32 = counts.values().sum();
        if n == 0 {
            continue;
        }
        for (answer, wrong, limit) in answers {
            let count = f64::from(counts.get(&answer).copied().unwrap_or(0));
            let interval = ci_clopper_pearson(count, f64::from(n), 0.05)?;
            rates.push(AuditRate {
                truth: name.to_owned(),
                answer: word(answer).to_owned(),
                wrong,
                rate: count / f64::from(n),
                low: interval.low,
                high: interval.high,
                limit,
            });
        }
    }
    Ok(Audit { endpoint: Arc::clone(endpoint), replications: terms.replications, rates })
}

/// What is true, and the answers that are counted: each with whether it is wrong there, and how often it may be given.
struct Truth {
    name: &'static str,
    loss: Option<f64>,
    breaks: bool,
    answers: Vec<(Answer, bool, Option<f64>)>,
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::NoWorse => "no_worse",
        Answer::Inconclusive => "inconclusive",
        Answer::Regressed => "regressed",
    }
}

/// Scenarios with what is possible of their rates.
struct Simulation {
    shapes: Vec<Shape>,
    /// Jeffreys' posterior of each: a and b.
    posteriors: Vec<(f64, f64)>,
    trials: Option<u32>,
    random: Random,
}

impl Simulation {
    fn new(accepted: &Accepted, terms: &AuditTerms) -> Result<Self, AnalysisError> {
        let counted: Vec<_> = accepted.scenarios.iter().filter(|(_, c)| c.n > 0).collect();
        if counted.is_empty() {
            return Err(AnalysisError::Stats("the baseline has no scenario with a trial that counts".into()));
        }
        let shape = |(name, counts): &(&Arc<str>, &crate::gate::Counts)| Shape {
            name: Arc::clone(name),
            family: counts.family.clone().unwrap_or_else(|| Arc::clone(name)),
            tags: terms.tags.get(*name).cloned().unwrap_or_default(),
            trials: counts.n,
        };
        let posterior = |(_, c): &(&Arc<str>, &crate::gate::Counts)| (f64::from(c.k) + 0.5, f64::from(c.n - c.k) + 0.5);
        Ok(Self {
            shapes: counted.iter().map(shape).collect(),
            posteriors: counted.iter().map(posterior).collect(),
            trials: terms.trials,
            random: Random::new(terms.seed),
        })
    }

    /// How often each answer was given where `loss` is true.
    fn run(
        &mut self,
        rules: &Rules,
        loss: Option<f64>,
        breaks: bool,
        replications: u32,
    ) -> Result<BTreeMap<Answer, u32>, AnalysisError> {
        let mut counts = BTreeMap::new();
        for _ in 0..replications {
            let mut before = Vec::with_capacity(self.posteriors.len());
            for (a, b) in &self.posteriors {
                before.push(beta_ppf(self.random.unit().clamp(1e-12, 1.0 - 1e-12), *a, *b)?);
            }
            let after = match loss {
                None => Some(before.clone()),
                Some(loss) if breaks => break_some(&before, loss, &mut self.random),
                Some(loss) => lose_everywhere(&before, loss),
            };
            // There is not so much to lose.
            let Some(after) = after else { continue };
            let (shapes, before, after) = match rules.scope {
                Scope::Suite => (self.shapes.clone(), before, after),
                Scope::Population => self.drawn(&before, &after),
            };
            let mut old = Arm::simulated("old", &shapes);
            let candidates: Vec<Shape> =
                shapes.iter().map(|s| Shape { trials: self.trials.unwrap_or(s.trials), ..s.clone() }).collect();
            let mut new = Arm::simulated("new", &candidates);
            old.draw(&before, &mut self.random);
            new.draw(&after, &mut self.random);
            let answer = gate(&new, &Standard::of_arm(&old), None, None, rules)?.answer;
            *counts.entry(answer).or_default() += 1;
        }
        Ok(counts)
    }

    /// As many families as there are, drawn with replacement, each with all its scenarios.
    fn drawn(&mut self, before: &[f64], after: &[f64]) -> (Vec<Shape>, Vec<f64>, Vec<f64>) {
        let mut families: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, shape) in self.shapes.iter().enumerate() {
            families.entry(&shape.family).or_default().push(place);
        }
        let families: Vec<Vec<usize>> = families.into_values().collect();
        let (mut shapes, mut old, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..families.len() {
            for (m, place) in families[self.random.index(families.len())].iter().enumerate() {
                // Names in the order in which they are drawn.
                let name: Arc<str> = format!("{n:06}/{m:06}").into();
                let family: Arc<str> = format!("{n:06}").into();
                shapes.push(Shape { name, family, ..self.shapes[*place].clone() });
                old.push(before[*place]);
                new.push(after[*place]);
            }
        }
        (shapes, old, new)
    }
}

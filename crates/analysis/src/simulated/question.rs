//! What verdicts are tried on, what counts against them, and how it is counted.

use super::{Drawn, Shape, Truth};
use crate::AnalysisError;
use crate::arm::Arm;
use crate::compare::{PairVerdict, Scope, Terms, compare};
use crate::gate::{Answer, Rules, Standard, gate};
use crate::until::{self, Rounds};
use mocktrial_stats::ci_clopper_pearson;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The error level of all verdicts that are tried.
pub const ALPHA: f64 = 0.05;

/// The power that a gate is asked for.
const POWER: f64 = 0.8;

/// Who is asked, and what answer is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The gate: *no worse*.
    NoWorse,
    /// The gate: *regressed*.
    Regressed,
    /// The comparison: *better* or *worse*.
    Differ,
    /// The comparison: its interval holds the truth.
    Covers,
    /// A run that stops when it knows: *no worse*.
    UntilNoWorse,
    /// A run that stops when it knows: *regressed*.
    UntilRegressed,
    /// A run that stops when it knows: *better* or *worse*.
    UntilDiffer,
    /// A run that stops when it knows which is better: its interval holds the truth.
    UntilCovers,
}

/// A verdict that is tried where something is true, and how often it may (or, of coverage, must) be given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// The verdict.
    pub asked: Asked,
    /// What it is about.
    pub scope: Scope,
    /// What is true.
    pub truth: Truth,
    /// The most that it may be given; of coverage the least.
    pub limit: f64,
}

/// What was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The verdict, as machines read it.
    pub verdict: String,
    /// The interval of the difference.
    pub interval: Option<(f64, f64)>,
}

impl Question {
    /// All that is tried.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (scope, limit) in [(Scope::Suite, 0.06), (Scope::Population, 0.08)] {
            let of = |asked, truth, limit| Self { asked, scope, truth, limit };
            for loss in [0.05, 0.02] {
                all.push(of(Asked::NoWorse, Truth::Shift(loss), limit));
                all.push(of(Asked::NoWorse, Truth::Breaks(loss), limit));
            }
            all.push(of(Asked::Regressed, Truth::Same, 0.06));
            all.push(of(Asked::Differ, Truth::Same, 0.06));
            if scope == Scope::Population {
                // On a suite of scenarios that differ, one of the two is better.
                all.push(of(Asked::Differ, Truth::Apart, 0.06));
            }
            for loss in [0.05, 0.02] {
                all.push(of(Asked::Covers, Truth::Shift(loss), 0.93));
                all.push(of(Asked::Covers, Truth::Breaks(loss), 0.93));
            }
            all.push(of(Asked::Covers, Truth::Same, 0.93));
            all.push(of(Asked::Covers, Truth::Apart, 0.93));
        }
        let until = |asked, truth| Self { asked, scope: Scope::Suite, truth, limit: ALPHA };
        all.push(until(Asked::UntilNoWorse, Truth::Shift(0.05)));
        all.push(until(Asked::UntilRegressed, Truth::Same));
        all.push(until(Asked::UntilDiffer, Truth::Same));
        all.push(Self { limit: 0.93, ..until(Asked::UntilCovers, Truth::Shift(0.05)) });
        all
    }

    /// The margin of the gate: what is lost, where something is.
    #[must_use]
    pub fn margin(&self) -> f64 {
        if self.truth.loss() > 0.0 { self.truth.loss() } else { 0.05 }
    }

    /// Whether the limit is the least that is demanded.
    #[must_use]
    pub fn is_least(&self) -> bool {
        matches!(self.asked, Asked::Covers | Asked::UntilCovers)
    }

    /// Whether it is about a run that goes on trial by trial.
    #[must_use]
    pub fn is_sequential(&self) -> bool {
        use Asked::{UntilCovers, UntilDiffer, UntilNoWorse, UntilRegressed};
        matches!(self.asked, UntilNoWorse | UntilRegressed | UntilDiffer | UntilCovers)
    }

    /// Whether what was said is what is counted, where this was drawn.
    #[must_use]
    pub fn counts(&self, said: &Said, drawn: &Drawn) -> bool {
        match self.asked {
            Asked::NoWorse | Asked::UntilNoWorse => said.verdict == "no_worse",
            Asked::Regressed | Asked::UntilRegressed => said.verdict == "regressed",
            Asked::Differ | Asked::UntilDiffer => said.verdict != "undecided",
            Asked::Covers | Asked::UntilCovers => {
                // The ends are sums of rounded numbers.
                let within =
                    |(low, high): (f64, f64)| low - 1e-12 <= drawn.difference && drawn.difference <= high + 1e-12;
                said.interval.is_some_and(within)
            }
        }
    }

    /// Asks the functions that the commands call.
    ///
    /// # Errors
    /// When they refuse.
    pub fn ask(&self, candidate: &Arm, other: &Arm) -> Result<Said, AnalysisError> {
        match self.asked {
            Asked::NoWorse | Asked::Regressed => {
                let found = gate(candidate, &Standard::of_arm(other), None, None, &self.rules())?;
                let verdict = match found.answer {
                    Answer::NoWorse => "no_worse",
                    Answer::Inconclusive => "inconclusive",
                    Answer::Regressed => "regressed",
                };
                let interval = found.rate.delta.map(|d| (d.low, d.high));
                Ok(Said { verdict: verdict.to_owned(), interval })
            }
            Asked::Differ | Asked::Covers => {
                let found = compare(&[(candidate, other)], &[], Terms { scope: self.scope, alpha: ALPHA })?;
                let verdict = match found.pairs[0].verdict {
                    PairVerdict::Better => "better",
                    PairVerdict::Worse => "worse",
                    PairVerdict::Undecided => "undecided",
                };
                let interval = found.pairs[0].delta.map(|d| (d.low, d.high));
                Ok(Said { verdict: verdict.to_owned(), interval })
            }
            Asked::UntilNoWorse | Asked::UntilRegressed => {
                let terms = until::Question::NoWorse { margin: self.margin(), alpha: ALPHA, power: POWER };
                decide(terms, candidate, other)
            }
            Asked::UntilDiffer | Asked::UntilCovers => {
                decide(until::Question::Compare { alpha: ALPHA }, candidate, other)
            }
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            margin: self.margin(),
            anchor_margin: 0.1,
            alpha: ALPHA,
            power: POWER,
            scope: self.scope,
            max_age_days: 30.0,
            must_pass: BTreeSet::new(),
            zero_tolerance: Vec::new(),
            max_cost: None,
            max_seconds: None,
            tags: Vec::new(),
        }
    }
}

/// What a run with these outcomes would have decided, round by round.
fn decide(terms: until::Question, candidate: &Arm, other: &Arm) -> Result<Said, AnalysisError> {
    let trials = candidate.tasks.values().map(|task| task.planned).max().unwrap_or(0);
    let names: Vec<Arc<str>> = candidate.tasks.keys().cloned().collect();
    let mut rounds = Rounds::new(names, trials, terms);
    for trial in 1..=trials {
        for (name, task) in &candidate.tasks {
            for (of_candidate, task) in [(true, Some(task)), (false, other.tasks.get(name))] {
                let own = task.and_then(|task| task.trials.iter().find(|t| t.number == trial));
                if let Some(decision) = rounds.take(name, of_candidate, trial, own.map(|t| t.passed))? {
                    let interval = decision.difference.map(|d| (d.low, d.high));
                    return Ok(Said { verdict: decision.answer, interval });
                }
            }
        }
    }
    Ok(Said { verdict: "inconclusive".to_owned(), interval: None })
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match self.scope {
            Scope::Suite => "suite",
            Scope::Population => "population",
        };
        let truth = self.truth;
        match self.asked {
            Asked::NoWorse => write!(f, "gate, {scope}: false *no worse* at the margin, {truth}"),
            Asked::Regressed => write!(f, "gate, {scope}: false *regressed*, {truth}"),
            Asked::Differ => write!(f, "compare, {scope}: false *better* or *worse*, {truth}"),
            Asked::Covers => write!(f, "compare, {scope}: the interval holds the truth, {truth}"),
            Asked::UntilNoWorse => write!(f, "run --until decided: false *no worse* at the margin, {truth}"),
            Asked::UntilRegressed => write!(f, "run --until decided: false *regressed*, {truth}"),
            Asked::UntilDiffer => write!(f, "run --until compared: false *better* or *worse*, {truth}"),
            Asked::UntilCovers => write!(f, "run --until compared: the interval holds the truth, {truth}"),
        }
    }
}

/// A rate that was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub hits: u32,
    /// Of how many.
    pub of: u32,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, hit: bool) {
        self.hits += u32::from(hit);
        self.of += 1;
    }

    /// Hits of all.
    #[must_use]
    pub fn rate(self) -> f64 {
        f64::from(self.hits) / f64::from(self.of.max(1))
    }

    /// The 95 % interval of the simulation (Clopper and Pearson); all of [0, 1] where nothing was counted.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        ci_clopper_pearson(f64::from(self.hits), f64::from(self.of), 0.05).map_or((0.0, 1.0), |i| (i.low, i.high))
    }

    /// Whether it keeps to the limit, the interval's worse end held against it.
    #[must_use]
    pub fn keeps(self, question: &Question) -> bool {
        let (low, high) = self.interval();
        if question.is_least() { low >= question.limit } else { high <= question.limit }
    }

    /// The end of the interval that is held against the limit.
    #[must_use]
    pub fn end(self, question: &Question) -> f64 {
        let (low, high) = self.interval();
        if question.is_least() { low } else { high }
    }
}

/// Lone scenarios, named by number, with as many trials.
#[must_use]
pub fn shapes(scenarios: usize, trials: u32) -> Vec<Shape> {
    let shape = |i: usize| {
        let name: Arc<str> = format!("s{i:04}").into();
        Shape { family: Arc::clone(&name), name, tags: Vec::new(), trials }
    };
    (0..scenarios).map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::{Population, Setting};
    use mocktrial_stats::Random;

    /// The rate of a question in a setting.
    fn count(question: &Question, setting: Setting, replications: u32) -> Count {
        let population = Population::new(setting, question.scope, question.truth).unwrap();
        let shapes = shapes(setting.scenarios, setting.trials);
        let (mut old, mut new) = (Arm::simulated("old", &shapes), Arm::simulated("new", &shapes));
        let (mut random, mut count) = (Random::new(5), Count::default());
        for _ in 0..replications {
            let Some(drawn) = population.draw(setting.scenarios, &mut random).unwrap() else { continue };
            old.draw(&drawn.before, &mut random);
            new.draw(&drawn.after, &mut random);
            count.add(question.counts(&question.ask(&new, &old).unwrap(), &drawn));
        }
        count
    }

    #[test]
    fn the_interval_of_a_comparison_covers_where_next_to_nothing_fails() {
        let setting = Setting { scenarios: 30, mean: 0.97, spread: 1.0, trials: 1 };
        for scope in [Scope::Suite, Scope::Population] {
            for truth in [Truth::Shift(0.05), Truth::Shift(0.02), Truth::Breaks(0.05), Truth::Apart] {
                let question = Question { asked: Asked::Covers, scope, truth, limit: 0.93 };
                let found = count(&question, setting, 300);
                assert!(found.rate() > 0.92, "{question}: {found:?}");
            }
        }
        let broken =
            Question { asked: Asked::Covers, scope: Scope::Population, truth: Truth::Breaks(0.05), limit: 0.93 };
        let found = count(&broken, Setting { trials: 8, ..setting }, 300);
        assert!(found.rate() > 0.92, "{found:?}");
    }

    #[test]
    fn what_is_counted_is_what_was_asked() {
        let setting = Setting { scenarios: 30, mean: 0.9, spread: 1.0, trials: 3 };
        for question in Question::all() {
            // Loose: a handful of draws only shows that the right answers are counted.
            let rate = count(&question, setting, 60).rate();
            assert!(if question.is_least() { rate > 0.8 } else { rate < 0.2 }, "{question}: {rate}");
        }
        // A loss far beyond the margin is no false alarm: it is found.
        let found = Question { asked: Asked::Differ, scope: Scope::Suite, truth: Truth::Shift(0.3), limit: 1.0 };
        assert!(count(&found, setting, 60).rate() > 0.9);
    }
}

//! Looking at a run while it goes on, without paying for it with false verdicts.
//!
//! A run of two endpoints is looked at after each round, that is one trial of every scenario by both. Half of the error is
//! spent on e-processes over the paired outcomes (candidate minus control, in [−1, 1]), which may be looked at as often as one
//! likes; the other half on the test of a fixed plan, once, after the last round.
//!
//! *Gate*: the e-processes against "worse by the margin or more" and against "not worse" at α/2 each, then the fixed gate at
//! α/2. Either false verdict has chance at most α/2 + α/2.
//!
//! *Comparison*: the e-processes of both directions at α/4 each, then the fixed comparison at α/2, two-sided. Where the two
//! are equal, any verdict has chance at most α/4 + α/4 + α/2 = α. The interval is a confidence sequence at 1 − α/2 where it
//! stops early, and the fixed interval at 1 − α/2 at the end: they fail together with chance at most α.
//!
//! That an e-process ever reaches 1/α with chance at most α is Ville's inequality (1939); the mixture of constant wagers is
//! that of Waudby-Smith and Ramdas (2024, arXiv 2010.09686). Scenarios of a fixed suite differ, so that within a round the
//! outcomes still to come have known, unequal means. At the end of a round that does no harm: for every wager the product
//! of the expected factors of a round is at most the power of their mean (geometric and arithmetic mean), hence at most 1
//! under the hypothesis. So it looks at round ends only, and takes outcomes in dispatch order, whatever the order in which
//! they ended: what ends early is not drawn at random.

use crate::gate::Answer;
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{Cap, GateRule, Scope, Verdict, hybrid_compare, hybrid_gate_ni};
use mocktrial_store::{Header, State};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What a run is to decide.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the candidate is no worse than the control.
    NoWorse {
        /// The loss that is still acceptable.
        margin: f64,
        /// The chance of a false verdict on either side.
        alpha: f64,
        /// The power that what would decide it is reckoned with.
        power: f64,
    },
    /// Which of the two is better.
    Compare {
        /// The chance of a verdict where they are equal.
        alpha: f64,
    },
}

/// What a run decided that looked at itself, and when.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Decision {
    /// The verdict: `no_worse`, `regressed` or `inconclusive`; of a comparison `better`, `worse` or `undecided`.
    pub answer: String,
    /// Rounds (trials of every scenario) that it rests on.
    pub rounds: u32,
    /// Pairs of outcomes that it rests on.
    pub pairs: u64,
    /// Whether it came before the last round.
    pub early: bool,
    /// The loss that is still acceptable; `None` for a comparison.
    pub margin: Option<f64>,
    /// The chance of a false verdict on either side, over all looks together.
    pub alpha: f64,
    /// The difference of a comparison, with an interval that holds although it was looked at many times; `None` for a gate.
    pub difference: Option<Estimate>,
}

/// A decision as it is kept with its run.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Decided {
    /// The endpoint that was judged.
    pub candidate: Arc<str>,
    /// The one that it was held against.
    pub control: Arc<str>,
    /// The decision.
    pub decision: Decision,
    /// The decision in words.
    pub said: String,
}

impl Decided {
    /// The note of a run that holds it, as JSON.
    pub const NOTE: &str = "decision";

    /// What a run decided; `None` where it was not to decide, or has not come to its end.
    #[must_use]
    pub fn of(header: &Header) -> Option<Self> {
        let ended = matches!(header.status.state, State::Decided | State::Complete);
        serde_json::from_str(header.notes.get(Self::NOTE).filter(|_| ended)?).ok()
    }

    /// Why no rate may be claimed from the run's trials: it stopped for what they said. `None` where it ran to its end.
    #[must_use]
    pub fn leans(&self) -> Option<String> {
        let why = || format!("it stopped when it knew, and its rates lean towards what it decided ({})", self.said);
        self.decision.early.then(why)
    }
}

/// The outcomes of two endpoints by rounds, and the hybrid sequential gate or comparison over them.
///
/// A round is one trial of every scenario by both. It looks at the end of each round: at half of its error with e-processes,
/// which may look as often as they like; after the last round, with the other half, as a fixed plan would.
#[derive(Clone, Debug)]
pub struct Rounds {
    scenarios: Vec<Arc<str>>,
    places: HashMap<Arc<str>, usize>,
    trials: u32,
    question: Question,
    /// By trial and scenario: what came of the candidate and of the control; the inner `None` says that it has no outcome.
    outcomes: Vec<Vec<[Option<Option<bool>>; 2]>>,
    /// Rounds that have been looked at.
    looked: u32,
    /// Candidate minus control, of the rounds looked at, in order.
    paired: Vec<f64>,
}

impl Rounds {
    /// For these scenarios with at most `trials` rounds.
    #[must_use]
    pub fn new(scenarios: Vec<Arc<str>>, trials: u32, question: Question) -> Self {
        let places = scenarios.iter().enumerate().map(|(place, name)| (Arc::clone(name), place)).collect();
        Self { scenarios, places, trials, question, outcomes: Vec::new(), looked: 0, paired: Vec::new() }
    }

    /// Takes what came of a trial (`None`: it has no outcome), and looks where it ends a round: the decision, once there is
    /// one. After the last round there always is.
    ///
    /// # Errors
    /// When the rule is outside what the method accepts.
    pub fn take(
        &mut self,
        scenario: &str,
        candidate: bool,
        trial: u32,
        passed: Option<bool>,
    ) -> Result<Option<Decision>, AnalysisError> {
        let (Some(place), Some(round)) = (self.places.get(scenario), (trial as usize).checked_sub(1)) else {
            return Ok(None);
        };
        if trial > self.trials {
            return Ok(None);
        }
        while self.outcomes.len() <= round {
            self.outcomes.push(vec![[None, None]; self.scenarios.len()]);
        }
        self.outcomes[round][*place][usize::from(!candidate)] = Some(passed);
        let mut decision = None;
        while decision.is_none() && self.ended(self.looked) {
            let round = &self.outcomes[self.looked as usize];
            let number = |yes: bool| f64::from(u8::from(yes));
            let pairs = round.iter().filter_map(|[a, b]| Some(number((*a)??) - number((*b)??)));
            self.paired.extend(pairs);
            self.looked += 1;
            decision = self.look()?;
        }
        Ok(decision)
    }

    fn ended(&self, round: u32) -> bool {
        let full = |cells: &Vec<[Option<Option<bool>>; 2]>| cells.iter().all(|[a, b]| a.is_some() && b.is_some());
        round < self.trials && self.outcomes.get(round as usize).is_some_and(full)
    }

    fn look(&self) -> Result<Option<Decision>, AnalysisError> {
        let last = self.looked == self.trials;
        let (differences, trials) = self.means();
        let (answer, open, margin, alpha, difference) = match self.question {
            Question::NoWorse { margin, alpha, power } => {
                let rule = GateRule { margin, scope: Scope::Suite, alpha, power };
                let cap = (last && !differences.is_empty()).then_some(Cap { differences: &differences, trials });
                let answer = Answer::from(hybrid_gate_ni(&self.paired, cap, rule)?.verdict);
                let word = match answer {
                    Answer::NoWorse => "no_worse",
                    Answer::Inconclusive => "inconclusive",
                    Answer::Regressed => "regressed",
                };
                (word, answer == Answer::Inconclusive, Some(margin), alpha, None)
            }
            Question::Compare { alpha } => {
                let cap = (last && differences.len() > 1).then_some(Cap { differences: &differences, trials });
                let found = hybrid_compare(&self.paired, cap, alpha)?;
                let word = match found.verdict {
                    Verdict::Better => "better",
                    Verdict::Undecided => "undecided",
                    Verdict::Worse => "worse",
                };
                #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
                let value = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
                let (low, high) = (found.interval.low, found.interval.high);
                let difference = Some(Estimate { value, low, high });
                (word, found.verdict == Verdict::Undecided, None, alpha, difference)
            }
        };
        if open && !last {
            return Ok(None);
        }
        Ok(Some(Decision {
            answer: answer.to_owned(),
            rounds: self.looked,
            pairs: self.paired.len() as u64,
            early: !last,
            margin,
            alpha,
            difference,
        }))
    }

    /// The difference of the means of each scenario that has outcomes on both sides, and the trials behind them: of the rounds
    /// looked at. What has come in of later ones depends on who was quick.
    #[allow(clippy::cast_precision_loss, reason = "few trials")]
    fn means(&self) -> (Vec<f64>, (f64, f64)) {
        let mut differences = Vec::new();
        let (mut inverse_a, mut inverse_b) = (0.0, 0.0);
        for place in 0..self.scenarios.len() {
            let of = |side: usize| {
                let looked = self.outcomes.iter().take(self.looked as usize);
                let all: Vec<bool> = looked.filter_map(|round| round[place][side].flatten()).collect();
                let n = all.len() as f64;
                (!all.is_empty()).then(|| (all.iter().filter(|yes| **yes).count() as f64 / n, n))
            };
            if let (Some((a, n_a)), Some((b, n_b))) = (of(0), of(1)) {
                differences.push(a - b);
                inverse_a += 1.0 / n_a;
                inverse_b += 1.0 / n_b;
            }
        }
        let n = differences.len() as f64;
        let harmonic = |inverse: f64| if inverse > 0.0 { n / inverse } else { 1.0 };
        (differences, (harmonic(inverse_b), harmonic(inverse_a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounds(n: usize, trials: u32) -> Rounds {
        of(n, trials, Question::NoWorse { margin: 0.1, alpha: 0.05, power: 0.8 })
    }

    fn of(n: usize, trials: u32, question: Question) -> Rounds {
        Rounds::new((0..n).map(|i| format!("s{i}").into()).collect(), trials, question)
    }

    /// The decision where the candidate passes as `candidate` says of scenario and trial, and the control always.
    fn decide(n: usize, trials: u32, candidate: impl Fn(usize, u32) -> bool) -> Option<Decision> {
        played(rounds(n, trials), n, trials, candidate)
    }

    fn played(mut rounds: Rounds, n: usize, trials: u32, candidate: impl Fn(usize, u32) -> bool) -> Option<Decision> {
        for trial in 1..=trials {
            for s in 0..n {
                let name = format!("s{s}");
                for (side, passed) in [(true, candidate(s, trial)), (false, true)] {
                    if let Some(decision) = rounds.take(&name, side, trial, Some(passed)).unwrap() {
                        return Some(decision);
                    }
                }
            }
        }
        None
    }

    #[test]
    fn it_stops_at_the_end_of_the_round_that_decides() {
        let same = decide(40, 20, |_, _| true).unwrap();
        assert!(same.early && same.answer == "no_worse" && same.rounds < 10, "{same:?}");
        assert_eq!(same.pairs, 40 * u64::from(same.rounds));
        let worse = decide(40, 20, |s, _| s % 2 == 0).unwrap();
        assert!(worse.early && worse.answer == "regressed", "{worse:?}");
        let open = decide(4, 2, |s, trial| s > 0 || trial > 1).unwrap();
        assert!(!open.early && open.answer == "inconclusive" && open.rounds == 2, "{open:?}");
    }

    #[test]
    fn a_comparison_stops_when_one_is_better_and_else_says_at_its_end_that_it_does_not_know() {
        let question = Question::Compare { alpha: 0.05 };
        let worse = played(of(20, 10, question), 20, 10, |s, _| s % 2 == 0).unwrap();
        assert!(worse.early && worse.answer == "worse" && worse.margin.is_none(), "{worse:?}");
        let difference = worse.difference.unwrap();
        assert!(difference.high < 0.0 && difference.low < difference.value, "{difference:?}");
        let same = played(of(20, 3, question), 20, 3, |_, _| true).unwrap();
        assert!(!same.early && same.answer == "undecided" && same.rounds == 3, "{same:?}");
    }

    #[test]
    fn what_came_in_of_later_rounds_does_not_change_what_is_said() {
        let question = Question::Compare { alpha: 0.05 };
        let (mut rounds, mut found) = (of(20, 9, question), None);
        let straight = played(of(20, 9, question), 20, 9, |_, trial| trial > 3);
        // The candidate is three rounds ahead of the control.
        for step in 1..=12 {
            for s in 0..20 {
                let name = format!("s{s}");
                for (side, trial) in [(true, step), (false, step.max(4) - 3)] {
                    let passed = !side || trial > 3;
                    found = found.or(rounds.take(&name, side, trial, Some(passed)).unwrap());
                }
            }
        }
        assert_eq!(found, straight);
        assert!(straight.unwrap().early);
    }

    proptest! {
        #[test]
        fn the_order_within_rounds_and_missing_outcomes_never_change_when_it_looks(
            compare in any::<bool>(), outcomes in prop::collection::vec(prop::option::of(any::<bool>()), 24), order in Just((0..24).collect::<Vec<usize>>()).prop_shuffle()
        ) {
            // Three scenarios, two sides, four trials.
            let run = |order: &[usize]| {
                let mut rounds = if compare { of(3, 4, Question::Compare { alpha: 0.3 }) } else { rounds(3, 4) };
                let mut found = None;
                for place in order {
                    let (trial, rest) = (u32::try_from(place / 6).unwrap() + 1, place % 6);
                    let taken = rounds.take(&format!("s{}", rest / 2), rest % 2 == 0, trial, outcomes[*place]).unwrap();
                    found = found.or(taken);
                }
                found
            };
            let straight: Vec<usize> = (0..24).collect();
            prop_assert_eq!(run(&straight), run(&order));
        }
    }
}

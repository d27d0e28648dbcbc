//! What a plan can find out: `mocktrial power`.
//!
//! From a pilot run: how far outcomes vary within scenarios and the difference between them, and from that what N scenarios
//! with k trials of each of two endpoints would detect, with which chance, and at what cost. What is foreseen is what
//! [`compare`](crate::compare) and a non-inferiority gate will really say, small samples included. A pilot knows variances
//! only roughly: every number is also given for variances at their upper 80 % limits.

mod pilot;
mod search;

pub use pilot::{Pilot, PilotArm, Variance};

use crate::arm::Arm;
use crate::compare::{Scope, WhyOut, pair};
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{GateRule, Spread, foreseen_comparison, foreseen_gate, unseen_difference};
use search::{greatest_missed, least};
use serde::Serialize;
use std::collections::BTreeSet;

/// Trials per scenario that the table shows.
const TRIALS: [u64; 6] = [1, 2, 4, 8, 16, 32];
/// Multiples of the scenarios that it shows in population scope.
const MULTIPLES: [u64; 3] = [1, 2, 4];
/// Steps of the curve.
const STEPS: u32 = 60;
/// More than these nobody runs.
const MOST_TRIALS: u64 = 1 << 20;
const MOST_UNITS: u64 = 1 << 24;

/// What is asked of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// What answers are to be about.
    pub scope: Scope,
    /// The two-sided error of a comparison, and the one-sided error of a gate.
    pub alpha: f64,
    /// The chance with which a difference is to be detected, or a gate to be passed.
    pub power: f64,
    /// The loss that a gate accepts, as a difference of rates.
    pub margin: f64,
    /// The difference that is to be detected.
    pub mde: f64,
    /// Scenarios (in population scope families) of the plan; those of the pilot where `None`.
    pub units: Option<u64>,
    /// Trials per scenario and endpoint; those of the pilot where `None`.
    pub trials: Option<u64>,
}

/// A number for the variances as measured, and for their upper limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Both<T> {
    /// With the variances as the pilot has them.
    pub measured: T,
    /// With the variances at their upper 80 % limits.
    pub cautious: T,
}

/// What a number of scenarios and trials can find out, and what it takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Design {
    /// Scenarios, or in population scope families.
    pub units: u64,
    /// Trials per scenario and endpoint.
    pub trials: u64,
    /// Episodes of both endpoints together.
    pub episodes: u64,
    /// US dollars for them; `None` where the pilot does not know.
    pub cost: Option<Estimate>,
    /// Tokens for them.
    pub tokens: Option<Estimate>,
    /// The model's time for them, in hours, one after the other.
    pub model_hours: Option<Estimate>,
    /// The smallest true difference that a comparison detects with the wanted power; `None` where it detects none below 1,
    /// or nothing varies.
    pub mde: Both<Option<f64>>,
    /// The chance that it detects the wanted difference; `None` where nothing varies.
    pub power: Both<Option<f64>>,
    /// The chance that a gate says *no worse* where nothing changed.
    pub gate: Both<f64>,
}

/// What a goal takes: trials per scenario in suite scope, else scenarios (families).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Needed {
    /// The amount; `None` where none is enough.
    pub amount: Both<Option<u64>>,
    /// In suite scope, where no number of trials is enough: the scenarios like these that are, with the plan's trials.
    pub units: Both<Option<u64>>,
    /// What the amount as measured takes.
    pub design: Option<Design>,
}

/// A point of the power curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The true difference.
    pub delta: f64,
    /// The chance that a comparison detects it.
    pub power: Both<Option<f64>>,
}

/// What plans can find out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foreseen {
    /// The run that is the pilot.
    pub run: String,
    /// What was asked.
    pub terms: Terms,
    /// Scenarios that are left out because they are in quarantine.
    pub quarantined: u64,
    /// Why nothing can be foreseen; `None` where it can.
    pub refused: Option<String>,
    /// What is foreseen.
    #[serde(flatten)]
    pub plans: Option<Plans>,
}

/// What is foreseen from a pilot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plans {
    /// What it rests on.
    pub pilot: Pilot,
    /// Whether the pilot's outcomes vary at all; else only the cautious numbers mean anything.
    pub varies: bool,
    /// The plan asked about.
    pub design: Design,
    /// What detecting the wanted difference takes.
    pub for_mde: Needed,
    /// What passing the gate takes where nothing changed.
    pub for_gate: Needed,
    /// Other plans: more and fewer trials, and in population scope more scenarios.
    pub table: Vec<Design>,
    /// The power of the plan asked about.
    pub curve: Vec<CurvePoint>,
}

/// Foresees what plans can find out, from the trials of an endpoint (and, where given, of the one that it is compared with) in
/// a pilot.
///
/// # Errors
/// When a number is outside what a method accepts.
pub fn power(first: &Arm, second: Option<&Arm>, terms: Terms) -> Result<Foreseen, AnalysisError> {
    let (pairs, mut left_out) = pair(first, second.unwrap_or(first));
    let held = left_out.iter().filter(|out| out.why == WhyOut::Quarantined);
    // Variants of one scenario are one.
    let held: BTreeSet<_> = held.filter_map(|out| Some(&first.tasks.get(&out.scenario)?.id)).collect();
    let quarantined = held.len() as u64;
    left_out.retain(|out| out.why != WhyOut::Quarantined);
    let refused =
        |why: String| Ok(Foreseen { run: first.run.clone(), terms, quarantined, refused: Some(why), plans: None });
    for arm in std::iter::once(first).chain(second) {
        if let Some(why) = &arm.refused {
            return refused(format!("{} claims no rate, and so no spread: {why}", arm.run));
        }
    }
    let Some(pilot) = Pilot::of(first, second, &pairs, left_out.len() as u64, terms.scope)? else {
        let units = match terms.scope {
            Scope::Suite => "scenarios",
            Scope::Population => "families",
        };
        let has = if pairs.is_empty() { "none" } else { "one" };
        return refused(format!(
            "a plan needs trials that count on at least two {units}, and this pilot has them on {has}"
        ));
    };
    let planned = pairs.iter().map(|p| p.first.planned.max(p.second.planned)).max().unwrap_or(1);
    let outlook = Outlook { pilot: &pilot, terms };
    let (units, trials) = (terms.units.unwrap_or(pilot.units), terms.trials.unwrap_or(u64::from(planned.max(1))));
    let design = outlook.design(units, trials)?;
    let table = outlook.table(units)?;
    let for_mde = outlook
        .needed(units, trials, |of, n, k| Ok(of.comparison(terms.mde, n, k)?.is_some_and(|p| p >= terms.power)))?;
    let for_gate = outlook.needed(units, trials, |of, n, k| Ok(of.gate(n, k)? >= terms.power))?;
    let curve = outlook.curve(&design)?;
    let varies = outlook.measured().seen(1) > 0.0;
    Ok(Foreseen {
        run: first.run.clone(),
        terms,
        quarantined,
        refused: None,
        plans: Some(Plans { varies, design, for_mde, for_gate, table, curve, pilot }),
    })
}

/// The variances of a plan, and what is asked of it.
#[derive(Clone, Copy, Debug)]
struct Variances {
    terms: Terms,
    between: f64,
    first: f64,
    second: f64,
    share: f64,
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53 trials")]
fn float(n: u64) -> f64 {
    n as f64
}

impl Variances {
    fn drawn_within(&self, within: f64, trials: u64) -> f64 {
        within * self.share / float(trials)
    }

    /// The variance of a unit's measured difference.
    fn seen(&self, trials: u64) -> f64 {
        self.between + self.drawn_within(self.first + self.second, trials)
    }

    /// The chance that a comparison detects a true difference; `None` where nothing varies.
    fn comparison(&self, delta: f64, units: u64, trials: u64) -> Result<Option<f64>, AnalysisError> {
        let seen = self.seen(trials);
        if seen <= 0.0 || units < 2 {
            return Ok(None);
        }
        let drawn = match self.terms.scope {
            Scope::Suite => seen - self.between,
            Scope::Population => seen,
        };
        // The variants of a scenario are one unit, and their trials add up.
        let each = float(trials) / self.share;
        let unseen = unseen_difference(self.terms.scope.into(), (each, each))?;
        Ok(Some(foreseen_comparison(delta, units, Spread { drawn, seen }, unseen, self.terms.alpha)?))
    }

    /// The chance that a gate passes where nothing changed: both endpoints are like the baseline, everywhere.
    fn gate(&self, units: u64, trials: u64) -> Result<f64, AnalysisError> {
        if units < 2 {
            return Ok(0.0);
        }
        let seen = self.drawn_within(2.0 * self.second, trials);
        let Terms { scope, alpha, power, margin, .. } = self.terms;
        let rule = GateRule { margin, scope: scope.into(), alpha, power };
        Ok(foreseen_gate(0.0, units, trials, Spread { drawn: seen, seen }, rule)?)
    }

    /// The smallest true difference that a comparison detects with the wanted power.
    fn mde(&self, units: u64, trials: u64) -> Result<Option<f64>, AnalysisError> {
        if self.comparison(1.0, units, trials)?.is_none_or(|p| p < self.terms.power) {
            return Ok(None);
        }
        greatest_missed(|delta| Ok(self.comparison(delta, units, trials)?.is_none_or(|p| p < self.terms.power)))
            .map(Some)
    }
}

/// A pilot and what is asked.
struct Outlook<'a> {
    pilot: &'a Pilot,
    terms: Terms,
}

impl Outlook<'_> {
    fn variances(&self, of: fn(&Variance) -> f64) -> Variances {
        let Pilot { first, second, between, share, .. } = self.pilot;
        let second = second.as_ref().unwrap_or(first);
        let (first, second) = (of(&first.within), of(&second.within));
        Variances { terms: self.terms, between: of(between), first, second, share: *share }
    }

    fn measured(&self) -> Variances {
        self.variances(|v| v.value)
    }

    fn cautious(&self) -> Variances {
        self.variances(|v| v.upper)
    }

    fn both<T>(&self, of: impl Fn(&Variances) -> Result<T, AnalysisError>) -> Result<Both<T>, AnalysisError> {
        Ok(Both { measured: of(&self.measured())?, cautious: of(&self.cautious())? })
    }

    fn design(&self, units: u64, trials: u64) -> Result<Design, AnalysisError> {
        let of_each = (float(units) * self.pilot.tasks_per_unit * float(trials)).round();
        let sum = |of: fn(&PilotArm) -> Option<Estimate>| {
            let first = of(&self.pilot.first)?;
            let second = self.pilot.second.as_ref().map_or(Some(first), of)?;
            Some(Estimate {
                value: of_each * (first.value + second.value),
                low: of_each * (first.low + second.low),
                high: of_each * (first.high + second.high),
            })
        };
        let hours = |e: Estimate| Estimate { value: e.value / 3.6e6, low: e.low / 3.6e6, high: e.high / 3.6e6 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count; the cast saturates")]
        let episodes = (2.0 * of_each) as u64;
        Ok(Design {
            units,
            trials,
            episodes,
            cost: sum(|arm| arm.cost),
            tokens: sum(|arm| arm.tokens),
            model_hours: sum(|arm| arm.model_ms).map(hours),
            mde: self.both(|of| of.mde(units, trials))?,
            power: self.both(|of| of.comparison(self.terms.mde, units, trials))?,
            gate: self.both(|of| of.gate(units, trials))?,
        })
    }

    fn table(&self, units: u64) -> Result<Vec<Design>, AnalysisError> {
        let multiples = match self.terms.scope {
            Scope::Suite => &MULTIPLES[..1],
            Scope::Population => &MULTIPLES[..],
        };
        let mut found = Vec::new();
        for multiple in multiples {
            for trials in TRIALS {
                found.push(self.design(units.saturating_mul(*multiple), trials)?);
            }
        }
        Ok(found)
    }

    /// The least trials (suite) or units (population) with which `enough` holds.
    fn needed(
        &self,
        units: u64,
        trials: u64,
        enough: impl Fn(&Variances, u64, u64) -> Result<bool, AnalysisError>,
    ) -> Result<Needed, AnalysisError> {
        let by_units = |of: &Variances| least(2, MOST_UNITS, |n| enough(of, n, trials));
        let by_trials = |of: &Variances| least(1, MOST_TRIALS, |k| enough(of, units, k));
        let none = Both { measured: None, cautious: None };
        let (amount, instead) = match self.terms.scope {
            Scope::Population => (self.both(by_units)?, none),
            Scope::Suite => {
                let instead = |of: &Variances| if by_trials(of)?.is_some() { Ok(None) } else { by_units(of) };
                (self.both(by_trials)?, self.both(instead)?)
            }
        };
        let design = |amount| match self.terms.scope {
            Scope::Suite => self.design(units, amount),
            Scope::Population => self.design(amount, trials),
        };
        Ok(Needed { amount, units: instead, design: amount.measured.map(design).transpose()? })
    }

    fn curve(&self, design: &Design) -> Result<Vec<CurvePoint>, AnalysisError> {
        let reach = design.mde.measured.or(design.mde.cautious).unwrap_or(1.0);
        let last = (2.0 * reach.max(self.terms.mde)).min(1.0);
        (0..=STEPS)
            .map(|i| {
                let delta = last * f64::from(i) / f64::from(STEPS);
                let power = self.both(|of| of.comparison(delta, design.units, design.trials))?;
                Ok(CurvePoint { delta, power })
            })
            .collect()
    }
}

//! What a pilot run says of how far outcomes vary, and of what an episode costs.

use crate::arm::{Arm, Task, Trial};
use crate::compare::{Pair, Scope};
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{ci_mean_t, ci_wilson_stat, mean, variance_components};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Two-sided, so that an upper end is one at 80 %.
const UPPER: f64 = 0.4;

/// The error level of the interval of a cost.
const ALPHA: f64 = 0.05;

/// A variance as the pilot has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Variance {
    /// The estimate.
    pub value: f64,
    /// The upper limit at 80 %, at least the estimate.
    pub upper: f64,
}

/// An endpoint in the pilot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PilotArm {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Its trials that count, on the scenarios that the plan rests on.
    pub counted: u64,
    /// Of those, the ones that came from cassettes.
    pub replayed: u64,
    /// Its trials there that ended and do not count.
    pub missing: u64,
    /// Its pass rate.
    pub rate: f64,
    /// The variance of trials within a scenario.
    pub within: Variance,
    /// Whether `within` is the most that the rate allows, since no scenario has two trials.
    pub within_assumed: bool,
    /// US dollars an episode; `None` where fewer than two scenarios know theirs.
    pub cost: Option<Estimate>,
    /// The model's time an episode in milliseconds.
    pub model_ms: Option<Estimate>,
    /// Tokens in and out an episode.
    pub tokens: Option<Estimate>,
}

/// What a plan rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pilot {
    /// Scenarios, or in population scope families.
    pub units: u64,
    /// Scenarios and variants of scenarios in a unit, on average.
    pub tasks_per_unit: f64,
    /// Scenarios that are left out, since an endpoint has no trial there that counts.
    pub left_out: u64,
    /// The endpoint that is judged.
    pub first: PilotArm,
    /// The one that it is compared with; `None` where both are taken to be like the first.
    pub second: Option<PilotArm>,
    /// The variance over units of the true difference. With one endpoint the estimate is 0, the least that it can be, and the
    /// limit that of two endpoints whose rates correlate by one half.
    pub between: Variance,
    /// The variance of a unit's mean over that of a trial, at one trial per scenario.
    pub(super) share: f64,
}

/// A unit's tasks, with the weight of each in its mean.
type Unit<'a> = Vec<(f64, Pair<'a>)>;

impl Pilot {
    /// `None` where fewer than two units are left.
    pub(super) fn of(
        first: &Arm,
        second: Option<&Arm>,
        pairs: &[Pair<'_>],
        left_out: u64,
        scope: Scope,
    ) -> Result<Option<Self>, AnalysisError> {
        let units = grouped(pairs, scope);
        if units.len() < 2 {
            return Ok(None);
        }
        let left: Vec<&Task> = pairs.iter().map(|p| p.first).collect();
        let right: Vec<&Task> = pairs.iter().map(|p| p.second).collect();
        let one = arm(first, &left, &units, |p| p.first)?;
        let two = second.map(|second| arm(second, &right, &units, |p| p.second)).transpose()?;
        let between = match &two {
            Some(two) => {
                let differences = values(&units, |p| Some(p.first.rate()? - p.second.rate()?));
                let noise =
                    one.within.value * noise(&units, |p| p.first) + two.within.value * noise(&units, |p| p.second);
                beyond(&differences, noise, one.counted.min(two.counted))?
            }
            None => {
                let rates = values(&units, |p| p.first.rate());
                let spread = beyond(&rates, one.within.value * noise(&units, |p| p.first), one.counted)?;
                Variance { value: 0.0, upper: spread.value }
            }
        };
        Ok(Some(Self {
            units: units.len() as u64,
            tasks_per_unit: average(units.iter().map(|unit| count(unit.len()))),
            left_out,
            first: one,
            second: two,
            between,
            share: average(units.iter().map(|unit| unit.iter().map(|(weight, _)| weight * weight).sum())),
        }))
    }
}

#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn count(n: usize) -> f64 {
    n as f64
}

fn average(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = count(values.len());
    values.sum::<f64>() / n
}

/// Pairs by unit: variants weigh alike in their scenario, scenarios in their family.
fn grouped<'a>(pairs: &[Pair<'a>], scope: Scope) -> Vec<Unit<'a>> {
    let mut families: BTreeMap<&str, BTreeMap<&str, Vec<Pair<'a>>>> = BTreeMap::new();
    for pair in pairs {
        let family = families.entry(&pair.first.family).or_default();
        family.entry(&pair.first.id).or_default().push(*pair);
    }
    let weighed = |scenarios: Vec<&Vec<Pair<'a>>>| -> Unit<'a> {
        let n = count(scenarios.len());
        let of = |variants: &Vec<Pair<'a>>| {
            let weight = 1.0 / (n * count(variants.len()));
            variants.iter().map(|pair| (weight, *pair)).collect::<Vec<_>>()
        };
        scenarios.into_iter().flat_map(of).collect()
    };
    match scope {
        Scope::Population => families.values().map(|scenarios| weighed(scenarios.values().collect())).collect(),
        Scope::Suite => families.values().flat_map(BTreeMap::values).map(|variants| weighed(vec![variants])).collect(),
    }
}

/// The mean of each unit in which every task has a value.
fn values<'a>(units: &[Unit<'a>], value: impl Fn(&Pair<'a>) -> Option<f64>) -> Vec<f64> {
    let sum = |unit: &Unit<'a>| unit.iter().map(|(weight, pair)| Some(weight * value(pair)?)).sum::<Option<f64>>();
    units.iter().filter_map(sum).collect()
}

/// The variance of a unit's mean over that of a trial, as the pilot has trials.
fn noise<'a>(units: &[Unit<'a>], side: impl Fn(&Pair<'a>) -> &'a Task) -> f64 {
    let of = |unit: &Unit<'a>| unit.iter().map(|(w, pair)| w * w / f64::from(side(pair).counted().max(1))).sum();
    average(units.iter().map(of))
}

/// What of the variance of values in [−1, 1], which rest on that many trials, is more than `noise`.
#[allow(clippy::cast_precision_loss, reason = "far below 2^53 trials")]
fn beyond(values: &[f64], noise: f64, trials: u64) -> Result<Variance, AnalysisError> {
    let n = count(values.len());
    let middle = mean(values)?;
    let squares: Vec<f64> = values.iter().map(|v| (v - middle).powi(2)).collect();
    let variance = squares.iter().sum::<f64>() / (n - 1.0);
    // Squares about the mean as shares of the most that they can be: a mean in [0, 1], whose limit keeps its width where
    // nothing varied.
    let most = (1.0 + middle.abs()).powi(2);
    let shares: Vec<f64> = squares.iter().map(|s| (s / most).clamp(0.0, 1.0)).collect();
    let upper = ci_wilson_stat(&shares, (trials as f64).max(n), UPPER)?.high * most * n / (n - 1.0);
    let value = (variance - noise).max(0.0);
    Ok(Variance { value, upper: (upper - noise).max(value) })
}

/// The variance of trials within a scenario, and whether it had to be assumed.
fn within(tasks: &[&Task]) -> Result<(Variance, bool), AnalysisError> {
    let rows: Vec<Vec<f64>> =
        tasks.iter().map(|t| t.trials.iter().map(|t| f64::from(u8::from(t.passed))).collect()).collect();
    let Some(value) = variance_components(&rows)?.within else {
        let rates: Vec<f64> = tasks.iter().filter_map(|t| t.rate()).collect();
        let rate = mean(&rates)?;
        let about = ci_wilson_stat(&rates, count(rates.len()), UPPER)?;
        let nearest = 0.5_f64.clamp(about.low, about.high);
        return Ok((Variance { value: rate * (1.0 - rate), upper: nearest * (1.0 - nearest) }, true));
    };
    // Each scenario's variance as a share of the most that its number of trials allows.
    let repeated = || tasks.iter().filter(|t| t.counted() > 1);
    let factor = |k: f64| k / (k - 1.0);
    let most = repeated().map(|t| factor(f64::from(t.counted())) / 4.0).fold(0.25, f64::max);
    let share = |t: &&Task| {
        let p = t.rate().unwrap_or(0.0);
        (p * (1.0 - p) * factor(f64::from(t.counted())) / most).clamp(0.0, 1.0)
    };
    let shares: Vec<f64> = repeated().map(share).collect();
    let free: f64 = repeated().map(|t| f64::from(t.counted() - 1)).sum();
    let upper = ci_wilson_stat(&shares, free, UPPER)?.high * most;
    Ok((Variance { value, upper: upper.min(0.25).max(value) }, false))
}

fn arm<'a>(
    arm: &Arm,
    tasks: &[&Task],
    units: &[Unit<'a>],
    side: impl Fn(&Pair<'a>) -> &'a Task,
) -> Result<PilotArm, AnalysisError> {
    let (within, within_assumed) = within(tasks)?;
    let each = |quantity: fn(&Trial) -> Option<f64>| -> Result<Option<Estimate>, AnalysisError> {
        let found = values(units, |p| side(p).mean(quantity));
        if found.len() < 2 {
            return Ok(None);
        }
        let interval = ci_mean_t(&found, ALPHA)?;
        Ok(Some(Estimate { value: mean(&found)?, low: interval.low.max(0.0), high: interval.high }))
    };
    let trials = || tasks.iter().flat_map(|t| &t.trials);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53 tokens")]
    let tokens = |t: &Trial| t.tokens.map(|n| n as f64);
    Ok(PilotArm {
        endpoint: Arc::clone(&arm.endpoint),
        counted: trials().count() as u64,
        replayed: trials().filter(|t| t.replayed).count() as u64,
        missing: tasks.iter().map(|t| u64::from(t.missing())).sum(),
        rate: mean(&values(units, |p| side(p).rate()))?,
        within,
        within_assumed,
        cost: each(|t| t.cost)?,
        model_ms: each(|t| t.latency_ms)?,
        tokens: each(tokens)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::pair;
    use mocktrial_stats::Random;
    use mocktrial_store::Instrument;
    use mocktrial_trajectory::Digest;
    use serde_json::json;

    /// An endpoint whose scenarios pass with these chances, tried `k` times each.
    fn tried(chances: &[f64], k: u32, random: &mut Random) -> Arm {
        let digest = Digest::of(&json!(1));
        let trial = |number: u32, random: &mut Random, chance: f64| {
            let passed = random.unit() < chance;
            Trial {
                number,
                dispatch: 0,
                passed,
                score: 0.0,
                cost: None,
                latency_ms: None,
                tokens: None,
                replayed: false,
                trajectory: digest,
            }
        };
        let mut task = |(place, chance): (usize, &f64)| {
            let id: Arc<str> = format!("s{place}").into();
            let task = Task {
                id: Arc::clone(&id),
                variant: "".into(),
                family: Arc::clone(&id),
                tags: vec![],
                instrument: Instrument { world: digest, criteria: digest },
                trials: (1..=k).map(|n| trial(n, random, *chance)).collect(),
                excluded: BTreeMap::new(),
                planned: k,
                quarantined: false,
            };
            (id, task)
        };
        Arm {
            run: "r".into(),
            created: String::new(),
            endpoint: "e".into(),
            treatment: digest,
            parts: BTreeMap::new(),
            refused: None,
            decided: None,
            served: [].into(),
            tasks: chances.iter().enumerate().map(&mut task).collect(),
        }
    }

    #[test]
    fn variances_are_right_on_average_and_their_limits_hold_at_least_as_often_as_they_say() {
        let mut random = Random::new(11);
        for (n, k) in [(10, 2), (10, 5), (40, 3)] {
            let (mut within, mut between, mut held) = ((0.0, 0.0), (0.0, 0.0), [0.0; 2]);
            let rounds = 400.0;
            for _ in 0..400 {
                // Scenarios are drawn: most are easy, a few hard, and in a fifth of them the second drops.
                let easy = |random: &mut Random| if random.unit() < 0.7 { 0.95 } else { 0.4 };
                let first: Vec<f64> = (0..n).map(|_| easy(&mut random)).collect();
                let second: Vec<f64> = first.iter().map(|p| if random.unit() < 0.2 { p - 0.4 } else { *p }).collect();
                let (a, b) = (tried(&first, k, &mut random), tried(&second, k, &mut random));
                let pilot = Pilot::of(&a, Some(&b), &pair(&a, &b).0, 0, Scope::Population).unwrap().unwrap();
                within = (within.0 + pilot.first.within.value / rounds, within.1 + pilot.first.within.upper / rounds);
                between = (between.0 + pilot.between.value / rounds, between.1 + pilot.between.upper / rounds);
                held[0] += f64::from(u8::from(pilot.first.within.upper >= 0.10525)) / rounds;
                held[1] += f64::from(u8::from(pilot.between.upper >= 0.0256)) / rounds;
            }
            // 0.7·0.95·0.05 + 0.3·0.4·0.6, and 0.2·0.8·0.4², which small pilots overstate, since they cut it off at 0.
            assert!((within.0 - 0.10525).abs() < 0.01, "{n} × {k}: {within:?}");
            let most = if n > 20 { 0.01 } else { 0.03 };
            assert!((-0.002..most).contains(&(between.0 - 0.0256)), "{n} × {k}: {between:?}");
            assert!(held.iter().all(|share| *share >= 0.76), "{n} × {k}: {held:?}");
        }
    }
}

//! Settings in which verdicts are tried, and what is true in them.

use super::{break_some, lose_everywhere};
use crate::AnalysisError;
use crate::compare::Scope;
use mocktrial_stats::{Random, beta_ppf, norm_ppf};
use std::fmt;

/// How large a plan is, and what its scenarios are like: pass rates of Beta(μc, (1 − μ)c).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Scenarios, n.
    pub scenarios: usize,
    /// The mean pass rate, μ.
    pub mean: f64,
    /// c: 1 is U-shaped, as agents are; the larger, the more alike scenarios are.
    pub spread: f64,
    /// Trials of each scenario by either endpoint, k.
    pub trials: u32,
}

impl Setting {
    /// The 54 settings of the tables: n of 30, 60 and 150, μ of 0.6, 0.9 and 0.97, c of 1 and 4, k of 1, 3 and 8.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for scenarios in [30, 60, 150] {
            for mean in [0.6, 0.9, 0.97] {
                for spread in [1.0, 4.0] {
                    all.extend([1, 3, 8].map(|trials| Self { scenarios, mean, spread, trials }));
                }
            }
        }
        all
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenarios, mean, spread, trials } = self;
        write!(f, "n {scenarios}, μ {mean}, c {spread}, k {trials}")
    }
}

/// What is true of a candidate and what it is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Truth {
    /// They are the same.
    Same,
    /// Each scenario is another for either (by one standard deviation on the logit scale), and neither is better.
    Apart,
    /// So much is lost in the mean, a little everywhere.
    Shift(f64),
    /// So much is lost in the mean, since some scenarios break entirely.
    Breaks(f64),
}

impl Truth {
    /// What is lost in the mean.
    #[must_use]
    pub fn loss(self) -> f64 {
        match self {
            Self::Same | Self::Apart => 0.0,
            Self::Shift(loss) | Self::Breaks(loss) => loss,
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("nothing changed"),
            Self::Apart => f.write_str("scenarios differ, none is better"),
            Self::Shift(loss) => write!(f, "{loss} lost everywhere"),
            Self::Breaks(loss) => write!(f, "{loss} lost by breaks"),
        }
    }
}

/// Points at which the law of pass rates is known.
const POINTS: usize = 4096;

/// Scenarios to draw from, with something true of them.
#[derive(Clone, Debug)]
pub struct Population {
    /// Quantiles of the law, so that a draw is an index.
    law: Vec<f64>,
    /// What becomes of them where the loss is everywhere.
    shifted: Vec<f64>,
    /// The share that breaks where the loss is by breaks.
    breaking: f64,
    scope: Scope,
    truth: Truth,
}

/// Pass rates of the scenarios drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Of what the candidate is held against.
    pub before: Vec<f64>,
    /// Of the candidate.
    pub after: Vec<f64>,
    /// The true difference of what the verdict is about, candidate minus the other: of these scenarios, or of the population.
    pub difference: f64,
}

impl Population {
    /// In suite scope what is true is exact on the scenarios drawn; in population scope it is exact in the population.
    ///
    /// # Errors
    /// Where the setting is none, or has not so much to lose.
    pub fn new(setting: Setting, scope: Scope, truth: Truth) -> Result<Self, AnalysisError> {
        let Setting { mean, spread, .. } = setting;
        #[allow(clippy::cast_precision_loss, reason = "few points")]
        let at = |i: usize| beta_ppf((i as f64 + 0.5) / POINTS as f64, mean * spread, (1.0 - mean) * spread);
        let law = (0..POINTS).map(at).collect::<Result<Vec<f64>, _>>()?;
        let too_much = || AnalysisError::Stats(format!("{setting} has no {} to lose", truth.loss()));
        let shifted = lose_everywhere(&law, truth.loss()).ok_or_else(too_much)?;
        let breaking = truth.loss() / average(&law);
        Ok(Self { law, shifted, breaking, scope, truth })
    }

    /// Draws `n` scenarios; `None` where these have not so much to lose.
    ///
    /// # Errors
    /// Never in fact: a quantile of a probability inside (0, 1) exists.
    pub fn draw(&self, n: usize, random: &mut Random) -> Result<Option<Drawn>, AnalysisError> {
        let places: Vec<usize> = (0..n).map(|_| random.index(self.law.len())).collect();
        let mut before: Vec<f64> = places.iter().map(|i| self.law[*i]).collect();
        let after = match (self.truth, self.scope) {
            (Truth::Same, _) => Some(before.clone()),
            (Truth::Apart, _) => {
                let after = before.iter().map(|p| moved(*p, random)).collect::<Result<_, _>>()?;
                before = before.iter().map(|p| moved(*p, random)).collect::<Result<_, _>>()?;
                Some(after)
            }
            (Truth::Shift(loss), Scope::Suite) => lose_everywhere(&before, loss),
            (Truth::Shift(_), Scope::Population) => Some(places.iter().map(|i| self.shifted[*i]).collect()),
            (Truth::Breaks(loss), Scope::Suite) => break_some(&before, loss, random),
            (Truth::Breaks(_), Scope::Population) => {
                Some(before.iter().map(|p| if random.unit() < self.breaking { 0.0 } else { *p }).collect())
            }
        };
        Ok(after.map(|after| {
            let difference = match self.scope {
                Scope::Suite => average(&after) - average(&before),
                Scope::Population => -self.truth.loss(),
            };
            Drawn { before, after, difference }
        }))
    }
}

/// A rate moved by a standard normal draw on the logit scale.
fn moved(rate: f64, random: &mut Random) -> Result<f64, AnalysisError> {
    let rate = rate.clamp(1e-9, 1.0 - 1e-9);
    let by = norm_ppf(random.unit().clamp(1e-12, 1.0 - 1e-12))?;
    Ok(1.0 / (1.0 + (-(rate / (1.0 - rate)).ln() - by).exp()))
}

#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting = Setting { scenarios: 60, mean: 0.9, spread: 1.0, trials: 1 };

    #[test]
    fn on_a_suite_the_loss_is_exact_and_in_a_population_it_is_so_in_the_mean() {
        for truth in [Truth::Same, Truth::Apart, Truth::Shift(0.05), Truth::Breaks(0.05)] {
            for scope in [Scope::Suite, Scope::Population] {
                let population = Population::new(SETTING, scope, truth).unwrap();
                let mut random = Random::new(3);
                let (mut sum, mut n) = (0.0, 0.0);
                for _ in 0..400 {
                    let Some(drawn) = population.draw(60, &mut random).unwrap() else { continue };
                    let difference = average(&drawn.after) - average(&drawn.before);
                    if scope == Scope::Suite {
                        assert!((difference - drawn.difference).abs() < 1e-12);
                        assert!(truth == Truth::Apart || (difference + truth.loss()).abs() < 1e-9);
                    }
                    (sum, n) = (sum + difference, n + 1.0);
                }
                let mean: f64 = sum / n;
                assert!((mean + truth.loss()).abs() < 0.005, "{truth} {scope:?}: {mean}");
            }
        }
    }

    #[test]
    fn what_has_not_so_much_to_lose_is_refused() {
        let poor = Setting { mean: 0.04, ..SETTING };
        assert!(Population::new(poor, Scope::Suite, Truth::Shift(0.05)).is_err());
    }
}

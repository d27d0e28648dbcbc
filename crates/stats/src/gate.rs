//! The non-inferiority gate: may this change ship?

use crate::describe::{count, mean, variance};
use crate::error::{require, require_alpha, require_error_rates};
use crate::power::still_needed;
use crate::{Interval, StatsError, norm_ppf, t_ppf};

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These very scenarios: trials are sampled.
    Suite,
    /// Scenarios like these: families are sampled, and scenarios and trials cluster in them.
    Population,
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateVerdict {
    /// Surely above −margin.
    NoWorse,
    /// Surely below −margin.
    Regressed,
    /// The data cannot tell.
    Inconclusive,
}

/// What a gate is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateRule {
    /// The loss that is still acceptable, as a difference of rates, at least 0.
    pub margin: f64,
    /// What the answer is about.
    pub scope: Scope,
    /// The one-sided error of either verdict.
    pub alpha: f64,
    /// The chance with which what is still needed should decide.
    pub power: f64,
}

/// A gate's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// What it says.
    pub verdict: GateVerdict,
    /// The mean difference, candidate minus baseline, as measured.
    pub delta: f64,
    /// The same, pulled towards 0 by the two pseudo-scenarios; the centre of the interval.
    pub shrunk: f64,
    /// The standard error that the interval rests on.
    pub se: f64,
    /// The interval that decides, two-sided at level 1 − 2·alpha.
    pub interval: Interval,
    /// Whether it is surely below 0: worse, even if by less than the margin.
    pub regression: bool,
    /// How many more scenarios ([`Scope::Population`]) or trials per scenario and endpoint ([`Scope::Suite`]) would decide
    /// if the estimate stays; 0 where it is decided, `None` where no number would.
    pub more: Option<u64>,
}

/// Mean, standard error and n of the differences with +`eps` and −`eps` beside them.
fn floored(differences: &[f64], eps: f64) -> Result<(f64, f64), StatsError> {
    require("eps", eps, "at least 0", eps >= 0.0 && eps.is_finite())?;
    mean(differences)?;
    let with: Vec<f64> = differences.iter().copied().chain([eps, -eps]).collect();
    Ok((mean(&with)?, (variance(&with)? / count(with.len())).sqrt()))
}

/// Student's interval for a mean difference that cannot lose its width: of the differences with two pseudo-scenarios
/// +`eps` and −`eps`, with n − 1 degrees of freedom, two-sided at level 1 − `alpha` (the idea of Bonett and Price 2012 and
/// Agresti and Min 2005 for one trial, carried over to several).
///
/// Without them a suite on which nothing happened to differ would have an interval of no width. Domain: at least two
/// finite differences, `eps` ≥ 0. Unit: that of the differences.
///
/// # Errors
/// When there are fewer than two differences or a parameter is outside its domain.
pub fn ci_pseudo_t(differences: &[f64], eps: f64, alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    if differences.len() < 2 {
        return Err(StatsError::TooFew { needed: 2, got: differences.len() });
    }
    let (m, se) = floored(differences, eps)?;
    let half = t_ppf(1.0 - alpha / 2.0, count(differences.len() - 1))? * se;
    Ok(Interval { low: m - half, high: m + half })
}

/// Whether a candidate is no worse than a baseline by more than a margin, from one difference of scenario means (candidate
/// minus baseline, in [−1, 1]) for each scenario, or family mean where families have several.
///
/// [`ci_pseudo_t`] at level 1 − 2·alpha, which is a one-sided test at alpha on either side: *no worse* where it lies above
/// −margin, *regressed* where it lies below, else *inconclusive*. The pseudo-scenarios are ±√((1/k_A + 1/k_B)/2) for
/// [`Scope::Suite`] (the noise of trials) and ±1 for [`Scope::Population`] (a scenario that breaks entirely may be among
/// those not seen). The power that says how many more are needed: ⌈u·((z₁₋α + z_power)·se/|shrunk + margin|)² − u⌉, u the
/// scenarios or the trials per scenario.
///
/// `trials`: of the baseline and of the candidate per scenario, at least 1. Judging the point estimate against −margin
/// instead is wrong more often than not at the boundary.
///
/// **One scenario** has no variance to estimate: the interval is all of [−1, 1], and more trials do not help.
///
/// # Errors
/// When there are no differences, one is outside [−1, 1], or a parameter is outside its domain.
pub fn gate_ni(differences: &[f64], trials: (f64, f64), rule: GateRule) -> Result<Gate, StatsError> {
    require_error_rates(rule.alpha, rule.power)?;
    require("alpha", rule.alpha, "below one half", rule.alpha < 0.5)?;
    require("margin", rule.margin, "at least 0", rule.margin >= 0.0 && rule.margin.is_finite())?;
    for k in [trials.0, trials.1] {
        require("the number of trials", k, "at least 1", k >= 1.0 && k.is_finite())?;
    }
    let slack = 1.0 + 1e-9;
    differences.iter().try_for_each(|d| require("a difference", *d, "between −1 and 1", d.abs() <= slack))?;
    let eps = match rule.scope {
        Scope::Suite => f64::midpoint(1.0 / trials.0, 1.0 / trials.1).sqrt(),
        Scope::Population => 1.0,
    };
    let (shrunk, se) = floored(differences, eps)?;
    let delta = mean(differences)?;
    if differences.len() < 2 {
        let interval = Interval { low: -1.0, high: 1.0 };
        let verdict = GateVerdict::Inconclusive;
        return Ok(Gate { verdict, delta, shrunk, se, interval, regression: false, more: None });
    }
    let interval = ci_pseudo_t(differences, eps, 2.0 * rule.alpha)?;
    let verdict = match () {
        () if interval.low > -rule.margin => GateVerdict::NoWorse,
        () if interval.high < -rule.margin => GateVerdict::Regressed,
        () => GateVerdict::Inconclusive,
    };
    let units = match rule.scope {
        Scope::Population => count(differences.len()),
        Scope::Suite => trials.0.min(trials.1),
    };
    let z = norm_ppf(1.0 - rule.alpha)? + norm_ppf(rule.power)?;
    let more = match verdict {
        GateVerdict::Inconclusive => still_needed(units, z * se, (shrunk + rule.margin).abs()),
        _ => Some(0),
    };
    Ok(Gate { verdict, delta, shrunk, se, interval, regression: interval.high < 0.0, more })
}

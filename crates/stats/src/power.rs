//! How much data a question needs, and what a given amount can answer.
//!
//! Normal approximations, for planning: where there are few scenarios, a few more than these say are needed.

use crate::describe::{float, round_up};
use crate::error::{require, require_error_rates};
use crate::{Interval, StatsError, norm_ppf, norm_sf};

/// The variances of a comparison of two endpoints on the same scenarios, and its trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// ω²: the variance over scenarios of the true difference; 0 where the suite is fixed.
    pub between: f64,
    /// The mean variance of the baseline's trials within a scenario.
    pub within_baseline: f64,
    /// Its trials per scenario.
    pub trials_baseline: u32,
    /// The mean variance of the candidate's trials within a scenario.
    pub within_candidate: f64,
    /// Its trials per scenario.
    pub trials_candidate: u32,
}

impl Design {
    /// The variance of one scenario's measured difference: ω² + σ_A²/k_A + σ_B²/k_B.
    ///
    /// # Errors
    /// When a variance is negative or not finite, or an endpoint has no trial.
    pub fn variance(&self) -> Result<f64, StatsError> {
        for value in [self.between, self.within_baseline, self.within_candidate] {
            require("a variance", value, "at least 0", value >= 0.0 && value.is_finite())?;
        }
        for trials in [self.trials_baseline, self.trials_candidate] {
            require("the number of trials", f64::from(trials), "at least 1", trials >= 1)?;
        }
        Ok(self.between
            + self.within_baseline / f64::from(self.trials_baseline)
            + self.within_candidate / f64::from(self.trials_candidate))
    }
}

fn reach(alpha: f64, power: f64) -> Result<f64, StatsError> {
    require_error_rates(alpha, power)?;
    Ok(norm_ppf(1.0 - alpha)? + norm_ppf(power)?)
}

/// A number of things that must exist: neither infinite nor beyond what a run may hold.
fn amount(what: &'static str, n: f64) -> Result<u64, StatsError> {
    require(what, n, "at most 2^53", n <= 9_007_199_254_740_992.0)?;
    Ok(round_up(n.max(0.0)))
}

fn apart(name: &'static str, value: f64) -> Result<(), StatsError> {
    require(name, value, "finite and other than 0", value.is_finite() && value != 0.0)
}

/// How many scenarios show a true difference `delta` with chance `power` in a two-sided test at level `alpha` (Miller
/// 2024, arXiv 2411.00640, section 5): ⌈(z₁₋α/₂ + z_power)²·variance / δ²⌉.
///
/// Domain: `delta` ≠ 0, 0 < `alpha`, `power` < 1. Unit: scenarios (of independent families).
///
/// # Errors
/// When a parameter is outside its domain, or more than 2⁵³ would be needed.
pub fn power_n_scenarios(delta: f64, design: &Design, alpha: f64, power: f64) -> Result<u64, StatsError> {
    apart("delta", delta)?;
    let z = reach(alpha / 2.0, power)?;
    amount("the number of scenarios", z * z * design.variance()? / (delta * delta))
}

/// The minimum detectable effect: the smallest true difference that `n` scenarios show with chance `power` in a two-sided
/// test at level `alpha` (Miller 2024, section 5): (z₁₋α/₂ + z_power)·√(variance/n).
///
/// Domain: `n` ≥ 1, 0 < `alpha`, `power` < 1. Unit: that of a difference of rates.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn power_mde(n: u64, design: &Design, alpha: f64, power: f64) -> Result<f64, StatsError> {
    require("n", float(n), "at least 1", n >= 1)?;
    Ok(reach(alpha / 2.0, power)? * (design.variance()? / float(n)).sqrt())
}

/// The chance that a two-sided test at level `alpha` on `n` scenarios shows a true difference `delta`:
/// Φ̄(z − δ/se) + Φ̄(z + δ/se), z = z₁₋α/₂, se = √(variance/n).
///
/// Domain: `n` ≥ 1, finite `delta`. Unit: a probability; `alpha` where `delta` is 0.
///
/// # Errors
/// When a parameter is outside its domain, or the variance is 0 ([`StatsError::Undefined`]).
pub fn power_at(delta: f64, n: u64, design: &Design, alpha: f64) -> Result<f64, StatsError> {
    require("delta", delta, "finite", delta.is_finite())?;
    require("n", float(n), "at least 1", n >= 1)?;
    crate::error::require_alpha(alpha)?;
    let se = (design.variance()? / float(n)).sqrt();
    if se <= 0.0 {
        return Err(StatsError::Undefined { what: "the power", why: "nothing varies" });
    }
    let z = norm_ppf(1.0 - alpha / 2.0)?;
    Ok(norm_sf(z - delta / se) + norm_sf(z + delta / se))
}

/// How many scenarios a non-inferiority gate with `margin` needs to pass with chance `power` where the true difference is
/// `true_delta`, one-sided at level `alpha`: ⌈(z₁₋α + z_power)²·var_d / (δ + margin)²⌉.
///
/// `var_d`: the variance over scenarios of the measured difference. Domain: `true_delta` + `margin` ≠ 0 (at the margin no
/// number is enough), `var_d` ≥ 0. Unit: scenarios.
///
/// # Errors
/// When a parameter is outside its domain, or more than 2⁵³ would be needed.
pub fn ni_n_scenarios(margin: f64, true_delta: f64, var_d: f64, alpha: f64, power: f64) -> Result<u64, StatsError> {
    apart("true_delta + margin", true_delta + margin)?;
    require("var_d", var_d, "at least 0", var_d >= 0.0 && var_d.is_finite())?;
    let z = reach(alpha, power)?;
    amount("the number of scenarios", z * z * var_d / (true_delta + margin).powi(2))
}

/// How many trials per scenario and endpoint a non-inferiority gate with `margin` needs on a fixed suite of `n` scenarios:
/// ⌈(z₁₋α + z_power)²·(w_A + w_B) / (n·(δ + margin)²)⌉, w the mean variance of an endpoint's trials within a scenario.
///
/// Domain: as [`ni_n_scenarios`]; `n` ≥ 1. Unit: trials per scenario and endpoint.
///
/// # Errors
/// When a parameter is outside its domain, or more than 2⁵³ would be needed.
pub fn ni_k_trials_suite(
    margin: f64,
    true_delta: f64,
    (within_baseline, within_candidate): (f64, f64),
    n: u64,
    alpha: f64,
    power: f64,
) -> Result<u64, StatsError> {
    apart("true_delta + margin", true_delta + margin)?;
    for value in [within_baseline, within_candidate] {
        require("a variance", value, "at least 0", value >= 0.0 && value.is_finite())?;
    }
    require("n", float(n), "at least 1", n >= 1)?;
    let z = reach(alpha, power)?;
    let w = within_baseline + within_candidate;
    amount("the number of trials", z * z * w / (float(n) * (true_delta + margin).powi(2)))
}

/// Where an estimate stands to a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Above it.
    Pass,
    /// Below it.
    Fail,
    /// The data cannot tell yet.
    Inconclusive,
}

/// A decision, and what would make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThresholdVerdict {
    /// Where the estimate stands.
    pub decision: Decision,
    /// How many more units would decide, if the estimate stays; 0 where it is decided, `None` where no number would.
    pub more: Option<u64>,
}

/// Whether a rate lies above or below a `threshold`, by its interval, and if neither, how many more units would tell:
/// ⌈n·(((z₁₋α + z_power)·se / |estimate − threshold|)² − 1)⌉, at least 1 (a standard error falls with √n).
///
/// `interval`: two-sided at level 1 − 2·`alpha`, so that each side is a one-sided test at `alpha`; `units`: what the
/// standard error `se` rests on (scenarios, or trials per scenario). Unit of `more`: the same.
///
/// # Errors
/// When a parameter is not finite, `se` is negative, or `alpha` or `power` is outside (0, 1).
pub fn verdict(
    estimate: f64,
    interval: Interval,
    threshold: f64,
    (se, units): (f64, u64),
    (alpha, power): (f64, f64),
) -> Result<ThresholdVerdict, StatsError> {
    for (name, value) in
        [("estimate", estimate), ("low", interval.low), ("high", interval.high), ("threshold", threshold)]
    {
        require(name, value, "finite", value.is_finite())?;
    }
    require("se", se, "at least 0", se >= 0.0 && se.is_finite())?;
    let z = reach(alpha, power)?;
    let decision = match () {
        () if interval.low > threshold => Decision::Pass,
        () if interval.high < threshold => Decision::Fail,
        () => Decision::Inconclusive,
    };
    let more = match decision {
        Decision::Inconclusive => still_needed(float(units), z * se, (estimate - threshold).abs()),
        _ => Some(0),
    };
    Ok(ThresholdVerdict { decision, more })
}

/// A gap that is rounding, not distance.
const NO_GAP: f64 = 1e-12;

/// ⌈units·((needed/gap)² − 1)⌉, at least 1; `None` where there is no gap.
pub(crate) fn still_needed(units: f64, needed: f64, gap: f64) -> Option<u64> {
    let ratio = needed / gap;
    (gap > NO_GAP && ratio.is_finite()).then(|| round_up((units * (ratio * ratio - 1.0)).max(0.0)).max(1))
}

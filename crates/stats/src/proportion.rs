//! Intervals for rates.

use crate::describe::{count, mean, variance};
use crate::error::{require, require_alpha};
use crate::{StatsError, beta_ppf, norm_ppf, t_ppf};

/// An interval from `low` to `high`, both included, in the unit of what it is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Wilson's score interval for `x` passes of `n` (Wilson 1927), two-sided at level 1 − `alpha`.
///
/// With p = x/n and z = z₁₋α/₂: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), cut to [0, 1].
/// `x` and `n` may be real (effective sample sizes).
///
/// Domain: `n` > 0, 0 ≤ `x` ≤ `n`, 0 < `alpha` < 1. It assumes n independent tries: for trials of
/// several scenarios use [`ci_wilson_stat`].
///
/// # Errors
/// When a parameter is outside its domain.
pub fn ci_wilson(x: f64, n: f64, alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    require("n", n, "above 0", n > 0.0 && n.is_finite())?;
    require("x", x, "between 0 and n", (0.0..=n).contains(&x))?;
    let z = norm_ppf(1.0 - alpha / 2.0)?;
    let p = x / n;
    let denominator = 1.0 + z * z / n;
    let centre = (p + z * z / (2.0 * n)) / denominator;
    let half = z / denominator * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the formula is exact in theory; rounding must not leave 1 − 1e-17 there.
    let low = if x <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if x >= n { 1.0 } else { (centre + half).min(1.0) };
    Ok(Interval { low, high })
}

/// The interval for any statistic of a suite that is a mean over scenarios of a value in [0, 1]:
/// a pass rate (`values`: each scenario's mean over its trials; `cap`: the trials in all), or
/// pass@k and pass^k (`values`: each scenario's estimate; `cap`: scenarios × trials in all ÷ k).
///
/// A design-effect Wilson interval (Kish's effective sample size; the idea of Korn and Graubard
/// 1998; Dean and Pagano 2015): with p the mean and v = s²/n the squared standard error over the n
/// scenarios, n_eff = p(1−p)/v, kept within [n, `cap`], and n where it says nothing (s² = 0, or
/// p is 0 or 1); then n_eff·(z₁₋α/₂ / t₁₋α/₂,ₙ₋₁)² for the variance being estimated; then
/// [`ci_wilson`] of p·n_eff in n_eff. Two-sided at level 1 − `alpha`; unit: a rate.
///
/// Domain: values in [0, 1], `cap` > 0 (at least n in any sound use), 0 < `alpha` < 1.
///
/// **One scenario** (n = 1) has no variance between scenarios to estimate, and Student's t no
/// degree of freedom. A suite of one says nothing about variation, so the interval is all of
/// [0, 1]. **All values equal**: n_eff is n, however many trials there were; this is wide on
/// purpose, because trials are not independent scenarios.
///
/// # Errors
/// When there are no values or a parameter is outside its domain.
pub fn ci_wilson_stat(values: &[f64], cap: f64, alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    values.iter().try_for_each(|v| require("a value", *v, "between 0 and 1", (0.0..=1.0).contains(v)))?;
    let p = mean(values)?.clamp(0.0, 1.0);
    let n = count(values.len());
    require("cap", cap, "above 0", cap > 0.0 && cap.is_finite())?;
    if values.len() < 2 {
        return Ok(Interval { low: 0.0, high: 1.0 });
    }
    let v = variance(values)? / n;
    let effective = if v > 0.0 && p > 0.0 && p < 1.0 { p * (1.0 - p) / v } else { n };
    let ratio = norm_ppf(1.0 - alpha / 2.0)? / t_ppf(1.0 - alpha / 2.0, n - 1.0)?;
    let effective = effective.max(n).min(cap) * ratio * ratio;
    ci_wilson((p * effective).min(effective), effective, alpha)
}

fn passes(x: f64, n: f64, alpha: f64) -> Result<(), StatsError> {
    require_alpha(alpha)?;
    require("n", n, "above 0", n > 0.0 && n.is_finite())?;
    require("x", x, "between 0 and n", (0.0..=n).contains(&x))
}

/// The exact interval for `x` passes of `n` (Clopper and Pearson 1934), two-sided at level 1 − `alpha`: the quantiles
/// α/2 of Beta(x, n − x + 1) and 1 − α/2 of Beta(x + 1, n − x); 0 and 1 at the ends.
///
/// `x` and `n` may be real (Korn and Graubard 1998). It never covers less often than it says, and mostly more. Domain and
/// assumptions as for [`ci_wilson`].
///
/// # Errors
/// When a parameter is outside its domain.
pub fn ci_clopper_pearson(x: f64, n: f64, alpha: f64) -> Result<Interval, StatsError> {
    passes(x, n, alpha)?;
    let low = if x <= 0.0 { 0.0 } else { beta_ppf(alpha / 2.0, x, n - x + 1.0)? };
    let high = if x >= n { 1.0 } else { beta_ppf(1.0 - alpha / 2.0, x + 1.0, n - x)? };
    Ok(Interval { low, high })
}

/// Jeffreys' interval for `x` passes of `n` (Brown, Cai and DasGupta 2001), two-sided at level 1 − `alpha`: the
/// quantiles α/2 and 1 − α/2 of Beta(x + ½, n − x + ½); 0 where none passed, 1 where all did.
///
/// Domain and assumptions as for [`ci_wilson`].
///
/// # Errors
/// When a parameter is outside its domain.
pub fn ci_jeffreys(x: f64, n: f64, alpha: f64) -> Result<Interval, StatsError> {
    passes(x, n, alpha)?;
    let low = if x <= 0.0 { 0.0 } else { beta_ppf(alpha / 2.0, x + 0.5, n - x + 0.5)? };
    let high = if x >= n { 1.0 } else { beta_ppf(1.0 - alpha / 2.0, x + 0.5, n - x + 0.5)? };
    Ok(Interval { low, high })
}

/// [`ci_wilson_stat`] of a pass rate, from the scores of each scenario's trials (`scores[i][j]`: scenario i, trial j; rows
/// may differ in length), each in [0, 1]: the values are the scenario means, the cap is the number of trials.
///
/// # Errors
/// When there is no scenario, one has no trial, or a score or `alpha` is outside its domain.
pub fn ci_wilson_deff(scores: &[Vec<f64>], alpha: f64) -> Result<Interval, StatsError> {
    let means = scores.iter().map(|row| mean(row)).collect::<Result<Vec<f64>, _>>()?;
    scores.iter().flatten().try_for_each(|v| require("a score", *v, "between 0 and 1", (0.0..=1.0).contains(v)))?;
    let means: Vec<f64> = means.iter().map(|m| m.clamp(0.0, 1.0)).collect();
    ci_wilson_stat(&means, count(scores.iter().map(Vec::len).sum()), alpha)
}

/// How many tries must all pass to say, at the one-sided level 1 − `alpha`, that the rate is at least `p0`: the smallest
/// n with n ≥ ln α / ln p₀ (Clopper–Pearson with no failure; for α = 0.05 the "rule of three").
///
/// Domain: 0 < `p0` < 1, 0 < `alpha` < 1. Unit: independent tries (trials of one scenario are not).
///
/// # Errors
/// When a parameter is outside its domain.
pub fn zero_failure_n(p0: f64, alpha: f64) -> Result<u64, StatsError> {
    require_alpha(alpha)?;
    require("p0", p0, "between 0 and 1, both excluded", p0 > 0.0 && p0 < 1.0)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; the cast saturates")]
    let n = (alpha.ln() / p0.ln() - 1e-12).ceil() as u64;
    Ok(n)
}

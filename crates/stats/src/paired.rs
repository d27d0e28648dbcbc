//! Whether two endpoints differ on the same scenarios.

use crate::describe::{count, mean, standard_error, variance};
use crate::distribution::t_sf;
use crate::error::{require, require_alpha};
use crate::{Interval, Scope, StatsError, t_ppf};

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The candidate is better.
    Better,
    /// The candidate is worse.
    Worse,
    /// The data cannot tell.
    Undecided,
}

/// A paired t test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedT {
    /// The statistic; `None` where all differences are equal and it does not exist.
    pub t: Option<f64>,
    /// P(|T| ≥ |t|); where all differences are equal: 1 if they are `mu0`, else 0.
    pub p_two: f64,
    /// P(T ≥ t): one-sided, for "greater than `mu0`"; `None` where t is.
    pub p_greater: Option<f64>,
}

/// A comparison of two endpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedComparison {
    /// The mean difference, candidate minus baseline.
    pub delta: f64,
    /// Its interval at level 1 − alpha.
    pub interval: Interval,
    /// The two-sided p-value of the test that the interval comes from.
    pub p: f64,
    /// By that p-value and the sign of `delta`.
    pub verdict: Verdict,
}

/// Student's interval for a mean: x̄ ± t₁₋α/₂,ₙ₋₁ · s/√n, two-sided, in the values' unit.
///
/// Domain: at least two finite values, 0 < `alpha` < 1. Where all are equal it has no width.
///
/// # Errors
/// When there are fewer than two values or a parameter is outside its domain.
pub fn ci_mean_t(values: &[f64], alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    let (m, se) = (mean(values)?, standard_error(values)?);
    let half = t_ppf(1.0 - alpha / 2.0, count(values.len() - 1))? * se;
    Ok(Interval { low: m - half, high: m + half })
}

/// The paired t test on one difference per scenario (Miller, arXiv 2411.00640, eq. 7 and 8):
/// t = (d̄ − `mu0`) / (s/√n) with n − 1 degrees of freedom, against a true mean of `mu0` (0: no difference).
///
/// Domain: at least two finite differences, `mu0` finite. Units: probabilities.
///
/// # Errors
/// When there are fewer than two differences, or one or `mu0` is not finite.
pub fn paired_t(differences: &[f64], mu0: f64) -> Result<PairedT, StatsError> {
    require("mu0", mu0, "finite", mu0.is_finite())?;
    let (m, se) = (mean(differences)?, standard_error(differences)?);
    if se == 0.0 {
        return Ok(PairedT { t: None, p_two: if m == mu0 { 1.0 } else { 0.0 }, p_greater: None });
    }
    let (t, df) = ((m - mu0) / se, count(differences.len() - 1));
    let p_two = (2.0 * t_sf(t.abs(), df)?).min(1.0);
    Ok(PairedT { t: Some(t), p_two, p_greater: Some(t_sf(t, df)?) })
}

/// Compares two endpoints by the differences of their scenario means, candidate minus baseline:
/// [`paired_t`] with [`ci_mean_t`].
///
/// Domain: one finite difference for each scenario that both endpoints tried, at least two.
/// Unit: that of the differences.
///
/// Where all differences are equal there is no variance to judge by: the verdict is
/// [`Verdict::Undecided`], the interval has no width, and p is 1 for no difference at all and else
/// 0. Say in such a case what happened, and not the interval. [`signflip_exact`](crate::signflip_exact)
/// gives an exact p-value beside this one that needs no normality.
///
/// # Errors
/// When there are fewer than two differences or a parameter is outside its domain.
pub fn compare_paired(differences: &[f64], alpha: f64) -> Result<PairedComparison, StatsError> {
    let interval = ci_mean_t(differences, alpha)?;
    let delta = mean(differences)?;
    let test = paired_t(differences, 0.0)?;
    let significant = test.t.is_some() && test.p_two <= alpha;
    let verdict = match significant {
        true if delta > 0.0 => Verdict::Better,
        true => Verdict::Worse,
        false => Verdict::Undecided,
    };
    Ok(PairedComparison { delta, interval, p: test.p_two, verdict })
}

/// What [`compare_floored`] takes for `unseen`: by how much a scenario may differ without that having been seen.
///
/// * [`Scope::Suite`]: (1/k_A + 1/k_B)/2, the share of one trial.
/// * [`Scope::Population`]: 1. A scenario that breaks entirely may be among those that were not drawn.
///
/// `trials`: of either endpoint per scenario, at least 1.
///
/// # Errors
/// When a number of trials is below 1 or not finite.
pub fn unseen_difference(scope: Scope, trials: (f64, f64)) -> Result<f64, StatsError> {
    for k in [trials.0, trials.1] {
        require("the number of trials", k, "at least 1", k >= 1.0 && k.is_finite())?;
    }
    Ok(match scope {
        Scope::Suite => f64::midpoint(1.0 / trials.0, 1.0 / trials.1),
        Scope::Population => 1.0,
    })
}

/// The sum of squares about the mean with what was not seen: one more scenario that is off by `unseen`, and never less than
/// two such.
pub(crate) fn floored_squares(squares: f64, unseen: f64) -> f64 {
    (squares + unseen * unseen).max(2.0 * unseen * unseen)
}

/// Compares two endpoints as [`compare_paired`] does, with a spread that cannot vanish: d̄ ± t₁₋α/₂,ₙ₋₁ · √(S/(n(n − 1))),
/// S = max(Σ(dᵢ − d̄)² + u², 2u²), u = `unseen`; and the p-value of that t. So p ≤ `alpha` exactly where the interval leaves
/// out 0.
///
/// Student's own interval holds the truth too seldom where most scenarios come out alike. Of 30 scenarios of one trial that
/// nearly all pass, often none of the few that were lost is seen; its width is then 0. This one is then about ±3/(n·k) on a
/// suite, as the rule of three has it for n·k trials without an event. Where scenarios do vary it is a few per cent wider
/// than Student's.
///
/// Domain: at least two finite differences, finite `unseen` > 0 (see [`unseen_difference`]), 0 < `alpha` < 1. Unit: that of
/// the differences.
///
/// # Errors
/// When there are fewer than two differences or a parameter is outside its domain.
pub fn compare_floored(differences: &[f64], unseen: f64, alpha: f64) -> Result<PairedComparison, StatsError> {
    require_alpha(alpha)?;
    require("unseen", unseen, "above 0", unseen > 0.0 && unseen.is_finite())?;
    let (delta, n) = (mean(differences)?, count(differences.len()));
    let squares = floored_squares(variance(differences)? * (n - 1.0), unseen);
    let se = (squares / (n * (n - 1.0))).sqrt();
    let half = t_ppf(1.0 - alpha / 2.0, n - 1.0)? * se;
    let p = (2.0 * t_sf(delta.abs() / se, n - 1.0)?).min(1.0);
    let verdict = match p <= alpha {
        true if delta > 0.0 => Verdict::Better,
        true if delta < 0.0 => Verdict::Worse,
        _ => Verdict::Undecided,
    };
    Ok(PairedComparison { delta, interval: Interval { low: delta - half, high: delta + half }, p, verdict })
}

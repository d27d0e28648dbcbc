//! Whether two endpoints differ on the same scenarios.

use crate::describe::{count, mean, standard_error};
use crate::distribution::t_sf;
use crate::error::require_alpha;
use crate::{Interval, StatsError, t_ppf};

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

/// A paired t test of mean 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedT {
    /// The statistic; `None` where all differences are equal and it does not exist.
    pub t: Option<f64>,
    /// P(|T| ≥ |t|); where all differences are equal: 1 if they are 0, else 0.
    pub p_two: f64,
}

/// A comparison of two endpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedComparison {
    /// The mean difference, candidate minus baseline.
    pub delta: f64,
    /// Its interval at level 1 − alpha.
    pub interval: Interval,
    /// The two-sided p-value of the paired t test.
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
/// t = d̄ / (s/√n) with n − 1 degrees of freedom.
///
/// Domain: at least two finite differences.
///
/// # Errors
/// When there are fewer than two differences or one is not finite.
pub fn paired_t(differences: &[f64]) -> Result<PairedT, StatsError> {
    let (m, se) = (mean(differences)?, standard_error(differences)?);
    if se == 0.0 {
        return Ok(PairedT { t: None, p_two: if m == 0.0 { 1.0 } else { 0.0 } });
    }
    let t = m / se;
    let p_two = (2.0 * t_sf(t.abs(), count(differences.len() - 1))?).min(1.0);
    Ok(PairedT { t: Some(t), p_two })
}

/// Compares two endpoints by the differences of their scenario means, candidate minus baseline:
/// [`paired_t`] with [`ci_mean_t`].
///
/// Domain: one finite difference for each scenario that both endpoints tried, at least two.
/// Unit: that of the differences.
///
/// Where all differences are equal there is no variance to judge by: the verdict is
/// [`Verdict::Undecided`], the interval has no width, and p is 1 for no difference at all and else
/// 0. Say in such a case what happened, and not the interval. [`signflip_exact`] gives an exact
/// p-value beside this one that needs no normality.
///
/// # Errors
/// When there are fewer than two differences or a parameter is outside its domain.
pub fn compare_paired(differences: &[f64], alpha: f64) -> Result<PairedComparison, StatsError> {
    let interval = ci_mean_t(differences, alpha)?;
    let delta = mean(differences)?;
    let test = paired_t(differences)?;
    let significant = test.t.is_some() && test.p_two <= alpha;
    let verdict = match significant {
        true if delta > 0.0 => Verdict::Better,
        true => Verdict::Worse,
        false => Verdict::Undecided,
    };
    Ok(PairedComparison { delta, interval, p: test.p_two, verdict })
}

/// The exact sign-flip test's p-values; `_mid` are the mid-p versions, less conservative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignFlip {
    /// The statistic: the sum of the differences.
    pub total: i64,
    /// P(|S| ≥ |T|).
    pub two: f64,
    /// The same with half of P(|S| = |T|).
    pub two_mid: f64,
    /// P(S ≥ T).
    pub greater: f64,
    /// The same with half of P(S = T).
    pub greater_mid: f64,
    /// P(S ≤ T).
    pub less: f64,
    /// The same with half of P(S = T).
    pub less_mid: f64,
}

/// The most that absolute differences may sum to: bounds memory and time.
const MOST_TOTAL: u64 = 1 << 22;

/// Fisher's randomisation test on whole-numbered scenario differences dᵢ (passes of the candidate
/// minus passes of the baseline, with equal trials, or multiplied by their common multiple): under
/// no difference each sign is as likely as the other, and the law of S = Σ ±|dᵢ| is computed
/// exactly, by dynamic programming.
///
/// Domain: Σ|dᵢ| ≤ 2²². Time and memory grow with scenarios × Σ|dᵢ|. No differences, or all 0: p = 1
/// (mid-p 0.5, as the definition has it).
///
/// # Errors
/// When Σ|dᵢ| is too large.
pub fn signflip_exact(differences: &[i64]) -> Result<SignFlip, StatsError> {
    let sum = differences.iter().fold(0_u64, |sum, d| sum.saturating_add(d.unsigned_abs()));
    #[allow(clippy::cast_precision_loss, reason = "only shown")]
    crate::error::require("the sum of absolute differences", sum as f64, "at most 2^22", sum <= MOST_TOTAL)?;
    let total: i64 = differences.iter().sum();
    // Bounded just above.
    let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let middle = index(sum);
    let mut law = vec![0.0; 2 * middle + 1];
    law[middle] = 1.0;
    let mut reach = 0;
    for step in differences.iter().map(|d| index(d.unsigned_abs())).filter(|d| *d > 0) {
        let mut next = vec![0.0; law.len()];
        for at in middle - reach..=middle + reach {
            let half = 0.5 * law[at];
            next[at + step] += half;
            next[at - step] += half;
        }
        reach += step;
        law = next;
    }
    let size = index(total.unsigned_abs());
    let at = if total < 0 { middle - size } else { middle + size };
    let equal = law[at];
    let greater: f64 = law[at..].iter().sum();
    let less: f64 = law[..=at].iter().sum();
    let (two, both) = if size == 0 {
        (1.0, equal)
    } else {
        let tail: f64 = law[middle + size..].iter().sum::<f64>() + law[..=middle - size].iter().sum::<f64>();
        (tail, 2.0 * equal)
    };
    let p = |value: f64| value.min(1.0);
    Ok(SignFlip {
        total,
        two: p(two),
        two_mid: p(two - 0.5 * both),
        greater: p(greater),
        greater_mid: p(greater - 0.5 * equal),
        less: p(less),
        less_mid: p(less - 0.5 * equal),
    })
}

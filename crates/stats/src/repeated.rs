//! What several tries at one scenario are worth.

use crate::StatsError;

fn check(n: u64, c: u64, k: u64) -> Result<(), StatsError> {
    #[allow(clippy::cast_precision_loss, reason = "only shown")]
    let domain = |name, value: u64, domain| StatsError::Domain { name, value: value as f64, domain };
    match () {
        () if k == 0 => Err(domain("k", k, "at least 1")),
        () if k > n => Err(StatsError::KExceedsN { k, n }),
        () if c > n => Err(domain("c", c, "at most the number of trials")),
        () => Ok(()),
    }
}

/// The product over i < k of (top − i)/(n − i): C(top, k)/C(n, k), without large numbers.
fn choose_ratio(top: u64, n: u64, k: u64) -> f64 {
    if top < k {
        return 0.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "trials are far below 2^52")]
    let ratio = (0..k).map(|i| (top - i) as f64 / (n - i) as f64).product();
    ratio
}

/// The chance that at least one of `k` tries passes: 1 − C(n−c, k)/C(n, k), the unbiased estimate
/// from `c` passes in `n` trials of one scenario (Chen et al. 2021, arXiv 2107.03374).
///
/// Domain: 1 ≤ k ≤ n, c ≤ n. Unit: a probability. Average it over scenarios, and take the interval
/// by [`ci_wilson_stat`](crate::ci_wilson_stat) with cap = scenarios · trials / k.
///
/// # Errors
/// [`StatsError::KExceedsN`] when k > n (the estimate does not exist; never extrapolate), else
/// when a parameter is outside its domain.
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Result<f64, StatsError> {
    check(n, c, k)?;
    Ok(1.0 - choose_ratio(n - c, n, k))
}

/// The chance that all of `k` tries pass, pass^k: C(c, k)/C(n, k), the unbiased estimate from `c`
/// passes in `n` trials of one scenario (tau-bench, arXiv 2406.12045). Never the plug-in p̂ᵏ, which
/// is biased upward.
///
/// Domain, unit, averaging and interval as for [`pass_at_k`].
///
/// # Errors
/// As for [`pass_at_k`].
pub fn pass_hat_k(n: u64, c: u64, k: u64) -> Result<f64, StatsError> {
    check(n, c, k)?;
    Ok(choose_ratio(c, n, k))
}

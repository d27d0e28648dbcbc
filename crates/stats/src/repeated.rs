//! What several tries at one scenario are worth.

use crate::describe::{float, mean, variance};
use crate::error::require;
use crate::{Interval, StatsError, ci_wilson_stat};

/// The most trials of one scenario: bounds the time that a hostile count can take.
const MOST_TRIALS: u64 = 1 << 20;

pub(crate) fn check(n: u64, c: u64, k: u64) -> Result<(), StatsError> {
    let domain = |name, value, domain| StatsError::Domain { name, value: float(value), domain };
    match () {
        () if k == 0 => Err(domain("k", k, "at least 1")),
        () if k > n => Err(StatsError::KExceedsN { k, n }),
        () if c > n => Err(domain("c", c, "at most the number of trials")),
        () if n > MOST_TRIALS => Err(domain("n", n, "at most 2^20 trials")),
        () => Ok(()),
    }
}

/// C(top, k)/C(n, k) without large numbers: the product over i < k of (top − i)/(n − i), or, as that is the same, over
/// i < n − top of (n − k − i)/(n − i), whichever is shorter.
fn choose_ratio(top: u64, n: u64, k: u64) -> f64 {
    if top < k {
        return 0.0;
    }
    let (top, k) = if k <= n - top { (top, k) } else { (n - k, n - top) };
    (0..k).map(|i| float(top - i) / float(n - i)).product()
}

/// The law of the number of passes among `k` of `n` trials of which `c` passed (hypergeometric): the lowest number that
/// is possible, and the probabilities from there on.
fn passes_among(n: u64, c: u64, k: u64) -> (u64, Vec<f64>) {
    let (low, high) = (k.saturating_sub(n - c), k.min(c));
    let (n, c, k) = (float(n), float(c), float(k));
    let up = |j: u64| {
        let j = float(j);
        (c - j) * (k - j) / ((j + 1.0) * (n - c - k + j + 1.0))
    };
    (low, normalised_law(low, high, up))
}

/// Probabilities at `low`, …, `high` of a law with one peak, from the ratio `up(j)` of that at j + 1 to that at j: begun at
/// the peak and divided by their sum, so that nothing overflows and no digit is lost.
pub(crate) fn normalised_law(low: u64, high: u64, up: impl Fn(u64) -> f64) -> Vec<f64> {
    let (mut below, mut above) = (low, high);
    while below < above {
        let middle = below + (above - below) / 2;
        if up(middle) >= 1.0 { below = middle + 1 } else { above = middle }
    }
    let peak = below;
    let mut falling = Vec::new();
    let mut weight = 1.0;
    for j in (low..peak).rev() {
        weight /= up(j);
        falling.push(weight);
    }
    falling.reverse();
    let mut law = falling;
    law.push(1.0);
    weight = 1.0;
    for j in peak..high {
        weight *= up(j);
        law.push(weight);
    }
    let sum: f64 = law.iter().sum();
    law.iter_mut().for_each(|p| *p /= sum);
    law
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

/// The chance that at least the share `tau` of `k` tries passes, G-Pass@k_τ (Liu et al. 2024, arXiv 2412.13147):
/// Σ C(c, j)·C(n−c, k−j)/C(n, k) over j from ⌈τ·k⌉, the unbiased estimate from `c` passes in `n` trials of one scenario.
///
/// τ·k is rounded up with a guard of 1e-9, so that 0.7·10 is 7. With τ = 1 it is pass^k; with τ = 1/k pass@k.
///
/// Domain: 1 ≤ k ≤ n, c ≤ n, 0 ≤ `tau` ≤ 1. Unit, averaging and interval as for [`pass_at_k`].
///
/// # Errors
/// As for [`pass_at_k`], and for a `tau` outside [0, 1].
pub fn g_pass_at_k(n: u64, c: u64, k: u64, tau: f64) -> Result<f64, StatsError> {
    check(n, c, k)?;
    require("tau", tau, "between 0 and 1", (0.0..=1.0).contains(&tau))?;
    let least = at_least(tau, k);
    let (low, law) = passes_among(n, c, k);
    Ok((low..).zip(&law).filter(|(j, _)| *j >= least).map(|(_, p)| p).sum::<f64>().min(1.0))
}

/// ⌈τ·k⌉, guarded.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ tau·k ≤ k")]
fn at_least(tau: f64, k: u64) -> u64 {
    (tau * float(k) - 1e-9).ceil().max(0.0) as u64
}

/// The mean of G-Pass@k over thresholds above one half, mG-Pass@k (arXiv 2412.13147): (2/k)·Σ G-Pass@k_{i/k} for i from
/// ⌈k/2⌉ + 1 to k. For k = 1 the sum is empty, and it is 0.
///
/// Domain, unit, averaging and interval as for [`pass_at_k`].
///
/// # Errors
/// As for [`pass_at_k`].
pub fn mg_pass_at_k(n: u64, c: u64, k: u64) -> Result<f64, StatsError> {
    check(n, c, k)?;
    let first = k.div_ceil(2) + 1;
    let (low, law) = passes_among(n, c, k);
    // A number j of passes counts in the terms i from `first` to j.
    let counted = (low..).zip(&law).map(|(j, p)| p * float((j + 1).saturating_sub(first))).sum::<f64>();
    Ok(2.0 / float(k) * counted)
}

/// The chance that most of `k` tries pass, where there are two answers and a tie counts one half: maj@k, exactly, from `c`
/// passes in `n` trials of one scenario. For more answers see [`maj_at_k`](crate::maj_at_k).
///
/// Domain, unit, averaging and interval as for [`pass_at_k`].
///
/// # Errors
/// As for [`pass_at_k`].
pub fn maj_at_k_binary(n: u64, c: u64, k: u64) -> Result<f64, StatsError> {
    check(n, c, k)?;
    let (low, law) = passes_among(n, c, k);
    let worth = |j: u64| match (2 * j).cmp(&k) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    Ok((low..).zip(&law).map(|(j, p)| p * worth(j)).sum::<f64>().min(1.0))
}

/// How alike the trials of a scenario come out: 1 − 4·mean(sᵢ²) with the unbiased variance sᵢ² of each scenario's trials.
///
/// 1 where every scenario always does the same, 0 where each is a coin. `scores[i][j]`: scenario i, trial j, each 0 or 1.
/// With few trials the estimate may be below 0.
///
/// # Errors
/// When there is no scenario, one has fewer than two trials, or a score is outside [0, 1].
pub fn outcome_consistency(scores: &[Vec<f64>]) -> Result<f64, StatsError> {
    scores.iter().flatten().try_for_each(|v| require("a score", *v, "between 0 and 1", (0.0..=1.0).contains(v)))?;
    let spread = scores.iter().map(|row| variance(row)).collect::<Result<Vec<f64>, _>>()?;
    Ok(1.0 - 4.0 * mean(&spread)?)
}

/// What of `k` tries is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repeated {
    /// [`pass_at_k`]: at least one passes.
    PassAt,
    /// [`pass_hat_k`]: all pass.
    PassHat,
    /// [`g_pass_at_k`]: at least this share passes.
    GPass(f64),
    /// [`maj_at_k_binary`]: most pass.
    Majority,
}

/// A suite's mean of an estimate over k tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean over scenarios.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// A suite's pass@k, pass^k, G-Pass@k or maj@k: the mean over scenarios of the estimate, with [`ci_wilson_stat`] at the
/// cap (trials in all)/k.
///
/// `counts`: (trials, passes) of each scenario. Domain: every scenario has at least `k` trials. Unit: a probability.
///
/// # Errors
/// [`StatsError::KExceedsN`] where a scenario has fewer than `k` trials (never extrapolate, never leave it out in silence);
/// no scenario; a parameter outside its domain.
pub fn repeated_rate(counts: &[(u64, u64)], k: u64, what: Repeated, alpha: f64) -> Result<Estimate, StatsError> {
    let of = |(n, c): &(u64, u64)| match what {
        Repeated::PassAt => pass_at_k(*n, *c, k),
        Repeated::PassHat => pass_hat_k(*n, *c, k),
        Repeated::GPass(tau) => g_pass_at_k(*n, *c, k, tau),
        Repeated::Majority => maj_at_k_binary(*n, *c, k),
    };
    let values = counts.iter().map(|n_c| of(n_c).map(|v| v.clamp(0.0, 1.0))).collect::<Result<Vec<f64>, _>>()?;
    let trials: f64 = counts.iter().map(|(n, _)| float(*n)).sum();
    Ok(Estimate { value: mean(&values)?, interval: ci_wilson_stat(&values, trials / float(k), alpha)? })
}

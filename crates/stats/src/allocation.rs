//! Where trials are worth most.
//!
//! Standard deviations must come from a *previous* run: estimated in the same run they gain nothing. And scenarios whose
//! trials all came out alike are never dropped: that biases the rate.

use crate::StatsError;
use crate::describe::{count, float};
use crate::error::require;

fn deviations(sigma: &[f64]) -> Result<(), StatsError> {
    sigma.iter().try_for_each(|s| require("a standard deviation", *s, "at least 0", *s >= 0.0 && s.is_finite()))
}

/// Neyman's allocation (1934) of a `budget` of trials: kᵢ in proportion to `sigma[i]`, the standard deviation of a trial of
/// scenario i, but at least `least`; whole numbers by the largest remainder (ties: the first). Evenly where all are 0.
///
/// Scenarios that would fall below the floor get it, and the rest is shared among the others, until none is below. The sum is
/// the budget. Unit: trials.
///
/// # Errors
/// When there is no scenario, a standard deviation is negative or not finite, or the budget is below `least` for each
/// or above 2⁵³.
pub fn neyman(sigma: &[f64], budget: u64, least: u64) -> Result<Vec<u64>, StatsError> {
    deviations(sigma)?;
    if sigma.is_empty() {
        return Err(StatsError::Empty);
    }
    let n = sigma.len();
    let floor = least.saturating_mul(n as u64);
    require("budget", float(budget), "at least the floor for every scenario", budget >= floor)?;
    require("budget", float(budget), "at most 2^53", budget <= 1 << 53)?;
    let left = budget - floor;
    let wanted = wanted(sigma, float(budget), float(least));
    let above: Vec<f64> = wanted.iter().map(|w| (w - float(least)).max(0.0)).collect();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ above ≤ budget")]
    let mut extra: Vec<u64> = above.iter().map(|w| (w + 1e-12).floor() as u64).collect();
    let mut order: Vec<usize> = (0..n).collect();
    let remainder = |i: usize| above[i] - (above[i] + 1e-12).floor();
    order.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)));
    // Rounding may leave a little more or less to give than there are scenarios with a remainder.
    let given: u64 = extra.iter().sum();
    let places = n as u64;
    for (rank, i) in (0_u64..).zip(&order) {
        let short = left.saturating_sub(given);
        extra[*i] += short / places + u64::from(rank < short % places);
    }
    let mut over = given.saturating_sub(left);
    for i in order.iter().rev() {
        let back = over.min(extra[*i]);
        extra[*i] -= back;
        over -= back;
    }
    Ok(extra.into_iter().map(|k| k + least).collect())
}

/// The trials that each scenario should have, before rounding.
fn wanted(sigma: &[f64], budget: f64, least: f64) -> Vec<f64> {
    let n = count(sigma.len());
    let most = sigma.iter().copied().fold(0.0, f64::max);
    if most == 0.0 {
        return vec![budget / n; sigma.len()];
    }
    // Scaled where a product with the budget could leave the range of numbers.
    let sigma: Vec<f64> =
        if (1e-100..1e100).contains(&most) { sigma.to_vec() } else { sigma.iter().map(|s| s / most).collect() };
    // In descending order, those above the floor are the first ones: no quadratic search.
    let mut order: Vec<usize> = (0..sigma.len()).collect();
    order.sort_by(|a, b| sigma[*b].total_cmp(&sigma[*a]));
    let mut active = sigma.len();
    let (mut share, mut rest) = (sigma.iter().sum::<f64>(), budget);
    loop {
        let held = active;
        while active > 0 && rest * sigma[order[active - 1]] / share < least {
            active -= 1;
        }
        if active == held {
            break;
        }
        let mut kept = order[..active].to_vec();
        kept.sort_unstable();
        share = kept.iter().map(|i| sigma[*i]).sum();
        rest = budget - least * count(sigma.len() - active);
    }
    let mut wanted = vec![least; sigma.len()];
    for i in &order[..active] {
        wanted[*i] = rest * sigma[*i] / share;
    }
    wanted
}

/// The variance of a suite's rate under an allocation: Σ σᵢ²/kᵢ / n², for a fixed suite. Unit: a rate squared.
///
/// # Errors
/// When the two are not equally long or empty, a standard deviation is negative or not finite, or a scenario has no trial.
pub fn suite_variance(sigma: &[f64], trials: &[u64]) -> Result<f64, StatsError> {
    deviations(sigma)?;
    if sigma.is_empty() {
        return Err(StatsError::Empty);
    }
    require("the number of allocations", count(trials.len()), "that of scenarios", trials.len() == sigma.len())?;
    trials.iter().try_for_each(|k| require("the number of trials", float(*k), "at least 1", *k >= 1))?;
    Ok(sigma.iter().zip(trials).map(|(s, k)| s * s / float(*k)).sum::<f64>() / count(sigma.len()).powi(2))
}

/// The standard deviation of a trial of a scenario that passed `c` of `k` times, kept away from 0: the root of the posterior
/// mean of p(1 − p) under Jeffreys' prior Beta(½, ½), (c + ½)(k − c + ½)/((k + 1)(k + 2)). At most ½.
///
/// # Errors
/// When `c` is more than `k`.
pub fn shrunk_within_sd(c: u64, k: u64) -> Result<f64, StatsError> {
    require("c", float(c), "at most k", c <= k)?;
    let (c, k) = (float(c), float(k));
    Ok(((c + 0.5) * (k - c + 0.5) / ((k + 1.0) * (k + 2.0))).sqrt())
}

//! Several tests at once.

use crate::StatsError;
use crate::describe::count;
use crate::error::{require, require_alpha};

/// The places of p-values in ascending order; ties in the order given.
fn ascending(p: &[f64]) -> Result<Vec<usize>, StatsError> {
    p.iter().try_for_each(|p| require("a p-value", *p, "between 0 and 1", (0.0..=1.0).contains(p)))?;
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    Ok(order)
}

/// Holm's adjusted p-values (Holm 1979), in the order given: the r-th smallest of m becomes (m − r + 1)·p, at least those
/// before it, at most 1.
///
/// To reject those at or below α keeps the chance of *any* false claim at α, whatever the dependence: for claims. Unit:
/// probabilities. None for none.
///
/// # Errors
/// When a p-value is outside [0, 1].
pub fn holm(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (rank, i) in ascending(p)?.into_iter().enumerate() {
        most = most.max(count(p.len() - rank) * p[i]);
        adjusted[i] = most.min(1.0);
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjusted p-values (1995), in the order given: the r-th smallest of m becomes m·p/r, at most
/// those after it, at most 1.
///
/// To reject those at or below q keeps the expected *share* of false claims at q, for independent or positively dependent
/// tests: for screening. Unit: probabilities. None for none.
///
/// # Errors
/// When a p-value is outside [0, 1].
pub fn bh(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    step_up(p, 1.0)
}

/// [`bh`] for any dependence (Benjamini and Yekutieli 2001): times Σ 1/i, i = 1, …, m.
///
/// # Errors
/// When a p-value is outside [0, 1].
pub fn by(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    step_up(p, (1..=p.len()).map(|i| 1.0 / count(i)).sum())
}

fn step_up(p: &[f64], factor: f64) -> Result<Vec<f64>, StatsError> {
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, i) in ascending(p)?.into_iter().enumerate().rev() {
        least = least.min(p[i] * count(p.len()) * factor / count(rank + 1));
        adjusted[i] = least;
    }
    Ok(adjusted)
}

/// Which of several e-values to reject so that the expected share of false claims is at most `alpha`, whatever their
/// dependence (e-BH; Wang and Ramdas 2022): the k largest, with the greatest k for which k·e₍ₖ₎/m ≥ 1/α. Places in ascending
/// order.
///
/// # Errors
/// When an e-value is negative or NaN, or `alpha` is outside (0, 1).
pub fn ebh(e: &[f64], alpha: f64) -> Result<Vec<usize>, StatsError> {
    require_alpha(alpha)?;
    e.iter().try_for_each(|e| require("an e-value", *e, "at least 0", *e >= 0.0))?;
    let mut order: Vec<usize> = (0..e.len()).collect();
    order.sort_by(|a, b| e[*b].total_cmp(&e[*a]));
    let enough = |rank: usize| count(rank) * e[order[rank - 1]] / count(e.len()) >= 1.0 / alpha;
    let k = (1..=order.len()).rev().find(|rank| enough(*rank)).unwrap_or(0);
    order.truncate(k);
    order.sort_unstable();
    Ok(order)
}

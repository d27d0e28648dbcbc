//! Means, standard errors and quantiles.

use crate::StatsError;
use crate::error::require;

fn finite(values: &[f64]) -> Result<(), StatsError> {
    values.iter().try_for_each(|v| require("a value", *v, "finite", v.is_finite()))
}

#[allow(clippy::cast_precision_loss, reason = "no suite has 2^52 scenarios")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

#[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
pub(crate) fn float(n: u64) -> f64 {
    n as f64
}

/// A number of things to come as an integer, rounded up; what differs from an integer by rounding alone is that integer.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates, on purpose")]
pub(crate) fn round_up(n: f64) -> u64 {
    (n - 1e-9).ceil() as u64
}

/// The arithmetic mean: Σxᵢ / n, in the values' own unit.
///
/// Summed in the order given; the same values in the same order give the same bits.
///
/// # Errors
/// When there are no values, or one or their sum is not finite.
pub fn mean(values: &[f64]) -> Result<f64, StatsError> {
    finite(values)?;
    if values.is_empty() {
        return Err(StatsError::Empty);
    }
    let sum: f64 = values.iter().sum();
    require("the sum of values", sum, "finite", sum.is_finite())?;
    Ok(sum / count(values.len()))
}

/// The unbiased sample variance Σ(xᵢ − x̄)² / (n − 1), exactly 0 where all values are equal.
pub(crate) fn variance(values: &[f64]) -> Result<f64, StatsError> {
    let m = mean(values)?;
    if values.len() < 2 {
        return Err(StatsError::TooFew { needed: 2, got: values.len() });
    }
    // Rounding in the mean would give equal values a tiny variance, and with it a false certainty.
    if values.iter().all(|v| v == &values[0]) {
        return Ok(0.0);
    }
    let squares: f64 = values.iter().map(|v| (v - m).powi(2)).sum();
    require("the sum of squares", squares, "finite", squares.is_finite())?;
    Ok(squares / count(values.len() - 1))
}

/// The standard error of the mean: √(s² / n) with the unbiased sample variance s², in the values'
/// unit. With one value per scenario it is Miller's paired or clustered-by-scenario standard error
/// (arXiv 2411.00640, eq. 1).
///
/// # Errors
/// When there are fewer than two values, or one is not finite.
pub fn standard_error(values: &[f64]) -> Result<f64, StatsError> {
    Ok((variance(values)? / count(values.len())).sqrt())
}

/// The mean of the differences b − a of scenario means and its standard error (Miller, arXiv 2411.00640, eq. 7 and 8),
/// in the values' unit.
///
/// # Errors
/// When the two are not equally long, there are fewer than two, or one is not finite.
pub fn paired_se(a: &[f64], b: &[f64]) -> Result<(f64, f64), StatsError> {
    require("the length of b", count(b.len()), "that of a", a.len() == b.len())?;
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    Ok((mean(&differences)?, standard_error(&differences)?))
}

/// The standard error of a difference of the means of two unrelated samples: √(SE(a)² + SE(b)²), in the values' unit.
///
/// On the same scenarios it is larger than need be: use [`paired_se`].
///
/// # Errors
/// When either has fewer than two values, or one is not finite.
pub fn unpaired_se(a: &[f64], b: &[f64]) -> Result<f64, StatsError> {
    Ok(standard_error(a)?.hypot(standard_error(b)?))
}

/// The quantile of type 7 of Hyndman and Fan (1996), as in numpy's `linear` and R's default:
/// linear interpolation at h = (n − 1)·q between the order statistics.
///
/// Domain: at least one finite value, 0 ≤ `q` ≤ 1. Unit: the values' own. The values need not be sorted.
///
/// # Errors
/// When there are no values, one is not finite, or `q` is outside its domain.
pub fn quantile7(values: &[f64], q: f64) -> Result<f64, StatsError> {
    finite(values)?;
    require("q", q, "between 0 and 1", (0.0..=1.0).contains(&q))?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let h = count(sorted.len().checked_sub(1).ok_or(StatsError::Empty)?) * q;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 ≤ h ≤ n − 1")]
    let below = h.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let (low, high, share) = (sorted[below], sorted[above], h - h.floor());
    let apart = high - low;
    Ok(if apart.is_finite() { low + share * apart } else { low * (1.0 - share) + high * share })
}

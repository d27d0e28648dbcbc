//! Token counts as servers write them.

/// A count as a whole number; what is not a count is 0. The cap keeps hostile figures from overflowing sums.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
pub(crate) fn tokens(count: Option<f64>) -> u64 {
    count.filter(|c| c.is_finite()).unwrap_or(0.0).clamp(0.0, 1e12) as u64
}

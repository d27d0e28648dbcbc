//! McNemar's test: two endpoints, one trial of each scenario.

use crate::StatsError;
use crate::beta::fair_binomial;
use crate::describe::float;
use crate::error::require;

fn discordant(b: u64, c: u64) -> Result<u64, StatsError> {
    let n = b.saturating_add(c);
    require("b + c", float(n), "at most 2^53", n <= 1 << 53)?;
    Ok(n)
}

/// The exact test that `b` scenarios that only the one passed and `c` that only the other did are a fair coin's: twice the
/// smaller binomial tail, at most 1 (McNemar 1947; exact since Cochran 1950). 1 where nothing differs.
///
/// Only for one trial per scenario: trials pooled over scenarios are not independent, and the test is then wrong. For more
/// use [`compare_paired`](crate::compare_paired) or [`signflip_exact`](crate::signflip_exact).
///
/// # Errors
/// When `b` + `c` is more than 2⁵³.
pub fn mcnemar_exact(b: u64, c: u64) -> Result<f64, StatsError> {
    let n = discordant(b, c)?;
    Ok(if n == 0 { 1.0 } else { (2.0 * fair_binomial(b.min(c), n).0).min(1.0) })
}

/// The mid-p version of [`mcnemar_exact`], less conservative (Fagerland, Lydersen and Laake 2013): the exact p-value minus
/// the probability of what was seen; 1 minus half of that where b = c. 1 where nothing differs.
///
/// # Errors
/// As [`mcnemar_exact`].
pub fn mcnemar_midp(b: u64, c: u64) -> Result<f64, StatsError> {
    let n = discordant(b, c)?;
    if n == 0 {
        return Ok(1.0);
    }
    let (tail, at) = fair_binomial(b.min(c), n);
    Ok(if b == c { 1.0 - 0.5 * at } else { (2.0 * tail - at).clamp(0.0, 1.0) })
}

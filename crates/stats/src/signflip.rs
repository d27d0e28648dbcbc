//! The exact test of paired differences that needs no normality.

use crate::StatsError;
use crate::error::require;

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

/// The most that absolute differences may sum to: bounds memory.
const MOST_TOTAL: u64 = 1 << 22;

/// The most additions: bounds time.
const MOST_STEPS: u64 = 1 << 30;

/// Fisher's randomisation test on whole-numbered scenario differences dᵢ (passes of the candidate
/// minus passes of the baseline, with equal trials, or multiplied by their common multiple): under
/// no difference each sign is as likely as the other, and the law of S = Σ ±|dᵢ| is computed
/// exactly, by dynamic programming.
///
/// Domain: Σ|dᵢ| ≤ 2²² and n·Σ|dᵢ| ≤ 2³⁰ after division by their greatest common divisor. Memory grows with the sum, time
/// with the product. No differences, or all 0: p = 1 (mid-p 0.5, as the definition has it).
///
/// # Errors
/// When the sum or the product is too large.
pub fn signflip_exact(differences: &[i64]) -> Result<SignFlip, StatsError> {
    let divisor = differences.iter().fold(0_u64, |common, d| greatest_common(common, d.unsigned_abs())).max(1);
    let steps: Vec<u64> = differences.iter().map(|d| d.unsigned_abs() / divisor).filter(|d| *d > 0).collect();
    let sum = steps.iter().fold(0_u64, |sum, d| sum.saturating_add(*d));
    require("the sum of absolute differences", crate::describe::float(sum), "at most 2^22", sum <= MOST_TOTAL)?;
    let work = sum.saturating_mul(steps.len() as u64);
    require(
        "scenarios × the sum of absolute differences",
        crate::describe::float(work),
        "at most 2^30",
        work <= MOST_STEPS,
    )?;
    // No overflow where the sum over the divisor is small, but the differences themselves may be large.
    let total = differences.iter().fold(0_i128, |sum, d| sum + i128::from(*d));
    let total = i64::try_from(total).map_err(|_| StatsError::Domain {
        name: "the sum of differences",
        value: if total < 0 { f64::NEG_INFINITY } else { f64::INFINITY },
        domain: "within 64 bits",
    })?;
    // Bounded just above.
    let index = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    // The law of the sum of those with a plus: S is twice that minus all of them.
    let all = index(sum);
    let mut law = vec![0.0; all + 1];
    law[0] = 1.0;
    let mut next = law.clone();
    let mut reach = 0;
    for step in steps.into_iter().map(index) {
        reach += step;
        next[..=reach].iter_mut().zip(&law).for_each(|(next, stays)| *next = 0.5 * stays);
        next[step..=reach].iter_mut().zip(&law).for_each(|(next, flips)| *next += 0.5 * flips);
        std::mem::swap(&mut law, &mut next);
    }
    let size = index(total.unsigned_abs() / divisor);
    let (low, high) = ((all - size) / 2, (all + size) / 2);
    let at = if total < 0 { low } else { high };
    let equal = law[at];
    let greater: f64 = law[at..].iter().sum();
    let less: f64 = law[..=at].iter().sum();
    let (two, both) = if size == 0 {
        (1.0, equal)
    } else {
        (law[high..].iter().sum::<f64>() + law[..=low].iter().sum::<f64>(), 2.0 * equal)
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

fn greatest_common(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

//! Scenarios whose true rates follow a beta distribution, and what many more tries would bring if they did.
//!
//! It assumes **no impossible scenarios**: every rate is above 0, so that enough tries pass all. Where some scenarios are
//! impossible, pass@k for large k comes out far too high. Say so beside every such number, and let none decide a gate.

use crate::StatsError;
use crate::beta::{ln_beta, ln_choose, parameters};
use crate::describe::float;
use crate::error::require;

/// The most trials of one scenario.
const MOST_TRIALS: u64 = 1 << 16;

/// Beyond these the likelihood has no peak that data could tell from its edge.
const EDGE: f64 = 1e7;

/// A beta-binomial distribution fitted to a suite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaBinomial {
    /// The first parameter: how fast pass@k nears 1 (1 − pass@k falls like k⁻ᵃ).
    pub a: f64,
    /// The second parameter; the mean rate is a/(a + b).
    pub b: f64,
    /// The log-likelihood, with the binomial coefficients.
    pub loglik: f64,
}

/// How many scenarios have more than i passes, failures and trials, for every i.
struct Exceeding(Vec<[f64; 3]>);

impl Exceeding {
    fn new(counts: &[(u64, u64)]) -> Self {
        let most = counts.iter().map(|(k, _)| *k).max().unwrap_or(0);
        let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let mut steps = vec![[0.0; 3]; place(most) + 1];
        for (k, c) in counts {
            for (kind, n) in [*c, k - c, *k].into_iter().enumerate() {
                steps[place(n)][kind] += 1.0;
            }
        }
        // steps[n]: those with exactly n. Those with more than i: the sum from i + 1 on.
        for i in (0..steps.len() - 1).rev() {
            let after = steps[i + 1];
            steps[i].iter_mut().zip(after).for_each(|(n, more)| *n += more);
        }
        Self(steps.split_off(1))
    }

    /// The log-likelihood in ln a and ln b, without what does not depend on them; its gradient; its second derivatives
    /// (aa, ab, bb).
    fn at(&self, [la, lb]: [f64; 2]) -> (f64, [f64; 2], [f64; 3]) {
        let (a, b) = (la.exp(), lb.exp());
        let (mut value, mut da, mut db, mut daa, mut dab, mut dbb) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (i, [passes, failures, trials]) in (0_u64..).zip(&self.0) {
            let i = float(i);
            let (ra, rb, rs) = (1.0 / (a + i), 1.0 / (b + i), 1.0 / (a + b + i));
            value += passes * (a + i).ln() + failures * (b + i).ln() - trials * (a + b + i).ln();
            da += passes * ra - trials * rs;
            db += failures * rb - trials * rs;
            daa += trials * rs * rs - passes * ra * ra;
            dbb += trials * rs * rs - failures * rb * rb;
            dab += trials * rs * rs;
        }
        (value, [a * da, b * db], [a * a * daa + a * da, a * b * dab, b * b * dbb + b * db])
    }
}

/// The beta-binomial distribution of greatest likelihood for `counts`: (trials, passes) of each scenario (Kazdan et al. 2025,
/// arXiv 2510.05197; Schaeffer et al. 2025, arXiv 2502.17578). By Newton's method in ln a and ln b, damped where it must be.
///
/// Domain: passes ≤ trials ≤ 2¹⁶. See the module on what it assumes.
///
/// # Errors
/// [`StatsError::Undefined`] where the likelihood has no peak: no scenario ever passed, all always did, all trials of every
/// scenario came out alike, no scenario has two trials, or scenarios vary no more than one common rate would make them. No scenario, or a count outside
/// its domain.
pub fn betabinom_mle(counts: &[(u64, u64)]) -> Result<BetaBinomial, StatsError> {
    if counts.is_empty() {
        return Err(StatsError::Empty);
    }
    for (k, c) in counts {
        require("the number of trials", float(*k), "at most 2^16", *k <= MOST_TRIALS)?;
        require("the number of passes", float(*c), "at most that of trials", c <= k)?;
    }
    let none = |why| Err(StatsError::Undefined { what: "the beta-binomial fit", why });
    if counts.iter().all(|(_, c)| *c == 0) {
        return none("no trial passed");
    }
    if counts.iter().all(|(k, c)| c == k) {
        return none("every trial passed");
    }
    let exceeding = Exceeding::new(counts);
    let mut at = [0.0, 0.0];
    let (mut value, mut gradient, mut second) = exceeding.at(at);
    let mut damping = 0.0;
    for _ in 0..500 {
        let [aa, ab, bb] = [second[0] - damping, second[1], second[2] - damping];
        let determinant = aa * bb - ab * ab;
        // Only where it is surely concave does Newton's step lead uphill.
        let step = (aa < 0.0 && determinant > 0.0).then(|| {
            [(ab * gradient[1] - bb * gradient[0]) / determinant, (ab * gradient[0] - aa * gradient[1]) / determinant]
        });
        let next = step.map(|s| [0, 1].map(|i| at[i] + s[i].clamp(-2.0, 2.0)));
        let taken =
            next.map(|next| (next, exceeding.at(next))).filter(|(_, (v, ..))| *v >= value - 1e-12 * value.abs());
        let Some((next, (v, g, h))) = taken else {
            damping = if damping == 0.0 { 1e-3 * (1.0 + second[0].abs() + second[2].abs()) } else { damping * 4.0 };
            if !damping.is_finite() || damping > 1e18 {
                break;
            }
            continue;
        };
        let moved = (next[0] - at[0]).abs().max((next[1] - at[1]).abs());
        (at, value, gradient, second) = (next, v, g, h);
        damping = if damping > 1e-9 { damping / 8.0 } else { 0.0 };
        if at.iter().any(|l| l.abs() > EDGE.ln()) {
            return none("the scenarios vary no more, or no less, than the model can say");
        }
        if moved < 1e-13 {
            break;
        }
    }
    let scale: f64 = 1.0 + second[0].abs().max(second[2].abs());
    let flat = gradient[0].abs().max(gradient[1].abs()) <= 1e-6 * scale;
    // A ridge is no peak: with single trials only a/(a + b) matters.
    let curved = second[0] * second[2] - second[1].powi(2) > 1e-9 * second[0] * second[2];
    if !flat || !curved {
        return none("the likelihood has no peak");
    }
    let (a, b) = (at[0].exp(), at[1].exp());
    let constant: f64 = counts.iter().map(|(k, c)| ln_choose(float(*k), float(*c))).sum();
    Ok(BetaBinomial { a, b, loglik: value + constant })
}

/// pass@k where rates follow Beta(a, b): E\[1 − (1 − p)ᵏ\] = 1 − B(a, b + k)/B(a, b). See the module on what it assumes.
///
/// Domain: `a`, `b` > 0. Unit: a probability.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn betabinom_pass_at_k(a: f64, b: f64, k: u64) -> Result<f64, StatsError> {
    parameters(a, b)?;
    Ok((-(ln_beta(a, b + float(k)) - ln_beta(a, b)).exp_m1()).clamp(0.0, 1.0))
}

/// pass^k where rates follow Beta(a, b): E\[pᵏ\] = B(a + k, b)/B(a, b).
///
/// Domain: `a`, `b` > 0. Unit: a probability.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn betabinom_pass_hat_k(a: f64, b: f64, k: u64) -> Result<f64, StatsError> {
    parameters(a, b)?;
    Ok((ln_beta(a + float(k), b) - ln_beta(a, b)).exp().clamp(0.0, 1.0))
}

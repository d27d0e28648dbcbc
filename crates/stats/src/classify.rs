//! How a scenario's outcomes vary.

use crate::describe::float;
use crate::error::require;
use crate::{StatsError, betainc};

/// How a scenario's outcomes vary. Varying is not a fault of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// It passes nearly always.
    StablePass,
    /// It fails nearly always.
    StableFail,
    /// It does neither.
    Flaky,
    /// The trials cannot tell: eight passes of eight are not enough to call a scenario stable.
    Undetermined,
}

/// A class with the probabilities behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlakyClass {
    /// The class.
    pub class: Stability,
    /// P(p > τ).
    pub p_stable_pass: f64,
    /// P(p < 1 − τ).
    pub p_stable_fail: f64,
    /// P(1 − τ < p < τ).
    pub p_flaky: f64,
}

/// How to classify.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlakyRule {
    /// The rate beyond which a scenario counts as stable; usually 0.9.
    pub tau: f64,
    /// How probable a class must be to be said; usually 0.95.
    pub confidence: f64,
    /// The prior Beta(a, b); usually Jeffreys' (½, ½).
    pub prior: (f64, f64),
}

impl Default for FlakyRule {
    fn default() -> Self {
        Self { tau: 0.9, confidence: 0.95, prior: (0.5, 0.5) }
    }
}

/// Classifies a scenario by the posterior Beta(c + a, k − c + b) of its rate after `c` passes in `k` trials: stable where
/// P(p > τ) or P(p < 1 − τ) reaches the confidence, flaky where P(1 − τ < p < τ) does, else undetermined.
///
/// Domain: c ≤ k, ½ ≤ τ ≤ 1, 0 < confidence < 1, a, b > 0. Units: probabilities; the three sum to 1.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn flaky_class(c: u64, k: u64, rule: FlakyRule) -> Result<FlakyClass, StatsError> {
    let FlakyRule { tau, confidence, prior: (a, b) } = rule;
    require("c", float(c), "at most k", c <= k)?;
    require("tau", tau, "between one half and 1", (0.5..=1.0).contains(&tau))?;
    require("confidence", confidence, "between 0 and 1, both excluded", confidence > 0.0 && confidence < 1.0)?;
    let (a, b) = (float(c) + a, float(k - c) + b);
    let pass = betainc(b, a, 1.0 - tau)?;
    let fail = betainc(a, b, 1.0 - tau)?;
    let flaky = (1.0 - pass - fail).max(0.0);
    let class = match () {
        () if pass >= confidence => Stability::StablePass,
        () if fail >= confidence => Stability::StableFail,
        () if flaky >= confidence => Stability::Flaky,
        () => Stability::Undetermined,
    };
    Ok(FlakyClass { class, p_stable_pass: pass, p_stable_fail: fail, p_flaky: flaky })
}

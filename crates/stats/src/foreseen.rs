//! What the tests of this crate will say, foreseen: how often [`compare_floored`](crate::compare_floored) finds a true
//! difference, and how often [`gate_ni`](crate::gate_ni) passes, with all that these do: Student's quantiles, and what
//! either allows for that was not seen. The formulas of [`power_mde`](crate::power_mde) and its like leave both out, and promise too
//! much where there are few scenarios.

use crate::describe::float;
use crate::error::{require, require_alpha, require_error_rates};
use crate::paired::floored_squares;
use crate::{GateRule, Scope, StatsError, norm_cdf, t_ppf};

/// The variance of one scenario's measured difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How far it varies from one run of the plan to the next: σ_A²/k_A + σ_B²/k_B on a fixed suite; ω² more where
    /// scenarios are drawn anew.
    pub drawn: f64,
    /// How far it varies over the scenarios of a run, which is what a test goes by: ω² + σ_A²/k_A + σ_B²/k_B. On a fixed suite
    /// that is more than `drawn`, and the test is the more careful for it.
    pub seen: f64,
}

impl Spread {
    fn check(self) -> Result<(), StatsError> {
        for value in [self.drawn, self.seen] {
            require("a variance", value, "at least 0", value >= 0.0 && value.is_finite())?;
        }
        Ok(())
    }
}

/// Steps of the sum over what a sample's standard deviation may be.
const STEPS: u32 = 240;

/// What a sample's standard deviation, over the true one, may be, with weights: √(χ²/df), by the midpoint rule over eight
/// of its standard deviations.
fn deviations(df: f64) -> Vec<(f64, f64)> {
    let reach = 8.0 / (2.0 * df).sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let peak = ((df - 1.0) / df).sqrt();
    let log_density = |s: f64| if df > 1.0 { (df - 1.0) * s.ln() } else { 0.0 } - df * s * s / 2.0;
    // Against the peak, so that nothing underflows for large df.
    let at_peak = if df > 1.0 { log_density(peak) } else { 0.0 };
    let step = (high - low) / f64::from(STEPS);
    let mut found: Vec<(f64, f64)> =
        (0..STEPS).map(|i| low + (f64::from(i) + 0.5) * step).map(|s| (s, (log_density(s) - at_peak).exp())).collect();
    let sum: f64 = found.iter().map(|(_, weight)| weight).sum();
    found.iter_mut().for_each(|(_, weight)| *weight /= sum);
    found
}

/// Φ(distance/sd), a step where nothing is drawn.
fn chance(distance: f64, sd: f64) -> f64 {
    match () {
        () if sd > 0.0 => norm_cdf(distance / sd),
        () if distance > 0.0 => 1.0,
        () => 0.0,
    }
}

/// The chance that [`compare_floored`](crate::compare_floored) with `unseen` on `n` scenarios finds a true mean difference
/// `delta` at the two-sided level `alpha`, summed over what the sample's standard deviation may be. For `unseen` 0 it is that
/// of [`compare_paired`](crate::compare_paired): P(|T| > t₁₋α/₂,ₙ₋₁) for Student's noncentral T. Where `spread.drawn` is less than `spread.seen`, the mean varies by the one and the test goes by the other.
///
/// Domain: `n` ≥ 2, finite `delta`, `unseen` ≥ 0. Unit: a probability. It takes differences of scenarios for normal.
///
/// # Errors
/// When a parameter is outside its domain, or nothing varies ([`StatsError::Undefined`]).
pub fn foreseen_comparison(delta: f64, n: u64, spread: Spread, unseen: f64, alpha: f64) -> Result<f64, StatsError> {
    require("delta", delta, "finite", delta.is_finite())?;
    require("n", float(n), "at least 2", n >= 2)?;
    require_alpha(alpha)?;
    require("unseen", unseen, "at least 0", unseen >= 0.0 && unseen.is_finite())?;
    spread.check()?;
    if spread.seen <= 0.0 {
        return Err(StatsError::Undefined { what: "the power", why: "nothing varies" });
    }
    let (n, df) = (float(n), float(n - 1));
    let (sd, t) = ((spread.drawn / n).sqrt(), t_ppf(1.0 - alpha / 2.0, df)?);
    let power = |s: f64| {
        let reach = t * (floored_squares(df * spread.seen * s * s, unseen) / (n * df)).sqrt();
        chance(delta - reach, sd) + chance(-delta - reach, sd)
    };
    Ok(deviations(df).iter().map(|(s, weight)| weight * power(*s)).sum::<f64>().min(1.0))
}

/// The chance that [`gate_ni`](crate::gate_ni) says *no worse* on `n` scenarios with `trials` per scenario of either endpoint,
/// where the true mean difference is `delta`; its pseudo-scenarios, which keep it careful on small suites, included.
///
/// Domain: `n` ≥ 2, `trials` ≥ 1, finite `delta`. Unit: a probability. `rule.power` is not used.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn foreseen_gate(delta: f64, n: u64, trials: u64, spread: Spread, rule: GateRule) -> Result<f64, StatsError> {
    require("delta", delta, "finite", delta.is_finite())?;
    require("n", float(n), "at least 2", n >= 2)?;
    require("trials", float(trials), "at least 1", trials >= 1)?;
    require("margin", rule.margin, "at least 0", rule.margin >= 0.0 && rule.margin.is_finite())?;
    require_error_rates(rule.alpha, rule.power)?;
    require("alpha", rule.alpha, "below one half", rule.alpha < 0.5)?;
    spread.check()?;
    let eps_squared = match rule.scope {
        Scope::Suite => 1.0 / float(trials),
        Scope::Population => 1.0,
    };
    let (n, df) = (float(n), float(n - 1));
    let pull = n / (n + 2.0);
    let (sd, t) = (pull * (spread.drawn / n).sqrt(), t_ppf(1.0 - rule.alpha, df)?);
    // The squares about the mean of the differences and the two pseudo-scenarios.
    let beside = 2.0 * eps_squared + 2.0 * pull * delta * delta;
    let passes = |s: f64| {
        let se = ((df * spread.seen * s * s + beside) / ((n + 1.0) * (n + 2.0))).sqrt();
        chance(pull * delta + rule.margin - t * se, sd)
    };
    Ok(deviations(df).iter().map(|(s, weight)| weight * passes(*s)).sum::<f64>().min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GateVerdict, Random, Verdict, compare_floored, gate_ni};

    const RULE: GateRule = GateRule { margin: 0.05, scope: Scope::Suite, alpha: 0.05, power: 0.8 };

    #[test]
    fn it_is_the_power_of_students_test() {
        // As programs for sample sizes have it: half a standard deviation on 34 pairs 0.808, on 10 pairs 0.293.
        let spread = Spread { drawn: 1.0, seen: 1.0 };
        let at = |n| foreseen_comparison(0.5, n, spread, 0.0, 0.05).unwrap();
        assert!((at(34) - 0.808).abs() < 0.002, "{}", at(34));
        assert!((at(10) - 0.293).abs() < 0.002, "{}", at(10));
        assert!((foreseen_comparison(0.0, 4, spread, 0.0, 0.05).unwrap() - 0.05).abs() < 0.001);
        // And with many scenarios that of the normal approximation.
        let design = crate::Design {
            between: 1.0,
            within_baseline: 0.0,
            trials_baseline: 1,
            within_candidate: 0.0,
            trials_candidate: 1,
        };
        let normal = crate::power_at(0.02, 20_000, &design, 0.05).unwrap();
        assert!((foreseen_comparison(0.02, 20_000, spread, 0.0, 0.05).unwrap() - normal).abs() < 1e-3);
    }

    /// How often the comparison finds a drop of `delta` on a suite, and the gate passes, in that many runs of `n` fixed
    /// scenarios with `k` trials: what is foreseen against what comes of it.
    fn runs(n: usize, k: u32, delta: f64) -> ([f64; 2], [f64; 2]) {
        let mut random = Random::new(7);
        let baseline: Vec<f64> = (0..n).map(|i| [0.97, 0.9, 0.6, 0.95, 0.5, 0.99][i % 6]).collect();
        // Scenarios differ in how far they drop.
        let drops: Vec<f64> = (0..n).map(|i| delta * [0.5, 1.5][i % 2]).collect();
        let mut count = |p: f64| f64::from((0..k).map(|_| u32::from(random.unit() < p)).sum::<u32>()) / f64::from(k);
        let (mut found, mut passed) = (0, 0);
        for _ in 0..1500 {
            let differences: Vec<f64> =
                baseline.iter().zip(&drops).map(|(p, drop)| count(p - drop) - count(*p)).collect();
            found +=
                u32::from(compare_floored(&differences, 1.0 / f64::from(k), 0.05).unwrap().verdict == Verdict::Worse);
            let trials = (f64::from(k), f64::from(k));
            passed += u32::from(gate_ni(&differences, trials, RULE).unwrap().verdict == GateVerdict::NoWorse);
        }
        let within = |rates: Vec<f64>| rates.iter().map(|p| p * (1.0 - p)).sum::<f64>() / n as f64 / f64::from(k);
        let after = baseline.iter().zip(&drops).map(|(p, d)| p - d).collect();
        let drawn = within(baseline) + within(after);
        let between = drops.iter().map(|d| (d - delta).powi(2)).sum::<f64>() / (n as f64 - 1.0);
        let spread = Spread { drawn, seen: drawn + between };
        let of = |n: u32| f64::from(n) / 1500.0;
        let foreseen = [
            foreseen_comparison(delta, n as u64, spread, 1.0 / f64::from(k), 0.05).unwrap(),
            foreseen_gate(-delta, n as u64, u64::from(k), spread, RULE).unwrap(),
        ];
        (foreseen, [of(found), of(passed)])
    }

    #[test]
    fn what_is_foreseen_comes_true() {
        for (n, k, delta) in [(12, 4, 0.2), (24, 3, 0.1), (60, 4, 0.0), (60, 8, 0.05), (24, 16, 0.0), (6, 8, 0.15)] {
            let (foreseen, came) = runs(n, k, delta);
            if delta > 0.0 {
                assert!((foreseen[0] - came[0]).abs() < 0.05, "{n} × {k}, {delta}: {foreseen:?} {came:?}");
            }
            assert!((foreseen[1] - came[1]).abs() < 0.05, "{n} × {k}, {delta}: {foreseen:?} {came:?}");
        }
    }

    #[test]
    fn what_is_foreseen_of_scenarios_that_are_drawn_anew_comes_true() {
        const CHANCES: [f64; 6] = [0.97, 0.9, 0.6, 0.95, 0.5, 0.99];
        let rule = GateRule { scope: Scope::Population, margin: 0.1, ..RULE };
        for (n, k, delta) in [(12_u32, 4_u32, 0.15), (40, 3, 0.1), (90, 2, 0.0), (60, 6, 0.05)] {
            let mut random = Random::new(9);
            let (mut found, mut passed) = (0, 0);
            for _ in 0..1500 {
                let mut differences = Vec::new();
                for _ in 0..n {
                    // Half of the scenarios drop by twice delta, and half not at all.
                    let p = CHANCES[random.index(6)];
                    let drop = if random.unit() < 0.5 { 2.0 * delta } else { 0.0 };
                    let mut rate =
                        |p: f64| f64::from((0..k).map(|_| u32::from(random.unit() < p)).sum::<u32>()) / f64::from(k);
                    differences.push(rate(p - drop) - rate(p));
                }
                found += u32::from(compare_floored(&differences, 1.0, 0.05).unwrap().verdict == Verdict::Worse);
                let trials = (f64::from(k), f64::from(k));
                passed += u32::from(gate_ni(&differences, trials, rule).unwrap().verdict == GateVerdict::NoWorse);
            }
            let within = |drop: f64| CHANCES.iter().map(|p| (p - drop) * (1.0 - p + drop)).sum::<f64>() / 6.0;
            let seen = (within(0.0) * 1.5 + within(2.0 * delta) / 2.0) / f64::from(k) + delta * delta;
            let spread = Spread { drawn: seen, seen };
            let comparison = foreseen_comparison(delta, u64::from(n), spread, 1.0, 0.05).unwrap();
            let gate = foreseen_gate(-delta, u64::from(n), u64::from(k), spread, rule).unwrap();
            let (found, passed) = (f64::from(found) / 1500.0, f64::from(passed) / 1500.0);
            let said = format!("{n} × {k}, {delta}: {comparison} {found}, {gate} {passed}");
            assert!(delta == 0.0 || (comparison - found).abs() < 0.05, "{said}");
            assert!((gate - passed).abs() < 0.05, "{said}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_does_not_vary_is_sure() {
        let still = Spread { drawn: 0.0, seen: 0.0 };
        assert!(foreseen_comparison(0.1, 10, still, 0.5, 0.05).is_err());
        assert_eq!(foreseen_gate(0.0, 100, 8, still, RULE), Ok(1.0));
        assert_eq!(foreseen_gate(0.0, 4, 1, still, RULE), Ok(0.0));
        assert!(foreseen_comparison(f64::NAN, 10, Spread { drawn: 1.0, seen: 1.0 }, 0.5, 0.05).is_err());
        assert!(foreseen_comparison(0.1, 1, Spread { drawn: 1.0, seen: 1.0 }, 0.5, 0.05).is_err());
        assert!(foreseen_gate(0.1, 3, 0, still, RULE).is_err());
    }
}

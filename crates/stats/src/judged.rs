//! What a rate is that an imperfect judge has counted.
//!
//! Two situations, two methods. Where the labels are a random part of the very episodes that were judged, they say how
//! often the judge errs *there*: [`stratified_rate`] and [`ppi_mean`] use nothing else. Where they come from elsewhere,
//! all that carries over is how often it errs on what is truly good and truly bad: [`rogan_gladen`].

use crate::describe::{count, mean};
use crate::error::{require, require_alpha};
use crate::{Interval, StatsError, ci_wilson, norm_ppf};

/// A rate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The estimate, from 0 to 1.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
    /// How many equally weighted independent labels it is worth (Kish's effective number); for a plain sample, their
    /// number.
    pub effective: f64,
}

/// A weighted share: labels that hold, each with the inverse of its probability to be sampled.
///
/// The estimate is Hájek's ratio Σw·y / Σw; the interval is Wilson's with Kish's effective number (Σw)² / Σw². With
/// equal weights that is [`ci_wilson`]. Two-sided at level 1 − `alpha`.
///
/// # Errors
/// When there is no label, a weight is not positive, or `alpha` is outside (0, 1).
pub fn weighted_rate(labels: &[(bool, f64)], alpha: f64) -> Result<Rate, StatsError> {
    require_alpha(alpha)?;
    labels.iter().try_for_each(|(_, w)| require("a weight", *w, "above 0", *w > 0.0 && w.is_finite()))?;
    if labels.is_empty() {
        return Err(StatsError::Empty);
    }
    let all: f64 = labels.iter().map(|(_, w)| w).sum();
    let squares: f64 = labels.iter().map(|(_, w)| w * w).sum();
    let holding: f64 = labels.iter().filter(|(y, _)| *y).map(|(_, w)| w).sum();
    let effective = (all * all / squares).min(count(labels.len()));
    // The sum of nothing is −0.
    let value = (holding / all).clamp(0.0, 1.0) + 0.0;
    Ok(Rate { value, interval: ci_wilson((value * effective).min(effective), effective, alpha)?, effective })
}

/// A part of what was judged, of which some were labelled at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stratum {
    /// How many there are of it.
    pub all: u64,
    /// How many of them were labelled.
    pub labelled: u64,
    /// How many of these are truly good.
    pub good: u64,
}

/// The true rate where a random part of every stratum (such as: what the judge passed, what it failed) was labelled.
///
/// The stratified estimate Σ Wₕ·pₕ (Cochran 1977, ch. 5); with strata by the judge's grade it is prediction-powered
/// inference with the best weight for each grade. What was judged is itself a sample of what could have been, so the
/// variance is that of double sampling (Cochran 1977, ch. 12): p(1 − p)/N + Σ Wₕ²(1 − fₕ)·pₕ(1 − pₕ)/nₕ, with (good + ½)
/// out of (labelled plus 1) for pₕ, so that a few labels that all agree do not claim to be certain. The interval is
/// Wilson's with the number of labels that this variance is worth, and so never narrower than if all had been labelled.
/// Two-sided at level 1 − `alpha`.
///
/// # Errors
/// [`StatsError::TooFew`] where a stratum that has members has no label; nothing was judged; counts that contradict
/// each other; an `alpha` outside (0, 1).
pub fn stratified_rate(strata: &[Stratum], alpha: f64) -> Result<Rate, StatsError> {
    require_alpha(alpha)?;
    #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
    let float = |n: u64| n as f64;
    let total: f64 = strata.iter().map(|s| float(s.all)).sum();
    if total == 0.0 {
        return Err(StatsError::Empty);
    }
    let (mut value, mut variance) = (0.0, 0.0);
    for stratum in strata.iter().filter(|s| s.all > 0) {
        let (all, n, good) = (float(stratum.all), float(stratum.labelled), float(stratum.good));
        if stratum.labelled == 0 {
            return Err(StatsError::TooFew { needed: 1, got: 0 });
        }
        require("labelled", n, "at most the number judged", n <= all)?;
        require("good", good, "at most the number labelled", good <= n)?;
        let share = all / total;
        let careful = (good + 0.5) / (n + 1.0);
        value += share * good / n;
        variance += share * share * (1.0 - n / all) * careful * (1.0 - careful) / n;
    }
    let value = value.clamp(0.0, 1.0);
    let careful = (value * total + 0.5) / (total + 1.0);
    let spread = careful * (1.0 - careful);
    let effective = spread / (spread / total + variance);
    Ok(Rate { value, interval: ci_wilson((value * effective).min(effective), effective, alpha)?, effective })
}

/// The weight λ of PPI++ (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453): cov(y, f) / ((1 + n/N)·var(f)), within
/// [0, 1]. `labels`: what is true and what the judge says of the same; `judged`: what it says of the rest.
///
/// # Errors
/// When either is empty, or a value is not finite. 0 where the judge always says the same.
pub fn ppi_lambda(labels: &[(f64, f64)], judged: &[f64]) -> Result<f64, StatsError> {
    let (truth, said): (Vec<f64>, Vec<f64>) = labels.iter().copied().unzip();
    let (y, f) = (mean(&truth)?, mean(&said)?);
    let covariance = labels.iter().map(|(a, b)| (a - y) * (b - f)).sum::<f64>() / count(labels.len());
    let all: Vec<f64> = said.iter().chain(judged).copied().collect();
    let middle = mean(&all)?;
    mean(judged)?;
    let variance = all.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / count(all.len() - 1);
    require("the sum of squares", covariance.abs() + variance, "finite", (covariance.abs() + variance).is_finite())?;
    if variance <= 0.0 {
        return Ok(0.0);
    }
    Ok((covariance / ((1.0 + count(labels.len()) / count(judged.len())) * variance)).clamp(0.0, 1.0))
}

/// An estimate with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ppi {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Its interval, not cut to [0, 1].
    pub interval: Interval,
}

/// The mean by prediction-powered inference (Angelopoulos et al. 2023, arXiv 2301.09633 and 2311.01453):
/// ȳ − λ(f̄ₗ − f̄), with the variance var(y − λf)/n + λ²·var(f)/N.
///
/// The labels must be a simple random part of what was judged; for a stratified one see [`stratified_rate`].
///
/// # Errors
/// When either is empty, a value is not finite, or `alpha` is outside (0, 1).
pub fn ppi_mean(labels: &[(f64, f64)], judged: &[f64], lambda: f64, alpha: f64) -> Result<Ppi, StatsError> {
    require_alpha(alpha)?;
    require("lambda", lambda, "finite", lambda.is_finite())?;
    let rest: Vec<f64> = labels.iter().map(|(y, f)| y - lambda * f).collect();
    let spread = |values: &[f64]| -> Result<f64, StatsError> {
        let middle = mean(values)?;
        Ok(values.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / count(values.len()))
    };
    let value = mean(&rest)? + lambda * mean(judged)?;
    let variance = spread(&rest)? / count(rest.len()) + lambda * lambda * spread(judged)? / count(judged.len());
    require("the variance", variance, "finite", variance.is_finite())?;
    let half = norm_ppf(1.0 - alpha / 2.0)? * variance.sqrt();
    Ok(Ppi { value, se: variance.sqrt(), interval: Interval { low: value - half, high: value + half } })
}

/// What is known of how often a judge is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// The share of what is truly good that it passes.
    pub sensitivity: f64,
    /// How many labels (or effective ones) that rests on.
    pub good: f64,
    /// The share of what is truly bad that it fails.
    pub specificity: f64,
    /// How many labels (or effective ones) that rests on.
    pub bad: f64,
}

/// The rate that Rogan and Gladen (1978) put in place of a judge's: (p + specificity − 1) / (sensitivity + specificity − 1),
/// within [0, 1].
///
/// # Errors
/// When a share is outside [0, 1]; [`StatsError::Undefined`] where the judge is no better than a coin.
pub fn rogan_gladen(p: f64, sensitivity: f64, specificity: f64) -> Result<f64, StatsError> {
    Ok(rogan_gladen_unclipped(p, sensitivity, specificity)?.clamp(0.0, 1.0))
}

/// [`rogan_gladen`] not cut to [0, 1]: how far outside it lies says how badly the judge's accuracy fits the rate seen.
///
/// # Errors
/// As [`rogan_gladen`].
pub fn rogan_gladen_unclipped(p: f64, sensitivity: f64, specificity: f64) -> Result<f64, StatsError> {
    for (name, value) in [("p", p), ("sensitivity", sensitivity), ("specificity", specificity)] {
        require(name, value, "between 0 and 1", (0.0..=1.0).contains(&value))?;
    }
    let informedness = sensitivity + specificity - 1.0;
    if informedness <= 0.0 {
        return Err(StatsError::Undefined {
            what: "the corrected rate",
            why: "the judge is right no more often than a coin would be",
        });
    }
    Ok((p + specificity - 1.0) / informedness)
}

/// The interval of Lang and Reiczigel (2014, "Confidence limits for prevalence of disease adjusted for estimated
/// sensitivity and specificity") for [`rogan_gladen`] of `p` over `n` that were judged. Two-sided at level 1 − `alpha`.
///
/// Where so little is known of the judge that it might be no better than a coin, the interval is all of [0, 1].
///
/// # Errors
/// When a share is outside [0, 1], a number not above 0, or `alpha` outside (0, 1).
pub fn rogan_gladen_ci(p: f64, n: f64, judge: Accuracy, alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    for (name, value) in [("p", p), ("sensitivity", judge.sensitivity), ("specificity", judge.specificity)] {
        require(name, value, "between 0 and 1", (0.0..=1.0).contains(&value))?;
    }
    for (name, value) in [("n", n), ("good", judge.good), ("bad", judge.bad)] {
        require(name, value, "above 0", value > 0.0 && value.is_finite())?;
    }
    let z = norm_ppf(1.0 - alpha / 2.0)?;
    let share = |m: f64, q: f64| (m * q + 1.0) / (m + 2.0);
    let (bad, good) = (share(judge.bad, judge.specificity), share(judge.good, judge.sensitivity));
    let informedness = bad + good - 1.0;
    if informedness <= 0.0 {
        return Ok(Interval { low: 0.0, high: 1.0 });
    }
    let p = (n * p + z * z / 2.0) / (n + z * z);
    let (n, m0, m1) = (n + z * z, judge.bad + 2.0, judge.good + 2.0);
    let theta = (p + bad - 1.0) / informedness;
    let (v0, v1) = (bad * (1.0 - bad) / m0, good * (1.0 - good) / m1);
    let shift = 2.0 * z * z * (theta * v1 - (1.0 - theta) * v0);
    let se = (p * (1.0 - p) / n + (1.0 - theta).powi(2) * v0 + theta * theta * v1).sqrt() / informedness;
    let end = |side: f64| (theta + shift + side * z * se).clamp(0.0, 1.0);
    Ok(Interval { low: end(-1.0), high: end(1.0) })
}

//! Standard errors where scores come in clusters, and where the variance lies.

use std::collections::BTreeMap;

use crate::describe::{count, mean, standard_error, variance};
use crate::error::{require, require_alpha};
use crate::{Interval, StatsError, beta_ppf, t_ppf};

/// Residuals from the mean, summed over each cluster, with the sum of their squares there.
fn residuals(scores: &[f64], clusters: &[u64]) -> Result<Vec<(f64, f64)>, StatsError> {
    require("the number of clusters named", count(clusters.len()), "that of scores", clusters.len() == scores.len())?;
    let m = mean(scores)?;
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (score, cluster) in scores.iter().zip(clusters) {
        let (sum, squares) = sums.entry(*cluster).or_default();
        *sum += score - m;
        *squares += (score - m).powi(2);
    }
    Ok(sums.into_values().collect())
}

/// The clustered standard error of a mean (Miller 2024, arXiv 2411.00640, eq. 4):
/// √(SE² + n⁻²·Σ_c Σᵢ Σ_{j≠i} (sᵢ − s̄)(sⱼ − s̄)), pairs i, j within cluster c; 0 where the sum is negative.
///
/// `clusters[i]` names the cluster of `scores[i]`. Domain: at least two finite scores. Unit: that of the scores.
///
/// # Errors
/// When the two are not equally long, there are fewer than two scores, or one is not finite.
pub fn clustered_se_miller(scores: &[f64], clusters: &[u64]) -> Result<f64, StatsError> {
    let base = variance(scores)? / count(scores.len());
    let cross: f64 = residuals(scores, clusters)?.iter().map(|(sum, squares)| sum * sum - squares).sum();
    Ok((base + cross / count(scores.len()).powi(2)).max(0.0).sqrt())
}

/// The cluster-robust standard error of a mean without small-sample correction (Liang and Zeger 1986, CR0):
/// √(Σ_c (Σᵢ (sᵢ − s̄))²) / n. Unit: that of the scores.
///
/// # Errors
/// When the two are not equally long, there is no score, or one is not finite.
pub fn clustered_se_cr0(scores: &[f64], clusters: &[u64]) -> Result<f64, StatsError> {
    let squares: f64 = residuals(scores, clusters)?.iter().map(|(sum, _)| sum * sum).sum();
    Ok(squares.sqrt() / count(scores.len()))
}

/// [`clustered_se_cr0`] times √(G/(G − 1)) for G clusters (CR1).
///
/// # Errors
/// As [`clustered_se_cr0`], and where there are fewer than two clusters.
pub fn clustered_se_cr1(scores: &[f64], clusters: &[u64]) -> Result<f64, StatsError> {
    let groups = residuals(scores, clusters)?.len();
    if groups < 2 {
        return Err(StatsError::TooFew { needed: 2, got: groups });
    }
    Ok(clustered_se_cr0(scores, clusters)? * (count(groups) / count(groups - 1)).sqrt())
}

/// The mean of each cluster, in ascending order of its name: such as the mean of each family's scenarios, on which
/// everything with one value per family works ([`ci_wilson_stat`](crate::ci_wilson_stat), [`gate_ni`](crate::gate_ni)).
///
/// # Errors
/// When the two are not equally long, there is no score, or one is not finite.
pub fn cluster_means(scores: &[f64], clusters: &[u64]) -> Result<Vec<f64>, StatsError> {
    require("the number of clusters named", count(clusters.len()), "that of scores", clusters.len() == scores.len())?;
    mean(scores)?;
    let mut sums: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
    for (score, cluster) in scores.iter().zip(clusters) {
        let (sum, members) = sums.entry(*cluster).or_default();
        *sum += score;
        *members += 1;
    }
    Ok(sums.into_values().map(|(sum, members)| sum / count(members)).collect())
}

/// The interval of a mean of clustered scores: x̄ ± t₁₋α/₂,G₋₁ · [`clustered_se_cr1`], two-sided at level 1 − `alpha`, not
/// cut to any range.
///
/// Each score weighs the same, so that large clusters weigh more; for rates near 0 or 1 prefer
/// [`ci_wilson_stat`](crate::ci_wilson_stat) of [`cluster_means`]. Unit: that of the scores.
///
/// # Errors
/// As [`clustered_se_cr1`], and for an `alpha` outside (0, 1).
pub fn ci_clustered(scores: &[f64], clusters: &[u64], alpha: f64) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    let (m, se) = (mean(scores)?, clustered_se_cr1(scores, clusters)?);
    let groups = residuals(scores, clusters)?.len();
    let half = t_ppf(1.0 - alpha / 2.0, count(groups - 1))? * se;
    Ok(Interval { low: m - half, high: m + half })
}

/// Where the variance of trials of several scenarios lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceComponents {
    /// The mean of the scenario means.
    pub mean: f64,
    /// The variance of trials within a scenario; `None` where no scenario has two trials.
    pub within: Option<f64>,
    /// The variance of scenarios' true rates, at least 0.
    pub between: Option<f64>,
    /// The intraclass correlation: between / (between + within); `None` also where both are 0.
    pub icc: Option<f64>,
    /// The design effect 1 + (k̄ − 1)·icc.
    pub deff: Option<f64>,
    /// The standard error of the mean for scenarios like these.
    pub se_population: f64,
    /// The standard error of the mean for these very scenarios; `None` where one has a single trial.
    pub se_suite: Option<f64>,
}

/// One-way random effects by the method of moments (ANOVA; Searle, Casella and McCulloch 1992), for scores
/// `scores[i][j]` of scenario i and trial j; rows may differ in length.
///
/// within = Σᵢ Σⱼ (xᵢⱼ − x̄ᵢ)² / (N − n); between = (MSB − MSW)/k₀, at least 0, k₀ = (N − Σkᵢ²/N)/(n − 1);
/// se_population = √(Var(x̄ᵢ)/n); se_suite = √(Σ sᵢ²/kᵢ)/n (Miller, arXiv 2411.00640).
///
/// Domain: at least two scenarios, each with a trial; finite scores. Units: that of the scores, or its square.
///
/// # Errors
/// When there are fewer than two scenarios, one has no trial, or a score is not finite.
pub fn variance_components(scores: &[Vec<f64>]) -> Result<VarianceComponents, StatsError> {
    let means = scores.iter().map(|row| mean(row)).collect::<Result<Vec<f64>, _>>()?;
    let se_population = standard_error(&means)?;
    let n = count(means.len());
    let sizes: Vec<f64> = scores.iter().map(|row| count(row.len())).collect();
    let all: f64 = sizes.iter().sum();
    let (mut squares, mut suite) = (0.0, Some(0.0));
    for (row, k) in scores.iter().zip(&sizes) {
        let of_row = if row.len() > 1 { Some(variance(row)?) } else { None };
        squares += of_row.unwrap_or(0.0) * (k - 1.0);
        suite = suite.zip(of_row).map(|(sum, v)| sum + v / k);
    }
    let within = (all > n).then(|| squares / (all - n));
    let grand = scores.iter().flatten().sum::<f64>() / all;
    let msb = sizes.iter().zip(&means).map(|(k, m)| k * (m - grand).powi(2)).sum::<f64>() / (n - 1.0);
    let k0 = (all - sizes.iter().map(|k| k * k).sum::<f64>() / all) / (n - 1.0);
    let between = within.map(|w| ((msb - w) / k0).max(0.0));
    let icc = within.zip(between).and_then(|(w, b)| (w + b > 0.0).then(|| b / (b + w)));
    let deff = icc.map(|icc| 1.0 + (all / n - 1.0) * icc);
    let se_suite = suite.filter(|_| within.is_some()).map(|sum| sum.sqrt() / n);
    Ok(VarianceComponents { mean: mean(&means)?, within, between, icc, deff, se_population, se_suite })
}

/// An intraclass correlation with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Icc {
    /// The estimate, at most 1; it may be negative.
    pub value: f64,
    /// Its interval; `None` where no two trials of a scenario differ.
    pub interval: Option<Interval>,
}

/// The intraclass correlation ICC(1) with its exact interval by the F distribution (Shrout and Fleiss 1979), two-sided
/// at level 1 − `alpha`, for `scores[i][j]` of scenario i and trial j, equally many trials each.
///
/// With F = MSB/MSW and k trials: (F − 1)/(F + k − 1), at F and at F divided or multiplied by its quantiles. The interval
/// assumes normal scores; for passes and failures it is a rough guide. Unit: none.
///
/// # Errors
/// When there are fewer than two scenarios or trials, the numbers of trials differ, a score is not finite, all scores are
/// the same ([`StatsError::Undefined`]), or `alpha` is outside (0, 1).
pub fn icc_anova_ci(scores: &[Vec<f64>], alpha: f64) -> Result<Icc, StatsError> {
    require_alpha(alpha)?;
    let trials = scores.first().ok_or(StatsError::Empty)?.len();
    for row in scores {
        require("the number of trials", count(row.len()), "the same for all scenarios", row.len() == trials)?;
    }
    let (n, k) = (count(scores.len()), count(trials));
    let means = scores.iter().map(|row| mean(row)).collect::<Result<Vec<f64>, _>>()?;
    let spread = scores.iter().map(|row| variance(row)).collect::<Result<Vec<f64>, _>>()?;
    let (within, between) = (mean(&spread)?, k * variance(&means)?);
    if within <= 0.0 && between <= 0.0 {
        return Err(StatsError::Undefined { what: "the intraclass correlation", why: "all scores are the same" });
    }
    let value = (between - within) / (between + (k - 1.0) * within);
    if within <= 0.0 {
        return Ok(Icc { value, interval: None });
    }
    let f = between / within;
    let (d1, d2) = (n - 1.0, n * (k - 1.0));
    let low = f / f_ppf(1.0 - alpha / 2.0, d1, d2)?;
    let high = f * f_ppf(1.0 - alpha / 2.0, d2, d1)?;
    let icc = |f: f64| (f - 1.0) / (f + k - 1.0);
    Ok(Icc { value, interval: Some(Interval { low: icc(low), high: icc(high) }) })
}

/// The quantile of Fisher's F, through that of the beta distribution.
fn f_ppf(p: f64, d1: f64, d2: f64) -> Result<f64, StatsError> {
    require("1 − alpha/2", p, "below 1 in floating point; take a larger alpha", p < 1.0)?;
    // The complement, so that a quantile near 1 keeps its digits.
    let rest = beta_ppf(1.0 - p, d2 / 2.0, d1 / 2.0)?;
    Ok(d2 / d1 * (1.0 - rest) / rest)
}

/// How many trials a scenario deserves when scenarios are sampled: √((c_s/c_t)·(within/between)), for the cost of one more
/// scenario and of one more trial (Cochran 1977, two-stage sampling).
///
/// Domain: `between` and the costs above 0, `within` at least 0. Unit: trials per scenario; round it, at least 1.
///
/// # Errors
/// When a parameter is outside its domain, or they lie too many powers of ten apart.
pub fn optimal_trials_per_scenario(
    between: f64,
    within: f64,
    cost_scenario: f64,
    cost_trial: f64,
) -> Result<f64, StatsError> {
    for (name, value) in [("between", between), ("cost_scenario", cost_scenario), ("cost_trial", cost_trial)] {
        require(name, value, "above 0", value > 0.0 && value.is_finite())?;
    }
    require("within", within, "at least 0", within >= 0.0 && within.is_finite())?;
    let trials = (cost_scenario / cost_trial * within / between).sqrt();
    require("the number of trials", trials, "finite", trials.is_finite())?;
    Ok(trials)
}

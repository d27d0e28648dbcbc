//! Which endpoint is best, and how sure that is.

use crate::StatsError;
use crate::describe::{count, mean, quantile7, standard_error};
use crate::error::{require, require_alpha};
use crate::resample::{Random, Resampling, affordable, columns};

/// All pairwise differences of endpoints on the same scenarios, and how large one must be to be sure of all at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairwise {
    /// Each endpoint's mean.
    pub estimates: Vec<f64>,
    /// `se[j][k]`: the standard error of the difference of endpoints j and k; 0 on the diagonal.
    pub se: Vec<Vec<f64>>,
    /// How many standard errors a difference must exceed.
    pub critical: f64,
}

/// Simultaneous critical value of all pairwise differences (max-T; Westfall and Young 1993; Romano and Wolf 2005), by a
/// paired bootstrap over scenarios.
///
/// `scores[i][j]`: the mean of scenario i (or family) under endpoint j. t\*ⱼₖ = |D\*ⱼₖ − Dⱼₖ|/seⱼₖ with the standard errors
/// of the data; pairs that never differ are left out. `critical` is the 1 − `alpha` quantile (type 7) of the largest t\*. Any
/// difference beyond `critical`·se is sure at family-wise level `alpha`: such intervals hold all at once.
///
/// Domain: at least two scenarios and one endpoint. Unit: that of the scores. Time: draws × scenarios × endpoints.
///
/// # Errors
/// When there are fewer than two scenarios, rows differ in length, a value is not finite, `alpha` is outside (0, 1), or the
/// work is too much.
pub fn maxt_pairwise_crit(scores: &[Vec<f64>], resampling: Resampling, alpha: f64) -> Result<Pairwise, StatsError> {
    require_alpha(alpha)?;
    let width = columns(scores, 1)?;
    affordable(resampling.draws, count(scores.len()) * count(width) + count(width) * count(width))?;
    let column = |j: usize| scores.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let estimates = (0..width).map(|j| mean(&column(j))).collect::<Result<Vec<f64>, _>>()?;
    let mut se = vec![vec![0.0; width]; width];
    for j in 0..width {
        for k in j + 1..width {
            let differences: Vec<f64> = scores.iter().map(|row| row[j] - row[k]).collect();
            se[j][k] = standard_error(&differences)?;
            se[k][j] = se[j][k];
        }
    }
    let mut random = Random::new(resampling.seed);
    let mut places = vec![0; scores.len()];
    let mut largest = Vec::with_capacity(resampling.draws);
    for _ in 0..resampling.draws {
        random.resample(&mut places);
        let mut drawn = vec![0.0; width];
        for place in &places {
            drawn.iter_mut().zip(&scores[*place]).for_each(|(sum, v)| *sum += v);
        }
        // How far each mean moved; a difference moves by the difference of the two.
        let moved: Vec<f64> = drawn.iter().zip(&estimates).map(|(sum, e)| sum / count(scores.len()) - e).collect();
        let mut most = 0.0_f64;
        for (j, row) in se.iter().enumerate() {
            for (k, se) in row.iter().enumerate().skip(j + 1).filter(|(_, se)| **se > 0.0) {
                most = most.max((moved[j] - moved[k]).abs() / se);
            }
        }
        largest.push(most);
    }
    Ok(Pairwise { critical: quantile7(&largest, 1.0 - alpha)?, estimates, se })
}

/// The ranks that an endpoint may have, 1 the best: `(best, worst)` for each.
///
/// Mogstad, Romano, Shaikh and Wilhelm (2024, "Inference for ranks"): one more than the number of endpoints surely better,
/// to the number of endpoints minus those surely worse; *surely*: by more than `critical`·`se[j][k]`. With the three from
/// [`maxt_pairwise_crit`] all rank sets hold at once at its level.
///
/// Domain: `se` has a row and a column for each estimate; `critical` and `se` at least 0.
///
/// # Errors
/// When the table has another shape, or a value is outside its domain.
pub fn rank_sets(estimates: &[f64], se: &[Vec<f64>], critical: f64) -> Result<Vec<(usize, usize)>, StatsError> {
    let n = estimates.len();
    require("critical", critical, "at least 0", critical >= 0.0)?;
    estimates.iter().try_for_each(|e| require("an estimate", *e, "finite", e.is_finite()))?;
    for side in std::iter::once(se.len()).chain(se.iter().map(Vec::len)) {
        require("a side of the standard errors", count(side), "the number of estimates", side == n)?;
    }
    se.iter().flatten().try_for_each(|v| require("a standard error", *v, "at least 0", *v >= 0.0))?;
    let beaten = |better: usize, worse: usize| estimates[better] - estimates[worse] > critical * se[better][worse];
    let others = |j: usize| (0..n).filter(move |k| *k != j);
    let set = |j: usize| {
        let (above, below) = (others(j).filter(|k| beaten(*k, j)).count(), others(j).filter(|k| beaten(j, *k)).count());
        (1 + above, n - below)
    };
    Ok((0..n).map(set).collect())
}

/// The endpoints that nothing beats: no other is at least as good for at most the cost, and better in one of the two.
/// Places in ascending order of cost, then descending of `accuracy`; exact duplicates are all kept.
///
/// # Errors
/// When the two are not equally long, or a value is NaN.
pub fn pareto_front(cost: &[f64], accuracy: &[f64]) -> Result<Vec<usize>, StatsError> {
    require("the length of accuracy", count(accuracy.len()), "that of cost", cost.len() == accuracy.len())?;
    cost.iter().chain(accuracy).try_for_each(|v| require("a value", *v, "a number", !v.is_nan()))?;
    let mut order: Vec<usize> = (0..cost.len()).collect();
    let key = |i: usize| (cost[i] + 0.0, -(accuracy[i] + 0.0));
    order.sort_by(|a, b| key(*a).0.total_cmp(&key(*b).0).then(key(*a).1.total_cmp(&key(*b).1)));
    let mut best: Option<usize> = None;
    order.retain(|i| {
        let keep =
            best.is_none_or(|b| accuracy[*i] > accuracy[b] || (accuracy[*i] == accuracy[b] && cost[*i] == cost[b]));
        if keep {
            best = Some(*i);
        }
        keep
    });
    Ok(order)
}

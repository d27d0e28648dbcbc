//! What a scenario tells of the endpoints that try it (classical item analysis).

use crate::StatsError;
use crate::describe::{count, mean, variance};
use crate::error::require;
use crate::resample::columns;

/// The spread below which a sum of scores counts as the same for all: rounding, not difference.
const ROUNDING: f64 = 1e-12;

/// How well each scenario goes with the others: the correlation of its score with the sum of the others' (corrected item-total,
/// here item-rest, correlation; Lord and Novick 1968). `None` where its score, or the sum of the others, is the same for all.
///
/// `scores[r][j]`: scenario j in run or under endpoint r. Near 0: it measures something else; below 0: suspect its criteria.
/// With few endpoints it is very uncertain. Unit: none, from −1 to 1.
///
/// # Errors
/// When there is no row, rows differ in length, or a score is not finite.
pub fn item_rest_corr(scores: &[Vec<f64>]) -> Result<Vec<Option<f64>>, StatsError> {
    let width = columns(scores, 0)?;
    let totals: Vec<f64> = scores.iter().map(|row| row.iter().sum()).collect();
    let item = |j: usize| {
        let own: Vec<f64> = scores.iter().map(|row| row[j]).collect();
        let rest: Vec<f64> = totals.iter().zip(&own).map(|(total, own)| total - own).collect();
        correlation(&own, &rest)
    };
    Ok((0..width).map(item).collect())
}

fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mx, my) = (mean(x).ok()?, mean(y).ok()?);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        xx += (x - mx).powi(2);
        yy += (y - my).powi(2);
        xy += (x - mx) * (y - my);
    }
    let n = count(x.len());
    let varies = |squares: f64, m: f64| (squares / n).sqrt() > ROUNDING * (1.0 + m.abs());
    (varies(xx, mx) && varies(yy, my)).then(|| (xy / xx.sqrt() / yy.sqrt()).clamp(-1.0, 1.0))
}

/// The scenarios that never tell endpoints apart: those with the same score in every row. Places in ascending order.
///
/// `scores` as for [`item_rest_corr`]. They cost trials and say nothing of a difference; whether they should stay (as a floor
/// that must hold) is for people to say, and to drop them changes what the suite measures.
///
/// # Errors
/// As [`item_rest_corr`].
pub fn never_discriminating(scores: &[Vec<f64>]) -> Result<Vec<usize>, StatsError> {
    let width = columns(scores, 0)?;
    Ok((0..width).filter(|j| scores.iter().all(|row| row[*j] == scores[0][*j])).collect())
}

/// How consistently the scenarios measure one thing (Cronbach 1951): k/(k − 1)·(1 − Σ var(scenario)/var(total)). At most 1.
///
/// `scores` as for [`item_rest_corr`].
///
/// # Errors
/// When there are fewer than two rows or scenarios, rows differ in length, a score is not finite, or all totals are the same
/// ([`StatsError::Undefined`]).
pub fn cronbach_alpha(scores: &[Vec<f64>]) -> Result<f64, StatsError> {
    let width = columns(scores, 2)?;
    let totals: Vec<f64> = scores.iter().map(|row| row.iter().sum()).collect();
    let total = variance(&totals)?;
    if total <= 0.0 {
        return Err(StatsError::Undefined { what: "Cronbach's α", why: "all rows have the same total" });
    }
    let mut parts = 0.0;
    for j in 0..width {
        parts += variance(&scores.iter().map(|row| row[j]).collect::<Vec<f64>>())?;
    }
    Ok(count(width) / count(width - 1) * (1.0 - parts / total))
}

/// The reliability of a suite made `factor` times as long (Spearman 1910; Brown 1910): f·r/(1 + (f − 1)·r).
///
/// # Errors
/// When `r` is outside [0, 1] or `factor` is not above 0.
pub fn spearman_brown(r: f64, factor: f64) -> Result<f64, StatsError> {
    require("r", r, "between 0 and 1", (0.0..=1.0).contains(&r))?;
    require("factor", factor, "above 0", factor > 0.0 && factor.is_finite())?;
    Ok(if r == 0.0 { 0.0 } else { factor * r / (1.0 + (factor - 1.0) * r) })
}

//! How far raters agree beyond chance: Cohen's κ, Gwet's AC1 and Krippendorff's α.
//!
//! All three are 1 where the raters always agree and 0 where they agree as often as chance would have it;
//! they differ in what chance is. κ falls towards 0 where nearly all items are of one category, however
//! well the raters do there (Feinstein and Cicchetti 1990); AC1 does not; α takes any number of raters
//! and missing ratings.

use crate::describe::count;
use crate::error::{require, require_alpha};
use crate::{Interval, StatsError, ci_wilson, norm_ppf, t_ppf};

/// A coefficient of agreement with its interval, both at most 1 and at least −1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// The coefficient.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// What a disagreement counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// Every one the same: categories without order.
    #[default]
    Nominal,
    /// By how many categories lie between.
    Linear,
    /// By the square of that.
    Quadratic,
}

/// Proportions of a square table of counts, with its margins.
struct Table {
    n: f64,
    cells: Vec<Vec<f64>>,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Table {
    /// `counts[i][j]`: items that the first rater put into category i and the second into j.
    fn new(counts: &[Vec<f64>]) -> Result<Self, StatsError> {
        let q = counts.len();
        if q < 2 {
            return Err(StatsError::TooFew { needed: 2, got: q });
        }
        for row in counts {
            require("the length of a row", count(row.len()), "the number of rows", row.len() == q)?;
            row.iter().try_for_each(|c| require("a count", *c, "at least 0", *c >= 0.0 && c.is_finite()))?;
        }
        let n: f64 = counts.iter().flatten().sum();
        if n <= 0.0 {
            return Err(StatsError::Empty);
        }
        let cells: Vec<Vec<f64>> = counts.iter().map(|row| row.iter().map(|c| c / n).collect()).collect();
        let rows = cells.iter().map(|row| row.iter().sum()).collect();
        let columns = (0..q).map(|j| cells.iter().map(|row| row[j]).sum()).collect();
        Ok(Self { n, cells, rows, columns })
    }

    fn observed(&self) -> f64 {
        (0..self.cells.len()).map(|i| self.cells[i][i]).sum()
    }

    /// Every cell with its place.
    fn each(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        self.cells.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, p)| (i, j, *p)))
    }
}

/// Cohen's κ (Cohen 1960; weighted: Cohen 1968): 1 − Σ w·p / Σ w·e, where p are the observed and e the expected
/// proportions of a square table, and w what a disagreement counts.
///
/// # Errors
/// When the table is not square, smaller than 2 × 2, has a negative count or none at all; and
/// [`StatsError::Undefined`] where both raters use one and the same category only.
pub fn cohen_kappa(counts: &[Vec<f64>], weights: Weights) -> Result<f64, StatsError> {
    let table = Table::new(counts)?;
    let span = count(counts.len() - 1);
    let weight = |i: usize, j: usize| match weights {
        Weights::Nominal => f64::from(u8::from(i != j)),
        Weights::Linear => count(i.abs_diff(j)) / span,
        Weights::Quadratic => (count(i.abs_diff(j)) / span).powi(2),
    };
    let observed: f64 = table.each().map(|(i, j, p)| weight(i, j) * p).sum();
    let expected: f64 = table.each().map(|(i, j, _)| weight(i, j) * table.rows[i] * table.columns[j]).sum();
    if expected <= 0.0 {
        return Err(StatsError::Undefined { what: "κ", why: "both raters put every item into the same category" });
    }
    Ok(1.0 - observed / expected)
}

/// The large-sample standard error of unweighted κ (Fleiss, Cohen and Everitt 1969).
///
/// # Errors
/// As [`cohen_kappa`].
pub fn cohen_kappa_se(counts: &[Vec<f64>]) -> Result<f64, StatsError> {
    let kappa = cohen_kappa(counts, Weights::Nominal)?;
    let t = Table::new(counts)?;
    let expected: f64 = t.rows.iter().zip(&t.columns).map(|(r, c)| r * c).sum();
    let same: f64 =
        (0..t.rows.len()).map(|i| t.cells[i][i] * (1.0 - (t.rows[i] + t.columns[i]) * (1.0 - kappa)).powi(2)).sum();
    let other: f64 = t.each().filter(|(i, j, _)| i != j).map(|(i, j, p)| p * (t.columns[i] + t.rows[j]).powi(2)).sum();
    let variance = same + (1.0 - kappa).powi(2) * other - (kappa - expected * (1.0 - kappa)).powi(2);
    Ok((variance.max(0.0) / (t.n * (1.0 - expected).powi(2))).sqrt())
}

/// Cohen's unweighted κ with its interval κ ± z·se at level 1 − `alpha`.
///
/// Where the raters never disagree the standard error is 0, which says nothing of the items that were not
/// rated: then the lower end is that of the Wilson interval of their disagreement.
///
/// # Errors
/// As [`cohen_kappa`], and an `alpha` outside (0, 1).
pub fn kappa(counts: &[Vec<f64>], alpha: f64) -> Result<Agreement, StatsError> {
    let value = cohen_kappa(counts, Weights::Nominal)?;
    let t = Table::new(counts)?;
    let expected: f64 = t.rows.iter().zip(&t.columns).map(|(r, c)| r * c).sum();
    interval(value, cohen_kappa_se(counts)?, norm_ppf(1.0 - check(alpha)? / 2.0)?, (t.n, 1.0 - expected, alpha))
}

/// Gwet's AC1 (Gwet 2008, "Computing inter-rater reliability and its variance in the presence of high
/// agreement"): (pₐ − pₑ) / (1 − pₑ) with pₑ = Σ π(1 − π) / (q − 1), π the mean margin of each of q categories; with
/// his variance for two raters and any category, and its interval at level 1 − `alpha`.
///
/// # Errors
/// When the table is not square, smaller than 2 × 2, has a negative count or none at all; an `alpha` outside (0, 1).
pub fn gwet_ac1(counts: &[Vec<f64>], alpha: f64) -> Result<Agreement, StatsError> {
    let t = Table::new(counts)?;
    let q = count(t.rows.len());
    let pi: Vec<f64> = t.rows.iter().zip(&t.columns).map(|(r, c)| f64::midpoint(*r, *c)).collect();
    let (observed, expected) = (t.observed(), pi.iter().map(|p| p * (1.0 - p)).sum::<f64>() / (q - 1.0));
    let value = (observed - expected) / (1.0 - expected);
    let same: f64 = (0..pi.len()).map(|k| t.cells[k][k] * (1.0 - pi[k])).sum::<f64>() / (q - 1.0);
    let all: f64 = t.each().map(|(k, l, p)| p * (1.0 - f64::midpoint(pi[k], pi[l])).powi(2)).sum::<f64>();
    let variance = observed * (1.0 - observed) - 4.0 * (1.0 - value) * (same - observed * expected)
        + 4.0 * (1.0 - value).powi(2) * (all / (q - 1.0).powi(2) - expected * expected);
    let se = (variance.max(0.0) / t.n).sqrt() / (1.0 - expected);
    interval(value, se, norm_ppf(1.0 - check(alpha)? / 2.0)?, (t.n, 1.0 - expected, alpha))
}

/// What kind of values α compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Categories.
    #[default]
    Nominal,
    /// Ranks.
    Ordinal,
    /// Numbers whose differences mean something.
    Interval,
}

/// The most different ratings: the square of their number is kept in memory.
const MOST_RATINGS: usize = 4096;

/// Krippendorff's α (Krippendorff 2011) of `units`: for each item the ratings that it has, in any order; items with
/// fewer than two say nothing.
///
/// # Errors
/// When no item has two ratings, a rating is not finite, there are more than 4096 different ones; [`StatsError::Undefined`] where all ratings are the same.
pub fn krippendorff_alpha(units: &[Vec<f64>], level: Level) -> Result<f64, StatsError> {
    units.iter().flatten().try_for_each(|v| require("a rating", *v, "finite", v.is_finite()))?;
    let paired: Vec<&Vec<f64>> = units.iter().filter(|u| u.len() > 1).collect();
    let mut values: Vec<f64> = paired.iter().flat_map(|u| u.iter().copied()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.is_empty() {
        return Err(StatsError::Empty);
    }
    require("the number of different ratings", count(values.len()), "at most 4096", values.len() <= MOST_RATINGS)?;
    let place = |v: f64| values.partition_point(|x| *x < v);
    // The coincidences of values: how often they stand together in an item.
    let mut together = vec![vec![0.0; values.len()]; values.len()];
    for unit in &paired {
        let share = 1.0 / count(unit.len() - 1);
        for (i, a) in unit.iter().enumerate() {
            for b in unit.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, b)| b) {
                together[place(*a)][place(*b)] += share;
            }
        }
    }
    let margins: Vec<f64> = together.iter().map(|row| row.iter().sum()).collect();
    let n: f64 = margins.iter().sum();
    let distance = |a: usize, b: usize| match level {
        Level::Nominal => f64::from(u8::from(a != b)),
        Level::Interval => (values[a] - values[b]).powi(2),
        Level::Ordinal => {
            let between: f64 = margins[a.min(b)..=a.max(b)].iter().sum();
            if a == b { 0.0 } else { (between - f64::midpoint(margins[a], margins[b])).powi(2) }
        }
    };
    let (mut observed, mut expected) = (0.0, 0.0);
    for a in 0..values.len() {
        for b in 0..values.len() {
            observed += together[a][b] * distance(a, b);
            expected += margins[a] * margins[b] * distance(a, b);
        }
    }
    if expected <= 0.0 {
        return Err(StatsError::Undefined { what: "α", why: "every rating is the same" });
    }
    Ok(1.0 - observed * (n - 1.0) / expected)
}

/// Nominal α with an interval at level 1 − `alpha` by the jackknife over items (Efron and Tibshirani 1993, ch. 11), with
/// Student's t. Where no item is disagreed on, as for [`kappa`].
///
/// # Errors
/// As [`krippendorff_alpha`], fewer than two items with two ratings, an `alpha` outside (0, 1).
pub fn alpha_nominal(units: &[Vec<f64>], alpha: f64) -> Result<Agreement, StatsError> {
    let value = krippendorff_alpha(units, Level::Nominal)?;
    let paired: Vec<Vec<f64>> = units.iter().filter(|u| u.len() > 1).cloned().collect();
    if paired.len() < 2 {
        return Err(StatsError::TooFew { needed: 2, got: paired.len() });
    }
    let mut without = Vec::with_capacity(paired.len());
    for i in 0..paired.len() {
        let mut rest = paired.clone();
        rest.swap_remove(i);
        // Without this item all ratings are the same: it is the one that says the most.
        without.push(krippendorff_alpha(&rest, Level::Nominal).unwrap_or(0.0));
    }
    let n = count(paired.len());
    let middle = without.iter().sum::<f64>() / n;
    let se = ((n - 1.0) / n * without.iter().map(|a| (a - middle).powi(2)).sum::<f64>()).sqrt();
    let t = t_ppf(1.0 - check(alpha)? / 2.0, n - 1.0)?;
    let ratings: Vec<f64> = paired.iter().flatten().copied().collect();
    let share = |v: f64| count(ratings.iter().filter(|r| **r == v).count()) / count(ratings.len());
    let mut kinds = ratings.clone();
    kinds.sort_by(f64::total_cmp);
    kinds.dedup();
    let chance = 1.0 - kinds.iter().map(|v| share(*v).powi(2)).sum::<f64>();
    interval(value, se, t, (n, chance, alpha))
}

fn check(alpha: f64) -> Result<f64, StatsError> {
    require_alpha(alpha).map(|()| alpha)
}

/// `value` ± `times`·`se` within [−1, 1]; where nobody ever disagreed over n items, down to what a disagreement as
/// large as Wilson's upper end would make of it. `chance` is the disagreement that chance would make.
fn interval(value: f64, se: f64, times: f64, (n, chance, alpha): (f64, f64, f64)) -> Result<Agreement, StatsError> {
    let mut low = value - times * se;
    if value >= 1.0 {
        low = low.min(1.0 - ci_wilson(0.0, n, alpha)?.high / chance);
    }
    let interval = Interval { low: low.clamp(-1.0, 1.0), high: (value + times * se).clamp(-1.0, 1.0) };
    Ok(Agreement { value, interval })
}

//! Whether groups of a scenario's variants fare alike.
//!
//! The order matters: first [`perm_gap_exact`] or [`perm_gap`] says whether there is any disparity, then
//! [`maxt_vs_mean`] says which groups. The bare largest gap ([`gap_stats`]) proves nothing: it is above 0 for groups that do
//! not differ at all, the more so the more groups there are.

use std::collections::HashMap;

use crate::describe::{count, mean, quantile7, standard_error};
use crate::error::{require, require_alpha};
use crate::resample::{Random, Resampling, affordable, columns};
use crate::{Interval, StatsError};

/// How the groups fare.
#[derive(Clone, Debug, PartialEq)]
pub struct GapStats {
    /// Each group's mean.
    pub means: Vec<f64>,
    /// The largest mean minus the smallest.
    pub gap: f64,
    /// The smallest over the largest (the "four-fifths rule" asks for 0.8); `None` where the largest is not above 0.
    pub ratio: Option<f64>,
    /// The place of the group with the smallest mean; the first of equals.
    pub worst: usize,
    /// The place of the group with the largest mean; the first of equals.
    pub best: usize,
}

/// The groups' means and their largest gap. `scores[i][j]`: the mean of scenario i in group (variant) j.
///
/// # Errors
/// When there is no scenario or group, rows differ in length, or a value is not finite.
pub fn gap_stats(scores: &[Vec<f64>]) -> Result<GapStats, StatsError> {
    let width = columns(scores, 1)?;
    let column = |j: usize| scores.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let means = (0..width).map(|j| mean(&column(j))).collect::<Result<Vec<f64>, _>>()?;
    let (mut worst, mut best) = (0, 0);
    for (j, m) in means.iter().enumerate() {
        if *m < means[worst] {
            worst = j;
        }
        if *m > means[best] {
            best = j;
        }
    }
    let (low, high) = (means[worst], means[best]);
    Ok(GapStats { gap: high - low, ratio: (high > 0.0).then(|| low / high), worst, best, means })
}

/// Each group's effect, with intervals that hold all at once.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupEffects {
    /// Each group's mean minus the mean over groups.
    pub effects: Vec<f64>,
    /// Their standard errors.
    pub se: Vec<f64>,
    /// How many standard errors the intervals reach.
    pub critical: f64,
    /// The intervals, simultaneous at level 1 − alpha.
    pub intervals: Vec<Interval>,
}

/// Which groups differ from the mean over groups: eⱼ = mean over scenarios of xᵢⱼ − x̄ᵢ, with simultaneous intervals
/// eⱼ ± critical·seⱼ by a bootstrap over scenarios (max-T; Westfall and Young 1993; Romano and Wolf 2005): `critical` is the
/// 1 − `alpha` quantile (type 7) of the largest |e\*ⱼ − eⱼ|/seⱼ.
///
/// `scores` as for [`gap_stats`]. A group is named where its interval leaves out 0. Groups whose effect is the same in every
/// scenario have se 0 and are left out of the largest. Unit: that of the scores.
///
/// # Errors
/// When there are fewer than two scenarios, rows differ in length, a value is not finite, `alpha` is outside (0, 1), or the
/// work is too much.
pub fn maxt_vs_mean(scores: &[Vec<f64>], resampling: Resampling, alpha: f64) -> Result<GroupEffects, StatsError> {
    require_alpha(alpha)?;
    let width = columns(scores, 1)?;
    affordable(resampling.draws, count(scores.len()) * count(width))?;
    let centred: Vec<Vec<f64>> = scores
        .iter()
        .map(|row| {
            let middle = row.iter().sum::<f64>() / count(width);
            row.iter().map(|v| v - middle).collect()
        })
        .collect();
    let column = |j: usize| centred.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let effects = (0..width).map(|j| mean(&column(j))).collect::<Result<Vec<f64>, _>>()?;
    let se = (0..width).map(|j| standard_error(&column(j))).collect::<Result<Vec<f64>, _>>()?;
    let mut random = Random::new(resampling.seed);
    let mut places = vec![0; scores.len()];
    let mut largest = Vec::with_capacity(resampling.draws);
    for _ in 0..resampling.draws {
        random.resample(&mut places);
        let mut drawn = vec![0.0; width];
        for place in &places {
            drawn.iter_mut().zip(&centred[*place]).for_each(|(sum, v)| *sum += v);
        }
        let t = |j: usize| (drawn[j] / count(scores.len()) - effects[j]).abs() / se[j];
        largest.push((0..width).filter(|j| se[*j] > 0.0).map(t).fold(0.0, f64::max));
    }
    let critical = quantile7(&largest, 1.0 - alpha)?;
    let around = |(e, se): (&f64, &f64)| Interval { low: e - critical * se, high: e + critical * se };
    let intervals = effects.iter().zip(&se).map(around).collect();
    Ok(GroupEffects { effects, se, critical, intervals })
}

/// The most steps of the exact test.
const MOST_STEPS: f64 = 2e7;

/// Sums of a group's scores in whole steps of a grid.
type Sums = Vec<i64>;

/// Scores as whole numbers of one step, where there is one (trials are finite: 1/k); else of a step so small that only
/// rounding is lost.
fn whole(scores: &[Vec<f64>]) -> Result<(Vec<Sums>, f64), StatsError> {
    let fits = |scale: f64| scores.iter().flatten().all(|v| (v * scale - (v * scale).round()).abs() < 1e-9);
    let largest = scores.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    let fine = (1_u64 << 40) as f64;
    require("a value", largest, "at most 1000 in size", largest <= 1000.0)?;
    let scale = (1..=5040_u32).map(f64::from).find(|s| fits(*s)).unwrap_or(fine);
    let sum = largest * scale * count(scores.len());
    require("the number of steps", sum, "at most 2^60; take the sampled test", sum <= (1_u64 << 60) as f64)?;
    #[allow(clippy::cast_possible_truncation, reason = "below 2^51")]
    let steps = |row: &Vec<f64>| row.iter().map(|v| (v * scale).round() as i64).collect();
    Ok((scores.iter().map(steps).collect(), scale))
}

/// The different orders of a row, with how often each comes up among all.
fn orders(row: &[i64]) -> Vec<Sums> {
    let mut kinds: HashMap<i64, usize> = HashMap::new();
    row.iter().for_each(|v| *kinds.entry(*v).or_default() += 1);
    let mut left: Vec<(i64, usize)> = kinds.into_iter().collect();
    left.sort_unstable();
    let mut found = vec![(Vec::with_capacity(row.len()), left)];
    for _ in 0..row.len() {
        let mut longer = Vec::new();
        for (begun, left) in found {
            for (place, (value, times)) in left.iter().enumerate().filter(|(_, (_, times))| *times > 0) {
                let (mut next, mut rest) = (begun.clone(), left.clone());
                next.push(*value);
                rest[place] = (*value, times - 1);
                longer.push((next, rest));
            }
        }
        found = longer;
    }
    found.into_iter().map(|(order, _)| order).collect()
}

/// How many different orders a row has, as a float that cannot overflow.
fn order_count(row: &[i64]) -> f64 {
    let mut sorted = row.to_vec();
    sorted.sort_unstable();
    let (mut ways, mut run) = (1.0, 0.0);
    for (i, v) in sorted.iter().enumerate() {
        run = if i > 0 && sorted[i - 1] == *v { run + 1.0 } else { 1.0 };
        ways *= count(i + 1) / run;
    }
    ways
}

/// Whether the groups differ at all, exactly: the chance that exchanging each scenario's scores among the groups (which
/// changes nothing where groups do not matter) gives a largest gap of means at least as large as the one seen (Fisher's
/// randomisation test; Edgington 1995).
///
/// `scores` as for [`gap_stats`]. All (G!)ⁿ exchanges are counted, but not one by one: group sums that differ only in which
/// group has which are the same for all that follows, so the law of the sorted sums is carried from scenario to scenario.
/// Its size is bounded by the different sums: small for few groups of passes and failures. Gaps that differ by less than
/// 1e-12 (of a mean) are equal.
///
/// # Errors
/// When there is no scenario or group, rows differ in length, a value is not finite or above 1000 in size, or the law grows
/// too large: then take [`perm_gap`].
pub fn perm_gap_exact(scores: &[Vec<f64>]) -> Result<f64, StatsError> {
    let width = columns(scores, 1)?;
    let (rows, scale) = whole(scores)?;
    let seen = spread(&(0..width).map(|j| rows.iter().map(|row| row[j]).sum()).collect::<Sums>());
    let limit = |steps: f64| {
        require("the number of steps", steps, "at most 2·10^7; take the sampled test", steps <= MOST_STEPS)
    };
    let mut law: HashMap<Sums, f64> = HashMap::from([(vec![0; width], 1.0)]);
    let mut steps = 0.0;
    for row in rows.iter().filter(|row| row.iter().any(|v| *v != row[0])) {
        steps += count(law.len()) * order_count(row) * count(width);
        limit(steps)?;
        let orders = orders(row);
        let each = 1.0 / count(orders.len());
        let mut next: HashMap<Sums, f64> = HashMap::with_capacity(law.len());
        // Sorted, so that the sum of equal states does not depend on the order of a hash.
        let mut states: Vec<(Sums, f64)> = law.into_iter().collect();
        states.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (state, chance) in &states {
            for order in &orders {
                let mut sums: Sums = state.iter().zip(order).map(|(s, v)| s + v).collect();
                sums.sort_unstable();
                let least = sums[0];
                sums.iter_mut().for_each(|s| *s -= least);
                *next.entry(sums).or_default() += chance * each;
            }
        }
        law = next;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a rounding guard of few steps")]
    let slack = (2e-12 * scale * count(rows.len())) as i64;
    let mut reached: Vec<f64> =
        law.iter().filter(|(sums, _)| spread(sums) + slack >= seen).map(|(_, chance)| *chance).collect();
    reached.sort_by(f64::total_cmp);
    Ok(reached.iter().sum::<f64>().min(1.0))
}

fn spread(sums: &[i64]) -> i64 {
    sums.iter().max().zip(sums.iter().min()).map_or(0, |(high, low)| high - low)
}

/// [`perm_gap_exact`] by sampled exchanges: (1 + those with a gap at least as large)/(1 + draws), never 0 and valid as it is
/// (Phipson and Smyth 2010).
///
/// # Errors
/// When there is no scenario or group, rows differ in length, a value is not finite, or the work is too much.
pub fn perm_gap(scores: &[Vec<f64>], resampling: Resampling) -> Result<f64, StatsError> {
    let seen = gap_stats(scores)?.gap;
    let reached = null_gaps(scores, resampling)?.iter().filter(|gap| **gap >= seen - 1e-12).count();
    Ok(count(1 + reached) / (1.0 + count(resampling.draws)))
}

/// The largest gaps of means that come up where groups do not matter: one for each of `draws` random exchanges of each
/// scenario's scores among the groups, in the order drawn. What a gap is worth shows beside their mean and quantiles.
///
/// # Errors
/// As [`perm_gap`].
pub fn null_gaps(scores: &[Vec<f64>], resampling: Resampling) -> Result<Vec<f64>, StatsError> {
    let width = columns(scores, 1)?;
    affordable(resampling.draws, count(scores.len()) * count(width))?;
    let mut random = Random::new(resampling.seed);
    let mut row = vec![0.0; width];
    let mut gaps = Vec::with_capacity(resampling.draws);
    for _ in 0..resampling.draws {
        let mut sums = vec![0.0; width];
        for scores in scores {
            row.copy_from_slice(scores);
            random.shuffle(&mut row);
            sums.iter_mut().zip(&row).for_each(|(sum, v)| *sum += v);
        }
        let (low, high) = sums.iter().fold((f64::MAX, f64::MIN), |(l, h), s| (l.min(*s), h.max(*s)));
        gaps.push((high - low) / count(scores.len()));
    }
    Ok(gaps)
}

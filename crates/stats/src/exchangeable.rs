//! Whether repeated outcomes of the same thing could have come in any other order just as well.
//!
//! Everything that is said of trials takes them to be independent draws with one rate for each scenario. Then the order of a
//! scenario's outcomes means nothing, and exchanging them *within* each scenario changes nothing either: that is all that
//! the tests here assume of the null, whatever the rates of the scenarios are. They are permutation tests (Pitman 1937;
//! Good, *Permutation, Parametric and Bootstrap Tests of Hypotheses*, 2005, ch. 3; stratified: Pesarin and Salmaso 2010) with
//! sampled permutations and p = (1 + those at least as extreme)/(1 + draws), never 0 and valid as it is (Phipson and Smyth
//! 2010). They say what speaks against independence, and never by themselves how often a verdict is wrong.

use crate::StatsError;
use crate::describe::count;
use crate::error::require;
use crate::resample::{Random, Resampling, affordable};

/// A value, and where in time it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// When, in any unit that is the same for all scenarios, such as a number in dispatch order.
    pub when: f64,
    /// The round or other block of time that it shares with values of other scenarios.
    pub block: usize,
    /// The value, such as 1 for a pass.
    pub value: f64,
}

/// Whether values rise or fall with time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// The least-squares slope within scenarios: Σ(w − w̄ᵢ)(y − ȳᵢ)/Σ(w − w̄ᵢ)². Values per unit of time.
    pub slope: f64,
    /// The two-sided p-value.
    pub p: f64,
}

/// Whether blocks of time vary more than independent values would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overdispersion {
    /// The variation between blocks over that to be expected: 1 is as expected, 2 twice the variance.
    pub ratio: f64,
    /// The one-sided p-value, for more variation.
    pub p: f64,
}

/// Sums that differ by less are equal.
const SLACK: f64 = 1e-9;

/// Whether values of the same scenarios drift with time: S = Σᵢ Σⱼ (wᵢⱼ − w̄ᵢ)·yᵢⱼ, whose law under no drift is that of the
/// values exchanged within each scenario; two-sided by |S|. One scenario is one inner list.
///
/// Domain: finite values and times; scenarios with one value, or equal ones, or at one time only, tell nothing and are no
/// harm. What rises in one scenario and falls in another may cancel out: the test is for a drift that all share.
///
/// # Errors
/// [`StatsError::Undefined`] where no scenario has different values at different times: no order could have shown anything.
/// When a number is not finite, or the work is too much.
pub fn perm_trend(scenarios: &[Vec<Placed>], resampling: Resampling) -> Result<Trend, StatsError> {
    let varying = varying(scenarios, |p| p.when)?;
    let rows: Vec<(Vec<f64>, Vec<f64>)> = varying
        .iter()
        .map(|row| {
            let middle = row.iter().map(|p| p.when).sum::<f64>() / count(row.len());
            (row.iter().map(|p| p.when - middle).collect(), row.iter().map(|p| p.value).collect())
        })
        .collect();
    let sum = |times: &[f64], values: &[f64]| times.iter().zip(values).map(|(w, y)| w * y).sum::<f64>();
    let seen: f64 = rows.iter().map(|(times, values)| sum(times, values)).sum();
    let squares: f64 = rows.iter().flat_map(|(times, _)| times).map(|w| w * w).sum();
    // Relative to what the sum could be: times may be large numbers.
    let size: f64 = rows.iter().map(|(t, y)| t.iter().zip(y).map(|(w, y)| (w * y).abs()).sum::<f64>()).sum();
    let least = seen.abs() - SLACK * size;
    let values: Vec<Vec<f64>> = rows.iter().map(|(_, values)| values.clone()).collect();
    let reached = exchanged(values, resampling, |values| {
        let drawn: f64 = rows.iter().zip(values).map(|((times, _), values)| sum(times, values)).sum();
        drawn.abs() >= least
    })?;
    Ok(Trend { slope: seen / squares, p: reached })
}

/// Whether values fail together in time: D = Σ_b (T_b − E_b)², where T_b is the sum of block b's values over scenarios and E_b
/// that of the means of their scenarios; its law is that of the values exchanged within each scenario. One-sided: large D
/// means that outcomes of one moment have something in common (an outage, a throttled or exchanged model), so that they
/// vary more than binomially and intervals that take them for independent are too short.
///
/// The expected D is exact: with vᵢ the variance of scenario i's nᵢ values (divisor nᵢ), m_b its values in block b and mean 0
/// after centring, E\[D\] = Σᵢ Σ_b m_b·(nᵢ − m_b)·vᵢ/(nᵢ − 1) (sampling without replacement).
///
/// Domain: finite values. A drift is variation between blocks as well: [`perm_trend`] tells the two apart.
///
/// # Errors
/// [`StatsError::Undefined`] where no scenario has different values in different blocks. When a value is not finite, or the
/// work is too much.
pub fn perm_overdispersion(scenarios: &[Vec<Placed>], resampling: Resampling) -> Result<Overdispersion, StatsError> {
    let varying = varying(scenarios, |p| count(p.block))?;
    let mut known: Vec<usize> = varying.iter().flat_map(|row| row.iter().map(|p| p.block)).collect();
    known.sort_unstable();
    known.dedup();
    let place = |block: usize| known.binary_search(&block).unwrap_or(0);
    let mut expected = 0.0;
    let rows: Vec<(Vec<usize>, Vec<f64>)> = varying
        .iter()
        .map(|row| {
            let n = count(row.len());
            let middle = row.iter().map(|p| p.value).sum::<f64>() / n;
            let centred: Vec<f64> = row.iter().map(|p| p.value - middle).collect();
            let blocks: Vec<usize> = row.iter().map(|p| place(p.block)).collect();
            let variance = centred.iter().map(|y| y * y).sum::<f64>() / n;
            let mut sorted = blocks.clone();
            sorted.sort_unstable();
            let ways: f64 = sorted.chunk_by(|a, b| a == b).map(|own| count(own.len()) * (n - count(own.len()))).sum();
            expected += ways * variance / (n - 1.0);
            (blocks, centred)
        })
        .collect();
    let mut sums = vec![0.0; known.len()];
    let mut spread = |values: &[Vec<f64>]| {
        sums.fill(0.0);
        for ((blocks, _), values) in rows.iter().zip(values) {
            blocks.iter().zip(values).for_each(|(b, y)| sums[*b] += y);
        }
        sums.iter().map(|s| s * s).sum::<f64>()
    };
    let values: Vec<Vec<f64>> = rows.iter().map(|(_, values)| values.clone()).collect();
    let seen = spread(&values);
    let least = seen - SLACK * (seen + expected);
    let p = exchanged(values, resampling, |values| spread(values) >= least)?;
    Ok(Overdispersion { ratio: seen / expected, p })
}

/// The scenarios with different values at different times: only these tell anything of time.
fn varying(scenarios: &[Vec<Placed>], time: impl Fn(&Placed) -> f64) -> Result<Vec<&Vec<Placed>>, StatsError> {
    for placed in scenarios.iter().flatten() {
        require("a value", placed.value, "finite", placed.value.is_finite())?;
        require("a time", placed.when, "finite", placed.when.is_finite())?;
    }
    #[allow(clippy::float_cmp, reason = "equal numbers as given")]
    let differs = |row: &[Placed], of: &dyn Fn(&Placed) -> f64| row.iter().any(|p| of(p) != of(&row[0]));
    let found: Vec<&Vec<Placed>> =
        scenarios.iter().filter(|row| differs(row, &|p| p.value) && differs(row, &time)).collect();
    if found.is_empty() {
        return Err(StatsError::Undefined {
            what: "whether the order of outcomes means anything",
            why: "no scenario has different outcomes at different times",
        });
    }
    Ok(found)
}

/// The share of draws in which `extreme` holds of values exchanged within rows, the values as seen counted among them.
fn exchanged(
    mut values: Vec<Vec<f64>>,
    resampling: Resampling,
    mut extreme: impl FnMut(&[Vec<f64>]) -> bool,
) -> Result<f64, StatsError> {
    affordable(resampling.draws, count(values.iter().map(Vec::len).sum()))?;
    let mut random = Random::new(resampling.seed);
    let mut reached = 0;
    for _ in 0..resampling.draws {
        values.iter_mut().for_each(|row| random.shuffle(row));
        reached += usize::from(extreme(&values));
    }
    Ok(count(1 + reached) / count(1 + resampling.draws))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFTEN: Resampling = Resampling { draws: 4000, seed: 1 };

    fn rows(values: &[&[u8]]) -> Vec<Vec<Placed>> {
        let place = |(n, value): (usize, &u8)| Placed { when: count(n), block: n, value: f64::from(*value) };
        values.iter().map(|row| row.iter().enumerate().map(place).collect()).collect()
    }

    #[test]
    fn a_trend_has_the_p_value_that_counting_every_order_gives() {
        // One scenario, 0 0 1 1: of the six orders, S is as large in two (both ways).
        let found = perm_trend(&rows(&[&[0, 0, 1, 1]]), OFTEN).unwrap();
        assert!((found.p - 2.0 / 6.0).abs() < 0.03, "{found:?}");
        assert!((found.slope - 2.0 / 5.0).abs() < 1e-12);
        // Two such scenarios: both extreme the same way in 2 of 36.
        let found = perm_trend(&rows(&[&[0, 0, 1, 1], &[0, 0, 1, 1]]), OFTEN).unwrap();
        assert!((found.p - 2.0 / 36.0).abs() < 0.015, "{found:?}");
        // One up, one down: the sum is 0, and every sum is at least as large.
        let found = perm_trend(&rows(&[&[0, 0, 1, 1], &[1, 1, 0, 0]]), OFTEN).unwrap();
        assert!((found.p - 1.0).abs() < 1e-12 && found.slope.abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn failing_together_is_told_from_failing_as_often_apart() {
        // Two scenarios, two failures each: in the same rounds, D = 4 · (±1)²; so in 1 of 6 pairings.
        let together = perm_overdispersion(&rows(&[&[0, 1, 0, 1], &[0, 1, 0, 1]]), OFTEN).unwrap();
        assert!((together.p - 1.0 / 6.0).abs() < 0.02, "{together:?}");
        // E[D] = 2 scenarios × 4 rounds × 3 · 0.25 / 3 = 2, seen 4.
        assert!((together.ratio - 2.0).abs() < 1e-12, "{together:?}");
        let apart = perm_overdispersion(&rows(&[&[0, 1, 0, 1], &[1, 0, 1, 0]]), OFTEN).unwrap();
        assert!((apart.p - 1.0).abs() < 1e-12 && apart.ratio < 1e-12, "{apart:?}");
    }

    #[test]
    fn the_expected_variation_is_the_mean_over_exchanges() {
        // Unequal numbers, two values in one block, a scenario that is not in every block.
        let at = |block: usize, value: f64| Placed { when: 0.0, block, value };
        let rows = vec![
            vec![at(1, 0.0), at(1, 2.0), at(2, 1.0), at(9, 0.0)],
            vec![at(2, 1.0), at(9, 0.0)],
            vec![at(1, 1.0)],
            vec![at(1, 1.0), at(2, 1.0)],
        ];
        let seen = perm_overdispersion(&rows, OFTEN).unwrap().ratio;
        let mut random = Random::new(3);
        let (mut sum, n) = (0.0, 4000);
        for _ in 0..n {
            let mut drawn = rows.clone();
            for row in &mut drawn {
                let mut values: Vec<f64> = row.iter().map(|p| p.value).collect();
                random.shuffle(&mut values);
                row.iter_mut().zip(values).for_each(|(p, value)| p.value = value);
            }
            sum += perm_overdispersion(&drawn, Resampling { draws: 1, seed: 1 }).unwrap().ratio;
        }
        assert!((sum / f64::from(n) - 1.0).abs() < 0.04, "{} {seen}", sum / f64::from(n));
    }

    #[test]
    fn p_values_of_independent_outcomes_are_small_no_more_often_than_they_say() {
        let mut random = Random::new(7);
        let mut small = [0, 0];
        for seed in 0..400 {
            let rows: Vec<Vec<Placed>> = (0..6)
                .map(|i| {
                    let rate = 0.2 + 0.12 * f64::from(i);
                    let draw = |n: usize, random: &mut Random| Placed {
                        when: count(n),
                        block: n,
                        value: f64::from(u8::from(random.unit() < rate)),
                    };
                    (0..8).map(|n| draw(n, &mut random)).collect()
                })
                .collect();
            let few = Resampling { draws: 199, seed };
            small[0] += u32::from(perm_trend(&rows, few).unwrap().p <= 0.05);
            small[1] += u32::from(perm_overdispersion(&rows, few).unwrap().p <= 0.05);
        }
        // 20 are expected; more than 36 come about less than once in a thousand.
        assert!(small.iter().all(|n| (6..=36).contains(n)), "{small:?}");
    }

    #[test]
    fn where_nothing_varies_nothing_is_said() {
        for rows in [rows(&[&[1, 1, 1], &[0, 0]]), rows(&[&[1], &[0]]), vec![]] {
            assert!(matches!(perm_trend(&rows, OFTEN), Err(StatsError::Undefined { .. })));
            assert!(matches!(perm_overdispersion(&rows, OFTEN), Err(StatsError::Undefined { .. })));
        }
        let wrong = vec![vec![Placed { when: f64::NAN, block: 0, value: 1.0 }]];
        assert!(matches!(perm_trend(&wrong, OFTEN), Err(StatsError::Domain { .. })));
        let many = Resampling { draws: 2_000_000, seed: 1 };
        assert!(perm_trend(&rows(&[&[0, 1]]), many).is_err());
    }
}

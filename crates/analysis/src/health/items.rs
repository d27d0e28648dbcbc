//! What scenarios tell of endpoints, and of each other.

use super::pool::{Item, Pool};
use super::{ALPHA, CONFIDENCE, Consistency, Redundant, Telling};
use crate::AnalysisError;
use mocktrial_stats::{StatsError, betainc, cronbach_alpha, item_rest_corr};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Steps of the integral over two posteriors.
const STEPS: u32 = 400;

/// Endpoints, and rows, below which a correlation over them says nothing.
const LEAST_ENDPOINTS: usize = 3;
const LEAST_ROWS: usize = 20;

/// Whether a scenario tells endpoints apart: whether the posterior says of the one with the highest and the one with the
/// lowest rate that they differ, at an error level shared by all pairs that could have been those.
pub(super) fn telling(item: &Item, endpoints: &[Arc<str>], same: bool) -> Result<Telling, AnalysisError> {
    let rate = |(_, passed, counted): &(usize, u64, u64)| ratio(*passed, *counted);
    let tried: Vec<(usize, u64, u64)> = item
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.counted() > 0)
        .map(|(place, cell)| (place, cell.passed(), cell.counted()))
        .collect();
    if tried.len() < 2 {
        return Ok(Telling::OneEndpoint);
    }
    let (mut best, mut worst) = (tried[0], tried[0]);
    for cell in &tried[1..] {
        best = if rate(cell) > rate(&best) { *cell } else { best };
        worst = if rate(cell) < rate(&worst) { *cell } else { worst };
    }
    let probability = if best.0 == worst.0 { 0.5 } else { greater((best.1, best.2), (worst.1, worst.2))? };
    #[allow(clippy::cast_precision_loss, reason = "few endpoints")]
    let pairs = (tried.len() * (tried.len() - 1)) as f64 / 2.0;
    Ok(match () {
        () if 1.0 - probability <= (1.0 - CONFIDENCE) / (2.0 * pairs) => {
            Telling::Apart { best: Arc::clone(&endpoints[best.0]), worst: Arc::clone(&endpoints[worst.0]), probability }
        }
        () if same => Telling::Alike,
        () => Telling::Undetermined,
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(passed: u64, counted: u64) -> f64 {
    passed as f64 / counted.max(1) as f64
}

/// How probable it is that the first rate is above the second, after so many passes in so many trials: ∫ F₂ dF₁ over
/// Jeffreys' posteriors.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn greater(first: (u64, u64), second: (u64, u64)) -> Result<f64, AnalysisError> {
    let below = |(k, n): (u64, u64), x: f64| betainc(k as f64 + 0.5, (n - k) as f64 + 0.5, x);
    let mut sum = 0.0;
    let mut before = 0.0;
    for step in 1..=STEPS {
        // Finer towards 0 and 1, where the posteriors of few trials are steep.
        let at = |s: f64| (std::f64::consts::FRAC_PI_2 * s / f64::from(STEPS)).sin().powi(2);
        let upto = below(first, at(f64::from(step)).min(1.0))?;
        sum += (upto - before) * below(second, at(f64::from(step) - 0.5))?;
        before = upto;
    }
    Ok(sum.clamp(0.0, 1.0))
}

/// Under each endpoint, each trial's number and whether it passed.
type Pattern = Vec<Vec<(u32, bool)>>;

/// Scenarios that all endpoints passed and failed in the very same trials, where that is no accident.
///
/// By accident, scenarios of equal counts agree with a chance of one over the ways in which the counts can stand under the
/// endpoints, and the passes among the trials. That, times the pairs of scenarios that could have agreed, must be small.
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
pub(super) fn redundant(pool: &Pool) -> Vec<Redundant> {
    let mut patterns: BTreeMap<Pattern, Vec<&Arc<str>>> = BTreeMap::new();
    let mut varied = 0_u32;
    for (name, item) in &pool.items {
        let pattern: Pattern =
            item.cells.iter().map(|cell| cell.trials.iter().map(|t| (t.number, t.passed)).collect()).collect();
        let all = || pattern.iter().flatten().map(|(_, passed)| *passed);
        if all().any(|p| p) && all().any(|p| !p) {
            varied += 1;
            patterns.entry(pattern).or_default().push(name);
        }
    }
    let pairs = f64::from(varied) * f64::from(varied.saturating_sub(1)) / 2.0;
    let mut found = Vec::new();
    for (pattern, names) in patterns.into_iter().filter(|(_, names)| names.len() > 1) {
        // Variants of one scenario are meant to be alike.
        let mut ids: Vec<&str> = names.iter().filter_map(|n| Some(&*pool.items.get(*n)?.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let chance = (pairs * (-ways(&pattern)).exp()).min(1.0);
        if ids.len() > 1 && chance <= 1.0 - CONFIDENCE {
            found.push(Redundant { scenarios: names.into_iter().cloned().collect(), chance });
        }
    }
    found
}

/// The logarithm of the number of patterns with the counts of this one.
#[allow(clippy::cast_precision_loss, reason = "few trials")]
fn ways(pattern: &[Vec<(u32, bool)>]) -> f64 {
    let factorial = |n: usize| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let mut kinds: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut within = 0.0;
    for cell in pattern {
        let passed = cell.iter().filter(|(_, passed)| *passed).count();
        within += factorial(cell.len()) - factorial(passed) - factorial(cell.len() - passed);
        *kinds.entry((passed, cell.len())).or_default() += 1;
    }
    within + factorial(pattern.len()) - kinds.values().map(|n| factorial(*n)).sum::<f64>()
}

/// How each scenario goes with the others, by id, and how consistent all are; `None` where there are too few endpoints or
/// trials to say.
pub(super) fn consistency(pool: &Pool) -> Result<Option<Consistency>, AnalysisError> {
    let tried = |item: &Item| item.cells.iter().all(|cell| cell.counted() > 0);
    let mut by_id: BTreeMap<&Arc<str>, Vec<&Item>> = BTreeMap::new();
    pool.items.values().filter(|item| tried(item)).for_each(|item| by_id.entry(&item.id).or_default().push(item));
    let cells = || by_id.values().flatten().flat_map(|item| &item.cells);
    let trials = cells().map(|cell| cell.trials.len()).min().unwrap_or(0);
    let rows = trials * pool.endpoints.len();
    if pool.endpoints.len() < LEAST_ENDPOINTS || rows < LEAST_ROWS || by_id.len() < 3 {
        return Ok(None);
    }
    let mut scores = Vec::with_capacity(rows);
    #[allow(clippy::cast_precision_loss, reason = "few variants")]
    let score = |items: &[&Item], endpoint: usize, trial: usize| {
        let passed = items.iter().filter(|i| i.cells[endpoint].trials[trial].passed).count();
        passed as f64 / items.len() as f64
    };
    for endpoint in 0..pool.endpoints.len() {
        for trial in 0..trials {
            scores.push(by_id.values().map(|items| score(items, endpoint, trial)).collect::<Vec<f64>>());
        }
    }
    let alpha = match cronbach_alpha(&scores) {
        Ok(alpha) => Some(alpha),
        Err(StatsError::Undefined { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let item_rest: BTreeMap<Arc<str>, f64> = by_id
        .keys()
        .zip(item_rest_corr(&scores)?)
        .filter_map(|(id, correlation)| Some((Arc::clone(id), correlation?)))
        .collect();
    let against = item_rest.iter().filter(|(_, r)| is_below_zero(**r, rows)).map(|(id, _)| Arc::clone(id)).collect();
    Ok(Some(Consistency { rows: rows as u64, alpha, item_rest, against }))
}

/// Whether the 95 % interval of a correlation (Fisher 1921) lies below 0.
#[allow(clippy::cast_precision_loss, reason = "few rows")]
fn is_below_zero(r: f64, rows: usize) -> bool {
    let z = mocktrial_stats::norm_ppf(1.0 - ALPHA / 2.0).unwrap_or(f64::INFINITY);
    r.atanh() + z / ((rows - 3) as f64).sqrt() < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greater_of_two_rates_is_as_probable_as_the_trials_say() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 2e-3, "{a} {b}");
        near(greater((3, 8), (3, 8)).unwrap(), 0.5);
        near(greater((8, 8), (0, 8)).unwrap(), 1.0);
        let (one, other) = (greater((5, 8), (2, 8)).unwrap(), greater((2, 8), (5, 8)).unwrap());
        near(one + other, 1.0);
        assert!((0.9..0.97).contains(&one), "{one}");
    }

    use super::super::pool::Cell;
    use crate::arm::Trial;
    use mocktrial_store::Instrument;
    use mocktrial_trajectory::Digest;

    /// A pool of scenarios, each given by its trials under each endpoint: `+` passed, `-` failed.
    fn pool(scenarios: &[(&str, &[&str])]) -> Pool {
        let nothing = Digest::of_bytes(b"test", b"");
        let trial = |(mark, number): (char, u32)| Trial {
            number,
            dispatch: 0,
            passed: mark == '+',
            score: f64::from(u8::from(mark == '+')),
            cost: None,
            latency_ms: None,
            tokens: None,
            replayed: false,
            trajectory: nothing,
        };
        let mut pool = Pool::default();
        for (name, endpoints) in scenarios {
            let cell = |marks: &&str| Cell { trials: marks.chars().zip(1..).map(trial).collect(), ..Cell::default() };
            let item = Item {
                id: name.split('~').next().unwrap().into(),
                instrument: Instrument { world: nothing, criteria: nothing },
                quarantined: false,
                cells: endpoints.iter().map(cell).collect(),
            };
            pool.endpoints = (0..endpoints.len()).map(|n| format!("e{n}").into()).collect();
            pool.items.insert((*name).into(), item);
        }
        pool
    }

    #[test]
    fn scenarios_are_redundant_where_they_agree_beyond_accident_and_variants_never_are() {
        let mixed = ["+--++-+-", "-+-+--++"];
        let names = |pool: &Pool| redundant(pool).iter().map(|r| r.scenarios.len()).collect::<Vec<_>>();
        assert_eq!(names(&pool(&[("a", &mixed), ("b", &mixed), ("c", &["++--++--", "-+-+--++"])])), [2]);
        // Always the same under each endpoint: two endpoints can be so by accident half of the time.
        assert!(names(&pool(&[("a", &["++++", "----"]), ("b", &["++++", "----"])])).is_empty());
        // All pass everything: that is said elsewhere.
        assert!(names(&pool(&[("a", &["++++", "++++"]), ("b", &["++++", "++++"])])).is_empty());
        assert!(names(&pool(&[("a~x", &mixed), ("a~y", &mixed)])).is_empty());
    }

    #[test]
    fn a_scenario_tells_endpoints_apart_where_the_posterior_says_so() {
        let tell = |cells: &[&str], same| {
            let pool = pool(&[("a", cells)]);
            telling(&pool.items["a"], &pool.endpoints, same).unwrap()
        };
        assert!(matches!(tell(&["++++++++", "--------"], false), Telling::Apart { ref best, .. } if &**best == "e0"));
        assert_eq!(tell(&["++++----", "++------"], false), Telling::Undetermined);
        assert_eq!(tell(&["++++++++", "++++++++"], true), Telling::Alike);
        assert_eq!(tell(&["++++++++"], true), Telling::OneEndpoint);
        assert_eq!(tell(&["++++++++", ""], true), Telling::OneEndpoint);
    }

    #[test]
    fn a_scenario_against_the_rest_is_found_and_few_endpoints_say_nothing() {
        let good = ["++++++++", "+++++-+-", "-+--+---", "--------"];
        let bad = ["--------", "-+------", "++++++-+", "++++++++"];
        let four: Vec<(&str, &[&str])> = vec![("a", &good), ("b", &good), ("c", &good), ("d", &bad)];
        let found = consistency(&pool(&four)).unwrap().unwrap();
        assert_eq!((found.rows, found.against), (32, vec!["d".into()]));
        assert!(found.item_rest["d"] < -0.5 && found.item_rest["a"] > 0.3);
        let two: Vec<(&str, &[&str])> = vec![("a", &good[..2]), ("b", &good[..2]), ("c", &good[..2])];
        assert!(consistency(&pool(&two)).unwrap().is_none());
    }

    #[test]
    fn patterns_are_counted_within_and_among_endpoints() {
        let cell = |passes: &[bool]| passes.iter().zip(1..).map(|(p, n)| (n, *p)).collect::<Vec<_>>();
        // C(4, 2) · C(2, 1) · 2!
        let two = [cell(&[true, true, false, false]), cell(&[true, false])];
        assert!((ways(&two).exp() - 24.0).abs() < 1e-9);
        // Two endpoints that always pass and one that never does: 3 ways.
        let three = [cell(&[true; 3]), cell(&[true; 3]), cell(&[false; 3])];
        assert!((ways(&three).exp() - 3.0).abs() < 1e-9);
    }
}

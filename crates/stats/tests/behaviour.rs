//! Edges and properties of the estimators.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_stats::*;
use proptest::prelude::*;

#[test]
fn one_scenario_says_nothing_about_variation() {
    for rate in [0.0, 0.5, 1.0] {
        assert_eq!(ci_wilson_stat(&[rate], 100.0, 0.05).unwrap(), Interval { low: 0.0, high: 1.0 });
    }
}

#[test]
fn equal_values_are_no_more_certain_with_more_trials() {
    for rate in [0.0, 0.1, 1.0 / 3.0, 1.0] {
        let values = [rate; 12];
        let few = ci_wilson_stat(&values, 24.0, 0.05).unwrap();
        let many = ci_wilson_stat(&values, 2400.0, 0.05).unwrap();
        assert_eq!(few, many);
        assert!(few.high - few.low > 0.1);
    }
}

#[test]
fn all_passed_has_1_as_its_upper_end_and_not_as_its_lower() {
    let i = ci_wilson_stat(&[1.0; 20], 100.0, 0.05).unwrap();
    assert!(i.high == 1.0 && i.low < 0.9, "{i:?}");
}

#[test]
fn more_tries_than_trials_is_refused() {
    assert_eq!(pass_at_k(3, 1, 4), Err(StatsError::KExceedsN { k: 4, n: 3 }));
    assert_eq!(pass_hat_k(3, 1, 4), Err(StatsError::KExceedsN { k: 4, n: 3 }));
    assert!(matches!(pass_hat_k(3, 1, 0), Err(StatsError::Domain { name: "k", .. })));
    assert!(matches!(pass_hat_k(3, 4, 1), Err(StatsError::Domain { name: "c", .. })));
}

#[test]
fn nothing_and_nonsense_are_refused() {
    assert_eq!(mean(&[]), Err(StatsError::Empty));
    assert_eq!(ci_wilson_stat(&[], 1.0, 0.05), Err(StatsError::Empty));
    assert_eq!(quantile7(&[], 0.5), Err(StatsError::Empty));
    assert_eq!(standard_error(&[1.0]), Err(StatsError::TooFew { needed: 2, got: 1 }));
    assert!(compare_paired(&[0.1], 0.05).is_err());
    for bad in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
        assert!(ci_wilson_stat(&[0.5, bad], 2.0, 0.05).is_err());
    }
    for alpha in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(ci_wilson(1.0, 2.0, alpha).is_err());
    }
}

#[test]
fn equal_differences_decide_nothing() {
    let r = compare_paired(&[0.25; 6], 0.05).unwrap();
    assert_eq!((r.delta, r.verdict, r.p), (0.25, Verdict::Undecided, 0.0));
    let none = compare_paired(&[0.0; 6], 0.05).unwrap();
    assert_eq!((none.p, none.verdict), (1.0, Verdict::Undecided));
}

#[test]
fn a_huge_sign_flip_is_refused_and_an_empty_one_is_not() {
    assert!(signflip_exact(&[i64::MAX, i64::MIN]).is_err());
    assert_eq!(signflip_exact(&[]).unwrap().two, 1.0);
}

proptest! {
    #[test]
    fn an_interval_holds_its_estimate(values in prop::collection::vec(0.0..=1.0_f64, 1..40), trials in 1_u32..20) {
        let cap = values.len() as f64 * f64::from(trials);
        let i = ci_wilson_stat(&values, cap, 0.05).unwrap();
        let p = mean(&values).unwrap();
        prop_assert!(0.0 <= i.low && i.low <= p + 1e-12 && p <= i.high + 1e-12 && i.high <= 1.0);
    }

    #[test]
    fn passing_always_is_rarer_than_passing_once(n in 1_u64..60, c in 0_u64..60, k in 1_u64..60) {
        let (c, k) = (c.min(n), k.min(n));
        let (at, hat) = (pass_at_k(n, c, k).unwrap(), pass_hat_k(n, c, k).unwrap());
        let p = c as f64 / n as f64;
        prop_assert!(hat <= p + 1e-12 && p <= at + 1e-12);
        prop_assert!((pass_hat_k(n, n - c, k).unwrap() - (1.0 - at)).abs() < 1e-12);
    }

    #[test]
    fn a_quantile_lies_within_the_data(values in prop::collection::vec(-1e6..1e6_f64, 1..30), q in 0.0..=1.0_f64) {
        let x = quantile7(&values, q).unwrap();
        let (low, high) = (quantile7(&values, 0.0).unwrap(), quantile7(&values, 1.0).unwrap());
        prop_assert!(low <= x && x <= high);
    }

    #[test]
    fn a_comparison_is_antisymmetric(d in prop::collection::vec(-1.0..1.0_f64, 2..30)) {
        let there = compare_paired(&d, 0.05).unwrap();
        let back = compare_paired(&d.iter().map(|x| -x).collect::<Vec<_>>(), 0.05).unwrap();
        prop_assert!((there.delta + back.delta).abs() < 1e-12 && (there.p - back.p).abs() < 1e-12);
    }
}

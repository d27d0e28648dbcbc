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
fn a_floored_comparison_has_a_width_where_nothing_differs() {
    let none = compare_floored(&[0.0; 30], 1.0, 0.05).unwrap();
    assert_eq!((none.p, none.verdict), (1.0, Verdict::Undecided));
    // By hand: t with 29 degrees of freedom is 2.0452; the rule of three would say 0.095.
    let half = 2.045_23 * (2.0_f64 / 30.0 / 29.0).sqrt();
    assert!((none.interval.high - half).abs() < 1e-5 && (none.interval.low + half).abs() < 1e-5, "{none:?}");
    // One of four trials lost on each of six scenarios: t is -1/sqrt(2/30).
    let lost = compare_floored(&[-0.25; 6], 0.25, 0.05).unwrap();
    assert_eq!((lost.delta, lost.verdict), (-0.25, Verdict::Worse));
    assert!((lost.p - 0.0116).abs() < 0.0005, "{lost:?}");
    // Where scenarios vary it is little wider than Student's: by the one more square.
    let varied: Vec<f64> = (0..30).map(|i| f64::from(i % 3) - 1.0).collect();
    let (student, floored) = (compare_paired(&varied, 0.05).unwrap(), compare_floored(&varied, 1.0, 0.05).unwrap());
    let times = (floored.interval.high - floored.interval.low) / (student.interval.high - student.interval.low);
    assert!((times - (21.0_f64 / 20.0).sqrt()).abs() < 1e-9, "{times}");
    assert!(compare_floored(&[0.1], 0.5, 0.05).is_err());
    assert!(compare_floored(&[0.1, 0.2], 0.0, 0.05).is_err());
    assert!(compare_floored(&[0.1, 0.2], f64::NAN, 0.05).is_err());
}

#[test]
fn what_is_unseen_is_one_trial_on_a_suite_and_a_whole_scenario_in_a_population() {
    assert_eq!(unseen_difference(Scope::Suite, (1.0, 1.0)), Ok(1.0));
    assert_eq!(unseen_difference(Scope::Suite, (4.0, 2.0)), Ok(0.375));
    assert_eq!(unseen_difference(Scope::Population, (8.0, 8.0)), Ok(1.0));
    assert!(unseen_difference(Scope::Suite, (0.0, 1.0)).is_err());
    assert!(unseen_difference(Scope::Population, (1.0, f64::INFINITY)).is_err());
}

#[test]
fn a_huge_sign_flip_is_refused_and_an_empty_one_is_not() {
    assert!(signflip_exact(&[i64::MAX, i64::MIN]).is_err());
    assert_eq!(signflip_exact(&[]).unwrap().two, 1.0);
}

proptest! {
    #[test]
    fn a_floored_comparison_decides_exactly_where_its_interval_leaves_out_nought(
        differences in prop::collection::vec((-8_i32..=8).prop_map(|d| f64::from(d) / 8.0), 2..40),
        eps in 0.01_f64..=1.0, alpha in 0.001_f64..0.2,
    ) {
        let found = compare_floored(&differences, eps, alpha).unwrap();
        let Interval { low, high } = found.interval;
        prop_assert!(high > low);
        // Where 0 is an end, rounding decides.
        prop_assume!(low.abs() > 1e-9 && high.abs() > 1e-9);
        prop_assert_eq!(found.p <= alpha, low > 0.0 || high < 0.0);
        prop_assert_eq!(found.verdict == Verdict::Better, low > 0.0);
        prop_assert_eq!(found.verdict == Verdict::Worse, high < 0.0);
    }

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

#[test]
fn perfect_agreement_is_1_and_less_sure_with_fewer_items() {
    let [few, many] = [5.0, 500.0].map(|n| kappa(&[vec![n, 0.0], vec![0.0, n]], 0.05).unwrap());
    assert!(few.value == 1.0 && many.value == 1.0);
    assert!(few.interval.low < 0.6 && many.interval.low > 0.95, "{few:?} {many:?}");
    let ac1 = gwet_ac1(&[vec![20.0, 0.0], vec![0.0, 0.0]], 0.05).unwrap();
    assert!(ac1.value == 1.0 && ac1.interval.low < 0.9);
    assert!(matches!(kappa(&[vec![20.0, 0.0], vec![0.0, 0.0]], 0.05), Err(StatsError::Undefined { .. })));
}

#[test]
fn a_perfect_judge_needs_no_correction_and_a_coin_allows_none() {
    assert!((rogan_gladen(0.3, 1.0, 1.0).unwrap() - 0.3).abs() < 1e-12);
    assert!(matches!(rogan_gladen(0.3, 0.5, 0.5), Err(StatsError::Undefined { .. })));
    let coin = Accuracy { sensitivity: 0.4, good: 20.0, specificity: 0.5, bad: 20.0 };
    assert_eq!(rogan_gladen_ci(0.3, 100.0, coin, 0.05).unwrap(), Interval { low: 0.0, high: 1.0 });
}

#[test]
fn equal_weights_are_a_plain_share() {
    let labels: Vec<(bool, f64)> = (0..20).map(|i| (i < 15, 3.5)).collect();
    let rate = weighted_rate(&labels, 0.05).unwrap();
    assert_eq!(rate.interval, ci_wilson(15.0, 20.0, 0.05).unwrap());
    let uneven: Vec<(bool, f64)> = (0..20).map(|i| (i < 15, if i < 3 { 30.0 } else { 1.0 })).collect();
    assert!(weighted_rate(&uneven, 0.05).unwrap().effective < 5.0);
}

#[test]
fn a_stratum_without_a_label_is_refused_and_one_without_members_is_not_needed() {
    let labelled = Stratum { all: 100, labelled: 10, good: 9 };
    let unseen = Stratum { all: 5, labelled: 0, good: 0 };
    assert!(matches!(stratified_rate(&[labelled, unseen], 0.05), Err(StatsError::TooFew { .. })));
    let empty = Stratum { all: 0, labelled: 0, good: 0 };
    assert_eq!(stratified_rate(&[labelled, empty], 0.05).unwrap().value, 0.9);
}

proptest! {
    #[test]
    fn coefficients_of_agreement_stay_in_range_and_in_their_interval(cells in prop::collection::vec(0_u8..30, 4)) {
        let table: Vec<Vec<f64>> = cells.chunks(2).map(|row| row.iter().map(|c| f64::from(*c)).collect()).collect();
        let turned = vec![vec![table[1][1], table[1][0]], vec![table[0][1], table[0][0]]];
        for of in [kappa, gwet_ac1] {
            let Ok(found) = of(&table, 0.05) else { continue };
            prop_assert!((-1.0..=1.0).contains(&found.value), "{found:?}");
            prop_assert!(found.interval.low <= found.value + 1e-12 && found.value <= found.interval.high + 1e-12, "{found:?}");
            prop_assert!(found.interval.low >= -1.0 && found.interval.high <= 1.0);
            prop_assert_eq!((found.value - 1.0).abs() < 1e-12, table[0][1] + table[1][0] == 0.0);
            // What the categories are called means nothing.
            prop_assert!((of(&turned, 0.05).unwrap().value - found.value).abs() < 1e-9);
        }
    }

    #[test]
    fn alpha_of_two_raters_with_the_same_margins_is_near_kappa(a in 5_u8..30, b in 5_u8..30, off in 1_u8..30) {
        let table = vec![vec![f64::from(a), f64::from(off)], vec![f64::from(off), f64::from(b)]];
        let mut units = Vec::new();
        for (i, row) in table.iter().enumerate() {
            for (j, n) in row.iter().enumerate() {
                units.extend(std::iter::repeat_n(vec![i as f64, j as f64], *n as usize));
            }
        }
        let alpha = alpha_nominal(&units, 0.05).unwrap();
        prop_assert!((alpha.value - cohen_kappa(&table, Weights::Nominal).unwrap()).abs() < 0.2);
        prop_assert!(alpha.interval.low < alpha.value && alpha.value < alpha.interval.high + 1e-12);
    }

    #[test]
    fn corrected_rates_lie_between_0_and_1_with_their_interval(
        p in 0.0_f64..=1.0, sens in 0.0_f64..=1.0, spec in 0.0_f64..=1.0, m in 1_u8..100, n in 1_u16..1000
    ) {
        let judge = Accuracy { sensitivity: sens, good: f64::from(m), specificity: spec, bad: f64::from(m) };
        let i = rogan_gladen_ci(p, f64::from(n), judge, 0.05).unwrap();
        prop_assert!(0.0 <= i.low && i.low <= i.high && i.high <= 1.0, "{i:?}");
    }

    #[test]
    fn a_stratified_rate_lies_in_its_interval_and_all_labelled_is_the_plain_rate(
        strata in prop::collection::vec((1_u64..50, 0.0_f64..=1.0, 0.0_f64..=1.0), 1..4)
    ) {
        let made: Vec<Stratum> = strata.iter().map(|(all, part, good)| {
            let labelled = ((*all as f64 * part) as u64).clamp(1, *all);
            Stratum { all: *all, labelled, good: (labelled as f64 * good) as u64 }
        }).collect();
        let rate = stratified_rate(&made, 0.05).unwrap();
        prop_assert!(rate.interval.low <= rate.value + 1e-9 && rate.value <= rate.interval.high + 1e-9, "{rate:?}");
        let whole: Vec<Stratum> = made.iter().map(|s| Stratum { all: s.labelled, ..*s }).collect();
        let (good, all) = whole.iter().fold((0, 0), |(g, a), s| (g + s.good, a + s.all));
        let plain = stratified_rate(&whole, 0.05).unwrap();
        prop_assert!((plain.value - good as f64 / all as f64).abs() < 1e-9);
    }
}

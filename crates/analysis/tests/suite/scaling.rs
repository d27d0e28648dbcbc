//! What more attempts buy.

use crate::rows::Run;
use mocktrial_analysis::scaling::{Front, Scaling, Standing, Terms, Way, scaling};
use mocktrial_analysis::{Estimate, Selection};
use mocktrial_stats::{Repeated, repeated_rate};
use mocktrial_trajectory::{EndReason, Usage};
use proptest::prelude::*;

fn scaled(run: &Run, extrapolate: bool) -> Scaling {
    scaling(run, &Terms { endpoints: vec![], alpha: 0.05, extrapolate }).unwrap()
}

/// Passes of four trials of each scenario, by endpoint, with the price of an attempt.
fn run(endpoints: &[(&str, &[u32], f64)]) -> Run {
    let names: Vec<String> = (0..endpoints[0].1.len()).map(|i| format!("s{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut run = Run::new(&names, &endpoints.iter().map(|e| e.0).collect::<Vec<_>>(), 4);
    for (endpoint, passes, price) in endpoints {
        for (name, passes) in names.iter().zip(*passes) {
            let before = run.rows.len();
            run.k_of_n(name, endpoint, *passes, 4);
            run.rows[before..].iter_mut().for_each(|row| row.cost = Some(*price));
        }
    }
    run
}

fn front<'a>(found: &'a Scaling, way: &Way) -> &'a Front {
    found.fronts.iter().find(|f| f.way == *way).unwrap()
}

#[test]
fn rates_over_k_attempts_are_those_of_the_statistics() {
    let passes = [4, 3, 2, 0, 1, 4];
    let found = scaled(&run(&[("a", &passes, 0.5)]), false);
    let counts: Vec<(u64, u64)> = passes.iter().map(|c| (4, u64::from(*c))).collect();
    let points = &found.endpoints[0].points;
    assert_eq!(points.iter().map(|p| p.k).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for p in points {
        for (own, what) in
            [(p.pass_at, Repeated::PassAt), (p.majority, Repeated::Majority), (p.pass_hat, Repeated::PassHat)]
        {
            let oracle = repeated_rate(&counts, p.k, what, 0.05).unwrap();
            let oracle = Estimate { value: oracle.value, low: oracle.interval.low, high: oracle.interval.high };
            assert_eq!(own, oracle, "{what:?} at {}", p.k);
        }
        assert_eq!(p.cost.unwrap().value, 0.5 * p.k as f64);
        assert_eq!(p.tokens, None);
    }
    assert!(found.endpoints[0].extrapolated.is_none());
}

#[test]
fn k_ends_at_the_fewest_trials_that_count_and_says_where() {
    let mut run = run(&[("a", &[4, 3, 2], 0.5)]);
    run.rows.retain(|row| !(&*row.key.scenario == "s1" && row.key.trial > 2));
    for _ in 0..2 {
        run.ended("s1", "a", EndReason::ProviderFailed);
    }
    let found = scaled(&run, false);
    let own = &found.endpoints[0];
    assert_eq!(own.points.last().unwrap().k, 2);
    let fewest = own.fewest.as_ref().unwrap();
    assert_eq!((&*fewest.scenario, fewest.counted, fewest.planned), ("s1", 2, 4));
}

#[test]
fn a_scenario_without_a_trial_that_counts_is_left_out_by_name() {
    let mut run = run(&[("a", &[4, 3, 2], 0.5)]);
    run.rows.retain(|row| &*row.key.scenario != "s1");
    run.ended("s1", "a", EndReason::ProviderFailed);
    let found = scaled(&run, false);
    assert_eq!(found.endpoints[0].left_out, ["s1".into()]);
    assert_eq!((found.endpoints[0].scenarios, found.endpoints[0].points.len()), (2, 4));
}

#[test]
fn the_front_is_what_nothing_beats_in_cost_and_accuracy() {
    // Ten scenarios: the dear endpoint passes always; the cheap one half the time; the bad one less, for more money.
    let found = scaled(&run(&[("dear", &[4; 10], 10.0), ("cheap", &[2; 10], 1.0), ("bad", &[1; 10], 2.0)]), false);
    let perfect = front(&found, &Way::PerfectVerifier);
    assert_eq!((perfect.unit, perfect.scenarios, perfect.points.len()), ("dollars", 10, 12));
    let on: Vec<_> = perfect.points.iter().filter(|p| p.on_front).map(|p| (&*p.endpoint, p.k, p.cost)).collect();
    // Three attempts of which two pass always hold one that does: the fourth, and all that is dear, buy nothing.
    assert_eq!(on, [("cheap", 1, 1.0), ("cheap", 2, 2.0), ("cheap", 3, 3.0)]);
    assert!(perfect.points.iter().filter(|p| p.on_front).all(|p| p.standing == Standing::Sure && p.share == 1.0));
    let voted = front(&found, &Way::Majority);
    let on: Vec<_> = voted.points.iter().filter(|p| p.on_front).map(|p| (&*p.endpoint, p.k)).collect();
    assert_eq!(on, [("cheap", 1), ("dear", 1)]);
}

#[test]
fn a_front_that_hangs_on_single_scenarios_is_not_sure() {
    // The dearer endpoint is better on one scenario of eight, and so in 1 − (7/8)⁸ of the draws.
    let found = scaled(&run(&[("a", &[4, 4, 4, 4, 0, 0, 0, 0], 1.0), ("b", &[4, 4, 4, 4, 4, 0, 0, 0], 1.5)]), false);
    let perfect = front(&found, &Way::PerfectVerifier);
    let b = perfect.points.iter().find(|p| &*p.endpoint == "b" && p.k == 1).unwrap();
    assert!(b.on_front && b.standing == Standing::Likely, "{b:?}");
    assert!((b.share - 0.656).abs() < 0.04, "{b:?}");
    assert_eq!(
        found,
        scaled(&run(&[("a", &[4, 4, 4, 4, 0, 0, 0, 0], 1.0), ("b", &[4, 4, 4, 4, 4, 0, 0, 0], 1.5)]), false)
    );
}

#[test]
fn where_nothing_costs_anything_tokens_are_counted() {
    let mut run = run(&[("a", &[4, 2, 1], 0.0), ("b", &[4, 4, 1], 0.0)]);
    for row in &mut run.rows {
        row.usage = Some(Usage { input: 90, output: 10, ..Usage::default() });
    }
    assert_eq!(front(&scaled(&run, false), &Way::PerfectVerifier).unit, "tokens");
    run.rows.iter_mut().for_each(|row| (row.usage, row.cost) = (None, None));
    assert!(scaled(&run, false).fronts.is_empty());
}

#[test]
fn more_than_was_measured_is_said_only_where_asked_and_possible() {
    let found = scaled(&run(&[("a", &[4, 3, 2, 0, 1, 4], 0.5), ("b", &[4; 6], 1.0)]), true);
    let a = found.endpoints[0].extrapolated.as_ref().unwrap();
    assert_eq!(
        (a.assumes, a.points.iter().map(|p| p.k).collect::<Vec<_>>()),
        ("no impossible scenarios", vec![8, 16, 32, 64])
    );
    let measured = found.endpoints[0].points.last().unwrap();
    assert!(a.points[0].pass_at > measured.pass_at.value && a.points[0].pass_hat < measured.pass_hat.value);
    let b = found.endpoints[1].extrapolated.as_ref().unwrap();
    assert!(b.points.is_empty() && b.refused.as_ref().unwrap().contains("every trial passed"));
}

#[test]
fn selected_episodes_scale_nothing() {
    let mut run = run(&[("a", &[4, 2, 1], 0.5)]);
    run.selection = Selection::Selected { from: "b".into(), why: "failures".into() };
    let found = scaled(&run, true);
    assert!(found.refused.is_some() && found.endpoints.is_empty() && found.fronts.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_attempts_never_lower_the_best_nor_raise_the_worst(
        a in prop::collection::vec(0_u32..=4, 2..7), price in 0.0..2.0_f64,
    ) {
        let b: Vec<u32> = a.iter().map(|passes| 4 - passes).collect();
        let found = scaled(&run(&[("a", &a, price), ("b", &b, 1.0)]), true);
        for e in &found.endpoints {
            for pair in e.points.windows(2) {
                prop_assert!(pair[1].pass_at.value >= pair[0].pass_at.value - 1e-12);
                prop_assert!(pair[1].pass_hat.value <= pair[0].pass_hat.value + 1e-12);
            }
            for p in &e.points {
                prop_assert!(p.pass_hat.value <= p.majority.value + 1e-12 && p.majority.value <= p.pass_at.value + 1e-12);
            }
        }
        for front in &found.fronts {
            prop_assert!(front.points.iter().any(|p| p.on_front));
            prop_assert!(front.points.iter().all(|p| (0.0..=1.0).contains(&p.share)));
        }
    }
}

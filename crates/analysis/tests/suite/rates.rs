use crate::rows::*;
use mocktrial_analysis::*;
use mocktrial_stats::ci_wilson_stat;
use mocktrial_trajectory::EndReason;

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-12, "{a} instead of {b}");
}

#[test]
fn a_rate_is_the_mean_over_scenarios_however_many_trials_each_has() {
    let mut run = Run::new(&["a", "b", "c"], &["m"], 5);
    run.k_of_n("a", "m", 1, 1);
    run.k_of_n("b", "m", 0, 4);
    run.k_of_n("c", "m", 1, 2);
    let m = &run.summary().endpoints[0];
    let rate = m.pass_rate.unwrap();
    close(rate.value, 0.5);
    let interval = ci_wilson_stat(&[1.0, 0.0, 0.5], 9.0 / (1.0 + 0.25 + 0.5), 0.05).unwrap();
    assert_eq!((rate.low, rate.high), (interval.low, interval.high));
    assert!(rate.low < rate.value && rate.value < rate.high);
    assert_eq!((m.planned, m.finished, m.counted, m.passed, m.scenarios), (15, 7, 7, 2, 3));
}

#[test]
fn many_trials_of_one_scenario_do_not_make_up_for_few_of_another() {
    // The scenarios hardly differ, so that the interval goes by the trials.
    let width = |cells: [(u32, u32); 3]| {
        let mut run = Run::new(&["a", "b", "c"], &["m"], 60);
        for (scenario, (k, n)) in ["a", "b", "c"].into_iter().zip(cells) {
            run.k_of_n(scenario, "m", k, n);
        }
        let rate = run.summary().endpoints[0].pass_rate.unwrap();
        rate.high - rate.low
    };
    let (even, uneven) = (width([(10, 20), (10, 20), (11, 20)]), width([(1, 2), (1, 2), (31, 56)]));
    assert!(uneven > 1.5 * even, "{uneven} for as many trials as {even}");
}

#[test]
fn one_scenario_gives_a_rate_and_no_interval_worth_the_name() {
    let mut run = Run::new(&["a"], &["m"], 4);
    run.k_of_n("a", "m", 3, 4);
    let rate = run.summary().endpoints[0].pass_rate.unwrap();
    assert_eq!((rate.value, rate.low, rate.high), (0.75, 0.0, 1.0));
}

#[test]
fn bounds_say_what_the_excluded_episodes_could_make_of_the_rate() {
    let mut run = Run::new(&["a", "b", "c"], &["m", "whole"], 4);
    run.k_of_n("a", "m", 2, 2);
    run.ended("a", "m", EndReason::ProviderFailed);
    run.ended("a", "m", EndReason::RealTimeLimit);
    run.k_of_n("b", "m", 1, 4);
    // Of `c` nothing counts: it is in no rate, and in the bounds with all it could be.
    for _ in 0..4 {
        run.ended("c", "m", EndReason::ScenarioError);
    }
    for s in ["a", "b", "c"] {
        run.k_of_n(s, "whole", 2, 4);
    }
    let summary = run.summary();
    let m = &summary.endpoints[0];
    let (rate, bounds) = (m.pass_rate.unwrap(), m.bounds.unwrap());
    close(rate.value, (1.0 + 0.25) / 2.0);
    close(bounds.worst, (0.5 + 0.25 + 0.0) / 3.0);
    close(bounds.best, (1.0 + 0.25 + 1.0) / 3.0);
    let causes: Vec<(&str, u64)> = m.excluded.iter().map(|(c, n)| (c.as_str(), *n)).collect();
    assert_eq!(causes, [("provider", 1), ("harness", 1), ("scenario", 4)]);
    assert_eq!((m.finished, m.counted, m.scenarios), (12, 6, 2));
    assert_eq!(summary.endpoints[1].bounds, None, "nothing was left out");
    assert_eq!(summary.scenarios[2].cells[0].map(|c| (c.k, c.n, c.excluded, c.planned)), Some((0, 0, 4, 4)));
}

#[test]
fn pass_hat_k_is_the_unbiased_estimate_up_to_the_fewest_trials() {
    let mut run = Run::new(&["a", "b"], &["m"], 4);
    run.k_of_n("a", "m", 3, 4);
    run.k_of_n("b", "m", 2, 3);
    let m = &run.summary().endpoints[0];
    let ks: Vec<u32> = m.pass_hat.iter().map(|h| h.k).collect();
    assert_eq!(ks, [1, 2, 3]);
    // C(3,k)/C(4,k) and C(2,k)/C(3,k); never the plug-in (3/4)^k.
    for (hat, (a, b)) in m.pass_hat.iter().zip([(3.0 / 4.0, 2.0 / 3.0), (3.0 / 6.0, 1.0 / 3.0), (1.0 / 4.0, 0.0)]) {
        close(hat.estimate.value, (a + b) / 2.0);
        assert!(hat.estimate.low <= hat.estimate.value && hat.estimate.value <= hat.estimate.high);
    }
    close(m.pass_hat[0].estimate.value, m.pass_rate.unwrap().value);
}

#[test]
fn scenarios_that_differ_come_largest_difference_first_then_most_trials_then_by_name() {
    let mut run = Run::new(&["same", "z", "a", "more", "all", "alone", "k-of-n"], &["x", "y"], 4);
    for (s, x, y) in [
        ("same", (1, 2), (1, 2)),
        ("z", (1, 2), (0, 2)),
        ("a", (0, 2), (1, 2)),
        ("more", (2, 4), (0, 2)),
        ("all", (2, 2), (0, 2)),
        // Nothing to differ from.
        ("alone", (2, 2), (0, 0)),
        // 1 of 2 and 2 of 4 are the same rate.
        ("k-of-n", (1, 2), (2, 4)),
    ] {
        run.k_of_n(s, "x", x.0, x.1);
        run.k_of_n(s, "y", y.0, y.1);
    }
    let summary = run.summary();
    let names: Vec<&str> = summary.differing.iter().map(|at| &*summary.scenarios[*at].id).collect();
    assert_eq!(names, ["all", "more", "a", "z"]);
}

#[test]
fn a_scenario_that_is_not_planned_for_an_endpoint_is_no_part_of_its_rate() {
    let mut run = Run::new(&["a", "b"], &["x", "y"], 1);
    run.cells.pop();
    run.k_of_n("a", "x", 1, 1);
    run.k_of_n("b", "x", 0, 1);
    run.k_of_n("a", "y", 1, 1);
    let summary = run.summary();
    assert_eq!((summary.scenarios[1].cells[1], summary.endpoints[1].planned), (None, 1));
    assert_eq!(summary.endpoints[1].pass_rate.unwrap().value, 1.0);
    assert_eq!((summary.differing.len(), summary.outcome), (0, Outcome::Complete));
}

#[test]
fn a_run_of_selected_episodes_claims_no_rate() {
    let mut run = Run::new(&["a", "b"], &["m"], 2);
    run.k_of_n("a", "m", 1, 2);
    run.k_of_n("b", "m", 1, 1);
    run.ended("b", "m", EndReason::ProviderFailed);
    run.selection = Selection::Selected { from: "monday".into(), why: "failed episodes".into() };
    let summary = run.summary();
    let m = &summary.endpoints[0];
    assert_eq!((m.pass_rate, m.bounds, m.pass_hat.len()), (None, None, 0));
    assert_eq!((m.passed, m.counted, m.finished), (2, 3, 4), "what happened is still told");
    let why = summary.refused.unwrap();
    assert!(why.contains("selected by their outcome in monday (failed episodes)"), "{why}");
}

#[test]
fn two_endpoints_are_compared_over_the_scenarios_that_both_have_tried() {
    let mut run = Run::new(&["a", "b", "c", "d"], &["m", "n"], 4);
    for (scenario, of_m, of_n) in [("a", 4, 1), ("b", 3, 0), ("c", 4, 2)] {
        run.k_of_n(scenario, "m", of_m, 4);
        run.k_of_n(scenario, "n", of_n, 4);
    }
    run.k_of_n("d", "m", 4, 4);
    let difference = run.summary().difference.unwrap();
    assert_eq!((&*difference.endpoint, &*difference.against, difference.scenarios), ("m", "n", 3));
    let expected = mocktrial_stats::compare_floored(&[0.75, 0.75, 0.5], 0.25, 0.05).unwrap();
    close(difference.delta.value, 2.0 / 3.0);
    close(difference.delta.low, expected.interval.low);
    close(difference.p, expected.p);
    assert_eq!(difference.verdict, "better");
}

#[test]
fn endpoints_are_compared_neither_alone_nor_in_threes_nor_on_one_scenario() {
    for endpoints in [&["m"][..], &["m", "n", "o"][..]] {
        let mut run = Run::new(&["a", "b"], endpoints, 1);
        for e in endpoints {
            run.k_of_n("a", e, 1, 1);
            run.k_of_n("b", e, 0, 1);
        }
        assert_eq!(run.summary().difference, None);
    }
    let mut run = Run::new(&["a"], &["m", "n"], 1);
    run.k_of_n("a", "m", 1, 1);
    run.k_of_n("a", "n", 0, 1);
    assert_eq!(run.summary().difference, None);
}

#[test]
fn variants_of_a_scenario_are_one_scenario_and_every_variant_is_the_minimum_over_them() {
    let mut run = Run::new(&["a", "b"], &["x"], 2);
    // `a` has two variants: one always passes, the other in its second trial only. `b` always passes.
    run.variants = vec![("a".into(), vec!["du".into(), "sie".into()])];
    for (variant, trial, passed) in [("du", 1, true), ("du", 2, true), ("sie", 1, false), ("sie", 2, true)] {
        run.add("a", "x", |row| {
            row.key.variant = variant.into();
            row.key.trial = trial;
            if !passed {
                fail(row, "answer");
                row.score = Some(0.5);
            }
        });
    }
    run.k_of_n("b", "x", 2, 2);
    let x = &run.summary().endpoints[0];
    assert_eq!((x.scenarios, x.counted, x.passed), (2, 6, 5));
    assert_eq!(x.pass_rate.unwrap().value, (0.75 + 1.0) / 2.0);
    assert_eq!(x.score.unwrap().value, (0.875 + 1.0) / 2.0);
    assert_eq!(x.every_variant.unwrap().value, (0.5 + 1.0) / 2.0);
    let plain = Run::new(&["a"], &["x"], 1).summary();
    assert_eq!(plain.endpoints[0].every_variant, None);
}

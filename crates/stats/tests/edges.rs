//! Where data says nothing, or too little, or what was asked makes no sense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use mocktrial_stats::*;

const RULE: GateRule = GateRule { margin: 0.05, scope: Scope::Suite, alpha: 0.05, power: 0.8 };

#[test]
fn a_gate_on_one_scenario_is_inconclusive_and_no_trial_helps() {
    let gate = gate_ni(&[0.5], (100.0, 100.0), RULE).unwrap();
    assert_eq!((gate.verdict, gate.more), (GateVerdict::Inconclusive, None));
    assert_eq!(gate.interval, Interval { low: -1.0, high: 1.0 });
}

#[test]
fn a_gate_on_scenarios_that_never_differ_still_has_a_width() {
    let gate =
        |n: usize, trials: f64, scope| gate_ni(&vec![0.0; n], (trials, trials), GateRule { scope, ..RULE }).unwrap();
    let few = gate(10, 1.0, Scope::Suite);
    assert!(few.interval.low < -0.05 && few.verdict == GateVerdict::Inconclusive, "{few:?}");
    // More trials settle what this very suite does, but not what scenarios like these would do.
    assert_eq!(gate(40, 50.0, Scope::Suite).verdict, GateVerdict::NoWorse);
    assert_eq!(gate(40, 50.0, Scope::Population).verdict, GateVerdict::Inconclusive);
    assert_eq!(gate(200, 1.0, Scope::Population).verdict, GateVerdict::NoWorse);
}

#[test]
fn what_a_gate_still_needs_decides_it() {
    let d: Vec<f64> = (0..60).map(|i| [0.0, 0.25, -0.25, 0.0, 0.0][i % 5]).collect();
    let now = gate_ni(&d, (4.0, 4.0), GateRule { scope: Scope::Population, ..RULE }).unwrap();
    assert_eq!(now.verdict, GateVerdict::Inconclusive);
    let later: Vec<f64> = d.iter().cycle().take(d.len() + now.more.unwrap() as usize).copied().collect();
    let then = gate_ni(&later, (4.0, 4.0), GateRule { scope: Scope::Population, ..RULE }).unwrap();
    assert_eq!(then.verdict, GateVerdict::NoWorse, "{now:?} {then:?}");
}

#[test]
fn a_loss_within_the_margin_is_no_worse_and_still_a_regression() {
    let d: Vec<f64> = (0..400).map(|i| if i % 25 == 0 { -0.5 } else { 0.0 }).collect();
    let gate = gate_ni(&d, (8.0, 8.0), RULE).unwrap();
    assert!(gate.verdict == GateVerdict::NoWorse && gate.regression, "{gate:?}");
}

#[test]
fn a_hybrid_gate_stops_early_on_strong_evidence_and_else_decides_at_its_cap() {
    let clear = vec![0.5; 60];
    let early = hybrid_gate_ni(&clear, None, RULE).unwrap();
    assert_eq!((early.verdict, early.at_cap), (GateVerdict::NoWorse, None));
    let broken = hybrid_gate_ni(&vec![-0.5; 60], None, RULE).unwrap();
    assert_eq!(broken.verdict, GateVerdict::Regressed);
    // Not enough to stop early, but enough for the interval at the end, at half of alpha.
    let quiet = vec![0.0; 40];
    assert_eq!(hybrid_gate_ni(&quiet, None, RULE).unwrap().verdict, GateVerdict::Inconclusive);
    let cap = Cap { differences: &quiet, trials: (50.0, 50.0) };
    let end = hybrid_gate_ni(&quiet, Some(cap), RULE).unwrap();
    assert_eq!(end.verdict, GateVerdict::NoWorse);
    assert_eq!(end.at_cap.unwrap(), gate_ni(&quiet, (50.0, 50.0), GateRule { alpha: 0.025, ..RULE }).unwrap());
}

#[test]
fn a_sequential_gate_that_cannot_fail_says_so() {
    let gate = seq_gate(&[0.0; 50], 0.95, 0.05, 0.05, &C_GRID).unwrap();
    assert_eq!((gate.log_e_fail, gate.look), (f64::NEG_INFINITY, Look::Continue));
    assert!(seq_gate(&[], 0.1, 0.1, 0.05, &C_GRID).is_err(), "nothing lies below 0");
    assert!(seq_gate(&[], 0.9, 0.1, 0.05, &[]).is_err(), "no fraction to wager");
    assert_eq!(mix_cs(&[], 0.05, &C_GRID).unwrap(), Interval { low: 0.0, high: 1.0 });
}

#[test]
fn an_estimate_on_its_threshold_is_never_decided() {
    let at = |estimate, half| {
        let interval = Interval { low: estimate - half, high: estimate + half };
        verdict(estimate, interval, 0.8, (half / 2.0, 60), (0.05, 0.8)).unwrap()
    };
    assert_eq!(at(0.8, 0.1), ThresholdVerdict { decision: Decision::Inconclusive, more: None });
    assert_eq!(at(0.95, 0.1), ThresholdVerdict { decision: Decision::Pass, more: Some(0) });
    assert_eq!(at(0.65, 0.1), ThresholdVerdict { decision: Decision::Fail, more: Some(0) });
    let near = at(0.78, 0.1);
    assert!(near.decision == Decision::Inconclusive && near.more > at(0.75, 0.1).more, "{near:?}");
}

#[test]
fn eight_trials_that_came_out_alike_leave_a_scenario_undetermined() {
    for c in [0, 1, 7, 8] {
        assert_eq!(flaky_class(c, 8, FlakyRule::default()).unwrap().class, Stability::Undetermined, "{c}");
    }
    let class = |c, k| flaky_class(c, k, FlakyRule::default()).unwrap().class;
    assert_eq!(class(60, 60), Stability::StablePass);
    assert_eq!(class(0, 60), Stability::StableFail);
    assert_eq!(class(30, 60), Stability::Flaky);
}

#[test]
fn a_fit_without_a_peak_is_refused() {
    let fit = |counts: &[(u64, u64)]| betabinom_mle(counts);
    for counts in [
        [(8, 0); 6].as_slice(),
        &[(8, 8); 6],
        &[(8, 8), (8, 0), (8, 8), (8, 0)],
        &[(8, 4); 6],
        &[(1, 0), (1, 1), (1, 1)],
        &[(0, 0); 3],
    ] {
        assert!(matches!(fit(counts), Err(StatsError::Undefined { .. })), "{counts:?}: {:?}", fit(counts));
    }
    assert_eq!(fit(&[]), Err(StatsError::Empty));
    assert!(fit(&[(3, 4)]).is_err());
}

#[test]
fn too_few_trials_are_named_and_never_left_out() {
    let counts = [(8, 3), (4, 4), (8, 0)];
    assert_eq!(repeated_rate(&counts, 5, Repeated::PassHat, 0.05), Err(StatsError::KExceedsN { k: 5, n: 4 }));
    let all = repeated_rate(&counts, 2, Repeated::PassHat, 0.05).unwrap();
    let some = repeated_rate(&counts, 2, Repeated::PassAt, 0.05).unwrap();
    let half = repeated_rate(&counts, 2, Repeated::GPass(0.5), 0.05).unwrap();
    assert!(all.value < some.value && (half.value - some.value).abs() < 1e-12);
    assert_eq!(all.interval, ci_wilson_stat(&[3.0 / 28.0, 1.0, 0.0], 10.0, 0.05).unwrap());
    let voted = voted_rate(&[0.5, 1.0, 0.25], 24, 3, 0.05).unwrap();
    assert_eq!(voted.interval, ci_wilson_stat(&[0.5, 1.0, 0.25], 8.0, 0.05).unwrap());
}

#[test]
fn single_trials_say_nothing_about_variation_within() {
    let found = variance_components(&[vec![1.0], vec![0.0], vec![1.0]]).unwrap();
    assert_eq!((found.within, found.between, found.icc, found.se_suite), (None, None, None, None));
    let ragged = variance_components(&[vec![1.0, 0.0], vec![0.0], vec![1.0]]).unwrap();
    assert!(ragged.within.is_some() && ragged.se_suite.is_none());
    let same = icc_anova_ci(&[vec![1.0, 1.0], vec![0.0, 0.0]], 0.05).unwrap();
    assert_eq!(same, Icc { value: 1.0, interval: None });
    assert!(matches!(icc_anova_ci(&vec![vec![1.0, 1.0]; 3], 0.05), Err(StatsError::Undefined { .. })));
}

#[test]
fn scenarios_that_never_tell_endpoints_apart_are_found() {
    let scores = [vec![1.0, 1.0, 0.0, 0.5], vec![1.0, 0.0, 0.0, 0.5], vec![1.0, 1.0, 1.0, 0.5]];
    assert_eq!(never_discriminating(&scores).unwrap(), [0, 3]);
    let correlations = item_rest_corr(&scores).unwrap();
    assert!(correlations[0].is_none() && correlations[1].unwrap() > 0.0);
}

#[test]
fn a_budget_below_the_floor_and_a_suite_of_none_are_refused() {
    assert!(matches!(neyman(&[0.5, 0.5], 3, 2), Err(StatsError::Domain { name: "budget", .. })));
    assert_eq!(neyman(&[], 3, 0), Err(StatsError::Empty));
    assert_eq!(neyman(&[0.0, 0.0, 0.0], 8, 1).unwrap(), [3, 3, 2]);
    assert_eq!(neyman(&[1e308, 1e308, 0.0], 9, 1).unwrap(), [4, 4, 1]);
}

#[test]
fn the_gap_of_groups_without_any_pass_has_no_ratio() {
    let none = gap_stats(&[vec![0.0, 0.0]]).unwrap();
    assert_eq!((none.gap, none.ratio, none.best, none.worst), (0.0, None, 0, 0));
    assert_eq!(perm_gap_exact(&[vec![0.0, 0.0]]).unwrap(), 1.0);
    let wide = vec![(0..12).map(f64::from).collect::<Vec<f64>>(); 3];
    assert!(matches!(perm_gap_exact(&wide), Err(StatsError::Domain { .. })), "12! orders");
    assert!(perm_gap(&wide, Resampling { draws: 50, seed: 1 }).unwrap() < 0.1);
}

#[test]
fn fixed_seeds_give_the_same_numbers_for_ever() {
    let mut random = Random::new(42);
    let drawn: Vec<usize> = (0..6).map(|_| random.index(100)).collect();
    assert_eq!(drawn, [81, 31, 98, 70, 79, 58]);
    assert_eq!(random.index(0), 0);
}

#[test]
fn plans_that_nothing_could_meet_are_refused() {
    let design =
        Design { between: 0.1, within_baseline: 0.0, trials_baseline: 1, within_candidate: 0.0, trials_candidate: 1 };
    assert!(power_n_scenarios(0.0, &design, 0.05, 0.8).is_err());
    assert!(power_n_scenarios(1e-300, &design, 0.05, 0.8).is_err());
    assert!(power_n_scenarios(0.1, &Design { trials_baseline: 0, ..design }, 0.05, 0.8).is_err());
    assert!(ni_n_scenarios(0.05, -0.05, 0.1, 0.05, 0.8).is_err(), "at the margin no number is enough");
    assert!(matches!(power_at(0.1, 10, &Design { between: 0.0, ..design }, 0.05), Err(StatsError::Undefined { .. })));
    assert_eq!(zero_failure_n(0.95, 0.05).unwrap(), 59);
}

#[test]
fn a_hybrid_comparison_stops_for_what_is_clear_and_decides_the_rest_at_its_cap() {
    let early = hybrid_compare(&[1.0; 20], None, 0.05).unwrap();
    assert!(early.verdict == Verdict::Better && early.interval.low > 0.0 && early.at_cap.is_none(), "{early:?}");
    assert_eq!(hybrid_compare(&[-1.0; 20], None, 0.05).unwrap().verdict, Verdict::Worse);
    let open: Vec<f64> = (0..40).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let going = hybrid_compare(&open, None, 0.05).unwrap();
    assert!(going.verdict == Verdict::Undecided && going.interval.low < 0.0 && going.interval.high > 0.0, "{going:?}");
    let steady: Vec<f64> = (0..12).map(|n| 0.2 + 0.01 * f64::from(n)).collect();
    let cap = |differences| Some(Cap { differences, trials: (10.0, 10.0) });
    let end = hybrid_compare(&steady[..4], cap(&steady), 0.05).unwrap();
    assert!(end.verdict == Verdict::Better && end.at_cap.is_some(), "{end:?}");
    // Nothing was seen to differ: that is not to say that they are equal.
    let alike = hybrid_compare(&[0.0; 40], cap(&[0.0; 12]), 0.05).unwrap();
    assert!(alike.verdict == Verdict::Undecided, "{alike:?}");
    assert!(alike.interval.low < -0.01 && alike.interval.high > 0.01, "{alike:?}");
    let nothing = hybrid_compare(&[], None, 0.05).unwrap();
    assert_eq!((nothing.verdict, nothing.interval.low, nothing.interval.high), (Verdict::Undecided, -1.0, 1.0));
}

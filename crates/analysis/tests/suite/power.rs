//! What a pilot foresees.

use crate::rows::Run;
use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::power::{Foreseen, Plans, Terms, power};
use mocktrial_analysis::{Arm, Selection};
use proptest::prelude::*;

const TERMS: Terms =
    Terms { scope: Scope::Suite, alpha: 0.05, power: 0.8, margin: 0.05, mde: 0.1, units: None, trials: None };
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Six scenarios with these passes of `n` trials of two endpoints.
fn run(n: u32, passes: [(u32, u32); 6]) -> Run {
    let mut run = Run::new(&NAMES, &["new", "old"], n);
    for (name, (new, old)) in NAMES.iter().zip(passes) {
        run.k_of_n(name, "new", new, n);
        run.k_of_n(name, "old", old, n);
    }
    run
}

fn foreseen(run: &Run, both: bool, terms: Terms) -> Foreseen {
    let arms = Arm::read(run).unwrap();
    power(&arms[0], both.then_some(&arms[1]), terms).unwrap()
}

fn plans(run: &Run, both: bool, terms: Terms) -> Plans {
    foreseen(run, both, terms).plans.unwrap()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn variances_are_split_into_that_of_trials_and_that_of_scenarios() {
    let run = run(4, [(4, 2), (4, 4), (2, 2), (3, 0), (4, 4), (1, 0)]);
    let pilot = plans(&run, true, TERMS).pilot;
    // Unbiased variances of each scenario: p(1 − p)·4/3.
    let within = |passes: [u32; 6]| {
        let of = |k: u32| f64::from(k) / 4.0 * (1.0 - f64::from(k) / 4.0) * 4.0 / 3.0;
        passes.map(of).iter().sum::<f64>() / 6.0
    };
    let (new, old) = (within([4, 4, 2, 3, 4, 1]), within([2, 4, 2, 0, 4, 0]));
    let old_arm = pilot.second.as_ref().unwrap();
    assert!(near(pilot.first.within.value, new) && near(old_arm.within.value, old));
    // Differences ½, 0, 0, ¾, 0, ¼ have the mean ¼ and the variance 0.1.
    assert!(near(pilot.between.value, 0.1 - (new + old) / 4.0), "{pilot:?}");
    for v in [pilot.first.within, old_arm.within, pilot.between] {
        assert!(v.upper > v.value && v.upper < 1.0, "{v:?}");
    }
    assert_eq!((pilot.units, pilot.first.counted), (6, 24));
    assert!(near(pilot.first.rate, 0.75) && near(old_arm.rate, 0.5));
}

#[test]
fn what_is_needed_is_enough_and_one_less_is_not() {
    let run = run(4, [(4, 3), (4, 4), (2, 2), (3, 3), (4, 3), (1, 2)]);
    for scope in [Scope::Suite, Scope::Population] {
        let terms = Terms { scope, mde: 0.2, margin: 0.2, ..TERMS };
        let of = |amount: u64| match scope {
            Scope::Suite => plans(&run, true, Terms { trials: Some(amount), ..terms }).design,
            Scope::Population => plans(&run, true, Terms { units: Some(amount), ..terms }).design,
        };
        let found = plans(&run, true, terms);
        let amount = found.for_mde.amount.measured.unwrap();
        assert!(of(amount).power.measured >= Some(0.8) && of(amount - 1).power.measured < Some(0.8), "{amount}");
        let amount = found.for_gate.amount.measured.unwrap();
        assert!(of(amount).gate.measured >= 0.8 && of(amount - 1).gate.measured < 0.8, "{amount}");
        assert!(found.for_gate.amount.cautious >= found.for_gate.amount.measured);
    }
}

#[test]
fn the_detectable_difference_is_the_one_with_the_wanted_power() {
    let run = run(4, [(4, 3), (4, 4), (2, 2), (3, 3), (4, 3), (1, 2)]);
    let design = plans(&run, true, Terms { trials: Some(16), ..TERMS }).design;
    let mde = design.mde.measured.unwrap();
    let at = plans(&run, true, Terms { trials: Some(16), mde, ..TERMS }).design.power.measured.unwrap();
    assert!((at - 0.8).abs() < 1e-6, "{mde} {at}");
    assert!(design.mde.cautious.unwrap() > mde);
}

#[test]
fn where_scenarios_differ_much_no_number_of_trials_is_enough() {
    let run = run(8, [(8, 0), (8, 8), (0, 8), (8, 8), (8, 0), (0, 1)]);
    let found = plans(&run, true, TERMS).for_mde;
    assert_eq!((found.amount.measured, found.design), (None, None));
    let units = found.units.measured.unwrap();
    let at = |n| plans(&run, true, Terms { units: Some(n), ..TERMS }).design.power.measured.unwrap();
    assert!(units > 100 && at(units) >= 0.8 && at(units - 1) < 0.8, "{units}");
}

#[test]
fn a_plan_costs_what_its_episodes_cost() {
    let mut run = run(2, [(1, 1); 6]);
    for row in &mut run.rows {
        let dear = if &*row.key.endpoint == "new" { 3.0 } else { 1.0 };
        row.cost = Some(dear);
        row.latencies_ms = vec![900.0 * dear, 900.0 * dear];
    }
    let terms = Terms { units: Some(10), trials: Some(5), ..TERMS };
    let both = plans(&run, true, terms).design;
    assert_eq!((both.episodes, both.cost.unwrap().value), (100, 200.0));
    assert!(near(both.model_hours.unwrap().value, 0.1));
    let alone = plans(&run, false, terms).design;
    assert_eq!((alone.episodes, alone.cost.unwrap().value), (100, 300.0));
    assert_eq!(both.tokens, None);
}

#[test]
fn one_endpoint_is_held_against_one_like_it() {
    let run = run(4, [(4, 0), (4, 0), (2, 0), (3, 0), (4, 0), (1, 0)]);
    let pilot = plans(&run, false, TERMS).pilot;
    assert!(pilot.second.is_none() && near(pilot.between.value, 0.0) && pilot.between.upper > 0.0, "{pilot:?}");
}

#[test]
fn a_pilot_of_one_trial_assumes_the_most_that_the_rate_allows() {
    let run = run(1, [(1, 0), (1, 0), (0, 0), (1, 0), (1, 1), (1, 1)]);
    let pilot = plans(&run, true, TERMS).pilot;
    assert!(pilot.first.within_assumed && near(pilot.first.within.value, 5.0 / 36.0));
    assert!(near(pilot.second.unwrap().within.value, 2.0 / 9.0));
}

#[test]
fn where_nothing_varied_only_the_cautious_numbers_stand() {
    let found = plans(&run(3, [(3, 3); 6]), true, TERMS);
    assert!(!found.varies && found.design.mde.measured.is_none() && found.design.power.measured.is_none());
    assert!(found.design.mde.cautious.unwrap() > 0.1, "{:?}", found.design);
    assert!(found.curve.iter().all(|p| p.power.measured.is_none() && p.power.cautious.is_some()));
}

#[test]
fn nothing_is_foreseen_from_selected_episodes_or_from_one_scenario() {
    let mut selected = run(2, [(1, 1); 6]);
    selected.selection = Selection::Selected { from: "b".into(), why: "failures".into() };
    assert!(foreseen(&selected, true, TERMS).refused.unwrap().contains("selected by their outcome"));
    let mut one = Run::new(&["a", "b"], &["new", "old"], 2);
    one.k_of_n("a", "new", 1, 2);
    one.k_of_n("a", "old", 1, 2);
    assert!(foreseen(&one, true, TERMS).refused.unwrap().contains("at least two scenarios"));
}

#[test]
fn variants_of_a_scenario_are_one_scenario_of_more_episodes() {
    let mut run = Run::new(&NAMES, &["new", "old"], 2);
    let variants: Vec<std::sync::Arc<str>> = vec!["x".into(), "y".into()];
    run.variants = run.scenarios.iter().map(|id| (id.clone(), variants.clone())).collect();
    let plain = std::mem::take(&mut run.cells);
    for variant in &variants {
        run.cells.extend(plain.iter().cloned().map(|mut cell| {
            cell.variant = variant.clone();
            cell
        }));
    }
    for name in NAMES {
        for endpoint in ["new", "old"] {
            run.k_of_n(name, endpoint, 2, 4);
        }
    }
    for (n, row) in run.rows.iter_mut().enumerate() {
        row.key.variant = variants[n % 2].clone();
        row.key.trial = u32::try_from(n % 4 / 2).unwrap() + 1;
    }
    let found = plans(&run, true, Terms { trials: Some(3), ..TERMS });
    assert_eq!((found.pilot.units, found.design.episodes), (6, 72));
    assert!(near(found.pilot.tasks_per_unit, 2.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_pilot_the_numbers_are_numbers_and_caution_never_promises_more(
        n in 1_u32..5, passes in prop::array::uniform6((0_u32..5, 0_u32..5)), population: bool, both: bool,
    ) {
        let run = run(n, passes.map(|(a, b)| (a.min(n), b.min(n))));
        let scope = if population { Scope::Population } else { Scope::Suite };
        let found = plans(&run, both, Terms { scope, ..TERMS });
        for design in found.table.iter().chain([&found.design]) {
            for p in [design.power.measured, design.power.cautious, Some(design.gate.measured), Some(design.gate.cautious)] {
                prop_assert!(p.is_none_or(|p| (0.0..=1.0).contains(&p)));
            }
            if let (Some(measured), Some(cautious)) = (design.mde.measured, design.mde.cautious) {
                prop_assert!(cautious >= measured - 1e-9, "{design:?}");
            }
        }
        let powers: Vec<f64> = found.curve.iter().filter_map(|p| p.power.measured).collect();
        prop_assert!(powers.windows(2).all(|w| w[1] >= w[0] - 1e-9));
    }
}

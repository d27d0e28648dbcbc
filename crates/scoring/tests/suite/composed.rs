use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// A criterion on the answer of `way()`, which passes or scores a half.
fn part(passes: bool) -> Value {
    json!({"answer": {"contains": if passes { vec!["42.00"] } else { vec!["42.00", "voucher"] }}})
}

fn score_of(grader: &str, parameters: Value) -> (bool, f64) {
    let grade = grade(grader, parameters, &way().end());
    (grade.outcome.passed(), grade.score.unwrap())
}

#[test]
fn each_composition_has_its_pass_and_its_score() {
    let (good, half) = (part(true), part(false));
    assert_eq!(score_of("all", json!([good, half])), (false, 0.75));
    assert_eq!(score_of("all", json!([good, good])), (true, 1.0));
    assert_eq!(score_of("any", json!([half, good])), (true, 1.0));
    assert_eq!(score_of("any", json!([half, half])), (false, 0.5));
    assert_eq!(score_of("product", json!([half, half])), (false, 0.25));
    assert_eq!(score_of("product", json!([good, good])), (true, 1.0));
    assert_eq!(score_of("mean", json!({"of": [good, half], "at_least": 0.7})), (true, 1.0));
    assert_eq!(score_of("mean", json!({"of": [good, half], "at_least": 0.8})), (false, 0.75));
}

#[test]
fn the_parts_of_a_mean_have_weights() {
    let mut heavy = part(false);
    heavy["weight"] = json!(3);
    assert_eq!(score_of("mean", json!({"of": [part(true), heavy.clone()]})), (false, 0.625));
    assert_eq!(score_of("all", json!([part(true), heavy])), (false, 0.625));
}

#[test]
fn compositions_nest_and_say_which_part_failed() {
    let grade = grade("any", json!([part(false), {"all": [part(true), part(false)]}]), &way().end());
    insta::assert_snapshot!(grade.evidence.iter().map(|e| e.note.as_str()).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_criterion_that_nullifies_fails_the_episode_whatever_it_measures() {
    let mut forbidden = criterion("never", json!({"call": "refund_order"}));
    forbidden.measure = "safety".into();
    let both = |nullifies| {
        let forbidden = Criterion { nullifies, ..forbidden.clone() };
        let grading = Grading::new(Arc::new(case(vec![criterion("state", json!("as_reference")), forbidden]))).unwrap();
        total(&grading.grade(&Subject { trajectory: &way().end(), measurements: None }, &[]))
    };
    assert_eq!(both(false), Total { passed: Some(true), score: Some(1.0) });
    assert_eq!(both(true), Total { passed: Some(false), score: Some(0.0) });
}

#[test]
fn weights_decide_what_partial_credit_is_worth() {
    let criteria = vec![
        Criterion { weight: 3.0, ..criterion("state", json!("as_reference")) },
        criterion("answer", json!({"contains": ["42.00", "voucher"]})),
    ];
    let grading = Grading::new(Arc::new(case(criteria))).unwrap();
    let grades = grading.grade(&Subject { trajectory: &way().end(), measurements: None }, &[]);
    assert_eq!(score(&grades), Some(0.875));
}

#[test]
fn what_is_wrong_within_a_composition_is_said_at_its_place() {
    let faults = |grader: &str, parameters: Value| {
        let found = lint(&[criterion(grader, parameters)], &tools(), 1, true);
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(
        [
            faults("all", json!([part(true), {"never": {"call": "refund_ordr"}}])),
            faults("any", json!([part(true)])),
            faults("any", json!([{"weight": 2, "format": "clean"}, {"measure": "safety", "format": "clean"}])),
            faults("mean", json!({"of": [part(true), part(false)], "at_least": 0})),
            faults("all", json!([part(true), {"answer": {"contains": "a"}, "format": "clean"}])),
            faults("all", json!([part(true), 7])),
            faults("product", json!({"of": []})),
        ]
        .join("\n")
    );
    let mut deep = part(true);
    for _ in 0..9 {
        deep = json!({"all": [deep, part(true)]});
    }
    assert!(faults("all", json!([deep, part(true)])).contains("8 levels deep"));
}

#[test]
fn a_composition_asks_for_something_where_no_way_around_it_is_idle() {
    let (asks, forbids) = (part(true), json!({"never": {"call": "refund_order"}}));
    let idle = |grader: &str, p: Value| !lint(&[criterion(grader, p)], &tools(), 1, false).is_empty();
    assert!(idle("any", json!([asks, forbids])));
    assert!(!idle("all", json!([asks, forbids])));
    assert!(idle("mean", json!({"of": [asks, forbids], "at_least": 0.5})));
    assert!(!idle("mean", json!({"of": [asks, forbids], "at_least": 0.6})));
}

proptest! {
    #[test]
    fn a_composition_passes_exactly_where_its_rule_says(parts in prop::collection::vec(any::<bool>(), 2..6)) {
        let list: Vec<Value> = parts.iter().map(|p| part(*p)).collect();
        let (every, some) = (parts.iter().all(|p| *p), parts.iter().any(|p| *p));
        prop_assert_eq!(score_of("all", json!(list)).0, every);
        prop_assert_eq!(score_of("product", json!(list)).0, every);
        prop_assert_eq!(score_of("any", json!(list)).0, some);
        prop_assert_eq!(score_of("mean", json!({"of": list})).0, every);
        for grader in ["all", "product", "any"] {
            prop_assert!((0.0..=1.0).contains(&score_of(grader, json!(list)).1));
        }
    }
}

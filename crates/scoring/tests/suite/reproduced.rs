//! Mistakes in criteria that reproduce old numbers.

use crate::build::*;
use mocktrial_scoring::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn mistakes(grader: &str, parameters: Value, references: usize) -> Vec<String> {
    lint(&[criterion(grader, parameters)], &tools(), references, true).iter().map(ToString::to_string).collect()
}

#[test]
fn what_cannot_fail_or_cannot_pass_is_a_mistake_where_it_stands() {
    let all: Vec<String> = [
        ("metric", json!({"name": "ragas_f2"})),
        ("metric", json!({"name": "bleu"})),
        ("metric", json!({"name": "ragas_f1", "at_least": 0})),
        ("metric", json!({"name": "ragas_f1", "at_least": 1.5})),
        ("agentevals", json!({"args": "exact"})),
        ("agentevals", json!({"match": "strict", "overrides": {"get_ordr": "ignore"}})),
        ("agentevals", json!({"match": "strict", "overrides": {"get_order": "ignored"}})),
        ("agentevals", json!({"match": "strict", "overrides": {"get_order": []}})),
        ("tau", json!({"basis": []})),
        ("tau", json!({"basis": ["states"]})),
        ("tau", json!({"basis": ["communicate"]})),
        ("tau", json!({"basis": ["communicate"], "outputs": ["1,234", " "]})),
        ("tau", json!({"basis": ["state"], "outputs": ["42"], "compare_args": {"get_order": ["ordr_id"]}})),
    ]
    .into_iter()
    .flat_map(|(grader, parameters)| mistakes(grader, parameters, 1))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn without_a_reference_there_is_nothing_to_compare_with() {
    for (grader, parameters) in [
        ("metric", json!({"name": "ragas_f1"})),
        ("agentevals", json!({"match": "strict"})),
        ("tau", json!({"basis": ["state"]})),
    ] {
        assert!(mistakes(grader, parameters.clone(), 1).is_empty());
        assert!(mistakes(grader, parameters, 0)[0].contains("no reference to compare with"));
    }
}

#[test]
fn a_reference_that_every_episode_meets_is_a_mistake() {
    let vacuous = |grader: &str, parameters: Value| {
        let mut case = case(vec![criterion(grader, parameters)]);
        case.references = vec![Build::new().say("No.").reference()];
        Grading::new(Arc::new(case)).is_err()
    };
    for name in ["adk_in_order", "azure_any_order_params", "vertex_in_order_match"] {
        assert!(vacuous("metric", json!({"name": name})), "{name}");
    }
    for name in ["adk_exact", "ragas_accuracy_strict", "deepeval_any_args", "ragas_f1"] {
        assert!(!vacuous("metric", json!({"name": name})), "{name}");
    }
    assert!(vacuous("agentevals", json!({"match": "superset"})));
    assert!(!vacuous("agentevals", json!({"match": "unordered"})));
    assert!(vacuous("tau", json!({"basis": ["actions"]})));
    assert!(!vacuous("tau", json!({"basis": ["actions", "state"]})));
}

#[test]
fn a_criterion_that_doing_nothing_meets_asks_for_nothing() {
    let idle_is_enough = |grader: &str, parameters: Value| {
        let mut case = case(vec![criterion(grader, parameters)]);
        case.inaction = false;
        Grading::new(Arc::new(case)).is_err()
    };
    assert!(idle_is_enough("agentevals", json!({"match": "subset"})));
    for (grader, parameters) in [
        ("agentevals", json!({"match": "superset"})),
        ("metric", json!({"name": "adk_any_order"})),
        ("tau", json!({"basis": ["state"]})),
        ("tau", json!({"basis": ["communicate"], "outputs": ["42"]})),
    ] {
        assert!(!idle_is_enough(grader, parameters.clone()), "{grader} {parameters}");
    }
}

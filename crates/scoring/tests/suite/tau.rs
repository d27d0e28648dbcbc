use crate::build::*;
use mocktrial_scoring::compatibility::metrics::Call;
use mocktrial_scoring::compatibility::tau::{Action, Basis, End, Episode, Sameness, Task, reward, same_state};
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const TASK: Task<'_> = Task { basis: &Basis::ALL, state: None, sameness: Sameness::Strict, outputs: &[], actions: &[] };
const EPISODE: Episode<'_> = Episode { end: End::Stopped, state: None, said: &[], calls: &[] };

fn call<'a>(name: &'a str, args: &'a Value) -> Call<'a> {
    Call { name, args: args.as_object().unwrap() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

/// Whether the part holds, alone in the basis.
fn met(part: Basis, task: Task<'_>, episode: Episode<'_>) -> bool {
    let earned = reward(&Task { basis: &[part], ..task }, &episode).unwrap();
    let found = earned.parts.iter().find(|p| p.basis == part).unwrap();
    assert!(found.counts && !found.why.is_empty() && (earned.value > 0.0) == found.met);
    found.met
}

#[test]
fn a_strict_state_is_compared_as_a_text_and_a_canonical_one_by_value() {
    let same = |a: Value, b: Value| [Sameness::Strict, Sameness::Canonical].map(|s| same_state(&a, &b, s));
    assert_eq!(same(json!({"a": 25, "b": [1]}), json!({"b": [1], "a": 25})), [true, true]);
    assert_eq!(same(json!({"a": 25}), json!({"a": 25.0})), [false, true]);
    assert_eq!(same(json!([1, 2]), json!([2, 1])), [false, false]);
    assert_eq!(same(json!(1), json!(true)), [false, false]);
    let respelt: Value = serde_json::from_str("[2.50, 1e1]").unwrap();
    assert_eq!(same(json!([2.5, 10.0]), respelt), [true, true]);
}

#[test]
fn outputs_are_bare_texts_in_what_was_said_without_its_commas() {
    let told = |output: &str, said: &[&str]| {
        let (outputs, said) = (texts(&[output]), texts(said));
        met(Basis::Communicate, Task { outputs: &outputs, ..TASK }, Episode { said: &said, ..EPISODE })
    };
    assert!(told("1234.5", &["Hello.", "It is $1,234.50."]));
    assert!(told("ANN LEE", &["For Ann Lee, yes."]));
    assert!(told("42", &["It is not 42."]) && told("42", &["Order 1425."]));
    assert!(!told("1,234", &["It is 1,234."]), "commas are taken from what is said alone");
    assert!(!told("yes no", &["yes", "no"]), "each message is looked at alone");
}

#[test]
fn a_gold_action_is_compared_on_the_arguments_of_the_call() {
    let gold = json!({"id": "W-1", "qty": 1});
    let done = |args: &Value, compare: Option<&[String]>| {
        let actions = [Action { call: call("ship", &gold), compare }];
        let calls = [call("other", &gold), call("ship", args)];
        met(Basis::Actions, Task { actions: &actions, ..TASK }, Episode { calls: &calls, ..EPISODE })
    };
    assert!(done(&json!({"id": "W-1", "qty": true}), None));
    assert!(done(&json!({"id": "W-1"}), None) && done(&json!({}), None), "what is left out is not compared");
    assert!(!done(&json!({"id": "W-1", "qty": 2}), None));
    assert!(!done(&json!({"id": "W-1", "qty": 1, "gift": false}), None));
    let (id, both, none) = (texts(&["id"]), texts(&["id", "qty"]), texts(&[]));
    assert!(done(&json!({"id": "W-1", "qty": 2, "gift": false}), Some(&id)));
    assert!(!done(&json!({"id": "W-1"}), Some(&both)));
    assert!(done(&json!({"x": 1}), Some(&none)));
}

#[test]
fn one_call_may_do_for_two_gold_actions() {
    let args = json!({"id": "W-1"});
    let actions = [Action { call: call("ship", &args), compare: None }; 2];
    let calls = [call("ship", &args)];
    assert!(met(Basis::Actions, Task { actions: &actions, ..TASK }, Episode { calls: &calls, ..EPISODE }));
}

#[test]
fn the_reward_is_the_product_over_the_basis_alone() {
    let (state, other, outputs) = (json!({"a": 1}), json!({"a": 2}), texts(&["42"]));
    let task = Task { state: Some(&state), outputs: &outputs, ..TASK };
    let episode = Episode { state: Some(&other), said: &texts(&["42"]), ..EPISODE };
    let value = |basis: &[Basis]| reward(&Task { basis, ..task }, &episode).unwrap().value;
    assert_eq!([value(&Basis::ALL), value(&[Basis::Communicate, Basis::Actions]), value(&[])], [0.0, 1.0, 1.0]);
    let earned = reward(&Task { basis: &[Basis::Communicate], ..task }, &episode).unwrap();
    assert_eq!(earned.parts.each_ref().map(|p| (p.counts, p.met)), [(false, false), (true, true), (false, true)]);
}

#[test]
fn a_limit_earns_nothing_and_infrastructure_is_left_out() {
    let at = |end| reward(&Task { basis: &[], ..TASK }, &Episode { end, ..EPISODE });
    assert_eq!(at(End::Stopped).unwrap().value, 1.0);
    let cut = at(End::CutShort).unwrap();
    assert_eq!((cut.value, cut.cut_short), (0.0, true));
    assert_eq!(at(End::Infrastructure), None);
}

fn everything(strict: bool) -> Value {
    json!({"basis": ["state", "communicate", "actions"], "outputs": ["42.00"], "strict": strict})
}

#[test]
fn the_reference_earns_the_reward_and_evidence_names_each_part() {
    assert!(passes("tau", everything(true), &way().end()));
    let silent = Build::new().set("/orders/W-1/status", json!("refunded")).say("All done.").end();
    let g = grade("tau", everything(false), &silent);
    assert_eq!(g.score, Some(0.0));
    let notes: Vec<&str> = g.evidence.iter().map(|e| e.note.as_str()).collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn only_strict_states_hang_on_how_a_number_is_written() {
    let with = |value: Value| Build::new().set("/orders/W-1/total", value);
    let verdict = |parameters: Value, made: Value, way: Value| {
        let mut case = case(vec![criterion("tau", parameters)]);
        case.references = vec![with(way).reference()];
        grade_in(case, &with(made).end()).outcome.passed()
    };
    let by = |strict: bool| json!({"basis": ["state"], "strict": strict});
    assert!(verdict(by(false), json!(25), json!(25.0)) && !verdict(by(true), json!(25), json!(25.0)));
    assert!(verdict(by(true), json!(25), json!(25)));
    assert!(!verdict(by(false), json!(25), json!(26)));
}

#[test]
fn what_the_world_calls_a_set_has_no_order_but_where_it_is_strict() {
    let verdict = |strict: bool| {
        let mut case = case(vec![criterion("tau", json!({"basis": ["state"], "strict": strict}))]);
        case.comparison = Comparison { volatile: vec!["/audit".into()], sets: vec!["/orders/*/tags".into()] };
        case.references = vec![Build::new().set("/orders/W-1/tags", json!(["x", "y"])).reference()];
        let made = Build::new().set("/orders/W-1/tags", json!(["y", "x"])).set("/audit", json!(["seen"]));
        grade_in(case, &made.end()).outcome.passed()
    };
    assert_eq!([verdict(false), verdict(true)], [true, false]);
}

#[test]
fn an_episode_at_its_limit_earns_nothing() {
    let g = grade("tau", everything(false), &way().end_as(EndReason::TurnLimit));
    assert!(!g.outcome.passed());
    assert_eq!(g.evidence[0].note, "The episode ended as `turn_limit`, which earns 0 whatever was reached.");
}

proptest! {
    #[test]
    fn a_reward_is_one_exactly_where_every_part_of_its_basis_holds(
        said in prop::collection::vec("[a1,]{0,4}", 0..3),
        outputs in prop::collection::vec("[a1]{0,2}", 0..3),
        basis in prop::sample::subsequence(Basis::ALL.to_vec(), 0..=3),
        n in 0_i64..2,
    ) {
        let (one, other) = (json!({"n": 1}), json!({"n": n}));
        let actions = [Action { call: call("f", &one), compare: None }];
        let task = Task { basis: &basis, state: Some(&one), outputs: &outputs, actions: &actions, ..TASK };
        let calls = [call("f", &other)];
        let earned = reward(&task, &Episode { state: Some(&other), said: &said, calls: &calls, ..EPISODE }).unwrap();
        let all = earned.parts.iter().all(|p| p.met || !basis.contains(&p.basis));
        prop_assert_eq!(earned.value, if all { 1.0 } else { 0.0 });
        prop_assert_eq!((earned.parts[0].met, earned.parts[2].met), (n == 1, n == 1));
    }
}

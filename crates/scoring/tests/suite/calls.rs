use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};

fn by(mode: &str) -> Value {
    json!({"match": mode, "of": "reference"})
}

#[test]
fn the_reference_passes_in_every_mode() {
    for mode in ["strict", "in_order", "any_order", "superset", "subset"] {
        for args in ["exact", "subset", "superset", "ignore"] {
            assert!(passes("calls", json!({"match": mode, "args": args}), &way().end()), "{mode} {args}");
        }
    }
    assert!(passes("calls", json!("as_reference"), &way().end()));
}

#[test]
fn modes_differ_in_order_and_extras() {
    let swapped = Build::new()
        .call("get_order", json!({"order_id": "W-1"}))
        .call("find_customer", json!({"name": "Ann", "zip": "94016"}))
        .call("refund_order", json!({"order_id": "W-1", "amount": 42.0}))
        .end();
    let extra = Build::new().call("get_order", json!({"order_id": "W-9"}));
    let extra = extra
        .call("find_customer", json!({"name": "Ann", "zip": "94016"}))
        .call("get_order", json!({"order_id": "W-1", "verbose": false}))
        .call("refund_order", json!({"order_id": "W-1", "amount": 42}))
        .end();
    let fewer = Build::new().call("get_order", json!({"order_id": "W-1"})).end();
    let table = [
        ("strict", [false, false, false]),
        ("in_order", [false, true, false]),
        ("any_order", [true, false, false]),
        ("superset", [true, true, false]),
        ("subset", [true, false, true]),
    ];
    for (mode, expected) in table {
        let got = [&swapped, &extra, &fewer].map(|t| passes("calls", by(mode), t));
        assert_eq!(got, expected, "{mode}");
    }
}

#[test]
fn a_wrong_argument_is_named() {
    let wrong = Build::new()
        .call("find_customer", json!({"name": "Ann", "zip": "94016"}))
        .call("get_order", json!({"order_id": "W-2"}))
        .call("refund_order", json!({"order_id": "W-1", "amount": 42}))
        .end();
    let g = grade("calls", json!("as_reference"), &wrong);
    let e = &g.evidence[0];
    assert_eq!(
        (e.path.as_str(), e.expected.clone(), e.got.clone()),
        ("/order_id", Some(json!("W-1")), Some(json!("W-2")))
    );
    assert_eq!(e.note, "`get_order` was called (event 3), but its argument `order_id` does not match.");
    assert!((g.score.unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert!(passes("calls", json!({"overrides": {"get_order.order_id": "ignore"}}), &wrong));
}

#[test]
fn an_argument_may_be_a_set() {
    let refund = |items: Value| Build::new().call("refund_order", json!({"order_id": "W-1", "items": items})).end();
    let asked = |items: Value, overrides: Value| {
        let of = json!([{"call": "refund_order", "args": {"order_id": "W-1", "items": items}}]);
        json!({"of": of, "overrides": overrides})
    };
    let set = json!({"refund_order.items": "set"});
    assert!(passes("calls", asked(json!(["a", 2]), set.clone()), &refund(json!([2.0, "a"]))));
    assert!(!passes("calls", asked(json!(["a", 2]), json!({})), &refund(json!([2.0, "a"]))));
    assert!(!passes("calls", asked(json!(["a", "b"]), set.clone()), &refund(json!(["b", "a", "a"]))));
    assert!(!passes("calls", asked(json!(["a", "b"]), set.clone()), &refund(json!("ab"))));
    // Defaults are sets too, on either side.
    let silent = Build::new().call("refund_order", json!({"order_id": "W-1"})).end();
    assert!(passes("calls", asked(json!(["q", "p"]), set.clone()), &silent));
    let of = json!([{"call": "refund_order", "args": {"order_id": "W-1"}}]);
    assert!(passes("calls", json!({"of": of, "overrides": set}), &refund(json!(["q", "p"]))));
    // A reference's arguments as well.
    let mut c = case(vec![criterion("calls", json!({"overrides": {"refund_order.items": "set"}}))]);
    c.references = vec![Build::new().call("refund_order", json!({"order_id": "W-1", "items": ["a", "b"]})).reference()];
    assert!(grade_in(c, &refund(json!(["b", "a"]))).outcome.passed());
}

#[test]
fn free_order_is_assigned_optimally() {
    // Taking the first fit for the loose expectation would leave the strict one without a call.
    let of = json!([{"call": "get_order"}, {"call": "get_order", "args": {"order_id": "A"}}]);
    let t = Build::new().call("get_order", json!({"order_id": "A"})).call("get_order", json!({"order_id": "B"})).end();
    assert!(passes("calls", json!({"match": "any_order", "of": of}), &t));
}

#[test]
fn arguments_may_be_schemas() {
    let of = json!([{"call": "refund_order", "args": {"amount": {"minimum": 40, "maximum": 50}}}]);
    assert!(passes("calls", json!({"of": of, "args": "schema"}), &way().end()));
    let of = json!([{"call": "refund_order", "args": {"amount": {"maximum": 40}}}]);
    assert!(!passes("calls", json!({"of": of, "args": "schema"}), &way().end()));
}

#[test]
fn refused_calls_did_not_happen_unless_asked_for() {
    let t = Build::new()
        .outcome("get_order", json!({"order_id": 1}), Some(ToolFailure::InvalidArguments))
        .call("get_order", json!({"order_id": "W-1"}))
        .end();
    let of = json!([{"call": "get_order", "args": {"order_id": "W-1"}}]);
    assert!(passes("calls", json!({"match": "strict", "of": of}), &t));
    assert!(!passes("calls", json!({"match": "strict", "of": of, "include_failed": true}), &t));
}

#[test]
fn the_best_of_several_references_counts() {
    let mut c = case(vec![criterion("calls", by("strict"))]);
    c.references.push(Build::new().call("get_order", json!({"order_id": "W-7"})).reference());
    assert!(grade_in(c.clone(), &Build::new().call("get_order", json!({"order_id": "W-7"})).end()).outcome.passed());
    let g = grade_in(c, &Build::new().call("get_order", json!({"order_id": "W-8"})).end());
    assert!(g.evidence[0].expected == Some(json!("W-7")) || g.evidence[0].note.contains("find_customer"), "{g:?}");
}

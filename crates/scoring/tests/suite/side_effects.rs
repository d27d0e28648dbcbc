use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};

/// A reference that refunds W-1, opens a ticket, and writes the audit.
fn reference() -> Build {
    Build::new().write(
        "refund_order",
        json!({"order_id": "W-1", "reason": "broken"}),
        vec![
            put("/orders/W-1/status", json!("refunded")),
            add("/tickets", json!({})),
            add("/tickets/T-17", json!({"about": "W-1", "open": true})),
            add("/audit/-", json!("refund W-1")),
        ],
    )
}

/// The same by another way: the ticket's id and the audit's words differ.
fn other() -> Build {
    Build::new().write(
        "refund_order",
        json!({"order_id": "W-1", "reason": "it came damaged"}),
        vec![
            put("/orders/W-1", json!({"status": "refunded", "total": 42, "tags": ["a", "b"]})),
            add("/tickets", json!({})),
            add("/tickets/T-93", json!({"open": true, "about": "W-1"})),
            add("/audit/-", json!("refund of W-1")),
        ],
    )
}

fn judge(parameters: Value, b: Build, change: impl FnOnce(&mut Case)) -> Grade {
    let mut case = case(vec![criterion("side_effects", parameters)]);
    case.references = vec![reference().reference()];
    change(&mut case);
    let t = b.end();
    let grade = grade_in(case, &t);
    assert!(grade.evidence.iter().flat_map(|e| &e.events).all(|s| t.event(*s).is_some()));
    grade
}

fn found(b: Build) -> (Option<f64>, String) {
    let g = judge(json!("none"), b, |_| {});
    (g.score, g.evidence[0].path.clone())
}

#[test]
fn the_way_of_the_reference_has_no_side_effects_whatever_the_ids() {
    assert_eq!(found(reference()).0, Some(1.0));
    assert_eq!(found(other()).0, Some(1.0));
    assert_eq!(found(Build::new()).0, Some(1.0));
}

#[test]
fn what_no_reference_changes_is_collateral() {
    let also = |patch| other().write("get_order", json!({}), patch);
    assert_eq!(found(also(vec![put("/orders/W-1/total", json!(0))])), (Some(0.5), "/orders/W-1/total".into()));
    // Written back is written twice, and neither was asked for.
    let back = also(vec![put("/orders/W-1/total", json!(0))]);
    let back = back.write("get_order", json!({}), vec![put("/orders/W-1/total", json!(42))]);
    assert_eq!(found(back).0, Some(1.0 / 3.0));
    // What is there already is no change.
    assert_eq!(found(also(vec![put("/orders/W-1/total", json!(42))])).0, Some(1.0));
    // A whole record that goes takes its members with it.
    let gone = vec![Op::Remove { path: "/orders/W-1".parse().unwrap() }];
    assert_eq!(found(also(gone)), (Some(0.5), "/orders/W-1/total".into()));
}

#[test]
fn more_is_created_than_by_the_reference() {
    let ticket =
        |id: &str, value: Value| other().write("get_order", json!({}), vec![add(&format!("/tickets/{id}"), value)]);
    assert_eq!(found(ticket("T-94", json!({"about": "W-1", "open": true}))), (Some(0.5), "/tickets/T-94".into()));
    // A map of another kind, a value, a map elsewhere.
    assert_eq!(found(ticket("T-94", json!({"about": "W-1"}))).0, Some(0.5));
    assert_eq!(found(ticket("T-94", json!(true))).0, Some(0.5));
    let elsewhere = vec![add("/orders/W-9", json!({"about": "W-1", "open": true}))];
    assert_eq!(found(Build::new().write("get_order", json!({}), elsewhere)).0, Some(0.0));
    // The reference's own key is its own, in whatever order.
    let both = Build::new().write(
        "refund_order",
        json!({}),
        vec![add("/tickets", json!({})), add("/tickets/T-1", json!({"about": 1, "open": 1}))],
    );
    let both = both.write("get_order", json!({}), vec![add("/tickets/T-17", json!({"about": 1, "open": 1}))]);
    assert_eq!(found(both), (Some(0.5), "/tickets/T-1".into()));
    assert_eq!(
        found(other().write("get_order", json!({}), vec![add("/audit/0", json!("x"))])),
        (Some(0.5), "/audit/-".into())
    );
}

#[test]
fn what_happens_within_ones_own_creation_belongs_to_it() {
    let closed = other().write("get_order", json!({}), vec![put("/tickets/T-93/open", json!(false))]);
    assert_eq!(found(closed).0, Some(1.0));
}

#[test]
fn the_same_write_twice_is_a_duplicate_beyond_the_reference() {
    let refund = |b: Build, n: i64| {
        b.write("refund_order", json!({"order_id": "W-1"}), vec![put("/orders/W-1/status", json!(n))])
    };
    let twice = || refund(refund(Build::new(), 1), 2);
    let g = judge(json!("none"), twice(), |_| {});
    assert_eq!(
        (g.score, notes(&g)),
        (Some(0.5), "The same change was made once more by `refund_order` (event 4).".into())
    );
    // Not where the reference does so too, nor where it is not looked for.
    let as_often = |case: &mut Case| case.references.push(twice().reference());
    assert!(judge(json!("none"), twice(), as_often).outcome.passed());
    assert!(judge(json!({"of": ["collateral"]}), twice(), |_| {}).outcome.passed());
    // Other arguments make another write; an argument's default makes none.
    let spelled = |args: Value| {
        let b = refund(Build::new(), 1).write("refund_order", args, vec![put("/orders/W-1/status", json!(2))]);
        judge(json!("none"), b, |_| {}).outcome.passed()
    };
    assert!(spelled(json!({"order_id": "W-1", "amount": 1})));
    assert!(!spelled(json!({"items": ["p", "q"], "order_id": "W-1"})));
    // The second changed nothing.
    assert!(judge(json!("none"), refund(refund(Build::new(), 1), 1), |_| {}).outcome.passed());
}

#[test]
fn what_is_allowed_or_volatile_is_no_side_effect() {
    let b =
        || other().write("get_order", json!({}), vec![put("/orders/W-1/total", json!(0)), add("/audit/-", json!(1))]);
    assert!(!judge(json!("none"), b(), |_| {}).outcome.passed());
    assert!(!judge(json!({"allow": ["/orders/*/total"]}), b(), |_| {}).outcome.passed());
    assert!(judge(json!({"allow": ["/orders/*/total", "/audit"]}), b(), |_| {}).outcome.passed());
    assert!(judge(json!({"of": ["duplicates"]}), b(), |_| {}).outcome.passed());
    let volatile = |case: &mut Case| case.comparison.volatile = vec!["/audit".into(), "/orders/*/total".into()];
    assert!(judge(json!("none"), b(), volatile).outcome.passed());
}

#[test]
fn an_error_of_the_tool_that_changed_something_is_collateral_too() {
    let mut b = Build::new();
    let call = b.trajectory.push(
        0,
        Body::Call { id: "c".into(), tool: "refund_order".into(), arguments: Arguments::from_value(json!({})) },
    );
    let patch = vec![put("/orders/W-1/total", json!(0))];
    apply_patch(&mut b.state, &patch).unwrap();
    b.trajectory.push(0, Body::State { call, patch, hash: Digest::of(&b.state) });
    let failure = Some(ToolFailure::Tool);
    b.trajectory.push(0, Body::Result { call, content: json!({}), failure, responder: None });
    assert_eq!(found(b), (Some(0.0), "/orders/W-1/total".into()));
}

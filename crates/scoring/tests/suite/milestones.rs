use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn plan() -> Value {
    json!({
        "reach": [
            {"name": "found", "call": "find_customer"},
            {"name": "looked", "call": "get_order", "args": {"order_id": "W-1"}},
            {"name": "refunded", "state": {"path": "$.orders['W-1'].status", "equals": "refunded"}, "after": ["found", "looked"]},
            {"name": "told", "says": {"contains": "42.00"}, "after": "refunded"},
        ],
        "avoid": [{"call": "refund_order", "args": {"amount": 1000}}],
    })
}

fn find(b: Build) -> Build {
    b.call("find_customer", json!({"name": "Ann"}))
}
fn look(b: Build) -> Build {
    b.call("get_order", json!({"order_id": "W-1"}))
}
fn refund(b: Build) -> Build {
    b.write("refund_order", json!({"order_id": "W-1"}), vec![put("/orders/W-1/status", json!("refunded"))])
}

#[test]
fn all_milestones_in_an_order_that_is_allowed_pass() {
    for t in [refund(look(find(Build::new()))), refund(find(look(Build::new())))] {
        let g = grade("milestones", plan(), &t.say("You get $42.00 back.").end());
        assert_eq!(g.score, Some(1.0), "{g:?}");
        assert_eq!(notes(&g), "All 4 milestones were reached, and nothing that must be avoided happened.");
        assert_eq!(g.evidence[0].events.len(), 4);
    }
}

#[test]
fn what_is_missed_costs_its_part_and_is_named() {
    let g = grade("milestones", plan(), &refund(look(Build::new())).say("Done.").end());
    assert_eq!((g.score, notes(&g)), (Some(0.5), "`found` was never reached.\n`told` was never reached.".into()));
    let g = grade("milestones", plan(), &find(refund(look(Build::new()))).say("You get 42.00.").end());
    // Either the customer was found too late, or the refund and all behind it came too early.
    assert_eq!(g.score, Some(0.75));
    assert_eq!(notes(&g), "`found` was not reached in its order: it is met at event 6, but not where it must be.");
}

#[test]
fn a_minefield_nullifies() {
    let hit = refund(look(find(Build::new()))).call("refund_order", json!({"amount": 1000.0})).say("You get 42.00.");
    let g = grade("milestones", plan(), &hit.end());
    assert_eq!(g.score, Some(0.0));
    assert_eq!(notes(&g), "What must be avoided happened at event 8: `refund_order` with {\"amount\":1000}.");
    let avoided = |mine: Value, b: Build| passes("milestones", json!({"avoid": [mine]}), &b.end());
    let state = json!({"state": {"path": "$.orders['W-1'].status", "equals": "refunded"}});
    assert!(avoided(state.clone(), look(Build::new())));
    assert!(!avoided(state.clone(), refund(Build::new())));
    // Even if it is made good again.
    assert!(!avoided(state, refund(Build::new()).set("/orders/W-1/status", json!("delivered"))));
    let says = json!({"says": {"contains": "guarantee"}});
    assert!(!avoided(says.clone(), Build::new().say("I guarantee it.").say("Sorry.")));
    assert!(avoided(says, Build::new().say("I can't guarantee it.")));
    // An attempt counts, and a call that was refused does not.
    let tried = |f| Build::new().outcome("refund_order", json!({}), Some(f));
    assert!(!avoided(json!({"call": "refund_order"}), tried(ToolFailure::Tool)));
    assert!(avoided(json!({"call": "refund_order"}), tried(ToolFailure::InvalidArguments)));
}

#[test]
fn a_call_that_failed_is_no_milestone() {
    let reach = json!({"reach": [{"call": "get_order"}]});
    let failed = Build::new().outcome("get_order", json!({"order_id": "W-1"}), Some(ToolFailure::Tool)).end();
    assert!(!passes("milestones", reach, &failed));
}

#[test]
fn arguments_that_are_nearly_right_are_worth_something_and_do_not_pass() {
    let reach = json!({"reach": [{"call": "refund_order", "args": {"order_id": "W-1", "reason": "it came damaged"}}]});
    let score =
        |args: Value| grade("milestones", reach.clone(), &Build::new().call("refund_order", args).end()).score.unwrap();
    let full = score(json!({"order_id": "W-1", "reason": "it came damaged", "amount": 3}));
    let near = score(json!({"order_id": "W-1", "reason": "it came damaged today"}));
    assert!((full - 1.0).abs() < 1e-9);
    assert!((near - (6.0_f64 / 7.0).sqrt()).abs() < 1e-9, "{near}");
    assert!(score(json!({"order_id": "W-2", "reason": "it came damaged"})).abs() < 1e-9);
    assert!(score(json!({"order_id": "W-1", "reason": "It came damaged"})) < 1.0);
    let g = grade(
        "milestones",
        reach,
        &Build::new().call("refund_order", json!({"order_id": "W-1", "reason": "damaged"})).end(),
    );
    assert_eq!(
        notes(&g),
        "milestone 1 (`refund_order` with {\"order_id\":\"W-1\",\"reason\":\"it came damaged\"}) was reached only in part, at event 1."
    );
}

#[test]
fn asserted_values_of_the_state_are_worth_how_alike_they_are() {
    let reach = json!({"reach": [{"state": {"path": "$.orders['W-1']", "equals": {"status": "refunded in full", "total": 42, "tags": ["a", "b"]}}}]});
    let score = |status: &str| {
        let t = Build::new().set("/orders/W-1/status", json!(status)).end();
        grade("milestones", reach.clone(), &t).score.unwrap()
    };
    assert!((score("refunded in full") - 1.0).abs() < 1e-9);
    assert!((score("refunded in part") - (2.0_f64 / 3.0).cbrt()).abs() < 1e-9);
    assert!(score("lost").abs() < 1e-9);
    let two = json!({"reach": [{"state": [
        {"path": "$.orders['W-1'].status", "equals": "lost"},
        {"path": "$.audit", "schema": {"minItems": 1}},
    ]}]});
    assert!(!passes("milestones", two.clone(), &Build::new().set("/orders/W-1/status", json!("lost")).end()));
    let both = Build::new().set("/orders/W-1/status", json!("lost")).change(vec![add("/audit/-", json!(1))]);
    assert!(passes("milestones", two, &both.end()));
}

#[test]
fn the_best_mapping_is_found_where_the_first_match_is_not_the_best() {
    // The nearly right refund comes first, the right one last; the message in between comes after it.
    let reach = json!({"reach": [
        {"name": "refunded", "call": "refund_order", "args": {"reason": "it came damaged and late"}},
        {"name": "told", "says": {"contains": "refunded"}, "after": "refunded"},
    ]});
    let t = Build::new()
        .call("refund_order", json!({"reason": "it came damaged"}))
        .say("I have refunded it.")
        .call("refund_order", json!({"reason": "it came damaged and late"}))
        .end();
    let g = grade("milestones", reach, &t);
    // In part and told (0.75 + 1) is worth more than in full and not told.
    assert!((g.score.unwrap() - 0.875).abs() < 1e-9, "{g:?}");
}

#[test]
fn a_state_that_held_before_is_no_milestone_unless_it_comes_back() {
    let delivered = json!({"state": {"path": "$.orders['W-1'].status", "equals": "delivered"}});
    let idle = case(vec![criterion("milestones", json!({"reach": [&delivered]}))]);
    let found = Grading::new(Arc::new(idle)).err().unwrap();
    assert_eq!((found[0].at.to_string(), found[0].criterion), ("/milestones/reach/0/state".to_owned(), 0));
    let mined = case(vec![criterion("milestones", json!({"avoid": [delivered]}))]);
    assert!(Grading::new(Arc::new(mined)).is_err());
    let again = json!({"reach": [
        {"name": "lost", "state": {"path": "$.orders['W-1'].status", "equals": "lost"}},
        {"state": {"path": "$.orders['W-1'].status", "equals": "delivered"}, "after": "lost"},
    ]});
    let t = Build::new().set("/orders/W-1/status", json!("lost")).set("/orders/W-1/status", json!("delivered")).end();
    assert!(passes("milestones", again, &t));
}

#[test]
fn milestones_ask_for_something_and_minefields_alone_do_not() {
    let lint = |p: Value| lint(&[criterion("milestones", p)], &tools(), 0, false).len();
    assert_eq!(lint(json!({"reach": [{"call": "get_order"}]})), 0);
    assert_eq!(lint(json!({"avoid": [{"call": "get_order"}]})), 1);
}

#[test]
fn states_that_do_not_follow_from_the_changes_leave_it_ungraded() {
    let mut b = Build::new();
    b.trajectory.push(0, Body::State { call: 0, patch: vec![add("/x", json!(1))], hash: Digest::of(&json!(0)) });
    let reach = json!({"reach": [{"state": {"path": "$.x", "equals": 1}}]});
    let g = grade("milestones", reach, &b.end());
    assert!(matches!(g.outcome, Outcome::Ungraded { cause: Cause::Harness, .. }), "{g:?}");
}

#[test]
fn thousands_of_calls_are_mapped_at_once() {
    let mut b = Build::new();
    for i in 0..4000 {
        b = if i % 2 == 0 { find(b) } else { look(b) };
    }
    let middle: Vec<Value> = (0..12)
        .map(|i| json!({"name": format!("m{i}"), "call": if i % 2 == 0 { "find_customer" } else { "get_order" }, "after": "first"}))
        .collect();
    let names: Vec<String> = (0..12).map(|i| format!("m{i}")).collect();
    let mut reach = vec![json!({"name": "first", "call": "get_order"})];
    reach.extend(middle);
    reach.push(json!({"call": "refund_order", "after": names}));
    let g = grade("milestones", json!({"reach": reach}), &b.end());
    assert!((g.score.unwrap() - 13.0 / 14.0).abs() < 1e-9);
}

use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::json;

fn refund(b: Build) -> Build {
    b.call("refund_order", json!({"order_id": "W-1"}))
}
fn look(b: Build) -> Build {
    b.call("get_order", json!({"order_id": "W-1"}))
}

#[test]
fn never_alone_before_and_after() {
    let both = refund(look(Build::new())).end();
    let early = look(refund(Build::new())).end();
    let none = Build::new().end();
    let rule = |p: serde_json::Value, t: &Trajectory| passes("never", p, t);
    assert!(!rule(json!({"call": "refund_order"}), &both));
    assert!(rule(json!({"call": "refund_order"}), &none));
    assert!(rule(json!({"call": "refund_order", "args": {"order_id": "W-2"}}), &both));
    assert!(rule(json!({"call": "refund_order", "before": "get_order"}), &both));
    assert!(!rule(json!({"call": "refund_order", "before": "get_order"}), &early));
    assert!(!rule(json!({"call": "refund_order", "before": "get_order"}), &refund(Build::new()).end()));
    assert!(!rule(json!({"call": "refund_order", "after": "get_order"}), &both));
    assert!(rule(json!({"call": "refund_order", "after": "get_order"}), &early));
    assert!(!rule(
        json!({"call": "refund_order", "before": {"call": "get_order", "args": {"order_id": "W-2"}}}),
        &both
    ));
}

#[test]
fn a_call_does_not_come_before_itself() {
    let late = json!({"call": "get_order", "args": {"order_id": "W-1"}});
    let look = |b: Build, id: &str| b.call("get_order", json!({"order_id": id}));
    let (alone, led) = (look(Build::new(), "W-1").end(), look(look(Build::new(), "W-0"), "W-1").end());
    assert!(!passes("before", json!({"call": "get_order", "then": late}), &alone));
    assert!(passes("before", json!({"call": "get_order", "then": late}), &led));
    assert!(!passes("after", json!({"call": late, "first": "get_order"}), &alone));
    assert!(passes("after", json!({"call": late, "first": "get_order"}), &led));
    let never = json!({"call": "get_order", "args": {"order_id": "W-1"}, "before": "get_order"});
    assert!(!passes("never", never.clone(), &alone));
    assert!(passes("never", never, &led));
}

#[test]
fn a_lookup_that_failed_is_no_lookup() {
    let t = refund(Build::new().outcome("get_order", json!({"order_id": "W-1"}), Some(ToolFailure::Tool))).end();
    assert!(!passes("before", json!({"call": "get_order", "then": "refund_order"}), &t));
    assert!(!passes("never", json!({"call": "refund_order", "before": "get_order"}), &t));
}

#[test]
fn an_attempt_that_the_tool_refused_is_a_violation_and_an_invalid_one_is_not() {
    let tried = |f| Build::new().outcome("refund_order", json!({"order_id": "W-1"}), Some(f)).end();
    assert!(!passes("never", json!({"call": "refund_order"}), &tried(ToolFailure::Tool)));
    assert!(passes("never", json!({"call": "refund_order"}), &tried(ToolFailure::InvalidArguments)));
    assert!(!passes(
        "never",
        json!({"call": "refund_order", "include_failed": true}),
        &tried(ToolFailure::InvalidArguments)
    ));
}

#[test]
fn before_is_vacuous_without_the_later_call_and_after_is_not() {
    let none = Build::new().end();
    assert!(passes("before", json!({"call": "get_order", "then": "refund_order"}), &none));
    assert!(!passes("after", json!({"call": "refund_order", "first": "get_order"}), &none));
    assert!(passes("after", json!({"call": "refund_order", "first": "get_order"}), &refund(look(Build::new())).end()));
    assert!(!passes("after", json!({"call": "refund_order", "first": "get_order"}), &look(refund(Build::new())).end()));
}

#[test]
fn at_most_counts() {
    let twice = refund(refund(Build::new())).end();
    let g = grade("at_most", json!({"call": "refund_order", "times": 1}), &twice);
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [1, 3].as_slice()));
    assert!(passes("at_most", json!({"call": "refund_order", "times": 1, "args": {"order_id": "W-2"}}), &twice));
}

#[test]
fn an_argument_that_is_left_out_is_the_schemas_default() {
    let quiet = json!({"call": "get_order", "args": {"verbose": false}});
    let loud = json!({"call": "get_order", "args": {"verbose": true}});
    let t = refund(look(Build::new())).end();
    assert!(!passes("never", quiet.clone(), &t));
    assert!(passes("never", loud.clone(), &t));
    assert!(!passes("at_most", json!({"call": "get_order", "args": {"verbose": false}, "times": 0}), &t));
    assert!(passes("before", json!({"call": quiet, "then": "refund_order"}), &t));
    assert!(!passes("before", json!({"call": loud, "then": "refund_order"}), &t));
    assert!(passes("after", json!({"call": "refund_order", "first": quiet}), &t));
    assert!(!passes("after", json!({"call": "refund_order", "first": loud}), &t));
    // What is given is what it is, also where the default is asked for.
    let given = Build::new().call("get_order", json!({"order_id": "W-1", "verbose": true})).end();
    assert!(passes("never", quiet, &given));
    assert!(!passes("never", loud, &given));
}

#[test]
fn bounds_hold_fail_or_are_unknown() {
    let t = || look(Build::new()).say("Done.").end();
    assert!(passes("within", json!({"turns": 1, "calls": 1, "errors": 0}), &t()));
    assert!(!passes("within", json!({"calls": 1}), &refund(look(Build::new())).end()));
    // No usage was reported, and the price is unknown.
    for p in [json!({"tokens": 10}), json!({"cost": 1.0})] {
        assert!(matches!(grade("within", p, &t()).outcome, Outcome::Ungraded { .. }));
    }
}

#[test]
fn who_reports_no_tokens_costs_nothing() {
    let reporting = |tokens: u64| {
        let mut b = look(Build::new());
        b.trajectory.push(0, Body::Reported { usage: Usage { output: tokens, ..Usage::default() } });
        b.end()
    };
    assert!(passes("within", json!({"tokens": 10, "cost": 0.01}), &reporting(0)));
    assert!(matches!(grade("within", json!({"cost": 0.01}), &reporting(1)).outcome, Outcome::Ungraded { .. }));
}

#[test]
fn a_bound_on_turns_does_not_apply_where_turns_cannot_be_seen_and_says_so() {
    let unseen = look(look(Build::new())).end();
    let g = grade("within", json!({"turns": 3}), &unseen);
    assert_eq!(
        (&g.outcome, g.evidence[0].note.as_str()),
        (&Outcome::Passed, "The turns of this agent cannot be seen: the bound of 3 does not apply.")
    );
    assert_eq!(grade("within", json!({"turns": 3, "calls": 1}), &unseen).outcome, Outcome::Failed);
    // What somebody could report, and did not, stays open; the reason is named.
    let g = grade("within", json!({"turns": 3, "tokens": 10}), &unseen);
    assert!(matches!(&g.outcome, Outcome::Ungraded { why, .. } if why.contains("`tokens`")), "{g:?}");
}

#[test]
fn evidence_writes_whole_numbers_without_fraction() {
    let g = grade("within", json!({"calls": 1, "virtual_seconds": 0.5}), &look(look(Build::new())).end());
    assert_eq!((&g.evidence[0].expected, &g.evidence[0].got), (&Some(json!(1)), &Some(json!(2))));
    assert_eq!(g.evidence[0].expected.as_ref().map(ToString::to_string).as_deref(), Some("1"));
    assert_eq!((&g.evidence[1].expected, &g.evidence[1].got), (&Some(json!(0.5)), &Some(json!(0))));
}

#[test]
fn format_counts_what_could_not_be_understood() {
    let t = look(Build::new().outcome("get_ordr", json!({}), Some(ToolFailure::UnknownTool))).end();
    let g = grade("format", json!("clean"), &t);
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [1].as_slice()));
    assert!(passes("format", json!({"unknown_tools": 1}), &t));
    assert!(passes("format", json!("clean"), &look(Build::new()).end()));
}

//! `between`, `eventually` and `efficiency`.

use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};

/// An episode of calls by letter: `f`ind, `g`et, `r`efund; an upper-case one is answered with the tool's error.
fn made(letters: &str) -> Trajectory {
    let tool = |c: char| match c.to_ascii_lowercase() {
        'f' => "find_customer",
        'g' => "get_order",
        _ => "refund_order",
    };
    let failure = |c: char| c.is_uppercase().then_some(ToolFailure::Tool);
    letters.chars().fold(Build::new(), |b, c| b.outcome(tool(c), json!({}), failure(c))).end()
}

fn holds(grader: &str, parameters: &Value, letters: &str) -> bool {
    passes(grader, parameters.clone(), &made(letters))
}

#[test]
fn a_call_between_is_asked_for_in_every_stretch_that_is_closed() {
    let rule = json!({"from": "find_customer", "to": "refund_order", "call": "get_order"});
    for (letters, expected) in [
        ("fgr", true),
        ("fr", false),
        ("gfr", false),
        ("frg", false),
        ("fGr", false), // an error is no look-up
        ("fgrfr", false),
        ("fgrfgr", true),
        ("ffgr", true), // one stretch, from the first
        ("fgrr", true), // nothing opens a second one
        ("fgfr", true),
        ("f", true), // never closed
        ("", true),
        ("r", true),
        ("Fr", true), // never opened
        ("fR", true),
    ] {
        assert_eq!(holds("between", &rule, letters), expected, "{letters}");
    }
    let g = grade("between", rule, &made("fgrfr"));
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [7, 9].as_slice()));
}

#[test]
fn what_must_not_lie_between_may_lie_elsewhere() {
    let rule = json!({"from": "find_customer", "to": "get_order", "never": "refund_order"});
    for (letters, expected) in
        [("fg", true), ("frg", false), ("fRg", false), ("rfgr", true), ("fr", true), ("fgrfg", true), ("fgfrg", false)]
    {
        assert_eq!(holds("between", &rule, letters), expected, "{letters}");
    }
    let refused = |failed: bool| {
        let b = Build::new().call("find_customer", json!({}));
        let b = b.outcome("refund_order", json!({"amount": "x"}), Some(ToolFailure::InvalidArguments));
        let rule =
            json!({"from": "find_customer", "to": "get_order", "never": "refund_order", "include_failed": failed});
        passes("between", rule, &b.call("get_order", json!({})).end())
    };
    assert_eq!((refused(false), refused(true)), (true, false));
}

#[test]
fn between_two_calls_of_one_kind_each_closes_and_opens() {
    let rule = json!({"from": "get_order", "to": "get_order", "call": "refund_order"});
    for (letters, expected) in [("g", true), ("gg", false), ("grg", true), ("grgg", false), ("grgrg", true)] {
        assert_eq!(holds("between", &rule, letters), expected, "{letters}");
    }
}

#[test]
fn eventually_asks_for_a_sequel_of_each() {
    let rule = json!({"call": "refund_order", "after": "get_order"});
    for (letters, expected) in
        [("gr", true), ("ggr", true), ("grg", false), ("rg", false), ("gR", false), ("Gf", true), ("", true)]
    {
        assert_eq!(holds("eventually", &rule, letters), expected, "{letters}");
    }
    let g = grade("eventually", rule, &made("grg"));
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [5].as_slice()));
}

#[test]
fn eventually_alone_asks_that_a_call_succeed() {
    let rule = json!({"call": "refund_order"});
    assert!(holds("eventually", &rule, "gr"));
    assert!(!holds("eventually", &rule, "gR"));
    assert!(!holds("eventually", &rule, ""));
    let lone = [criterion("eventually", rule)];
    assert!(mocktrial_scoring::lint(&lone, &tools(), 0, false).is_empty());
    let answering = [criterion("eventually", json!({"call": "refund_order", "after": "get_order"}))];
    assert_eq!(mocktrial_scoring::lint(&answering, &tools(), 0, false).len(), 1);
}

#[test]
fn a_call_that_is_both_does_not_follow_itself() {
    let order = |id: &str| json!({"order_id": id});
    let rule = json!({"call": {"call": "get_order", "args": order("W-2")}, "after": "get_order"});
    let t = |ids: &[&str]| ids.iter().fold(Build::new(), |b, id| b.call("get_order", order(id))).end();
    assert!(!passes("eventually", rule.clone(), &t(&["W-1", "W-2"])));
    assert!(passes("eventually", rule, &t(&[])));
}

#[test]
fn efficiency_is_in_proportion_to_the_shortest_reference() {
    let graded = |letters: &str, factor: f64| grade("efficiency", json!({"calls": factor}), &made(letters));
    // The reference makes three calls.
    assert_eq!(graded("fgr", 1.0).score, Some(1.0));
    assert_eq!(graded("fggr", 1.0).score, Some(0.75));
    assert_eq!(graded("fggr", 1.5).score, Some(1.0));
    assert_eq!(graded("fggggr", 1.5).score, Some(0.75));
    assert_eq!(graded("FFFFFF", 1.0).score, Some(0.5), "a call that failed was an effort too");
    assert_eq!(graded("", 1.0).score, Some(1.0));
    let mut two = case(vec![criterion("efficiency", json!({"calls": 1}))]);
    two.references.push(Build::new().call("refund_order", json!({})).reference());
    assert_eq!(grade_in(two, &made("fgr")).score, Some(1.0 / 3.0));
}

#[test]
fn turns_are_compared_where_they_can_be_seen() {
    let spoken = |n: usize| (0..n).fold(Build::new(), |b, _| b.say("Hm.")).end();
    let rule = json!({"turns": 2});
    assert!(passes("efficiency", rule.clone(), &spoken(2)));
    let g = grade("efficiency", rule.clone(), &spoken(4));
    assert_eq!(g.score, Some(0.5));
    assert_eq!(notes(&g), "The episode took 4 turns, more than 2 times the 1 of the reference.");
    let unseen = grade("efficiency", rule, &made("fgr"));
    assert!(unseen.outcome.passed() && notes(&unseen).contains("does not apply"), "{unseen:?}");
}

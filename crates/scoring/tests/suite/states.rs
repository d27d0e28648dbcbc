use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::json;

#[test]
fn the_references_state_passes_by_hash_and_by_comparison() {
    assert!(passes("state", json!("as_reference"), &way().end()));
    // Another spelling of the same number, another order of keys.
    let other = Build::new().set("/orders/W-1", json!({"total": 42, "tags": ["a", "b"], "status": "refunded"})).end();
    assert!(passes("state", json!("as_reference"), &other));
}

#[test]
fn a_difference_is_shown_where_it_is() {
    let wrong = Build::new().set("/orders/W-1/status", json!("cancelled")).end();
    let g = grade("state", json!("as_reference"), &wrong);
    assert!(!g.outcome.passed());
    let e = &g.evidence[0];
    assert_eq!((e.path.as_str(), e.events.as_slice()), ("/orders/W-1/status", [1].as_slice()));
    assert_eq!((e.expected.clone(), e.got.clone()), (Some(json!("refunded")), Some(json!("cancelled"))));
}

#[test]
fn doing_nothing_does_not_reach_the_references_state() {
    assert!(!passes("state", json!("as_reference"), &Build::new().say("Done.").end()));
    assert!(passes("state", json!("unchanged"), &Build::new().say("Done.").end()));
    assert!(!passes("state", json!("unchanged"), &way().end()));
}

#[test]
fn volatile_paths_and_the_order_of_sets_do_not_matter() {
    let other = || {
        way()
            .set("/orders/W-1/tags", json!(["b", "a"]))
            .change(vec![Op::Add { path: "/audit/-".parse().unwrap(), value: json!("seen") }])
            .end()
    };
    let with = |volatile: &[&str], sets: &[&str]| {
        let mut case = case(vec![criterion("state", json!("as_reference"))]);
        let own = |s: &[&str]| s.iter().map(|s| (*s).to_owned()).collect();
        case.comparison = Comparison { volatile: own(volatile), sets: own(sets) };
        grade_in(case, &other())
    };
    assert!(with(&["/audit"], &["/orders/*/tags"]).outcome.passed());
    assert!(!with(&["/audit"], &[]).outcome.passed());
    assert_eq!(with(&[], &["/orders/*/tags"]).evidence[0].path, "/audit/0");
}

#[test]
fn a_list_of_volatile_entries_has_no_length() {
    let seen = |b: Build, n: usize| {
        (0..n).fold(b, |b, _| b.change(vec![Op::Add { path: "/audit/-".parse().unwrap(), value: json!("seen") }]))
    };
    let with = |volatile: &str, criterion: Criterion, trajectory: &Trajectory| {
        let mut case = case(vec![criterion]);
        case.comparison.volatile = vec![volatile.to_owned()];
        grade_in(case, trajectory).outcome.passed()
    };
    for entries in [1, 3] {
        let end = seen(way(), entries).end();
        assert!(with("/audit/*", criterion("state", json!("as_reference")), &end));
        assert!(with("/audit/*", criterion("state", json!({"only_changed": ["/orders"]})), &end));
        assert!(with("/audit/*", criterion("state", json!("unchanged")), &seen(Build::new(), entries).end()));
    }
    // A single entry that is left out keeps its place, and the list its length.
    assert!(!with("/audit/0", criterion("state", json!("as_reference")), &seen(way(), 2).end()));
}

#[test]
fn a_reference_that_changes_only_what_is_left_out_asks_for_nothing() {
    let mut case = case(vec![criterion("state", json!("as_reference"))]);
    let path = "/audit/-".parse().unwrap();
    case.references = vec![Build::new().change(vec![Op::Add { path, value: json!("seen") }]).reference()];
    case.inaction = false;
    assert!(mocktrial_scoring::Grading::new(case.clone().into()).is_ok());
    case.comparison.volatile = vec!["/audit/*".into()];
    let mistakes = mocktrial_scoring::Grading::new(case.into()).map(|_| ()).unwrap_err();
    assert!(mistakes[0].message.starts_with("an agent that does nothing passes"), "{mistakes:?}");
}

#[test]
fn a_set_is_a_multiset() {
    let mut c = case(vec![criterion("state", json!("as_reference"))]);
    c.comparison.sets = vec!["/orders/*/tags".into()];
    let g = grade_in(c, &way().set("/orders/W-1/tags", json!(["a", "a", "b"])).end());
    assert_eq!((g.evidence[0].path.as_str(), g.evidence[0].got.clone()), ("/orders/W-1/tags", Some(json!("a"))));
}

#[test]
fn assertions_hold_for_every_place_and_need_one() {
    let end = way().end();
    assert!(passes("state", json!({"path": "$.orders['W-1'].status", "equals": "refunded"}), &end));
    assert!(!passes("state", json!({"path": "$.orders['W-2'].status", "equals": "refunded"}), &end));
    assert!(passes("state", json!({"path": "$.orders['W-2']", "exists": false}), &end));
    assert!(passes("state", json!({"path": "$.orders.*", "count": 1}), &end));
    assert!(passes("state", json!({"path": "$.orders.*.total", "number": 42.004, "tolerance": 0.01}), &end));
    assert!(passes("state", json!({"path": "$.orders.*.tags", "contains": "a"}), &end));
    assert!(!passes("state", json!({"path": "$.orders.*.tags", "schema": {"maxItems": 1}}), &end));
    assert!(!passes("state", json!({"path": "$.audit[*]", "equals": 1}), &end));
    let g =
        grade("state", json!([{"path": "$.orders.*.total", "equals": 42}, {"path": "$.audit", "equals": [1]}]), &end);
    assert_eq!((g.score, g.evidence[0].path.as_str()), (Some(0.5), "/audit"));
}

#[test]
fn assertions_know_which_lists_are_sets() {
    let with = |sets: &[&str], assertion: serde_json::Value| {
        let mut case = case(vec![criterion("state", assertion)]);
        case.comparison.sets = sets.iter().map(|s| (*s).to_owned()).collect();
        grade_in(case, &way().end()).outcome.passed()
    };
    let tags = json!({"path": "$.orders['W-1'].tags", "equals": ["b", "a"]});
    let order = json!({"path": "$.orders['W-1']", "equals": {"status": "refunded", "total": 42, "tags": ["b", "a"]}});
    for assertion in [tags, order] {
        assert!(with(&["/orders/*/tags"], assertion.clone()));
        assert!(!with(&[], assertion));
    }
    assert!(!with(&["/orders/*/tags"], json!({"path": "$.orders.*.tags", "equals": ["b", "a", "a"]})));
}

#[test]
fn only_what_may_change_may() {
    let end = way().end();
    assert!(passes("state", json!({"only_changed": ["/orders/W-1/status"]}), &end));
    assert!(passes("state", json!({"only_changed": ["/orders/*/status", "/audit"]}), &end));
    assert!(!passes("state", json!({"only_changed": ["/orders/W-1/total"]}), &end));
    // An insertion moves what follows it.
    let moved =
        Build::new().change(vec![Op::Add { path: "/orders/W-1/tags/0".parse().unwrap(), value: json!("z") }]).end();
    assert!(!passes("state", json!({"only_changed": ["/orders/W-1/tags/0"]}), &moved));
    // A change taken back is none.
    let back = Build::new().set("/orders/W-1/total", json!(1)).set("/orders/W-1/total", json!(42)).end();
    assert!(passes("state", json!({"only_changed": ["/audit"]}), &back));
}

#[test]
fn a_trajectory_with_missing_changes_is_ungraded_and_not_failed() {
    let mut t = Build::new().trajectory;
    let patch = vec![Op::Replace { path: "/orders/W-1/status".parse().unwrap(), value: json!("cancelled") }];
    t.push(0, Body::State { call: 0, patch, hash: Digest::of(&json!("something else")) });
    t.push(0, Body::End { reason: EndReason::Completed, detail: None });
    let g = grade("state", json!("as_reference"), &t);
    assert!(matches!(g.outcome, Outcome::Ungraded { cause: Cause::Harness, .. }), "{g:?}");
}

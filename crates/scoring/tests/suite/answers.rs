use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::json;

fn says(parameters: serde_json::Value, text: &str) -> bool {
    passes("answer", parameters, &Build::new().say(text).end())
}

#[test]
fn texts_are_found_unless_denied() {
    assert!(says(json!({"contains": "42.00"}), "A refund of $42.00 was made."));
    assert!(!says(json!({"contains": "42.00"}), "No refund of $42.00 was made."));
    assert!(says(json!({"contains": "42.00", "negation": "allow"}), "No refund of $42.00 was made."));
    assert!(!says(json!({"contains": ["42.00", "card"]}), "A refund of $42.00 was made."));
    assert!(says(json!({"any_of": ["sent back", "refunded"]}), "It was refunded."));
    assert!(!says(json!({"excludes": "voucher"}), "You get a Voucher."));
    assert!(!says(json!({"contains": "voucher", "case": "exact"}), "You get a Voucher."));
}

#[test]
fn partial_credit_is_what_holds() {
    let g = grade("answer", json!({"contains": ["42.00", "card"]}), &Build::new().say("You get $42.00.").end());
    assert_eq!(g.score, Some(0.5));
    assert_eq!(g.evidence[0].note, "The answer does not contain \"card\".");
    assert_eq!(g.evidence[0].events, [1]);
}

#[test]
fn equals_compares_texts_and_values() {
    assert!(says(json!({"equals": "Yes, done"}), " yes, **done** "));
    assert!(!says(json!({"equals": "yes"}), "yes and no"));
    assert!(says(json!({"equals": 42}), "42.0"));
    assert!(says(json!({"equals": {"a": 1}}), "```json\n{\"a\": 1.0}\n```"));
}

#[test]
fn numbers_are_read_with_their_tolerance() {
    assert!(says(json!({"number": 1234.5}), "That makes $1,234.50."));
    assert!(says(json!({"number": 42, "tolerance": 0.01}), "About 42.01"));
    assert!(!says(json!({"number": 42, "tolerance": 0.01}), "About 42.02"));
    assert!(says(json!({"number": -3}), "It is \u{2212}3 degrees"));
    assert!(!says(json!({"number": 42}), "We did not charge 42."));
    assert!(!says(json!({"number": 1001}), "Order W-1001"));
}

#[test]
fn schemas_take_a_bare_answer_or_a_fence() {
    let schema = json!({"schema": {"type": "object", "required": ["total"]}});
    assert!(says(schema.clone(), "{\"total\": 1}"));
    assert!(says(schema.clone(), "Here:\n```json\n{\"total\": 1}\n```\nDone."));
    assert!(!says(schema.clone(), "{\"sum\": 1}"));
    assert!(!says(schema, "the total is 1"));
    let dated = json!({"schema": {"properties": {"on": {"format": "date"}}}});
    assert!(says(dated.clone(), "{\"on\": \"2026-03-02\"}"));
    assert!(!says(dated, "{\"on\": \"tomorrow\"}"));
}

#[test]
fn patterns_match_as_written() {
    assert!(says(json!({"regex": "refund of \\$\\d+"}), "Your refund of $42 is sent"));
    assert!(!says(json!({"regex": "^refund"}), "Your refund"));
}

#[test]
fn an_earlier_answer_does_not_stand_in_for_the_last() {
    let contains = || json!({"contains": "42.00"});
    let empty = Build::new().say("Balance 42.00.").call("get_order", json!({"order_id": "W-1"})).say("").end();
    assert!(!passes("answer", contains(), &empty));
    assert!(passes("answer", json!({"contains": "42.00", "in": "any"}), &empty));

    let mut unanswered = Build::new().say("Balance 42.00.");
    unanswered.trajectory.push(0, Body::user("And now?"));
    assert!(!passes("answer", contains(), &unanswered.end_as(EndReason::TurnLimit)));
}

#[test]
fn silence_fails_and_the_last_answer_counts_unless_any_is_asked_for() {
    assert!(!passes("answer", json!({"contains": "x"}), &Build::new().end()));
    let two = Build::new().say("It is 42.00.").say("Bye.").end();
    assert!(!passes("answer", json!({"contains": "42.00"}), &two));
    assert!(passes("answer", json!({"contains": "42.00", "in": "any"}), &two));
}

#[test]
fn what_must_not_be_said_is_looked_for_in_all_that_was_said() {
    let excludes = || json!({"excludes": "PIN 1234", "contains": "done"});
    let beside = |text: &str| {
        let mut b = Build::new();
        let content = vec![Part::text(text)];
        let (stop, calls) = (Stop::Calls, 1);
        b.trajectory.push(
            0,
            Body::Response {
                content,
                reasoning: None,
                calls,
                stop,
                usage: None,
                served: None,
                logprobs: Vec::new(),
                raw: vec![],
            },
        );
        b.call("get_order", json!({"order_id": "W-1"})).say("All done.").end()
    };
    assert!(passes("answer", excludes(), &beside("I look it up.")));
    let g = grade("answer", excludes(), &beside("With **PIN 1234** I look it up."));
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [1].as_slice()));
    assert_eq!(g.evidence[0].note, "The agent said \"PIN 1234\", which it must not.");
    assert!(!passes("answer", excludes(), &Build::new().say("Your PIN 1234?").say("All done.").end()));
    // An agent of the user's own says what it says in events of its own.
    let mut b = Build::new();
    b.trajectory.push(0, Body::Say { text: "PIN 1234 it is.".into() });
    b.trajectory.push(0, Body::Say { text: "All done.".into() });
    assert!(!passes("answer", excludes(), &b.end()));
}

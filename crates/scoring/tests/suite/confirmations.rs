use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};

fn refund(b: Build) -> Build {
    b.call("refund_order", json!({"order_id": "W-1"}))
}

fn asked(b: Build, reply: &str) -> Build {
    b.say("I would refund order W-1. Shall I go ahead?").user(reply)
}

fn rule() -> Value {
    json!({"call": "refund_order"})
}

#[test]
fn a_question_an_answer_and_then_the_call() {
    let t = refund(asked(Build::new(), "Yes.")).end();
    let g = grade("confirmation", rule(), &t);
    assert!(g.outcome.passed());
    assert_eq!(g.evidence[0].events, [1, 2, 3]);
}

#[test]
fn nothing_less_is_a_confirmation() {
    let fails = |t: Trajectory| grade("confirmation", rule(), &t).score;
    // The first message of the user answers nothing.
    assert_eq!(fails(refund(Build::new()).end()), Some(0.0));
    // A question that was not answered before the call.
    assert_eq!(fails(refund(Build::new().say("Shall I?")).end()), Some(0.0));
    assert_eq!(fails(refund(Build::new().say("Shall I?")).user("Yes.").end()), Some(0.0));
    // An answer to no question; a message of nothing is none.
    assert_eq!(fails(refund(Build::new().user("Do it.")).end()), Some(0.0));
    assert_eq!(fails(refund(Build::new().say(" ").user("Do it.")).end()), Some(0.0));
}

#[test]
fn each_call_needs_its_own_unless_once_is_enough() {
    let t = refund(refund(asked(Build::new(), "Yes."))).end();
    let g = grade("confirmation", rule(), &t);
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [5].as_slice()));
    assert!(passes("confirmation", json!({"call": "refund_order", "once": true}), &t));
    assert!(passes("confirmation", rule(), &refund(asked(refund(asked(Build::new(), "Yes.")), "Yes.")).end()));
}

#[test]
fn an_attempt_that_failed_needs_a_confirmation_and_does_not_use_it_up() {
    let failed = |b: Build| b.outcome("refund_order", json!({}), Some(ToolFailure::Tool));
    assert!(!passes("confirmation", rule(), &failed(Build::new()).end()));
    assert!(passes("confirmation", rule(), &refund(failed(asked(Build::new(), "Yes."))).end()));
    // What never reached the world destroyed nothing.
    let refused = Build::new().outcome("refund_order", json!({}), Some(ToolFailure::InvalidArguments)).end();
    assert!(passes("confirmation", rule(), &refused));
}

#[test]
fn question_and_answer_may_have_to_say_something() {
    let strict = json!({
        "call": "refund_order",
        "asked": {"regex": "shall I|should I"},
        "confirmed": {"any_of": ["yes", "go ahead"]},
    });
    let holds = |b: Build| passes("confirmation", strict.clone(), &refund(b).end());
    assert!(holds(asked(Build::new(), "Yes, please.")));
    assert!(!holds(asked(Build::new(), "What does it cost?")));
    assert!(!holds(asked(Build::new(), "Please do not go ahead.")));
    assert!(!holds(Build::new().say("I found it.").user("Yes.")));
    // What was confirmed can be taken back, and a remark in between takes nothing back.
    assert!(!holds(asked(Build::new(), "Yes.").say("One moment.").user("Wait, don't go ahead!")));
    assert!(holds(asked(Build::new(), "Yes.").say("One moment.").user("How long will it take?")));
}

#[test]
fn several_calls_and_those_annotated_as_destructive() {
    let either = json!({"call": ["get_order", {"call": "refund_order", "args": {"order_id": "W-2"}}]});
    assert!(passes("confirmation", either.clone(), &refund(Build::new()).end()));
    assert!(!passes("confirmation", either, &Build::new().call("get_order", json!({})).end()));
    let mut annotated = case(vec![criterion("confirmation", json!({}))]);
    assert!(Grading::new(std::sync::Arc::new(annotated.clone())).is_err());
    let mut specs = tools();
    specs[2].annotations.destructive = Some(true);
    annotated.tools = specs.into();
    assert_eq!(grade_in(annotated.clone(), &refund(Build::new()).end()).outcome, Outcome::Failed);
    assert!(grade_in(annotated, &Build::new().call("get_order", json!({})).end()).outcome.passed());
}

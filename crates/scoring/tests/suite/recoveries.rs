use crate::build::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};

fn broken(b: Build, tool: &str) -> Build {
    b.outcome(tool, json!({"order_id": "W-1"}), Some(ToolFailure::Tool))
}

fn outcome(parameters: Value, b: Build) -> (bool, String) {
    let g = grade("recovery", parameters, &b.end());
    (g.outcome.passed(), notes(&g))
}

#[test]
fn an_error_is_repaired_disclosed_or_claimed_away() {
    let start = || broken(Build::new(), "get_order");
    assert_eq!(
        outcome(json!({}), start().call("get_order", json!({})).say("It is on its way.")),
        (true, "The error of `get_order` at event 1 was repaired (event 3), and not disclosed.".to_owned())
    );
    assert_eq!(
        outcome(json!({}), start().say("I could not find your order.")),
        (true, "The error of `get_order` at event 1 was disclosed (event 3), and not repaired.".to_owned())
    );
    let claimed =
        "The error of `get_order` at event 1 was neither repaired nor disclosed: the answer at event 3 claims success.";
    assert_eq!(outcome(json!({}), start().say("All done!")), (false, claimed.to_owned()));
    assert_eq!(outcome(json!({}), start().say("All done, without any errors.")), (false, claimed.to_owned()));
    assert!(outcome(json!({}), start()).1.ends_with("the agent never answered."));
}

#[test]
fn another_tool_repairs_nothing_unless_it_is_named() {
    let t = || broken(Build::new(), "get_order").call("find_customer", json!({"name": "Ann"})).say("Done.");
    assert!(!outcome(json!({}), t()).0);
    assert!(outcome(json!({"by": "find_customer"}), t()).0);
    assert!(!outcome(json!({"by": [{"call": "find_customer", "args": {"name": "Bob"}}]}), t()).0);
    // A success before the error repairs nothing, and neither does another error.
    let before = broken(Build::new().call("get_order", json!({})), "get_order").say("Done.");
    assert!(!outcome(json!({}), before).0);
    assert!(!outcome(json!({}), broken(broken(Build::new(), "get_order"), "get_order").say("Done.")).0);
}

#[test]
fn accept_says_what_makes_good() {
    let repaired = || broken(Build::new(), "get_order").call("get_order", json!({})).say("Done.");
    let disclosed = || broken(Build::new(), "get_order").say("That failed.");
    let both = || broken(Build::new(), "get_order").call("get_order", json!({})).say("It failed at first.");
    let passing = |accept: Value| [repaired(), disclosed(), both()].map(|b| outcome(json!({"accept": accept}), b).0);
    assert_eq!(passing(json!(["repaired"])), [true, false, true]);
    assert_eq!(passing(json!(["disclosed"])), [false, true, true]);
    assert_eq!(passing(json!(["repaired", "disclosed"])), [true, true, true]);
}

#[test]
fn only_the_errors_that_are_asked_for_are_looked_at() {
    let invalid =
        || Build::new().outcome("get_order", json!({"order_id": 1}), Some(ToolFailure::InvalidArguments)).say("Done.");
    assert!(!outcome(json!({}), invalid()).0);
    assert!(!outcome(json!({"errors": ["arguments"]}), invalid()).0);
    assert!(outcome(json!({"errors": ["tool"]}), invalid()).0);
    assert!(!outcome(json!({"call": "get_order"}), invalid()).0);
    assert!(outcome(json!({"call": "refund_order"}), invalid()).0);
    let unknown = Build::new().outcome("get_ordr", json!({}), Some(ToolFailure::UnknownTool)).say("Done.");
    assert_eq!(outcome(json!({}), unknown), (true, "No error happened that had to be made good.".to_owned()));
}

#[test]
fn the_words_of_a_disclosure_can_be_given() {
    let german = json!({"disclosed": {"any_of": ["nicht möglich", "leider"]}});
    assert!(outcome(german.clone(), broken(Build::new(), "get_order").say("Das war leider nichts.")).0);
    assert!(!outcome(german, broken(Build::new(), "get_order").say("That failed.")).0);
}

#[test]
fn a_disclosure_comes_after_its_error_and_the_score_is_the_part_made_good() {
    let t = broken(broken(Build::new(), "get_order").say("I could not look it up.").user("And now?"), "refund_order");
    let g = grade("recovery", json!({}), &t.say("All done!").end());
    assert_eq!((g.score, g.evidence[0].events.as_slice()), (Some(0.5), [5, 7].as_slice()));
}

use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn source(body: &str) -> Value {
    let lines: String = body.lines().map(|line| format!("    {line}\n")).collect();
    json!({"source": format!("def grade(episode):\n{lines}")})
}

/// An episode that has something of everything.
fn episode() -> Trajectory {
    Build::new()
        .outcome("get_order", json!({"order_id": "W-9"}), Some(ToolFailure::Tool))
        .write(
            "refund_order",
            json!({"order_id": "W-1", "amount": 42.5}),
            vec![put("/orders/W-1/status", json!("refunded")), add("/audit/-", json!("first"))],
        )
        .say("Half of it is back. More?")
        .user("Yes.")
        .write("refund_order", json!({"order_id": "W-1"}), vec![add("/audit/-", json!("second"))])
        .say("Now all of it is back.")
        .end()
}

fn graded(body: &str) -> Grade {
    let grade = grade("script", source(body), &episode());
    let loaded = case(vec![criterion("script", source(body))]);
    assert!(Grading::new(Arc::new(loaded)).is_ok());
    grade
}

#[test]
fn a_script_returns_true_or_false_a_score_or_a_map() {
    assert_eq!(graded("return True").score, Some(1.0));
    assert_eq!(graded("return False").outcome, Outcome::Failed);
    assert_eq!(graded("return 1").outcome, Outcome::Passed);
    assert_eq!((graded("return 0.25").outcome, graded("return 0.25").score), (Outcome::Failed, Some(0.25)));
    // What rounds to 1 is not 1.
    let nearly = graded("return 0.9999999");
    assert!(nearly.outcome == Outcome::Failed && nearly.score.unwrap() < 1.0);
    let g = graded("return {'score': False, 'notes': ['plain', {'note': 'with events', 'events': [1, 0]}]}");
    assert_eq!((g.score, notes(&g)), (Some(0.0), "plain\nwith events".to_owned()));
    assert_eq!(g.evidence[1].events, [1, 0]);
    let many = graded("return {'score': 1, 'notes': [str(i) for i in range(50)]}");
    assert_eq!((many.evidence.len(), many.evidence[10].note.as_str()), (11, "40 more notes."));
}

#[test]
fn it_reads_the_calls_what_was_said_and_the_case() {
    for line in [
        "[c['tool'] for c in episode.calls()] == ['get_order', 'refund_order', 'refund_order']",
        "[c['seq'] for c in episode.calls()] == [1, 3, 8]",
        "[c['error'] for c in episode.calls()] == ['tool', None, None]",
        "[c['executed'] for c in episode.calls()] == [True, True, True]",
        "[c['succeeded'] for c in episode.calls()] == [False, True, True]",
        "episode.calls()[1]['args']['amount'] == 42.5 and episode.calls()[1]['result'] == {}",
        "[s['text'] for s in episode.said()] == ['Half of it is back. More?', 'Now all of it is back.']",
        "[(u['seq'], u['text']) for u in episode.users()] == [(0, 'Refund it.'), (7, 'Yes.')]",
        "episode.answer() == 'Now all of it is back.'",
        "[e['body']['type'] for e in episode.events()][:3] == ['user', 'call', 'result']",
        "[t['name'] for t in episode.tools()] == ['find_customer', 'get_order', 'refund_order']",
        "[c['tool'] for c in episode.references()[0]['calls']] == ['find_customer', 'get_order', 'refund_order']",
        "episode.reference_state(0, 'orders', 'W-1', 'status') == 'refunded'",
    ] {
        // The idle episode has fewer calls, so what fails on it is looked at only where it can be.
        let body = format!("if len(episode.calls()) == 0:\n    return False\nreturn {line}");
        assert_eq!(graded(&body).outcome, Outcome::Passed, "{line}");
    }
}

#[test]
fn it_reads_every_state_the_episode_passed_through() {
    for line in [
        "episode.initial('orders', 'W-1', 'status') == 'delivered'",
        "episode.state('orders', 'W-1', 'status') == 'refunded'",
        "episode.state('orders', 'W-1', 'nothing') == None",
        "episode.state('orders', 'W-1', 'nothing', default = 3) == 3",
        "[c['call'] for c in episode.changes()] == [3, 8]",
        "episode.changes()[1]['patch'][0]['value'] == 'second'",
        // The call at event 3 changed the state at event 4, before its result at 5.
        "[len(episode.state_after(seq, 'audit')) for seq in [0, 1, 2, 3, 4, 7, 8, 9, 10]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]",
        "[len(episode.state_after(seq, 'audit')) for seq in [8, 0, 4]] == [2, 0, 1]",
        "episode.state_after(10, 'audit', -1) == 'second'",
    ] {
        let body = format!("if len(episode.calls()) == 0:\n    return False\nreturn {line}");
        assert_eq!(graded(&body).outcome, Outcome::Passed, "{line}");
    }
}

#[test]
fn a_script_that_fails_leaves_the_criterion_ungraded_with_line_and_message() {
    let why = |body: &str| match grade("script", source(body), &episode()).outcome {
        Outcome::Ungraded { cause: Cause::Scenario, why } => why,
        other => panic!("{body}: {other:?}"),
    };
    let when_it_acts = |body: &str| why(&format!("if len(episode.calls()) == 0:\n    return False\n{body}"));
    let all: Vec<String> = [
        "return episode.calls()[7]",
        "fail('never mind')",
        "return 3",
        "return -0.5",
        "return 'yes'",
        "return None",
        "return {'notes': []}",
        "return {'score': 1, 'note': 'x'}",
        "return {'score': 1, 'notes': 'x'}",
        "return {'score': 1, 'notes': [1]}",
        "return {'score': 1, 'notes': [{'note': 'x', 'events': [99]}]}",
        "return episode.state_after(99)",
        "return episode.reference_state(1)",
        "x = 0\nfor i in range(500000):\n    for j in range(500000):\n        x = j\nreturn True",
    ]
    .into_iter()
    .map(when_it_acts)
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn mistakes_in_a_script_are_found_before_anything_is_graded() {
    let found = |source: &str| {
        let case = case(vec![criterion("script", json!({"source": source}))]);
        let mistakes = Grading::new(Arc::new(case)).err().unwrap_or_default();
        mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let all: Vec<String> = [
        "def grade(episode)\n    return True\n",
        "def grade(episode):\n    return unknown(1)\n",
        "def judge(episode):\n    return True\n",
        "def grade():\n    return True\n",
        "seen = episode.calls()\ndef grade(episode):\n    return True\n",
        "def grade(episode):\n    return episode.call_list()\n",
        "def grade(episode):\n    return 'refunded' in episode.answer()[2]\n",
        "def grade(episode):\n    return world.get('orders')\n",
    ]
    .into_iter()
    .map(found)
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_a_script_demands_is_found_out_by_asking_it() {
    let demands = |body: &str| {
        let mut case = case(vec![criterion("script", source(body))]);
        case.inaction = false;
        Grading::new(Arc::new(case)).is_ok()
    };
    assert!(demands("return len(episode.calls()) > 0"));
    assert!(!demands("return len(episode.calls()) < 9"));
    assert!(!demands("return True"));
}

#[test]
fn a_state_that_cannot_be_derived_is_not_the_scripts_fault() {
    let mut b = Build::new();
    b.trajectory.push(0, Body::State { call: 0, patch: vec![add("/x", json!(1))], hash: Digest::of(&json!(0)) });
    let t = b.end();
    let outcome = |body: &str| grade("script", source(body), &t).outcome;
    assert!(matches!(outcome("return episode.state('x') == 1"), Outcome::Ungraded { cause: Cause::Harness, .. }));
    assert_eq!(outcome("return len(episode.users()) == 1"), Outcome::Passed);
}

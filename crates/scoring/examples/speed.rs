//! How long grading one episode takes: about twenty events against four criteria, and against one of each
//! grader that looks at the course of an episode.
//!
//! `cargo run --release -p mocktrial-scoring --example speed`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use mocktrial_scoring::{Grading, Subject, passed};
use mocktrial_trajectory::{
    Arguments, Body, Case, Comparison, Criterion, Digest, EndReason, Op, Part, ReferenceRun, Stop, ToolSpec,
    Trajectory, apply_patch,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

fn walk(initial: &Value, status: &str) -> (Trajectory, Value) {
    let (mut t, mut state) = (Trajectory::default(), initial.clone());
    t.push(0, Body::user("My order W-1 came broken. I want my money back."));
    for (tool, args) in [
        ("find_customer", json!({"name": "Ann Lee", "zip": "94016"})),
        ("get_order", json!({"order_id": "W-1"})),
        ("get_order", json!({"order_id": "W-2"})),
        ("get_policy", json!({"topic": "refunds"})),
        ("refund_order", json!({"order_id": "W-1", "reason": "damaged"})),
    ] {
        let request = t.push(0, Body::Request { parameters: None, added: vec![] });
        t.push(0, response(1, ""));
        let call = t.push(
            0,
            Body::Call { id: format!("c{request}"), tool: tool.into(), arguments: Arguments::from_value(args) },
        );
        t.push(
            0,
            Body::Result {
                call,
                content: json!({"status": "delivered", "total": 42.0}),
                failure: None,
                responder: None,
            },
        );
        if tool == "refund_order" {
            let patch = vec![Op::Replace { path: "/orders/W-1/status".parse().unwrap(), value: json!(status) }];
            apply_patch(&mut state, &patch).unwrap();
            t.push(0, Body::State { call, patch, hash: Digest::of(&state) });
        }
    }
    t.push(0, response(0, "No problem, Ann. Your refund of $42.00 is on its way and should arrive within five days."));
    t.push(0, Body::End { reason: EndReason::Completed, detail: None });
    (t, state)
}

fn response(calls: u32, text: &str) -> Body {
    let content = if text.is_empty() { vec![] } else { vec![Part::text(text)] };
    Body::Response {
        content,
        reasoning: None,
        calls,
        stop: Stop::End,
        usage: None,
        served: None,
        logprobs: Vec::new(),
        raw: vec![],
    }
}

fn main() {
    let orders: serde_json::Map<_, _> = (1..=20)
        .map(|i| (format!("W-{i}"), json!({"status": "delivered", "total": 42.0, "items": ["a", "b"]})))
        .collect();
    let initial = json!({"orders": orders, "log": []});
    let (reference, final_state) = walk(&initial, "refunded");
    let tools = ["find_customer", "get_order", "get_policy", "refund_order"].map(|name| ToolSpec {
        name: name.into(),
        description: None,
        input_schema: json!({"type": "object"}),
        output_schema: None,
        strict: None,
        freeform: None,
        annotations: Default::default(),
    });
    let case = |criteria: &[(&str, Value)]| Case {
        scenario: "speed".into(),
        criteria: criteria.iter().map(|(g, p)| Criterion::task(*g, p.clone(), "expect[0]")).collect(),
        tools: Arc::from(tools.clone()),
        initial_hash: Digest::of(&initial),
        initial: Arc::new(initial.clone()),
        comparison: Comparison::default(),
        references: vec![ReferenceRun::new(&reference, Digest::of(&final_state))],
        inaction: true,
    };
    let (wrong, _) = walk(&initial, "cancelled");
    let time = |name: &str, criteria: &[(&str, Value)]| {
        let start = Instant::now();
        let grading = Grading::new(Arc::new(case(criteria))).expect("sound criteria");
        println!("{name}: compiled in {:?}", start.elapsed());
        for (which, trajectory) in [("passing", &reference), ("failing", &wrong)] {
            let subject = Subject { trajectory, measurements: None };
            let rounds = if cfg!(debug_assertions) { 2_000_u32 } else { 20_000 };
            let start = Instant::now();
            let good = (0..rounds).filter(|_| passed(&grading.grade(&subject, &[])) == Some(true)).count();
            let each = start.elapsed() / rounds;
            println!("  {which} episode of {} events: {each:?} each ({good} passed)", trajectory.events().len());
        }
    };
    time(
        "four criteria",
        &[
            ("state", json!("as_reference")),
            ("never", json!({"call": "refund_order", "before": "get_order"})),
            ("answer", json!({"contains": "42.00"})),
            ("calls", json!("as_reference")),
        ],
    );
    let refunded = json!({"path": "$.orders['W-1'].status", "equals": "refunded"});
    for (grader, parameters) in [
        ("between", json!({"from": "find_customer", "to": "refund_order", "call": "get_policy"})),
        ("eventually", json!({"call": "refund_order", "after": "get_policy"})),
        ("confirmation", json!({"call": "refund_order"})),
        (
            "milestones",
            json!({
                "reach": [
                    {"name": "found", "call": "find_customer", "args": {"name": "Ann Lee"}},
                    {"name": "looked", "call": "get_order"},
                    {"name": "refunded", "state": refunded, "after": ["found", "looked"]},
                    {"says": {"contains": "42.00"}, "after": "refunded"},
                ],
                "avoid": [{"call": "get_policy", "args": {"topic": "complaints"}}],
            }),
        ),
        ("recovery", json!({})),
        ("side_effects", json!("none")),
        ("efficiency", json!({"calls": 1.5})),
        (
            "script",
            json!({"source": "def grade(episode):\n    return episode.state('orders', 'W-1', 'status') == 'refunded' and len(episode.calls()) < 9\n"}),
        ),
    ] {
        time(grader, &[(grader, parameters)]);
    }
}

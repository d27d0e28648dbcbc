//! How long grading one episode takes: about twenty events against four criteria.
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
    let criteria = [
        ("state", json!("as_reference")),
        ("never", json!({"call": "refund_order", "before": "get_order"})),
        ("answer", json!({"contains": "42.00"})),
        ("calls", json!("as_reference")),
    ];
    let case = Case {
        scenario: "speed".into(),
        criteria: criteria.into_iter().map(|(g, parameters)| Criterion::task(g, parameters, "expect[0]")).collect(),
        tools: Arc::new(tools),
        initial_hash: Digest::of(&initial),
        initial: Arc::new(initial.clone()),
        comparison: Comparison::default(),
        references: vec![ReferenceRun::new(&reference, Digest::of(&final_state))],
        inaction: false,
    };
    let start = Instant::now();
    let grading = Grading::new(Arc::new(case)).expect("sound criteria");
    println!("compiling the criteria: {:?}", start.elapsed());
    let (wrong, _) = walk(&initial, "cancelled");
    for (name, trajectory) in [("passing", &reference), ("failing", &wrong)] {
        let subject = Subject { trajectory, measurements: None };
        let rounds = if cfg!(debug_assertions) { 2_000_u32 } else { 20_000 };
        let start = Instant::now();
        let good = (0..rounds).filter(|_| passed(&grading.grade(&subject, &[])) == Some(true)).count();
        let each = start.elapsed() / rounds;
        println!("{name} episode of {} events: {each:?} each ({good} of {rounds} passed)", trajectory.events().len());
    }
}

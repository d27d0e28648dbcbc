//! Building cases and trajectories.

use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// A world of three tools.
pub(crate) fn tools() -> Vec<ToolSpec> {
    let tool = |name: &str, properties: Value| ToolSpec {
        name: name.into(),
        description: None,
        input_schema: json!({"type": "object", "properties": properties}),
        output_schema: None,
        strict: None,
        freeform: None,
        annotations: ToolAnnotations::default(),
    };
    vec![
        tool("find_customer", json!({"name": {"type": "string"}, "zip": {"type": "string"}})),
        tool("get_order", json!({"order_id": {"type": "string"}, "verbose": {"type": "boolean", "default": false}})),
        tool(
            "refund_order",
            json!({"order_id": {"type": "string"}, "amount": {"type": "number"}, "reason": {"type": "string"}, "items": {"type": "array", "default": ["p", "q"]}}),
        ),
    ]
}

pub(crate) fn initial() -> Value {
    json!({"orders": {"W-1": {"status": "delivered", "total": 42.0, "tags": ["a", "b"]}}, "audit": []})
}

/// A trajectory under construction, with its state.
pub(crate) struct Build {
    pub(crate) trajectory: Trajectory,
    pub(crate) state: Value,
}

impl Build {
    pub(crate) fn new() -> Self {
        let mut trajectory = Trajectory::default();
        trajectory.push(0, Body::user("Refund it."));
        Self { trajectory, state: initial() }
    }

    pub(crate) fn outcome(mut self, tool: &str, args: Value, failure: Option<ToolFailure>) -> Self {
        let call = self
            .trajectory
            .push(0, Body::Call { id: "c".into(), tool: tool.into(), arguments: Arguments::from_value(args) });
        self.trajectory.push(0, Body::Result { call, content: json!({}), failure, responder: None });
        self
    }

    pub(crate) fn call(self, tool: &str, args: Value) -> Self {
        self.outcome(tool, args, None)
    }

    pub(crate) fn change(mut self, patch: Vec<Op>) -> Self {
        apply_patch(&mut self.state, &patch).unwrap();
        let hash = Digest::of(&self.state);
        self.trajectory.push(0, Body::State { call: 1, patch, hash });
        self
    }

    pub(crate) fn set(self, path: &str, value: Value) -> Self {
        self.change(vec![Op::Replace { path: path.parse().unwrap(), value }])
    }

    pub(crate) fn say(mut self, text: &str) -> Self {
        let content = vec![Part::text(text)];
        self.trajectory.push(
            0,
            Body::Response {
                content,
                reasoning: None,
                calls: 0,
                stop: Stop::End,
                usage: None,
                served: None,
                logprobs: Vec::new(),
                raw: vec![],
            },
        );
        self
    }

    pub(crate) fn user(mut self, text: &str) -> Self {
        self.trajectory.push(0, Body::user(text));
        self
    }

    /// A call that changes the state, recorded in the order in which sessions record it.
    pub(crate) fn write(mut self, tool: &str, args: Value, patch: Vec<Op>) -> Self {
        let call = self
            .trajectory
            .push(0, Body::Call { id: "c".into(), tool: tool.into(), arguments: Arguments::from_value(args) });
        apply_patch(&mut self.state, &patch).unwrap();
        let hash = Digest::of(&self.state);
        self.trajectory.push(0, Body::State { call, patch, hash });
        self.trajectory.push(0, Body::Result { call, content: json!({}), failure: None, responder: None });
        self
    }

    pub(crate) fn end_as(mut self, reason: EndReason) -> Trajectory {
        self.trajectory.push(0, Body::End { reason, detail: None });
        self.trajectory
    }

    pub(crate) fn end(self) -> Trajectory {
        self.end_as(EndReason::Completed)
    }

    pub(crate) fn reference(self) -> ReferenceRun {
        let final_hash = Digest::of(&self.state);
        ReferenceRun::new(&self.end(), final_hash)
    }
}

/// The accepted way.
pub(crate) fn way() -> Build {
    Build::new()
        .call("find_customer", json!({"name": "Ann", "zip": "94016"}))
        .call("get_order", json!({"order_id": "W-1"}))
        .call("refund_order", json!({"order_id": "W-1", "amount": 42}))
        .set("/orders/W-1/status", json!("refunded"))
        .say("Your refund of $42.00 is on its way.")
}

pub(crate) fn put(path: &str, value: Value) -> Op {
    Op::Replace { path: path.parse().unwrap(), value }
}

pub(crate) fn add(path: &str, value: Value) -> Op {
    Op::Add { path: path.parse().unwrap(), value }
}

/// All notes of a grade, one a line.
pub(crate) fn notes(grade: &Grade) -> String {
    grade.evidence.iter().map(|e| e.note.as_str()).collect::<Vec<_>>().join("\n")
}

pub(crate) fn criterion(grader: &str, parameters: Value) -> Criterion {
    Criterion::task(grader, parameters, "expect[0]")
}

pub(crate) fn case(criteria: Vec<Criterion>) -> Case {
    Case {
        scenario: "shop/refund".into(),
        criteria: criteria.into(),
        tools: tools().into(),
        initial: Arc::new(initial()),
        initial_hash: Digest::of(&initial()),
        comparison: Comparison::default(),
        references: vec![way().reference()],
        inaction: true,
    }
}

pub(crate) fn grade_in(case: Case, trajectory: &Trajectory) -> Grade {
    let grading = Grading::new(Arc::new(case)).unwrap_or_else(|m| panic!("{m:?}"));
    grading.grade(&Subject { trajectory, measurements: None }, &[]).remove(0)
}

pub(crate) fn grade(grader: &str, parameters: Value, trajectory: &Trajectory) -> Grade {
    let grade = grade_in(case(vec![criterion(grader, parameters)]), trajectory);
    assert!(!grade.evidence.is_empty(), "no evidence in {grade:?}");
    assert!(grade.evidence.iter().flat_map(|e| &e.events).all(|s| trajectory.event(*s).is_some()));
    grade
}

pub(crate) fn passes(grader: &str, parameters: Value, trajectory: &Trajectory) -> bool {
    grade(grader, parameters, trajectory).outcome.passed()
}

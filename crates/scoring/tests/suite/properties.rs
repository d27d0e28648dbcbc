use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        (-3.0..3.0_f64).prop_map(Value::from),
        "[a-c -42.,$]{0,6}".prop_map(Value::from),
        prop::collection::vec((-2_i64..2).prop_map(Value::from), 0..3).prop_map(Value::from),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,40}", "[not refund42.,$%'’\\-—;!? \n]{0,40}".prop_map(|s| s)]
}

fn path() -> impl Strategy<Value = Pointer> {
    prop::sample::select(vec![
        "",
        "/orders",
        "/orders/W-1/status",
        "/orders/W-1/tags/-",
        "/orders/W-1/tags/0",
        "/audit/0",
        "/x/y",
    ])
    .prop_map(|p| p.parse().unwrap())
}

fn body() -> impl Strategy<Value = Body> {
    let tool = prop::sample::select(vec!["find_customer", "get_order", "refund_order", "nothing"]);
    let failure = prop::sample::select(vec![
        None,
        Some(ToolFailure::Tool),
        Some(ToolFailure::UnknownTool),
        Some(ToolFailure::InvalidArguments),
        Some(ToolFailure::Skipped),
    ]);
    prop_oneof![
        (tool, value(), text()).prop_map(|(tool, v, t)| {
            let arguments =
                if t.len() % 2 == 0 { Arguments::from_value(json!({"order_id": v})) } else { Arguments::parse(t) };
            Body::Call { id: "c".into(), tool: tool.into(), arguments }
        }),
        (0_u32..20, value(), failure).prop_map(|(call, content, failure)| Body::Result {
            call,
            content,
            failure,
            responder: None
        }),
        (path(), value()).prop_map(|(path, value)| Body::State {
            call: 0,
            hash: Digest::of(&value),
            patch: vec![Op::Add { path, value }]
        }),
        text().prop_map(|text| Body::Say { text }),
        text().prop_map(Body::user),
        Just(Body::Unknown),
    ]
}

fn every_criterion() -> Vec<Criterion> {
    [
        ("answer", json!({"contains": ["42", "not", "a b"], "any_of": ["$4", "b"], "excludes": "zz", "number": 2, "equals": "a", "regex": "a+", "in": "any"})),
        ("answer", json!({"schema": {"type": "object"}})),
        ("state", json!("as_reference")),
        ("state", json!("unchanged")),
        ("state", json!({"only_changed": ["/orders/*/status"]})),
        ("state", json!({"path": "$..status", "equals": "refunded"})),
        ("calls", json!({"match": "strict"})),
        ("calls", json!({"match": "in_order"})),
        ("calls", json!({"match": "any_order"})),
        ("calls", json!({"match": "superset"})),
        ("calls", json!({"match": "subset", "include_failed": true})),
        ("never", json!({"call": "refund_order", "before": "get_order", "after": "find_customer"})),
        ("before", json!({"call": "get_order", "then": "refund_order"})),
        ("after", json!({"call": "refund_order", "first": "get_order"})),
        ("at_most", json!({"call": "get_order", "times": 1})),
        ("between", json!({"from": "find_customer", "to": "refund_order", "call": "get_order"})),
        ("between", json!({"from": "get_order", "to": "get_order", "never": "refund_order", "include_failed": true})),
        ("eventually", json!({"call": "refund_order", "after": "get_order"})),
        ("eventually", json!({"call": {"call": "get_order", "args": {"order_id": "a"}}})),
        ("confirmation", json!({"call": ["get_order", "refund_order"]})),
        ("confirmation", json!({"call": "refund_order", "asked": {"regex": "a"}, "confirmed": {"any_of": ["o", "2"]}, "once": true})),
        (
            "milestones",
            json!({
                "reach": [
                    {"name": "a", "call": "get_order", "args": {"order_id": "a b"}},
                    {"name": "b", "says": {"contains": "not"}, "after": "a"},
                    {"name": "c", "state": {"path": "$.audit", "count": 1, "schema": {"minItems": 1}}, "after": "a"},
                    {"name": "d", "call": "refund_order", "after": ["b", "c"]},
                ],
                "avoid": [{"call": "find_customer", "args": {"name": "x"}}, {"says": {"regex": "zz"}}],
            }),
        ),
        ("recovery", json!({})),
        ("recovery", json!({"accept": ["repaired"], "call": "get_order", "by": ["find_customer", "refund_order"]})),
        ("side_effects", json!("none")),
        ("efficiency", json!({"calls": 1, "turns": 1.5})),
        (
            "script",
            json!({"source": concat!(
                "def grade(episode):\n",
                "    calls = episode.calls()\n",
                "    notes = [{'note': c['tool'], 'events': [c['seq']]} for c in calls]\n",
                "    good = [c for c in calls if c['succeeded'] and c['args'] != None and 'order_id' in c['args']]\n",
                "    return {'score': len(good) / len(calls) if calls else 0, 'notes': notes + [str(len(episode.events()))]}\n",
            )}),
        ),
        ("within", json!({"turns": 2, "calls": 3, "errors": 1, "tokens": 5, "cost": 1.0, "virtual_seconds": 1.0})),
        ("format", json!("clean")),
        ("metric", json!({"name": "deepeval_any_args", "include_failed": true})),
        ("metric", json!({"name": "ragas_accuracy_flexible", "at_least": 0.5})),
        ("agentevals", json!({"match": "unordered", "args": "superset", "include_failed": true})),
        ("agentevals", json!({"match": "strict"})),
        ("tau", json!({"basis": ["state", "communicate", "actions"], "outputs": ["42"], "strict": true})),
        ("all", json!([{"calls": {"match": "in_order"}}, {"never": {"call": "refund_order"}}])),
        ("any", json!([{"side_effects": "none"}, {"mean": {"of": [{"format": "clean"}, {"tau": {"basis": ["actions"]}}]}}])),
        ("product", json!([{"metric": {"name": "azure_f1_score_params"}}, {"answer": {"contains": "42"}}])),
        ("mean", json!({"of": [{"agentevals": {"match": "subset"}}, {"state": "as_reference"}], "at_least": 0.5})),
    ]
    .into_iter()
    .map(|(g, p)| criterion(g, p))
    .collect()
}

#[test]
fn every_grader_is_among_the_criteria_here_but_those_that_ask() {
    let criteria = every_criterion();
    let left_out = graders().iter().map(|kind| kind.name()).filter(|name| criteria.iter().all(|c| c.grader != **name));
    assert_eq!(left_out.collect::<Vec<_>>(), ["judge", "verify"]);
}

/// Outcomes of the five match modes, in order: strict, in_order, any_order, superset, subset.
fn modes(trajectory: &Trajectory) -> [bool; 5] {
    ["strict", "in_order", "any_order", "superset", "subset"].map(|m| passes("calls", json!({"match": m}), trajectory))
}

fn steps() -> Vec<(&'static str, Value)> {
    vec![
        ("find_customer", json!({"name": "Ann", "zip": "94016"})),
        ("get_order", json!({"order_id": "W-1"})),
        ("refund_order", json!({"order_id": "W-1", "amount": 42})),
        ("get_order", json!({"order_id": "W-2"})),
    ]
}

/// What a call may do to the state, and how it may fail.
type Change = (Vec<Op>, Option<ToolFailure>);

/// What an agent may do, with changes of the state.
fn step() -> impl Strategy<Value = (Body, Option<Change>)> {
    let patch = prop::sample::select(vec![
        vec![put("/orders/W-1/status", json!("refunded"))],
        vec![put("/orders/W-1/total", json!(0))],
        vec![add("/audit/-", json!("x"))],
        vec![add("/orders/W-2", json!({"status": "new"}))],
        vec![put("/orders", json!({"W-1": {"status": "lost", "total": 42, "tags": []}}))],
        vec![],
    ]);
    let failure = prop::sample::select(vec![None, None, Some(ToolFailure::Tool)]);
    (body(), prop::option::of((patch, failure)))
}

proptest! {
    #[test]
    fn episodes_whose_states_are_recorded_get_a_grade_from_every_grader(steps in prop::collection::vec(step(), 0..20)) {
        let mut b = Build::new();
        for (body, change) in steps {
            match (body, change) {
                (Body::State { .. }, _) => {}
                (Body::Call { id, tool, arguments }, change) => {
                    let (patch, failure) = change.unwrap_or_default();
                    let call = b.trajectory.push(0, Body::Call { id, tool, arguments });
                    let mut next = b.state.clone();
                    if !patch.is_empty() && apply_patch(&mut next, &patch).is_ok() {
                        b.state = next;
                        b.trajectory.push(0, Body::State { call, patch, hash: Digest::of(&b.state) });
                    }
                    b.trajectory.push(0, Body::Result { call, content: json!({}), failure, responder: None });
                }
                (body, _) => drop(b.trajectory.push(0, body)),
            }
        }
        let trajectory = b.end();
        let unknown = |c: &Criterion| c.grader == "within";
        let criteria: Vec<Criterion> = every_criterion().into_iter().filter(|c| !unknown(c)).collect();
        let grading = Grading::new(Arc::new(case(criteria))).unwrap();
        for grade in grading.grade(&Subject { trajectory: &trajectory, measurements: None }, &[]) {
            prop_assert!(grade.score.is_some_and(|s| (0.0..=1.0).contains(&s)), "{:?}", grade);
            prop_assert!(!grade.evidence.is_empty() && grade.evidence.len() <= 21, "{:?}", grade);
            prop_assert!(grade.evidence.iter().flat_map(|e| &e.events).all(|s| trajectory.event(*s).is_some()));
        }
    }

    #[test]
    fn grading_never_panics_and_is_repeatable(bodies in prop::collection::vec(body(), 0..25)) {
        let mut trajectory = Trajectory::default();
        for body in bodies {
            trajectory.push(0, body);
        }
        trajectory.push(0, Body::End { reason: EndReason::Completed, detail: None });
        let mut case = case(every_criterion());
        case.comparison = Comparison { volatile: vec!["/audit".into(), "/orders/*/total".into()], sets: vec!["/orders/*/tags".into()] };
        let grading = Grading::new(Arc::new(case)).unwrap();
        let subject = Subject { trajectory: &trajectory, measurements: None };
        let grades = grading.grade(&subject, &[]);
        prop_assert_eq!(&grades, &grading.grade(&subject, &[]));
        for grade in &grades {
            prop_assert!(!grade.evidence.is_empty() && grade.evidence.len() <= 21, "{:?}", grade);
            prop_assert!(grade.evidence.iter().all(|e| !e.note.is_empty()));
            prop_assert!(grade.evidence.iter().flat_map(|e| &e.events).all(|s| trajectory.event(*s).is_some()));
            match grade.outcome {
                Outcome::Passed => prop_assert_eq!(grade.score, Some(1.0)),
                Outcome::Failed => prop_assert!(grade.score.is_some_and(|s| (0.0..1.0).contains(&s))),
                Outcome::Ungraded { .. } => prop_assert_eq!(grade.score, None),
            }
        }
    }

    #[test]
    fn stricter_modes_imply_looser_ones(picks in prop::collection::vec(0_usize..4, 0..7)) {
        let all = steps();
        let made = picks.iter().fold(Build::new(), |b, i| b.call(all[*i].0, all[*i].1.clone())).end();
        let [strict, in_order, any_order, superset, subset] = modes(&made);
        prop_assert!(!strict || (in_order && any_order));
        prop_assert!(!in_order || superset);
        prop_assert_eq!(any_order, superset && subset);
        prop_assert_eq!(strict, in_order && any_order && subset);
    }

    #[test]
    fn the_order_of_calls_never_matters_where_it_is_free(picks in prop::collection::vec(0_usize..4, 0..7), seed in any::<prop::sample::Index>()) {
        let all = steps();
        let mut turned = picks.clone();
        if !turned.is_empty() {
            let by = seed.index(turned.len());
            turned.rotate_left(by);
            turned.reverse();
        }
        let outcome = |order: &[usize]| {
            let t = order.iter().fold(Build::new(), |b, i| b.call(all[*i].0, all[*i].1.clone())).end();
            ["any_order", "superset", "subset"].map(|m| grade("calls", json!({"match": m}), &t).score)
        };
        prop_assert_eq!(outcome(&picks), outcome(&turned));
    }
}

use crate::build::*;
use mocktrial_scoring::*;
use serde_json::{Value, json};

fn mistakes(grader: &str, parameters: Value) -> Vec<String> {
    lint(&[criterion(grader, parameters)], &tools(), 1, true)
        .iter()
        .map(|m| format!("{} {}{}", m.at, m.message, m.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default()))
        .collect()
}

#[test]
fn mistakes_are_found_where_they_stand() {
    let all: Vec<String> = [
        ("anwser", json!({"contains": "x"})),
        ("answer", json!({"contians": "x"})),
        ("answer", json!({"contains": 42})),
        ("answer", json!({"regex": "(a"})),
        ("answer", json!({"case": "exactly", "contains": "x"})),
        ("state", json!("as_refrence")),
        ("state", json!({"path": "orders", "exists": true})),
        ("state", json!([{"path": "$.a", "equals": 1}, {"path": "$.b", "equal": 1}])),
        ("calls", json!({"match": "strictly"})),
        ("calls", json!({"of": [{"call": "get_ordr"}]})),
        ("calls", json!({"of": [{"call": "get_order", "args": {"orderid": 1}}]})),
        ("calls", json!({"overrides": {"get_order.ordr_id": "ignore"}})),
        ("never", json!({"call": "refund_orders"})),
        ("never", json!({"before": "get_order"})),
        ("before", json!({"call": "get_order", "then": {"call": "refund_order", "args": {"ammount": 1}}})),
        ("at_most", json!({"call": "get_order", "times": -1})),
        ("within", json!({"turn": 3})),
        ("format", json!("cleen")),
    ]
    .into_iter()
    .flat_map(|(g, p)| mistakes(g, p))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn mistakes_in_rules_on_the_course_of_an_episode_are_found_where_they_stand() {
    let names =
        |n: usize| -> Vec<Value> { (0..n).map(|i| json!({"call": "get_order", "name": i.to_string()})).collect() };
    let all: Vec<String> = [
        ("milestones", json!([{"call": "get_order"}])),
        ("milestones", json!({"reached": []})),
        ("milestones", json!({"reach": [{"call": "get_ordr"}, {"name": "x"}, {"call": "get_order", "says": {"contains": "x"}}]})),
        ("milestones", json!({"reach": [{"call": "get_order", "args": {"order_id": 1}}, {"call": "get_order", "args": {"id": 1}}]})),
        ("milestones", json!({"reach": [{"says": {"contains": ""}}, {"state": [{"path": "$.a"}]}, {"args": {}, "says": {"regex": "x"}}]})),
        ("milestones", json!({"reach": [{"name": "a", "call": "get_order"}, {"name": "a", "call": "get_order"}]})),
        ("milestones", json!({"reach": [{"name": "looked", "call": "get_order", "after": "looked"}, {"call": "get_order", "after": ["lookd", "found"]}]})),
        ("milestones", json!({"reach": [
            {"name": "a", "call": "get_order", "after": "b"},
            {"name": "b", "call": "get_order", "after": ["c"]},
            {"name": "c", "call": "get_order", "after": "a"},
        ]})),
        ("milestones", json!({"reach": names(33)})),
        ("milestones", json!({"avoid": [{"calls": "get_order"}, {"says": {}}]})),
        ("between", json!({"from": "get_order", "call": "refund_order"})),
        ("between", json!({"from": "get_order", "to": "refund_order"})),
        ("between", json!({"from": "get_order", "to": "refund_order", "call": "find_customer", "never": "find_customer"})),
        ("between", json!({"from": "get_order", "to": "refund_order", "call": "find_customer", "include_failed": true})),
        ("eventually", json!({"call": "get_ordr", "after": "get_order"})),
        ("confirmation", json!({"call": ["get_order", {"call": "refund_order", "args": {"ammount": 1}}, {"tool": "x"}]})),
        ("confirmation", json!({"call": "refund_ordr", "asked": {"contain": "sure"}, "confirmed": {"regex": "("}})),
        ("confirmation", json!({})),
        ("recovery", json!({"accept": ["repair"]})),
        ("recovery", json!({"by": "get_ordr", "disclosed": {"contains": ["failed", " "]}})),
        ("recovery", json!({"accept": ["repaired"], "disclosed": {"contains": "failed"}})),
        ("side_effects", json!("nothing")),
        ("side_effects", json!({"of": ["duplicate"]})),
        ("side_effects", json!({"allow": ["orders"]})),
        ("efficiency", json!({"calls": 0.5, "turns": "two"})),
        ("efficiency", json!({"calls": 0.5})),
    ]
    .into_iter()
    .flat_map(|(g, p)| mistakes(g, p))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_cannot_fail_is_a_mistake() {
    for (grader, parameters) in [
        ("answer", json!({})),
        ("answer", json!({"contains": ""})),
        ("answer", json!({"contains": []})),
        ("answer", json!({"contains": [" ", "x"]})),
        ("answer", json!({"any_of": []})),
        ("answer", json!({"regex": ".*"})),
        ("answer", json!({"schema": {}})),
        ("answer", json!({"schema": true})),
        ("answer", json!({"schema": {"title": "anything"}})),
        ("answer", json!({"equals": "  "})),
        ("answer", json!({"tolerance": 1})),
        ("answer", json!({"number": 1, "tolerance": -1})),
        ("state", json!([])),
        ("state", json!({"path": "$.x"})),
        ("state", json!({"path": "$", "exists": true})),
        ("state", json!({"only_changed": []})),
        ("state", json!({"only_changed": [""]})),
        ("calls", json!({"of": []})),
        ("calls", json!({"of": [], "match": "superset"})),
        ("never", json!({"call": "get_order", "before": "get_order"})),
        ("before", json!({"call": "get_order", "then": "get_order"})),
        ("at_most", json!({"call": "get_order", "times": 5000})),
        ("within", json!({})),
        ("within", json!({"tokens": 100_000_000_000_u64})),
        ("format", json!({})),
        ("milestones", json!({})),
        ("milestones", json!({"reach": [], "avoid": []})),
        ("milestones", json!({"reach": [{"says": {"regex": "a*"}}]})),
        ("milestones", json!({"reach": [{"state": []}]})),
        ("between", json!({"from": "get_order", "to": "refund_order"})),
        ("between", json!({"from": "get_order", "to": "refund_order", "never": "refund_order"})),
        ("eventually", json!({"call": "get_order", "after": "get_order"})),
        ("confirmation", json!({})),
        ("confirmation", json!({"call": []})),
        ("confirmation", json!({"call": "get_order", "asked": {}})),
        ("confirmation", json!({"call": "get_order", "confirmed": {"contains": ""}})),
        ("recovery", json!({"accept": []})),
        ("recovery", json!({"errors": []})),
        ("recovery", json!({"disclosed": {"regex": ""}})),
        ("side_effects", json!({"of": []})),
        ("side_effects", json!({"allow": [""]})),
        ("side_effects", json!({"allow": ["/*"]})),
        ("side_effects", json!({"of": ["duplicates"], "allow": ["/orders"]})),
        ("efficiency", json!({})),
        ("efficiency", json!({"turns": 100})),
    ] {
        assert!(!mistakes(grader, parameters.clone()).is_empty(), "{grader} {parameters}");
    }
}

#[test]
fn a_value_that_no_call_can_have_is_a_mistake() {
    let said = |grader: &str, parameters: Value| mistakes(grader, parameters).join("\n");
    let number_for_text = json!({"order_id": 1001});
    for (grader, parameters, at) in [
        ("never", json!({"call": "get_order", "args": number_for_text}), "/never/args/order_id"),
        ("at_most", json!({"call": "get_order", "times": 1, "args": number_for_text}), "/at_most/args/order_id"),
        (
            "before",
            json!({"call": {"call": "get_order", "args": number_for_text}, "then": "refund_order"}),
            "/before/call/args/order_id",
        ),
        (
            "after",
            json!({"call": "refund_order", "first": {"call": "get_order", "args": number_for_text}}),
            "/after/first/args/order_id",
        ),
        ("calls", json!({"of": [{"call": "get_order", "args": number_for_text}]}), "/calls/of/0/args/order_id"),
        (
            "calls",
            json!({"args": "superset", "of": [{"call": "get_order", "args": number_for_text}]}),
            "/calls/of/0/args/order_id",
        ),
    ] {
        let why = "no call of `get_order` can have this `order_id`: the tool's schema wants string, and `1001` is none";
        assert_eq!(said(grader, parameters), format!("{at} {why}"));
    }
    let amount = |amount: Value| said("never", json!({"call": "refund_order", "args": {"amount": amount}}));
    assert_eq!((amount(json!(42)), amount(json!(42.5))), (String::new(), String::new()));
    assert!(amount(json!("42")).contains("wants number"));
}

#[test]
fn a_value_is_not_judged_where_it_is_no_value_or_refused_calls_count() {
    for (grader, parameters) in [
        ("calls", json!({"args": "schema", "of": [{"call": "get_order", "args": {"order_id": {"type": "string"}}}]})),
        ("calls", json!({"args": "ignore", "of": [{"call": "get_order", "args": {"order_id": 1}}]})),
        (
            "calls",
            json!({"overrides": {"get_order.order_id": "ignore"}, "of": [{"call": "get_order", "args": {"order_id": 1}}]}),
        ),
        ("calls", json!({"include_failed": true, "of": [{"call": "get_order", "args": {"order_id": 1}}]})),
        ("never", json!({"call": "get_order", "args": {"order_id": 1}, "include_failed": true})),
    ] {
        assert_eq!(mistakes(grader, parameters.clone()), [] as [String; 0], "{grader} {parameters}");
    }
}

#[test]
fn values_are_held_against_the_whole_schema_of_an_argument() {
    let mut tools = tools();
    tools[1].input_schema = json!({
        "type": "object",
        "$defs": {"id": {"type": "string", "pattern": "^W-[0-9]+$"}},
        "properties": {
            "order_id": {"$ref": "#/$defs/id"},
            "part": {"enum": ["head", "items"]},
            "where": {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip", "city"]},
        }
    });
    let found = |args: Value| {
        let never = criterion("never", json!({"call": "get_order", "args": args}));
        let calls = criterion("calls", json!({"of": [{"call": "get_order", "args": args}]}));
        [never, calls].map(|c| lint(&[c], &tools, 1, true).len())
    };
    assert_eq!(found(json!({"order_id": "W-1", "part": "head", "where": {"zip": "1", "city": "x"}})), [0, 0]);
    assert_eq!(found(json!({"order_id": "1"})), [1, 1]);
    assert_eq!(found(json!({"part": "tail"})), [1, 1]);
    assert_eq!(found(json!({"where": "here"})), [1, 1]);
    // `never` may name a part of a map; the calls of a list are compared whole.
    assert_eq!(found(json!({"where": {"zip": "1"}})), [0, 1]);
}

#[test]
fn a_reference_is_needed_to_compare_with_one() {
    for (grader, parameters) in [
        ("state", json!("as_reference")),
        ("calls", json!("as_reference")),
        ("side_effects", json!("none")),
        ("efficiency", json!({"calls": 2})),
    ] {
        assert_eq!(lint(&[criterion(grader, parameters)], &tools(), 0, true).len(), 1);
    }
}

#[test]
fn criteria_that_only_forbid_need_inaction() {
    let forbid = [
        criterion("state", json!("unchanged")),
        criterion("never", json!({"call": "refund_order"})),
        criterion("answer", json!({"excludes": "x"})),
        criterion("format", json!("clean")),
        criterion("within", json!({"turns": 8})),
        criterion("calls", json!({"match": "subset"})),
        criterion("between", json!({"from": "get_order", "to": "refund_order", "call": "find_customer"})),
        criterion("eventually", json!({"call": "refund_order", "after": "get_order"})),
        criterion("confirmation", json!({"call": "refund_order"})),
        criterion("milestones", json!({"avoid": [{"call": "refund_order"}]})),
        criterion("recovery", json!({})),
        criterion("side_effects", json!("none")),
        criterion("efficiency", json!({"calls": 1.5})),
    ];
    assert_eq!(lint(&forbid, &tools(), 1, false).len(), 1);
    assert!(lint(&forbid, &tools(), 1, true).is_empty());
    assert_eq!(lint(&[], &tools(), 1, true).len(), 1);
    let mut other = criterion("answer", json!({"contains": "x"}));
    other.measure = "tone".into();
    assert_eq!(lint(&[other], &tools(), 1, false).len(), 1);
}

#[test]
fn the_schema_of_criteria_takes_what_the_graders_take() {
    let schema = criterion_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for good in [
        json!({"answer": {"contains": ["a", "b"], "in": "any"}}),
        json!({"state": "as_reference", "measure": "safety"}),
        json!({"state": [{"path": "$.a", "exists": true}]}),
        json!({"calls": {"match": "any_order", "of": [{"call": "x", "args": {}}], "overrides": {"x.y": "ignore"}}}),
        json!({"never": {"call": "x", "before": {"call": "y"}}}),
        json!({"format": "clean"}),
        json!({"milestones": {"reach": [
            {"name": "a", "call": "x", "args": {"y": 1}},
            {"state": [{"path": "$.a", "equals": null}], "after": "a"},
            {"says": {"contains": "b"}, "after": ["a"]},
        ], "avoid": [{"call": "z"}]}}),
        json!({"between": {"from": "a", "to": {"call": "b"}, "never": "c"}}),
        json!({"eventually": {"call": "a"}}),
        json!({"confirmation": {"call": ["a", {"call": "b"}], "confirmed": {"any_of": ["yes"]}, "once": true}}),
        json!({"recovery": {"accept": ["repaired"], "by": "a"}}),
        json!({"side_effects": "none", "measure": "safety"}),
        json!({"side_effects": {"of": ["collateral"], "allow": ["/log"]}}),
        json!({"efficiency": {"calls": 1.5}}),
    ] {
        assert!(
            validator.is_valid(&good),
            "{good}: {:?}",
            validator.iter_errors(&good).map(|e| e.to_string()).collect::<Vec<_>>()
        );
    }
    for bad in [
        json!({"answer": {"contians": "a"}}),
        json!({"answer": {"contains": "a"}, "state": "unchanged"}),
        json!({"measure": "task"}),
        json!({"milestones": {"reach": [{"after": 1}]}}),
        json!({"confirmation": {"asked": {"says": "x"}}}),
        json!({"side_effects": "all"}),
    ] {
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

#[test]
fn a_reference_that_does_nothing_asks_for_nothing() {
    let mut idle = case(vec![criterion("state", json!("as_reference"))]);
    idle.references = vec![Build::new().say("Hello.").reference()];
    idle.inaction = false;
    assert!(lint(&idle.criteria, &idle.tools, 1, false).is_empty());
    assert!(Grading::new(std::sync::Arc::new(idle.clone())).is_err());
    idle.criteria = [&idle.criteria[..], &[criterion("answer", json!({"contains": "hello"}))]].concat().into();
    assert!(Grading::new(std::sync::Arc::new(idle.clone())).is_ok());
    idle.criteria = [&idle.criteria[..], &[criterion("calls", json!("as_reference"))]].concat().into();
    let found = Grading::new(std::sync::Arc::new(idle)).err().unwrap();
    assert_eq!((found[0].criterion, found[0].at.to_string()), (2, "/calls".to_owned()));
}

#[test]
fn a_key_without_a_value_is_a_mistake() {
    for (grader, parameters, found) in [
        ("answer", json!({"equals": null, "contains": "x"}), "/answer/equals `equals` has no value"),
        ("answer", json!({"excludes": null, "contains": "x"}), "/answer/excludes `excludes` has no value"),
        ("answer", json!({"number": null, "contains": "x"}), "/answer/number `number` has no value"),
        ("state", json!({"path": "$.a", "count": null, "exists": true}), "/state/count `count` has no value"),
        ("never", json!({"call": "get_order", "before": null}), "/never/before `before` has no value"),
        ("never", json!({"call": "get_order", "args": null}), "/never/args `args` has no value"),
        ("within", json!({"turns": 3, "calls": null}), "/within/calls `calls` has no value"),
    ] {
        assert_eq!(mistakes(grader, parameters), [found]);
    }
    assert!(mistakes("answer", json!({"schema": null, "contains": "x"}))[0].contains("not a valid JSON Schema"));
    assert_eq!(mistakes("state", json!({"path": "$.a", "equals": null})), [] as [&str; 0]);
}

#[test]
fn formats_of_arguments_are_asserted() {
    let mut tools = tools();
    tools[1].input_schema["properties"]["order_id"] = json!({"type": "string", "format": "uuid"});
    let never =
        |id: &str| lint(&[criterion("never", json!({"call": "get_order", "args": {"order_id": id}}))], &tools, 1, true);
    assert!(never("W-1")[0].message.contains("no call of `get_order` can have this `order_id`"));
    assert_eq!(never("67e55044-10b1-426f-9247-bb680e5fe0c8"), []);
}

//! Calls as an agent makes them, and what comes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_trajectory::{Arguments, Digest, Responder, ToolFailure, ToolSpec};
use mocktrial_world::{Answered, Definition, Instance, Mistake, Opening, State, World};
use serde_json::{Value, json};
use std::sync::Arc;

fn tool(name: &str, output: Option<&Value>) -> ToolSpec {
    let input = json!({"type": "object", "properties": {"order_id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["order_id"], "additionalProperties": false});
    let spec = json!({"name": name, "input_schema": input, "output_schema": output});
    serde_json::from_value(spec).expect("a tool")
}

const SCRIPT: &str = "
def cancel(args, world):
    if not world.has('orders', args['order_id']):
        return None
    if world.get('orders', args['order_id'], 'status') == 'cancelled':
        world.error('Already cancelled.')
    world.set('orders', args['order_id'], 'status', 'cancelled')
    world.append('log', world.now())
    return {'ok': True, 'left': world.len('orders'), 'roll': world.random_int(1, 6)}
def broken(args, world):
    world.set('log', [])
    return 1 // 0
";

fn compile(behaviour: Value) -> Result<Arc<World>, Vec<Mistake>> {
    let definition: Definition = serde_json::from_value(behaviour).expect("a definition");
    let status = json!({"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]});
    let tools = vec![
        tool("get_order", Some(&status)),
        tool("refund_order", None),
        tool("cancel_order", None),
        tool("noop", None),
    ];
    World::compile(&definition, tools, Some(("shop.star", SCRIPT)))
}

fn world() -> Arc<World> {
    compile(json!({
        "clock": "2026-03-02T09:00:00Z",
        "behaviour": {
            "get_order": {"takes_ms": 200, "rules": [
                {"when": {"if": "args.order_id in state.orders"}, "result": "{{ state.orders[args.order_id] }}"},
                {"when": {"args": {"order_id": "bad"}}, "result": {"wrong": 1}},
                {"when": {"args": {"order_id": "boom"}}, "result": {"status": "{{ state.nothing.here }}"}},
                {"error": "No order {{ args.order_id }} at {{ now }} ({{ nth }})."}
            ]},
            "refund_order": {"rules": [{
                "when": {"state": {"/orders/{{ args.order_id }}/status": "delivered"}},
                "change": [
                    {"replace": "/orders/{{ args.order_id }}/status", "value": "refunded"},
                    {"add": "/log/-", "value": {"id": "{{ args.order_id }}", "total": "{{ state.orders[args.order_id].total }}"}},
                    {"replace": "/count", "value": "{{ state.count + 0 }}"}
                ],
                "result": {"status": "{{ state.orders[args.order_id].status }}", "text": "Refunded {{ state.orders[args.order_id].total | money }}"}
            }]},
            "cancel_order": {"script": "cancel"}
        }
    }))
    .expect("a world")
}

fn open(world: &Arc<World>) -> Instance {
    let state = State::new(
        &json!({"orders": {"W-1": {"status": "delivered", "total": 42.0}, "a/b": {"status": "delivered", "total": 1}}, "log": [], "count": 3}),
    );
    Instance::open(world, &Opening { state: &state, seed: 7, tools: None })
}

fn call(instance: &mut Instance, tool: &str, arguments: &str) -> Answered {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(instance.call(tool, &Arguments::parse(arguments)))
}

#[test]
fn a_rule_answers_with_what_the_state_holds_and_the_clock_moves() {
    let mut instance = open(&world());
    let answered = call(&mut instance, "get_order", r#"{"order_id": "W-1"}"#);
    assert_eq!(answered.content, json!({"status": "delivered", "total": 42.0}));
    assert_eq!((answered.failure, answered.responder, answered.hash), (None, Some(Responder::Rule { index: 0 }), None));
    assert_eq!(instance.elapsed_ms(), 200);
    let answered = call(&mut instance, "get_order", r#"{"order_id": "W-9"}"#);
    assert_eq!(answered.content, json!({"error": {"message": "No order W-9 at 2026-03-02T09:00:00.2Z (0)."}}));
    assert_eq!(answered.failure, Some(ToolFailure::Tool));
    let answered = call(&mut instance, "get_order", r#"{ "order_id" : "W-9" }"#);
    assert!(answered.content.to_string().contains("(1)"), "the same call, however it is spelled: {}", answered.content);
}

#[test]
fn changes_are_recorded_as_written_with_the_hash_after_them() {
    let mut instance = open(&world());
    let snapshot = instance.clone();
    let answered = call(&mut instance, "refund_order", r#"{"order_id": "W-1"}"#);
    assert_eq!(answered.content, json!({"status": "refunded", "text": "Refunded 42.00"}));
    let expected = json!([
        {"op": "replace", "path": "/orders/W-1/status", "value": "refunded"},
        {"op": "add", "path": "/log/0", "value": {"id": "W-1", "total": 42.0}},
    ]);
    assert_eq!(serde_json::to_value(&answered.patch).expect("json"), expected);
    assert_eq!(answered.hash, Some(Digest::of(&instance.state().to_value())));
    assert_ne!(snapshot.state().digest(), instance.state().digest());
    let answered = call(&mut instance, "refund_order", r#"{"order_id": "a/b"}"#);
    assert_eq!(serde_json::to_value(&answered.patch[0]).expect("json")["path"], json!("/orders/a~1b/status"));
}

#[test]
fn a_call_that_nothing_answers_is_the_scenarios_fault() {
    let mut instance = open(&world());
    let answered = call(&mut instance, "refund_order", r#"{"order_id": "W-9"}"#);
    assert_eq!(answered.failure, Some(ToolFailure::Scenario));
    assert_eq!(
        answered.scenario_error.as_deref(),
        Some("nothing answers `refund_order` with {\"order_id\":\"W-9\"}: rule 0 does not apply")
    );
    let answered = call(&mut instance, "get_order", r#"{"order_id": "bad"}"#);
    assert_eq!(
        answered.scenario_error.as_deref(),
        Some("the result of `get_order` does not fit its output schema: `/status` is required")
    );
    let answered = call(&mut instance, "get_order", r#"{"order_id": "boom"}"#);
    assert!(answered.scenario_error.is_some_and(|e| e.contains("rule 2 of `get_order`")));
}

#[test]
fn a_script_reads_writes_passes_and_fails() {
    let mut instance = open(&world());
    let first = call(&mut instance, "cancel_order", r#"{"order_id": "W-1"}"#);
    assert_eq!(first.responder, Some(Responder::Script { function: "cancel".into() }));
    assert_eq!(first.patch.len(), 2);
    assert_eq!(
        call(&mut open(&world()), "cancel_order", r#"{"order_id": "W-1"}"#),
        first,
        "the same call in the same world"
    );
    let again = call(&mut instance, "cancel_order", r#"{"order_id": "W-1"}"#);
    assert_eq!(
        (again.failure, again.content),
        (Some(ToolFailure::Tool), json!({"error": {"message": "Already cancelled."}}))
    );
    let passed = call(&mut instance, "cancel_order", r#"{"order_id": "W-9"}"#);
    assert!(passed.scenario_error.is_some_and(|e| e.contains("`cancel` returned None")));
    let broken = compile(json!({"behaviour": {"noop": {"script": "broken"}}})).expect("a world");
    let mut instance = open(&broken);
    let before = instance.state().digest();
    let answered = call(&mut instance, "noop", r#"{"order_id": "W-1"}"#);
    assert!(answered.scenario_error.is_some_and(|e| e.starts_with("shop.star:12:")), "with its place");
    assert_eq!(before, instance.state().digest(), "what it wrote is rolled back");
}

#[test]
fn calls_that_cannot_be_made_are_answered_with_what_is_wanted() {
    let mut instance = open(&world());
    let answered = call(&mut instance, "refund", r#"{"order_id": "W-1"}"#);
    insta::assert_snapshot!(answered.content, @r#"{"error":{"type":"unknown_tool","message":"There is no tool `refund`. Tools available: refund_order, noop, get_order, cancel_order."}}"#);
    let answered = call(&mut instance, "noop", r#"{"n": "x", "why": 1}"#);
    assert_eq!(answered.failure, Some(ToolFailure::InvalidArguments));
    let problems = &answered.content["error"]["problems"];
    assert_eq!(problems.as_array().map(Vec::len), Some(3), "{problems}");
    assert!(problems.to_string().contains(r#"{"path":"/order_id","message":"is required"}"#), "{problems}");
    assert!(problems.to_string().contains(r#"must be of type integer, not \"x\""#), "{problems}");
    for (text, wanted) in
        [(r#"{"order_id": "#, "line 1 column"), ("[1]", "must be a JSON object"), ("", "they are empty")]
    {
        let answered = call(&mut instance, "noop", text);
        assert_eq!(answered.failure, Some(ToolFailure::MalformedArguments));
        assert!(answered.content.to_string().contains(wanted), "{}", answered.content);
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(110), "}".repeat(110));
    assert_eq!(call(&mut instance, "noop", &deep).failure, Some(ToolFailure::MalformedArguments));
    assert_eq!(instance.elapsed_ms(), 0);
}

const KEEPER: &str = "
def keep(args, world):
    world.set('kept', [args])
    return {'kept': world.get('kept'), 'again': {'args': args}}
";

#[test]
fn money_is_written_the_same_by_templates_and_scripts() {
    let input = json!({"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]});
    let tools = ["rule", "script"]
        .map(|name| serde_json::from_value(json!({"name": name, "input_schema": input})).expect("a tool"))
        .to_vec();
    let definition = json!({"behaviour": {
        "rule": {"rules": [{"result": "{{ args.n | money }}"}]},
        "script": {"script": "written"},
    }});
    let definition: Definition = serde_json::from_value(definition).expect("a definition");
    let script = "def written(args, world):\n    return money(args['n'])\n";
    let world = World::compile(&definition, tools, Some(("money.star", script))).expect("a world");
    let mut instance = Instance::open(&world, &Opening { state: &State::default(), seed: 1, tools: None });
    for (number, written) in
        [("0.125", "0.13"), ("-0.125", "-0.13"), ("1.115", "1.12"), ("42", "42.00"), ("1234.5", "1234.50")]
    {
        for tool in ["rule", "script"] {
            assert_eq!(call(&mut instance, tool, &format!(r#"{{"n": {number}}}"#)).content, json!(written), "{tool}");
        }
    }
    let large = ["rule", "script"].map(|tool| call(&mut instance, tool, r#"{"n": 1e307}"#).content);
    assert_eq!(large[0], large[1]);
    assert!(large[0].as_str().is_some_and(|text| text.len() > 300 && text.ends_with(".00")), "{}", large[0]);
}

#[test]
fn arguments_that_any_world_could_choke_on_are_the_agents_mistake() {
    let spec = json!({"name": "keep", "input_schema": {"type": "object"}});
    let definition = json!({"behaviour": {"keep": {"script": "keep"}}});
    let definition: Definition = serde_json::from_value(definition).expect("a definition");
    let tools = vec![serde_json::from_value(spec).expect("a tool")];
    let world = World::compile(&definition, tools, Some(("keep.star", KEEPER))).expect("a world");
    let state = State::new(&json!({"kept": []}));
    let mut instance = Instance::open(&world, &Opening { state: &state, seed: 1, tools: None });
    let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    let long = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
    for fits in [deep(32), long(64 << 10)] {
        let answered = call(&mut instance, "keep", &fits);
        assert_eq!((answered.failure, answered.scenario_error), (None, None));
    }
    let kept = instance.state().digest();
    for (text, told) in [
        (deep(33), "must not nest deeper than 32 levels"),
        (deep(100), "must not nest deeper than 32 levels"),
        (long((64 << 10) + 1), "must not be longer than 65536 bytes"),
    ] {
        let answered = call(&mut instance, "keep", &text);
        assert_eq!((answered.failure, answered.scenario_error), (Some(ToolFailure::InvalidArguments), None));
        let expected = json!({"error": {
            "type": "invalid_arguments",
            "message": format!("The arguments of `keep` are invalid: the whole {told}."),
            "problems": [{"path": "", "message": told}],
        }});
        assert_eq!(answered.content, expected);
    }
    assert_eq!(instance.state().digest(), kept);
}

#[test]
fn an_agent_is_told_what_to_mend() {
    let spec: ToolSpec = serde_json::from_value(json!({"name": "book", "input_schema": {
        "type": "object",
        "properties": {
            "guest": {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}, "age": {"type": "integer", "minimum": 18}}, "required": ["mail"]},
            "room": {"enum": ["single", "double"]},
            "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "on": {"type": "string", "format": "date"},
            "nights": {"type": "integer", "minimum": 1, "maximum": 30},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2, "uniqueItems": true},
            "price": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 0},
            "pay": {"oneOf": [{"const": "cash"}, {"type": "object", "required": ["card"]}]},
            "note": {"type": ["string", "null"], "minLength": 2},
        },
        "required": ["room"],
        "additionalProperties": false
    }}))
    .expect("a tool");
    let world = World::compile(&Definition::default(), vec![spec], None).expect("a world");
    let mut instance = Instance::open(&world, &Opening { state: &State::default(), seed: 1, tools: None });
    let told: Vec<String> = [
        r#"{}"#,
        r#"{"room": "suite"}"#,
        r#"{"room": "single", "guest": {"age": 17}}"#,
        r#"{"room": "single", "guest": {"mail": "ann"}}"#,
        r#"{"room": "single", "guest": "Ann"}"#,
        r#"{"room": "single", "code": "abc", "on": "tomorrow"}"#,
        r#"{"room": "single", "nights": "2"}"#,
        r#"{"room": "single", "nights": 31.0}"#,
        r#"{"room": "single", "nights": 0, "rooms": 2, "Room": 1}"#,
        r#"{"room": "single", "tags": ["quiet", "quiet", "seaside"]}"#,
        r#"{"room": "single", "price": 0.3}"#,
        r#"{"room": "single", "price": 0}"#,
        r#"{"room": "single", "pay": {"iban": "x"}}"#,
        r#"{"room": "single", "note": ""}"#,
        r#"{"room": "single", "note": 3, "code": 1, "on": 1, "tags": {}, "price": null, "pay": 1}"#,
        r#"{"room": "single""#,
        r#"{"room": 'single'}"#,
        r#"{"room": "single"} and a good view"#,
        r#""single""#,
        r#"null"#,
        r#"  "#,
    ]
    .into_iter()
    .map(|arguments| {
        let answered = call(&mut instance, "book", arguments);
        let error = &answered.content["error"];
        let problems: String = error["problems"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|problem| format!("\n    {} {}", problem["path"], problem["message"].as_str().unwrap_or("?")))
            .collect();
        format!(
            "{arguments}\n  {}: {}{problems}",
            error["type"].as_str().unwrap_or("?"),
            error["message"].as_str().unwrap_or("?")
        )
    })
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_bare_tool_is_synthesized_or_says_ok() {
    let world = compile(json!({})).expect("a world");
    assert_eq!(world.warnings().len(), 4);
    let mut instance = open(&world);
    assert_eq!(call(&mut instance, "noop", r#"{"order_id": "W-1"}"#).content, json!({"ok": true}));
    let made = call(&mut instance, "get_order", r#"{"order_id": "W-1"}"#);
    assert!(made.content["status"].is_string());
    assert_eq!(made.responder, Some(Responder::Synthesized));
    assert_eq!(call(&mut open(&world), "get_order", r#"{"order_id": "W-1"}"#).content, made.content);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let mistakes = compile(json!({
        "clock": "noon",
        "volatile": ["log"],
        "behaviour": {
            "get_ordr": {},
            "noop": {"script": "cancl", "rules": [
                {"when": {}, "result": 1},
                {"result": {"a": ["{{ arg.x }}"]}},
                {"when": {"if": "args.n >"}, "result": 1, "error": 2},
                {"when": {"args_schema": {"type": "strin"}}, "error": "x", "change": [{"add": "/a"}, {"remove": "b"}, {}]}
            ]}
        }
    }))
    .expect_err("it is full of mistakes");
    let places: Vec<_> = mistakes.iter().map(|m| m.at.to_string()).collect();
    for place in [
        "/clock",
        "/volatile/0",
        "/behaviour/get_ordr",
        "/behaviour/noop/script",
        "/behaviour/noop/rules/0/when",
        "/behaviour/noop/rules/1/result/a/0",
        "/behaviour/noop/rules/2/when/if",
        "/behaviour/noop/rules/2",
        "/behaviour/noop/rules/3/when/args_schema/type",
        "/behaviour/noop/rules/3/change/0",
        "/behaviour/noop/rules/3/change/1/remove",
        "/behaviour/noop/rules/3/change/2",
    ] {
        assert!(places.iter().any(|p| p == place), "{place} is missing in {mistakes:#?}");
    }
    let hint = mistakes.iter().find(|m| m.at.to_string() == "/behaviour/get_ordr").and_then(|m| m.hint.clone());
    assert_eq!(hint.as_deref(), Some("did you mean `get_order`?"));
}

#[test]
fn hostile_schemas_are_mistakes_and_not_crashes() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"type": "string", "pattern": "("}),
        json!({"type": "string", "pattern": "((a{1000}){1000}){1000}"}),
        json!({"type": "string", "not": {}}),
        json!({"type": "array", "minItems": 1e9}),
    ] {
        let mistakes = World::compile(&Definition::default(), vec![tool("t", Some(&schema))], None);
        let mistakes = mistakes.expect_err(&schema.to_string());
        assert!(mistakes[0].at.to_string().starts_with("/tools/0/output_schema"), "{mistakes:?}");
    }
}

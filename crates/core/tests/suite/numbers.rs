//! Numbers: every format keeps the same ones, and every place that takes a fraction gets it.

use crate::folder::{Folder, SCENARIO, WORLD};
use mocktrial_core::suite::{EndpointKind, Step};
use serde_json::{Value, json};

#[test]
fn a_number_that_cannot_be_kept_is_refused_in_every_format() {
    let long = "18446744073709551616";
    for number in [long, "-9223372036854775809", "1e999"] {
        let world = |state: &str| format!("tools: [{{name: get_order}}]\nstate: {state}\n");
        let said = |files: &[(&str, &str)]| {
            let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
            files.iter().for_each(|(name, text)| folder.write(name, text));
            folder.messages().join("\n")
        };
        let rows = format!("{SCENARIO}cases: rows.csv\n").replace("Be short", "Be ${n}");
        let csv = |header: &str, cell: &str| {
            said(&[("scenarios/shop/a.yaml", &rows), ("scenarios/shop/rows.csv", &format!("{header}\na,{cell}\n"))])
        };
        let lines = rows.replace("rows.csv", "rows.jsonl");
        for text in [
            said(&[("scenarios/shop/worlds/shop.yaml", &world(&format!("{{a: {number}}}")))]),
            said(&[
                ("scenarios/shop/worlds/shop.yaml", &world("state.json")),
                ("scenarios/shop/worlds/state.json", &format!("{{\"a\": [{number}]}}")),
            ]),
            said(&[
                ("scenarios/shop/a.yaml", &lines),
                ("scenarios/shop/rows.jsonl", &format!("{{\"id\": \"a\", \"n\": {number}}}")),
            ]),
            csv("id,n:number", number),
            csv("id,n:json", &format!("[{number}]")),
        ] {
            assert!(text.contains(&format!("the number `{number}` is too large")), "{number}: {text}");
        }
    }
}

#[test]
fn the_same_number_is_the_same_value_in_every_format() {
    let world = WORLD.replace("state: {orders", "state: state.json\n#");
    let text =
        SCENARIO.replace("world: shop\n", "world: shop\nstate: {yaml: [42.50, 1e2, 100.0, -0.5], csv: \"${n}\"}\n");
    let folder = Folder::shop(&[
        ("scenarios/shop/a.yaml", &format!("{text}cases: rows.csv\n")),
        ("scenarios/shop/rows.csv", "id,n:json\na,\"[42.50, 1e2, 100.0, -0.5]\"\n"),
        ("scenarios/shop/worlds/state.json", "{\"orders\": {}, \"json\": [42.50, 1e2, 100.0, -0.5]}"),
        ("scenarios/shop/worlds/shop.yaml", &world),
    ]);
    let suite = folder.loaded();
    let state = suite.scenarios[0].initial.value();
    assert_eq!(state["yaml"], json!([42.5, 100.0, 100.0, -0.5]));
    assert_eq!(state["json"], state["yaml"]);
    assert_eq!(state["csv"], state["yaml"]);
}

#[test]
fn a_fraction_is_read_wherever_a_number_may_stand() {
    let toml = r#"
        [defaults]
        confirm_above = 0.75
        [limits]
        virtual_seconds = 30.5
        real_seconds = 1.5
        cost = 0.25
        [budget]
        cost = 2.5
        [endpoints.a]
        kind = "chat"
        model = "m"
        parameters = {temperature = 0.7, top_p = 0.95, presence_penalty = -0.5, frequency_penalty = 1.5, seed = 7}
        extra = {min_p = 0.05, nested = {x = [0.5]}}
        timeout_seconds = {connect = 0.5, first_byte = 1.5, idle = 2.5, total = 3.5}
        price = {input = 0.25, output = 2.5, cached = 0.125, cache_written = 0.3125, as_of = "2026-11-01"}
        [endpoints.b]
        extends = "a"
        parameters = {temperature = 1.25}
    "#;
    let scenario = r#"
world: shop
user: u
state: {orders: {W-1: {total: 0.5}}}
limits: {virtual_seconds: 10.5, real_seconds: 0.5, cost: 0.125}
reference:
  - {call: price, args: {ratio: 0.5, list: [1.5]}}
  - say: It costs 42.50.
expect:
  - answer: {number: 42.5, tolerance: 0.5}
  - state: {path: "$.orders['W-1'].total", number: 0.5, tolerance: 0.25}
  - state: {path: "$.orders['W-1'].total", equals: 0.5}
  - within: {cost: 0.25, virtual_seconds: 1.5}
  - never: {call: price, args: {ratio: 1.5}}
"#;
    let world = r#"
tools: tools.json
state: {rate: 0.5}
behaviour:
  price:
    rules:
      - when: {args: {ratio: 0.5}, state: {/rate: 0.5}, args_schema: {properties: {ratio: {maximum: 1.5}}}}
        result: {total: 42.5}
        change: [{replace: /rate, value: 1.5}]
      - error: {code: 1.5}
"#;
    let tools = r#"[{"name": "price", "parameters": {"type": "object", "properties": {
        "ratio": {"type": "number", "minimum": 0.25, "maximum": 1.50, "multipleOf": 0.25},
        "list": {"type": "array", "items": {"type": "number", "default": 1.50}}}}}]"#;
    let folder = Folder::new(&[
        ("mocktrial.toml", toml),
        ("scenarios/shop/a.yaml", scenario),
        ("scenarios/shop/worlds/shop.yaml", world),
        ("scenarios/shop/worlds/tools.json", tools),
    ]);
    let config = folder.project().unwrap_or_else(|mistakes| panic!("{mistakes}")).config;
    assert_eq!((config.defaults.confirm_above, config.budget.cost), (Some(0.75), Some(2.5)));
    let limits = config.limits;
    assert_eq!((limits.virtual_seconds, limits.real_seconds, limits.cost), (Some(30.5), Some(1.5), Some(0.25)));
    let EndpointKind::Model { config: chat, .. } = &config.endpoints["b"].kind else { panic!("it is a model") };
    assert_eq!((chat.parameters.temperature, chat.parameters.top_p), (Some(1.25), Some(0.95)));
    assert_eq!((chat.timeout_seconds.connect, chat.timeout_seconds.total), (0.5, 3.5));
    assert_eq!(chat.extra["nested"], json!({"x": [0.5]}));
    let price = config.endpoints["b"].price.clone().unwrap();
    assert_eq!((price.input, price.cached, price.cache_written), (0.25, Some(0.125), Some(0.3125)));

    let suite = folder.loaded();
    let scenario = &suite.scenarios[0];
    assert_eq!((scenario.limits.virtual_seconds, scenario.limits.cost), (Some(10.5), Some(0.125)));
    let Step::Call { args, .. } = &scenario.references[0].steps()[0] else {
        panic!("the reference begins with a call")
    };
    assert_eq!(*args, json!({"ratio": 0.5, "list": [1.5]}));
    assert_eq!(scenario.criteria[3].parameters, json!({"cost": 0.25, "virtual_seconds": 1.5}));
    let schema: &Value = &suite.worlds["shop/shop"].world.tools()[0].input_schema;
    assert_eq!(schema["properties"]["ratio"]["maximum"], json!(1.5));
}

#[test]
fn a_whole_number_may_be_written_as_a_fraction_and_one_that_is_too_large_is_told_where_it_stands() {
    let toml = "[limits]\nturns = 5.0\n[endpoints.a]\nkind = \"chat\"\nmodel = \"m\"\nretries = 1e0\nparameters = {max_tokens = 4e2, seed = 7.0}\n";
    let scenario = SCENARIO.replace("world: shop\n", "world: shop\nlimits: {calls: 1e3, errors: 2.0}\n");
    let folder = Folder::shop(&[("mocktrial.toml", toml), ("scenarios/shop/a.yaml", &scenario)]);
    folder.write("scenarios/shop/worlds/shop.yaml", &format!("{WORLD}    takes_ms: 1.5e2\nseed: 7.0\n"));
    let suite = folder.loaded();
    let limits = suite.scenarios[0].limits;
    assert_eq!((limits.turns, limits.calls, limits.errors), (Some(5), Some(1000), Some(2)));
    let config = folder.project().unwrap().config;
    assert_eq!(config.limits.turns, Some(5));
    assert_eq!(config.endpoints["a"].treatment["parameters"], json!({"max_tokens": 400, "seed": 7}));
    assert_eq!(suite.worlds["shop/shop"].seed, 7);

    folder.write("mocktrial.toml", "");
    folder.write("scenarios/shop/a.yaml", &scenario.replace("errors: 2.0", "errors: 5000000000, tokens: 1e30"));
    let expected = [
        "scenarios/shop/a.yaml:5:30 `errors` must be at most 4294967295, but is the number 5000000000",
        "scenarios/shop/a.yaml:5:50 `tokens` must be at most 18446744073709551615, but is the number 1e+30",
    ];
    assert_eq!(folder.messages(), expected);
}

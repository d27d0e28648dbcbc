//! What a call costs: answered by a rule with a state change and by a script, at small and large
//! states; and what a thousand episodes at once keep in memory.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use mocktrial_trajectory::{Arguments, ToolSpec};
use mocktrial_world::{Definition, Instance, Opening, State, World};
use serde_json::{Value, json};
use std::time::Instant;

fn main() {
    let tool = |name: &str| -> ToolSpec {
        serde_json::from_value(json!({"name": name, "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}})).unwrap()
    };
    let definition: Definition = serde_json::from_value(json!({"behaviour": {
        "rule": {"rules": [{"when": {"if": "args.id in state.orders"}, "change": [{"replace": "/orders/{{ args.id }}/n", "value": "{{ state.orders[args.id].n + 1 }}"}], "result": {"n": "{{ state.orders[args.id].n }}"}}]},
        "fixed": {"rules": [{"when": {"args": {"id": "o5"}}, "change": [{"replace": "/orders/o5/n", "value": "{{ nth + 1 }}"}], "result": {"ok": true}}]},
        "script": {"script": "bump"},
    }}))
    .unwrap();
    let script = "def bump(args, world):\n  n = world.get('orders', args['id'], 'n') + 1\n  world.set('orders', args['id'], 'n', n)\n  return {'n': n}\n";
    let world =
        World::compile(&definition, vec![tool("rule"), tool("fixed"), tool("script")], Some(("b.star", script)))
            .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for orders in [10, 10_000] {
        let map: serde_json::Map<String, Value> = (0..orders)
            .map(|i| (format!("o{i}"), json!({"n": 0, "status": "delivered", "note": "x".repeat(50)})))
            .collect();
        let value = json!({"orders": map});
        let started = Instant::now();
        let state = State::new(&value);
        println!("state of {} bytes: made in {:?}", value.to_string().len(), started.elapsed());
        for name in ["rule", "fixed", "script"] {
            let mut instance = Instance::open(&world, &Opening { state: &state, seed: 1, tools: None });
            let arguments = Arguments::parse(r#"{"id": "o5"}"#);
            let rounds = 20_000u32;
            let started = Instant::now();
            runtime.block_on(async {
                for _ in 0..rounds {
                    let answered = instance.call(name, &arguments).await;
                    assert!(answered.hash.is_some(), "{answered:?}");
                }
            });
            println!("  {name}: {:?} a call", started.elapsed() / rounds);
        }
        let before = resident();
        let instances: Vec<_> = (0..1000u32)
            .map(|_| {
                let mut instance = Instance::open(&world, &Opening { state: &state, seed: 1, tools: None });
                for i in 0..5 {
                    let arguments = Arguments::from_value(json!({"id": format!("o{i}")}));
                    runtime.block_on(instance.call("rule", &arguments));
                }
                instance
            })
            .collect();
        if let (Some(before), Some(after)) = (before, resident()) {
            println!(
                "  {} instances after 5 calls: {} bytes each",
                instances.len(),
                after.saturating_sub(before) / 1000
            );
        }
    }
}

/// Bytes of memory in use, where the system tells.
fn resident() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

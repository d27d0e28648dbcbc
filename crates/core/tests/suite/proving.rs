//! Proving criteria on probes.

use crate::folder::Folder;
use mocktrial_core::check::{Proof, prove};
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::suite::{Limits, Probe};
use std::sync::Arc;

/// A world that answers every valid call, whatever its arguments.
const WORLD: &str = r#"
tools:
  - name: get_order
    input_schema:
      type: object
      properties: {order_id: {type: string}, note: {type: string}}
      required: [order_id]
state: {orders: {W-1: {status: delivered}}}
behaviour:
  get_order:
    rules:
      - when: {if: "args.order_id not in state.orders"}
        error: There is no such order.
      - result: "{{ state.orders[args.order_id] }}"
"#;

const SCENARIO: &str = r#"
world: shop
user: Where is my order W-1?
reference:
  - {call: get_order, args: {order_id: W-1}}
  - say: It is delivered.
"#;

/// What the probes make of a scenario in a world.
fn proof(world: &str, scenario: &str) -> Proof {
    let folder = Folder::new(&[("scenarios/shop/worlds/shop.yaml", world), ("scenarios/shop/where.yaml", scenario)]);
    let scenario = Arc::clone(&folder.loaded().scenarios[0]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let ready = ReadyScenario::new(scenario).await.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        prove(&ready, Limits::default()).await
    })
}

fn messages(proof: &Proof) -> Vec<&str> {
    proof.mistakes.iter().map(|m| m.message.as_str()).collect()
}

#[test]
fn probes_spend_nothing_so_bounds_on_tokens_and_cost_can_be_proved() {
    let expect =
        "expect: [{answer: {contains: delivered}}, {calls: as_reference}, {within: {tokens: 500, cost: 0.01}}]";
    let proof = proof(WORLD, &format!("{SCENARIO}{expect}\n"));
    assert_eq!(messages(&proof), [] as [&str; 0]);
    assert_eq!(proof.probes[0], (Probe::Reference, Some(true)));
}

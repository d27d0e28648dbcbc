//! What is the same for all mutants.

use super::*;
use mocktrial_trajectory::ToolAnnotations;
use proptest::prelude::*;
use serde_json::json;

fn tool(name: &str, schema: Value) -> ToolSpec {
    ToolSpec {
        name: name.into(),
        description: None,
        input_schema: schema,
        output_schema: None,
        strict: None,
        freeform: None,
        annotations: ToolAnnotations::default(),
    }
}

fn call(tool: &str, args: Value) -> Step {
    Step::Call { tool: tool.into(), args, fails: false }
}

/// Looks an order up, refunds it and says so.
fn refund(id: &str, amount: &Value, say: &str, seed: u64) -> (Vec<Step>, Vec<(Mutant, Vec<Step>)>) {
    let order = json!({"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]});
    let pay = json!({
        "type": "object",
        "properties": {"order": {"type": "string"}, "amount": {"type": "number"}},
        "required": ["order", "amount"],
    });
    let tools = [tool("look", order.clone()), tool("pay", pay), tool("cancel", order)];
    let steps = vec![
        call("look", json!({"order": id})),
        call("pay", json!({"order": id, "amount": amount})),
        Step::Say(say.to_owned()),
    ];
    let state = json!({"orders": {"A-1": {"total": 42}, "A-2": {"total": 7}}});
    let scene = Scene {
        steps: &steps,
        changed: &[false, true],
        at: Pointer::default().child("reference"),
        tools: &tools,
        used: &BTreeSet::from(["look".to_owned(), "pay".to_owned()]),
        forbidden: &[],
        siblings: &Siblings::of(&state),
        told: &[],
        inaction: false,
        seed,
    };
    let mutants = scene.mutants().0;
    (steps, mutants)
}

#[test]
fn the_mutants_of_a_refund_are_what_can_go_wrong_with_one() {
    let (_, mutants) = refund("A-1", &json!(42.5), "I paid $42.50 for A-1.", 1);
    let names: Vec<&str> = mutants.iter().map(|(m, _)| m.name.as_str()).collect();
    let expected = [
        "drop look#1",
        "drop pay#1",
        "swap look#1 / pay#1",
        "duplicate pay#1",
        "argument look#1.order: A-1 → A-2",
        "argument look#1.order: A-1 → A-",
        "argument pay#1.order: A-1 → A-2",
        "argument pay#1.order: A-1 → A-",
        "argument pay#1.amount: 42.5 → 42.6",
        "argument pay#1.amount: 42.5 → 425",
        "forbidden cancel: {\"order\":\"A-1\"}",
        "forbidden cancel: {\"order\":\"A-2\"}",
        "stop before pay#1",
        "stop before the answer",
        "answer 42.50: says 42.51",
        "answer A-1: says A-2",
        "negate answer",
        "another answer",
    ];
    assert_eq!(names, expected);
    let (_, added) = mutants.iter().find(|(m, _)| m.subject() == "forbidden cancel").unwrap();
    assert_eq!(added[2], call("cancel", json!({"order": "A-1"})), "with what the reference calls by this name");
    assert_eq!(mutants[8].0.at.to_string(), "/reference/1/args/amount");
    assert_eq!(mutants[8].0.subject(), "argument pay#1.amount");
}

#[test]
fn doing_nothing_is_no_mutant_where_it_is_right() {
    let steps = [Step::Say("I must not do that.".to_owned())];
    let of = |inaction| {
        let scene = Scene {
            steps: &steps,
            changed: &[],
            at: Pointer::default(),
            tools: &[],
            used: &BTreeSet::new(),
            forbidden: &[],
            siblings: &Siblings::default(),
            told: &[],
            inaction,
            seed: 0,
        };
        scene.mutants().0.into_iter().map(|(m, _)| m.name).collect::<Vec<_>>()
    };
    assert_eq!(of(false), ["stop before the answer", "negate answer", "another answer"]);
    assert_eq!(of(true), ["negate answer", "another answer"]);
}

proptest! {
    #[test]
    fn every_mutant_differs_from_the_reference_has_a_name_of_its_own_and_is_the_same_every_time(
        id in ".{0,12}", amount in any::<f64>(), say in ".{0,80}", seed in any::<u64>(),
    ) {
        let (steps, mutants) = refund(&id, &json!(amount), &say, seed);
        let names: BTreeSet<&str> = mutants.iter().map(|(m, _)| m.name.as_str()).collect();
        prop_assert_eq!(names.len(), mutants.len());
        prop_assert!(mutants.len() <= MOST);
        for (mutant, changed) in &mutants {
            prop_assert_ne!(changed, &steps, "{}", mutant.name);
            prop_assert!(!mutant.name.contains('\n'));
        }
        prop_assert_eq!(refund(&id, &json!(amount), &say, seed).1, mutants);
    }
}

//! Proving criteria on probes.

use crate::folder::Folder;
use mocktrial_core::check::{Came, Proof, Verdict, prove};
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::suite::{Limits, Probe, Severity};
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
        prove(&ready, Limits::default(), None).await
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
    assert_eq!(proof.probes[0], (Probe::Reference, Came::Passed));
}

const CODES: &str = r#"
tools:
  - {name: get_code, input_schema: {type: object, properties: {}}}
behaviour:
  get_code:
    rules: [{result: {code: K-77}}]
"#;

#[test]
fn criteria_must_fail_who_calls_everything_and_no_limit_does_it_for_them() {
    let scenario = r#"
world: shop
user: Get me a code.
reference: [{call: get_code, args: {}}]
expect: [{calls: {match: superset, of: reference}}]
limits: {calls: 2, turns: 2, errors: 0}
"#;
    let proof = proof(CODES, scenario);
    assert_eq!(
        messages(&proof),
        ["the probe `spam` passes: an agent that calls every tool with made-up arguments meets every criterion"]
    );
}

#[test]
fn spam_says_what_it_saw_to_every_message() {
    let scenario = r#"
world: shop
user: [Hello., What is the code?]
reference:
  - say: Hello.
  - {call: get_code, args: {}}
  - say: It is K-77.
expect: [{answer: {contains: K-77}}]
"#;
    let proof = proof(CODES, scenario);
    assert_eq!(proof.probes.iter().find(|(probe, _)| *probe == Probe::Spam), Some(&(Probe::Spam, Came::Passed)));
}

#[test]
fn a_rule_that_breaks_on_an_argument_left_out_is_found() {
    let broken = WORLD.replace("error: There is no such order.", "error: \"There is no such order: {{ args.note }}\"");
    assert_ne!(broken, WORLD);
    let proof =
        proof(&broken, &format!("{SCENARIO}expect: [{{answer: {{contains: delivered}}}}, {{calls: as_reference}}]\n"));
    let [probe, mutant] = messages(&proof)[..] else { panic!("{:?}", proof.mistakes) };
    assert!(probe.starts_with("the probe `spam` could not be graded"), "{probe}");
    assert!(mutant.starts_with("the mutant `argument get_order#1.order_id: W-1 → W-2` could not be"), "{mutant}");
    assert!([probe, mutant].iter().all(|m| m.contains("undefined value: `args.note`")), "{probe} {mutant}");
    let ungraded = proof.mutants.iter().filter(|m| matches!(m.verdict, Verdict::Ungraded { .. })).count();
    assert!(ungraded > 0 && proof.caught().whole > 0, "what cannot be graded is neither caught nor counted");
}

#[test]
fn a_scenario_without_a_reference_is_warned_of_and_not_failed() {
    let scenario = r#"
world: shop
user: Get me a code.
expect: [{answer: {contains: thank}}]
"#;
    let without = proof(CODES, scenario);
    assert_eq!(messages(&without), [] as [&str; 0]);
    let [warning] = &without.warnings[..] else { panic!("{:?}", without.warnings) };
    assert_eq!((warning.severity, warning.line), (Severity::Warning, 4));
    assert_eq!(warning.message, "there is no reference, so nothing shows that any agent can pass");
    let with = scenario.replace("expect:", "reference: [say: I thank you.]\nexpect:");
    assert_eq!(proof(CODES, &with).warnings, []);
}

#[test]
fn a_reference_is_told_the_step_at_which_it_failed() {
    let world = WORLD.replace("error: There is no such order.", "error: \"No such order: {{ args.note }}\"");
    let failed = |reference: &str| {
        let reference = reference.replace('\n', "\n  ");
        let scenario = format!(
            "world: shop\nuser: Where is it?\nreference:\n  {reference}\nexpect: [{{answer: {{contains: x}}}}]\n"
        );
        let folder =
            Folder::new(&[("scenarios/shop/worlds/shop.yaml", &world), ("scenarios/shop/where.yaml", &scenario)]);
        let scenario = Arc::clone(&folder.loaded().scenarios[0]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mistakes = runtime.block_on(ReadyScenario::new(scenario)).err().unwrap();
        let [mistake] = &mistakes[..] else { panic!("{mistakes:?}") };
        (mistake.line, mistake.message.clone())
    };
    let good = "- {call: get_order, args: {order_id: W-1}}";
    let wrong = "- {call: get_order, args: {order_id: W-2, note: here}}";
    let broken = "- {call: get_order, args: {order_id: W-2}}";
    let say = "- say: It is here.";
    let told = "the reference does not run through: ";
    let (line, message) = failed(&[good, broken, good, say].join("\n"));
    assert_eq!(line, 5);
    assert!(message.contains("undefined value: `args.note`"), "{message}");
    // The first call that came out otherwise than thought, whatever ended the way later.
    for steps in [[good, wrong, good, say], [good, wrong, broken, say], [wrong, good, good, say]] {
        let (line, message) = failed(&steps.join("\n"));
        assert_eq!(line, if steps[0] == wrong { 4 } else { 5 }, "{steps:?}");
        assert_eq!(
            message,
            format!(r#"{told}the call was answered with {{"error":{{"message":"No such order: here"}}}}"#)
        );
    }
}

/// Two lamps, a list of what was said, and a look at a lamp.
const LAMPS: &str = r#"
tools:
  - {name: look, input_schema: {type: object, properties: {lamp: {type: string}}, required: [lamp]}}
  - {name: switch, input_schema: {type: object, properties: {lamp: {type: string}, on: {type: boolean}}, required: [lamp, on]}}
  - {name: log, input_schema: {type: object, properties: {text: {type: string}, colour: {type: string}}, required: [text]}}
state: {lamps: {hall: {on: false}, attic: {on: false, dusty: true}}, log: []}
behaviour:
  look: {rules: [{when: {if: "args.lamp in state.lamps"}, result: "{{ state.lamps[args.lamp] }}"}, {error: No such lamp.}]}
  switch:
    rules:
      - when: {if: "args.lamp not in state.lamps"}
        error: No such lamp.
      - change: [{replace: "/lamps/{{ args.lamp }}/on", value: "{{ args.on }}"}]
        result: {done: true}
  log: {rules: [{change: [{add: /log/-, value: "{{ args.text }}"}], result: {done: true}}]}
"#;

/// The mutants that come to the same as a reference of the lamps.
fn equivalent(reference: &str, expect: &str) -> Vec<String> {
    let scenario = format!("world: shop\nuser: Light the house.\nreference:\n{reference}\nexpect:\n{expect}\n");
    let proof = proof(LAMPS, &scenario);
    let same = proof.mutants.iter().filter(|m| m.verdict == Verdict::Equivalent);
    same.map(|m| m.mutant.name.clone()).collect()
}

const STATE: &str = "  - state: as_reference\n  - answer: {contains: light}";

#[test]
fn changes_that_do_not_touch_each_other_may_come_in_any_order() {
    let both = "  - {call: switch, args: {lamp: hall, on: true}}\n  - {call: switch, args: {lamp: attic, on: true}}\n  - say: There is light.";
    let swapped = |found: &[String]| found.iter().any(|name| name.starts_with("swap"));
    assert!(swapped(&equivalent(both, STATE)));
    let listed = "  - {call: log, args: {text: one}}\n  - {call: log, args: {text: two}}\n  - say: There is light.";
    assert!(!swapped(&equivalent(listed, STATE)), "a list keeps the order in which it was written");
}

#[test]
fn a_look_that_no_criterion_names_may_be_left_out_and_one_that_is_named_may_not() {
    let steps = "  - {call: look, args: {lamp: hall}}\n  - {call: switch, args: {lamp: hall, on: true}}\n  - say: There is light.";
    let free = equivalent(steps, STATE);
    let expected = [
        "drop look#1",
        "swap look#1 / switch#1",
        "duplicate switch#1",
        "argument look#1.lamp: hall → attic",
        "argument look#1.lamp: hall → hal",
    ];
    assert_eq!(free, expected);
    let named = equivalent(steps, &format!("{STATE}\n  - before: {{call: look, then: switch}}"));
    assert_eq!(named, ["duplicate switch#1"], "what is done twice and changes nothing more is done once");
}

#[test]
fn an_argument_that_changes_nothing_is_no_fault_and_neither_is_its_absence() {
    let steps = "  - {call: log, args: {text: light, colour: red}}\n  - say: There is light.";
    let mut found =
        equivalent(steps, "  - state: as_reference\n  - calls: as_reference\n  - answer: {contains: light}");
    found.retain(|name| name.starts_with("argument"));
    let expected = ["argument log#1.colour: red → re", "argument log#1.colour: red → ree"];
    assert_eq!(found, expected);
}

#[test]
fn another_order_that_a_criterion_asks_for_is_not_held_against_it() {
    let looks = "  - {call: look, args: {lamp: hall}}\n  - {call: look, args: {lamp: attic}}\n  - say: There is light.";
    let names = |expect: &str| {
        let scenario =
            format!("world: shop\nuser: Light the hall and the attic.\nreference:\n{looks}\nexpect:\n{expect}\n");
        let proof = proof(LAMPS, &scenario);
        proof.equivalents.into_iter().map(|e| (e.name, e.passed)).collect::<Vec<_>>()
    };
    let answer = "  - answer: {contains: light}";
    let order = ("look#1 after look#2".to_owned(), Some(true));
    assert!(names(&format!("{answer}\n  - calls: {{match: superset, of: reference}}")).contains(&order));
    let asked = "before: {call: {call: look, args: {lamp: hall}}, then: {call: look, args: {lamp: attic}}}";
    assert!(
        names(&format!("{answer}\n  - {asked}")).iter().all(|(name, passed)| *passed == Some(true) && *name != order.0)
    );
    let bound = names(&format!("{answer}\n  - at_most: {{call: look, times: 2}}"));
    assert!(bound.iter().all(|(name, passed)| *passed == Some(true) && !name.ends_with("asked twice")), "{bound:?}");
    // The order of a reference is one way among others.
    assert!(names(&format!("{answer}\n  - calls: as_reference")).contains(&(order.0, Some(false))));
}

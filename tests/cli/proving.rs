//! `mocktrial check`: what the criteria of a suite are worth.

use crate::support::Project;

const WORLD: &str = r#"
tools:
  - name: get_order
    input_schema:
      type: object
      properties: {order: {type: string}}
      required: [order]
      additionalProperties: false
    annotations: {readOnlyHint: true}
  - name: get_policy
    input_schema: {type: object, properties: {}, additionalProperties: false}
    annotations: {readOnlyHint: true}
  - name: refund
    input_schema:
      type: object
      properties: {order: {type: string}, amount: {type: number}, note: {type: string, default: none}}
      required: [order, amount]
      additionalProperties: false
  - name: close_account
    input_schema:
      type: object
      properties: {order: {type: string}}
      required: [order]
      additionalProperties: false
state:
  orders: {A-1: {total: 42, refunded: 0}, A-2: {total: 7, refunded: 0}}
  closed: []
behaviour:
  get_order:
    rules:
      - when: {if: "args.order not in state.orders"}
        error: There is no such order.
      - result: "{{ state.orders[args.order] }}"
  get_policy:
    rules: [{result: {days: 30}}]
  refund:
    rules:
      - when: {if: "args.order not in state.orders"}
        error: There is no such order.
      - change: [{replace: "/orders/{{ args.order }}/refunded", value: "{{ args.amount }}"}]
        result: {refunded: true}
  close_account:
    rules:
      - change: [{add: /closed/-, value: "{{ args.order }}"}]
        result: {closed: true}
"#;

/// What an author writes who thinks of the tool and not of what it does.
const CARELESS: &str = r#"
title: Refunds a lamp
world: shop
user: Please refund my order A-1, all of it.
reference:
  - {call: get_policy, args: {}}
  - {call: get_order, args: {order: A-1}}
  - {call: refund, args: {order: A-1, amount: 42}}
  - say: Your refund of $42 is on its way.
expect:
  - calls: {match: superset, of: [{call: refund, args: {order: A-1}}], args: superset}
  - answer: {regex: refund}
"#;

/// The same, once the holes are closed.
const CAREFUL: &str = r#"
title: Refunds a lamp
world: shop
user: Please refund my order A-1, all of it.
reference:
  - {call: get_policy, args: {}}
  - {call: get_order, args: {order: A-1}}
  - {call: refund, args: {order: A-1, amount: 42}}
  - say: Your refund of $42 is on its way.
expect:
  - state: as_reference
  - before: {call: {call: get_order, args: {order: A-1}}, then: refund}
  - at_most: {call: refund, times: 1}
  - answer: {number: 42}
check:
  paraphrases:
    - You get your 42 dollars back.
"#;

fn shop(scenario: &str) -> Project {
    let project = Project::new("");
    project.write("scenarios/shop/worlds/shop.yaml", WORLD);
    project.write("scenarios/shop/lamp.yaml", scenario);
    project
}

#[test]
fn a_careless_author_is_told_in_words_what_nothing_checks() {
    let ran = shop(CARELESS).run(&["check"]).expect(1);
    insta::assert_snapshot!("careless", ran.out);
}

#[test]
fn criteria_without_a_hole_catch_every_mutant_and_pass_every_equivalent() {
    let project = shop(CAREFUL);
    let ran = project.run(&["check", "--verbose", "--min-caught", "100", "--min-equivalents", "100"]).expect(0);
    insta::assert_snapshot!("careful", ran.out);
    let json = project.run(&["check", "--format", "json"]).expect(0);
    assert_eq!(json.out, project.run(&["check", "--format", "json"]).out, "the same every time");
    let report = json.json();
    assert_eq!(report["mutants"]["rate"], 1.0);
    let scenario = &report["scenarios"][0];
    assert_eq!(scenario["caught"]["part"], scenario["caught"]["of"]);
    let kinds: std::collections::BTreeSet<&str> =
        scenario["mutants"].as_array().unwrap().iter().filter_map(|m| m["kind"].as_str()).collect();
    let all = ["answer", "argument", "drop", "duplicate", "forbidden", "negate", "stop", "swap"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    assert_eq!(scenario["criteria"].as_array().unwrap().len(), 5, "four, and that the episode completes");
}

#[test]
fn a_mutant_that_is_accepted_with_a_reason_is_no_longer_counted() {
    let hole = CAREFUL.replace("  - at_most: {call: refund, times: 1}\n", "");
    let json = |scenario: &str, code| {
        shop(scenario).run(&["check", "--format", "json", "--min-caught", "100"]).expect(code).json()
    };
    let before = json(&hole, 0);
    assert_eq!(before["scenarios"][0]["accepted"], 0, "a refund made twice is the same as one, so nobody is harmed");
    let hole = CAREFUL.replace("  - answer: {number: 42}\n", "  - answer: {regex: refund|back}\n");
    let open = json(&hole, 1);
    assert_eq!(open["scenarios"][0]["survivors"][0]["accept_as"], "answer 42");
    let accepted = "check:\n  accept:\n    - {mutant: answer 42, why: the bank names the amount}\n    - {mutant: negate answer, why: nobody would}\n";
    let closed = json(&hole.replace("check:\n", accepted), 0);
    assert_eq!(closed["scenarios"][0]["accepted"], 2);
    let (open, closed) = (&open["mutants"], &closed["mutants"]);
    assert_eq!(open["of"].as_u64().unwrap() - 2, closed["of"].as_u64().unwrap());
    assert_eq!(open["part"], closed["part"]);
}

#[test]
fn a_name_that_no_mutant_has_is_a_mistake_with_the_one_that_was_meant() {
    let accept = "check:\n  accept:\n    - {mutant: drop get_polcy#1, why: a reason}\n";
    let ran = shop(&CAREFUL.replace("check:\n", accept)).run(&["check"]).expect(1);
    assert!(ran.out.contains("this scenario has no mutant `drop get_polcy#1`"), "{}", ran.out);
    assert!(ran.out.contains("scenarios/shop/lamp.yaml:17:16"), "{}", ran.out);
    assert!(ran.out.contains("did you mean `drop get_policy#1`?"), "{}", ran.out);
}

#[test]
fn what_is_accepted_and_does_not_pass_is_warned_of() {
    let accept = "check:\n  accept:\n    - {mutant: drop refund#1, why: a reason}\n";
    let ran = shop(&CAREFUL.replace("check:\n", accept)).run(&["check"]).expect(0);
    assert!(ran.err.contains("`drop refund#1` does not pass, so there is nothing to accept"), "{}", ran.err);
}

#[test]
fn a_criterion_that_accepts_one_way_alone_is_told_by_the_equivalent_that_it_fails() {
    let pinned = CAREFUL
        .replace("  - at_most:", "  - calls: {match: in_order, of: reference}\n  - at_most:")
        .replace("{number: 42}", "{contains: $42 is}");
    let report = shop(&pinned).run(&["check", "--format", "json"]).expect(1).json();
    let failing: Vec<&str> = report["scenarios"][0]["equivalents"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["passed"] == false)
        .filter_map(|e| e["name"].as_str())
        .collect();
    let expected = [
        "get_policy#1 after get_order#1",
        "amounts as $42.00",
        "amounts as 42.00 USD",
        "amounts as USD 42.00",
        "amounts as 42 dollars",
        "paraphrase 1",
    ];
    assert_eq!(failing, expected);
    let text = shop(&pinned).run(&["check"]).expect(1).out;
    let told = "this fails an agent that does the same as the reference (get_policy#1 after get_order#1)";
    assert!(
        text.contains(told) && text.lines().last().unwrap().starts_with("failed: too few equivalents pass"),
        "{text}"
    );
}

#[test]
fn what_is_suspicious_raises_an_alarm_and_fails_nobody() {
    let world = WORLD.replace("      - change: [{replace: \"/orders/{{ args.order }}/refunded\", value: \"{{ args.amount }}\"}]\n        result", "      - result");
    assert_ne!(world, WORLD);
    let scenario = r#"
title: Refunds a lamp
world: shop
user: Please refund my order A-1, all of it.
reference:
  - {call: refund, args: {order: A-1, amount: 42}}
  - say: Your refund is on its way.
expect:
  - state: as_reference
  - calls: {match: superset, of: reference}
  - at_most: {call: refund, times: 9}
  - answer: {contains: refund}
"#;
    let project = shop(scenario);
    project.write(
        "scenarios/shop/worlds/shop.yaml",
        &world.replace("  - name: refund\n", "  - name: refund\n    annotations: {readOnlyHint: false}\n"),
    );
    let ran = project.run(&["check"]).expect(0);
    let warnings: Vec<&str> = ran.err.lines().filter(|l| l.starts_with("warning")).collect();
    let expected = [
        "warning: this call of `refund` leaves the world as it was",
        "warning: the reference leaves the world as it was, so this says only that nothing may change",
        "warning: none of 18 agents fails this `at_most`",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn of_many_scenarios_those_are_listed_that_are_not_in_order() {
    let project = shop(CAREFUL);
    for i in 0..60 {
        project.write(&format!("scenarios/shop/lamp-{i:02}.yaml"), CAREFUL);
    }
    project.write("scenarios/shop/hole.yaml", CARELESS);
    let out = project.run(&["check"]).expect(0).out;
    assert!(out.contains("  (61 scenarios without a hole not listed; --verbose lists all)"), "{out}");
    assert!(out.contains("  shop/hole") && !out.contains("  shop/lamp"), "{out}");
    assert!(project.run(&["check", "--verbose"]).expect(0).out.contains("  shop/lamp-59"));
}

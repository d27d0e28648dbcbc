//! `mocktrial compare`.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;

/// Three scenarios, two endpoints: one of them takes the wrong thing on the first scenario.
fn project() -> Project {
    let server = serve(|asked| {
        let takes_wrong = asked.body["model"] == "careless" && asked.body.to_string().contains("lamp, please");
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        if takes_wrong && !done {
            let call = json!({"id": "c", "type": "function", "function": {"name": "take", "arguments": "{\"id\": 2}"}});
            let message = json!({"role": "assistant", "content": null, "tool_calls": [call]});
            return Some(respond(200, &completion(&message, "tool_calls")));
        }
        Some(good(asked))
    });
    let second =
        chat(&server, "").replace("endpoints.model", "endpoints.other").replace("model = \"", "model = \"careless\" #");
    let (_, second) = second.split_once("[endpoints").unwrap();
    let project = Project::with_scenarios(&(chat(&server, "") + "\n[endpoints" + second), 2);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    project.write("scenarios/shop/polite.yaml", &lamp.replace("Take item 1 and", "The lamp, please: take item 1 and"));
    project
}

fn without_times(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("model time")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn endpoints_of_a_run_are_compared_with_the_call_in_which_they_part() {
    let project = project();
    project.run(&["run", "-t", "3", "--quiet"]).expect(0);
    let said = project.run(&["compare"]).expect(0).out;
    insta::assert_snapshot!("endpoints", without_times(&said));
    let document = project.run(&["compare", "--format", "json"]).expect(0).json();
    let pair = &document["pairs"][0];
    assert_eq!((&pair["treatment"], &pair["scenarios"]), (&json!(["model"]), &json!(3)));
    assert_eq!(pair["flips"][0]["divergences"][0]["how"]["path"], "/id");
}

#[test]
fn runs_are_compared_on_the_scenarios_whose_instruments_are_equal() {
    let project = project();
    project.run(&["run", "-t", "2", "-e", "model", "--quiet"]).expect(0);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    project
        .write("scenarios/shop/lamp.yaml", &lamp.replace("answer: {contains: lamp}", "answer: {contains: the lamp}"));
    project.write("scenarios/shop/new.yaml", &lamp);
    project.run(&["run", "-t", "2", "-e", "model", "--quiet"]).expect(0);
    let document = project.run(&["compare", "last~1", "last", "--format", "json"]).expect(0).json();
    let pair = &document["pairs"][0];
    let left_out = json!([
        {"scenario": "shop/lamp", "why": "criteria_differ"}, {"scenario": "shop/new", "why": "only_first"}
    ]);
    assert_eq!((&pair["left_out"], &pair["verdict"]), (&left_out, &json!("undecided")));
    let said = project.run(&["compare", "last~1", "last"]).expect(0).out;
    assert!(said.contains("nothing differs between the endpoints"), "{said}");
    assert!(said.contains("0 points (−100 to +100 at 95 % confidence), p = 1.00"), "{said}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let project = project();
    project.run(&["run", "-e", "model", "--quiet"]).expect(0);
    let alone = project.run(&["compare"]).expect(2).err;
    assert!(alone.contains("the run has one endpoint"), "{alone}");
    project.run(&["run", "-e", "other", "-s", "shop/polite", "--quiet"]).expect(0);
    let one = project.run(&["compare", "last~1", "last"]).expect(5).out;
    assert!(one.contains("No answer: one scenario alone says nothing"), "{one}");
    project.run(&["run", "--failed", "last", "--quiet"]).expect(0);
    let selected = project.run(&["compare", "last~2", "last"]).expect(5).out;
    assert!(selected.contains("claims no rate"), "{selected}");
    let unknown = project.run(&["compare", "-e", "modell"]).expect(2).err;
    assert!(unknown.contains("no run has the endpoint `modell`"), "{unknown}");
}

#[test]
fn what_is_in_quarantine_is_left_out_and_the_difference_with_it_is_shown() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = |until: &str| {
        format!(
            "{config}\n[[quarantine]]\nscenario = \"shop/polite\"\nuntil = \"{until}\"\nwhy = \"its world is slow\"\n"
        )
    };
    project.write("mocktrial.toml", &held("2999-12-31"));
    let document = project.run(&["compare", "--format", "json"]).expect(0).json();
    let pair = &document["pairs"][0];
    assert_eq!(pair["left_out"], json!([{"scenario": "shop/polite", "why": "quarantined"}]));
    assert_eq!((&pair["scenarios"], &pair["delta"]["value"]), (&json!(2), &json!(0.0)));
    assert_eq!(pair["with_quarantined"]["scenarios"], 3);
    assert!(pair["with_quarantined"]["delta"]["value"].as_f64().unwrap() > 0.3, "{pair}");
    let said = project.run(&["compare"]).expect(0).out;
    assert!(said.contains("left out: 1 scenario in quarantine"), "{said}");
    assert!(said.contains("with what is in quarantine, 3 scenarios: +33 points"), "{said}");
    // Once it is over, it counts again, and that is said.
    project.write("mocktrial.toml", &held("2020-12-31"));
    let over = project.run(&["compare"]).expect(0);
    assert!(over.err.contains("the quarantine of `shop/polite` is over"), "{}", over.err);
    assert!(!over.out.contains("quarantine"), "{}", over.out);
}

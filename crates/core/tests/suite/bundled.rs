//! The project's own suite, and the published schemas.

use mocktrial_core::check::{Count, prove};
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::session::numbered_call;
use mocktrial_core::suite::{Limits, Project, Suite, kinds, schema};
use mocktrial_trajectory::{Arguments, Part};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn suite() -> Suite {
    Project::open(&root()).unwrap().load().unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn validator(kind: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&schema(kind).unwrap()).unwrap()
}

#[test]
fn every_kind_has_a_schema_with_a_title_that_is_the_same_every_time() {
    let titles: Vec<String> = kinds()
        .iter()
        .map(|(kind, _)| {
            let one = schema(kind).unwrap();
            assert_eq!(one.to_string(), schema(kind).unwrap().to_string());
            assert!(jsonschema::meta::is_valid(&one), "{kind}");
            assert_eq!(one["$schema"], "https://json-schema.org/draft/2020-12/schema");
            one["title"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected = [
        "mocktrial.toml",
        "mocktrial scenario",
        "mocktrial world",
        "mocktrial criterion",
        "mocktrial endpoint",
        "mocktrial protocol",
    ];
    assert_eq!(titles, expected);
    assert_eq!(schema("trial"), None);
}

#[test]
fn a_scenario_schema_knows_every_key_and_every_grader() {
    let scenario = schema("scenario").unwrap();
    let keys: Vec<&String> = scenario["properties"].as_object().unwrap().keys().collect();
    let expected = [
        "title",
        "description",
        "tags",
        "world",
        "system",
        "user",
        "state",
        "tools",
        "reference",
        "references",
        "inaction",
        "expect",
        "limits",
        "check",
        "cases",
        "variants",
        "key",
    ];
    assert_eq!(keys, expected);
    let validator = validator("scenario");
    let with = |expect: Value| serde_json::json!({"world": "w", "user": "u", "expect": expect});
    assert!(validator.is_valid(&with(serde_json::json!([{"answer": {"contains": "x"}}]))));
    assert!(!validator.is_valid(&with(serde_json::json!([{"anwser": {"contains": "x"}}]))));
    assert!(!validator.is_valid(&with(serde_json::json!([]))));
}

#[test]
fn the_bundled_suite_loads_without_a_warning() {
    let project = Project::open(&root()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(project.warnings, []);
    let suite = project.load().unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(suite.warnings, []);
    assert!(suite.scenarios.len() >= 46 && suite.worlds.len() >= 7);
}

#[test]
fn the_bundled_suite_shows_graders_of_order_errors_effects_and_effort_and_needs_no_judge() {
    let suite = suite();
    let criteria = || suite.scenarios.iter().flat_map(|s| s.criteria.iter());
    let used: BTreeSet<&str> = criteria().map(|c| c.grader.as_str()).collect();
    let shown = ["after", "any", "between", "confirmation", "efficiency", "eventually", "milestones", "recovery"];
    for grader in shown.iter().chain(&["script", "side_effects"]) {
        assert!(used.contains(grader), "{grader} is in none of {used:?}");
    }
    assert!(!used.contains("judge") && !used.contains("verify"), "{used:?}");
    let effort: Vec<_> = criteria().filter(|c| c.grader == "efficiency").map(|c| &c.measure).collect();
    assert!(effort.iter().all(|measure| *measure == "effort"), "it decides no pass: {effort:?}");
}

#[test]
fn the_bundled_criteria_pass_what_they_should_and_fail_what_they_should() {
    let (mut caught, mut passed) = (Count::default(), Count::default());
    for scenario in suite().scenarios {
        let proof = block_on(async {
            let ready = ReadyScenario::new(scenario).await.unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
            prove(&ready, Limits::default(), None).await
        });
        assert!(proof.mistakes.is_empty(), "{}", proof.mistakes.iter().map(|m| m.render(false)).collect::<String>());
        assert_eq!(proof.warnings, [], "{}", proof.scenario);
        caught = caught + proof.caught();
        passed = passed + proof.passed();
    }
    assert!(caught.whole >= 500 && caught.rate() >= 0.95, "{caught:?}");
    assert!(passed.whole >= 120 && passed.rate() >= 0.98, "{passed:?}");
}

#[test]
fn an_endless_amount_is_short_of_funds_and_no_fault_of_the_bank() {
    let scenario = suite().scenarios.into_iter().find(|s| &*s.id == "bank/not-enough").unwrap();
    let told = |amount: &str| {
        block_on(async {
            let ready = ReadyScenario::new(scenario.clone()).await.unwrap();
            let text = format!(r#"{{"from_account": "JNT-310098", "to_account": "CHK-204417", "amount": {amount}}}"#);
            let call = numbered_call(1, "transfer", Arguments::parse(text));
            let (_, result) = ready.session(None, Limits::default()).call(&call).await.unwrap();
            match &result.content[..] {
                [Part::Text { text }] => text.clone(),
                other => panic!("{other:?}"),
            }
        })
    };
    let short = r#"{"error":{"message":"Insufficient funds: JNT-310098 is short of this amount."}}"#;
    for amount in ["1e307", "1e300", "88.11", "88.105", "9223372036854775807"] {
        assert_eq!(told(amount), short, "{amount}");
    }
    assert_eq!(told("88.1"), r#"{"done":true,"from_account":"JNT-310098","to_account":"CHK-204417","amount":88.1}"#);
}

#[test]
fn the_bundled_protocol_is_about_scenarios_and_endpoints_that_there_are() {
    let project = Project::open(&root()).unwrap();
    let protocol = project.protocol(&root().join("scenarios/protocols/bigger-is-better.toml")).unwrap();
    assert_eq!(protocol.endpoints(), ["qwen2.5-1.5b", "smollm2-135m"]);
    assert_eq!(project.protocol_hash(&protocol.file), Some(mocktrial_core::suite::protocol_hash(&protocol.text)));
    assert_eq!(project.protocol_hash("../outside.toml"), None);
    let suite = suite();
    let picked = protocol.pick(&suite, |_| false).unwrap();
    assert_eq!(picked.scenarios.len(), suite.scenarios.len());
    assert!(picked.about[0].is_none() && picked.about[1].as_ref().is_some_and(|names| names.len() == 9));
    let fewer = protocol.pick(&suite, |s| s.tags.contains("policy")).unwrap_err().render(false);
    assert!(fewer.contains("this picks"), "{fewer}");
}

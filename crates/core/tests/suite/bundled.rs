//! The project's own suite, and the published schemas.

use mocktrial_core::suite::{Project, kinds, schema};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
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
    let expected =
        ["mocktrial.toml", "mocktrial scenario", "mocktrial world", "mocktrial criterion", "mocktrial endpoint"];
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
        "cases",
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
    assert!(suite.scenarios.len() >= 30 && suite.worlds.len() >= 6);
}

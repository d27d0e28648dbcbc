//! Agreement with reference vectors computed by numpy and scipy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../examples/vectors/agreement.rs"]
mod agreement;
#[path = "../examples/vectors/methods.rs"]
mod methods;

use serde_json::{Value, json};

#[test]
fn every_reference_vector_agrees() {
    let file: Value = serde_json::from_str(include_str!("data/vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let wrong: Vec<String> =
        vectors.iter().filter_map(|v| agreement::disagreement(v).map(|why| format!("{}: {why}", v["id"]))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(vectors.len() > 180, "only {} vectors", vectors.len());
}

#[test]
fn a_wrong_value_a_missing_part_and_an_unknown_method_disagree() {
    let vector = |expected: Value| json!({"method": "seq_gate", "inputs": {"x": [], "p0": 0.9, "half": 0.1}, "expected": expected, "tol": 1e-9});
    let right = json!({"log_e_pass": 0.0, "log_e_fail": "-inf", "verdict": "continue"});
    assert_eq!(agreement::disagreement(&vector(right.clone())), None);
    for (part, wrong) in [("log_e_pass", json!(1e-8)), ("log_e_fail", json!(null)), ("verdict", json!("pass"))] {
        let mut expected = right.clone();
        expected[part] = wrong;
        assert!(agreement::disagreement(&vector(expected)).is_some(), "{part}");
    }
    assert!(agreement::disagreement(&vector(json!({"log_e_pass": 0.0}))).is_some());
    let unknown = json!({"method": "sorcery", "inputs": {}, "expected": null, "tol": 1.0});
    assert!(agreement::disagreement(&unknown).unwrap().contains("not known"));
}

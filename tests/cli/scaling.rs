//! `mocktrial scaling`.

use crate::bundled::{copy, mocktrial, recorded};
use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};

/// Likes every answer that sounds helpful, right or not.
const VERIFIER: &str = r#"
[verifiers.helpful]
command = ["sh", "-c", 'case "$(cat)" in *"Here is"*) echo "{\"score\": 0.9}";; *) echo "{\"score\": 0.2}";; esac']
"#;

/// Four scenarios, two efforts of one model: the higher answers rightly more often, and writes more.
fn project() -> Project {
    let server = serve(|asked| {
        if asked.results() == 0 {
            return Some(good(asked));
        }
        let seed = asked.body["seed"].as_u64().unwrap_or(0);
        let thinks = asked.body["reasoning_effort"] == "high";
        let answer = match seed % 4 {
            0 => "Here is the kettle.",
            1 if !thinks => "I have it.",
            2 if !thinks => "There it is.",
            _ => "Here is the lamp.",
        };
        let mut body = completion(&json!({"role": "assistant", "content": answer}), "stop");
        if thinks {
            body["usage"]["completion_tokens"] = 45.into();
        }
        Some(respond(200, &body))
    });
    let endpoint = |name: &str, effort: &str| {
        chat(&server, "price = {input = 10.0, output = 40.0}")
            .replace("endpoints.model", &format!("endpoints.{name}"))
            .replace("max_tokens = 50", &format!("max_tokens = 50, reasoning_effort = \"{effort}\""))
    };
    let project = Project::new(&(endpoint("deep", "high") + &endpoint("quick", "low") + VERIFIER));
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for n in 0..4 {
        project.write(
            &format!("scenarios/shop/lamp-{n}.yaml"),
            &(lamp.clone() + "  - {verify: {by: helpful}, measure: help}\n"),
        );
    }
    std::fs::remove_file(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    project
}

fn named(project: &Project, text: &str) -> String {
    text.replace(project.runs().last().unwrap().file_stem().unwrap().to_str().unwrap(), "RUN")
}

#[test]
fn more_attempts_are_worth_what_a_verifier_makes_of_them() {
    let project = project();
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    insta::assert_snapshot!("verified", named(&project, &project.run(&["scaling"]).expect(0).out));
    let document = project.run(&["scaling", "--format", "json", "-e", "quick"]).expect(0).json();
    assert_eq!((&document["kind"], &document["endpoints"][0]["effort"]["word"]), (&json!("scaling"), &json!("low")));
    assert!(document["endpoints"][0].get("extrapolated").is_none());
    let verified = &document["endpoints"][0]["verified"][0];
    assert_eq!((&verified["verifier"], &verified["scenarios"]), (&json!("verify help"), &json!(4)));
    let at = |points: &Value, rate: &str, k: usize| points[k - 1][rate]["value"].as_f64().unwrap();
    let points = &document["endpoints"][0]["points"];
    for k in 1..=4 {
        let (best, perfect) = (at(&verified["points"], "best_of", k), at(points, "pass_at", k));
        assert!(best <= perfect + 1e-12, "{k}: {best} {perfect}");
    }
    assert!((at(&verified["points"], "best_of", 1) - at(points, "pass_at", 1)).abs() < 1e-12);
    let ways: Vec<&Value> = document["fronts"].as_array().unwrap().iter().map(|f| &f["way"]).collect();
    assert_eq!(ways, [&json!("perfect_verifier"), &json!("majority"), &json!({"verifier": "verify help"})]);
}

#[test]
fn a_narrow_terminal_shows_the_same() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let ran = project.command(&["scaling"]).env("COLUMNS", "46").output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.lines().all(|line| line.chars().count() <= 46), "{said}");
    insta::assert_snapshot!("narrow", named(&project, &said));
}

#[test]
fn what_is_extrapolated_says_what_it_assumes() {
    let folder = copy();
    recorded(folder.path(), &["-t", "3"]);
    let said = mocktrial(folder.path(), &["scaling", "--extrapolate"]).expect(0).out;
    let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("run ")).collect();
    insta::assert_snapshot!("extrapolated", said.join("\n"));
}

#[test]
fn what_cannot_be_scaled_is_said() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let unknown = project.run(&["scaling", "-e", "deeper"]).expect(2).err;
    assert!(unknown.contains("the run has no endpoint `deeper`; it has deep, quick"), "{unknown}");
    project.run(&["run", "--failed", "last", "--quiet"]).expect(0);
    let selected = project.run(&["scaling"]).expect(5).out;
    assert!(selected.contains("No answer: ") && selected.contains("claims no rate"), "{selected}");
}

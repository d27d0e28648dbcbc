//! `mocktrial health`.

use crate::support::{Asked, Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const LAMP: &str = r#"
world: shop
user: ["Take item 1 and say its name."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
"#;

fn says(text: &str) -> String {
    respond(200, &completion(&json!({"role": "assistant", "content": text}), "stop"))
}

fn grades(met: bool) -> String {
    let arguments = json!({"c1": {"reason": "so it seems", "met": met}}).to_string();
    let call = json!({"id": "g", "type": "function", "function": {"name": "give_grades", "arguments": arguments}});
    respond(200, &completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"))
}

/// Whether a trial is one of the third in which something goes wrong.
fn unlucky(asked: &Asked) -> bool {
    asked.body["seed"].as_u64().is_some_and(|seed| seed.is_multiple_of(3))
}

/// Five scenarios: one that all pass, one that none passes, one on which models vary, one whose judges are at odds, and one
/// whose provider often fails.
fn project() -> Project {
    let asked_moody = AtomicUsize::new(0);
    let server = serve(move |asked| {
        let body = asked.body.to_string();
        Some(match asked.body["model"].as_str().unwrap_or_default() {
            "careful" => grades(true),
            "strict" => grades(false),
            "moody" => grades(asked_moody.fetch_add(1, Ordering::SeqCst).is_multiple_of(3)),
            _ if body.contains("never") => says("I cannot."),
            _ if body.contains("perhaps") && unlucky(asked) => says("I would rather not."),
            _ if body.contains("far away") && unlucky(asked) => respond(500, &json!({"error": {"message": "down"}})),
            _ => good(asked),
        })
    });
    let one = chat(&server, "").replace("retries = 1", "retries = 0");
    let named = |section: &str, model: &str| {
        one.replace("endpoints.model", section).replace("model = \"m\"", &format!("model = \"{model}\""))
    };
    let judge = |name: &str| named(&format!("judges.{name}"), name);
    let config =
        [one.clone(), named("endpoints.other", "n"), judge("careful"), judge("strict"), judge("moody")].join("\n");
    let project = Project::new(&config);
    project.write("scenarios/shop/lamp.yaml", LAMP);
    for (name, words) in [("never", "never"), ("perhaps", "perhaps"), ("far", "far away")] {
        project.write(&format!("scenarios/shop/{name}.yaml"), &LAMP.replace("Take", &format!("Take, {words},")));
    }
    let judged = "judge: {by: [careful, strict, moody], rubric: [\"It is polite.\"]}";
    project.write("scenarios/shop/judged.yaml", &LAMP.replace("answer: {contains: lamp}", judged));
    project
}

/// One endpoint after the other, so that a moody judge's mood is spread evenly over both.
fn run(project: &Project, trials: &str) {
    for endpoint in ["model", "other"] {
        project.run(&["run", "-t", trials, "-e", endpoint, "-j", "1", "--name", endpoint, "--quiet"]);
    }
}

fn scenario<'a>(document: &'a Value, name: &str) -> &'a Value {
    let all = document["scenarios"].as_array().unwrap();
    all.iter().find(|s| s["scenario"] == name).unwrap()
}

#[test]
fn what_is_unreliable_is_kept_apart_from_what_merely_varies() {
    let project = project();
    run(&project, "8");
    let named = |n: usize| project.runs()[n].file_stem().unwrap().to_string_lossy().into_owned();
    let said = project.run(&["health", "last~1", "last"]).expect(0).out;
    // Which trial is met by which mood depends on when its judge is asked; how many are does not.
    let said = (1..=8).fold(said, |said, n| said.replace(&format!("trial {n}"), "trial N"));
    insta::assert_snapshot!("health", said.replace(&named(1), "SECOND").replace(&named(0), "FIRST"));
    let document = project.run(&["health", "last~1", "last", "--format", "json"]).expect(0).json();
    assert_eq!((&document["version"], &document["kind"]), (&json!(1), &json!("health")));
    let of = |name| {
        let found = scenario(&document, name);
        (found["reliability"].as_str().unwrap(), found["outcomes"].as_str().unwrap())
    };
    assert_eq!(of("shop/lamp"), ("no_sign", "never_failed"));
    assert_eq!(of("shop/never"), ("no_sign", "never_passed"));
    assert_eq!(of("shop/judged").0, "unreliable");
    assert_eq!(of("shop/far").0, "unreliable");
    assert_eq!(of("shop/perhaps").0, "no_sign");
    let signs = scenario(&document, "shop/judged")["signs"].as_array().unwrap();
    let kinds: Vec<&Value> = signs.iter().map(|s| &s["type"]).collect();
    assert_eq!(kinds, ["graded_otherwise", "judges_split"]);
    // Eight trials settle little.
    assert_eq!(scenario(&document, "shop/lamp")["cells"][0]["class"], "undetermined");
    let narrow = project.command(&["health", "last~1", "last"]).env("COLUMNS", "44").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    assert!(narrow.lines().all(|l| l.chars().count() <= 44), "{narrow}");
}

#[test]
fn runs_are_put_together_where_their_instruments_are_equal() {
    let project = project();
    let run =
        |project: &Project| project.run(&["run", "-t", "10", "-e", "model", "-s", "shop/{lamp,never}", "--quiet"]);
    run(&project).expect(0);
    project.write("scenarios/shop/never.yaml", &LAMP.replace("Take", "Take, never ever,"));
    run(&project).expect(0);
    let document = project.run(&["health", "last~1", "last", "last", "--format", "json"]).expect(0).json();
    let cell = |name| &scenario(&document, name)["cells"][0];
    assert_eq!((&cell("shop/lamp")["counted"], &cell("shop/lamp")["class"]), (&json!(20), &json!("stable_pass")));
    assert_eq!(cell("shop/never")["counted"], 10);
    assert_eq!(
        (&document["apart"][0]["scenario"], &document["apart"][0]["trials"]),
        (&json!("shop/never"), &json!(10))
    );
    project.run(&["run", "--failed", "last", "--quiet"]).expect(0);
    let refused = project.run(&["health"]).expect(2).err;
    assert!(refused.contains("says nothing on how scenarios fare"), "{refused}");
}

#[test]
fn a_quarantine_is_justified_by_unreliability_only() {
    let project = project();
    run(&project, "6");
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = |scenario: &str, until: &str| {
        format!("\n[[quarantine]]\nscenario = \"shop/{scenario}\"\nuntil = \"{until}\"\nwhy = \"it is red\"\n")
    };
    let all = [held("judged", "2999-01-31"), held("never", "2999-01-31"), held("lamp", "2020-01-31")].concat();
    project.write("mocktrial.toml", &(config + &all));
    let ran = project.run(&["health", "last~1", "last"]).expect(0);
    assert!(ran.err.contains("the quarantine of `shop/lamp` is over"), "{}", ran.err);
    let at = ran.out.find("In quarantine").unwrap();
    insta::assert_snapshot!("quarantine", &ran.out[at..]);
    let document = project.run(&["health", "last~1", "last", "--format", "json"]).expect(0).json();
    let states: Vec<&Value> = document["quarantine"].as_array().unwrap().iter().map(|q| &q["reliability"]).collect();
    assert_eq!(states, ["unreliable", "no_sign", "no_sign"]);
}

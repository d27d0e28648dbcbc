//! `mocktrial power`.

use crate::bundled::{copy, mocktrial, recorded};
use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;

/// Six scenarios, two endpoints: one of them forgets the lamp in some trials of each.
fn project() -> Project {
    let server = serve(|asked| {
        let seed = asked.body["seed"].as_u64().unwrap_or(0);
        if asked.body["model"] == "forgetful" && seed % 3 == 0 {
            let answer = json!({"role": "assistant", "content": "I have it."});
            return Some(respond(200, &completion(&answer, "stop")));
        }
        Some(good(asked))
    });
    let endpoint = |name: &str, model: &str| {
        chat(&server, "price = {input = 10.0, output = 40.0}")
            .replace("endpoints.model", &format!("endpoints.{name}"))
            .replace("model = \"m\"", &format!("model = \"{model}\""))
    };
    Project::with_scenarios(&(endpoint("new", "forgetful") + &endpoint("old", "m")), 6)
}

#[test]
fn a_pilot_says_what_a_plan_can_find_out() {
    // Recorded, with the times that it took then.
    let folder = copy();
    recorded(folder.path(), &["-t", "2", "--name", "pilot"]);
    let pilot = mocktrial_store::names::list(&folder.path().join(".mocktrial/runs")).unwrap();
    let pilot = pilot[0].to_str().unwrap();
    let shown = |args: &[&str]| {
        let all: Vec<&str> = ["power", pilot].iter().chain(args).copied().collect();
        let said = mocktrial(folder.path(), &all).expect(0).out;
        said.replace(std::path::Path::new(pilot).file_stem().unwrap().to_str().unwrap(), "RUN")
    };
    insta::assert_snapshot!("suite", shown(&[]));
    insta::assert_snapshot!("population", shown(&["--scope", "population", "--mde", "0.08", "--trials", "3"]));
    insta::assert_snapshot!("one_endpoint", shown(&["-e", "qwen2.5-1.5b", "--scenarios", "80"]));
}

#[test]
fn a_plan_is_a_document_too() {
    let project = project();
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let ran = project.run(&["power", "--format", "json", "--scope", "population", "--trials", "2"]);
    let document = ran.expect(0).json();
    assert_eq!((&document["kind"], &document["terms"]["scope"]), (&json!("power"), &json!("population")));
    assert_eq!((&document["design"]["episodes"], document["table"].as_array().unwrap().len()), (&json!(24), 18));
    let cost = &document["design"]["cost"];
    assert!(cost["low"].as_f64() <= cost["value"].as_f64() && cost["value"].as_f64() > Some(0.0), "{cost}");
    assert!(document["for_gate"]["amount"]["measured"].as_u64().unwrap() > 6);
}

#[test]
fn a_narrow_terminal_shows_the_same() {
    let project = project();
    project.run(&["run", "-t", "2", "-e", "new", "--quiet"]).expect(0);
    let ran = project.command(&["power", "--scenarios", "24", "--trials", "4"]).env("COLUMNS", "50").output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.lines().all(|line| line.chars().count() <= 50), "{said}");
    assert!(said.contains("24 scenarios × 32 trials\n") && said.contains("power at 10: "), "{said}");
}

#[test]
fn what_cannot_be_foreseen_is_said() {
    let project = project();
    project.run(&["run", "-s", "shop/lamp", "--quiet"]).expect(0);
    let one = project.run(&["power"]).expect(5).out;
    assert!(
        one.contains("No answer: a plan needs trials that count on at least two scenarios, and this pilot has them"),
        "{one}"
    );
    let unknown = project.run(&["power", "-e", "newer"]).expect(2).err;
    assert!(unknown.contains("the run has no endpoint `newer`; it has new, old"), "{unknown}");
    for (option, value) in
        [("--margin", "5"), ("--mde", "0"), ("--power", "1"), ("--alpha", "0.9"), ("--scenarios", "1")]
    {
        project.run(&["power", option, value]).expect(2);
    }
    let many = Project::new(
        &["a", "b", "c"].map(|n| chat("http://127.0.0.1:9/v1", "").replace("model]", &format!("{n}]"))).concat(),
    );
    let ran = many.run(&["run", "-e", "reference", "-e", "null", "-e", "echo", "--quiet"]);
    assert!(ran.code.is_some());
    let which = many.run(&["power"]).expect(2).err;
    assert!(which.contains("the run has 3 endpoints (reference, null, echo): say --endpoint"), "{which}");
}

#[test]
fn what_is_in_quarantine_is_left_out_of_the_pilot() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let all = project.run(&["power", "--format", "json"]).expect(0).json();
    assert_eq!((&all["quarantined"], &all["pilot"]["units"]), (&json!(0), &json!(6)));
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = |name: &str, until: &str| {
        format!("\n[[quarantine]]\nscenario = \"{name}\"\nuntil = \"{until}\"\nwhy = \"its world is slow\"\n")
    };
    let two = held("shop/lamp", "2999-12-31") + &held("shop/lamp-001", "2999-12-31");
    project.write("mocktrial.toml", &(config.clone() + &two + &held("shop/lamp-002", "2020-12-31")));
    let some = project.run(&["power", "--format", "json"]).expect(0).json();
    assert_eq!(
        (&some["quarantined"], &some["pilot"]["units"], &some["pilot"]["left_out"]),
        (&json!(2), &json!(4), &json!(0))
    );
    assert_eq!(some["pilot"]["first"]["counted"], 8);
    let ran = project.run(&["power", "-e", "new"]).expect(0);
    assert!(ran.out.contains("Left out: 2 scenarios in quarantine."), "{}", ran.out);
    assert!(ran.err.contains("the quarantine of `shop/lamp-002` is over"), "{}", ran.err);
    // Where too little is left, the reason is said.
    let most: String = (0..4).map(|n| held(&format!("shop/lamp-{n:03}"), "2999-12-31")).collect();
    project.write("mocktrial.toml", &(config + &held("shop/lamp", "2999-12-31") + &most));
    let refused = project.run(&["power"]).expect(5).out;
    assert!(refused.contains("No answer") && refused.contains("Left out: 5 scenarios in quarantine."), "{refused}");
}

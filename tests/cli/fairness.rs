//! `mocktrial fairness`.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;

const VARIED: &str = r#"
world: shop
user: ["I am ${who}. Take item 1 and say its name, NUMBER."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
variants: [{name: ayse, who: Ayşe}, {name: john, who: John}, {name: maria, who: María}]
"#;

/// Scenarios with variants under two endpoints: one now and then refuses anybody, one mostly John. Beside them, a scenario
/// without variants.
fn project(scenarios: usize) -> Project {
    let server = serve(|asked| {
        let body = asked.body.to_string();
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        let seed = asked.body["seed"].as_u64().unwrap_or(0);
        // Variants share their seeds: the names must make the chance differ.
        let mixed = body.bytes().fold(seed, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(b)));
        let refuses = match asked.body["model"].as_str() {
            Some("partial") => body.contains("John") && seed % 8 != 0,
            _ => mixed >> 32 & 3 == 0,
        };
        if done && refuses {
            let refusal = json!({"role": "assistant", "content": "No."});
            return Some(respond(200, &completion(&refusal, "stop")));
        }
        Some(good(asked))
    });
    let one = chat(&server, "");
    let other = one.replace("endpoints.model", "endpoints.partial").replace("model = \"m\"", "model = \"partial\"");
    let project = Project::new(&(one + &other));
    for n in 0..scenarios {
        project.write(&format!("scenarios/shop/who-{n}.yaml"), &VARIED.replace("NUMBER", &format!("please ({n})")));
    }
    project
}

#[test]
fn who_fares_worse_is_named_and_where_there_is_no_sign_that_is_said_with_what_it_is_worth() {
    let project = project(8);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let run = project.runs()[0].file_stem().unwrap().to_string_lossy().into_owned();
    let said = project.run(&["fairness"]).expect(0).out;
    insta::assert_snapshot!("fairness", said.replace(&run, "RUN"));
    let document = project.run(&["fairness", "--format", "json"]).expect(0).json();
    assert_eq!((&document["kind"], &document["groups"]), (&json!("fairness"), &json!(["ayse", "john", "maria"])));
    let (model, partial) = (&document["endpoints"][0], &document["endpoints"][1]);
    assert_eq!((&model["verdict"], &partial["verdict"]), (&json!("no_sign"), &json!("matters")));
    assert!(model["groups"].as_array().unwrap().iter().all(|g| g["named"] == false), "{model}");
    assert_eq!((&partial["groups"][1]["named"], &partial["gap"]["worst"]), (&json!(true), &json!("john")));
    assert!(partial["groups"][1]["effect"]["high"].as_f64().unwrap() < 0.0);
    // Scenarios count, and not trials.
    assert_eq!((&partial["units"], &partial["trials"]), (&json!(8), &json!(96)));
    let narrow = project.command(&["fairness"]).env("COLUMNS", "50").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    assert!(narrow.lines().all(|l| l.chars().count() <= 50), "{narrow}");
}

#[test]
fn some_variants_can_be_chosen_and_scenarios_that_lack_one_are_left_out() {
    let project = project(6);
    let two = VARIED.replace(", {name: maria, who: María}", "");
    project.write("scenarios/shop/who-5.yaml", &two);
    project.run(&["run", "-t", "2", "-e", "partial", "--quiet"]).expect(0);
    let all = project.run(&["fairness", "--format", "json"]).expect(0).json();
    assert_eq!((&all["left_out"], &all["endpoints"][0]["units"]), (&json!(["shop/who-5"]), &json!(5)));
    let args = ["fairness", "--variant", "john", "--variant", "ayse", "--format", "json"];
    let chosen = project.run(&args).expect(0).json();
    assert_eq!((&chosen["groups"], &chosen["endpoints"][0]["units"]), (&json!(["ayse", "john"]), &json!(6)));
    let unknown = project.run(&["fairness", "--variant", "jon", "--variant", "ayse"]).expect(2).err;
    assert!(unknown.contains("no scenario of the run has a variant `jon`; there are ayse, john, maria"), "{unknown}");
}

#[test]
fn too_few_scenarios_are_no_answer_and_none_with_variants_a_mistake() {
    let project = project(5);
    project.run(&["run", "-t", "1", "-e", "partial", "--quiet"]).expect(0);
    let few = project.run(&["fairness", "--variant", "john", "--variant", "maria"]).expect(5).out;
    assert!(few.contains("with 5 scenarios no outcome could have shown a difference: that takes 6 or more"), "{few}");
    project.run(&["run", "-s", "shop/lamp", "-e", "model", "--quiet"]).expect(0);
    let none = project.run(&["fairness"]).expect(2).err;
    assert!(none.contains("no scenario of the run has variants"), "{none}");
    // Scenarios whose variants have nothing to do with each other are not thrown together.
    project.write("scenarios/shop/other.yaml", &VARIED.replace("ayse", "polite").replace("john", "curt"));
    project.run(&["run", "-t", "1", "-e", "partial", "--quiet"]).expect(0);
    let several = project.run(&["fairness"]).expect(2).err;
    assert!(several.contains("say with --variant which are meant"), "{several}");
}

#[test]
fn what_is_in_quarantine_is_left_out_with_all_its_variants() {
    let project = project(8);
    project.run(&["run", "-t", "2", "-e", "partial", "--quiet"]).expect(0);
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = |name: &str| {
        format!("\n[[quarantine]]\nscenario = \"{name}\"\nuntil = \"2999-12-31\"\nwhy = \"its world is slow\"\n")
    };
    // One of them by a single variant: the others have nothing left that they are held against.
    project.write("mocktrial.toml", &(config.clone() + &held("shop/who-1") + &held("shop/who-4~john")));
    let document = project.run(&["fairness", "--format", "json"]).expect(0).json();
    assert_eq!(document["quarantined"], json!(["shop/who-1", "shop/who-4"]));
    assert_eq!((&document["left_out"], &document["endpoints"][0]["units"]), (&json!([]), &json!(6)));
    assert_eq!(document["endpoints"][0]["trials"], 36);
    let said = project.run(&["fairness"]).expect(0).out;
    assert!(said.contains("left out: 2 scenarios in quarantine: shop/who-1, shop/who-4"), "{said}");
    let all: String = (0..8).map(|n| held(&format!("shop/who-{n}"))).collect();
    project.write("mocktrial.toml", &(config + &all));
    let none = project.run(&["fairness"]).expect(2).err;
    assert!(none.contains("every scenario of the run that has variants is in quarantine: shop/who-0"), "{none}");
}

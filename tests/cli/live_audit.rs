//! `mocktrial audit --live` and `--from`.

use crate::support::{Asked, Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;

fn user(asked: &Asked) -> String {
    asked.body["messages"].as_array().unwrap().iter().find(|m| m["role"] == "user").unwrap().to_string()
}

fn seed(asked: &Asked) -> u64 {
    asked.body["seed"].as_u64().unwrap()
}

/// Eight scenarios that differ in their words, and a model that fails where `fails` says so.
fn project(fails: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> Project {
    let server = serve(move |asked| {
        if asked.results() > 0 && fails(asked) {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No."}), "stop")));
        }
        Some(good(asked))
    });
    // One after the other, so that the server sees trials in their order.
    let price = "concurrency = 1\nprice = {input = 10.0, output = 40.0}";
    let project = Project::new(&chat(&server, price));
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for n in 1..8 {
        let text = lamp.replace("Take item 1", &format!("Please ({n}), take item 1"));
        project.write(&format!("scenarios/shop/lamp-{n}.yaml"), &text);
    }
    project
}

/// Fails in about a third of the trials, as their seeds have it.
fn now_and_then(asked: &Asked) -> bool {
    let mut mixed = seed(asked);
    // Finalizer of SplitMix64, so that neighbouring seeds have nothing in common.
    for _ in 0..2 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
    }
    mixed.is_multiple_of(3)
}

/// Fails in every trial of a scenario but the first four.
fn from_the_fifth_on() -> impl Fn(&Asked) -> bool + Send + Sync {
    let seen: Mutex<HashMap<String, Vec<u64>>> = Mutex::default();
    move |asked| {
        let mut seen = seen.lock().unwrap();
        let own = seen.entry(user(asked)).or_default();
        let place = own.iter().position(|s| *s == seed(asked)).unwrap_or_else(|| {
            own.push(seed(asked));
            own.len() - 1
        });
        place >= 4
    }
}

fn plain(project: &Project, text: &str) -> String {
    let name = project.runs().last().unwrap().file_stem().unwrap().to_string_lossy().into_owned();
    let line = |line: &str| match line.split_once(", begun ") {
        Some((front, _)) => format!("{front}\n"),
        None => format!("{line}\n"),
    };
    // How far apart two labels are begun is a matter of their luck.
    let text = text.replace(&name, "RUN");
    text.lines().filter(|line| !line.starts_with("half of the pairs")).map(line).collect()
}

fn test<'a>(document: &'a Value, question: &str) -> &'a Value {
    document["tests"].as_array().unwrap().iter().find(|t| t["question"] == question).unwrap()
}

#[test]
fn an_endpoint_that_stays_as_it_is_gives_no_sign_and_no_rate_is_claimed() {
    let project = project(now_and_then);
    let ran = project
        .command(&["audit", "--live", "-t", "8", "--seed", "7", "--quiet"])
        .env("COLUMNS", "90")
        .output()
        .unwrap();
    let (code, said) = (ran.status.code(), String::from_utf8(ran.stdout).unwrap());
    assert_eq!(code, Some(0), "{said}");
    insta::assert_snapshot!("stable", plain(&project, &said));
    // It is an ordinary run, of one treatment under two labels, side by side.
    let endpoints = project.query("select name from endpoints order by name");
    assert_eq!(endpoints, [["model"], ["model@2"]]);
    assert_eq!(project.query("select count(*), count(distinct dispatch) from episodes"), [["128", "128"]]);
    project.run(&["compare"]).expect(0);
    // It can be tested again, and says the same.
    let again = project.run(&["audit", "--from", "last", "--format", "json"]).expect(0).json();
    assert_eq!((&again["kind"], &again["pairs"], &again["rounds"]), (&json!("live_audit"), &json!(64), &json!(8)));
    assert!(again["apart"].as_f64().unwrap() >= 1.0, "{again}");
    let p = test(&again, "drift")["p"].as_f64().unwrap();
    assert!(said.contains(&format!("{p:.2}")), "{said}");
    let narrow = project.command(&["audit", "--from", "last"]).env("COLUMNS", "50").output().unwrap();
    let narrow = String::from_utf8(narrow.stdout).unwrap();
    assert!(narrow.lines().all(|line| line.chars().count() <= 50), "{narrow}");
}

#[test]
fn an_endpoint_that_gets_worse_in_the_course_of_the_run_is_found_out() {
    let project = project(from_the_fifth_on());
    let ran = project.command(&["audit", "--live", "-t", "8", "--quiet"]).env("COLUMNS", "90").output().unwrap();
    let (code, said) = (ran.status.code(), String::from_utf8(ran.stdout).unwrap());
    assert_eq!(code, Some(1), "{said}");
    insta::assert_snapshot!("drifting", plain(&project, &said));
    let document = project.run(&["audit", "--from", "last", "--format", "json"]).expect(1).json();
    let drift = test(&document, "drift");
    assert_eq!((&drift["found"], &drift["effect"]), (&json!(true), &json!(-1.0)));
    // Once what drifts is in quarantine, nothing is left to test.
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held =
        |name: &str| format!("[[quarantine]]\nscenario = \"{name}\"\nuntil = \"2999-12-31\"\nwhy = \"it drifts\"\n");
    let all: String = (1..8).map(|n| held(&format!("shop/lamp-{n}"))).collect();
    project.write("mocktrial.toml", &(config + "\n" + &all + &held("shop/lamp")));
    let none = project.run(&["audit", "--from", "last"]).expect(5).out;
    assert!(none.contains("left out: 8 scenarios in quarantine"), "{none}");
    assert!(none.contains("No answer: no trial counts under both labels."), "{none}");
}

#[test]
fn replays_test_nothing_about_the_model() {
    let project = project(now_and_then);
    let twins = ["run", "-e", "model", "-e", "model@2", "-t", "2", "--quiet"];
    project.run(&[&twins[..], &["--cassettes", "record"]].concat()).expect(0);
    project.run(&[&twins[..], &["--cassettes", "replay"]].concat()).expect(0);
    let replayed = project.run(&["audit", "--from", "last"]).expect(5).out;
    assert!(replayed.contains("32 of 32 trials were replayed from cassettes"), "{replayed}");
    assert!(!replayed.contains("speaks against"), "{replayed}");
}

#[test]
fn what_is_no_audit_of_one_endpoint_is_refused_with_what_to_do() {
    let project = project(now_and_then);
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    project.write("mocktrial.toml", &(config + "\n[endpoints.other]\nextends = \"model\"\nmodel = \"n\"\n"));
    let which = project.run(&["audit", "--live"]).expect(2).err;
    assert!(which.contains("say with --endpoint which of model, other"), "{which}");
    let label = project.run(&["audit", "--live", "-e", "model@2"]).expect(2).err;
    assert!(label.contains("`model@2` is a label already"), "{label}");
    let unknown = project.run(&["audit", "--live", "-e", "modell"]).expect(2).err;
    assert!(unknown.contains("there is no endpoint `modell`"), "{unknown}");
    project.run(&["run", "-e", "model", "-e", "other", "-t", "1", "--quiet"]).expect(0);
    let apart = project.run(&["audit", "--from", "last"]).expect(2).err;
    assert!(apart.contains("no two endpoints of the run are the same in all but name (model, other)"), "{apart}");
    for wrong in
        [&["--live", "--from", "last"][..], &["--from", "last", "-t", "2"], &["--live", "--effect", "0.1"], &["--yes"]]
    {
        project.run(&[&["audit"], wrong].concat()).expect(2);
    }
    for name in ["model@1", "model@x", "model@", "model@22", "@2"] {
        project.run(&["run", "-e", name, "--dry-run"]).expect(2);
    }
}

#[test]
fn a_budget_stops_a_live_audit_and_it_says_how_to_go_on() {
    let project = project(now_and_then);
    let stopped = project.run(&["audit", "--live", "-t", "4", "--max-cost", "0.02"]).expect(4);
    assert!(stopped.out.is_empty() && stopped.err.contains("go on with: mocktrial run --resume"), "{}", stopped.err);
    // It goes on under the same labels.
    project.run(&["run", "--resume", "--max-cost", "5", "--quiet"]).expect(0);
    project.run(&["audit", "--from", "last"]).expect(0);
}

//! `mocktrial run --protocol`, and what is shown of such a run.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Nine scenarios, six of them hard; the endpoint `old` fails the hard ones, `new` does not; a third that is like `new`.
/// Where the switch is on, the server refuses `new` on one hard scenario.
fn project() -> (Project, Arc<AtomicBool>) {
    let broken = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&broken);
    let server = serve(move |asked| {
        let text = asked.body.to_string();
        if state.load(Ordering::SeqCst) && asked.body["model"] == "new" && text.contains("hard 3") {
            return Some(respond(503, &json!({"error": {"message": "down"}})));
        }
        if asked.body["model"] == "old" && text.contains("hard") && asked.results() > 0 {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No idea."}), "stop")));
        }
        Some(good(asked))
    });
    let endpoint = |name: &str| {
        chat(&server, "")
            .replace("endpoints.model", &format!("endpoints.{name}"))
            .replace("\"m\"", &format!("\"{name}\""))
    };
    let config = ["new", "old", "third"].map(endpoint).join("\n");
    let project = Project::with_scenarios(&config, 3);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for i in 0..6 {
        let text = lamp
            .replace("tags: [easy]", "tags: [hard]")
            .replace("Take item 1", &format!("This is hard {i}. Take item 1"));
        project.write(&format!("scenarios/shop/hard-{i}.yaml"), &text);
    }
    project.write("protocols/new.toml", PROTOCOL);
    (project, broken)
}

const PROTOCOL: &str = r#"title = "Is the new model better where it is hard, and no worse where it is easy?"
trials = 3
seed = 7

[[hypotheses]]
claim = "better"
candidate = "new"
control = "old"

[[hypotheses]]
claim = "no_worse"
candidate = "new"
control = "old"
margin = 0.1
tag = "easy"
"#;

const RUN: [&str; 4] = ["run", "--protocol", "protocols/new.toml", "--quiet"];

fn without_times(text: &str) -> String {
    let text: String =
        text.lines().filter(|line| !line.starts_with("model time")).map(|line| format!("{line}\n")).collect();
    let (before, after) = text.split_once("registered with the run on ").unwrap();
    format!("{before}registered with the run on DAY{}", &after[10..])
}

/// The registered part of a page.
fn registered(page: &str) -> String {
    let (part, rest) = page.split_once("────").unwrap();
    assert!(rest.contains("Exploratory: nothing below was registered"), "{page}");
    without_times(part)
}

fn protocol(project: &Project) -> Value {
    project.run(&["show", "--format", "json"]).expect(0).json()["protocol"].take()
}

fn outcomes(protocol: &Value) -> Vec<&str> {
    protocol["hypotheses"].as_array().unwrap().iter().map(|h| h["verdict"].as_str().unwrap()).collect()
}

fn deviations(protocol: &Value) -> Vec<&str> {
    protocol["deviations"].as_array().unwrap().iter().map(|d| d["type"].as_str().unwrap()).collect()
}

#[test]
fn a_run_by_a_protocol_is_held_against_it_before_all_else() {
    let (project, _) = project();
    let ran = project.run(&RUN).expect(0).out;
    assert!(ran.starts_with("Protocol: Is the new model better"), "{ran}");
    // What was registered is in the run from before its first episode.
    let note = project.query("select notes from run").remove(0).remove(0);
    assert!(note.contains("no worse where it is easy"), "{note}");
    assert_eq!(project.query("select seed, trials from run"), [["7", "3"]]);
    assert_eq!(project.query("select endpoint, count(*) from results group by 1"), [["new", "27"], ["old", "27"]]);
    let said = project.run(&["compare"]).expect(0).out;
    insta::assert_snapshot!("compared", without_times(&said));
    let document = project.run(&["compare", "--format", "json"]).expect(0).json();
    assert_eq!((&document["exploratory"], &document["protocols"][0]["deviations"]), (&json!(true), &json!([])));
    let first = &document["protocols"][0]["hypotheses"][0];
    assert_eq!((&first["outcome"], &first["units"]), (&json!("confirmed"), &json!(9)));
    for command in [&["show"][..], &["gate", "-e", "new", "--control", "old"]] {
        let page = project.run(command).out;
        assert_eq!(registered(&page), registered(&said), "{command:?}");
    }
    let gate = project.run(&["gate", "-e", "new", "--control", "old", "--format", "json"]).json();
    assert_eq!((&gate["exploratory"], &gate["protocol"]["hypotheses"][0]["verdict"]), (&json!(true), &json!("better")));
}

#[test]
fn a_run_without_a_protocol_says_nothing_of_one() {
    let (project, _) = project();
    project.run(&["run", "-e", "new", "-e", "old", "--quiet"]).expect(0);
    for command in ["show", "compare"] {
        let said = project.run(&[command]).expect(0).out;
        assert!(!said.contains("rotocol") && !said.contains("xploratory"), "{said}");
        let document = project.run(&[command, "--format", "json"]).expect(0).json();
        assert!(document.get("protocol").is_none() && document.get("exploratory").is_none(), "{document}");
    }
}

#[test]
fn what_contradicts_a_protocol_is_refused() {
    let (project, _) = project();
    for flags in [
        &["-e", "new"][..],
        &["-t", "9"],
        &["-s", "shop/*"],
        &["--tag", "easy"],
        &["--until", "decided"],
        &["--resume", "last"],
        &["--seed", "8"],
    ] {
        let refused = project.run(&[&RUN[..], flags].concat()).expect(2).err;
        assert!(
            refused.contains(flags[0].trim_start_matches('-')) || refused.contains("cannot be used with"),
            "{refused}"
        );
    }
    assert_eq!(project.runs().len(), 0);
}

#[test]
fn every_deviation_is_listed() {
    let (project, _) = project();
    project.run(&RUN).expect(0);
    let added = project.run(&["run", "--add-trials", "2"]).expect(0).err;
    assert!(added.contains("those beyond are a deviation from it"), "{added}");
    project.write("protocols/new.toml", &PROTOCOL.replace("margin = 0.1", "margin = 0.9"));
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    project
        .write("scenarios/shop/lamp.yaml", &lamp.replace("answer: {contains: lamp}", "answer: {contains: the lamp}"));
    project.run(&["grade", "--quiet"]).expect(0);
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = "\n[[quarantine]]\nscenario = \"shop/hard-1\"\nuntil = \"2999-12-31\"\nwhy = \"its world is slow\"\n";
    project.write("mocktrial.toml", &(config + held));
    let page = project.run(&["show"]).expect(0).out;
    insta::assert_snapshot!("deviations", registered(&page));
    std::fs::remove_file(project.path().join("protocols/new.toml")).unwrap();
    assert_eq!(deviations(&protocol(&project))[0], "file_gone");
}

#[test]
fn the_verdict_waits_for_the_whole_plan() {
    let (project, _) = project();
    let stopped = project.run(&[&RUN[..], &["--max-tokens", "900", "-j", "1"]].concat());
    assert_eq!(stopped.code, Some(4), "{}{}", stopped.out, stopped.err);
    let page = project.run(&["show"]).out;
    assert!(page.contains("No verdict yet:") && page.contains("trials are still to be run"), "{page}");
    assert!(page.contains("registered trials have not been run to an end"), "{page}");
    project.run(&["run", "--resume", "last", "--max-tokens", "10000000", "--quiet"]).expect(0);
    let found = protocol(&project);
    assert_eq!((outcomes(&found), deviations(&found)), (vec!["better", "inconclusive"], vec![]), "{found}");
}

#[test]
fn trials_without_an_outcome_and_replays_confirm_nothing_that_they_could_turn() {
    let (project, broken) = project();
    broken.store(true, Ordering::SeqCst);
    project.run(&[&RUN[..], &["--cassettes", "record"]].concat());
    let found = protocol(&project);
    assert_eq!(deviations(&found), ["without_outcome", "scenarios_lost"], "{found}");
    assert_eq!(found["hypotheses"][0]["outcome"], "confirmed", "{found}");
    broken.store(false, Ordering::SeqCst);
    project.run(&[&RUN[..], &["--cassettes", "record"]].concat()).expect(0);
    project.run(&[&RUN[..], &["--cassettes", "replay"]].concat()).expect(0);
    let page = project.run(&["show"]).expect(0).out;
    insta::assert_snapshot!("replayed", registered(&page));
}

#[test]
fn runs_that_are_compared_are_each_held_against_their_own_protocol() {
    let (project, _) = project();
    project.run(&RUN).expect(0);
    project.run(&RUN).expect(0);
    project.run(&["run", "-e", "new", "-e", "old", "--quiet"]).expect(0);
    let said = project.run(&["compare", "last~2", "last~1", "last"]).expect(0).out;
    let (above, below) = said.split_once("Exploratory:").unwrap();
    assert_eq!((above.matches("Protocol: ").count(), below.matches("Protocol: ").count()), (2, 0), "{said}");
    // A run file that is looked at elsewhere says all but whether the file has changed.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.sqlite");
    std::fs::copy(&project.runs()[0], &copy).unwrap();
    let mut command = project.command(&["show", copy.to_str().unwrap()]);
    let shown = String::from_utf8(command.current_dir(elsewhere.path()).output().unwrap().stdout).unwrap();
    assert!(shown.contains("whether protocols/new.toml has changed since cannot be seen from here"), "{shown}");
    assert!(shown.contains("Confirmed (better)") && shown.contains("Deviations from the protocol: none."), "{shown}");
}

#[test]
fn what_a_protocol_would_run_is_estimated_and_not_registered() {
    let (project, _) = project();
    let dry = project.run(&[&RUN[..], &["--dry-run"]].concat()).expect(0).out;
    assert!(dry.contains("54"), "{dry}");
    assert_eq!(project.runs().len(), 0);
}

#[test]
fn a_plan_that_stops_when_it_is_decided_is_judged_by_what_stopped_it() {
    let (project, _) = project();
    project.write(
        "protocols/new.toml",
        "title = \"May the third replace the new?\"\ntrials = 40\nstopping = \"until_decided\"\n\n[scenarios]\ntag = \"easy or hard\"\n\n\
         [[hypotheses]]\nclaim = \"no_worse\"\ncandidate = \"third\"\ncontrol = \"new\"\nmargin = 0.3\n",
    );
    project.run(&RUN).expect(0);
    assert_eq!(project.query("select status from run"), [["decided"]]);
    let page = project.run(&["show"]).expect(0).out;
    insta::assert_snapshot!("decided", registered(&page));
    let found = protocol(&project);
    assert_eq!((&found["hypotheses"][0]["outcome"], &found["deviations"]), (&json!("confirmed"), &json!([])));
}

#[test]
fn what_is_in_quarantine_when_it_is_registered_is_no_part_of_it() {
    let (project, _) = project();
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let held = "\n[[quarantine]]\nscenario = \"shop/hard-1\"\nuntil = \"2999-12-31\"\nwhy = \"its world is slow\"\n";
    project.write("mocktrial.toml", &(config + held));
    let said = project.run(&RUN[..3]).expect(0).err;
    assert!(said.contains("left out of the protocol, for they are in quarantine: shop/hard-1"), "{said}");
    let found = protocol(&project);
    assert_eq!((&found["scenarios"], &found["deviations"]), (&json!(8), &json!([])));
}

#[test]
fn mistakes_in_a_protocol_are_told_where_they_are() {
    let (project, _) = project();
    let broken = r#"title = ""
trials = 0
alhpa = 0.05
scope = "everything"
stopping = "fixed"

[[hypotheses]]
claim = "better"
candidate = "nwe"
control = "old"
margin = 0.1

[[hypotheses]]
claim = "no_worse"
candidate = "old"
control = "old"
margin = "10 %"

[[hypotheses]]
claim = "no_worse"
candidate = "new"
control = "old"
"#;
    let told = |text: &str| {
        project.write("protocols/new.toml", text);
        project.run(&RUN).expect(2).err
    };
    insta::assert_snapshot!("mistakes", told(broken));
    let tags =
        PROTOCOL.replace("\"easy\"", "\"easy and\"").replace("seed = 7", "[scenarios]\nselect = [\"nothing/*\"]");
    insta::assert_snapshot!("selections", told(&tags));
    let sequential = told(&PROTOCOL.replace("seed = 7", "stopping = \"until_decided\""));
    assert!(sequential.contains("`until_decided` decides on one hypothesis only"), "{sequential}");
    let twice = told(&(PROTOCOL.to_owned() + PROTOCOL.split_once("\n\n").unwrap().1));
    assert!(twice.contains("the same is claimed twice"), "{twice}");
    let outside = project.run(&["run", "--protocol", "/etc/hostname"]).expect(2).err;
    assert!(outside.contains("this lies outside the project"), "{outside}");
    let missing = project.run(&["run", "--protocol", "protocols/old.toml"]).expect(2).err;
    assert!(missing.contains("cannot be opened"), "{missing}");
    assert_eq!(project.runs().len(), 0);
    let schema = project.run(&["schema", "protocol"]).expect(0).json();
    assert_eq!(schema["required"], json!(["title", "hypotheses", "trials"]));
}

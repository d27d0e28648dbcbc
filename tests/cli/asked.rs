//! `mocktrial check` and criteria that ask judges and verifiers.

use crate::support::{Asked, Project, chat, completion, respond, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A scenario whose judge sees what nothing else does: what is said.
const JUDGED: &str = r#"
world: shop
user: ["Take item 1 and say its name."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - judge: {by: careful, sees: answer, rubric: ["The agent names what it took."]}
check:
  paraphrases: [It is a lamp that I took.]
"#;

/// A judge who passes what has a lamp in it and denies nothing.
fn lamps(asked: &Asked) -> String {
    let shown = asked.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    grades(shown.contains("lamp") && !shown.contains("never"))
}

fn grades(met: bool) -> String {
    let arguments = json!({"c1": {"reason": "so it says", "met": met}}).to_string();
    let call = json!({"id": "g", "type": "function", "function": {"name": "give_grades", "arguments": arguments}});
    respond(200, &completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"))
}

fn config(server: &str) -> String {
    chat(server, "price = {input = 1.0, output = 2.0}")
        .replace("endpoints.model", "judges.careful")
        .replace("retries = 1\n", "retries = 0\n")
}

fn judged(server: &str, scenario: &str) -> Project {
    let project = Project::new(&config(server));
    project.write("scenarios/shop/lamp.yaml", scenario);
    project
}

/// Without a judge, for none is asked.
const NOBODY: &str = "http://127.0.0.1:9/v1";

fn unproved(references: u32, probes: u32, mutants: u32, equivalents: u32) -> Value {
    json!({"references": references, "probes": probes, "mutants": mutants, "equivalents": equivalents})
}

#[test]
fn what_only_a_judge_could_decide_is_unproved_and_named_and_fails_nothing() {
    let project = judged(NOBODY, JUDGED);
    let ran = project.run(&["check", "--verbose"]).expect(0);
    insta::assert_snapshot!("unproved", ran.out);
    assert_eq!(ran.err, "", "a judge that nobody asked raises no alarm");
    let report = project.run(&["check", "--format", "json"]).expect(0).json();
    let mutants = report["scenarios"][0]["mutants"].as_array().unwrap();
    let of = |verdict: &str| mutants.iter().filter(|m| m["verdict"] == verdict).collect::<Vec<_>>();
    assert_eq!(report["unproved"]["mutants"], of("unproved").len());
    assert_eq!(report["unproved"], report["scenarios"][0]["unproved"]);
    assert_eq!(report["mutants"]["of"], of("caught").len(), "what is unproved leaves the count");
    assert!(of("unproved").iter().all(|m| m["by"] == json!(["expect[1]"])));
    assert_eq!(report["scenarios"][0]["probes"]["reference"], Value::Null);
    assert_eq!(report["questions"], Value::Null);
}

#[test]
fn where_a_criterion_that_asks_nobody_decides_nobody_is_needed() {
    let strict = JUDGED.replace("  - judge:", "  - answer: {equals: I took the lamp.}\n  - judge:");
    let report = judged(NOBODY, &strict).run(&["check", "--format", "json"]).expect(1).json();
    // The paraphrase fails without the judge; the rest of the equivalents pass all but the judge.
    let broken = |e: &&Value| e["passed"] == false;
    let equivalents = report["scenarios"][0]["equivalents"].as_array().unwrap();
    let broken: Vec<&Value> = equivalents.iter().filter(broken).map(|e| &e["name"]).collect();
    assert_eq!(broken, ["paraphrase 1"]);
    assert_eq!(report["mutants"]["rate"], 1.0);
    assert_eq!(report["unproved"]["mutants"], 0);
    let reference =
        JUDGED.replace("  - state: as_reference", "  - state: as_reference\n  - answer: {contains: kettle}");
    let wrong = judged(NOBODY, &reference).run(&["check"]).expect(1).out;
    assert!(wrong.contains("the reference does not pass: `expect[1]` (answer)"), "{wrong}");
}

#[test]
fn a_judge_within_other_criteria_decides_only_where_they_leave_it_open() {
    let any = JUDGED.replace(
        "judge: {by: careful, sees: answer, rubric: [\"The agent names what it took.\"]}",
        "any: [{answer: {contains: lamp}}, {judge: {by: careful, rubric: [\"The agent names what it took.\"]}}]",
    );
    let report = judged(NOBODY, &any).run(&["check", "--format", "json"]).expect(0).json();
    assert_eq!(report["scenarios"][0]["probes"]["reference"], true, "{report}");
    assert_eq!(report["unproved"], unproved(0, 0, 3, 0), "{report}");
    assert_eq!(report["scenarios"][0]["warnings"], json!([]));
    let all = any.replace("any: [", "all: [");
    let report = judged(NOBODY, &all).run(&["check", "--format", "json"]).expect(0).json();
    assert_eq!(report["scenarios"][0]["probes"]["reference"], Value::Null);
    assert_eq!(report["equivalents"]["of"], 0);
}

#[test]
fn with_ask_the_judge_is_asked_once_about_the_same_and_proves_what_it_can() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = serve(move |asked| {
        counted.fetch_add(1, Ordering::SeqCst);
        Some(lamps(asked))
    });
    let project = judged(&server, JUDGED);
    let ran = project.run(&["check", "--ask"]).expect(0);
    insta::assert_snapshot!("asked", ran.out);
    let asked = count.load(Ordering::SeqCst);
    assert!(ran.out.contains(&format!("asked {asked} questions")), "{}", ran.out);
    // The answers have been recorded, and nobody need be there.
    project.write("mocktrial.toml", &config(NOBODY));
    let again = project.run(&["check", "--ask", "--cassettes", "replay"]).expect(0).out;
    let counts = |text: &str| text.split(", for $").next().unwrap().trim_end().to_owned();
    assert_eq!(counts(&again), counts(&ran.out));
    let json = project.run(&["check", "--ask", "--cassettes", "replay", "--format", "json"]).expect(0).json();
    assert_eq!(json["unproved"], unproved(0, 0, 0, 0));
    assert_eq!(json["questions"], json!({"asked": asked, "unanswered": 0, "cost": 0.0}));
}

#[test]
fn a_judge_that_passes_everybody_is_found_out() {
    let project = judged(&serve(|_| Some(grades(true))), JUDGED);
    let ran = project.run(&["check", "--ask"]).expect(1);
    assert!(ran.out.contains("nothing notices when the last answer is about something else"), "{}", ran.out);
    assert!(ran.err.contains("agents fails this `judge`"), "{}", ran.err);
    let alone = JUDGED.replace("  - state: as_reference\n", "");
    let ran = judged(&serve(|_| Some(grades(true))), &alone).run(&["check", "--ask"]).expect(1);
    assert!(ran.out.contains("the probe `null` passes"), "{}", ran.out);
    let never = judged(&serve(|_| Some(grades(false))), JUDGED).run(&["check", "--ask"]).expect(1);
    assert!(never.out.contains("the reference does not pass: `expect[1]` (judge): Not met by 0 of 1"), "{}", never.out);
}

#[test]
fn a_judge_without_an_answer_leaves_it_unproved_and_prevents_a_verdict() {
    let project = judged(&serve(|_| Some(respond(400, &json!({"error": {"message": "no such model"}})))), JUDGED);
    let ran = project.run(&["check", "--ask"]).expect(3);
    assert!(ran.out.contains("the reference only the judge `careful` could fail; asked in vain: "), "{}", ran.out);
    assert!(ran.out.contains("of them without an answer"), "{}", ran.out);
}

#[test]
fn a_budget_ends_the_asking_and_what_has_no_bound_is_refused() {
    let server = serve(|asked| Some(lamps(asked)));
    let project = judged(&server, JUDGED);
    let ran = project.run(&["check", "--ask", "--max-cost", "0.000001"]).expect(4);
    assert!(ran.out.contains("asked in vain: ") && ran.out.contains("may cost"), "{}", ran.out);
    let unbounded = config(&server).replace("parameters = {max_tokens = 50, seed = \"trial\"}\n", "");
    project.write("mocktrial.toml", &unbounded);
    let refused = project.run(&["check", "--ask", "--max-cost", "1"]).expect(2);
    assert!(refused.err.contains("nothing bounds its answers"), "{}", refused.err);
    let alone = project.run(&["check", "--max-cost", "1"]).expect(2);
    assert!(alone.err.contains("--ask"), "{}", alone.err);
}

#[test]
fn a_verifier_is_asked_too() {
    let script = r#"in=$(cat); case "$in" in *"I took the lamp"*|*"It is a lamp"*) echo "{\"score\": 1}";; *) echo "{\"score\": 0}";; esac"#;
    let project = Project::new(&format!("[verifiers.ledger]\ncommand = [\"sh\", \"-c\", '{script}']\nseconds = 20\n"));
    let verify = "verify: {by: ledger}";
    let judge = "judge: {by: careful, sees: answer, rubric: [\"The agent names what it took.\"]}";
    project.write("scenarios/shop/lamp.yaml", &JUDGED.replace(judge, verify));
    let open = project.run(&["check"]).expect(0).out;
    assert!(open.contains("only the verifier `ledger` could catch; say --ask to ask it"), "{open}");
    let asked = project.run(&["check", "--ask", "--format", "json"]).json();
    assert_eq!(asked["unproved"], unproved(0, 0, 0, 0));
    assert_eq!(asked["scenarios"][0]["probes"]["reference"], true);
    assert_eq!(asked["equivalents"]["rate"], 1.0);
}

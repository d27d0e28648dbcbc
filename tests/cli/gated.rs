//! `mocktrial gate` and `mocktrial accept`.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Eight scenarios, and a model that can be told to fail half of them.
fn project(rules: &str) -> (Project, Arc<AtomicBool>) {
    let worse = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&worse);
    let server = serve(move |asked| {
        let odd = asked.body.to_string().contains("odd");
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        if state.load(Ordering::SeqCst) && odd && done {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No idea."}), "stop")));
        }
        Some(good(asked))
    });
    let project = Project::with_scenarios(&(chat(&server, "") + rules), 1);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for i in 0..7 {
        let text = if i % 2 == 0 { lamp.replace("Take item 1", "How odd. Take item 1") } else { lamp.clone() };
        project.write(&format!("scenarios/shop/more-{i}.yaml"), &text.replace("tags: [easy]", "tags: [easy, more]"));
    }
    (project, worse)
}

fn gate(project: &Project, args: &[&str]) -> (Option<i32>, Value) {
    let ran = project.run(&[&["gate", "--format", "json"], args].concat());
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err)))
}

fn plain(project: &Project, text: &str) -> String {
    let mut text = text.to_owned();
    for (n, run) in project.runs().iter().enumerate() {
        let name = run.file_stem().unwrap().to_string_lossy().into_owned();
        text = text.replace(&name, &format!("RUN-{}", n + 1));
    }
    let day =
        |i: usize| text.as_bytes().get(i..i + 11).is_some_and(|d| d.starts_with(b"20") && d[4] == b'-' && d[7] == b'-');
    let found = (0..text.len()).find(|i| text.is_char_boundary(*i) && day(*i)).map(|i| text[i..i + 10].to_owned());
    found.map_or(text.clone(), |date| text.replace(&date, "DAY"))
}

#[test]
fn a_run_is_held_against_what_was_accepted() {
    let (project, worse) = project("");
    let nothing = project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    drop(nothing);
    let missing = project.run(&["gate"]).expect(2).err;
    assert!(missing.contains("`mocktrial accept RUN --why …` makes a baseline"), "{missing}");
    project.run(&["accept", "--why", " "]).expect(2);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    // The accepted run is no second sample of itself.
    let (code, own) = gate(&project, &[]);
    assert_eq!((code, &own["answer"]), (Some(5), &json!("inconclusive")));
    assert!(own["gates"][0]["refused"].as_str().unwrap().contains("one trial is no two samples"));
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let same = project.run(&["gate", "--margin", "0.3"]).expect(0).out;
    insta::assert_snapshot!("no_worse", plain(&project, &same));
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let open = project.run(&["gate", "--margin", "0.3"]).expect(5).out;
    // How long the model takes differs every time.
    let (before, after) = open.split_once("episodes, ").unwrap();
    let (_, after) = after.split_once(" of the model's time").unwrap();
    insta::assert_snapshot!("inconclusive", plain(&project, &format!("{before}episodes, TIME{after}")));
    let (code, gated) = gate(&project, &["--margin", "0"]);
    assert_eq!((code, &gated["answer"]), (Some(1), &json!("regressed")), "{gated}");
    // Against the run before it comes to the same.
    let (code, gated) = gate(&project, &["--against", "last~1", "--margin", "0"]);
    assert_eq!((code, &gated["gates"][0]["rate"]["answer"]), (Some(1), &json!("regressed")));
}

#[test]
fn rules_beside_the_rate_are_kept_or_broken() {
    let rules = "\n[gate]\nmargin = 0.9\nmust_pass = [\"shop/lamp\", \"shop/more-2\", \"gone/*\"]\nzero_tolerance = [\"more\"]\n\
                 tags = [{tag = \"easy\", margin = 0.9}]\nmax_seconds = 100\nmax_cost = 1\n";
    let (project, worse) = project(rules);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let said = project.run(&["gate"]).expect(1).out;
    let seconds = said.lines().filter(|line| !line.contains("seconds of the model"));
    insta::assert_snapshot!("rules", plain(&project, &seconds.collect::<Vec<_>>().join("\n")));
}

#[test]
fn small_losses_add_up_against_the_anchor_which_moves_on_purpose_only() {
    let (project, worse) = project("\n[gate]\nmargin = 0.95\nanchor_margin = 0.0\n");
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "it had to be faster"]).expect(0);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let (code, gated) = gate(&project, &[]);
    let one = &gated["gates"][0];
    assert_eq!(
        (&one["rate"]["answer"], &one["anchor"]["answer"]),
        (&json!("no_worse"), &json!("regressed")),
        "{gated}"
    );
    assert_eq!(code, Some(1));
    project.run(&["accept", "--anchor", "--why", "from here on"]).expect(0);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let (code, gated) = gate(&project, &[]);
    assert_eq!((code, &gated["gates"][0]["anchor"]), (Some(0), &Value::Null));
}

#[test]
fn single_scenarios_are_accepted_only_where_they_are_new_or_have_changed() {
    let (project, _) = project("");
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    project.write("scenarios/shop/lamp.yaml", &lamp.replace("contains: lamp", "contains: the lamp"));
    project.write("scenarios/shop/new.yaml", &lamp);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let lucky = project.run(&["accept", "--why", "x", "--scenario", "shop/more-2"]).expect(2).err;
    assert!(lucky.contains("results are not renewed one by one"), "{lucky}");
    let (_, gated) = gate(&project, &[]);
    let out: Vec<&Value> = gated["gates"][0]["left_out"].as_array().unwrap().iter().map(|l| &l["why"]).collect();
    assert_eq!(out, [&json!("criteria_differ"), &json!("only_first")]);
    project.run(&["accept", "--why", "x", "--scenario", "shop/new", "--scenario", "shop/lamp"]).expect(0);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let (_, gated) = gate(&project, &[]);
    assert_eq!(gated["gates"][0]["left_out"], json!([]));
}

#[test]
fn a_scenario_in_quarantine_is_left_out_and_the_verdict_with_it_is_shown_too() {
    let rules = "\n[gate]\nmargin = 0.3\n\n[[quarantine]]\nscenario = \"shop/more-0\"\nuntil = \"2999-01-01\"\nwhy = \"its world is being mended\"\n";
    let (project, _) = project(rules);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let (code, gated) = gate(&project, &[]);
    let one = &gated["gates"][0];
    assert_eq!(code, Some(0), "{gated}");
    assert_eq!(one["left_out"], json!([{"scenario": "shop/more-0", "why": "quarantined"}]));
    assert_eq!((&one["rate"]["units"], &one["with_quarantined"]["units"]), (&json!(7), &json!(8)));
    let said = project.run(&["gate"]).expect(0).out;
    assert!(
        said.contains("with those in quarantine") && said.contains("1 scenario (shop/more-0) in quarantine"),
        "{said}"
    );
}

#[test]
fn a_gate_on_replays_says_that_the_model_was_not_asked() {
    let (project, _) = project("");
    project.run(&["run", "-t", "2", "--cassettes", "record", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    project.run(&["run", "-t", "2", "--cassettes", "replay", "--quiet"]).expect(0);
    let said = project.run(&["gate", "--margin", "0.4"]).expect(0).out;
    assert!(said.contains("Nothing is said of the"), "{said}");
    assert!(said.contains("all of 16 trials replayed"), "{said}");
}

#[test]
fn a_selected_run_is_neither_gated_nor_accepted() {
    let (project, worse) = project("");
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["run", "--failed", "last", "--quiet"]).expect(0);
    let refused = project.run(&["gate"]).expect(5).out;
    assert!(refused.contains("claims no rate: its episodes were selected"), "{refused}");
    let refused = project.run(&["accept", "--why", "x"]).expect(2).err;
    assert!(refused.contains("cannot be accepted"), "{refused}");
}

#[test]
fn an_audit_measures_the_gates_errors_and_a_gate_that_is_wrong_too_often_answers_nothing() {
    let (project, worse) = project("");
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    let audit = project.run(&["audit", "--replications", "200", "--quiet"]).expect(0).out;
    insta::assert_snapshot!("audit", audit);
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["gate", "--margin", "0.5"]).expect(0);
    // What fails half the time now and then cannot be a must.
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    project.write("mocktrial.toml", &(config + "\n[gate]\nmargin = 0.5\nmust_pass = [\"shop/*\"]\n"));
    let audit = project.run(&["audit", "--replications", "200", "--quiet"]).expect(5).out;
    assert!(audit.contains("The gate is wrong too often on this suite"), "{audit}");
    let refused = project.run(&["gate"]).expect(5).out;
    assert!(
        refused.contains("No answer: an audit found that this gate says regressed in 100 of 100 cases"),
        "{refused}"
    );
}

/// The same with a second endpoint of the same model.
fn two(rules: &str) -> (Project, Arc<AtomicBool>) {
    let (project, worse) = project(rules);
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    let own = config.split("\n[gate]").next().unwrap().to_owned();
    let (_, endpoint) = own.split_once("[endpoints.model]").unwrap();
    project.write("mocktrial.toml", &format!("{config}\n[endpoints.old]{endpoint}"));
    (project, worse)
}

#[test]
fn a_run_stops_when_it_knows_and_a_resumed_one_goes_on_by_its_rule() {
    let (project, _) = two("\n[gate]\nmargin = 0.3\n");
    let ran = project.run(&["run", "-e", "model", "-e", "old", "-t", "40", "--until", "decided"]).expect(0).out;
    let end = ran.trim_end().rsplit("Decided: ").next().unwrap().replace('\n', " ");
    let verdict = "(no worse: a loss of 30 points or more of model against old is ruled out; a sequential verdict after 2 trials \
                   of every scenario, valid at an error of 5 %)";
    assert!(end.contains("of 640 episodes were not needed") && end.contains(verdict), "{end}");
    assert_eq!(project.query("select status from run"), [["decided"]]);
    let all = project.query("select count(*), count(distinct trial) from results").remove(0);
    assert!(all[1].parse::<u32>().unwrap() < 20, "{all:?}");
    // One that its budget stopped goes on until it knows.
    let stopped = project.run(&[
        "run",
        "-e",
        "model",
        "-e",
        "old",
        "-t",
        "40",
        "--until",
        "decided",
        "--max-tokens",
        "900",
        "--quiet",
    ]);
    assert_eq!(stopped.code, Some(4), "{}{}", stopped.out, stopped.err);
    project.run(&["run", "--resume", "last", "--max-tokens", "10000000", "--quiet"]).expect(0);
    assert_eq!(project.query("select status from run"), [["decided"]]);
    let refused = project.run(&["run", "-e", "model", "--until", "decided"]).expect(2).err;
    assert!(refused.contains("name two, the candidate first"), "{refused}");
}

#[test]
fn what_a_run_decided_is_the_gates_answer_and_no_rate_is_claimed_from_it() {
    let (project, _) = two("\n[gate]\nmargin = 0.3\n");
    project.run(&["run", "-e", "model", "-e", "old", "-t", "40", "--until", "decided", "--quiet"]).expect(0);
    let (code, gated) = gate(&project, &["--control", "old"]);
    let one = &gated["gates"][0];
    assert_eq!((code, &one["answer"], &one["rate"]["delta"]), (Some(0), &json!("no_worse"), &Value::Null), "{gated}");
    assert_eq!(one["sequential"]["decision"]["early"], json!(true));
    let said = project.run(&["gate", "--control", "old"]).expect(0).out.replace("\n  ", " ");
    assert!(said.contains("This run stopped when it knew: no worse: a loss of 30 points or more"), "{said}");
    // Its error is spent on that margin.
    let (code, other) = gate(&project, &["--control", "old", "--margin", "0.4"]);
    assert_eq!(code, Some(5));
    assert!(other["gates"][0]["refused"].as_str().unwrap().contains("answers no gate with other terms"), "{other}");
    let refused = project.run(&["accept", "--why", "x", "-e", "model"]).expect(2).err;
    assert!(refused.contains("its rates lean towards what it decided"), "{refused}");
    let refused = project.run(&["run", "--resume", "last"]).expect(2).err;
    assert!(refused.contains("there is nothing to go on with"), "{refused}");
}

/// A model that fails every other seed where it is called `old`, and eight scenarios.
fn uneven() -> Project {
    let server = serve(|asked| {
        let even = asked.body["seed"].as_u64().unwrap() % 2 == 0;
        if asked.body["model"] == "old" && even {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No."}), "stop")));
        }
        Some(good(asked))
    });
    let own = chat(&server, "");
    let old = own.replace("[endpoints.model]", "[endpoints.old]").replace("model = \"m\"", "model = \"old\"");
    Project::with_scenarios(&format!("{own}\n{old}"), 8)
}

#[test]
fn neither_concurrency_nor_a_resume_changes_what_a_run_decides() {
    let project = uneven();
    let run = ["run", "-e", "model", "-e", "old", "-t", "12", "--until", "compared", "--quiet"];
    let said = |more: &[&str]| {
        let ran = project.run(&[&run, more].concat());
        while project.query("select status from run") == [["budget"]] {
            project.run(&["run", "--resume", "last", "--max-tokens", "1000000", "--quiet"]);
        }
        let status = project.query("select status, status_reason from run").remove(0);
        assert_eq!(status[0], "decided", "{}{}", ran.out, ran.err);
        status[1].clone()
    };
    let first = said(&["-j", "1"]);
    assert!(first.starts_with("better: model passes more often than old"), "{first}");
    assert_eq!(said(&["-j", "16"]), first);
    assert_eq!(said(&["-j", "3", "--max-tokens", "2500"]), first);
}

#[test]
fn a_comparison_that_ran_to_its_end_is_not_made_again_with_the_error_that_it_spent() {
    let project = uneven();
    project.run(&["run", "-e", "model", "-e", "old", "-t", "2", "--until", "compared", "--quiet"]).expect(0);
    assert_eq!(project.query("select status from run"), [["complete"]]);
    let compared = project.run(&["compare", "--format", "json"]).expect(0).json();
    let pair = &compared["pairs"][0];
    assert_eq!((&pair["p"], &pair["sequential"]["decision"]["early"]), (&Value::Null, &json!(false)), "{pair}");
    assert_eq!(pair["verdict"] == "undecided", pair["sequential"]["decision"]["answer"] == "undecided");
    let refused = project.run(&["run", "--add-trials", "2"]).expect(2).err;
    assert!(refused.contains("would make its verdict too sure of itself"), "{refused}");
}

#[test]
fn a_comparison_stops_when_one_is_better_and_shows_no_figures_of_a_fixed_plan() {
    let (project, _) = two("");
    let config = std::fs::read_to_string(project.path().join("mocktrial.toml")).unwrap();
    project.write("mocktrial.toml", &format!("{config}\n[endpoints.nothing]\nkind = \"probe\"\nprobe = \"null\"\n"));
    let ran = project.run(&["run", "-e", "model", "-e", "nothing", "-t", "20", "--until", "compared"]).expect(0).out;
    let end = ran.trim_end().rsplit("Decided: ").next().unwrap().replace('\n', " ");
    assert!(end.contains("(better: model passes more often than nothing (+100 points,"), "{end}");
    assert_eq!(project.query("select status from run"), [["decided"]]);
    assert!(ran.contains("its rates lean towards what it decided"), "{ran}");
    let compared = project.run(&["compare"]).expect(0).out.replace("\n  ", " ");
    assert!(compared.contains("This run stopped when it knew: better: model passes more often"), "{compared}");
    assert!(!compared.contains("p <") && !compared.contains("By tag"), "{compared}");
    // Two that are served alike: neither is better, and that is not called equal.
    let ran = project.run(&["run", "-e", "model", "-e", "old", "-t", "3", "--until", "compared", "--quiet"]).expect(0);
    let status = project.query("select status, status_reason from run").remove(0);
    assert_eq!(status[0], "complete", "{}", ran.out);
    assert!(status[1].contains("undecided: these trials cannot tell model from old"), "{status:?}");
    // What was not seen to differ may differ all the same.
    assert!(!status[1].contains("+0 to +0"), "{status:?}");
}

#[test]
fn a_control_runs_beside_the_candidate_and_is_what_it_is_held_against() {
    let (project, _) = two("\n[gate]\nmargin = 0.4\n");
    let (code, gated) = gate(&project, &["-e", "model", "--control", "old", "--trials", "4", "--quiet"]);
    let one = &gated["gates"][0];
    assert_eq!((code, &one["answer"], &one["trials"]), (Some(0), &json!("no_worse"), &json!([32, 0])), "{gated}");
    assert_eq!(project.query("select endpoint, count(*) from results group by 1"), [["model", "32"], ["old", "32"]]);
    // A run that has both is judged as it is.
    let (code, again) = gate(&project, &["--control", "old"]);
    assert_eq!((code, &again["gates"][0]["rate"]), (Some(0), &one["rate"]));
    let refused = project.run(&["gate", "--trials", "4"]).expect(2).err;
    assert!(refused.contains("--control"), "{refused}");
}

#[test]
fn a_run_that_is_never_decided_says_so_at_its_end() {
    let (project, _) = two("\n[gate]\nmargin = 0.01\n");
    let ran = project.run(&["run", "-e", "model", "-e", "old", "-t", "2", "--until", "decided", "--quiet"]).expect(0);
    let status = project.query("select status, status_reason from run").remove(0);
    assert_eq!(status[0], "complete", "{}", ran.out);
    assert!(status[1].contains("can neither be ruled out nor shown"), "{status:?}");
}

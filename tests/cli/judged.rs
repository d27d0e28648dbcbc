//! Judges, verifiers and grading anew.

use crate::support::{Asked, Project, chat, completion, good, respond, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const JUDGED: &str = r#"
world: shop
user: ["Take item 1 and say its name."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - judge: {by: careful, rubric: ["The agent names what it took."]}
"#;

/// Whether a request is a judge's.
fn is_judges(asked: &Asked) -> bool {
    asked.body["tools"][0]["function"]["name"] == "give_grades"
}

fn grades(met: bool) -> String {
    let arguments = json!({"c1": {"reason": "it says lamp", "met": met}}).to_string();
    let call = json!({"id": "g", "type": "function", "function": {"name": "give_grades", "arguments": arguments}});
    respond(200, &completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"))
}

fn config(server: &str, more: &str) -> String {
    let judge = chat(server, more).replace("endpoints.model", "judges.careful").replace("retries = 1\n", "");
    chat(server, "") + &judge
}

fn judged(server: &str) -> Project {
    let project = Project::new(&config(server, "price = {input = 1.0, output = 2.0}"));
    project.write("scenarios/shop/lamp.yaml", JUDGED);
    project
}

#[test]
fn a_judge_is_asked_about_each_episode_and_its_word_decides() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let project = judged(&serve(move |asked| {
        Some(if is_judges(asked) { grades(counted.fetch_add(1, Ordering::SeqCst) == 0) } else { good(asked) })
    }));
    project.run(&["run", "-t", "2", "-j", "1", "--quiet"]).expect(0);
    assert_eq!(project.query("select passed from results order by trial"), [["1"], ["0"]]);
    let answers = project.query("select asked_of, answer, measurement from answers order by episode");
    assert_eq!(answers.len(), 2);
    assert!(answers[0][1].contains("it says lamp") && answers[0][2].contains("cost"), "{answers:?}");
    let shown = project.run(&["show", "last", "lamp", "-t", "2"]).expect(0).out;
    assert!(shown.contains("Not met by 0 of 1 judges: The agent names what it took."), "{shown}");
}

#[test]
fn a_judge_never_learns_who_is_on_trial_nor_a_secret() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let server = serve(move |asked| {
        if is_judges(asked) {
            kept.lock().unwrap().push(asked.body.to_string());
            return Some(grades(true));
        }
        let leak = json!({"role": "assistant", "content": "The key is sk-canary-51423, and here is the lamp."});
        Some(respond(200, &completion(&leak, "stop")))
    });
    let config =
        config(&server, "").replace("[endpoints.model]\n", "[endpoints.secretive]\napi_key_env = \"CANARY\"\n");
    let project = judged(&server);
    project.write("mocktrial.toml", &config);
    let ran = project.command(&["run", "--quiet"]).env("CANARY", "sk-canary-51423").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert!(!seen[0].contains("secretive") && !seen[0].contains("sk-canary"), "{}", seen[0]);
}

#[test]
fn a_judge_that_fails_leaves_the_episode_without_an_outcome_and_grading_anew_asks_it_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&broken);
    let project = judged(&serve(move |asked| {
        Some(match (is_judges(asked), state.load(Ordering::SeqCst)) {
            (false, _) => good(asked),
            (true, true) => respond(200, &completion(&json!({"role": "assistant", "content": "All good!"}), "stop")),
            (true, false) => grades(true),
        })
    }));
    project.run(&["run", "--quiet"]).expect(3);
    assert_eq!(project.query("select passed, cause from results"), [["", "provider"]]);
    // Without being allowed to, nobody is asked.
    let dry = project.run(&["grade", "--format", "json"]).expect(0).json();
    assert_eq!((&dry["regraded"]["changed"], &dry["regraded"]["ungraded"]), (&json!(0), &json!(1)));
    broken.store(false, Ordering::SeqCst);
    let ran = project.run(&["grade", "--ask", "--format", "json"]).expect(0).json();
    assert_eq!(ran["questions"], json!({"asked": 1, "unanswered": 0}));
    assert_eq!(project.query("select passed from results"), [["1"]]);
    // What is stored is not asked again.
    let again = project.run(&["grade", "--ask", "--format", "json"]).expect(0).json();
    assert_eq!((&again["questions"]["asked"], &again["regraded"]["changed"]), (&json!(0), &json!(0)));
}

#[test]
fn a_recorded_run_has_its_judges_answers_in_its_cassettes() {
    let project = judged(&serve(|asked| Some(if is_judges(asked) { grades(true) } else { good(asked) })));
    project.run(&["run", "--cassettes", "record", "--quiet"]).expect(0);
    let nobody = config("http://127.0.0.1:9/v1", "price = {input = 1.0, output = 2.0}");
    project.write("mocktrial.toml", &nobody);
    project.run(&["run", "--cassettes", "replay", "--quiet"]).expect(0);
    assert_eq!(project.query("select passed from results"), [["1"]]);
}

#[test]
fn a_judge_counts_against_the_budget_and_one_without_bounds_is_refused() {
    let server = serve(|asked| Some(if is_judges(asked) { grades(true) } else { good(asked) }));
    let project = judged(&server);
    let unbounded = config(&server, "").replace("[judges.careful]", "[judges.careful] # none");
    let (endpoint, judge) = unbounded.split_once("[judges").unwrap();
    let judge = judge.replace("parameters = {max_tokens = 50, seed = \"trial\"}\n", "");
    project.write("mocktrial.toml", &format!("{endpoint}[judges{judge}"));
    let refused = project.run(&["run", "--max-tokens", "100000"]).expect(2);
    assert!(
        refused.err.contains("judge `careful`: the run has a budget, and nothing bounds its answers"),
        "{}",
        refused.err
    );
}

#[test]
fn the_estimate_before_a_run_has_a_line_for_what_judges_cost() {
    let nobody = "http://127.0.0.1:9/v1";
    let project = judged(nobody);
    project.write("scenarios/shop/plain.yaml", &JUDGED.replace("  - judge:", "  - measure: style\n    judge:"));
    let estimate = project.run(&["run", "--dry-run", "-t", "3", "-e", "model", "-e", "null", "--format", "json"]);
    let estimate = estimate.expect(0).json();
    let judge = &estimate["judges"][0];
    // Two scenarios, two endpoints, three trials, one question each.
    assert_eq!((&judge["judge"], &judge["questions"]), (&json!("careful"), &json!(12)));
    let (low, high) = (judge["cost_low"].as_f64().unwrap(), judge["cost_high"].as_f64().unwrap());
    // A question is some 3000 bytes at 1 dollar per million tokens.
    assert!(low > 12.0 * 0.0005 && high > 2.0 * low && high < 12.0 * 0.2, "{judge}");
    let told = project.run(&["run", "--dry-run", "-t", "3", "-e", "null"]).expect(0).out;
    let line = told.lines().find(|line| line.contains("judge careful")).unwrap();
    assert!(line.contains("6 questions") && line.contains("about $"), "{told}");
    // The probe costs nothing, but its judge does.
    let refused = project.run(&["run", "-t", "3", "-e", "null", "--confirm-above", "0.001"]).expect(2);
    assert!(refused.err.contains("this run may cost up to $"), "{}", refused.err);
    let replayed = project.run(&["run", "--dry-run", "-e", "null", "--cassettes", "replay", "--format", "json"]);
    assert_eq!(replayed.expect(0).json()["judges"][0]["cost_high"], 0.0);
    project.write("mocktrial.toml", &config(nobody, ""));
    let unknown = project.run(&["run", "--dry-run", "-e", "null"]).expect(0).out;
    assert!(unknown.contains("2 questions  cost unknown: it needs a price"), "{unknown}");
}

#[test]
fn whoever_is_asked_must_be_configured() {
    let project = judged("http://127.0.0.1:9/v1");
    project.write(
        "mocktrial.toml",
        &chat("http://127.0.0.1:9/v1", "").replace(
            "[endpoints",
            "[judges.carefull]\nkind = \"chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n[endpoints",
        ),
    );
    let refused = project.run(&["list"]).expect(2);
    assert!(refused.err.contains("mocktrial.toml has no judge `careful`"), "{}", refused.err);
    assert!(refused.err.contains("did you mean `carefull`?"), "{}", refused.err);
    assert!(refused.err.contains("lamp.yaml:9"), "{}", refused.err);
    let wrong = "[judges.careful]\nkind = \"probe\"\nprobe = \"null\"\n[judges.other]\nkind = \"chat\"\nbase_url = \"http://127.0.0.1:9\"\nmodel = \"m\"\nprompt = {text = \"x\"}\n";
    project.write("mocktrial.toml", wrong);
    let refused = project.run(&["list"]).expect(2);
    assert!(refused.err.contains("the judge `careful` is no model"), "{}", refused.err);
    assert!(refused.err.contains("a judge has no `prompt`"), "{}", refused.err);
}

/// A project whose scenario is verified by a shell script.
fn verified(script: &str, seconds: f64) -> Project {
    let project =
        Project::new(&format!("[verifiers.check]\ncommand = [\"sh\", \"-c\", '{script}']\nseconds = {seconds}\n"));
    project.write(
        "scenarios/shop/lamp.yaml",
        &JUDGED.replace(
            "judge: {by: careful, rubric: [\"The agent names what it took.\"]}",
            "verify: {by: check, with: {item: lamp}}",
        ),
    );
    project
}

#[test]
fn a_verifier_sees_the_episode_and_its_score_counts() {
    let script = r#"in=$(cat); case "$in" in *"\"taken\":[1]"*"\"item\":\"lamp\""*|*"\"item\":\"lamp\""*"\"taken\":[1]"*) echo "{\"score\": 1}";; *) echo "{\"score\": 0.5, \"notes\": [\"nothing taken\"]}";; esac"#;
    let project = verified(script, 10.0);
    project.run(&["run", "--quiet", "-e", "reference", "-e", "null"]).expect(0);
    assert_eq!(project.query("select endpoint, passed from results order by 1"), [["null", "0"], ["reference", "1"]]);
    let scores = project.query("select score, evidence from grades where grader = 'verify' order by score");
    assert_eq!(scores[0][0], "0.5");
    assert!(scores[0][1].contains("nothing taken"));
}

#[test]
fn a_verifiers_failure_is_not_the_models() {
    for (script, why) in [
        ("cat >/dev/null; echo broken >&2; exit 3", "it ended with exit status: 3; it complained: broken"),
        ("cat >/dev/null; echo no", "what it wrote is no JSON object"),
        ("sleep 60", "it took longer than 0.2 s"),
        ("cat >/dev/null; echo {}", "gave no `score` from 0 to 1"),
    ] {
        let project = verified(script, 0.2);
        project.run(&["run", "--quiet", "-e", "reference"]).expect(3);
        let row = project.query("select cause, why from grades where grader = 'verify'").remove(0);
        assert_eq!(row[0], "harness", "{script}");
        assert!(row[1].contains(why), "{script}: {}", row[1]);
    }
}

#[test]
fn grading_anew_says_what_changed_and_why_and_leaves_stale_episodes_alone() {
    let project = Project::with_scenarios(&chat(&serve(|asked| Some(good(asked))), ""), 2);
    project.run(&["run", "--quiet", "-t", "2"]).expect(0);
    let edit = |name: &str, from: &str, to: &str| {
        let path = project.path().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    edit("scenarios/shop/lamp.yaml", "contains: lamp", "contains: kettle");
    edit("scenarios/shop/lamp.yaml", "say: I took the lamp.", "say: I took the kettle.");
    edit("scenarios/shop/lamp-000.yaml", "Take item 1 and", "Take item 1, and");
    let dry = project.run(&["grade", "--dry-run"]).expect(0).out;
    assert_eq!(project.query("select count(*) from results where passed"), [["4"]]);
    let ran = project.run(&["grade"]).expect(0).out;
    assert_eq!(dry.replace("would grade", "graded"), ran);
    assert_eq!(
        project.query("select scenario, sum(passed) from results group by 1 order by 1"),
        [["shop/lamp", "0"], ["shop/lamp-000", "2"]]
    );
    let run = project.runs()[0].file_stem().unwrap().to_string_lossy().into_owned();
    insta::assert_snapshot!(ran.replace(&run, "RUN"));
    let json: Value = project.run(&["grade", "--format", "json"]).expect(0).json();
    assert_eq!((&json["regraded"]["changed"], &json["regraded"]["stale"]), (&json!(0), &json!(["shop/lamp-000"])));
    project.run(&["grade", "nonsense"]).expect(2);
}

/// Two endpoints on two scenarios, where the judge passes what one of them says: eight episodes each.
fn reviewed() -> Project {
    let server = serve(|asked| {
        if is_judges(asked) {
            return Some(grades(!asked.body.to_string().contains("Voila")));
        }
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        if asked.body["model"] == "flowery" && done {
            return Some(respond(
                200,
                &completion(&json!({"role": "assistant", "content": "Voila, the lamp!"}), "stop"),
            ));
        }
        Some(good(asked))
    });
    let second =
        chat(&server, "").replace("endpoints.model", "endpoints.other").replace("model = \"", "model = \"flowery\" #");
    let (_, second) = second.split_once("[endpoints").unwrap();
    let project = Project::new(&(config(&server, "price = {input = 1.0, output = 2.0}") + "\n[endpoints" + second));
    project.write("scenarios/shop/lamp.yaml", JUDGED);
    project.write("scenarios/shop/lamp-2.yaml", JUDGED);
    project.run(&["run", "-t", "4", "--quiet", "--yes"]).expect(0);
    project
}

#[test]
fn people_label_a_blind_sample_and_the_rates_are_corrected_by_it() {
    let project = reviewed();
    let name = project.runs()[0].file_stem().unwrap().to_string_lossy().into_owned();
    let plain = |text: &str| text.replace(&name, "RUN");
    let before = project.run(&["show"]).expect(0).out;
    assert!(before.contains("uncalibrated: nobody has labelled"), "{before}");
    // Whoever labels says yes throughout, but for the last three, and stops.
    let answers = "y\n".repeat(9) + "what\nn\nn\ns\nq\n";
    let review = project.with_input(&["review", "--sample", "14", "--rater", "me"], &answers);
    let shown = review.expect(0).out;
    assert_eq!(shown.matches("The agent names what it took.").count(), 13);
    assert!(!shown.contains("model") && !shown.contains("other"), "{shown}");
    assert!(shown.contains("labelled 11, 3 of the sample left"), "{shown}");
    insta::assert_snapshot!("review", plain(&shown.lines().take(12).collect::<Vec<_>>().join("\n")));
    let calibrated = project.run(&["judge", "calibrate"]).expect(0);
    insta::assert_snapshot!(
        "calibrated",
        plain(&calibrated.out)
            + "---\n"
            + &plain(&calibrated.err).replace(&*project.path().to_string_lossy(), "PROJECT")
    );
    let after = project.run(&["show"]).expect(0).out;
    assert!(after.contains("with people in the judge's place"), "{after}");
    insta::assert_snapshot!(
        "judged_rates",
        plain(&after).split("begun").next().unwrap().to_owned()
            + plain(&after).split_once("mocktrial 0.1.0").unwrap().1.split("Effort").next().unwrap()
    );
    // What has been labelled is not shown again, and another run of the same suite knows the calibration.
    let again = project.with_input(&["review", "--sample", "14", "--rater", "me"], "").expect(0).out;
    assert!(again.contains("── 12 of 14"), "{again}");
    project.run(&["run", "-t", "4", "--quiet", "--yes"]).expect(0);
    let next = project.run(&["show"]).expect(0).out;
    assert!(next.contains("the judge is right no more often than a coin"), "{next}");
}

#[test]
fn a_sheet_can_be_filled_in_elsewhere_and_tells_neither_endpoint_nor_grade() {
    let project = reviewed();
    project.run(&["review", "--export", "sheet.csv", "--sample", "16"]).expect(0);
    let sheet = std::fs::read_to_string(project.path().join("sheet.csv")).unwrap();
    assert!(!sheet.contains("model") && !sheet.contains("judge") && sheet.contains("Voila"), "{sheet}");
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let mut filled = csv::Writer::from_writer(Vec::new());
    filled.write_record(reader.headers().unwrap()).unwrap();
    for row in reader.records() {
        let mut row: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        row[1] = if row[3].contains("Voila") { "no" } else { "yes" }.into();
        filled.write_record(row).unwrap();
    }
    project.write("filled.csv", &String::from_utf8(filled.into_inner().unwrap()).unwrap());
    let found = project.run(&["judge", "calibrate", "--labels", "filled.csv", "--format", "json"]).expect(0).json();
    let calibration = &found["calibration"];
    assert_eq!((&calibration["labels"], &calibration["kappa"]["value"]), (&json!(16), &json!(1.0)), "{found}");
    let refused = project.run(&["judge", "calibrate", "--labels", "sheet.csv"]).expect(2);
    assert!(refused.err.contains("these labels cannot be used"), "{}", refused.err);
    // Labels of other episodes say for which endpoint they are.
    project.write("labels.csv", "endpoint,judged,human\nmodel,yes,yes\nmodel,yes,maybe\n");
    let refused = project.run(&["judge", "calibrate", "--labels", "labels.csv"]).expect(2);
    assert!(refused.err.contains("labels.csv: line 3: `human` is `maybe`"), "{}", refused.err);
}

#[test]
fn a_run_without_a_judge_has_nothing_to_review() {
    let project = Project::with_scenarios(&chat(&serve(|asked| Some(good(asked))), ""), 1);
    project.run(&["run", "--quiet"]).expect(0);
    for command in [&["review"][..], &["judge", "calibrate"]] {
        let refused = project.run(command).expect(2);
        assert!(refused.err.contains("no judge has said anything in the run"), "{}", refused.err);
    }
}

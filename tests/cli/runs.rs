//! Runs as people see them: selection, dry runs, formats, cassettes, probes.

use crate::support::{Project, chat, good, serve};

#[test]
fn a_recorded_run_replays_without_a_server_and_a_miss_says_what_differs() {
    let project = Project::new(&chat(&serve(|asked| Some(good(asked))), ""));
    project.run(&["run", "--cassettes", "record", "-t", "3", "--quiet"]).expect(0);
    let live =
        project.query("select trial, passed, trajectory from results join trajectories using (episode) order by 1");
    project.write("mocktrial.toml", &chat("http://127.0.0.1:9/v1", ""));
    project.run(&["run", "--cassettes", "replay", "-t", "3", "--quiet"]).expect(0);
    let replayed =
        project.query("select trial, passed, trajectory from results join trajectories using (episode) order by 1");
    assert_eq!(live, replayed);
    assert_eq!(project.query("select distinct replayed from episodes"), [["1"]]);
    // Another message: the recording is of no use, and it is not the model's failure.
    let path = project.path().join("scenarios/shop/lamp.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("Take item 1", "Fetch item 1");
    std::fs::write(path, text).unwrap();
    project.run(&["run", "--cassettes", "replay", "-t", "1", "--quiet"]).expect(3);
    let row =
        project.query("select end_reason, cause, trajectory from results join trajectories using (episode)").remove(0);
    assert_eq!(row[..2], ["cassette_miss", "harness"]);
    assert!(row[2].contains("message"), "{}", row[2]);
}

#[test]
fn a_dry_run_counts_episodes_bounds_the_cost_and_runs_nothing() {
    let config = chat("http://127.0.0.1:9/v1", "price = {input = 1.0, output = 2.0}");
    let project = Project::with_scenarios(&config, 3);
    let ran = project.run(&["run", "--dry-run", "-t", "4", "--format", "json"]).expect(0).json();
    assert_eq!(ran["episodes"], 12);
    let (low, high) =
        (ran["endpoints"][0]["cost_low"].as_f64().unwrap(), ran["endpoints"][0]["cost_high"].as_f64().unwrap());
    assert!(0.0 < low && low < high, "{low} {high}");
    assert!(project.runs().is_empty());
    let refused = project.run(&["run", "--confirm-above", "0.0001"]).expect(2);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
}

#[test]
fn probes_need_no_configuration_and_show_what_the_criteria_are_worth() {
    let project = Project::new("");
    let probes = ["reference", "null", "echo", "refuse", "spam", "dump"];
    let mut args = vec!["run", "--quiet"];
    probes.iter().for_each(|p| args.extend(["-e", p]));
    project.run(&args).expect(0);
    let rows = project.query("select endpoint, passed from results order by endpoint = 'reference' desc, endpoint");
    assert_eq!(rows[0], ["reference", "1"]);
    assert!(rows[1..].iter().all(|r| r[1] == "0"), "{rows:?}");
}

#[test]
fn an_episode_is_shown_event_by_event_with_its_grades() {
    let project = Project::new(&chat(&serve(|asked| Some(good(asked))), ""));
    project.run(&["run", "--quiet"]).expect(0);
    let shown = project.run(&["show", "last", "lamp"]).expect(0).out;
    for said in ["Take item 1 and say its name.", "take(id: 1)", "/taken/0", "Here is the lamp.", "completed"] {
        assert!(shown.contains(said), "`{said}` is missing from:\n{shown}");
    }
    let json = project.run(&["show", "last", "lamp", "--format", "json"]).expect(0).json();
    assert!(json["trajectory"]["events"].as_array().unwrap().len() > 5);
    project.run(&["show", "last", "nonsense"]).expect(2);
    assert_eq!(project.run(&["show", "last", "--episodes"]).expect(0).out.lines().count(), 1);
}

#[test]
fn a_hostile_answer_reaches_the_terminal_without_its_control_characters() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}lamp";
    let server = serve(move |_| {
        let message = serde_json::json!({"role": "assistant", "content": evil});
        Some(crate::support::respond(200, &crate::support::completion(&message, "stop")))
    });
    let project = Project::new(&chat(&server, ""));
    project.run(&["run", "--quiet"]).expect(0);
    let shown = project.run(&["show", "last", "lamp"]).expect(0).out;
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}') && !shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn a_script_that_never_ends_is_the_scenarios_fault_and_names_its_line() {
    let project = Project::new("");
    project.write("scenarios/spin/worlds/spin.yaml", "tools: [{name: go, description: Goes., input_schema: {type: object}}]\nstate: {}\nscript: spin.star\nbehaviour: {go: {script: go}}\n");
    project.write("scenarios/spin/worlds/spin.star", "def go(args, world):\n    for i in range(10000):\n        for j in range(10000):\n            pass\n    return {}\n");
    project.write(
        "scenarios/spin/spin.yaml",
        "title: Spins\nworld: spin\nuser: [Go.]\nexpect:\n  - calls: {match: strict, of: [{call: go}]}\n",
    );
    let ran = project.run(&["run", "-s", "spin/*", "-e", "spam", "--quiet"]).expect(3);
    let row =
        project.query("select end_reason, cause, trajectory from results join trajectories using (episode)").remove(0);
    assert_eq!(row[..2], ["scenario_error", "scenario"], "{}", ran.err);
    assert!(row[2].contains("`go`") && row[2].contains("limit"), "{}", row[2]);
}

#[test]
fn plain_lines_go_to_a_pipe_and_quiet_says_nothing_but_the_result() {
    let project = Project::with_scenarios(&chat(&serve(|asked| Some(good(asked))), ""), 20);
    let ran = project.run(&["run"]).expect(0);
    assert!(ran.err.contains("20/20 episodes") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    assert_eq!(project.run(&["run", "--quiet"]).expect(0).err, "");
}

#[test]
fn a_picture_beside_the_users_words_reaches_the_model_and_is_part_of_what_is_compared() {
    use std::sync::Mutex;
    static SEEN: Mutex<Vec<serde_json::Value>> = Mutex::new(Vec::new());
    let server = serve(|asked| {
        SEEN.lock().unwrap().push(asked.body["messages"][0]["content"].clone());
        Some(good(asked))
    });
    let project = Project::new(&chat(&server, ""));
    let path = project.path().join("scenarios/shop/lamp.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let asked = "user: [\"Take item 1 and say its name.\"]";
    std::fs::write(path, text.replace(asked, "user: [{text: Take what you see., attach: [lamp.png]}]")).unwrap();
    project.write("scenarios/shop/lamp.png", "not really a picture");
    project.run(&["run", "--quiet"]).expect(0);
    let url = "data:image/png;base64,bm90IHJlYWxseSBhIHBpY3R1cmU=";
    let content = serde_json::json!([
        {"type": "text", "text": "Take what you see."},
        {"type": "image_url", "image_url": {"url": url}},
    ]);
    assert_eq!(SEEN.lock().unwrap()[0], content);
    let shown = project.run(&["show", "last", "lamp"]).expect(0).out;
    assert!(shown.contains("lamp.png, image/png, 20 bytes"), "{shown}");
    let world = || project.query("select world_hash from results").remove(0).remove(0);
    let before = world();
    project.write("scenarios/shop/lamp.png", "another picture");
    project.run(&["run", "--quiet"]).expect(0);
    assert_ne!(world(), before);
}

#[test]
fn a_file_whose_cost_nobody_can_bound_is_told_before_a_run_with_a_budget_and_wherever_it_stands() {
    let config = chat("http://127.0.0.1:9/v1", "price = {input = 1.0, output = 1.0}");
    let project = Project::with_scenarios(&config, 3);
    let path = project.path().join("scenarios/shop/lamp-001.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let asked = "user: [\"Take item 1 and say its name.\"]";
    std::fs::write(path, text.replace(asked, "user: [{text: Read this., attach: [terms.pdf]}]")).unwrap();
    project.write("scenarios/shop/terms.pdf", "%PDF");
    let ran = project.run(&["run", "--max-cost", "1"]).expect(2);
    assert!(ran.err.contains("shop/lamp-001") && ran.err.contains("files"), "{}", ran.err);
    assert!(project.runs().is_empty());
}

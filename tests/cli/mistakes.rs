//! What is said to people who mistype, and with which exit code.

use crate::support::{Project, chat};

#[test]
fn a_broken_suite_is_refused_with_every_mistake_and_exit_code_2() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    project
        .write("scenarios/shop/bad.yaml", "title: Bad\nworld: shopp\nuser: [hi]\nexpect:\n  - answer: {contains: x}\n");
    project
        .write("scenarios/shop/typo.yaml", "title: Typo\nworld: shop\nuser: [hi]\nexpect:\n  - answr: {contains: x}\n");
    project.write(
        "scenarios/shop/worse.yaml",
        "title: Worse\nworld: shop\nuser: []\nexpect:\n  - answer: {contains: \"\"}\n",
    );
    let ran = project.run(&["run"]).expect(2);
    for said in ["scenarios/shop/bad.yaml:2:8", "did you mean `shop`", "answr", "scenarios/shop/worse.yaml"] {
        assert!(ran.err.contains(said), "`{said}` is missing from:\n{}", ran.err);
    }
    assert!(project.runs().is_empty(), "nothing was begun");
}

#[test]
fn a_selection_that_selects_nothing_is_a_mistake() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    project.run(&["run", "-s", "nothing/*"]).expect(2);
    project.run(&["run", "--tag", "easy and"]).expect(2);
    project.run(&["list", "--tag", "easy and not slow"]).expect(0);
}

#[test]
fn an_unknown_endpoint_is_named_with_those_that_exist() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    let ran = project.run(&["run", "-e", "modle"]).expect(2);
    assert!(ran.err.contains("modle") && ran.err.contains("model"), "{}", ran.err);
}

#[test]
fn outside_of_a_project_the_way_in_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_mocktrial"))
        .arg("run")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("mocktrial.toml") && said.contains("mocktrial init"), "{said}");
}

#[test]
fn what_init_writes_checks_and_runs_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mocktrial"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["init"]);
    assert!(run(&["check"]).contains("ok:"));
    assert!(run(&["run", "-e", "reference", "-e", "null", "-t", "1"]).contains("100 %"));
}

#[test]
fn init_makes_a_suite_from_the_users_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let tools = serde_json::json!([{"type": "function", "function": {"name": "send_sms", "description": "Send a text message.",
        "parameters": {"type": "object", "properties": {"to": {"type": "string", "pattern": "^\\+[0-9]{8,12}$"}, "text": {"type": "string", "minLength": 1}}, "required": ["to", "text"]}}}]);
    std::fs::write(folder.path().join("mine.json"), tools.to_string()).unwrap();
    let run = |args: &[&str]| {
        std::process::Command::new(env!("CARGO_BIN_EXE_mocktrial"))
            .args(args)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    assert_eq!(run(&["init", "--tools", "mine.json"]).status.code(), Some(0));
    let check = run(&["check"]);
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
}

#[test]
fn a_tool_can_be_called_by_hand() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    let ran = project.run(&["call", "shop", "take", "{\"id\": 2}"]).expect(0);
    assert!(ran.out.contains("kettle") && ran.err.contains("/taken/0"), "{}\n{}", ran.out, ran.err);
    project.run(&["call", "shop", "take", "{\"id\": \"two\"}"]).expect(1);
    project.run(&["call", "shp", "take"]).expect(2);
}

#[test]
fn the_author_plays_the_agent_and_the_steps_become_a_reference() {
    use std::io::Write as _;
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    project.write(
        "scenarios/shop/kettle.yaml",
        "title: Takes the kettle\nworld: shop\nuser: [Take item 2.]\nexpect:\n  - answer: {contains: kettle}\n  - state: {path: \"$.taken\", equals: [2]}\n",
    );
    let mut child = project
        .command(&["try", "shop/kettle", "--author", "--save-reference"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"take {\"id\": 2}\nsay Here is the kettle.\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let saved = std::fs::read_to_string(project.path().join("scenarios/shop/kettle.yaml")).unwrap();
    assert!(saved.contains("reference:") && saved.contains("Here is the kettle."), "{saved}");
    project.run(&["check", "-s", "shop/kettle"]).expect(0);
    // Another way is put beside it, the tool's own error included; a mistake of the agent's is not.
    let mut child = project
        .command(&["try", "shop/kettle", "--author", "--save-reference"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let typed = b"take {\"id\": 99}\ntake {\"id\": \"x\"}\ntake {\"id\": 2}\nsay A kettle for you.\n";
    child.stdin.take().unwrap().write_all(typed).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let saved = std::fs::read_to_string(project.path().join("scenarios/shop/kettle.yaml")).unwrap();
    assert!(saved.contains("\"fails\":true") && !saved.contains("\"x\""), "{saved}");
    project.run(&["check", "-s", "shop/kettle"]).expect(0);
}

#[test]
fn an_episode_that_fails_leaves_the_scenario_as_it_was() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", "retries = 0"));
    let text = "title: Takes the kettle\nworld: shop\nuser: [Take item 2.]\nexpect:\n  - answer: {contains: kettle}\n";
    project.write("scenarios/shop/kettle.yaml", text);
    project.run(&["try", "shop/kettle", "--save-reference"]).expect(2);
    assert_eq!(std::fs::read_to_string(project.path().join("scenarios/shop/kettle.yaml")).unwrap(), text);
}

#[test]
fn every_schema_that_is_listed_can_be_printed() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    let kinds = project.run(&["schema"]).expect(0).out;
    for kind in kinds.lines().map(|l| l.split_whitespace().next().unwrap()) {
        assert!(project.run(&["schema", kind]).expect(0).json()["title"].is_string(), "{kind}");
    }
    project.run(&["schema", "nonsense"]).expect(2);
}

#[test]
fn a_failure_is_one_json_document_where_json_is_asked_for() {
    let project = Project::new(&chat("http://127.0.0.1:9/v1", ""));
    project.write("scenarios/shop/bad.yaml", "title: T\nworld: shop\nuser: [x]\nexpct: []\n");
    let failure = project.run(&["check", "--format", "json"]).expect(2).json();
    assert_eq!((&failure["kind"], &failure["exit_code"]), (&"failure".into(), &2.into()));
    assert_eq!(failure["mistakes"][0]["file"], "scenarios/shop/bad.yaml");
    assert!(failure["mistakes"][0]["line"].is_number(), "{failure}");
}

//! Agents of the user's own: good, dead, hanging, flooding, and talking nonsense.

use crate::support::Project;

fn project(script: &str) -> Project {
    let project = Project::new(
        "[endpoints.mine]\nkind = \"command\"\ncommand = [\"python3\", \"agent.py\"]\n\n[limits]\nreal_seconds = 20\n",
    );
    project.write("agent.py", script);
    project
}

fn ending(project: &Project) -> Vec<String> {
    project.run(&["run", "--quiet"]);
    project
        .query("select end_reason, coalesce(cause, ''), trajectory from results join trajectories using (episode)")
        .remove(0)
}

#[test]
fn a_twenty_line_agent_passes_and_what_it_does_not_say_is_absent() {
    let project = project(
        r#"
import json, sys
first = json.loads(sys.stdin.readline())
assert first["user"].startswith("Take item 1") and first["tools"][0]["name"] == "take"
print(json.dumps({"usage": {"input": 7, "output": 3}}), flush=True)
print(json.dumps({"call": "take", "args": {"id": 99}}), flush=True)
answer = json.loads(sys.stdin.readline())
assert answer["error"] is True
print(json.dumps({"call": "take", "args": {"id": 1}}), flush=True)
answer = json.loads(sys.stdin.readline())
print(json.dumps({"say": "I took the " + answer["result"]["name"]}), flush=True)
"#,
    );
    project.run(&["run"]).expect(0);
    let row =
        project.query("select passed, turns, tokens_in, tokens_out, coalesce(cost, 'unknown') from episodes").remove(0);
    assert_eq!(row, ["1", "0", "7", "3", "unknown"]);
}

#[test]
fn an_agent_that_dies_is_the_models_failure_with_its_last_words() {
    let row = ending(&project("import sys\nsys.stdin.readline()\nsys.exit('no idea what to do')\n"));
    assert_eq!(row[..2], ["agent_failed", "model"]);
    assert!(row[2].contains("no idea what to do") && row[2].contains("exit status: 1"), "{}", row[2]);
}

#[test]
fn an_agent_that_talks_nonsense_broke_the_protocol() {
    let row = ending(&project("print('hello there', flush=True)\nimport sys\nsys.stdin.read()\n"));
    assert_eq!(row[..2], ["agent_failed", "model"]);
    assert!(row[2].contains("broke the protocol"), "{}", row[2]);
}

#[test]
fn an_agent_that_floods_is_stopped() {
    let row = ending(&project("while True: print('x' * 65536, end='', flush=True)\n"));
    assert_eq!(row[..2], ["agent_flooded", "model"]);
}

#[test]
fn an_agent_that_hangs_ends_by_real_time_and_is_killed_with_its_children() {
    let project = project(
        "import subprocess, sys\nchild = subprocess.Popen(['sleep', '600'])\nopen('pids', 'w').write(str(child.pid))\nsys.stdin.readline()\nsys.stdin.readline()\n",
    );
    project.write(
        "mocktrial.toml",
        "[endpoints.mine]\nkind = \"command\"\ncommand = [\"python3\", \"agent.py\"]\n\n[limits]\nreal_seconds = 1\n",
    );
    let row = ending(&project);
    assert_eq!(row[..2], ["real_time_limit", "harness"]);
    let pid = std::fs::read_to_string(project.path().join("pids")).unwrap();
    // Gone, or dead and not yet collected by whoever inherited it.
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[test]
fn a_command_that_does_not_exist_stops_the_endpoint() {
    let project = Project::new("[endpoints.mine]\nkind = \"command\"\ncommand = [\"./no-such-agent\"]\n");
    let ran = project.run(&["run"]).expect(3);
    assert!(ran.err.contains("no-such-agent"), "{}", ran.err);
}

#[test]
fn an_agent_sees_only_the_environment_it_was_given() {
    let project = project(
        "import json, os, sys\nsys.stdin.readline()\nprint(json.dumps({'say': 'lamp ' + ' '.join(sorted(os.environ))}), flush=True)\n",
    );
    let output = project.command(&["run", "--quiet"]).env("SOME_SECRET", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = project.query("select trajectory from trajectories").remove(0).remove(0);
    assert!(said.contains("PATH") && !said.contains("SOME_SECRET"), "{said}");
}

#[test]
fn results_keep_their_types_and_usage_is_taken_after_the_last_answer() {
    let project = project(
        r#"
import json, sys
sys.stdin.readline()
print(json.dumps({"call": "take", "args": {"id": 2}}), flush=True)
result = json.loads(sys.stdin.readline())["result"]
print(json.dumps({"say": "The lamp " + repr(result)}), flush=True)
sys.stdin.read()
print(json.dumps({"usage": {"input": 70, "output": 30}}), flush=True)
"#,
    );
    let world = std::fs::read_to_string(project.path().join("scenarios/shop/worlds/shop.yaml")).unwrap();
    let world = world.replace(r#"result: {name: "{{ state.items[args.id ~ ''] }}"}"#, "result: \"94016\"");
    project.write("scenarios/shop/worlds/shop.yaml", &world);
    project.run(&["run", "--quiet"]).expect(0);
    let row = project.query("select tokens_in, tokens_out, trajectory from results join trajectories using (episode)");
    assert_eq!(row[0][..2], ["70", "30"]);
    assert!(row[0][2].contains("The lamp '94016'"), "{}", row[0][2]);
}

#[test]
fn an_agent_that_dies_is_not_kept_alive_by_a_child_that_holds_its_output() {
    let row = ending(&project(
        "import subprocess, sys\nsubprocess.Popen(['sleep', '600'])\nsys.stdin.readline()\nsys.exit(3)\n",
    ));
    assert_eq!(row[..2], ["agent_failed", "model"]);
    assert!(row[2].contains("exit status: 3"), "{}", row[2]);
}

#[test]
fn what_an_agent_says_of_its_secrets_is_scrubbed() {
    let secret = "sk-canary-5d1c9b7f3a";
    let project = project(
        "import json, os, sys\nsys.stdin.readline()\nk = os.environ['CANARY_KEY']\nprint(json.dumps({'call': 'take', 'args': {'id': k}}), flush=True)\nsys.stdin.readline()\nsys.exit('key is ' + k)\n",
    );
    project.write(
        "mocktrial.toml",
        "[endpoints.mine]\nkind = \"command\"\ncommand = [\"python3\", \"agent.py\"]\nenv = [\"CANARY_KEY\"]\n",
    );
    let output = project.command(&["run"]).env("CANARY_KEY", secret).output().unwrap();
    let said = project.query("select trajectory from trajectories").remove(0).remove(0);
    assert!(said.contains("[secret]") && said.contains("key is"), "{said}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(secret) && !printed.contains(secret), "{said}{printed}");
}

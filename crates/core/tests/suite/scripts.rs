//! Criteria whose scripts stand in files of their own.

use crate::folder::Folder;
use mocktrial_core::ready::ReadyScenario;
use std::sync::Arc;

const SCRIPT: &str = "def grade(episode):\n    return len(episode.calls()) == 1\n";

/// A scenario of the shop with these criteria.
fn scenario(criteria: &str) -> String {
    format!(
        "world: shop\nuser: Where is W-1?\nreference:\n  - {{call: get_order, args: {{order_id: W-1}}}}\n  - say: \
         There.\nexpect:\n{criteria}\n"
    )
}

const FROM_FILE: &str = "  - script: {file: ../../checks/once.star}";

fn folder(criteria: &str, script: &str) -> Folder {
    Folder::shop(&[("scenarios/shop/a.yaml", &scenario(criteria)), ("checks/once.star", script)])
}

#[test]
fn the_text_of_a_scripts_file_stands_in_the_criterion_and_in_its_hash() {
    let inline =
        "  - script:\n      source: |\n        def grade(episode):\n            return len(episode.calls()) == 1";
    let of = |criteria: &str, script: &str| Arc::clone(&folder(criteria, script).loaded().scenarios[0]);
    let (named, written) = (of(FROM_FILE, SCRIPT), of(inline, SCRIPT));
    assert_eq!(named.criteria, written.criteria);
    assert_eq!(named.instrument, written.instrument);
    let other = of(FROM_FILE, &SCRIPT.replace("== 1", "== 2"));
    assert_ne!(named.instrument.criteria, other.instrument.criteria);
    assert_eq!(named.instrument.world, other.instrument.world);
}

#[test]
fn scripts_within_other_criteria_may_stand_in_files_too() {
    let within = "  - any:\n      - answer: {contains: There}\n      - mean: {of: [{script: {file: ../../checks/once.star}}, {format: clean}]}";
    let suite = folder(within, SCRIPT).loaded();
    let part = &suite.scenarios[0].criteria[0].parameters[1]["mean"]["of"][0]["script"];
    assert_eq!(part["source"], SCRIPT);
    assert_eq!(part.get("file"), None);
}

#[test]
fn a_row_of_cases_may_name_the_script() {
    let cases = scenario("  - script: {file: '../../checks/${check}.star'}") + "cases: [{id: x, check: once}]\n";
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &cases), ("checks/once.star", SCRIPT)]);
    assert_eq!(folder.loaded().scenarios[0].criteria[0].parameters["source"], SCRIPT);
}

#[test]
fn a_mistake_in_a_script_is_told_with_the_files_own_line() {
    let broken = "# Looks at calls.\ndef grade(episode):\n    return episode.calls() ++\n";
    let folder = folder(FROM_FILE, broken);
    folder.write("scenarios/shop/b.yaml", &scenario(FROM_FILE));
    let mistakes = folder.load().expect_err("the script is broken");
    // Two scenarios, one mistake.
    insta::assert_snapshot!(mistakes.render(false));
    let within = "  - any: [{answer: {contains: There}}, {script: {file: ../../checks/once.star}}]";
    let unknown = "def grade(episode):\n    return nothing\n";
    let found = self::folder(within, unknown).messages();
    assert_eq!(found, ["checks/once.star:2:12 Variable `nothing` not found"]);
    let missing = self::folder(FROM_FILE, "def grades(episode):\n    return True\n").messages();
    assert!(missing[0].starts_with("checks/once.star:0:0 ") && missing[0].contains("`grade`"), "{missing:?}");
}

#[tokio::test]
async fn a_script_that_fails_on_an_idle_episode_is_told_with_the_files_own_line() {
    let fails = "def grade(episode):\n    first = episode.calls()[0]\n    return first[\"succeeded\"]\n";
    let folder = folder(FROM_FILE, fails);
    let ready = ReadyScenario::new(Arc::clone(&folder.loaded().scenarios[0])).await;
    let mistakes = ready.err().expect("the script is broken");
    assert_eq!((mistakes[0].file.as_str(), mistakes[0].line), ("checks/once.star", 2));
    assert!(mistakes[0].message.starts_with("it cannot grade an episode"), "{}", mistakes[0]);
    // One that is written in the scenario is told with its own lines, in words.
    let inline = format!("  - script: {{source: {}}}", serde_json::Value::from(fails));
    let folder = self::folder(&inline, fails);
    let ready = ReadyScenario::new(Arc::clone(&folder.loaded().scenarios[0])).await;
    let mistakes = ready.err().expect("the script is broken");
    assert_eq!((mistakes[0].file.as_str(), mistakes[0].line), ("scenarios/shop/a.yaml", 7));
    assert!(mistakes[0].message.starts_with("line 2, column 13: it cannot grade"), "{}", mistakes[0]);
}

#[test]
fn a_scripts_file_must_be_there_and_lie_in_the_project() {
    for (name, told) in [
        ("../../checks/twice.star", "7:20 there is no file `../../checks/twice.star`"),
        ("../../../outside.star", "7:20 the path `../../../outside.star` leaves the project"),
        ("/etc/passwd", "7:20 the path `/etc/passwd` is not relative"),
        ("../../checks", "7:20 `checks` is not a file"),
    ] {
        let found = folder(&format!("  - script: {{file: {name}}}"), SCRIPT).messages();
        assert_eq!(found, [format!("scenarios/shop/a.yaml:{told}")]);
    }
    let both = folder("  - script: {file: ../../checks/once.star, source: x}", SCRIPT).messages();
    assert_eq!(both, ["scenarios/shop/a.yaml:7:20 there are both `source` and `file`, and a criterion has one script"]);
    let neither = folder("  - script: {}", SCRIPT).messages();
    assert_eq!(neither, ["scenarios/shop/a.yaml:7:5 there is no script here"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_project_is_no_script() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("out.star"), SCRIPT).unwrap();
    let folder = folder("  - script: {file: ../../checks/out.star}", SCRIPT);
    std::os::unix::fs::symlink(outside.path().join("out.star"), folder.path().join("checks/out.star")).unwrap();
    let found = folder.messages();
    assert!(found[0].contains("is a link that leads out of the project"), "{found:?}");
}

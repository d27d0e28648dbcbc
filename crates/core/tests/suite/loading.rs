//! What a suite without mistakes becomes.

use crate::folder::{Folder, SCENARIO, WORLD};
use mocktrial_core::suite::{Scenario, Step};
use serde_json::json;
use std::sync::Arc;

fn only(folder: &Folder) -> Arc<Scenario> {
    let suite = folder.loaded();
    assert_eq!(suite.scenarios.len(), 1);
    Arc::clone(&suite.scenarios[0])
}

fn with(old: &str, new: &str) -> Arc<Scenario> {
    assert!(SCENARIO.contains(old), "{old}");
    only(&Folder::shop(&[("scenarios/shop/where.yaml", &SCENARIO.replace(old, new))]))
}

fn plain() -> Arc<Scenario> {
    with("Be short", "Be short")
}

#[test]
fn a_scenario_is_named_by_its_path_and_holds_what_its_file_says() {
    let scenario = plain();
    assert_eq!(&*scenario.id, "shop/where");
    assert_eq!(scenario.family, scenario.id);
    assert_eq!(scenario.title, "Where is it?");
    assert_eq!(scenario.tags.iter().collect::<Vec<_>>(), ["easy", "lookup"]);
    assert_eq!(scenario.user, ["Where is my order W-1?".into()]);
    assert_eq!(scenario.system.as_deref(), Some("Be short."));
    assert_eq!(scenario.world.id, "shop/shop");
    assert_eq!(scenario.world.title.as_deref(), Some("A shop"));
    assert_eq!(scenario.criteria[0].grader, "answer");
    assert_eq!(scenario.criteria[0].parameters, json!({"contains": "delivered"}));
    let call = Step::Call { tool: "get_order".into(), args: json!({"order_id": "W-1"}), fails: false };
    assert_eq!(scenario.references.len(), 1);
    assert_eq!(scenario.references[0].steps(), [call, Step::Say("It is delivered.".into())]);
    assert_eq!(scenario.source.file, "scenarios/shop/where.yaml");
    assert_eq!(scenario.initial.value()["orders"]["W-2"]["total"], json!(7));
}

#[test]
fn scenarios_of_sub_folders_use_the_worlds_of_their_suite() {
    let folder = Folder::shop(&[
        ("scenarios/shop/hard/very/where.yaml", SCENARIO),
        ("scenarios/other/where.yaml", &SCENARIO.replace("world: shop", "world: shop/shop")),
    ]);
    let suite = folder.loaded();
    let ids: Vec<&str> = suite.scenarios.iter().map(|s| &*s.id).collect();
    assert_eq!(ids, ["other/where", "shop/hard/very/where"]);
    assert!(suite.scenarios.iter().all(|s| Arc::ptr_eq(&s.world, &suite.worlds["shop/shop"])));
}

#[test]
fn scenarios_are_ordered_by_id_and_not_by_file() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO), ("scenarios/shop/a-2.yaml", SCENARIO)]);
    let suite = folder.loaded();
    let ids: Vec<&str> = suite.scenarios.iter().map(|s| &*s.id).collect();
    assert_eq!(ids, ["shop/a", "shop/a-2"]);
}

#[test]
fn the_same_files_have_the_same_digests_and_reformatting_them_changes_none() {
    let reordered = "world: shop\nexpect: [{answer: {contains: \"delivered\"}}]\nreference: [{args: {order_id: \"W-1\"}, call: get_order}, {say: It is delivered.}]\nuser: ['Where is my order W-1?']\nsystem: Be short. # a comment\n";
    let other = only(&Folder::shop(&[("scenarios/shop/where.yaml", reordered)]));
    assert_eq!(plain().instrument, plain().instrument);
    assert_eq!(plain().instrument, other.instrument);
    assert_eq!(plain().world.digest, other.world.digest);
}

#[test]
fn what_decides_how_an_episode_goes_changes_the_world_digest_alone() {
    for (old, new) in [
        ("system: Be short.", "system: Be long."),
        ("Where is my order W-1?", "Where is W-1?"),
        ("world: shop\n", "world: shop\nstate: {orders: {W-1: {status: lost}}}\n"),
        ("world: shop\n", "world: shop\ntools: [get_order]\n"),
        ("world: shop\n", "world: shop\nlimits: {turns: 3}\n"),
    ] {
        let (before, after) = (plain().instrument, with(old, new).instrument);
        assert_ne!(before.world, after.world, "{new}");
        assert_eq!(before.criteria, after.criteria, "{new}");
    }
}

#[test]
fn what_decides_how_an_episode_is_graded_changes_the_criteria_digest_alone() {
    for (old, new) in [
        ("{contains: delivered}", "{contains: Delivered}"),
        ("say: It is delivered.", "say: It was delivered."),
        ("world: shop\n", "world: shop\ninaction: true\n"),
    ] {
        let (before, after) = (plain().instrument, with(old, new).instrument);
        assert_eq!(before.world, after.world, "{new}");
        assert_ne!(before.criteria, after.criteria, "{new}");
    }
}

#[test]
fn what_only_people_read_and_what_only_time_and_money_limit_changes_no_digest() {
    for (old, new) in [
        ("title: Where is it?", "title: Where?"),
        ("tags: [easy, lookup]", "tags: [hard]"),
        ("world: shop\n", "world: shop\ndescription: A text.\nlimits: {real_seconds: 3, cost: 1}\n"),
    ] {
        assert_eq!(plain().instrument, with(old, new).instrument, "{new}");
    }
}

#[test]
fn a_world_digest_covers_tools_behaviour_seed_and_script_but_not_how_states_are_compared() {
    let digest = |world: &str| {
        let script = "def f(args):\n    return {\"a\": 1}\n";
        let folder = Folder::shop(&[("scenarios/shop/worlds/s.star", script), ("scenarios/shop/a.yaml", SCENARIO)]);
        folder.write("scenarios/shop/worlds/shop.yaml", world);
        let scenario = only(&folder);
        (scenario.world.digest, scenario.instrument)
    };
    let (plain, instrument) = digest(WORLD);
    for (old, new) in [
        ("copies: {type: integer}", "copies: {type: number}"),
        ("title: A shop\n", "title: A shop\nseed: 8\n"),
        ("title: A shop\n", "title: A shop\nscript: s.star\n"),
        ("title: A shop\n", "title: A shop\nclock: 2026-03-02T09:00:00Z\n"),
        ("result: {status:", "result: {stands:"),
    ] {
        assert!(WORLD.contains(old));
        assert_ne!(plain, digest(&WORLD.replace(old, new)).0, "{new}");
    }
    let (same, compared) = digest(&WORLD.replace("title: A shop\n", "title: Our shop\nvolatile: [/log]\n"));
    assert_eq!(plain, same);
    assert_eq!(instrument.world, compared.world);
    assert_ne!(instrument.criteria, compared.criteria);
}

#[test]
fn equal_initial_states_are_one_whatever_way_they_are_written() {
    let patched = |patch: &str| SCENARIO.replace("world: shop\n", &format!("world: shop\nstate: {patch}\n"));
    let folder = Folder::shop(&[
        ("scenarios/shop/a.yaml", SCENARIO),
        ("scenarios/shop/b.yaml", &patched("{orders: {W-1: {status: lost}}}")),
        ("scenarios/shop/c.yaml", &patched("{orders: {W-1: {status: lost, total: 42.0}}}")),
        ("scenarios/shop/d.yaml", &patched("{orders: {W-1: {status: delivered}, W-9: null}}")),
        ("scenarios/shop/e.yaml", &patched("{orders: {W-1: null, W-3: {status: new, gone: null}}}")),
    ]);
    let suite = folder.loaded();
    let initial: Vec<_> = suite.scenarios.iter().map(|s| &s.initial).collect();
    assert!(Arc::ptr_eq(initial[0], initial[3]), "a patch that changes nothing is no state of its own");
    assert!(Arc::ptr_eq(initial[1], initial[2]), "42 and 42.0 are the same number");
    assert_ne!(initial[0].digest, initial[1].digest);
    let merged = json!({"orders": {"W-2": {"status": "lost", "total": 7}, "W-3": {"status": "new"}}});
    assert_eq!(**initial[4].value(), merged);
}

#[test]
fn a_scenarios_limits_come_before_the_projects() {
    let folder = Folder::shop(&[
        ("mocktrial.toml", "[limits]\nturns = 20\ncalls = 9\n"),
        ("scenarios/shop/a.yaml", &SCENARIO.replace("world: shop\n", "world: shop\nlimits: {turns: 3}\n")),
    ]);
    let limits = only(&folder).limits;
    assert_eq!((limits.turns, limits.calls, limits.errors), (Some(3), Some(9), None));
}

#[test]
fn only_the_scenarios_under_the_given_paths_are_loaded_and_only_their_mistakes_are_told() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO), ("scenarios/shop/b.yaml", "tilte: x\n")]);
    let project = folder.project().unwrap();
    let suite = project.load_under(&[folder.path().join("scenarios/shop/a.yaml")]).unwrap();
    assert_eq!(suite.scenarios.len(), 1);
    assert!(project.load_under(&[folder.path().join("scenarios/shop")]).is_err());
    assert!(project.load_under(&[folder.path().join("scenarios/none")]).is_err());
    assert!(project.load_under(&[std::env::temp_dir()]).is_err());
}

#[test]
fn a_project_is_found_from_any_folder_inside_it() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
    let found = mocktrial_core::suite::Project::discover(&folder.path().join("scenarios/shop")).unwrap();
    assert_eq!(found.root, folder.path().canonicalize().unwrap());
}

#[test]
fn a_world_that_no_scenario_names_is_loaded_however_its_keys_are_written() {
    let tools = "[{name: f}]";
    let folder = Folder::shop(&[
        ("scenarios/shop/a.yaml", SCENARIO),
        ("scenarios/shop/worlds/flow.yaml", &format!("{{title: t, tools: {tools}}}")),
        ("scenarios/shop/worlds/quoted.yaml", &format!("'tools': {tools}\n")),
        ("scenarios/shop/worlds/spaced.yaml", &format!("tools : {tools}\n")),
        ("scenarios/shop/worlds/windows.yaml", &format!("\u{feff}tools: {tools}\r\nstate: state.yaml\r\n")),
        ("scenarios/shop/worlds/state.yaml", "tools: [hammer]\n"),
        ("scenarios/shop/worlds/zoo.yaml", "tools: zoo-tools.yaml\n"),
        ("scenarios/shop/worlds/zoo-tools.yaml", "model: m\ntools: [{name: g}]\n"),
    ]);
    let suite = folder.loaded();
    let ids: Vec<&str> = suite.worlds.keys().map(String::as_str).collect();
    assert_eq!(ids, ["shop/flow", "shop/quoted", "shop/shop", "shop/spaced", "shop/windows", "shop/zoo"]);
}

#[test]
fn a_file_among_the_worlds_that_is_none_and_that_nothing_names_is_warned_of() {
    let folder = Folder::shop(&[
        ("scenarios/shop/a.yaml", SCENARIO),
        ("scenarios/shop/worlds/misspelt.yaml", "tool: [{name: f}]\n"),
    ]);
    let warnings = folder.loaded().warnings;
    let told: Vec<_> = warnings.iter().map(|w| (w.file.as_str(), w.message.as_str())).collect();
    let message = "this is no world, for it has no `tools`; and no world names it";
    assert_eq!(told, [("scenarios/shop/worlds/misspelt.yaml", message)]);
}

#[test]
fn a_path_to_a_world_is_not_read_as_a_scenario() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
    let project = folder.project().unwrap();
    for path in ["scenarios/shop/worlds/shop.yaml", "scenarios/shop/worlds"] {
        let mistakes = project.load_under(&[folder.path().join(path)]).unwrap_err().0;
        assert_eq!(mistakes.len(), 1);
        assert_eq!(mistakes[0].message, "worlds lie here, and no scenarios");
    }
}

#[test]
fn a_world_is_not_its_own_file_of_tools() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
    folder.write("scenarios/shop/worlds/shop.yaml", "tools: [shop.yaml]\n");
    assert_eq!(folder.messages(), ["scenarios/shop/worlds/shop.yaml:1:9 a world cannot be its own file of tools"]);
}

//! Paths that files name: nothing outside the project is read.

use crate::folder::{Folder, SCENARIO, WORLD};

#[test]
fn a_path_that_leaves_the_project_is_refused_wherever_it_stands() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.json"), "{}").unwrap();
    let absolute = outside.path().join("secret.json").display().to_string();
    let above = format!("../../../../{}/secret.json", outside.path().file_name().unwrap().to_str().unwrap());
    for path in [absolute.as_str(), above.as_str(), "~/secret.json", "C:/secret.json"] {
        for key in ["tools", "state", "script"] {
            let world = match key {
                "tools" => format!("tools: {path}\n"),
                key => format!("tools: {{name: get_order}}\n{key}: {path}\n"),
            };
            let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
            folder.write("scenarios/shop/worlds/shop.yaml", &world);
            let messages = folder.messages();
            assert_eq!(messages.len(), 1, "{path}: {messages:?}");
            assert!(messages[0].contains("not relative") || messages[0].contains("leaves the project"), "{messages:?}");
        }
        let folder = Folder::shop(&[("scenarios/shop/a.yaml", &format!("{SCENARIO}cases: {path}\n"))]);
        assert!(!folder.messages().is_empty());
        let folder = Folder::new(&[(
            "mocktrial.toml",
            &format!("[endpoints.a]\nkind = 'probe'\nprobe = 'null'\nprompt = '{path}'\n"),
        )]);
        assert!(folder.project().is_err());
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_project_is_refused_and_one_inside_is_followed() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("state.json"), "{\"orders\": {}}").unwrap();
    let world = format!(
        "{}\n",
        WORLD.replace(
            "state: {orders: {W-1: {status: delivered, total: 42}, W-2: {status: lost, total: 7}}}",
            "state: linked.json"
        )
    );
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO), ("data/state.json", "{\"orders\": {}}")]);
    folder.write("scenarios/shop/worlds/shop.yaml", &world);
    let link = folder.path().join("scenarios/shop/worlds/linked.json");
    symlink(outside.path().join("state.json"), &link).unwrap();
    assert!(folder.messages()[0].contains("leads out of the project"), "{:?}", folder.messages());
    std::fs::remove_file(&link).unwrap();
    symlink(folder.path().join("data/state.json"), &link).unwrap();
    assert_eq!(folder.loaded().scenarios.len(), 1);

    symlink(outside.path(), folder.path().join("scenarios/shop/more")).unwrap();
    assert!(folder.messages()[0].contains("cannot be a link"), "{:?}", folder.messages());
}

#[cfg(unix)]
#[test]
fn a_scenario_that_is_a_link_out_of_the_project_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("a.yaml"), SCENARIO).unwrap();
    let folder = Folder::shop(&[]);
    std::os::unix::fs::symlink(outside.path().join("a.yaml"), folder.path().join("scenarios/shop/a.yaml")).unwrap();
    assert!(folder.messages()[0].contains("leads out of the project"), "{:?}", folder.messages());
}

#[test]
fn a_world_is_looked_for_among_the_worlds_only() {
    for name in ["../../../etc/passwd", "shop/../../x", "/etc/passwd", "..", "a/b/c"] {
        let folder =
            Folder::shop(&[("scenarios/shop/a.yaml", &SCENARIO.replace("world: shop", &format!("world: {name}")))]);
        let messages = folder.messages();
        assert!(messages[0].contains("there is no world"), "{messages:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_world_that_is_a_link_out_of_the_project_is_refused_whether_or_not_a_scenario_names_it() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("w.yaml"), WORLD).unwrap();
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
    let link = folder.path().join("scenarios/shop/worlds/linked.yaml");
    std::os::unix::fs::symlink(outside.path().join("w.yaml"), &link).unwrap();
    let unnamed = "scenarios/shop/worlds/linked.yaml:0:0 this is a link that leads out of the project, or nowhere";
    assert_eq!(folder.messages(), [unnamed]);

    folder.write("scenarios/shop/a.yaml", &SCENARIO.replace("world: shop", "world: linked"));
    let named = "scenarios/shop/a.yaml:4:8 the world `linked` is a link that leads out of the project";
    assert_eq!(folder.messages(), [named, unnamed]);
    let one = folder.project().unwrap().load_under(&[folder.path().join("scenarios/shop/a.yaml")]).unwrap_err();
    assert_eq!(one.0.len(), 1, "{one}");
}

#[cfg(unix)]
#[test]
fn nothing_is_read_from_a_device_or_a_pipe() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &SCENARIO.replace("world: shop", "world: shoop"))]);
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("scenarios/shop/worlds/zero.yaml")).unwrap();
    let pipe = folder.path().join("scenarios/shop/worlds/pipe.yaml");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let expected = [
        "scenarios/shop/a.yaml:4:8 there is no world `shoop`",
        "scenarios/shop/worlds/pipe.yaml:0:0 `scenarios/shop/worlds/pipe.yaml` is not a file",
        "scenarios/shop/worlds/zero.yaml:0:0 this is a link that leads out of the project, or nowhere",
    ];
    assert_eq!(folder.messages(), expected);
}

#[cfg(unix)]
#[test]
fn folders_that_are_links_out_of_the_project_are_refused_and_those_inside_are_followed() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    for key in ["scenarios", "cassettes", "runs"] {
        let folder = Folder::new(&[("mocktrial.toml", &format!("[project]\n{key} = \"linked/below\"\n"))]);
        let link = folder.path().join("linked");
        for target in [outside.path().to_path_buf(), folder.path().join("nowhere")] {
            symlink(target, &link).unwrap();
            let mistakes = folder.project().unwrap_err().0;
            assert_eq!(mistakes[0].message, "`linked` is a link that leads out of the project, or nowhere");
            assert_eq!((mistakes.len(), mistakes[0].line), (1, 2));
            std::fs::remove_file(&link).unwrap();
        }
    }
    for name in ["scenarios", ".mocktrial"] {
        let folder = Folder::new(&[]);
        symlink(outside.path(), folder.path().join(name)).unwrap();
        let message = folder.project().unwrap_err().0.swap_remove(0).message;
        assert_eq!(message, format!("`{name}` is a link that leads out of the project, or nowhere"));
    }

    let folder = Folder::new(&[
        ("mocktrial.toml", "[project]\nscenarios = \"linked\"\nruns = \"linked/new/runs\"\n"),
        ("real/shop/worlds/shop.yaml", WORLD),
        ("real/shop/a.yaml", SCENARIO),
    ]);
    symlink(folder.path().join("real"), folder.path().join("linked")).unwrap();
    let project = folder.project().unwrap();
    assert_eq!(
        (project.config.folders.scenarios.as_str(), project.config.folders.runs.as_str()),
        ("real", "real/new/runs")
    );
    let suite = project.load_under(&[folder.path().join("linked/shop/a.yaml")]).unwrap();
    assert_eq!(&*suite.scenarios[0].id, "shop/a");
}

#[test]
fn a_folder_of_cassettes_that_holds_the_scenarios_is_refused() {
    for cassettes in ["scenarios", "."] {
        let folder = Folder::new(&[("mocktrial.toml", &format!("[project]\ncassettes = \"{cassettes}\"\n"))]);
        let mistakes = folder.project().unwrap_err().0;
        assert_eq!(mistakes[0].message, "the folder of cassettes holds the scenarios");
        assert_eq!((mistakes.len(), mistakes[0].line, mistakes[0].column), (1, 2, 13));
    }
}

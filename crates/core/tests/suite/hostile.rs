//! Whatever bytes a file holds, they are read or refused with a mistake; nothing panics.

use crate::folder::{Folder, SCENARIO, WORLD};
use mocktrial_core::suite::{Selection, select};
use proptest::prelude::*;

/// Bytes that look like the formats: mostly their punctuation.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        4 => proptest::sample::select(vec![
            "{", "}", "[", "]", ":", ": ", ",", "\n", "\n  ", "- ", "\"", "'", "#", "&a", "*a", "|", ">", "!", "!!str ",
            "=", "\t", "\r\n", "---\n", "0", "007", "1e999", "-", "null", "true", "${a}", "$${", "${", "\u{feff}", "é",
            "title", "world: shop\n", "expect", "user", "cases", "[endpoints.a]\n", "kind = \"chat\"\n", "<<", "\\u12",
            "id,a\n", "\"\"", "%", "@", "`", "\u{202e}", "\u{0}", "1979-05-27", "0x1", "$ref", "/", "~",
        ]).prop_map(|s| s.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// Loads a project in which one file holds these bytes, and renders all that is said about it.
fn load(files: &[(&str, &str)], name: &str, bytes: &[u8]) {
    let folder = Folder::shop(files);
    std::fs::write(folder.path().join(name), bytes).unwrap();
    if let Err(mistakes) = folder.load() {
        assert!(!mistakes.0.is_empty());
        assert_harmless(&mistakes.render(false));
    }
}

/// Nothing in it steers a terminal.
fn assert_harmless(rendered: &str) {
    let steering = rendered.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(steering, None, "{rendered:?}");
}

#[test]
fn names_of_files_columns_and_keys_reach_the_terminal_as_escapes() {
    let steering = "a\u{1b}[2J\u{202e}\u{9b}\n";
    let csv = |header: &str, row: &str| {
        let folder =
            Folder::shop(&[("scenarios/shop/a.yaml", &format!("{SCENARIO}cases: rows.csv\n").replace("Be", "${b}"))]);
        folder.write("scenarios/shop/rows.csv", &format!("{header}\n{row}\n"));
        folder
    };
    let quoted = format!("\"{steering}\"");
    let projects = [
        csv(&format!("id,\"{steering}:number\",b"), "a,x,1"),
        csv(&format!("id,{quoted},{quoted},b"), "a,1,2,3"),
        csv(&format!("id,{quoted}"), "a,1"),
        csv(&format!("{quoted},b"), "a,1"),
        csv("id,b", &format!("{quoted},1")),
        Folder::shop(&[(&format!("scenarios/shop/{steering}.yaml"), SCENARIO)]),
        Folder::shop(&[(&format!("scenarios/shop/{steering}/a.yaml"), "title: [1]\n")]),
        Folder::shop(&[
            ("scenarios/shop/a.yaml", SCENARIO),
            (&format!("scenarios/shop/worlds/{steering}.yaml"), "tools: 3\n"),
        ]),
        Folder::shop(&[("scenarios/shop/a.yaml", &SCENARIO.replace("title", "\"tit\\ele\\n\""))]),
        Folder::new(&[("mocktrial.toml", "[defaults]\nendpoints = [\"a\\u001b[2J\"]\n")]),
    ];
    for folder in projects {
        let mistakes = folder.load().expect_err("the project has mistakes");
        assert_harmless(&mistakes.render(false));
        assert!(mistakes.render(false).contains("\\u{1b}"), "{mistakes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_a_scenario(bytes in text()) {
        load(&[], "scenarios/shop/a.yaml", &bytes);
        load(&[], "scenarios/shop/a.yaml", &[SCENARIO.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_bytes_as_a_world(bytes in text()) {
        load(&[("scenarios/shop/a.yaml", SCENARIO)], "scenarios/shop/worlds/shop.yaml", &bytes);
        load(&[("scenarios/shop/a.yaml", SCENARIO)], "scenarios/shop/worlds/shop.yaml", &[WORLD.as_bytes(), &bytes].concat());
    }

    #[test]
    fn any_bytes_as_configuration(bytes in text()) {
        load(&[], "mocktrial.toml", &bytes);
        load(&[], "mocktrial.toml", &[b"[endpoints.a]\nkind = \"chat\"\n", &bytes[..]].concat());
    }

    #[test]
    fn any_bytes_as_tools(bytes in text()) {
        let files = [("scenarios/shop/a.yaml", SCENARIO), ("scenarios/shop/worlds/shop.yaml", "tools: tools.json\n")];
        load(&files, "scenarios/shop/worlds/tools.json", &bytes);
        load(&files, "scenarios/shop/worlds/tools.json", &[b"[{\"name\": \"f\", \"parameters\": ", &bytes[..], b"}]"].concat());
    }

    #[test]
    fn any_bytes_as_cases(bytes in text()) {
        for name in ["rows.csv", "rows.jsonl"] {
            let template = format!("{SCENARIO}cases: {name}\n");
            load(&[("scenarios/shop/a.yaml", &template)], &format!("scenarios/shop/{name}"), &bytes);
        }
    }

    #[test]
    fn any_text_as_a_selection(glob in "\\PC{0,20}", tags in "[a-c()'\" !&|,]{0,20}|\\PC{0,20}") {
        let folder = Folder::shop(&[("scenarios/shop/a.yaml", SCENARIO)]);
        let selection = Selection { globs: vec![glob], tags: Some(tags) };
        if let Err(error) = select(&folder.loaded(), &selection) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

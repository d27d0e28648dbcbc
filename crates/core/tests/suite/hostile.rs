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
        let rendered = mistakes.render(true);
        assert!(!rendered.contains('\0') && !rendered.contains('\u{202e}'));
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

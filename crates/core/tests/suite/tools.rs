//! Tools in every format that is understood, from files as their makers' documentation shows them.

use crate::folder::Folder;
use mocktrial_core::suite::{read_tools, write_tools};
use mocktrial_trajectory::ToolSpec;
use serde_json::json;
use std::path::Path;

fn read(text: &str) -> Vec<ToolSpec> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tools.json");
    std::fs::write(&path, text).unwrap();
    read_tools(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn fixture(name: &str) -> Vec<ToolSpec> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/tools").join(name);
    read_tools(&path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn assert_weather(tool: &ToolSpec) {
    assert_eq!(tool.name, "get_weather");
    assert_eq!(tool.description.as_deref(), Some("The weather at a place."));
    let expected = json!({
        "type": "object",
        "properties": {"location": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
        "required": ["location"],
    });
    assert_eq!(tool.input_schema, expected);
}

#[test]
fn one_tool_reads_the_same_from_every_format() {
    for name in ["openai-chat.json", "openai-responses.json", "anthropic.json", "gemini.json", "mcp.json", "plain.json"]
    {
        let tools = fixture(name);
        assert_eq!(tools.len(), 1, "{name}");
        assert_weather(&tools[0]);
    }
}

#[test]
fn strictness_output_schemas_and_annotations_are_kept_where_a_format_has_them() {
    assert_eq!(fixture("openai-chat.json")[0].strict, Some(true));
    assert_eq!(fixture("openai-responses.json")[0].strict, Some(false));
    assert_eq!(fixture("anthropic.json")[0].strict, None);
    let mcp = &fixture("mcp.json")[0];
    assert_eq!(mcp.output_schema.as_ref().unwrap()["required"], json!(["degrees"]));
    assert_eq!(mcp.annotations.title.as_deref(), Some("Weather"));
    assert_eq!(mcp.annotations.read_only, Some(true));
    assert_eq!(mcp.annotations.destructive, None);
}

#[test]
fn geminis_dialect_becomes_json_schema() {
    let tools = read(
        r#"{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {
            "n": {"type": "INTEGER", "nullable": true},
            "s": {"type": "STRING", "enum": ["a"], "nullable": true, "maxLength": "64"},
            "l": {"type": "ARRAY", "items": {"type": "NUMBER"}}}}}]}"#,
    );
    let properties = &tools[0].input_schema["properties"];
    assert_eq!(properties["n"]["type"], json!(["integer", "null"]));
    assert_eq!(properties["s"], json!({"type": ["string", "null"], "enum": ["a", null], "maxLength": 64}));
    assert_eq!(properties["l"], json!({"type": "array", "items": {"type": "number"}}));
}

#[test]
fn definitions_may_be_alone_in_a_list_or_wrapped() {
    let one = r#"{"name": "f", "input_schema": {"type": "object", "properties": {}}}"#;
    for text in [
        one.to_owned(),
        format!("[{one}]"),
        format!(r#"{{"tools": [{one}]}}"#),
        format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {{"tools": [{one}]}}}}"#),
        format!(r#"[{{"functionDeclarations": [{one}]}}]"#),
        format!(r#"{{"tools": [{{"function_declarations": [{one}]}}]}}"#),
    ] {
        let tools = read(&text);
        assert_eq!(tools.len(), 1, "{text}");
        assert_eq!(tools[0].name, "f");
    }
}

#[test]
fn a_tool_without_parameters_takes_none() {
    for text in [r#"{"name": "f"}"#, r#"{"name": "f", "parameters": null}"#, r#"{"name": "f", "inputSchema": {}}"#] {
        assert_eq!(read(text)[0].input_schema, json!({"type": "object", "properties": {}}), "{text}");
    }
}

#[test]
fn references_into_other_files_are_taken_in_and_cycles_stay_references() {
    let tools = fixture("references.json");
    let schema = &tools[0].input_schema;
    let validator = jsonschema::validator_for(schema).unwrap();
    assert!(validator.is_valid(&json!({"to": {"street": "A", "in": {"name": "B"}}, "tree": {"children": [{}]}})));
    assert!(!validator.is_valid(&json!({"to": {"street": 1}})));
    assert!(!validator.is_valid(&json!({"tree": {"children": [{"children": 3}]}})));
    let text = schema.to_string();
    assert!(!text.contains(".json") && !text.contains(".yaml"), "nothing refers to a file: {text}");
    assert_eq!(schema["properties"]["note"]["default"], json!({"$ref": "data"}), "data is left as it is");
}

#[test]
fn tools_that_are_written_are_read_as_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/tools");
    let names = std::fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().is_file());
    let mut count = 0;
    for name in names.map(|entry| entry.file_name().into_string().unwrap()) {
        let tools = fixture(&name);
        assert_eq!(read(&write_tools(&tools)), tools, "{name}");
        count += 1;
    }
    assert!(count >= 7);
}

#[test]
fn tools_that_a_provider_runs_itself_cannot_be_mocked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tools.json");
    std::fs::write(&path, r#"[{"type": "web_search_20250305", "name": "web_search"}]"#).unwrap();
    let mistakes = read_tools(&path).unwrap_err();
    assert!(mistakes.0[0].message.contains("run by its provider"), "{mistakes}");
}

#[test]
fn what_is_wrong_with_a_tool_is_told_where_the_tool_is_defined() {
    let world = "tools:\n  - two.json\n  - name: c\n    input_schema: {type: object, properties: {}}\n  - one.yaml\n";
    let folder = Folder::new(&[
        ("scenarios/shop/worlds/shop.yaml", world),
        ("scenarios/shop/worlds/two.json", "[{\"name\": \"a\"},\n {\"name\": \"b\"}]\n"),
        ("scenarios/shop/worlds/one.yaml", "name: d\nreturns:\n  type: string\n  pattern: \"^(?=a)b\"\n"),
    ]);
    let warned = |folder: &Folder| -> Vec<String> {
        let mistakes = match folder.load() {
            Ok(suite) => suite.warnings,
            Err(mistakes) => mistakes.0,
        };
        mistakes.iter().map(|m| format!("{}:{}:{}", m.file, m.line, m.column)).collect()
    };
    assert_eq!(warned(&folder), ["scenarios/shop/worlds/one.yaml:2:1"], "{:?}", folder.messages());
    folder.write("scenarios/shop/worlds/one.yaml", "name: d\n");
    let expected = [
        "scenarios/shop/worlds/one.yaml:1:7",
        "scenarios/shop/worlds/shop.yaml:3:11",
        "scenarios/shop/worlds/two.json:1:11",
        "scenarios/shop/worlds/two.json:2:11",
    ];
    assert_eq!(warned(&folder), expected);
}

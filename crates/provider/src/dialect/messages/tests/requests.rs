//! Requests as they go out.

use super::super::{Messages, response};
use crate::dialect::{Dialect as _, Place};
use crate::{ModelConfig, Request, Toolbox};
use mocktrial_trajectory::{Arguments, Media, Message, Part, ToolCall, ToolResult, ToolSpec};
use serde_json::{Value, json};

pub(super) fn config(value: Value) -> ModelConfig {
    let mut base = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1", "parameters": {"max_tokens": 4096}});
    let Value::Object(settings) = value else { panic!("settings are an object") };
    base.as_object_mut().unwrap().extend(settings);
    base["parameters"].as_object_mut().unwrap().entry("max_tokens").or_insert(4096.into());
    serde_json::from_value(base).unwrap()
}

pub(super) fn tool(name: &str) -> ToolSpec {
    let spec = json!({"name": name, "description": "Looks.", "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}}});
    serde_json::from_value(spec).unwrap()
}

pub(super) fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: "get_order".into(), arguments: Arguments::parse(arguments) }
}

pub(super) fn result(id: &str, content: Vec<Part>) -> ToolResult {
    ToolResult { call_id: id.into(), name: "get_order".into(), content, is_error: false }
}

pub(super) fn said(text: &str, calls: Vec<ToolCall>) -> Message {
    Message::Assistant { content: vec![Part::text(text)], calls, raw: vec![] }
}

pub(super) fn body(config: &ModelConfig, request: &Request) -> Value {
    let setup = config.setup("messages").unwrap();
    serde_json::from_slice(&setup.dialect.encoder(&setup).body(request)).unwrap()
}

pub(super) fn request(messages: impl IntoIterator<Item = Message>) -> Request {
    Request { conversation: messages.into_iter().collect(), ..Request::default() }
}

/// The messages of a request of these, for a configuration without peculiarities.
fn sent(messages: impl IntoIterator<Item = Message>) -> Value {
    body(&config(json!({})), &request(messages))["messages"].take()
}

/// A conversation with parallel calls, an error, a picture among the results, and a word of the user after them.
pub(super) fn conversation() -> Request {
    let error = ToolResult { is_error: true, ..result("c2", vec![Part::text("no such order")]) };
    let messages = [
        Message::System { text: "Be \"good\".".into() },
        Message::user("Hi ä\n"),
        said("I look.", vec![call("c1", "{\"id\": 1.50}"), call("c2", "{}"), call("c3", "{\"id\": W")]),
        Message::Tool(result("c1", vec![Part::text("{\"a\":1}")])),
        Message::Tool(error),
        Message::Tool(result("c3", vec![Part::text("See."), Media::base64("image/png", "AAAA").into()])),
        Message::user("And now?"),
    ];
    Request { tools: Toolbox::new(vec![tool("get_order"), tool("ping")]), seed: Some(7), ..request(messages) }
}

#[test]
fn what_is_cached_ends_after_tools_and_system_prompt_and_with_the_conversation() {
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let cached = config(json!({"prompt_cache": "1h"}));
    let mut sent = body(&cached, &conversation());
    assert_eq!((&sent["cache_control"], &sent["system"][0]["cache_control"]), (&mark, &mark));
    // Nothing else changes.
    sent["system"][0].as_object_mut().unwrap().shift_remove("cache_control");
    sent.as_object_mut().unwrap().shift_remove("cache_control");
    assert_eq!(sent, body(&config(json!({})), &conversation()));

    let without_system = Request { tools: conversation().tools, ..request([Message::user("Hi")]) };
    let sent = body(&config(json!({"prompt_cache": "5m"})), &without_system);
    let mark = json!({"type": "ephemeral"});
    assert_eq!((&sent["cache_control"], &sent["tools"][1]["cache_control"]), (&mark, &mark));
    assert!(sent["tools"][0].get("cache_control").is_none());
}

#[test]
fn what_is_absent_is_not_sent() {
    let settings = json!({"tool_choice": "auto", "parameters": {"parallel_tool_calls": true}});
    let expected = json!({"model": "m", "max_tokens": 4096, "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]}]});
    assert_eq!(body(&config(settings), &request([Message::user("Hi")])), expected);
}

#[test]
fn results_come_first_in_the_users_turn_and_turns_take_turns() {
    let text = |text: &str| json!({"type": "text", "text": text});
    let answer = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "1"});
    let tool = |id: &str| Message::Tool(result(id, vec![Part::text("1")]));
    let use_of = |id: &str| json!({"type": "tool_use", "id": id, "name": "get_order", "input": {}});
    let sent = sent([
        Message::user("a"),
        Message::user("b"),
        said("", vec![call("c1", "{}"), call("c2", "{}")]),
        tool("c1"),
        Message::user("c"),
        tool("c2"),
        // An empty answer is no turn.
        said("", vec![]),
        Message::user("d"),
        said("e", vec![]),
        said("f", vec![]),
        Message::System { text: "Late.".into() },
    ]);
    assert_eq!(
        sent,
        json!([
            {"role": "user", "content": [text("a"), text("b")]},
            {"role": "assistant", "content": [use_of("c1"), use_of("c2")]},
            {"role": "user", "content": [answer("c1"), answer("c2"), text("c"), text("d")]},
            {"role": "assistant", "content": [text("e"), text("f")]},
        ])
    );
}

#[test]
fn blank_texts_are_left_out_and_an_error_says_something() {
    let failed = ToolResult { is_error: true, ..result("c2", vec![]) };
    let picture = Media::base64("image/jpg", "AAAA").into();
    let messages = [
        Message::System { text: " ".into() },
        Message::User { content: vec![Part::text(""), Part::text("a"), Part::text("\n")] },
        said("\n\n", vec![call("c1", "{}"), call("c2", "{}"), call("c3", "{}")]),
        Message::Tool(result("c1", vec![Part::text("")])),
        Message::Tool(failed),
        Message::Tool(result("c3", vec![Part::text(""), picture])),
    ];
    let whole = body(&config(json!({})), &request(messages));
    assert!(whole.get("system").is_none());
    assert_eq!(whole["messages"][0]["content"], json!([{"type": "text", "text": "a"}]));
    assert_eq!(whole["messages"][1]["content"].as_array().unwrap().len(), 3);
    let source = json!({"type": "base64", "media_type": "image/jpeg", "data": "AAAA"});
    assert_eq!(
        whole["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "c1"},
            {"type": "tool_result", "tool_use_id": "c2", "content": "error", "is_error": true},
            {"type": "tool_result", "tool_use_id": "c3", "content": [{"type": "image", "source": source}]},
        ])
    );
}

#[test]
fn thoughts_are_passed_back_unmodified_and_in_order_with_mended_calls() {
    let thinking = |text: &str| json!({"type": "thinking", "thinking": text, "signature": "Eq+/=="});
    let redacted = json!({"type": "redacted_thinking", "data": "Em\u{e9}"});
    let call = |id: &str, name: &str, input: Value| json!({"type": "tool_use", "id": id, "name": name, "input": input});
    let blank = json!({"type": "text", "text": "\n"});
    let content = [
        thinking("Hm.\n"),
        redacted.clone(),
        blank,
        call("functions.f:0", "db.query!", json!({"n": 1.50})),
        thinking("So."),
        call("c2", "get_order", json!("oops")),
    ];
    let message = json!({"type": "message", "content": content, "stop_reason": "tool_use"});
    let reply = response::read_whole(message.to_string().as_bytes(), 2).unwrap();
    assert_eq!(reply.calls[0].id, "functions.f:0");
    assert_eq!(reply.reasoning.as_deref(), Some("Hm.\n\n\nSo."));
    let answer = Message::Tool(result("functions.f:0", vec![Part::text("1")]));
    let sent = sent([reply.message(), answer]);
    assert_eq!(
        sent[0]["content"],
        json!([
            thinking("Hm.\n"),
            redacted,
            call("functions_2ef_3a0", "db_query_", json!({"n": 1.50})),
            thinking("So."),
            call("c2", "get_order", json!({"malformed_arguments": "oops"})),
        ])
    );
    assert_eq!(sent[1]["content"][0]["tool_use_id"], "functions_2ef_3a0");
}

#[test]
fn a_stream_of_thoughts_is_passed_back_as_the_whole_message_is() {
    let file = |name: &str| std::fs::read(format!("{}/fixtures/messages/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let reply = crate::read::read(&Messages, &file("anthropic-stream-thinking.sse"), 0).unwrap();
    let whole: Value = serde_json::from_slice(&file("anthropic-thinking-and-calls.json")).unwrap();
    let mut expected = whole["content"].clone();
    expected.as_array_mut().unwrap().retain(|block| block["type"] != "text");
    assert_eq!(sent([reply.message()])[0]["content"], expected);
}

#[test]
fn ids_that_differ_still_differ_when_they_are_mended() {
    for (id, passed_back) in [("toolu_01-A", "toolu_01-A"), ("a.b", "a_2eb"), ("a:b", "a_3ab"), ("", "_"), ("ä", "_e4")]
    {
        let sent = sent([said("", vec![call(id, "{}")]), Message::Tool(result(id, vec![]))]);
        assert_eq!(sent[0]["content"][0]["id"], passed_back);
        assert_eq!(sent[1]["content"][0]["tool_use_id"], passed_back);
    }
}

#[test]
fn arguments_are_sent_as_an_object_whatever_the_model_wrote() {
    let long = format!("{{\"a\": \"{}", "ä".repeat(20_000));
    let input = |text: &str| sent([said("", vec![call("c1", text)])])[0]["content"][0]["input"].take();
    let wrapped = |text: &str| json!({"malformed_arguments": text});
    // Numbers are sent as they were written.
    assert_eq!(
        input(" {\"a\": 1.50,\n \"b\": 12345678901234567890123}\n").to_string(),
        "{\"a\":1.50,\"b\":12345678901234567890123}"
    );
    assert_eq!(input(""), wrapped(""));
    assert_eq!(input("[1]"), wrapped("[1]"));
    assert_eq!(input("\"x\""), wrapped("\"x\""));
    assert!(input(&long)["malformed_arguments"].as_str().unwrap().len() <= 16 << 10);
}

#[test]
fn tools_have_a_schema_of_type_object() {
    let typed = |schema: Value| ToolSpec { input_schema: schema, description: None, ..tool("t") };
    let tools = vec![typed(json!({})), typed(json!(true)), typed(json!({"required": ["a"]}))];
    let request = Request { tools: Toolbox::new(tools), ..request([Message::user("Hi")]) };
    let sent = body(&config(json!({})), &request);
    assert_eq!(sent["tools"][0], json!({"name": "t", "input_schema": {"type": "object"}}));
    assert_eq!(sent["tools"][1], sent["tools"][0]);
    assert_eq!(sent["tools"][2]["input_schema"], json!({"required": ["a"], "type": "object"}));
}

#[test]
fn the_choice_of_tools_and_whether_there_may_be_several_are_one_field() {
    for (choice, parallel, expected) in [
        (json!("auto"), json!(null), json!({"type": "auto"})),
        (json!(null), json!(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (json!(null), json!(true), json!({"type": "auto", "disable_parallel_tool_use": false})),
        (json!("required"), json!(false), json!({"type": "any", "disable_parallel_tool_use": true})),
        (json!({"tool": "t"}), json!(null), json!({"type": "tool", "name": "t"})),
        (json!("none"), json!(false), json!({"type": "none"})),
        (json!(null), json!(null), Value::Null),
    ] {
        let settings = json!({"tool_choice": choice, "parameters": {"parallel_tool_calls": parallel}});
        let request = Request { tools: Toolbox::new(vec![tool("t")]), ..request([Message::user("Hi")]) };
        assert_eq!(body(&config(settings), &request)["tool_choice"], expected);
    }
}

fn file(mime: &str, data: &str) -> Part {
    Media::base64(mime, data).named("a.pdf").into()
}

/// All that the API takes beside text.
pub(super) fn media() -> Vec<Part> {
    vec![
        Media::base64("image/webp", "AAAA").into(),
        Media::url("image/png", "https://x/y.png").into(),
        file("application/pdf", "CCCC"),
        Media::url("application/pdf", "https://x/y.pdf").into(),
        file("text/csv; charset=utf-8", "w6QsMQ=="),
    ]
}

#[test]
fn what_the_api_does_not_know_is_refused() {
    let content = media();
    for place in [Place::User, Place::Tool] {
        for part in &content {
            assert_eq!(Messages.refuses(part, place), None);
        }
        for part in [
            Media::base64("audio/mpeg", "AAAA").into(),
            Media::base64("image/svg+xml", "AAAA").into(),
            Media::url("text/plain", "https://x/y.txt").into(),
            file("application/zip", "AAAA"),
            file("text/plain", "/w=="),
            file("text/plain", "not base64"),
        ] {
            assert!(Messages.refuses(&part, place).is_some(), "{part:?}");
        }
    }
    assert!(content.iter().all(|part| Messages.refuses(part, Place::Assistant).is_some()));
}

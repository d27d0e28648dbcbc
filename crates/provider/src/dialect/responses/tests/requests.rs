//! Requests as they go out.

use super::super::Responses;
use super::reading::read;
use crate::dialect::{Dialect as _, Place};
use crate::{ModelConfig, Request, Toolbox};
use mocktrial_trajectory::{Arguments, Freeform, Media, Message, Part, ToolCall, ToolResult, ToolSpec};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn config(value: Value) -> ModelConfig {
    let mut base = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1"});
    let Value::Object(settings) = value else { panic!("settings are an object") };
    base.as_object_mut().unwrap().extend(settings);
    serde_json::from_value(base).unwrap()
}

pub(super) fn tool(name: &str) -> ToolSpec {
    let schema = json!({"type": "object", "properties": {"id": {"type": "string"}}});
    serde_json::from_value(json!({"name": name, "description": "Looks.", "input_schema": schema})).unwrap()
}

fn freeform(name: &str, format: Option<Value>) -> ToolSpec {
    ToolSpec { freeform: Some(Freeform { format }), input_schema: Freeform::input_schema(), ..tool(name) }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: Arguments::parse(arguments) }
}

fn result(id: &str, name: &str, content: Vec<Part>) -> Message {
    Message::Tool(ToolResult { call_id: id.into(), name: name.into(), content, is_error: false })
}

fn assistant(text: &str, calls: Vec<ToolCall>) -> Message {
    let content = if text.is_empty() { vec![] } else { vec![Part::text(text)] };
    Message::Assistant { content, calls, raw: vec![] }
}

fn toolbox() -> Arc<Toolbox> {
    let grammar = json!({"type": "grammar", "syntax": "lark", "definition": "start: /SELECT .*/"});
    let strict = ToolSpec { strict: Some(true), description: None, ..tool("refund") };
    Toolbox::new(vec![tool("get_order"), strict, freeform("run_sql", Some(grammar)), freeform("note", None)])
}

fn ask(messages: impl IntoIterator<Item = Message>) -> Request {
    Request { conversation: messages.into_iter().collect(), tools: toolbox(), seed: Some(7) }
}

fn body(config: &ModelConfig, request: &Request) -> Value {
    let setup = config.setup("responses").unwrap();
    serde_json::from_slice(&setup.dialect.encoder(&setup).body(request)).unwrap()
}

/// The requests that cover every feature, by name.
fn corpus() -> Vec<(&'static str, Value)> {
    let media = vec![
        Part::text("Look."),
        Media::base64("image/png", "AAAA").into(),
        Media::url("image/png", "https://x/y.png").into(),
        Media::base64("application/pdf", "CCCC").named("a.pdf").into(),
        Media::url("application/pdf", "https://x/a.pdf").named("a.pdf").into(),
    ];
    let everything = config(json!({
        "parameters": {"temperature": 0.7, "top_p": 0.9, "max_tokens": 256, "parallel_tool_calls": false,
            "reasoning_effort": "low", "logprobs": 2},
        "tool_choice": {"tool": "get_order"}, "stream": true,
        "extra": {"include": ["web_search_call.action.sources"], "reasoning": {"summary": "auto"},
            "text": {"verbosity": "low"}, "service_tier": "flex"},
    }));
    let conversation = [
        Message::System { text: "Be \"good\".".into() },
        Message::user("Hi ä\n"),
        assistant("I look.", vec![call("c1", "get_order", "{\"id\": 1}"), call("c2", "refund", "{\"id\": W")]),
        result("c1", "get_order", vec![Part::text("{\"a\":1}")]),
        result("c2", "refund", vec![]),
        assistant("", vec![call("c3", "run_sql", "{\"input\":\"SELECT 1;\"}")]),
        result("c3", "run_sql", vec![Part::text("1"), Part::text("row")]),
        assistant("Done.", vec![]),
        Message::System { text: "Hurry.".into() },
        Message::User { content: vec![Part::text("And"), Part::text("now?")] },
    ];
    let seen = [
        Message::User { content: media.clone() },
        assistant("", vec![call("c1", "get_order", "{}"), call("c2", "note", "{\"input\":\"x\"}")]),
        result("c1", "get_order", media.clone()),
        result("c2", "note", media),
    ];
    let choice = |choice: Value| body(&config(json!({"tool_choice": choice})), &ask([Message::user("Hi")]));
    vec![
        ("everything", body(&everything, &ask(conversation))),
        ("media", body(&config(json!({})), &ask(seen))),
        ("choice_custom", choice(json!({"tool": "run_sql"}))),
        ("choice_required", choice(json!("required"))),
        ("choice_none", choice(json!("none"))),
        ("passed_back", body(&config(json!({})), &passed_back())),
        (
            "no_include",
            body(
                &config(json!({"extra": {"include": []}})),
                &Request { tools: Arc::default(), ..ask([Message::user("Hi")]) },
            ),
        ),
    ]
}

/// A conversation of what was read from a server.
fn passed_back() -> Request {
    let read = |name: &str| {
        let (_, bytes) =
            crate::dialect::tests::fixtures("responses").into_iter().find(|(file, _)| file == name).unwrap();
        read(&bytes, 3).unwrap().message()
    };
    ask([
        Message::user("Hi"),
        read("openai-reasoning-and-parallel-calls.json"),
        result("call_1", "get_order", vec![Part::text("lost")]),
        result("call_2", "get_order", vec![Part::text("found")]),
        read("openai-phases.json"),
        result("call_1", "get_order", vec![Part::text("lost")]),
        read("openai-refusal.json"),
        read("openai-web-search-citations.json"),
        read("openai-custom-tool-call.json"),
        result("call_1", "run_sql", vec![Part::text("1")]),
        read("openai-incomplete-reasoning-only.json"),
    ])
}

#[test]
fn every_part_of_a_request_goes_where_the_api_wants_it() {
    // Written by serde_json itself: other serialisers show how it keeps a number.
    let requests: Vec<String> = corpus()
        .into_iter()
        .map(|(name, body)| format!("{name}\n{}", serde_json::to_string_pretty(&body).unwrap()))
        .collect();
    insta::assert_snapshot!("requests", requests.join("\n\n"));
}

#[test]
fn what_is_absent_is_not_sent() {
    let request = Request { tools: Arc::default(), ..ask([Message::user("Hi")]) };
    let config = config(json!({"tool_choice": "auto", "parameters": {"parallel_tool_calls": true}}));
    assert_eq!(
        body(&config, &request),
        json!({"model": "m", "store": false, "input": [{"type": "message", "role": "user", "content": "Hi"}],
            "include": ["reasoning.encrypted_content"]})
    );
}

#[test]
fn what_a_provider_is_asked_to_include_is_asked_once() {
    for (extra, include) in [
        (json!({}), json!(["reasoning.encrypted_content"])),
        (json!({"include": ["reasoning.encrypted_content"]}), json!(["reasoning.encrypted_content"])),
        (json!({"include": ["x"]}), json!(["x", "reasoning.encrypted_content"])),
        (json!({"include": []}), Value::Null),
    ] {
        let config = config(json!({"extra": extra}));
        config.check("responses").unwrap();
        assert_eq!(body(&config, &Request::default())["include"], include);
    }
    let config = config(json!({"extra": {"include": []}, "parameters": {"logprobs": 0}}));
    assert_eq!(body(&config, &Request::default())["include"], json!(["message.output_text.logprobs"]));
}

#[test]
fn a_mended_call_is_passed_back_mended_among_items_as_they_came() {
    let reasoning = json!({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "E"});
    let call = json!({"id": "fc_1", "type": "function_call", "name": "db.query!", "arguments": "{oops", "status": "completed"});
    let reply = read(json!({"status": "completed", "output": [reasoning, call]}).to_string().as_bytes(), 2).unwrap();
    assert_eq!(reply.calls[0].name, "db.query!");
    assert_eq!(&*reply.calls[0].arguments.text, "{oops");
    let sent = body(&config(json!({})), &ask([reply.message()]));
    assert_eq!(
        sent["input"],
        json!([reasoning, {"id": "fc_1", "type": "function_call", "name": "db_query_",
            "arguments": "{\"malformed_arguments\":\"{oops\"}", "status": "completed", "call_id": "mt0002000"}])
    );
}

#[test]
fn a_call_and_its_output_are_of_the_kind_of_the_tool_whatever_the_model_wrote() {
    let sent = |item: Value, name: &str| {
        let output = json!([{"type": "reasoning", "summary": [], "id": "rs_1"}, item]);
        let reply = read(json!({"status": "completed", "output": output}).to_string().as_bytes(), 0).unwrap();
        let request = ask([reply.message(), result("c", name, vec![])]);
        let input = body(&config(json!({})), &request)["input"].take();
        (input[1].clone(), input[2]["type"].as_str().unwrap().to_owned())
    };
    let function = json!({"id": "fc_1", "type": "function_call", "call_id": "c", "name": "note", "arguments": "{\"input\":\"x\"}"});
    let custom = json!({"id": "ctc_1", "type": "custom_tool_call", "call_id": "c", "name": "get_order", "input": "x"});
    assert_eq!(
        sent(function, "note"),
        (
            json!({"type": "custom_tool_call", "call_id": "c", "name": "note", "input": "x"}),
            "custom_tool_call_output".into()
        )
    );
    assert_eq!(
        sent(custom, "get_order"),
        (
            json!({"type": "function_call", "call_id": "c", "name": "get_order", "arguments": "{\"input\":\"x\"}"}),
            "function_call_output".into()
        )
    );
}

#[test]
fn an_answer_of_nothing_is_still_an_item() {
    let sent = body(&config(json!({})), &ask([Message::user("Hi"), assistant("", vec![]), Message::user("Well?")]));
    assert_eq!(sent["input"][1], json!({"type": "message", "role": "assistant", "content": ""}));
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_with_its_key() {
    for (value, key) in [
        (json!({"base_url": "http://x/v1/responses"}), "base_url"),
        (json!({"extra": {"store": true}}), "extra.store"),
        (json!({"extra": {"input": "x"}}), "extra.input"),
        (json!({"extra": {"instructions": "x"}}), "extra.instructions"),
        (json!({"extra": {"previous_response_id": "x"}}), "extra.previous_response_id"),
        (json!({"extra": {"conversation": "x"}}), "extra.conversation"),
        (json!({"extra": {"prompt": {"id": "x"}}}), "extra.prompt"),
        (json!({"extra": {"background": true}}), "extra.background"),
        (json!({"extra": {"stream": true}}), "extra.stream"),
        (json!({"extra": {"max_output_tokens": 9}}), "extra.max_output_tokens"),
        (json!({"extra": {"top_logprobs": 9}}), "extra.top_logprobs"),
        (json!({"extra": {"reasoning": {"effort": "low"}}}), "extra.reasoning"),
        (json!({"extra": {"reasoning": "low"}}), "extra.reasoning"),
        (json!({"extra": {"include": "x"}}), "extra.include"),
        (json!({"extra": {"include": [7]}}), "extra.include"),
        (json!({"extra": {"n": 2}}), "extra.n"),
        (json!({"extra": {"temperature": 1}, "parameters": {"temperature": 0}}), "extra.temperature"),
        (json!({"parameters": {"seed": "trial"}}), "parameters.seed"),
        (json!({"parameters": {"seed": 7}}), "parameters.seed"),
        (json!({"parameters": {"stop": "x"}}), "parameters.stop"),
        (json!({"parameters": {"top_k": 4}}), "parameters.top_k"),
        (json!({"parameters": {"presence_penalty": 1}}), "parameters.presence_penalty"),
        (json!({"parameters": {"frequency_penalty": 1}}), "parameters.frequency_penalty"),
        (json!({"parameters": {"reasoning_tokens": 100}}), "parameters.reasoning_tokens"),
    ] {
        assert_eq!(config(value).check("responses").unwrap_err().key, key);
    }
    // What OpenAI has no word for, another server may.
    let config = config(json!({"extra": {"seed": 7, "top_k": 40, "truncation": "auto"}}));
    assert_eq!(body(&config, &Request::default())["seed"], 7);
}

#[test]
fn a_provider_known_by_name_gives_address_and_key() {
    let config: ModelConfig = serde_json::from_value(json!({"model": "m"})).unwrap();
    let setup = config.setup("responses").unwrap();
    assert_eq!(setup.url().unwrap().as_str(), "https://api.openai.com/v1/responses");
    assert_eq!(setup.api_key_env(), Some("OPENAI_API_KEY"));
}

#[test]
fn pictures_and_files_are_sent_from_users_and_tools_and_sounds_are_refused() {
    for place in [Place::User, Place::Tool] {
        assert!(Responses.refuses(&Media::base64("image/png", "AAAA").into(), place).is_none());
        assert!(Responses.refuses(&Media::url("application/pdf", "https://x/a.pdf").into(), place).is_none());
        assert_eq!(Responses.refuses(&Media::base64("audio/wav", "AAAA").into(), place), Some("takes no sound"));
    }
    assert!(Responses.refuses(&Media::base64("image/png", "AAAA").into(), Place::Assistant).is_some());
}

//! Requests as they go out.

use super::super::{Chat, response};
use crate::dialect::{Dialect as _, Place};
use crate::{Conversation, ModelConfig, Request, Toolbox};
use mocktrial_trajectory::{Arguments, Media, Message, Part, ToolCall, ToolResult, ToolSpec};
use serde_json::{Value, json};

pub(super) fn config(value: Value) -> ModelConfig {
    let mut base = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1"});
    let Value::Object(settings) = value else { panic!("settings are an object") };
    base.as_object_mut().unwrap().extend(settings);
    serde_json::from_value(base).unwrap()
}

pub(super) fn tool(name: &str) -> ToolSpec {
    let spec = json!({"name": name, "description": "Looks.", "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}}});
    serde_json::from_value(spec).unwrap()
}

fn call(arguments: &str) -> ToolCall {
    ToolCall { id: "c1".into(), name: "get_order".into(), arguments: Arguments::parse(arguments) }
}

fn body(config: &ModelConfig, request: &Request) -> Value {
    let setup = config.setup("chat").unwrap();
    serde_json::from_slice(&setup.dialect.encoder(&setup).body(request)).unwrap()
}

#[test]
fn every_part_of_a_request_goes_where_the_api_wants_it() {
    let mut result = ToolResult {
        call_id: "c1".into(),
        name: "get_order".into(),
        content: vec![Part::text("{\"a\":1}")],
        is_error: false,
    };
    let first = Message::Tool(result.clone());
    result.content.push(Part::text("more"));
    let request = Request {
        conversation: [
            Message::System { text: "Be \"good\".".into() },
            Message::user("Hi ä\n"),
            Message::Assistant { content: vec![], calls: vec![call("{\"id\": 1}")], raw: vec![] },
            first,
            Message::Tool(result),
            Message::Assistant { content: vec![], calls: vec![call("{\"id\": W")], raw: vec![] },
            Message::Assistant {
                content: vec![],
                calls: vec![],
                raw: vec![json!({"role": "assistant", "content": "x", "reasoning": "r"})],
            },
        ]
        .into_iter()
        .collect(),
        tools: Toolbox::new(vec![tool("get_order")]),
        seed: Some(u64::MAX - 3),
    };
    let config = config(json!({
        "parameters": {"temperature": 0.7, "max_tokens": 256, "seed": "trial", "parallel_tool_calls": false, "stop": ["END"]},
        "tool_choice": {"tool": "get_order"}, "stream": true, "extra": {"top_k": 40},
    }));
    // Written by serde_json itself: other serialisers show how it keeps a number.
    insta::assert_snapshot!("request", serde_json::to_string_pretty(&body(&config, &request)).unwrap());
}

#[test]
fn what_is_absent_is_not_sent() {
    let request =
        Request { conversation: [Message::user("Hi")].into_iter().collect(), seed: Some(7), ..Request::default() };
    let config = config(json!({"tool_choice": "auto", "parameters": {"parallel_tool_calls": true}}));
    assert_eq!(body(&config, &request), json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}));
}

#[test]
fn a_message_is_serialised_once() {
    let mut conversation = Conversation::new();
    conversation.push(Message::user("Hi"));
    let entry = &conversation.entries()[0];
    let first = entry.wire("chat", |_, out| out.extend_from_slice(b"written"));
    let again = entry.wire("chat", |_, _| panic!("a second time"));
    assert_eq!(first, again);
    assert_eq!(&*entry.wire("other", |_, out| out.extend_from_slice(b"otherwise")), b"otherwise");
}

#[test]
fn reasoning_and_signatures_are_passed_back_as_they_came_with_mended_calls() {
    let body = json!({"choices": [{"finish_reason": "tool_calls", "message": {
        "role": "assistant", "content": null, "reasoning_content": "Hm.",
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{oops"}, "extra_content": {"sig": "S"}}]}}]});
    let reply = response::read_whole(body.to_string().as_bytes(), 2).unwrap();
    let request = Request { conversation: [reply.message()].into_iter().collect(), ..Request::default() };
    let sent = self::body(&config(json!({})), &request);
    assert_eq!(
        sent["messages"][0],
        json!({"role": "assistant", "content": null, "reasoning_content": "Hm.", "tool_calls": [{
            "id": "mt0002000", "type": "function", "extra_content": {"sig": "S"},
            "function": {"name": "f", "arguments": "{\"malformed_arguments\":\"{oops\"}"}}]})
    );
    assert_eq!(&*reply.calls[0].arguments.text, "{oops");
}

/// A conversation that passes one call back, in the neutral form and as the provider's own message.
fn passed_back(name: &str, tools: Vec<ToolSpec>) -> [Value; 2] {
    let toolbox = Toolbox::new(tools);
    [vec![], vec![json!({"tool_calls": [{"function": {"name": name}}], "reasoning": "r"})]].map(|raw| {
        let named = ToolCall { name: name.into(), ..call("{}") };
        let message = Message::Assistant { content: vec![], calls: vec![named], raw };
        let request = Request { conversation: [message].into_iter().collect(), tools: toolbox.clone(), seed: None };
        body(&config(json!({})), &request)["messages"][0]["tool_calls"][0]["function"]["name"].take()
    })
}

#[test]
fn a_name_that_servers_refuse_is_passed_back_mended_and_any_other_as_it_is() {
    let long = "n".repeat(300);
    for (name, sent) in [("db.query!", "db_query_"), ("", "unnamed"), ("größe", "gr__e"), (&*long, &long[..64])] {
        assert_eq!(passed_back(name, vec![]), [sent, sent]);
    }
    for name in ["get_order", "Get-Order2", &long[..64]] {
        assert_eq!(passed_back(name, vec![]), [name, name]);
    }
    // What was sent among the tools is taken in a call too.
    assert_eq!(passed_back("db.query", vec![tool("db.query")]), ["db.query"; 2]);
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_with_its_key() {
    for (value, key) in [
        (json!({"base_url": "ftp://x"}), "base_url"),
        (json!({"base_url": "http://me:pw@x/v1"}), "base_url"),
        (json!({"base_url": "http://x/v1/chat/completions"}), "base_url"),
        (json!({"headers": {"Authorization": "Bearer sk-123"}}), "headers.Authorization"),
        (json!({"extra": {"messages": []}}), "extra.messages"),
        (json!({"extra": {"function_call": "auto"}}), "extra.function_call"),
        (json!({"extra": {"functions": []}}), "extra.functions"),
        (json!({"extra": {"n": 2}}), "extra.n"),
        (json!({"extra": {"max_tokens": 9}}), "extra.max_tokens"),
        (json!({"extra": {"max_completion_tokens": 9}}), "extra.max_completion_tokens"),
        (json!({"extra": {"max_output_tokens": 9}}), "extra.max_output_tokens"),
        (json!({"extra": {"n_predict": 9}}), "extra.n_predict"),
        (json!({"extra": {"stream_options": {"include_usage": false}}}), "extra.stream_options"),
        (json!({"extra": {"stream_options": true}}), "extra.stream_options"),
        (json!({"extra": {"temperature": 1}, "parameters": {"temperature": 0}}), "extra.temperature"),
        (json!({"extra": {"logprobs": true}}), "extra.logprobs"),
        (json!({"parameters": {"reasoning_tokens": 100}}), "parameters.reasoning_tokens"),
        (json!({"provider": "nobody"}), "provider"),
        (json!({"api_version": "2023-06-01"}), "api_version"),
        (json!({"prompt_cache": "5m"}), "prompt_cache"),
        (json!({"timeout_seconds": {"idle": 0}}), "timeout_seconds.idle"),
    ] {
        assert_eq!(config(value).check("chat").unwrap_err().key, key);
    }
    assert!(serde_json::from_value::<ModelConfig>(json!({"model": "m", "modle": 1})).is_err());
    let error = config(json!({"extra": {"max_tokens": 9}})).check("chat").unwrap_err();
    assert!(error.message.starts_with("`max_tokens` belongs in `parameters`"), "{error}");
}

#[test]
fn a_stream_is_asked_for_its_usage_whatever_else_it_is_asked_for() {
    let request = Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() };
    for (extra, options) in [
        (json!({}), json!({"include_usage": true})),
        (
            json!({"stream_options": {"include_obfuscation": false}}),
            json!({"include_obfuscation": false, "include_usage": true}),
        ),
    ] {
        let config = config(json!({"stream": true, "extra": extra}));
        config.check("chat").unwrap();
        let sent = body(&config, &request);
        assert_eq!((&sent["stream"], &sent["stream_options"]), (&json!(true), &options));
    }
}

#[test]
fn a_provider_known_by_name_gives_address_and_field_names() {
    let config: ModelConfig =
        serde_json::from_value(json!({"model": "m", "parameters": {"max_tokens": 9, "logprobs": 2}})).unwrap();
    let setup = config.setup("chat").unwrap();
    assert_eq!(setup.url().unwrap().as_str(), "https://api.openai.com/v1/chat/completions");
    assert_eq!(setup.api_key_env(), Some("OPENAI_API_KEY"));
    let sent = body(&config, &Request::default());
    assert_eq!(sent["max_completion_tokens"], 9);
    assert_eq!((&sent["logprobs"], &sent["top_logprobs"]), (&json!(true), &json!(2)));

    let legacy = super::requests::config(json!({"base_url": "https://r.example/openai/deployments/d/?api-version=1"}));
    let url = legacy.setup("chat").unwrap().url().unwrap();
    assert_eq!(url.as_str(), "https://r.example/openai/deployments/d/chat/completions?api-version=1");
}

#[test]
fn pictures_sounds_and_files_of_the_user_are_sent_and_those_of_tools_are_refused() {
    let content = vec![
        Part::text("Look."),
        Media::base64("image/png", "AAAA").into(),
        Media::url("image/png", "https://x/y.png").into(),
        Media::base64("audio/mpeg", "BBBB").into(),
        Media::base64("application/pdf", "CCCC").named("a.pdf").into(),
    ];
    let request = Request {
        conversation: [Message::User { content: content.clone() }].into_iter().collect(),
        ..Request::default()
    };
    assert_eq!(
        body(&config(json!({})), &request)["messages"][0]["content"],
        json!([
            {"type": "text", "text": "Look."},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "mp3"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,CCCC"}},
        ])
    );
    for part in &content[1..] {
        assert!(Chat.refuses(part, Place::User).is_none());
        assert!(Chat.refuses(part, Place::Tool).is_some());
    }
    assert!(Chat.refuses(&Media::url("audio/mpeg", "https://x/y.mp3").into(), Place::User).is_some());
}

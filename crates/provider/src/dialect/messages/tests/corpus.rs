//! One request for every feature, as it goes out: what is read here is also what strict validators are given.

use super::requests::{body, call, config, conversation, media, request, result, said, tool};
use crate::{Request, Toolbox};
use mocktrial_trajectory::{Freeform, Message, Part, ToolSpec};
use serde_json::{Map, Value, json};

/// A turn of thoughts and calls as the provider gave it, with an answer.
fn thoughts() -> Request {
    let raw = vec![
        json!({"type": "thinking", "thinking": "The order first.", "signature": "EqQBCgIYAhIM"}),
        json!({"type": "redacted_thinking", "data": "EmwKAhgBEgy3va"}),
        json!({"type": "text", "text": "I look."}),
        json!({"type": "tool_use", "id": "c1", "name": "get_order", "input": {"id": "W-1"}, "caller": {"type": "direct"}}),
    ];
    let Message::Assistant { content, calls, .. } = said("I look.", vec![call("c1", "{\"id\": \"W-1\"}")]) else {
        panic!("an answer is the assistant's")
    };
    let answer = Message::Tool(result("c1", vec![Part::text("{}")]));
    let messages = [Message::user("Hi"), Message::Assistant { content, calls, raw }, answer];
    Request { tools: Toolbox::new(vec![tool("get_order")]), ..request(messages) }
}

fn tools() -> Request {
    let strict = ToolSpec { strict: Some(true), ..tool("strict") };
    let freeform =
        ToolSpec { freeform: Some(Freeform::default()), input_schema: Freeform::input_schema(), ..tool("freeform") };
    let bare = ToolSpec { description: None, input_schema: json!({}), ..tool("bare") };
    Request { tools: Toolbox::new(vec![strict, freeform, bare]), ..request([Message::user("Hi")]) }
}

#[test]
fn every_part_of_a_request_goes_where_the_api_wants_it() {
    let sampling = json!({"temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_tokens": 256, "stop": "END"});
    let every = json!({"parameters": sampling, "stream": true, "extra": {"metadata": {"user_id": "u"}, "service_tier": "auto"}});
    let effort = json!({"api_version": "2026-10-21", "parameters": {"reasoning_effort": "high", "stop": ["A", "B"]}, "extra": {"thinking": {"display": "summarized"}}});
    let odd = said("", vec![call("functions.f:0", "{oops"), call("", "")]);
    let mut corpus = Map::new();
    for (name, settings, request) in [
        ("least", json!({}), request([Message::user("Hi")])),
        (
            "every parameter of 2023-06-01, parallel calls, an error, a picture, and text after results",
            every,
            conversation(),
        ),
        ("cached, with a system prompt", json!({"prompt_cache": "1h"}), conversation()),
        ("cached, without one", json!({"prompt_cache": "5m"}), tools()),
        ("effort, and thoughts passed back", effort, thoughts()),
        ("budget", json!({"parameters": {"reasoning_tokens": 1024}}), thoughts()),
        (
            "no thinking, one call at most",
            json!({"parameters": {"reasoning_effort": "none", "parallel_tool_calls": false}}),
            tools(),
        ),
        (
            "one tool, several calls",
            json!({"tool_choice": {"tool": "bare"}, "parameters": {"parallel_tool_calls": true}}),
            tools(),
        ),
        ("any tool", json!({"tool_choice": "required"}), tools()),
        ("no tool", json!({"tool_choice": "none"}), tools()),
        (
            "media of the user and of a tool",
            json!({}),
            request([
                Message::User { content: media() },
                said("", vec![call("c1", "{}")]),
                Message::Tool(result("c1", media())),
            ]),
        ),
        (
            "odd calls",
            json!({}),
            request([
                Message::user("Hi"),
                odd,
                Message::Tool(result("functions.f:0", vec![])),
                Message::Tool(result("", vec![])),
            ]),
        ),
    ] {
        let sent: Value = body(&config(settings), &request);
        corpus.insert(name.into(), sent);
    }
    // Written by serde_json itself: other serialisers show how it keeps a number.
    insta::assert_snapshot!("corpus", serde_json::to_string_pretty(&corpus).unwrap());
}

//! Requests as they go out.

use super::super::Gemini;
use super::reading::read;
use crate::dialect::{Dialect as _, Place};
use crate::{ModelConfig, Request, Toolbox};
use mocktrial_trajectory::{Arguments, Media, Message, Part, ToolCall, ToolResult, ToolSpec};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) fn config(value: Value) -> ModelConfig {
    let mut base = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1beta"});
    let Value::Object(settings) = value else { panic!("settings are an object") };
    base.as_object_mut().unwrap().extend(settings);
    serde_json::from_value(base).unwrap()
}

fn tool(name: &str, strict: bool) -> ToolSpec {
    let spec = json!({"name": name, "description": "Looks.", "strict": strict, "input_schema": {
        "type": "object", "properties": {"id": {"type": ["string", "null"]}, "how": {"$ref": "#/$defs/how"}},
        "$defs": {"how": {"enum": ["fast", "slow"]}}, "additionalProperties": false}});
    serde_json::from_value(spec).unwrap()
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: Arguments::parse(arguments) }
}

fn calling(calls: Vec<ToolCall>) -> Message {
    Message::Assistant { content: vec![], calls, raw: vec![] }
}

fn result(id: &str, name: &str, content: Vec<Part>, is_error: bool) -> Message {
    Message::Tool(ToolResult { call_id: id.into(), name: name.into(), content, is_error })
}

fn body(config: &ModelConfig, request: &Request) -> Value {
    let setup = config.setup("gemini").unwrap();
    serde_json::from_slice(&setup.dialect.encoder(&setup).body(request)).unwrap()
}

fn of(messages: impl IntoIterator<Item = Message>) -> Request {
    Request { conversation: messages.into_iter().collect(), ..Request::default() }
}

fn contents(messages: impl IntoIterator<Item = Message>) -> Value {
    body(&config(json!({})), &of(messages))["contents"].take()
}

fn pretty(value: &Value) -> String {
    // Written by serde_json itself: other serialisers show how it keeps a number.
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn every_part_of_a_request_goes_where_the_api_wants_it() {
    let media = [
        Media::base64("image/png", "AAAA"),
        Media::url("image/png", "https://x/y.png"),
        Media::base64("audio/mpeg", "BBBB"),
        Media::base64("application/pdf", "CCCC"),
    ];
    let with_media = |text: &str| [Part::text(text)].into_iter().chain(media.clone().map(Part::from)).collect();
    let signed = json!({"functionCall": {"name": "get_order", "args": {"id": "W-1"}}, "thoughtSignature": "U0lH"});
    let raw = vec![
        json!({"text": "Hm.", "thought": true}),
        signed,
        json!({"functionCall": {"name": "db query", "args": {}}}),
    ];
    let raw = Message::Assistant { content: vec![], calls: vec![call("mt0001000", "get_order", "{}")], raw };
    let request = Request {
        tools: Toolbox::new(vec![tool("get_order", false), tool("refund", true)]),
        seed: Some(u64::MAX - 3),
        ..of([
            Message::System { text: "Be \"good\".".into() },
            Message::User { content: with_media("Hi ä\n") },
            calling(vec![call("fc_1", "get_order", "{\"id\": 1}"), call("mt0000001", "refund", "{\"id\": W")]),
            result("fc_1", "get_order", with_media("{\"a\": 1}"), false),
            result("mt0000001", "refund", vec![Part::text("no such order")], true),
            Message::user("And?"),
            raw,
            result("mt0001000", "get_order", vec![Part::text("[1, 2]"), Part::text("more")], false),
            Message::System { text: "Be brief.".into() },
        ])
    };
    let config = config(json!({
        "parameters": {
            "temperature": 0.7, "top_p": 0.9, "top_k": 40, "max_tokens": 256, "presence_penalty": 0.1,
            "frequency_penalty": -0.1, "stop": "END", "reasoning_effort": "low", "logprobs": 3, "seed": "trial"},
        "stream": true,
        "extra": {
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
            "generationConfig": {"responseModalities": ["TEXT"], "thinkingConfig": {"includeThoughts": false}},
            "toolConfig": {"retrievalConfig": {"languageCode": "en"}}},
    }));
    insta::assert_snapshot!("request", pretty(&body(&config, &request)));
}

#[test]
fn what_is_absent_is_not_sent() {
    let request = Request { seed: Some(7), ..of([Message::user("Hi")]) };
    let config = config(json!({"tool_choice": "auto"}));
    assert_eq!(body(&config, &request), json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}));
}

#[test]
fn parameters_go_into_the_generation_config_beside_what_the_user_adds() {
    for (settings, sent) in [
        (json!({"parameters": {"seed": 7, "stop": ["A", "B"]}}), json!({"stopSequences": ["A", "B"], "seed": 7})),
        (json!({"parameters": {"seed": "trial"}}), json!({"seed": 3})),
        (json!({"parameters": {"logprobs": 0}}), json!({"responseLogprobs": true})),
        (
            json!({"parameters": {"reasoning_tokens": 512}}),
            json!({"thinkingConfig": {"thinkingBudget": 512, "includeThoughts": true}}),
        ),
        (json!({"parameters": {"reasoning_effort": "none"}}), json!({"thinkingConfig": {"thinkingBudget": 0}})),
        (
            json!({"parameters": {"reasoning_effort": "xhigh", "top_k": 3}, "extra": {"generationConfig": {"thinking_config": {"include_thoughts": false}}}}),
            json!({"thinking_config": {"include_thoughts": false, "thinkingLevel": "XHIGH"}, "topK": 3}),
        ),
        (json!({"extra": {"generationConfig": {"seed": 1}}}), json!({"seed": 1})),
    ] {
        let request = Request { seed: Some(3), ..of([Message::user("Hi")]) };
        assert_eq!(body(&config(settings.clone()), &request)["generationConfig"], sent, "{settings}");
    }
}

#[test]
fn a_tool_choice_is_sent_along_with_tools_and_strict_tools_are_validated() {
    let auto = json!({"mode": "AUTO"});
    let validated = json!({"mode": "VALIDATED"});
    for (choice, lax, strict) in [
        (json!(null), Value::Null, validated.clone()),
        (json!("auto"), auto, validated),
        (json!("none"), json!({"mode": "NONE"}), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"}), json!({"mode": "ANY"})),
        (
            json!({"tool": "f"}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
    ] {
        let extra = json!({"toolConfig": {"includeServerSideToolInvocations": true}});
        let config = config(json!({"tool_choice": choice, "extra": extra}));
        for (tools, sent) in
            [(vec![tool("f", false)], &lax), (vec![tool("f", false), tool("g", true)], &strict), (vec![], &Value::Null)]
        {
            let request = Request { tools: Toolbox::new(tools), ..of([Message::user("Hi")]) };
            let mut body = body(&config, &request);
            assert_eq!(body["toolConfig"]["functionCallingConfig"].take(), *sent, "{choice}");
            assert_eq!(body["toolConfig"]["includeServerSideToolInvocations"], true);
        }
    }
}

#[test]
fn the_results_of_parallel_calls_are_one_content_and_ids_are_sent_where_they_are_the_providers() {
    let sent = contents([
        Message::user("Go."),
        calling(vec![call("mt0000000", "f", "{}"), call("fc_2", "f", "{}")]),
        result("mt0000000", "f", vec![Part::text("one")], false),
        result("fc_2", "f", vec![Part::text("two")], false),
    ]);
    assert_eq!(
        sent[1]["parts"],
        json!([
            {"functionCall": {"name": "f", "args": {}}},
            {"functionCall": {"id": "fc_2", "name": "f", "args": {}}},
        ])
    );
    assert_eq!(
        sent[2],
        json!({"role": "user", "parts": [
            {"functionResponse": {"name": "f", "response": {"output": "one"}}},
            {"functionResponse": {"id": "fc_2", "name": "f", "response": {"output": "two"}}},
        ]})
    );
}

#[test]
fn a_result_is_sent_structured_unless_the_api_would_lose_some_of_it() {
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let output = |text: &str| {
        contents([result("a", "f", vec![Part::text(text)], false)])[0]["parts"][0]["functionResponse"]["response"]
            ["output"]
            .take()
    };
    for text in [r#"{"id": "W-1", "total": 42.50}"#, " [1, null]\n", r#"{"id": 9007199254740992}"#] {
        assert_eq!(output(text), serde_json::from_str::<Value>(text).unwrap(), "{text}");
    }
    for text in [
        "42",
        "{not json}",
        "",
        r#"{"id": 9007199254740993}"#,
        r#"{"id": -12345678901234567890123}"#,
        "[0.12345678901234567]",
        &deep,
    ] {
        assert_eq!(output(text), text, "{text}");
    }
}

#[test]
fn what_says_nothing_is_a_content_all_the_same() {
    let empty = Message::Assistant { content: vec![], calls: vec![], raw: vec![] };
    assert_eq!(
        contents([Message::User { content: vec![] }, empty]),
        json!([{"role": "user", "parts": [{"text": ""}]}, {"role": "model", "parts": [{"text": ""}]}])
    );
    assert_eq!(contents([]), json!([]));
}

#[test]
fn signatures_go_back_on_the_part_they_came_with_and_calls_go_back_mended() {
    let parts = json!([
        {"text": "I look.", "thought": true},
        {"text": "Let me see.", "thoughtSignature": "QQ=="},
        {"functionCall": {"name": "f", "args": {"n": 12345678901234567890_u64}}, "thoughtSignature": "Qg=="},
        {"functionCall": {"id": "c", "name": "g", "args": {}}},
        {"functionCall": {"id": "c", "name": "h", "args": ["no object"]}},
        {"text": "", "thoughtSignature": "Qw=="},
        {"newThing": {"x": 1}},
    ]);
    let body = json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]});
    let reply = read(body.to_string().as_bytes(), 2).unwrap();
    let mut expected = parts;
    expected[4]["functionCall"] = json!({"name": "h", "args": {"malformed_arguments": "[\"no object\"]"}});
    let sent = contents([Message::user("Go."), reply.message()]);
    assert_eq!(sent[1], json!({"role": "model", "parts": expected}));
    assert_eq!(&*reply.calls[2].arguments.text, "[\"no object\"]");
    assert_eq!(reply.calls.iter().map(|c| &*c.id).collect::<Vec<_>>(), ["mt0002000", "c", "mt0002002"]);
}

#[test]
fn a_name_that_servers_refuse_is_passed_back_mended_in_call_and_result() {
    let long = "n".repeat(300);
    for (name, sent) in [
        ("db query!", "db_query_"),
        ("", "unnamed"),
        ("1st", "_1st"),
        ("-f", "_-f"),
        (&*long, &long[..128]),
        ("db.query:all-1", "db.query:all-1"),
    ] {
        let raw = vec![json!({"functionCall": {"name": name, "args": {}}, "thoughtSignature": "S"})];
        for raw in [vec![], raw] {
            let message = Message::Assistant { content: vec![], calls: vec![call("c", name, "{}")], raw };
            let passed = contents([message, result("c", name, vec![Part::text("x")], false)]);
            assert_eq!(passed[0]["parts"][0]["functionCall"]["name"], sent);
            assert_eq!(passed[1]["parts"][0]["functionResponse"]["name"], sent);
        }
    }
    let tools = Toolbox::new(vec![tool("1st", false)]);
    assert_eq!(Gemini.sendable_name("1st", &tools), "1st", "what was sent among the tools is taken in a call too");
}

#[test]
fn media_have_a_place_in_every_message() {
    for part in [Media::base64("image/png", "AAAA"), Media::url("audio/mpeg", "https://x/y.mp3")].map(Part::from) {
        for place in [Place::User, Place::Tool, Place::Assistant] {
            assert!(Gemini.refuses(&part, place).is_none());
        }
    }
    assert!(Gemini.refuses(&Media::base64("", "AAAA").into(), Place::User).is_some());
}

#[test]
fn a_model_stands_in_the_path_whatever_its_form() {
    for (settings, path) in [
        (json!({"model": "gemini-3-pro"}), "/v1beta/models/gemini-3-pro:generateContent"),
        (json!({"model": "gemini-3-pro", "stream": true}), "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"),
        (json!({"model": "models/gemini-3-pro"}), "/v1beta/models/gemini-3-pro:generateContent"),
        (json!({"model": "tunedModels/mine-1"}), "/v1beta/tunedModels/mine-1:generateContent"),
        (
            json!({"model": "projects/p/locations/l/publishers/google/models/g@001", "base_url": "http://127.0.0.1:1/v1"}),
            "/v1/projects/p/locations/l/publishers/google/models/g@001:generateContent",
        ),
        (json!({"model": "local/qwen3:8b"}), "/v1beta/models/local/qwen3:8b:generateContent"),
        (json!({"model": "a b?c#d%ü"}), "/v1beta/models/a%20b%3Fc%23d%25%C3%BC:generateContent"),
        (
            json!({"base_url": "http://127.0.0.1:1/v1?tenant=t", "stream": true}),
            "/v1/models/m:streamGenerateContent?tenant=t&alt=sse",
        ),
    ] {
        let config = config(settings);
        let url = config.setup("gemini").unwrap().url().unwrap();
        assert_eq!(url.as_str().strip_prefix("http://127.0.0.1:1").unwrap(), path);
    }
}

#[test]
fn google_gives_address_and_key() {
    let config: ModelConfig = serde_json::from_value(json!({"model": "gemini-3-pro"})).unwrap();
    let setup = config.setup("gemini").unwrap();
    assert_eq!(
        setup.url().unwrap().as_str(),
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:generateContent"
    );
    assert_eq!((setup.api_key_env(), setup.preset.auth), (Some("GEMINI_API_KEY"), crate::Auth::XGoogApiKey));
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_with_its_key() {
    for (value, key) in [
        (json!({"base_url": "http://x/v1beta/models/m:generateContent"}), "base_url"),
        (json!({"model": "models/../m"}), "model"),
        (json!({"model": "models/"}), "model"),
        (json!({"extra": {"contents": []}}), "extra.contents"),
        (json!({"extra": {"system_instruction": {}}}), "extra.system_instruction"),
        (json!({"extra": {"tools": []}}), "extra.tools"),
        (json!({"extra": {"generation_config": {}}}), "extra.generation_config"),
        (json!({"extra": {"generationConfig": []}}), "extra.generationConfig"),
        (json!({"extra": {"tool_config": {}}}), "extra.tool_config"),
        (json!({"extra": {"toolConfig": {"functionCallingConfig": {}}}}), "extra.toolConfig.functionCallingConfig"),
        (json!({"extra": {"maxOutputTokens": 9}}), "extra.maxOutputTokens"),
        (json!({"extra": {"candidateCount": 2}}), "extra.candidateCount"),
        (json!({"extra": {"generationConfig": {"max_output_tokens": 9}}}), "extra.generationConfig.max_output_tokens"),
        (json!({"extra": {"generationConfig": {"candidateCount": 2}}}), "extra.generationConfig.candidateCount"),
        (json!({"extra": {"generationConfig": {"logprobs": 2}}}), "extra.generationConfig.logprobs"),
        (
            json!({"extra": {"generationConfig": {"top_p": 1}}, "parameters": {"top_p": 1}}),
            "extra.generationConfig.top_p",
        ),
        (
            json!({"extra": {"generationConfig": {"seed": 1}}, "parameters": {"seed": "trial"}}),
            "extra.generationConfig.seed",
        ),
        (
            json!({"extra": {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}, "parameters": {"reasoning_effort": "high"}}),
            "extra.generationConfig.thinkingConfig.thinkingLevel",
        ),
        (json!({"parameters": {"seed": 1_u64 << 31}}), "parameters.seed"),
        (json!({"parameters": {"reasoning_effort": "max"}}), "parameters.reasoning_effort"),
        (json!({"parameters": {"reasoning_effort": "low", "reasoning_tokens": 9}}), "parameters.reasoning_tokens"),
        (json!({"parameters": {"parallel_tool_calls": false}}), "parameters.parallel_tool_calls"),
    ] {
        let error = config(value).check("gemini").unwrap_err();
        assert_eq!(error.key, key, "{error}");
    }
    let error = config(json!({"extra": {"generationConfig": {"maxOutputTokens": 9}}})).check("gemini").unwrap_err();
    assert!(error.message.starts_with("`maxOutputTokens` belongs in `parameters`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_a_model_wrote_and_a_tool_said_the_body_is_json_that_the_api_takes(
        name in ".{0,12}", text in prop_oneof![".{0,24}", r#"[\[\]{}",:0-9a\\ ]{0,24}"#], said in r#"[\[\]{}",:0-9a-c\\ ]{0,24}"#,
        id in prop_oneof![Just(String::from("mt0001000")), ".{0,8}"], is_error in any::<bool>(),
    ) {
        let sent = contents([
            Message::user(said.as_str()),
            Message::Assistant { content: vec![], calls: vec![call(&id, &name, &text)], raw: vec![] },
            result(&id, &name, vec![Part::text(said.as_str())], is_error),
        ]);
        let call = &sent[1]["parts"][0]["functionCall"];
        let response = &sent[2]["parts"][0]["functionResponse"];
        prop_assert!(call["args"].is_object());
        let key = if is_error { "error" } else { "output" };
        prop_assert!(!response["response"][key].is_null());
        prop_assert_eq!(&call["name"], &response["name"]);
        prop_assert_eq!(&call["id"], &response["id"]);
        let name = call["name"].as_str().unwrap();
        prop_assert!(name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.len() <= 128);
    }
}

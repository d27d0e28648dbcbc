//! Writes a corpus of requests that uses every feature of every dialect, one JSON object a line: dialect,
//! case, and the body as it would be sent, or why it is refused. Validators of the vendors' own read it:
//! `tests/vendors/validate.py`.
//!
//! `cargo run -p mocktrial-provider --example corpus > corpus.jsonl`
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use mocktrial_provider::{Conversation, RemoteModel, Request, Scrubber, Toolbox, Transport, dialects, read_response};
use mocktrial_trajectory::{Arguments, Freeform, Media, Message, Part, ToolCall, ToolResult, ToolSpec};
use serde_json::{Value, json};
use std::error::Error;

/// A red dot of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

fn main() -> Result<(), Box<dyn Error>> {
    let transport = Transport::live(Scrubber::new());
    for dialect in dialects() {
        for (case, settings) in settings(dialect) {
            emit(dialect, case, &settings, &simple(tools()), &transport)?;
        }
        for (case, request) in conversations(dialect)? {
            emit(dialect, case, &json!({}), &request, &transport)?;
        }
    }
    Ok(())
}

fn emit(
    dialect: &str,
    case: &str,
    settings: &Value,
    request: &Request,
    transport: &Transport,
) -> Result<(), Box<dyn Error>> {
    let mut config = json!({"model": "m", "parameters": {"max_tokens": 4096}});
    merge(&mut config, settings);
    let model = RemoteModel::new("corpus", dialect, &serde_json::from_value(config)?, transport);
    let body = model.map_err(|e| e.to_string()).and_then(|model| model.body(request).map_err(|e| e.to_string()));
    let line = match body {
        Ok(body) => {
            let body: Value = serde_json::from_slice(&body)?;
            json!({"dialect": dialect, "case": case, "body": body})
        }
        Err(refused) => json!({"dialect": dialect, "case": case, "refused": refused}),
    };
    println!("{line}");
    Ok(())
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => into.clone_from(from),
    }
}

/// What an endpoint may be asked to do, one thing a case.
fn settings(dialect: &str) -> Vec<(&'static str, Value)> {
    let parameter = |key: &str, value: Value| json!({"parameters": {key: value}});
    let mut all = vec![
        ("plain", json!({})),
        ("temperature", parameter("temperature", json!(0.7))),
        ("top_p", parameter("top_p", json!(0.9))),
        ("top_k", parameter("top_k", json!(40))),
        ("presence_penalty", parameter("presence_penalty", json!(0.5))),
        ("frequency_penalty", parameter("frequency_penalty", json!(0.5))),
        ("stop", parameter("stop", json!("END"))),
        ("stops", parameter("stop", json!(["END", "STOP"]))),
        ("reasoning_tokens", parameter("reasoning_tokens", json!(2048))),
        ("serial_calls", parameter("parallel_tool_calls", json!(false))),
        ("logprobs", parameter("logprobs", json!(3))),
        ("seed", parameter("seed", json!(7))),
        ("derived_seed", parameter("seed", json!("trial"))),
        ("stream", json!({"stream": true})),
        ("choice_auto", json!({"tool_choice": "auto"})),
        ("choice_none", json!({"tool_choice": "none"})),
        ("choice_required", json!({"tool_choice": "required"})),
        ("choice_named", json!({"tool_choice": {"tool": "get_order"}})),
        (
            "choice_named_serial",
            json!({"tool_choice": {"tool": "get_order"}, "parameters": {"parallel_tool_calls": false}}),
        ),
    ];
    for effort in ["none", "minimal", "low", "medium", "high", "xhigh", "max"] {
        all.push(("reasoning_effort", parameter("reasoning_effort", json!(effort))));
    }
    if dialect == "messages" {
        all.push((
            "old_version",
            json!({"api_version": "2023-06-01", "parameters": {"temperature": 0.7, "top_k": 40}}),
        ));
        all.push(("prompt_cache", json!({"prompt_cache": "5m"})));
        all.push(("prompt_cache_hour", json!({"prompt_cache": "1h"})));
    }
    all
}

fn tools() -> Vec<ToolSpec> {
    let schema = json!({"type": "object", "properties": {"order_id": {"type": "string", "description": "Its number."}},
        "required": ["order_id"], "additionalProperties": false});
    let tool = |name: &str, description: Option<&str>, schema: &Value, strict: Option<bool>| json!({"name": name, "description": description, "input_schema": schema, "strict": strict});
    let nothing = json!({"type": "object", "properties": {}});
    let all = [
        tool("get_order", Some("Looks an order up."), &schema, None),
        tool("cancel-order", Some("Cancels it."), &schema, Some(true)),
        tool("list_orders", None, &nothing, Some(false)),
    ];
    all.into_iter().filter_map(|tool| serde_json::from_value(tool).ok()).collect()
}

fn freeform() -> ToolSpec {
    ToolSpec {
        name: "run_sql".into(),
        description: Some("Runs a query.".into()),
        input_schema: Freeform::input_schema(),
        output_schema: None,
        strict: None,
        freeform: Some(Freeform {
            format: Some(json!({"type": "grammar", "syntax": "regex", "definition": "SELECT .*"})),
        }),
        annotations: Default::default(),
    }
}

fn request(tools: Vec<ToolSpec>, messages: impl IntoIterator<Item = Message>) -> Request {
    Request { conversation: messages.into_iter().collect(), tools: Toolbox::new(tools), seed: Some(7) }
}

fn system() -> Message {
    Message::System { text: "You help with orders.".into() }
}

fn simple(tools: Vec<ToolSpec>) -> Request {
    request(tools, [system(), Message::user("Where is W-1?")])
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: "get_order".into(), arguments: Arguments::parse(arguments) }
}

fn assistant(text: &str, calls: Vec<ToolCall>) -> Message {
    let content = if text.is_empty() { vec![] } else { vec![Part::text(text)] };
    Message::Assistant { content, calls, raw: vec![] }
}

fn result(id: &str, content: Vec<Part>, is_error: bool) -> Message {
    Message::Tool(ToolResult { call_id: id.into(), name: "get_order".into(), content, is_error })
}

/// Conversations of every shape.
fn conversations(dialect: &str) -> Result<Vec<(&'static str, Request)>, Box<dyn Error>> {
    let image = || Part::from(Media::base64("image/png", PNG));
    let linked = || Part::from(Media::url("image/png", "https://example.org/dot.png"));
    let document = || Media::base64("application/pdf", "JVBERi0xLjQK").named("a.pdf").into();
    let user = |parts: Vec<Part>| Message::User { content: parts };
    let one = || vec![Part::text("{\"status\":\"sent\"}")];
    let answered = |content: Vec<Part>, is_error| {
        request(
            tools(),
            [
                Message::user("Where is W-1?"),
                assistant("", vec![call("call_1", "{\"order_id\":\"W-1\"}")]),
                result("call_1", content, is_error),
            ],
        )
    };
    let mut all = vec![
        ("no_tools", simple(vec![])),
        ("no_system", request(tools(), [Message::user("Hi")])),
        (
            "several_turns",
            request(tools(), [system(), Message::user("Hi"), assistant("Hello.", vec![]), Message::user("Bye")]),
        ),
        ("call_and_result", answered(one(), false)),
        ("failed_result", answered(vec![Part::text("no such order")], true)),
        ("empty_result", answered(vec![], false)),
        ("result_in_parts", answered(vec![Part::text("a"), Part::text("b")], false)),
        ("result_with_image", answered(vec![Part::text("a"), image()], false)),
        ("result_with_file", answered(vec![document()], false)),
        (
            "text_beside_call",
            request(
                tools(),
                [
                    Message::user("Where is W-1?"),
                    assistant("Let me look.", vec![call("call_1", "{}")]),
                    result("call_1", one(), false),
                ],
            ),
        ),
        (
            "parallel_calls_then_user",
            request(
                tools(),
                [
                    system(),
                    Message::user("Where are W-1 and W-2?"),
                    assistant(
                        "",
                        vec![call("call_1", "{\"order_id\":\"W-1\"}"), call("call_2", "{\"order_id\":\"W-2\"}")],
                    ),
                    result("call_1", one(), false),
                    result("call_2", vec![Part::text("gone")], true),
                    Message::user("Well?"),
                ],
            ),
        ),
        (
            "malformed_arguments",
            request(
                tools(),
                [
                    Message::user("Hi"),
                    assistant("", vec![call("call_1", "{\"order_id\": W")]),
                    result("call_1", vec![Part::text("not JSON")], true),
                ],
            ),
        ),
        (
            "unknown_tool_with_odd_name",
            request(
                tools(),
                [
                    Message::user("Hi"),
                    assistant(
                        "",
                        vec![ToolCall {
                            id: "call 1!".into(),
                            name: "db.query!".into(),
                            arguments: Arguments::parse("{}"),
                        }],
                    ),
                    result("call 1!", vec![Part::text("no such tool")], true),
                ],
            ),
        ),
        (
            "silent_answer_then_user",
            request(tools(), [Message::user("Hi"), assistant("", vec![]), Message::user("Hello?")]),
        ),
        ("user_with_image", request(tools(), [user(vec![Part::text("What is this?"), image()])])),
        ("user_with_linked_image", request(tools(), [user(vec![linked()])])),
        ("user_with_audio", request(tools(), [user(vec![Media::base64("audio/wav", "UklGRg==").into()])])),
        ("user_with_file", request(tools(), [user(vec![Part::text("Read."), document()])])),
        ("freeform_tool", simple(vec![freeform()])),
        (
            "freeform_call",
            request(
                vec![freeform()],
                [
                    Message::user("How many?"),
                    assistant(
                        "",
                        vec![ToolCall {
                            id: "call_1".into(),
                            name: "run_sql".into(),
                            arguments: Arguments::from_value(json!({"input": "SELECT 1"})),
                        }],
                    ),
                    result("call_1", vec![Part::text("1")], false),
                ],
            ),
        ),
    ];
    // What a reasoning model said, passed back.
    let reply = read_response(dialect, reasoned(dialect).to_string().as_bytes())?;
    let mut conversation: Conversation = [system(), Message::user("Where is W-1?")].into_iter().collect();
    conversation.push(reply.message());
    for call in &reply.calls {
        conversation.push(Message::Tool(ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: one(),
            is_error: false,
        }));
    }
    all.push(("reasoning_passed_back", Request { conversation, tools: Toolbox::new(tools()), seed: None }));
    Ok(all)
}

/// A call after some thought, as each vendor says it.
fn reasoned(dialect: &str) -> Value {
    let arguments = json!({"order_id": "W-1"});
    match dialect {
        "responses" => json!({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Look it up."}], "encrypted_content": "gAAAA"},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_order", "arguments": arguments.to_string(), "status": "completed"},
        ]}),
        "messages" => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [
            {"type": "thinking", "thinking": "Look it up.", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "EmwK"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "toolu_1", "name": "get_order", "input": arguments},
        ], "stop_reason": "tool_use", "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}}),
        "gemini" => json!({"candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
            {"text": "Look it up.", "thought": true},
            {"functionCall": {"name": "get_order", "args": arguments}, "thoughtSignature": "CiQB"},
            {"functionCall": {"name": "list_orders", "args": {}}},
        ]}}]}),
        _ => json!({"choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": null,
            "reasoning_content": "Look it up.", "tool_calls": [{"id": "call_1", "type": "function", "function":
                {"name": "get_order", "arguments": arguments.to_string()}}]}}]}),
    }
}

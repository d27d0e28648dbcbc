//! A key in the environment reaches no sink: whatever dialect a server speaks, and however it repeats the key.

use crate::support::{Project, respond, serve};
use serde_json::{Value, json};
use std::path::Path;

const SECRET: &str = "sk-canary-7f3a9b1c5d";

const DIALECTS: [&str; 4] = ["chat", "responses", "messages", "gemini"];

/// A whole answer that says something.
fn whole(dialect: &str, said: &str) -> Value {
    match dialect {
        "chat" => json!({"model": said, "choices": [{"message": {"content": said}, "finish_reason": "stop"}]}),
        "responses" => {
            let content = json!([{"type": "output_text", "text": said, "annotations": []}]);
            let message = json!({"type": "message", "role": "assistant", "content": content});
            json!({"object": "response", "status": "completed", "model": said, "output": [message]})
        }
        "messages" => json!({"type": "message", "role": "assistant", "model": said, "stop_reason": "end_turn",
            "content": [{"type": "text", "text": said}], "usage": {"input_tokens": 1, "output_tokens": 1}}),
        _ => json!({"modelVersion": said, "candidates": [
            {"content": {"role": "model", "parts": [{"text": said}]}, "finishReason": "STOP"}]}),
    }
}

/// The same as a stream, cut within what it says.
fn streamed(dialect: &str, said: &str) -> String {
    let (head, tail) = said.split_at(said.len() - 6);
    let events: Vec<Value> = match dialect {
        "chat" => [head, tail]
            .map(|text| json!({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}))
            .to_vec(),
        "responses" => {
            let delta = |text| json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": text});
            let end = json!({"type": "response.completed", "response": {"status": "completed", "output": []}});
            vec![delta(head), delta(tail), end]
        }
        "messages" => {
            let message = json!({"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}});
            let delta = |text| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
            vec![
                json!({"type": "message_start", "message": message}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                delta(head),
                delta(tail),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
                json!({"type": "message_stop"}),
            ]
        }
        _ => [(head, None), (tail, Some("STOP"))]
            .map(|(text, end)| json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": end}]}))
            .to_vec(),
    };
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
}

#[test]
fn a_key_that_any_dialect_repeats_reaches_no_sink() {
    let said = format!("Your key is {SECRET}.");
    for dialect in DIALECTS {
        let (answer, stream) = (whole(dialect, &said), streamed(dialect, &said));
        for server in [
            serve(|_| Some(respond(500, &json!({"error": {"message": format!("bad key {SECRET}")}})))),
            serve(|_| Some(respond(401, &json!({"error": {"type": "authentication_error", "message": SECRET}})))),
            serve(move |_| Some(respond(200, &answer))),
            serve(move |_| Some(stream.clone())),
        ] {
            reaches_no_sink(dialect, &server);
        }
    }
}

fn reaches_no_sink(dialect: &str, server: &str) {
    let config = format!(
        "[endpoints.model]\nkind = \"{dialect}\"\nbase_url = \"{server}\"\nmodel = \"m\"\nretries = 0\napi_key_env = \"CANARY_KEY\"\nparameters = {{max_tokens = 50}}\nheaders = {{x-more = \"${{CANARY_KEY}}\"}}\n"
    );
    let project = Project::new(&config);
    let mut printed = Vec::new();
    for args in [
        &["run", "--cassettes", "record"][..],
        &["run", "--cassettes", "replay", "--format", "json"],
        &["show", "last", "lamp"],
        &["show", "last", "--format", "json"],
        &["endpoints"],
        &["endpoints", "--format", "json"],
        &["endpoints", "test", "model", "--yes"],
        &["check"],
    ] {
        let mut command = project.command(args);
        let output = command.env("CANARY_KEY", SECRET).env("MOCKTRIAL_LOG", "trace").output().unwrap();
        printed.extend([output.stdout, output.stderr]);
    }
    files(project.path(), &mut printed);
    for sink in printed {
        let plain = zstd::decode_all(&sink[..]).unwrap_or(sink);
        let text = String::from_utf8_lossy(&plain);
        assert!(!text.contains(SECRET), "{dialect}: {text}");
        // Nor in the two pieces of a stream.
        assert!(!text.contains("Your key is sk-canary"), "{dialect}: {text}");
    }
}

fn files(folder: &Path, into: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(std::fs::read(path).unwrap()) }
    }
}

//! The faults.

use super::Fault;
use super::server::Answer;
use serde_json::{Value, json};

const PROVIDER: (&str, &str) = ("provider_failed", "provider");
const REFUSED: (&str, &str) = ("provider_refused", "provider");

const fn model(reason: &'static str) -> (&'static str, &'static str) {
    (reason, "model")
}

/// An error in the form of OpenAI.
fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::of(status, "", json!({"error": {"message": message, "type": code, "code": code}}).to_string())
}

/// A whole answer of a Chat server.
fn choice(message: &Value, finish: &str) -> Answer {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
    Answer::of(200, "", json!({"choices": [{"message": message, "finish_reason": finish}], "usage": usage}).to_string())
}

fn delta(content: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {"content": content}}]})
}

fn chat(name: &'static str, ends: (&'static str, &'static str), answer: fn() -> Answer) -> Fault {
    Fault { name, dialect: "chat", more: "", answer, ends }
}

fn streamed(name: &'static str, ends: (&'static str, &'static str), answer: fn() -> Answer) -> Fault {
    Fault { more: "stream = true", ..chat(name, ends, answer) }
}

pub(super) fn faults() -> Vec<Fault> {
    let mut all = connections();
    all.extend(bodies());
    all.extend(statuses());
    all.extend(streams());
    all.extend(models());
    all
}

fn connections() -> Vec<Fault> {
    vec![
        chat("connection-refused", PROVIDER, || Answer::raw("")),
        chat("connection-closed-unanswered", PROVIDER, || Answer::raw("")),
        chat("connection-garbage", PROVIDER, || Answer::raw("\u{0}\u{1} what?\r\n\r\n")),
        chat("connection-cut-in-head", PROVIDER, || Answer::raw("HTTP/1.1 200 OK\r\ncontent-le")),
        chat("connection-cut-in-body", PROVIDER, || {
            Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\"")
        }),
        chat("connection-cut-in-chunk", PROVIDER, || {
            Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{\"choices\"")
        }),
        chat("connection-broken-chunk", PROVIDER, || {
            Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
        }),
        chat("connection-endless-head", PROVIDER, || {
            Answer::raw("HTTP/1.1 200 OK\r\n").then_for_ever(b"x-padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
        }),
        Fault {
            more: "timeout_seconds = {first_byte = 0.3, total = 2}",
            ..chat("hangs-unanswered", PROVIDER, || Answer::raw("").then_silent())
        },
        Fault {
            more: "timeout_seconds = {idle = 0.3, total = 2}",
            ..chat("hangs-in-body", PROVIDER, || {
                Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"choices\"").then_silent()
            })
        },
    ]
}

fn bodies() -> Vec<Fault> {
    vec![
        chat("body-empty", PROVIDER, || Answer::of(200, "", "")),
        chat("body-html", PROVIDER, || Answer::of(200, "", "<html><title>Sign in</title></html>")),
        chat("body-plain-text", PROVIDER, || Answer::of(200, "", "upstream connect error")),
        chat("body-truncated-json", PROVIDER, || Answer::of(200, "", "{\"choices\": [{\"message\": {")),
        chat("body-without-choices", PROVIDER, || Answer::of(200, "", "{\"object\": \"chat.completion\"}")),
        chat("body-null-choices", PROVIDER, || Answer::of(200, "", "{\"choices\": null}")),
        chat("body-choice-without-message", PROVIDER, || Answer::of(200, "", "{\"choices\": [{}]}")),
        chat("body-not-utf8", PROVIDER, || {
            Answer::of(200, "", b"{\"choices\": [{\"message\": {\"content\": \"\xff\xfe\"")
        }),
        chat("body-too-large", PROVIDER, || Answer::raw("HTTP/1.1 200 OK\r\n\r\n").then_for_ever(&[b' '; 65536])),
        chat("body-error-with-status-200", PROVIDER, || error(200, "server_error", "Provider returned error")),
    ]
}

fn statuses() -> Vec<Fault> {
    vec![
        chat("status-302", REFUSED, || Answer::of(302, "location: http://127.0.0.1:1/\r\n", "")),
        chat("status-400", REFUSED, || error(400, "invalid_request_error", "temperature is not supported")),
        chat("status-401", REFUSED, || error(401, "invalid_api_key", "Incorrect API key")),
        chat("status-402", REFUSED, || error(402, "", "Insufficient credits")),
        chat("status-403", REFUSED, || error(403, "permission_denied", "Your country is not supported")),
        chat("status-404", REFUSED, || error(404, "model_not_found", "No such model")),
        chat("status-408", PROVIDER, || error(408, "", "Request timed out")),
        chat("status-409", PROVIDER, || error(409, "", "Conflict")),
        chat("status-422", REFUSED, || error(422, "", "extra fields not permitted")),
        chat("status-429", PROVIDER, || Answer::of(429, "retry-after-ms: 1\r\n", "{}")),
        chat("status-429-quota-spent", REFUSED, || error(429, "insufficient_quota", "You exceeded your quota")),
        chat("status-500", PROVIDER, || error(500, "server_error", "The server had an error")),
        chat("status-502-html", PROVIDER, || Answer::of(502, "", "<html><title>502 Bad Gateway</title></html>")),
        chat("status-503", PROVIDER, || Answer::of(503, "retry-after: 0\r\n", "")),
        chat("status-504", PROVIDER, || error(504, "", "Gateway timeout")),
        chat("status-529", PROVIDER, || error(529, "overloaded_error", "Overloaded")),
    ]
}

fn streams() -> Vec<Fault> {
    vec![
        streamed("stream-cut", PROVIDER, || Answer::stream(&[delta("The la")])),
        streamed("stream-of-nothing", PROVIDER, || Answer::stream(&[])),
        streamed("stream-error-after-200", PROVIDER, || {
            Answer::stream(&[delta("The la"), json!({"error": {"message": "overloaded", "code": 503}})])
        }),
        streamed("stream-rate-limit-after-200", PROVIDER, || {
            Answer::stream(&[json!({"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}})])
        }),
        streamed("stream-broken-chunk", PROVIDER, || {
            Answer::raw("HTTP/1.1 200 OK\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\n\ndata: [DONE]\n\n")
        }),
        streamed("stream-finish-error", PROVIDER, || {
            Answer::stream(&[json!({"choices": [{"delta": {}, "finish_reason": "error"}]})])
        }),
        Fault {
            more: "stream = true\ntimeout_seconds = {idle = 0.3, total = 2}",
            ..streamed("stream-stands-still", PROVIDER, || Answer::stream(&[delta("The la")]).then_silent())
        },
    ]
}

fn models() -> Vec<Fault> {
    vec![
        chat("model-output-limit", model("output_limit"), || choice(&json!({"content": "The lam"}), "length")),
        chat("model-content-filter", model("content_filter"), || choice(&json!({"content": ""}), "content_filter")),
        chat("model-refusal", model("refusal"), || choice(&json!({"content": null, "refusal": "I will not."}), "stop")),
        chat("model-context-overflow", model("context_overflow"), || {
            error(400, "context_length_exceeded", "This model's maximum context length is 10 tokens.")
        }),
        chat("model-prompt-filtered", model("content_filter"), || {
            error(400, "content_filter", "The prompt was filtered")
        }),
        chat("model-unparseable-call", model("malformed_response"), || {
            error(400, "tool_use_failed", "Failed to call a function. Please adjust your prompt.")
        }),
        chat("model-unparseable-output", model("malformed_response"), || {
            error(500, "server_error", "Failed to parse input at pos 12: <tool_call>")
        }),
        chat("model-wrong-answer", model("completed"), || choice(&json!({"content": "I took the kettle."}), "stop")),
        chat("model-says-nothing", model("completed"), || choice(&json!({"content": ""}), "stop")),
        chat("model-calls-for-ever", model("error_limit"), || {
            let call = json!({"id": "c1", "function": {"name": "nonsense", "arguments": "{broken"}});
            choice(&json!({"tool_calls": [call]}), "tool_calls")
        }),
    ]
}

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
    all.extend(responses());
    all.extend(messages());
    all.extend(gemini());
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
            more: "timeout_seconds = {first_byte = 1, total = 4}",
            ..chat("hangs-unanswered", PROVIDER, || Answer::raw("").then_silent())
        },
        Fault {
            more: "timeout_seconds = {idle = 1, total = 4}",
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
            more: "stream = true\ntimeout_seconds = {idle = 1, total = 4}",
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

fn responses() -> Vec<Fault> {
    let of = |name, ends, answer| Fault { name, dialect: "responses", more: "", answer, ends };
    let streamed = |name, ends, answer| Fault { more: "stream = true", ..of(name, ends, answer) };
    fn response(more: &Value) -> Answer {
        let mut response = json!({"object": "response", "status": "completed", "output": [], "error": null});
        response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Answer::of(200, "", response.to_string())
    }
    vec![
        of("responses-server-error", PROVIDER, || {
            response(&json!({"status": "failed", "error": {"code": "server_error", "message": "An error occurred."}}))
        }),
        of("responses-rate-limit", PROVIDER, || {
            response(&json!({"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow down."}}))
        }),
        of("responses-quota-spent", REFUSED, || error(429, "credit_balance_exhausted", "No credit is left")),
        of("responses-empty-object", PROVIDER, || Answer::of(200, "", "{}")),
        of("responses-output-limit", model("output_limit"), || {
            response(&json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}))
        }),
        of("responses-content-filter", model("content_filter"), || {
            response(&json!({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}))
        }),
        of("responses-refusal", model("refusal"), || {
            let refusal = json!({"type": "refusal", "refusal": "I will not."});
            response(&json!({"output": [{"type": "message", "role": "assistant", "content": [refusal]}]}))
        }),
        streamed("responses-stream-error-event", PROVIDER, || {
            Answer::stream(&[json!({"type": "error", "code": "server_error", "message": "The server had an error"})])
        }),
        streamed("responses-stream-failed", PROVIDER, || {
            let failed =
                json!({"status": "failed", "error": {"code": "server_error", "message": "An error occurred."}});
            Answer::stream(&[json!({"type": "response.failed", "response": failed})])
        }),
        streamed("responses-stream-cut", PROVIDER, || {
            Answer::stream(&[
                json!({"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "delta": "The la"}),
            ])
        }),
    ]
}

fn messages() -> Vec<Fault> {
    let of = |name, ends, answer| Fault { name, dialect: "messages", more: "", answer, ends };
    let streamed = |name, ends, answer| Fault { more: "stream = true", ..of(name, ends, answer) };
    fn refused(status: u16, kind: &str, message: &str) -> Answer {
        let error = json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"});
        Answer::of(status, "", error.to_string())
    }
    fn stopped(reason: &str) -> Answer {
        let message = json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": "The lam"}],
            "stop_reason": reason, "usage": {"input_tokens": 10, "output_tokens": 5}});
        Answer::of(200, "", message.to_string())
    }
    fn started() -> Vec<Value> {
        let message = json!({"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}});
        let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
        vec![json!({"type": "message_start", "message": message}), block]
    }
    vec![
        of("messages-overloaded", PROVIDER, || refused(529, "overloaded_error", "Overloaded")),
        of("messages-api-error", PROVIDER, || refused(500, "api_error", "Internal server error")),
        of("messages-rate-limit", PROVIDER, || {
            Answer::of(
                429,
                "retry-after: 0\r\n",
                "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Slow down\"}}",
            )
        }),
        of("messages-spend-limit", REFUSED, || {
            let error = json!({"type": "rate_limit_error", "message": "Spent", "details": {"error_code": "enforced_spend_limit_reached"}});
            Answer::of(429, "", json!({"type": "error", "error": error}).to_string())
        }),
        of("messages-authentication", REFUSED, || refused(401, "authentication_error", "invalid x-api-key")),
        of("messages-permission", REFUSED, || refused(403, "permission_error", "No access to this model")),
        of("messages-unknown-model", REFUSED, || refused(404, "not_found_error", "model: m")),
        of("messages-prompt-too-long", model("context_overflow"), || {
            refused(400, "invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum")
        }),
        of("messages-context-filled", model("context_overflow"), || stopped("model_context_window_exceeded")),
        of("messages-output-limit", model("output_limit"), || stopped("max_tokens")),
        of("messages-refusal", model("refusal"), || stopped("refusal")),
        streamed("messages-stream-overloaded", PROVIDER, || {
            let mut events = started();
            events.push(json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}));
            Answer::stream(&events)
        }),
        streamed("messages-stream-cut", PROVIDER, || Answer::stream(&started())),
    ]
}

fn gemini() -> Vec<Fault> {
    let of = |name, ends, answer| Fault { name, dialect: "gemini", more: "", answer, ends };
    let streamed = |name, ends, answer| Fault { more: "stream = true", ..of(name, ends, answer) };
    fn refused(code: u16, status: &str, message: &str, details: &Value) -> Answer {
        let error = json!({"code": code, "status": status, "message": message, "details": details});
        Answer::of(code, "", json!({"error": error}).to_string())
    }
    fn finished(reason: &str) -> Value {
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "The lam"}]}, "finishReason": reason}]})
    }
    vec![
        of("gemini-unavailable", PROVIDER, || refused(503, "UNAVAILABLE", "The model is overloaded.", &json!([]))),
        of("gemini-rate-limit", PROVIDER, || {
            let retry = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}]);
            refused(429, "RESOURCE_EXHAUSTED", "You exceeded your requests per minute", &retry)
        }),
        of("gemini-deadline", PROVIDER, || refused(504, "DEADLINE_EXCEEDED", "Deadline expired", &json!([]))),
        of("gemini-invalid-key", REFUSED, || {
            let info = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
            refused(400, "INVALID_ARGUMENT", "API key not valid.", &info)
        }),
        of("gemini-permission-denied", REFUSED, || refused(403, "PERMISSION_DENIED", "No access", &json!([]))),
        of("gemini-invalid-argument", REFUSED, || refused(400, "INVALID_ARGUMENT", "Unknown name", &json!([]))),
        of("gemini-malformed-call", model("malformed_response"), || {
            Answer::of(200, "", json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}).to_string())
        }),
        of("gemini-prompt-blocked", model("content_filter"), || {
            Answer::of(200, "", json!({"promptFeedback": {"blockReason": "SAFETY"}}).to_string())
        }),
        of("gemini-safety", model("content_filter"), || Answer::of(200, "", finished("SAFETY").to_string())),
        of("gemini-output-limit", model("output_limit"), || Answer::of(200, "", finished("MAX_TOKENS").to_string())),
        of("gemini-too-many-tokens", model("context_overflow"), || {
            let said = "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).";
            refused(400, "INVALID_ARGUMENT", said, &json!([]))
        }),
        streamed("gemini-stream-error-after-200", PROVIDER, || {
            Answer::stream(&[json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "Overloaded"}})])
        }),
        streamed("gemini-stream-cut", PROVIDER, || {
            Answer::stream(&[json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "The la"}]}}]})])
        }),
    ]
}

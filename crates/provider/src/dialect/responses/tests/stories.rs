//! Whole requests over a wire of the tests' own, in paused time: what differs in this dialect.

use super::requests::config;
use crate::dialect::tests::{ask, key};
use crate::transport::tests::{Act, Answer, Fake};
use crate::{Context, Kind, Model, ProviderError, RemoteModel, Reply, Request, Scrubber, Transport};
use mocktrial_trajectory::{EndReason, Message, Stop, ToolResult};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const GOOD: &str = r#"{"status":"completed","model":"m-1","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi."}]}],"usage":{"input_tokens":1000,"input_tokens_details":{"cached_tokens":400,"cache_write_tokens":100},"output_tokens":100}}"#;

fn model(
    settings: Value,
    answers: impl IntoIterator<Item = Answer>,
) -> (RemoteModel, std::sync::Arc<std::sync::Mutex<Vec<bytes::Bytes>>>) {
    let fake = Fake::new(answers);
    let sent = fake.sent.clone();
    let transport = Transport::on(crate::transport::tests::wire(fake), Scrubber::new(), None);
    (RemoteModel::new("gpt", "responses", &config(settings), &transport).unwrap(), sent)
}

async fn respond(settings: Value, answers: impl IntoIterator<Item = Answer>) -> Result<Reply, ProviderError> {
    model(settings, answers).0.respond(&ask(), &Context::new(key())).await
}

#[tokio::test(start_paused = true)]
async fn a_reply_costs_what_its_usage_says_with_cached_tokens_at_their_own_price() {
    let price = json!({"price": {"input": 1.0, "output": 2.0, "cached": 0.5, "cache_written": 1.25}});
    let reply = respond(price, [Answer::of(200, GOOD)]).await.unwrap();
    let cost = (500.0 * 1.0 + 400.0 * 0.5 + 100.0 * 1.25 + 100.0 * 2.0) / 1e6;
    assert!((reply.measurement.cost.unwrap() - cost).abs() < 1e-12);
    assert_eq!(reply.served.model.as_deref(), Some("m-1"));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_failed_is_asked_for_again_where_that_may_help() {
    let failed = |code: &str| {
        let body = json!({"status": "failed", "output": [], "error": {"code": code, "message": "No."}});
        Answer::of(200, body.to_string().leak())
    };
    let reply =
        respond(json!({}), [failed("server_error"), failed("rate_limit_exceeded"), Answer::of(200, GOOD)]).await;
    assert_eq!(reply.unwrap().measurement.retries, 2);
    for (code, kind, end) in [
        ("invalid_prompt", Kind::ContentFilter, EndReason::ContentFilter),
        ("misalignment_policy_violation", Kind::ContentFilter, EndReason::ContentFilter),
        ("insufficient_quota", Kind::QuotaSpent, EndReason::ProviderRefused),
        ("context_length_exceeded", Kind::ContextOverflow, EndReason::ContextOverflow),
        ("image_too_large", Kind::Rejected, EndReason::ProviderRefused),
    ] {
        let error = respond(json!({}), [failed(code)]).await.unwrap_err();
        assert_eq!((error.kind, error.end_reason(), error.measurement.retries), (kind, end, 0), "{code}");
    }
    // What failed in a later turn is in the conversation, and not in the parameters.
    let (model, _) = model(json!({}), [failed("image_too_large")]);
    let error = model.respond(&ask(), &Context { request_index: 1, ..Context::new(key()) }).await.unwrap_err();
    assert_eq!((error.kind, error.end_reason()), (Kind::ConversationRejected, EndReason::ProviderFailed));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_said_its_last_is_not_waited_for() {
    let named = "event: response.completed\ndata: {\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n";
    let typed = "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\r\n\r\n";
    let done = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Hi.\"}\n\ndata: [DONE]\n\n";
    for stream in [named, typed, done] {
        for end in [Act::Hang, Act::Cut] {
            let began = Instant::now();
            let answer = Answer { acts: vec![Act::Give(": begun\n\n"), Act::Give(stream), end], ..Answer::of(200, "") };
            respond(json!({"retries": 0}), [answer]).await.unwrap();
            assert!(began.elapsed() < Duration::from_secs(2), "{stream}");
        }
    }
    // A text that speaks of the end is not the end.
    let talk = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"response.completed\"}\n\n";
    let answer = Answer { acts: vec![Act::Give(talk), Act::Hang], ..Answer::of(200, "") };
    let error = respond(json!({"retries": 0}), [answer]).await.unwrap_err();
    assert_eq!(error.kind, Kind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn an_error_in_a_stream_is_the_providers_and_tried_again() {
    let stream =
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"Oops.\",\"param\":null}\n\n";
    let reply = respond(json!({"stream": true}), [Answer::of(200, stream), Answer::of(200, GOOD)]).await.unwrap();
    assert_eq!(reply.measurement.retries, 1);
    let error = respond(json!({"retries": 0}), [Answer::of(200, stream)]).await.unwrap_err();
    insta::assert_snapshot!(error, @"the provider failed: Oops (127.0.0.1:1, HTTP 200); where it passes with time, raise the endpoint's `retries`");
}

#[tokio::test(start_paused = true)]
async fn reasoning_comes_back_to_the_provider_as_it_came_before_the_result_of_its_call() {
    let items = json!([
        {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
        {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c1", "name": "get_order", "arguments": "{\"id\":\"W-1\"}"}
    ]);
    let first = json!({"status": "completed", "output": items}).to_string().leak();
    let (model, sent) = model(json!({}), [Answer::of(200, first), Answer::of(200, GOOD)]);
    let mut request = Request { tools: crate::Toolbox::new(vec![super::requests::tool("get_order")]), ..ask() };
    let reply = model.respond(&request, &Context::new(key())).await.unwrap();
    assert_eq!(reply.stop, Stop::Calls);
    request.conversation.push(reply.message());
    request.conversation.push(Message::Tool(ToolResult {
        call_id: reply.calls[0].id.clone(),
        name: "get_order".into(),
        content: vec![mocktrial_trajectory::Part::text("lost")],
        is_error: false,
    }));
    model.respond(&request, &Context { request_index: 1, ..Context::new(key()) }).await.unwrap();
    let body: Value = serde_json::from_slice(&sent.lock().unwrap()[1]).unwrap();
    assert_eq!(body["store"], json!(false));
    assert_eq!(body["input"][1], items[0]);
    assert_eq!(body["input"][2], items[1]);
    assert_eq!(body["input"][3], json!({"type": "function_call_output", "call_id": "c1", "output": "lost"}));
}

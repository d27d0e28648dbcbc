//! Whole requests over a wire of the tests' own, where this dialect differs from others.

use super::requests::config;
use crate::dialect::tests::{ask, key};
use crate::transport::tests::{Act, Answer, Fake};
use crate::{Context, Kind, Model, ProviderError, RemoteModel, Reply, Request, Scrubber, Transport};
use mocktrial_trajectory::{EndReason, Media, Message, Part, Stop};
use serde_json::{Value, json};

const GOOD: &str = r#"{"type":"message","model":"claude-1","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn","usage":{"input_tokens":600,"cache_read_input_tokens":300,"cache_creation_input_tokens":100,"output_tokens":100}}"#;

fn model(settings: Value, answers: impl IntoIterator<Item = Answer>) -> RemoteModel {
    let transport = Transport::on(crate::transport::tests::wire(Fake::new(answers)), Scrubber::new(), None);
    RemoteModel::new("claude", "messages", &config(settings), &transport).unwrap()
}

async fn respond(settings: Value, answers: impl IntoIterator<Item = Answer>) -> Result<Reply, ProviderError> {
    model(settings, answers).respond(&ask(), &Context::new(key())).await
}

#[tokio::test(start_paused = true)]
async fn what_went_through_the_cache_is_input_at_its_own_price() {
    let price = json!({"price": {"input": 3.0, "output": 15.0, "cached": 0.3, "cache_written": 3.75}});
    let reply = respond(price, [Answer::of(200, GOOD).with("request-id", "req_1")]).await.unwrap();
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.cached, usage.cache_written, usage.output), (1000, 300, 100, 100));
    let cost = (600.0 * 3.0 + 300.0 * 0.3 + 100.0 * 3.75 + 100.0 * 15.0) / 1e6;
    assert!((reply.measurement.cost.unwrap() - cost).abs() < 1e-12);
    assert_eq!(reply.measurement.request_id.as_deref(), Some("req_1"));
}

#[tokio::test(start_paused = true)]
async fn an_overload_in_the_middle_of_a_stream_is_tried_again() {
    let cut = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let reply = respond(json!({}), [Answer::of(200, cut), Answer::of(200, GOOD)]).await.unwrap();
    assert_eq!((reply.measurement.retries, &reply.stop), (1, &Stop::End));
    let error = respond(json!({"retries": 0}), [Answer::of(200, cut)]).await.unwrap_err();
    assert_eq!((error.kind, error.end_reason()), (Kind::RateLimited, EndReason::ProviderFailed));
}

#[tokio::test(start_paused = true)]
async fn a_spent_limit_is_not_tried_again_though_its_status_says_so() {
    let spent = r#"{"type":"error","error":{"type":"rate_limit_error","message":"No.","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    let error = respond(json!({}), [Answer::of(429, spent)]).await.unwrap_err();
    assert_eq!((error.kind, error.measurement.retries), (Kind::QuotaSpent, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_says_it_is_whole_is_not_waited_for() {
    let stream = "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi.\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n";
    for end in [Act::Hang, Act::Cut] {
        let answer = Answer { acts: vec![Act::Give(stream), end], ..Answer::of(200, "") };
        assert_eq!(respond(json!({"retries": 0}), [answer]).await.unwrap().measurement.retries, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_of_another_api_is_told_apart() {
    let chat = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;
    let error = respond(json!({"retries": 0}), [Answer::of(200, chat)]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreadable);
    insta::assert_snapshot!(error, @r#"the response has no content: {"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]} (127.0.0.1:1, HTTP 200); see whether `base_url` is that of a Messages API; most end with `/v1`"#);
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_refused_before_anything_is_sent() {
    let content = vec![Part::from(Media::base64("audio/mpeg", "AAAA"))];
    let request = Request { conversation: [Message::User { content }].into_iter().collect(), ..Request::default() };
    let error = model(json!({}), []).respond(&request, &Context::new(key())).await.unwrap_err();
    assert_eq!(error.end_reason(), EndReason::ScenarioError);
    insta::assert_snapshot!(error.message, @"Anthropic Messages takes no sound: the conversation has audio (audio/mpeg, 3 bytes)");
}

#[test]
fn a_request_is_bound_by_its_limit_and_recorded_with_its_dialect() {
    let model = model(json!({"price": {"input": 1.0, "output": 2.0}, "api_version": "2026-10-21"}), []);
    let bound = model.bound(&ask());
    assert!(bound.tokens.unwrap() > 4096 && bound.cost.unwrap() > 0.008);
    let recorded = model.parameters(&ask());
    assert_eq!(
        recorded,
        json!({"model": "m", "parameters": {"max_tokens": 4096}, "dialect": "messages", "api_version": "2026-10-21"})
    );
}

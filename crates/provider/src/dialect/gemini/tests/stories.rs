//! Whole requests over a wire of the tests' own, in paused time.

use super::requests::config;
use crate::dialect::tests::{ask, key};
use crate::transport::tests::{Act, Answer, Fake, wire};
use crate::{Context, Kind, Model, ProviderError, RemoteModel, Reply, Request, Scrubber, Transport};
use mocktrial_trajectory::{EndReason, Message, Part, Stop, ToolResult};
use serde_json::{Value, json};
use tokio::time::Instant;

fn model(settings: Value, fake: Fake) -> RemoteModel {
    let transport = Transport::on(wire(fake), Scrubber::new(), None);
    RemoteModel::new("gemini", "gemini", &config(settings), &transport).unwrap()
}

pub(super) async fn respond(
    settings: Value,
    answers: impl IntoIterator<Item = Answer>,
) -> Result<Reply, ProviderError> {
    model(settings, Fake::new(answers)).respond(&ask(), &Context::new(key())).await
}

const CALLS: &str = r#"{"candidates":[{"content":{"role":"model","parts":[
    {"functionCall":{"name":"get_order","args":{"id":"W-1"}},"thoughtSignature":"U0lH"},
    {"functionCall":{"name":"get_order","args":{"id":"W-2"}}}]},"finishReason":"STOP"}],
    "usageMetadata":{"promptTokenCount":1000,"cachedContentTokenCount":400,"candidatesTokenCount":40,"thoughtsTokenCount":60,"totalTokenCount":1100},
    "modelVersion":"gemini-3-pro","responseId":"r-1"}"#;

const STREAM: &str = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\".\"}]},\"finishReason\":\"STOP\"}]}\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn calls_are_answered_in_one_content_with_the_signature_on_its_part() {
    let fake = Fake::new([Answer::of(200, CALLS), Answer::of(200, STREAM)]);
    let sent = fake.sent.clone();
    let model = model(json!({"price": {"input": 1.0, "output": 2.0, "cached": 0.5}}), fake);
    let mut request = ask();
    let reply = model.respond(&request, &Context::new(key())).await.unwrap();
    assert_eq!((&reply.stop, reply.calls.len(), reply.repairs.len()), (&Stop::Calls, 2, 0));
    assert_eq!(reply.measurement.request_id.as_deref(), Some("r-1"));
    let cost = (600.0 * 1.0 + 400.0 * 0.5 + 100.0 * 2.0) / 1e6;
    assert!((reply.measurement.cost.unwrap() - cost).abs() < 1e-12);

    request.conversation.push(reply.message());
    for call in &reply.calls {
        request.conversation.push(Message::Tool(ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: vec![Part::text("{\"ok\":true}")],
            is_error: false,
        }));
    }
    let context = Context { request_index: 1, ..Context::new(key()) };
    let reply = model.respond(&request, &context).await.unwrap();
    assert_eq!((reply.content, reply.stop), (vec![Part::text("Hi.")], Stop::End));

    let second: Value = serde_json::from_slice(&sent.lock().unwrap()[1]).unwrap();
    let answer = json!({"functionResponse": {"name": "get_order", "response": {"output": {"ok": true}}}});
    assert_eq!(
        second["contents"],
        json!([
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "get_order", "args": {"id": "W-1"}}, "thoughtSignature": "U0lH"},
                {"functionCall": {"name": "get_order", "args": {"id": "W-2"}}}]},
            {"role": "user", "parts": [answer.clone(), answer]},
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_the_body_asks_for_is_obeyed_unless_a_header_asks_for_another() {
    let body = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Please retry in 17.5s.","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}}"#;
    for (answer, seconds) in [(Answer::of(429, body), 17.5), (Answer::of(429, body).with("retry-after", "3"), 3.0)] {
        let began = Instant::now();
        let reply = respond(json!({}), [answer, Answer::of(200, STREAM)]).await.unwrap();
        assert_eq!(reply.measurement.retries, 1);
        assert!((began.elapsed().as_secs_f64() - seconds).abs() < 0.01, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_blocked_prompt_and_a_malformed_call_are_the_models_own() {
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":9}}"#;
    let error = respond(json!({}), [Answer::of(200, blocked)]).await.unwrap_err();
    assert_eq!((error.end_reason(), error.measurement.retries), (EndReason::ContentFilter, 0));
    let malformed = r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}"#;
    assert_eq!(respond(json!({}), [Answer::of(200, malformed)]).await.unwrap().stop, Stop::Malformed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_whole_when_it_says_why_it_stopped() {
    let cut = |text| Answer { acts: vec![Act::Give(text), Act::Cut], ..Answer::of(200, "") };
    let begun = "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]}}]}\n\n";
    assert_eq!(respond(json!({"retries": 0}), [cut(begun)]).await.unwrap_err().kind, Kind::Connection);
    let ended = Answer::of(200, begun);
    assert_eq!(respond(json!({"retries": 0}), [ended]).await.unwrap_err().kind, Kind::Connection);
    let list = r#"[{"candidates":[{"content":{"parts":[{"text":"Hi."}]},"finishReason":"STOP"}]}]"#;
    assert_eq!(respond(json!({"retries": 0}), [Answer::of(200, list)]).await.unwrap().content, [Part::text("Hi.")]);
}

#[test]
fn parameters_are_recorded_as_they_are_meant() {
    let model = model(json!({"parameters": {"top_k": 4, "seed": "trial"}}), Fake::new([]));
    assert_eq!(
        model.parameters(&Request { seed: Some(9), ..ask() }),
        json!({"dialect": "gemini", "model": "m", "parameters": {"top_k": 4, "seed": 9}})
    );
}

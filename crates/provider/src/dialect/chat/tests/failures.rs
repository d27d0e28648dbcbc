//! What servers say when they refuse, in their own words.

use super::stories::model;
use crate::dialect::tests::{ask, key};
use crate::failure::classify;
use crate::transport::tests::Answer;
use crate::{Context, Kind, Model};
use mocktrial_trajectory::EndReason;
use serde_json::json;

#[test]
fn a_conversation_that_is_too_long_is_known_by_every_servers_words() {
    for said in [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 8545 tokens.",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "You passed 9000 input tokens and requested 16 output tokens. However, the model's context length is only 8192 tokens.",
        "the request exceeds the available context size, try increasing it",
        "Context size has been exceeded.",
        "prompt too long; exceeded max context length by 12 tokens",
        "the input length exceeds the context length",
        "Trying to keep the first 111490 tokens when context the overflows. However, the model is loaded with context length of only 32768 tokens, which is not enough.",
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        "Please reduce the length of the messages or completion.",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        "This endpoint's maximum context length is 65536 tokens. However, you requested about 70000 tokens.",
        "This model's maximum prompt length is 131072 but the request contains 148077 tokens.",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)",
    ] {
        let body = json!({"error": {"message": said, "type": "invalid_request_error"}}).to_string();
        assert_eq!(classify(400, body.as_bytes()).kind, Kind::ContextOverflow, "{said}");
    }
    let rate =
        json!({"error": {"message": "Rate limit reached: please reduce the length of the messages."}}).to_string();
    assert_eq!(classify(429, rate.as_bytes()).kind, Kind::RateLimited);
    let other = json!({"error": {"message": "max_tokens must be at least 1"}}).to_string();
    assert_eq!(classify(400, other.as_bytes()).kind, Kind::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_took_the_first_request_refuses_a_conversation_and_not_the_endpoint() {
    let body = r#"{"error":{"message":"Invalid 'messages[2]': bad"}}"#;
    let unauthorized = Answer::of(401, "{}");
    let model = model(json!({}), [Answer::of(400, body), Answer::of(400, body), unauthorized]);
    let mut ends = Vec::new();
    for request_index in [0, 1, 1] {
        let error = model.respond(&ask(), &Context { request_index, ..Context::new(key()) }).await.unwrap_err();
        ends.push((error.kind, error.end_reason(), error.measurement.retries));
    }
    assert_eq!(
        ends,
        [
            (Kind::Rejected, EndReason::ProviderRefused, 0),
            (Kind::ConversationRejected, EndReason::ProviderFailed, 0),
            (Kind::Unauthorized, EndReason::ProviderRefused, 0),
        ]
    );
}

#[test]
fn what_is_quoted_of_a_conversation_says_nothing_about_the_error() {
    let spent = "Your credit balance is too low";
    for (status, message, kind) in [
        (400, format!("1 validation error, input_value={{'content': '{spent}'}}"), Kind::Rejected),
        (422, format!("bad request \"input\": \"{spent}; maximum context length\""), Kind::Rejected),
        (500, format!("Failed to parse input at pos 3: <tool_call>{spent}"), Kind::Malformed),
        (401, "failed to parse tool call".into(), Kind::Unauthorized),
        (
            400,
            "'max_tokens' is too large: 100000. This model's maximum context length is 32768 tokens.".into(),
            Kind::Rejected,
        ),
        (403, "Content violates usage guidelines. Failed check: SAFETY".into(), Kind::ContentFilter),
        (400, spent.into(), Kind::QuotaSpent),
    ] {
        let body = json!({"error": {"message": message}}).to_string();
        assert_eq!(classify(status, body.as_bytes()).kind, kind, "{status} {message}");
    }
}

#[test]
fn what_the_provider_behind_a_gateway_says_is_heard() {
    let raw = json!({"type": "error", "error": {"message": "Prompt is too long"}}).to_string();
    let body = json!({"error": {"message": "Provider returned error", "code": 413, "metadata": {"raw": raw}}});
    let failure = classify(413, body.to_string().as_bytes());
    assert_eq!(failure.kind, Kind::ContextOverflow);
    assert!(failure.message.ends_with("Provider returned error: Prompt is too long"), "{}", failure.message);
    let body = json!({"error": {"message": "Flagged", "code": 403, "metadata": {"flagged_input": "x"}}});
    assert_eq!(classify(403, body.to_string().as_bytes()).kind, Kind::ContentFilter);
}

#[test]
fn a_huge_error_is_read_by_its_status_alone() {
    let body = format!("[{}0]", "0,".repeat(1 << 20));
    assert_eq!(classify(500, body.as_bytes()).kind, Kind::ServerError);
}

#[test]
fn a_key_that_the_reader_keeps_for_itself_is_the_models_and_never_read() {
    for (dialect, body) in [
        (
            "messages",
            r#"{"type":"message","role":"assistant","content":[{"type":"tool_use","id":"a","name":"t","input":{"$serde_json::private::RawValue":"[1]"}}],"stop_reason":"tool_use"}"#,
        ),
        (
            "gemini",
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"t","args":{"\u0024serde_json::private::RawValue":"1"}}}]}}]}"#,
        ),
    ] {
        assert_eq!(crate::read_response(dialect, body.as_bytes()).unwrap_err().kind, Kind::Malformed, "{dialect}");
    }
    let call = json!({"function": {"name": "t", "arguments": "{\"$serde_json::private::RawValue\": \"1\"}"}});
    let body = json!({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}).to_string();
    let reply = crate::read_response("chat", body.as_bytes()).unwrap();
    assert_eq!(reply.calls[0].arguments.value(), None);
}

#[tokio::test(start_paused = true)]
async fn the_status_of_an_error_counts_though_its_body_never_comes() {
    use crate::transport::tests::Act;
    for act in [Act::Cut, Act::Hang] {
        let refused = Answer { acts: vec![Act::Give("{"), act], ..Answer::of(401, "") };
        let error = model(json!({}), [refused]).respond(&ask(), &Context::new(key())).await.unwrap_err();
        assert_eq!((error.kind, error.status), (Kind::Unauthorized, Some(401)));
    }
}

//! What servers say when they refuse, in their own words.

use crate::Kind;
use crate::failure::{classify, embedded};
use serde_json::{Value, json};

fn body(kind: &str, message: &str, details: &Value) -> String {
    json!({"type": "error", "error": {"type": kind, "message": message, "details": details}, "request_id": "req_1"})
        .to_string()
}

#[test]
fn every_documented_error_is_known_by_its_status_type_and_code() {
    for (status, kind, code, expected) in [
        (400, "invalid_request_error", Value::Null, Kind::Rejected),
        (400, "invalid_request_error", "image_dimensions_too_large".into(), Kind::Rejected),
        (401, "authentication_error", Value::Null, Kind::Unauthorized),
        (402, "billing_error", Value::Null, Kind::QuotaSpent),
        (402, "billing_error", "linked_organization_spend_limit_reached".into(), Kind::QuotaSpent),
        (403, "billing_error", Value::Null, Kind::QuotaSpent),
        (403, "permission_error", Value::Null, Kind::Unauthorized),
        (404, "not_found_error", Value::Null, Kind::NotFound),
        (409, "conflict_error", Value::Null, Kind::ServerError),
        (413, "request_too_large", Value::Null, Kind::ContextOverflow),
        (413, "invalid_request_error", "request_body_too_large_after_decoding".into(), Kind::ContextOverflow),
        (429, "rate_limit_error", Value::Null, Kind::RateLimited),
        (429, "rate_limit_error", "ramp_limit_exceeded".into(), Kind::RateLimited),
        (429, "rate_limit_error", "enforced_spend_limit_reached".into(), Kind::QuotaSpent),
        (429, "rate_limit_error", "contract_spend_limit_reached".into(), Kind::QuotaSpent),
        (500, "api_error", Value::Null, Kind::ServerError),
        (500, "overloaded_error", Value::Null, Kind::RateLimited),
        (503, "api_error", "cmek_context_unavailable".into(), Kind::ServerError),
        (504, "timeout_error", Value::Null, Kind::ServerError),
        (529, "overloaded_error", Value::Null, Kind::RateLimited),
    ] {
        let said = body(kind, "Something.", &json!({"error_code": code}));
        let failure = classify(status, said.as_bytes());
        assert_eq!(failure.kind, expected, "{status} {kind} {code}");
        assert_eq!(failure.retry, expected.is_retryable());
        assert!(failure.message.ends_with("Something."), "{}", failure.message);
    }
}

#[test]
fn an_error_after_the_status_means_what_it_would_have_meant_as_one() {
    for (kind, expected) in [
        ("invalid_request_error", Kind::Rejected),
        ("authentication_error", Kind::Unauthorized),
        ("billing_error", Kind::QuotaSpent),
        ("permission_error", Kind::Unauthorized),
        ("not_found_error", Kind::NotFound),
        ("rate_limit_error", Kind::RateLimited),
        ("timeout_error", Kind::ServerError),
        ("api_error", Kind::ServerError),
        ("overloaded_error", Kind::RateLimited),
    ] {
        assert_eq!(embedded(&body(kind, "Something.", &Value::Null)).kind, expected, "{kind}");
    }
}

#[test]
fn what_has_no_code_is_known_by_its_words() {
    for (said, expected) in [
        ("Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.", Kind::QuotaSpent),
        ("You have reached your specified API usage limits. You will regain access on 2026-12-01.", Kind::QuotaSpent),
        ("Output blocked by content filtering policy", Kind::ContentFilter),
        ("prompt is too long: 213462 tokens > 200000 maximum", Kind::ContextOverflow),
        ("Request exceeds the maximum size", Kind::ContextOverflow),
        ("messages: text content blocks must be non-empty", Kind::Rejected),
    ] {
        assert_eq!(
            classify(400, body("invalid_request_error", said, &Value::Null).as_bytes()).kind,
            expected,
            "{said}"
        );
    }
}

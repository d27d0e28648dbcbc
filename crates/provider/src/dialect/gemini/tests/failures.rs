//! What Google says when it refuses.

use super::reading::read;
use super::stories::respond;
use crate::Kind;
use crate::failure::classify;
use crate::transport::tests::Answer;
use mocktrial_trajectory::EndReason;
use serde_json::{Value, json};
use std::time::Duration;

fn error(code: u16, status: &str, message: &str, details: impl Into<Option<Value>>) -> Value {
    json!({"error": {"code": code, "status": status, "message": message, "details": details.into().unwrap_or_default()}})
}

fn reason(reason: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}])
}

fn violation(id: &str, value: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id, "quotaValue": value}]}])
}

/// Every documented status of `google.rpc`, and the particulars that change what to do.
fn said() -> Vec<(Value, Kind)> {
    vec![
        (error(400, "INVALID_ARGUMENT", "Invalid value at 'contents[0]'", None), Kind::Rejected),
        (error(400, "INVALID_ARGUMENT", "API key not valid.", reason("API_KEY_INVALID")), Kind::Unauthorized),
        (error(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", None), Kind::Unauthorized),
        (
            error(
                400,
                "INVALID_ARGUMENT",
                "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
                None,
            ),
            Kind::ContextOverflow,
        ),
        (
            error(
                400,
                "INVALID_ARGUMENT",
                "The input token count is 1196265 but model only supports up to 1048576.",
                None,
            ),
            Kind::ContextOverflow,
        ),
        (error(400, "INVALID_ARGUMENT", "Corrupted thought signature.", None), Kind::ConversationRejected),
        (
            error(
                400,
                "INVALID_ARGUMENT",
                "Function call `f` in the 2. content block is missing a `thought_signature`.",
                None,
            ),
            Kind::ConversationRejected,
        ),
        (
            error(400, "FAILED_PRECONDITION", "User location is not supported for the API use.", None),
            Kind::Unauthorized,
        ),
        (error(400, "FAILED_PRECONDITION", "The file is not in an ACTIVE state.", None), Kind::Rejected),
        (error(400, "OUT_OF_RANGE", "past the end", None), Kind::Rejected),
        (error(401, "UNAUTHENTICATED", "no credentials", reason("ACCESS_TOKEN_EXPIRED")), Kind::Unauthorized),
        (error(403, "PERMISSION_DENIED", "not allowed", reason("SERVICE_DISABLED")), Kind::Unauthorized),
        (error(403, "PERMISSION_DENIED", "enable billing", reason("BILLING_DISABLED")), Kind::QuotaSpent),
        (error(404, "NOT_FOUND", "models/x is not found for API version v1beta", None), Kind::NotFound),
        (error(409, "ABORTED", "conflict", None), Kind::ServerError),
        (
            error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted", reason("RATE_LIMIT_EXCEEDED")),
            Kind::RateLimited,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "quota", violation("GenerateRequestsPerMinutePerProjectPerModel", "10")),
            Kind::RateLimited,
        ),
        (
            error(
                429,
                "RESOURCE_EXHAUSTED",
                "quota",
                violation("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "250"),
            ),
            Kind::QuotaSpent,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "quota", violation("GenerateRequestsPerMinutePerProjectPerModel", "0")),
            Kind::QuotaSpent,
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap.", None),
            Kind::QuotaSpent,
        ),
        (error(499, "CANCELLED", "The operation was cancelled.", None), Kind::ServerError),
        (error(500, "INTERNAL", "An internal error has occurred.", None), Kind::ServerError),
        (error(500, "UNKNOWN", "?", None), Kind::ServerError),
        (error(501, "UNIMPLEMENTED", "not supported", None), Kind::Rejected),
        (error(503, "UNAVAILABLE", "The model is overloaded.", None), Kind::RateLimited),
        (error(503, "RESOURCE_EXHAUSTED", "Too many requests", None), Kind::RateLimited),
        (error(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", None), Kind::ServerError),
    ]
}

#[test]
fn every_status_of_google_says_what_to_do_alone_in_a_list_and_within_a_200() {
    for (body, kind) in said() {
        let status = u16::try_from(body["error"]["code"].as_u64().unwrap()).unwrap();
        assert_eq!(classify(status, body.to_string().as_bytes()).kind, kind, "{body}");
        assert_eq!(classify(status, json!([body]).to_string().as_bytes()).kind, kind, "{body}");
        assert_eq!(read(body.to_string().as_bytes(), 0).unwrap_err().kind, kind, "{body}");
        assert_eq!(read(format!("data: {body}\n\n").as_bytes(), 0).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn a_status_without_a_code_says_as_much() {
    for (body, kind) in said() {
        let said = json!({"error": {"status": body["error"]["status"], "message": body["error"]["message"], "details": body["error"]["details"]}});
        // A server that fails is the reading of whatever says nothing clearer.
        let kind =
            if kind == Kind::Rejected && body["error"]["status"] == "UNKNOWN" { Kind::ServerError } else { kind };
        assert_eq!(read(said.to_string().as_bytes(), 0).unwrap_err().kind, kind, "{said}");
    }
}

#[test]
fn a_delay_is_read_from_the_details_and_nonsense_is_none() {
    for (text, seconds) in [
        (json!("17s"), Some(17.0)),
        (json!("0.25s"), Some(0.25)),
        (json!("-3s"), None),
        (json!("1e300s"), None),
        (json!("infs"), None),
        (json!("NaNs"), None),
        (json!("soon"), None),
        (json!(17), None),
    ] {
        let details = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": text}]);
        let failure = classify(429, error(429, "RESOURCE_EXHAUSTED", "", details).to_string().as_bytes());
        assert_eq!(failure.wait, seconds.map(Duration::from_secs_f64), "{text}");
    }
    for details in [json!(7), json!([7, null, {"violations": 7}, {"violations": [7], "metadata": 7, "reason": 7}])] {
        let failure = classify(429, error(429, "RESOURCE_EXHAUSTED", "", details).to_string().as_bytes());
        assert_eq!((failure.kind, failure.wait), (Kind::RateLimited, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_of_the_day_stops_the_endpoint_and_a_lost_signature_only_the_episode() {
    let day = error(429, "RESOURCE_EXHAUSTED", "quota", violation("GenerateRequestsPerDayPerProjectPerModel", "250"));
    let signature = error(400, "INVALID_ARGUMENT", "Corrupted thought signature.", None);
    for (status, body, end) in [(429, day, EndReason::ProviderRefused), (400, signature, EndReason::ProviderFailed)] {
        let error = respond(json!({}), [Answer::of(status, body.to_string().leak())]).await.unwrap_err();
        assert_eq!((error.end_reason(), error.measurement.retries), (end, 0), "{error}");
    }
}

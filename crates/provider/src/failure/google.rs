//! What Google's errors say: the code of a `google.rpc.Status`, which tells more than the HTTP status, and
//! its `details` (<https://google.aip.dev/193>).

use crate::Kind;
use serde_json::Value;
use std::time::Duration;

/// What says of an account that it has nothing left to spend, in words.
const SPENT_WORDS: &[&str] = &["exceeded its monthly spending cap", "prepayment credits are depleted"];

/// What says of a key that it is not taken, or not where it is used. The HTTP status may be 400.
const UNAUTHORIZED: &[&str] = &["UNAUTHENTICATED", "PERMISSION_DENIED", "API_KEY_INVALID"];
const UNAUTHORIZED_WORDS: &[&str] =
    &["api key not valid", "api key expired", "user location is not supported", "please enable billing"];

/// What says of a conversation that it lacks a part of what its model thought, or has another's. The
/// endpoint is not at fault, not even on the first request.
const SIGNATURE_WORDS: &[&str] = &["thought signature", "thought_signature", "thoughtsignature"];

/// What is of use in an error.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Details {
    /// `reason` of an `ErrorInfo`, such as `API_KEY_INVALID`.
    pub(super) reasons: Vec<String>,
    /// Whether a quota is used up that waiting a minute does not fill: one of a day, or of nothing.
    spent: bool,
    /// How long to wait, from a `RetryInfo`.
    pub(super) wait: Option<Duration>,
}

impl Details {
    /// From an error object.
    pub(super) fn of(error: &Value) -> Self {
        let mut out = Self::default();
        // Hostile lists end somewhere.
        for detail in error["details"].as_array().into_iter().flatten().take(64) {
            out.reasons.extend(detail["reason"].as_str().map(Into::into));
            out.wait = out.wait.or_else(|| seconds(detail["retryDelay"].as_str()?));
            let limit = &detail["metadata"];
            out.spent |= is_spent(&limit["quota_limit"], &limit["quota_limit_value"]);
            for violation in detail["violations"].as_array().into_iter().flatten().take(64) {
                out.spent |= is_spent(&violation["quotaId"], &violation["quotaValue"]);
            }
        }
        out
    }

    /// What an error means by Google's codes, or `None` where they say no more than the HTTP status. `lower`
    /// is its message in lower case.
    pub(super) fn kind(&self, status: u16, codes: &[String], lower: &str) -> Option<Kind> {
        let has = |list: &[&str]| codes.iter().any(|code| list.contains(&code.as_str()));
        let says = |list: &[&str]| list.iter().any(|words| lower.contains(words));
        Some(if self.spent || has(&["BILLING_DISABLED"]) || says(SPENT_WORDS) {
            Kind::QuotaSpent
        } else if has(&["RESOURCE_EXHAUSTED"]) {
            // With 503 too.
            Kind::RateLimited
        } else if has(&["UNIMPLEMENTED"]) {
            Kind::Rejected
        } else if status >= 500 {
            return None;
        } else if has(UNAUTHORIZED) || says(UNAUTHORIZED_WORDS) {
            Kind::Unauthorized
        } else if says(SIGNATURE_WORDS) {
            Kind::ConversationRejected
        } else if has(&["NOT_FOUND"]) {
            Kind::NotFound
        } else if has(&["INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"]) {
            Kind::Rejected
        } else if has(&["CANCELLED"]) {
            // By the server itself, with 499.
            Kind::ServerError
        } else {
            return None;
        })
    }
}

fn is_spent(name: &Value, allowed: &Value) -> bool {
    name.as_str().is_some_and(|name| name.contains("PerDay")) || allowed == "0" || *allowed == 0
}

/// A duration as Google writes it: `17s`, `0.5s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

//! What an error of a server means: by status, by code, and, where servers say it in no other way,
//! by the words they use.

mod google;

use crate::Kind;
use crate::error::Failure;
use crate::mend::excerpt;
use mocktrial_trajectory::parse_untrusted;
use serde_json::Value;

/// Codes and types of an account that has nothing left to spend. Waiting does not help.
const SPENT: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
    "linked_organization_spend_limit_reached",
    "linked_organization_billing_unavailable",
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "account_deactivated",
    "insufficient_balance",
];

/// The same, in the words of a server that has no code for it (Anthropic, with status 400).
const SPENT_WORDS: &[&str] = &["credit balance is too low", "reached your specified api usage limits"];

/// Codes and types that say that the conversation is too long (OpenAI, Groq; llama.cpp; Z.ai; GitHub;
/// Anthropic, where it counts bytes).
const OVERFLOW: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size_error",
    "model_context_window_exceeded",
    "tokens_limit_reached",
    "request_too_large",
    "request_body_too_large_after_decoding",
];

/// The same, in the words of servers that have no code for it.
const OVERFLOW_WORDS: &[&str] = &[
    // OpenAI, Azure, vLLM, Mistral, DeepSeek, OpenRouter, and all that took the words over
    "maximum context length",
    "context length exceeded",
    "exceeds the context window",
    "exceeds the model's context",
    "tokens exceed the configured limit",
    // vLLM
    "longer than the maximum model length",
    "context length is only",
    // llama.cpp
    "exceeds the available context size",
    "exceed context size",
    "context size has been exceeded",
    "larger than the context",
    // Ollama
    "prompt too long; exceeded",
    "input length exceeds the context length",
    // LM Studio
    "context length of only",
    "greater than the context length",
    "reached context length of",
    // Groq, Cerebras
    "reduce the length of the messages",
    // Together, SGLang, Text Generation Inference
    "longer than the model's context length",
    "`inputs` tokens + `max_new_tokens` must be",
    "`inputs` must have less than",
    "exceeds the maximum allowed length",
    // xAI
    "maximum prompt length",
    // Anthropic, Bedrock and Gemini behind gateways
    "prompt is too long",
    "exceed context limit",
    "input is too long for requested model",
    "request exceeds the maximum size",
    "exceeds the maximum allowed number of bytes",
    "exceeds the maximum number of tokens",
    "but model only supports up to",
    // Moonshot, MiniMax, Qwen, Zhipu
    "exceeded model token limit",
    "context window exceeds limit",
    "range of input length should be",
    "prompt exceeds max length",
];

/// What a 503 says where it means that too much is asked (OpenAI, Anthropic, Gemini), in codes or in words.
const OVERLOADED: &[&str] = &["server_is_overloaded", "slow_down", "overloaded_error", "RESOURCE_EXHAUSTED"];
const OVERLOADED_WORDS: &[&str] = &["overloaded", "too many requests", "at capacity", "queue is full"];

/// What inference servers say when they cannot parse what their own model wrote (Groq; llama.cpp; Ollama).
const MALFORMED: &[&str] = &["tool_use_failed"];
const MALFORMED_WORDS: &[&str] = &[
    "does not match the expected peg",
    "the model produced output that does not match",
    "failed to parse input at pos",
    "error parsing tool call",
    "failed to call a function",
    "failed to parse tool call",
];

/// Codes of what the provider's filters stopped. `invalid_prompt` is what OpenAI says of a prompt that was flagged.
const FILTERED: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "image_content_policy_violation",
    "invalid_prompt",
    "bio_policy",
    "misalignment_policy_violation",
];

/// Codes of a failed response whose request can never succeed (OpenAI Responses).
const UNUSABLE: &[&str] = &[
    "invalid_request_error",
    "data_residency_mismatch",
    "invalid_image",
    "invalid_image_format",
    "invalid_base64_image",
    "invalid_image_url",
    "invalid_image_mode",
    "image_too_large",
    "image_too_small",
    "image_parse_error",
    "image_file_too_large",
    "image_file_not_found",
    "unsupported_image_media_type",
    "empty_image_file",
    "failed_to_download_image",
];

/// What stands in an answer that the provider's filter stopped (Anthropic, with status 400; xAI, with 403).
const FILTERED_WORDS: &[&str] = &["blocked by content filtering policy", "violates usage guidelines"];

/// Where servers begin to quote the input that they do not take (Pydantic's errors, as vLLM and LiteLLM show them).
const QUOTES: &[&str] = &["input_value=", "'input':", "\"input\":"];

/// Codes and types of a server that has no room for the moment.
const CROWDED: &[&str] = &["rate_limit_exceeded", "slow_down", "rate_limit_error", "overloaded_error"];

/// An error that is larger is not read as JSON.
const LARGEST: usize = 1 << 20;

/// What a response with an error status means.
pub(crate) fn classify(status: u16, body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 << 10)]);
    // No error says more than fits here; what is larger is not worth its memory.
    let whole = (body.len() <= LARGEST).then(|| std::str::from_utf8(body).ok()).flatten();
    let parsed = whole.and_then(parse_untrusted);
    let said = parsed.as_ref().map_or_else(|| Said::words(&text), Said::of);
    said.failure(status)
}

/// What an error object inside a response with status 200 means.
pub(crate) fn embedded(json: &str) -> Failure {
    let parsed = Some(json).filter(|json| json.len() <= LARGEST).and_then(parse_untrusted);
    let said = parsed.as_ref().map_or_else(|| Said::words(json), Said::of);
    // Gateways put the status they would have answered with into the code.
    let status = said.codes.iter().find_map(|c| c.parse().ok().filter(|s| (400..600).contains(s)));
    said.failure(status.unwrap_or(200))
}

/// A text without line breaks: errors are shown within lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Of an HTML page, as proxies send them, the title says enough.
pub(crate) fn page(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").and_then(|start| {
        let start = start + "<title>".len();
        let end = start + lower[start..].find('<')?;
        Some(excerpt(&one_line(&text[start..end]))).filter(|t| !t.is_empty())
    });
    Some(title.map_or_else(
        || format!("an HTML page: {}", excerpt(&one_line(text))),
        |title| format!("an HTML page, `{title}`"),
    ))
}

/// What an error says about itself.
struct Said {
    codes: Vec<String>,
    message: String,
    google: google::Details,
}

impl Said {
    fn words(text: &str) -> Self {
        let message = page(text).unwrap_or_else(|| excerpt(&one_line(text)));
        Self { codes: Vec::new(), message, google: google::Details::default() }
    }

    /// From `{"error": {…}}`, `{"error": "…"}`, `{"message": …}` or `{"detail": …}`.
    fn of(value: &Value) -> Self {
        Self::at(value, 0)
    }

    fn at(value: &Value, depth: usize) -> Self {
        let error = match value {
            Value::Array(items) => items.first().unwrap_or(value),
            _ => value,
        };
        let error = error.get("error").filter(|e| !e.is_null()).unwrap_or(error);
        // OpenRouter's place for what the provider behind it said.
        let metadata = error.get("metadata");
        let behind = metadata.and_then(|m| m.get("raw")).and_then(Value::as_str);
        let behind = behind
            .filter(|raw| raw.len() <= LARGEST && depth < 2)
            .map(|raw| parse_untrusted(raw).map_or_else(|| Self::words(raw), |value| Self::at(&value, depth + 1)));
        let flagged = metadata.is_some_and(|m| m.get("flagged_input").is_some());
        let word = |v: &Value| match v {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        };
        let mut codes: Vec<String> =
            ["code", "type", "status"].iter().filter_map(|k| error.get(k).and_then(word)).collect();
        // Anthropic's place for what is more exact than the type.
        codes.extend(error.get("details").and_then(|details| details.get("error_code")).and_then(word));
        let mut google = google::Details::of(error);
        codes.append(&mut google.reasons);
        let message = word(error)
            .or_else(|| ["message", "detail", "error"].iter().find_map(|k| error.get(k).and_then(word)))
            .unwrap_or_else(|| error.to_string());
        let mut message = message;
        if flagged {
            codes.push("content_filter".into());
        }
        if let Some(mut behind) = behind {
            codes.append(&mut behind.codes);
            message.push_str(": ");
            message.push_str(&behind.message);
        }
        Self { codes, message: one_line(&message).chars().take(2000).collect(), google }
    }

    fn failure(self, status: u16) -> Failure {
        let has = |list: &[&str]| self.codes.iter().any(|c| list.contains(&c.as_str()));
        let lower = self.message.to_lowercase();
        // What a server quotes of the conversation says nothing about the error.
        let own = QUOTES.iter().filter_map(|mark| lower.find(mark)).min().map_or(&*lower, |at| &lower[..at]);
        let says = |list: &[&str]| list.iter().any(|w| own.contains(w));
        let too_much_asked = ["max_tokens", "max_completion_tokens"].iter().any(|name| lower.contains(name))
            && lower.contains("too large");
        // Malformed first: such an error quotes what the model wrote, in which any words may stand.
        let kind = if has(MALFORMED) || says(MALFORMED_WORDS) && !matches!(status, 401 | 403 | 404 | 429) {
            Kind::Malformed
        } else if has(SPENT) || status == 402 || matches!(status, 200 | 400 | 403 | 429) && says(SPENT_WORDS) {
            Kind::QuotaSpent
        } else if too_much_asked && (400..500).contains(&status) {
            // The limit that was asked for does not fit, whatever the conversation is.
            Kind::Rejected
        } else if has(OVERFLOW) || says(OVERFLOW_WORDS) && !matches!(status, 401 | 403 | 404 | 429) {
            Kind::ContextOverflow
        } else if has(FILTERED) || says(FILTERED_WORDS) {
            Kind::ContentFilter
        } else if let Some(kind) = self.google.kind(status, &self.codes, &lower) {
            kind
        } else {
            match status {
                401 | 403 => Kind::Unauthorized,
                404 | 410 | 300..400 => Kind::NotFound,
                429 | 529 => Kind::RateLimited,
                _ if has(&["overloaded_error"]) => Kind::RateLimited,
                200 | 503 if has(OVERLOADED) || says(OVERLOADED_WORDS) => Kind::RateLimited,
                408 | 409 | 425 | 500.. => Kind::ServerError,
                400.. => Kind::Rejected,
                _ if has(CROWDED) => Kind::RateLimited,
                _ if has(&["invalid_api_key", "authentication_error", "permission_error"]) => Kind::Unauthorized,
                _ if has(&["model_not_found", "not_found_error"]) => Kind::NotFound,
                _ if has(UNUSABLE) => Kind::Rejected,
                _ => Kind::ServerError,
            }
        };
        let lead = match kind {
            Kind::QuotaSpent => "the account has nothing left to spend",
            Kind::ContextOverflow => "the conversation does not fit the model's context",
            Kind::Malformed => "the server could not parse what its model wrote",
            Kind::ContentFilter => "the provider's filter stopped the request",
            Kind::Unauthorized => "the provider does not accept the key",
            Kind::NotFound => "no such model or address",
            Kind::RateLimited => "the provider limits the rate",
            Kind::Rejected => "the provider does not take the request",
            Kind::ConversationRejected => "the provider does not take the conversation",
            _ => "the provider failed",
        };
        let encrypted = lower.contains("encrypted content is not supported");
        let message = if self.message.is_empty() { lead.to_owned() } else { format!("{lead}: {}", self.message) };
        let failure = Failure { wait: self.google.wait, ..Failure::new(kind, message) };
        // The Responses dialect asks for it unasked, since models that think lose their thoughts otherwise.
        if encrypted {
            failure.advise("write `extra = { include = [] }` for a model that does not think")
        } else {
            failure
        }
    }
}

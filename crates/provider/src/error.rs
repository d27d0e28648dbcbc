//! Errors, typed by what to do about them and by whose they are.

use mocktrial_trajectory::{EndReason, Measurement};
use std::fmt;
use std::time::Duration;

/// What to do about a failure, and by whom. Each [`Kind`] has one.
///
/// The transport tries again by it; a run stops an endpoint, or stops, by the [`EndReason`] of the
/// episode that a failure ends, which agrees with it.
#[doc = include_str!("errors.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Wait as long as the server asks, or longer each time, and send the request again.
    Retry,
    /// Send the request again at once; when it happens again in the same request, wait first.
    RetryNow,
    /// Give the endpoint up: no other request of it would be served.
    StopEndpoint,
    /// Nothing: it is what the model's output or length caused, an outcome like an answer, and counts.
    CountAgainstModel,
    /// End the episode, which cannot go on; others can.
    EndEpisode,
    /// End the run: its budget is spent, or somebody stopped it.
    StopRun,
    /// Report it: it is a mistake in mocktrial.
    Report,
}

impl Action {
    /// The words for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "wait and retry",
            Self::RetryNow => "retry now",
            Self::StopEndpoint => "stop the endpoint",
            Self::CountAgainstModel => "count against the model",
            Self::EndEpisode => "end the episode",
            Self::StopRun => "stop the run",
            Self::Report => "report it",
        }
    }
}

/// Why there is no reply.
///
/// | kind | from | retried | the episode ends with |
/// |---|---|---|---|
/// | [`RateLimited`](Self::RateLimited) | 429, 529, `RESOURCE_EXHAUSTED`, an overload that is told with another status or in a stream | after the wait the server asks for, else with backoff; all requests of the account wait | `provider_failed` |
/// | [`ServerError`](Self::ServerError) | 408, 409, 499, 5xx, an error object in a 200 response or in a stream | with backoff | `provider_failed` |
/// | [`Connection`](Self::Connection) | refused or cut connections, DNS, TLS, a stream that stops before its end | with backoff | `provider_failed` |
/// | [`Dropped`](Self::Dropped) | a connection lost before any byte of the answer came | at once, then with backoff | `provider_failed` |
/// | [`TimedOut`](Self::TimedOut) | no connection, no first byte or no further byte in time | with backoff | `provider_failed` |
/// | [`Unreadable`](Self::Unreadable) | a body that is not the dialect at all: HTML, broken JSON, no choices, too large | with backoff, unless too large | `provider_failed` |
/// | [`Unauthorized`](Self::Unauthorized) | 401, 403, Google's 400 for a key or a place, a key that is not in the environment | never | `provider_refused` |
/// | [`QuotaSpent`](Self::QuotaSpent) | 402, `insufficient_quota` and its kin, a quota of a day that is used up | never | `provider_refused` |
/// | [`NotFound`](Self::NotFound) | 404, a redirect | never | `provider_refused` |
/// | [`Rejected`](Self::Rejected) | any other 4xx on the first request of an episode: a parameter that the server does not take | never | `provider_refused` |
/// | [`ConversationRejected`](Self::ConversationRejected) | any other 4xx on a later request: the same parameters were taken before, so it is this conversation that the server does not take. The model's words, the tools' results or the adapter may be why; since nobody can tell, it counts as the provider's, and other episodes go on. A thought signature that is missing or another's is this on the first request too | never | `provider_failed` |
/// | [`ContextOverflow`](Self::ContextOverflow) | 400, 413 or 500 that says so | never | `context_overflow` |
/// | [`Malformed`](Self::Malformed) | an inference server that cannot parse what its own model wrote | never: asking until the answer parses would flatter the model | `malformed_response` |
/// | [`ContentFilter`](Self::ContentFilter) | the filter stopped the request | never | `content_filter` |
/// | [`Unsupported`](Self::Unsupported) | a picture, sound or file for which the dialect has no place | never: it is not sent | `scenario_error` |
/// | [`TimeLimit`](Self::TimeLimit) | the caller's deadline; or the total time-out while the answer was still flowing | never | `real_time_limit` |
/// | [`CassetteMiss`](Self::CassetteMiss) | replay, and no such request recorded, or no readable cassette | never | `cassette_miss` |
/// | [`Budget`](Self::Budget) | the meter could not reserve the request | never | `budget` |
/// | [`Cancelled`](Self::Cancelled) | the caller cancelled | never | `cancelled` |
/// | [`Bug`](Self::Bug) | something that cannot happen | never | `harness_error` |
///
/// A server's `x-should-retry: true` also makes [`Rejected`](Self::Rejected), its kin in a conversation and
/// [`NotFound`](Self::NotFound) be tried again. Retries are bounded in number and by the total time-out; after them, the last failure is the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Too many requests, and waiting did not help.
    RateLimited,
    /// The server failed.
    ServerError,
    /// The connection could not be made, or was lost while the answer came.
    Connection,
    /// The connection was lost before any byte of the answer came, as happens when a server closes one that
    /// was kept.
    Dropped,
    /// The server did not answer in time.
    TimedOut,
    /// The server answered something that is not the dialect.
    Unreadable,
    /// The key is missing, wrong or not allowed to do this.
    Unauthorized,
    /// The account has nothing left to spend.
    QuotaSpent,
    /// There is no such model or address.
    NotFound,
    /// The server does not take the request as it is.
    Rejected,
    /// The server does not take the conversation, though it took the episode's first request.
    ConversationRejected,
    /// The conversation does not fit the model's context.
    ContextOverflow,
    /// The model wrote what its own server could not read.
    Malformed,
    /// The provider's filter stopped the request.
    ContentFilter,
    /// The dialect has no place for a part of the conversation.
    Unsupported,
    /// Real time ran out.
    TimeLimit,
    /// Replay was asked for and the cassette has no such request.
    CassetteMiss,
    /// The budget cannot cover the request.
    Budget,
    /// The caller cancelled.
    Cancelled,
    /// A mistake in mocktrial.
    Bug,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::RateLimited,
        Self::ServerError,
        Self::Connection,
        Self::Dropped,
        Self::TimedOut,
        Self::Unreadable,
        Self::Unauthorized,
        Self::QuotaSpent,
        Self::NotFound,
        Self::Rejected,
        Self::ConversationRejected,
        Self::ContextOverflow,
        Self::Malformed,
        Self::ContentFilter,
        Self::Unsupported,
        Self::TimeLimit,
        Self::CassetteMiss,
        Self::Budget,
        Self::Cancelled,
        Self::Bug,
    ];

    /// What to do about it.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::RateLimited | Self::ServerError | Self::Connection | Self::TimedOut | Self::Unreadable => {
                Action::Retry
            }
            Self::Dropped => Action::RetryNow,
            Self::Unauthorized | Self::QuotaSpent | Self::NotFound | Self::Rejected => Action::StopEndpoint,
            Self::ContextOverflow | Self::Malformed | Self::ContentFilter => Action::CountAgainstModel,
            Self::ConversationRejected | Self::Unsupported | Self::TimeLimit | Self::CassetteMiss => Action::EndEpisode,
            Self::Budget | Self::Cancelled => Action::StopRun,
            Self::Bug => Action::Report,
        }
    }

    /// The end reason of an episode that this error ends.
    #[must_use]
    pub fn end_reason(self) -> EndReason {
        match self {
            Self::RateLimited
            | Self::ServerError
            | Self::Connection
            | Self::Dropped
            | Self::TimedOut
            | Self::Unreadable
            | Self::ConversationRejected => EndReason::ProviderFailed,
            Self::Unauthorized | Self::QuotaSpent | Self::NotFound | Self::Rejected => EndReason::ProviderRefused,
            Self::ContextOverflow => EndReason::ContextOverflow,
            Self::Malformed => EndReason::MalformedResponse,
            Self::ContentFilter => EndReason::ContentFilter,
            Self::Unsupported => EndReason::ScenarioError,
            Self::TimeLimit => EndReason::RealTimeLimit,
            Self::CassetteMiss => EndReason::CassetteMiss,
            Self::Budget => EndReason::Budget,
            Self::Cancelled => EndReason::Cancelled,
            Self::Bug => EndReason::HarnessError,
        }
    }

    /// What the user can do about most failures of the kind.
    fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::RateLimited => "lower the endpoint's `concurrency`, or raise its `retries`",
            Self::ServerError => "where it passes with time, raise the endpoint's `retries`",
            Self::Connection | Self::Dropped => "the server's own log may say why",
            Self::Unreadable => {
                "see whether `base_url` leads to an API that speaks the endpoint's `kind`; most addresses end with `/v1`"
            }
            Self::Unauthorized => "see whether `api_key_env` names the variable that holds the right key",
            Self::QuotaSpent => "add credit, or raise the spending limit that the provider applies",
            Self::NotFound => "see whether `base_url` and `model` are right",
            Self::Rejected => "leave out of `parameters` and `extra` what this server does not take",
            Self::ConversationRejected => {
                "the episode's first request was taken: look for the reason in its conversation"
            }
            Self::Unsupported => "leave it out of the scenario, or select endpoints that take it",
            Self::CassetteMiss => "record it with `--cassettes record`",
            Self::Bug => "this is a mistake in mocktrial: please report it",
            _ => return None,
        })
    }

    /// Whether the same request may succeed when sent again.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self.action(), Action::Retry | Action::RetryNow)
    }
}

/// A request that came to nothing. Its text holds no secret.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderError {
    /// What kind of failure.
    pub kind: Kind,
    /// What a person needs to know.
    pub message: String,
    /// What they can do about it, where there is something.
    pub advice: Option<&'static str>,
    /// The host that was asked (with its port, if given), where the failure is the provider's.
    pub host: Option<String>,
    /// The HTTP status, where there was a response.
    pub status: Option<u16>,
    /// What was measured all the same: retries, waits, the provider's name for the request, and, where
    /// the last attempt had a response, its latency. The cost is 0 where it is known that no attempt
    /// spent anything, else absent. `seq` is 0: the caller sets it.
    pub measurement: Box<Measurement>,
}

impl ProviderError {
    /// An error without a response behind it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            advice: kind.advice(),
            host: None,
            status: None,
            measurement: Box::default(),
        }
    }

    /// The reason with which an episode ends for this error.
    #[must_use]
    pub fn end_reason(&self) -> EndReason {
        self.kind.end_reason()
    }

    /// What happened and what to do about it, as `message; advice`: nothing that another run, or the
    /// replay of this one, would measure otherwise.
    #[must_use]
    pub fn cause_text(&self) -> String {
        self.told(&[])
    }

    fn told(&self, notes: &[String]) -> String {
        if notes.is_empty() && self.advice.is_none() {
            return self.message.clone();
        }
        let mut text = self.message.trim_end().trim_end_matches('.').to_owned();
        if !notes.is_empty() {
            text.push_str(&format!(" ({})", notes.join(", ")));
        }
        if let Some(advice) = self.advice {
            text.push_str(&format!("; {advice}"));
        }
        text
    }
}

/// `message (host, HTTP status, request id, retries); advice`, of which only the message is always there.
impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut notes = Vec::new();
        notes.extend(self.host.clone());
        if let Some(status) = self.status {
            notes.push(format!("HTTP {status}"));
        }
        let Measurement { request_id, retries, .. } = &*self.measurement;
        notes.extend(request_id.as_ref().map(|id| format!("request {id}")));
        if *retries > 0 {
            notes.push(format!("after {retries} {}", if *retries == 1 { "retry" } else { "retries" }));
        }
        f.write_str(&self.told(&notes))
    }
}

impl std::error::Error for ProviderError {}

/// Why one attempt came to nothing, before it is known whether another follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// Whether the same request may succeed when sent again.
    pub(crate) retry: bool,
    /// What the user can do.
    pub(crate) advice: Option<&'static str>,
    /// Whether it is known that nothing was spent: nothing was sent, or the server refused.
    pub(crate) unspent: bool,
    /// How long the server asks to wait, where its body says so.
    pub(crate) wait: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        let (retry, advice) = (kind.is_retryable(), kind.advice());
        Self { kind, message: message.into(), retry, advice, unspent: false, wait: None }
    }

    /// Of something that was never sent.
    pub(crate) fn unspent(self) -> Self {
        Self { unspent: true, ..self }
    }

    /// With other advice than the kind's.
    pub(crate) fn advise(self, advice: &'static str) -> Self {
        Self { advice: Some(advice), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_trajectory::Cause;

    #[test]
    fn what_to_do_agrees_with_how_the_episode_ends() {
        for kind in Kind::ALL {
            let (action, end) = (kind.action(), kind.end_reason());
            assert_eq!(action == Action::StopEndpoint, end == EndReason::ProviderRefused, "{kind:?}");
            assert_eq!(action == Action::CountAgainstModel, end.cause() == Cause::Model, "{kind:?}");
            assert_eq!(action == Action::StopRun, matches!(end, EndReason::Budget | EndReason::Cancelled), "{kind:?}");
            assert_eq!(action == Action::Report, end == EndReason::HarnessError, "{kind:?}");
            if kind.is_retryable() {
                assert_eq!(end, EndReason::ProviderFailed, "{kind:?}");
            }
        }
    }
}

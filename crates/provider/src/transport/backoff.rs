//! How long to wait before another attempt.

use super::Headers;
use crate::error::Failure;
use crate::{Action, Context, Kind};
use mocktrial_trajectory::Digest;
use std::time::{Duration, SystemTime};

/// However long a server asks to wait, no longer than this.
const LONGEST: Duration = Duration::from_secs(120);

/// The wait before attempt `retries + 1`; `None` where there is to be none.
///
/// A server's `x-should-retry` is obeyed, except that nothing makes a spent quota or a wrong key
/// come right; so is the wait it asks for. Where the connection was lost before an answer began, for the first
/// time in the request, there is no wait: a server may close a connection that was kept just when it is used
/// again. Else: 0.5 s doubled with each retry up to 8 s, less up to a quarter. That jitter follows
/// from episode, role, request and attempt, so that a run waits alike when it is run again.
pub(super) fn wait(
    failure: &Failure,
    headers: Option<&Headers>,
    context: &Context,
    retries: u32,
    dropped_before: bool,
) -> Option<Duration> {
    let retry = match header(headers, "x-should-retry") {
        Some("true") => {
            failure.retry || matches!(failure.kind, Kind::Rejected | Kind::ConversationRejected | Kind::NotFound)
        }
        Some("false") => false,
        _ => failure.retry,
    };
    if !retry {
        return None;
    }
    let own = || match failure.kind.action() {
        Action::RetryNow if !dropped_before => Duration::ZERO,
        _ => backoff(context, retries),
    };
    Some(asked(failure, headers).unwrap_or_else(own))
}

/// The wait that a server asks for, at most 120 s: `retry-after-ms` goes before `retry-after` (seconds or a date),
/// and both before what the body says.
pub(super) fn asked(failure: &Failure, headers: Option<&Headers>) -> Option<Duration> {
    // Nothing is no wait: a server that always says 0 would use up all retries at once.
    let some = |seconds: &f64| seconds.is_finite() && *seconds > 0.0;
    header(headers, "retry-after-ms")
        .and_then(|text| text.trim().parse::<f64>().ok())
        .map(|ms| ms / 1000.0)
        .filter(some)
        .or_else(|| {
            let text = header(headers, "retry-after")?.trim();
            text.parse().ok().or_else(|| {
                let date = httpdate::parse_http_date(text).ok()?;
                Some(date.duration_since(SystemTime::now()).unwrap_or_default().as_secs_f64())
            })
        })
        .filter(some)
        .map(|seconds| Duration::from_secs_f64(seconds.min(1e6)))
        .or(failure.wait)
        .map(|wait| wait.min(LONGEST))
}

fn header<'a>(headers: Option<&'a Headers>, name: &str) -> Option<&'a str> {
    headers?.get(name)?.to_str().ok()
}

fn backoff(context: &Context, retries: u32) -> Duration {
    let base = 0.5 * f64::from(1_u32 << retries.min(4));
    let seed = format!("{} {} {} {retries}", context.episode, context.role, context.request_index);
    let spread = Digest::of_bytes(b"backoff", seed.as_bytes()).to_u64() % 1024;
    #[allow(clippy::cast_precision_loss, reason = "below 1024")]
    let less = spread as f64 / 1024.0 / 4.0;
    Duration::from_secs_f64(base * (1.0 - less))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_headers_go_before_its_body_and_neither_is_obeyed_for_ever() {
        let said = |wait| Failure { wait: Some(Duration::from_secs(wait)), ..Failure::new(Kind::RateLimited, "") };
        let headers = Headers::from_iter([("retry-after".parse().unwrap(), "7".parse().unwrap())]);
        assert_eq!(asked(&said(9), Some(&headers)), Some(Duration::from_secs(7)));
        assert_eq!(asked(&said(9), None), Some(Duration::from_secs(9)));
        assert_eq!(asked(&said(900), None), Some(LONGEST));
    }
}

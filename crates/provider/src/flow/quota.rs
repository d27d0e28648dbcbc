//! What the vendors' headers say is left of a quota.

use crate::transport::Headers;
use std::time::{Duration, SystemTime};

/// However far off a reset is, nobody waits longer for it.
const LONGEST: Duration = Duration::from_secs(120);

/// What is left, and when it is filled up again:
///
/// | headers | from | resets |
/// |---|---|---|
/// | `x-ratelimit-remaining-{requests,tokens}` | OpenAI, Azure, Groq, vLLM's and LiteLLM's gateways | after a time: `6m0s`, `120ms` |
/// | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-remaining` | Anthropic | at a time (RFC 3339) |
/// | `x-ratelimit-remaining-{requests-day,tokens-minute}` | Cerebras | after seconds |
/// | `ratelimitbysize-remaining`, `ratelimit-remaining` | Mistral; the IETF's draft | after seconds |
/// | `x-ratelimit-remaining` | OpenRouter; Together | at a time in milliseconds since 1970; after seconds |
const ROWS: [(&str, &str); 11] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ("x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"),
    ("x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"),
    ("ratelimitbysize-remaining", "ratelimitbysize-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
];

/// What a response says of each quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said([Option<Left>; ROWS.len()]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Some,
    /// Nothing, for so long.
    Nothing(Duration),
}

impl Said {
    /// Reads the headers; what makes no sense (a negative amount, a zero without a reset) says nothing.
    pub(crate) fn of(headers: &Headers) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        Self(ROWS.map(|(remaining, reset)| {
            let left: f64 = text(remaining)?.trim().parse().ok()?;
            if left > 0.0 {
                return Some(Left::Some);
            }
            (left == 0.0).then_some(())?;
            let reset = until(text(reset)?.trim(), SystemTime::now()).filter(|reset| !reset.is_zero())?;
            Some(Left::Nothing(reset.min(LONGEST)))
        }))
    }
}

/// Which quotas a zero is believed of.
///
/// Some servers always send zeros, for what has no limit or is not counted. So a zero is believed of a
/// quota that was shown to be more before, and once: the next one, only when it has been more again.
#[derive(Debug, Default)]
pub(super) struct Belief([bool; ROWS.len()]);

impl Belief {
    /// Takes what a response says, and returns how long nothing should be sent.
    pub(super) fn take(&mut self, said: &Said) -> Option<Duration> {
        let mut longest = None;
        for (believed, left) in self.0.iter_mut().zip(said.0) {
            match left {
                Some(Left::Some) => *believed = true,
                Some(Left::Nothing(reset)) if std::mem::take(believed) => longest = longest.max(Some(reset)),
                _ => {}
            }
        }
        longest
    }
}

/// How long it is until a reset: a duration such as `6m0s` or `120ms`, a number of seconds, a time since 1970 in
/// seconds or milliseconds, or a date.
fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let since_1970 = |moment: f64| {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        seconds((moment - now).max(0.0))
    };
    if let Ok(number) = text.parse::<f64>() {
        return match number {
            n if !n.is_finite() => None,
            n if n < 1e9 => seconds(n),
            n if n < 1e11 => since_1970(n),
            n => since_1970(n / 1000.0),
        };
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return since_1970(moment.as_duration().as_secs_f64());
    }
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date.duration_since(now).unwrap_or_default());
    }
    seconds(spelled(text)?)
}

/// The seconds of a duration as Go spells it.
fn spelled(mut text: &str) -> Option<f64> {
    let mut sum = 0.0;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text[..digits].parse().ok()?;
        text = &text[digits..];
        let unit = text.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(text.len());
        sum += number
            * match &text[..unit] {
                "d" => 86_400.0,
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" | "μs" => 1e-6,
                "ns" => 1e-9,
                _ => return None,
            };
        text = &text[unit..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn resets_are_read_as_every_vendor_writes_them() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for (text, seconds) in [
            ("6m0s", 360.0),
            ("1s", 1.0),
            ("120ms", 0.12),
            ("2m59.56s", 179.56),
            ("17h30m0s", 63_000.0),
            ("1d2h", 93_600.0),
            ("350µs", 0.000_35),
            ("59.7", 59.7),
            ("0", 0.0),
            ("1800000030", 30.0),
            ("1800000030500", 30.5),
            ("1799999999", 0.0),
            ("2027-01-15T08:00:40Z", 40.0),
            ("2027-01-15T08:00:40.5+00:00", 40.5),
            ("Fri, 15 Jan 2027 08:00:07 GMT", 7.0),
        ] {
            let read = until(text, now).unwrap_or_else(|| panic!("{text}")).as_secs_f64();
            assert!((read - seconds).abs() < 1e-3, "{text}: {read}");
        }
        for text in
            ["", "-1", "soon", "5 parsecs", "1x", "s", "1.2.3s", "NaN", "inf", "1e400", "999999999999999999999h"]
        {
            assert_eq!(until(text, now).filter(|t| *t < Duration::from_secs(1 << 40)), None, "{text}");
        }
    }

    fn said(pairs: &[(&'static str, &str)]) -> Said {
        let mut headers = Headers::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        Said::of(&headers)
    }

    const LEFT: &str = "x-ratelimit-remaining-requests";
    const RESET: &str = "x-ratelimit-reset-requests";

    #[test]
    fn a_quota_that_ran_out_is_waited_for_until_its_reset_but_not_for_ever() {
        let mut belief = Belief::default();
        assert_eq!(belief.take(&said(&[(LEFT, "1"), (RESET, "1s")])), None);
        assert_eq!(belief.take(&said(&[(LEFT, "0"), (RESET, "20s")])), Some(Duration::from_secs(20)));
        assert_eq!(belief.take(&said(&[(LEFT, "7")])), None);
        assert_eq!(belief.take(&said(&[(LEFT, "0"), (RESET, "24h0m0s")])), Some(LONGEST));
        let name = "anthropic-ratelimit-input-tokens-remaining";
        let both =
            |left| said(&[(LEFT, left), (RESET, "5s"), (name, left), ("anthropic-ratelimit-input-tokens-reset", "9s")]);
        belief.take(&both("3"));
        assert_eq!(belief.take(&both("0")), Some(Duration::from_secs(9)), "the longer of two");
    }

    #[test]
    fn a_server_that_always_sends_zero_or_less_is_not_waited_for() {
        let mut belief = Belief::default();
        for _ in 0..3 {
            for (left, reset) in [("0", "60s"), ("-1", "60s"), ("0", "0"), ("0", "-1"), ("none", "1s"), ("NaN", "1s")] {
                assert_eq!(belief.take(&said(&[(LEFT, left), (RESET, reset)])), None, "{left}, {reset}");
            }
            assert_eq!(belief.take(&said(&[(LEFT, "0")])), None);
        }
        belief.take(&said(&[(LEFT, "1")]));
        assert!(belief.take(&said(&[(LEFT, "0"), (RESET, "60s")])).is_some());
        assert_eq!(belief.take(&said(&[(LEFT, "0"), (RESET, "60s")])), None, "it was believed once");
    }

    proptest! {
        #[test]
        fn no_header_makes_anyone_wait_longer_than_two_minutes(left in "\\PC{0,12}", reset in "[-+0-9a-zµ.:TZ ]{0,24}") {
            let Ok(left) = left.parse::<reqwest::header::HeaderValue>() else { return Ok(()) };
            let Ok(reset) = reset.parse::<reqwest::header::HeaderValue>() else { return Ok(()) };
            for left in [left, "0".parse().unwrap()] {
                let headers = Headers::from_iter([(LEFT.parse().unwrap(), left), (RESET.parse().unwrap(), reset.clone())]);
                let mut belief = Belief::default();
                belief.take(&said(&[(LEFT, "1")]));
                prop_assert!(belief.take(&Said::of(&headers)).is_none_or(|wait| wait <= LONGEST));
            }
        }
    }
}

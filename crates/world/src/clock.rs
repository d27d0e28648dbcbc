//! Virtual time.

use jiff::{SignedDuration, Timestamp, civil::Date};

/// Virtual now at the start of an episode, unless the world says otherwise.
pub(crate) const DEFAULT: &str = "2026-01-01T00:00:00Z";

/// Reads an RFC 3339 time.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is not a time such as 2026-03-02T09:00:00Z"))
}

/// The time `ms` milliseconds after `start`, RFC 3339 in UTC, with milliseconds only where there are any.
pub(crate) fn after(start: Timestamp, ms: u64) -> String {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    start.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX).to_string()
}

/// The time `seconds` after a time, or the date that many whole days after a date.
pub(crate) fn add_seconds(text: &str, seconds: i64) -> Result<String, String> {
    let out_of_range = || format!("{seconds} seconds after {text} is out of range");
    if let (10, Ok(date)) = (text.len(), text.parse::<Date>()) {
        let days = SignedDuration::from_secs(seconds);
        return date.checked_add(days).map(|date| date.to_string()).map_err(|_| out_of_range());
    }
    let later = parse(text)?.checked_add(SignedDuration::from_secs(seconds)).map_err(|_| out_of_range())?;
    Ok(later.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_by_milliseconds_and_is_written_short() {
        let start = parse(DEFAULT).expect("a time");
        assert_eq!(after(start, 0), "2026-01-01T00:00:00Z");
        assert_eq!(after(start, 61_250), "2026-01-01T00:01:01.25Z");
        assert_eq!(after(start, u64::MAX), Timestamp::MAX.to_string());
    }

    #[test]
    fn dates_and_times_are_added_to_in_their_own_form() {
        assert_eq!(add_seconds("2026-02-27", 2 * 86_400).as_deref(), Ok("2026-03-01"));
        assert_eq!(add_seconds("2026-02-27T10:00:00+01:00", 3600).as_deref(), Ok("2026-02-27T10:00:00Z"));
        assert!(add_seconds("tomorrow", 1).is_err());
        assert!(add_seconds("2026-02-27T10:00:00Z", i64::MAX).is_err());
    }
}

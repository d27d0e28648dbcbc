//! Texts of the common formats.

use super::Random;
use super::text::word;

/// A text of a format; `None` for a format without a generator.
pub(super) fn text(format: &str, random: &mut Random) -> Option<String> {
    let mut within = |low: i128, high: i128| random.between(low, high);
    Some(match format {
        "date" => format!("2026-{:02}-{:02}", within(1, 12), within(1, 28)),
        "time" => format!("{:02}:{:02}:{:02}Z", within(0, 23), within(0, 59), within(0, 59)),
        "date-time" => {
            let (month, day) = (within(1, 12), within(1, 28));
            format!("2026-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", within(0, 23), within(0, 59), within(0, 59))
        }
        "duration" => format!("PT{}M", within(1, 59)),
        "email" | "idn-email" => format!("{}@example.com", word(random)),
        "uri" | "iri" | "url" => format!("https://example.com/{}", word(random)),
        "uri-reference" | "iri-reference" => format!("/{}", word(random)),
        "hostname" | "idn-hostname" => format!("{}.example.com", word(random)),
        "ipv4" => format!("192.0.2.{}", within(1, 254)),
        "ipv6" => format!("2001:db8::{:x}", within(1, 0xffff)),
        "json-pointer" => format!("/{}", word(random)),
        "regex" => format!("^{}$", word(random)),
        "uuid" => {
            let (a, b) = (random.bits(), random.bits());
            format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                a >> 32,
                (a >> 16) & 0xffff,
                a & 0xfff,
                b >> 52,
                b & 0xffff_ffff_ffff
            )
        }
        _ => return None,
    })
}

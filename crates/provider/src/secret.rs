//! Secrets, and the scrubber that takes them out of everything that leaves the process.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands where a secret stood.
const MARK: &str = "[secret]";

/// A value that neither `Debug` nor `Display` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value itself: for the wire only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)
    }
}

/// Replaces known secret values by `[secret]`, as they are and as JSON, URLs and base64 spell them.
/// Clones share what they know.
///
/// ```
/// use mocktrial_provider::{Scrubber, Secret};
///
/// let scrubber = Scrubber::new();
/// scrubber.learn(&Secret::new("sk-0123456789"));
/// assert_eq!(scrubber.scrub("Incorrect key: sk-0123456789."), "Incorrect key: [secret].");
/// ```
#[derive(Clone, Default)]
pub struct Scrubber(Arc<RwLock<Vec<Finder<'static>>>>);

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber")
    }
}

impl Scrubber {
    /// Values shorter than this (in bytes) are not scrubbed: what local servers take for a key
    /// (`none`, `EMPTY`) is no secret, and replacing such words would mangle what is kept.
    pub const SHORTEST: usize = 8;

    /// A scrubber that knows no secret yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret.
    pub fn learn(&self, secret: &Secret) {
        let value = secret.expose();
        if value.len() < Self::SHORTEST {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for spelling in spellings(value) {
            if known.iter().all(|k| k.needle() != spelling) {
                known.push(Finder::new(&spelling).into_owned());
            }
        }
        // The longest first, so that a secret within a secret leaves no rest behind.
        known.sort_by(|a, b| b.needle().len().cmp(&a.needle().len()).then_with(|| a.needle().cmp(b.needle())));
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Takes every known secret out of a text; whether there was one.
    pub(crate) fn clean(&self, text: &mut String) -> bool {
        match self.scrub(text) {
            Cow::Borrowed(_) => false,
            Cow::Owned(clean) => {
                *text = clean;
                true
            }
        }
    }

    /// Takes every known secret out of the texts and keys of a value; whether there was one.
    pub(crate) fn clean_value(&self, value: &mut Value) -> bool {
        if self.is_idle() {
            return false;
        }
        match value {
            Value::String(text) => self.clean(text),
            Value::Array(items) => items.iter_mut().fold(false, |found, item| self.clean_value(item) | found),
            Value::Object(map) => {
                let mut found = false;
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(mut key, mut item)| {
                        found |= self.clean(&mut key) | self.clean_value(&mut item);
                        (key, item)
                    })
                    .collect();
                found
            }
            _ => false,
        }
    }

    /// The text without any known secret.
    #[must_use]
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.scrub_bytes(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // Whole values were replaced by ASCII, so this stays UTF-8.
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The bytes without any known secret.
    #[must_use]
    pub fn scrub_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut clean = Cow::Borrowed(bytes);
        for secret in known.iter() {
            if let Some(replaced) = replace(&clean, secret) {
                clean = Cow::Owned(replaced);
            }
        }
        clean
    }
}

/// The ways in which a value may appear.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let quoted = serde_json::Value::from(value).to_string();
    let mut out = vec![
        value.as_bytes().to_vec(),
        quoted.as_bytes()[1..quoted.len() - 1].to_vec(),
        quoted[1..quoted.len() - 1].replace('/', "\\/").into_bytes(),
        percent(value, true).into_bytes(),
        percent(value, false).into_bytes(),
    ];
    // Within a longer base64 text the value may begin at any of three offsets; the characters that
    // it shares with its neighbours are left out.
    for offset in 0..3_usize {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(value.as_bytes());
        let whole = padded.len() / 3 * 4;
        let skip = if offset == 0 { 0 } else { 4 };
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            if whole > skip + Scrubber::SHORTEST {
                out.push(text.as_bytes()[skip..whole].to_vec());
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

fn percent(value: &str, upper: bool) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else if upper {
            let _ = write!(out, "%{byte:02X}");
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// `None` where the needle does not occur.
fn replace(bytes: &[u8], needle: &Finder<'_>) -> Option<Vec<u8>> {
    let mut hits = needle.find_iter(bytes).peekable();
    hits.peek()?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in hits {
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(MARK.as_bytes());
        from = at + needle.needle().len();
    }
    out.extend_from_slice(&bytes[from..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(secret: &str) -> Scrubber {
        let scrubber = Scrubber::new();
        scrubber.learn(&Secret::new(secret));
        scrubber
    }

    #[test]
    fn a_secret_is_scrubbed_in_every_spelling() {
        let secret = "sk-\"canary/ä+\\0123456789";
        let scrubber = knowing(secret);
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("user:{secret}"));
        for text in [
            secret.to_owned(),
            serde_json::to_string(secret).unwrap(),
            percent(secret, true),
            percent(secret, false),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            basic,
        ] {
            let clean = scrubber.scrub(&text);
            assert!(clean.contains(MARK), "{text} -> {clean}");
            assert!(!clean.contains("0123456789"), "{clean}");
        }
        assert!(matches!(scrubber.scrub("nothing to see"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_too_short_for_a_secret_is_left_alone() {
        assert_eq!(knowing("none").scrub("none of it"), "none of it");
    }

    #[test]
    fn a_secret_hides_itself() {
        let secret = Secret::new("sk-0123456789");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
    }
}

//! The canonical hash of JSON values, in a form that can be kept up to date.
//!
//! A scalar's digest is the BLAKE3 hash of its type and canonical text. A container's is the hash
//! of its kind, its length and the sum (in four wrapping 64-bit lanes) of one hash per entry, over
//! the entry's key or index and the entry's own digest. So a change deep in a large world costs
//! one entry's hash per level and not a walk over its siblings, and the order in which keys were
//! written does not matter. A sum is weaker than a chain against someone who searches for
//! collisions; nothing here defends against that.

use crate::json::{CanonicalNumber, canonical_number};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt::{self, Write as _};

/// A canonical hash: equal for values that are [`same`](crate::same).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => {
                let mut sum = Accumulator::array();
                for (i, item) in items.iter().enumerate() {
                    sum.add_index(i, Self::of(item));
                }
                sum.finish(items.len())
            }
            Value::Object(map) => {
                let mut sum = Accumulator::object();
                for (key, item) in map {
                    sum.add_key(key, Self::of(item));
                }
                sum.finish(map.len())
            }
            scalar => Self::of_scalar(scalar),
        }
    }

    /// The digest of an object with these entries, of different keys, whose values are given by their own digests.
    #[must_use]
    pub fn of_entries<const N: usize>(entries: [(&str, Self); N]) -> Self {
        let mut sum = Accumulator::object();
        for (key, value) in entries {
            sum.add_key(key, value);
        }
        sum.finish(N)
    }

    /// The digest of a string.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self::of_bytes(b"s", text.as_bytes())
    }

    /// The digest of a scalar; a container is taken for `null`.
    #[must_use]
    pub fn of_scalar(value: &Value) -> Self {
        match value {
            Value::Bool(false) => Self::of_bytes(b"f", b""),
            Value::Bool(true) => Self::of_bytes(b"t", b""),
            Value::Number(n) => match canonical_number(n) {
                CanonicalNumber::Integer(i) => Self::of_bytes(b"i", &i.to_le_bytes()),
                CanonicalNumber::Float(f) => Self::of_bytes(b"d", &f.to_bits().to_le_bytes()),
            },
            Value::String(s) => Self::of_text(s),
            _ => Self::of_bytes(b"n", b""),
        }
    }

    /// The digest of some text under a domain; for hashes of things that are not JSON values.
    #[must_use]
    pub fn of_bytes(domain: &[u8], bytes: &[u8]) -> Self {
        Self(truncate(&hash(domain, bytes)))
    }

    /// The sixteen bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The first eight bytes as a number, for seeds.
    #[must_use]
    pub fn to_u64(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(first)
    }
}

fn hash(domain: &[u8], bytes: &[u8]) -> [u8; 32] {
    *joined(&[&[u8::try_from(domain.len()).unwrap_or(u8::MAX)], domain, bytes]).as_bytes()
}

/// The hash of parts one after the other. Most are short; then they are hashed in one go, without a hasher's two kilobytes.
fn joined(parts: &[&[u8]]) -> blake3::Hash {
    let mut short = [0; 256];
    let mut used = 0;
    for part in parts {
        let Some(room) = short.get_mut(used..used + part.len()) else {
            let mut hasher = blake3::Hasher::new();
            for part in parts {
                hasher.update(part);
            }
            return hasher.finalize();
        };
        room.copy_from_slice(part);
        used += part.len();
    }
    blake3::hash(&short[..used])
}

fn truncate(full: &[u8; 32]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&full[..16]);
    out
}

/// The running sum of a container's entries: entries can be added and taken away in any order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulator {
    kind: u8,
    lanes: [u64; 4],
}

impl Accumulator {
    /// For a list.
    #[must_use]
    pub fn array() -> Self {
        Self { kind: b'a', lanes: [0; 4] }
    }

    /// For an object.
    #[must_use]
    pub fn object() -> Self {
        Self { kind: b'o', lanes: [0; 4] }
    }

    /// Adds the entry at an index.
    pub fn add_index(&mut self, index: usize, child: Digest) {
        self.shift(&(index as u64).to_le_bytes(), child, u64::wrapping_add);
    }

    /// Takes away the entry at an index.
    pub fn remove_index(&mut self, index: usize, child: Digest) {
        self.shift(&(index as u64).to_le_bytes(), child, u64::wrapping_sub);
    }

    /// Adds the entry at a key.
    pub fn add_key(&mut self, key: &str, child: Digest) {
        self.shift(key.as_bytes(), child, u64::wrapping_add);
    }

    /// Takes away the entry at a key.
    pub fn remove_key(&mut self, key: &str, child: Digest) {
        self.shift(key.as_bytes(), child, u64::wrapping_sub);
    }

    fn shift(&mut self, key: &[u8], child: Digest, with: fn(u64, u64) -> u64) {
        // The child's digest has a fixed length and stands first, so key and child cannot be confused.
        let entry = joined(&[&child.0, key]);
        for (lane, bytes) in self.lanes.iter_mut().zip(entry.as_bytes().chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            *lane = with(*lane, u64::from_le_bytes(word));
        }
    }

    /// The digest of the container, which has `len` entries.
    #[must_use]
    pub fn finish(&self, len: usize) -> Digest {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&(len as u64).to_le_bytes());
        for (to, lane) in bytes[8..].chunks_exact_mut(8).zip(self.lanes) {
            to.copy_from_slice(&lane.to_le_bytes());
        }
        Digest::of_bytes(&[self.kind], &bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0.iter().try_for_each(|byte| {
            f.write_char(char::from(DIGITS[usize::from(byte >> 4)]))?;
            f.write_char(char::from(DIGITS[usize::from(byte & 15)]))
        })
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl std::str::FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a hash of 32 hexadecimal digits");
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut out = [0; 16];
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or_default();
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0]) << 4 | digit(pair[1]);
        }
        Ok(Self(out))
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "A hash."})
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

//! JSON as Python's `json.loads` reads it.

use super::MAX_DEPTH;
use super::text::MAX_DIGITS;
use super::value::{Int, Key, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Why a text is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no JSON at byte {at}: {what}")]
pub struct JsonError {
    /// Where, in bytes from the text's beginning.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl<'a> Value<'a> {
    /// Reads one JSON text as `json.loads` does: integers of any size (to 4300 digits), `NaN` and `Infinity`, the
    /// last of equal keys. Texts without escapes are borrowed.
    ///
    /// Half of a surrogate pair, which Python keeps, becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// Where it is no JSON, or nests deeper than [`MAX_DEPTH`].
    pub fn from_json(text: &'a str) -> Result<Self, JsonError> {
        let mut reader = Reader { text, at: 0 };
        reader.space();
        let value = reader.value(0)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.error("something follows the value"));
        }
        Ok(value)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// From so many keys on, a dict's keys are looked up by hash while it is read.
const MANY_KEYS: usize = 16;

impl<'a> Reader<'a> {
    fn error(&self, what: &'static str) -> JsonError {
        JsonError { at: self.at, what }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error("no value begins so"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nests too deep"));
        }
        match self.peek() {
            Some(b'"') => Ok(Value::Str(self.string()?)),
            Some(b'{') => self.dict(depth),
            Some(b'[') => self.list(depth),
            Some(b'n') => self.word("null", Value::Null),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'N') => self.word("NaN", Value::Float(f64::NAN)),
            Some(b'I') => self.word("Infinity", Value::Float(f64::INFINITY)),
            Some(b'-') if self.text.as_bytes().get(self.at + 1) == Some(&b'I') => {
                self.word("-Infinity", Value::Float(f64::NEG_INFINITY))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error("a value is missing")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.error("`,` or `]` is missing"));
            }
        }
    }

    fn dict(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        self.at += 1;
        let mut entries = Entries::default();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Dict(Vec::new()));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a key is missing"));
            }
            let key = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.error("`:` is missing"));
            }
            self.space();
            let value = self.value(depth + 1)?;
            entries.insert(Key::Text(key), value);
            self.space();
            if self.take(b'}') {
                return Ok(Value::Dict(entries.list));
            }
            if !self.take(b',') {
                return Err(self.error("`,` or `}` is missing"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Value<'a>, JsonError> {
        let from = self.at;
        self.take(b'-');
        let first = self.at;
        let mut whole = self.digits();
        if whole > 1 && self.text.as_bytes()[first] == b'0' {
            // A zero ends a number; what follows it is for the caller to refuse.
            self.at = first + 1;
            whole = 1;
        }
        if whole == 0 {
            return Err(self.error("a digit is missing"));
        }
        let mut float = false;
        let back = self.at;
        if self.take(b'.') {
            if self.digits() > 0 {
                float = true;
            } else {
                self.at = back;
            }
        }
        let back = self.at;
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if self.digits() > 0 {
                float = true;
            } else {
                self.at = back;
            }
        }
        let text = &self.text[from..self.at];
        if float {
            return text.parse().map(Value::Float).map_err(|_| self.error("no number"));
        }
        if whole > MAX_DIGITS {
            return Err(JsonError { at: from, what: "an integer has more than 4300 digits" });
        }
        Int::from_decimal(text).map(Value::Int).ok_or_else(|| self.error("no number"))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let from = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(Cow::Borrowed(&self.text[from..self.at - 1]));
                }
                b'\\' => break,
                0..0x20 => return Err(self.error("a control character in a string")),
                _ => self.at += 1,
            }
        }
        let mut out = String::from(&self.text[from..self.at]);
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(Cow::Owned(out));
                }
                b'\\' => out.push(self.escape()?),
                0..0x20 => return Err(self.error("a control character in a string")),
                _ => {
                    let plain = self.at;
                    while self.at < bytes.len() && bytes[self.at] >= 0x20 && !matches!(bytes[self.at], b'"' | b'\\') {
                        self.at += 1;
                    }
                    out.push_str(&self.text[plain..self.at]);
                }
            }
        }
        Err(self.error("a string has no end"))
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let what = self.text.as_bytes().get(self.at + 1).copied();
        self.at += 2;
        Ok(match what {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.four().ok_or_else(|| self.error("four hexadecimal digits are missing"))?;
                self.pair(first)
            }
            _ => {
                self.at -= 2;
                return Err(self.error("no escape"));
            }
        })
    }

    /// The character of a code unit, with the second half of its pair where it is a first half.
    fn pair(&mut self, first: u32) -> char {
        let back = self.at;
        if (0xd800..0xdc00).contains(&first)
            && self.take(b'\\')
            && self.take(b'u')
            && let Some(second @ 0xdc00..0xe000) = self.four()
        {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        self.at = back;
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn four(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + char::from(*digit).to_digit(16)?;
        }
        self.at += 4;
        Some(code)
    }
}

/// A dict while it is read: a key that comes again keeps its place and takes the new value.
#[derive(Default)]
pub(super) struct Entries<'a> {
    pub(super) list: Vec<(Key<'a>, Value<'a>)>,
    places: HashMap<String, usize>,
}

impl<'a> Entries<'a> {
    pub(super) fn insert(&mut self, key: Key<'a>, value: Value<'a>) {
        let place = if self.list.len() < MANY_KEYS {
            self.list.iter().position(|(k, _)| *k == key)
        } else {
            if self.places.is_empty() {
                self.places = self.list.iter().enumerate().map(|(at, (k, _))| (hashed(k), at)).collect();
            }
            let next = self.list.len();
            let place = *self.places.entry(hashed(&key)).or_insert(next);
            Some(place).filter(|place| *place < next)
        };
        match place {
            Some(place) => self.list[place].1 = value,
            None => self.list.push((key, value)),
        }
    }
}

/// A text that only equal keys share.
fn hashed(key: &Key<'_>) -> String {
    match key {
        Key::Text(text) => format!("t{text}"),
        Key::Other(other) => format!("o{other}"),
    }
}

//! Python's string literals.

use super::syntax::Constant;

/// The letters before a string's quote; `None` where none begins here.
pub(super) fn prefix(text: &str) -> Option<&str> {
    let letters = text.bytes().take(3).take_while(u8::is_ascii_alphabetic).count();
    let known =
        matches!(text[..letters].to_ascii_lowercase().as_str(), "" | "r" | "u" | "b" | "f" | "br" | "rb" | "fr" | "rf");
    (known && text[letters..].starts_with(['\'', '"'])).then(|| &text[..letters])
}

/// The literal with which a text begins, and how long it is.
pub(super) fn read(text: &str) -> Result<(Constant, usize), &'static str> {
    let letters = prefix(text).unwrap_or_default();
    let has = |letter: char| letters.chars().any(|c| c.eq_ignore_ascii_case(&letter));
    if has('f') {
        return Err("f-strings are not read");
    }
    let body = &text[letters.len()..];
    let quote = &body[..1];
    let triple = body.starts_with(&quote.repeat(3));
    let delimiter = if triple { quote.repeat(3) } else { quote.to_owned() };
    let from = letters.len() + delimiter.len();
    let length = end(&text[from..], &delimiter, triple).ok_or("a string has no end")?;
    let (raw, inner) = (has('r'), &text[from..from + length]);
    let total = from + length + delimiter.len();
    if has('b') {
        return Ok((Constant::Bytes(bytes(inner, raw)?), total));
    }
    let value = if raw { inner.to_owned() } else { unescaped(inner)? };
    Ok((Constant::Text(value, letters == "u"), total))
}

/// Where the delimiter stands.
fn end(text: &str, delimiter: &str, triple: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' if !triple => return None,
            _ if bytes[at..].starts_with(delimiter.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Bytes compare equal to nothing that an answer holds; their source is all that is ever shown of them.
fn bytes(inner: &str, raw: bool) -> Result<Vec<u8>, &'static str> {
    if !inner.is_ascii() {
        return Err("bytes are ASCII");
    }
    if raw {
        return Ok(inner.into());
    }
    let mut out = Vec::new();
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = &rest[1..];
        if c != '\\' {
            out.push(c as u8);
            continue;
        }
        let (escaped, length) = simple_escape(rest)?;
        match escaped {
            // A byte holds the last eight bits of an octal escape.
            #[allow(clippy::cast_possible_truncation, reason = "which is meant")]
            Some(code) => out.push(code as u8),
            None if rest.starts_with('\n') => {}
            None => {
                out.push(b'\\');
                continue;
            }
        }
        rest = &rest[length..];
    }
    Ok(out)
}

fn unescaped(inner: &str) -> Result<String, &'static str> {
    let mut out = String::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let wide = match rest.as_bytes().first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(b'N') => return Err("names of characters are not read"),
            _ => 0,
        };
        let (code, length) =
            if wide > 0 { (Some(hexadecimal(&rest[1..], wide)?), 1 + wide) } else { simple_escape(rest)? };
        match code {
            // Half of a surrogate pair is kept by Python; here it is replaced.
            Some(code @ 0..=0x10_ffff) => out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
            Some(_) => return Err("no character has this number"),
            None if rest.starts_with('\n') => {}
            None => {
                out.push('\\');
                continue;
            }
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The number and length of an escape that texts and bytes share; no number for a line's continuation, and for
/// what is no escape.
fn simple_escape(rest: &str) -> Result<(Option<u32>, usize), &'static str> {
    let Some(first) = rest.bytes().next() else { return Err("a string has no end") };
    let code = match first {
        b'\n' => return Ok((None, 1)),
        b'\\' | b'\'' | b'"' => u32::from(first),
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => 10,
        b'r' => 13,
        b't' => 9,
        b'v' => 11,
        b'x' => return Ok((Some(hexadecimal(&rest[1..], 2)?), 3)),
        b'0'..=b'7' => {
            let length = rest.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            return Ok((u32::from_str_radix(&rest[..length], 8).ok(), length));
        }
        _ => return Ok((None, 0)),
    };
    Ok((Some(code), 1))
}

fn hexadecimal(rest: &str, length: usize) -> Result<u32, &'static str> {
    let digits = rest.get(..length).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or("hexadecimal digits are missing")
}

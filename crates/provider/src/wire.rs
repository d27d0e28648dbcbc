//! Writing JSON pieces, and what is passed back of a call that servers would not take as it is.

use crate::Toolbox;
use mocktrial_trajectory::{Arguments, Part};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Arguments that are no JSON object are passed back up to this many bytes.
const ECHOED: usize = 16 << 10;

/// Writes a value.
pub(crate) fn put(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Writing plain data into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

/// Writes the content of a message as OpenAI's two dialects have it: a text where it is one, else its parts.
pub(crate) fn put_parts(out: &mut Vec<u8>, parts: &[Part], part: fn(&Part) -> Value) {
    match parts {
        [] => put(out, ""),
        [Part::Text { text }] => put(out, text),
        several => put(out, &several.iter().map(part).collect::<Vec<_>>()),
    }
}

/// Writes a further field of an object.
pub(crate) fn field(out: &mut Vec<u8>, key: &str, value: &(impl Serialize + ?Sized)) {
    out.push(b',');
    put(out, key);
    out.push(b':');
    put(out, value);
}

/// A derived seed as it is sent: servers read it as a signed 32-bit number at worst.
pub(crate) fn wire_seed(seed: u64) -> u64 {
    (seed ^ (seed >> 32)) & 0x7fff_ffff
}

/// A call's name as it is passed back: as the model wrote it where it names a tool, or might; else
/// with what servers take for a name (`longest` bytes of ASCII letters, digits, `_`, `-` and `also`), because
/// one that they do not take makes them refuse the whole conversation.
pub(crate) fn sendable_name<'a>(name: &'a str, tools: &Toolbox, longest: usize, also: &str) -> Cow<'a, str> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || also.contains(c);
    let sendable = (1..=longest).contains(&name.len()) && name.chars().all(good);
    if sendable || tools.tools().iter().any(|tool| tool.name == name) {
        return Cow::Borrowed(name);
    }
    if name.is_empty() {
        return Cow::Borrowed("unnamed");
    }
    Cow::Owned(name.chars().take(longest).map(|c| if good(c) { c } else { '_' }).collect())
}

/// Arguments as they are passed back, always the text of a JSON object: the text the model wrote where it
/// is one; else inside one, because servers that parse them would refuse the whole conversation.
pub(crate) fn sendable_arguments(arguments: &Arguments) -> Cow<'_, str> {
    let text = arguments.text.trim();
    match arguments.value() {
        Some(_) if text.starts_with('{') && text.ends_with('}') => Cow::Borrowed(&arguments.text),
        Some(value) => Cow::Owned(value.to_string()),
        None => {
            let mut end = arguments.text.len().min(ECHOED);
            while !arguments.text.is_char_boundary(end) {
                end -= 1;
            }
            Cow::Owned(json!({"malformed_arguments": &arguments.text[..end]}).to_string())
        }
    }
}

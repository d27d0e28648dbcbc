//! What the user says, with the pictures, sounds and documents that go with it.

use super::document::Document;
use super::files::{UserFile, UserMessageFile};
use super::names;
use super::reading::Reader;
use super::source::printable;
use crate::user::UserMessage;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mocktrial_trajectory::{Digest, Media, Part};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;

/// The most bytes of one file. Providers take no more than about this in one request.
const LARGEST: u64 = 20 << 20;

/// The kinds of files, by extension.
const KINDS: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
];

/// Reads the messages of a scenario's `user`; mistakes are noted at their text.
pub(super) fn user(reader: &mut Reader, document: &Document, user: &UserFile) -> Vec<UserMessage> {
    let mut messages = Vec::new();
    let written = match user {
        UserFile::One(text) => &[UserMessageFile::Text(text.clone())][..],
        UserFile::Many(many) => many.as_slice(),
    };
    for (i, message) in written.iter().enumerate() {
        let at = |more: &[&str]| {
            let mut at = vec!["user".to_owned(), i.to_string()];
            at.extend(more.iter().map(|&key| key.to_owned()));
            document.root.span_at(&at)
        };
        match message {
            UserMessageFile::Text(text) => {
                if text.trim().is_empty() {
                    let hint = "say what the user wants; for an agent that must act unasked, let the user say so";
                    reader.mistakes.push(document.source.mistake(at(&[]), "the user says nothing here").hint(hint));
                }
                messages.push(text.clone().into());
            }
            UserMessageFile::WithFiles(with) => {
                let mut attachments = Vec::new();
                for (n, name) in with.attach.iter().enumerate() {
                    let span = at(&["attach", &n.to_string()]);
                    let Some(path) = reader.follow(&document.source, span, name) else { continue };
                    let known = reader.attachments.get(&path).cloned();
                    match known.map_or_else(|| attachment(&path, name), Ok) {
                        Ok(part) => {
                            reader.attachments.insert(path, part.clone());
                            attachments.push(part);
                        }
                        Err((message, hint)) => {
                            reader.mistakes.push(document.source.mistake(span, message).hint(hint));
                        }
                    }
                }
                messages.push(UserMessage { text: with.text.clone(), attachments });
            }
        }
    }
    messages
}

fn attachment(path: &Path, name: &str) -> Result<Part, (String, String)> {
    let shown = printable(name);
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let Some((_, mime)) = KINDS.iter().find(|(known, _)| *known == extension) else {
        let known: Vec<&str> = KINDS.iter().map(|(extension, _)| *extension).collect();
        let message = format!("what kind of file `{shown}` is, its extension does not say");
        return Err((message, format!("known are {}", names::list(&known))));
    };
    let unreadable =
        |error: std::io::Error| (format!("`{shown}` cannot be read: {error}"), "see whether it is there".to_owned());
    // Asked before it is opened: to open a pipe waits for somebody who writes into it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err((format!("`{shown}` is not a file"), "name a file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.is_empty() || bytes.len() as u64 > LARGEST {
        let message =
            format!("`{shown}` is empty, or larger than the {} MiB that may go with a message", LARGEST >> 20);
        return Err((message, "name another file".to_owned()));
    }
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Part::from(Media::base64(*mime, STANDARD.encode(bytes)).named(file_name)))
}

/// What the messages are, for the hash of the instrument: files by the hash of their content.
pub(super) fn identity(messages: &[UserMessage]) -> Value {
    let one = |message: &UserMessage| {
        if message.attachments.is_empty() {
            return Value::from(message.text.as_str());
        }
        let files: Vec<String> = message.attachments.iter().map(|part| Digest::of(&json!(part)).to_string()).collect();
        json!({"text": message.text, "attachments": files})
    };
    messages.iter().map(one).collect()
}

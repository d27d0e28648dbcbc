//! From a response's bytes to a reply, whatever the dialect.

use crate::dialect::{Assemble, Dialect, dialect};
use crate::error::Failure;
use crate::mend::excerpt;
use crate::sse::{Events, TooLong};
use crate::{Kind, ProviderError, Reply, failure};
use mocktrial_trajectory::has_private_key;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What a dialect makes of the body of a response with status 200: one object or a stream of events.
///
/// ```
/// let body = br#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;
/// let reply = mocktrial_provider::read_response("chat", body)?;
/// assert_eq!(reply.content[0].as_text(), Some("Hi."));
/// # Ok::<(), mocktrial_provider::ProviderError>(())
/// ```
///
/// # Errors
/// As [`Model::respond`](crate::Model::respond) would give it; [`Kind::Bug`] where no dialect has that name.
pub fn read_response(name: &str, body: &[u8]) -> Result<Reply, ProviderError> {
    read(known(name)?, body, 0).map_err(|failure| failure.of(None, None))
}

/// The same for a stream of events that arrives in pieces. However it is cut, the reply is the same.
///
/// # Errors
/// As [`read_response`].
pub fn read_stream<'a>(name: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Reply, ProviderError> {
    let mut stream = Stream::new(known(name)?);
    let pushed = pieces.into_iter().try_for_each(|piece| stream.push(piece));
    pushed.and_then(|()| stream.finish(0)).map_err(|failure| failure.of(None, None))
}

fn known(name: &str) -> Result<&'static dyn Dialect, ProviderError> {
    dialect(name).ok_or_else(|| ProviderError::new(Kind::Bug, format!("there is no dialect `{name}`")))
}

/// A string that borrows where it has no escapes.
#[derive(serde::Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The text of a JSON string; of a number, its digits. `None` for anything else.
pub(crate) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    match raw.get().as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|t| t.0),
        b'0'..=b'9' | b'-' => Some(Cow::Borrowed(raw.get())),
        _ => None,
    }
}

/// Reads the body of a response with status 200, streamed or not: what it is, its bytes say.
///
/// `turn` is the request's number in the episode, for call ids that have to be made.
pub(crate) fn read(dialect: &dyn Dialect, body: &[u8], turn: u32) -> Result<Reply, Failure> {
    read_body(dialect, body, turn).map_err(|failure| match failure.kind {
        // The parameters were taken before: it is the conversation.
        Kind::Rejected if turn > 0 => Failure::new(Kind::ConversationRejected, failure.message),
        _ => failure,
    })
}

fn read_body(dialect: &dyn Dialect, body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let start = body.iter().position(|b| !b.is_ascii_whitespace()).map_or(body, |at| &body[at..]);
    match start.first() {
        None => Err(Failure::new(Kind::Unreadable, "the response is empty")),
        Some(b'{' | b'[') if has_private_key(start) => Err(hostile()),
        Some(b'{') => dialect.read_whole(body, turn),
        Some(b'[') => dialect.read_list(body, turn),
        Some(b'<') => {
            let text = String::from_utf8_lossy(&body[..body.len().min(64 << 10)]);
            let page = failure::page(&text).unwrap_or_default();
            Err(Failure::new(Kind::Unreadable, format!("the response is not JSON but {page}")))
        }
        Some(_)
            if [&b"data"[..], b"event", b":", b"id", b"retry", b"\xef\xbb\xbf"]
                .iter()
                .any(|p| start.starts_with(p)) =>
        {
            let mut stream = Stream::new(dialect);
            stream.push(body)?;
            stream.finish(turn)
        }
        Some(_) => Err(unreadable("the response is neither JSON nor a stream of events", body)),
    }
}

/// A body that would be read as something else than it says. No server writes such a key by itself: it is the
/// model's own, in the arguments of a call.
fn hostile() -> Failure {
    Failure::new(Kind::Malformed, "the model wrote a key that the JSON reader keeps for itself")
}

/// A body that is not what it should be.
pub(crate) fn unreadable(what: &str, body: &[u8]) -> Failure {
    Failure::new(
        Kind::Unreadable,
        format!("{what}: {}", excerpt(&String::from_utf8_lossy(&body[..body.len().min(1024)]))),
    )
}

/// Reads the data of an event. One that cannot be read is lost: part of the answer may be in it.
pub(crate) fn event<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, Failure> {
    // serde would take a list for a struct, field by field.
    if data.starts_with(b"[") {
        return Err(unreadable("an event of the stream is a list, which it should not be", data));
    }
    serde_json::from_slice(data).map_err(|e| lost(&e, data))
}

/// An event that cannot be read.
pub(crate) fn lost(e: &serde_json::Error, data: &[u8]) -> Failure {
    unreadable(&format!("an event of the stream cannot be read ({e})"), data)
}

/// Takes a stream's bytes in any pieces; any split gives the same reply.
pub(crate) struct Stream {
    events: Events,
    told: Told,
}

/// What the events have told.
struct Told {
    assembler: Box<dyn Assemble>,
    result: Result<(), Failure>,
    /// Whether the stream has said that it is whole: what comes after that is not looked at.
    done: bool,
}

impl Stream {
    pub(crate) fn new(dialect: &dyn Dialect) -> Self {
        Self { events: Events::default(), told: Told { assembler: dialect.assembler(), result: Ok(()), done: false } }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let told = &mut self.told;
        self.events.push(bytes, &mut |name, data| told.event(name, data)).map_err(too_long)?;
        told.result.clone()
    }

    pub(crate) fn finish(mut self, turn: u32) -> Result<Reply, Failure> {
        let told = &mut self.told;
        self.events.finish(&mut |name, data| told.event(name, data)).map_err(too_long)?;
        self.told.result?;
        self.told.assembler.finish(turn, self.told.done)
    }
}

impl Told {
    fn event(&mut self, name: &[u8], data: &[u8]) {
        if self.result.is_ok() {
            self.result = self.take(name, data.trim_ascii());
        }
    }

    fn take(&mut self, name: &[u8], data: &[u8]) -> Result<(), Failure> {
        if self.done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        // An error need not be JSON.
        if name == b"error" {
            return Err(failure::embedded(&String::from_utf8_lossy(data)));
        }
        if !data.starts_with(b"{") && !data.starts_with(b"[") {
            let text = || format!("not an event, passed over: {}", excerpt(&String::from_utf8_lossy(data)));
            self.assembler.mender().mend_piece("unparseable_event", text);
            return Ok(());
        }
        if has_private_key(data) {
            return Err(hostile());
        }
        self.done = self.assembler.event(name, data)?;
        Ok(())
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn too_long(_: TooLong) -> Failure {
    Failure {
        retry: false,
        advice: None,
        ..Failure::new(Kind::Unreadable, "an event of the stream is too long to be read")
    }
}

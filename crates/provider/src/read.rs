//! From a response's bytes to a reply, whatever the dialect.

use crate::dialect::{Assemble, Dialect};
use crate::error::Failure;
use crate::mend::excerpt;
use crate::sse::{Events, TooLong};
use crate::{Kind, Reply, failure};

/// Reads the body of a response with status 200, streamed or not: what it is, its bytes say.
///
/// `turn` is the request's number in the episode, for call ids that have to be made.
pub(crate) fn read(dialect: &dyn Dialect, body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let start = body.iter().position(|b| !b.is_ascii_whitespace()).map_or(body, |at| &body[at..]);
    match start.first() {
        None => Err(Failure::new(Kind::Unreadable, "the response is empty")),
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

/// A body that is not what it should be.
pub(crate) fn unreadable(what: &str, body: &[u8]) -> Failure {
    Failure::new(
        Kind::Unreadable,
        format!("{what}: {}", excerpt(&String::from_utf8_lossy(&body[..body.len().min(1024)]))),
    )
}

/// Takes a stream's bytes in any pieces; any split gives the same reply.
pub(crate) struct Stream {
    events: Events,
    assembler: Box<dyn Assemble>,
}

impl Stream {
    pub(crate) fn new(dialect: &dyn Dialect) -> Self {
        Self { events: Events::default(), assembler: dialect.assembler() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut result = Ok(());
        let assembler = &mut self.assembler;
        let pushed = self.events.push(bytes, &mut |name, data| {
            if result.is_ok() {
                result = assembler.event(name, data);
            }
        });
        pushed.map_err(too_long).and(result)
    }

    pub(crate) fn finish(mut self, turn: u32) -> Result<Reply, Failure> {
        let mut result = Ok(());
        let assembler = &mut self.assembler;
        let ended = self.events.finish(&mut |name, data| {
            if result.is_ok() {
                result = assembler.event(name, data);
            }
        });
        ended.map_err(too_long).and(result)?;
        self.assembler.finish(turn)
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

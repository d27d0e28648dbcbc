//! Assembling a reply from a stream of responses, each a piece of the whole.

use super::response::{Envelope, Reading};
use crate::dialect::Assemble;
use crate::error::Failure;
use crate::mend::excerpt;
use crate::read::unreadable;
use crate::{Kind, Reply, failure};
use serde_json::value::RawValue;

#[derive(Debug, Default)]
pub(super) struct Assembler {
    reading: Reading,
    done: bool,
}

impl Assemble for Assembler {
    fn event(&mut self, name: &[u8], data: &[u8]) -> Result<(), Failure> {
        let data = data.trim_ascii();
        if self.done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        if name == b"error" {
            return Err(failure::embedded(&String::from_utf8_lossy(data)));
        }
        match data.first() {
            Some(b'[') => self.list(data),
            Some(b'{') => self.chunk(data),
            _ => {
                let text = || format!("not a chunk, passed over: {}", excerpt(&String::from_utf8_lossy(data)));
                self.reading.draft.mender.mend_piece("unparseable_chunk", text);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>, turn: u32) -> Result<Reply, Failure> {
        if !self.reading.is_ended() && !self.done {
            return Err(Failure::new(Kind::Connection, "the stream stopped before its end"));
        }
        self.reading.finish(turn, |what| Failure::new(Kind::Unreadable, what))
    }
}

impl Assembler {
    /// Takes a chunk. One that cannot be read is lost: part of the answer may be in it.
    fn chunk(&mut self, data: &[u8]) -> Result<(), Failure> {
        let envelope: Envelope<'_> = serde_json::from_slice(data)
            .map_err(|e| unreadable(&format!("a chunk of the stream cannot be read ({e})"), data))?;
        self.reading.absorb(envelope)
    }

    fn list(&mut self, data: &[u8]) -> Result<(), Failure> {
        let chunks: Vec<&RawValue> = serde_json::from_slice(data)
            .map_err(|e| unreadable(&format!("a list of chunks cannot be read ({e})"), data))?;
        chunks.into_iter().try_for_each(|chunk| self.chunk(chunk.get().as_bytes()))
    }
}

/// Reads a stream that came as a list, which is how Google sends one without `alt=sse`.
pub(super) fn read_list(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let mut assembler = Box::<Assembler>::default();
    assembler.list(body)?;
    assembler.finish(turn)
}

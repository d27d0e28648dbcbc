//! Assembling a reply from a stream of responses, each a piece of the whole.

use super::response::{Envelope, Reading};
use crate::dialect::Assemble;
use crate::error::Failure;
use crate::mend::Mender;
use crate::read::{self, unreadable};
use crate::{Kind, Reply};
use serde_json::value::RawValue;

#[derive(Debug, Default)]
pub(super) struct Assembler {
    reading: Reading,
}

impl Assemble for Assembler {
    fn event(&mut self, _name: &[u8], data: &[u8]) -> Result<bool, Failure> {
        if data.starts_with(b"[") {
            self.list(data)?;
        } else {
            self.chunk(data)?;
        }
        Ok(false)
    }

    fn mender(&mut self) -> &mut Mender {
        &mut self.reading.draft.mender
    }

    fn finish(self: Box<Self>, turn: u32, done: bool) -> Result<Reply, Failure> {
        if !self.reading.is_ended() && !done {
            return Err(Failure::new(Kind::Connection, "the stream stopped before its end"));
        }
        self.reading.finish(turn, |what| Failure::new(Kind::Unreadable, what))
    }
}

impl Assembler {
    fn chunk(&mut self, data: &[u8]) -> Result<(), Failure> {
        let envelope: Envelope<'_> = read::event(data)?;
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
    assembler.finish(turn, false)
}

//! Assembling a reply from a stream of chunks.

use super::draft::{Draft, DraftCall};
use super::message::CallPiece;
use super::response::Envelope;
use crate::dialect::Assemble;
use crate::error::Failure;
use crate::mend::Mender;
use crate::{Kind, Reply, read};

#[derive(Debug, Default)]
pub(super) struct Assembler {
    draft: Draft,
    /// The call that was last written to.
    current: Option<usize>,
    chunks: usize,
    odd_index: bool,
}

impl Assemble for Assembler {
    fn event(&mut self, _name: &[u8], data: &[u8]) -> Result<bool, Failure> {
        let envelope: Envelope<'_> = read::event(data)?;
        envelope.absorb_into(&mut self.draft)?;
        for choice in envelope.choices.unwrap_or_default() {
            if choice.index.is_some_and(|i| i > 0) {
                self.draft.mender.mend_once("extra_choices", "more than one choice came; the first is taken");
                continue;
            }
            self.chunks += 1;
            choice.absorb_finish(&mut self.draft)?;
            // Some servers end a stream with a whole message.
            if let Some(piece) = choice.delta.or(choice.message) {
                self.draft.absorb(&piece);
                for call in &piece.calls {
                    self.call(call);
                }
            }
        }
        Ok(false)
    }

    fn mender(&mut self) -> &mut Mender {
        &mut self.draft.mender
    }

    fn finish(self: Box<Self>, turn: u32, done: bool) -> Result<Reply, Failure> {
        let Self { draft, chunks, .. } = *self;
        if draft.finish.is_none() && !done {
            return Err(Failure::new(Kind::Connection, "the stream stopped before its end"));
        }
        if chunks == 0 {
            return Err(Failure::new(Kind::Unreadable, "the stream has no choices"));
        }
        Ok(draft.finish(turn))
    }
}

impl Assembler {
    fn call(&mut self, delta: &CallPiece<'_>) {
        let at = self.place(delta);
        self.current = Some(at);
        let call = &mut self.draft.calls[at];
        if let Some(id) = &delta.id
            && call.id.is_empty()
        {
            call.id.push_str(id);
        }
        call.absorb(&delta.function);
        call.absorb_extra(&delta.extra);
    }

    /// Which call a delta belongs to: by its id where it has one, else by its index, else the call
    /// that was last written to. A new id, or a name after whole arguments, begins another call.
    fn place(&mut self, delta: &CallPiece<'_>) -> usize {
        let id = delta.id.as_deref().filter(|id| !id.is_empty() && *id != "null");
        let name = delta.function.name.as_deref().filter(|n| !n.is_empty());
        let calls = &self.draft.calls;
        // The latest one: an index that collides belongs to the call that took it last.
        let by_index = delta.index.and_then(|i| calls.iter().rposition(|c| c.index == Some(i)));
        if let Some(id) = id {
            if let Some(at) = calls.iter().rposition(|c| c.id == id) {
                return at;
            }
            return match by_index {
                // The id comes late.
                Some(at) if calls[at].id.is_empty() && name.is_none() => at,
                Some(_) => {
                    let text = format!("call `{id}` came with the index of another call; read as a call of its own");
                    self.draft.mender.mend("colliding_call_index", text);
                    self.begin(delta)
                }
                None => self.begin(delta),
            };
        }
        let known = match delta.index {
            Some(_) => by_index,
            None => self.current,
        };
        match (known, name) {
            (Some(at), Some(name))
                if !calls[at].name.is_empty() && (calls[at].name != name || calls[at].is_whole()) =>
            {
                if delta.index.is_some() {
                    let text =
                        format!("a call of `{name}` came with the index of another call; read as a call of its own");
                    self.draft.mender.mend("colliding_call_index", text);
                }
                self.begin(delta)
            }
            (Some(at), _) => at,
            (None, None) if self.current.is_some() => {
                if !std::mem::replace(&mut self.odd_index, true) {
                    let text = "arguments came with the index of no call; added to the call before them";
                    self.draft.mender.mend("odd_call_index", text);
                }
                self.current.unwrap_or_default()
            }
            (None, _) => self.begin(delta),
        }
    }

    fn begin(&mut self, delta: &CallPiece<'_>) -> usize {
        self.draft.calls.push(DraftCall { index: delta.index, ..DraftCall::default() });
        self.draft.calls.len() - 1
    }
}

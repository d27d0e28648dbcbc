//! From a response's bytes to a reply.

use super::draft::{Draft, DraftCall};
use super::message::{Piece, text};
use crate::error::Failure;
use crate::logprob::logprobs;
use crate::mend::excerpt;
use crate::read::unreadable;
use crate::{Kind, Reply, failure, usage};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A whole response, or a chunk of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    system_fingerprint: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
    /// Groq's place for the usage of a stream.
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

#[derive(Debug, Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, default)]
    pub(super) message: Option<Piece<'a>>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Piece<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) index: Option<i64>,
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// Takes what is not in a choice.
    pub(super) fn absorb_into(&self, draft: &mut Draft) -> Result<(), Failure> {
        if let Some(error) = self.error.filter(|e| e.get() != "null") {
            return Err(failure::embedded(error.get()));
        }
        let served = &mut draft.served;
        for (raw, field) in [
            (self.model, &mut served.model),
            (self.system_fingerprint, &mut served.fingerprint),
            (self.service_tier, &mut served.tier),
        ] {
            if field.is_none() {
                *field = raw.and_then(text).filter(|t| !t.is_empty()).map(Cow::into_owned);
            }
        }
        if let Some(raw) = self.usage.or(self.x_groq.as_ref().and_then(|g| g.usage)).filter(|u| u.get() != "null") {
            draft.usage = usage::openai(raw.get(), &mut draft.mender).or(draft.usage);
        }
        Ok(())
    }
}

impl Choice<'_> {
    /// Takes why it stopped, and how probable it was.
    pub(super) fn absorb_finish(&self, draft: &mut Draft) -> Result<(), Failure> {
        if let Some(error) = self.error.filter(|e| e.get() != "null") {
            return Err(failure::embedded(error.get()));
        }
        if let Some(raw) = self.logprobs {
            absorb_logprobs(raw, draft);
        }
        match self.finish_reason.as_deref() {
            Some("error") => Err(Failure::new(Kind::ServerError, "the response ends with finish_reason `error`")),
            Some(reason) if !reason.is_empty() => {
                draft.finish = Some(reason.to_owned());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Reads a body that is one object.
pub(super) fn read_whole(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|e| unreadable(&format!("the response cannot be read ({e})"), body))?;
    let mut draft = Draft::default();
    envelope.absorb_into(&mut draft)?;
    let choices = envelope.choices.unwrap_or_default();
    if choices.len() > 1 {
        draft.mender.mend("extra_choices", format!("{} choices came; the first is taken", choices.len()));
    }
    let Some(choice) = choices.into_iter().next() else {
        return Err(unreadable("the response has no choices", body));
    };
    choice.absorb_finish(&mut draft)?;
    let Some(piece) = choice.message.or(choice.delta) else {
        return Err(unreadable("the choice has no message", body));
    };
    draft.absorb(&piece);
    for call in piece.calls {
        let mut made = DraftCall { id: call.id.unwrap_or_default().into_owned(), ..DraftCall::default() };
        made.absorb(&call.function);
        made.absorb_extra(&call.extra);
        draft.calls.push(made);
    }
    Ok(draft.finish(turn))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireLogprobs<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

fn absorb_logprobs(raw: &RawValue, draft: &mut Draft) {
    if raw.get() == "null" {
        return;
    }
    let read = serde_json::from_str::<WireLogprobs<'_>>(raw.get()).ok();
    match read.and_then(|wire| logprobs(wire.content.map_or("null", RawValue::get))) {
        Some(tokens) => draft.logprobs.extend(tokens),
        None => draft.mender.mend_piece("unreadable_logprobs", || {
            format!("logprobs are not what they should be: {}", excerpt(raw.get()))
        }),
    }
}

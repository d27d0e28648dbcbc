//! From a response's bytes to a reply.

use super::draft::{Draft, DraftCall};
use super::message::{Piece, text};
use crate::error::Failure;
use crate::logprob::logprobs;
use crate::mend::excerpt;
use crate::read::unreadable;
use crate::usage::tokens;
use crate::{Kind, Reply, failure};
use mocktrial_trajectory::Usage;
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
            absorb_usage(raw, draft);
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
struct WireUsage {
    prompt_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    total_tokens: Option<f64>,
    prompt_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
    /// DeepSeek's name for cached tokens.
    prompt_cache_hit_tokens: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InputDetails {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    reasoning_tokens: Option<f64>,
}

fn absorb_usage(raw: &RawValue, draft: &mut Draft) {
    let Ok(wire) = serde_json::from_str::<WireUsage>(raw.get()) else {
        draft
            .mender
            .mend_piece("unreadable_usage", || format!("usage is not what it should be: {}", excerpt(raw.get())));
        return;
    };
    let (Some(input), Some(output)) = (wire.prompt_tokens, wire.completion_tokens) else {
        if wire.prompt_tokens.is_some() || wire.completion_tokens.is_some() || wire.total_tokens.is_some() {
            draft
                .mender
                .mend_piece("partial_usage", || format!("usage lacks a part and is left out: {}", excerpt(raw.get())));
        }
        return;
    };
    let details = wire.prompt_tokens_details.unwrap_or_default();
    let reasoning = tokens(wire.completion_tokens_details.and_then(|d| d.reasoning_tokens));
    let mut usage = Usage {
        input: tokens(Some(input)),
        output: tokens(Some(output)),
        cached: tokens(details.cached_tokens.or(wire.prompt_cache_hit_tokens)),
        cache_written: tokens(details.cache_write_tokens),
        reasoning,
    };
    // xAI counts reasoning beside the output and not in it; the total tells.
    if reasoning > 0 && tokens(wire.total_tokens) == usage.total().saturating_add(reasoning) {
        usage.output = usage.output.saturating_add(reasoning);
        let detail = "reasoning tokens were not counted as output; they are now";
        draft.mender.mend_once("reasoning_beside_output", detail);
    }
    draft.usage = Some(usage);
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

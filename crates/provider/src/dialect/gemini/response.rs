//! From a response's bytes to a reply: what surrounds the parts.

use super::draft::Draft;
use crate::error::Failure;
use crate::mend::excerpt;
use crate::read::text;
use crate::read::unreadable;
use crate::usage::tokens;
use crate::{Kind, Reply, failure};
use mocktrial_trajectory::{Alternative, Logprob, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The names of a model and of a response are kept up to this many characters.
const LONGEST_LABEL: usize = 256;

/// A whole response, or a chunk of a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow, default)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow, default, alias = "prompt_feedback")]
    prompt_feedback: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "usage_metadata")]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "model_version")]
    model_version: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "response_id")]
    response_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default, alias = "finish_reason")]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "finish_message")]
    finish_message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "logprobs_result")]
    logprobs_result: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<&'a RawValue>>,
}

/// What came of the envelopes so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) draft: Draft,
    candidates: usize,
    /// Why the prompt was blocked.
    blocked: Option<String>,
}

impl Reading {
    pub(super) fn absorb(&mut self, envelope: Envelope<'_>) -> Result<(), Failure> {
        if let Some(error) = envelope.error.filter(|e| e.get() != "null") {
            return Err(failure::embedded(error.get()));
        }
        if let Some(raw) = envelope.prompt_feedback {
            self.blocked = self.blocked.take().or_else(|| blocked(raw));
        }
        let draft = &mut self.draft;
        for (raw, field) in
            [(envelope.model_version, &mut draft.served.model), (envelope.response_id, &mut draft.response_id)]
        {
            if field.is_none() {
                *field = raw.and_then(text).filter(|t| !t.is_empty()).map(|t| t.chars().take(LONGEST_LABEL).collect());
            }
        }
        if let Some(raw) = envelope.usage_metadata.filter(|u| u.get() != "null") {
            absorb_usage(raw, draft);
        }
        for (at, candidate) in envelope.candidates.unwrap_or_default().into_iter().enumerate() {
            let index = candidate.index.and_then(text).and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
            if at > 0 || index > 0 {
                draft.mender.mend_once("extra_candidates", "more than one candidate came; the first is taken");
                continue;
            }
            self.candidates += 1;
            candidate.absorb_into(draft)?;
        }
        Ok(())
    }

    /// Whether the server said that nothing more comes.
    pub(super) fn is_ended(&self) -> bool {
        self.draft.finish.is_some() || self.is_blocked()
    }

    fn is_blocked(&self) -> bool {
        self.candidates == 0 && self.blocked.is_some()
    }

    pub(super) fn finish(
        mut self,
        turn: u32,
        otherwise: impl FnOnce(&'static str) -> Failure,
    ) -> Result<Reply, Failure> {
        if self.is_blocked()
            && let Some(why) = self.blocked.take()
        {
            return Err(Failure::new(Kind::ContentFilter, format!("the provider's filter stopped the request: {why}")));
        }
        if self.candidates == 0 {
            return Err(otherwise("the response has no candidates"));
        }
        if self.draft.finish.is_none() && self.draft.is_empty() {
            return Err(otherwise("the candidate is empty"));
        }
        self.draft.finish(turn)
    }
}

impl Candidate<'_> {
    fn absorb_into(self, draft: &mut Draft) -> Result<(), Failure> {
        for raw in self.content.and_then(|content| content.parts).unwrap_or_default() {
            draft.absorb(raw)?;
        }
        if let Some(raw) = self.logprobs_result {
            absorb_logprobs(raw, draft);
        }
        for (raw, field) in [(self.finish_reason, &mut draft.finish), (self.finish_message, &mut draft.finish_message)]
        {
            if let Some(said) = raw.and_then(text).filter(|t| !t.is_empty()) {
                *field = Some(said.into_owned());
            }
        }
        Ok(())
    }
}

/// Why a prompt was blocked, if it was.
fn blocked(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Feedback {
        #[serde(alias = "block_reason")]
        block_reason: Option<String>,
        #[serde(default, alias = "block_reason_message")]
        block_reason_message: Option<String>,
    }
    let feedback: Feedback = serde_json::from_str(raw.get()).ok()?;
    let reason = feedback.block_reason.filter(|r| !r.is_empty() && !r.ends_with("UNSPECIFIED"))?;
    Some(match feedback.block_reason_message {
        Some(message) if !message.is_empty() => format!("{}: {}", excerpt(&reason), excerpt(&message)),
        _ => excerpt(&reason),
    })
}

/// Reads a body that is one object.
pub(super) fn read_whole(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|e| unreadable(&format!("the response cannot be read ({e})"), body))?;
    let mut reading = Reading::default();
    reading.absorb(envelope)?;
    reading.finish(turn, |what| unreadable(what, body))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireUsage {
    #[serde(alias = "prompt_token_count")]
    prompt_token_count: Option<f64>,
    #[serde(alias = "tool_use_prompt_token_count")]
    tool_use_prompt_token_count: Option<f64>,
    #[serde(alias = "cached_content_token_count")]
    cached_content_token_count: Option<f64>,
    #[serde(alias = "candidates_token_count")]
    candidates_token_count: Option<f64>,
    #[serde(alias = "thoughts_token_count")]
    thoughts_token_count: Option<f64>,
    #[serde(alias = "total_token_count")]
    total_token_count: Option<f64>,
    #[serde(alias = "service_tier")]
    service_tier: Option<String>,
    #[serde(alias = "traffic_type")]
    traffic_type: Option<String>,
}

/// Usage as it is so far: each chunk of a stream tells all of it.
fn absorb_usage(raw: &RawValue, draft: &mut Draft) {
    let Ok(wire) = serde_json::from_str::<WireUsage>(raw.get()) else {
        let detail = || format!("usage is not what it should be: {}", excerpt(raw.get()));
        draft.mender.mend_piece("unreadable_usage", detail);
        return;
    };
    if let Some(tier) = wire.service_tier.or(wire.traffic_type).filter(|t| !t.is_empty()) {
        draft.served.tier = Some(tier);
    }
    let Some(prompt) = wire.prompt_token_count else {
        if wire.candidates_token_count.is_some() || wire.total_token_count.is_some() {
            let detail = || format!("usage lacks a part and is left out: {}", excerpt(raw.get()));
            draft.mender.mend_piece("partial_usage", detail);
        }
        return;
    };
    let input = tokens(Some(prompt)).saturating_add(tokens(wire.tool_use_prompt_token_count));
    // What is 0 is left out of a message of this API.
    let written = tokens(wire.candidates_token_count);
    let reasoning = tokens(wire.thoughts_token_count);
    let mut output = written.saturating_add(reasoning);
    let total = tokens(wire.total_token_count);
    if reasoning > 0 && reasoning <= written && total == input.saturating_add(written) {
        output = written;
        let detail = "thinking was counted as output already; it is not counted twice";
        draft.mender.mend_once("reasoning_within_output", detail);
    }
    let cached = tokens(wire.cached_content_token_count);
    draft.usage = Some(Usage { input, output, cached, cache_written: 0, reasoning });
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireLogprobs {
    #[serde(alias = "chosen_candidates")]
    chosen_candidates: Option<Vec<WireLogprob>>,
    #[serde(alias = "top_candidates")]
    top_candidates: Option<Vec<WireTop>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireTop {
    candidates: Option<Vec<WireLogprob>>,
}

/// A token; what is empty or 0 is left out of a message of this API.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireLogprob {
    token: String,
    #[serde(alias = "log_probability")]
    log_probability: f64,
}

fn absorb_logprobs(raw: &RawValue, draft: &mut Draft) {
    if raw.get() == "null" {
        return;
    }
    let Ok(WireLogprobs { chosen_candidates, top_candidates }) = serde_json::from_str(raw.get()) else {
        let detail = || format!("logprobs are not what they should be: {}", excerpt(raw.get()));
        draft.mender.mend_piece("unreadable_logprobs", detail);
        return;
    };
    let mut top = top_candidates.unwrap_or_default().into_iter();
    for chosen in chosen_candidates.unwrap_or_default() {
        let others = top.next().and_then(|step| step.candidates).unwrap_or_default();
        draft.logprobs.push(Logprob {
            token: chosen.token,
            logprob: chosen.log_probability,
            top: others
                .into_iter()
                .map(|other| Alternative { token: other.token, logprob: other.log_probability })
                .collect(),
        });
    }
}

//! From a response's bytes to a reply.

use super::draft::Draft;
use super::draft_block::Block;
use crate::error::Failure;
use crate::mend::excerpt;
use crate::read::unreadable;
use crate::{Kind, Reply, failure};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What to do where a server answers in no form of this API.
pub(super) const ADVICE: &str = "see whether `base_url` is that of a Messages API; most end with `/v1`";

/// A whole message, or what an event of a stream says of one.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default)]
    r#type: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    stop_reason: Value,
    #[serde(default)]
    stop_details: Value,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(default)]
    model: Value,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl Message<'_> {
    /// Takes all that it says. `begins` where it only begins a stream.
    pub(super) fn absorb_into(self, draft: &mut Draft, begins: bool) {
        if let Some(raw) = self.content {
            absorb_content(raw, draft);
        }
        if let Some(raw) = self.usage {
            draft.counts.absorb(raw, begins, &mut draft.served, &mut draft.mender);
        }
        if let Value::String(reason) = self.stop_reason
            && !reason.is_empty()
        {
            draft.stop_reason = Some(reason);
        }
        let details = ["explanation", "category"].iter().find_map(|key| self.stop_details[*key].as_str());
        draft.explanation = details.map(str::to_owned).or(draft.explanation.take());
        if let (None, Value::String(model)) = (&draft.served.model, self.model)
            && !model.is_empty()
        {
            draft.served.model = Some(model);
        }
    }
}

fn absorb_content(raw: &RawValue, draft: &mut Draft) {
    if let Ok(blocks) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        for raw in blocks {
            draft.blocks.extend(Block::read(raw, &mut draft.mender));
        }
    } else if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
        draft.mender.mend("content_as_text", "the content came as a text, not as a list of blocks");
        draft.blocks.push(Block::said(text));
    } else if raw.get() != "null" {
        let detail = || format!("content is neither a list nor a text: {}", excerpt(raw.get()));
        draft.mender.mend_piece("odd_content", detail);
    }
}

/// Reads a body that is one object.
pub(super) fn read_whole(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let message: Message<'_> =
        serde_json::from_slice(body).map_err(|e| unreadable(&format!("the response cannot be read ({e})"), body))?;
    if let Some(error) = message.error.filter(|error| error.get() != "null") {
        return Err(failure::embedded(error.get()));
    }
    if message.r#type.as_deref() == Some("error") {
        return Err(Failure::new(Kind::ServerError, "the response is an error that does not say which"));
    }
    if message.content.is_none() {
        return Err(unreadable("the response has no content", body).advise(ADVICE));
    }
    let mut draft = Draft::default();
    message.absorb_into(&mut draft, false);
    Ok(draft.finish(turn))
}

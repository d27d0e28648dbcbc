//! From a response object to a reply: all of it but its output.

use super::output::{Draft, Ending};
use crate::error::Failure;
use crate::mend::excerpt;
use crate::read::{text, unreadable};
use crate::{Kind, Reply, failure, usage};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A response object: the body, or what an event of a stream has of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
}

/// Reads an item. The arguments of a call that nest too deep to be kept stay as their text: they are the
/// model's own.
pub(super) fn item(raw: &RawValue) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    struct Call<'a> {
        r#type: Value,
        #[serde(default)]
        id: Value,
        #[serde(default)]
        call_id: Value,
        #[serde(default)]
        name: Value,
        #[serde(borrow)]
        arguments: &'a RawValue,
    }
    serde_json::from_str(raw.get()).or_else(|e| match serde_json::from_str::<Call<'_>>(raw.get()) {
        Ok(Call { r#type, id, call_id, name, arguments }) => Ok(json!({
            "type": r#type, "id": id, "call_id": call_id, "name": name, "arguments": arguments.get(),
        })),
        Err(_) => Err(unreadable(&format!("an item cannot be read ({e})"), raw.get().as_bytes())),
    })
}

impl Envelope<'_> {
    /// Its items: `None` where it says nothing of them.
    pub(super) fn items(&self) -> Result<Option<Vec<Value>>, Failure> {
        let Some(raw) = self.output.filter(|raw| raw.get() != "null") else { return Ok(None) };
        if raw.get().starts_with('{') {
            return Ok(Some(vec![item(raw)?]));
        }
        let items: Vec<&RawValue> = serde_json::from_str(raw.get())
            .map_err(|e| unreadable(&format!("the output is not a list of items ({e})"), raw.get().as_bytes()))?;
        items.into_iter().map(item).collect::<Result<_, _>>().map(Some)
    }

    /// Takes who answered.
    pub(super) fn absorb_served(&self, draft: &mut Draft) {
        let served = &mut draft.served;
        for (raw, field) in [(self.model, &mut served.model), (self.service_tier, &mut served.tier)] {
            if let Some(said) = raw.and_then(text).filter(|t| !t.is_empty()) {
                *field = Some(said.into_owned());
            }
        }
    }

    /// Takes all that an ended response has beside its output. `event` is the status of which a stream's
    /// event speaks; it is for responses that say nothing themselves, or are not told that they have ended.
    pub(super) fn absorb_end(&self, event: Option<&str>, draft: &mut Draft) -> Result<(), Failure> {
        if let Some(error) = self.error.filter(|e| e.get() != "null") {
            return Err(failure::embedded(error.get()));
        }
        self.absorb_served(draft);
        if let Some(raw) = self.usage.filter(|u| u.get() != "null") {
            draft.usage = usage::openai(raw.get(), &mut draft.mender).or(draft.usage);
        }
        let said = self.status.and_then(text).filter(|status| !status.is_empty());
        let status = match (said.as_deref(), event) {
            (None | Some("in_progress" | "queued"), Some(event)) => event,
            (Some(status), _) => status,
            (None, None) => {
                draft.mender.mend("missing_status", "the response does not say whether it is complete");
                "completed"
            }
        };
        draft.ending = match status {
            "completed" => Ending::Completed,
            "incomplete" => Ending::Incomplete(self.reason().into_owned()),
            "failed" => return Err(Failure::new(Kind::ServerError, "the response failed, without a reason")),
            "cancelled" | "canceled" => {
                return Err(Failure::new(Kind::ServerError, "the provider cancelled the response"));
            }
            other => {
                let text = format!("the response has not ended: its status is `{}`", excerpt(other));
                return Err(Failure::new(Kind::Unreadable, text));
            }
        };
        Ok(())
    }

    /// Why it is incomplete, in the server's words.
    fn reason(&self) -> Cow<'_, str> {
        #[derive(Deserialize)]
        struct Details<'a> {
            #[serde(borrow, default)]
            reason: Option<&'a RawValue>,
        }
        let details = self.incomplete_details.and_then(|raw| serde_json::from_str::<Details<'_>>(raw.get()).ok());
        details.and_then(|details| details.reason).and_then(text).unwrap_or_default()
    }
}

/// Reads a body that is one object.
pub(super) fn read_whole(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|e| unreadable(&format!("the response cannot be read ({e})"), body))?;
    let mut draft = Draft::default();
    envelope.absorb_end(None, &mut draft)?;
    let Some(items) = envelope.items()? else { return Err(unreadable("the response has no output", body)) };
    Ok(draft.finish(items, turn))
}

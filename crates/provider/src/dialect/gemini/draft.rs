//! A reply in the making: its parts, and the rules by which they are mended.

use super::part::Fields;
use crate::error::Failure;
use crate::mend::{Mender, excerpt};
use crate::read::text;
use crate::wire::sendable_arguments;
use crate::{Kind, Reply};
use mocktrial_trajectory::{
    Logprob, Measurement, Media, MediaSource, Part, Served, Stop, ToolCall, Usage, parse_untrusted,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pieces: Vec<Piece>,
    /// Where the call of an id stands among the pieces.
    ids: HashMap<String, usize>,
    pub(super) mender: Mender,
    pub(super) finish: Option<String>,
    pub(super) finish_message: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) served: Served,
    pub(super) response_id: Option<String>,
    pub(super) logprobs: Vec<Logprob>,
}

/// A part, or several that were one before they were streamed.
#[derive(Debug)]
enum Piece {
    Text {
        text: String,
        thought: bool,
        extra: Map<String, Value>,
    },
    Call(Call),
    Media {
        media: Media,
        extra: Map<String, Value>,
    },
    /// What has no neutral form.
    Other(Map<String, Value>),
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
    from_text: bool,
    /// Further fields of the call, and of the part it stands in.
    inner: Map<String, Value>,
    extra: Map<String, Value>,
}

impl Draft {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Takes the next part.
    pub(super) fn absorb(&mut self, raw: &RawValue) -> Result<(), Failure> {
        let Some(mut fields) = Fields::of(raw) else {
            self.odd("a part", raw);
            return Ok(());
        };
        match fields.take("functionCall", "function_call") {
            Some(raw) => self.absorb_call(raw, &fields),
            None => {
                self.absorb_other(fields);
                Ok(())
            }
        }
    }

    fn absorb_other(&mut self, mut fields: Fields<'_>) {
        let plain = |(key, _): &(_, _)| *key == "text" || *key == "thought";
        if let Some((_, said)) = fields.0.iter().find(|(key, _)| key == "text") {
            let Some(said) = text(said) else {
                self.odd("a text", said);
                return;
            };
            let thought = fields.0.iter().any(|(key, raw)| key == "thought" && raw.get() == "true");
            if fields.0.iter().all(plain) {
                self.absorb_text(&said, thought);
            } else {
                let said = said.into_owned();
                fields.0.retain(|field| !plain(field));
                let extra = self.values(&fields);
                self.pieces.push(Piece::Text { text: said, thought, extra });
            }
            return;
        }
        let mut extra = self.values(&fields);
        let thought = extra.get("thought") == Some(&Value::Bool(true));
        if !thought && let Some(media) = extra.get("inlineData").or(extra.get("inline_data")).and_then(inline) {
            extra.retain(|key, _| key != "inlineData" && key != "inline_data");
            self.pieces.push(Piece::Media { media, extra });
        } else if !extra.is_empty() {
            self.pieces.push(Piece::Other(extra));
        }
    }

    /// Text without anything beside it grows.
    fn absorb_text(&mut self, said: &str, is_thought: bool) {
        if said.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Text { text, thought, extra }) if *thought == is_thought && extra.is_empty() => {
                text.push_str(said);
            }
            _ => {
                let piece = Piece::Text { text: said.to_owned(), thought: is_thought, extra: Map::new() };
                self.pieces.push(piece);
            }
        }
    }

    fn absorb_call(&mut self, raw: &RawValue, beside: &Fields<'_>) -> Result<(), Failure> {
        let Some(mut fields) = Fields::of(raw) else {
            self.odd("a call", raw);
            return Ok(());
        };
        if fields.take("partialArgs", "partial_args").is_some() {
            // They are never asked for. Without them the call would be another.
            let text = format!("a call came in pieces, which are not read: {}", excerpt(raw.get()));
            return Err(Failure { retry: false, ..Failure::new(Kind::Unreadable, text) });
        }
        let word = |raw: Option<&RawValue>| raw.and_then(text).unwrap_or_default().into_owned();
        let [id, name] = ["id", "name"].map(|key| word(fields.take(key, key)));
        let mut call = Call { id, name, ..Call::default() };
        match fields.take("args", "args") {
            None => call.arguments.push_str("{}"),
            Some(raw) if raw.get().starts_with('"') => {
                call.from_text = true;
                call.arguments = word(Some(raw));
            }
            Some(raw) => call.arguments.push_str(raw.get()),
        }
        call.inner = self.values(&fields);
        call.extra = self.values(beside);
        let bare = call.inner.is_empty() && call.extra.is_empty();
        if bare && call.id.is_empty() && call.name.is_empty() && call.arguments == "{}" {
            self.mender.mend("empty_call", "a call without id, name and arguments was left out");
            return Ok(());
        }
        if !call.id.is_empty() {
            if let Some(Piece::Call(before)) = self.ids.get(&call.id).and_then(|at| self.pieces.get_mut(*at))
                && before.name == call.name
                && before.arguments == call.arguments
            {
                // A signature may come with the repetition only.
                for (into, from) in [(&mut before.inner, &mut call.inner), (&mut before.extra, &mut call.extra)] {
                    for (key, value) in std::mem::take(from) {
                        into.entry(key).or_insert(value);
                    }
                }
                let detail = format!("call `{}` came again and is left out", excerpt(&call.id));
                self.mender.mend("repeated_call", detail);
                return Ok(());
            }
            self.ids.entry(call.id.clone()).or_insert(self.pieces.len());
        }
        self.pieces.push(Piece::Call(call));
        Ok(())
    }

    fn odd(&mut self, what: &str, raw: &RawValue) {
        self.mender.mend_piece("odd_part", || format!("{what} cannot be read and is left out: {}", excerpt(raw.get())));
    }

    fn values(&mut self, fields: &Fields<'_>) -> Map<String, Value> {
        let mut map = Map::new();
        for (key, raw) in &fields.0 {
            match parse_untrusted(raw.get()) {
                Some(value) => drop(map.insert(key.clone().into_owned(), value)),
                None => self.odd(&format!("the field `{}` of a part", excerpt(key)), raw),
            }
        }
        map
    }

    /// Makes the reply. `turn` is the request's number in the episode, for the ids of calls that have none.
    pub(super) fn finish(mut self, turn: u32) -> Result<Reply, Failure> {
        let is_lossless = self.is_lossless();
        let mut content: Vec<Part> = Vec::new();
        let mut reasoning = String::new();
        let mut calls: Vec<ToolCall> = Vec::new();
        let mut raw: Vec<Value> = Vec::new();
        for piece in std::mem::take(&mut self.pieces) {
            let part = match piece {
                Piece::Text { text, thought, extra } => {
                    if thought {
                        reasoning.push_str(&text);
                    } else if let Some(Part::Text { text: before }) = content.last_mut() {
                        before.push_str(&text);
                    } else if !text.is_empty() {
                        content.push(Part::text(text.as_str()));
                    }
                    if is_lossless {
                        continue;
                    }
                    let mut part = Map::new();
                    part.insert("text".into(), text.into());
                    if thought {
                        part.insert("thought".into(), true.into());
                    }
                    part.extend(extra);
                    part
                }
                Piece::Call(call) => {
                    let (call, part) = self.call(call, turn, calls.len());
                    calls.push(call);
                    part
                }
                Piece::Media { media, extra } => {
                    let mut part = Map::new();
                    if let (false, MediaSource::Base64(data)) = (is_lossless, &media.source) {
                        part.insert("inlineData".into(), json!({"mimeType": media.mime, "data": &**data}));
                        part.extend(extra);
                    }
                    content.push(media.into());
                    part
                }
                Piece::Other(part) => part,
            };
            if !is_lossless {
                raw.push(Value::Object(part));
            }
        }
        let stop = self.stop(!calls.is_empty())?;
        Ok(Reply {
            content,
            reasoning: (!reasoning.is_empty()).then_some(reasoning),
            calls,
            stop,
            usage: self.usage,
            raw,
            served: self.served,
            logprobs: self.logprobs,
            repairs: self.mender.told(),
            measurement: Measurement { request_id: self.response_id, ..Measurement::default() },
        })
    }

    /// Whether text, media and calls in this order are all there is.
    fn is_lossless(&self) -> bool {
        let mut called = false;
        self.pieces.iter().all(|piece| match piece {
            Piece::Text { thought, extra, .. } => !thought && extra.is_empty() && !called,
            Piece::Media { extra, .. } => extra.is_empty() && !called,
            Piece::Call(call) => {
                called = true;
                call.inner.is_empty() && call.extra.is_empty()
            }
            Piece::Other(_) => false,
        })
    }

    /// A call, and the part that passes it back.
    fn call(&mut self, call: Call, turn: u32, at: usize) -> (ToolCall, Map<String, Value>) {
        let own = call.id.clone();
        let id = if call.id.is_empty() { self.mender.made_id(turn, at) } else { self.mender.id(call.id, turn, at) };
        if call.from_text {
            let detail = format!("the arguments of `{id}` came as text, not as an object");
            self.mender.mend("arguments_as_text", detail);
        }
        let arguments = self.mender.arguments(&id, call.arguments);
        let mut function = Map::new();
        if id == own {
            function.insert("id".into(), own.into());
        }
        function.insert("name".into(), call.name.as_str().into());
        let sent = serde_json::from_str(&sendable_arguments(&arguments)).unwrap_or_else(|_| json!({}));
        function.insert("args".into(), sent);
        function.extend(call.inner);
        let mut part = Map::new();
        part.insert("functionCall".into(), function.into());
        part.extend(call.extra);
        (ToolCall { id, name: call.name, arguments }, part)
    }

    fn stop(&mut self, calls: bool) -> Result<Stop, Failure> {
        let finish = self.finish.take().unwrap_or_default();
        let natural = if calls { Stop::Calls } else { Stop::End };
        let stop = match finish.to_ascii_uppercase().as_str() {
            "" => {
                self.mender.mend("missing_finish_reason", "the response does not say why it stopped");
                natural
            }
            "STOP" => natural,
            "MAX_TOKENS" | "CONTINUATION" => Stop::Length,
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "MODEL_ARMOR"
            | "ESCALATION"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => Stop::ContentFilter,
            "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" | "MALFORMED_RESPONSE" => {
                if let Some(message) = &self.finish_message {
                    self.mender.mend("finish_message", format!("{finish}: {}", excerpt(message)));
                }
                Stop::Malformed
            }
            "MISSING_THOUGHT_SIGNATURE" => {
                let text = "the provider misses a thought signature in the conversation (MISSING_THOUGHT_SIGNATURE)";
                return Err(Failure::new(Kind::ConversationRejected, text).advise(
                    "see whether a gateway drops signatures, or the scenario holds calls that the model never made",
                ));
            }
            "PUP_LIMITED_DISABLED" => {
                let text = "the provider has limited the account for breaking its policy (PUP_LIMITED_DISABLED)";
                return Err(Failure::new(Kind::Unauthorized, text).advise("ask the provider"));
            }
            _ => Stop::Other { raw: finish },
        };
        Ok(stop)
    }
}

/// Bytes that came in a part, where nothing but bytes and type is there.
fn inline(value: &Value) -> Option<Media> {
    let map = value.as_object()?;
    let mime = map.get("mimeType").or(map.get("mime_type"))?.as_str()?;
    let data = map.get("data")?.as_str()?;
    (map.len() == 2 && !mime.is_empty()).then(|| Media::base64(mime, data))
}

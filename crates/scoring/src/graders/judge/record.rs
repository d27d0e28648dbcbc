//! What a judge sees of an episode.

use super::Sees;
use crate::Facts;
use mocktrial_trajectory::Body;
use serde_json::{Value, json};

/// The longest record that is shown to a judge, in bytes. A longer one is not shortened: what is left
/// out could be what matters, and an agent that floods its record would choose it.
const MAX_BYTES: usize = 400_000;

/// An episode as a judge sees it.
pub(super) struct Record {
    /// One JSON value a line, each with the number of its event.
    pub(super) text: String,
    /// The events in it.
    pub(super) events: Vec<u32>,
}

/// The record of an episode.
///
/// # Errors
/// With why there is none: it is too long.
pub(super) fn of(facts: &Facts<'_>, sees: Sees) -> Result<Record, String> {
    let mut record = Record { text: String::new(), events: Vec::new() };
    if sees == Sees::Answer {
        if let Some((seq, text)) = facts.answers().last() {
            record.add(*seq, &json!({"agent": text}));
        }
        return record.bounded();
    }
    let mut said = facts.said().peekable();
    for event in facts.trajectory().events() {
        let seq = event.seq;
        match &event.body {
            Body::User { text, attachments } => {
                let mut line = json!({"user": text});
                if !attachments.is_empty() {
                    line["attached"] = attachments.len().into();
                }
                record.add(seq, &line);
            }
            Body::Say { .. } | Body::Response { .. } => {
                if let Some((_, text)) = said.next_if(|(at, _)| *at == seq)
                    && !text.trim().is_empty()
                {
                    record.add(seq, &json!({"agent": text}));
                }
            }
            Body::Call { tool, arguments, .. } if sees == Sees::Episode => {
                let written = arguments.value().cloned().unwrap_or_else(|| Value::from(&*arguments.text));
                record.add(seq, &json!({"call": tool, "arguments": written}));
            }
            Body::Result { call, content, failure, .. } if sees == Sees::Episode => {
                let mut line = json!({"result_of": call, "result": content});
                if failure.is_some() {
                    line["failed"] = true.into();
                }
                record.add(seq, &line);
            }
            _ => {}
        }
    }
    record.bounded()
}

impl Record {
    fn add(&mut self, seq: u32, line: &Value) {
        self.events.push(seq);
        // As JSON, no text can end its line or look like another one.
        self.text.push_str(&format!("{seq} {line}\n"));
    }

    fn bounded(self) -> Result<Self, String> {
        if self.text.len() > MAX_BYTES {
            let kilobytes = self.text.len() / 1000;
            return Err(format!(
                "the record of the episode takes {kilobytes} kB, and a judge is shown {} kB at most",
                MAX_BYTES / 1000
            ));
        }
        Ok(self)
    }
}

//! The record of an episode, and what was measured beside it.

use crate::{Body, EndReason, Event, Part, Usage};
use serde::{Deserialize, Serialize};

/// The version of the trajectory's JSON form. Readers accept any minor addition within it.
pub const TRAJECTORY_VERSION: u32 = 1;

/// An append-only list of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// The version of its form.
    version: u32,
    /// Where it was forked from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The events, in order of their sequence numbers.
    events: Vec<Event>,
}

/// The event of another episode that a trajectory continues from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The other episode, as its key is written.
    pub episode: String,
    /// The last event taken over.
    pub event: u32,
}

impl Default for Trajectory {
    fn default() -> Self {
        Self { version: TRAJECTORY_VERSION, origin: None, events: Vec::new() }
    }
}

impl Trajectory {
    /// One without events, and with room for some, so that it need not move while it grows.
    #[must_use]
    pub fn with_room(events: usize) -> Self {
        Self { events: Vec::with_capacity(events), ..Self::default() }
    }

    /// Appends an event and returns its sequence number.
    pub fn push(&mut self, time_ms: u64, body: Body) -> u32 {
        let seq = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        self.events.push(Event { seq, time_ms, body });
        seq
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event with this sequence number.
    #[must_use]
    pub fn event(&self, seq: u32) -> Option<&Event> {
        self.events.get(seq as usize)
    }

    /// The reason it ended with; `None` while it runs.
    #[must_use]
    pub fn end(&self) -> Option<EndReason> {
        match self.events.last().map(|e| &e.body) {
            Some(Body::End { reason, .. }) => Some(*reason),
            _ => None,
        }
    }

    /// What a tool answered, by the sequence number of its result.
    #[must_use]
    pub fn result(&self, seq: u32) -> Option<&serde_json::Value> {
        match self.events.get(seq as usize).map(|e| &e.body) {
            Some(Body::Result { content, .. }) => Some(content),
            _ => None,
        }
    }

    /// What is said about the end beyond its reason.
    #[must_use]
    pub fn end_detail(&self) -> Option<&str> {
        match self.events.last().map(|e| &e.body) {
            Some(Body::End { detail, .. }) => detail.as_deref(),
            _ => None,
        }
    }

    /// The text of the [last answer](Self::last_answer).
    #[must_use]
    pub fn answer(&self) -> Option<String> {
        self.last_answer().map(|(_, text)| text)
    }

    /// The agent's answer to the last user message, with its event: what it said last, after its last
    /// call. Empty when it ended its turn without a word.
    ///
    /// Text beside a call is not an answer. `None` when the agent never answered that message, however
    /// it answered those before.
    #[must_use]
    pub fn last_answer(&self) -> Option<(u32, String)> {
        let last = self.events.iter().rev().find(|event| {
            matches!(event.body, Body::User { .. } | Body::Response { .. } | Body::Say { .. } | Body::Call { .. })
        })?;
        said(last)
    }

    /// Every message in which the agent ended its turn, empty ones included, with its event, in order.
    #[must_use]
    pub fn answers(&self) -> Vec<(u32, String)> {
        self.events.iter().filter_map(said).collect()
    }

    /// Model responses so far; 0 for an agent whose turns the harness cannot see.
    #[must_use]
    pub fn turns(&self) -> u32 {
        count(self.events.iter().filter(|e| matches!(e.body, Body::Response { .. })))
    }

    /// Calls so far, failed ones included.
    #[must_use]
    pub fn calls(&self) -> u32 {
        count(self.events.iter().filter(|e| matches!(e.body, Body::Call { .. })))
    }

    /// Tokens so far; `None` where nothing was reported.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let mut total = Usage::default();
        let mut any = false;
        for event in &self.events {
            if let Body::Response { usage: Some(usage), .. } | Body::Reported { usage } = &event.body {
                total += *usage;
                any = true;
            }
        }
        any.then_some(total)
    }

    /// Its JSON form: one line, the same bytes for the same events.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every type in an event serialises to JSON: string keys only, no failing implementation.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// When the text is not JSON, or not a trajectory of a version this reader knows.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let read: Self = serde_json::from_str(text)?;
        if read.version > TRAJECTORY_VERSION {
            return Err(serde::de::Error::custom(format_args!(
                "trajectory version {} is newer than {TRAJECTORY_VERSION}, the newest this mocktrial reads",
                read.version
            )));
        }
        Ok(read)
    }
}

/// The event's number and the text with which the agent ended its turn there, if it did.
fn said(event: &Event) -> Option<(u32, String)> {
    match &event.body {
        Body::Say { text } => Some((event.seq, text.clone())),
        Body::Response { content, calls: 0, .. } => Some((event.seq, text_of(content))),
        _ => None,
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// The text of some parts, joined without separator.
#[must_use]
pub fn text_of(parts: &[Part]) -> String {
    parts.iter().filter_map(Part::as_text).collect()
}

/// What was measured at an event. None of it is part of the trajectory or its hash.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Measurement {
    /// The event it belongs to.
    pub seq: u32,
    /// Real milliseconds from sending the request to the whole response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Real milliseconds to the first byte of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
    /// Real milliseconds spent waiting for a place or between attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<f64>,
    /// Attempts beyond the first.
    #[serde(default)]
    pub retries: u32,
    /// The provider's name for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the response came from a cassette.
    #[serde(default)]
    pub replayed: bool,
    /// What the response cost, in the currency of the price table (US dollars); `None` where the price is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}

/// What was measured during an episode, by event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema, Deserialize)]
pub struct Measurements {
    /// One entry per measured event, in order.
    pub events: Vec<Measurement>,
    /// Real milliseconds from start to end of the episode.
    #[serde(default)]
    pub wall_ms: f64,
}

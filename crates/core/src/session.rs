//! The one place where an episode happens.
//!
//! A [`Session`] owns the world, the limits, the counts and the trajectory. A driver can only act
//! through it: every message, call and report is recorded, counted and held against the limits
//! before the driver sees its result.

use crate::limits::{self, Reached};
use crate::suite::Limits;
use crate::user::{User, UserMessage};
use mocktrial_provider::Reply;
use mocktrial_trajectory::{
    Added, Arguments, Body, EndReason, Measurement, Measurements, Part, Stop, ToolCall, ToolFailure, ToolResult,
    Trajectory, Usage, text_of,
};
use mocktrial_world::Instance;
use serde_json::Value;
use std::time::Instant;

/// Events that a trajectory has room for from the start: those of six or seven turns.
const EVENTS: usize = 32;

/// An episode is over: why, and what a person needs to know beyond that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The reason.
    pub reason: EndReason,
    /// More than the reason says, if there is more.
    pub detail: Option<String>,
}

impl Ended {
    /// An end with its detail.
    pub fn new(reason: EndReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: Some(detail.into()) }
    }
}

impl From<EndReason> for Ended {
    fn from(reason: EndReason) -> Self {
        Self { reason, detail: None }
    }
}

/// What has happened so far, as far as limits care.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Model responses.
    pub turns: u32,
    /// Calls that reached the world, refused ones included.
    pub calls: u32,
    /// Calls that failed.
    pub errors: u32,
    /// Tokens, input and output together.
    pub tokens: u64,
    /// Dollars, where the price is known.
    pub cost: f64,
    /// Virtual milliseconds.
    pub virtual_ms: u64,
}

/// World, limits, user and trajectory of one episode.
pub struct Session {
    world: Instance,
    user: Box<dyn User>,
    limits: Limits,
    counts: Counts,
    trajectory: Trajectory,
    measurements: Measurements,
    started: Instant,
    last_said: Option<String>,
    system: Option<std::sync::Arc<str>>,
}

impl Session {
    /// Opens a session on a fresh world.
    #[must_use]
    pub fn new(world: Instance, user: Box<dyn User>, system: Option<std::sync::Arc<str>>, limits: Limits) -> Self {
        Self {
            world,
            user,
            limits,
            counts: Counts::default(),
            trajectory: Trajectory::with_room(EVENTS),
            measurements: Measurements::default(),
            started: Instant::now(),
            last_said: None,
            system,
        }
    }

    /// The system prompt that the endpoint is given in this scenario.
    #[must_use]
    pub fn system(&self) -> Option<&std::sync::Arc<str>> {
        self.system.as_ref()
    }

    /// The world as it is now.
    #[must_use]
    pub fn world(&self) -> &Instance {
        &self.world
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The record so far.
    #[must_use]
    pub fn trajectory(&self) -> &Trajectory {
        &self.trajectory
    }

    /// Asks the user for the next message and records it; `None` when the conversation is over.
    pub async fn next_user(&mut self) -> Option<(u32, UserMessage)> {
        let message = self.user.next(self.last_said.as_deref()).await?;
        self.last_said = None;
        let UserMessage { text, attachments } = message.clone();
        let seq = self.push(Body::User { text, attachments });
        Some((seq, message))
    }

    /// Records that the model is asked.
    ///
    /// # Errors
    /// When a limit leaves no room for another turn.
    pub fn request(&mut self, parameters: Option<Value>, added: Vec<Added>) -> Result<u32, Ended> {
        self.hold(limits::before_request(&self.limits, &self.counts))?;
        Ok(self.push(Body::Request { parameters, added }))
    }

    /// Records what was measured of a request, by its event, that came to nothing.
    pub fn failed_request(&mut self, seq: u32, measurement: &Measurement) {
        self.measurements.events.push(Measurement { seq, ..measurement.clone() });
    }

    /// Records a model's response and what was measured; returns its event.
    ///
    /// # Errors
    /// When the response was cut short or refused, or took the episode over a limit.
    pub fn response(&mut self, reply: &Reply) -> Result<u32, Ended> {
        for repair in &reply.repairs {
            self.push(Body::Repair { what: repair.what.to_string(), detail: repair.detail.clone() });
        }
        let seq = self.push(Body::Response {
            content: reply.content.clone(),
            reasoning: reply.reasoning.clone(),
            calls: u32::try_from(reply.calls.len()).unwrap_or(u32::MAX),
            stop: reply.stop.clone(),
            usage: reply.usage,
            served: (!reply.served.is_empty()).then(|| Box::new(reply.served.clone())),
            logprobs: reply.logprobs.clone(),
            raw: reply.raw.clone(),
        });
        self.measurements.events.push(Measurement { seq, ..reply.measurement.clone() });
        self.counts.turns += 1;
        self.counts.tokens = self.counts.tokens.saturating_add(reply.usage.map_or(0, |u| u.total()));
        self.counts.cost += reply.measurement.cost.unwrap_or(0.0);
        if reply.calls.is_empty() {
            self.last_said = Some(text_of(&reply.content));
        }
        // An answer that was cut or refused ends the episode before any limit does.
        if let Some(reason) = ended_by(&reply.stop) {
            return Err(reason.into());
        }
        self.hold(limits::after_response(&self.limits, &self.counts))?;
        Ok(seq)
    }

    /// Records what an agent of the user's own said.
    pub fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.last_said = Some(text.clone());
        self.push(Body::Say { text });
    }

    /// Records what an agent of the user's own says it spent.
    ///
    /// # Errors
    /// When that takes the episode over a limit.
    pub fn report(&mut self, usage: Usage) -> Result<(), Ended> {
        self.push(Body::Reported { usage });
        self.counts.tokens = self.counts.tokens.saturating_add(usage.total());
        self.hold(limits::after_response(&self.limits, &self.counts))
    }

    /// Calls a tool: records the call, lets the world answer, records result and state change.
    ///
    /// Returns the result's event and what the agent is to be shown.
    ///
    /// # Errors
    /// When a limit leaves no room for the call or is passed by it, or when the world is at fault.
    pub async fn call(&mut self, call: &ToolCall) -> Result<(u32, ToolResult), Ended> {
        self.hold(limits::before_call(&self.limits, &self.counts))?;
        let seq =
            self.push(Body::Call { id: call.id.clone(), tool: call.name.clone(), arguments: call.arguments.clone() });
        let answered = self.world.call(&call.name, &call.arguments).await;
        self.counts.calls += 1;
        self.counts.virtual_ms = self.world.elapsed_ms();
        self.counts.errors += u32::from(answered.failure.is_some());
        if let (Some(hash), false) = (answered.hash, answered.patch.is_empty()) {
            self.push(Body::State { call: seq, patch: answered.patch, hash });
        }
        let result = self.result(seq, call, answered.content, answered.failure, answered.responder);
        if let Some(why) = answered.scenario_error {
            return Err(Ended::new(EndReason::ScenarioError, format!("`{}`: {why}", call.name)));
        }
        self.hold(limits::after_call(&self.limits, &self.counts))?;
        Ok(result)
    }

    /// Records a call that the endpoint's loop policy does not run, and its answer.
    pub fn skip(&mut self, call: &ToolCall) -> (u32, ToolResult) {
        let seq =
            self.push(Body::Call { id: call.id.clone(), tool: call.name.clone(), arguments: call.arguments.clone() });
        let content = serde_json::json!({"error": "not run: only the first call of a message is run; call again if it is still needed"});
        self.result(seq, call, content, Some(ToolFailure::Skipped), None)
    }

    fn result(
        &mut self,
        seq: u32,
        call: &ToolCall,
        content: Value,
        failure: Option<ToolFailure>,
        responder: Option<mocktrial_trajectory::Responder>,
    ) -> (u32, ToolResult) {
        let text = match &content {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let event = self.push(Body::Result { call: seq, content, failure, responder });
        let shown = ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: vec![Part::text(text)],
            is_error: failure.is_some(),
        };
        (event, shown)
    }

    /// Closes the session: records the end and gives up the record.
    #[must_use]
    pub fn finish(mut self, ended: Ended) -> Finished {
        self.push(Body::End { reason: ended.reason, detail: ended.detail });
        self.measurements.wall_ms = self.started.elapsed().as_secs_f64() * 1e3;
        Finished {
            trajectory: self.trajectory,
            measurements: self.measurements,
            counts: self.counts,
            world: self.world,
        }
    }

    fn push(&mut self, body: Body) -> u32 {
        self.trajectory.push(self.world.elapsed_ms(), body)
    }

    /// Turns limits that are reached into an end; of several, the one that takes precedence.
    fn hold(&mut self, reached: Vec<Reached>) -> Result<(), Ended> {
        let Some(first) = reached.into_iter().min_by_key(|r| r.limit) else { return Ok(()) };
        self.push(Body::Limit { limit: first.limit, allowed: first.allowed, reached: first.reached });
        Err(Ended::new(first.limit, first.to_string()))
    }
}

/// What a closed session leaves.
pub struct Finished {
    /// The record.
    pub trajectory: Trajectory,
    /// What was measured beside it.
    pub measurements: Measurements,
    /// What was counted.
    pub counts: Counts,
    /// The world as it was left.
    pub world: Instance,
}

/// The end that a stop reason means, if it means one.
fn ended_by(stop: &Stop) -> Option<EndReason> {
    match stop {
        Stop::Length => Some(EndReason::OutputLimit),
        Stop::ContentFilter => Some(EndReason::ContentFilter),
        Stop::Refusal => Some(EndReason::Refusal),
        Stop::ContextOverflow => Some(EndReason::ContextOverflow),
        Stop::Malformed => Some(EndReason::MalformedResponse),
        _ => None,
    }
}

/// A call as an agent of the user's own or a probe makes it: its id is its number in the episode.
#[must_use]
pub fn numbered_call(number: u32, tool: &str, arguments: Arguments) -> ToolCall {
    ToolCall { id: format!("call_{number}"), name: tool.to_owned(), arguments }
}

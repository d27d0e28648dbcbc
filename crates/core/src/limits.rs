//! Limits of one episode.
//!
//! A limit says how much an episode may use; going for more ends it. Limits on what is *counted
//! before it happens* (turns, calls) let the last permitted one finish; limits on what is *known
//! only after* (tokens, cost, virtual time, errors) end the episode once exceeded.

use crate::session::Counts;
use crate::suite::Limits;
use mocktrial_trajectory::EndReason;
use std::fmt;
use std::time::Duration;

/// A limit that leaves no room for more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// The reason it ends the episode with.
    pub limit: EndReason,
    /// Its value.
    pub allowed: f64,
    /// What was reached, or would be.
    pub reached: f64,
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allowed, reached, .. } = self;
        match self.limit {
            EndReason::TurnLimit => write!(f, "{allowed} turns are allowed, and another was needed"),
            EndReason::CallLimit => write!(f, "{allowed} calls are allowed, and another was made"),
            EndReason::ErrorLimit => write!(f, "{allowed} failed calls are allowed, and {reached} failed"),
            EndReason::TokenLimit => write!(f, "{allowed} tokens are allowed, and {reached} were used"),
            EndReason::CostLimit => write!(f, "${allowed} is allowed, and ${reached:.6} was spent"),
            EndReason::VirtualTimeLimit => write!(f, "{allowed} s of virtual time are allowed, and {reached} s passed"),
            _ => write!(f, "{allowed} is allowed, and {reached} was reached"),
        }
    }
}

/// The limits that hold where nobody set any: 30 turns, 100 calls, 20 failed calls and ten minutes
/// of real time.
#[must_use]
pub fn standard() -> Limits {
    Limits { turns: Some(30), calls: Some(100), errors: Some(20), real_seconds: Some(600.0), ..Limits::default() }
}

/// The limit of real time, as a duration.
#[must_use]
pub fn real_time(limits: &Limits) -> Option<Duration> {
    limits.real_seconds.and_then(|s| Duration::try_from_secs_f64(s).ok())
}

pub(crate) fn before_request(limits: &Limits, counts: &Counts) -> Vec<Reached> {
    at_least(EndReason::TurnLimit, limits.turns, counts.turns).into_iter().collect()
}

pub(crate) fn after_response(limits: &Limits, counts: &Counts) -> Vec<Reached> {
    let mut reached = Vec::new();
    #[allow(clippy::cast_precision_loss, reason = "shown to people; exact below 2^53")]
    if let Some(allowed) = limits.tokens
        && counts.tokens > allowed
    {
        reached.push(Reached { limit: EndReason::TokenLimit, allowed: allowed as f64, reached: counts.tokens as f64 });
    }
    if let Some(allowed) = limits.cost
        && counts.cost > allowed
    {
        reached.push(Reached { limit: EndReason::CostLimit, allowed, reached: counts.cost });
    }
    reached
}

pub(crate) fn before_call(limits: &Limits, counts: &Counts) -> Vec<Reached> {
    at_least(EndReason::CallLimit, limits.calls, counts.calls).into_iter().collect()
}

pub(crate) fn after_call(limits: &Limits, counts: &Counts) -> Vec<Reached> {
    let mut reached = Vec::new();
    if let Some(allowed) = limits.errors
        && counts.errors > allowed
    {
        reached.push(Reached { limit: EndReason::ErrorLimit, allowed: allowed.into(), reached: counts.errors.into() });
    }
    #[allow(clippy::cast_precision_loss, reason = "milliseconds far below 2^53")]
    let seconds = counts.virtual_ms as f64 / 1e3;
    if let Some(allowed) = limits.virtual_seconds
        && seconds > allowed
    {
        reached.push(Reached { limit: EndReason::VirtualTimeLimit, allowed, reached: seconds });
    }
    reached
}

fn at_least(limit: EndReason, allowed: Option<u32>, used: u32) -> Option<Reached> {
    let allowed = allowed?;
    (used >= allowed).then(|| Reached { limit, allowed: allowed.into(), reached: f64::from(used) + 1.0 })
}

//! What a grading script can read: the seam to whoever keeps the episode.

use crate::{HostError, Step};
use serde_json::Value;

/// A list of an episode, or its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its calls, in order.
    Calls,
    /// What the agent said, in order.
    Said,
    /// What the agent answered to the last user message; `null` where it did not.
    Answer,
    /// The messages of the user, in order.
    Users,
    /// All events, as they are written.
    Events,
    /// The changes of the state, in order.
    Changes,
    /// The world's tools.
    Tools,
    /// What the accepted references did.
    References,
}

/// A state that the episode passed through, or a reference left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the first call.
    Initial,
    /// After an event, and after what the call at that event changed.
    After(u32),
    /// At the end.
    Final,
    /// At the end of this reference, from 0.
    Reference(usize),
}

/// A recorded episode that a script reads. Nothing is converted but what is asked for.
///
/// `limit` bounds the size of an answer in bytes, as the implementor counts; a larger one is an error.
pub trait Record {
    /// The answer to a question.
    ///
    /// # Errors
    /// When it is larger than `limit`, or cannot be read.
    fn read(&self, what: Reading, limit: usize) -> Result<Value, HostError>;
    /// The value at a path of a state, if there is one.
    ///
    /// # Errors
    /// When it is larger than `limit`, when there is no such state, or when it cannot be derived.
    fn state(&self, when: Moment, path: &[Step], limit: usize) -> Result<Option<Value>, HostError>;
}

//! What a script can reach: the seam to whoever keeps the state.

use serde_json::Value;

/// One step of a path: a key of an object or an index of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key.
    Key(String),
    /// An index; negative ones count from the end.
    Index(i64),
}

/// What a script sees of a value without converting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `null`, a boolean, a number or a string.
    Scalar,
    /// A list of this many items.
    List(usize),
    /// An object of this many members.
    Object(usize),
}

/// A change the host could not make, in words for the script's author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// A store of JSON that a script reads and writes by path, and what else a call may know.
///
/// Nothing is converted but what a path addresses.
pub trait Host {
    /// The value at a path, if there is one. `limit` bounds its size in bytes (as the implementor
    /// counts); a larger one is an error.
    ///
    /// # Errors
    /// When the value is larger than `limit`.
    fn get(&self, path: &[Step], limit: usize) -> Result<Option<Value>, HostError>;
    /// What is at a path, if anything.
    fn shape(&self, path: &[Step]) -> Option<Shape>;
    /// The keys of the object at a path, in order; at most `limit` of them.
    ///
    /// # Errors
    /// When there is no object, or it has more keys.
    fn keys(&self, path: &[Step], limit: usize) -> Result<Vec<String>, HostError>;
    /// Writes a value: replaces what is there or adds a key to an object.
    ///
    /// # Errors
    /// When the path's parent is missing or cannot hold it.
    fn set(&mut self, path: &[Step], value: Value) -> Result<(), HostError>;
    /// Appends to the list at a path.
    ///
    /// # Errors
    /// When there is no list.
    fn append(&mut self, path: &[Step], value: Value) -> Result<(), HostError>;
    /// Removes what is at a path.
    ///
    /// # Errors
    /// When nothing is there.
    fn remove(&mut self, path: &[Step]) -> Result<(), HostError>;
    /// Virtual now, RFC 3339.
    fn now(&self) -> String;
    /// How often this very call occurred before, from 0.
    fn nth(&self) -> u32;
    /// A number in `low..=high`, seeded by the world seed and the call.
    fn random_int(&mut self, low: i64, high: i64) -> i64;
    /// The RFC 3339 time `seconds` after `time`.
    ///
    /// # Errors
    /// When `time` is not a time, or the result is out of range.
    fn add_seconds(&self, time: &str, seconds: i64) -> Result<String, HostError>;
}

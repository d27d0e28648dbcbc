//! A world's state as a persistent tree.

mod edit;
mod node;
#[cfg(test)]
mod tests;

use edit::Edit;
use mocktrial_trajectory::{Digest, Op, PatchError, Pointer};
use serde_json::Value;
use std::fmt;

pub(crate) use node::{Node, index};

/// A world's state. A clone costs nothing and shares everything; a change copies what lies on its
/// path and nothing beside it, so a large state changes as fast as a small one.
///
/// Its [`digest`](Self::digest) is [`Digest::of`] its value, kept up to date with each change. The
/// exception is an insertion into or a removal from a list before its end: the entries behind it
/// move, and their hashes with them.
///
/// Objects keep the order in which their members were written up to 32 members, and are sorted by
/// key beyond.
///
/// ```
/// use mocktrial_trajectory::{Digest, Op};
/// use mocktrial_world::State;
/// use serde_json::json;
///
/// let before = State::new(&json!({"orders": {"W-1": {"status": "delivered"}}}));
/// let mut after = before.clone();
/// let path = "/orders/W-1/status".parse().expect("a pointer");
/// after.apply(&Op::Replace { path, value: json!("refunded") }).expect("it is there");
/// assert_eq!(after.to_value(), json!({"orders": {"W-1": {"status": "refunded"}}}));
/// assert_eq!(after.digest(), Digest::of(&after.to_value()));
/// assert_ne!(before.digest(), after.digest());
/// ```
#[derive(Clone)]
pub struct State {
    root: Node,
}

impl State {
    /// How deep a state may nest. A change that would make it deeper is refused.
    pub const MAX_DEPTH: usize = 100;

    /// The state of a value. Costs time and memory in proportion to it; share the state instead of
    /// making it again.
    #[must_use]
    pub fn new(value: &Value) -> Self {
        Self { root: Node::new(value) }
    }

    /// Its canonical hash.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.root.digest()
    }

    /// The whole of it as a value; costs time in proportion to it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.root.to_value()
    }

    /// The value at a pointer.
    #[must_use]
    pub fn get(&self, pointer: &Pointer) -> Option<Value> {
        self.root.at(&pointer.0).map(Node::to_value)
    }

    /// Applies one operation.
    ///
    /// # Errors
    /// When the path does not exist, does not fit what is there, or the state would nest deeper
    /// than [`Self::MAX_DEPTH`]. Then nothing has changed.
    pub fn apply(&mut self, op: &Op) -> Result<(), PatchError> {
        let (path, what) = match op {
            Op::Add { path, value } => (path, Edit::Add(Self::node_for(path, value)?)),
            Op::Replace { path, value } => (path, Edit::Replace(Self::node_for(path, value)?)),
            Op::Remove { path } => (path, Edit::Remove),
        };
        edit::edit(&mut self.root, &path.0, what).map_err(|why| PatchError { path: path.clone(), why })
    }

    fn node_for(path: &Pointer, value: &Value) -> Result<Node, PatchError> {
        if path.0.len() > Self::MAX_DEPTH || deeper_than(value, Self::MAX_DEPTH - path.0.len()) {
            return Err(PatchError { path: path.clone(), why: "the state would nest too deep" });
        }
        Ok(Node::new(value))
    }

    /// Applies an operation and hands back what is recorded of it: the operation with `-` resolved
    /// to the index, or nothing if it changes nothing.
    pub(crate) fn write(&mut self, op: Op) -> Result<Option<Op>, PatchError> {
        let op = self.resolved(op);
        let (path, what, replaces) = match &op {
            Op::Add { path, value } => {
                let parent = path.0.split_last().and_then(|(_, parent)| self.root.at(parent));
                (path, Edit::Add(Self::node_for(path, value)?), !matches!(parent, Some(Node::List(_))))
            }
            Op::Replace { path, value } => (path, Edit::Replace(Self::node_for(path, value)?), true),
            Op::Remove { path } => (path, Edit::Remove, false),
        };
        if let (true, Edit::Add(new) | Edit::Replace(new), Some(old)) = (replaces, &what, self.root.at(&path.0))
            && old.digest() == new.digest()
        {
            return Ok(None);
        }
        edit::edit(&mut self.root, &path.0, what).map_err(|why| PatchError { path: path.clone(), why })?;
        Ok(Some(op))
    }

    fn resolved(&self, mut op: Op) -> Op {
        if let Op::Add { path, .. } = &mut op {
            let appended =
                path.0.split_last().filter(|(last, _)| *last == "-").and_then(|(_, parent)| self.root.at(parent));
            if let Some(Node::List(list)) = appended {
                let end = list.len().to_string();
                if let Some(last) = path.0.last_mut() {
                    *last = end;
                }
            }
        }
        op
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }
}

impl Default for State {
    /// The empty object.
    fn default() -> Self {
        Self::new(&Value::Object(serde_json::Map::new()))
    }
}

impl PartialEq for State {
    /// By hash.
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({})", self.digest())
    }
}

/// Whether a value nests deeper than that, itself included where it is a container.
pub(crate) fn deeper_than(value: &Value, levels: usize) -> bool {
    let below = |child: &Value| levels == 0 || deeper_than(child, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(below),
        Value::Object(map) => levels == 0 || map.values().any(below),
        _ => false,
    }
}

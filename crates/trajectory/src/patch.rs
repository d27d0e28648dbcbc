//! JSON Patch (RFC 6902), the part that state changes are written in, and JSON Pointer (RFC 6901).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A list of operations, in the order in which they were written.
pub type Patch = Vec<Op>;

/// One operation of a JSON Patch. `move`, `copy` and `test` are never written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Adds a member, or inserts into a list (`-` appends).
    Add {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// Replaces what is there.
    Replace {
        /// Where.
        path: Pointer,
        /// By what.
        value: Value,
    },
    /// Removes what is there.
    Remove {
        /// Where.
        path: Pointer,
    },
}

/// A JSON Pointer: unescaped reference tokens from the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// The pointer to a member of this one.
    #[must_use]
    pub fn child(&self, token: impl fmt::Display) -> Self {
        let mut tokens = self.0.clone();
        tokens.push(token.to_string());
        Self(tokens)
    }

    /// Whether this is a pattern (tokens may be `*`) for `other` or for something above it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.0.iter().zip(&other.0).all(|(p, t)| p == "*" || p == t)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            write!(f, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.to_string()
    }
}

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl std::str::FromStr for Pointer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is not a JSON Pointer: it must be empty or begin with `/`"));
        };
        Ok(Self(rest.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect()))
    }
}

/// Why a patch could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// The path at fault.
    pub path: Pointer,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot change `{}`: {}", self.path, self.why)
    }
}

impl std::error::Error for PatchError {}

/// Applies a patch in place.
///
/// # Errors
/// When a path does not exist or does not fit what is there; operations before it stay applied.
pub fn apply(state: &mut Value, patch: &[Op]) -> Result<(), PatchError> {
    patch.iter().try_for_each(|op| apply_one(state, op))
}

/// A list's index as RFC 6901 writes it: digits alone, without leading zero.
fn index(token: &str) -> Option<usize> {
    let plain = token == "0" || (!token.starts_with('0') && token.bytes().all(|b| b.is_ascii_digit()));
    plain.then(|| token.parse().ok()).flatten()
}

fn apply_one(state: &mut Value, op: &Op) -> Result<(), PatchError> {
    let (Op::Add { path, .. } | Op::Replace { path, .. } | Op::Remove { path }) = op;
    let error = |why| PatchError { path: path.clone(), why };
    let Some((last, above)) = path.0.split_last() else {
        return match op {
            Op::Add { value, .. } | Op::Replace { value, .. } => {
                *state = value.clone();
                Ok(())
            }
            Op::Remove { .. } => Err(error("the whole state cannot be removed")),
        };
    };
    let mut parent = state;
    for token in above {
        parent = match parent {
            Value::Object(map) => map.get_mut(token),
            Value::Array(items) => index(token).and_then(|i| items.get_mut(i)),
            _ => None,
        }
        .ok_or_else(|| error("there is nothing at a step of the path"))?;
    }
    match (parent, op) {
        (Value::Object(map), Op::Add { value, .. }) => {
            map.insert(last.clone(), value.clone());
        }
        (Value::Object(map), Op::Replace { value, .. }) => {
            *map.get_mut(last).ok_or_else(|| error("there is no such key"))? = value.clone();
        }
        (Value::Object(map), Op::Remove { .. }) => {
            map.shift_remove(last).ok_or_else(|| error("there is no such key"))?;
        }
        (Value::Array(items), Op::Add { value, .. }) => {
            let at = if last == "-" { Some(items.len()) } else { index(last) };
            let at = at.filter(|i| *i <= items.len()).ok_or_else(|| error("there is no such place in the list"))?;
            items.insert(at, value.clone());
        }
        (Value::Array(items), op) => {
            let at = index(last).filter(|i| *i < items.len());
            let at = at.ok_or_else(|| error("there is no such place in the list"))?;
            if let Op::Replace { value, .. } = op {
                items[at] = value.clone();
            } else {
                items.remove(at);
            }
        }
        _ => return Err(error("its parent is neither an object nor a list")),
    }
    Ok(())
}

//! The nodes of a state's tree: shared, never copied whole, each container with its hash.

use imbl::{OrdMap, Vector};
use mocktrial_trajectory::{Accumulator, Digest};
use serde_json::{Map, Number, Value};
use std::sync::Arc;

/// Containers up to this size are plain arrays, copied when changed; larger ones share structure.
pub(crate) const FEW: usize = if cfg!(test) { 4 } else { 32 };

/// A JSON value whose clone costs nothing.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(Arc<str>),
    List(Arc<List>),
    Object(Arc<Object>),
}

/// A list with the sum of its entries' hashes.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(super) items: Items,
    pub(super) sum: Accumulator,
}

#[derive(Clone, Debug)]
pub(super) enum Items {
    Few(Vec<Node>),
    Many(Vector<Node>),
}

/// An object with the sum of its entries' hashes. A small one keeps the order of writing; a large
/// one is sorted by key.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(super) members: Members,
    pub(super) sum: Accumulator,
}

#[derive(Clone, Debug)]
pub(super) enum Members {
    Few(Vec<(Arc<str>, Node)>),
    Many(OrdMap<Arc<str>, Node>),
}

impl Node {
    pub(crate) fn new(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => Self::Number(n.clone()),
            Value::String(s) => Self::Text(s.as_str().into()),
            Value::Array(items) => Self::List(Arc::new(List::new(items))),
            Value::Object(map) => Self::Object(Arc::new(Object::new(map))),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => Value::Number(n.clone()),
            Self::Text(s) => Value::String(s.to_string()),
            Self::List(list) => Value::Array(list.iter().map(Self::to_value).collect()),
            Self::Object(object) => {
                let mut map = Map::with_capacity(object.len());
                for (key, node) in object.iter() {
                    map.insert(key.to_string(), node.to_value());
                }
                Value::Object(map)
            }
        }
    }

    /// The value, unless its weight exceeds `limit`; walks no further than that.
    pub(crate) fn to_value_within(&self, limit: usize) -> Option<Value> {
        let mut left = limit;
        self.fits(&mut left).then(|| self.to_value())
    }

    /// Takes the weight off `left`; false when it does not suffice.
    fn fits(&self, left: &mut usize) -> bool {
        let own = match self {
            Self::Text(s) => s.len() + 2,
            Self::List(_) | Self::Object(_) => 2,
            _ => 8,
        };
        let Some(rest) = left.checked_sub(own) else { return false };
        *left = rest;
        match self {
            Self::List(list) => list.iter().all(|node| node.fits(left)),
            Self::Object(object) => object.iter().all(|(key, node)| {
                left.checked_sub(key.len() + 4).is_some_and(|rest| {
                    *left = rest;
                    node.fits(left)
                })
            }),
            _ => true,
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        match self {
            Self::Null => Digest::of_scalar(&Value::Null),
            Self::Bool(b) => Digest::of_scalar(&Value::Bool(*b)),
            Self::Number(n) => Digest::of_scalar(&Value::Number(n.clone())),
            // What `Digest::of_scalar` does, without copying the text (tested to be the same).
            Self::Text(s) => Digest::of_bytes(b"s", s.as_bytes()),
            Self::List(list) => list.sum.finish(list.len()),
            Self::Object(object) => object.sum.finish(object.len()),
        }
    }

    /// The child at a reference token.
    pub(crate) fn child(&self, token: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.get(token),
            Self::List(list) => index(token).and_then(|i| list.get(i)),
            _ => None,
        }
    }

    /// The node below, along reference tokens.
    pub(crate) fn at<S: AsRef<str>>(&self, tokens: &[S]) -> Option<&Self> {
        tokens.iter().try_fold(self, |node, token| node.child(token.as_ref()))
    }
}

/// A list index as RFC 6901 writes it: digits, no leading zero.
pub(crate) fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|b| b.is_ascii_digit()) && (token.len() == 1 || !token.starts_with('0'));
    plain.then(|| token.parse().ok()).flatten()
}

impl List {
    fn new(values: &[Value]) -> Self {
        let mut sum = Accumulator::array();
        let nodes = values.iter().enumerate().map(|(i, value)| {
            let node = Node::new(value);
            sum.add_index(i, node.digest());
            node
        });
        let items = if values.len() <= FEW { Items::Few(nodes.collect()) } else { Items::Many(nodes.collect()) };
        Self { items, sum }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.items {
            Items::Few(items) => items.len(),
            Items::Many(items) => items.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Node> {
        match &self.items {
            Items::Few(items) => items.get(index),
            Items::Many(items) => items.get(index),
        }
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = &Node> + '_> {
        match &self.items {
            Items::Few(items) => Box::new(items.iter()),
            Items::Many(items) => Box::new(items.iter()),
        }
    }
}

impl Object {
    fn new(map: &Map<String, Value>) -> Self {
        let mut sum = Accumulator::object();
        let entries = map.iter().map(|(key, value)| {
            let node = Node::new(value);
            sum.add_key(key, node.digest());
            (Arc::from(key.as_str()), node)
        });
        let members = if map.len() <= FEW { Members::Few(entries.collect()) } else { Members::Many(entries.collect()) };
        Self { members, sum }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.members {
            Members::Few(entries) => entries.len(),
            Members::Many(entries) => entries.len(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.members {
            Members::Few(entries) => entries.iter().find(|(k, _)| &**k == key).map(|(_, node)| node),
            Members::Many(entries) => entries.get(key),
        }
    }

    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = (&Arc<str>, &Node)> + '_> {
        match &self.members {
            Members::Few(entries) => Box::new(entries.iter().map(|(key, node)| (key, node))),
            Members::Many(entries) => Box::new(entries.iter()),
        }
    }

    pub(crate) fn keys(&self) -> Vec<Arc<str>> {
        self.iter().map(|(key, _)| Arc::clone(key)).collect()
    }
}

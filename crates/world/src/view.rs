//! The state and the arguments as templates see them: looked up, never converted whole.

use crate::clock;
use crate::state::{Node, State};
use jiff::Timestamp;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Jinja};
use serde_json::Value;
use std::sync::Arc;

/// A container of the tree.
#[derive(Debug)]
struct View(Node);

/// A node as a template value: scalars as they are, containers as views.
pub(crate) fn view(node: &Node) -> Jinja {
    match node {
        Node::Null => Jinja::from(()),
        Node::Bool(b) => Jinja::from(*b),
        Node::Number(n) => n
            .as_i64()
            .map(Jinja::from)
            .or_else(|| n.as_u64().map(Jinja::from))
            .unwrap_or_else(|| Jinja::from(n.as_f64().unwrap_or(f64::NAN))),
        Node::Text(text) => Jinja::from(Arc::clone(text)),
        Node::List(_) | Node::Object(_) => Jinja::from_object(View(node.clone())),
    }
}

/// A template value as JSON.
pub(crate) fn to_json(value: &Jinja) -> Result<Value, String> {
    if let Some(view) = value.downcast_object_ref::<View>() {
        return Ok(view.0.to_value());
    }
    serde_json::to_value(value).map_err(|e| e.to_string())
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if matches!(self.0, Node::List(_)) { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match &self.0 {
            Node::List(list) => list.get(key.as_usize()?).map(view),
            Node::Object(object) => object.get(key.as_str()?).map(view),
            _ => None,
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        match &self.0 {
            Node::Object(object) => object.get(key).map(view),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.0 {
            Node::List(list) => Enumerator::Seq(list.len()),
            Node::Object(object) => Enumerator::Values(object.keys().into_iter().map(Jinja::from).collect()),
            _ => Enumerator::NonEnumerable,
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match &self.0 {
            Node::List(list) => Some(list.len()),
            Node::Object(object) => Some(object.len()),
            _ => None,
        }
    }
}

/// What a template's names stand for.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) args: Node,
    pub(crate) state: State,
    pub(crate) start: Timestamp,
    pub(crate) elapsed_ms: u64,
    pub(crate) nth: u32,
}

impl Scope {
    /// The names a template may use.
    pub(crate) const NAMES: [&'static str; 4] = ["args", "state", "now", "nth"];

    pub(crate) fn into_value(self) -> Jinja {
        Jinja::from_object(self)
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        match key {
            "args" => Some(view(&self.args)),
            "state" => Some(view(self.state.root())),
            "now" => Some(Jinja::from(clock::after(self.start, self.elapsed_ms))),
            "nth" => Some(Jinja::from(self.nth)),
            _ => None,
        }
    }
}

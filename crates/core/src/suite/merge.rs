//! The state that a scenario starts from, shared between all that start from the same.

use super::load_world::Ready;
use super::model::Initial;
use mocktrial_trajectory::{Digest, Op, Pointer};
use mocktrial_world::State;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The initial states so far, by world and by what they come to.
#[derive(Default)]
pub(crate) struct Shared {
    by_patch: HashMap<(String, Digest), Arc<Initial>>,
    by_state: HashMap<Digest, Arc<Initial>>,
}

impl Shared {
    /// The world's state with a merge patch (RFC 7396) on it.
    pub(crate) fn initial(&mut self, world: &Ready, patch: Option<&Value>) -> Arc<Initial> {
        let Some(patch) = patch else { return Arc::clone(&world.initial) };
        let key = (world.world.id.clone(), Digest::of(patch));
        if let Some(known) = self.by_patch.get(&key) {
            return Arc::clone(known);
        }
        // Operations on the shared tree cost what the patch touches, not what the state holds.
        let mut state = world.world.initial.clone();
        let mut ops = Vec::new();
        operations(Some(&*world.state), patch, &Pointer::default(), &mut ops);
        for op in &ops {
            // The operations follow what is there, so none can fail.
            let _ = state.apply(op);
        }
        let initial = self.by_state.entry(state.digest()).or_insert_with(|| Arc::new(Initial::new(state)));
        let initial = if initial.digest == world.initial.digest { &world.initial } else { initial };
        self.by_patch.insert(key, Arc::clone(initial));
        Arc::clone(initial)
    }
}

impl Initial {
    /// A state with its hash.
    pub(crate) fn new(state: State) -> Self {
        let digest = state.digest();
        Self { state, digest, value: std::sync::OnceLock::new() }
    }
}

/// The operations that come to a merge patch on a value.
fn operations(base: Option<&Value>, patch: &Value, at: &Pointer, ops: &mut Vec<Op>) {
    let Value::Object(members) = patch else { return };
    for (key, value) in members {
        let path = at.child(key);
        let there = base.and_then(|b| b.get(key));
        match (there, value) {
            (None, Value::Null) => {}
            (Some(_), Value::Null) => ops.push(Op::Remove { path }),
            (Some(inner @ Value::Object(_)), Value::Object(_)) => operations(Some(inner), value, &path, ops),
            (Some(_), value) => ops.push(Op::Replace { path, value: without_nulls(value) }),
            (None, value) => ops.push(Op::Add { path, value: without_nulls(value) }),
        }
    }
}

/// A merge patch on nothing: its nulls remove what is not there.
fn without_nulls(patch: &Value) -> Value {
    match patch {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v)));
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

//! What an episode did to the state, change by change.

use crate::diff::Rules;
use crate::{CallFact, Prepared, StateError};
use mocktrial_trajectory::{Body, Op, Pointer, Trajectory, apply_patch, canonical_text};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Every recorded change, in order; those that changed nothing but what is volatile are none.
#[derive(Debug)]
pub(crate) struct Effects {
    pub(crate) writes: Vec<Write>,
}

/// One recorded change: what one call did.
#[derive(Debug)]
pub(crate) struct Write {
    /// Its event.
    pub(crate) event: u32,
    /// The event of the call that made it.
    pub(crate) call: u32,
    /// The call with its arguments, the schema's defaults filled in, in one spelling: equal for calls
    /// that ask for the same. `None` where the call failed.
    pub(crate) asked: Option<String>,
    pub(crate) changes: Vec<Change>,
}

/// A place that a write changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// For entries put into or taken out of a list, the list and `-`: their places in it shift.
    pub(crate) at: Pointer,
    pub(crate) kind: ChangeKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ChangeKind {
    /// A value became another, or is gone.
    Altered,
    /// A key is new. Of a map, the names of its members, sorted.
    Created(Option<Vec<String>>),
    /// An entry was put into a list.
    Inserted,
    /// An entry was taken out of a list.
    Dropped,
}

impl Effects {
    /// # Errors
    /// When a recorded change does not fit the state before it.
    pub(crate) fn of(prepared: &Prepared, trajectory: &Trajectory, calls: &[CallFact<'_>]) -> Result<Self, StateError> {
        let rules = prepared.rules();
        let mut state = Value::clone(&prepared.case().initial);
        let mut writes = Vec::new();
        for event in trajectory.events() {
            let Body::State { call, patch, .. } = &event.body else { continue };
            let mut changes = Vec::new();
            for op in patch {
                let (Op::Add { path, .. } | Op::Replace { path, .. } | Op::Remove { path }) = op;
                let before = at(&state, &path.0).cloned();
                let listed =
                    path.0.split_last().is_some_and(|(_, above)| at(&state, above).is_some_and(Value::is_array));
                apply_patch(&mut state, std::slice::from_ref(op))
                    .map_err(|e| StateError::Patch { event: event.seq, why: e.to_string() })?;
                note_changes(rules, op, before.as_ref(), listed, &mut changes);
            }
            changes.retain(|change: &Change| !rules.is_volatile(&change.at));
            if changes.is_empty() {
                continue;
            }
            let made = calls.binary_search_by_key(call, |c| c.seq).ok().map(|i| &calls[i]);
            let asked = made.filter(|c| c.succeeded()).map(|c| spelled(c, prepared.defaults(c.tool)));
            writes.push(Write { event: event.seq, call: *call, asked, changes });
        }
        Ok(Self { writes })
    }

    /// How often each call changed the state.
    pub(crate) fn asked(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for asked in self.writes.iter().filter_map(|w| w.asked.as_deref()) {
            *counts.entry(asked).or_default() += 1;
        }
        counts
    }
}

fn spelled(call: &CallFact<'_>, defaults: Option<&Map<String, Value>>) -> String {
    let mut args = call.arguments.value().cloned().unwrap_or_default();
    if let (Value::Object(args), Some(defaults)) = (&mut args, defaults) {
        for (key, value) in defaults {
            args.entry(key).or_insert_with(|| value.clone());
        }
    }
    format!("{} {}", call.tool, canonical_text(&args))
}

/// What is at a path, if anything.
fn at<'s>(state: &'s Value, path: &[String]) -> Option<&'s Value> {
    path.iter().try_fold(state, |value, token| match value {
        Value::Object(map) => map.get(token),
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    })
}

fn note_changes(rules: &Rules, op: &Op, before: Option<&Value>, listed: bool, changes: &mut Vec<Change>) {
    let in_list = |path: &Pointer| {
        let mut at = path.clone();
        if let Some(last) = at.0.last_mut() {
            "-".clone_into(last);
        }
        at
    };
    match (op, before) {
        (Op::Add { path, .. }, _) if listed => changes.push(Change { at: in_list(path), kind: ChangeKind::Inserted }),
        (Op::Remove { path }, _) if listed => changes.push(Change { at: in_list(path), kind: ChangeKind::Dropped }),
        (Op::Add { path, value } | Op::Replace { path, value }, before) => {
            compare(rules, path, before, Some(value), changes);
        }
        (Op::Remove { path }, before) => compare(rules, path, before, None, changes),
    }
}

/// Where a value differs from the one before: the deepest places within maps.
fn compare(rules: &Rules, path: &Pointer, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    let mut altered = || changes.push(Change { at: path.clone(), kind: ChangeKind::Altered });
    match (before, after) {
        (None, None) => {}
        (None, Some(value)) => {
            let members = value.as_object().map(|map| {
                let mut names: Vec<String> = map.keys().cloned().collect();
                names.sort_unstable();
                names
            });
            changes.push(Change { at: path.clone(), kind: ChangeKind::Created(members) });
        }
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                compare(rules, &path.child(key), Some(value), new.get(key), changes);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                compare(rules, &path.child(key), None, Some(value), changes);
            }
        }
        (Some(Value::Object(old)), None) if !old.is_empty() => {
            for (key, value) in old {
                compare(rules, &path.child(key), Some(value), None, changes);
            }
        }
        (Some(old), Some(new)) if rules.same_at(path, old, new) => {}
        (Some(_), _) => altered(),
    }
}

//! An episode as scripts read it.

use crate::{CallFact, Facts};
use mocktrial_script::{HostError, Moment, Reading, Record, Step};
use mocktrial_trajectory::{Body, apply_patch};
use serde_json::{Value, json};
use std::cell::RefCell;

/// An episode's facts, converted where a script asks for them.
pub(super) struct Recorded<'f, 'a> {
    facts: &'f Facts<'a>,
    /// The last state that was asked for, and how many changes made it: scripts go forward.
    passed: RefCell<Option<(usize, Value)>>,
}

impl<'f, 'a> Recorded<'f, 'a> {
    pub(super) fn new(facts: &'f Facts<'a>) -> Self {
        Self { facts, passed: RefCell::new(None) }
    }

    /// Looks at the state after the first `count` changes.
    fn after<T>(&self, count: usize, look: impl FnOnce(&Value) -> T) -> Result<T, HostError> {
        let mut passed = self.passed.borrow_mut();
        let (done, mut state) = match passed.take() {
            Some((done, state)) if done <= count => (done, state),
            _ => (0, Value::clone(&self.facts.case().initial)),
        };
        for (_, patch, _) in self.facts.changes().take(count).skip(done) {
            apply_patch(&mut state, patch).map_err(|e| HostError(e.to_string()))?;
        }
        let seen = look(&state);
        *passed = Some((count, state));
        Ok(seen)
    }

    /// How many changes there were once an event, and what its call changed, had happened.
    fn changes_until(&self, seq: u32) -> usize {
        let events = self.facts.trajectory().events();
        let changes = events.iter().filter_map(|event| match &event.body {
            Body::State { call, .. } => Some(event.seq.min(*call)),
            _ => None,
        });
        changes.take_while(|since| *since <= seq).count()
    }
}

impl Record for Recorded<'_, '_> {
    fn read(&self, what: Reading, limit: usize) -> Result<Value, HostError> {
        let facts = self.facts;
        let mut left = limit;
        let mut list = |items: &mut dyn Iterator<Item = Value>| {
            let mut out = Vec::new();
            for item in items {
                left = left.checked_sub(size(&item, left)).ok_or_else(|| too_large(limit))?;
                out.push(item);
            }
            Ok(Value::Array(out))
        };
        let spoken = |(seq, text): (u32, &str)| json!({"seq": seq, "text": text});
        let events = facts.trajectory().events();
        match what {
            Reading::Calls => list(&mut facts.calls().iter().map(call)),
            Reading::Said => list(&mut facts.said().map(|(seq, text)| spoken((seq, &text)))),
            Reading::Answer => Ok(facts.trajectory().answer().map_or(Value::Null, Value::from)),
            Reading::Users => list(&mut events.iter().filter_map(|event| match &event.body {
                Body::User { text, .. } => Some(spoken((event.seq, text))),
                _ => None,
            })),
            Reading::Events => list(&mut events.iter().map(|event| serde_json::to_value(event).unwrap_or_default())),
            Reading::Changes => list(&mut events.iter().filter_map(|event| match &event.body {
                Body::State { call, patch, .. } => Some(json!({"seq": event.seq, "call": call, "patch": patch})),
                _ => None,
            })),
            Reading::Tools => list(&mut facts.case().tools.iter().map(|t| serde_json::to_value(t).unwrap_or_default())),
            Reading::References => list(&mut facts.prepared().references().iter().map(|reference| {
                let calls = reference.calls().iter();
                let calls: Vec<Value> = calls.map(|c| json!({"tool": c.tool, "args": c.arguments})).collect();
                json!({"calls": calls})
            })),
        }
    }

    fn state(&self, when: Moment, path: &[Step], limit: usize) -> Result<Option<Value>, HostError> {
        let look = |state: &Value| match at(state, path) {
            Some(found) if size(found, limit) > limit => Err(too_large(limit)),
            found => Ok(found.cloned()),
        };
        let wrong = |error: &crate::StateError| HostError(error.to_string());
        match when {
            Moment::Initial => look(&self.facts.case().initial),
            Moment::Final => look(self.facts.final_state().map_err(wrong)?),
            Moment::After(seq) if self.facts.trajectory().event(seq).is_none() => {
                Err(HostError(format!("there is no event {seq}")))
            }
            Moment::After(seq) => {
                self.facts.final_state().map_err(wrong)?;
                self.after(self.changes_until(seq), look)?
            }
            Moment::Reference(index) => {
                let references = self.facts.prepared().references();
                let reference = references.get(index).ok_or_else(|| {
                    HostError(format!("there is no reference {index}: the scenario has {}", references.len()))
                })?;
                look(reference.normal_state(self.facts.prepared().rules()).map_err(wrong)?)
            }
        }
    }
}

fn too_large(limit: usize) -> HostError {
    HostError(format!("what is read is larger than {limit} bytes: read less of it"))
}

fn call(call: &CallFact<'_>) -> Value {
    json!({
        "seq": call.seq,
        "tool": call.tool,
        "args": call.arguments.value().filter(|value| value.is_object()),
        "text": call.arguments.text,
        "result": call.result.map(|(_, content)| content),
        "error": call.failure,
        "executed": call.executed(),
        "succeeded": call.succeeded(),
    })
}

/// What is at a path; negative indices count from the end.
fn at<'s>(state: &'s Value, path: &[Step]) -> Option<&'s Value> {
    path.iter().try_fold(state, |value, step| match (value, step) {
        (Value::Object(map), Step::Key(key)) => map.get(key),
        (Value::Object(map), Step::Index(i)) => map.get(&i.to_string()),
        (Value::Array(items), Step::Index(i)) if *i >= 0 => items.get(usize::try_from(*i).ok()?),
        (Value::Array(items), Step::Index(i)) => {
            items.get(items.len().checked_sub(usize::try_from(i.unsigned_abs()).ok()?)?)
        }
        (Value::Array(items), Step::Key(key)) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// About how many bytes a value takes, or more than `limit`: texts by their length, all else by a few.
fn size(value: &Value, limit: usize) -> usize {
    let mut total = 8;
    let mut left: Vec<&Value> = vec![value];
    while let Some(value) = left.pop() {
        total += match value {
            Value::String(text) => text.len() + 2,
            Value::Array(items) => {
                left.extend(items);
                8 * items.len()
            }
            Value::Object(map) => {
                left.extend(map.values());
                map.keys().map(|key| key.len() + 8).sum()
            }
            _ => 8,
        };
        if total > limit {
            break;
        }
    }
    total
}

//! The responders: rules, script, synthesized.

use crate::call::{Call, Given, Respond};
use crate::clock;
use crate::rule::{Answer, Rule};
use crate::state::{Node, index};
use crate::synth::Synthesizer;
use async_trait::async_trait;
use minijinja::value::Value as Jinja;
use mocktrial_script::{Host, HostError, Limits, Reply, Script, Shape, Step};
use mocktrial_trajectory::{Op, Pointer, Responder};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

/// A tool's rules, in order.
pub(crate) struct Rules(pub(crate) Vec<Rule>);

#[async_trait]
impl Respond for Rules {
    async fn respond(&self, call: &mut Call<'_>) -> Result<Option<(Given, Responder)>, String> {
        let mut scope: Option<Jinja> = None;
        for (i, rule) in self.0.iter().enumerate() {
            let wrong = |what: String| format!("rule {i} of `{}`: {what}", call.tool);
            let (args, state) = (call.args, &*call.state);
            let mut lazily = || scope.get_or_insert_with(|| call.scope()).clone();
            if !rule.when.holds(args, state, &mut lazily).map_err(|e| wrong(e.0))? {
                continue;
            }
            let mut scope = lazily();
            for change in &rule.changes {
                let op = change.op(&scope).map_err(|e| format!("rule {i} of `{}`: {}", call.tool, e.0))?;
                call.write(op).map_err(|e| format!("rule {i} of `{}`: {e}", call.tool))?;
                scope = call.scope();
            }
            let (template, error) = match &rule.answer {
                Answer::Result(template) => (template, false),
                Answer::Error(template) => (template, true),
            };
            let value = template.render(&scope).map_err(|e| format!("rule {i} of `{}`: {}", call.tool, e.0))?;
            let given = if error { Given::Error(value) } else { Given::Result(value) };
            return Ok(Some((given, Responder::Rule { index: u32::try_from(i).unwrap_or(u32::MAX) })));
        }
        Ok(None)
    }
}

/// A function of the world's script.
pub(crate) struct Scripted {
    pub(crate) script: Script,
    pub(crate) function: String,
    pub(crate) limits: Limits,
}

#[async_trait]
impl Respond for Scripted {
    async fn respond(&self, call: &mut Call<'_>) -> Result<Option<(Given, Responder)>, String> {
        let args = call.args;
        let random = Xoshiro256PlusPlus::seed_from_u64(call.seed);
        let mut bridge = Bridge { call, random };
        let reply = self.script.call(&self.function, args, &mut bridge, &self.limits).map_err(|e| e.to_string())?;
        let given = match reply {
            Reply::Pass => return Ok(None),
            Reply::Result(value) => Given::Result(value),
            Reply::Error(value) => Given::Error(value),
        };
        Ok(Some((given, Responder::Script { function: self.function.clone() })))
    }
}

/// The script's host: the state behind a call.
struct Bridge<'a, 'c> {
    call: &'a mut Call<'c>,
    random: Xoshiro256PlusPlus,
}

impl Bridge<'_, '_> {
    fn node(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(self.call.state.root(), |node, step| match (node, step) {
            (Node::Object(object), Step::Key(key)) => object.get(key),
            (Node::List(list), Step::Index(i)) => list.get(from_end(*i, list.len())?),
            (Node::List(list), Step::Key(key)) => list.get(index(key)?),
            (Node::Object(object), Step::Index(i)) => object.get(&i.to_string()),
            _ => None,
        })
    }

    /// The pointer to a path; negative indices are resolved against what is there.
    fn pointer(&self, path: &[Step]) -> Pointer {
        let mut tokens = Vec::with_capacity(path.len());
        for (depth, step) in path.iter().enumerate() {
            tokens.push(match step {
                Step::Key(key) => key.clone(),
                Step::Index(i) => match self.node(&path[..depth]) {
                    Some(Node::List(list)) => from_end(*i, list.len()).map_or_else(|| i.to_string(), |i| i.to_string()),
                    _ => i.to_string(),
                },
            });
        }
        Pointer(tokens)
    }

    fn write(&mut self, op: Op) -> Result<(), HostError> {
        self.call.write(op).map_err(HostError)
    }
}

fn from_end(i: i64, len: usize) -> Option<usize> {
    if i >= 0 { usize::try_from(i).ok() } else { len.checked_sub(usize::try_from(i.unsigned_abs()).ok()?) }
}

impl Host for Bridge<'_, '_> {
    fn get(&self, path: &[Step], limit: usize) -> Result<Option<Value>, HostError> {
        let Some(node) = self.node(path) else { return Ok(None) };
        node.to_value_within(limit).map(Some).ok_or_else(|| {
            HostError(format!("what is at `{}` is larger than {limit} bytes: read less of it", self.pointer(path)))
        })
    }

    fn shape(&self, path: &[Step]) -> Option<Shape> {
        self.node(path).map(|node| match node {
            Node::List(list) => Shape::List(list.len()),
            Node::Object(object) => Shape::Object(object.len()),
            _ => Shape::Scalar,
        })
    }

    fn keys(&self, path: &[Step], limit: usize) -> Result<Vec<String>, HostError> {
        match self.node(path) {
            Some(Node::Object(object)) if object.len() <= limit => {
                Ok(object.iter().map(|(key, _)| key.to_string()).collect())
            }
            Some(Node::Object(object)) => {
                Err(HostError(format!("`{}` has {} keys, more than {limit}", self.pointer(path), object.len())))
            }
            _ => Err(HostError(format!("there is no object at `{}`", self.pointer(path)))),
        }
    }

    fn set(&mut self, path: &[Step], value: Value) -> Result<(), HostError> {
        let pointer = self.pointer(path);
        let op = if self.node(path).is_some() {
            Op::Replace { path: pointer, value }
        } else {
            Op::Add { path: pointer, value }
        };
        self.write(op)
    }

    fn append(&mut self, path: &[Step], value: Value) -> Result<(), HostError> {
        if !matches!(self.node(path), Some(Node::List(_))) {
            return Err(HostError(format!("there is no list at `{}`", self.pointer(path))));
        }
        let path = self.pointer(path).child("-");
        self.write(Op::Add { path, value })
    }

    fn remove(&mut self, path: &[Step]) -> Result<(), HostError> {
        let path = self.pointer(path);
        self.write(Op::Remove { path })
    }

    fn now(&self) -> String {
        self.call.now()
    }

    fn nth(&self) -> u32 {
        self.call.nth
    }

    fn random_int(&mut self, low: i64, high: i64) -> i64 {
        let span = (i128::from(high) - i128::from(low) + 1).unsigned_abs();
        let drawn = (u128::from(self.random.next_u64()) * span) >> 64;
        i64::try_from(i128::from(low) + i128::try_from(drawn).unwrap_or(0)).unwrap_or(low)
    }

    fn add_seconds(&self, time: &str, seconds: i64) -> Result<String, HostError> {
        clock::add_seconds(time, seconds).map_err(HostError)
    }
}

/// A result made from the output schema, or `{"ok": true}` without one.
pub(crate) struct Synthesized(pub(crate) Option<Synthesizer>);

#[async_trait]
impl Respond for Synthesized {
    async fn respond(&self, call: &mut Call<'_>) -> Result<Option<(Given, Responder)>, String> {
        let Some(synthesizer) = &self.0 else {
            return Ok(Some((Given::Result(json!({"ok": true})), Responder::Default)));
        };
        let value = synthesizer.make(call.seed).map_err(|e| format!("no result of `{}`: {e}", call.tool))?;
        Ok(Some((Given::Result(value), Responder::Synthesized)))
    }
}

//! Which calls a criterion speaks of.

use crate::arguments::{impossible, known_arguments, partly};
use crate::mistake::did_you_mean;
use crate::parameters::shown;
use crate::similar::{NOT_THE_SAME, members};
use crate::{CallFact, Facts, Fault, Setting};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// Calls of a tool: its name, or its name and some arguments.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Selector {
    /// Every call of this tool.
    Tool(String),
    /// The calls of this tool with these arguments.
    Call(CallPattern),
}

/// A tool and arguments.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallPattern {
    /// The tool's name.
    call: String,
    /// Arguments that the call has, be it by the schema's default; objects may hold more than is
    /// listed.
    #[serde(default)]
    args: Option<Map<String, Value>>,
}

/// A compiled selector.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    pub(crate) tool: String,
    args: Option<Map<String, Value>>,
}

impl Pick {
    /// Checks the tool and the arguments against the world; `at` is where the selector stands.
    /// `refused`: calls that never reached the world are looked at too, so any argument may occur.
    pub(crate) fn new(selector: Selector, at: &str, refused: bool, setting: &Setting<'_>) -> Result<Self, Vec<Fault>> {
        match selector {
            Selector::Tool(tool) => Self::of(tool, None, &[at], &[at], refused, setting),
            Selector::Call(p) => Self::of(p.call, p.args, &[at, "call"], &[at, "args"], refused, setting),
        }
    }

    /// One selector or a list of them, each read by itself, so that a mistake is found where it stands.
    pub(crate) fn several(
        written: &Value,
        key: &str,
        refused: bool,
        setting: &Setting<'_>,
    ) -> Result<Vec<Self>, Vec<Fault>> {
        let (items, many) = match written {
            Value::Array(items) => (items.as_slice(), true),
            one => (std::slice::from_ref(one), false),
        };
        if items.is_empty() {
            return Err(vec![Fault::at(&[key], format!("`{key}` is empty"))]);
        }
        let mut faults = Vec::new();
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let selector = serde_json::from_value::<Selector>(item.clone()).map_err(|_| {
                let message = format!("{} is neither a tool nor a map of `call` and `args`", shown(item));
                vec![Fault::at(&[], message)]
            });
            match selector.and_then(|s| Self::new(s, "", refused, setting).map_err(unplaced)) {
                Ok(pick) => out.push(pick),
                Err(found) => {
                    let place = i.to_string();
                    let at: &[&str] = if many { &[key, &place] } else { &[key] };
                    faults.extend(found.into_iter().map(|f| f.below(at)));
                }
            }
        }
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    /// As `new`, from a tool and arguments that stand in places of their own.
    pub(crate) fn of(
        tool: String,
        args: Option<Map<String, Value>>,
        tool_at: &[&str],
        args_at: &[&str],
        refused: bool,
        setting: &Setting<'_>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = known_call(&tool, args.as_ref(), tool_at, args_at, setting);
        if !refused && let Some(args) = &args {
            faults.extend(possible_call(&tool, args, args_at, true, setting));
        }
        if faults.is_empty() { Ok(Self { tool, args }) } else { Err(faults) }
    }

    /// Whether a call is one of them. An argument that it leaves out is the default that the tool's
    /// schema declares, as in `calls`.
    fn takes(&self, call: &CallFact<'_>, defaults: Option<&Map<String, Value>>) -> bool {
        if call.tool != self.tool {
            return false;
        }
        let Some(args) = &self.args else { return true };
        let got = call.arguments.value().and_then(Value::as_object);
        got.is_some_and(|got| {
            args.iter().all(|(key, want)| {
                let found = got.get(key).or_else(|| defaults?.get(key));
                found.is_some_and(|found| partly(want, found))
            })
        })
    }

    /// Whether a call is one of them, however it ended.
    pub(crate) fn takes_call(&self, call: &CallFact<'_>, facts: &Facts<'_>) -> bool {
        self.takes(call, facts.prepared().defaults(&self.tool))
    }

    /// The calls that count, in order.
    pub(crate) fn of_episode<'f, 'a>(
        &'f self,
        facts: &'f Facts<'a>,
        include_failed: bool,
    ) -> impl Iterator<Item = &'f CallFact<'a>> {
        let defaults = facts.prepared().defaults(&self.tool);
        facts.calls().iter().filter(move |c| c.counts(include_failed) && self.takes(c, defaults))
    }

    /// The events of those that succeeded, in order.
    pub(crate) fn successes<'f>(&'f self, facts: &'f Facts<'_>) -> impl Iterator<Item = u32> + 'f {
        let defaults = facts.prepared().defaults(&self.tool);
        facts.calls().iter().filter(move |c| c.succeeded() && self.takes(c, defaults)).map(|c| c.seq)
    }

    /// How near each successful call of the tool comes to being one of them, in [0, 1], by its event: 1
    /// where it is one, else the geometric mean over the arguments of how alike they are.
    pub(crate) fn similarities<'f>(&'f self, facts: &'f Facts<'_>) -> impl Iterator<Item = (u32, f64)> + 'f {
        let defaults = facts.prepared().defaults(&self.tool);
        let made = facts.calls().iter().filter(move |c| c.succeeded() && c.tool == self.tool);
        made.map(move |call| {
            let Some(args) = &self.args else { return (call.seq, 1.0) };
            let got = call.arguments.value().and_then(Value::as_object);
            let alike = got.map_or(0.0, |got| members(args, |key| got.get(key).or_else(|| defaults?.get(key))));
            (call.seq, if self.takes(call, defaults) { 1.0 } else { alike.min(NOT_THE_SAME) })
        })
    }

    /// The event of the first of them that succeeded.
    pub(crate) fn first_success(&self, facts: &Facts<'_>) -> Option<u32> {
        self.successes(facts).next()
    }

    /// Whether both speak of exactly the same calls.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.tool == other.tool && self.args == other.args
    }
}

/// Without the first token, where a selector would have its key.
fn unplaced(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.iter_mut().for_each(|fault| drop(fault.at.0.remove(0)));
    faults
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.args {
            Some(args) => write!(f, "`{}` with {}", self.tool, Value::Object(args.clone())),
            None => write!(f, "`{}`", self.tool),
        }
    }
}

/// What is wrong with naming this tool and these arguments in this world.
pub(crate) fn known_call(
    tool: &str,
    args: Option<&Map<String, Value>>,
    tool_at: &[&str],
    args_at: &[&str],
    setting: &Setting<'_>,
) -> Vec<Fault> {
    let Some(spec) = setting.tools.iter().find(|t| t.name == tool) else {
        let mut fault = Fault::at(tool_at, format!("the world has no tool `{tool}`"));
        fault.hint = did_you_mean(tool, setting.tools.iter().map(|t| t.name.as_str()));
        return vec![fault];
    };
    let Some((args, known)) = args.and_then(|a| Some((a, known_arguments(spec)?))) else { return Vec::new() };
    let unknown = args.keys().filter(|k| !known.contains_key(*k));
    unknown
        .map(|key| {
            let mut fault = Fault::at(args_at, format!("`{tool}` has no argument `{key}`")).below(&[]);
            fault.at.0.push(key.clone());
            fault.hint = did_you_mean(key, known.keys().map(String::as_str));
            fault
        })
        .collect()
}

/// The literal arguments that no executed call of this tool can have.
pub(crate) fn possible_call<'a>(
    tool: &str,
    args: impl IntoIterator<Item = (&'a String, &'a Value)>,
    args_at: &[&str],
    partial: bool,
    setting: &Setting<'_>,
) -> Vec<Fault> {
    let Some(spec) = setting.tools.iter().find(|t| t.name == tool) else { return Vec::new() };
    args.into_iter()
        .filter_map(|(key, value)| {
            let why = impossible(spec, key, value, partial)?;
            let mut fault = Fault::at(args_at, format!("no call of `{tool}` can have this `{key}`: {why}"));
            fault.at.0.push(key.clone());
            Some(fault)
        })
        .collect()
}

//! Comparing states: what is volatile left out, sets as multisets, numbers by value.

use mocktrial_trajectory::{Comparison, Pointer, canonical_text, same};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A [`Comparison`], parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    volatile: Vec<Pointer>,
    sets: Vec<Pointer>,
}

/// A place where two states differ.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) path: Pointer,
    /// `None` where nothing was expected.
    pub(crate) expected: Option<Value>,
    /// `None` where nothing was found.
    pub(crate) got: Option<Value>,
}

impl Rules {
    /// Parses the patterns; an error is a message and a hint.
    pub(crate) fn new(comparison: &Comparison) -> Result<Self, (String, String)> {
        let parse = |what: &str, texts: &[String]| {
            texts
                .iter()
                .map(|t| {
                    t.parse().map_err(|e| {
                        (format!("the world's `{what}`: {e}"), "write a JSON Pointer such as `/audit`".to_owned())
                    })
                })
                .collect::<Result<Vec<Pointer>, _>>()
        };
        Ok(Self { volatile: parse("volatile", &comparison.volatile)?, sets: parse("sets", &comparison.sets)? })
    }

    /// Whether anything is left out of comparison.
    pub(crate) fn leaves_out(&self) -> bool {
        !self.volatile.is_empty()
    }

    /// Whether states are compared whole: nothing is left out, and every list has an order.
    pub(crate) fn is_whole(&self) -> bool {
        self.volatile.is_empty() && self.sets.is_empty()
    }

    /// Whether a place is left out.
    pub(crate) fn is_volatile(&self, path: &Pointer) -> bool {
        self.volatile.iter().any(|pattern| pattern.covers(path))
    }

    /// The state without what is volatile: members are removed, list entries become `null`, so that
    /// those behind them keep their places. Where `*` takes all entries, none remain: such a list
    /// has no length either.
    pub(crate) fn normalise<'a>(&self, state: &'a Value) -> Cow<'a, Value> {
        if self.volatile.is_empty() {
            return Cow::Borrowed(state);
        }
        Cow::Owned(self.normalised(state.clone()))
    }

    /// As [`normalise`](Self::normalise), for a state of one's own.
    pub(crate) fn normalised(&self, mut state: Value) -> Value {
        for pattern in &self.volatile {
            strip(&mut state, &pattern.0);
        }
        state
    }

    fn is_set(&self, path: &Pointer) -> bool {
        self.sets.iter().any(|p| p.0.len() == path.0.len() && p.covers(path))
    }

    /// Where `got` differs from `expected`, at most `limit` places, and how many there are in all.
    /// Both are normalised already.
    pub(crate) fn diff(&self, expected: &Value, got: &Value, limit: usize) -> (Vec<Difference>, usize) {
        let mut walk = Walk { rules: self, limit, path: Vec::new(), found: Vec::new(), total: 0 };
        walk.compare(expected, got);
        (walk.found, walk.total)
    }

    /// Whether two values at `path` are equal, sets in any order. Nothing is left out: what is
    /// asserted of a place is meant.
    pub(crate) fn same_at(&self, path: &Pointer, expected: &Value, got: &Value) -> bool {
        let path = path.0.iter().map(|token| Cow::Borrowed(token.as_str())).collect();
        let mut walk = Walk { rules: self, limit: 0, path, found: Vec::new(), total: 0 };
        walk.compare(expected, got);
        walk.total == 0
    }

    /// A text that is equal for values at `path` that are equal under these rules.
    fn key(&self, path: &Pointer, value: &Value) -> String {
        canonical_text(&self.ordered(path, value))
    }

    /// The value with every set below `path` in a canonical order.
    fn ordered<'a>(&self, path: &Pointer, value: &'a Value) -> Cow<'a, Value> {
        if !self.sets.iter().any(|p| p.0.len() >= path.0.len()) {
            return Cow::Borrowed(value);
        }
        match value {
            Value::Object(map) => Cow::Owned(Value::Object(
                map.iter().map(|(k, v)| (k.clone(), self.ordered(&path.child(k), v).into_owned())).collect(),
            )),
            Value::Array(items) => {
                let mut items: Vec<Value> =
                    items.iter().enumerate().map(|(i, v)| self.ordered(&path.child(i), v).into_owned()).collect();
                if self.is_set(path) {
                    items.sort_by_cached_key(canonical_text);
                }
                Cow::Owned(Value::Array(items))
            }
            scalar => Cow::Borrowed(scalar),
        }
    }
}

fn strip(value: &mut Value, pattern: &[String]) {
    let Some((first, rest)) = pattern.split_first() else {
        *value = Value::Null;
        return;
    };
    match value {
        Value::Object(map) if rest.is_empty() => {
            if first == "*" {
                map.clear();
            } else {
                map.shift_remove(first);
            }
        }
        Value::Object(map) => {
            let chosen = map.iter_mut().filter(|(k, _)| first == "*" || *k == first);
            chosen.for_each(|(_, v)| strip(v, rest));
        }
        Value::Array(items) if rest.is_empty() && first == "*" => items.clear(),
        Value::Array(items) => {
            let chosen = items.iter_mut().enumerate().filter(|(i, _)| first == "*" || first.parse() == Ok(*i));
            chosen.for_each(|(_, v)| strip(v, rest));
        }
        _ => {}
    }
}

struct Walk<'r, 'v> {
    rules: &'r Rules,
    limit: usize,
    /// Where the walk is. Borrowed, because most places are passed without a word.
    path: Vec<Cow<'v, str>>,
    found: Vec<Difference>,
    total: usize,
}

impl<'v> Walk<'_, 'v> {
    fn here(&self) -> Pointer {
        Pointer(self.path.iter().map(|token| token.clone().into_owned()).collect())
    }

    fn report(&mut self, expected: Option<&Value>, got: Option<&Value>) {
        self.total += 1;
        if self.found.len() < self.limit {
            self.found.push(Difference { path: self.here(), expected: expected.cloned(), got: got.cloned() });
        }
    }

    fn below(&mut self, token: impl Into<Cow<'v, str>>, expected: Option<&'v Value>, got: Option<&'v Value>) {
        self.path.push(token.into());
        match (expected, got) {
            (Some(expected), Some(got)) => self.compare(expected, got),
            _ => self.report(expected, got),
        }
        self.path.pop();
    }

    fn compare(&mut self, expected: &'v Value, got: &'v Value) {
        match (expected, got) {
            (Value::Object(e), Value::Object(g)) => {
                e.iter().for_each(|(key, value)| self.below(key, Some(value), g.get(key)));
                g.iter().filter(|(k, _)| !e.contains_key(*k)).for_each(|(k, value)| self.below(k, None, Some(value)));
            }
            (Value::Array(e), Value::Array(g)) if !self.rules.sets.is_empty() && self.rules.is_set(&self.here()) => {
                self.compare_sets(e, g);
            }
            (Value::Array(e), Value::Array(g)) => {
                (0..e.len().max(g.len())).for_each(|i| self.below(i.to_string(), e.get(i), g.get(i)));
            }
            _ => {
                if !same(expected, got) {
                    self.report(Some(expected), Some(got));
                }
            }
        }
    }

    fn compare_sets(&mut self, expected: &[Value], got: &[Value]) {
        let any = self.here().child("*");
        let mut missing: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for value in expected {
            missing.entry(self.rules.key(&any, value)).or_default().push(value);
        }
        let mut extra = Vec::new();
        for value in got {
            let known = missing.get_mut(&self.rules.key(&any, value)).and_then(Vec::pop);
            if known.is_none() {
                extra.push(value);
            }
        }
        for value in missing.into_values().flatten() {
            self.report(Some(value), None);
        }
        for value in extra {
            self.report(None, Some(value));
        }
    }
}

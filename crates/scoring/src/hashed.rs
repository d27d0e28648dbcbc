//! The hash of a state with few changes, without hashing all of it again.

use mocktrial_trajectory::{Accumulator, Digest, Pointer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An initial state's running sums: that of the whole, and of every map directly below it.
///
/// Worlds keep their records in such maps (`/orders/W-1001`), so a change costs the hash of one
/// record, however many there are. Deeper sums would cost memory for each scenario and save little.
#[derive(Debug)]
pub(crate) struct Hashed {
    sum: Accumulator,
    tables: BTreeMap<String, Table>,
}

#[derive(Debug)]
struct Table {
    sum: Accumulator,
    digest: Digest,
}

fn sum_of(map: &Map<String, Value>) -> Accumulator {
    let mut sum = Accumulator::object();
    map.iter().for_each(|(key, value)| sum.add_key(key, Digest::of(value)));
    sum
}

impl Hashed {
    pub(crate) fn new(initial: &Value) -> Self {
        let mut sum = Accumulator::object();
        let mut tables = BTreeMap::new();
        for (key, value) in initial.as_object().into_iter().flatten() {
            let digest = if let Value::Object(map) = value {
                let sum = sum_of(map);
                let digest = sum.finish(map.len());
                tables.insert(key.clone(), Table { sum, digest });
                digest
            } else {
                Digest::of(value)
            };
            sum.add_key(key, digest);
        }
        Self { sum, tables }
    }

    /// The hash of `state`, which differs from `initial` at most at or below `paths`.
    pub(crate) fn after<'p>(
        &self,
        initial: &Value,
        state: &Value,
        paths: impl IntoIterator<Item = &'p Pointer>,
    ) -> Digest {
        let (Some(before), Some(after)) = (initial.as_object(), state.as_object()) else { return Digest::of(state) };
        // By table, the entries that may differ; `None` where all of it may.
        let mut touched: BTreeMap<&str, Option<BTreeSet<&str>>> = BTreeMap::new();
        for path in paths {
            match path.0.as_slice() {
                [] => return Digest::of(state),
                [table] => drop(touched.insert(table, None)),
                [table, entry, ..] => {
                    if let Some(entries) = touched.entry(table).or_insert_with(|| Some(BTreeSet::new())) {
                        entries.insert(entry);
                    }
                }
            }
        }
        let mut sum = self.sum;
        for (key, entries) in touched {
            let (old, new, table) = (before.get(key), after.get(key), self.tables.get(key));
            if let Some(old) = old {
                sum.remove_key(key, table.map_or_else(|| Digest::of(old), |t| t.digest));
            }
            let Some(new) = new else { continue };
            let digest = match (table, entries, old.and_then(Value::as_object), new.as_object()) {
                (Some(table), Some(entries), Some(old), Some(new)) => table.after(old, new, entries),
                _ => Digest::of(new),
            };
            sum.add_key(key, digest);
        }
        sum.finish(after.len())
    }
}

impl Table {
    fn after(&self, old: &Map<String, Value>, new: &Map<String, Value>, entries: BTreeSet<&str>) -> Digest {
        let mut sum = self.sum;
        for entry in entries {
            if let Some(value) = old.get(entry) {
                sum.remove_key(entry, Digest::of(value));
            }
            if let Some(value) = new.get(entry) {
                sum.add_key(entry, Digest::of(value));
            }
        }
        sum.finish(new.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_trajectory::{Op, apply_patch};
    use proptest::prelude::*;
    use serde_json::json;

    fn op() -> impl Strategy<Value = Op> {
        let paths = vec![
            "/orders",
            "/orders/a",
            "/orders/b",
            "/orders/a/n",
            "/orders/c/n",
            "/log",
            "/log/-",
            "/log/0",
            "/n",
            "/x",
        ];
        let values = [json!(1), json!({}), json!({"a": {"n": 2}, "b": 3}), json!([1, 2])];
        let path = prop_oneof![20 => prop::sample::select(paths), 1 => Just("")];
        (path, prop::sample::select(values.to_vec()), 0..3).prop_map(|(path, value, kind)| {
            let path: Pointer = path.parse().unwrap();
            match kind {
                0 => Op::Add { path, value },
                1 => Op::Replace { path, value },
                _ => Op::Remove { path },
            }
        })
    }

    proptest! {
        #[test]
        fn the_hash_is_that_of_the_whole_state(ops in prop::collection::vec(op(), 0..8)) {
            let initial = json!({"orders": {"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}}, "log": [1], "n": 1});
            let mut state = initial.clone();
            let applied: Vec<Op> =
                ops.into_iter().filter(|op| apply_patch(&mut state, std::slice::from_ref(op)).is_ok()).collect();
            let paths = applied.iter().map(|op| match op {
                Op::Add { path, .. } | Op::Replace { path, .. } | Op::Remove { path } => path,
            });
            prop_assert_eq!(Hashed::new(&initial).after(&initial, &state, paths), Digest::of(&state));
        }
    }
}

//! JSON values to try things on.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-4_i64..4).prop_map(Value::from),
        (-4_i64..4).prop_map(|n| Value::from(f64::from(i32::try_from(n).unwrap()))),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| Number::from_f64(f).map_or(Value::Null, Value::Number)),
        prop::sample::select(vec![-0.0, 0.5, 9_007_199_254_740_991.0, 9_007_199_254_740_992.0, 1e300])
            .prop_map(Value::from),
    ]
}

pub(crate) fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        prop::sample::select(vec!["", "a", "b", "1", "null", "[]", "{}", "/", "~", "\"", "é"]).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ]
}

pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["", "a", "b", "c", "0", "-", "a/b", "~1", "\""]).prop_map(str::to_owned),
        "\\PC{0,4}"
    ]
}

/// Small trees whose parts often coincide, so that equal ones are found by chance.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4).prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

/// The same value, written differently: keys turned round, whole numbers as floats.
pub(crate) fn rewritten(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(rewritten).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.clone(), rewritten(v))).collect();
            entries.reverse();
            Value::Object(Map::from_iter(entries))
        }
        Value::Number(n) => match n.as_i64().and_then(|i| i32::try_from(i).ok()) {
            Some(small) => Value::from(f64::from(small)),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

use super::*;
use mocktrial_trajectory::{apply_patch, same};
use proptest::prelude::*;
use serde_json::json;

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        "[a-z~/é]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 7, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..7).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,2}", inner, 0..7)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A walk through a value: which child to step into, as numbers; and what to do at the end.
fn walks() -> impl Strategy<Value = Vec<(Vec<u8>, u8, Value)>> {
    prop::collection::vec((prop::collection::vec(any::<u8>(), 0..4), 0..4u8, json_value()), 0..12)
}

fn op_at(state: &Value, walk: &[u8], kind: u8, value: Value) -> Op {
    let mut at = state;
    let mut path = Pointer::default();
    for step in walk {
        let next = match at {
            Value::Object(map) if !map.is_empty() => {
                map.iter().nth(usize::from(*step) % map.len()).map(|(k, v)| (k.clone(), v))
            }
            Value::Array(items) if !items.is_empty() => {
                let i = usize::from(*step) % items.len();
                Some((i.to_string(), &items[i]))
            }
            _ => None,
        };
        let Some((token, child)) = next else { break };
        path = path.child(token);
        at = child;
    }
    match kind {
        0 => Op::Replace { path, value },
        1 => Op::Remove { path },
        2 => Op::Add { path, value },
        _ => Op::Add { path: path.child(if at.is_array() { "-" } else { "new" }), value },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_state_changes_as_a_value_does_and_its_hash_with_it(value in json_value(), walks in walks()) {
        let mut value = value;
        let mut state = State::new(&value);
        prop_assert_eq!(state.digest(), Digest::of(&value));
        for (walk, kind, new) in walks {
            let op = op_at(&value, &walk, kind, new);
            let snapshot = state.clone();
            let before = snapshot.to_value();
            let mut expected = value.clone();
            match apply_patch(&mut expected, std::slice::from_ref(&op)) {
                Ok(()) => {
                    state.apply(&op).expect("what fits the value fits the state");
                    value = expected;
                }
                Err(error) => prop_assert_eq!(state.apply(&op).expect_err("does not fit"), error),
            }
            prop_assert!(same(&state.to_value(), &value));
            prop_assert_eq!(state.digest(), Digest::of(&value));
            prop_assert_eq!(snapshot.to_value(), before);
        }
    }

    #[test]
    fn what_is_recorded_replays_to_the_same_state(value in json_value(), walks in walks()) {
        let mut replayed = value.clone();
        let mut state = State::new(&value);
        for (walk, kind, new) in walks {
            let op = op_at(&replayed, &walk, kind, new);
            if let Ok(Some(recorded)) = state.write(op) {
                prop_assert!(apply_patch(&mut replayed, &[recorded]).is_ok());
            }
            prop_assert_eq!(state.digest(), Digest::of(&replayed));
        }
    }
}

#[test]
fn a_write_that_changes_nothing_is_not_recorded() {
    let mut state = State::new(&json!({"total": 25, "log": [1]}));
    let path: Pointer = "/total".parse().expect("a pointer");
    assert_eq!(state.write(Op::Replace { path: path.clone(), value: json!(25.0) }), Ok(None));
    assert_eq!(state.write(Op::Add { path, value: json!(25) }), Ok(None));
    let path: Pointer = "/log/0".parse().expect("a pointer");
    assert!(
        state.write(Op::Add { path, value: json!(1) }).is_ok_and(|op| op.is_some()),
        "an insertion changes the list"
    );
}

#[test]
fn an_append_is_recorded_with_its_index() {
    let mut state = State::new(&json!({"log": ["a"]}));
    let op = Op::Add { path: "/log/-".parse().expect("a pointer"), value: json!("b") };
    let recorded = state.write(op).expect("it fits").expect("it changes something");
    assert_eq!(serde_json::to_value(recorded).expect("json"), json!({"op": "add", "path": "/log/1", "value": "b"}));
}

#[test]
fn a_state_does_not_grow_deeper_than_its_bound() {
    let mut state = State::default();
    let mut path = Pointer::default();
    let refused = (0..200).find(|_| {
        path = path.child("a");
        state.apply(&Op::Add { path: path.clone(), value: json!({}) }).is_err()
    });
    assert_eq!(refused, Some(State::MAX_DEPTH - 1));
}

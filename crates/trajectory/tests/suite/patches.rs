//! JSON Patch and JSON Pointer.

use crate::values::{key, value};
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(path: &str) -> Pointer {
    path.parse().unwrap()
}

fn add(path: &str, value: Value) -> Op {
    Op::Add { path: at(path), value }
}

fn replace(path: &str, value: Value) -> Op {
    Op::Replace { path: at(path), value }
}

fn remove(path: &str) -> Op {
    Op::Remove { path: at(path) }
}

fn applied(mut state: Value, patch: &[Op]) -> Result<Value, String> {
    apply_patch(&mut state, patch).map_err(|e| e.to_string()).map(|()| state)
}

#[test]
fn a_patch_is_applied_in_order() {
    let patch = [
        replace("/orders/W-1/status", json!("refunded")),
        add("/log/-", json!("b")),
        add("/log/0", json!("first")),
        remove("/cart/0"),
        add("/a~1b/~0", json!(1)),
        remove("/gone"),
    ];
    let state = json!({"orders": {"W-1": {"status": "delivered"}}, "log": ["a"], "cart": [1, 2], "a/b": {}, "gone": 1});
    let after =
        json!({"orders": {"W-1": {"status": "refunded"}}, "log": ["first", "a", "b"], "cart": [2], "a/b": {"~": 1}});
    assert_eq!(applied(state, &patch).unwrap(), after);
    assert_eq!(
        applied(json!([1]), &[replace("", json!({"x": 1})), add("/y", json!(2))]).unwrap(),
        json!({"x": 1, "y": 2})
    );
}

#[test]
fn what_does_not_fit_is_refused_with_its_path() {
    let state = || json!({"list": [1], "text": "x"});
    for (op, said) in [
        (remove(""), "cannot change ``: the whole state cannot be removed"),
        (replace("/x", json!(1)), "cannot change `/x`: there is no such key"),
        (remove("/x"), "cannot change `/x`: there is no such key"),
        (add("/x/y", json!(1)), "cannot change `/x/y`: there is nothing at a step of the path"),
        (add("/list/2", json!(1)), "cannot change `/list/2`: there is no such place in the list"),
        (replace("/list/-", json!(1)), "cannot change `/list/-`: there is no such place in the list"),
        (remove("/list/1"), "cannot change `/list/1`: there is no such place in the list"),
        (add("/list/x", json!(1)), "cannot change `/list/x`: there is no such place in the list"),
        // RFC 6901: an index has neither sign nor leading zero.
        (replace("/list/+0", json!(1)), "cannot change `/list/+0`: there is no such place in the list"),
        (replace("/list/00", json!(1)), "cannot change `/list/00`: there is no such place in the list"),
        (add("/text/0", json!(1)), "cannot change `/text/0`: its parent is neither an object nor a list"),
    ] {
        assert_eq!(applied(state(), &[op]).unwrap_err(), said);
    }
    let mut halfway = state();
    let error = apply_patch(&mut halfway, &[add("/a", json!(1)), remove("/b")]).unwrap_err();
    assert_eq!((error.path, halfway), (at("/b"), json!({"list": [1], "text": "x", "a": 1})), "what came before stays");
}

#[test]
fn a_pattern_covers_what_lies_below_it() {
    let covers = |pattern: &str, path: &str| at(pattern).covers(&at(path));
    assert!(covers("", "/a") && covers("/a", "/a") && covers("/a", "/a/b") && covers("/*/b", "/a/b/c"));
    assert!(!covers("/a", "") && !covers("/a", "/b") && !covers("/a/*", "/a"));
}

#[test]
fn a_patch_is_written_as_rfc_6902_has_it() {
    let patch = vec![add("/a~1b/-", json!(1)), replace("/x", json!(null)), remove("/y")];
    let written = json!([
        {"op": "add", "path": "/a~1b/-", "value": 1},
        {"op": "replace", "path": "/x", "value": null},
        {"op": "remove", "path": "/y"},
    ]);
    assert_eq!(serde_json::to_value(&patch).unwrap(), written);
    assert_eq!(serde_json::from_value::<Patch>(written).unwrap(), patch);
    assert!("a".parse::<Pointer>().is_err());
    assert!(serde_json::from_value::<Op>(json!({"op": "remove", "path": "y"})).is_err());
}

/// The pointers to all parts of a value.
fn places(value: &Value, here: &Pointer, out: &mut Vec<Pointer>) {
    out.push(here.clone());
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| places(v, &here.child(i), out)),
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, &here.child(k), out)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_pointer_is_read_as_it_was_written(tokens in prop::collection::vec(key(), 0..5)) {
        let pointer = Pointer(tokens);
        prop_assert_eq!(pointer.to_string().parse::<Pointer>().unwrap(), pointer);
    }

    #[test]
    fn what_was_put_somewhere_is_found_there_and_nothing_else_changes(state in value(), new in value(), pick in any::<prop::sample::Index>()) {
        let mut all = Vec::new();
        places(&state, &Pointer::default(), &mut all);
        let path = &all[pick.index(all.len())];
        let old = state.pointer(&path.to_string()).unwrap().clone();
        let put = |value| Op::Replace { path: path.clone(), value };
        let mut changed = state.clone();
        apply_patch(&mut changed, &[put(new.clone())]).unwrap();
        prop_assert_eq!(changed.pointer(&path.to_string()), Some(&new));
        apply_patch(&mut changed, &[put(old.clone())]).unwrap();
        prop_assert_eq!(&changed, &state);
        if !path.0.is_empty() {
            apply_patch(&mut changed, &[Op::Remove { path: path.clone() }, Op::Add { path: path.clone(), value: old }]).unwrap();
            prop_assert!(same(&changed, &state));
        }
    }

    #[test]
    fn no_patch_panics(mut state in value(), tokens in prop::collection::vec(key(), 0..4), new in value()) {
        let path = Pointer(tokens);
        for op in [Op::Add { path: path.clone(), value: new.clone() }, Op::Replace { path: path.clone(), value: new }, Op::Remove { path }] {
            let _ = apply_patch(&mut state, &[op]);
        }
    }
}

//! When values are the same, and that their texts and hashes say so.

use crate::values::{key, rewritten, scalar, value};
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_number_is_the_same_however_it_is_written() {
    let written = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let same_as_25 = [json!(25), json!(25.0), written("2.5e1"), written("25.000"), json!(25_u64)];
    for other in &same_as_25 {
        assert!(same(&json!(25), other));
        assert_eq!(canonical_text(other), "25");
        assert_eq!(Digest::of(other), Digest::of(&json!(25)));
    }
    for (a, b) in [
        (json!(0), json!(-0.0)),
        (json!(0), written("-0")),
        (json!(0.5), written("0.50")),
        (json!(0.1), written("1E-1")),
        (json!(u64::MAX), json!(u64::MAX)),
    ] {
        assert!(same(&a, &b));
        assert_eq!((canonical_text(&a), Digest::of(&a)), (canonical_text(&b), Digest::of(&b)));
    }
    for (a, b) in [
        (json!(25), json!("25")),
        (json!(1), json!(true)),
        (json!(0), Value::Null),
        (json!(i64::MAX), json!(u64::MAX)),
        // Beyond 2^53 a float stands for many integers, and is the same as none of them.
        (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0)),
        (json!(9_007_199_254_740_992_i64), json!(9_007_199_254_740_992.0)),
    ] {
        assert!(!same(&a, &b), "{a} {b}");
        assert_ne!(canonical_text(&a), canonical_text(&b));
        assert_ne!(Digest::of(&a), Digest::of(&b));
    }
}

#[test]
fn a_number_too_large_for_a_float_is_the_same_as_itself() {
    let [huge, higher, negative]: [Value; 3] = ["1e999", "1e1000", "-1e999"].map(|n| serde_json::from_str(n).unwrap());
    assert!(same(&huge, &huge) && same(&huge, &higher) && !same(&huge, &negative));
    assert_eq!(Digest::of(&huge), Digest::of(&higher));
    assert_ne!(Digest::of(&huge), Digest::of(&negative));
    assert_ne!(canonical_text(&huge), canonical_text(&negative));
}

#[test]
fn the_order_of_keys_means_nothing_and_that_of_a_list_does() {
    let (a, b) = (json!({"x": 1, "y": [1, 2]}), json!({"y": [1, 2], "x": 1}));
    assert!(same(&a, &b));
    assert_eq!(canonical_text(&a), r#"{"x":1,"y":[1,2]}"#);
    assert_eq!(Digest::of(&a), Digest::of(&b));
    assert_ne!(Digest::of(&json!([1, 2])), Digest::of(&json!([2, 1])));
}

#[test]
fn an_objects_digest_can_be_made_from_those_of_its_values() {
    let whole = json!({"text": "a", "list": [1, {"b": null}], "none": null});
    let parts = [
        ("none", Digest::of(&json!(null))),
        ("list", Digest::of(&json!([1, {"b": null}]))),
        ("text", Digest::of_text("a")),
    ];
    assert_eq!(Digest::of_entries(parts), Digest::of(&whole));
}

#[test]
fn containers_of_other_kinds_or_shapes_have_other_hashes() {
    let all = [
        json!([]),
        json!({}),
        json!(null),
        json!(""),
        json!(false),
        json!([null]),
        json!([[]]),
        json!([[], []]),
        json!([[[]]]),
        json!({"": null}),
        json!({"0": null}),
        json!({"a": {"b": 1}}),
        json!({"b": {"a": 1}}),
        json!([1, [2, 3]]),
        json!([[1, 2], 3]),
    ];
    for (i, a) in all.iter().enumerate() {
        for b in &all[i + 1..] {
            assert_ne!(Digest::of(a), Digest::of(b), "{a} {b}");
        }
    }
}

#[test]
fn a_hash_is_written_and_read_as_32_digits() {
    let digest = Digest::of(&json!({"a": 1}));
    let text = digest.to_string();
    assert_eq!((text.len(), text.parse()), (32, Ok(digest)));
    assert_eq!(serde_json::from_str::<Digest>(&serde_json::to_string(&digest).unwrap()).unwrap(), digest);
    for wrong in ["", "abc", &"é".repeat(16), &"+1".repeat(16), &"g".repeat(32), &"0".repeat(33)] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
    }
}

/// What may be done to a list's or an object's running sum.
#[derive(Clone, Debug)]
enum Step {
    Put(String, Value),
    Remove(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (key(), scalar()).prop_map(|(k, v)| Step::Put(k, v)),
        1 => any::<prop::sample::Index>().prop_map(Step::Remove),
    ]
}

proptest! {
    #[test]
    fn same_text_and_hash_agree(a in value(), b in value()) {
        prop_assert_eq!(same(&a, &b), canonical_text(&a) == canonical_text(&b));
        prop_assert_eq!(same(&a, &b), Digest::of(&a) == Digest::of(&b));
        prop_assert_eq!(same(&a, &b), same(&b, &a));
    }

    #[test]
    fn a_value_written_differently_is_the_same(a in value()) {
        let b = rewritten(&a);
        prop_assert!(same(&a, &b));
        prop_assert_eq!(canonical_text(&a), canonical_text(&b));
        prop_assert_eq!(Digest::of(&a), Digest::of(&b));
    }

    #[test]
    fn a_canonical_text_is_json_of_the_same_value(a in value()) {
        let text = canonical_text(&a);
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert!(same(&a, &read), "{} {}", a, text);
        prop_assert_eq!(canonical_text(&read), text);
    }

    #[test]
    fn a_sum_kept_up_to_date_is_the_hash_of_the_object(steps in prop::collection::vec(step(), 0..20)) {
        let mut object = serde_json::Map::new();
        let mut sum = Accumulator::object();
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    if let Some(old) = object.get(&key) {
                        sum.remove_key(&key, Digest::of(old));
                    }
                    sum.add_key(&key, Digest::of(&value));
                    object.insert(key, value);
                }
                Step::Remove(at) if !object.is_empty() => {
                    let key = object.keys().nth(at.index(object.len())).unwrap().clone();
                    let old = object.shift_remove(&key).unwrap();
                    sum.remove_key(&key, Digest::of(&old));
                }
                Step::Remove(_) => {}
            }
            prop_assert_eq!(sum.finish(object.len()), Digest::of(&Value::Object(object.clone())));
        }
    }

    #[test]
    fn a_sum_kept_up_to_date_is_the_hash_of_the_list(items in prop::collection::vec(value(), 0..8), new in value(), at in any::<prop::sample::Index>()) {
        let mut sum = Accumulator::array();
        // In any order: the sum does not know one.
        for (i, item) in items.iter().enumerate().rev() {
            sum.add_index(i, Digest::of(item));
        }
        prop_assert_eq!(sum.finish(items.len()), Digest::of(&Value::from(items.clone())));
        if !items.is_empty() {
            let at = at.index(items.len());
            let mut changed = items.clone();
            sum.remove_index(at, Digest::of(&items[at]));
            sum.add_index(at, Digest::of(&new));
            changed[at] = new;
            prop_assert_eq!(sum.finish(changed.len()), Digest::of(&Value::from(changed)));
        }
    }
}

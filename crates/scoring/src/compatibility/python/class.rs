//! What Python's `==` calls equal.

use super::number::Numeric;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt::Write;

/// Numbers values so that two have the same number exactly where Python calls them equal: numbers by
/// their exact value, `True` as 1 and `False` as 0, lists in order, dictionaries in any order.
///
/// Each value is looked at once; comparing two is then comparing two numbers, however large they are.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    known: HashMap<String, usize>,
}

impl Classes {
    pub(crate) fn of(&mut self, value: &Value) -> usize {
        let mut text = String::new();
        write(value, &mut text);
        self.of_text(text)
    }

    pub(crate) fn of_map(&mut self, map: &Map<String, Value>) -> usize {
        let mut text = String::new();
        write_map(map, &mut text);
        self.of_text(text)
    }

    pub(crate) fn of_str(&mut self, text: &str) -> usize {
        self.of_text(format!("{text:?}"))
    }

    /// The same for a text that is no JSON. It equals no value.
    pub(crate) fn of_raw(&mut self, text: &str) -> usize {
        // No value's text begins so.
        self.of_text(format!("!{text}"))
    }

    /// The same for parts that are numbered already, in their order.
    pub(crate) fn of_parts(&mut self, parts: &[usize]) -> usize {
        self.of_text(format!("@{parts:?}"))
    }

    fn of_text(&mut self, text: String) -> usize {
        let next = self.known.len();
        *self.known.entry(text).or_insert(next)
    }
}

/// A text that values share exactly where they are equal.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push('n'),
        Value::Bool(b) => out.push(if *b { '1' } else { '0' }),
        Value::Number(n) => out.push_str(&Numeric::of(n).class()),
        Value::String(s) => {
            let _ = write!(out, "{s:?}");
        }
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(map) => write_map(map, out),
    }
}

fn write_map(map: &Map<String, Value>, out: &mut String) {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(k, _)| *k);
    out.push('{');
    for (key, item) in entries {
        let _ = write!(out, "{key:?}:");
        write(item, out);
        out.push(',');
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Equality written out, for values whose numbers are small integers and halves.
    fn equal(a: &Value, b: &Value) -> bool {
        let number = |v: &Value| v.as_f64().or_else(|| v.as_bool().map(|b| if b { 1.0 } else { 0.0 }));
        match (a, b) {
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| equal(v, w)))
            }
            _ => match (number(a), number(b)) {
                (Some(a), Some(b)) => a == b,
                (None, None) => a == b,
                _ => false,
            },
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_i64..3).prop_map(Value::from),
            prop::sample::select(vec![0.0, -0.0, 0.5, 1.0, 2.0]).prop_map(Value::from),
            "[01n\"\\[,]{0,2}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[ab]", inner), 0..3).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn true_is_one_and_a_text_is_never_a_number() {
        let mut classes = Classes::default();
        let one = classes.of(&json!({"a": 1, "b": [true]}));
        assert_eq!(classes.of(&json!({"b": [1.0], "a": true})), one);
        assert_ne!(classes.of(&json!({"b": ["1"], "a": true})), one);
        assert_ne!(classes.of(&json!([])), classes.of(&json!({})));
        assert_ne!(classes.of_raw("1"), classes.of(&json!(1)));
    }

    proptest! {
        #[test]
        fn classes_are_the_same_exactly_where_values_are_equal(a in value(), b in value()) {
            let mut classes = Classes::default();
            prop_assert_eq!(classes.of(&a) == classes.of(&b), equal(&a, &b));
        }
    }
}

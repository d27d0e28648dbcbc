//! How alike two values are, for partial credit.

use crate::arguments::partly;
use crate::text::plain;
use serde_json::{Map, Value};

/// The most that values which are not the same are alike: only what matches counts as reached.
pub(crate) const NOT_THE_SAME: f64 = 0.99;

/// The words of a text that are looked at: bounds the work on what an agent wrote.
const WORDS: usize = 128;

/// In [0, 1], and 1 exactly where `got` has all that `want` has: texts by their words (ROUGE-L, the F
/// measure), maps by the geometric mean over the members that `want` lists, all else 1 or 0.
pub(crate) fn similarity(want: &Value, got: &Value) -> f64 {
    if partly(want, got) {
        return 1.0;
    }
    let alike = match (want, got) {
        (Value::String(want), Value::String(got)) => rouge_l(want, got),
        (Value::Object(want), Value::Object(got)) => members(want, |key| got.get(key)),
        _ => 0.0,
    };
    alike.min(NOT_THE_SAME)
}

/// The geometric mean over the members of `want` of how alike those of the other side are.
pub(crate) fn members<'g>(want: &Map<String, Value>, got: impl Fn(&str) -> Option<&'g Value>) -> f64 {
    geometric_mean(want.iter().map(|(key, want)| got(key).map_or(0.0, |got| similarity(want, got))))
}

/// 1 of nothing.
pub(crate) fn geometric_mean(parts: impl Iterator<Item = f64>) -> f64 {
    let (mut product, mut count) = (1.0_f64, 0_i32);
    for part in parts {
        product *= part;
        count += 1;
    }
    if count == 0 { 1.0 } else { product.powf(1.0 / f64::from(count)) }
}

/// The F measure of the longest common subsequence of words (Lin 2004).
fn rouge_l(want: &str, got: &str) -> f64 {
    let (want, got) = (plain(want, true), plain(got, true));
    let words = |text| -> Vec<&str> { str::split_whitespace(text).take(WORDS).collect() };
    let (want, got) = (words(&want), words(&got));
    let mut row = vec![0_u32; got.len() + 1];
    for w in &want {
        let mut diagonal = 0;
        for (j, g) in got.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if w == g { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    let common = f64::from(row.last().copied().unwrap_or(0));
    let total = u32::try_from(want.len() + got.len()).unwrap_or(u32::MAX);
    if total == 0 { 0.0 } else { 2.0 * common / f64::from(total) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn texts_are_alike_by_their_words_and_numbers_are_the_same_or_not() {
        assert!((similarity(&json!("it came damaged"), &json!("It came **very** damaged")) - 6.0 / 7.0).abs() < 1e-9);
        assert!(similarity(&json!("W-1"), &json!("W-2")).abs() < f64::EPSILON);
        assert!((similarity(&json!(25), &json!(25.0)) - 1.0).abs() < f64::EPSILON);
        assert!(similarity(&json!(25), &json!(26)).abs() < f64::EPSILON);
        assert!((similarity(&json!("DONE"), &json!("done")) - NOT_THE_SAME).abs() < f64::EPSILON);
    }

    #[test]
    fn one_wrong_member_of_a_map_leaves_nothing_and_one_nearly_right_a_mean() {
        let want = json!({"id": "a", "why": "it broke"});
        assert!(similarity(&want, &json!({"id": "b", "why": "it broke"})).abs() < f64::EPSILON);
        let near = similarity(&want, &json!({"id": "a", "why": "it broke today", "more": 1}));
        assert!((near - 0.8_f64.sqrt()).abs() < 1e-9, "{near}");
    }

    proptest! {
        #[test]
        fn it_is_a_fraction_and_1_only_for_the_same(a in "[ab ]{0,12}", b in "[ab ]{0,12}") {
            let s = similarity(&json!(a), &json!(b));
            prop_assert!((0.0..=1.0).contains(&s));
            prop_assert_eq!(s >= 1.0, a == b);
        }
    }
}

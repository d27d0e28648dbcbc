//! Any bytes as what peers' scorers compare: chat messages, calls and states.
//!
//! A JSON list of two lists. As messages they go through every mode of agentevals, as calls through every metric; and
//! every score lies in [0, 1].
//!
//! `crates/scoring/fuzz/run 60` writes a few seeds and fuzzes for a minute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mocktrial_scoring::compatibility::agentevals::{ArgumentMode, MatchMode, Matching, Override, read};
use mocktrial_scoring::compatibility::metrics::{Call, Metric};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let [which, rest @ ..] = data else { return };
    let Ok(Value::Array(sides)) = serde_json::from_slice(rest) else { return };
    let [left, right] = sides.as_slice() else { return };
    if which % 2 == 0 {
        let (Ok(left), Ok(right)) = (read(left), read(right)) else { return };
        for mode in [MatchMode::Strict, MatchMode::Unordered, MatchMode::Subset, MatchMode::Superset] {
            for arguments in [ArgumentMode::Exact, ArgumentMode::Ignore, ArgumentMode::Subset, ArgumentMode::Superset] {
                let mut matching = Matching::new(mode, arguments);
                let plain = matching.matches(&left, &right);
                if left == right && matches!(mode, MatchMode::Strict) {
                    assert!(plain, "what is the same matches itself");
                }
                matching.overrides.insert("f".into(), Override::Paths(vec!["a.b".into(), "c".into()]));
                let _ = matching.matches(&left, &right);
            }
        }
        return;
    }
    let calls = |side: &'_ Value| side.as_array().map(Vec::len).unwrap_or_default();
    let (Some(left_list), Some(right_list)) = (left.as_array(), right.as_array()) else { return };
    let read_all = |list: &'_ [Value]| list.iter().all(|call| Call::read(call).is_some());
    if !read_all(left_list) || !read_all(right_list) || calls(left) > 60 || calls(right) > 60 {
        return;
    }
    let actual: Vec<Call<'_>> = left_list.iter().filter_map(Call::read).collect();
    let expected: Vec<Call<'_>> = right_list.iter().filter_map(Call::read).collect();
    for metric in Metric::ALL {
        if let Some(score) = metric.score(&actual, &expected) {
            assert!((0.0..=1.0).contains(&score), "{} is {score}", metric.name());
        }
    }
});

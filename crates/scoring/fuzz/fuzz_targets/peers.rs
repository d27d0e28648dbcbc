//! Any JSON as what the peers' scorers read: agentevals' messages, vendors' calls, tau's task and episode.
//!
//! The first byte chooses which; the rest is a JSON list, of which each place is one thing:
//!
//! | | |
//! |---|---|
//! | 0 | outputs, reference (chat messages), overrides by tool |
//! | 1 | calls made, calls expected |
//! | 2 | gold state, final state, outputs, what was said, gold actions, calls made, arguments to compare |
//!
//! Beside that nothing panics, it holds what must always hold: of two modes that are duals, and of ranges.
//!
//! `crates/scoring/fuzz/run 60` writes a few seeds and fuzzes for a minute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mocktrial_scoring::compatibility::agentevals::{self, ArgumentMode, MatchMode, Matching, Override};
use mocktrial_scoring::compatibility::metrics::{Call, Metric, vertex};
use mocktrial_scoring::compatibility::tau::{Action, Basis, End, Episode, Sameness, Task, reward, same_state};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let [which, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if which % 3 == 0 {
        // Half of what a model says is text that should have been JSON.
        let _ = agentevals::Arguments::parse(text);
    }
    let Ok(Value::Array(places)) = serde_json::from_str(text) else { return };
    match which % 3 {
        0 => matching(&places),
        1 => metrics(&places),
        _ => tau(&places),
    }
});

fn matching(places: &[Value]) {
    let [outputs, reference, rules] = places else { return };
    let (Ok(outputs), Ok(reference)) = (agentevals::read(outputs), agentevals::read(reference)) else { return };
    let overrides: BTreeMap<String, Override> = read(rules).unwrap_or_default();
    for arguments in [ArgumentMode::Exact, ArgumentMode::Ignore, ArgumentMode::Subset, ArgumentMode::Superset] {
        let in_mode = |mode| Matching { mode, arguments, overrides: overrides.clone() };
        let superset = in_mode(MatchMode::Superset);
        let subset = in_mode(MatchMode::Subset);
        let all = superset.matches(&outputs, &reference);
        assert_eq!(all, subset.matches(&reference, &outputs));
        let both = all && subset.matches(&outputs, &reference);
        assert_eq!(in_mode(MatchMode::Unordered).matches(&outputs, &reference), both);
        let _ = in_mode(MatchMode::Strict).matches(&outputs, &reference);
        assert!(in_mode(MatchMode::Strict).matches(&outputs, &outputs));
    }
}

fn metrics(places: &[Value]) {
    let [actual, expected] = places else { return };
    let (Some(actual), Some(expected)) = (calls(actual), calls(expected)) else { return };
    for metric in Metric::ALL {
        if let Some(score) = metric.score(&actual, &expected) {
            assert!((0.0..=1.0).contains(&score), "{}: {score}", metric.name());
        }
    }
    let _ = vertex::single_tool_use(&actual, "f");
}

fn tau(places: &[Value]) {
    let [gold, state, outputs, said, actions, made, compare] = places else { return };
    let (Some(actions), Some(made)) = (calls(actions), calls(made)) else { return };
    let (outputs, said): (Vec<String>, Vec<String>) =
        (read(outputs).unwrap_or_default(), read(said).unwrap_or_default());
    let compare: Option<Vec<String>> = read(compare);
    let actions: Vec<Action<'_>> =
        actions.into_iter().map(|call| Action { call, compare: compare.as_deref() }).collect();
    let [strict, by_value] = [Sameness::Strict, Sameness::Canonical].map(|sameness| {
        assert!(same_state(gold, gold, sameness));
        let task = Task { basis: &Basis::ALL, state: Some(gold), sameness, outputs: &outputs, actions: &actions };
        let episode = Episode { end: End::Stopped, state: Some(state), said: &said, calls: &made };
        reward(&task, &episode).map(|reward| reward.value)
    });
    // `1e400` and `1e500` are one infinity to tau, and two numbers to us.
    let finite = !format!("{gold}{state}").contains(['e', 'E']);
    assert!(strict <= by_value || !finite, "{strict:?} {by_value:?}");
}

fn calls(list: &Value) -> Option<Vec<Call<'_>>> {
    list.as_array()?.iter().map(Call::read).collect()
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

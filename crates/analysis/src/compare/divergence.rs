//! The first call in which two arms part ways.
//!
//! Trials with the same number have the same seed, so they are held against each other, call by call; the first call that
//! differs is what a person wants to see, and how often it is that one.

use crate::AnalysisError;
use mocktrial_store::{Store, StoreError};
use mocktrial_trajectory::{Body, EpisodeKey, Trajectory, same};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// So many pairs of trials are looked at in a scenario.
const MOST_TRIALS: usize = 50;

/// In what way calls first differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Divergent {
    /// Another tool was called.
    Tool {
        /// That of the first arm.
        first: String,
        /// That of the second.
        second: String,
    },
    /// The same tool with other arguments.
    Arguments {
        /// The tool.
        tool: String,
        /// JSON Pointer of the first argument that differs.
        path: String,
        /// What the first arm gave there.
        first: Option<Value>,
        /// What the second gave.
        second: Option<Value>,
    },
    /// The first arm made a call where the second made none.
    OnlyFirst {
        /// The tool.
        tool: String,
    },
    /// The second arm made a call where the first made none.
    OnlySecond {
        /// The tool.
        tool: String,
    },
    /// The calls are the same; only what was said differs.
    Answer,
}

/// A way of parting, and how often it was taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Divergence {
    /// Which call, counted from 1; 0 for [`Divergent::Answer`].
    pub call: usize,
    /// How they differ there.
    pub how: Divergent,
    /// Pairs of trials that part so.
    pub trials: u32,
    /// Pairs of trials that were looked at.
    pub of: u32,
    /// The first trial that does.
    pub example: u32,
}

/// How the trials of a scenario first part, most frequent first.
///
/// # Errors
/// When a run cannot be read.
pub fn divergences(
    first: (&dyn Store, &Arc<str>),
    second: (&dyn Store, &Arc<str>),
    scenario: (&Arc<str>, &Arc<str>),
    trials: &[u32],
) -> Result<Vec<Divergence>, AnalysisError> {
    let calls =
        |(store, endpoint): (&dyn Store, &Arc<str>), trial| -> Result<Option<Vec<(String, Value)>>, StoreError> {
            let key = EpisodeKey {
                scenario: Arc::clone(scenario.0),
                variant: Arc::clone(scenario.1),
                endpoint: Arc::clone(endpoint),
                trial,
            };
            Ok(store.episode(&key)?.and_then(|e| Trajectory::from_json(&e.trajectory).ok()).map(|t| calls_of(&t)))
        };
    let mut found: Vec<Divergence> = Vec::new();
    let mut of = 0;
    for trial in trials.iter().copied().take(MOST_TRIALS) {
        let (Some(a), Some(b)) = (calls(first, trial)?, calls(second, trial)?) else { continue };
        of += 1;
        let (call, how) = part(&a, &b);
        match found.iter_mut().find(|d| d.call == call && d.how == how) {
            Some(known) => known.trials += 1,
            None => found.push(Divergence { call, how, trials: 1, of: 0, example: trial }),
        }
    }
    found.iter_mut().for_each(|d| d.of = of);
    found.sort_by_key(|d| (std::cmp::Reverse(d.trials), d.example));
    Ok(found)
}

fn calls_of(trajectory: &Trajectory) -> Vec<(String, Value)> {
    let call = |body: &Body| match body {
        Body::Call { tool, arguments, .. } => {
            let given = arguments.value().cloned().unwrap_or_else(|| Value::from(&*arguments.text));
            Some((tool.clone(), given))
        }
        _ => None,
    };
    trajectory.events().iter().filter_map(|event| call(&event.body)).collect()
}

fn part(first: &[(String, Value)], second: &[(String, Value)]) -> (usize, Divergent) {
    for (at, (a, b)) in first.iter().zip(second).enumerate() {
        if a.0 != b.0 {
            return (at + 1, Divergent::Tool { first: a.0.clone(), second: b.0.clone() });
        }
        if let Some((path, left, right)) = differing(&a.1, &b.1, &mut String::new()) {
            return (at + 1, Divergent::Arguments { tool: a.0.clone(), path, first: left, second: right });
        }
    }
    let at = first.len().min(second.len());
    match (first.get(at), second.get(at)) {
        (Some((tool, _)), _) => (at + 1, Divergent::OnlyFirst { tool: tool.clone() }),
        (_, Some((tool, _))) => (at + 1, Divergent::OnlySecond { tool: tool.clone() }),
        _ => (0, Divergent::Answer),
    }
}

type Difference = (String, Option<Value>, Option<Value>);

/// The first place at which two values differ, canonically compared. Values are as deep as a reader of JSON allows.
fn differing(a: &Value, b: &Value, at: &mut String) -> Option<Difference> {
    if same(a, b) {
        return None;
    }
    if let (Value::Object(left), Value::Object(right)) = (a, b) {
        let mut keys: Vec<&String> = left.keys().chain(right.keys().filter(|k| !left.contains_key(*k))).collect();
        keys.sort();
        for key in keys {
            let length = at.len();
            at.push('/');
            at.push_str(&key.replace('~', "~0").replace('/', "~1"));
            let found = match (left.get(key), right.get(key)) {
                (Some(x), Some(y)) => differing(x, y, at),
                (x, y) => Some((at.clone(), x.cloned(), y.cloned())),
            };
            if found.is_some() {
                return found;
            }
            at.truncate(length);
        }
    }
    Some((at.clone(), Some(a.clone()), Some(b.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls(list: &[(&str, Value)]) -> Vec<(String, Value)> {
        list.iter().map(|(tool, args)| ((*tool).to_owned(), args.clone())).collect()
    }

    #[test]
    fn the_first_call_that_differs_is_named_with_its_first_argument_that_does() {
        let one = calls(&[("get", json!({"id": 1})), ("pay", json!({"to": "x", "sum": {"eur": 5}}))]);
        let other = calls(&[("get", json!({"id": 1.0})), ("pay", json!({"to": "x", "sum": {"eur": 6}}))]);
        let (at, how) = part(&one, &other);
        let expected = Divergent::Arguments {
            tool: "pay".into(),
            path: "/sum/eur".into(),
            first: Some(json!(5)),
            second: Some(json!(6)),
        };
        assert_eq!((at, how), (2, expected));
        assert_eq!(part(&one, &one[..1]), (2, Divergent::OnlyFirst { tool: "pay".into() }));
        assert_eq!(part(&one[..1], &one), (2, Divergent::OnlySecond { tool: "pay".into() }));
        assert_eq!(part(&one, &one), (0, Divergent::Answer));
        let tool = Divergent::Tool { first: "get".into(), second: "pay".into() };
        assert_eq!(part(&one, &one[1..]), (1, tool));
    }
}

//! Whether the gold actions were done.

use crate::compatibility::metrics::Call;
use crate::compatibility::python::Classes;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A gold action.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    /// The call.
    pub call: Call<'a>,
    /// The arguments to compare (`compare_args`); `None` for those *of the call* that is compared.
    pub compare: Option<&'a [String]>,
}

type Members<'a> = HashMap<&'a str, usize>;

/// Whether each action is matched by some call, and which is not.
pub(super) fn check(actions: &[Action<'_>], calls: &[Call<'_>]) -> (bool, String) {
    if actions.is_empty() {
        return (true, "Nothing had to be done.".to_owned());
    }
    let mut classes = Classes::default();
    let mut by_tool: HashMap<&str, Vec<Members<'_>>> = HashMap::new();
    for call in calls {
        by_tool.entry(call.name).or_default().push(members(call.args, &mut classes));
    }
    let mut undone = Vec::new();
    for action in actions {
        let gold = members(action.call.args, &mut classes);
        let made = by_tool.get(action.call.name).into_iter().flatten();
        if !made.into_iter().any(|made| matches(&gold, made, action.compare)) {
            undone.push(action.call.name);
        }
    }
    match undone.first() {
        None => (true, "Every gold action is matched by a call.".to_owned()),
        Some(first) => {
            let count = undone.len();
            (false, format!("Matched by no call: {count} of {} gold actions, the first `{first}`.", actions.len()))
        }
    }
}

/// Each argument with the number of its value, as Python compares values.
fn members<'a>(args: &'a Map<String, Value>, classes: &mut Classes) -> Members<'a> {
    args.iter().map(|(key, value)| (key.as_str(), classes.of(value))).collect()
}

fn matches(gold: &Members<'_>, made: &Members<'_>, compare: Option<&[String]>) -> bool {
    match compare {
        Some(keys) => keys.iter().all(|key| gold.get(key.as_str()) == made.get(key.as_str())),
        None => made.iter().all(|(key, value)| gold.get(key) == Some(value)),
    }
}

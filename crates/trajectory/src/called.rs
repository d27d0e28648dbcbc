//! What a stored trajectory calls, without reading the rest of it.

use crate::{Arguments, ReferenceCall, ToolFailure};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(default)]
    seq: u32,
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    tool: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(default)]
    call: Option<u32>,
    #[serde(default)]
    failure: Option<ToolFailure>,
}

/// The names of the tools that a trajectory calls, from its JSON; nothing where it cannot be read. All else in it is
/// passed over, so that a hundred thousand trajectories take a second.
///
/// ```
/// let json = r#"{"version": 1, "events": [{"seq": 0, "body": {"type": "call", "id": "a", "tool": "get_order"}}]}"#;
/// assert!(mocktrial_trajectory::tools_called(json).contains("get_order"));
/// ```
#[must_use]
pub fn tools_called(json: &str) -> BTreeSet<String> {
    let Ok(all) = serde_json::from_str::<Events<'_>>(json) else { return BTreeSet::new() };
    let calls = all.events.into_iter().filter(|e| e.body.kind == "call");
    calls.filter_map(|e| e.body.tool).map(Cow::into_owned).collect()
}

/// The calls of a trajectory that reached the world and were answered, be it with an error of the tool's own, in the order of
/// their answers; from its JSON.
pub(crate) fn calls_executed(json: &str) -> Result<Vec<ReferenceCall>, serde_json::Error> {
    let all: Events<'_> = serde_json::from_str(json)?;
    let mut calls = HashMap::new();
    let mut executed = Vec::new();
    for Event { seq, body } in all.events {
        match &*body.kind {
            "call" => drop(calls.insert(seq, (body.tool, body.arguments))),
            "result" if matches!(body.failure, None | Some(ToolFailure::Tool)) => {
                let answered = body.call.and_then(|call| calls.get(&call));
                if let Some((Some(tool), Some(arguments))) = answered {
                    let arguments: Arguments = serde_json::from_str(arguments.get())?;
                    let arguments = arguments.value().cloned().unwrap_or_default();
                    executed.push(ReferenceCall { tool: tool.clone().into_owned(), arguments });
                }
            }
            _ => {}
        }
    }
    Ok(executed)
}

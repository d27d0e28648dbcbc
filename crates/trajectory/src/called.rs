//! What a stored trajectory calls, without reading the rest of it.

use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow, default)]
    events: Vec<Event<'a>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    body: Body<'a>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    tool: Option<Cow<'a, str>>,
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

//! JSON Merge Patch (RFC 7396): how a scenario overrides its world's state.

use serde_json::{Map, Value};

/// Merges a JSON Merge Patch (RFC 7396) into a value: objects member by member, `null` removes,
/// anything else replaces.
///
/// ```
/// use serde_json::json;
/// let mut state = json!({"orders": {"W-1": {"status": "open", "total": 42}}, "log": ["a"]});
/// mocktrial_world::merge(&mut state, &json!({"orders": {"W-1": {"status": "sent"}}, "log": null}));
/// assert_eq!(state, json!({"orders": {"W-1": {"status": "sent", "total": 42}}}));
/// ```
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(members) = target {
        for (key, change) in changes {
            if change.is_null() {
                members.shift_remove(key);
            } else {
                merge(members.entry(key).or_insert(Value::Null), change);
            }
        }
    }
}

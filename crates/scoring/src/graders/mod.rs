//! The graders, each in a module of its own.

mod after;
mod answer;
mod at_most;
mod before;
mod between;
mod calls;
mod confirmation;
mod efficiency;
mod eventually;
mod format;
mod milestones;
mod never;
mod phrase;
mod recovery;
mod script;
mod side_effects;
mod state;
mod within;

use crate::GraderKind;
use serde_json::{Map, Value, json};

/// Every grader: the registry. Adding one is a module here and a line below.
#[must_use]
pub fn graders() -> &'static [&'static dyn GraderKind] {
    &[
        &answer::AnswerKind,
        &state::State,
        &calls::Calls,
        &never::Never,
        &before::Before,
        &after::After,
        &between::Between,
        &eventually::Eventually,
        &at_most::AtMost,
        &confirmation::Confirmation,
        &milestones::Milestones,
        &recovery::Recovery,
        &side_effects::SideEffects,
        &efficiency::Efficiency,
        &within::Within,
        &format::Format,
        &script::Script,
    ]
}

/// The grader of this name.
#[must_use]
pub fn grader(name: &str) -> Option<&'static dyn GraderKind> {
    graders().iter().copied().find(|kind| kind.name() == name)
}

/// The JSON Schema of one criterion: a map with exactly one grader's name and, beside it, `measure`.
#[must_use]
pub fn criterion_schema() -> Value {
    let options: Vec<Value> = graders()
        .iter()
        .map(|kind| {
            let mut properties = Map::new();
            let mut parameters = kind.schema();
            if let Some(map) = parameters.as_object_mut() {
                map.shift_remove("title");
                map.insert("description".to_owned(), Value::from(kind.summary()));
            }
            properties.insert(kind.name().to_owned(), parameters);
            properties.insert(
                "measure".to_owned(),
                json!({"type": "string", "minLength": 1, "default": "task",
                       "description": "What it measures; an episode passes on its `task` criteria."}),
            );
            json!({"type": "object", "properties": properties, "required": [kind.name()], "additionalProperties": false})
        })
        .collect();
    json!({"description": "A criterion: one grader with its parameters.", "oneOf": options})
}

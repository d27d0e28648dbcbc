//! The graders, each in a module of its own.

mod after;
mod agentevals;
mod answer;
mod at_most;
mod before;
mod between;
mod calls;
mod compose;
mod confirmation;
mod efficiency;
mod eventually;
mod format;
mod judge;
mod metric;
mod milestones;
mod never;
mod phrase;
mod recovery;
mod script;
mod side_effects;
mod state;
mod tau;
mod verify;
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
        &compose::ALL,
        &compose::ANY,
        &compose::PRODUCT,
        &compose::Mean,
        &judge::Judge,
        &verify::Verify,
        &script::Script,
        &metric::MetricKind,
        &agentevals::AgentEvals,
        &tau::Tau,
    ]
}

/// The grader of this name.
#[must_use]
pub fn grader(name: &str) -> Option<&'static dyn GraderKind> {
    graders().iter().copied().find(|kind| kind.name() == name)
}

pub(crate) use compose::below;
pub use judge::{JUDGE, JudgeSees};
pub use verify::VERIFIER;
pub(crate) use verify::input as verifier_input;

/// The JSON Schema of one criterion: a map with exactly one grader's name and, beside it, `measure`,
/// `weight` and `nullifies`. It stands under `$defs/Criterion`, for criteria hold criteria.
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
            properties.insert(
                "weight".to_owned(),
                json!({"type": "number", "exclusiveMinimum": 0, "default": 1,
                       "description": "How much it counts in the score."}),
            );
            properties.insert(
                "nullifies".to_owned(),
                json!({"type": "boolean", "default": false,
                       "description": "Where it fails, the episode fails with the score 0, whatever it measures."}),
            );
            json!({"type": "object", "properties": properties, "required": [kind.name()], "additionalProperties": false})
        })
        .collect();
    let criterion = json!({"description": "A criterion: one grader with its parameters.", "oneOf": options});
    json!({"$ref": "#/$defs/Criterion", "$defs": {"Criterion": criterion}})
}

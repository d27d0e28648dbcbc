//! `mocktrial call`.

use crate::args::CallArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_core::seed::world_seed;
use mocktrial_core::suite::Suite;
use mocktrial_trajectory::{Arguments, Op};
use mocktrial_world::{Instance, Opening};
use serde_json::json;

pub(crate) async fn call(args: &CallArgs, out: Out) -> Outcome {
    let project = project::discover(&[])?;
    let suite = project.load_under(&[])?;
    let mut world = open(&suite, &args.world)?;
    let before = world.elapsed_ms();
    let answered = world.call(&args.tool, &Arguments::parse(args.args.as_str())).await;
    let took = world.elapsed_ms() - before;
    if out.json() {
        out.value(&json!({
            "content": answered.content, "failure": answered.failure, "responder": answered.responder,
            "patch": answered.patch, "virtual_ms": took, "scenario_error": answered.scenario_error,
        }));
    } else {
        out.result(serde_json::to_string_pretty(&answered.content).unwrap_or_default());
        if let Some(failure) = &answered.failure {
            out.note(format!("  failed: {}", json!(failure).as_str().unwrap_or_default()));
        }
        if let Some(responder) = &answered.responder {
            out.note(format!("  answered by: {}", json!(responder)));
        }
        if took > 0 {
            out.note(format!("  took: {took} ms of virtual time"));
        }
        if answered.patch.is_empty() {
            out.note("  changed: nothing");
        }
        for op in &answered.patch {
            out.note(match op {
                Op::Add { path, value } => format!("  + {path} = {value}"),
                Op::Replace { path, value } => format!("  ~ {path} = {value}"),
                Op::Remove { path } => format!("  - {path}"),
            });
        }
    }
    match answered.scenario_error {
        Some(why) => Err(Failure::mistake(why)),
        None => Ok(if answered.failure.is_some() { Exit::Failed } else { Exit::Done }),
    }
}

/// A world by its id or the end of it, or the world of a scenario in that scenario's state.
fn open(suite: &Suite, name: &str) -> Result<Instance, Failure> {
    let ends_so = |id: &str| id == name || id.ends_with(&format!("/{name}"));
    let mut worlds = suite.worlds.values().filter(|w| ends_so(&w.id));
    match (worlds.next(), worlds.next()) {
        (Some(world), None) => {
            let opening = Opening { state: &world.initial, seed: world_seed(world.seed, &world.id), tools: None };
            Ok(Instance::open(&world.world, &opening))
        }
        (Some(one), Some(other)) => Err(Failure::mistake(format!("`{name}` may be {} or {}", one.id, other.id))),
        (None, _) => match project::scenario(suite, name) {
            Ok(scenario) => {
                let opening = Opening {
                    state: &scenario.initial.state,
                    seed: scenario.world_seed(),
                    tools: scenario.tools.clone(),
                };
                Ok(Instance::open(&scenario.world.world, &opening))
            }
            Err(_) => {
                let known: Vec<_> = suite.worlds.keys().map(String::as_str).collect();
                Err(Failure::mistake(format!("there is no world or scenario `{name}`; worlds: {}", known.join(", "))))
            }
        },
    }
}

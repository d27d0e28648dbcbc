//! Mutants that call otherwise than the reference.

use super::super::schema::Part;
use super::near_miss::{changed, near_misses};
use super::{Called, Fault, Made, Scene, shown};
use crate::suite::Step;
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Pointer, ToolSpec};
use serde_json::{Map, Value};

pub(super) fn mutants(scene: &Scene<'_>) -> Vec<Made> {
    let calls = scene.calls();
    let mut made = Vec::new();
    for call in &calls {
        made.push(Made {
            fault: Fault::Dropped(call.name.clone()),
            at: scene.place(call.step, &["call"]),
            steps: without(scene, call.step),
        });
    }
    for pair in calls.windows(2) {
        // Two that only look may come in any order.
        if pair[0].changed || pair[1].changed {
            let mut steps = scene.steps.to_vec();
            steps.swap(pair[0].step, pair[1].step);
            let fault = Fault::Swapped { early: pair[1].name.clone(), late: pair[0].name.clone() };
            made.push(Made { fault, at: scene.place(pair[1].step, &["call"]), steps });
        }
    }
    for call in calls.iter().filter(|c| c.changed) {
        let mut steps = scene.steps.to_vec();
        steps.insert(call.step, steps[call.step].clone());
        let fault = Fault::Doubled(call.name.clone());
        made.push(Made { fault, at: scene.place(call.step, &["call"]), steps });
    }
    for call in &calls {
        arguments(scene, call, &mut made);
    }
    added(scene, &calls, &mut made);
    stopped(scene, &calls, &mut made);
    made
}

fn without(scene: &Scene<'_>, step: usize) -> Vec<Step> {
    let mut steps = scene.steps.to_vec();
    steps.remove(step);
    steps
}

fn arguments(scene: &Scene<'_>, call: &Called<'_>, made: &mut Vec<Made>) {
    let spec = scene.tools.iter().find(|t| t.name == call.tool);
    let schema = spec.and_then(|s| Schema::new(&s.input_schema).ok());
    let valid = |args: &Value| schema.as_ref().is_none_or(|s| s.is_valid(args));
    let misses = near_misses(call.args, spec.map(Part::of), scene.siblings, scene.choice(&call.name), &valid);
    for miss in misses {
        let mut steps = scene.steps.to_vec();
        if let Step::Call { args, .. } = &mut steps[call.step] {
            *args = changed(call.args, &miss.at, miss.to.as_ref());
        }
        let fault = Fault::Argument {
            call: call.name.clone(),
            argument: dotted(&miss.at),
            from: shown(&miss.from),
            to: miss.to.as_ref().map(shown),
        };
        let mut at = scene.place(call.step, &["args"]);
        at.0.extend(miss.at.0);
        made.push(Made { fault, at, steps });
    }
}

/// `/items/0/sku` as people write it: `items[0].sku`.
fn dotted(at: &Pointer) -> String {
    let mut out = String::new();
    for key in &at.0 {
        if !out.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
            out.push_str(&format!("[{key}]"));
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(key);
        }
    }
    out
}

/// Calls that criteria forbid, and calls of tools that no reference uses: made last of all calls.
fn added(scene: &Scene<'_>, calls: &[Called<'_>], made: &mut Vec<Made>) {
    let place = match scene.steps.last() {
        Some(Step::Say(_)) => scene.steps.len() - 1,
        _ => scene.steps.len(),
    };
    let forbidden = scene.forbidden.iter().map(|(tool, args)| (tool.as_str(), args.as_object()));
    let named = |tool: &str| scene.forbidden.iter().any(|(forbidden, _)| forbidden == tool);
    let unused = scene.tools.iter().filter(|t| !scene.used.contains(&t.name) && !named(&t.name));
    for (tool, given) in forbidden.chain(unused.map(|t| (t.name.as_str(), None))) {
        let Some(spec) = scene.tools.iter().find(|t| t.name == tool) else { continue };
        let args = made_up(scene, spec, given, calls);
        // What the reference works on may stand in a call's way; another of its kind may not.
        let mut others = args.clone();
        for (key, value) in others.iter_mut().filter(|(key, _)| given.is_none_or(|g| !g.contains_key(*key))) {
            let other = value.as_str().and_then(|text| scene.siblings.another(text, scene.choice(key)));
            if let Some(other) = other {
                *value = other.into();
            }
        }
        let other = Some(others).filter(|others| *others != args);
        for args in [Some(args), other].into_iter().flatten().map(Value::Object) {
            let mut steps = scene.steps.to_vec();
            steps.insert(place, Step::Call { tool: tool.to_owned(), args: args.clone(), fails: false });
            made.push(Made { fault: Fault::Added { tool: tool.to_owned(), args }, at: scene.at.clone(), steps });
        }
    }
}

/// Arguments with which a call is likely to do something: what is given, what the reference calls by the
/// same name, an id of the state, and else what fits the schema.
fn made_up(
    scene: &Scene<'_>,
    spec: &ToolSpec,
    given: Option<&Map<String, Value>>,
    calls: &[Called<'_>],
) -> Map<String, Value> {
    let invented = mocktrial_world::Synthesizer::new(&spec.input_schema).and_then(|s| s.make(scene.seed));
    let mut args = invented.ok().and_then(|v| v.as_object().cloned()).unwrap_or_default();
    let part = Part::of(spec);
    for (nth, (key, _)) in part.properties().into_iter().flatten().enumerate() {
        let known = calls.iter().rev().find_map(|c| c.args.get(key));
        let id = || scene.siblings.named(key, nth).map(Value::from);
        if let Some(value) = given.and_then(|g| g.get(key)).or(known).cloned().or_else(id) {
            args.insert(key.clone(), value);
        }
    }
    args.extend(given.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    args
}

/// Stops before whatever would have changed the state, and before the last answer.
fn stopped(scene: &Scene<'_>, calls: &[Called<'_>], made: &mut Vec<Made>) {
    // Before the first step, it is the probe `null` that stops.
    for call in calls.iter().filter(|c| c.changed && c.step > 0) {
        let (at, steps) = (scene.place(call.step, &["call"]), scene.steps[..call.step].to_vec());
        made.push(Made { fault: Fault::Stopped(call.name.clone()), at, steps });
    }
    if let Some((step, _)) = scene.answer() {
        let (at, steps) = (scene.place(step, &["say"]), scene.steps[..step].to_vec());
        made.push(Made { fault: Fault::Stopped("the answer".to_owned()), at, steps });
    }
}

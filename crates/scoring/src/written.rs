//! A criterion as it is written: one grader's name with its parameters, and beside it what it counts for.

use crate::{Fault, graders};
use mocktrial_trajectory::Criterion;
use serde_json::{Map, Value};

/// The keys that stand beside a grader's.
const BESIDE: [&str; 3] = ["measure", "weight", "nullifies"];

/// How many graders a hint names.
const SHOWN: usize = 12;

/// The greatest weight: no sum of weights comes near the bounds of a double.
const MAX_WEIGHT: f64 = 1e6;

/// Reads a criterion from the map that stands in the file; `at` is where, such as `expect[0]`.
///
/// # Errors
/// No grader, or two; or something beside it that is not what it must be. The fault's place is within the map.
pub fn read_criterion(map: &Map<String, Value>, at: &str) -> Result<Criterion, Fault> {
    let mut graders = map.iter().filter(|(key, _)| !BESIDE.contains(&key.as_str()));
    let (grader, parameters) = match (graders.next(), graders.next()) {
        (Some(one), None) => one,
        (Some((one, _)), Some((other, _))) => {
            let message = format!("this criterion has two graders, `{one}` and `{other}`");
            return Err(Fault::at(&[other], message).hint("begin a new item with `- ` for each"));
        }
        (None, _) => {
            let known = self::graders();
            let first: Vec<String> = known.iter().take(SHOWN).map(|g| format!("`{}`", g.name())).collect();
            let hint = format!("name one: {} and {} more", first.join(", "), known.len().saturating_sub(SHOWN));
            return Err(Fault::at(&[], "this criterion has no grader").hint(hint));
        }
    };
    let mut read = Criterion::task(grader.clone(), parameters.clone(), at);
    match map.get("measure") {
        None => {}
        Some(Value::String(text)) if !text.trim().is_empty() => read.measure.clone_from(text),
        Some(other) => {
            return Err(Fault::at(&["measure"], format!("`measure` must be a word, but is `{other}`"))
                .hint("leave it out for what the task asks; or name what it measures: `safety`, say"));
        }
    }
    if let Some(weight) = map.get("weight") {
        read.weight = weight.as_f64().filter(|w| *w > 0.0 && *w <= MAX_WEIGHT).ok_or_else(|| {
            Fault::at(&["weight"], format!("`weight` must be a number above 0, but is `{weight}`"))
                .hint("leave it out for 1; a criterion that counts twice has `weight: 2`")
        })?;
    }
    if let Some(nullifies) = map.get("nullifies") {
        read.nullifies = nullifies.as_bool().ok_or_else(|| {
            Fault::at(&["nullifies"], format!("`nullifies` must be true or false, but is `{nullifies}`"))
        })?;
    }
    Ok(read)
}

//! `match CASES...`
//!
//! A row has `id`, `mode`, `args_mode`, `overrides`, `outputs` and `reference` (both lists of chat messages), and
//! `score`, which is what agentevals returned. A row whose overrides hold a Python function is skipped.

use crate::read::{Lines, Problem, field, text};
use crate::tally::Tally;
use mocktrial_scoring::compatibility::agentevals::{Matching, Override, read};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands for a Python function.
const FUNCTION: &str = "<callable>";

pub(crate) fn run(paths: &[String]) -> Result<Tally, Problem> {
    if paths.is_empty() {
        return Err(Problem::Usage("match: a file of cases is missing".into()));
    }
    let mut tally = Tally::default();
    for path in paths {
        let lines = Lines::read(path)?;
        for (number, line) in lines.iter() {
            case(line, &mut tally).map_err(|what| lines.problem(number, &what))?;
        }
    }
    Ok(tally)
}

fn case(line: &str, tally: &mut Tally) -> Result<(), String> {
    let row: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let overrides = field(&row, "overrides")?;
    if overrides.as_object().is_some_and(|map| map.values().any(|rule| rule == FUNCTION)) {
        tally.skip();
        return Ok(());
    }
    let matching = Matching {
        mode: parsed(&row, "mode")?,
        arguments: parsed(&row, "args_mode")?,
        overrides: parsed::<Option<BTreeMap<String, Override>>>(&row, "overrides")?.unwrap_or_default(),
    };
    let messages = |name: &str| read(field(&row, name)?).map_err(|e| format!("`{name}`: {e}"));
    let got = matching.matches(&messages("outputs")?, &messages("reference")?);
    let expected = field(&row, "score")?.as_bool().ok_or("`score` is neither true nor false")?;
    tally.count(text(&row, "id")?, got == expected, || (expected.to_string(), got.to_string()));
    Ok(())
}

fn parsed<'r, T: Deserialize<'r>>(row: &'r Value, name: &str) -> Result<T, String> {
    T::deserialize(field(row, name)?).map_err(|e| format!("`{name}`: {e}"))
}

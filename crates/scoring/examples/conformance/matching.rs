//! `match CASES...`
//!
//! A row has `id`, `mode`, `args_mode`, `overrides`, `outputs`, `reference` and `score`. A row whose overrides hold
//! `"<callable>"` used a function of Python's, and is skipped.

use crate::read::{Lines, Problem};
use crate::tally::Tally;
use mocktrial_scoring::compatibility::agentevals::{Matching, Override, read};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Row {
    id: String,
    mode: Value,
    args_mode: Value,
    overrides: Option<BTreeMap<String, Value>>,
    outputs: Value,
    reference: Value,
    score: Value,
}

pub(crate) fn run(paths: &[String]) -> Result<Tally, Problem> {
    if paths.is_empty() {
        return Err(Problem::Usage("match: files of cases are missing".into()));
    }
    let mut tally = Tally::default();
    for path in paths {
        let lines = Lines::read(path)?;
        for (number, line) in lines.iter() {
            let row: Row = serde_json::from_str(line).map_err(|e| lines.problem(number, &e))?;
            if row.overrides.iter().flatten().any(|(_, rule)| *rule == "<callable>") {
                tally.skip();
                continue;
            }
            let got = matches(&row).map_err(|e| lines.problem(number, &e))?;
            let expected = row.score == true || row.score.as_f64() == Some(1.0);
            tally.count(&row.id, got == expected, || (expected.to_string(), got.to_string()));
        }
    }
    Ok(tally)
}

fn matches(row: &Row) -> Result<bool, String> {
    let matching = Matching {
        mode: parse(&row.mode)?,
        arguments: parse(&row.args_mode)?,
        overrides: match &row.overrides {
            Some(overrides) => {
                let rule = |(tool, rule): (&String, &Value)| Ok((tool.clone(), parse::<Override>(rule)?));
                overrides.iter().map(rule).collect::<Result<_, String>>()?
            }
            None => BTreeMap::new(),
        },
    };
    let messages = |value| read(value).map_err(|e| e.to_string());
    Ok(matching.matches(&messages(&row.outputs)?, &messages(&row.reference)?))
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|e| e.to_string())
}

//! `metrics CASES...`
//!
//! A row has `id`, `actual` and `expected` (lists of `{name, args}`) and `scores`: what each metric returned, by its
//! name, and `null` where it is not defined. Each score is a case; one of a metric that is not known here disagrees.

use crate::read::{Lines, Problem};
use crate::tally::Tally;
use mocktrial_scoring::compatibility::metrics::{Call, Metric};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Vendors round, and divide in another order.
const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct Row {
    id: String,
    actual: Vec<Value>,
    expected: Vec<Value>,
    scores: BTreeMap<String, Value>,
}

pub(crate) fn run(paths: &[String]) -> Result<Tally, Problem> {
    if paths.is_empty() {
        return Err(Problem::Usage("metrics: files of cases are missing".into()));
    }
    let mut tally = Tally::default();
    for path in paths {
        let lines = Lines::read(path)?;
        for (number, line) in lines.iter() {
            let row: Row = serde_json::from_str(line).map_err(|e| lines.problem(number, &e))?;
            let (actual, expected) = (calls(&row.actual), calls(&row.expected));
            let calls = actual.zip(expected).ok_or_else(|| lines.problem(number, &"a call is no {name, args}"))?;
            for (name, score) in &row.scores {
                // What follows a documented formula alone, since nobody has the code, may be marked so.
                let plain = name.strip_suffix("_doc").unwrap_or(name);
                let metric = Metric::ALL.iter().find(|m| m.name() == plain);
                let got = metric.map(|m| m.score(&calls.0, &calls.1));
                // `true` stands for 1 in some.
                let expected = score.as_bool().map(|b| f64::from(u8::from(b))).or_else(|| score.as_f64());
                let agrees = match (got, expected) {
                    (Some(Some(got)), Some(expected)) => (got - expected).abs() <= TOLERANCE,
                    (Some(None), None) => true,
                    _ => false,
                };
                let say = || (score.to_string(), got.map_or("no such metric".into(), |got| format!("{got:?}")));
                tally.count(&format!("{} {name}", row.id), agrees, say);
            }
        }
    }
    Ok(tally)
}

fn calls(list: &[Value]) -> Option<Vec<Call<'_>>> {
    list.iter().map(Call::read).collect()
}

//! `metrics CASES...`
//!
//! A row has `id`, `actual` and `expected` (both lists of `{name, args}`), and `scores`: by metric, what the vendor's
//! own code returned, or `null` where the metric is not defined. A row is one case, and agrees where every score does.

use crate::read::{Lines, Problem, field, text};
use crate::tally::Tally;
use mocktrial_scoring::compatibility::metrics::{Call, Metric};
use serde_json::Value;

/// What ends the name of a score that was computed by a documented formula.
const DOCUMENTED: &str = "_doc";

/// Sums may be taken in another order than the vendor takes them in.
const ROUNDING: f64 = 1e-12;

pub(crate) fn run(paths: &[String]) -> Result<Tally, Problem> {
    if paths.is_empty() {
        return Err(Problem::Usage("metrics: a file of cases is missing".into()));
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
    let (actual, expected) = (calls(&row, "actual")?, calls(&row, "expected")?);
    let scores = field(&row, "scores")?.as_object().ok_or("`scores` is no object")?;
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    for (name, score) in scores {
        let want = match score {
            Value::Null => None,
            number => Some(number.as_f64().ok_or_else(|| format!("`{name}` is neither a number nor null"))?),
        };
        let got = metric(name)?.score(&actual, &expected);
        if !agree(want, got) {
            wanted.push(format!("{name} {want:?}"));
            found.push(format!("{got:?}"));
        }
    }
    tally.count(text(&row, "id")?, wanted.is_empty(), || (wanted.join(", "), found.join(", ")));
    Ok(())
}

fn agree(want: Option<f64>, got: Option<f64>) -> bool {
    match (want, got) {
        (Some(want), Some(got)) => (want - got).abs() <= ROUNDING,
        (None, None) => true,
        _ => false,
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    let known = name.strip_suffix(DOCUMENTED).unwrap_or(name);
    let mut all = Metric::ALL.iter().copied();
    all.find(|metric| metric.name() == known).ok_or_else(|| format!("there is no metric `{name}`"))
}

fn calls<'r>(row: &'r Value, name: &str) -> Result<Vec<Call<'r>>, String> {
    let list = field(row, name)?.as_array().ok_or_else(|| format!("`{name}` is no list"))?;
    let read = |(at, call)| Call::read(call).ok_or_else(|| format!("`{name}`, call {at}: expected {{name, args}}"));
    list.iter().enumerate().map(read).collect()
}

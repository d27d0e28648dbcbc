//! Reading what people said.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A person's word on a judged criterion of an episode, beside the judge's.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// What was labelled; the same for all who labelled it. Empty where it is not said.
    pub item: String,
    /// The endpoint.
    pub endpoint: String,
    /// Whether the judge passed it.
    pub judged: bool,
    /// Whether the person says that the criterion holds.
    pub human: bool,
    /// How many episodes it stands for; 1 unless it was drawn with another probability than others.
    pub weight: f64,
    /// Who said so.
    pub rater: Option<String>,
    /// Whether its episode passes exactly if the criterion holds.
    pub decides: bool,
}

/// Why labels cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what} ({hint})")]
pub struct LabelError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// What a run knows of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The endpoint.
    pub endpoint: String,
    /// Whether the judge passed it.
    pub judged: bool,
    /// Whether its episode passes exactly if the criterion holds.
    pub decides: bool,
}

/// What is known of items, by their names.
pub type Items = BTreeMap<String, Item>;

/// Reads labels from CSV with a header, or from JSON Lines (where the first character is `{`).
///
/// The columns are `human`, and `item` or both of `endpoint` and `judged`; `weight` and `rater` may be there, and others are
/// ignored. Truth values are `true`, `yes`, `pass`, `1` and their opposites. Rows whose `human` is empty have not been
/// labelled and are left out. What `items` knows of a row's `item` is taken from there, and not from the row.
///
/// # Errors
/// The first row that cannot be read.
pub fn labels(text: &str, items: &Items) -> Result<Vec<Labelled>, LabelError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let rows = lines.map(|(i, line)| {
            let value: Value =
                serde_json::from_str(line).map_err(|e| error(i + 1, e.to_string(), "every line is a JSON object"))?;
            let map = value
                .as_object()
                .ok_or_else(|| error(i + 1, "this is no object".into(), "write {\"human\": true, …}"))?;
            let plain = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let fields = map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), plain(v)));
            Ok((i + 1, fields.collect()))
        });
        return rows.filter_map(|row| row.and_then(|(line, fields)| read(line, &fields, items)).transpose()).collect();
    }
    let mut reader = csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let rows = reader.deserialize::<Row>();
    let mut found = Vec::new();
    for (index, row) in rows.enumerate() {
        let line = |e: &csv::Error| e.position().map_or(1, csv::Position::line);
        let Row(fields) = row.map_err(|e| {
            let at = usize::try_from(line(&e)).unwrap_or(usize::MAX);
            error(at, e.to_string(), "every row has as many fields as the header")
        })?;
        // A header and one line for each row before; quoted line breaks make it a lower bound.
        if let Some(label) = read(index + 2, &fields, items)? {
            found.push(label);
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Row(BTreeMap<String, String>);

fn error(line: usize, what: String, hint: &str) -> LabelError {
    LabelError { line, what, hint: hint.to_owned() }
}

/// A row as a label; `None` where it has not been labelled.
fn read(line: usize, fields: &BTreeMap<String, String>, items: &Items) -> Result<Option<Labelled>, LabelError> {
    let field = |name: &str| fields.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
    if !fields.contains_key("human") {
        return Err(error(line, "there is no `human`".into(), "the column `human` says whether the criterion holds"));
    }
    let Some(human) = field("human") else { return Ok(None) };
    let human = truth(line, "human", human)?;
    let item = field("item").unwrap_or_default().to_owned();
    let known = items.get(&item);
    let missing = |name: &str| {
        let what = if item.is_empty() {
            format!("there is neither `item` nor `{name}`")
        } else {
            format!("the run has no judged item `{item}`, and there is no `{name}`")
        };
        error(line, what, "name the run that was reviewed, or give `endpoint` and `judged`")
    };
    let endpoint = match (field("endpoint"), known) {
        // The run is asked first: it may have been graded anew since.
        (_, Some(known)) => known.endpoint.clone(),
        (Some(endpoint), None) => endpoint.to_owned(),
        (None, None) => return Err(missing("endpoint")),
    };
    let judged = match (field("judged"), known) {
        (_, Some(known)) => known.judged,
        (Some(judged), None) => truth(line, "judged", judged)?,
        (None, None) => return Err(missing("judged")),
    };
    let weight =
        match field("weight") {
            None => 1.0,
            Some(text) => text.parse().ok().filter(|w: &f64| *w > 0.0 && w.is_finite()).ok_or_else(|| {
                error(line, format!("the weight `{text}` is no number above 0"), "leave it empty for 1")
            })?,
        };
    let decides = known.is_some_and(|k| k.decides);
    Ok(Some(Labelled { item, endpoint, judged, human, weight, rater: field("rater").map(str::to_owned), decides }))
}

fn truth(line: usize, name: &str, text: &str) -> Result<bool, LabelError> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "pass" | "passed" | "1" => Ok(true),
        "false" | "no" | "n" | "fail" | "failed" | "0" => Ok(false),
        _ => Err(error(line, format!("`{name}` is `{text}`"), "write true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_from_csv_and_json_lines_alike() {
        let csv = "endpoint,judged,human,weight,rater,note\na,pass,no,2.5,me,\"x, y\"\na,fail,,,,\nb,1,yes,,,\n";
        let jsonl = "{\"endpoint\":\"a\",\"judged\":true,\"human\":false,\"weight\":2.5,\"rater\":\"me\"}\n\n{\"endpoint\":\"b\",\"judged\":1,\"human\":\"yes\",\"weight\":null}\n";
        let read = labels(csv, &Items::new()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read, labels(jsonl, &Items::new()).unwrap());
        assert_eq!((read[0].weight, read[0].judged, read[0].human), (2.5, true, false));
    }

    #[test]
    fn what_a_sheet_leaves_out_is_looked_up_in_the_run() {
        let items = Items::from([("k1".to_owned(), Item { endpoint: "a".to_owned(), judged: true, decides: false })]);
        let read = labels("item,human\nk1,no\n", &items).unwrap();
        assert_eq!((read[0].endpoint.as_str(), read[0].judged), ("a", true));
        let wrong = labels("item,human\nk2,no\n", &items).unwrap_err();
        assert!(wrong.to_string().starts_with("line 2: the run has no judged item `k2`"), "{wrong}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let none = Items::new();
        for (text, said) in [
            ("endpoint,judged,human\na,yes,maybe\n", "line 2: `human` is `maybe` (write true or false)"),
            ("endpoint,judged\na,yes\n", "line 2: there is no `human`"),
            ("human\nyes\n", "line 2: there is neither `item` nor `endpoint`"),
            ("endpoint,judged,human,weight\na,1,1,-2\n", "line 2: the weight `-2` is no number above 0"),
            ("{\"human\": true}\n{nonsense\n", "line 1: there is neither"),
            ("{\"human\": \n", "line 1: EOF"),
        ] {
            let wrong = labels(text, &none).unwrap_err().to_string();
            assert!(wrong.starts_with(said), "{wrong}");
        }
    }
}

//! `mocktrial review`: people say of a sample of judged episodes what is so.

use crate::args::ReviewArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::judge::{Judged, labels_file};
use crate::out::Out;
use mocktrial_analysis::JudgedItem;
use mocktrial_analysis::calibration::{Sampled, sample};
use mocktrial_core::record::now;
use mocktrial_report::{Style, clean_line, review as shown};
use mocktrial_scoring::{JUDGE, JudgeSees};
use mocktrial_store::{RunFile, Store};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

pub(crate) fn review(args: &ReviewArgs, out: Out) -> Outcome {
    let judged = Judged::open(&args.run, args.judge.as_deref())?;
    let items: Vec<&JudgedItem> = judged.run.of(&judged.judge).collect();
    let seed = args.seed.unwrap_or(judged.header.seed);
    let drawn = sample(&judged.run.candidates(&judged.judge), args.sample, seed);
    let drawn: Vec<(&JudgedItem, f64)> =
        drawn.iter().filter_map(|Sampled { index, weight }| Some((*items.get(*index)?, *weight))).collect();
    if let Some(path) = &args.export {
        let count = export(path, &judged.file, &drawn)?;
        if out.json() {
            out.value(&json!({"version": 1, "kind": "review", "exported": count, "sheet": path}));
        } else {
            out.result(format!(
                "{count} episodes to label are in {}: fill its `human` with yes or no, then\n  mocktrial judge calibrate {} --labels {}",
                path.display(),
                clean_line(&judged.header.name),
                path.display(),
            ));
        }
        return Ok(Exit::Done);
    }
    let rater = args.rater.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "unnamed".into());
    let path = labels_file(&judged.project, &judged.header.name);
    let done = labelled_by(&path, &rater)?;
    let open: Vec<_> = drawn.iter().filter(|(item, _)| !done.contains(&item.id)).collect();
    let mut labels = Labels::open(&path)?;
    let mut given = 0;
    if !open.is_empty() && std::io::stdin().is_terminal() {
        out.note("y: it is so · n: it is not · s: skip · q: stop; neither endpoint nor the judge's word is shown");
    }
    let mut lines = std::io::stdin().lock().lines();
    let style = Style { width: out.width, color: out.colour, limit: None };
    'items: for (number, (item, weight)) in open.iter().enumerate() {
        let sees = see(&judged.file, item)?;
        out.result(shown(drawn.len() - open.len() + number + 1, drawn.len(), &sees.rubric, &sees.record, &style));
        let human = loop {
            out.prompt("[y/n/s/q] ");
            match lines.next().and_then(Result::ok).as_deref().map(str::trim) {
                Some("y" | "Y" | "yes") => break true,
                Some("n" | "N" | "no") => break false,
                Some("s") => continue 'items,
                Some("q") | None => break 'items,
                Some(_) => out.note("y, n, s or q"),
            }
        };
        labels.add(&json!({
            "item": item.id, "judge": item.judge, "endpoint": item.episode.endpoint, "judged": item.judged,
            "human": human, "weight": weight, "rater": rater, "seed": seed, "at": now(),
        }))?;
        given += 1;
    }
    let left = open.len() - given;
    let name = clean_line(&judged.header.name);
    if out.json() {
        out.value(&json!({"version": 1, "kind": "review", "labelled": given, "left": left, "labels": path}));
    } else {
        out.result(format!("labelled {given}, {left} of the sample left; then: mocktrial judge calibrate {name}"));
    }
    Ok(Exit::Done)
}

/// What the judges of an item were shown.
fn see(file: &RunFile, item: &JudgedItem) -> Result<JudgeSees, Failure> {
    let episode = file.episode(&item.episode)?;
    let asked = episode.iter().flat_map(|e| &e.asked);
    let prefix = format!("{}/", item.criterion);
    let own = asked.filter(|a| a.question.to == JUDGE && a.question.id.starts_with(&prefix));
    let mut seen: Option<JudgeSees> = None;
    for sees in own.filter_map(|a| JudgeSees::read(&a.question.body)) {
        match &mut seen {
            None => seen = Some(sees),
            // A criterion may be composed of several rubrics.
            Some(all) => {
                all.rubric
                    .extend(sees.rubric.into_iter().filter(|text| !all.rubric.contains(text)).collect::<Vec<_>>());
                if sees.record.len() > all.record.len() {
                    all.record = sees.record;
                }
            }
        }
    }
    seen.ok_or_else(|| {
        Failure::infrastructure(format!("what the judges of {} were asked cannot be read", item.episode))
    })
}

/// The items that somebody has labelled.
fn labelled_by(path: &Path, rater: &str) -> Result<HashSet<String>, Failure> {
    if !path.exists() {
        return Ok(HashSet::new());
    }
    let text = std::fs::read_to_string(path).map_err(|e| unwritable(path, &e))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = lines.filter(|l| l["rater"] == rater);
    Ok(own.filter_map(|l| l["item"].as_str().map(str::to_owned)).collect())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::mistake(format!("{}: {error}", path.display()))
}

/// The file that labels are appended to.
struct Labels<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Labels<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|e| unwritable(path, &e))?;
        Ok(Self { path, file })
    }

    fn add(&mut self, label: &Value) -> Result<(), Failure> {
        writeln!(self.file, "{label}").map_err(|e| unwritable(self.path, &e))
    }
}

/// Writes a sheet to be filled in: CSV, or JSON Lines where the file is called so.
fn export(path: &Path, file: &RunFile, drawn: &[(&JudgedItem, f64)]) -> Result<usize, Failure> {
    let wrong = |error: csv::Error| Failure::mistake(format!("{}: {error}", path.display()));
    if path.extension().is_some_and(|e| e == "jsonl") {
        let mut text = String::new();
        for (item, _) in drawn {
            let sees = see(file, item)?;
            let record: Vec<&Value> = sees.record.iter().map(|(_, line)| line).collect();
            let row = json!({"item": item.id, "human": null, "rubric": sees.rubric, "record": record});
            text.push_str(&format!("{row}\n"));
        }
        std::fs::write(path, text).map_err(|e| unwritable(path, &e))?;
        return Ok(drawn.len());
    }
    let mut sheet = csv::Writer::from_path(path).map_err(wrong)?;
    sheet.write_record(["item", "human", "rubric", "record"]).map_err(wrong)?;
    for (item, _) in drawn {
        let sees = see(file, item)?;
        let record: Vec<String> = sees.record.iter().map(|(_, line)| line.to_string()).collect();
        let row = [item.id.clone(), String::new(), inert(&sees.rubric.join("\n")), record.join("\n")];
        sheet.write_record(row).map_err(wrong)?;
    }
    sheet.flush().map_err(|e| unwritable(path, &e))?;
    Ok(drawn.len())
}

/// A cell that no spreadsheet takes for a formula. (A record begins with a brace.)
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

//! `mocktrial judge`: what a judge's word is worth.

use crate::args::{CalibrateArgs, JudgeArgs, JudgeCommand};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_analysis::calibration::{Calibration, Items, Labelled, calibrate as calibrated, labels, weigh};
use mocktrial_analysis::{Header, JudgedRun, keep_calibration};
use mocktrial_core::suite::Project;
use mocktrial_report::{Style, clean_line};
use mocktrial_store::names::resolve;
use mocktrial_store::{RunFile, Store};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The folder of a project with what people said.
const LABELS: &str = "labels";

/// The folder of a project with what is known of judges.
const CALIBRATIONS: &str = "calibrations";

/// Fewer labels than this say little.
const FEW: u64 = 30;

pub(crate) fn judge(args: &JudgeArgs, out: Out) -> Outcome {
    match &args.what {
        JudgeCommand::Calibrate(args) => calibrate(args, out),
    }
}

/// A run with what a panel of judges said in it.
pub(crate) struct Judged {
    pub(crate) project: Project,
    pub(crate) path: PathBuf,
    pub(crate) file: RunFile,
    pub(crate) header: Header,
    pub(crate) run: JudgedRun,
    /// The panel that is meant: its judges, joined by `+`.
    pub(crate) judge: String,
    pub(crate) fingerprint: String,
}

impl Judged {
    pub(crate) fn open(run: &str, judge: Option<&str>) -> Result<Self, Failure> {
        let project = project::discover(&[])?;
        let path = resolve(&project.root.join(&project.config.folders.runs), run)?;
        let file = RunFile::read(&path)?;
        let header = file.header()?;
        let run = JudgedRun::read(&file)?;
        let names: Vec<String> = run.panels.keys().map(|name| clean_line(name)).collect();
        let found = match (judge, run.panels.iter().next()) {
            (_, None) => {
                let message = format!("no judge has said anything in the run {}", clean_line(&header.name));
                return Err(Failure::mistake(format!(
                    "{message}; a criterion `judge` asks one, and `mocktrial grade --ask` asks it of a stored run"
                )));
            }
            (None, Some(only)) if names.len() == 1 => only,
            (None, _) => {
                let names = names.join(", ");
                return Err(Failure::mistake(format!("the run has several judges: say --judge with one of {names}")));
            }
            (Some(name), _) => run.panels.get_key_value(name).ok_or_else(|| {
                let names = names.join(", ");
                Failure::mistake(format!("the run has no judge `{}`; it has {names}", clean_line(name)))
            })?,
        };
        let (judge, fingerprint) = (found.0.clone(), found.1.clone());
        Ok(Self { project, path, file, header, run, judge, fingerprint })
    }
}

/// Where what people said of a run is kept.
pub(crate) fn labels_file(project: &Project, run: &str) -> PathBuf {
    project.root.join(LABELS).join(format!("{run}.jsonl"))
}

fn calibrate(args: &CalibrateArgs, out: Out) -> Outcome {
    let judged = Judged::open(&args.run, args.judge.as_deref())?;
    let items = judged.run.known_items(&judged.judge);
    let name = &judged.header.name;
    let own = labels_file(&judged.project, name);
    let files = if args.labels.is_empty() { vec![own.clone()] } else { args.labels.clone() };
    if args.labels.is_empty() && !own.exists() {
        let name = clean_line(name);
        return Err(Failure::mistake(format!(
            "nobody has labelled the run {name}: `mocktrial review {name}` shows a sample of it, and --labels takes a file"
        )));
    }
    let mut read = Vec::new();
    for file in &files {
        read.extend(read_labels(file, &items)?);
    }
    if args.labels.is_empty() {
        // Those of the run's other judges stand in the same file.
        read.retain(|label| items.contains_key(&label.item));
    }
    let of_run = !read.is_empty() && read.iter().all(|label| items.contains_key(&label.item));
    if of_run {
        weigh(&mut read, &items);
    }
    let run = of_run.then_some(name.as_str());
    let calibration = calibrated(&judged.judge, &judged.fingerprint, run, &read)
        .map_err(|e| Failure::mistake(format!("these labels cannot be used: {e}")))?;
    let warnings = warnings(&judged, &calibration);
    let kept = if args.dry_run { None } else { Some(keep(judged, &calibration)?) };
    if out.json() {
        let calibration = serde_json::to_value(&calibration).unwrap_or_default();
        out.value(&json!({"version": 1, "kind": "calibration", "calibration": calibration, "warnings": warnings, "file": kept}));
        return Ok(Exit::Done);
    }
    let style = Style { width: out.width, color: out.colour, limit: None };
    out.result(mocktrial_report::calibration(&calibration, &style).trim_end());
    for warning in warnings {
        out.note(format!("warning: {warning}"));
    }
    if let Some(kept) = kept {
        out.note(format!("kept in {} and with the run", kept.display()));
    }
    Ok(Exit::Done)
}

fn read_labels(file: &Path, items: &Items) -> Result<Vec<Labelled>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::mistake(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| wrong(&e))?;
    labels(&text, items).map_err(|e| wrong(&e))
}

/// What a reader must know of these labels.
fn warnings(judged: &Judged, calibration: &Calibration) -> Vec<String> {
    let mut warnings = Vec::new();
    let endpoints = judged.file.endpoints().unwrap_or_default();
    for endpoint in endpoints {
        let found = calibration.endpoints.get(&*endpoint.name);
        let labels = found.map_or(0, |a| a.passed.labelled + a.failed.labelled);
        let name = clean_line(&endpoint.name);
        if labels == 0 {
            warnings.push(format!("no label is about {name}: its judged rates stay uncalibrated"));
        } else if labels < FEW {
            warnings.push(format!("{labels} labels about {name} say little: {FEW} or more make a usable interval"));
        }
    }
    warnings
}

/// Writes a calibration into the project and the run.
fn keep(judged: Judged, calibration: &Calibration) -> Result<PathBuf, Failure> {
    let folder = judged.project.root.join(CALIBRATIONS);
    let wrong = |path: &Path, error: std::io::Error| Failure::mistake(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(&folder).map_err(|e| wrong(&folder, e))?;
    let short = calibration.fingerprint.get(..8).unwrap_or(&calibration.fingerprint);
    let from = calibration.run.as_deref().unwrap_or("labels");
    let path = folder.join(format!("{}-{short}-{from}.json", calibration.judge));
    std::fs::write(&path, calibration.to_json()).map_err(|e| wrong(&path, e))?;
    drop(judged.file);
    let file = RunFile::resume(&judged.path)?;
    keep_calibration(&file, calibration)?;
    file.close()?;
    Ok(path)
}

/// Keeps with a run what the project knows of its judges.
pub(crate) fn keep_known(project: &Project, file: &RunFile, out: Out) -> Result<(), Failure> {
    let folder = project.root.join(CALIBRATIONS);
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(()) };
    let panels = JudgedRun::read(file)?.panels;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    let mut fitting = Vec::new();
    for path in files.iter().filter(|_| !panels.is_empty()) {
        match std::fs::read_to_string(path).map_err(|e| e.to_string()).and_then(|text| Calibration::from_json(&text)) {
            Ok(calibration) if panels.values().any(|f| *f == calibration.fingerprint) => fitting.push(calibration),
            Ok(_) => {}
            Err(why) => out.note(format!("warning: {} is no calibration: {why}", path.display())),
        }
    }
    for calibration in &fitting {
        keep_calibration(file, calibration)?;
    }
    Ok(())
}

//! `mocktrial report`, and `--output` of every command that has results.

use crate::args::{CompareArgs, OutputArgs, ReportArgs, ScopeArg, Wanted};
use crate::compare::{Holding, holding};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use crate::project;
use mocktrial_analysis::compare::PairVerdict;
use mocktrial_analysis::power::{Terms, power};
use mocktrial_analysis::{Arm, Provenance, scaling, summary};
use mocktrial_report::model::{Command, Report, quoted};
use mocktrial_report::{Make, Output, OutputError, Sources, settle};
use mocktrial_store::{RunFile, Store};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// The chance that what would settle a comparison is to give.
const POWER: f64 = 0.8;

pub(crate) fn report(args: &ReportArgs, out: Out) -> Outcome {
    let mut wanted = args.of.outputs.output.clone();
    if let Some(path) = &args.html {
        wanted.extend(Output::named("html").map(|kind| Wanted { kind, path: path.clone() }));
    }
    if wanted.is_empty() {
        return Err(Failure::mistake("say what to write where, such as --output html=report.html"));
    }
    let held = holding(&args.of, true, out)?;
    write(&wanted, &of_comparison(&args.of, &held)?, &held.files, out)?;
    Ok(Exit::Done)
}

/// Writes what was asked for of a run by itself.
pub(crate) fn of_run(run: &Path, outputs: &OutputArgs, out: Out) -> Result<(), Failure> {
    if outputs.output.is_empty() {
        return Ok(());
    }
    let args = CompareArgs {
        runs: vec![run.to_string_lossy().into_owned()],
        endpoint: Vec::new(),
        against: None,
        scope: ScopeArg::Suite,
        alpha: 0.05,
        outputs: outputs.clone(),
    };
    let held = holding(&args, true, out)?;
    write(&outputs.output, &of_comparison(&args, &held)?, &held.files, out)
}

/// The report of runs and how they compare.
pub(crate) fn of_comparison(args: &CompareArgs, held: &Holding) -> Result<Report, Failure> {
    let mut report = of_runs(&held.files, held.arms.iter().map(|(run, arm)| (*run, arm)), args.alpha)?;
    for (comparison, (a, b)) in held.found.pairs.iter().zip(&held.pairs) {
        let open = comparison.verdict == PairVerdict::Undecided && comparison.refused.is_none();
        let Some(delta) = comparison.delta.filter(|_| open) else {
            report.settle.push(String::new());
            continue;
        };
        let (first, second) = (&held.arms[*a].1, &held.arms[*b].1);
        let terms = Terms {
            scope: args.scope.into(),
            alpha: args.alpha,
            power: POWER,
            margin: 0.05,
            mde: delta.value.abs().clamp(0.01, 0.99),
            units: None,
            trials: None,
        };
        let foreseen = power(first, Some(second), terms).map_err(Failure::infrastructure)?;
        report.settle.push(settle(&foreseen));
    }
    report.compared = (!held.pairs.is_empty()).then(|| held.found.clone());
    let names: Vec<String> = report.runs.iter().map(|run| quoted(&run.run.name)).collect();
    let names = names.join(" ");
    if report.compared.is_some() {
        report.commands.push(Command::new("the comparison", format!("mocktrial compare {names}")));
    }
    report.commands.push(Command::new("this report", format!("mocktrial report {names} --output html=report.html")));
    Ok(report)
}

/// What is to be said of runs, whatever is asked of them. `arms` are their endpoints, each with the place of its run.
pub(crate) fn of_runs<'a>(
    files: &[RunFile],
    arms: impl Iterator<Item = (usize, &'a Arm)> + Clone,
    alpha: f64,
) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (place, file) in files.iter().enumerate() {
        report.runs.push(summary(file).map_err(Failure::infrastructure)?);
        let own = arms.clone().filter(|(run, _)| *run == place).map(|(_, arm)| arm);
        report.provenance.push(Provenance::read(file, own).map_err(Failure::infrastructure)?);
        report.protocols.extend(crate::protocol::held(file)?);
    }
    let tasks = arms.clone().flat_map(|(_, arm)| &arm.tasks);
    report.quarantined = tasks.filter(|(_, task)| task.quarantined).map(|(name, _)| Arc::clone(name)).collect();
    let endpoint = arms.filter(|(run, _)| *run == 0).map(|(_, arm)| arm.endpoint.to_string()).collect();
    let terms = scaling::Terms { endpoints: endpoint, alpha, extrapolate: false };
    if let Some(file) = files.first() {
        report.fronts = scaling::scaling(file, &terms).map_err(Failure::infrastructure)?.fronts;
    }
    if let Ok(Some(project)) = project::here() {
        let known = report.runs.iter().flat_map(|run| &run.scenarios).map(|s| &s.id);
        report.files = known.filter_map(|id| Some((id.clone(), project::file_of(&project, id)?))).collect();
    }
    Ok(report)
}

/// Writes what was asked for.
pub(crate) fn write(wanted: &[Wanted], report: &Report, files: &[RunFile], out: Out) -> Result<(), Failure> {
    let sources = Sources {
        stores: files.iter().map(|file| file as &dyn Store).collect(),
        bytes: files.iter().filter_map(|file| Some(std::fs::metadata(file.path()).ok()?.len())).sum(),
    };
    for Wanted { kind, path } in wanted {
        let stdout = path.as_os_str() == "-";
        let failed = |e: OutputError| Failure::infrastructure(format!("{} {}: {e}", kind.name, path.display()));
        let open = |add: bool| -> Result<Box<dyn Write>, OutputError> {
            Ok(match (stdout, add) {
                (true, _) => Box::new(std::io::stdout().lock()),
                (false, true) => Box::new(BufWriter::new(File::options().create(true).append(true).open(path)?)),
                (false, false) => Box::new(BufWriter::new(File::create(path)?)),
            })
        };
        let text = |add, make: fn(&Report, &Sources<'_>, &mut dyn Write) -> Result<(), OutputError>| {
            let mut to = open(add)?;
            make(report, &sources, &mut to)?;
            Ok(to.flush()?)
        };
        match kind.make {
            Make::Text(make) => text(false, make),
            Make::Added(make) => text(true, make),
            Make::Files(make) => make(report, &sources, path),
        }
        .map_err(failed)?;
        if !stdout {
            out.note(format!("wrote {}", path.display()));
        }
    }
    Ok(())
}

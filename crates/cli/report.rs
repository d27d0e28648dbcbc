//! `mocktrial report`.

use crate::args::{OutputKind, ReportArgs};
use crate::compare::{Holding, holding};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_analysis::compare::PairVerdict;
use mocktrial_analysis::power::{Terms, power};
use mocktrial_analysis::{scaling, summary};
use mocktrial_report::html::{Beside, Fact, Html, HtmlReport};
use mocktrial_report::settle;
use mocktrial_store::{RunFile, Store as _};
use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::Path;

/// The chance that what would settle a comparison is to give.
const POWER: f64 = 0.8;

pub(crate) fn report(args: &ReportArgs, out: Out) -> Outcome {
    let mut outputs = args.output.clone();
    outputs.extend(args.html.iter().map(|path| (OutputKind::Html, path.clone())));
    if outputs.is_empty() {
        return Err(Failure::mistake("say what to write where, such as --output html=report.html"));
    }
    let held = holding(&args.of, true, out)?;
    let model = model(args, &held)?;
    for (kind, path) in &outputs {
        match kind {
            OutputKind::Html => html(path, &model, &held.files)?,
        }
        out.note(format!("wrote {}", path.display()));
    }
    Ok(Exit::Done)
}

fn model(args: &ReportArgs, held: &Holding) -> Result<HtmlReport, Failure> {
    let mut runs = Vec::with_capacity(held.files.len());
    for file in &held.files {
        runs.push(summary(file).map_err(Failure::infrastructure)?);
    }
    let mut settled = Vec::with_capacity(held.pairs.len());
    for (comparison, (a, b)) in held.found.pairs.iter().zip(&held.pairs) {
        let open = comparison.verdict == PairVerdict::Undecided && comparison.refused.is_none();
        let Some(delta) = comparison.delta.filter(|_| open) else {
            settled.push(String::new());
            continue;
        };
        let (first, second) = (&held.arms[*a].1, &held.arms[*b].1);
        let terms = Terms {
            scope: args.of.scope.into(),
            alpha: args.of.alpha,
            power: POWER,
            margin: 0.05,
            mde: delta.value.abs().clamp(0.01, 0.99),
            units: None,
            trials: None,
        };
        let foreseen = power(first, Some(second), terms).map_err(Failure::infrastructure)?;
        settled.push(settle(&foreseen));
    }
    let terms = scaling::Terms { endpoints: args.of.endpoint.clone(), alpha: args.of.alpha, extrapolate: false };
    let fronts = match held.files.first() {
        Some(file) => scaling::scaling(file, &terms).map_err(Failure::infrastructure)?.fronts,
        None => Vec::new(),
    };
    let mut facts = Vec::new();
    let mut fact = |name: String, text: String| facts.push(Fact { name, text });
    for run in &runs {
        let of = if runs.len() > 1 { format!(" of {}", run.run.name) } else { String::new() };
        fact(format!("run{of}"), format!("{}, begun {}, mocktrial {}", run.run.name, run.run.created, run.run.harness));
        fact(format!("suite{of}"), format!("hash {}, seed {}, {} trials", run.run.suite, run.run.seed, run.run.trials));
        for e in &run.endpoints {
            if let Some(price) = &e.price {
                fact(format!("price of {}", e.name), price.to_string());
            }
        }
    }
    let names: Vec<&str> = runs.iter().map(|run| run.run.name.as_str()).collect();
    fact("report".into(), format!("mocktrial report {} --html report.html", names.join(" ")));
    fact("compare".into(), format!("mocktrial compare {}", names.join(" ")));
    let compared = (!held.pairs.is_empty()).then(|| held.found.clone());
    Ok(HtmlReport { runs, compared, settle: settled, fronts, facts })
}

fn html(path: &Path, model: &HtmlReport, files: &[RunFile]) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::infrastructure(format!("{}: {e}", path.display()));
    // What is compressed in the runs is about as large compressed in the page, and base64 takes a third more.
    let size: u64 = files.iter().filter_map(|file| Some(std::fs::metadata(file.path()).ok()?.len())).sum();
    let beside = if size + size / 3 > mocktrial_report::html::INLINE {
        let link = format!("{}.data", path.file_name().unwrap_or_default().to_string_lossy());
        let folder = path.with_file_name(&link);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        Some(Beside { folder, link })
    } else {
        None
    };
    let file = File::create(path).map_err(failed)?;
    let mut page = Html::begin(BufWriter::new(file), model, beside).map_err(failed)?;
    for (run, file) in files.iter().enumerate() {
        for scenario in file.scenarios()? {
            if let Some(case) = file.case(&scenario.id, &scenario.variant)? {
                page.case(run, &scenario.name(), &case).map_err(failed)?;
            }
        }
        let mut broken = None;
        file.each_text(&mut |episode| match page.episode(run, &episode) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                broken = Some(error);
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = broken {
            return Err(failed(error));
        }
    }
    page.end().map_err(failed)?;
    Ok(())
}

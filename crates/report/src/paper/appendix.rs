//! What is needed to check what was found, and to find it again.

use super::table::Table;
use super::tex::escape;
use crate::model::{Column, Datum, Report, Sheet};
use mocktrial_analysis::Provenance;
use std::fmt::Write as _;

/// The appendix on reproducibility.
pub(super) fn appendix(report: &Report) -> String {
    let mut out = String::from(
        "% Needs booktabs, array and longtable, and T1 as the encoding of fonts.\n\\section{Reproducibility}\n\
         Equal hashes mean equal contents. Two results are compared only where the hashes of their scenarios are equal; the \
         hash of an endpoint covers all that belongs to it.\n\n",
    );
    let mut facts = report.facts();
    let episodes: u64 = report.runs.iter().flat_map(|run| &run.endpoints).map(|e| e.finished).sum();
    facts.push(("trajectories".into(), format!("{episodes} kept in the run files, each with its hash")));
    let sheet = Sheet {
        name: "facts",
        title: "How this came about".into(),
        columns: vec![Column::of("what"), Column::of("which")],
        rows: facts.into_iter().map(|(what, which)| vec![Datum::Name(what), Datum::Text(which)]).collect(),
        notes: Vec::new(),
    };
    out.push_str(&Table { name: "facts".into(), sheet, long: true }.tex());
    for (n, run) in report.provenance.iter().enumerate() {
        let name = |base: &str| if n == 0 { base.to_owned() } else { format!("{base}-{}", n + 1) };
        let of = if report.provenance.len() > 1 { format!(" of {}", run.run) } else { String::new() };
        let _ = writeln!(out);
        out.push_str(&Table { name: name("parts"), sheet: parts(run, &of), long: true }.tex());
        let _ = writeln!(out);
        out.push_str(&Table { name: name("hashes"), sheet: hashes(run, &of), long: true }.tex());
    }
    for held in &report.protocols {
        let _ = writeln!(
            out,
            "\nThe protocol of {} is {}, hash {}, registered {}.",
            escape(&held.run),
            escape(&held.file),
            escape(&held.hash),
            escape(&held.registered)
        );
    }
    out
}

/// The parts of each endpoint, with their hashes.
fn parts(run: &Provenance, of: &str) -> Sheet {
    let rows = run.endpoints.iter().flat_map(|e| {
        e.parts
            .iter()
            .map(|(part, hash)| vec![Datum::Name(e.name.clone()), Datum::Text(part.clone()), Datum::Text(hash.clone())])
    });
    Sheet {
        name: "parts",
        title: format!("Parts of the endpoints{of}"),
        columns: vec![Column::of("endpoint"), Column::of("part"), Column::of("hash")],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// Each scenario, with what must be equal for its results to be compared.
fn hashes(run: &Provenance, of: &str) -> Sheet {
    let row = |(name, world, criteria): &(String, String, String)| {
        vec![Datum::Name(name.clone()), Datum::Text(world.clone()), Datum::Text(criteria.clone())]
    };
    Sheet {
        name: "hashes",
        title: format!("Hashes of the scenarios{of}"),
        columns: vec![
            Column::of("scenario"),
            Column::of("messages, tools, state, behaviour"),
            Column::of("criteria, references"),
        ],
        rows: run.scenarios.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

//! What a paper needs: tables and figures with their intervals, methods in sentences with references, and an appendix that
//! lets others find the same again.
//!
//! Each piece is a file to be taken in by `\input` or `\includegraphics`; `paper.tex` takes in all of them. Nothing needs
//! shell escape, a font beyond LaTeX's own, or a program beside it: where nobody has turned a figure into PDF, LaTeX draws it
//! itself. What others wrote passes through [`tex::escape`], and the names of files and labels hold nothing of it.

mod appendix;
mod document;
mod methods;
mod picture;
mod references;
mod table;
mod tex;

use crate::model::{Column, Datum, Report, Sheet, parts, tables as model};
use crate::output::{Make, Output, OutputError, Sources};
use methods::Methods;
use std::io::Write;
use std::path::Path;
use table::Table;

/// A folder with all of it.
pub(crate) const PAPER: Output = Output {
    name: "paper",
    about: "a folder for a paper: LaTeX tables, figures, methods, appendix",
    make: Make::Files(paper),
};

/// The main tables.
pub(crate) const LATEX: Output =
    Output { name: "latex", about: "the tables of endpoints and differences, in LaTeX", make: Make::Text(latex) };

/// The figures.
pub(crate) const FIGURES: Output =
    Output { name: "figures", about: "a folder of figures as SVG", make: Make::Files(figures) };

/// The methods in plain words.
pub(crate) const METHODS: Output = Output {
    name: "methods",
    about: "what was done, in sentences with references, in Markdown",
    make: Make::Text(methods_text),
};

fn paper(report: &Report, _: &Sources<'_>, folder: &Path) -> Result<(), OutputError> {
    write(folder, &pieces(report))
}

fn figures(report: &Report, _: &Sources<'_>, folder: &Path) -> Result<(), OutputError> {
    let all: Vec<_> = report.figures().iter().map(|f| (format!("{}.svg", f.name), f.svg())).collect();
    write(folder, &all)
}

fn latex(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    let main = tables(report).into_iter().filter(|t| {
        ["endpoints", "differences"]
            .iter()
            .any(|own| t.name.strip_prefix(own).is_some_and(|rest| !rest.contains(char::is_alphabetic)))
    });
    for table in main {
        writeln!(out, "{}", table.tex())?;
    }
    Ok(())
}

fn methods_text(report: &Report, _: &Sources<'_>, out: &mut dyn Write) -> Result<(), OutputError> {
    Ok(out.write_all(Methods::of(report).markdown().as_bytes())?)
}

fn write(folder: &Path, files: &[(String, String)]) -> Result<(), OutputError> {
    std::fs::create_dir_all(folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(within) = path.parent() {
            std::fs::create_dir_all(within)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}

/// Every file of the folder, by its path in it.
fn pieces(report: &Report) -> Vec<(String, String)> {
    let (all, figures, methods) = (tables(report), report.figures(), Methods::of(report));
    let mut files: Vec<(String, String)> = all.iter().map(|t| (format!("tables/{}.tex", t.name), t.tex())).collect();
    for figure in &figures {
        files.push((format!("figures/{}.svg", figure.name), figure.svg()));
        files.push((format!("figures/{}.tex", figure.name), figure.picture()));
    }
    files.push(("results.tex".into(), document::results(report)));
    files.push(("methods.tex".into(), methods.tex()));
    files.push(("references.bib".into(), methods.bib()));
    files.push(("appendix.tex".into(), appendix::appendix(report)));
    files.push(("paper.tex".into(), document::document(report, &all, &figures, !methods.works.is_empty())));
    files
}

/// The n-th of a name, from 0.
fn numbered(name: &str, n: usize) -> String {
    if n == 0 { name.to_owned() } else { format!("{name}-{}", n + 1) }
}

/// Every table that there is something to show in.
fn tables(report: &Report) -> Vec<Table> {
    let mut all = Vec::new();
    let mut add = |name: &str, n: usize, mut sheet: Sheet, long: bool| {
        filled(&mut sheet);
        if !sheet.rows.is_empty() {
            all.push(Table { name: numbered(name, n), sheet, long });
        }
    };
    for (n, run) in report.runs.iter().enumerate() {
        let named = |mut sheet: Sheet, title: &str| {
            let of = if report.runs.len() > 1 { format!(" of {}", run.run.name) } else { String::new() };
            sheet.title = format!("{title}{of}");
            sheet
        };
        // Together they are wider than a page.
        let mut rates = named(model::rates(run), "Endpoints");
        if run.endpoints.iter().any(|e| !e.excluded.is_empty()) {
            rates.columns.push(Column::numbers("left out"));
            let left = run.endpoints.iter().map(|e| Datum::Figure(model::left_out(e)));
            rates.rows.iter_mut().zip(left).for_each(|(row, left)| row.push(left));
        }
        rates.notes.extend(model::known(run));
        add("endpoints", n, rates, false);
        let mut effort = named(model::effort(run), "Effort");
        effort.notes.insert(0, "means per episode; cost of all of them; latency of a model response".into());
        add("effort", n, effort, false);
    }
    if let Some(sheet) = report.differences() {
        add("differences", 0, sheet, false);
    }
    if let Some(sheet) = report.ranks() {
        add("ranks", 0, sheet, false);
    }
    for (n, gate) in report.gates.iter().enumerate() {
        add("gate", n, parts(gate), false);
    }
    for (n, run) in report.runs.iter().enumerate() {
        let mut causes = report.causes(run);
        // Of a paper's reader nobody can look at an example.
        if let Some(example) = causes.columns.iter().position(|c| c.head == "example") {
            leave(&mut causes, example);
        }
        add("causes", n, causes, false);
    }
    for (n, pair) in report.compared.iter().flat_map(|c| &c.pairs).enumerate() {
        let of = format!(": {} against {}", report.side(&pair.first), report.side(&pair.second));
        let named = |mut sheet: Sheet| {
            sheet.title.push_str(&of);
            sheet
        };
        add("tags", n, named(report.tags_of(pair)), false);
        add("flips", n, named(report.flips_of(pair)), true);
    }
    for (n, gate) in report.gates.iter().enumerate() {
        let mut sheet = report.flips_of_gate(gate);
        sheet.title.push_str(&format!(": {} against {}", gate.endpoint, gate.against));
        add("flips-gate", n, sheet, true);
    }
    for (n, run) in report.runs.iter().enumerate() {
        add("scenarios", n, report.scenarios(run), true);
    }
    all
}

/// Leaves out columns in which nothing stands.
fn filled(sheet: &mut Sheet) {
    for n in (1..sheet.columns.len()).rev() {
        if sheet.rows.iter().filter_map(|row| row.get(n)).all(|d| d.text().is_empty()) {
            leave(sheet, n);
        }
    }
}

/// Leaves out a column.
fn leave(sheet: &mut Sheet, n: usize) {
    sheet.columns.remove(n);
    sheet.rows.iter_mut().filter(|row| n < row.len()).for_each(|row| drop(row.remove(n)));
}

#[cfg(test)]
mod tests;

//! Tables as LaTeX, with booktabs; what may be long goes over pages.

use super::tex::escape;
use crate::model::{Column, Datum, Sheet};
use crate::number::{percent, points};
use crate::text::columns;
use std::fmt::Write as _;

/// What fits a line of a table in small type, in characters.
const LINE: usize = 84;

/// Columns beyond this stand in a further table, with the first column again.
const COLUMNS: usize = 8;

/// A table to be written.
pub(super) struct Table {
    /// Its file's name and its label's: `endpoints`.
    pub(super) name: String,
    /// The table.
    pub(super) sheet: Sheet,
    /// Whether it may go over pages.
    pub(super) long: bool,
}

/// A cell in plain text, before it is escaped: an interval in brackets, its unit in the head.
fn text(datum: &Datum) -> String {
    match datum {
        Datum::Rate(e) => format!("{} [{}, {}]", percent(e.value), percent(e.low), percent(e.high)),
        Datum::Difference(e) => format!("{} [{}, {}]", points(e.value), points(e.low), points(e.high)),
        Datum::Trials(k, n, 0) => format!("{k}/{n}"),
        Datum::Trials(k, n, excluded) => format!("{k}/{n} +{excluded}?"),
        other => other.text(),
    }
}

/// Whether a column is set to the right: all of it are numbers.
fn right(sheet: &Sheet, n: usize) -> bool {
    let number = |d: &Datum| {
        matches!(d, Datum::Rate(_) | Datum::Difference(_) | Datum::Figure(_) | Datum::Trials(..))
            || matches!(d, Datum::Text(t) if t == "–" || t.is_empty())
            || *d == Datum::Blank
    };
    n > 0 && sheet.rows.iter().filter_map(|row| row.get(n)).all(number)
}

fn head(sheet: &Sheet, n: usize, column: &Column) -> String {
    let rate = sheet.rows.iter().any(|row| matches!(row.get(n), Some(Datum::Rate(_))));
    if rate { format!("{}, % [interval]", column.head) } else { column.head.clone() }
}

/// How a column is set: as wide as it is, or at a share of the line, with its lines broken.
fn columns_of(sheet: &Sheet) -> String {
    let cells = |n: usize| sheet.rows.iter().filter_map(move |row| row.get(n)).map(text);
    let heads: Vec<String> = sheet.columns.iter().enumerate().map(|(n, c)| head(sheet, n, c)).collect();
    let longest = |text: &str| text.split(' ').map(columns).max().unwrap_or(0);
    let all = 0..heads.len();
    // The cells as they are, with heads as they are, or with these over several lines.
    let cells_of: Vec<usize> = all.clone().map(|n| cells(n).map(|c| columns(&c)).max().unwrap_or(0).max(1)).collect();
    let natural: Vec<usize> = all.clone().map(|n| cells_of[n].max(columns(&heads[n]))).collect();
    let tight: Vec<usize> = all.clone().map(|n| cells_of[n].max(longest(&heads[n]))).collect();
    let space = LINE.saturating_sub(2 * natural.len());
    if natural.iter().sum::<usize>() <= space {
        return all.map(|n| if right(sheet, n) { 'r' } else { 'l' }).collect();
    }
    let mut wanted = tight.clone();
    if tight.iter().sum::<usize>() > space {
        // What is wider than its share gives way, until all fit.
        let mut open: Vec<usize> = all.collect();
        let mut left = space;
        loop {
            let share = left / open.len().max(1);
            let (fit, wide): (Vec<usize>, Vec<usize>) = open.iter().partition(|n| tight[**n] <= share);
            left = left.saturating_sub(fit.iter().map(|n| tight[*n]).sum());
            if fit.is_empty() || wide.is_empty() {
                let weight = |n: usize| tight[n].min(3 * share.max(1));
                let sum: usize = wide.iter().map(|n| weight(*n)).sum();
                wide.iter().for_each(|n| wanted[*n] = (left * weight(*n) / sum.max(1)).max(4));
                break;
            }
            open = wide;
        }
    }
    let mut out = String::new();
    for (n, width) in wanted.iter().enumerate() {
        let broken = *width < natural[n];
        #[allow(clippy::cast_precision_loss, reason = "few characters")]
        let share = 0.94 * *width as f64 / LINE as f64;
        let _ = match (broken, right(sheet, n)) {
            (false, true) => write!(out, "r"),
            (false, false) => write!(out, "l"),
            (true, true) => write!(out, ">{{\\raggedleft\\arraybackslash}}p{{{share:.3}\\linewidth}}"),
            (true, false) => write!(out, ">{{\\raggedright\\arraybackslash}}p{{{share:.3}\\linewidth}}"),
        };
    }
    out
}

fn row(out: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    let _ = writeln!(out, "{} \\\\", cells.join(" & "));
}

/// A cell that begins with a bracket would be read as an argument of the row's end before it.
fn cell(text: &str) -> String {
    let text = escape(text);
    if text.starts_with(['[', '*']) { format!("{{}}{text}") } else { text }
}

impl Table {
    /// It as LaTeX; in several parts where it has many columns.
    pub(super) fn tex(&self) -> String {
        let sheet = &self.sheet;
        let rest = sheet.columns.len().saturating_sub(1);
        let parts = rest.div_ceil(COLUMNS - 1).max(1);
        let each = rest.div_ceil(parts).max(1);
        let mut out = String::from("% Needs booktabs, array and longtable, and T1 as the encoding of fonts.\n");
        for part in 0..parts {
            let kept: Vec<usize> =
                std::iter::once(0).chain((1 + part * each)..(1 + (part + 1) * each).min(rest + 1)).collect();
            let own = Sheet {
                columns: kept.iter().filter_map(|n| sheet.columns.get(*n).cloned()).collect(),
                rows: sheet.rows.iter().map(|row| kept.iter().filter_map(|n| row.get(*n).cloned()).collect()).collect(),
                ..sheet.clone()
            };
            let (title, label) = match (parts, part) {
                (1, _) => (own.title.clone(), self.name.clone()),
                (_, 0) => (format!("{} (part 1 of {parts})", own.title), self.name.clone()),
                _ => (
                    format!("{} (part {} of {parts})", own.title, part + 1),
                    format!("{}-part-{}", self.name, part + 1),
                ),
            };
            if self.long { long(&mut out, &own, &title, &label) } else { short(&mut out, &own, &title, &label) }
        }
        out
    }
}

/// Notes, one after the other.
fn joined(notes: &[String]) -> String {
    let bare: Vec<&str> = notes.iter().map(|note| note.trim_end_matches('.')).collect();
    format!("{}.", bare.join("; "))
}

fn heads(sheet: &Sheet) -> String {
    let mut out = String::from("\\toprule\n");
    row(&mut out, sheet.columns.iter().enumerate().map(|(n, c)| cell(&head(sheet, n, c))));
    out.push_str("\\midrule\n");
    out
}

fn rows(out: &mut String, sheet: &Sheet) {
    for cells in &sheet.rows {
        row(out, cells.iter().map(|d| cell(&text(d))));
    }
}

fn short(out: &mut String, sheet: &Sheet, title: &str, label: &str) {
    let _ = write!(
        out,
        "\\begin{{table}}[htbp]\n\\centering\\small\\setlength{{\\tabcolsep}}{{4pt}}\n\\caption{{{}}}\\label{{tab:{label}}}\n\
         \\begin{{tabular}}{{@{{}}{}@{{}}}}\n{}",
        escape(title),
        columns_of(sheet),
        heads(sheet)
    );
    rows(out, sheet);
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    if !sheet.notes.is_empty() {
        let _ = writeln!(
            out,
            "\\par\\smallskip\\parbox{{\\linewidth}}{{\\footnotesize {}}}",
            escape(&joined(&sheet.notes))
        );
    }
    out.push_str("\\end{table}\n");
}

fn long(out: &mut String, sheet: &Sheet, title: &str, label: &str) {
    let heads = heads(sheet);
    let _ = write!(
        out,
        "{{\\small\\setlength{{\\tabcolsep}}{{4pt}}\\setlength{{\\LTcapwidth}}{{\\linewidth}}\n\\begin{{longtable}}{{@{{}}{}@{{}}}}\n\
         \\caption{{{}}}\\label{{tab:{label}}} \\\\\n{heads}\\endfirsthead\n{heads}\\endhead\n\
         \\midrule \\multicolumn{{{}}}{{r@{{}}}}{{\\footnotesize continued on the next page}} \\\\\n\\endfoot\n\
         \\bottomrule\n\\endlastfoot\n",
        columns_of(sheet),
        escape(title),
        sheet.columns.len(),
    );
    rows(out, sheet);
    out.push_str("\\end{longtable}}\n");
    // Within the table they would be as wide as it is, or make it wider.
    if !sheet.notes.is_empty() {
        let _ = writeln!(out, "{{\\footnotesize\\noindent {}\\par}}", escape(&joined(&sheet.notes)));
    }
}

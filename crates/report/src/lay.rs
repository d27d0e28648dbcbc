//! Tables of the report model, laid out for a terminal of any width.
//!
//! The first column with intervals is drawn beside its figures where there is room. What does not fit on a line is told in
//! several tables with the same names, or, where even that is too wide, one below the other: nothing is cut.

use crate::axis;
use crate::model::{Column, Datum, Sheet};
use crate::number::{percent, points};
use crate::table::Cell;
use crate::text::{Ink, Style, clean_line, columns, flow, pad_left, wrap};
use mocktrial_analysis::Estimate;

/// The narrowest axis that is worth drawing, and the widest.
const AXIS: (usize, usize) = (13, 41);

/// What columns leave to the axis where they are told in several tables anyway.
const ROOM: usize = 23;

/// The narrowest last column that words are wrapped into.
const WORDS: usize = 24;

/// A column as it is laid out, with its head first.
struct Laid {
    cells: Vec<Cell>,
    numbers: bool,
}

impl Laid {
    fn width(&self) -> usize {
        self.cells.iter().map(|c| columns(&c.text)).max().unwrap_or_default()
    }
}

/// What is drawn: where its column stands, and the intervals of the rows.
struct Drawn {
    before: usize,
    rows: Vec<Option<Estimate>>,
    /// Whether they are differences around 0, and not rates.
    around: bool,
}

/// The rows of a table, with the heads of its columns; nothing where it has no rows.
pub(crate) fn lay(sheet: &Sheet, indent: usize, style: &Style) -> String {
    laid(sheet, indent, true, style)
}

/// The same without heads, for tables that explain themselves.
pub(crate) fn lay_bare(sheet: &Sheet, indent: usize, style: &Style) -> String {
    laid(sheet, indent, false, style)
}

fn laid(sheet: &Sheet, indent: usize, heads: bool, style: &Style) -> String {
    if sheet.rows.is_empty() {
        return String::new();
    }
    let width = style.width().saturating_sub(indent);
    let (all, drawn) = spread(sheet, heads);
    if total(&all) <= width {
        return table(&all, drawn.as_ref(), indent, width, style);
    }
    let wordy = |sheet: &Sheet| {
        let last = sheet.columns.len().wrapping_sub(1);
        sheet.rows.iter().all(|row| matches!(row.get(last), Some(Datum::Text(_) | Datum::Blank)))
    };
    if wordy(sheet) && total(&all[..all.len() - 1]) + 2 + WORDS <= width {
        return table(&all, None, indent, width, style);
    }
    // As many columns at once as fit, each time with the names before them.
    let Some((names, rest)) = all.split_first() else { return String::new() };
    if rest.iter().any(|column| names.width() + 2 + column.width() > width) {
        return one_below_the_other(sheet, indent, heads, style);
    }
    let mut out = String::new();
    let mut from = 0;
    while from < rest.len() {
        let mut part = vec![names.clone()];
        let begun = from;
        while from < rest.len() {
            // Estimate and interval come first, and leave room for their picture.
            let drawn = drawn.as_ref().is_some_and(|d| d.before == begun + 1 && from > d.before);
            let room = if drawn { ROOM } else { 0 };
            if total(&part) + 2 + rest[from].width() + room > width && from > begun {
                break;
            }
            part.push(rest[from].clone());
            from += 1;
        }
        let drawn = drawn.as_ref().filter(|d| d.before == begun + 1);
        out.push_str(&table(&part, drawn, indent, width, style));
    }
    out
}

impl Clone for Laid {
    fn clone(&self) -> Self {
        Self { cells: self.cells.clone(), numbers: self.numbers }
    }
}

fn total(all: &[Laid]) -> usize {
    all.iter().map(Laid::width).sum::<usize>() + 2 * all.len().saturating_sub(1)
}

fn ends(datum: &Datum) -> Option<Estimate> {
    match datum {
        Datum::Rate(e) | Datum::Difference(e) => Some(*e),
        _ => None,
    }
}

/// The columns of a sheet; the first with intervals becomes two, estimate and interval.
fn spread(sheet: &Sheet, heads: bool) -> (Vec<Laid>, Option<Drawn>) {
    let with_ends = |n: &usize| sheet.rows.iter().any(|row| row.get(*n).and_then(ends).is_some());
    let chosen = (1..sheet.columns.len()).find(with_ends);
    // What is compared stands out; a long list of scenarios does not.
    let who = matches!(sheet.name, "rates" | "effort" | "differences" | "ranks");
    let mut all = Vec::new();
    let mut drawn = None;
    for (n, column) in sheet.columns.iter().enumerate() {
        let Column { head, numbers } = column;
        let of = |head: &str| if heads { vec![Cell::inked(clean_line(head), Ink::Faint)] } else { Vec::new() };
        let column = |row: &Vec<Datum>| row.get(n).cloned().unwrap_or(Datum::Blank);
        if chosen != Some(n) {
            let name = |datum: &Datum| match datum {
                Datum::Name(_) if n == 0 && who => Cell { ink: Some(Ink::Strong), ..Cell::from(datum) },
                datum => Cell::from(datum),
            };
            let cells =
                of(if n == 0 { "" } else { head }).into_iter().chain(sheet.rows.iter().map(|r| name(&column(r))));
            all.push(Laid { cells: cells.collect(), numbers: *numbers });
            continue;
        }
        let rows: Vec<Datum> = sheet.rows.iter().map(column).collect();
        let around = rows.iter().any(|d| matches!(d, Datum::Difference(_)));
        let value = |d: &Datum| match d {
            Datum::Rate(e) => Cell::inked(format!("{} %", percent(e.value)), Ink::Strong),
            Datum::Difference(e) => Cell::inked(points(e.value), Ink::Strong),
            other => Cell::from(other),
        };
        let interval = |d: &Datum| match d {
            Datum::Rate(e) => Cell::new(format!("{}–{} %", percent(e.low), percent(e.high))),
            Datum::Difference(e) => Cell::new(format!("{} to {}", points(e.low), points(e.high))),
            _ => Cell::default(),
        };
        drawn = Some(Drawn { before: all.len(), rows: rows.iter().map(ends).collect(), around });
        let head = if around { "difference" } else { "rate" };
        all.push(Laid { cells: of(head).into_iter().chain(rows.iter().map(value)).collect(), numbers: true });
        all.push(Laid { cells: of("interval").into_iter().chain(rows.iter().map(interval)).collect(), numbers: true });
    }
    (all, drawn)
}

/// The axis of what is drawn, as a column.
fn pictures(drawn: &Drawn, width: usize, heads: bool) -> Laid {
    let odd = width - (1 - width % 2);
    let known = drawn.rows.iter().flatten();
    let reach = axis::reach(known.map(|e| e.low.abs().max(e.high.abs())).fold(0.0, f64::max));
    let head = if drawn.around { axis::around(reach, odd) } else { axis::scale(odd) };
    let row = |e: &Option<Estimate>| match e {
        Some(e) if drawn.around => Cell::new(axis::drawn(e, None, reach, odd)),
        Some(e) => Cell::new(axis::interval(e, odd)),
        None => Cell::default(),
    };
    let heads = heads.then(|| Cell::inked(head, Ink::Faint));
    Laid { cells: heads.into_iter().chain(drawn.rows.iter().map(row)).collect(), numbers: false }
}

/// Columns side by side; where they are too wide, the last is wrapped.
fn table(all: &[Laid], drawn: Option<&Drawn>, indent: usize, width: usize, style: &Style) -> String {
    let mut all = all.to_vec();
    if let Some(drawn) = drawn {
        let room = width.saturating_sub(total(&all) + 2).min(AXIS.1);
        if room >= AXIS.0 {
            let heads = all.first().is_some_and(|names| names.cells.len() > drawn.rows.len());
            let at = drawn.before.min(all.len() - 1);
            all.insert(at, pictures(drawn, room, heads));
        }
    }
    let last = all.len() - 1;
    let widths: Vec<usize> = all.iter().map(Laid::width).collect();
    let before: usize = widths[..last].iter().map(|w| w + 2).sum();
    let mut out = String::new();
    for row in 0..all[0].cells.len() {
        let mut line = " ".repeat(indent);
        for (column, width) in all[..last].iter().zip(&widths) {
            let Some(Cell { text, ink }) = column.cells.get(row) else { continue };
            let space = " ".repeat(width.saturating_sub(columns(text)));
            let painted = ink.map_or_else(|| text.clone(), |ink| style.paint(ink, text));
            line.push_str(&if column.numbers { format!("{space}{painted}  ") } else { format!("{painted}{space}  ") });
        }
        let Some(Cell { text, ink }) = all[last].cells.get(row) else { continue };
        let lines = if all[last].numbers {
            vec![pad_left(text, widths[last])]
        } else {
            wrap(text, width.saturating_sub(before).max(1))
        };
        for (n, text) in lines.iter().enumerate() {
            let bare = text.trim_start();
            let lead = &text[..text.len() - bare.len()];
            let painted = ink.map_or_else(|| bare.to_owned(), |ink| style.paint(ink, bare));
            let left = if n == 0 { line.clone() } else { " ".repeat(indent + before) };
            out.push_str(format!("{left}{lead}{painted}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// Each row as a block: its name, and below it what is known of it.
fn one_below_the_other(sheet: &Sheet, indent: usize, named: bool, style: &Style) -> String {
    let mut out = String::new();
    let left = " ".repeat(indent);
    let heads: Vec<String> =
        sheet.columns.iter().map(|c| clean_line(c.head.split(" (").next().unwrap_or(&c.head))).collect();
    for row in &sheet.rows {
        let Some((name, rest)) = row.split_first() else { continue };
        for line in wrap(&clean_line(&name.text()), style.width().saturating_sub(indent)) {
            out.push_str(&format!("{left}{}\n", style.paint(Ink::Strong, &line)));
        }
        let room = style.width().saturating_sub(indent + 2);
        let figure = |(head, datum): (&String, &Datum)| {
            let text = clean_line(&datum.text());
            (!text.is_empty() && !matches!(datum, Datum::Text(_)))
                .then(|| if named { format!("{head} {text}") } else { text })
        };
        let figures: Vec<String> = heads.iter().skip(1).zip(rest).filter_map(figure).collect();
        flow(&figures, room).iter().for_each(|line| out.push_str(&format!("{left}  {line}\n")));
        for words in rest.iter().filter(|datum| matches!(datum, Datum::Text(_))) {
            for line in wrap(&clean_line(&words.text()), room).iter().filter(|line| !line.is_empty()) {
                out.push_str(&format!("{left}  {}\n", style.paint(Ink::Faint, line)));
            }
        }
        if let Some(e) = rest.iter().find_map(ends).filter(|_| rest.iter().any(|d| matches!(d, Datum::Rate(_)))) {
            let room = style.width().saturating_sub(indent + 2).min(AXIS.1);
            let odd = room - (1 - room % 2);
            out.push_str(&format!("{left}  {}\n", style.paint(Ink::Faint, &axis::scale(odd))));
            out.push_str(&format!("{left}  {}\n", axis::interval(&e, odd)));
        }
    }
    out
}

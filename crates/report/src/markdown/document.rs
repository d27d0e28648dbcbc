//! A report as a document of limited size: cut between rows, and never within markup.

use super::escape::{code, escape};
use crate::model::{Command, Report, Sheet, Standing, Statement, parts, tables};
use crate::number::count;
use crate::text::clip;

/// Bytes of a sentence and of a cell, with all that keeps them from being markup.
const SENTENCE: usize = 2400;
const CELL: usize = 600;

/// The beginning of a text, escaped, in at most so many bytes.
fn within(text: &str, bytes: usize) -> String {
    let mut most = bytes;
    loop {
        let escaped = escape(&clip(text, most));
        if escaped.len() <= bytes || most < 2 {
            return escaped;
        }
        most /= 2;
    }
}

/// A piece of the document: a head, rows of which as many are shown as fit, and a foot.
#[derive(Clone, Debug, Default)]
struct Section {
    head: String,
    rows: Vec<String>,
    foot: String,
}

impl Section {
    /// A table of the report; nothing where it has no rows.
    fn of(sheet: &Sheet) -> Self {
        let title = within(&sheet.title, CELL);
        let Self { head, rows, foot } = Self::untitled(sheet);
        let head = if rows.is_empty() { head } else { format!("### {title}\n\n{head}") };
        Self { head, rows, foot }
    }

    /// The same without its title.
    fn untitled(sheet: &Sheet) -> Self {
        if sheet.rows.is_empty() {
            return Self::default();
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let heads: Vec<String> = sheet.columns.iter().map(|c| within(&c.head, CELL)).collect();
        let rules: Vec<String> =
            sheet.columns.iter().map(|c| if c.numbers { "---:" } else { "---" }.to_owned()).collect();
        let row =
            |row: &Vec<crate::model::Datum>| line(&row.iter().map(|d| within(&d.text(), CELL)).collect::<Vec<_>>());
        let notes = escape(&sheet.legend());
        Self {
            head: line(&heads) + &line(&rules),
            rows: sheet.rows.iter().map(row).collect(),
            foot: if notes.is_empty() { "\n".into() } else { format!("\n<sub>{notes}</sub>\n\n") },
        }
    }

    /// A section that is shown when asked for.
    fn details(summary: &str, inside: Self) -> Self {
        Self {
            head: format!("<details><summary>{}</summary>\n\n{}", escape(summary), inside.head),
            rows: inside.rows,
            foot: format!("{}\n</details>\n\n", inside.foot),
        }
    }

    fn list(title: &str, lines: &[String]) -> Self {
        if lines.is_empty() {
            return Self::default();
        }
        let row = |line: &String| format!("- {}\n", within(line, SENTENCE));
        let head = if title.is_empty() { String::new() } else { format!("{title}\n\n") };
        Self { head, rows: lines.iter().map(row).collect(), foot: "\n".into() }
    }

    /// It in at most so many bytes; nothing where not even its frame fits.
    fn within(&self, room: usize) -> String {
        let whole = self.head.len() + self.rows.iter().map(String::len).sum::<usize>() + self.foot.len();
        if whole <= room {
            return [&self.head, &self.rows.concat(), &self.foot].map(String::as_str).concat();
        }
        let more = |n: usize| format!("\n*and {n} more*\n");
        let mut left = room.saturating_sub(self.head.len() + self.foot.len() + more(self.rows.len()).len());
        if left == 0 || self.rows.is_empty() {
            return String::new();
        }
        let fitting = self.rows.iter().take_while(|row| {
            let fits = row.len() <= left;
            left = left.saturating_sub(row.len());
            fits
        });
        let shown = fitting.count();
        let hidden = self.rows.len() - shown;
        [&self.head, &self.rows[..shown].concat(), &more(hidden), &self.foot].map(String::as_str).concat()
    }
}

fn sign(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "✅",
        Standing::Bad => "❌",
        Standing::Open => "⚠️",
        Standing::None => "ℹ️",
    }
}

/// The report in at most so many bytes. `whole` has the tables of endpoints and causes in it, before all that may be cut.
pub(super) fn written(report: &Report, limit: usize, whole: bool) -> String {
    let mut out = verdicts(report).within(limit / 3);
    let end = ending(report, limit / 4);
    let room = |out: &String| limit.saturating_sub(out.len() + end.len());
    if whole {
        for run in &report.runs {
            let (endpoints, causes) = (report.endpoints(run), report.causes(run));
            for sheet in [endpoints, causes] {
                out.push_str(&Section::of(&sheet).within(room(&out)));
            }
        }
    }
    for section in middle(report, whole) {
        // One long table leaves room for what comes after it.
        out.push_str(&section.within(room(&out) / 2));
    }
    out.push_str(&end);
    out
}

fn verdicts(report: &Report) -> Section {
    let all = report.verdicts();
    let mut ordered: Vec<&Statement> = all.iter().collect();
    // The worst gate decides; a comparison begins with what is to be said of all.
    if !report.gates.is_empty() {
        ordered.sort_by_key(|s| match s.standing {
            Standing::Bad => 0,
            Standing::Open => 1,
            Standing::Good | Standing::None => 2,
        });
    }
    let mut rows = Vec::new();
    for (n, said) in ordered.into_iter().enumerate() {
        let level = if n == 0 { "##" } else { "###" };
        let about = within(&said.about, CELL);
        let about = if about.is_empty() { about } else { format!("{about} · ") };
        let mut text = format!("{level} {} {about}{}\n\n", sign(said.standing), within(&said.head, SENTENCE));
        for (mark, line) in [("", &said.figures), ("**", &said.settle)] {
            if !line.is_empty() {
                text.push_str(&format!("{mark}{}{mark}\n\n", within(line, SENTENCE)));
            }
        }
        if !said.notes.is_empty() {
            text.push_str(&format!("<sub>{}</sub>\n\n", within(&said.notes.join(" · "), SENTENCE)));
        }
        rows.push(text);
    }
    Section { head: String::new(), rows, foot: size(report) }
}

/// How much was tried.
fn size(report: &Report) -> String {
    let of = |run: &mocktrial_analysis::Summary| {
        let scenarios = count(run.scenarios.len() as u64, "scenario");
        format!("{} × {} ({})", scenarios, count(u64::from(run.run.trials), "trial"), clip(&run.run.name, CELL))
    };
    let runs: Vec<String> = report.runs.iter().take(4).map(|run| escape(&of(run))).collect();
    if runs.is_empty() { String::new() } else { format!("{}\n\n", runs.join(" · ")) }
}

fn middle(report: &Report, whole: bool) -> Vec<Section> {
    let mut all: Vec<Section> = report.gates.iter().map(|gate| Section::of(&parts(gate))).collect();
    all.push(Section::details("In plain words", Section::list("", &report.plain())));
    for gate in &report.gates {
        all.push(Section::of(&report.flips_of_gate(gate).turned()));
    }
    if report.gates.is_empty() {
        for pair in report.compared.iter().flat_map(|c| &c.pairs) {
            all.push(Section::of(&report.flips_of(pair).turned()));
        }
    }
    all.push(Section::of(&report.newly_flaky()));
    let known = |run: &mocktrial_analysis::Summary| -> Vec<String> {
        let of = if report.runs.len() > 1 { format!("{}: ", run.run.name) } else { String::new() };
        tables::known(run).into_iter().map(|line| format!("{of}{line}")).collect()
    };
    let known: Vec<String> = report.runs.iter().flat_map(known).collect();
    all.push(Section::list("### What does not count", &known));
    all.push(Section::of(&report.takes()));
    if !whole {
        for run in &report.runs {
            let sheets = [report.endpoints(run), report.causes(run)];
            let sheets = sheets.iter().filter(|sheet| !sheet.rows.is_empty());
            all.extend(sheets.map(|sheet| Section::details(&clip(&sheet.title, CELL), Section::untitled(sheet))));
        }
    }
    all
}

/// What was done, and the commands that do it again.
fn ending(report: &Report, room: usize) -> String {
    let facts = report.facts();
    let own = &facts[..facts.len().saturating_sub(report.commands.len())];
    let rows = own.iter().map(|(name, text)| format!("| {} | {} |\n", within(name, CELL), within(text, SENTENCE)));
    let table = Section { head: "| what | how |\n| --- | --- |\n".into(), rows: rows.collect(), foot: String::new() };
    // A command that is cut is none.
    let mut left = room / 2;
    let fits = |c: &&Command| {
        let size = c.what.len() + c.line.len() + 40;
        let fits = size <= left;
        left -= if fits { size } else { 0 };
        fits
    };
    let shown = report.commands.iter().filter(fits);
    let lines: Vec<String> = shown.flat_map(|c| [format!("# {}", c.what), c.line.clone()]).collect();
    let commands = if lines.is_empty() { String::new() } else { format!("{}\n", code("sh", &lines)) };
    let facts = Section::details("How this came about", table);
    let facts = if own.is_empty() { String::new() } else { facts.within(room.saturating_sub(commands.len())) };
    format!("{commands}{facts}")
}

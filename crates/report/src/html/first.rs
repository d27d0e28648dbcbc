//! The first screen: the verdict, the effect, what would settle it, endpoints and causes, and all of it in plain words.

use super::picture;
use crate::figure::way;
use crate::model::{Datum, Report, Sheet, Standing, parts, tables};
use crate::number::count;
use crate::text::clean_line;
use mocktrial_analysis::Summary;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Verdicts that are stated one by one; a table has the others.
const VERDICTS: usize = 12;

/// Text as it may stand in an element or an attribute: cleaned, and without markup.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "pass",
        Standing::Bad => "fail",
        Standing::Open => "unsure",
        Standing::None => "",
    }
}

pub(crate) fn write(out: &mut impl Write, report: &Report, policy: &str, style: &str) -> io::Result<()> {
    let names: Vec<String> = report.runs.iter().map(|r| escape(&r.run.name)).collect();
    let title = names.join(", ");
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title} · mocktrial</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{style}</style>\n</head>\n<body>\n"
    )?;
    let begun: Vec<String> = report.runs.iter().map(|r| escape(r.run.created.get(..16).unwrap_or_default())).collect();
    writeln!(
        out,
        "<header class=\"top\"><h1>{title}</h1><span class=\"faint small\">begun {} UTC · mocktrial {}</span></header>",
        begun.join(", ").replace('T', " "),
        escape(report.runs.first().map_or("", |r| &r.run.harness)),
    )?;
    out.write_all(b"<main>\n<div id=\"overview\">\n")?;
    let mut text = String::new();
    verdicts(&mut text, report);
    plain(&mut text, report);
    for gate in &report.gates {
        sheet(&mut text, &parts(gate), false);
    }
    if report.compared.as_ref().is_some_and(|c| c.pairs.len() > 1) {
        report.differences().iter().chain(&report.ranks()).for_each(|s| sheet(&mut text, s, true));
    }
    for run in &report.runs {
        sheet(&mut text, &report.rates(run), true);
    }
    for run in &report.runs {
        sheet(&mut text, &report.effort(run), true);
    }
    for run in &report.runs {
        for line in tables::known(run) {
            let _ = write!(text, "<p class=\"small\">{}</p>", escape(&line));
        }
    }
    for front in &report.fronts {
        let drawn = picture::front(front);
        if !drawn.is_empty() {
            let _ = write!(
                text,
                "<h2>Accuracy against cost</h2><p class=\"faint small\">{}, on {}. Green: on the front in at least 95 % of \
                 draws of scenarios; amber: in at least half.</p>",
                escape(&way(&front.way)),
                count(front.scenarios, "scenario")
            );
            region(&mut text, "Accuracy against cost", &drawn);
            break;
        }
    }
    for run in &report.runs {
        failures(&mut text, report, run);
    }
    for counted in &report.accepted {
        let _ = write!(
            text,
            "<p class=\"unsure\">Of {} only counts are known: its run file ({}) is not here, so that its episodes cannot be shown beside these.</p>",
            escape(&counted.name),
            escape(&counted.run)
        );
    }
    text.push_str("<h2 id=\"scenarios\">Scenarios</h2>\n<div id=\"matrix\"></div>\n");
    facts(&mut text, report);
    text.push_str(
        "</div>\n<div id=\"detail\" hidden></div>\n</main>\n<noscript><p>Scenarios and episodes need this page's own script.</p>\
         </noscript>\n",
    );
    out.write_all(text.as_bytes())
}

fn region(out: &mut String, label: &str, inside: &str) {
    let label = escape(label);
    let _ = write!(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{inside}</div>");
}

fn verdicts(out: &mut String, report: &Report) {
    let all = report.verdicts();
    let alone = all.len() == 1;
    for (n, said) in all.iter().take(VERDICTS).enumerate() {
        let class = class(said.standing);
        let element = if alone || (n == 0 && said.figures.is_empty()) { "verdict" } else { "" };
        let (head, more) = headline(&said.head);
        let _ = write!(out, "<p class=\"{element} {class}\">{}</p>", escape(head));
        if !more.is_empty() {
            let _ = write!(out, "<p>{}</p>", escape(more));
        }
        if !said.figures.is_empty() {
            let _ = write!(out, "<p>{}</p>", escape(&said.figures));
        }
        if let Some(effect) = said.effect {
            region(out, "The difference", &picture::effect(&effect.delta, class, effect.margin));
        }
        if !said.settle.is_empty() {
            let _ = write!(out, "<p class=\"settle\">{}</p>", escape(&said.settle));
        }
        if !said.notes.is_empty() {
            let _ = write!(out, "<p class=\"faint small\">{}</p>", escape(&said.notes.join(" · ")));
        }
    }
    if all.len() > VERDICTS {
        let _ = write!(out, "<p class=\"faint\">and {} more, in the table below</p>", all.len() - VERDICTS);
    }
}

/// What of a verdict stands in large letters: all of it where it is short, else what comes before the first pause.
fn headline(said: &str) -> (&str, &str) {
    if said.chars().count() <= 110 {
        return (said, "");
    }
    [": ", "; ", ". ", ", "].iter().find_map(|pause| said.split_once(pause)).unwrap_or((said, ""))
}

fn plain(out: &mut String, report: &Report) {
    out.push_str("<h2>In plain words</h2><div class=\"plain\">");
    for line in report.plain() {
        let _ = write!(out, "<p>{}</p>", escape(&line));
    }
    out.push_str("</div>");
}

/// A table of the report. Its first column with intervals is drawn beside them.
fn sheet(out: &mut String, sheet: &Sheet, heads: bool) {
    if sheet.rows.is_empty() {
        return;
    }
    let drawn =
        (0..sheet.columns.len()).find(|n| sheet.rows.iter().any(|row| matches!(row.get(*n), Some(Datum::Rate(_)))));
    let mut table = String::from("<table>");
    if heads {
        table.push_str("<thead><tr>");
        for (n, column) in sheet.columns.iter().enumerate() {
            let class = if column.numbers { " class=\"number\"" } else { "" };
            let _ = write!(table, "<th scope=\"col\"{class}>{}</th>", escape(&column.head));
            if drawn == Some(n) {
                table.push_str("<th scope=\"col\"><span aria-hidden=\"true\">0 – 100 %</span></th>");
            }
        }
        table.push_str("</tr></thead>");
    }
    table.push_str("<tbody>");
    for row in &sheet.rows {
        table.push_str("<tr>");
        for (n, (datum, column)) in row.iter().zip(&sheet.columns).enumerate() {
            let text = escape(&datum.text());
            let class = match datum {
                Datum::Text(_) | Datum::Blank => "",
                _ if column.numbers => "number",
                _ => "keep",
            };
            let _ = match n {
                0 => write!(table, "<th class=\"keep\" scope=\"row\">{text}</th>"),
                _ => write!(table, "<td class=\"{class} {}\">{text}</td>", self::class(datum.standing())),
            };
            if drawn == Some(n) {
                let bar = if let Datum::Rate(rate) = datum { picture::rate(rate) } else { String::new() };
                let _ = write!(table, "<td>{bar}</td>");
            }
        }
        table.push_str("</tr>");
    }
    table.push_str("</tbody></table>");
    let _ = write!(out, "<h2>{}</h2>", escape(&sheet.title));
    region(out, &sheet.title, &table);
    if !sheet.notes.is_empty() {
        let _ = write!(out, "<p class=\"faint small\">{}</p>", escape(&sheet.notes.join(" · ")));
    }
}

/// Why episodes failed; a reason leads to the scenarios with it.
fn failures(out: &mut String, report: &Report, run: &Summary) {
    let causes = report.causes(run);
    if causes.rows.is_empty() {
        return;
    }
    let mut table = String::from("<table><thead><tr><th scope=\"col\">cause</th>");
    for e in &run.endpoints {
        let _ = write!(table, "<th class=\"number\" scope=\"col\">{}</th>", escape(&e.name));
    }
    table.push_str("</tr></thead><tbody>");
    let place = report.runs.iter().position(|r| r.run.name == run.run.name).unwrap_or_default();
    for (row, failure) in causes.rows.iter().zip(&run.failures) {
        let [reason, figures @ .., meaning] = row.as_slice() else { continue };
        let (reason, meaning) = (reason.text(), meaning.text());
        // The example is a link here.
        let meaning = meaning.rsplit_once("see ").map_or("", |(meaning, _)| meaning);
        let key = &failure.example;
        let _ = write!(
            table,
            "<tr><th scope=\"row\"><a href=\"#/?reason={}\">{}</a> <span class=\"faint\">{}<a href=\"#/e/{}/{}/{}\">see one</a></span></th>",
            encode(&reason),
            escape(&reason),
            escape(meaning),
            encode(&report.arm(place, &key.endpoint)),
            encode(&key.scenario_name()),
            key.trial
        );
        for figure in figures {
            let _ = write!(table, "<td class=\"number\">{}</td>", escape(&figure.text()));
        }
        table.push_str("</tr>");
    }
    table.push_str("</tbody></table>");
    let _ = write!(out, "<h2>{}</h2>", escape(&causes.title));
    region(out, &causes.title, &table);
}

/// Text as a part of an address.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

fn facts(out: &mut String, report: &Report) {
    out.push_str("<h2>How this came about</h2>");
    let mut table = String::from("<table><tbody>");
    for (name, text) in report.facts() {
        let _ =
            write!(table, "<tr><th scope=\"row\">{}</th><td><code>{}</code></td></tr>", escape(&name), escape(&text));
    }
    table.push_str("</tbody></table>");
    region(out, "How this came about", &table);
}

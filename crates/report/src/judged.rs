//! What judges say, and what that is worth.

use crate::number::{count, percent};
use crate::table::{Cell, Table};
use crate::text::{Ink, Style, clean, clean_line, wrap};
use mocktrial_analysis::calibration::{Calibration, Correction, Share};
use mocktrial_analysis::{EndpointSummary, Estimate, JudgedRate, Summary};
use serde_json::Value;

fn span(low: f64, high: f64) -> String {
    format!("{}–{} %", percent(low), percent(high))
}

fn rate(e: &Estimate) -> String {
    format!("{} % ({})", percent(e.value), span(e.low, e.high))
}

/// Where a corrected rate comes from.
fn source(correction: &Correction) -> &'static str {
    match correction {
        Correction::LabelsOfTheRun { .. } => "labels of this run",
        Correction::LabelsFromElsewhere { .. } => "labels from elsewhere",
        Correction::Uncalibrated { .. } => "uncalibrated",
    }
}

/// What hangs on a judge in an endpoint's pass rate, in a sentence.
pub(crate) fn pass(e: &EndpointSummary) -> Option<String> {
    let judged = e.judged.as_ref()?;
    let on = format!("{} of {} pass or fail by a judge's word", judged.episodes, count(e.counted, "episode"));
    Some(match &judged.correction {
        Correction::Uncalibrated { why } => format!("{on}, uncalibrated: {}", clean_line(why)),
        known => {
            let corrected = known.rate().map_or_else(|| "–".into(), |r| rate(&r));
            format!("{on}; with people in the judge's place the rate would be {corrected}, from {}", source(known))
        }
    })
}

/// The section on how often judged criteria held.
pub(crate) fn rates(summary: &Summary, style: &Style) -> String {
    if summary.judged.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let mut say = |text: &str, ink: Ink| {
        for line in wrap(text, style.width()) {
            out.push_str(&style.paint(ink, &line));
            out.push('\n');
        }
    };
    say("Judged rates (how often judged criteria held)", Ink::Strong);
    let heads = ["judge", "by its word", "by people's", "from"];
    let by_people = |r: &JudgedRate| match r.correction.rate() {
        Some(known) => Cell::new(rate(&known)),
        None => Cell::inked("unknown", Ink::Unsure),
    };
    let row = |r: &JudgedRate| {
        let ink = if r.correction.rate().is_some() { Ink::Faint } else { Ink::Unsure };
        let own = r.rate.map_or_else(|| "–".into(), |own| rate(&own));
        [Cell::new(clean_line(&r.judge)), Cell::new(own), by_people(r), Cell::inked(source(&r.correction), ink)]
    };
    let mut rows = vec![std::iter::once(Cell::default()).chain(heads.map(|h| Cell::inked(h, Ink::Faint))).collect()];
    for r in &summary.judged {
        let name = Cell::inked(clean_line(&r.endpoint), Ink::Strong);
        rows.push(std::iter::once(name).chain(row(r)).collect::<Vec<_>>());
    }
    let table = Table { rows, right: false };
    let wide = table.width() <= style.width();
    if wide {
        out.push_str(&table.render(0, style));
    } else {
        for r in &summary.judged {
            out.push_str(&format!("{}\n", style.paint(Ink::Strong, &clean_line(&r.endpoint))));
            let pairs = heads.iter().zip(row(r)).map(|(h, v)| vec![Cell::inked(*h, Ink::Faint), v]);
            out.push_str(&Table { rows: pairs.collect(), right: false }.render(2, style));
        }
    }
    // Endpoints mostly lack the same.
    let mut said = Vec::new();
    for r in &summary.judged {
        if let Correction::Uncalibrated { why } = &r.correction
            && !said.contains(&why)
        {
            said.push(why);
        }
    }
    for why in said {
        let hint = format!("uncalibrated: {}; `mocktrial review` draws episodes to label", clean_line(why));
        for line in wrap(&hint, style.width()) {
            out.push_str(&style.paint(Ink::Faint, &line));
            out.push('\n');
        }
    }
    let ungraded: u64 = summary.judged.iter().map(|r| r.ungraded).sum();
    if ungraded > 0 {
        out.push_str(&style.paint(Ink::Unsure, &format!("judged criteria without a grade: {ungraded}")));
        out.push('\n');
    }
    out.push('\n');
    out
}

/// The episode that is shown to be labelled: rubric and record, nothing of who acted or what the judge said.
///
/// `record` holds one JSON object for each thing said or done, as a judge is shown it.
#[must_use]
pub fn review(number: usize, of: usize, rubric: &[String], record: &[(u32, Value)], style: &Style) -> String {
    let mut out = String::new();
    let mut say = |indent: usize, text: &str, ink: Ink| {
        for line in text.lines().flat_map(|line| wrap(line, style.width().saturating_sub(indent))) {
            out.push_str(&" ".repeat(indent));
            out.push_str(&style.paint(ink, &line));
            out.push('\n');
        }
    };
    say(0, &format!("── {number} of {of} {}", "─".repeat(style.width().saturating_sub(16).min(60))), Ink::Faint);
    for (_, line) in record {
        let text = |key: &str| line.get(key).and_then(Value::as_str);
        if let Some(user) = text("user") {
            say(0, "user", Ink::Strong);
            say(2, &clean(user), Ink::Strong);
        } else if let Some(agent) = text("agent") {
            say(0, "agent", Ink::Agent);
            say(2, &clean(agent), Ink::Agent);
        } else if let Some(tool) = text("call") {
            let arguments = line.get("arguments").map(Value::to_string).unwrap_or_default();
            say(2, &clean_line(&format!("→ {tool} {arguments}")), Ink::Faint);
        } else if let Some(result) = line.get("result") {
            let word = if line.get("failed").is_some() { "error" } else { "←" };
            say(2, &clean_line(&format!("{word} {result}")), Ink::Faint);
        } else {
            say(2, &clean_line(&line.to_string()), Ink::Faint);
        }
    }
    say(0, "", Ink::Faint);
    say(0, if rubric.len() == 1 { "Is this so?" } else { "Is all of this so?" }, Ink::Strong);
    for text in rubric {
        say(2, &format!("· {}", clean_line(text)), Ink::Strong);
    }
    out
}

/// As much of a hash as people need.
fn short(hash: &str) -> String {
    clean_line(&hash.chars().take(12).collect::<String>())
}

/// What labels say of a judge.
#[must_use]
pub fn calibration(c: &Calibration, style: &Style) -> String {
    let mut out = String::new();
    let say = |out: &mut String, text: &str, ink: Ink| {
        for line in wrap(text, style.width()) {
            out.push_str(&style.paint(ink, &line));
            out.push('\n');
        }
    };
    let judge = clean_line(&c.judge);
    say(&mut out, &format!("The judge {judge}, held against {}", count(c.labels, "label")), Ink::Strong);
    let from = match &c.run {
        Some(run) => format!("a random part of the run {}", clean_line(run)),
        None => "from elsewhere".to_owned(),
    };
    let people = match c.raters {
        0 => "unnamed people".to_owned(),
        1 => "one person".to_owned(),
        n => format!("{n} people"),
    };
    say(&mut out, &format!("{from} · by {people} · fingerprint {}", short(&c.fingerprint)), Ink::Faint);
    out.push('\n');
    let number = |e: &Option<Estimate>| {
        e.map_or_else(|| "undefined".into(), |e| format!("{:.2} ({:.2} to {:.2})", e.value, e.low, e.high))
    };
    let with = if c.alpha_among_people { "Krippendorff's α among people" } else { "Krippendorff's α with people" };
    let rows = [("Cohen's κ with people", &c.kappa), ("Gwet's AC1 with people", &c.ac1), (with, &c.alpha)];
    let rows = rows.map(|(name, value)| vec![Cell::new(name), Cell::new(number(value))]);
    out.push_str(&Table { rows: rows.to_vec(), right: false }.render(0, style));
    out.push('\n');
    let share = |s: &Option<Share>| {
        s.map_or_else(|| "unknown".into(), |s| format!("{} % ({})", percent(s.value), span(s.low, s.high)))
    };
    let heads = ["labels", "passes what is good", "fails what is bad"];
    let mut rows =
        vec![std::iter::once(Cell::default()).chain(heads.map(|h| Cell::inked(h, Ink::Faint))).collect::<Vec<_>>()];
    for (name, a) in &c.endpoints {
        let labels = a.passed.labelled + a.failed.labelled;
        let values = [labels.to_string(), share(&a.sensitivity), share(&a.specificity)];
        let name = Cell::inked(clean_line(name), Ink::Strong);
        rows.push(std::iter::once(name).chain(values.into_iter().map(Cell::new)).collect());
    }
    let table = Table { rows, right: false };
    if table.width() <= style.width() {
        out.push_str(&table.render(0, style));
    } else {
        for row in &table.rows[1..] {
            out.push_str(&format!("{}\n", style.paint(Ink::Strong, &row[0].text)));
            let pairs = heads.iter().zip(&row[1..]).map(|(h, v)| vec![Cell::inked(*h, Ink::Faint), v.clone()]);
            out.push_str(&Table { rows: pairs.collect(), right: false }.render(2, style));
        }
    }
    say(
        &mut out,
        "intervals at 95 % confidence; what is known of one endpoint is never applied to another",
        Ink::Faint,
    );
    out
}

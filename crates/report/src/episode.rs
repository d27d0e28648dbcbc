//! One episode for the terminal, event by event.

use crate::number::{count, money, short, time};
use crate::text::{Ink, Style, clean, clean_line, columns, flow, pad, pad_left, wrap};
use crate::value::{json, json_by_value};
use mocktrial_analysis::Episode;
use mocktrial_trajectory::{
    Added, Arguments, Body, Event, Evidence, Grade, Measurement, Op, Outcome, Part, Stop, ToolFailure,
};
use serde_json::Value;

/// Below this width, what an event says stands under its label and not beside it.
const NARROW: usize = 60;

/// An episode, event by event: number, virtual time, who, what; then its grades. Events that a
/// failed grade rests on are marked with its criterion.
#[must_use]
pub fn episode(episode: &Episode, style: &Style) -> String {
    let mut out = String::new();
    head(&mut out, episode, style);
    let events = episode.trajectory.events();
    let widest = events.last().map_or(1, |e| e.seq.to_string().len());
    let clock = events.iter().map(|e| columns(&time_of(e))).max().unwrap_or(4);
    for event in events {
        let measured = episode.measurements.events.iter().find(|m| m.seq == event.seq);
        for (n, line) in lines(event, measured).into_iter().enumerate() {
            let (seq, at) =
                if n == 0 { (event.seq.to_string(), time_of(event)) } else { (String::new(), String::new()) };
            let place = format!("{}  {}", pad_left(&seq, widest), pad_left(&at, clock));
            put(&mut out, &place, &line, style);
        }
        for grade in pointing_at(&episode.grades, event.seq) {
            let indent = " ".repeat(widest + clock + 4);
            let mark = format!("▲ {}", clean_line(&grade.criterion));
            for line in wrap(&mark, style.width() - indent.len()) {
                out.push_str(&format!("{indent}{}\n", style.paint(Ink::Fail, &line)));
            }
        }
    }
    grades(&mut out, &episode.grades, style);
    out
}

fn time_of(event: &Event) -> String {
    #[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
    let ms = event.time_ms as f64;
    time(ms)
}

fn head(out: &mut String, episode: &Episode, style: &Style) {
    let row = &episode.row;
    let (verdict, ink) = match row.passed {
        Some(true) => ("✓ passed".to_owned(), Ink::Pass),
        Some(false) => ("✗ failed".to_owned(), Ink::Fail),
        None => (format!("? no outcome, cause: {}", row.cause.map_or("unknown", |c| c.as_str())), Ink::Unsure),
    };
    for line in wrap(&clean_line(&row.key.to_string()), style.width()) {
        out.push_str(&format!("{}\n", style.paint(Ink::Strong, &line)));
    }
    out.push_str(&format!("{}\n", style.paint(ink, &verdict)));
    let mut facts = vec![format!("{}: {}", row.end, row.end.meaning())];
    if row.turns > 0 {
        facts.push(count(u64::from(row.turns), "turn"));
    }
    facts.push(count(u64::from(row.calls), "call"));
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    if let Some(usage) = row.usage {
        facts.push(format!("{} tokens in, {} out", short(usage.input as f64), short(usage.output as f64)));
    }
    facts.push(row.cost.map_or_else(|| "cost unknown".into(), money));
    #[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
    facts.push(format!("{} real, {} virtual", time(row.wall_ms), time(row.virtual_ms as f64)));
    if row.retries > 0 {
        facts.push(if row.retries == 1 { "1 retry".into() } else { format!("{} retries", row.retries) });
    }
    if row.replayed {
        facts.push("replayed".into());
    }
    facts.push(format!("seed {}", row.seed));
    for line in flow(&facts, style.width()) {
        out.push_str(&format!("{}\n", style.paint(Ink::Faint, &line)));
    }
    out.push('\n');
}

/// One thing that an event says.
struct Line {
    label: &'static str,
    ink: Option<Ink>,
    text: String,
    /// Facts on it, shown below.
    aside: Vec<String>,
}

impl Line {
    fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, ink: None, text: text.into(), aside: Vec::new() }
    }

    fn ink(mut self, ink: Ink) -> Self {
        self.ink = Some(ink);
        self
    }
}

fn put(out: &mut String, place: &str, line: &Line, style: &Style) {
    let narrow = style.width() < NARROW;
    let label = pad(line.label, if narrow { 0 } else { 8 });
    let start = columns(place) + 2 + columns(&label) + 2;
    let indent = if narrow { 4 } else { start };
    let label =
        line.ink.map_or_else(|| label.clone(), |ink| label.replacen(line.label, &style.paint(ink, line.label), 1));
    out.push_str(&format!("{}  {label}", style.paint(Ink::Faint, place)));
    let mut text = wrap(&line.text, style.width() - indent);
    text.retain(|l| !l.is_empty() || !line.text.trim().is_empty());
    for (n, part) in text.iter().enumerate() {
        let before = if n == 0 && !narrow { "  ".to_owned() } else { format!("\n{}", " ".repeat(indent)) };
        let shown = if line.ink == Some(Ink::Fail) { style.paint(Ink::Fail, part) } else { part.clone() };
        out.push_str(&format!("{}{shown}", if part.is_empty() { "\n".into() } else { before }));
    }
    for part in flow(&line.aside, style.width() - indent) {
        out.push_str(&format!("\n{}{}", " ".repeat(indent), style.paint(Ink::Faint, &part)));
    }
    out.push('\n');
}

/// What an event says, one entry for each thing; nothing where it only repeats what is shown.
fn lines(event: &Event, measured: Option<&Measurement>) -> Vec<Line> {
    match &event.body {
        Body::User { text, attachments } => {
            let mut out = vec![Line::new("user", clean(text)).ink(Ink::Strong)];
            let described =
                attachments.iter().filter_map(|part| part.media()).map(|media| clean_line(&media.describe()));
            out.extend(described.map(|text| Line::new("", text).ink(Ink::Faint)));
            out
        }
        Body::Request { parameters, added } => {
            let mut out: Vec<Line> = Vec::new();
            if let Some(parameters) = parameters {
                out.push(Line::new("request", json(parameters)).ink(Ink::Faint));
            }
            let system = |a: &Added| match a {
                Added::System { text } => Some(Line::new("system", clean(text)).ink(Ink::Faint)),
                _ => None,
            };
            out.extend(added.iter().filter_map(system));
            out
        }
        Body::Response { .. } => response(&event.body, measured),
        Body::Say { text } => vec![Line::new("agent", clean(text)).ink(Ink::Agent)],
        Body::Reported { usage } => {
            vec![Line::new("reports", format!("{} tokens in, {} out", usage.input, usage.output))]
        }
        Body::Call { tool, arguments, .. } => {
            vec![Line::new("call", format!("{}({})", clean_line(tool), call(arguments))).ink(Ink::Agent)]
        }
        Body::Result { content, failure, .. } => {
            let text = match content {
                Value::String(text) => clean(text),
                other => json(other),
            };
            match failure {
                None => vec![Line::new("result", text)],
                Some(failure) => {
                    vec![Line { aside: vec![why(*failure).into()], ..Line::new("error", text).ink(Ink::Fail) }]
                }
            }
        }
        Body::State { patch, .. } => {
            let text: Vec<String> = patch.iter().map(change).collect();
            vec![Line::new("world", text.join("\n")).ink(Ink::Pass)]
        }
        Body::Repair { what, detail } => {
            vec![Line::new("repair", format!("{}: {}", clean_line(what), clean(detail))).ink(Ink::Unsure)]
        }
        Body::Fault { fault, .. } => vec![Line::new("fault", clean_line(fault)).ink(Ink::Unsure)],
        Body::Limit { limit, allowed, reached } => {
            vec![Line::new("limit", format!("{}: {reached} of {allowed}", limit.meaning())).ink(Ink::Fail)]
        }
        Body::End { reason, detail } => {
            let detail = detail.as_ref().map_or_else(String::new, |d| format!(": {}", clean(d)));
            let ink = if reason.is_infrastructure() { Ink::Unsure } else { Ink::Faint };
            vec![Line::new("end", format!("{reason}{detail}")).ink(ink)]
        }
        _ => vec![Line::new("?", "an event that a later mocktrial wrote").ink(Ink::Unsure)],
    }
}

fn response(body: &Body, measured: Option<&Measurement>) -> Vec<Line> {
    let Body::Response { content, reasoning, calls, stop, usage, .. } = body else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(reasoning) = reasoning {
        out.push(Line::new("thinks", clean(reasoning)).ink(Ink::Faint));
    }
    let text: String = content.iter().filter_map(Part::as_text).map(clean).collect();
    let text = match (text.trim().is_empty(), calls) {
        (false, _) => text,
        (true, 0) => "(says nothing)".into(),
        (true, n) => format!("({})", count(u64::from(*n), "call")),
    };
    let mut aside = Vec::new();
    match stop {
        Stop::End | Stop::Calls => {}
        Stop::Length => aside.push("cut by the output limit".to_owned()),
        Stop::ContentFilter => aside.push("cut by the provider's filter".to_owned()),
        Stop::Refusal => aside.push("declined".to_owned()),
        Stop::ContextOverflow => aside.push("cut by the end of the model's context".to_owned()),
        Stop::Malformed => aside.push("given up: the provider could not read what its model wrote".to_owned()),
        Stop::Other { raw } => aside.push(format!("stopped: {}", clean_line(raw))),
        _ => aside.push("stopped for a reason that a later mocktrial knows".to_owned()),
    }
    if let Some(m) = measured {
        aside.extend(m.latency_ms.map(time));
        if m.retries > 0 {
            aside.push(format!(
                "after {}",
                if m.retries == 1 { "1 retry".into() } else { format!("{} retries", m.retries) }
            ));
        }
        if m.replayed {
            aside.push("replayed".into());
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "shown with two digits")]
    if let Some(u) = usage {
        aside.push(format!("{} tokens in, {} out", short(u.input as f64), short(u.output as f64)));
    }
    out.push(Line { aside, ..Line::new("agent", text).ink(Ink::Agent) });
    out
}

/// Arguments as in a call: `order_id: "W-1001", reason: "damaged"`; the raw text where it does not parse.
fn call(arguments: &Arguments) -> String {
    match arguments.value() {
        Some(Value::Object(map)) => {
            map.iter().map(|(k, v)| format!("{}: {}", clean_line(k), json(v))).collect::<Vec<_>>().join(", ")
        }
        _ => clean_line(&arguments.text),
    }
}

fn change(op: &Op) -> String {
    match op {
        Op::Add { path, value } => format!("+ {} = {}", clean_line(&path.to_string()), json(value)),
        Op::Replace { path, value } => format!("~ {} → {}", clean_line(&path.to_string()), json(value)),
        Op::Remove { path } => format!("- {}", clean_line(&path.to_string())),
    }
}

fn why(failure: ToolFailure) -> &'static str {
    match failure {
        ToolFailure::UnknownTool => "no such tool (the model's doing)",
        ToolFailure::MalformedArguments => "the arguments are not a JSON object (the model's doing)",
        ToolFailure::InvalidArguments => "the arguments do not fit the tool's schema (the model's doing)",
        ToolFailure::Tool => "the tool answers so",
        ToolFailure::Skipped => "not run: this endpoint takes the first call of a response only",
        ToolFailure::Scenario => "the world could not answer (the scenario's doing)",
        _ => "a failure that a later mocktrial knows",
    }
}

fn pointing_at(grades: &[Grade], seq: u32) -> impl Iterator<Item = &Grade> {
    let points = move |g: &&Grade| g.evidence.iter().any(|e| e.events.contains(&seq));
    grades.iter().filter(|g| g.outcome == Outcome::Failed).filter(points)
}

fn grades(out: &mut String, grades: &[Grade], style: &Style) {
    if grades.is_empty() {
        return;
    }
    out.push_str(&format!("\n{}\n", style.paint(Ink::Strong, "Grades")));
    for grade in grades {
        let (mark, ink, aside) = match &grade.outcome {
            Outcome::Passed => ("✓", Ink::Pass, String::new()),
            Outcome::Failed => ("✗", Ink::Fail, String::new()),
            Outcome::Ungraded { cause, why } => {
                ("?", Ink::Unsure, format!(": ungraded by the {cause}: {}", clean_line(why)))
            }
        };
        let measure =
            if grade.measure == "task" { String::new() } else { format!(" ({})", clean_line(&grade.measure)) };
        let score =
            grade.score.filter(|s| *s > 0.0 && *s < 1.0).map_or_else(String::new, |s| format!(", score {s:.2}"));
        let (at, grader) = (clean_line(&grade.criterion), clean_line(&grade.grader));
        // Not every grade stands in the scenario: that of the end is called the same twice.
        let name = if at == grader { at } else { format!("{at} {grader}") };
        let text = format!("{name}{measure}{score}{aside}");
        for (n, line) in wrap(&text, style.width() - 4).iter().enumerate() {
            let mark = if n == 0 { style.paint(ink, mark) } else { " ".into() };
            out.push_str(&format!("  {mark} {line}\n"));
        }
        for evidence in &grade.evidence {
            for line in wrap(&fact(evidence, grade.outcome.passed()), style.width() - 6) {
                out.push_str(&format!("      {}\n", style.paint(Ink::Faint, &line)));
            }
        }
    }
}

/// What a grade rests on. Where it passed, the sentence alone: nobody asks what else was expected.
fn fact(evidence: &Evidence, passed: bool) -> String {
    let mut said = clean(&evidence.note);
    let path = clean_line(&evidence.path);
    if !said.contains(&path) {
        said = format!("{path}: {said}");
    }
    if passed {
        return said;
    }
    if let Some(expected) = &evidence.expected {
        said.push_str(&format!("\nexpected {}", json_by_value(expected)));
    }
    if let Some(got) = &evidence.got {
        said.push_str(&format!("\ngot      {}", json_by_value(got)));
    }
    if !evidence.events.is_empty() {
        let events: Vec<String> = evidence.events.iter().map(u32::to_string).collect();
        let plural = if events.len() == 1 { "" } else { "s" };
        said.push_str(&format!("\nsee event{plural} {}", events.join(", ")));
    }
    said
}

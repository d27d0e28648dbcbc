//! Rates and differences with their intervals, one below the other.

use super::{Anchor, Figure, SIZE, Scale, Shade, WIDTH, breadth, reach, shortened};
use crate::model::Report;
use crate::number::{percent, points};
use mocktrial_analysis::Estimate;

/// From row to row, in points.
const ROW: f64 = 24.0;

/// A row: what it is about in one or two lines, the estimate, and the loss that is still accepted.
struct Row {
    about: (String, String),
    estimate: Estimate,
    margin: Option<f64>,
    confidence: f64,
}

impl Row {
    fn name(&self) -> String {
        if self.about.1.is_empty() { self.about.0.clone() } else { format!("{} {}", self.about.0, self.about.1) }
    }
}

/// The places of a forest: names to the left, figures to the right, the axis between them.
struct Places {
    names: f64,
    axis: (f64, f64),
}

impl Places {
    fn of(rows: &[Row], figures: impl Fn(&Row) -> String) -> Self {
        let widest = |text: &dyn Fn(&Row) -> f64| rows.iter().map(text).fold(0.0, f64::max);
        let names = widest(&|r| breadth(&r.about.0).max(breadth(&r.about.1))).min(150.0);
        let figures = widest(&|r| breadth(&figures(r)));
        Self { names, axis: (names + 16.0, WIDTH - figures - 14.0) }
    }
}

/// Draws the axis, and each row with its name and figures.
fn draw(figure: &mut Figure, rows: &[Row], scale: &Scale, places: &Places, text: impl Fn(&Row) -> String) {
    for (n, row) in rows.iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "few rows")]
        let y = 16.0 + ROW * n as f64;
        let lines: &[&String] = if row.about.1.is_empty() { &[&row.about.0] } else { &[&row.about.0, &row.about.1] };
        for (l, line) in lines.iter().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "two lines")]
            let down = if lines.len() == 1 { 2.8 } else { 9.0f64.mul_add(l as f64, -1.6) };
            figure.words((0.0, y + down), Anchor::Start, shortened(line, places.names), Shade::Black);
        }
        if let Some(margin) = row.margin {
            let at = scale.at(-margin);
            figure.dashed((at, y - ROW / 2.0), (at, y + ROW / 2.0), Shade::Black, 0.8);
        }
        let e = &row.estimate;
        figure.whisker(y, (scale.at(e.low), scale.at(e.value), scale.at(e.high)));
        figure.words((WIDTH, y + 2.8), Anchor::End, text(row), Shade::Black);
    }
}

#[allow(clippy::cast_precision_loss, reason = "few rows")]
fn foot(rows: &[Row]) -> f64 {
    ROW.mul_add(rows.len() as f64, 4.0)
}

/// The confidence of all rows; where they differ, each row says its own.
fn common(rows: &[Row]) -> Option<f64> {
    let first = rows.first()?.confidence;
    rows.iter().all(|r| (r.confidence - first).abs() < 1e-9).then_some(first)
}

fn interval(rows: &[Row]) -> String {
    common(rows).map_or_else(|| "with intervals".into(), |c| format!("with {} % intervals", percent(c)))
}

/// The pass rates of all endpoints; nothing where none is claimed.
pub(super) fn rates(report: &Report) -> Option<Figure> {
    let mut rows = Vec::new();
    for (r, run) in report.runs.iter().enumerate() {
        rows.extend(run.endpoints.iter().filter_map(|e| {
            let estimate = e.pass_rate?;
            Some(Row {
                about: (report.arm(r, &e.name), String::new()),
                estimate,
                margin: None,
                confidence: run.confidence,
            })
        }));
    }
    if rows.is_empty() {
        return None;
    }
    let figures = |row: &Row| {
        let Estimate { value, low, high } = row.estimate;
        format!("{} [{}, {}]", percent(value), percent(low), percent(high))
    };
    let places = Places::of(&rows, figures);
    let scale = Scale::linear((0.0, 1.0), places.axis);
    let mut figure = Figure::new("pass-rates", format!("Pass rates, in percent, {}", interval(&rows)));
    let bottom = foot(&rows);
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = scale.at(tick);
        figure.line((at, 4.0), (at, bottom), Shade::Pale, 0.5);
        figure.words((at, bottom + SIZE + 2.0), Anchor::Middle, percent(tick), Shade::Black);
    }
    draw(&mut figure, &rows, &scale, &places, figures);
    let middle = f64::midpoint(places.axis.0, places.axis.1);
    figure.words((middle, bottom + 2.0 * SIZE + 6.0), Anchor::Middle, "pass rate, %", Shade::Black);
    figure.height = bottom + 2.0 * SIZE + 12.0;
    let all: Vec<String> = rows
        .iter()
        .map(|row| {
            let e = row.estimate;
            format!("{}: {} % ({} to {} %).", row.name(), percent(e.value), percent(e.low), percent(e.high))
        })
        .collect();
    figure.description = all.join(" ");
    Some(figure)
}

/// What is compared, or what gates tested, with their margins.
fn compared(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    for gate in report.gates.iter().filter(|g| g.refused.is_none()) {
        let parts = [("", Some(&gate.rate)), ("against the anchor", gate.anchor.as_ref())];
        let tags = gate.tags.iter().map(|(tag, tested)| (format!("tag {tag}"), tested));
        let parts = parts.into_iter().filter_map(|(part, tested)| Some((part.to_owned(), tested?))).chain(tags);
        rows.extend(parts.filter_map(|(part, tested)| {
            let second = if part.is_empty() { format!("against {}", gate.against) } else { part };
            Some(Row {
                about: (gate.endpoint.to_string(), second),
                estimate: tested.delta?,
                margin: Some(tested.margin),
                confidence: tested.confidence,
            })
        }));
    }
    if let Some(all) = report.compared.as_ref().filter(|_| report.gates.is_empty()) {
        rows.extend(all.pairs.iter().filter(|pair| pair.refused.is_none()).filter_map(|pair| {
            Some(Row {
                about: (report.side(&pair.first), format!("against {}", report.side(&pair.second))),
                estimate: pair.delta?,
                margin: None,
                confidence: all.confidence,
            })
        }));
    }
    rows
}

/// The differences of all pairs, or those that gates tested; nothing where none is claimed.
pub(super) fn differences(report: &Report) -> Option<Figure> {
    let rows = compared(report);
    if rows.is_empty() {
        return None;
    }
    let own = common(&rows).is_none();
    let figures = |row: &Row| {
        let Estimate { value, low, high } = row.estimate;
        let level = if own { format!(" ({} %)", percent(row.confidence)) } else { String::new() };
        format!("{} [{}, {}]{level}", points(value), points(low), points(high))
    };
    let places = Places::of(&rows, figures);
    let reach = reach(rows.iter().map(|row| (&row.estimate, row.margin)));
    let scale = Scale::linear((-reach, reach), places.axis);
    let mut figure =
        Figure::new("differences", format!("Differences of the pass rates, in points, {}", interval(&rows)));
    let bottom = foot(&rows);
    for step in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let at = scale.at(step * reach);
        let (shade, width) = if step == 0.0 { (Shade::Grey, 0.8) } else { (Shade::Pale, 0.5) };
        figure.line((at, 4.0), (at, bottom), shade, width);
        figure.words((at, bottom + SIZE + 2.0), Anchor::Middle, points(step * reach), Shade::Black);
    }
    draw(&mut figure, &rows, &scale, &places, figures);
    let dashed = if rows.iter().any(|row| row.margin.is_some()) { "; dashed: the margin" } else { "" };
    let middle = f64::midpoint(places.axis.0, places.axis.1);
    let said = format!("difference of the pass rates, points{dashed}");
    figure.words((middle, bottom + 2.0 * SIZE + 6.0), Anchor::Middle, said, Shade::Black);
    figure.height = bottom + 2.0 * SIZE + 12.0;
    let all: Vec<String> = rows
        .iter()
        .map(|row| {
            let e = row.estimate;
            let margin = row.margin.map_or_else(String::new, |m| format!(", margin {}", points(-m)));
            let (value, low, high) = (points(e.value), points(e.low), points(e.high));
            format!("{}: {value} points ({low} to {high}{margin}).", row.name())
        })
        .collect();
    figure.description = all.join(" ");
    Some(figure)
}

//! Pictures as SVG, each with a text that says the same.

use super::first::escape;
use crate::figure::{Scale, costs, reach};
use crate::number::{count, money, percent, points, short};
use mocktrial_analysis::Estimate;
use mocktrial_analysis::scaling::{Front, Standing};
use std::fmt::Write as _;

const WIDTH: f64 = 640.0;

/// A difference with its interval, between −100 and +100 points, on an axis that is as wide as it needs to be.
pub(crate) fn effect(delta: &Estimate, class: &str, margin: Option<f64>) -> String {
    let reach = reach([(delta, margin)].into_iter());
    let scale = Scale::linear((-reach, reach), (30.0, 610.0));
    let x = |value: f64| scale.at(value);
    let said = format!(
        "The difference is {} points; its interval reaches from {} to {}.",
        points(delta.value),
        points(delta.low),
        points(delta.high)
    );
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} 84\" width=\"{WIDTH}\" role=\"img\" aria-label=\"{said}\"><title>{said}</title>\
         <line class=\"axis\" x1=\"30\" x2=\"610\" y1=\"56\" y2=\"56\"/>"
    );
    for step in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let at = x(step * reach);
        let class = if step == 0.0 { "zero" } else { "axis" };
        let _ = write!(
            out,
            "<line class=\"{class}\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"18\" y2=\"60\"/>\
             <text x=\"{at:.1}\" y=\"76\" text-anchor=\"middle\">{}</text>",
            points(step * reach)
        );
    }
    if let Some(margin) = margin {
        let at = x(-margin);
        let _ = write!(
            out,
            "<line class=\"bar fail\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"18\" y2=\"56\" stroke-dasharray=\"3 3\"/>\
             <text x=\"{at:.1}\" y=\"13\" text-anchor=\"middle\">margin</text>"
        );
    }
    let (low, high, value) = (x(delta.low), x(delta.high), x(delta.value));
    let _ = write!(
        out,
        "<line class=\"bar {class}\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"38\" y2=\"38\"/>\
         <line class=\"bar {class}\" x1=\"{low:.1}\" x2=\"{low:.1}\" y1=\"31\" y2=\"45\"/>\
         <line class=\"bar {class}\" x1=\"{high:.1}\" x2=\"{high:.1}\" y1=\"31\" y2=\"45\"/>\
         <circle class=\"dot {class}\" cx=\"{value:.1}\" cy=\"38\" r=\"5\"/></svg>"
    );
    out
}

/// A rate with its interval, from 0 to 100 %, to stand in a table.
pub(crate) fn rate(rate: &Estimate) -> String {
    let scale = Scale::linear((0.0, 1.0), (4.0, 156.0));
    let x = |value: f64| scale.at(value.clamp(0.0, 1.0));
    let (low, high, value) = (x(rate.low), x(rate.high), x(rate.value));
    format!(
        "<svg viewBox=\"0 0 160 16\" width=\"160\" height=\"16\" aria-hidden=\"true\"><line class=\"axis\" x1=\"4\" x2=\"156\" y1=\"8\" y2=\"8\"/>\
         <line class=\"bar\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"8\" y2=\"8\"/>\
         <circle class=\"dot\" cx=\"{value:.1}\" cy=\"8\" r=\"4\"/></svg>"
    )
}

/// Cost against accuracy: every endpoint with one attempt and more, and the line that nothing lies above.
pub(crate) fn front(front: &Front) -> String {
    let Some((costs, cheapest, dearest)) = costs(front, (60.0, 580.0)) else { return String::new() };
    let accuracies = Scale::linear((0.0, 1.0), (250.0, 30.0));
    let (x, y) = (|cost: f64| costs.at(cost), |accuracy: f64| accuracies.at(accuracy));
    let shown = |cost: f64| if front.unit == "dollars" { money(cost) } else { short(cost) };
    let said = format!(
        "Accuracy against cost in {} a scenario, for {}: {} lie on the front.",
        front.unit,
        count(front.points.len() as u64, "point"),
        front.points.iter().filter(|p| p.on_front).count()
    );
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} 300\" width=\"{WIDTH}\" role=\"img\" aria-label=\"{said}\"><title>{said}</title>"
    );
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = y(tick);
        let _ = write!(
            out,
            "<line class=\"axis\" x1=\"60\" x2=\"590\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"52\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            at + 4.0,
            percent(tick)
        );
    }
    for (cost, anchor) in [(cheapest, "start"), (dearest, "end")] {
        let _ = write!(out, "<text x=\"{:.1}\" y=\"272\" text-anchor=\"{anchor}\">{}</text>", x(cost), shown(cost));
    }
    let _ = write!(
        out,
        "<text x=\"320\" y=\"292\" text-anchor=\"middle\">{} a scenario{}</text>",
        front.unit,
        if costs.is_log() { ", log scale" } else { "" }
    );
    let mut line: Vec<_> = front.points.iter().filter(|p| p.on_front).collect();
    line.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let line: Vec<String> = line.iter().map(|p| format!("{:.1},{:.1}", x(p.cost), y(p.accuracy))).collect();
    let _ = write!(out, "<polyline class=\"front\" points=\"{}\"/>", line.join(" "));
    for p in &front.points {
        let class = match p.standing {
            Standing::Sure => "pass",
            Standing::Likely => "unsure",
            Standing::Unlikely => "",
        };
        let name = escape(&p.endpoint);
        let (at, up) = (x(p.cost), y(p.accuracy));
        let _ = write!(
            out,
            "<circle class=\"dot {class}\" cx=\"{at:.1}\" cy=\"{up:.1}\" r=\"4\"><title>{name}, k = {}: {} %, {}; on the \
             front in {} % of draws</title></circle>",
            p.k,
            percent(p.accuracy),
            shown(p.cost),
            percent(p.share)
        );
        if p.k == 1 {
            let (dx, anchor) = if at > 460.0 { (-8.0, "end") } else { (8.0, "start") };
            let _ = write!(
                out,
                "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{name}</text>",
                at + dx,
                up - 7.0
            );
        }
    }
    out.push_str("</svg>");
    out
}

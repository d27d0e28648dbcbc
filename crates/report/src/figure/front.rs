//! Cost against accuracy.

use super::{Anchor, Figure, SIZE, Scale, Shade, WIDTH, breadth, costs, shortened};
use crate::model::Report;
use crate::number::{count, money, percent, short};
use mocktrial_analysis::scaling::{Front, Standing, Way};

/// What a choice among attempts is called.
pub(crate) fn way(way: &Way) -> String {
    match way {
        Way::PerfectVerifier => "the best of k, chosen by a verifier that is always right".into(),
        Way::Majority => "a vote of k, in which wrong attempts agree".into(),
        Way::Verifier(name) => format!("the best of k, chosen by {name}"),
    }
}

/// How dark a point is: the surer it lies on the front, the darker.
fn fill(standing: Standing) -> Shade {
    match standing {
        Standing::Sure => Shade::Black,
        Standing::Likely => Shade::Pale,
        Standing::Unlikely => Shade::White,
    }
}

/// The first run's front; nothing where nothing costs anything, or no rate is claimed of the run.
pub(super) fn figure(front: &Front, report: &Report) -> Option<Figure> {
    if report.runs.first().is_some_and(|run| run.refused.is_some()) {
        return None;
    }
    let (left, right, top, bottom) = (34.0, WIDTH - 6.0, 12.0, 190.0);
    let (x, cheapest, dearest) = costs(front, (left + 6.0, right - 6.0))?;
    let y = Scale::linear((0.0, 1.0), (bottom, top));
    let of = if report.runs.len() > 1 { format!(" of {}", report.runs[0].run.name) } else { String::new() };
    let unit = front.unit;
    let mut figure = Figure::new(
        "cost-accuracy",
        format!("Accuracy against cost{of}: {}, on {}", way(&front.way), count(front.scenarios, "scenario")),
    );
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        figure.line((left, y.at(tick)), (right, y.at(tick)), Shade::Pale, 0.5);
        figure.words((left - 4.0, y.at(tick) + 2.8), Anchor::End, percent(tick), Shade::Black);
    }
    let shown = |cost: f64| if unit == "dollars" { money(cost) } else { short(cost) };
    for (cost, anchor) in [(cheapest, Anchor::Start), (dearest, Anchor::End)] {
        figure.words((x.at(cost), bottom + SIZE + 3.0), anchor, shown(cost), Shade::Black);
    }
    let log = if x.is_log() { ", log scale" } else { "" };
    let said = format!("{unit} a scenario{log}; accuracy in %");
    figure.words((f64::midpoint(left, right), bottom + 2.0 * SIZE + 6.0), Anchor::Middle, said, Shade::Black);
    // What is bought between two points of the front is the cheaper one: steps.
    let mut on: Vec<_> = front.points.iter().filter(|p| p.on_front).collect();
    on.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    for pair in on.windows(2) {
        let (at, next) = ((x.at(pair[0].cost), y.at(pair[0].accuracy)), (x.at(pair[1].cost), y.at(pair[1].accuracy)));
        figure.line(at, (next.0, at.1), Shade::Grey, 0.8);
        figure.line((next.0, at.1), next, Shade::Grey, 0.8);
    }
    for p in &front.points {
        figure.disk((x.at(p.cost), y.at(p.accuracy)), 3.0, fill(p.standing));
    }
    names(&mut figure, front, &x, &y);
    let below = letters(&mut figure, front, bottom + 3.0 * SIZE + 14.0);
    legend(&mut figure, below + SIZE + 3.0);
    figure.height = below + SIZE + 9.0;
    let all: Vec<String> = front
        .points
        .iter()
        .map(|p| {
            let on = if p.on_front { "on the front" } else { "not on the front" };
            format!(
                "{}, k = {}: {} % at {} {unit}; {on}, and in {} % of draws of scenarios.",
                p.endpoint,
                p.k,
                percent(p.accuracy),
                shown(p.cost).replace('$', ""),
                percent(p.share)
            )
        })
        .collect();
    figure.description = all.join(" ");
    Some(figure)
}

/// A letter for an endpoint, or its number where there are too many.
fn letter(place: usize) -> String {
    u8::try_from(place)
        .ok()
        .filter(|n| *n < 26)
        .map_or_else(|| format!("{}.", place + 1), |n| char::from(b'a' + n).to_string())
}

/// The endpoints, in the order of their first points.
fn endpoints(front: &Front) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for p in &front.points {
        if !all.contains(&&*p.endpoint) {
            all.push(&p.endpoint);
        }
    }
    all
}

/// Marks each point with its endpoint's letter and its attempts, where nothing else stands.
fn names(figure: &mut Figure, front: &Front, x: &Scale, y: &Scale) {
    let all = endpoints(front);
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for p in &front.points {
        let Some(place) = all.iter().position(|own| **own == *p.endpoint) else { continue };
        let text = format!("{}{}", letter(place), p.k);
        let (at, base) = (x.at(p.cost), y.at(p.accuracy));
        // Above the point, or below it: the front's steps rise to its left and go on to its right.
        let free = |down: f64| {
            taken.iter().all(|(a, b)| (a - at).abs() >= breadth(&text) + 1.0 || (b - base - down).abs() >= SIZE)
        };
        if let Some(down) = [-5.5, 11.0, -14.0, 20.0].into_iter().find(|down| free(*down)) {
            taken.push((at, base + down));
            figure.words((at, base + down), Anchor::Middle, text, Shade::Black);
        }
    }
}

/// What the letters stand for; where it ends.
fn letters(figure: &mut Figure, front: &Front, mut y: f64) -> f64 {
    let mut x = 0.0;
    let all =
        endpoints(front).into_iter().enumerate().map(|(n, name)| format!("{}: {}", letter(n), shortened(name, 180.0)));
    for text in all.chain([String::from("number: attempts k")]) {
        let wide = breadth(&text) + 12.0;
        if x > 0.0 && x + wide > WIDTH {
            (x, y) = (0.0, y + SIZE + 3.0);
        }
        figure.words((x, y), Anchor::Start, text, Shade::Black);
        x += wide;
    }
    y
}

fn legend(figure: &mut Figure, y: f64) {
    let mut at = 40.0;
    let kinds = [
        (Standing::Sure, "on it in ≥ 95 % of draws"),
        (Standing::Likely, "in ≥ 50 %"),
        (Standing::Unlikely, "in fewer"),
    ];
    figure.words((0.0, y + 2.8), Anchor::Start, "front:", Shade::Black);
    for (standing, said) in kinds {
        figure.disk((at, y), 3.0, fill(standing));
        figure.words((at + 7.0, y + 2.8), Anchor::Start, said, Shade::Black);
        at += breadth(said) + 22.0;
    }
}

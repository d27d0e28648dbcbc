//! Why episodes failed, by endpoint.

use super::{Anchor, Figure, SHADES, SIZE, Scale, Shade, WIDTH, breadth, shortened};
use crate::model::Report;
use crate::number::count;

const ROW: f64 = 18.0;

/// A bar for each endpoint of a run, in parts by reason, most frequent first; nothing where no episode failed.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn figure(report: &Report, place: usize) -> Option<Figure> {
    let run = report.runs.get(place)?;
    let mut reasons: Vec<(String, Vec<u64>)> =
        run.failures.iter().map(|f| (f.reason.replace('_', " "), f.episodes.clone())).collect();
    // The last shade is for all that is left.
    if reasons.len() > SHADES {
        let rest = reasons.split_off(SHADES - 1);
        let sum = |e: usize| rest.iter().filter_map(|(_, n)| n.get(e)).sum();
        reasons.push((format!("{} other reasons", rest.len()), (0..run.endpoints.len()).map(sum).collect()));
    }
    let totals: Vec<u64> =
        (0..run.endpoints.len()).map(|e| reasons.iter().filter_map(|(_, n)| n.get(e)).sum()).collect();
    let most = totals.iter().copied().max().filter(|most| *most > 0)?;
    let several = report.runs.len() > 1;
    let name = if several && place > 0 { format!("causes-{}", place + 1) } else { "causes".to_owned() };
    let of = if several { format!(" in {}", run.run.name) } else { String::new() };
    let mut figure = Figure::new(name, format!("Failed episodes by the first reason{of}"));
    let names = run.endpoints.iter().map(|e| breadth(&e.name)).fold(0.0, f64::max).min(150.0);
    let scale = Scale::linear((0.0, most as f64), (names + 10.0, WIDTH - breadth(&most.to_string()) - 6.0));
    let mut said = Vec::new();
    for (e, endpoint) in run.endpoints.iter().enumerate() {
        let y = 4.0 + ROW * e as f64;
        figure.words((0.0, y + 9.8), Anchor::Start, shortened(&endpoint.name, names), Shade::Black);
        let mut sum = 0;
        let mut parts = Vec::new();
        for (n, (reason, episodes)) in reasons.iter().enumerate() {
            let own = episodes.get(e).copied().unwrap_or_default();
            if own == 0 {
                continue;
            }
            let (from, to) = (scale.at(sum as f64), scale.at((sum + own) as f64));
            figure.block((from, y), ((to - from - 0.7).max(0.3), 14.0), Shade::Scale(n));
            let text = own.to_string();
            if breadth(&text) + 3.0 < to - from {
                let ink = if Shade::Scale(n).grey() < 0.55 { Shade::White } else { Shade::Black };
                figure.words((f64::midpoint(from, to), y + 9.8), Anchor::Middle, text, ink);
            }
            parts.push(format!("{reason} {own}"));
            sum += own;
        }
        figure.words((scale.at(sum as f64) + 4.0, y + 9.8), Anchor::Start, sum.to_string(), Shade::Black);
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        said.push(format!("{}: {} failed{parts}.", endpoint.name, count(sum, "episode")));
    }
    let mut y = 12.0 + ROW * run.endpoints.len() as f64;
    let mut x = 0.0;
    for (n, (reason, _)) in reasons.iter().enumerate() {
        let text = shortened(reason, 150.0);
        let wide = breadth(&text) + 22.0;
        if x > 0.0 && x + wide > WIDTH {
            (x, y) = (0.0, y + SIZE + 5.0);
        }
        figure.block((x, y), (9.0, 9.0), Shade::Scale(n));
        figure.words((x + 12.0, y + 7.5), Anchor::Start, text, Shade::Black);
        x += wide;
    }
    figure.height = y + SIZE + 6.0;
    figure.description = said.join(" ");
    Some(figure)
}

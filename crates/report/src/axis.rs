//! Intervals drawn in text: of a rate from 0 to 100 %, of a difference around 0.

use crate::model::Standing;
use crate::number::points;
use crate::text::{Ink, Style};
use mocktrial_analysis::Estimate;

/// `│  ├──●──┤  │`, in `width` columns of which the ends are 0 and 100 %.
pub(crate) fn interval(estimate: &Estimate, width: usize) -> String {
    let last = width.max(11) - 1;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns")]
    let at = |rate: f64| (rate.clamp(0.0, 1.0) * last as f64).round() as usize;
    let (low, value, high) = (at(estimate.low), at(estimate.value), at(estimate.high));
    (0..=last)
        .map(|column| match column {
            c if c == value => '●',
            c if c == low => '├',
            c if c == high => '┤',
            c if c > low && c < high => '─',
            0 => '│',
            c if c == last => '│',
            c if c * 2 == last => '·',
            _ => ' ',
        })
        .collect()
}

/// The labels above such an axis, as wide as it is.
pub(crate) fn scale(width: usize) -> String {
    let width = width.max(11);
    let middle = (width / 2).saturating_sub(1);
    format!("0{}50{}100 %", " ".repeat(middle - 1), " ".repeat(width.saturating_sub(middle + 2 + 5)))
}

/// A difference with its interval on an axis around 0, three lines: the labels, the line, and where the margin lies.
///
/// The axis reaches as far as the interval and the margin need, in steps that people read: ±10, ±20, ±50 or ±100 points.
pub(crate) fn difference(e: &Estimate, margin: Option<f64>, standing: Standing, style: &Style) -> String {
    let width = style.width().saturating_sub(4).min(61);
    let reach = reach(e.low.abs().max(e.high.abs()).max(margin.unwrap_or(0.0)));
    let mut out = format!("  {}\n", style.paint(Ink::Faint, &around(reach, width)));
    out.push_str(&format!("  {}\n", style.paint(standing.into(), &drawn(e, margin, reach, width))));
    if let Some(margin) = margin {
        let at = column(-margin, reach, last(width));
        let label = format!("margin {}", points(-margin));
        out.push_str(&format!("  {}{}\n", " ".repeat(at), style.paint(Ink::Faint, &format!("╵ {label}"))));
    }
    out
}

/// How far an axis reaches that is to show differences up to `far`.
pub(crate) fn reach(far: f64) -> f64 {
    [0.1, 0.2, 0.5].into_iter().find(|r| far <= *r).unwrap_or(1.0)
}

/// The last column of an axis that has a middle.
fn last(width: usize) -> usize {
    let last = width.max(13) - 1;
    last - last % 2
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "columns")]
fn column(delta: f64, reach: f64, last: usize) -> usize {
    (f64::midpoint((delta / reach).clamp(-1.0, 1.0), 1.0) * last as f64).round() as usize
}

/// `│    ┊   ├──●─┼──┤   │`: the dashed line is the margin.
pub(crate) fn drawn(e: &Estimate, margin: Option<f64>, reach: f64, width: usize) -> String {
    let last = last(width);
    let at = |delta| column(delta, reach, last);
    let (low, value, high, margin) = (at(e.low), at(e.value), at(e.high), margin.map(|m| at(-m)));
    (0..=last)
        .map(|column| match column {
            c if c == value => '●',
            c if c == low => '├',
            c if c == high => '┤',
            c if c * 2 == last => '┼',
            c if Some(c) == margin => '┊',
            c if c > low && c < high => '─',
            0 => '│',
            c if c == last => '│',
            _ => ' ',
        })
        .collect()
}

/// The labels above such an axis.
pub(crate) fn around(reach: f64, width: usize) -> String {
    let last = last(width);
    let (low, high) = (points(-reach), points(reach));
    let middle = last / 2;
    let left = middle.saturating_sub(low.chars().count());
    let right = (last + 1).saturating_sub(middle + 1 + high.chars().count());
    format!("{low}{}0{}{high}", " ".repeat(left), " ".repeat(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_stands_where_it_is_on_the_axis() {
        let draw = |value, low, high| interval(&Estimate { value, low, high }, 21);
        assert_eq!(draw(0.5, 0.25, 0.75), "│    ├────●────┤    │");
        assert_eq!(draw(0.0, 0.0, 0.1), "●─┤       ·         │");
        assert_eq!(draw(1.0, 0.8, 1.0), "│         ·     ├───●");
        assert_eq!(scale(21), "0        50     100 %");
    }

    #[test]
    fn a_difference_is_drawn_around_its_zero() {
        let draw = |value, low, high, margin| drawn(&Estimate { value, low, high }, margin, 1.0, 21);
        assert_eq!(draw(0.2, -0.1, 0.5, None), "│        ├┼─●──┤    │");
        assert_eq!(draw(-0.5, -0.5, -0.5, None), "│    ●    ┼         │");
        assert_eq!(draw(0.2, -0.1, 0.5, Some(0.5)), "│    ┊   ├┼─●──┤    │");
        assert_eq!(around(1.0, 21), "−100      0      +100");
        assert_eq!(around(0.1, 21), "−10       0       +10");
    }

    #[test]
    fn the_axis_reaches_as_far_as_interval_and_margin_need() {
        let labels = |low, high, margin| {
            let e = Estimate { value: 0.0, low, high };
            difference(&e, margin, Standing::Open, &Style::plain(40)).lines().next().unwrap().trim().to_owned()
        };
        assert!(labels(-0.02, 0.03, Some(0.05)).starts_with("−10 "));
        assert!(labels(-0.12, 0.03, Some(0.05)).starts_with("−20 "));
        assert!(labels(-0.12, 0.3, None).starts_with("−50 "));
        assert!(labels(-0.7, 0.3, None).starts_with("−100 "));
    }
}

//! Where numbers lie in a picture: the geometry that pictures in a page and figures on paper share.

use mocktrial_analysis::Estimate;
use mocktrial_analysis::scaling::Front;

/// A line of numbers laid on a line of places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// Lays `from`…`to` on `low`…`high`.
    pub(crate) fn linear((from, to): (f64, f64), (low, high): (f64, f64)) -> Self {
        Self { from, to, low, high, log: false }
    }

    /// Where a number lies.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.ln() } else { value };
        self.low + (value - self.from) / (self.to - self.from).max(1e-9) * (self.high - self.low)
    }

    /// Whether equal steps multiply.
    pub(crate) fn is_log(&self) -> bool {
        self.log
    }
}

/// How far an axis around 0 must reach on either side for these differences and margins, in steps that people read.
pub(crate) fn reach<'a>(differences: impl Iterator<Item = (&'a Estimate, Option<f64>)>) -> f64 {
    let far = |(e, margin): (&Estimate, Option<f64>)| e.low.abs().max(e.high.abs()).max(margin.unwrap_or(0.0).abs());
    let most = differences.map(far).fold(0.05, f64::max);
    [0.1, 0.2, 0.3, 0.5, 1.0].into_iter().find(|r| *r >= most * 1.05).unwrap_or(1.0)
}

/// The axis of a front's costs, with its ends; `None` where nothing costs anything.
///
/// Attempts multiply cost: on a log axis each is a step to the right.
pub(crate) fn costs(front: &Front, places: (f64, f64)) -> Option<(Scale, f64, f64)> {
    let dearest = front.points.iter().map(|p| p.cost).fold(0.0, f64::max);
    let cheapest = front.points.iter().map(|p| p.cost).fold(f64::INFINITY, f64::min);
    if front.points.is_empty() || dearest <= 0.0 {
        return None;
    }
    let log = cheapest > 0.0 && dearest / cheapest > 4.0;
    let (from, to) = if log { (cheapest.ln(), dearest.ln()) } else { (0.0, dearest) };
    let scale = Scale { from, to, low: places.0, high: places.1, log };
    Some((scale, if log { cheapest } else { 0.0 }, dearest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_analysis::scaling::{FrontPoint, Standing, Way};

    #[test]
    fn an_axis_reaches_as_far_as_interval_and_margin_need() {
        let e = |low, high| Estimate { value: 0.0, low, high };
        let of = |e: Estimate, margin| reach([(&e, margin)].into_iter());
        assert_eq!(of(e(0.0, 0.0), None), 0.1);
        assert_eq!(of(e(-0.02, 0.03), Some(0.15)), 0.2);
        assert_eq!(of(e(-0.29, 0.03), None), 0.5);
        assert_eq!(of(e(-1.0, 0.03), None), 1.0);
        assert_eq!(reach([(&e(0.0, 0.1), None), (&e(-0.4, 0.0), None)].into_iter()), 0.5);
    }

    #[test]
    fn costs_that_multiply_lie_on_a_log_axis() {
        let front = |costs: &[f64]| Front {
            way: Way::Majority,
            unit: "dollars",
            scenarios: 2,
            points: costs
                .iter()
                .map(|cost| FrontPoint {
                    endpoint: "a".into(),
                    k: 1,
                    cost: *cost,
                    accuracy: 0.5,
                    on_front: true,
                    share: 1.0,
                    standing: Standing::Sure,
                })
                .collect(),
        };
        let (scale, low, high) = costs(&front(&[1.0, 10.0, 100.0]), (0.0, 100.0)).unwrap();
        assert!(scale.is_log() && low == 1.0 && high == 100.0);
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9);
        let (scale, low, _) = costs(&front(&[1.0, 2.0]), (0.0, 100.0)).unwrap();
        assert!(!scale.is_log() && low == 0.0 && (scale.at(1.0) - 50.0).abs() < 1e-9);
        assert_eq!(costs(&front(&[0.0]), (0.0, 100.0)), None);
        assert_eq!(costs(&front(&[]), (0.0, 100.0)), None);
    }
}

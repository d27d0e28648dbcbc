//! How many times as dear, or as slow.

use super::{Pair, Terms, units};
use crate::AnalysisError;
use crate::arm::Trial;
use mocktrial_stats::ci_mean_t;
use serde::Serialize;

/// A ratio of the first to the second, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Ratio {
    /// The geometric mean over units of the ratios of their means.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// Units that have a value above 0 on both sides.
    pub units: u64,
}

/// The ratio of a quantity above 0, on the log scale: the difference of logs is a mean over units with Student's interval.
/// `None` where fewer than two units have it on both sides.
pub(super) fn of(
    pairs: &[Pair<'_>],
    terms: Terms,
    quantity: impl Fn(&Trial) -> Option<f64>,
) -> Result<Option<Ratio>, AnalysisError> {
    let logs = units(pairs, terms.scope, |p| {
        let (a, b) = (p.first.mean(&quantity)?, p.second.mean(&quantity)?);
        (a > 0.0 && b > 0.0).then(|| (a / b).ln())
    });
    if logs.len() < 2 {
        return Ok(None);
    }
    let interval = ci_mean_t(&logs, terms.alpha)?;
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    Ok(Some(Ratio { value: mean.exp(), low: interval.low.exp(), high: interval.high.exp(), units: logs.len() as u64 }))
}

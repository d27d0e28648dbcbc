//! A rate of what a judge has counted.

use super::{ALPHA, Calibration};
use crate::Estimate;
use mocktrial_stats::{Accuracy, Interval, StatsError, Stratum, rogan_gladen, rogan_gladen_ci, stratified_rate};
use serde::Serialize;

/// What a judge said of an endpoint's episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Judged {
    /// Episodes in which the criterion passed.
    pub passed: u64,
    /// Episodes in which it failed.
    pub failed: u64,
}

/// How episodes came out of which the judge's word decides no more: they have failed anyway, or nobody judged them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Known {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
}

/// A judged rate, corrected or not.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Correction {
    /// From labels that are a random part of the very episodes.
    LabelsOfTheRun {
        /// The rate.
        rate: Estimate,
    },
    /// From labels of other episodes of the same endpoint: Rogan and Gladen, Lang and Reiczigel.
    LabelsFromElsewhere {
        /// The rate.
        rate: Estimate,
    },
    /// It cannot be corrected: the judge's word stands for itself.
    Uncalibrated {
        /// Why, in a sentence.
        why: String,
    },
}

impl Correction {
    /// The corrected rate, if there is one.
    #[must_use]
    pub fn rate(&self) -> Option<Estimate> {
        match self {
            Self::LabelsOfTheRun { rate } | Self::LabelsFromElsewhere { rate } => Some(*rate),
            Self::Uncalibrated { .. } => None,
        }
    }
}

/// Corrects the rate at which a judge passes an endpoint's episodes in a run.
///
/// `calibrations` are those of the criterion's fingerprint. Labels that are a random part of this run are used before
/// labels from elsewhere. What is known of one endpoint is never applied to another.
#[must_use]
pub fn correct(judged: Judged, endpoint: &str, run: &str, calibrations: &[&Calibration]) -> Correction {
    corrected(judged, None, endpoint, run, calibrations)
}

/// Corrects an endpoint's pass rate where a judge's word decides some of its episodes.
///
/// `deciding` are the episodes that pass exactly if the judge passes them; `known` are all others.
#[must_use]
pub fn correct_pass(
    deciding: Judged,
    known: Known,
    endpoint: &str,
    run: &str,
    calibrations: &[&Calibration],
) -> Correction {
    corrected(deciding, Some(known), endpoint, run, calibrations)
}

fn corrected(
    judged: Judged,
    known: Option<Known>,
    endpoint: &str,
    run: &str,
    calibrations: &[&Calibration],
) -> Correction {
    let uncalibrated = |why: String| Correction::Uncalibrated { why };
    if calibrations.is_empty() {
        return uncalibrated("nobody has labelled what this judge says by these rubrics".into());
    }
    if judged.passed + judged.failed == 0 {
        return uncalibrated("it has judged nothing".into());
    }
    let own = calibrations.iter().filter_map(|c| Some((*c, c.endpoints.get(endpoint)?)));
    let mut own: Vec<_> = own.collect();
    // The most labels first; this run's own before all others.
    own.sort_by_key(|(c, a)| (c.run.as_deref() != Some(run), std::cmp::Reverse(a.passed.labelled + a.failed.labelled)));
    let Some((calibration, accuracy)) = own.first() else {
        return uncalibrated(format!(
            "no label is about {endpoint}, and how a judge errs on another endpoint says nothing"
        ));
    };
    let Known { passed, failed } = known.unwrap_or_default();
    let labels = match (known, accuracy.deciding) {
        (None, _) => Some([accuracy.passed, accuracy.failed]),
        (Some(_), deciding) => deciding,
    };
    if let (true, Some([of_passed, of_failed])) = (calibration.run.as_deref() == Some(run), labels) {
        let stratum = |all, l: super::Labels| Stratum { all, labelled: l.labelled, good: l.good };
        // Nobody needs to label what is known.
        let sure = |all, good| Stratum { all, labelled: all, good };
        let strata = [
            stratum(judged.passed, of_passed),
            stratum(judged.failed, of_failed),
            sure(passed, passed),
            sure(failed, 0),
        ];
        return match stratified_rate(&strata, ALPHA) {
            Ok(found) => Correction::LabelsOfTheRun { rate: estimate(found.value, found.interval) },
            Err(StatsError::TooFew { .. }) => {
                let kind = if of_passed.labelled == 0 && judged.passed > 0 { "passed" } else { "failed" };
                let which = if known.is_some() { " that hangs on it alone" } else { "" };
                uncalibrated(format!("no label is about an episode{which} that it {kind}"))
            }
            Err(error) => uncalibrated(error.to_string()),
        };
    }
    let (Some(sensitivity), Some(specificity)) = (accuracy.sensitivity, accuracy.specificity) else {
        let kind = if accuracy.sensitivity.is_none() { "good" } else { "bad" };
        return uncalibrated(format!("no label calls an episode of {endpoint} {kind}"));
    };
    let judge = Accuracy {
        sensitivity: sensitivity.value,
        good: sensitivity.effective,
        specificity: specificity.value,
        bad: specificity.effective,
    };
    match elsewhere(judged, judge) {
        Ok(rate) => {
            let rate = mixed(rate, judged, Known { passed, failed });
            Correction::LabelsFromElsewhere { rate }
        }
        Err(error) => uncalibrated(error.to_string()),
    }
}

/// The rate among all, from that among what was judged.
#[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
fn mixed(rate: Estimate, judged: Judged, known: Known) -> Estimate {
    let n = (judged.passed + judged.failed) as f64;
    let all = n + (known.passed + known.failed) as f64;
    let of = |share: f64| (share * n + known.passed as f64) / all;
    let (value, low, high) = (of(rate.value), of(rate.low), of(rate.high));
    if known.passed + known.failed == 0 {
        return Estimate { value, low, high };
    }
    // How many episodes hang on the judge is chance too: the two are independent, so their squares add up.
    let share = (value * all + 0.5) / (all + 1.0);
    let chance = 1.96 * (share * (1.0 - share) / all).sqrt();
    let side = |end: f64| (end - value).hypot(chance);
    Estimate { value, low: (value - side(low)).max(0.0), high: (value + side(high)).min(1.0) }
}

fn elsewhere(judged: Judged, judge: Accuracy) -> Result<Estimate, StatsError> {
    #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
    let (passed, n) = (judged.passed as f64, (judged.passed + judged.failed) as f64);
    let value = rogan_gladen(passed / n, judge.sensitivity, judge.specificity)?;
    let interval = rogan_gladen_ci(passed / n, n, judge, ALPHA)?;
    // The interval is centred on smoothed shares: it is widened where the plain estimate lies beside it.
    Ok(Estimate { value, low: interval.low.min(value), high: interval.high.max(value) })
}

fn estimate(value: f64, interval: Interval) -> Estimate {
    Estimate { value, low: interval.low.min(value), high: interval.high.max(value) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::label;
    use super::super::{Labelled, calibrate};
    use super::*;

    fn calibration(run: Option<&str>) -> Calibration {
        let mut labels: Vec<Labelled> = Vec::new();
        for (judged, human, n) in [(true, true, 40), (true, false, 10), (false, true, 5), (false, false, 45)] {
            labels.extend((0..n).map(|_| label("a", judged, human)));
        }
        calibrate("careful", "f00", run, &labels).unwrap()
    }

    #[test]
    fn labels_of_the_run_correct_its_rate_and_those_of_another_endpoint_nothing() {
        let own = calibration(Some("r"));
        let judged = Judged { passed: 500, failed: 500 };
        let Correction::LabelsOfTheRun { rate } = correct(judged, "a", "r", &[&own]) else { panic!() };
        assert!((rate.value - 0.45).abs() < 1e-12 && rate.low < 0.40 && rate.high > 0.50, "{rate:?}");
        let Correction::Uncalibrated { why } = correct(judged, "b", "r", &[&own]) else { panic!() };
        assert!(why.contains("no label is about b"), "{why}");
        assert!(matches!(correct(judged, "a", "r", &[]), Correction::Uncalibrated { .. }));
    }

    #[test]
    fn labels_from_elsewhere_correct_by_how_often_the_judge_is_right() {
        let judged = Judged { passed: 500, failed: 500 };
        let Correction::LabelsFromElsewhere { rate } = correct(judged, "a", "other", &[&calibration(None)]) else {
            panic!()
        };
        assert!((rate.value - (0.5 + 45.0 / 55.0 - 1.0) / (40.0 / 45.0 + 45.0 / 55.0 - 1.0)).abs() < 1e-12, "{rate:?}");
        assert!(rate.low < rate.value && rate.value < rate.high && rate.high - rate.low > 0.1);
        let both = [&calibration(None), &calibration(Some("other"))];
        assert!(matches!(correct(judged, "a", "other", &both), Correction::LabelsOfTheRun { .. }));
    }
}

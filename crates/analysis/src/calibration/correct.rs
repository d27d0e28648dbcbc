//! A rate of what a judge has counted.

use super::{ALPHA, Calibration};
use crate::Estimate;
use mocktrial_stats::{Accuracy, Interval, StatsError, Stratum, rogan_gladen, rogan_gladen_ci, stratified_rate};
use serde::Serialize;

/// What a judge said of an endpoint's episodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Episodes in which the criterion passed.
    pub passed: u64,
    /// Episodes in which it failed.
    pub failed: u64,
}

/// A judged rate, corrected or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    let uncalibrated = |why: String| Correction::Uncalibrated { why };
    if calibrations.is_empty() {
        return uncalibrated("nobody has labelled what this judge says by this rubric".into());
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
    if calibration.run.as_deref() == Some(run) {
        let stratum = |all, l: super::Labels| Stratum { all, labelled: l.labelled, good: l.good };
        let strata = [stratum(judged.passed, accuracy.passed), stratum(judged.failed, accuracy.failed)];
        return match stratified_rate(&strata, ALPHA) {
            Ok(found) => Correction::LabelsOfTheRun { rate: estimate(found.value, found.interval) },
            Err(StatsError::TooFew { .. }) => {
                let kind = if accuracy.passed.labelled == 0 { "passed" } else { "failed" };
                uncalibrated(format!("no label is about an episode that it {kind}"))
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
        Ok(rate) => Correction::LabelsFromElsewhere { rate },
        Err(error) => uncalibrated(error.to_string()),
    }
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

//! What a judge's word is worth, found out from people's labels.
//!
//! A person says of a sample of episodes whether a judged criterion holds; held against what the judge said,
//! that gives its agreement with people and, for each endpoint, how often it passes what is good and fails
//! what is bad. A judge errs differently on different endpoints (it may like its own kind's style), so what is
//! known of one is never applied to another.
//!
//! [`labels`] reads what people said, [`sample`] chooses what they are shown, [`calibrate`] makes a
//! [`Calibration`] of it, and [`correct`] a rate of what the judge counted.

mod correct;
mod labels;
mod sample;
mod settle;

pub use correct::{Correction, Judged, Known, correct, correct_pass};
pub use labels::{Item, Items, LabelError, Labelled, labels};
pub use sample::{Candidate, Sampled, sample};
pub use settle::{settle, weigh};

use crate::Estimate;
use mocktrial_stats::{Agreement, Interval, Rate, StatsError, alpha_nominal, gwet_ac1, kappa, weighted_rate};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The error level of the intervals.
const ALPHA: f64 = 0.05;

/// The version of the file format.
const VERSION: u32 = 1;

/// What is known of a judge with a rubric. As JSON it is the file format `calibration`, version 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The version of the file format: 1.
    pub version: u32,
    /// The judges of the criterion, joined by `+`.
    pub judge: String,
    /// The hash of all that decides what the judges say: their models, the rubric, what they see, how they vote.
    pub fingerprint: String,
    /// The run whose episodes were labelled, where they are a random part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Items that have been labelled.
    pub labels: u64,
    /// People who gave them; 0 where nobody says.
    pub raters: u64,
    /// Cohen's κ between the judge and people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kappa: Option<Estimate>,
    /// Gwet's AC1 between the judge and people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ac1: Option<Estimate>,
    /// Krippendorff's α among people, where an item has labels of several; else between the judge and people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Estimate>,
    /// Whether `alpha` is among people.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alpha_among_people: bool,
    /// What is known for each endpoint.
    pub endpoints: BTreeMap<String, Accuracy>,
}

/// How often a judge is right on an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accuracy {
    /// Of what the judge passed: labels, and those that call it good.
    pub passed: Labels,
    /// Of what the judge failed: labels, and those that call it good.
    pub failed: Labels,
    /// The same of those items alone on which an episode's passing hangs; only of labels that are a random part of a
    /// run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciding: Option<[Labels; 2]>,
    /// The share of what is good that the judge passes; `None` where no label calls anything good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Share>,
    /// The share of what is bad that the judge fails; `None` where no label calls anything bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Share>,
}

/// Labels of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// How many.
    pub labelled: u64,
    /// How many of them say that the criterion holds.
    pub good: u64,
}

/// A share with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The estimate.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
    /// How many equally weighted labels it is worth.
    pub effective: f64,
}

impl From<Rate> for Share {
    fn from(rate: Rate) -> Self {
        let Interval { low, high } = rate.interval;
        Self { value: rate.value, low, high, effective: rate.effective }
    }
}

fn estimate(found: Agreement) -> Estimate {
    Estimate { value: found.value, low: found.interval.low, high: found.interval.high }
}

/// What labels say of a judge.
///
/// `run`: the run that they are a random part of, if they are. Where several people labelled an item, it counts once, by
/// their majority ([`settle`]).
///
/// # Errors
/// Where there are no labels, or a weight is not positive.
pub fn calibrate(
    judge: &str,
    fingerprint: &str,
    run: Option<&str>,
    labels: &[Labelled],
) -> Result<Calibration, StatsError> {
    let alpha = agreement_of_people(labels);
    let raters = labels.iter().filter_map(|l| l.rater.as_deref()).collect::<BTreeSet<_>>().len() as u64;
    let labels = &settle(labels);
    let weights: Vec<f64> = labels.iter().map(|l| l.weight).collect();
    // Checks the weights, and that there are any.
    weighted_rate(&labels.iter().map(|l| (l.human, l.weight)).collect::<Vec<_>>(), ALPHA)?;
    let all: f64 = weights.iter().sum();
    #[allow(clippy::cast_precision_loss, reason = "few labels")]
    let scale = labels.len() as f64 / all;
    // As many labels as there are, in the proportions of what they were drawn from.
    let mut table = vec![vec![0.0; 2]; 2];
    for label in labels {
        table[usize::from(label.judged)][usize::from(label.human)] += label.weight * scale;
    }
    let (alpha, among) = match alpha {
        Some(found) => (found, true),
        None => (agreement_with_judge(labels), false),
    };
    let names: BTreeSet<&str> = labels.iter().map(|l| l.endpoint.as_str()).collect();
    let endpoints = names.into_iter().map(|name| Ok((name.to_owned(), accuracy(labels, name, run.is_some())?)));
    Ok(Calibration {
        version: VERSION,
        judge: judge.to_owned(),
        fingerprint: fingerprint.to_owned(),
        run: run.map(str::to_owned),
        labels: labels.len() as u64,
        raters,
        kappa: kappa(&table, ALPHA).ok().map(estimate),
        ac1: gwet_ac1(&table, ALPHA).ok().map(estimate),
        alpha,
        alpha_among_people: among,
        endpoints: endpoints.collect::<Result<_, StatsError>>()?,
    })
}

fn accuracy(labels: &[Labelled], endpoint: &str, of_run: bool) -> Result<Accuracy, StatsError> {
    let own = || labels.iter().filter(|l| l.endpoint == endpoint);
    let count = |judged: bool, deciding: bool| {
        let mut found = Labels::default();
        for label in own().filter(|l| l.judged == judged && (l.decides || !deciding)) {
            found.labelled += 1;
            found.good += u64::from(label.human);
        }
        found
    };
    let share = |human: bool| -> Result<Option<Share>, StatsError> {
        let of: Vec<(bool, f64)> = own().filter(|l| l.human == human).map(|l| (l.judged == human, l.weight)).collect();
        if of.is_empty() { Ok(None) } else { weighted_rate(&of, ALPHA).map(|rate| Some(rate.into())) }
    };
    Ok(Accuracy {
        passed: count(true, false),
        failed: count(false, false),
        deciding: of_run.then(|| [count(true, true), count(false, true)]),
        sensitivity: share(true)?,
        specificity: share(false)?,
    })
}

fn number(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// α among people; `None` where no item has labels of several.
fn agreement_of_people(labels: &[Labelled]) -> Option<Option<Estimate>> {
    let mut items: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for label in labels.iter().filter(|l| !l.item.is_empty()) {
        // Whoever labels an item twice has changed their mind.
        items.entry(&label.item).or_default().insert(label.rater.as_deref().unwrap_or_default(), number(label.human));
    }
    let people: Vec<Vec<f64>> =
        items.into_values().filter(|r| r.len() > 1).map(|r| r.into_values().collect()).collect();
    (!people.is_empty()).then(|| alpha_nominal(&people, ALPHA).ok().map(estimate))
}

fn agreement_with_judge(labels: &[Labelled]) -> Option<Estimate> {
    let both: Vec<Vec<f64>> = labels.iter().map(|l| vec![number(l.judged), number(l.human)]).collect();
    alpha_nominal(&both, ALPHA).ok().map(estimate)
}

impl Calibration {
    /// Reads a calibration from its JSON.
    ///
    /// # Errors
    /// With what is wrong with it; a later version is refused.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if read.version == VERSION {
            return Ok(read);
        }
        Err(format!("it has version {}, and this mocktrial reads {VERSION}", read.version))
    }

    /// Its JSON, in the order in which people read it.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every type in it serialises.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn label(endpoint: &str, judged: bool, human: bool) -> Labelled {
        let endpoint = endpoint.to_owned();
        Labelled { item: String::new(), endpoint, judged, human, weight: 1.0, rater: None, decides: true }
    }

    #[test]
    fn a_calibration_says_how_often_a_judge_is_right_on_each_endpoint() {
        let mut labels = Vec::new();
        for (judged, human, n) in [(true, true, 40), (true, false, 5), (false, true, 10), (false, false, 45)] {
            labels.extend((0..n).map(|_| label("a", judged, human)));
        }
        labels.push(label("b", true, true));
        let found = calibrate("careful", "f00", None, &labels).unwrap();
        let a = &found.endpoints["a"];
        assert_eq!((a.sensitivity.unwrap().value, a.specificity.unwrap().value), (0.8, 0.9));
        assert_eq!((a.passed, a.failed), (Labels { labelled: 45, good: 40 }, Labels { labelled: 55, good: 10 }));
        assert_eq!(found.endpoints["b"].specificity, None);
        assert!((found.kappa.unwrap().value - 0.70).abs() < 0.01, "{:?}", found.kappa);
        assert_eq!(Calibration::from_json(&found.to_json()).unwrap(), found);
        assert!(Calibration::from_json(&found.to_json().replace("\"version\": 1", "\"version\": 2")).is_err());
    }

    #[test]
    fn sampling_weights_undo_what_a_stratified_sample_did() {
        // 90 of 100 passed; 10 labels of each. What was passed is good in 9 of 10, what was failed in 1 of 10.
        let mut labels: Vec<Labelled> = (0..10).map(|i| Labelled { weight: 9.0, ..label("a", true, i > 0) }).collect();
        labels.extend((0..10).map(|i| label("a", false, i == 0)));
        let a = calibrate("careful", "f00", Some("run"), &labels).unwrap().endpoints.remove("a").unwrap();
        assert!((a.sensitivity.unwrap().value - 81.0 / 82.0).abs() < 1e-12);
        assert!((a.specificity.unwrap().value - 9.0 / 18.0).abs() < 1e-12);
        assert!(a.specificity.unwrap().effective < 4.0);
    }

    #[test]
    fn items_that_several_people_labelled_show_how_far_people_agree() {
        let by = |item: &str, human: bool, rater: &str| Labelled {
            item: item.into(),
            rater: Some(rater.into()),
            ..label("a", true, human)
        };
        let labels =
            [by("1", true, "x"), by("1", true, "y"), by("2", false, "x"), by("2", false, "y"), by("3", true, "x")];
        let found = calibrate("careful", "f00", None, &labels).unwrap();
        assert_eq!((found.raters, found.alpha_among_people, found.alpha.unwrap().value), (2, true, 1.0));
    }
}

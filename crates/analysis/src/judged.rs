//! What judges said in a run, and what that is worth.
//!
//! An *item* is a judged criterion of an episode: what people are shown to label it, and what a judge's accuracy is
//! counted over. The judges that answer a criterion together, with the rubrics that they answer in the run, have a
//! *fingerprint*; a calibration holds for that alone.

use crate::calibration::{Calibration, Candidate, Correction, Item, Items, Judged, Known, correct, correct_pass};
use crate::{AnalysisError, Estimate};
use mocktrial_stats::ci_wilson_stat;
use mocktrial_store::{Header, Store, StoreError, StoredEpisode};
use mocktrial_trajectory::{Digest, EpisodeKey, Grade, Outcome};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Whom questions to judges are to.
const JUDGE: &str = "judge";

/// What the notes are called that keep calibrations with a run.
const NOTE: &str = "calibration/";

/// The error level of the intervals.
const ALPHA: f64 = 0.05;

/// A judged criterion of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedItem {
    /// Its name, which tells nothing of it.
    pub id: String,
    /// The episode.
    pub episode: EpisodeKey,
    /// Where the criterion stands, such as `expect[0]`.
    pub criterion: String,
    /// Its judges, joined by `+`.
    pub judge: String,
    /// Whether it passed; `None` where it is ungraded.
    pub judged: Option<bool>,
    /// Whether the episode passes exactly if it holds.
    pub decides: bool,
}

/// All that judges said in a run.
#[derive(Clone, Debug, Default)]
pub struct JudgedRun {
    /// Every judged criterion of every episode.
    pub items: Vec<JudgedItem>,
    /// The fingerprint of each panel of judges, by its name: the judges' names joined by `+`.
    pub panels: BTreeMap<String, String>,
    /// Episodes that count and hang on no judge, by endpoint.
    known: HashMap<Arc<str>, Known>,
    /// Episodes that hang on several judged criteria at once, by endpoint.
    several: HashMap<Arc<str>, u64>,
}

impl JudgedRun {
    /// Reads what judges said in a run; nothing, and at once, where none was asked.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut found = Self::default();
        if !store.was_asked(JUDGE)? {
            return Ok(found);
        }
        let run = store.header()?.name;
        let mut criteria: HashMap<(Arc<str>, Arc<str>), HashMap<String, Digest>> = HashMap::new();
        for scenario in store.scenarios()? {
            let case = store.case(&scenario.id, &scenario.variant)?;
            let all = case.iter().flat_map(|case| case.criteria.iter());
            let all = all.map(|c| (c.at.clone(), Digest::of(&c.parameters))).collect();
            criteria.insert((scenario.id, scenario.variant), all);
        }
        let mut instruments: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        store.each_episode(&mut |episode| {
            let key = &episode.row.key;
            if let Some(known) = criteria.get(&(key.scenario.clone(), key.variant.clone())) {
                found.add(&run, &episode, known, &mut instruments);
            }
            ControlFlow::Continue(())
        })?;
        let fingerprint = |all: BTreeSet<String>| Digest::of(&json!(all)).to_string();
        found.panels = instruments.into_iter().map(|(judge, all)| (judge, fingerprint(all))).collect();
        Ok(found)
    }

    fn add(
        &mut self,
        run: &str,
        episode: &StoredEpisode,
        criteria: &HashMap<String, Digest>,
        instruments: &mut BTreeMap<String, BTreeSet<String>>,
    ) {
        let key = &episode.row.key;
        let mut own = Vec::new();
        for (place, grade) in episode.grades.iter().enumerate() {
            let prefix = format!("{}/", grade.criterion);
            let mut judges: BTreeMap<&str, Value> = BTreeMap::new();
            for asked in episode.asked.iter().filter(|a| a.question.to == JUDGE && a.question.id.starts_with(&prefix)) {
                if let Some(name) = asked.question.body.get(JUDGE).and_then(Value::as_str) {
                    judges.insert(name, json!(asked.respondent.map(|r| r.to_string())));
                }
            }
            if judges.is_empty() {
                continue;
            }
            let judge = judges.keys().copied().collect::<Vec<_>>().join("+");
            let parameters = criteria.get(&grade.criterion).map(Digest::to_string);
            let instrument = Digest::of(&json!([parameters, judges])).to_string();
            let judged = match grade.outcome {
                Outcome::Passed => Some(true),
                Outcome::Failed => Some(false),
                Outcome::Ungraded { .. } => None,
            };
            if judged.is_some() {
                instruments.entry(judge.clone()).or_default().insert(instrument);
            }
            let named = Digest::of(&json!([run, key.to_string(), grade.criterion])).to_string();
            let id = named[named.len().saturating_sub(12)..].to_owned();
            let criterion = grade.criterion.clone();
            own.push((place, JudgedItem { id, episode: key.clone(), criterion, judge, judged, decides: false }));
        }
        if episode.row.counts() {
            self.hangs_on(episode, &mut own);
        }
        self.items.extend(own.into_iter().map(|(_, item)| item));
    }

    /// Whether, and on which item, the passing of an episode that counts hangs.
    fn hangs_on(&mut self, episode: &StoredEpisode, own: &mut [(usize, JudgedItem)]) {
        let endpoint = &episode.row.key.endpoint;
        let is_judged = |place: usize| own.iter().any(|(at, _)| *at == place);
        let deciding = |(_, grade): &(usize, &Grade)| grade.decides();
        let of_judges = episode.grades.iter().enumerate().filter(deciding).filter(|(at, _)| is_judged(*at)).count();
        let failed_anyway = episode
            .grades
            .iter()
            .enumerate()
            .filter(deciding)
            .any(|(at, grade)| !is_judged(at) && !grade.outcome.passed());
        if of_judges == 0 || failed_anyway {
            let known = self.known.entry(endpoint.clone()).or_default();
            if episode.row.passed == Some(true) {
                known.passed += 1;
            } else {
                known.failed += 1;
            }
        } else if of_judges > 1 {
            *self.several.entry(endpoint.clone()).or_default() += 1;
        } else {
            let decides = |at: usize| episode.grades.get(at).is_some_and(Grade::decides);
            own.iter_mut().for_each(|(at, item)| item.decides = decides(*at));
        }
    }

    /// The items of a panel of judges that have been judged.
    pub fn of<'a>(&'a self, judge: &'a str) -> impl Iterator<Item = &'a JudgedItem> {
        self.items.iter().filter(move |item| item.judge == judge && item.judged.is_some())
    }

    /// The items of a panel as [`labels`](crate::calibration::labels) looks them up.
    #[must_use]
    pub fn known_items(&self, judge: &str) -> Items {
        let item = |item: &JudgedItem| Item {
            endpoint: item.episode.endpoint.to_string(),
            judged: item.judged == Some(true),
            decides: item.decides,
        };
        self.of(judge).map(|i| (i.id.clone(), item(i))).collect()
    }

    /// The items of a panel as [`sample`](crate::calibration::sample) draws from them, in the order of [`of`](Self::of).
    #[must_use]
    pub fn candidates(&self, judge: &str) -> Vec<Candidate> {
        let candidate =
            |i: &JudgedItem| Candidate { endpoint: i.episode.endpoint.to_string(), judged: i.judged == Some(true) };
        self.of(judge).map(candidate).collect()
    }

    /// How often judged criteria held, by endpoint and panel, in the order of `endpoints`; and for each endpoint how its
    /// pass rate hangs on judges.
    ///
    /// # Errors
    /// When a number is outside what a method accepts.
    pub(crate) fn rates(
        &self,
        run: &Header,
        endpoints: &[Arc<str>],
    ) -> Result<(Vec<JudgedRate>, Vec<Option<JudgedPass>>), AnalysisError> {
        let all = calibrations(run);
        let mut rates = Vec::new();
        let mut passes = Vec::new();
        for endpoint in endpoints {
            let mut on = Vec::new();
            for (judge, fingerprint) in &self.panels {
                let own: Vec<&JudgedItem> =
                    self.items.iter().filter(|i| i.judge == *judge && i.episode.endpoint == *endpoint).collect();
                if own.is_empty() {
                    continue;
                }
                let fitting: Vec<&Calibration> = all.iter().filter(|c| c.fingerprint == *fingerprint).collect();
                let judged = count(own.iter().copied());
                let deciding = count(own.iter().copied().filter(|i| i.decides));
                if deciding != Judged::default() {
                    on.push((judge.clone(), deciding, fitting.clone()));
                }
                rates.push(JudgedRate {
                    endpoint: endpoint.clone(),
                    judge: judge.clone(),
                    fingerprint: fingerprint.clone(),
                    judged,
                    ungraded: own.iter().filter(|i| i.judged.is_none()).count() as u64,
                    rate: by_scenario(&own)?,
                    correction: correct(judged, endpoint, &run.name, &fitting),
                });
            }
            passes.push(self.pass(run, endpoint, &on));
        }
        Ok((rates, passes))
    }

    fn pass(
        &self,
        run: &Header,
        endpoint: &Arc<str>,
        on: &[(String, Judged, Vec<&Calibration>)],
    ) -> Option<JudgedPass> {
        let several = self.several.get(endpoint).copied().unwrap_or(0);
        let episodes = on.iter().map(|(_, j, _)| j.passed + j.failed).sum::<u64>() + several;
        if episodes == 0 {
            return None;
        }
        let uncalibrated = |why: &str| Correction::Uncalibrated { why: why.to_owned() };
        let correction = match on {
            _ if several > 0 => {
                uncalibrated("episodes hang on several judged criteria at once, and a label is about one of them")
            }
            [(_, deciding, fitting)] => {
                let known = self.known.get(endpoint).copied().unwrap_or_default();
                correct_pass(*deciding, known, endpoint, &run.name, fitting)
            }
            _ => uncalibrated("some episodes hang on one judge and some on another"),
        };
        Some(JudgedPass { episodes, correction })
    }
}

/// How often judged criteria of an endpoint held.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct JudgedRate {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The judges, joined by `+`.
    pub judge: String,
    /// The hash of the judges and all their rubrics in the run.
    pub fingerprint: String,
    /// What they said.
    pub judged: Judged,
    /// Judged criteria without a grade.
    pub ungraded: u64,
    /// How often the criteria held by the judges' word: mean over scenarios of the mean over episodes.
    pub rate: Option<Estimate>,
    /// How often people would say that they held.
    pub correction: Correction,
}

/// How an endpoint's pass rate hangs on judges.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct JudgedPass {
    /// Episodes that pass exactly if a judge says so.
    pub episodes: u64,
    /// The pass rate with people in the judge's place.
    pub correction: Correction,
}

fn count<'a>(items: impl Iterator<Item = &'a JudgedItem>) -> Judged {
    let mut found = Judged::default();
    for judged in items.filter_map(|i| i.judged) {
        if judged { found.passed += 1 } else { found.failed += 1 }
    }
    found
}

#[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
fn by_scenario(items: &[&JudgedItem]) -> Result<Option<Estimate>, AnalysisError> {
    let mut scenarios: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for item in items {
        if let Some(judged) = item.judged {
            let (passed, all) = scenarios.entry(&item.episode.scenario).or_default();
            *passed += u64::from(judged);
            *all += 1;
        }
    }
    if scenarios.is_empty() {
        return Ok(None);
    }
    let rates: Vec<f64> = scenarios.values().map(|(passed, all)| *passed as f64 / *all as f64).collect();
    let trials = scenarios.values().map(|(_, all)| all).sum::<u64>() as f64;
    let interval = ci_wilson_stat(&rates, trials, ALPHA)?;
    let value = rates.iter().sum::<f64>() / rates.len() as f64;
    Ok(Some(Estimate { value, low: interval.low, high: interval.high }))
}

/// The calibrations that a run keeps.
#[must_use]
pub fn calibrations(run: &Header) -> Vec<Calibration> {
    let notes = run.notes.iter().filter(|(name, _)| name.starts_with(NOTE));
    notes.filter_map(|(_, text)| Calibration::from_json(text).ok()).collect()
}

/// Keeps a calibration with a run, so that its reports need no other file.
///
/// # Errors
/// When the run cannot be written.
pub fn keep_calibration(store: &dyn Store, calibration: &Calibration) -> Result<(), StoreError> {
    let from = calibration.run.as_deref().unwrap_or("labels");
    store.set_note(&format!("{NOTE}{}/{from}", calibration.fingerprint), &calibration.to_json())
}

//! From a run's episodes to its summary.

use crate::compare::Scope;
use crate::compare::pairing::trials_by_unit;
use crate::histogram::Histogram;
use crate::judged::JudgedRun;
use crate::summary::{
    Bounds, CellSummary, Difference, EndpointSummary, Estimate, FailureKind, FailureSummary, Latency, Outcome, PassHat,
    ScenarioSummary, Summary,
};
use mocktrial_stats::{StatsError, Verdict, ci_wilson_stat, compare_floored, pass_hat_k, unseen_difference};
use mocktrial_store::{EpisodeRow, Selection, State, Store, StoreError, is_unfinished};
use mocktrial_trajectory::{Cause, EndReason, EpisodeKey};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The error level of the intervals.
const ALPHA: f64 = 0.05;

/// Why a run cannot be summarised.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A number is outside what a method accepts.
    #[error("the figures of this run do not make sense: {0}")]
    Stats(String),
    /// The protocol that a run keeps is damaged, or newer than this.
    #[error("the protocol that the run keeps cannot be read: {0}; a newer mocktrial may be able to")]
    Protocol(String),
}

impl From<StatsError> for AnalysisError {
    fn from(error: StatsError) -> Self {
        Self::Stats(error.to_string())
    }
}

#[derive(Default)]
struct Endpoint {
    finished: u64,
    excluded: BTreeMap<Cause, u64>,
    ends: BTreeMap<EndReason, u64>,
    turns: u64,
    calls: u64,
    reporting: u64,
    tokens_in: u64,
    tokens_out: u64,
    cost: f64,
    costed: u64,
    price: Option<Value>,
    latency: Histogram,
    replayed: u64,
    retries: u64,
}

struct Tally {
    endpoints: Vec<Endpoint>,
    scenarios: Vec<ScenarioSummary>,
    /// For each scenario the sums of its scores, by endpoint.
    scores: Vec<Vec<f64>>,
    /// The places of scenarios, those of one id (variants) together.
    groups: Vec<Vec<usize>>,
    /// For each scenario its place in `groups`.
    group_of: Vec<usize>,
    /// Of scenarios with variants, by group, endpoint and trial: how many variants count, and how many of them passed.
    together: HashMap<(usize, usize, u32), (usize, usize)>,
    failures: BTreeMap<(FailureKind, String), (Vec<u64>, EpisodeKey)>,
}

/// Summarises a run, in one walk over its episodes.
///
/// # Errors
/// When the run cannot be read.
pub fn summary(store: &dyn Store) -> Result<Summary, AnalysisError> {
    let run = store.header()?;
    let (names, endpoints): (Vec<Arc<str>>, _) =
        store.endpoints()?.into_iter().map(|e| (e.name, Endpoint { price: e.price, ..Endpoint::default() })).unzip();
    let mut tally = Tally { endpoints, ..Tally::empty() };
    let mut places = HashMap::new();
    let mut ids: HashMap<Arc<str>, usize> = HashMap::new();
    for s in store.scenarios()? {
        places.insert((s.id.clone(), s.variant.clone()), tally.scenarios.len());
        let group = *ids.entry(s.id.clone()).or_insert(tally.groups.len());
        if group == tally.groups.len() {
            tally.groups.push(Vec::new());
        }
        tally.groups[group].push(tally.scenarios.len());
        tally.group_of.push(group);
        tally.scores.push(vec![0.0; names.len()]);
        let cells = vec![None; names.len()];
        let (id, variant, family, title, tags) = (s.id, s.variant, s.family, s.title, s.tags);
        tally.scenarios.push(ScenarioSummary { id, variant, family, title, tags, cells });
    }
    let place = |scenario: &Arc<str>, variant: &Arc<str>, endpoint: &Arc<str>| {
        let scenario = places.get(&(scenario.clone(), variant.clone())).copied()?;
        Some((scenario, names.iter().position(|n| n == endpoint)?))
    };
    for cell in store.cells()? {
        if let Some((s, e)) = place(&cell.scenario, &cell.variant, &cell.endpoint) {
            tally.scenarios[s].cells[e] = Some(CellSummary { planned: cell.trials, ..CellSummary::default() });
        }
    }
    store.each_row(&mut |row| {
        if let Some((s, e)) = place(&row.key.scenario, &row.key.variant, &row.key.endpoint) {
            tally.add(s, e, &row);
        }
        ControlFlow::Continue(())
    })?;
    let refused = match &run.selection {
        Selection::Full => None,
        Selection::Selected { from, why } => Some(format!(
            "its episodes were selected by their outcome in {from} ({why}): rates would only echo that choice"
        )),
    };
    let (judged, passes) = match refused {
        None => JudgedRun::read(store)?.rates(&run, &names)?,
        Some(_) => (Vec::new(), vec![None; names.len()]),
    };
    let mut endpoints = names
        .iter()
        .enumerate()
        .map(|(e, name)| tally.endpoint(e, name, refused.is_none()))
        .collect::<Result<Vec<_>, _>>()?;
    endpoints.iter_mut().zip(passes).for_each(|(endpoint, pass)| endpoint.judged = pass);
    let difference = match names.as_slice() {
        [endpoint, against] if refused.is_none() => difference(endpoint, against, &tally)?,
        _ => None,
    };
    let mut failures: Vec<FailureSummary> = tally
        .failures
        .into_iter()
        .map(|((kind, reason), (episodes, example))| FailureSummary { kind, reason, episodes, example })
        .collect();
    failures.sort_by_key(|f| std::cmp::Reverse(f.episodes.iter().sum::<u64>()));
    let differing = differing(&tally.scenarios);
    let outcome = outcome(run.status.state, &endpoints);
    let scenarios = tally.scenarios;
    Ok(Summary {
        run,
        scope: "suite",
        confidence: 1.0 - ALPHA,
        refused,
        endpoints,
        difference,
        judged,
        scenarios,
        differing,
        failures,
        outcome,
    })
}

fn outcome(state: State, endpoints: &[EndpointSummary]) -> Outcome {
    let sum = |of: fn(&EndpointSummary) -> u64| endpoints.iter().map(of).sum::<u64>();
    let (planned, finished) = (sum(|e| e.planned), sum(|e| e.finished));
    if state == State::Decided && finished > 0 && sum(|e| e.counted) > 0 {
        Outcome::Decided { missing: planned.saturating_sub(finished) }
    } else if state == State::Failed {
        Outcome::Failed { missing: planned.saturating_sub(finished) }
    } else if finished == 0 {
        Outcome::NothingRan
    } else if finished < planned {
        Outcome::Incomplete { missing: planned - finished }
    } else if sum(|e| e.counted) == 0 {
        Outcome::NothingCounts
    } else {
        Outcome::Complete
    }
}

/// Compares two endpoints over the scenarios that both have tried: [`compare_floored`].
fn difference(endpoint: &Arc<str>, against: &Arc<str>, tally: &Tally) -> Result<Option<Difference>, AnalysisError> {
    let rate = |cell: &Option<CellSummary>| cell.as_ref().and_then(CellSummary::rate);
    let paired = |place: usize| match tally.scenarios[place].cells.as_slice() {
        [a, b] => Some(rate(a)? - rate(b)?),
        _ => None,
    };
    let differences = tally.by_scenario(paired);
    if differences.len() < 2 {
        return Ok(None);
    }
    let counted = tally.scenarios.iter().filter_map(|s| match s.cells.as_slice() {
        [Some(a), Some(b)] => Some(("", &*s.id, (a.n, b.n))),
        _ => None,
    });
    // Where differences are, trials are.
    let trials = trials_by_unit(counted, Scope::Suite).unwrap_or((1.0, 1.0));
    let unseen = unseen_difference(mocktrial_stats::Scope::Suite, trials)?;
    let compared = compare_floored(&differences, unseen, ALPHA)?;
    Ok(Some(Difference {
        endpoint: endpoint.clone(),
        against: against.clone(),
        delta: Estimate::of(&compared),
        p: compared.p,
        verdict: match compared.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Undecided => "undecided",
        },
        scenarios: differences.len() as u64,
    }))
}

fn differing(scenarios: &[ScenarioSummary]) -> Vec<usize> {
    let mut found: Vec<(usize, f64, u32)> = Vec::new();
    for (place, scenario) in scenarios.iter().enumerate() {
        let cells = || scenario.cells.iter().flatten();
        let rates: Vec<f64> = cells().filter_map(CellSummary::rate).collect();
        let (low, high) = rates.iter().fold((f64::MAX, f64::MIN), |(l, h), r| (l.min(*r), h.max(*r)));
        if high > low {
            found.push((place, high - low, cells().map(|c| c.n).sum()));
        }
    }
    found.sort_by(|a, b| {
        let by_name = || scenarios[a.0].id.cmp(&scenarios[b.0].id);
        b.1.total_cmp(&a.1).then(b.2.cmp(&a.2)).then_with(by_name)
    });
    found.into_iter().map(|(place, ..)| place).collect()
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn ratio(a: u64, b: u64) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

impl Tally {
    fn empty() -> Self {
        Self {
            endpoints: Vec::new(),
            scenarios: Vec::new(),
            scores: Vec::new(),
            groups: Vec::new(),
            group_of: Vec::new(),
            together: HashMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// One value a scenario: the mean over its variants of what each has a value for.
    #[allow(clippy::cast_precision_loss, reason = "few variants")]
    fn by_scenario(&self, value: impl Fn(usize) -> Option<f64>) -> Vec<f64> {
        let mean = |places: &Vec<usize>| {
            let values: Vec<f64> = places.iter().filter_map(|place| value(*place)).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        self.groups.iter().filter_map(mean).collect()
    }

    /// How often each scenario passes in every variant, over the trials in which all of them count; with what
    /// those trials are worth.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn every_variant(&self, e: usize) -> (Vec<f64>, f64) {
        let (mut values, mut trials) = (Vec::new(), Vec::new());
        let mut together: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for ((group, endpoint, _), (count, passed)) in &self.together {
            if *endpoint == e && *count == self.groups[*group].len() {
                let (k, n) = together.entry(*group).or_default();
                *k += u64::from(passed == count);
                *n += 1;
            }
        }
        for (group, places) in self.groups.iter().enumerate() {
            let cell = |place: &usize| self.scenarios[*place].cells[e];
            let (k, n) = match places.as_slice() {
                [only] => cell(only).map_or((0, 0), |c| (u64::from(c.k), u64::from(c.n))),
                _ => together.get(&group).copied().unwrap_or_default(),
            };
            if n > 0 {
                values.push(k as f64 / n as f64);
                trials.push(n as f64);
            }
        }
        let trials = worth(&trials);
        (values, trials)
    }

    fn add(&mut self, s: usize, e: usize, row: &EpisodeRow) {
        // Cut short before it had an outcome: it will run again, and is not part of anything.
        if matches!(row.end, EndReason::Cancelled | EndReason::Budget) {
            return;
        }
        let count = self.endpoints.len();
        let endpoint = &mut self.endpoints[e];
        *endpoint.ends.entry(row.end).or_default() += 1;
        if is_unfinished(row.end) {
            // It will run again too, but somebody has to mend something first, and so must hear of it.
            self.scenarios[s].cells[e].get_or_insert_default().excluded += 1;
            *endpoint.excluded.entry(row.cause.unwrap_or(Cause::Harness)).or_default() += 1;
            return;
        }
        endpoint.finished += 1;
        endpoint.turns += u64::from(row.turns);
        endpoint.calls += u64::from(row.calls);
        if let Some(usage) = row.usage {
            endpoint.reporting += 1;
            endpoint.tokens_in = endpoint.tokens_in.saturating_add(usage.input);
            endpoint.tokens_out = endpoint.tokens_out.saturating_add(usage.output);
        }
        if let Some(cost) = row.cost {
            endpoint.costed += 1;
            endpoint.cost += cost;
        }
        row.latencies_ms.iter().for_each(|ms| endpoint.latency.add(*ms));
        endpoint.replayed += u64::from(row.replayed);
        endpoint.retries += u64::from(row.retries);
        let cell = self.scenarios[s].cells[e].get_or_insert_default();
        if !row.counts() {
            cell.excluded += 1;
            *endpoint.excluded.entry(row.cause.unwrap_or(Cause::Harness)).or_default() += 1;
            return;
        }
        cell.n += 1;
        let passed = row.passed == Some(true);
        self.scores[s][e] += row.score.unwrap_or_else(|| f64::from(u8::from(passed)));
        let group = self.group_of[s];
        if self.groups[group].len() > 1 {
            let (count, all) = self.together.entry((group, e, row.key.trial)).or_default();
            *count += 1;
            *all += usize::from(passed);
        }
        if row.passed == Some(true) {
            cell.k += 1;
            return;
        }
        let reason = match &row.failed {
            Some(failed) if row.end == EndReason::Completed => (FailureKind::Grader, failed.grader.clone()),
            _ => (FailureKind::End, row.end.as_str().to_owned()),
        };
        let (episodes, _) = self.failures.entry(reason).or_insert_with(|| (vec![0; count], row.key.clone()));
        episodes[e] += 1;
    }

    fn endpoint(&self, e: usize, name: &Arc<str>, claim: bool) -> Result<EndpointSummary, AnalysisError> {
        let own = &self.endpoints[e];
        let cells: Vec<CellSummary> = self.scenarios.iter().filter_map(|s| s.cells[e]).collect();
        let cell = |place: usize| self.scenarios[place].cells[e].filter(|c| c.n > 0);
        let total = |of: fn(&CellSummary) -> u32| cells.iter().map(|c| u64::from(of(c))).sum::<u64>();
        let counted = total(|c| c.n);
        let excluded = total(|c| c.excluded);
        let rates = self.by_scenario(|place| cell(place)?.rate());
        let scores =
            self.by_scenario(|place| Some((self.scores[place][e] / f64::from(cell(place)?.n)).clamp(0.0, 1.0)));
        let claim = claim && !rates.is_empty();
        let worth = self.worth(e);
        let latency = own.latency.quantile(0.5).zip(own.latency.quantile(0.9));
        Ok(EndpointSummary {
            name: name.clone(),
            planned: total(|c| c.planned),
            finished: own.finished,
            counted,
            passed: total(|c| c.k),
            scenarios: rates.len() as u64,
            pass_rate: if claim { Some(estimate(&rates, worth, 1)?) } else { None },
            score: if claim { Some(estimate(&scores, worth, 1)?) } else { None },
            every_variant: if claim { self.of_every_variant(e)? } else { None },
            judged: None,
            bounds: (claim && excluded > 0).then(|| self.bounds(e)),
            pass_hat: if claim { self.pass_hat(e, worth)? } else { Vec::new() },
            excluded: own.excluded.clone(),
            ends: own.ends.iter().map(|(end, n)| (*end, *n)).collect(),
            // Of an agent whose turns the harness cannot see there are none to count.
            turns: ratio(own.turns, own.finished).filter(|turns| *turns > 0.0),
            calls: ratio(own.calls, own.finished),
            tokens_in: ratio(own.tokens_in, own.reporting),
            tokens_out: ratio(own.tokens_out, own.reporting),
            cost: (own.costed == own.finished && own.finished > 0).then_some(own.cost),
            price: own.price.clone(),
            latency: latency.map(|(median_ms, p90_ms)| Latency { median_ms, p90_ms, responses: own.latency.count() }),
            replayed: own.replayed,
            retries: own.retries,
        })
    }

    /// What the trials of an endpoint are worth for a mean over scenarios: as many as an even plan would need for as little
    /// noise. Their number where each scenario has as many, else less: a scenario with few trials weighs as much as one with
    /// many.
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    fn worth(&self, e: usize) -> f64 {
        let of = |places: &Vec<usize>| {
            let cells = places.iter().filter_map(|place| self.scenarios[*place].cells[e]);
            let own: Vec<f64> = cells.filter(|c| c.n > 0).map(|c| f64::from(c.n)).collect();
            (!own.is_empty()).then(|| worth(&own))
        };
        worth(&self.groups.iter().filter_map(of).collect::<Vec<_>>())
    }

    fn of_every_variant(&self, e: usize) -> Result<Option<Estimate>, AnalysisError> {
        if self.groups.iter().all(|places| places.len() < 2) {
            return Ok(None);
        }
        let (values, trials) = self.every_variant(e);
        if values.is_empty() { Ok(None) } else { estimate(&values, trials, 1).map(Some) }
    }

    fn pass_hat(&self, e: usize, trials: f64) -> Result<Vec<PassHat>, AnalysisError> {
        let cell = |place: usize| self.scenarios[place].cells[e].filter(|c| c.n > 0);
        let most = (0..self.scenarios.len()).filter_map(cell).map(|c| c.n).min().unwrap_or(0);
        let one = |k: u32| {
            // No cell has fewer trials than k.
            let each = |place| pass_hat_k(u64::from(cell(place)?.n), u64::from(cell(place)?.k), u64::from(k)).ok();
            Ok(PassHat { k, estimate: estimate(&self.by_scenario(each), trials, k)? })
        };
        (1..=most).map(one).collect()
    }

    /// What the rate would be, had the excluded episodes all failed, or all passed.
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    fn bounds(&self, e: usize) -> Bounds {
        let mean = |of: fn(&CellSummary) -> u32| {
            let rate = |place: usize| {
                let cell = self.scenarios[place].cells[e].filter(|c| c.n + c.excluded > 0)?;
                Some(f64::from(of(&cell)) / f64::from(cell.n + cell.excluded))
            };
            let rates = self.by_scenario(rate);
            rates.iter().sum::<f64>() / rates.len() as f64
        };
        Bounds { worst: mean(|c| c.k), best: mean(|c| c.k + c.excluded) }
    }
}

/// So many trials of each part of a mean, in trials of an even plan: n²/Σ(1/kᵢ), the noise of the mean turned round. Their sum
/// where they are equal.
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn worth(trials: &[f64]) -> f64 {
    let even = trials.windows(2).all(|pair| pair[0] == pair[1]);
    if even { trials.iter().sum() } else { (trials.len() as f64).powi(2) / trials.iter().map(|k| 1.0 / k).sum::<f64>() }
}

/// The mean of the values with its interval; `trials` in all, taken `k` at a time.
#[allow(clippy::cast_precision_loss, reason = "few values")]
fn estimate(values: &[f64], trials: f64, k: u32) -> Result<Estimate, AnalysisError> {
    let interval = ci_wilson_stat(values, trials / f64::from(k), ALPHA)?;
    let value = values.iter().sum::<f64>() / values.len() as f64;
    Ok(Estimate { value, low: interval.low, high: interval.high })
}

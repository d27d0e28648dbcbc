//! From a run's episodes to its summary.

use crate::histogram::Histogram;
use crate::judged::JudgedRun;
use crate::summary::{
    Bounds, CellSummary, Difference, EndpointSummary, Estimate, FailureKind, FailureSummary, Latency, Outcome, PassHat,
    ScenarioSummary, Summary,
};
use mocktrial_stats::{StatsError, Verdict, ci_wilson_stat, compare_paired, pass_hat_k};
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
    for s in store.scenarios()? {
        places.insert((s.id.clone(), s.variant.clone()), tally.scenarios.len());
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
    let mut failures: Vec<FailureSummary> = tally
        .failures
        .into_iter()
        .map(|((kind, reason), (episodes, example))| FailureSummary { kind, reason, episodes, example })
        .collect();
    failures.sort_by_key(|f| std::cmp::Reverse(f.episodes.iter().sum::<u64>()));
    let difference = match names.as_slice() {
        [endpoint, against] if refused.is_none() => difference(endpoint, against, &tally.scenarios)?,
        _ => None,
    };
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
    if state == State::Failed {
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

/// Compares two endpoints over the scenarios that both have tried: [`compare_paired`].
fn difference(
    endpoint: &Arc<str>,
    against: &Arc<str>,
    scenarios: &[ScenarioSummary],
) -> Result<Option<Difference>, AnalysisError> {
    let rate = |cell: &Option<CellSummary>| cell.as_ref().and_then(CellSummary::rate);
    let paired = scenarios.iter().filter_map(|s| match s.cells.as_slice() {
        [a, b] => Some(rate(a)? - rate(b)?),
        _ => None,
    });
    let differences: Vec<f64> = paired.collect();
    if differences.len() < 2 {
        return Ok(None);
    }
    let compared = compare_paired(&differences, ALPHA)?;
    let (value, interval) = (compared.delta, compared.interval);
    Ok(Some(Difference {
        endpoint: endpoint.clone(),
        against: against.clone(),
        delta: Estimate { value, low: interval.low.max(-1.0), high: interval.high.min(1.0) },
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
        Self { endpoints: Vec::new(), scenarios: Vec::new(), failures: BTreeMap::new() }
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
        let counting: Vec<CellSummary> = cells.iter().copied().filter(|c| c.n > 0).collect();
        let total = |of: fn(&CellSummary) -> u32| cells.iter().map(|c| u64::from(of(c))).sum::<u64>();
        let counted = total(|c| c.n);
        let excluded = total(|c| c.excluded);
        let rates: Vec<f64> = counting.iter().filter_map(CellSummary::rate).collect();
        let claim = claim && !rates.is_empty();
        let latency = own.latency.quantile(0.5).zip(own.latency.quantile(0.9));
        Ok(EndpointSummary {
            name: name.clone(),
            planned: total(|c| c.planned),
            finished: own.finished,
            counted,
            passed: total(|c| c.k),
            scenarios: counting.len() as u64,
            pass_rate: if claim { Some(estimate(&rates, counted, 1)?) } else { None },
            judged: None,
            bounds: (claim && excluded > 0).then(|| bounds(&cells)),
            pass_hat: if claim { pass_hat(&counting, counted)? } else { Vec::new() },
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
}

/// The mean of the values with its interval; `trials` in all, taken `k` at a time.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn estimate(values: &[f64], trials: u64, k: u32) -> Result<Estimate, AnalysisError> {
    let interval = ci_wilson_stat(values, trials as f64 / f64::from(k), ALPHA)?;
    let value = values.iter().sum::<f64>() / values.len() as f64;
    Ok(Estimate { value, low: interval.low, high: interval.high })
}

fn pass_hat(counting: &[CellSummary], trials: u64) -> Result<Vec<PassHat>, AnalysisError> {
    let most = counting.iter().map(|c| c.n).min().unwrap_or(0);
    let one = |k: u32| {
        let each = |c: &CellSummary| pass_hat_k(u64::from(c.n), u64::from(c.k), u64::from(k));
        let values = counting.iter().map(each).collect::<Result<Vec<_>, _>>()?;
        Ok(PassHat { k, estimate: estimate(&values, trials, k)? })
    };
    (1..=most).map(one).collect()
}

#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
fn bounds(cells: &[CellSummary]) -> Bounds {
    let ended: Vec<_> = cells.iter().filter(|c| c.n + c.excluded > 0).collect();
    let mean = |of: fn(&CellSummary) -> u32| {
        let rates = ended.iter().map(|c| f64::from(of(c)) / f64::from(c.n + c.excluded));
        rates.sum::<f64>() / ended.len() as f64
    };
    Bounds { worst: mean(|c| c.k), best: mean(|c| c.k + c.excluded) }
}

//! What a suite is worth as an instrument: `mocktrial health`.
//!
//! Two things are kept apart. A scenario is *unreliable* where it measures the same differently: episodes of equal conduct
//! with different grades, a world that answers the same calls otherwise, judges at odds, trials lost to its surroundings.
//! That is a defect, and to be mended; until then it may be in quarantine. A scenario is *stochastic* under an endpoint
//! where the endpoint passes now and fails then: that is what trials are for, and no reason for a quarantine. Beside
//! that, each scenario is asked what it tells: whether anybody fails it, or passes, and whether it tells endpoints apart.
//!
//! What the trials cannot tell is *undetermined*; with eight of them that is the rule.

mod instrument;
mod items;
mod pool;

use crate::arm::Arm;
use crate::{AnalysisError, Estimate};
use mocktrial_stats::{FlakyRule, Stability, ci_wilson_stat, flaky_class};
use mocktrial_store::Store;
use pool::{Cell, Item, Pool};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How probable a statement must be to be made.
const CONFIDENCE: f64 = 0.95;

/// The share of trials lost, or judges split, above which a scenario is unreliable.
const SHARE: f64 = 0.1;

/// The two-sided error level of intervals.
const ALPHA: f64 = 0.05;

/// A scenario that is in quarantine, as the project says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its id, or the name of a variant.
    pub scenario: String,
    /// The last day of it.
    pub until: String,
    /// Why.
    pub why: String,
    /// Whether that day is past.
    pub over: bool,
}

/// The health of a suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Health {
    /// The runs, as they were given.
    pub runs: Vec<String>,
    /// How probable a statement must be to be made.
    pub confidence: f64,
    /// The rate beyond which a scenario passes, or fails, nearly always.
    pub nearly: f64,
    /// Trials without a failure (or without a pass) from which on a scenario passes (or fails) nearly always.
    pub trials_to_settle: u64,
    /// The endpoints.
    pub endpoints: Vec<Arc<str>>,
    /// Trials that count.
    pub trials: u64,
    /// Trials that ended and do not count.
    pub missing: u64,
    /// Trials left out because they replay a recording that is there already.
    pub repeated: u64,
    /// Trials left out because they were measured with another instrument.
    pub apart: Vec<Apart>,
    /// The scenarios, by name.
    pub scenarios: Vec<ScenarioHealth>,
    /// Scenarios that agree in every trial.
    pub redundant: Vec<Redundant>,
    /// How scenarios go together; `None` with too few endpoints or trials.
    pub consistency: Option<Consistency>,
    /// What is in quarantine, and whether it should be.
    pub quarantine: Vec<HeldHealth>,
    /// The pass rates.
    pub rates: Vec<RateHealth>,
}

/// Trials of an older run that cannot be pooled with those of a newer one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// The scenario.
    pub scenario: Arc<str>,
    /// The older run.
    pub run: String,
    /// Trials.
    pub trials: u64,
}

/// The health of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioHealth {
    /// Its name.
    pub scenario: Arc<str>,
    /// Whether it is reliable as an instrument.
    pub reliability: Reliability,
    /// What speaks against that.
    pub signs: Vec<Sign>,
    /// How its outcomes vary.
    pub outcomes: Outcomes,
    /// Whether it tells endpoints apart.
    pub telling: Telling,
    /// Whether it is in quarantine.
    pub quarantined: bool,
    /// One for each endpoint that tried it.
    pub cells: Vec<CellHealth>,
}

/// Whether a scenario is reliable as an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reliability {
    /// It is not.
    Unreliable,
    /// There are signs that it is not, and too few trials to say.
    Undetermined,
    /// There is no sign that it is not.
    NoSign,
}

/// A sign that a scenario is unreliable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sign {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Whether the trials are enough to say so.
    pub established: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Finding {
    /// Episodes in which the same was said and done were graded differently.
    GradedOtherwise {
        /// The criterion.
        criterion: String,
        /// Its grader.
        grader: String,
        /// Episodes graded otherwise than most that are like them.
        otherwise: u64,
        /// Episodes that are like another one.
        of: u64,
        /// Two that were graded differently: run and episode.
        examples: Vec<String>,
    },
    /// The world answered the same calls differently.
    WorldOtherwise {
        /// The tool.
        tool: String,
        /// Episodes in which it did.
        otherwise: u64,
        /// Episodes.
        of: u64,
        /// One of them: run and episode.
        example: String,
    },
    /// Judges were not of one mind.
    JudgesSplit {
        /// The criterion.
        criterion: String,
        /// Episodes on which they were split.
        split: u64,
        /// Episodes that they judged.
        of: u64,
        /// How probable it is that they are split on more than a tenth.
        probability: f64,
    },
    /// Trials were lost to the provider or the machine.
    Infrastructure {
        /// Lost trials.
        lost: u64,
        /// Trials that ended.
        of: u64,
        /// The share that is lost on the other scenarios.
        others: f64,
        /// How probable it is that more than a tenth, and more than on the others, is lost.
        probability: f64,
    },
    /// Trials had no outcome by the scenario's own fault.
    ScenarioFault {
        /// Such trials.
        faults: u64,
        /// Trials that ended.
        of: u64,
    },
}

/// How a scenario's outcomes vary, over all endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcomes {
    /// No trial counts.
    None,
    /// No trial failed.
    NeverFailed,
    /// No trial passed.
    NeverPassed,
    /// Under an endpoint at least, trials pass and fail, neither nearly always.
    Stochastic,
    /// Endpoints pass or fail nearly always, and not all the same.
    Stable,
    /// The trials cannot tell.
    Undetermined,
}

/// Whether a scenario tells endpoints apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Telling {
    /// It does.
    Apart {
        /// The endpoint that passes most often.
        best: Arc<str>,
        /// The one that passes least often.
        worst: Arc<str>,
        /// How probable it is that the first passes more often.
        probability: f64,
    },
    /// All pass, or all fail, nearly always.
    Alike,
    /// The trials cannot tell.
    Undetermined,
    /// There is only one endpoint.
    OneEndpoint,
}

/// A scenario under an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellHealth {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Trials that passed.
    pub passed: u64,
    /// Trials that count.
    pub counted: u64,
    /// How its outcomes vary.
    pub class: Class,
    /// How probable it is that it passes nearly always.
    pub p_stable_pass: f64,
    /// How probable it is that it fails nearly always.
    pub p_stable_fail: f64,
    /// How probable it is that it does neither.
    pub p_stochastic: f64,
}

/// How outcomes vary under an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It passes nearly always.
    StablePass,
    /// It fails nearly always.
    StableFail,
    /// It does neither: the endpoint varies.
    Stochastic,
    /// The trials cannot tell.
    Undetermined,
}

/// Scenarios that agree in every trial of every endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Redundant {
    /// Their names.
    pub scenarios: Vec<Arc<str>>,
    /// The chance that any two scenarios of such counts would agree by accident; at most 1.
    pub chance: f64,
}

/// How scenarios go together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consistency {
    /// Endpoints times trials. They cluster in endpoints, so that all here is less sure than their number says.
    pub rows: u64,
    /// Cronbach's α; `None` where all rows have the same total.
    pub alpha: Option<f64>,
    /// The correlation of each scenario (by id) with the sum of the others, where both vary.
    pub item_rest: BTreeMap<Arc<str>, f64>,
    /// Scenarios that those pass which fail the others.
    pub against: Vec<Arc<str>>,
}

/// A quarantine, and whether it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldHealth {
    /// The scenario.
    pub scenario: String,
    /// The last day of it.
    pub until: String,
    /// Why, as the project says.
    pub why: String,
    /// Whether that day is past.
    pub over: bool,
    /// Whether it is reliable; `None` where no run has it.
    pub reliability: Option<Reliability>,
}

/// An endpoint's pass rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RateHealth {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Over all scenarios.
    pub with_quarantined: Option<Estimate>,
    /// Without those in quarantine.
    pub without_quarantined: Option<Estimate>,
}

/// Finds out what runs tell of their suite. Each run is given with its arms, whose quarantine is set.
///
/// # Errors
/// When a run cannot be read, or a number is outside what a method accepts.
pub fn health(runs: &[(&dyn Store, Vec<Arm>)], held: &[Held]) -> Result<Health, AnalysisError> {
    let arms: Vec<Vec<Arm>> = runs.iter().map(|(_, arms)| arms.clone()).collect();
    let pool = pool::pool(&arms);
    let read: Vec<(&dyn Store, &[Arm])> = runs.iter().map(|(store, arms)| (*store, arms.as_slice())).collect();
    let mut signs = instrument::signs(&read, &pool)?;
    let mut scenarios = Vec::with_capacity(pool.items.len());
    for (name, item) in &pool.items {
        scenarios.push(scenario(name, item, signs.remove(name).unwrap_or_default(), &pool)?);
    }
    Ok(Health {
        runs: arms.iter().filter_map(|arms| Some(arms.first()?.run.clone())).collect(),
        confidence: CONFIDENCE,
        nearly: FlakyRule::default().tau,
        trials_to_settle: trials_to_settle()?,
        trials: pool.items.values().flat_map(|item| &item.cells).map(Cell::counted).sum(),
        missing: pool
            .items
            .values()
            .flat_map(|item| &item.cells)
            .flat_map(|c| c.excluded.values())
            .map(|n| u64::from(*n))
            .sum(),
        quarantine: held.iter().map(|held| held_health(held, &scenarios, &pool)).collect(),
        rates: rates(&pool)?,
        redundant: items::redundant(&pool),
        consistency: items::consistency(&pool)?,
        scenarios,
        endpoints: pool.endpoints,
        repeated: pool.repeated,
        apart: pool.apart,
    })
}

fn scenario(name: &Arc<str>, item: &Item, signs: Vec<Sign>, pool: &Pool) -> Result<ScenarioHealth, AnalysisError> {
    let mut cells = Vec::new();
    for (endpoint, cell) in pool.endpoints.iter().zip(&item.cells).filter(|(_, cell)| cell.counted() > 0) {
        let (passed, counted) = (cell.passed(), cell.counted());
        let found = flaky_class(passed, counted, FlakyRule::default())?;
        cells.push(CellHealth {
            endpoint: Arc::clone(endpoint),
            passed,
            counted,
            class: found.class.into(),
            p_stable_pass: found.p_stable_pass,
            p_stable_fail: found.p_stable_fail,
            p_stochastic: found.p_flaky,
        });
    }
    let all = |class: Class| cells.iter().all(|c| c.class == class);
    let same = all(Class::StablePass) || all(Class::StableFail);
    let reliability = match () {
        () if signs.iter().any(|s| s.established) => Reliability::Unreliable,
        () if !signs.is_empty() => Reliability::Undetermined,
        () => Reliability::NoSign,
    };
    let outcomes = match () {
        () if cells.is_empty() => Outcomes::None,
        () if cells.iter().all(|c| c.passed == c.counted) => Outcomes::NeverFailed,
        () if cells.iter().all(|c| c.passed == 0) => Outcomes::NeverPassed,
        () if cells.iter().any(|c| c.class == Class::Stochastic) => Outcomes::Stochastic,
        () if cells.iter().all(|c| c.class != Class::Undetermined) => Outcomes::Stable,
        () => Outcomes::Undetermined,
    };
    let telling = items::telling(item, &pool.endpoints, same && !cells.is_empty())?;
    let quarantined = item.quarantined;
    Ok(ScenarioHealth { scenario: Arc::clone(name), reliability, signs, outcomes, telling, quarantined, cells })
}

impl From<Stability> for Class {
    fn from(found: Stability) -> Self {
        match found {
            Stability::StablePass => Self::StablePass,
            Stability::StableFail => Self::StableFail,
            Stability::Flaky => Self::Stochastic,
            Stability::Undetermined => Self::Undetermined,
        }
    }
}

/// The fewest trials that, all passed, say that a scenario passes nearly always.
fn trials_to_settle() -> Result<u64, AnalysisError> {
    for trials in 1..1000 {
        if flaky_class(trials, trials, FlakyRule::default())?.class == Stability::StablePass {
            return Ok(trials);
        }
    }
    Ok(1000)
}

fn held_health(held: &Held, scenarios: &[ScenarioHealth], pool: &Pool) -> HeldHealth {
    let meant = |s: &&ScenarioHealth| {
        *s.scenario == *held.scenario || pool.items.get(&s.scenario).is_some_and(|i| *i.id == *held.scenario)
    };
    let worst = scenarios.iter().filter(meant).map(|s| s.reliability).min_by_key(|r| match r {
        Reliability::Unreliable => 0,
        Reliability::Undetermined => 1,
        Reliability::NoSign => 2,
    });
    let Held { scenario, until, why, over } = held.clone();
    HeldHealth { scenario, until, why, over, reliability: worst }
}

/// Each endpoint's pass rate: the mean over scenarios of the mean over their variants and trials.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn rates(pool: &Pool) -> Result<Vec<RateHealth>, AnalysisError> {
    let rate = |place: usize, all: bool| -> Result<Option<Estimate>, AnalysisError> {
        let mut by_id: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut trials = 0;
        for item in pool.items.values().filter(|item| all || !item.quarantined) {
            let cell = &item.cells[place];
            if cell.counted() > 0 {
                by_id.entry(&item.id).or_default().push(cell.passed() as f64 / cell.counted() as f64);
                trials += cell.counted();
            }
        }
        let rates: Vec<f64> = by_id.values().map(|v| v.iter().sum::<f64>() / v.len() as f64).collect();
        if rates.is_empty() {
            return Ok(None);
        }
        let interval = ci_wilson_stat(&rates, trials as f64, ALPHA)?;
        let value = rates.iter().sum::<f64>() / rates.len() as f64;
        Ok(Some(Estimate { value, low: interval.low, high: interval.high }))
    };
    let one = |(place, endpoint): (usize, &Arc<str>)| {
        Ok(RateHealth {
            endpoint: Arc::clone(endpoint),
            with_quarantined: rate(place, true)?,
            without_quarantined: rate(place, false)?,
        })
    };
    pool.endpoints.iter().enumerate().map(one).collect()
}

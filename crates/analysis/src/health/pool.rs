//! The trials of several runs, put together where they are of one kind.

use super::Apart;
use crate::arm::{Arm, Trial};
use mocktrial_store::Instrument;
use mocktrial_trajectory::{Cause, Digest};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// All that runs know of an endpoint and a scenario.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// The trials that count, in the order of runs and numbers.
    pub(super) trials: Vec<Trial>,
    /// Trials that ended and do not count, by cause.
    pub(super) excluded: BTreeMap<Cause, u32>,
}

impl Cell {
    pub(super) fn passed(&self) -> u64 {
        self.trials.iter().filter(|t| t.passed).count() as u64
    }

    pub(super) fn counted(&self) -> u64 {
        self.trials.len() as u64
    }
}

/// A scenario under every endpoint.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its id; variants share it.
    pub(super) id: Arc<str>,
    /// What all pooled trials have been measured with.
    pub(super) instrument: Instrument,
    /// Whether it is in quarantine.
    pub(super) quarantined: bool,
    /// One for each endpoint, in their order; empty where it was not tried.
    pub(super) cells: Vec<Cell>,
}

/// What is pooled.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// What the endpoints are called.
    pub(super) endpoints: Vec<Arc<str>>,
    /// The scenarios by name.
    pub(super) items: BTreeMap<Arc<str>, Item>,
    /// Trials that were measured with another instrument.
    pub(super) apart: Vec<Apart>,
    /// Trials that are recordings of others.
    pub(super) repeated: u64,
}

/// Puts runs together: the newest run that has a scenario says with what it is measured; trials of older ones count where
/// their instrument is equal, under the endpoint whose name and treatment are equal. A replayed trial whose recording is
/// there already is no new evidence, and left out.
pub(super) fn pool(runs: &[Vec<Arm>]) -> Pool {
    let mut order: Vec<&Vec<Arm>> = runs.iter().collect();
    order.sort_by(|a, b| begun(b).cmp(begun(a)));
    let mut pool = Pool::default();
    let mut places: Vec<(Arc<str>, Digest)> = Vec::new();
    for arm in order.iter().copied().flatten() {
        let key = (Arc::clone(&arm.endpoint), arm.treatment);
        if !places.contains(&key) {
            let taken = places.iter().any(|(name, _)| *name == arm.endpoint);
            let name = if taken { arm.name().into() } else { Arc::clone(&arm.endpoint) };
            pool.endpoints.push(name);
            places.push(key);
        }
    }
    let mut held: HashSet<(usize, Arc<str>, u32, Digest)> = HashSet::new();
    for arm in order.into_iter().flatten() {
        let Some(place) = places.iter().position(|(n, t)| *n == arm.endpoint && *t == arm.treatment) else { continue };
        for (name, task) in &arm.tasks {
            let item = pool.items.entry(Arc::clone(name)).or_insert_with(|| Item {
                id: Arc::clone(&task.id),
                instrument: task.instrument,
                quarantined: task.quarantined,
                cells: vec![Cell::default(); places.len()],
            });
            if item.instrument != task.instrument {
                let trials = u64::from(task.counted() + task.missing());
                pool.apart.push(Apart { scenario: Arc::clone(name), run: arm.run.clone(), trials });
                continue;
            }
            let cell = &mut item.cells[place];
            for trial in &task.trials {
                let new = held.insert((place, Arc::clone(name), trial.number, trial.trajectory));
                if trial.replayed && !new {
                    pool.repeated += 1;
                } else {
                    cell.trials.push(trial.clone());
                }
            }
            task.excluded.iter().for_each(|(cause, n)| *cell.excluded.entry(*cause).or_default() += n);
        }
    }
    pool
}

fn begun(run: &[Arm]) -> &str {
    run.first().map_or("", |arm| &arm.created)
}

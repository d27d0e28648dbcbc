//! The trials of several runs, put together where they are of one kind.

use super::Apart;
use crate::arm::{Arm, Trial};
use mocktrial_store::Instrument;
use mocktrial_trajectory::{Cause, Digest};
use std::collections::{BTreeMap, HashMap};
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
/// their instrument is equal, under the endpoint whose name and treatment are equal. Of a replayed trial and
/// what it replays, only one counts.
pub(super) fn pool(runs: &[Vec<Arm>]) -> Pool {
    // The newest first; of runs begun in the same second, that which is given last.
    let mut order: Vec<&Vec<Arm>> = runs.iter().rev().collect();
    order.sort_by(|a, b| begun(b).cmp(begun(a)));
    let mut pool = Pool::default();
    let mut places: Vec<(Arc<str>, Digest)> = Vec::new();
    for arm in runs.iter().flatten() {
        let key = (Arc::clone(&arm.endpoint), arm.treatment);
        if !places.contains(&key) {
            let taken = places.iter().any(|(name, _)| *name == arm.endpoint);
            let name = if taken { arm.name().into() } else { Arc::clone(&arm.endpoint) };
            pool.endpoints.push(name);
            places.push(key);
        }
    }
    // Whether it is a recording, of each trial that is there.
    let mut held: HashMap<(usize, Arc<str>, u32, Digest), bool> = HashMap::new();
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
                let key = (place, Arc::clone(name), trial.number, trial.trajectory);
                let same = held.insert(key, trial.replayed);
                // Of a recording and what was recorded, one counts; two that were asked for both do.
                if same.is_some_and(|replayed| replayed || trial.replayed) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::Task;
    use std::collections::BTreeSet;

    fn digest(text: &str) -> Digest {
        Digest::of_bytes(b"test", text.as_bytes())
    }

    /// A run of one endpoint and one scenario, whose trials have these trajectories; those with `~` are replayed.
    fn run(created: &str, criteria: &str, trials: &[&str]) -> Vec<Arm> {
        let trial = |(text, number): (&&str, u32)| Trial {
            number,
            dispatch: 0,
            passed: true,
            score: 1.0,
            cost: None,
            latency_ms: None,
            tokens: None,
            replayed: text.starts_with('~'),
            trajectory: digest(text.trim_start_matches('~')),
        };
        let task = Task {
            id: "a".into(),
            variant: "".into(),
            family: "a".into(),
            tags: Vec::new(),
            instrument: Instrument { world: digest("world"), criteria: digest(criteria) },
            trials: trials.iter().zip(1..).map(trial).collect(),
            excluded: BTreeMap::new(),
            planned: 0,
            quarantined: false,
        };
        vec![Arm {
            run: created.to_owned(),
            created: created.to_owned(),
            endpoint: "e".into(),
            treatment: digest("treatment"),
            parts: BTreeMap::new(),
            refused: None,
            decided: None,
            served: BTreeSet::new(),
            tasks: [("a".into(), task)].into(),
        }]
    }

    #[test]
    fn a_recording_counts_once_and_the_same_said_anew_counts_again() {
        let live = run("2026-01-01", "c", &["x", "y"]);
        let replayed = run("2026-01-02", "c", &["~x", "~z"]);
        let again = run("2026-01-03", "c", &["x", "y"]);
        let counted = |runs: &[Vec<Arm>]| {
            let pool = pool(runs);
            (pool.items["a"].cells[0].counted(), pool.repeated)
        };
        assert_eq!(counted(&[replayed.clone(), replayed.clone()]), (2, 2));
        assert_eq!(counted(&[live.clone(), again]), (4, 0));
        // Whichever is given first.
        assert_eq!(counted(&[live.clone(), replayed.clone()]), (3, 1));
        assert_eq!(counted(&[replayed, live]), (3, 1));
    }

    #[test]
    fn the_newest_run_says_with_what_is_measured_in_whatever_order_runs_are_given() {
        let (old, new) = (run("2026-01-01", "c", &["x", "y"]), run("2026-01-02", "d", &["x"]));
        for runs in [[old.clone(), new.clone()], [new, old]] {
            let pool = pool(&runs);
            assert_eq!(pool.items["a"].cells[0].counted(), 1);
            assert_eq!((pool.apart[0].run.as_str(), pool.apart[0].trials), ("2026-01-01", 2));
        }
    }
}

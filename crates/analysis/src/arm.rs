//! One endpoint of one run: what is compared, and what is gated.

use crate::until::Decided;
use mocktrial_store::{EpisodeRow, Instrument, Selection, Store, StoreError, is_unfinished};
use mocktrial_trajectory::{Cause, Digest, EndReason};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// One endpoint of one run, in figures.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The run's name.
    pub run: String,
    /// When the run was begun, RFC 3339 in UTC.
    pub created: String,
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The hash of all that belongs to the endpoint.
    pub treatment: Digest,
    /// The parts of the treatment by name, such as `model` or `prompt`, each with its hash.
    pub parts: BTreeMap<String, Digest>,
    /// Why no rate may be claimed from the run; `None` where it may.
    pub refused: Option<String>,
    /// What the run decided by looking at itself, where it did.
    pub decided: Option<Decided>,
    /// What the provider says it answered with.
    pub served: BTreeSet<String>,
    /// The scenarios that were planned for it, by name (`id` or `id~variant`).
    pub tasks: BTreeMap<Arc<str>, Task>,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Task {
    /// The scenario's id; variants share it.
    pub id: Arc<str>,
    /// Its variant; empty for the scenario as written.
    pub variant: Arc<str>,
    /// Its family.
    pub family: Arc<str>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What must be equal for two results to be compared.
    pub instrument: Instrument,
    /// The trials that count, by number.
    pub trials: Vec<Trial>,
    /// Trials that ended and do not count, by cause.
    pub excluded: BTreeMap<Cause, u32>,
    /// Trials planned.
    pub planned: u32,
    /// Whether verdicts leave it out for a time, because it is unreliable as an instrument.
    pub quarantined: bool,
}

/// A trial that counts.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its number, from 1.
    pub number: u32,
    /// Its number in dispatch order.
    pub dispatch: u64,
    /// Whether it passed.
    pub passed: bool,
    /// Its score in [0, 1].
    pub score: f64,
    /// US dollars, where known.
    pub cost: Option<f64>,
    /// How long the model took in all, in real milliseconds, where measured.
    pub latency_ms: Option<f64>,
    /// Tokens in and out, where reported.
    pub tokens: Option<u64>,
    /// Whether it came from a cassette.
    pub replayed: bool,
    /// The hash of its trajectory.
    pub trajectory: Digest,
}

impl Task {
    /// Trials that passed.
    #[must_use]
    pub fn passed(&self) -> u32 {
        u32::try_from(self.trials.iter().filter(|t| t.passed).count()).unwrap_or(u32::MAX)
    }

    /// Trials that count.
    #[must_use]
    pub fn counted(&self) -> u32 {
        u32::try_from(self.trials.len()).unwrap_or(u32::MAX)
    }

    /// The share of trials that passed; `None` where none counts.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.mean(|t| Some(f64::from(u8::from(t.passed))))
    }

    /// The mean over the trials that have a value; `None` where none has.
    #[must_use]
    pub fn mean(&self, value: impl Fn(&Trial) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.trials.iter().filter_map(value).collect();
        #[allow(clippy::cast_precision_loss, reason = "few trials")]
        let n = values.len() as f64;
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
    }

    /// Trials that were planned and have not run: the run was stopped, or stopped when it knew enough.
    #[must_use]
    pub fn unfinished(&self) -> u32 {
        self.planned.saturating_sub(self.counted()).saturating_sub(self.missing())
    }

    /// Trials that ended and do not count.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.excluded.values().sum()
    }
}

impl Arm {
    /// The endpoints of a run, in its order, read in one walk over its figures.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn read(store: &dyn Store) -> Result<Vec<Self>, StoreError> {
        Self::read_first(store, u32::MAX)
    }

    /// The same with the first `trials` trials of every scenario only.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub fn read_first(store: &dyn Store, trials: u32) -> Result<Vec<Self>, StoreError> {
        let header = store.header()?;
        let refused = match &header.selection {
            Selection::Full => None,
            Selection::Selected { from, why } => {
                Some(format!("its episodes were selected by their outcome in {from} ({why})"))
            }
        };
        let decided = Decided::of(&header);
        let mut arms: Vec<Self> = Vec::new();
        let mut places = HashMap::new();
        for endpoint in store.endpoints()? {
            places.insert(endpoint.name.clone(), arms.len());
            arms.push(Self {
                run: header.name.clone(),
                created: header.created.clone(),
                endpoint: endpoint.name,
                treatment: endpoint.treatment,
                parts: endpoint.parts,
                refused: refused.clone(),
                decided: decided.clone(),
                served: BTreeSet::new(),
                tasks: BTreeMap::new(),
            });
        }
        let scenarios: HashMap<_, _> =
            store.scenarios()?.into_iter().map(|s| ((s.id.clone(), s.variant.clone()), s)).collect();
        for cell in store.cells()? {
            let scenario = scenarios.get(&(cell.scenario.clone(), cell.variant.clone()));
            let (Some(scenario), Some(place)) = (scenario, places.get(&cell.endpoint)) else { continue };
            let task = Task {
                id: scenario.id.clone(),
                variant: scenario.variant.clone(),
                family: scenario.family.clone(),
                tags: scenario.tags.clone(),
                instrument: scenario.instrument,
                trials: Vec::new(),
                excluded: BTreeMap::new(),
                planned: cell.trials.min(trials),
                quarantined: false,
            };
            arms[*place].tasks.insert(scenario.name(), task);
        }
        store.each_row(&mut |row| {
            if let Some(place) = places.get(&row.key.endpoint).filter(|_| row.key.trial <= trials) {
                arms[*place].add(row);
            }
            ControlFlow::Continue(())
        })?;
        // The order in which episodes ended must not matter.
        arms.iter_mut().flat_map(|a| a.tasks.values_mut()).for_each(|t| t.trials.sort_by_key(|t| t.number));
        Ok(arms)
    }

    fn add(&mut self, row: EpisodeRow) {
        let Some(task) = self.tasks.get_mut(&row.key.scenario_name()) else { return };
        if matches!(row.end, EndReason::Cancelled | EndReason::Budget) {
            return;
        }
        if is_unfinished(row.end) || !row.counts() {
            *task.excluded.entry(row.cause.unwrap_or(Cause::Harness)).or_default() += 1;
            return;
        }
        let passed = row.passed == Some(true);
        self.served.extend(row.served);
        task.trials.push(Trial {
            number: row.key.trial,
            dispatch: row.dispatch,
            passed,
            score: row.score.unwrap_or_else(|| f64::from(u8::from(passed))),
            cost: row.cost,
            latency_ms: (!row.latencies_ms.is_empty()).then(|| row.latencies_ms.iter().sum()),
            tokens: row.usage.map(|u| u.input.saturating_add(u.output)),
            replayed: row.replayed,
            trajectory: row.trajectory_hash,
        });
    }

    /// Puts scenarios in quarantine: those whose id, or name as a variant, is held.
    pub fn quarantine(&mut self, held: impl Fn(&str) -> bool) {
        for (name, task) in &mut self.tasks {
            task.quarantined = held(name) || held(&task.id);
        }
    }

    /// The same without any quarantine.
    #[must_use]
    pub fn with_quarantined(&self) -> Self {
        let mut arm = self.clone();
        arm.quarantine(|_| false);
        arm
    }

    /// Every trial that counts.
    pub fn trials(&self) -> impl Iterator<Item = &Trial> {
        self.tasks.values().flat_map(|t| &t.trials)
    }

    /// Trials that count, and those of them that came from cassettes.
    #[must_use]
    pub fn replayed(&self) -> (u64, u64) {
        self.trials().fold((0, 0), |(all, replayed), t| (all + 1, replayed + u64::from(t.replayed)))
    }

    /// Why no rate may be claimed from its trials as from those of a plan of fixed size; `None` where it may.
    #[must_use]
    pub fn no_rate(&self) -> Option<String> {
        self.refused.clone().or_else(|| self.decided.as_ref()?.leans())
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} of {}", self.endpoint, self.run)
    }
}

//! The plan in memory: which cell a key belongs to, and which trials are finished or claimed.
//!
//! Two bits a trial, so that a run of a hundred thousand episodes takes no more memory than its
//! plan does.

use mocktrial_trajectory::EpisodeKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Place = (Arc<str>, Arc<str>, Arc<str>);

#[derive(Debug)]
pub(crate) struct Plan {
    cells: HashMap<Place, i64>,
    marks: Mutex<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    finished: Bits,
    claimed: Bits,
}

#[derive(Debug, Default)]
struct Bits(HashMap<i64, Vec<u64>>);

impl Bits {
    fn get(&self, cell: i64, trial: u32) -> bool {
        let word = self.0.get(&cell).and_then(|words| words.get(trial as usize / 64));
        word.is_some_and(|word| word >> (trial % 64) & 1 == 1)
    }

    fn set(&mut self, cell: i64, trial: u32, on: bool) {
        let words = self.0.entry(cell).or_default();
        let at = trial as usize / 64;
        if words.len() <= at {
            words.resize(at + 1, 0);
        }
        let bit = 1 << (trial % 64);
        if on { words[at] |= bit } else { words[at] &= !bit }
    }
}

impl Plan {
    pub(crate) fn new(cells: impl IntoIterator<Item = (Place, i64)>) -> Self {
        Self { cells: cells.into_iter().collect(), marks: Mutex::default() }
    }

    pub(crate) fn cell(&self, key: &EpisodeKey) -> Option<i64> {
        let place = (key.scenario.clone(), key.variant.clone(), key.endpoint.clone());
        self.cells.get(&place).copied()
    }

    pub(crate) fn finish(&self, cell: i64, trial: u32) {
        self.marks().finished.set(cell, trial, true);
    }

    /// Grants an episode to whoever asks first; never one that has an outcome.
    pub(crate) fn claim(&self, cell: i64, trial: u32) -> bool {
        let mut marks = self.marks();
        if marks.finished.get(cell, trial) || marks.claimed.get(cell, trial) {
            return false;
        }
        marks.claimed.set(cell, trial, true);
        true
    }

    /// Gives a grant back.
    pub(crate) fn release(&self, cell: i64, trial: u32) {
        self.marks().claimed.set(cell, trial, false);
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        // Setting a bit cannot leave the marks half changed.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The trait that stands before a run's storage.

use crate::{
    Asked, Cell, Ended, Endpoint, EpisodeRecord, EpisodeRow, EpisodeTexts, Header, NewScenario, Regrading, Scenario,
    Status, StoreError, StoredEpisode,
};
use mocktrial_trajectory::{Case, EpisodeKey};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// Called once with what came of a write: `Ok` when it is committed. Runs on the writer's thread,
/// so it does little: send on a channel, say.
pub type Ack = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Money and tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// US dollars.
    pub cost: f64,
    /// Tokens, in and out.
    pub tokens: u64,
}

/// What the journal of reservations says, over all processes that ever worked on the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// What was spent and is known.
    pub settled: Spend,
    /// What was reserved and never settled: a killed run may have spent all of it.
    pub unsettled: Spend,
}

/// A run's storage.
///
/// One implementation is a file that one process writes ([`RunFile`](crate::RunFile)); another may
/// be a server on which many machines claim episodes of one plan. Hence [`claim`](Self::claim):
/// a worker runs only what it was granted, and a grant expires, so that the episodes of a machine
/// that died are granted to another.
///
/// Writes are queued and committed in groups by the implementation; reads see what is committed.
pub trait Store: Send + Sync {
    /// The head of the run.
    ///
    /// # Errors
    /// When the storage cannot be read; so for every method below.
    fn header(&self) -> Result<Header, StoreError>;

    /// Its scenarios, in the order in which they are shown.
    #[allow(clippy::missing_errors_doc, reason = "as above; so for every method below")]
    fn scenarios(&self) -> Result<Vec<Scenario>, StoreError>;

    /// What grading needs for a scenario.
    #[allow(clippy::missing_errors_doc)]
    fn case(&self, scenario: &str, variant: &str) -> Result<Option<Case>, StoreError>;

    /// Its endpoints, in the order in which they are shown.
    #[allow(clippy::missing_errors_doc)]
    fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError>;

    /// Its plan, in the order in which it was given.
    #[allow(clippy::missing_errors_doc)]
    fn cells(&self) -> Result<Vec<Cell>, StoreError>;

    /// The episodes that ended, by cell and trial.
    #[allow(clippy::missing_errors_doc)]
    fn ended(&self) -> Result<Vec<Ended>, StoreError>;

    /// Walks over the figures of all episodes, by cell and trial, in constant memory.
    #[allow(clippy::missing_errors_doc)]
    fn each_row(&self, visit: &mut dyn FnMut(EpisodeRow) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// Walks over all episodes with their texts, by cell and trial, in constant memory.
    #[allow(clippy::missing_errors_doc)]
    fn each_episode(&self, visit: &mut dyn FnMut(StoredEpisode) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// Walks over all episodes with their texts unread, in the order in which they were stored, in constant memory.
    fn each_text(&self, visit: &mut dyn FnMut(EpisodeTexts<'_>) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// One episode; `None` where the run holds none of that key.
    #[allow(clippy::missing_errors_doc)]
    fn episode(&self, key: &EpisodeKey) -> Result<Option<StoredEpisode>, StoreError>;

    /// Whether graders have asked anything of such a respondent, as in `Question::to`.
    #[allow(clippy::missing_errors_doc)]
    fn was_asked(&self, of: &str) -> Result<bool, StoreError>;

    /// What the journal says has been, or may have been, spent.
    #[allow(clippy::missing_errors_doc)]
    fn spent(&self) -> Result<Spent, StoreError>;

    /// Asks for episodes to run; returns those granted, in the order asked. Refused are those that
    /// have an outcome and those that another worker holds. A grant lapses after `lease`, or when
    /// the worker's store is closed.
    #[allow(clippy::missing_errors_doc)]
    fn claim(&self, keys: &[EpisodeKey], lease: Duration) -> Result<Vec<EpisodeKey>, StoreError>;

    /// Queues an ended episode. It is finished once `ack` says so. An episode without an outcome
    /// (infrastructure) may be recorded again and is then replaced; an outcome is never
    /// overwritten ([`StoreError::AlreadyFinished`]).
    ///
    /// Blocks while the queue is full, so that memory stays bounded whatever the disk does.
    fn record(&self, episode: EpisodeRecord, ack: Ack);

    /// Journals that up to `bound` may be spent from now on, and returns the reservation's number.
    /// `ack` says when that is safe on disk; a budget that must hold across a kill waits for it
    /// before it sends anything. A reservation may cover one request or many.
    #[allow(clippy::missing_errors_doc)]
    fn reserve(&self, endpoint: &str, bound: Spend, ack: Option<Ack>) -> Result<u64, StoreError>;

    /// Journals what a reservation came to.
    fn settle(&self, reservation: u64, actual: Spend);

    /// Sets how far the run has come. Waits until that is committed.
    #[allow(clippy::missing_errors_doc)]
    fn set_status(&self, status: Status) -> Result<(), StoreError>;

    /// Wants `trials` of every cell, where that is more than before. Waits until that is committed.
    #[allow(clippy::missing_errors_doc)]
    fn set_trials(&self, trials: u32) -> Result<(), StoreError>;

    /// Replaces the cases and criteria hashes of scenarios, and the grades of episodes as they arrive, in
    /// one step: nothing is committed before [`Regrading::Keep`], and memory does not grow with their
    /// number. Waits until all is committed. Where the channel closes before, everything stays as it was.
    ///
    /// # Errors
    /// [`StoreError::Abandoned`] then.
    fn regrade(&self, scenarios: Vec<NewScenario>, episodes: Receiver<Regrading>) -> Result<(), StoreError>;

    /// Sets a note of the run's head. Waits until that is committed.
    #[allow(clippy::missing_errors_doc)]
    fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError>;

    /// Keeps answers to what graders ask of an episode, beside those that it has. Waits until that is
    /// committed: answers are paid for.
    #[allow(clippy::missing_errors_doc)]
    fn keep_answers(&self, key: &EpisodeKey, asked: Vec<Asked>) -> Result<(), StoreError>;

    /// Commits what is queued and waits for it.
    #[allow(clippy::missing_errors_doc)]
    fn flush(&self) -> Result<(), StoreError>;
}

//! The run file: a plan and everything that came of it, in one SQLite file.
//!
//! One process writes a run ([`RunFile::create`], [`RunFile::resume`]); any number may read it
//! ([`RunFile::read`]). Ended episodes are queued and committed in groups, at most 50 ms or 256
//! episodes after the first; an episode is finished once its [`Ack`] says so, and then no kill of
//! the process loses it. A closed run is a single file: copy it, upload it, or open it with any
//! SQLite tool and start with `select * from results` (views: `results`, `scenarios_by_endpoint`,
//! `events`, `responses`, `tool_calls`, `judgements`, described in `docs/data.md`; the tables are documented in the
//! schema that the file holds, and are no promise).
//!
//! ```
//! use mocktrial_store::names;
//!
//! let path = names::new_path("runs".as_ref(), "2026-11-23T14:05:09Z", "retail");
//! assert!(path.ends_with("2026-11-23T14-05-09Z-retail.sqlite"));
//! ```
//!
//! The trait [`Store`] stands before the file, so that a run can live elsewhere.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod episode;
mod error;
mod file;
pub mod names;
mod run;
mod store;

pub use episode::{
    Asked, Ended, EpisodeRecord, EpisodeRow, EpisodeTexts, FailedCriterion, Regrade, Regrading, StoredEpisode,
    is_unfinished,
};
pub use error::StoreError;
pub use file::RunFile;
pub use run::{Cell, Endpoint, Header, Instrument, NewRun, NewScenario, Scenario, Selection, State, Status};
pub use store::{Ack, Spend, Spent, Store};

//! What run files mean.
//!
//! [`summary`] walks over a run once, in memory that depends on its scenarios and endpoints and
//! not on its episodes, and says what came of it: per endpoint the pass rate with its interval,
//! what was left out of it and whose doing that was, and the scenarios on which endpoints differ.
//!
//! The unit is the scenario: a rate is the mean over scenarios of the mean over their trials.
//! Episodes that ended by infrastructure, or could not be graded, leave the denominator; they are
//! counted by cause, and bound the rate from both sides. A run whose episodes were picked by their
//! outcome claims no rate at all.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod allocation;
mod arm;
pub mod audit;
pub mod calibration;
pub mod compare;
mod episode;
pub mod fairness;
pub mod gate;
pub mod health;
mod histogram;
mod judged;
pub mod power;
pub mod protocol;
mod provenance;
pub mod scaling;
pub mod simulated;
mod summary;
mod tally;
pub mod until;

pub use arm::{Arm, Task, Trial};
pub use episode::{Episode, EpisodeError, episode};
pub use judged::{JudgedItem, JudgedPass, JudgedRate, JudgedRun, calibrations, keep_calibration};
/// The run file, for those who read episodes behind the figures.
pub use mocktrial_store as store;
pub use mocktrial_store::{EpisodeRow, EpisodeTexts, FailedCriterion, Header, Selection, State, Status};
pub use provenance::{Provenance, Treatment};
pub use summary::{
    Bounds, CellSummary, Difference, EndpointSummary, Estimate, FailureKind, FailureSummary, Latency, Outcome, PassHat,
    ScenarioSummary, Summary,
};
pub use tally::{AnalysisError, summary};

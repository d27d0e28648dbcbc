//! One episode, as it is shown.

use mocktrial_store::{EpisodeRecord, EpisodeRow, Store, StoreError, StoredEpisode};
use mocktrial_trajectory::{EpisodeKey, Grade, Measurements, Trajectory};

/// An episode with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// Its figures.
    pub row: EpisodeRow,
    /// Its trajectory.
    pub trajectory: Trajectory,
    /// What was measured.
    pub measurements: Measurements,
    /// What the graders said.
    pub grades: Vec<Grade>,
}

/// Why an episode cannot be shown.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpisodeError {
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its trajectory cannot be read.
    #[error("the trajectory of {episode} cannot be read: {message}")]
    Trajectory {
        /// The episode's key, as it is shown.
        episode: String,
        /// What is wrong.
        message: String,
    },
}

impl TryFrom<StoredEpisode> for Episode {
    type Error = EpisodeError;

    fn try_from(stored: StoredEpisode) -> Result<Self, EpisodeError> {
        let trajectory = read(&stored.row, &stored.trajectory)?;
        Ok(Self { row: stored.row, trajectory, measurements: stored.measurements, grades: stored.grades })
    }
}

impl TryFrom<EpisodeRecord> for Episode {
    type Error = EpisodeError;

    fn try_from(record: EpisodeRecord) -> Result<Self, EpisodeError> {
        let trajectory = read(&record.row, &record.trajectory)?;
        Ok(Self { row: record.row, trajectory, measurements: record.measurements, grades: record.grades })
    }
}

fn read(row: &EpisodeRow, json: &str) -> Result<Trajectory, EpisodeError> {
    Trajectory::from_json(json)
        .map_err(|e| EpisodeError::Trajectory { episode: row.key.to_string(), message: e.to_string() })
}

/// Reads one episode of a run; `None` where the run holds none of that key.
///
/// # Errors
/// When the run or the episode's trajectory cannot be read.
pub fn episode(store: &dyn Store, key: &EpisodeKey) -> Result<Option<Episode>, EpisodeError> {
    store.episode(key)?.map(Episode::try_from).transpose()
}

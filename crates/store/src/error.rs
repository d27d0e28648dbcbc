//! What can go wrong with a run file.

use std::path::PathBuf;
use std::sync::Arc;

/// Why the store could not do what was asked. Cheap to clone, because one failed commit is
/// reported to every episode that was in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk (or the quota) is full. Nothing of the group that failed was written.
    #[error("the disk is full: {} could not be written. Free some space and run again with --resume", path.display())]
    DiskFull {
        /// The run file.
        path: PathBuf,
    },
    /// Another process is writing this run.
    #[error("another process{} is writing {}: wait until it ends, or stop it", pid.map(|p| format!(" (number {p})")).unwrap_or_default(), path.display())]
    Locked {
        /// The run file.
        path: PathBuf,
        /// The other process, where it is known.
        pid: Option<u32>,
    },
    /// There is no such file.
    #[error("there is no run at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A new run was to be created where a file is already.
    #[error("{} exists already; a new run never overwrites one", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a run file.
    #[error("{} is not a run of mocktrial", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is a run file, and damaged.
    #[error("{} is damaged: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A later mocktrial wrote the file.
    #[error("{} was written by a newer mocktrial (file version {found}, this one reads up to {known}): update mocktrial", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A writing method was called on a run opened for reading.
    #[error("{} is open for reading only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The episode has an outcome already, and outcomes are never overwritten.
    #[error("{episode} is finished already; its outcome is kept")]
    AlreadyFinished {
        /// The episode's key, as it is shown.
        episode: String,
    },
    /// The episode is not part of the run's plan.
    #[error("{episode} is not in the plan of this run")]
    NotPlanned {
        /// The episode's key, as it is shown.
        episode: String,
    },
    /// The writer has stopped, after an error that was reported before or because the run was closed.
    #[error("the run is closed for writing")]
    Closed,
    /// New grades stopped coming before they were to be kept; the old ones stand.
    #[error("grading anew was broken off; every grade is as it was")]
    Abandoned,
    /// A file operation failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// SQLite failed in a way that none of the others names.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The run file.
        path: PathBuf,
        /// What SQLite said.
        source: Arc<rusqlite::Error>,
    },
}

impl StoreError {
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::DiskFull { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(crate) fn sqlite(path: &std::path::Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, pid: None },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail: source.to_string() },
            _ => Self::Sqlite { path, source: Arc::new(source) },
        }
    }
}

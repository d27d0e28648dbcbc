//! The run file: SQLite.

mod lock;
mod open;
mod plan;
mod put;
mod read;
mod writer;

use crate::{
    Ack, Asked, Cell, Ended, Endpoint, EpisodeRecord, EpisodeRow, EpisodeTexts, Header, NewRun, NewScenario, Regrading,
    Scenario, Spend, Spent, Status, Store, StoreError, StoredEpisode,
};
use lock::Lock;
use mocktrial_trajectory::{Case, EpisodeKey};
use open::Open;
use plan::Plan;
use rusqlite::{Connection, params};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use writer::{Write, Writer};

/// A run as one SQLite file.
///
/// While it is open for writing, SQLite keeps a log (`-wal`, `-shm`) and this crate a lock
/// (`.lock`) beside it; closing leaves the one file. After a kill, whoever opens it next puts the
/// log into the file.
#[derive(Debug)]
pub struct RunFile {
    path: PathBuf,
    writer: Option<Writer>,
    plan: Arc<Plan>,
    /// Connections for reading that are not in use.
    readers: Mutex<Vec<Connection>>,
    reservation: AtomicU64,
}

impl RunFile {
    /// Begins a run in a new file at `path`, which is open for writing until [`close`](Self::close).
    /// The folder is made where it is missing. The run is called like the file.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Locked`], [`StoreError::DiskFull`] or a failed file operation.
    pub fn create(path: &Path, run: &NewRun) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::io(folder, e))?;
        }
        let lock = Lock::take(path)?;
        let name = path.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Open { path }.create(&name, run)?;
        Self::write(path, lock)
    }

    /// Opens a run for reading; another process may be writing it.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Foreign`], [`StoreError::Newer`], [`StoreError::Corrupt`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let open = Open { path };
        let first = open.reader()?;
        drop(first);
        // A log beside the file is either a living writer's, who holds the lock, or was left by a
        // killed one. Where it cannot be tidied (a read-only folder, say) it can still be read.
        if open.untidy()?
            && let Ok(_lock) = Lock::take(path)
        {
            drop(open.tidy());
        }
        Self::with(path, None)
    }

    /// Opens a run for writing, to resume or re-grade it.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`StoreError::Locked`] while another process writes it.
    pub fn resume(path: &Path) -> Result<Self, StoreError> {
        Open { path }.reader()?;
        let lock = Lock::take(path)?;
        Self::write(path, lock)
    }

    fn write(path: &Path, lock: Lock) -> Result<Self, StoreError> {
        let db = Open { path }.writer()?;
        Self::with(path, Some((db, lock)))
    }

    fn with(path: &Path, writing: Option<(Connection, Lock)>) -> Result<Self, StoreError> {
        let err = |e| StoreError::sqlite(path, e);
        let reader = Open { path }.reader()?;
        // Only who writes needs to know what is planned and finished.
        let cells = if writing.is_some() { read::cells(&reader).map_err(err)? } else { Vec::new() };
        let plan = Plan::new(cells.into_iter().map(|(n, c)| ((c.scenario, c.variant, c.endpoint), n)));
        if writing.is_some() {
            read::finished(&reader, &mut |cell, trial| plan.finish(cell, trial)).map_err(err)?;
        }
        let reservation = AtomicU64::new(read::last_reservation(&reader).map_err(err)?);
        let plan = Arc::new(plan);
        let writer = match writing {
            Some((db, lock)) => Some(Writer::start(path, db, lock, plan.clone())?),
            None => None,
        };
        Ok(Self { path: path.to_owned(), writer, plan, readers: Mutex::new(vec![reader]), reservation })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets what is committed be moved from the log into the file while the caller reads: closing has less to do then.
    /// Neither waited for nor reported.
    pub fn checkpoint(&self) {
        if let Some(writer) = &self.writer {
            writer.send(Write::Checkpoint);
        }
    }

    /// Commits what is queued and leaves a single file. Dropping does the same and cannot report errors.
    ///
    /// # Errors
    /// When the last commit, or one before it, failed.
    pub fn close(self) -> Result<(), StoreError> {
        self.finish()
    }

    fn finish(&self) -> Result<(), StoreError> {
        // Our own readers would keep the log alive.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.writer.as_ref().map_or(Ok(()), Writer::close)
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly { path: self.path.clone() })
    }

    /// Reads with a connection of its own, so that a read may be made from within a read.
    fn with_reader<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let pool = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = pool().pop();
        let db = match idle {
            Some(db) => db,
            None => Open { path: &self.path }.reader()?,
        };
        let result = work(&db).map_err(|e| self.explain(e));
        pool().push(db);
        result
    }

    /// What was read and does not fit is damage, unlike what SQLite itself reports.
    fn explain(&self, error: rusqlite::Error) -> StoreError {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
                StoreError::Corrupt { path: self.path.clone(), detail: error.to_string() }
            }
            other => StoreError::sqlite(&self.path, other),
        }
    }

    fn change(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.writer()?.wait(|ack| Write::Change(Box::new(change), ack))
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        // `close` reports what went wrong; whoever drops has chosen not to hear it.
        let _ = self.finish();
    }
}

impl Store for RunFile {
    fn header(&self) -> Result<Header, StoreError> {
        self.with_reader(read::header)
    }

    fn scenarios(&self) -> Result<Vec<Scenario>, StoreError> {
        self.with_reader(read::scenarios)
    }

    fn case(&self, scenario: &str, variant: &str) -> Result<Option<Case>, StoreError> {
        self.with_reader(|db| read::case(db, scenario, variant))
    }

    fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.with_reader(read::endpoints)
    }

    fn cells(&self) -> Result<Vec<Cell>, StoreError> {
        let cells = self.with_reader(read::cells)?;
        Ok(cells.into_iter().map(|(_, cell)| cell).collect())
    }

    fn ended(&self) -> Result<Vec<Ended>, StoreError> {
        self.with_reader(read::ended)
    }

    fn each_row(&self, visit: &mut dyn FnMut(EpisodeRow) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.with_reader(|db| read::rows(db, visit))
    }

    fn each_episode(&self, visit: &mut dyn FnMut(StoredEpisode) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.with_reader(|db| read::episodes(db, visit))
    }

    fn each_text(&self, visit: &mut dyn FnMut(EpisodeTexts<'_>) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.with_reader(|db| read::texts(db, visit))
    }

    fn episode(&self, key: &EpisodeKey) -> Result<Option<StoredEpisode>, StoreError> {
        self.with_reader(|db| read::episode(db, key))
    }

    fn was_asked(&self, of: &str) -> Result<bool, StoreError> {
        self.with_reader(|db| read::was_asked(db, of))
    }

    fn spent(&self) -> Result<Spent, StoreError> {
        self.with_reader(read::spent)
    }

    /// One process writes a run file, and its death releases every grant: `lease` is not needed.
    fn claim(&self, keys: &[EpisodeKey], _lease: Duration) -> Result<Vec<EpisodeKey>, StoreError> {
        self.writer()?;
        let mut granted = Vec::with_capacity(keys.len());
        for key in keys {
            let not_planned = || StoreError::NotPlanned { episode: key.to_string() };
            let cell = self.plan.cell(key).ok_or_else(not_planned)?;
            if self.plan.claim(cell, key.trial) {
                granted.push(key.clone());
            }
        }
        Ok(granted)
    }

    fn record(&self, episode: EpisodeRecord, ack: Ack) {
        match self.writer() {
            Err(error) => ack(Err(error)),
            Ok(writer) => {
                if let Some(cell) = self.plan.cell(&episode.row.key) {
                    // Without an outcome it may be tried again; with one, it is finished once committed.
                    if episode.row.passed.is_none() {
                        self.plan.release(cell, episode.row.key.trial);
                    }
                }
                writer.send(Write::Episode(Box::new(episode), ack));
            }
        }
    }

    fn reserve(&self, endpoint: &str, bound: Spend, ack: Option<Ack>) -> Result<u64, StoreError> {
        let id = self.reservation.fetch_add(1, Ordering::Relaxed) + 1;
        self.writer()?.send(Write::Reserve { id, endpoint: endpoint.to_owned(), bound, ack });
        Ok(id)
    }

    fn settle(&self, reservation: u64, actual: Spend) {
        if let Ok(writer) = self.writer() {
            writer.send(Write::Settle { id: reservation, actual });
        }
    }

    fn set_status(&self, status: Status) -> Result<(), StoreError> {
        self.change(move |db| {
            let sql = "update run set status = ?, status_reason = ?";
            db.execute(sql, params![status.state.as_str(), status.reason]).map(|_| ())
        })
    }

    fn set_trials(&self, trials: u32) -> Result<(), StoreError> {
        self.change(move |db| {
            db.execute("update cells set trials = max(trials, ?)", [trials])?;
            db.execute("update run set trials = max(trials, ?)", [trials]).map(|_| ())
        })
    }

    fn regrade(&self, scenarios: Vec<NewScenario>, episodes: Receiver<Regrading>) -> Result<(), StoreError> {
        let plan = self.plan.clone();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let changed = self.change(move |db| {
            db.execute_batch("savepoint regrade")?;
            let kept = put::regrade(db, &plan, &scenarios, &episodes)?;
            db.execute_batch(if kept { "release regrade" } else { "rollback to regrade; release regrade" })?;
            // The one who waits for the change reads it.
            let _ = tell.send(kept);
            Ok(())
        });
        changed?;
        if told.recv().unwrap_or(false) { Ok(()) } else { Err(StoreError::Abandoned) }
    }

    fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let (key, text) = (key.to_owned(), text.to_owned());
        self.change(move |db| put::note(db, &key, &text))
    }

    fn keep_answers(&self, key: &EpisodeKey, asked: Vec<Asked>) -> Result<(), StoreError> {
        let (plan, key) = (self.plan.clone(), key.clone());
        self.change(move |db| put::answers(db, &plan, &key, &asked))
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.writer()?.wait(Write::Flush)
    }
}

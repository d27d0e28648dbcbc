//! The one thread that writes: it gathers what is queued into groups and commits each at once.

use super::lock::Lock;
use super::plan::Plan;
use super::{open, put};
use crate::{Ack, EpisodeRecord, Spend, StoreError};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Episodes that may wait to be written before `record` blocks.
const QUEUE: usize = 512;
/// A group is committed when it has this many entries …
const GROUP: usize = 256;
/// … or this long after its first.
const WINDOW: Duration = Duration::from_millis(50);

/// A change that is committed at once.
pub(crate) type Change = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

pub(crate) enum Write {
    Episode(Box<EpisodeRecord>, Ack),
    Reserve {
        id: u64,
        endpoint: String,
        bound: Spend,
        ack: Option<Ack>,
    },
    Settle {
        id: u64,
        actual: Spend,
    },
    Change(Change, Ack),
    Flush(Ack),
    /// Move what is committed from the log into the file.
    Checkpoint,
    Close(Ack),
}

impl Write {
    /// Whether somebody waits for it: then the group is not kept open for more.
    fn is_urgent(&self) -> bool {
        match self {
            Self::Episode(..) | Self::Settle { .. } => false,
            Self::Reserve { ack, .. } => ack.is_some(),
            Self::Change(..) | Self::Flush(_) | Self::Checkpoint | Self::Close(_) => true,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    queue: SyncSender<Write>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(path: &Path, db: Connection, lock: Lock, plan: Arc<Plan>) -> Result<Self, StoreError> {
        let (queue, writes) = sync_channel(QUEUE);
        let work = Work { path: path.to_owned(), db, plan, failed: None };
        let thread = std::thread::Builder::new()
            .name("run-file".into())
            .spawn(move || {
                work.run(&writes);
                // Released only after the connection is closed.
                drop(lock);
            })
            .map_err(|e| StoreError::io(path, e))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a write; blocks while the queue is full.
    pub(crate) fn send(&self, write: Write) {
        let Err(unsent) = self.queue.send(write) else { return };
        match unsent.0 {
            Write::Episode(_, ack) | Write::Change(_, ack) | Write::Flush(ack) | Write::Close(ack) => {
                ack(Err(StoreError::Closed));
            }
            Write::Reserve { ack: Some(ack), .. } => ack(Err(StoreError::Closed)),
            Write::Reserve { ack: None, .. } | Write::Settle { .. } | Write::Checkpoint => {}
        }
    }

    /// Queues a write and waits until it is committed.
    pub(crate) fn wait(&self, write: impl FnOnce(Ack) -> Write) -> Result<(), StoreError> {
        let (tell, told) = sync_channel(1);
        self.send(write(Box::new(move |result| {
            // The one who asked may be gone.
            let _ = tell.send(result);
        })));
        told.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Commits what is queued and ends the thread.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let thread = self.thread.lock().ok().and_then(|mut slot| slot.take());
        let Some(thread) = thread else { return Ok(()) };
        let result = self.wait(Write::Close);
        // A panic in an `ack` of the caller is the caller's; what was committed stands.
        let _ = thread.join();
        result
    }
}

struct Work {
    path: PathBuf,
    db: Connection,
    plan: Arc<Plan>,
    /// The error after which nothing more is written.
    failed: Option<StoreError>,
}

/// What is told to whom after the commit. `Err` only for what concerns that write alone.
type Told = (Ack, Result<(), StoreError>);

impl Work {
    fn run(mut self, writes: &Receiver<Write>) {
        let mut closing = None;
        while closing.is_none() {
            // All senders gone without `close`: the same as closing, with nobody to tell.
            let Ok(first) = writes.recv() else { break };
            let group = gather(first, writes);
            let checkpoint = group.iter().any(|write| matches!(write, Write::Checkpoint));
            closing = self.commit(group);
            if checkpoint && closing.is_none() {
                // Closing does what is left of it, and reports what goes wrong.
                let _ = self.db.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
            }
        }
        let result = match self.failed {
            Some(error) => Err(error),
            None => open::settle(&self.db).map_err(|e| StoreError::sqlite(&self.path, e)),
        };
        let closed = self.db.close().map_err(|(_, e)| StoreError::sqlite(&self.path, e));
        if let Some(ack) = closing {
            ack(result.and(closed));
        }
    }

    /// Writes a group in one transaction and tells everyone. Returns whom to tell of the end, if
    /// the group held the wish to close.
    fn commit(&mut self, group: Vec<Write>) -> Option<Ack> {
        let mut told: Vec<Told> = Vec::with_capacity(group.len());
        let mut closing = None;
        if self.failed.is_none() {
            self.failed = self.write(group, &mut told, &mut closing).err().map(|e| StoreError::sqlite(&self.path, e));
        } else {
            for write in group {
                match write {
                    Write::Episode(_, ack) | Write::Change(_, ack) | Write::Flush(ack) => told.push((ack, Ok(()))),
                    Write::Reserve { ack, .. } => told.extend(ack.map(|ack| (ack, Ok(())))),
                    Write::Settle { .. } | Write::Checkpoint => {}
                    Write::Close(ack) => closing = Some(ack),
                }
            }
        }
        for (ack, result) in told {
            ack(match &self.failed {
                Some(error) => Err(error.clone()),
                None => result,
            });
        }
        closing
    }

    fn write(&self, group: Vec<Write>, told: &mut Vec<Told>, closing: &mut Option<Ack>) -> rusqlite::Result<()> {
        let mut failure = Ok(());
        let db = &self.db;
        let mut check = |result: rusqlite::Result<()>| {
            if failure.is_ok() {
                failure = result;
            }
        };
        check(db.prepare_cached("begin immediate").and_then(|mut s| s.execute([])).map(|_| ()));
        for write in group {
            // After a failure nothing more is tried, but everyone is still told.
            match write {
                Write::Episode(episode, ack) => {
                    let mut own = Ok(());
                    match put::episode(db, &self.plan, &episode) {
                        Ok(outcome) => own = outcome,
                        Err(error) => check(Err(error)),
                    }
                    told.push((ack, own));
                }
                Write::Reserve { id, endpoint, bound, ack } => {
                    check(put::reserve(db, id, &endpoint, bound));
                    told.extend(ack.map(|ack| (ack, Ok(()))));
                }
                Write::Settle { id, actual } => check(put::settle(db, id, actual)),
                Write::Change(change, ack) => {
                    check(change(db));
                    told.push((ack, Ok(())));
                }
                Write::Flush(ack) => told.push((ack, Ok(()))),
                Write::Checkpoint => {}
                Write::Close(ack) => *closing = Some(ack),
            }
        }
        if failure.is_ok() {
            failure = db.prepare_cached("commit").and_then(|mut s| s.execute([])).map(|_| ());
        }
        if failure.is_err() && !db.is_autocommit() {
            // The group goes as a whole; SQLite may have rolled it back by itself.
            let _ = db.execute_batch("rollback");
        }
        failure
    }
}

/// Takes what comes within the window, or what is there already when somebody waits.
fn gather(first: Write, writes: &Receiver<Write>) -> Vec<Write> {
    let until = Instant::now() + WINDOW;
    let mut urgent = first.is_urgent();
    let mut group = vec![first];
    while group.len() < GROUP {
        let next = if urgent {
            writes.try_recv().ok()
        } else {
            writes.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
        };
        let Some(next) = next else { break };
        urgent |= next.is_urgent();
        let last = matches!(next, Write::Close(_));
        group.push(next);
        if last {
            break;
        }
    }
    group
}

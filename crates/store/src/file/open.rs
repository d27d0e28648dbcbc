//! Creating, opening and migrating the file.

use crate::{NewRun, StoreError};
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `MOCK`, in SQLite's header: how a run file is told from other databases.
const APPLICATION: u32 = 0x4d4f_434b;

/// The steps from each version of the schema to the next. Never edit one that was released. A file that has no views yet, or
/// older ones, is given them when it is next opened.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("views.sql")];

/// How long a reader waits for a lock that SQLite holds for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Open<'a> {
    pub(crate) path: &'a Path,
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl Open<'_> {
    fn err(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |e| StoreError::sqlite(self.path, e)
    }

    /// Writes a whole new run under another name, and gives it its own when it is on disk: a run
    /// file is never half begun.
    pub(crate) fn create(&self, name: &str, run: &NewRun) -> Result<(), StoreError> {
        let path = self.path;
        if path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let part = sibling(path, ".part");
        if part.exists() {
            std::fs::remove_file(&part).map_err(|e| StoreError::io(&part, e))?;
        }
        let result = self.begin(&part, name, run);
        if result.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        result?;
        std::fs::rename(&part, path).map_err(|e| StoreError::io(path, e))
    }

    fn begin(&self, part: &Path, name: &str, run: &NewRun) -> Result<(), StoreError> {
        let err = self.err();
        let mut db = Connection::open(part).map_err(&err)?;
        // Nothing is lost if this is cut short: the file has no name yet. Synchronised once, below.
        // Pages are as small as they are by default: a scenario or a trajectory takes some 4 kB, and of larger
        // pages half would stay empty.
        db.execute_batch("pragma journal_mode = off; pragma synchronous = off;").map_err(&err)?;
        db.pragma_update(None, "application_id", APPLICATION).map_err(&err)?;
        migrate(&mut db, MIGRATIONS).map_err(&err)?;
        insert(&mut db, name, run).map_err(&err)?;
        db.close().map_err(|(_, e)| err(e))?;
        std::fs::File::open(part).and_then(|f| f.sync_all()).map_err(|e| StoreError::io(part, e))
    }

    /// A connection that writes. The caller holds the lock.
    pub(crate) fn writer(&self) -> Result<Connection, StoreError> {
        self.exists()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(self.path, flags).map_err(self.err())?;
        self.check(&db)?;
        db.busy_timeout(PATIENCE).map_err(self.err())?;
        migrate(&mut db, MIGRATIONS).map_err(self.err())?;
        // A commit is on disk before it is acknowledged (`full`), without rewriting pages in
        // place each time (`wal`).
        db.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off;")
            .map_err(self.err())?;
        db.set_prepared_statement_cache_capacity(32);
        Ok(db)
    }

    /// A connection that reads.
    pub(crate) fn reader(&self) -> Result<Connection, StoreError> {
        self.exists()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(self.path, flags).map_err(self.err())?;
        db.busy_timeout(PATIENCE).map_err(self.err())?;
        self.check(&db)?;
        Ok(db)
    }

    /// What a killed writer left beside the file goes into the file; an older schema is brought up
    /// to date. The caller holds the lock.
    pub(crate) fn tidy(&self) -> Result<(), StoreError> {
        let db = self.writer()?;
        settle(&db).map_err(self.err())?;
        db.close().map_err(|(_, e)| self.err()(e))
    }

    /// Whether [`tidy`](Self::tidy) has something to do.
    pub(crate) fn untidy(&self) -> Result<bool, StoreError> {
        if sibling(self.path, "-wal").exists() {
            return Ok(true);
        }
        let version = version(&self.reader()?).map_err(self.err())?;
        Ok((version as usize) < MIGRATIONS.len())
    }

    fn exists(&self) -> Result<(), StoreError> {
        match std::fs::metadata(self.path) {
            Ok(found) if found.is_file() => Ok(()),
            Ok(_) => Err(StoreError::Foreign { path: self.path.to_owned() }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Missing { path: self.path.to_owned() })
            }
            Err(e) => Err(StoreError::io(self.path, e)),
        }
    }

    fn check(&self, db: &Connection) -> Result<(), StoreError> {
        let path = || self.path.to_owned();
        let application: u32 = db.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(self.err())?;
        if application != APPLICATION {
            return Err(StoreError::Foreign { path: path() });
        }
        let found = version(db).map_err(self.err())?;
        let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
        if found > known {
            return Err(StoreError::Newer { path: path(), found, known });
        }
        Ok(())
    }
}

/// Empties the write-ahead log into the file and removes it, so that the run is one file.
pub(crate) fn settle(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    // Refused while somebody reads; then the log stays until the next close, and is empty.
    let _ = db.query_row("pragma journal_mode = delete", [], |_| Ok(()));
    Ok(())
}

fn version(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |r| r.get(0))
}

fn migrate(db: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let from = version(db)? as usize;
    for (n, step) in steps.iter().enumerate().skip(from) {
        let tx = db.transaction()?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", u32::try_from(n + 1).unwrap_or(u32::MAX))?;
        tx.commit()?;
    }
    Ok(())
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Maps with string keys and plain values: serialising them cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn insert(db: &mut Connection, name: &str, run: &NewRun) -> rusqlite::Result<()> {
    use crate::{NewScenario, Selection};
    let tx = db.transaction()?;
    let head = &run.header;
    let (from, why) = match &head.selection {
        Selection::Full => (None, None),
        Selection::Selected { from, why } => (Some(from), Some(why)),
    };
    tx.execute(
        "insert into run values (1, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', ?)",
        params![
            name,
            head.created,
            head.harness,
            head.seed.to_string(),
            head.suite.to_string(),
            head.trials,
            from,
            why,
            json(&head.notes)
        ],
    )?;
    {
        let mut put = tx.prepare("insert into scenarios values (null, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        // Half of the work is to write cases as JSON: another thread does it a little ahead.
        std::thread::scope(|scope| -> rusqlite::Result<()> {
            let (to, cases) = std::sync::mpsc::sync_channel(64);
            scope.spawn(move || run.scenarios.iter().try_for_each(|NewScenario { case, .. }| to.send(json(case))));
            for (NewScenario { scenario: s, .. }, case) in run.scenarios.iter().zip(cases) {
                let Instruments { world, criteria } = Instruments::of(s);
                put.execute(params![s.id, s.variant, s.family, s.title, json(&s.tags), world, criteria, case])?;
            }
            Ok(())
        })?;
        let mut put = tx.prepare("insert into endpoints values (null, ?, ?, ?, ?, ?)")?;
        for e in &run.endpoints {
            let price = e.price.as_ref().map(json);
            put.execute(params![e.name, e.treatment.to_string(), json(&e.parts), json(&e.configuration), price])?;
        }
        let mut put = tx.prepare(
            "insert into cells values (null, (select n from scenarios where id = ? and variant = ?),
             (select n from endpoints where name = ?), ?, ?)",
        )?;
        for c in &run.cells {
            put.execute(params![c.scenario, c.variant, c.endpoint, c.trials, c.treatment.map(|d| d.to_string())])?;
        }
    }
    tx.commit()
}

struct Instruments {
    world: String,
    criteria: String,
}

impl Instruments {
    fn of(scenario: &crate::Scenario) -> Self {
        let instrument = &scenario.instrument;
        Self { world: instrument.world.to_string(), criteria: instrument.criteria.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_migration_is_applied_once_and_in_order() {
        let mut db = Connection::open_in_memory().unwrap();
        let first = ["create table a (x)"];
        migrate(&mut db, &first).unwrap();
        let both = ["create table a (x)", "alter table a add column y; insert into a values (1, 2)"];
        migrate(&mut db, &both).unwrap();
        migrate(&mut db, &both).unwrap();
        let rows: u32 = db.query_row("select count(*) from a where y = 2", [], |r| r.get(0)).unwrap();
        assert_eq!((version(&db).unwrap(), rows), (2, 1));
    }

    #[test]
    fn a_migration_that_fails_leaves_the_version_before_it() {
        let mut db = Connection::open_in_memory().unwrap();
        let broken = ["create table a (x)", "create table b (x); insert into nowhere values (1)"];
        assert!(migrate(&mut db, &broken).is_err());
        let tables: u32 = db.query_row("select count(*) from sqlite_master", [], |r| r.get(0)).unwrap();
        assert_eq!((version(&db).unwrap(), tables), (1, 1));
    }
}

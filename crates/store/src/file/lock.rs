//! One writer per run: a lock file beside the run, held as long as the run is open for writing.
//!
//! The system releases it when the process dies. It is a file of its own because SQLite's locks
//! are held for the time of a transaction only, and because readers must not be shut out.

use crate::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the run at `run`, or says who has it.
    pub(crate) fn take(run: &Path) -> Result<Self, StoreError> {
        let mut name = run.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = opened.map_err(|e| StoreError::io(&path, e))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut pid = String::new();
                    // Where it cannot be read, the message does without the number.
                    let _ = file.read_to_string(&mut pid);
                    return Err(StoreError::Locked { path: run.to_owned(), pid: pid.trim().parse().ok() });
                }
                Err(TryLockError::Error(e)) => return Err(StoreError::io(&path, e)),
            }
            // Whoever held it before may have removed the file between our opening and locking it:
            // then this lock guards nothing.
            if still_there(&file, &path) {
                let _ = file.set_len(0);
                let _ = write!(file, "{}", std::process::id());
                return Ok(Self { file, path });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // First removed, then released: in between, nobody can take a lock that is about to vanish
        // and keep it (see `still_there`).
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

#[cfg(unix)]
fn still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => held.dev() == there.dev() && held.ino() == there.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn still_there(_: &File, path: &Path) -> bool {
    path.exists()
}

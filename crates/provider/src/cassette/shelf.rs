//! The files in memory: those that were used last.

use super::file::Tape;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many files stay in memory. Runs go through a scenario's trials one after another or go round
/// all scenarios; 256 files hold the whole of most suites, and a few MB.
const KEPT: usize = 256;

/// What a file holds, or why it cannot be read.
pub(super) type Loaded = Result<Arc<Tape>, String>;

/// A file; its lock is held while it is read or written.
#[derive(Debug, Default)]
pub(super) struct Shelf(pub(super) Mutex<Option<Loaded>>);

/// The shelves by path.
#[derive(Debug, Default)]
pub(super) struct Shelves(Mutex<Shelving>);

#[derive(Debug, Default)]
struct Shelving {
    shelves: HashMap<PathBuf, Kept>,
    /// Counts uses.
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    last_use: u64,
    shelf: Arc<Shelf>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelves {
    /// The shelf of a file. Where there are too many, the one that went unused for longest goes;
    /// one that somebody holds stays, so that there are never two of one file.
    pub(super) fn get(&self, path: &Path) -> Arc<Shelf> {
        let mut all = lock(&self.0);
        all.uses += 1;
        let last_use = all.uses;
        if let Some(kept) = all.shelves.get_mut(path) {
            kept.last_use = last_use;
            return kept.shelf.clone();
        }
        if all.shelves.len() >= KEPT {
            let free = all.shelves.iter().filter(|(_, kept)| Arc::strong_count(&kept.shelf) == 1);
            if let Some(oldest) = free.min_by_key(|(_, kept)| kept.last_use).map(|(path, _)| path.clone()) {
                all.shelves.remove(&oldest);
            }
        }
        let shelf = Arc::<Shelf>::default();
        all.shelves.insert(path.to_owned(), Kept { last_use, shelf: shelf.clone() });
        shelf
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_used_last_stay_in_memory_and_no_more_than_so_many() {
        let shelves = Shelves::default();
        let [used, unused] = ["used", "unused"].map(|name| Arc::downgrade(&shelves.get(Path::new(name))));
        let held = shelves.get(Path::new("held"));
        for n in 0..2 * KEPT {
            shelves.get(Path::new(&format!("{n}")));
            shelves.get(Path::new("used"));
        }
        assert!(used.upgrade().is_some());
        assert!(unused.upgrade().is_none());
        assert!(Arc::ptr_eq(&held, &shelves.get(Path::new("held"))));
        assert_eq!(lock(&shelves.0).shelves.len(), KEPT);
    }
}

//! The pages that are served: written to a temporary folder, and anew when a run has changed.

use crate::args::CompareArgs;
use crate::failure::Failure;
use crate::out::Out;
use mocktrial_report::model::Report;
use mocktrial_report::{Make, Output, Sources};
use mocktrial_store::{RunFile, Store};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tempfile::TempDir;

/// Pages whose files are kept: one that is open in a browser still asks for its own.
const KEPT: u32 = 3;

/// Size and time of each of a run's files.
type Stamp = Vec<Option<(u64, SystemTime)>>;

/// The pages of a report.
pub(super) struct Pages {
    of: CompareArgs,
    out: Out,
    paths: Vec<PathBuf>,
    /// Only its owner may look into it.
    folder: TempDir,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    number: u32,
    stamp: Stamp,
}

/// A report, and the runs that it is of.
pub(super) struct Made {
    pub(super) report: Report,
    pub(super) files: Vec<RunFile>,
}

impl Pages {
    pub(super) fn new(of: CompareArgs, out: Out) -> Result<Self, Failure> {
        let paths = of.runs.iter().map(|run| crate::compare::find(run)).collect::<Result<_, _>>()?;
        let folder = tempfile::Builder::new().prefix("mocktrial-view-").tempdir();
        let folder = folder.map_err(|e| Failure::infrastructure(format!("no temporary folder: {e}")))?;
        Ok(Self { of, out, paths, folder, last: Mutex::new(Last::default()) })
    }

    /// The report as the runs are now. `last` stays the run that it was at first.
    pub(super) fn make(&self) -> Result<Made, Failure> {
        let runs = self.paths.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        let of = CompareArgs { runs, ..self.of.clone() };
        let held = crate::compare::holding(&of, true, Out { quiet: true, ..self.out })?;
        let report = crate::report::of_comparison(&of, &held)?;
        Ok(Made { report, files: held.files })
    }

    /// The page, as the runs are now.
    pub(super) fn page(&self) -> Result<File, Failure> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it is read: what changes meanwhile makes another page the next time.
        let stamp = self.stamp();
        if last.number == 0 || last.stamp != stamp {
            let number = last.number + 1;
            self.write(&self.path(number))?;
            *last = Last { number, stamp };
            if let Some(old) = number.checked_sub(KEPT) {
                let _ = std::fs::remove_file(self.path(old));
                let _ = std::fs::remove_dir_all(self.beside(old));
            }
        }
        let path = self.path(last.number);
        File::open(&path).map_err(|e| Failure::infrastructure(format!("{}: {e}", path.display())))
    }

    /// Removes all that was written, whoever still reads it.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_dir_all(self.folder.path());
    }

    /// A file beside a page.
    pub(super) fn chunk(&self, page: u32, chunk: u32) -> io::Result<File> {
        File::open(self.beside(page).join(format!("{chunk}.js")))
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.path().join(format!("{number}.html"))
    }

    fn beside(&self, number: u32) -> PathBuf {
        self.folder.path().join(format!("{number}.html.data"))
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let made = self.make()?;
        let sources = Sources {
            stores: made.files.iter().map(|file| file as &dyn Store).collect(),
            bytes: made.files.iter().filter_map(|file| Some(std::fs::metadata(file.path()).ok()?.len())).sum(),
        };
        match Output::named("html").map(|html| &html.make) {
            Some(Make::Files(make)) => make(&made.report, &sources, path)
                .map_err(|e| Failure::infrastructure(format!("{}: {e}", path.display()))),
            _ => Err(Failure::infrastructure("there is no page to be made")),
        }
    }

    /// A run that is being written grows in a log beside its file.
    fn stamp(&self) -> Stamp {
        let files = self.paths.iter().flat_map(|path| {
            let mut log = path.clone().into_os_string();
            log.push("-wal");
            [path.clone(), log.into()]
        });
        files.map(|file| std::fs::metadata(file).ok().and_then(|m| Some((m.len(), m.modified().ok()?)))).collect()
    }
}

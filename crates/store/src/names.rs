//! What runs are called, and how they are found.

use std::path::{Path, PathBuf};

/// The extension of a run file.
pub const EXTENSION: &str = "sqlite";

/// Why a run was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There are no runs.
    #[error("there are no runs in {}", folder.display())]
    None {
        /// The folder of runs.
        folder: PathBuf,
    },
    /// `last~N` goes back further than there are runs.
    #[error("`{what}` goes back too far: there are {count} runs in {}", folder.display())]
    TooFar {
        /// What was asked for.
        what: String,
        /// How many runs there are.
        count: usize,
        /// The folder of runs.
        folder: PathBuf,
    },
    /// No run is called so.
    #[error("no run is called `{what}` in {}{}", folder.display(), nearest.as_deref().map(|n| format!("; the last one is {n}")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        what: String,
        /// The folder of runs.
        folder: PathBuf,
        /// The last run.
        nearest: Option<String>,
    },
    /// More than one run is called so.
    #[error("`{what}` could be any of: {}", names.join(", "))]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// The runs it could be.
        names: Vec<String>,
    },
    /// The folder cannot be listed.
    #[error("{}: {message}", folder.display())]
    Unreadable {
        /// The folder of runs.
        folder: PathBuf,
        /// What the system said.
        message: String,
    },
}

/// A path for a new run in `folder`, from when it begins (RFC 3339, UTC) and a word or two on what
/// it is: `2026-11-23T14-05-09Z-retail.sqlite`. Runs begun within one second are numbered
/// (`…09Z+2-retail`), so that the order of names is the order of their beginnings.
#[must_use]
pub fn new_path(folder: &Path, created: &str, about: &str) -> PathBuf {
    let second = created.split(['.', 'Z']).next().unwrap_or_default().replace(':', "-");
    let slug: Vec<String> = about
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(6)
        .map(str::to_ascii_lowercase)
        .collect();
    let slug = if slug.is_empty() { String::from("run") } else { slug.join("-") };
    let stamp = format!("{second}Z");
    let same_second = list(folder).unwrap_or_default().iter().filter(|p| stem(p).starts_with(&stamp)).count();
    let number = if same_second > 0 { format!("+{}", same_second + 1) } else { String::new() };
    folder.join(format!("{stamp}{number}-{slug}.{EXTENSION}"))
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Sorts by second, then number within it, then the rest.
fn order(path: &Path) -> (String, u32, String) {
    let name = stem(path);
    let Some((second, rest)) = name.split_once('Z') else { return (name, 0, String::new()) };
    let (number, rest) = match rest.strip_prefix('+').and_then(|r| r.split_once('-')) {
        Some((number, slug)) => (number.parse().unwrap_or(1), slug),
        None => (1, rest),
    };
    (second.to_owned(), number, rest.to_owned())
}

/// The runs in `folder`, oldest first. A missing folder has none.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, ResolveError> {
    let unreadable = |e: std::io::Error| ResolveError::Unreadable { folder: folder.to_owned(), message: e.to_string() };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unreadable(e)),
    };
    let mut runs = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == EXTENSION) {
            runs.push(path);
        }
    }
    runs.sort_by_cached_key(|path| order(path));
    Ok(runs)
}

/// Finds a run: `last`, `last~1` (the one before), a path, a run's name, or a part of it that only
/// one run has.
///
/// # Errors
/// When there is none, or more than one.
pub fn resolve(folder: &Path, what: &str) -> Result<PathBuf, ResolveError> {
    let path = Path::new(what);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let mut runs = list(folder)?;
    let Some(newest) = runs.last() else { return Err(ResolveError::None { folder: folder.to_owned() }) };
    if let Some(back) =
        what.strip_prefix("last").and_then(|r| if r.is_empty() { Some(0) } else { r.strip_prefix('~')?.parse().ok() })
    {
        let count = runs.len();
        let too_far = || ResolveError::TooFar { what: what.to_owned(), count, folder: folder.to_owned() };
        return count.checked_sub(back + 1_usize).map(|at| runs.swap_remove(at)).ok_or_else(too_far);
    }
    if let Some(exact) = runs.iter().find(|p| stem(p) == what) {
        return Ok(exact.clone());
    }
    let nearest = Some(stem(newest));
    let mut matching: Vec<_> = runs.iter().filter(|p| !what.is_empty() && stem(p).contains(what)).cloned().collect();
    match (matching.pop(), matching.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            matching.push(last);
            Err(ResolveError::Ambiguous { what: what.to_owned(), names: matching.iter().map(|p| stem(p)).collect() })
        }
        (None, _) => Err(ResolveError::Unknown { what: what.to_owned(), folder: folder.to_owned(), nearest }),
    }
}

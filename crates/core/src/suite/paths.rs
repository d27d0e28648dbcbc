//! Paths that files name: relative to the file, and never out of the project.

use super::names;
use super::source::{MAX_FILE_BYTES, Source, printable};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// A project's folder on disk: absolute, links resolved.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

/// Why a path cannot be followed, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathMistake {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

fn wrong(message: impl Into<String>, hint: impl Into<Option<&'static str>>) -> PathMistake {
    PathMistake { message: message.into(), hint: hint.into().map(str::to_owned) }
}

impl Root {
    pub(crate) fn new(folder: &Path) -> std::io::Result<Self> {
        folder.canonicalize().map(Self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The name of a path inside the project: relative to it, with `/` between the parts.
    pub(crate) fn name(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.0).unwrap_or(path);
        let parts: Vec<_> = inside.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    }

    /// The file that `text` names in a file that lies in `folder`, with links resolved.
    pub(crate) fn resolve(&self, folder: &Path, text: &str) -> Result<PathBuf, PathMistake> {
        let joined = self.inside(folder, text)?;
        let shown = printable(text);
        let resolved = joined.canonicalize().map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                PathMistake { message: format!("there is no file `{shown}`"), hint: self.similar(&joined) }
            } else {
                wrong(format!("`{shown}` cannot be opened: {error}"), None)
            }
        })?;
        if !resolved.starts_with(&self.0) {
            return Err(wrong(
                format!("`{shown}` is a link that leads out of the project"),
                "copy the file into the project",
            ));
        }
        Ok(resolved)
    }

    /// The folder that `text` names, with links resolved. It need not exist yet.
    pub(crate) fn folder(&self, text: &str) -> Result<PathBuf, PathMistake> {
        let written = self.inside(&self.0, text)?;
        // What does not exist yet is no link; what exists, a dangling link included, is followed.
        let exists = |path: &&Path| *path == self.0 || path.symlink_metadata().is_ok();
        let there = written.ancestors().find(exists).unwrap_or(&self.0);
        let resolved = there.canonicalize().ok().filter(|real| real.starts_with(&self.0));
        let Some(resolved) = resolved else {
            return Err(wrong(
                format!("`{}` is a link that leads out of the project, or nowhere", printable(&self.name(there))),
                "move the folder into the project, or remove the link",
            ));
        };
        let rest = written.strip_prefix(there).unwrap_or(Path::new(""));
        Ok(if rest.as_os_str().is_empty() { resolved } else { resolved.join(rest) })
    }

    /// Whether a path that exists lies in the project, with links resolved.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|real| real.starts_with(&self.0))
    }

    /// The path that `text` names, as it is written: no link has been followed yet.
    pub(crate) fn inside(&self, folder: &Path, text: &str) -> Result<PathBuf, PathMistake> {
        let shown = printable(text);
        if text.is_empty() {
            return Err(wrong("the path is empty", None));
        }
        if text.contains('\0') {
            return Err(wrong("the path contains a NUL character", None));
        }
        if text.contains('\\') {
            return Err(wrong(
                format!("the path `{shown}` contains a backslash"),
                "write `/` between the parts of a path, on every system",
            ));
        }
        let relative = Path::new(text);
        let drive = text.as_bytes().get(1) == Some(&b':');
        if relative.is_absolute() || text.starts_with('~') || drive {
            return Err(wrong(
                format!("the path `{shown}` is not relative"),
                "write it relative to the file that it stands in; it must stay inside the project",
            ));
        }
        let mut joined = folder.to_path_buf();
        for part in relative.components() {
            match part {
                Component::Normal(name) => joined.push(name),
                Component::ParentDir => {
                    joined.pop();
                }
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return Err(wrong("the path is not relative", None)),
            }
            if !joined.starts_with(&self.0) {
                return Err(wrong(
                    format!("the path `{shown}` leaves the project"),
                    "files outside the folder of `mocktrial.toml` cannot be used: copy the file into the project",
                ));
            }
        }
        Ok(joined)
    }

    fn similar(&self, missing: &Path) -> Option<String> {
        let folder = missing.parent()?;
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Some(format!(
                "there is no folder `{}`; paths are relative to the file that names them",
                self.name(folder)
            ));
        };
        let found: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        let near = names::nearest(missing.file_name()?.to_str()?, found.iter().map(String::as_str));
        Some(match near {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("it was looked for as `{}`, relative to the file that names it", self.name(missing)),
        })
    }

    /// Reads a text file that has been resolved.
    pub(crate) fn read(&self, path: &Path) -> Result<Source, PathMistake> {
        let name = self.name(path);
        let failed = |error: std::io::Error| wrong(format!("`{name}` cannot be read: {error}"), None);
        // Asked before it is opened: to open a pipe waits for somebody who writes into it.
        let meta = std::fs::metadata(path).map_err(failed)?;
        if !meta.is_file() {
            return Err(wrong(format!("`{name}` is not a file"), None));
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(MAX_FILE_BYTES)).unwrap_or(0) + 1);
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(wrong(format!("`{name}` is larger than {} MiB", MAX_FILE_BYTES >> 20), None));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(path.to_path_buf(), name, text)),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(wrong(format!("`{name}` is not UTF-8 text (line {line} is not)"), "save the file as UTF-8"))
            }
        }
    }
}

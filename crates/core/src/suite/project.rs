//! A project on disk, and loading what lies in it.

use super::config::Config;
use super::document::{Document, Format};
use super::load_scenario::Draft;
use super::load_world::{self, Ready};
use super::mistake::{Mistake, Mistakes};
use super::model::{Place, Scenario, Suite};
use super::paths::Root;
use super::reading::Reader;
use super::source::{Span, printable, steers, whole_file};
use super::{configure, load_scenario, merge, names, quarantine};
use mocktrial_trajectory::Pointer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that marks a project.
pub const CONFIG_FILE: &str = "mocktrial.toml";

/// How deep folders of scenarios may be nested.
const MAX_FOLDERS: usize = 32;

/// How many scenario files are read ahead of their loading; few, since a file as read takes more memory
/// than its scenario.
const AHEAD: usize = 32;

/// A project: a folder with a `mocktrial.toml`, which has been read and checked.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder, absolute, links resolved.
    pub root: PathBuf,
    /// What its `mocktrial.toml` says.
    pub config: Config,
    /// What in it is probably not meant.
    pub warnings: Vec<Mistake>,
}

impl Project {
    /// Finds the project that a path belongs to, upward from it, and reads its configuration.
    ///
    /// # Errors
    /// When there is none, or its configuration has mistakes.
    pub fn discover(from: &Path) -> Result<Self, Mistakes> {
        let shown = from.display().to_string();
        let start = from.canonicalize().map_err(|error| {
            Mistakes(vec![whole_file(&shown, format!("`{}` cannot be opened: {error}", printable(&shown)))])
        })?;
        let found = start.ancestors().find(|folder| folder.join(CONFIG_FILE).is_file());
        match found {
            Some(folder) => Self::open(folder),
            None => Err(Mistakes(vec![
                whole_file(&shown, format!("there is no `{CONFIG_FILE}` here or in any folder above"))
                    .hint("`mocktrial init` makes a small project; an empty `mocktrial.toml` is enough to mark one"),
            ])),
        }
    }

    /// Reads the configuration of the project in a folder.
    ///
    /// # Errors
    /// When there is none, or it has mistakes.
    pub fn open(folder: &Path) -> Result<Self, Mistakes> {
        let unreadable = |error: std::io::Error| {
            let name = folder.display().to_string();
            Mistakes(vec![whole_file(&name, format!("the folder cannot be opened: {error}"))])
        };
        let mut reader = Reader::new(Root::new(folder).map_err(unreadable)?);
        let root = reader.root.path().to_path_buf();
        let document = reader.document(&root.join(CONFIG_FILE), Format::Toml);
        let config = document.and_then(|document| configure::configure(&mut reader, &document));
        let mistakes = Mistakes::sort(reader.mistakes);
        match config {
            Some(config) => Ok(Self { root, config, warnings: mistakes }),
            None => Err(Mistakes::errors(mistakes)),
        }
    }

    /// Loads every scenario and world of the project.
    ///
    /// # Errors
    /// With every mistake in the files.
    pub fn load(&self) -> Result<Suite, Mistakes> {
        self.load_under(&[])
    }

    /// Loads the scenarios under some paths (files or folders) with the worlds that they need; no paths
    /// mean all scenarios and all worlds.
    ///
    /// # Errors
    /// With every mistake in those files; a path outside the project or without scenarios is one.
    pub fn load_under(&self, paths: &[PathBuf]) -> Result<Suite, Mistakes> {
        self.load_each(paths, &mut |_| {})
    }

    /// As [`load_under`](Self::load_under), and hands out each scenario as soon as it is loaded, so that
    /// work on it can begin. Whether the suite is sound shows at the end only.
    ///
    /// # Errors
    /// As [`load_under`](Self::load_under).
    pub fn load_each(&self, paths: &[PathBuf], each: &mut dyn FnMut(&Arc<Scenario>)) -> Result<Suite, Mistakes> {
        let failed = |message: String| Mistakes(vec![whole_file(CONFIG_FILE, message)]);
        let root = Root::new(&self.root).map_err(|error| failed(format!("the project cannot be opened: {error}")))?;
        let scenarios = root.path().join(&self.config.folders.scenarios);
        let skipped = root.path().join(&self.config.folders.cassettes);
        let mut loader = Loader {
            reader: Reader::new(root),
            scenarios: scenarios.clone(),
            skipped,
            config: &self.config,
            worlds: BTreeMap::new(),
            shared: merge::Shared::default(),
        };
        let mut files = Found::default();
        if !scenarios.is_dir() {
            let name = loader.reader.root.name(&scenarios);
            let hint = "put scenarios there, or name another folder: `[project] scenarios = \"…\"`";
            return Err(Mistakes(vec![whole_file(CONFIG_FILE, format!("there is no folder `{name}`")).hint(hint)]));
        }
        let everything = paths.is_empty();
        if everything {
            loader.walk(&scenarios, 0, &mut files);
        }
        for path in paths {
            loader.named(path, &mut files);
        }
        loader.load(files, everything, each)
    }
}

/// Files that have been found.
#[derive(Default)]
struct Found {
    scenarios: Vec<PathBuf>,
    worlds: Vec<PathBuf>,
    /// YAML files beside worlds that are none.
    beside: Vec<PathBuf>,
}

struct Loader<'a> {
    reader: Reader,
    config: &'a Config,
    scenarios: PathBuf,
    skipped: PathBuf,
    /// By id; `None` for one with mistakes, which have been noted.
    worlds: BTreeMap<String, Option<Arc<Ready>>>,
    shared: merge::Shared,
}

impl Loader<'_> {
    fn note(&mut self, path: &Path, message: impl Into<String>, hint: &str) {
        let name = self.reader.root.name(path);
        self.reader.mistakes.push(whole_file(&name, message).hint(hint));
    }

    /// Finds what a path on the command line names.
    fn named(&mut self, path: &Path, files: &mut Found) {
        let shown = path.display().to_string();
        let Ok(resolved) = path.canonicalize() else {
            self.reader.mistakes.push(whole_file(&shown, "there is no such file or folder"));
            return;
        };
        if !resolved.starts_with(self.reader.root.path()) {
            let hint = "run mocktrial in the project that the path belongs to";
            self.reader.mistakes.push(whole_file(&shown, "this lies outside the project").hint(hint));
            return;
        }
        let below = resolved.strip_prefix(&self.scenarios).unwrap_or(Path::new(""));
        if below.components().any(|part| part.as_os_str() == "worlds") {
            let hint = "name scenarios that play in it, or a folder of them; `mocktrial check` without a path reads every world";
            self.reader.mistakes.push(whole_file(&shown, "worlds lie here, and no scenarios").hint(hint));
            return;
        }
        let before = files.scenarios.len();
        if resolved.is_dir() {
            // A folder above the scenarios means all of them.
            let from = if self.scenarios.starts_with(&resolved) { self.scenarios.clone() } else { resolved };
            self.walk(&from, 0, files);
        } else if resolved.starts_with(&self.scenarios) && Format::of(&resolved) == Some(Format::Yaml) {
            files.scenarios.push(resolved);
        }
        if files.scenarios.len() == before {
            let folder = self.reader.root.name(&self.scenarios);
            let hint = format!("scenarios are `.yaml` files under `{folder}/`, outside the folders named `worlds`");
            self.reader.mistakes.push(whole_file(&shown, "there is no scenario here").hint(hint));
        }
    }

    fn walk(&mut self, folder: &Path, depth: usize, files: &mut Found) {
        if folder == self.skipped {
            return;
        }
        if depth > MAX_FOLDERS {
            let message = format!("folders of scenarios are nested deeper than {MAX_FOLDERS} levels");
            return self.note(folder, message, "move the scenarios up");
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                return self.note(folder, format!("the folder cannot be read: {error}"), "see who may read it");
            }
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
                self.note(&path, "the file's name is not UTF-8", "rename it: it is part of the scenario's id");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let linked = path.is_symlink();
            if path.is_dir() {
                if linked {
                    self.note(
                        &path,
                        "a folder of scenarios cannot be a link",
                        "move the folder here, or remove the link",
                    );
                } else if name == "worlds" {
                    self.walk_worlds(&path, files);
                } else {
                    self.walk(&path, depth + 1, files);
                }
            } else if Format::of(&path) == Some(Format::Yaml) && self.inside(&path) {
                files.scenarios.push(path);
            }
        }
    }

    fn walk_worlds(&mut self, folder: &Path, files: &mut Found) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                return self.note(folder, format!("the folder cannot be read: {error}"), "see who may read it");
            }
        };
        let mut found: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| is_yaml(path)).collect();
        found.sort();
        // Other files there hold tools, states and scripts.
        for path in found {
            if self.inside(&path) {
                let list = if is_world(&self.reader, &path) { &mut files.worlds } else { &mut files.beside };
                list.push(path);
            }
        }
    }

    /// Whether a file lies in the project, links resolved; noted where it does not.
    fn inside(&mut self, path: &Path) -> bool {
        let inside = self.reader.root.holds(path);
        if !inside {
            let message = "this is a link that leads out of the project, or nowhere";
            self.note(path, message, "copy the file into the project");
        }
        inside
    }

    fn load(
        mut self,
        mut files: Found,
        everything: bool,
        each: &mut dyn FnMut(&Arc<Scenario>),
    ) -> Result<Suite, Mistakes> {
        // By id: without its extension, `a` comes before `a-2`.
        files.scenarios.sort_by_cached_key(|path| (self.id(path), path.clone()));
        files.scenarios.dedup();
        let named = self.with_ids(std::mem::take(&mut files.scenarios));
        let scenarios = self.scenarios(&named, each);
        if everything {
            self.unnamed_worlds(&files);
        }
        if load_world::errors_since(&self.reader, 0) {
            return Err(Mistakes::errors(self.reader.mistakes));
        }
        let worlds = self.worlds.into_iter().filter_map(|(id, ready)| Some((id, Arc::clone(&ready?.world)))).collect();
        if everything {
            configure::warn_of_unknown_tools(&mut self.reader, self.config, &worlds);
            quarantine::warn_of_unknown(&mut self.reader, self.config, &scenarios);
        }
        Ok(Suite { worlds, scenarios, warnings: Mistakes::sort(self.reader.mistakes) })
    }

    /// The ids of scenario files; left out and noted are those that cannot have one.
    fn with_ids(&mut self, paths: Vec<PathBuf>) -> Vec<(String, PathBuf)> {
        let mut named: Vec<(String, PathBuf)> = Vec::with_capacity(paths.len());
        for path in paths {
            let id = self.id(&path);
            if id.contains(|c: char| steers(c) || matches!(c, '#' | '@' | '\\' | '~' | '*' | '?' | '[' | '{')) {
                let hint = "use letters, digits, `-`, `_` and `.`: the path is the scenario's id";
                self.note(&path, format!("`{}` cannot be a scenario's id", printable(&id)), hint);
                continue;
            }
            // In order of their ids: those that are the same follow each other.
            if let Some((_, other)) = named.last().filter(|(other, _)| *other == id) {
                let message = format!("the scenario id `{id}` is taken by `{}`", self.reader.root.name(other));
                self.note(&path, message, "rename one of the two files");
                continue;
            }
            named.push((id, path));
        }
        named
    }

    /// Loads scenario files. Half of the work is reading them, which is done ahead on another thread.
    fn scenarios(&mut self, named: &[(String, PathBuf)], each: &mut dyn FnMut(&Arc<Scenario>)) -> Vec<Arc<Scenario>> {
        let mut scenarios: Vec<Arc<Scenario>> = Vec::with_capacity(named.len());
        let mut ahead = Reader::new(self.reader.root.clone());
        let (send, drafts) = std::sync::mpsc::sync_channel(AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for (_, path) in named {
                    let draft = load_scenario::read(&mut ahead, path);
                    // Nobody takes it where loading has panicked.
                    let _ = send.send((draft, std::mem::take(&mut ahead.mistakes)));
                }
            });
            for ((id, _), (draft, mistakes)) in named.iter().zip(drafts) {
                self.reader.mistakes.extend(mistakes);
                let made = draft.map(|draft| self.scenario(draft, id)).unwrap_or_default();
                made.iter().for_each(&mut *each);
                scenarios.extend(made);
            }
        });
        scenarios
    }

    /// A file's path below the scenarios folder, without extension.
    fn id(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.scenarios).unwrap_or(path).with_extension("");
        inside.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    fn scenario(&mut self, draft: Draft, id: &str) -> Vec<Arc<Scenario>> {
        // The suite is the first folder; a scenario directly under `scenarios` has the worlds there.
        let suite = id.split_once('/').map_or("", |(suite, _)| suite);
        let Self { reader, scenarios, config, worlds, shared, .. } = self;
        let mut find = |reader: &mut Reader, document: &Document, span: Span, name: &str| {
            let (suite, own) = name.rsplit_once('/').unwrap_or((suite, name));
            let id = if suite.is_empty() { own.to_owned() } else { format!("{suite}/{own}") };
            if let Some(known) = worlds.get(&id) {
                return known.clone();
            }
            let folder = scenarios.join(suite).join("worlds");
            let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', '/']);
            let path = (plain(own) && (suite.is_empty() || plain(suite)))
                .then(|| {
                    ["yaml", "yml"].iter().map(|ext| folder.join(format!("{own}.{ext}"))).find(|path| path.exists())
                })
                .flatten();
            let Some(path) = path else {
                let there = world_names(reader, &folder);
                let there: Vec<&str> = there.iter().map(String::as_str).collect();
                let folder = reader.root.name(&folder);
                let hint = names::hint(own, &format!("worlds in `{folder}`"), &there);
                let mistake = document.source.mistake(span, format!("there is no world `{}`", printable(name)));
                reader.mistakes.push(mistake.hint(hint));
                return None;
            };
            if !reader.root.holds(&path) {
                let message = format!("the world `{}` is a link that leads out of the project", printable(name));
                reader.mistakes.push(document.source.mistake(span, message).hint("copy the file into the project"));
                return None;
            }
            let ready = load_world::load(reader, &id, &path).map(Arc::new);
            worlds.insert(id, ready.clone());
            ready
        };
        load_scenario::load(reader, draft, id, config, shared, &mut find)
    }

    /// Loads the worlds that no scenario names, and warns of what lies beside worlds for nothing.
    fn unnamed_worlds(&mut self, files: &Found) {
        let mut loaded = Vec::new();
        for path in &files.worlds {
            let id = self.id(path).replacen("/worlds/", "/", 1);
            let id = id.strip_prefix("worlds/").unwrap_or(&id).to_owned();
            if !self.worlds.contains_key(&id) {
                let mark = self.reader.mistakes.len();
                let ready = load_world::load(&mut self.reader, &id, path).map(Arc::new);
                self.worlds.insert(id.clone(), ready);
                loaded.push((id, path, self.reader.mistakes.split_off(mark)));
            }
        }
        // Another world's tools or state may have a key `tools`, and is no world for it.
        let mut others: BTreeSet<&Path> = BTreeSet::new();
        for (id, path, mistakes) in loaded {
            if self.reader.followed_from(path).any(|from| from != path && !others.contains(from)) {
                others.insert(path);
                self.worlds.remove(&id);
            } else {
                self.reader.mistakes.extend(mistakes);
            }
        }
        for path in &files.beside {
            if self.reader.followed_from(path).next().is_none() {
                let name = self.reader.root.name(path);
                let mistake = whole_file(&name, "this is no world, for it has no `tools`; and no world names it");
                let hint = "give it `tools` if it is to be a world, or remove it";
                self.reader.mistakes.push(mistake.hint(hint).warning());
            }
        }
    }
}

fn is_yaml(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && Format::of(path) == Some(Format::Yaml)
}

/// Whether a YAML file in a folder of worlds is one: it has a top-level `tools`. States and tools may be
/// YAML, too. What cannot be read is taken for a world, so that it is told why.
fn is_world(reader: &Reader, path: &Path) -> bool {
    let Ok(source) = reader.text(path) else { return true };
    if source.text.lines().any(|line| line.starts_with("tools:")) {
        return true;
    }
    source.text.contains("tools")
        && Document::parse(&source, Format::Yaml, &mut Vec::new())
            .is_none_or(|document| document.root.get("tools").is_some())
}

fn world_names(reader: &Reader, folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_yaml(path) && reader.root.holds(path) && is_world(reader, path))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// A mistake at a place of a scenario's file, which is read again to find it.
pub(crate) fn locate(place: &Place, at: &Pointer, message: String, hint: Option<String>) -> Mistake {
    let text = std::fs::read_to_string(&place.path).unwrap_or_default();
    let source = Arc::new(super::source::Source::new(place.path.clone(), place.file.clone(), text));
    let mistake = match Document::parse(&source, Format::Yaml, &mut Vec::new()) {
        Some(document) => source.mistake(document.span_at(at), message),
        None => source.mistake_whole(message),
    };
    mistake.hint_if(hint)
}

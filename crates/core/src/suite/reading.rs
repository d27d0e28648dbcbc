//! Reading documents once each.

use super::document::{Document, Format};
use super::mistake::Mistake;
use super::paths::{PathMistake, Root};
use super::source::{Source, Span};
use mocktrial_trajectory::Part;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What has been read of a project so far, and what was wrong with it.
pub(crate) struct Reader {
    pub(crate) root: Root,
    pub(crate) mistakes: Vec<Mistake>,
    documents: HashMap<PathBuf, Option<Arc<Document>>>,
    /// What goes with messages, read once however often it is named.
    pub(crate) attachments: HashMap<PathBuf, Part>,
    /// Texts that are put where they are named.
    texts: HashMap<PathBuf, Arc<Source>>,
    /// By document, the files that have named it.
    followed: HashMap<PathBuf, BTreeSet<PathBuf>>,
}

impl Reader {
    pub(crate) fn new(root: Root) -> Self {
        Self {
            root,
            mistakes: Vec::new(),
            documents: HashMap::new(),
            attachments: HashMap::new(),
            texts: HashMap::new(),
            followed: HashMap::new(),
        }
    }

    /// The text of a file that has been resolved.
    pub(crate) fn text(&self, path: &Path) -> Result<Arc<Source>, PathMistake> {
        self.root.read(path).map(Arc::new)
    }

    /// Reads a document that is needed once.
    pub(crate) fn document(&mut self, path: &Path, format: Format) -> Option<Document> {
        match self.text(path) {
            Ok(source) => Document::parse(&source, format, &mut self.mistakes),
            Err(wrong) => {
                let name = self.root.name(path);
                self.mistakes.push(super::source::whole_file(&name, wrong.message).hint_if(wrong.hint));
                None
            }
        }
    }

    /// The files that have named this one as a document.
    pub(crate) fn followed_from(&self, path: &Path) -> impl Iterator<Item = &Path> {
        let real = path.canonicalize().ok();
        real.and_then(|real| self.followed.get(&real)).into_iter().flatten().map(PathBuf::as_path)
    }

    /// The path that some text of a file names; a mistake is noted at the text.
    pub(crate) fn follow(&mut self, from: &Source, span: Span, text: &str) -> Option<PathBuf> {
        let folder = from.path.parent().unwrap_or(Path::new(""));
        match self.root.resolve(folder, text) {
            Ok(path) => Some(path),
            Err(wrong) => {
                self.mistakes.push(from.mistake(span, wrong.message).hint_if(wrong.hint));
                None
            }
        }
    }

    /// The text of the file that some text of a file names, read once however often it is named; mistakes are
    /// noted at the text.
    pub(crate) fn follow_text(&mut self, from: &Source, span: Span, text: &str) -> Option<Arc<Source>> {
        let path = self.follow(from, span, text)?;
        if let Some(known) = self.texts.get(&path) {
            return Some(Arc::clone(known));
        }
        match self.text(&path) {
            Ok(source) => {
                self.texts.insert(path, Arc::clone(&source));
                Some(source)
            }
            Err(wrong) => {
                self.mistakes.push(from.mistake(span, wrong.message).hint_if(wrong.hint));
                None
            }
        }
    }

    /// The document that some text of a file names, read once however often it is named.
    pub(crate) fn follow_document(&mut self, from: &Source, span: Span, text: &str) -> Option<Arc<Document>> {
        let path = self.follow(from, span, text)?;
        self.followed.entry(path.clone()).or_default().insert(from.path.clone());
        if let Some(known) = self.documents.get(&path) {
            return known.clone();
        }
        let Some(format) = Format::of(&path).filter(|f| *f != Format::Toml) else {
            let mistake = from
                .mistake(span, format!("`{text}` is neither a JSON nor a YAML file"))
                .hint("name a file that ends in `.json`, `.yaml` or `.yml`");
            self.mistakes.push(mistake);
            return None;
        };
        let document = self.document(&path, format).map(Arc::new);
        self.documents.insert(path, document.clone());
        document
    }
}

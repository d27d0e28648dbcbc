//! Criteria whose scripts stand in files of their own.
//!
//! The text takes the place of the file's name before anything is made of the criterion: so its hash covers
//! the script, and whoever stores the criterion needs no file.

use super::document::Document;
use super::mistake::Mistake;
use super::model::ScriptFile;
use super::reading::Reader;
use super::source::{Source, Span};
use mocktrial_scoring::Spot;
use mocktrial_trajectory::Pointer;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// How deep criteria are looked for within criteria: deeper ones are a mistake, which others tell.
const MAX_DEPTH: u8 = 10;

/// The scripts of a scenario that stand in files.
#[derive(Default)]
pub(super) struct Scripts(Vec<Script>);

struct Script {
    /// Where the criterion `script` has its parameters.
    at: Vec<String>,
    /// `None` where the file cannot be read, which has been told.
    source: Option<Arc<Source>>,
}

impl Scripts {
    /// Puts the texts of files in the place of their names. What is wrong with a name is noted at it.
    pub(super) fn inline(reader: &mut Reader, document: &Document, scenario: &mut Value) -> Self {
        let mut found = Self::default();
        if let Some(criteria) = scenario.get_mut("expect") {
            found.all(reader, document, criteria, &["expect".to_owned()], 0);
        }
        found
    }

    fn all(&mut self, reader: &mut Reader, document: &Document, criteria: &mut Value, at: &[String], depth: u8) {
        for (i, criterion) in criteria.as_array_mut().into_iter().flatten().enumerate() {
            let at = [at, &[i.to_string()]].concat();
            for (grader, parameters) in criterion.as_object_mut().into_iter().flatten() {
                let at = [at.as_slice(), std::slice::from_ref(grader)].concat();
                match grader.as_str() {
                    "script" => self.one(reader, document, parameters, at),
                    "all" | "any" | "product" if depth < MAX_DEPTH => {
                        self.all(reader, document, parameters, &at, depth + 1);
                    }
                    "mean" if depth < MAX_DEPTH => {
                        if let Some(parts) = parameters.get_mut("of") {
                            self.all(reader, document, parts, &[at.as_slice(), &["of".to_owned()]].concat(), depth + 1);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn one(&mut self, reader: &mut Reader, document: &Document, parameters: &mut Value, at: Vec<String>) {
        let Some(map) = parameters.as_object_mut().filter(|map| !map.contains_key("source")) else { return };
        let Some(name) = map.get("file").and_then(Value::as_str) else { return };
        let span = document.root.span_at(&[at.as_slice(), &["file".to_owned()]].concat());
        let source = reader.follow_text(&document.source, span, name);
        if let Some(source) = &source {
            map.shift_remove("file");
            map.insert("source".to_owned(), source.text.as_str().into());
        }
        self.0.push(Script { at, source });
    }

    fn of(&self, at: &[String]) -> Option<&Script> {
        self.0.iter().find(|script| at.strip_prefix(script.at.as_slice()).is_some_and(|rest| rest.len() <= 1))
    }

    /// Whether what is wrong at this place follows from a file that cannot be read.
    pub(super) fn is_told(&self, at: &[String]) -> bool {
        self.of(at).is_some_and(|script| script.source.is_none())
    }

    /// A mistake in a script's file, where the script at this place stands in one.
    pub(super) fn mistake(&self, at: &[String], within: Option<Spot>, message: &str) -> Option<Mistake> {
        let source = self.of(at).filter(|_| at.last().is_some_and(|key| key == "source"))?.source.as_ref()?;
        Some(in_file(source, within, message))
    }

    /// What a scenario keeps of them.
    pub(super) fn files(self) -> Vec<ScriptFile> {
        let kept = |script: Script| {
            let source = script.source?;
            Some(ScriptFile { at: Pointer(script.at), path: source.path.clone(), file: source.name.clone() })
        };
        self.0.into_iter().filter_map(kept).collect()
    }
}

fn in_file(source: &Source, within: Option<Spot>, message: &str) -> Mistake {
    match within {
        Some(Spot { span: (start, end), .. }) => source.mistake(Span::new(start, end), message),
        None => source.mistake_whole(message),
    }
}

/// A mistake in a script's file, which is read again to show the place.
pub(super) fn locate(script: &ScriptFile, within: Option<Spot>, message: &str) -> Mistake {
    let text = std::fs::read_to_string(Path::new(&script.path)).unwrap_or_default();
    in_file(&Source::new(script.path.clone(), script.file.clone(), text), within, message)
}

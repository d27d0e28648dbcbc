//! From a scenario file, or a row of its cases, to a scenario.

use super::cases::{CaseRow, Cases, Rows};
use super::config::Config;
use super::document::{Document, Format, Node};
use super::files::{CheckFile, ScenarioFile, StepFile};
use super::load_world::{Ready, errors_since, said};
use super::mistake::Mistake;
use super::model::{Accepted, CheckNotes, Instrument, Limits, Place, Reference, Row, Scenario, Step};
use super::reading::Reader;
use super::scripts::Scripts;
use super::source::{Span, printable, steers};
use super::substitute::Clash;
use super::{attachments, merge, names, schemas, substitute};
use mocktrial_scoring::Ask;
use mocktrial_trajectory::{Criterion, Digest, Pointer, ToolSpec};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Finds the world that a scenario names; the mistake of an unknown one is noted at the span.
pub(crate) type FindWorld<'a> = dyn FnMut(&mut Reader, &Document, Span, &str) -> Option<Arc<Ready>> + 'a;

/// A scenario file that fits its schema: what can be known of it without the rest of the project.
pub(crate) struct Draft {
    document: Document,
    value: Value,
}

/// Reads a scenario file. `None` when it has mistakes, which the reader then holds.
pub(crate) fn read(reader: &mut Reader, path: &Path) -> Option<Draft> {
    let document = reader.document(path, Format::Yaml)?;
    let value = document.root.to_value();
    // What a column becomes is known with its row only, and is checked then.
    let has_rows = value.get("cases").or_else(|| value.get("variants")).is_some();
    let open = |at: &Pointer| has_rows && substitute::is_open(&value, at);
    let fits = schemas::scenario()?.check_but(&document.source, &document.root, &value, &mut reader.mistakes, open);
    fits.then_some(Draft { document, value })
}

/// Makes the scenarios of a file.
pub(crate) fn load(
    reader: &mut Reader,
    draft: Draft,
    id: &str,
    config: &Config,
    shared: &mut merge::Shared,
    find_world: &mut FindWorld<'_>,
) -> Vec<Arc<Scenario>> {
    let Draft { document, value } = draft;
    let shape = schemas::scenario();
    let world = document.root.get("world").and_then(|node| find_world(reader, &document, node.span, node.as_str()?));
    let (cases, variants) = (document.root.get("cases"), document.root.get("variants"));
    if let (None, Some(key)) = (cases, document.root.entry("key")) {
        let mistake = document.source.mistake(key.key_span, "`key` names a column of `cases`, but there are none");
        reader.mistakes.push(mistake.hint("remove it, or give the rows under `cases`"));
    }
    if cases.is_none() && variants.is_none() {
        substitute::warn_without_cases(&document.source, &document.root, &mut reader.mistakes);
        let Some(world) = world else { return Vec::new() };
        let mut value = value;
        let clashes = substitute::fill(&mut value, None);
        note_clashes(reader, &document, clashes);
        return Builder { document: &document, world: &world, config, shared, id, row: None }
            .build(reader, value)
            .into_iter()
            .map(Arc::new)
            .collect();
    }
    let before = reader.mistakes.len();
    let Some(rows) = rows(reader, &document, cases, variants) else { return Vec::new() };
    let (Some(world), false) = (world, errors_since(reader, before)) else { return Vec::new() };

    // The rows are no part of any of them.
    let mut template = value;
    if let Some(map) = template.as_object_mut() {
        map.shift_remove("cases");
        map.shift_remove("variants");
    }
    let mut scenarios = Vec::with_capacity(rows.len());
    let mut faults = Faults::default();
    for (index, row) in rows.iter().enumerate() {
        let mark = reader.mistakes.len();
        let mut filled = template.clone();
        let clashes = substitute::fill(&mut filled, Some(&row.values));
        note_clashes(reader, &document, clashes);
        let fits = shape.is_some_and(|s| s.check(&document.source, &document.root, &filled, &mut reader.mistakes));
        if fits {
            let mut builder = Builder { document: &document, world: &world, config, shared, id, row: Some(row) };
            scenarios.extend(builder.build(reader, filled).map(Arc::new));
        }
        faults.add(index, row, reader.mistakes.split_off(mark));
    }
    reader.mistakes.extend(faults.finish());
    scenarios
}

/// The rows of a file that has cases, variants or both: every variant of every case.
fn rows(
    reader: &mut Reader,
    document: &Document,
    cases: Option<&Node>,
    variants: Option<&Node>,
) -> Option<Vec<CaseRow>> {
    let key = document.root.get("key").and_then(Node::as_str).unwrap_or("id");
    let read = |reader: &mut Reader, node: Option<&Node>, what, key| match node {
        Some(node) => Cases::read(reader, document, node, what, key).map(Some),
        None => Some(None),
    };
    let cases = read(reader, cases, Rows::Cases, key);
    let variants = read(reader, variants, Rows::Variants, "name");
    let (cases, variants) = (cases?, variants?);
    if let (Some(cases), Some(variants)) = (&cases, &variants) {
        variants.find_clashes(cases, &mut reader.mistakes);
    }
    let both = || cases.iter().chain(&variants);
    let columns: Vec<String> = both().flat_map(|c| c.columns.iter().cloned()).collect();
    let used = substitute::used(&document.source, &document.root, &columns, &mut reader.mistakes);
    for (rows, key) in cases.iter().map(|c| (c, key)).chain(variants.iter().map(|v| (v, "name"))) {
        rows.find_gaps(&used, &mut reader.mistakes);
        rows.warn_unused(&used, key, &mut reader.mistakes);
    }
    let Some(variants) = variants else { return cases.map(|cases| cases.rows) };
    let Some(cases) = cases else {
        let row = |row: CaseRow| CaseRow { variant: row.key.clone(), key: String::new(), ..row };
        return Some(variants.rows.into_iter().map(row).collect());
    };
    let pairs = cases.rows.iter().flat_map(|case| variants.rows.iter().map(move |variant| (case, variant)));
    let pair = |(case, variant): (&CaseRow, &CaseRow)| CaseRow {
        key: case.key.clone(),
        variant: variant.key.clone(),
        values: case.values.clone().into_iter().chain(variant.values.clone()).collect(),
        source: Arc::clone(&case.source),
        span: case.span,
    };
    Some(pairs.map(pair).collect())
}

fn note_clashes(reader: &mut Reader, document: &Document, clashes: Vec<Clash>) {
    for clash in clashes {
        let message = format!("two keys of this map become `{}`", printable(&clash.key));
        let mistake = document.source.mistake(document.span_at(&clash.at), message);
        reader.mistakes.push(mistake.hint("a key can stand only once in a map: see which columns it is made of"));
    }
}

/// The mistakes of rows, each said once however many rows make it.
#[derive(Default)]
struct Faults(Vec<Fault>);

struct Fault {
    mistake: Mistake,
    /// Its message without what the row gave, by which other rows make the same.
    message: String,
    /// The first row that makes it.
    first: String,
    /// The index of the last row that made it.
    last: usize,
    rows: usize,
}

impl Faults {
    fn add(&mut self, index: usize, row: &CaseRow, mistakes: Vec<Mistake>) {
        for mistake in mistakes {
            let message = row.without_values(&mistake.message);
            let place = |m: &Mistake| (m.line, m.column, m.severity);
            let same = |f: &Fault| {
                place(&f.mistake) == place(&mistake) && f.mistake.file == mistake.file && f.message == message
            };
            match self.0.iter_mut().find(|fault| same(fault)) {
                Some(fault) if fault.last == index => {}
                Some(fault) => {
                    fault.last = index;
                    fault.rows += 1;
                }
                None => {
                    let line = row.source.line(row.span.start);
                    let first = format!("`{}`, {}:{line}", row.name(), row.source.name);
                    self.0.push(Fault { mistake, message, first, last: index, rows: 1 });
                }
            }
        }
    }

    fn finish(self) -> impl Iterator<Item = Mistake> {
        self.0.into_iter().map(|Fault { mut mistake, first, rows, .. }| {
            let more = match rows {
                1 => String::new(),
                2 => " and one other".into(),
                n => format!(" and {} others", n - 1),
            };
            mistake.message = format!("{} (in the case {first}{more})", mistake.message);
            mistake
        })
    }
}

impl From<CheckFile> for CheckNotes {
    fn from(file: CheckFile) -> Self {
        let accept = file.accept.into_iter().map(|a| Accepted { mutant: a.mutant, why: a.why }).collect();
        Self { accept, paraphrases: file.paraphrases }
    }
}

struct Builder<'a> {
    document: &'a Document,
    world: &'a Ready,
    config: &'a Config,
    shared: &'a mut merge::Shared,
    id: &'a str,
    row: Option<&'a CaseRow>,
}

impl Builder<'_> {
    fn fault(&self, reader: &mut Reader, at: &[String], message: impl Into<String>, hint: Option<String>) {
        let span = self.document.root.span_at(at);
        reader.mistakes.push(self.document.source.mistake(span, message).hint_if(hint));
    }

    fn build(&mut self, reader: &mut Reader, mut value: Value) -> Option<Scenario> {
        let mark = reader.mistakes.len();
        let scripts = Scripts::inline(reader, self.document, &mut value);
        let expect = Digest::of(value.get("expect").unwrap_or(&Value::Null));
        schemas::scenario()?.settle(&mut value);
        let file: ScenarioFile = said(reader, self.document, serde_json::from_value(value))?;
        self.tags(reader, &file.tags);
        let user = attachments::user(reader, self.document, &file.user);
        let before = reader.mistakes.len();
        let given = self.tools(reader, file.tools.as_deref());
        // Where a tool is misspelt, it is not known which the agent has: nothing is said about others.
        let tools = if errors_since(reader, before) { None } else { given };
        let references = self.references(reader, &file, tools.as_ref(), user.len());
        let criteria = self.criteria(reader, &file);
        let complete = criteria.len() == file.expect.len();
        let asks = self.lint(reader, &criteria, complete, tools.as_ref(), (references.len(), file.inaction), &scripts);
        let asked = self.asked(reader, asks);
        if errors_since(reader, mark) {
            return None;
        }
        let references: Vec<Value> =
            references.into_iter().map(|steps| steps.into_iter().map(Step::into_value).collect()).collect();
        let kept: Vec<Reference> = references.iter().map(Reference::written).collect();
        let patch = file.state.map(Value::Object);
        let initial = self.shared.initial(self.world, patch.as_ref());
        let limits = file.limits.unwrap_or_default().or(self.config.limits);
        let id: Arc<str> = match self.row {
            Some(row) if !row.key.is_empty() => format!("{}#{}", self.id, row.key).into(),
            _ => self.id.into(),
        };
        let variant: Arc<str> = self.row.map_or("", |row| &row.variant).into();
        let name: Arc<str> = if variant.is_empty() { Arc::clone(&id) } else { format!("{id}~{variant}").into() };
        let comparison = self.world.world.world.comparison();
        let instrument = Instrument {
            world: Digest::of_entries([
                ("world", Digest::of_text(&self.world.world.digest.to_string())),
                ("initial", Digest::of_text(&initial.digest.to_string())),
                ("tools", Digest::of(&json!(tools))),
                ("system", file.system.as_deref().map_or(Digest::of(&Value::Null), Digest::of_text)),
                ("user", Digest::of(&attachments::identity(&user))),
                // Real time is not the model's doing, and money depends on the endpoint.
                ("limits", Digest::of(&json!(Limits { real_seconds: None, cost: None, ..limits }))),
            ]),
            criteria: Digest::of_entries([
                ("expect", expect),
                ("references", Digest::of(&Value::Array(references))),
                ("inaction", Digest::of(&file.inaction.into())),
                ("comparison", Digest::of(&json!(comparison))),
                // Who judges belongs to the instrument; a scenario that asks nobody is not touched by it.
                ("asked", Digest::of(&json!((!asked.is_empty()).then_some(asked)))),
            ]),
        };
        let family: Arc<str> = if self.row.is_some() { self.id.into() } else { Arc::clone(&id) };
        let source = &self.document.source;
        Some(Scenario {
            title: file.title.unwrap_or_else(|| name.to_string()),
            family,
            id,
            variant,
            name,
            description: file.description,
            tags: file.tags.into_iter().collect(),
            world: Arc::clone(&self.world.world),
            system: file.system,
            user,
            initial,
            tools: tools.map(Arc::new),
            references: kept,
            criteria: criteria.into(),
            limits,
            inaction: file.inaction,
            check: file.check.map(CheckNotes::from).unwrap_or_default(),
            instrument,
            source: Place {
                path: source.path.clone(),
                file: source.name.clone(),
                row: self.row.map(|row| Row {
                    file: row.source.name.clone(),
                    line: row.source.line(row.span.start),
                    key: row.name().to_owned(),
                }),
            },
            scripts: scripts.files(),
        })
    }

    fn tags(&self, reader: &mut Reader, tags: &[String]) {
        for (i, tag) in tags.iter().enumerate() {
            let message = if tag.trim().is_empty() {
                "this tag is empty".to_owned()
            } else if tag.contains(steers) {
                format!("the tag `{}` has a character that cannot be shown", printable(tag))
            } else if self.row.is_some() && tag.contains("${") {
                format!("the tag `{}` stays as it is: all rows have the same tags", printable(tag))
            } else {
                continue;
            };
            self.fault(reader, &["tags".into(), i.to_string()], message, Some("write a word, or remove it".into()));
        }
    }

    fn known_tools(&self) -> Vec<&str> {
        self.world.world.world.tools().iter().map(|tool| tool.name.as_str()).collect()
    }

    fn tools(&self, reader: &mut Reader, tools: Option<&[String]>) -> Option<BTreeSet<String>> {
        let known = self.known_tools();
        for (i, name) in tools?.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str())) {
            let message = format!("the world `{}` has no tool `{}`", self.world.world.id, printable(name));
            self.fault(reader, &["tools".into(), i.to_string()], message, Some(names::hint(name, "tools", &known)));
        }
        tools.map(|tools| tools.iter().cloned().collect())
    }

    fn references(
        &self,
        reader: &mut Reader,
        file: &ScenarioFile,
        tools: Option<&BTreeSet<String>>,
        turns: usize,
    ) -> Vec<Vec<Step>> {
        if let (Some(_), Some(_)) = (&file.reference, &file.references) {
            let hint = "put the one under `reference` into the list under `references`".to_owned();
            self.fault(reader, &["references".into()], "both `reference` and `references` are given", Some(hint));
        }
        let mut found = Vec::new();
        if let Some(steps) = &file.reference {
            found.push(self.reference(reader, &["reference".into()], steps, tools, turns));
        }
        for (i, steps) in file.references.iter().flatten().enumerate() {
            found.push(self.reference(reader, &["references".into(), i.to_string()], steps, tools, turns));
        }
        found
    }

    fn reference(
        &self,
        reader: &mut Reader,
        at: &[String],
        steps: &[StepFile],
        tools: Option<&BTreeSet<String>>,
        turns: usize,
    ) -> Vec<Step> {
        let mut said = 0;
        let mut out = Vec::with_capacity(steps.len());
        for (i, step) in steps.iter().enumerate() {
            let here = [at, &[i.to_string()]].concat();
            if said == turns {
                let message = format!("nothing can follow here: the agent has answered {}", messages(turns));
                let hint = "remove the step, or the `say` before it; or give the user another message".to_owned();
                self.fault(reader, &here, message, Some(hint));
                break;
            }
            out.push(match step {
                StepFile::Call { call, args, fails } => {
                    let args = Value::Object(args.clone());
                    self.check_call(reader, &here, call, &args, tools);
                    Step::Call { tool: call.clone(), args, fails: *fails }
                }
                StepFile::Say { say } => {
                    said += 1;
                    Step::Say(say.clone())
                }
            });
        }
        let ends_silent = matches!(out.last(), Some(Step::Call { .. }));
        if said < turns && said + usize::from(ends_silent) < turns {
            let message = format!("this reference answers {said} of {}", messages(turns));
            let hint = "end each of the agent's turns with a `say`, one for every message of the user".to_owned();
            self.fault(reader, at, message, Some(hint));
        }
        out
    }

    fn check_call(
        &self,
        reader: &mut Reader,
        at: &[String],
        tool: &str,
        args: &Value,
        tools: Option<&BTreeSet<String>>,
    ) {
        // Nearly always, nothing is wrong: places are only put together where something is.
        let call = || [at, &["call".to_owned()]].concat();
        let Some(shape) = self.world.shapes.get(tool) else {
            let message = format!("the world `{}` has no tool `{}`", self.world.world.id, printable(tool));
            self.fault(reader, &call(), message, Some(names::hint(tool, "tools", &self.known_tools())));
            return;
        };
        if tools.is_some_and(|tools| !tools.contains(tool)) {
            let hint = "add it to `tools`, or call another one".to_owned();
            self.fault(reader, &call(), format!("the agent does not have the tool `{tool}` here"), Some(hint));
            return;
        }
        for finding in shape.findings(args) {
            let args_at = [at, &["args".to_owned()]].concat();
            // Without `args` there is nothing but the call to point at.
            let mut mistake = match self.document.root.at(&args_at) {
                Some(node) if !finding.at.0.is_empty() => finding.place(&self.document.source, node),
                Some(_) => self.document.source.mistake(self.document.root.span_at(&args_at), &finding.message),
                None => self.document.source.mistake(self.document.root.span_at(&call()), &finding.message),
            };
            mistake.message = format!("`{tool}` refuses these arguments: {}", finding.message);
            reader.mistakes.push(mistake.hint_if(finding.hint));
        }
    }

    fn criteria(&self, reader: &mut Reader, file: &ScenarioFile) -> Vec<Criterion> {
        let mut found = Vec::with_capacity(file.expect.len());
        for (i, criterion) in file.expect.iter().enumerate() {
            match mocktrial_scoring::read_criterion(&criterion.0, &format!("expect[{i}]")) {
                Ok(criterion) => found.push(criterion),
                Err(fault) => {
                    let root = &self.document.root;
                    let at = ["expect".to_owned(), i.to_string()];
                    // What is wrong with a key's being there, or its value, is shown at the key.
                    let entry = fault.at.0.first().and_then(|key| root.at(&at)?.entry(key));
                    let span = entry.map_or_else(|| root.span_at(&at), |entry| entry.key_span);
                    let mistake = self.document.source.mistake(span, fault.message);
                    reader.mistakes.push(mistake.hint_if(fault.hint));
                }
            }
        }
        found
    }

    fn lint(
        &self,
        reader: &mut Reader,
        criteria: &[Criterion],
        complete: bool,
        tools: Option<&BTreeSet<String>>,
        (references, inaction): (usize, bool),
        scripts: &Scripts,
    ) -> Vec<(usize, Ask)> {
        let all = self.world.world.world.tools();
        let some: Vec<ToolSpec>;
        let specs: &[ToolSpec] = match tools {
            Some(names) => {
                some = all.iter().filter(|tool| names.contains(&tool.name)).cloned().collect();
                &some
            }
            None => all,
        };
        let faults = match mocktrial_scoring::asks(criteria, specs, references, inaction) {
            Ok(asks) => return asks,
            Err(faults) => faults,
        };
        let inside = |inner: &[String], other: &[String]| inner.len() > other.len() && inner.starts_with(other);
        for fault in &faults {
            let index = criteria.get(fault.criterion).and_then(|c| index_of(&c.at)).unwrap_or(fault.criterion);
            let Pointer(inner) = &fault.at;
            // What is wrong with the criteria together is shown at `expect`, once all of them can be read.
            let at = if inner.is_empty() && !complete {
                continue;
            } else if inner.is_empty() && fault.criterion == 0 {
                vec!["expect".to_owned()]
            } else if faults.iter().any(|other| other.criterion == fault.criterion && inside(&other.at.0, inner)) {
                // Something in the value is at fault: that the value as a whole does not fit follows from it.
                continue;
            } else {
                [&["expect".to_owned(), index.to_string()][..], inner.as_slice()].concat()
            };
            let hint = only_changed(inner).or_else(|| fault.hint.clone());
            if scripts.is_told(&at) {
                continue;
            }
            match scripts.mistake(&at, fault.within, &fault.message).map(|mistake| mistake.hint_if(hint.clone())) {
                Some(mistake) => reader.mistakes.push(mistake),
                None => self.fault(reader, &at, fault.in_words(), hint),
            }
        }
        Vec::new()
    }

    /// What the project says of those whom the criteria ask, by name; a mistake for each that it does not know.
    fn asked(&self, reader: &mut Reader, asks: Vec<(usize, Ask)>) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let judges = &self.config.judges;
        let verifiers = &self.config.verifiers;
        for (criterion, ask) in asks {
            let (definition, known): (Option<Value>, Vec<&str>) = if ask.to == mocktrial_scoring::JUDGE {
                let judge = judges.get(&ask.name).map(|judge| judge.treatment.clone());
                (judge, judges.keys().map(String::as_str).collect())
            } else {
                let verifier = verifiers.get(&ask.name).map(|v| json!(v.command.command));
                (verifier, verifiers.keys().map(String::as_str).collect())
            };
            if let Some(definition) = definition {
                found.insert(format!("{} {}", ask.to, ask.name), definition);
                continue;
            }
            let at = [&["expect".to_owned(), criterion.to_string()][..], ask.at.0.as_slice()].concat();
            let message = format!("mocktrial.toml has no {} `{}`", ask.to, printable(&ask.name));
            let hint = match names::nearest(&ask.name, known) {
                Some(name) => format!("did you mean `{}`?", printable(name)),
                None => format!("add it there: [{}s.{}]", ask.to, printable(&ask.name)),
            };
            self.fault(reader, &at, message, Some(hint));
        }
        found
    }
}

/// What to do about `only_changed` where the grader `state` saw an assertion on a path instead.
fn only_changed(at: &[String]) -> Option<String> {
    match at {
        [grader, _, key] if grader == "state" && key == "only_changed" => Some(
            "it is no assertion on a path: write a criterion of its own, `- state: {only_changed: […]}`".to_owned(),
        ),
        [grader, key] if grader == "state" => {
            names::nearest(key, ["only_changed"]).map(|meant| format!("did you mean `{meant}`?"))
        }
        _ => None,
    }
}

fn messages(n: usize) -> String {
    if n == 1 { "the user's only message".into() } else { format!("the user's {n} messages") }
}

fn index_of(at: &str) -> Option<usize> {
    at.strip_prefix("expect[")?.strip_suffix(']')?.parse().ok()
}

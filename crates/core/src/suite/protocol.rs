//! A protocol: what a study claims, and how it will find out, written down before the first episode.

use super::Budget;
use super::configure::read;
use super::document::{Document, Format, Node};
use super::gate::GateScope;
use super::load_world::errors_since;
use super::mistake::Mistakes;
use super::model::{Scenario, Suite};
use super::paths::Root;
use super::project::Project;
use super::reading::Reader;
use super::select::{Selection, SelectionError, select};
use super::source::{printable, whole_file};
use super::{Probe, names, schemas};
use mocktrial_trajectory::{Digest, Pointer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A pre-registered protocol, as it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mocktrial protocol")]
pub(super) struct ProtocolFile {
    /// What the study is about, in a line.
    #[schemars(length(min = 1))]
    title: String,
    /// What is claimed; each claim is confirmed, refuted or neither. What is not here is exploratory.
    #[schemars(length(min = 1, max = 100))]
    hypotheses: Vec<HypothesisTable>,
    /// Which scenarios; all unless given.
    #[serde(default)]
    scenarios: ScenariosTable,
    /// Trials of every scenario by every endpoint; with `stopping = "until_decided"` the most.
    #[schemars(range(min = 1))]
    trials: u32,
    /// The run's seed; that of mocktrial.toml unless given.
    #[serde(default)]
    seed: Option<u64>,
    /// The chance that any of the hypotheses is confirmed falsely, over all of them together; and that any is refuted
    /// falsely.
    #[serde(default = "five_percent")]
    #[schemars(range(min = 0.0001, max = 0.49))]
    alpha: f64,
    /// What the verdicts are about.
    #[serde(default)]
    scope: GateScope,
    /// When the run ends.
    #[serde(default)]
    stopping: Stopping,
    /// What the run may spend; that of mocktrial.toml unless given.
    #[serde(default)]
    budget: Option<Budget>,
}

fn five_percent() -> f64 {
    0.05
}

/// Which scenarios are meant.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ScenariosTable {
    /// Globs on their ids, such as `retail/*`, of which one must match.
    select: Vec<String>,
    /// A tag expression, such as `policy and not slow`.
    tag: Option<String>,
}

/// What is claimed of two endpoints.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HypothesisTable {
    /// What is claimed of the candidate.
    claim: ClaimWord,
    /// The endpoint of which it is claimed.
    candidate: String,
    /// The endpoint that it is held against.
    control: String,
    /// The loss of pass rate that is still acceptable, as a share; for `no_worse` only.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 0.99))]
    margin: Option<f64>,
    /// A tag expression: the claim is about those of the protocol's scenarios only.
    #[serde(default)]
    tag: Option<String>,
}

/// The word for what is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ClaimWord {
    /// It has not lost the margin or more.
    NoWorse,
    /// It passes more often.
    Better,
}

/// When a run by a protocol ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stopping {
    /// After all of its trials.
    #[default]
    Fixed,
    /// As soon as a sequential gate has an answer, at the latest after all of its trials.
    UntilDecided,
}

/// What is claimed of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// It has not lost this share of its pass rate, or more.
    NoWorse {
        /// The share, from 0.
        margin: f64,
    },
    /// It passes more often.
    Better,
}

/// A claim about two endpoints.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// What is claimed.
    pub claim: Claim,
    /// The endpoint of which it is claimed.
    pub candidate: String,
    /// The endpoint that it is held against.
    pub control: String,
    /// A tag expression: which of the protocol's scenarios it is about; `None` for all.
    pub tag: Option<String>,
}

/// A protocol that has been read and checked against the project's configuration.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// Its file, relative to the project's root, with `/` between its parts.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What the study is about.
    pub title: String,
    /// What is claimed; never empty.
    pub hypotheses: Vec<Hypothesis>,
    /// Which scenarios.
    pub selection: Selection,
    /// Trials of every scenario by every endpoint, from 1.
    pub trials: u32,
    /// The run's seed, where it says one.
    pub seed: Option<u64>,
    /// The error over all hypotheses together, on either side.
    pub alpha: f64,
    /// What the verdicts are about.
    pub scope: GateScope,
    /// When the run ends.
    pub stopping: Stopping,
    /// What the run may spend, where it says so.
    pub budget: Option<Budget>,
    document: Arc<Document>,
}

/// The scenarios of a protocol, and those of each hypothesis.
#[derive(Clone, Debug)]
pub struct Picked {
    /// All, in the suite's order; never empty.
    pub scenarios: Vec<Arc<Scenario>>,
    /// The names of each hypothesis's scenarios, in the order of the hypotheses; `None` where it is about all.
    pub about: Vec<Option<BTreeSet<Arc<str>>>>,
    /// The names of those that are left out because they are in quarantine.
    pub left_out: BTreeSet<Arc<str>>,
}

impl Protocol {
    /// The endpoints that it needs, each once, a candidate before its control.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for name in self.hypotheses.iter().flat_map(|h| [&h.candidate, &h.control]) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }

    /// The scenarios of a loaded suite that it is about: without those that are in quarantine, for what is unreliable
    /// when the protocol is registered is no part of it.
    ///
    /// # Errors
    /// Where a selection is malformed or picks too few for any verdict.
    pub fn pick(&self, suite: &Suite, quarantined: impl Fn(&Scenario) -> bool) -> Result<Picked, Mistakes> {
        let mut left_out = BTreeSet::new();
        let mut mistakes = Vec::new();
        let mut pick = |selection: &Selection, within: Option<&BTreeSet<Arc<str>>>, at: Pointer| {
            let mut wrong = |message: String, hint: Option<&str>| {
                let mistake = self.document.source.mistake(self.document.span_at(&at), message);
                mistakes.push(mistake.hint_if(hint.map(str::to_owned)));
            };
            let mut found = match select(suite, selection) {
                Ok(found) => found,
                Err(SelectionError::Glob { glob, why }) => {
                    wrong(format!("the glob `{}` is malformed: {why}", printable(&glob)), None);
                    return None;
                }
                Err(SelectionError::Tags { why, .. }) => {
                    let hint = "write tags with `and`, `or`, `not` and parentheses, such as `policy and not slow`";
                    wrong(format!("this is no tag expression: {why}"), Some(hint));
                    return None;
                }
            };
            found.retain(|s| within.is_none_or(|names| names.contains(&s.name)));
            left_out.extend(found.iter().filter(|s| quarantined(s)).map(|s| Arc::clone(&s.name)));
            found.retain(|s| !quarantined(s));
            match found.iter().map(|s| &*s.id).collect::<BTreeSet<_>>().len() {
                0 => wrong("this picks no scenario".into(), Some("`mocktrial list` shows their ids and tags")),
                1 => wrong(
                    "this picks one scenario only".into(),
                    Some("a verdict needs two at the least, to see how far the difference varies"),
                ),
                _ => {}
            }
            Some(found)
        };
        let picks = !self.selection.globs.is_empty() || self.selection.tags.is_some();
        let place = if picks { "scenarios" } else { "title" };
        let scenarios = pick(&self.selection, None, pointer(&[place])).unwrap_or_default();
        let names: BTreeSet<Arc<str>> = scenarios.iter().map(|s| Arc::clone(&s.name)).collect();
        // Of nothing, nothing can be picked: that has been said.
        let within = (names.len() > 1).then_some(&names);
        let mut about = Vec::with_capacity(self.hypotheses.len());
        for (place, hypothesis) in self.hypotheses.iter().enumerate() {
            about.push(hypothesis.tag.as_ref().map(|tag| {
                let at = pointer(&["hypotheses", &place.to_string(), "tag"]);
                let own = Selection { globs: Vec::new(), tags: Some(tag.clone()) };
                pick(&own, within, at).unwrap_or_default().iter().map(|s| Arc::clone(&s.name)).collect()
            }));
        }
        if mistakes.is_empty() {
            Ok(Picked { scenarios, about, left_out })
        } else {
            Err(Mistakes(Mistakes::sort(mistakes)))
        }
    }
}

impl Project {
    /// Reads a protocol: a file in the project.
    ///
    /// # Errors
    /// With every mistake in it.
    pub fn protocol(&self, path: &Path) -> Result<Protocol, Mistakes> {
        let shown = path.display().to_string();
        let refuse = |message: String, hint: &str| Mistakes(vec![whole_file(&shown, message).hint(hint)]);
        let resolved = path.canonicalize().map_err(|error| {
            refuse(
                format!("`{}` cannot be opened: {error}", printable(&shown)),
                "name the file that holds the protocol, such as protocols/new-prompt.toml",
            )
        })?;
        if !resolved.starts_with(&self.root) {
            return Err(refuse(
                "this lies outside the project".into(),
                "a protocol is kept with the project that it is about: copy it there and commit it",
            ));
        }
        if Format::of(&resolved) != Some(Format::Toml) {
            return Err(refuse("a protocol is a TOML file".into(), "give its name the ending `.toml`"));
        }
        let failed =
            |error: std::io::Error| refuse(format!("the project cannot be opened: {error}"), "see who may read it");
        let mut reader = Reader::new(Root::new(&self.root).map_err(failed)?);
        let document = reader.document(&resolved, Format::Toml);
        let found = document.and_then(|document| self.read_protocol(&mut reader, document));
        found.ok_or_else(|| Mistakes::errors(reader.mistakes))
    }

    /// The hash of a protocol's file as it is today, by the name that [`Protocol::file`] gives; `None` where there is no
    /// such file in the project.
    #[must_use]
    pub fn protocol_hash(&self, file: &str) -> Option<Digest> {
        let root = Root::new(&self.root).ok()?;
        let path = root.resolve(root.path(), file).ok()?;
        Some(protocol_hash(&root.read(&path).ok()?.text))
    }

    fn read_protocol(&self, reader: &mut Reader, document: Document) -> Option<Protocol> {
        let mut value = document.root.to_value();
        schemas::protocol()?.check(&document.source, &document.root, &value, &mut reader.mistakes);
        schemas::protocol()?.settle(&mut value);
        self.check_hypotheses(reader, &document);
        if errors_since(reader, 0) {
            return None;
        }
        let file: ProtocolFile = read(reader, &document, value)?;
        let hypothesis = |table: HypothesisTable| Hypothesis {
            claim: match (table.claim, table.margin) {
                (ClaimWord::NoWorse, margin) => Claim::NoWorse { margin: margin.unwrap_or_default() },
                (ClaimWord::Better, _) => Claim::Better,
            },
            candidate: table.candidate,
            control: table.control,
            tag: table.tag,
        };
        Some(Protocol {
            file: document.source.name.clone(),
            text: document.source.text.clone(),
            title: file.title,
            hypotheses: file.hypotheses.into_iter().map(hypothesis).collect(),
            selection: Selection { globs: file.scenarios.select, tags: file.scenarios.tag },
            trials: file.trials,
            seed: file.seed,
            alpha: file.alpha,
            scope: file.scope,
            stopping: file.stopping,
            budget: file.budget,
            document: Arc::new(document),
        })
    }

    /// What the schema cannot know: endpoints, and what does not go together.
    fn check_hypotheses(&self, reader: &mut Reader, document: &Document) {
        let known: Vec<&str> = self.config.endpoints.keys().map(String::as_str).collect();
        let is_known = |name: &str| known.contains(&name) || serde_json::from_value::<Probe>(name.into()).is_ok();
        let all = document.root.get("hypotheses").map_or(&[][..], Node::items);
        let word = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let mut found = Vec::new();
        let mut seen: Vec<[Option<String>; 4]> = Vec::new();
        for (place, node) in all.iter().enumerate() {
            let mut refuse = |key: &str, message: String, hint: String| {
                let index = place.to_string();
                let span = document.span_at(&pointer(&["hypotheses", &index, key]));
                found.push(document.source.mistake(span, message).hint(hint));
            };
            let (candidate, control) = (word(node, "candidate"), word(node, "control"));
            for (key, name) in [("candidate", &candidate), ("control", &control)] {
                if let Some(name) = name.as_deref().filter(|name| !is_known(name)) {
                    let hint = names::hint(name, "endpoints", &known);
                    refuse(key, format!("there is no endpoint `{}`", printable(name)), hint);
                }
            }
            if candidate.is_some() && candidate == control {
                refuse(
                    "control",
                    "this is the candidate itself".into(),
                    "name the endpoint that it is held against".into(),
                );
            }
            match (word(node, "claim").as_deref(), node.get("margin")) {
                (Some("no_worse"), None) => refuse(
                    "claim",
                    "`no_worse` needs a `margin`".into(),
                    "say the loss that is still acceptable: `margin = 0.05` is five points of the pass rate".into(),
                ),
                (Some("better"), Some(_)) => refuse(
                    "margin",
                    "`better` has no `margin`".into(),
                    "remove it: better means better at all; `claim = \"no_worse\"` takes a margin".into(),
                ),
                _ => {}
            }
            let own = [word(node, "claim"), candidate, control, word(node, "tag")];
            if seen.contains(&own) {
                refuse(
                    "claim",
                    "the same is claimed twice".into(),
                    "keep one of the two: every claim takes from the error of the others".into(),
                );
            }
            seen.push(own);
        }
        reader.mistakes.extend(found);
        let stopping = document.root.get("stopping").and_then(Node::as_str);
        if stopping == Some("until_decided") {
            let why = match all {
                [one] if word(one, "claim").as_deref() == Some("better") => "the claim `no_worse` only",
                [one] if one.get("tag").is_some() => "all scenarios of the protocol, and not on a `tag`",
                [_] if word(&document.root, "scope").as_deref() == Some("population") => "the scope `suite` only",
                [_] | [] => return,
                _ => "one hypothesis only",
            };
            let span = document.span_at(&pointer(&["stopping"]));
            let message = format!("`until_decided` decides on {why}");
            let hint = "with `stopping = \"fixed\"` all trials are run, and everything is decided at their end";
            reader.mistakes.push(document.source.mistake(span, message).hint(hint));
        }
    }
}

fn pointer(parts: &[&str]) -> Pointer {
    Pointer(parts.iter().map(|part| (*part).to_owned()).collect())
}

/// The hash of a protocol's text.
#[must_use]
pub fn protocol_hash(text: &str) -> Digest {
    Digest::of_bytes(b"protocol", text.as_bytes())
}

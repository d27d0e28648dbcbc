//! A suite as the rest of mocktrial sees it: checked, compiled and shared.

use super::Mistake;
use crate::user::UserMessage;
use mocktrial_trajectory::{Criterion, Digest, Pointer};
use mocktrial_world::{State, World};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The scenarios of a project, or of a part of it, with the worlds that they share.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The worlds by id (`retail/retail`: the folder of the suite, then the file's name).
    pub worlds: BTreeMap<String, Arc<LoadedWorld>>,
    /// The scenarios, ordered by id; the rows of a template in the order of their file.
    pub scenarios: Vec<Arc<Scenario>>,
    /// What is probably not meant.
    pub warnings: Vec<Mistake>,
}

/// A world file, compiled.
#[derive(Debug)]
pub struct LoadedWorld {
    /// Its id, as in [`Suite::worlds`].
    pub id: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Its file, relative to the project.
    pub file: String,
    /// The compiled world.
    pub world: Arc<World>,
    /// The state as the world file gives it.
    pub initial: State,
    /// The world file's seed.
    pub seed: u64,
    /// The hash of tools, behaviour, script text, seed and clock: what decides how calls are answered.
    pub digest: Digest,
    /// What reading the tools had to change, such as Gemini's upper-case types.
    pub notes: Vec<String>,
}

/// One scenario, ready to be run.
#[derive(Debug)]
pub struct Scenario {
    /// Its path below the scenarios folder without extension, and `#KEY` for a row of cases.
    pub id: Arc<str>,
    /// Its variant; empty for the scenario as written.
    pub variant: Arc<str>,
    /// What it is called: its id, and `~VARIANT` where it has one.
    pub name: Arc<str>,
    /// The id of the template; the same as `id` for a lone scenario.
    pub family: Arc<str>,
    /// What it is about; the id where the file has no title.
    pub title: String,
    /// A longer text for people.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeSet<String>,
    /// The world it plays in.
    pub world: Arc<LoadedWorld>,
    /// The system prompt, before an endpoint changes it.
    pub system: Option<String>,
    /// The user's messages, in order; at least one.
    pub user: Vec<UserMessage>,
    /// The state before the first call: the world's, merged with the scenario's. Equal states are shared.
    pub initial: Arc<Initial>,
    /// The tools that the agent has; `None` for all of the world's.
    pub tools: Option<Arc<BTreeSet<String>>>,
    /// The accepted ways through.
    pub references: Vec<Reference>,
    /// What must come of it; at least one.
    pub criteria: Arc<[Criterion]>,
    /// Its own limits; see [`Limits::or`].
    pub limits: Limits,
    /// Doing nothing is right here.
    pub inaction: bool,
    /// What is known of mutants and equivalents of the references. It decides no grade, and belongs to
    /// no hash.
    pub check: CheckNotes,
    /// What must be equal for two results to be compared.
    pub instrument: Instrument,
    /// Where it is written.
    pub source: Place,
    /// The files of its criteria's scripts; their texts stand in the criteria.
    pub scripts: Vec<ScriptFile>,
}

/// A file that a criterion's script stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFile {
    /// Where in the scenario's file the criterion `script` has its parameters.
    pub at: Pointer,
    /// The file on disk.
    pub path: PathBuf,
    /// Its path relative to the project, with `/` between the parts.
    pub file: String,
}

/// What an author says of a scenario's criteria, for `mocktrial check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckNotes {
    /// Mutants that may pass.
    pub accept: Vec<Accepted>,
    /// Other words for the last answer of every reference.
    pub paraphrases: Vec<String>,
}

/// A mutant that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its name, or the part of the name before the colon.
    pub mutant: String,
    /// Why it may.
    pub why: String,
}

/// A state before the first call, in the forms in which it is needed.
#[derive(Debug)]
pub struct Initial {
    /// The shared tree that episodes start from.
    pub state: State,
    /// Its hash.
    pub digest: Digest,
    /// The plain value, made when it is first asked for.
    pub(super) value: OnceLock<Arc<Value>>,
}

impl Initial {
    /// The plain value, for graders; made once, on first use.
    #[must_use]
    pub fn value(&self) -> &Arc<Value> {
        self.value.get_or_init(|| Arc::new(self.state.to_value()))
    }
}

/// The hashes of what must be equal for two results to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Tools, initial state, behaviour, script, user turns, system prompt, seed, clock and limits (but
    /// those on real time and cost). Where it differs, a stored episode is stale.
    pub world: Digest,
    /// Criteria, references, `inaction` and how states are compared. Where only this differs, a stored
    /// episode is graded anew.
    pub criteria: Digest,
}

/// An accepted way through a scenario.
///
/// Every scenario holds its references as long as the suite runs, and few look at them again: they are kept as JSON, a
/// fraction of the size of their steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference(Box<str>);

impl Reference {
    /// Keeps the steps of a way.
    #[must_use]
    pub fn new(steps: &[Step]) -> Self {
        Self::written(&steps.iter().cloned().map(Step::into_value).collect())
    }

    /// Keeps a way from the list of its steps.
    pub(crate) fn written(steps: &Value) -> Self {
        Self(steps.to_string().into_boxed_str())
    }

    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        // What is read here was written by `new`.
        let steps: Vec<Value> = serde_json::from_str(&self.0).unwrap_or_default();
        steps.into_iter().map(Step::from_value).collect()
    }
}

/// A step of an accepted way.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The agent calls a tool.
    Call {
        /// The tool's name.
        tool: String,
        /// Its arguments: an object.
        args: Value,
        /// Whether the tool is to answer with an error of its own.
        fails: bool,
    },
    /// The agent says something, which ends its turn.
    Say(String),
}

impl Step {
    fn from_value(mut value: Value) -> Self {
        match value["call"].as_str() {
            Some(tool) => Self::Call {
                tool: tool.to_owned(),
                fails: value["fails"].as_bool().unwrap_or_default(),
                args: value["args"].take(),
            },
            None => Self::Say(value["say"].as_str().unwrap_or_default().to_owned()),
        }
    }

    /// Whether its call is to fail; `None` where it calls nothing.
    pub(crate) fn fails(&self) -> Option<bool> {
        match self {
            Self::Call { fails, .. } => Some(*fails),
            Self::Say(_) => None,
        }
    }

    /// The step as a scenario file writes it.
    #[must_use]
    pub fn into_value(self) -> Value {
        let mut map = Map::new();
        match self {
            Self::Call { tool, args, fails } => {
                map.insert("call".to_owned(), tool.into());
                map.insert("args".to_owned(), args);
                if fails {
                    map.insert("fails".to_owned(), true.into());
                }
            }
            Self::Say(text) => {
                map.insert("say".to_owned(), text.into());
            }
        }
        map.into()
    }
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file on disk.
    pub path: PathBuf,
    /// The file relative to the project's root, with `/` between its parts.
    pub file: String,
    /// The row of its cases that made the scenario: where the row is written.
    pub row: Option<Row>,
}

/// A row of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file, relative to the project.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The row's key.
    pub key: String,
}

/// What ends an episode early. `None` where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Model responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub turns: Option<u32>,
    /// Tool calls, failed ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub calls: Option<u32>,
    /// Calls that the model got wrong (unknown tool, malformed or invalid arguments) and errors of tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<u32>,
    /// Seconds that pass inside the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub virtual_seconds: Option<f64>,
    /// Seconds on the wall. An episode that this ends is not the model's failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub real_seconds: Option<f64>,
    /// Tokens, input and output of all requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens: Option<u64>,
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cost: Option<f64>,
}

impl Limits {
    /// These limits, completed by those of `other` where nothing is said.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            turns: self.turns.or(other.turns),
            calls: self.calls.or(other.calls),
            errors: self.errors.or(other.errors),
            virtual_seconds: self.virtual_seconds.or(other.virtual_seconds),
            real_seconds: self.real_seconds.or(other.real_seconds),
            tokens: self.tokens.or(other.tokens),
            cost: self.cost.or(other.cost),
        }
    }
}

impl Scenario {
    /// The seed of its world: of the world file's seed and the scenario's id, the same for every
    /// endpoint, trial and run.
    #[must_use]
    pub fn world_seed(&self) -> u64 {
        let mut bytes = self.world.seed.to_le_bytes().to_vec();
        bytes.extend_from_slice(self.id.as_bytes());
        Digest::of_bytes(b"world seed", &bytes).to_u64()
    }

    /// A mistake at a place of the scenario's file, for what is found only when the scenario runs (such
    /// as a reference that does not pass). `at` points into the file: `/reference/2`, `/expect/0`.
    #[must_use]
    pub fn mistake_at(&self, at: &Pointer, message: impl Into<String>, hint: Option<String>) -> Mistake {
        super::locate(&self.source, at, message.into(), hint)
    }

    /// A mistake that compiling the criteria has found: in the file of a script where it lies in one, else at
    /// the criterion.
    #[must_use]
    pub fn mistake_of(&self, found: mocktrial_scoring::Mistake) -> Mistake {
        let criterion = Pointer::default().child("expect").child(found.criterion);
        let at = Pointer([criterion.0.as_slice(), found.at.0.as_slice()].concat());
        let script = self.scripts.iter().find(|script| script.at.child("source") == at);
        match script {
            Some(script) => super::scripts::locate(script, found.within, &found.message).hint_if(found.hint),
            None => self.mistake_at(&criterion, found.in_words(), found.hint),
        }
    }
}

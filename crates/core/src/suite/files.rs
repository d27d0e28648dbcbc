//! Files as they are written: the types that the published schemas and all checks come from.

use super::Limits;
use super::config::{Budget, CassetteMode, ParallelCalls, Probe, PromptMode, ToolOverride};
use super::gate::GateRules;
use mocktrial_provider::Price;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// A key that is read from the document itself, which knows its place: it is in the schema, and takes no
/// room here.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere<T>(PhantomData<T>);

impl<'de, T> Deserialize<'de> for Elsewhere<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Elsewhere<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}

/// A scenario: what the user wants, in which world, and what must come of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mocktrial scenario")]
pub(crate) struct ScenarioFile {
    /// What it is about, in a line.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// A longer text for people.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Words by which it can be selected.
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    /// The world it plays in: `retail` is `worlds/retail.yaml` of the same suite.
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) world: Elsewhere<String>,
    /// The system prompt.
    #[serde(default)]
    pub(crate) system: Option<String>,
    /// What the user says, in order; the next is given when the agent answers without calls.
    pub(crate) user: UserFile,
    /// A JSON Merge Patch (RFC 7396) on the world's state.
    #[serde(default)]
    pub(crate) state: Option<Map<String, Value>>,
    /// Which of the world's tools the agent has; all unless given.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) tools: Option<Vec<String>>,
    /// An accepted way through.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) reference: Option<Vec<StepFile>>,
    /// Several accepted ways through, instead of `reference`.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) references: Option<Vec<Vec<StepFile>>>,
    /// Doing nothing is right here: the probes `null`, `echo` and `refuse` may pass.
    #[serde(default)]
    pub(crate) inaction: bool,
    /// What must come of it: at least one criterion.
    #[schemars(length(min = 1))]
    pub(crate) expect: Vec<CriterionFile>,
    /// What ends an episode early.
    #[serde(default)]
    pub(crate) limits: Option<Limits>,
    /// What `mocktrial check` is to know of the criteria.
    #[serde(default)]
    pub(crate) check: Option<CheckFile>,
    /// One scenario for each row: a CSV or JSON Lines file, or a list of maps. `${column}` stands for
    /// the row's value in title, description, system, user, state, reference, expect and check; `$${` for
    /// `${`.
    #[serde(default)]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) cases: Option<Elsewhere<CasesFile>>,
    /// The scenario once more for each row: the same task with other people, names, words or formats. A file or a list
    /// of maps as for `cases`; the column `name` names the variant. Variants count together as one scenario.
    #[serde(default)]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) variants: Option<Elsewhere<CasesFile>>,
    /// The column of `cases` that names the row; `id` unless given.
    #[serde(default)]
    #[schemars(length(min = 1))]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) key: Option<Elsewhere<String>>,
}

/// One message, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum UserFile {
    /// One.
    One(#[schemars(length(min = 1))] String),
    /// Several, in order.
    Many(#[schemars(length(min = 1))] Vec<UserMessageFile>),
}

/// A message: its text, or its text with files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum UserMessageFile {
    /// A text.
    Text(String),
    /// A text with pictures, sounds or documents.
    WithFiles(Attaching),
}

/// A text with pictures, sounds or documents.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attaching {
    /// The text.
    pub(crate) text: String,
    /// The files that go with it, relative to this one.
    #[schemars(length(min = 1))]
    pub(crate) attach: Vec<String>,
}

/// A step of an accepted way: a call, or something said, which ends the agent's turn.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum StepFile {
    /// The agent calls a tool.
    Call {
        /// The tool's name.
        call: String,
        /// Its arguments.
        #[serde(default)]
        args: Map<String, Value>,
        /// The tool answers this call with an error of its own, and that is part of the way.
        #[serde(default)]
        fails: bool,
    },
    /// The agent says something; the user's next message follows.
    Say {
        /// What it says.
        say: String,
    },
}

/// What `mocktrial check` is to know of the criteria.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckFile {
    /// Mutants of the reference that may pass, by the names that `mocktrial check` gives them.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) accept: Vec<AcceptFile>,
    /// Other words for the last answer of the reference, which must pass as well.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) paraphrases: Vec<String>,
}

/// A mutant that may pass.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptFile {
    /// Its name, or the part of the name before the colon.
    #[schemars(length(min = 1))]
    pub(crate) mutant: String,
    /// Why it may.
    #[schemars(length(min = 1))]
    pub(crate) why: String,
}

/// A criterion: one grader's name with its parameters and, beside it, `measure`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "Criterion")]
pub(crate) struct CriterionFile(pub(crate) Map<String, Value>);

/// Rows of cases.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "the type makes the schema")]
pub(crate) enum CasesFile {
    /// A `.csv` or `.jsonl` file. A CSV header says a column's type as `name:number`, `name:boolean` or
    /// `name:json`; text unless it does.
    File(String),
    /// The rows themselves.
    Rows(#[schemars(length(min = 1))] Vec<Map<String, Value>>),
}

/// A world: tools, state, and how calls are answered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(title = "mocktrial world")]
pub(crate) struct WorldFile {
    /// What it is, in a line.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// The tools: a file, a definition, or a list of both. OpenAI (Chat or Responses), Anthropic, Gemini,
    /// MCP `tools/list` and plain JSON Schema are understood as they are.
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) tools: Elsewhere<ToolsFile>,
    /// The state at the start: a map, or a `.json` or `.yaml` file.
    #[serde(default)]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) state: Option<Elsewhere<StateFile>>,
    /// A Starlark file with the functions that `behaviour` names.
    #[serde(default)]
    #[schemars(length(min = 1))]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) script: Option<Elsewhere<String>>,
}

/// Where tools are defined.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "the type makes the schema")]
pub(crate) enum ToolsFile {
    /// A file.
    File(String),
    /// A definition.
    Definition(Map<String, Value>),
    /// Several of both.
    List(#[schemars(length(min = 1))] Vec<ToolsEntry>),
}

/// A file of tools, or a definition.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "the type makes the schema")]
pub(crate) enum ToolsEntry {
    /// A file.
    File(String),
    /// A definition.
    Definition(Map<String, Value>),
}

/// A state, or the file that holds it.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code, reason = "the type makes the schema")]
pub(crate) enum StateFile {
    /// A file.
    File(String),
    /// The state.
    State(Map<String, Value>),
}

/// The project's configuration, `mocktrial.toml`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "mocktrial.toml")]
pub(crate) struct ConfigFile {
    /// Where things lie.
    pub(crate) project: ProjectTable,
    /// What a run uses unless told otherwise.
    pub(crate) defaults: DefaultsTable,
    /// Limits of every scenario that does not say otherwise.
    pub(crate) limits: Limits,
    /// What a run may spend.
    pub(crate) budget: Budget,
    /// What `mocktrial gate` asks of a run.
    pub(crate) gate: GateRules,
    /// What models cost, in dollars per million tokens, by `"provider/model"`. It outranks the table that
    /// mocktrial brings along, and is outranked by an endpoint's own `price`.
    pub(crate) prices: BTreeMap<String, Price>,
    /// What can be put on trial, by name.
    pub(crate) endpoints: BTreeMap<String, Map<String, Value>>,
    /// Models that answer the rubrics of `judge` criteria, by name.
    pub(crate) judges: BTreeMap<String, Map<String, Value>>,
    /// Programs that `verify` criteria may ask, by name.
    pub(crate) verifiers: BTreeMap<String, VerifierTable>,
    /// Scenarios that verdicts leave out for a time, because they are unreliable as an instrument.
    pub(crate) quarantine: Vec<QuarantineTable>,
}

/// A scenario that verdicts leave out for a time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the type makes the schema; each entry is read with its place")]
pub(crate) struct QuarantineTable {
    /// The scenario's id, such as `shop/refund`; `shop/refund~maria` means one of its variants.
    #[schemars(length(min = 1))]
    pub(crate) scenario: String,
    /// The last day on which it is left out, such as `2027-01-31` (in UTC).
    pub(crate) until: String,
    /// What makes it unreliable, for whoever mends it.
    #[schemars(length(min = 1))]
    pub(crate) why: String,
}

/// A program that looks at an episode.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifierTable {
    /// The program and its arguments; it runs in the project's folder.
    #[schemars(length(min = 1))]
    pub(crate) command: Vec<String>,
    /// Environment variables passed through, beside PATH, HOME and LANG.
    #[serde(default)]
    pub(crate) env: Vec<String>,
    /// The real seconds it may take for an episode.
    #[serde(default = "a_minute")]
    #[schemars(range(min = 0.001, max = 86400))]
    pub(crate) seconds: f64,
}

fn a_minute() -> f64 {
    60.0
}

/// Where things lie, relative to the project.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProjectTable {
    /// Scenarios and worlds; `scenarios` unless given.
    pub(crate) scenarios: Option<String>,
    /// Cassettes; `scenarios/cassettes` unless given.
    pub(crate) cassettes: Option<String>,
    /// Run files; `.mocktrial/runs` unless given.
    pub(crate) runs: Option<String>,
}

/// What a run uses unless told otherwise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DefaultsTable {
    /// The endpoints on trial; all unless given.
    pub(crate) endpoints: Vec<String>,
    /// Trials per scenario and endpoint.
    #[schemars(range(min = 1))]
    pub(crate) trials: Option<u32>,
    /// The run's seed.
    pub(crate) seed: Option<u64>,
    /// What is done with cassettes.
    pub(crate) cassettes: Option<CassetteMode>,
    /// Episodes at once, per endpoint.
    #[schemars(range(min = 1))]
    pub(crate) concurrency: Option<u32>,
    /// Dollars above which a run asks first.
    #[schemars(range(min = 0))]
    pub(crate) confirm_above: Option<f64>,
}

/// What every endpoint may say, whatever its kind.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct EndpointTable {
    /// What it is: a model behind a Chat Completions API, an agent of your own, or a built-in agent.
    pub(crate) kind: KindWord,
    /// The endpoint whose settings it takes over where it does not say otherwise.
    #[serde(default)]
    #[allow(dead_code, reason = "see `Elsewhere`")]
    pub(crate) extends: Option<Elsewhere<String>>,
    /// What it does with the scenario's system prompt: a file that replaces it, or a table.
    #[serde(default)]
    pub(crate) prompt: Option<PromptEntry>,
    /// Tools that it presents differently, by name.
    #[serde(default)]
    pub(crate) tools: BTreeMap<String, ToolOverride>,
    /// Whether calls must fit their tool's schema by the provider's own force; where absent, each tool's
    /// definition says so itself.
    #[serde(default)]
    pub(crate) strict_tools: Option<bool>,
    /// Which of a response's calls are answered.
    #[serde(default)]
    pub(crate) parallel_calls: ParallelCalls,
    /// Episodes at once.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) concurrency: Option<u32>,
    /// What it costs, in dollars per million tokens. Where absent, what `prices` or the price table says of its
    /// provider and model.
    #[serde(default)]
    pub(crate) price: Option<Price>,
}

/// The kinds of endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindWord {
    /// A model behind an API of this dialect.
    Model(&'static str),
    /// An agent of your own.
    Command,
    /// A built-in agent.
    Probe,
}

impl KindWord {
    /// The word's kind.
    pub(crate) fn of(word: &str) -> Option<Self> {
        match word {
            "command" => Some(Self::Command),
            "probe" => Some(Self::Probe),
            _ => mocktrial_provider::dialects().find(|dialect| *dialect == word).map(Self::Model),
        }
    }

    /// All words.
    pub(crate) fn words() -> Vec<&'static str> {
        mocktrial_provider::dialects().chain(["command", "probe"]).collect()
    }
}

impl<'de> Deserialize<'de> for KindWord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::of(&word).ok_or_else(|| serde::de::Error::custom(format_args!("`{word}` is no kind of endpoint")))
    }
}

impl JsonSchema for KindWord {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KindWord".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The dialect of a model API, `command` for an agent of your own, or `probe` for a built-in one.",
            "type": "string",
            "enum": Self::words(),
        })
    }
}

/// What an endpoint does with the scenario's system prompt.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum PromptEntry {
    /// A file whose text replaces it.
    File(String),
    /// A text or a file, and how it is put to use.
    Table(PromptTable),
}

/// A text or a file, and how it is put to use.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptTable {
    /// The file that holds the text.
    #[serde(default)]
    pub(crate) file: Option<String>,
    /// The text, instead of `file`.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// How it is put to use; `replace` unless given.
    #[serde(default)]
    pub(crate) mode: PromptMode,
}

/// What an endpoint of the kind `command` says beside.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct CommandTable {
    /// The program and its arguments.
    #[schemars(length(min = 1))]
    pub(crate) command: Vec<String>,
    /// Environment variables passed through, beside PATH, HOME and LANG.
    #[serde(default)]
    pub(crate) env: Vec<String>,
}

/// What an endpoint of the kind `probe` says beside.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct ProbeTable {
    /// Which built-in agent.
    pub(crate) probe: Probe,
}

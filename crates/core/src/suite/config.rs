//! What `mocktrial.toml` says, resolved and checked.

use super::Limits;
use super::gate::GateRules;
use jiff::civil::Date;
use mocktrial_provider::Price;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The project's configuration: every `extends` resolved, every file read, every name checked.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where things lie, relative to the root.
    pub folders: Folders,
    /// What a run uses unless told otherwise.
    pub defaults: Defaults,
    /// Limits of every scenario that does not say otherwise.
    pub limits: Limits,
    /// What a run may spend.
    pub budget: Budget,
    /// What `mocktrial gate` asks of a run.
    pub gate: GateRules,
    /// The endpoints by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The judges by name: models that answer rubrics.
    pub judges: BTreeMap<String, Endpoint>,
    /// The verifiers by name: programs that criteria may ask.
    pub verifiers: BTreeMap<String, Verifier>,
    /// Scenarios that verdicts leave out for a time, in the order of the file.
    pub quarantine: Vec<Quarantine>,
}

/// A scenario that verdicts leave out for a time, because it is unreliable as an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Its id, or the name of one of its variants (`id~variant`).
    pub scenario: String,
    /// The last day on which it is left out, in UTC.
    pub until: Date,
    /// What makes it unreliable; never empty.
    pub why: String,
}

impl Quarantine {
    /// Whether it is over on a day: then it leaves nothing out any more.
    #[must_use]
    pub fn is_over(&self, on: Date) -> bool {
        on > self.until
    }
}

/// A program that a criterion may ask about an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Verifier {
    /// How it is started.
    pub command: CommandConfig,
    /// The real seconds it may take.
    pub seconds: f64,
}

/// Where things lie, relative to the project's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Scenarios and worlds.
    pub scenarios: String,
    /// Cassettes.
    pub cassettes: String,
    /// Run files.
    pub runs: String,
}

impl Default for Folders {
    fn default() -> Self {
        Self { scenarios: "scenarios".into(), cassettes: "scenarios/cassettes".into(), runs: ".mocktrial/runs".into() }
    }
}

/// What a run uses unless told otherwise; `None` where the file says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// The endpoints on trial; empty means all.
    pub endpoints: Vec<String>,
    /// Trials per scenario and endpoint.
    pub trials: Option<u32>,
    /// The run's seed.
    pub seed: Option<u64>,
    /// What is done with cassettes.
    pub cassettes: Option<CassetteMode>,
    /// Episodes at once, per endpoint.
    pub concurrency: Option<u32>,
    /// Dollars above which a run asks first.
    pub confirm_above: Option<f64>,
}

/// What is done with cassettes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CassetteMode {
    /// They are not used.
    Live,
    /// Every response is asked for and written down.
    Record,
    /// Only what is written down is used; anything else fails.
    Replay,
    /// What is written down is used, anything else is asked for and written down.
    ReplayOrLive,
}

/// What a run may spend; `None` where there is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cost: Option<f64>,
    /// Tokens, input and output of all requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens: Option<u64>,
}

/// What is on trial.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EndpointKind,
    /// What it does with the scenario's system prompt.
    pub prompt: Option<Prompt>,
    /// Descriptions of tools that it presents differently, by tool.
    pub tools: BTreeMap<String, ToolOverride>,
    /// Whether the provider forces calls to fit their schemas; `None` leaves it to each tool's definition.
    pub strict_tools: Option<bool>,
    /// Whether all of a response's calls are answered, or the first only.
    pub parallel_calls: ParallelCalls,
    /// Episodes at once.
    pub concurrency: Option<u32>,
    /// What it costs, where anybody says.
    pub price: Option<Price>,
    /// Who says what it costs.
    pub price_from: Option<PriceFrom>,
    /// Names of environment variables that its settings refer to.
    pub secrets: BTreeSet<String>,
    /// Everything that belongs to it, resolved, as one value: its treatment, without what only says how
    /// it is reached (address, credentials, concurrency, retries, timeouts) or what it costs.
    pub treatment: Value,
}

/// Who says what an endpoint costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceFrom {
    /// Its own table in `mocktrial.toml`.
    Endpoint,
    /// The table `prices` of `mocktrial.toml`.
    Project,
    /// The price table that mocktrial brings along.
    Table,
}

/// The kinds of endpoints.
#[derive(Clone, Debug)]
pub enum EndpointKind {
    /// A model behind an API.
    Model {
        /// The dialect it speaks.
        dialect: &'static str,
        /// How it is reached and asked.
        config: Box<mocktrial_provider::ModelConfig>,
    },
    /// The user's own agent.
    Command(CommandConfig),
    /// A built-in agent.
    Probe(Probe),
}

/// How the user's own agent is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandConfig {
    /// The program and its arguments; never empty.
    pub command: Vec<String>,
    /// Environment variables passed through, beside PATH, HOME and LANG.
    pub env: Vec<String>,
}

/// A built-in agent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Probe {
    /// Walks the accepted reference.
    Reference,
    /// Does and says nothing.
    Null,
    /// Says what the user said.
    Echo,
    /// Declines.
    Refuse,
    /// Calls every tool with made-up arguments.
    Spam,
    /// Says everything that it was told.
    Dump,
}

/// What an endpoint does with a scenario's system prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// How it is put to use.
    pub mode: PromptMode,
}

/// How an endpoint's prompt is put to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptMode {
    /// It stands where a scenario has no system prompt.
    Set,
    /// It stands before the scenario's system prompt, with an empty line between.
    Prefix,
    /// It stands in place of the scenario's system prompt.
    #[default]
    Replace,
}

impl Prompt {
    /// The system prompt that the endpoint gets for a scenario's.
    #[must_use]
    pub fn apply(&self, system: Option<&str>) -> String {
        match (self.mode, system) {
            (PromptMode::Set, Some(own)) => own.to_owned(),
            (PromptMode::Prefix, Some(own)) => format!("{}\n\n{own}", self.text.trim_end()),
            _ => self.text.clone(),
        }
    }
}

/// How an endpoint presents a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolOverride {
    /// The description that stands in place of the tool's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Which of a response's calls are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParallelCalls {
    /// All, in order.
    #[default]
    All,
    /// The first only.
    First,
}

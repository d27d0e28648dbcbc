//! From `mocktrial.toml` as written to a checked configuration.

use super::config::{CommandConfig, Config, Defaults, Endpoint, EndpointKind, Folders, PriceFrom, Prompt, Verifier};
use super::document::{Document, Entry, Format, Kind, Node};
use super::files::{
    CommandTable, ConfigFile, EndpointTable, KindWord, ProbeTable, PromptEntry, PromptTable, VerifierTable,
};
use super::load_world::errors_since;
use super::reading::Reader;
use super::{names, quarantine, schemas};
use mocktrial_provider::{ModelConfig, PRESETS, Price, undated};
use mocktrial_trajectory::Pointer;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Keys of an endpoint that say how it is reached or what it costs, and not what it is.
const NOT_TREATMENT: &[&str] = &[
    "extends",
    "base_url",
    "api_key_env",
    "auth",
    "headers",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "retries",
    "timeout_seconds",
    "price",
    "env",
];

/// Keys of an endpoint that do not concern its provider.
const NOT_PROVIDER: &[&str] = &["kind", "extends", "prompt", "tools", "strict_tools", "parallel_calls", "concurrency"];

/// Prices by provider and model.
type Prices = BTreeMap<(String, String), Price>;

/// Reads the configuration in a document. `None` when it has mistakes, which the reader then holds.
pub(crate) fn configure(reader: &mut Reader, document: &Document) -> Option<Config> {
    let before = reader.mistakes.len();
    let mut value = document.root.to_value();
    schemas::config()?.check(&document.source, &document.root, &value, &mut reader.mistakes);
    schemas::config()?.settle(&mut value);
    let prices = prices(reader, document, &value);
    let endpoints = endpoints(reader, document, Section::Endpoints, &prices);
    let judges = judges(reader, document, &prices);
    check_names(reader, document, &endpoints);
    let folders = folders(reader, document);
    let quarantine = quarantine::read(reader, document, today());
    if errors_since(reader, before) {
        return None;
    }
    let file: ConfigFile = read(reader, document, value)?;
    Some(Config {
        folders,
        defaults: Defaults {
            endpoints: file.defaults.endpoints,
            trials: file.defaults.trials,
            seed: file.defaults.seed,
            cassettes: file.defaults.cassettes,
            concurrency: file.defaults.concurrency,
            confirm_above: file.defaults.confirm_above,
        },
        limits: file.limits,
        budget: file.budget,
        gate: file.gate,
        endpoints,
        judges,
        verifiers: file
            .verifiers
            .into_iter()
            .map(|(name, VerifierTable { command, env, seconds })| {
                (name, Verifier { command: CommandConfig { command, env }, seconds })
            })
            .collect(),
        quarantine,
    })
}

fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What passed its schema as its type. The two come from one source, so a failure is a bug; it is still said.
pub(super) fn read<T: DeserializeOwned>(reader: &mut Reader, document: &Document, value: Value) -> Option<T> {
    match serde_json::from_value(value) {
        Ok(read) => Some(read),
        Err(error) => {
            reader.mistakes.push(document.source.mistake_whole(format!("this cannot be read: {error}")));
            None
        }
    }
}

fn folders(reader: &mut Reader, document: &Document) -> Folders {
    let mut folders = Folders::default();
    for (key, folder) in
        [("scenarios", &mut folders.scenarios), ("cassettes", &mut folders.cassettes), ("runs", &mut folders.runs)]
    {
        let node = document.root.get("project").and_then(|p| p.get(key));
        let text = node.and_then(Node::as_str).unwrap_or(folder.as_str());
        match reader.root.folder(text) {
            Ok(path) => *folder = reader.root.name(&path),
            Err(wrong) => {
                let mistake = match node {
                    Some(node) => document.source.mistake(node.span, wrong.message),
                    None => document.source.mistake_whole(wrong.message),
                };
                reader.mistakes.push(mistake.hint_if(wrong.hint));
            }
        }
    }
    if Path::new(&folders.scenarios).starts_with(&folders.cassettes) {
        let node = document.root.get("project").and_then(|p| p.get("cassettes"));
        let span = node.map_or_else(|| document.span_at(&Pointer(vec!["project".into()])), |node| node.span);
        let mistake = document.source.mistake(span, "the folder of cassettes holds the scenarios");
        reader.mistakes.push(mistake.hint("nothing in it is read as a scenario: give cassettes a folder of their own"));
    }
    folders
}

fn check_names(reader: &mut Reader, document: &Document, endpoints: &BTreeMap<String, Endpoint>) {
    let written = document.root.get("endpoints").map_or(&[][..], Node::entries);
    let known: Vec<&str> = written.iter().map(|entry| entry.key.as_str()).collect();
    let chosen = document.root.get("defaults").and_then(|d| d.get("endpoints")).map_or(&[][..], Node::items);
    for node in chosen {
        if let Some(name) = node.as_str().filter(|name| !known.contains(name) && !endpoints.contains_key(*name)) {
            let mistake = document
                .source
                .mistake(node.span, format!("there is no endpoint `{name}`"))
                .hint(names::hint(name, "endpoints", &known));
            reader.mistakes.push(mistake);
        }
    }
}

/// The project's own prices, by provider and model. What has a mistake is left out: the schema, or this, says so.
fn prices(reader: &mut Reader, document: &Document, value: &Value) -> Prices {
    let mut prices = Prices::new();
    for entry in document.root.get("prices").map_or(&[][..], Node::entries) {
        let known: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        let (provider, model) = entry.key.split_once('/').unwrap_or((&entry.key, ""));
        if !known.contains(&provider) || model.is_empty() {
            let written = super::source::printable(&entry.key);
            let (message, hint) = if model.is_empty() {
                let form = "write it as `[prices.\"provider/model\"]`".to_owned();
                (format!("`{written}` is no provider and model"), form)
            } else {
                (format!("no provider of `{written}` is known"), names::hint(provider, "providers", &known))
            };
            reader.mistakes.push(document.source.mistake(entry.key_span, message).hint(hint));
        } else if let Ok(price) = serde_json::from_value(value["prices"][&entry.key].clone()) {
            prices.insert((provider.to_owned(), model.to_owned()), price);
        }
    }
    prices
}

/// A section of tables that say how a model, or an agent, is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Endpoints,
    Judges,
}

impl Section {
    fn key(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints",
            Self::Judges => "judges",
        }
    }

    /// What one of its tables is.
    fn one(self) -> &'static str {
        match self {
            Self::Endpoints => "an endpoint",
            Self::Judges => "a judge",
        }
    }
}

/// The judges: models, without what only an agent on trial can have.
fn judges(reader: &mut Reader, document: &Document, prices: &Prices) -> BTreeMap<String, Endpoint> {
    let mut found = endpoints(reader, document, Section::Judges, prices);
    let Some(written) = document.root.get("judges") else { return found };
    found.retain(|name, judge| {
        let Some(entry) = written.entry(name) else { return false };
        if !matches!(judge.kind, EndpointKind::Model { .. }) {
            let message = format!("the judge `{name}` is no model");
            let mistake = document.source.mistake(entry.key_span, message);
            reader.mistakes.push(mistake.hint("a program that grades is a verifier: `[verifiers.NAME]`"));
            return false;
        }
        for key in ["prompt", "tools", "strict_tools", "parallel_calls", "tool_choice"] {
            if let Some(wrong) = entry.value.entry(key) {
                let mistake = document.source.mistake(wrong.key_span, format!("a judge has no `{key}`"));
                reader.mistakes.push(mistake.hint("what it is told, and how it answers, is the criterion's"));
            }
        }
        true
    });
    found
}

fn endpoints(
    reader: &mut Reader,
    document: &Document,
    section: Section,
    prices: &Prices,
) -> BTreeMap<String, Endpoint> {
    let mut found = BTreeMap::new();
    let Some(written) = document.root.get(section.key()) else { return found };
    for entry in written.entries().iter().filter(|entry| entry.value.is_map()) {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if entry.key.is_empty() || entry.key.len() > 64 || !entry.key.chars().all(good) {
            let mistake = document
                .source
                .mistake(
                    entry.key_span,
                    format!("`{}` cannot name {}", super::source::printable(&entry.key), section.one()),
                )
                .hint("a name has up to 64 letters, digits, `-`, `_` or `.`");
            reader.mistakes.push(mistake);
            continue;
        }
        let Some(node) = extended(reader, document, written, entry) else { continue };
        if let Some(endpoint) = endpoint(reader, document, entry, &node, prices) {
            found.insert(entry.key.clone(), endpoint);
        }
    }
    found
}

/// An endpoint's table with what it takes over by `extends`.
fn extended(reader: &mut Reader, document: &Document, all: &Node, entry: &Entry) -> Option<Node> {
    let mut node = entry.value.clone();
    let mut chain = vec![entry.key.as_str()];
    let mut next = entry.value.get("extends");
    while let Some((at, name)) = next.and_then(|n| Some((n, n.as_str()?))) {
        let endpoints = document.root.get("endpoints");
        let found = all.entry(name).or_else(|| endpoints?.entry(name));
        let Some(parent) = found.filter(|parent| parent.value.is_map()) else {
            let known: Vec<&str> = all.entries().iter().map(|e| e.key.as_str()).filter(|k| *k != entry.key).collect();
            // Said once, where the unknown name stands, and not again for those that extend this one.
            if chain.len() == 1 {
                let mistake = document
                    .source
                    .mistake(at.span, format!("there is no endpoint `{name}` to extend"))
                    .hint(names::hint(name, "endpoints", &known));
                reader.mistakes.push(mistake);
            }
            return None;
        };
        if chain.contains(&parent.key.as_str()) {
            if parent.key == entry.key {
                chain.push(&parent.key);
                let mistake = document
                    .source
                    .mistake(at.span, format!("endpoints extend each other in a circle: {}", chain.join(" → ")))
                    .hint("remove one `extends`");
                reader.mistakes.push(mistake);
            }
            return None;
        }
        let kinds = (node.get("kind").and_then(Node::as_str), parent.value.get("kind").and_then(Node::as_str));
        if let (Some(own), Some(theirs)) = kinds
            && own != theirs
        {
            let span = node.span_at(&["kind".into()]);
            let message =
                format!("an endpoint of the kind `{own}` cannot extend `{name}`, which is of the kind `{theirs}`");
            reader.mistakes.push(document.source.mistake(span, message).hint("remove `kind`, or `extends`"));
            return None;
        }
        merge(&mut node, &parent.value, 0);
        chain.push(&parent.key);
        next = parent.value.get("extends");
    }
    Some(node)
}

/// Takes over what `own` does not say. Tables are merged, except where a table is one setting (`prompt`,
/// `tool_choice`).
fn merge(own: &mut Node, from: &Node, depth: usize) {
    let (Kind::Map(own), Kind::Map(from)) = (&mut own.kind, &from.kind) else { return };
    for entry in from {
        match own.iter_mut().find(|o| o.key == entry.key) {
            Some(mine) if depth > 0 || !matches!(entry.key.as_str(), "prompt" | "tool_choice") => {
                merge(&mut mine.value, &entry.value, depth + 1);
            }
            Some(_) => {}
            None => own.push(entry.clone()),
        }
    }
}

fn endpoint(reader: &mut Reader, document: &Document, entry: &Entry, node: &Node, prices: &Prices) -> Option<Endpoint> {
    let before = reader.mistakes.len();
    let source = &document.source;
    let mut value = node.to_value();
    // A provider that is known by name has a dialect that it usually speaks.
    let usual = || node.get("provider").and_then(Node::as_str).and_then(ModelConfig::usual_dialect);
    let written = node.get("kind").map(Node::as_str);
    let kind = match (written, usual()) {
        (Some(kind), _) => kind,
        (None, Some(dialect)) => {
            value["kind"] = dialect.into();
            Some(dialect)
        }
        (None, None) => {
            let mistake = source
                .mistake(entry.key_span, format!("the endpoint `{}` has no `kind`", entry.key))
                .hint(format!("say `kind = \"chat\"`; the kinds are {}", names::list(&KindWord::words())));
            reader.mistakes.push(mistake);
            return None;
        }
    };
    let shape = match kind.and_then(KindWord::of) {
        Some(KindWord::Command) => schemas::command(),
        Some(KindWord::Probe) => schemas::probe(),
        _ => schemas::model(),
    }?;
    let mut findings = shape.findings(&value);
    if findings.iter().any(|finding| finding.at.0 == ["kind"]) {
        // Without a kind it is not known what else belongs here.
        findings.retain(|finding| finding.at.0 == ["kind"]);
    }
    for finding in findings {
        // What is missing in a table is shown at the name of the endpoint.
        let mut mistake = finding.place(source, node);
        if finding.at.0.is_empty() {
            mistake = source.mistake(entry.key_span, mistake.message).hint_if(mistake.hint);
        }
        reader.mistakes.push(mistake);
    }
    if reader.mistakes.len() > before {
        return None;
    }
    shape.settle(&mut value);
    let table: EndpointTable = read(reader, document, value.clone())?;
    let prompt = match &table.prompt {
        Some(entry) => Some(prompt(reader, document, node.get("prompt")?, entry)?),
        None => None,
    };
    let mut rest = value.as_object().cloned().unwrap_or_default();
    let mut secrets = BTreeSet::new();
    let mut price = table.price.map(|price| (price, PriceFrom::Endpoint));
    let kind = match table.kind {
        KindWord::Model(dialect) => {
            rest.retain(|key, _| !NOT_PROVIDER.contains(&key.as_str()));
            let mut config: ModelConfig = read(reader, document, Value::Object(rest))?;
            if let Err(wrong) = config.check(dialect) {
                let at: Vec<String> = wrong.key.splitn(2, '.').map(str::to_owned).collect();
                let span = if node.at(&at).is_some() { node.span_at(&at) } else { entry.key_span };
                let mut mistake = source.mistake(span, wrong.message);
                if at[0] == "headers" || config.base_url.as_ref().is_some_and(|url| url.contains('@')) {
                    // What stands there may be a secret, and mistakes are printed into logs.
                    mistake = mistake.without_excerpt();
                }
                reader.mistakes.push(mistake);
                return None;
            }
            secrets.extend(config.key_variable(dialect).map(str::to_owned));
            config.headers.values().for_each(|header| secrets.extend(variables(header)));
            if config.price.is_none() {
                config.price = project_price(&config, dialect, prices);
                let project = config.price.clone().map(|price| (price, PriceFrom::Project));
                price = project.or_else(|| Some((config.listed_price(dialect)?, PriceFrom::Table)));
            }
            EndpointKind::Model { dialect, config: Box::new(config) }
        }
        KindWord::Command => {
            let command: CommandTable = read(reader, document, Value::Object(rest))?;
            secrets.extend(command.env.iter().cloned());
            EndpointKind::Command(CommandConfig { command: command.command, env: command.env })
        }
        KindWord::Probe => EndpointKind::Probe(read::<ProbeTable>(reader, document, Value::Object(rest))?.probe),
    };
    Some(Endpoint {
        name: entry.key.clone(),
        treatment: treatment(&value, prompt.as_ref()),
        kind,
        prompt,
        tools: table.tools,
        strict_tools: table.strict_tools,
        parallel_calls: table.parallel_calls,
        concurrency: table.concurrency,
        price_from: price.as_ref().map(|(_, from)| *from),
        price: price.map(|(price, _)| price),
        secrets,
    })
}

/// What `prices` says of an endpoint's model, by its name or by its name without a date.
fn project_price(config: &ModelConfig, dialect: &str, prices: &Prices) -> Option<Price> {
    let provider = config.provider_name(dialect)?;
    let plain = |model: &str| model.strip_prefix("models/").filter(|_| provider == "google").map(str::to_owned);
    let model = plain(&config.model).unwrap_or_else(|| config.model.clone());
    let find = |name: &str| {
        let own = prices
            .iter()
            .find(|((of, written), _)| of == provider && plain(written).as_deref().unwrap_or(written.as_str()) == name);
        own.map(|(_, price)| price.clone())
    };
    // A dated name with a price of its own in the table is another model than the undated one.
    let undated = || undated(&model).filter(|_| !mocktrial_provider::is_listed(provider, &model));
    find(&model).or_else(|| find(undated()?))
}

/// Warns of endpoints that present tools which no world has. Only for a project whose worlds are all loaded.
pub(crate) fn warn_of_unknown_tools(
    reader: &mut Reader,
    config: &Config,
    worlds: &BTreeMap<String, Arc<super::LoadedWorld>>,
) {
    let known: BTreeSet<&str> =
        worlds.values().flat_map(|world| world.world.tools().iter().map(|tool| tool.name.as_str())).collect();
    let unknown: Vec<(&str, &str)> = config
        .endpoints
        .values()
        .flat_map(|endpoint| endpoint.tools.keys().map(|tool| (endpoint.name.as_str(), tool.as_str())))
        .filter(|(_, tool)| !known.contains(tool))
        .collect();
    if unknown.is_empty() {
        return;
    }
    let path = reader.root.path().join(super::CONFIG_FILE);
    let Some(document) = reader.document(&path, Format::Toml) else { return };
    let known: Vec<&str> = known.into_iter().collect();
    for (endpoint, tool) in unknown {
        let tools = document.root.get("endpoints").and_then(|all| all.get(endpoint)).and_then(|own| own.get("tools"));
        // What is taken over from another endpoint is said there.
        let Some(entry) = tools.and_then(|tools| tools.entry(tool)) else { continue };
        let mistake = document
            .source
            .mistake(entry.key_span, format!("no world has a tool `{}`", super::source::printable(tool)))
            .hint(names::hint(tool, "tools", &known))
            .warning();
        reader.mistakes.push(mistake);
    }
}

fn treatment(value: &Value, prompt: Option<&Prompt>) -> Value {
    let mut map: Map<String, Value> = value.as_object().cloned().unwrap_or_default();
    map.retain(|key, _| !NOT_TREATMENT.contains(&key.as_str()));
    if let Some(prompt) = prompt {
        map.insert("prompt".into(), json!({"text": prompt.text, "mode": prompt.mode}));
    }
    Value::Object(map)
}

/// The names in `${NAME}`.
fn variables(text: &str) -> Vec<String> {
    text.split("${").skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

fn prompt(reader: &mut Reader, document: &Document, node: &Node, entry: &PromptEntry) -> Option<Prompt> {
    let (file, text, mode) = match entry {
        PromptEntry::File(file) => (Some(file), None, super::PromptMode::default()),
        PromptEntry::Table(PromptTable { file, text, mode }) => (file.as_ref(), text.as_ref(), *mode),
    };
    match (file, text) {
        (Some(file), None) => {
            let span = node.get("file").unwrap_or(node).span;
            let path = reader.follow(&document.source, span, file)?;
            match reader.text(&path) {
                Ok(source) => Some(Prompt { text: source.text.clone(), mode }),
                Err(wrong) => {
                    reader.mistakes.push(document.source.mistake(span, wrong.message).hint_if(wrong.hint));
                    None
                }
            }
        }
        (None, Some(text)) => Some(Prompt { text: text.clone(), mode }),
        (both, _) => {
            let message = if both.is_some() {
                "a prompt has a `file` or a `text`, not both"
            } else {
                "a prompt needs a `file` or a `text`"
            };
            reader.mistakes.push(
                document
                    .source
                    .mistake(node.span_at(&[]), message)
                    .hint("name the file that holds it: `prompt = \"prompts/v2.md\"`"),
            );
            None
        }
    }
}

//! Writes the project that `mocktrial` runs: a world with one tool, and scenarios of a few calls.

use crate::reply::Dialect;
use anyhow::Context;
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The tool of the world.
pub(crate) const TOOL: &str = "take_item";
/// The model's name in requests.
pub(crate) const MODEL: &str = "mock";
/// The system prompt of every episode.
pub(crate) const SYSTEM: &str =
    "You work in a warehouse. Take what the customer asks for, item by item, then say you are done.";

/// What the user says in episode `number`.
pub(crate) fn user(number: u64) -> String {
    format!("This is order {number}. Please take the first items from the shelf, one by one.")
}

/// The tools as an OpenAI `tools` array.
pub(crate) fn tools() -> Value {
    json!([{
        "type": "function",
        "function": {
            "name": TOOL,
            "description": "Takes one item from the shelf.",
            "parameters": {
                "type": "object",
                "properties": {
                    "id": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 1_000_000,
                        "description": "The item's number."
                    }
                },
                "required": ["id"],
                "additionalProperties": false
            }
        }
    }])
}

/// What answers a call of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Responder {
    /// A rule with a templated result and two changes of state.
    Rules,
    /// A Starlark function that does the same.
    Script,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder to write the project into; made if need be.
    pub(crate) dir: PathBuf,
    /// How many scenarios.
    #[arg(long, default_value_t = 1000)]
    pub(crate) scenarios: usize,
    /// The endpoint's address up to and with `/v1`.
    #[arg(long, default_value = "http://127.0.0.1:8080/v1")]
    pub(crate) base_url: String,
    /// How many episodes run at once.
    #[arg(long, default_value_t = 100)]
    pub(crate) concurrency: usize,
    /// How many trials of each scenario.
    #[arg(long, default_value_t = 1)]
    pub(crate) trials: usize,
    /// How many tool calls an episode has.
    #[arg(long, default_value_t = 5)]
    pub(crate) calls: usize,
    /// The API that the endpoint speaks.
    #[arg(long, value_enum, default_value_t = Dialect::Chat)]
    pub(crate) dialect: Dialect,
    /// Whether its answers are streamed.
    #[arg(long)]
    pub(crate) stream: bool,
    /// What answers the calls.
    #[arg(long, value_enum, default_value_t = Responder::Rules)]
    pub(crate) responder: Responder,
    /// The size of the world's initial state as JSON, about.
    #[arg(long, default_value_t = 1000)]
    pub(crate) state_bytes: usize,
}

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    write(options)?;
    println!("{} scenarios in {}", options.scenarios, options.dir.display());
    Ok(())
}

/// Writes the whole project.
pub(crate) fn write(options: &Options) -> anyhow::Result<()> {
    let suite = options.dir.join("scenarios/bench");
    let worlds = suite.join("worlds");
    fs::create_dir_all(&worlds).with_context(|| format!("cannot make {}", worlds.display()))?;
    put(&options.dir.join("mocktrial.toml"), &config(options))?;
    put(&worlds.join("shelf.yaml"), &world(options.responder))?;
    put(&worlds.join("shelf-tools.json"), &tools().to_string())?;
    put(&worlds.join("shelf-state.json"), &state(options.state_bytes, options.calls).to_string())?;
    if options.responder == Responder::Script {
        put(&worlds.join("shelf.star"), include_str!("project/shelf.star"))?;
    }
    for number in 1..=options.scenarios {
        let file = suite.join(format!("order-{number:05}.yaml"));
        put(&file, &scenario(number as u64, options.calls))?;
    }
    Ok(())
}

/// Gives every scenario an answer criterion that all episodes fail, or back the one that all pass.
pub(crate) fn other_criteria(dir: &Path, fails: bool) -> anyhow::Result<()> {
    let (from, to) = (r#"contains: "42""#, r#"contains: "43""#);
    let (from, to) = if fails { (from, to) } else { (to, from) };
    for entry in fs::read_dir(dir.join("scenarios/bench"))? {
        let file = entry?.path();
        if file.extension().is_some_and(|e| e == "yaml") {
            // The reference says what the criterion asks for: it has to pass.
            let text = fs::read_to_string(&file)?.replace(from, to);
            let (said, says) = if fails { ("say: done 42", "say: done 43") } else { ("say: done 43", "say: done 42") };
            put(&file, &text.replace(said, says))?;
        }
    }
    Ok(())
}

fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn config(options: &Options) -> String {
    let Options { base_url, concurrency, trials, dialect, stream, .. } = options;
    let kind = dialect.word();
    // Messages demands a limit.
    let parameters = if *dialect == Dialect::Messages { "parameters = {max_tokens = 100}\n" } else { "" };
    format!(
        r#"[defaults]
endpoints = ["bench"]
trials = {trials}
seed = 42
cassettes = "live"
concurrency = {concurrency}

[endpoints.bench]
kind = "{kind}"
base_url = "{base_url}"
model = "{MODEL}"
stream = {stream}
{parameters}concurrency = {concurrency}
price = {{input = 0.0, output = 0.0, as_of = "2026-01-01"}}
"#
    )
}

fn world(responder: Responder) -> String {
    let head = "title: A shelf\ntools: shelf-tools.json\nstate: shelf-state.json\n";
    let body = match responder {
        Responder::Rules => include_str!("project/rules.yaml"),
        Responder::Script => include_str!("project/script.yaml"),
    };
    format!("{head}{body}")
}

/// A shelf of as many items as make about `bytes`, but the first few always.
fn state(bytes: usize, calls: usize) -> Value {
    let mut items = Map::new();
    let mut size = 40;
    for number in 1.. {
        if number > calls && size >= bytes {
            break;
        }
        let key = number.to_string();
        let item = json!({"name": "A thing on the shelf", "taken": false, "shelf": number % 40});
        size += key.len() + item.to_string().len() + 4;
        items.insert(key, item);
    }
    json!({"last": 0, "items": items})
}

fn scenario(number: u64, calls: usize) -> String {
    let mut text =
        format!("title: Order {number}\nworld: shelf\nsystem: {SYSTEM}\nuser:\n  - {}\nreference:\n", user(number));
    for id in 1..=calls {
        let _writing_to_a_string = writeln!(text, "  - {{call: {TOOL}, args: {{id: {id}}}}}");
    }
    text.push_str("  - say: done 42\nexpect:\n");
    // A reference without calls says nothing of them.
    if calls > 0 {
        text.push_str("  - state: as_reference\n  - calls: as_reference\n");
    }
    text.push_str("  - answer: {contains: \"42\"}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap()
    }

    fn written(responder: Responder) -> (tempfile::TempDir, Options) {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            dir: dir.path().to_owned(),
            scenarios: 3,
            base_url: "http://127.0.0.1:9/v1".into(),
            concurrency: 7,
            trials: 2,
            calls: 5,
            dialect: Dialect::Chat,
            stream: false,
            responder,
            state_bytes: 1000,
        };
        write(&options).unwrap();
        (dir, options)
    }

    #[test]
    fn every_file_written_parses_in_its_format() {
        for responder in [Responder::Rules, Responder::Script] {
            let (dir, _) = written(responder);
            let read = |path: &str| fs::read_to_string(dir.path().join(path)).unwrap();
            let config: toml::Table = read("mocktrial.toml").parse().unwrap();
            assert_eq!(config["endpoints"]["bench"]["concurrency"].as_integer(), Some(7));
            assert_eq!(config["defaults"]["trials"].as_integer(), Some(2));
            let world = yaml(&read("scenarios/bench/worlds/shelf.yaml"));
            assert!(world["behaviour"][TOOL].is_object());
            for file in [&world["tools"], &world["state"]] {
                let file = format!("scenarios/bench/worlds/{}", file.as_str().unwrap());
                let _parses: Value = serde_json::from_str(&read(&file)).unwrap();
            }
            let script = dir.path().join("scenarios/bench/worlds/shelf.star");
            assert_eq!(script.exists(), world.get("script").is_some());
            for number in 1..=3 {
                let scenario = yaml(&read(&format!("scenarios/bench/order-{number:05}.yaml")));
                assert_eq!(scenario["reference"].as_array().unwrap().len(), 6);
                assert_eq!(scenario["expect"].as_array().unwrap().len(), 3);
                assert_eq!(scenario["user"][0], user(number));
                assert_eq!(scenario["system"], SYSTEM);
            }
        }
    }

    #[test]
    fn the_state_has_about_the_size_asked_for() {
        for bytes in [1_000, 1_000_000] {
            let size = state(bytes, 5).to_string().len();
            assert!(size.abs_diff(bytes) < 200, "{size} for {bytes}");
        }
        assert_eq!(state(0, 5)["items"].as_object().unwrap().len(), 5);
    }
}

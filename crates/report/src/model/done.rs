//! What was done: facts that let it be checked, and the commands that do it again.

use super::Report;
use serde::Serialize;

/// A command, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Command {
    /// What it does.
    pub what: String,
    /// The command.
    pub line: String,
}

impl Command {
    /// A command, and what it does.
    pub fn new(what: impl Into<String>, line: impl Into<String>) -> Self {
        Self { what: what.into(), line: line.into() }
    }
}

impl Report {
    /// What a reader needs to find the same again: name and text of each fact.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, String)> {
        let mut facts = Vec::new();
        let several = self.runs.len() > 1;
        for run in &self.runs {
            let of = if several { format!(" of {}", run.run.name) } else { String::new() };
            let head = &run.run;
            facts.push((
                if several { format!("run {}", head.name) } else { "run".into() },
                format!("{}, begun {}, mocktrial {}", head.name, head.created, head.harness),
            ));
            facts.push((
                format!("suite{of}"),
                format!("hash {}, seed {}, {} trials", head.suite, head.seed, head.trials),
            ));
            let own = self.provenance.iter().find(|p| p.run == head.name);
            for endpoint in own.iter().flat_map(|p| &p.endpoints) {
                let served = if endpoint.served.is_empty() {
                    String::new()
                } else {
                    format!(", answered by {}", endpoint.served.join(", "))
                };
                facts.push((format!("endpoint {}{of}", endpoint.name), format!("hash {}{served}", endpoint.hash)));
            }
            for endpoint in &run.endpoints {
                if let Some(price) = &endpoint.price {
                    facts.push((format!("price of {}{of}", endpoint.name), price.to_string()));
                }
            }
        }
        facts.extend(self.commands.iter().map(|c| (c.what.clone(), c.line.clone())));
        facts
    }
}

/// A word as a shell takes it: in quotes where it must be.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

//! `[[quarantine]]` of `mocktrial.toml`: what verdicts leave out, for how long and why.

use super::CONFIG_FILE;
use super::config::{Config, Quarantine};
use super::document::{Document, Format, Node};
use super::model::Scenario;
use super::names;
use super::reading::Reader;
use super::source::printable;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is in quarantine. An entry that is over is kept, and warned of: it leaves nothing out any more. What the schema
/// finds wrong is said by it.
pub(super) fn read(reader: &mut Reader, document: &Document, today: Date) -> Vec<Quarantine> {
    let mut found: Vec<Quarantine> = Vec::new();
    for node in document.root.get("quarantine").map_or(&[][..], Node::items) {
        let text = |key: &str| Some((node.get(key)?, node.get(key)?.as_str()?));
        let (Some((named, scenario)), Some((dated, until)), Some((given, why))) =
            (text("scenario"), text("until"), text("why"))
        else {
            continue;
        };
        let mut refuse = |node: &Node, message: String, hint: &str| {
            reader.mistakes.push(document.source.mistake(node.span, message).hint(hint));
        };
        if !why.is_empty() && why.trim().is_empty() {
            refuse(given, "a quarantine needs a reason".into(), "say what makes the scenario unreliable");
        }
        if found.iter().any(|q| q.scenario == scenario) {
            refuse(named, format!("`{}` is in quarantine twice", printable(scenario)), "keep one of the two");
            continue;
        }
        let Ok(date) = until.parse::<Date>() else {
            refuse(
                dated,
                format!("`{}` is no day", printable(until)),
                "write year, month and day: `until = \"2027-01-31\"`",
            );
            continue;
        };
        let entry = Quarantine { scenario: scenario.to_owned(), until: date, why: why.trim().to_owned() };
        if entry.is_over(today) {
            let message = format!("the quarantine of `{}` is over", printable(scenario));
            let hint = "verdicts count it again: remove the entry if it is mended; else mend it, or say until when it may wait";
            reader.mistakes.push(document.source.mistake(dated.span, message).hint(hint).warning());
        }
        found.push(entry);
    }
    found
}

/// Warns of what is in quarantine and is no scenario. Only for a project whose scenarios are all loaded.
pub(super) fn warn_of_unknown(reader: &mut Reader, config: &Config, scenarios: &[Arc<Scenario>]) {
    let known: BTreeSet<&str> = scenarios.iter().flat_map(|s| [&*s.id, &*s.name]).collect();
    if config.quarantine.iter().all(|q| known.contains(q.scenario.as_str())) {
        return;
    }
    let path = reader.root.path().join(CONFIG_FILE);
    let Some(document) = reader.document(&path, Format::Toml) else { return };
    let listed: Vec<&str> = known.iter().copied().collect();
    for node in document.root.get("quarantine").map_or(&[][..], Node::items) {
        let Some((at, name)) = node.get("scenario").and_then(|at| Some((at, at.as_str()?))) else { continue };
        if !known.contains(name) {
            let message = format!("there is no scenario `{}` to be in quarantine", printable(name));
            let hint = names::hint(name, "scenarios", &listed);
            reader.mistakes.push(document.source.mistake(at.span, message).hint(hint).warning());
        }
    }
}

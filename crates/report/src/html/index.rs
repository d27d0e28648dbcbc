//! What the page knows of every episode before it opens its record.

use super::chunks::Place;
use crate::model::Report;
use mocktrial_analysis::EpisodeRow;
use mocktrial_trajectory::{EndReason, EpisodeKey, tools_called};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

/// Words that occur again and again, by number.
#[derive(Debug, Default)]
struct Words {
    list: Vec<String>,
    known: HashMap<String, usize>,
}

impl Words {
    fn number(&mut self, word: &str) -> usize {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        self.list.push(word.to_owned());
        self.known.insert(word.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

/// The index: scenarios with their cells, and one row per episode.
#[derive(Debug)]
pub(crate) struct Index {
    arms: Vec<Value>,
    arm: HashMap<(usize, String), usize>,
    pairs: Vec<[usize; 2]>,
    flips: HashSet<String>,
    scenarios: Vec<Value>,
    scenario: HashMap<String, usize>,
    cases: Vec<Value>,
    reasons: Words,
    causes: Words,
    tools: Words,
    toolsets: Words,
    /// The rows as JSON, one after the other: a hundred thousand of them as values would be large.
    episodes: String,
}

impl Index {
    pub(crate) fn new(report: &Report) -> Self {
        let (mut arms, mut arm) = (Vec::new(), HashMap::new());
        for (r, run) in report.runs.iter().enumerate() {
            for endpoint in &run.endpoints {
                arm.insert((r, endpoint.name.to_string()), arms.len());
                arms.push(
                    json!({"run": run.run.name, "endpoint": endpoint.name, "name": report.arm(r, &endpoint.name)}),
                );
            }
        }
        let mut scenarios: Vec<Value> = Vec::new();
        let mut scenario: HashMap<String, usize> = HashMap::new();
        for (r, run) in report.runs.iter().enumerate() {
            for s in &run.scenarios {
                let name = name(&s.id, &s.variant);
                let place = *scenario.entry(name.clone()).or_insert_with(|| {
                    let cells = vec![Value::Null; arms.len()];
                    scenarios.push(
                        json!({"name": name, "title": s.title, "tags": s.tags, "family": s.family, "cells": cells}),
                    );
                    scenarios.len() - 1
                });
                for (endpoint, cell) in run.endpoints.iter().zip(&s.cells) {
                    let at = arm.get(&(r, endpoint.name.to_string()));
                    if let (Some(at), Some(cell)) = (at, cell) {
                        scenarios[place]["cells"][*at] = json!([cell.k, cell.n, cell.excluded, cell.planned]);
                    }
                }
            }
        }
        // What is only counted has no episodes; its cells stand beside those that have.
        for counted in &report.accepted {
            let at = arms.len();
            arms.push(json!({"run": counted.run, "endpoint": counted.endpoint, "name": format!("{} ({})", counted.endpoint, counted.name)}));
            for s in &mut scenarios {
                let found = s["name"].as_str().and_then(|name| counted.scenarios.get(name));
                let cell = found.map_or(Value::Null, |(k, n)| json!([k, n, 0, n]));
                if let Some(cells) = s["cells"].as_array_mut() {
                    cells.resize(at, Value::Null);
                    cells.push(cell);
                }
            }
        }
        let compared = report.compared.iter().flat_map(|c| &c.pairs);
        let flips = compared.clone().flat_map(|p| &p.flips).chain(report.gates.iter().flat_map(|g| &g.flips));
        let flips = flips.map(|f| f.scenario.to_string()).collect();
        let place = |run: &str, endpoint: &str| arms.iter().position(|a| a["run"] == run && a["endpoint"] == endpoint);
        let sides = compared.map(|p| ((&*p.first.run, &*p.first.endpoint), (&*p.second.run, &*p.second.endpoint)));
        let gates = report
            .gates
            .iter()
            .map(|g| ((g.run.as_str(), &*g.endpoint), (g.standard.run.as_str(), &*g.standard.endpoint)));
        let pairs = sides.chain(gates).filter_map(|(a, b)| Some([place(a.0, a.1)?, place(b.0, b.1)?])).collect();
        Self {
            arms,
            arm,
            pairs,
            flips,
            scenarios,
            scenario,
            cases: Vec::new(),
            reasons: Words::default(),
            causes: Words::default(),
            tools: Words::default(),
            toolsets: Words::default(),
            episodes: String::new(),
        }
    }

    /// Whether an episode belongs to a scenario on which compared endpoints differ.
    pub(crate) fn flips(&self, row: &EpisodeRow) -> bool {
        !self.flips.is_empty() && self.flips.contains(&name_of(&row.key))
    }

    pub(crate) fn case(&mut self, run: usize, scenario: &str, place: Place) {
        if let Some(s) = self.scenario.get(scenario) {
            self.cases.push(json!([run, s, place.0, place.1]));
        }
    }

    pub(crate) fn episode(&mut self, run: usize, row: &EpisodeRow, trajectory: &str, place: Place) {
        let arm = self.arm.get(&(run, row.key.endpoint.to_string()));
        let (Some(arm), Some(scenario)) = (arm, self.scenario.get(&name_of(&row.key))) else { return };
        let passed = row.passed.map_or(2, u8::from);
        let reason = match &row.failed {
            // As the table of causes has it: an episode that did not run to its end failed by that.
            Some(failed) if row.passed == Some(false) && row.end == EndReason::Completed => &failed.grader,
            _ if row.passed == Some(true) => "",
            _ => row.end.as_str(),
        };
        let reason = self.reasons.number(reason);
        let cause = self.causes.number(row.cause.map_or("", |c| c.as_str()));
        let used: Vec<String> =
            tools_called(trajectory).iter().map(|tool| self.tools.number(tool).to_string()).collect();
        let toolset = self.toolsets.number(&used.join(" "));
        let infrastructure = u8::from(row.end.is_infrastructure());
        let cost = row.cost.map_or_else(|| "null".into(), |cost| Value::from(cost).to_string());
        let comma = if self.episodes.is_empty() { "" } else { "," };
        let _ = write!(
            self.episodes,
            "{comma}[{arm},{scenario},{},{passed},{reason},{cause},{infrastructure},{cost},{},{},{toolset},{},{}]",
            row.key.trial, row.turns, row.calls, place.0, place.1
        );
    }

    /// The index as JSON.
    pub(crate) fn document(&self, folder: Option<&str>) -> String {
        let head = json!({
            "arms": self.arms,
            "pairs": self.pairs,
            "flips": self.flips.iter().collect::<BTreeSet<_>>(),
            "scenarios": self.scenarios,
            "cases": self.cases,
            "reasons": self.reasons.list,
            "causes": self.causes.list,
            "tools": self.tools.list,
            "toolsets": self.toolsets.list,
            "folder": folder,
        });
        let head = head.to_string();
        format!("{},\"episodes\":[{}]}}", head.strip_suffix('}').unwrap_or(&head), self.episodes)
    }
}

fn name(id: &str, variant: &str) -> String {
    if variant.is_empty() { id.to_owned() } else { format!("{id}~{variant}") }
}

fn name_of(key: &EpisodeKey) -> String {
    name(&key.scenario, &key.variant)
}

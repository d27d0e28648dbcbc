//! Proves a scenario's criteria on agents that must pass or fail.
//!
//! | who | must | module |
//! |---|---|---|
//! | the reference, within an episode's limits | pass | `probes` |
//! | the probes `null`, `echo`, `refuse` (unless inaction is right), `spam`, `dump` | fail | `probes` |
//! | mutants: the reference with one thing wrong | fail | `mutants` |
//! | equivalents: the reference done a little otherwise | pass | `equivalents` |
//!
//! A mutant that comes to the same as an accepted reference (`sameness`) is no mutant, and leaves the
//! count; so does one that the author accepts by name, with a reason. What survives is said in words
//! (`score`), and what is suspicious beside all that is an alarm (`alarms`).
//!
//! It is the criteria that must fail whoever must fail, so no limit but that on real time ends their
//! episodes. They play in the scenario's own world, which costs no token and no wait.

mod alarms;
mod equivalents;
mod money;
mod mutants;
mod play;
mod probes;
mod sameness;
mod schema;
mod score;
mod siblings;

pub use mutants::{Fault, Mutant};
pub use probes::{PROBES, name};
pub use score::{Alike, Count, CriterionScore, Survivor, Tried, Verdict};

use crate::ready::{ReadyEndpoint, ReadyScenario};
use crate::suite::{Limits, Mistake, Probe, Scenario, Step, name_hint};
use alarms::Seen;
use mocktrial_trajectory::{Pointer, ToolSpec};
use mutants::Scene;
use play::{Judged, Play};
use sameness::Sameness;
use score::Tally;
use serde_json::Value;
use siblings::Siblings;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a scenario's criteria made of the agents that it was proved on.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The scenario's id.
    pub scenario: Arc<str>,
    /// Whether each probe passed; `None` where it could not be graded. `reference` is left out
    /// where the scenario has none.
    pub probes: Vec<(Probe, Option<bool>)>,
    /// Every mutant of the references, in the order of their steps; none where a reference does not pass.
    pub mutants: Vec<Tried>,
    /// What survived, in words, one entry for what is the same hole.
    pub survivors: Vec<Survivor>,
    /// Every equivalent of the references that counts.
    pub equivalents: Vec<Alike>,
    /// What each criterion is worth, in the order of the file; the last is that the episode completed.
    pub criteria: Vec<CriterionScore>,
    /// Mutants that were not tried, because there are too many.
    pub untried: usize,
    /// What is wrong with the criteria, whatever the score.
    pub mistakes: Vec<Mistake>,
    /// What could not be proved or is suspicious, and is no mistake.
    pub warnings: Vec<Mistake>,
}

impl Proof {
    /// Mutants caught, of those that count.
    #[must_use]
    pub fn caught(&self) -> Count {
        let of = |verdict: &Verdict| matches!(verdict, Verdict::Caught { .. } | Verdict::Survived);
        let counted = self.mutants.iter().filter(|m| of(&m.verdict));
        let caught = counted.clone().filter(|m| matches!(m.verdict, Verdict::Caught { .. })).count();
        Count { part: caught, whole: counted.count() }
    }

    /// Equivalents that passed, of those that count.
    #[must_use]
    pub fn passed(&self) -> Count {
        Count { part: self.equivalents.iter().filter(|e| e.passed).count(), whole: self.equivalents.len() }
    }
}

/// Plays the probes, every reference, its mutants and its equivalents.
pub async fn prove(ready: &ReadyScenario, project: Limits) -> Proof {
    let scenario = &ready.scenario;
    let limits = ReadyEndpoint::limits(scenario, project);
    let unlimited = Limits { real_seconds: limits.real_seconds, ..Limits::default() };
    let mut proof = Proof {
        scenario: Arc::clone(&scenario.name),
        probes: Vec::new(),
        mutants: Vec::new(),
        survivors: Vec::new(),
        equivalents: Vec::new(),
        criteria: Vec::new(),
        untried: 0,
        mistakes: Vec::new(),
        warnings: probes::unproved(scenario).into_iter().collect(),
    };
    let mut seen = Seen::default();
    let references = probes::references(ready, limits, &mut proof).await;
    probes::probes(ready, unlimited, &mut proof, &mut seen).await;
    if proof.probes.iter().any(|(probe, passed)| *probe == Probe::Reference && *passed != Some(true)) {
        return proof;
    }
    let sameness = Sameness::new(ready, &references);
    mutants_of(ready, &references, &sameness, unlimited, &mut proof, &mut seen).await;
    equivalents_of(ready, &references, unlimited, &mut proof).await;
    if !references.is_empty() {
        proof.warnings.extend(seen.alarms(ready, &references));
    }
    proof
}

async fn mutants_of(
    ready: &ReadyScenario,
    references: &[Play],
    sameness: &Sameness<'_>,
    limits: Limits,
    proof: &mut Proof,
    seen: &mut Seen,
) {
    let scenario = &ready.scenario;
    let siblings = Siblings::of(scenario.initial.value());
    let steps = || scenario.references.iter().flatten();
    let used: BTreeSet<String> =
        steps().filter_map(|s| if let Step::Call { tool, .. } = s { Some(tool.clone()) } else { None }).collect();
    let forbidden = forbidden(ready);
    let mut tally = Tally::new(ready);
    for (index, (steps, play)) in scenario.references.iter().zip(references).enumerate() {
        let changed: Vec<bool> = play.deeds.iter().map(play::Deed::changed).collect();
        let told = told(play);
        let scene = Scene {
            steps,
            changed: &changed,
            at: reference_place(scenario, index),
            tools: &ready.tools,
            used: &used,
            forbidden: &forbidden,
            siblings: &siblings,
            told: &told,
            inaction: scenario.inaction,
            seed: ready.world_seed,
        };
        let (mutants, more) = scene.mutants();
        proof.untried += more;
        for (mut mutant, steps) in mutants {
            if index > 0 {
                mutant.name = format!("reference {}, {}", index + 1, mutant.name);
            }
            let play = Play::of(ready, steps, limits).await;
            seen.add(&play);
            let same = sameness.holds(&play);
            tally.add(mutant, &play, same);
        }
    }
    tally.finish(ready, proof);
}

async fn equivalents_of(ready: &ReadyScenario, references: &[Play], limits: Limits, proof: &mut Proof) {
    let scenario = &ready.scenario;
    let known = scenario.user.iter().map(|m| m.text.as_str()).chain(scenario.system.as_deref());
    let known = known.collect::<Vec<&str>>().join("\n");
    let paraphrases = &scenario.check.paraphrases;
    for (index, (steps, play)) in scenario.references.iter().zip(references).enumerate() {
        let tools: &[ToolSpec] = &ready.tools;
        for equivalent in equivalents::equivalents(steps, &play.deeds, tools, &known, paraphrases) {
            let play = Play::of(ready, equivalent.steps.clone(), limits).await;
            let judged = play.judged();
            if matches!(judged, Judged::Ungraded(_)) {
                continue;
            }
            let task = |i: &usize| scenario.criteria.get(*i).is_none_or(|c| c.measure == "task");
            let failing: Vec<usize> = play.failed().filter(task).collect();
            let allowed = |i: &usize| scenario.criteria.get(*i).is_some_and(|c| equivalent.is_forbidden_by(c));
            if !failing.is_empty() && failing.iter().all(allowed) {
                continue;
            }
            let reference = if index > 0 { format!("reference {}, ", index + 1) } else { String::new() };
            let name = format!("{reference}{}", equivalent.name);
            proof.equivalents.push(Alike::new(ready, name, judged == Judged::Passed, &failing, &play.grades));
        }
    }
}

/// The texts that a reference's calls were answered with.
fn told(play: &Play) -> Vec<String> {
    fn collect(value: &Value, depth: usize, told: &mut Vec<String>) {
        const MOST: usize = 200;
        match value {
            Value::String(text) if told.len() < MOST && !told.contains(text) => told.push(text.clone()),
            Value::Array(items) if depth < schema::DEPTH => items.iter().for_each(|i| collect(i, depth + 1, told)),
            Value::Object(map) if depth < schema::DEPTH => map.values().for_each(|i| collect(i, depth + 1, told)),
            _ => {}
        }
    }
    let mut told = Vec::new();
    play.deeds.iter().for_each(|deed| collect(&deed.result, 0, &mut told));
    told
}

/// The calls that criteria forbid altogether, with the arguments that make them forbidden.
fn forbidden(ready: &ReadyScenario) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::new();
    for criterion in ready.scenario.criteria.iter().filter(|c| c.grader == "never") {
        let parameters = &criterion.parameters;
        let Some(tool) = parameters.get("call").and_then(Value::as_str) else { continue };
        let whole = ["before", "after"].iter().all(|key| parameters.get(key).is_none());
        let call = (tool.to_owned(), parameters.get("args").cloned().unwrap_or_default());
        if whole && !found.contains(&call) {
            found.push(call);
        }
    }
    found
}

/// Where a reference stands in the scenario's file.
fn reference_place(scenario: &Scenario, index: usize) -> Pointer {
    if scenario.references.len() > 1 {
        Pointer::default().child("references").child(index)
    } else {
        Pointer::default().child("reference")
    }
}

/// What the author accepts and nothing is called.
fn unknown_name(scenario: &Scenario, entry: usize, written: &str, known: &[&str]) -> Mistake {
    let at = Pointer::default().child("check").child("accept").child(entry).child("mutant");
    let message = format!("this scenario has no mutant `{written}`");
    let meant = name_hint(written, "mutants", known);
    let hint = if meant.starts_with("did") { meant } else { "`mocktrial check --verbose` lists them".to_owned() };
    scenario.mistake_at(&at, message, Some(hint))
}

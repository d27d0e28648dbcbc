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
//! Criteria that ask a judge or a verifier say nothing where nobody is asked (`asking`). Then the other
//! criteria decide; where they do not, a play is unproved, leaves the count, and is named (`unproved`).
//!
//! It is the criteria that must fail whoever must fail, so no limit but that on real time ends their
//! episodes. They play in the scenario's own world, which costs no token and no wait.

mod alarms;
mod asking;
mod equivalents;
mod money;
mod mutants;
mod play;
mod probes;
mod sameness;
mod schema;
mod score;
mod siblings;
mod unproved;

pub use asking::Questions;
pub use mutants::{Fault, Mutant};
pub use probes::{Came, PROBES, name};
pub use score::{Alike, Count, CriterionScore, Survivor, Tried, Verdict};
pub use unproved::{Kind, Unproved};

use crate::answering::Asking;
use crate::ready::{ReadyEndpoint, ReadyScenario};
use crate::suite::{Limits, Mistake, Probe, Reference, Scenario, Step, name_hint};
use alarms::Seen;
use asking::Witnesses;
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
    /// What came of each probe. `reference` is left out where the scenario has none.
    pub probes: Vec<(Probe, Came)>,
    /// Every mutant of the references, in the order of their steps; none where a reference fails.
    pub mutants: Vec<Tried>,
    /// What survived, in words, one entry for what is the same hole.
    pub survivors: Vec<Survivor>,
    /// Every equivalent of the references that counts.
    pub equivalents: Vec<Alike>,
    /// What each criterion is worth, in the order of the file; the last is that the episode completed.
    pub criteria: Vec<CriterionScore>,
    /// Mutants that were not tried, because there are too many.
    pub untried: usize,
    /// What only those could decide whom criteria ask.
    pub unproved: Vec<Unproved>,
    /// What was asked; `None` where nobody was to be asked.
    pub questions: Option<Questions>,
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
        let of = |passed: bool| self.equivalents.iter().filter(|e| e.passed == Some(passed)).count();
        Count { part: of(true), whole: of(true) + of(false) }
    }

    /// How many plays of a kind are unproved.
    #[must_use]
    pub fn unproved(&self, kind: Kind) -> usize {
        self.unproved.iter().filter(|u| u.kind == kind).map(|u| u.names.len()).sum()
    }
}

/// Plays the probes, every reference, its mutants and its equivalents. Where `asking` is given, judges and
/// verifiers are asked about them; else nobody is.
pub async fn prove(ready: &ReadyScenario, project: Limits, asking: Option<&Asking>) -> Proof {
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
        unproved: Vec::new(),
        questions: None,
        mistakes: Vec::new(),
        warnings: probes::unproved(scenario).into_iter().collect(),
    };
    let mut stage = Stage { ready, witnesses: Witnesses::new(ready, asking), seen: Seen::default(), open: Vec::new() };
    let references = stage.references(limits, &mut proof).await;
    stage.probes(unlimited, &mut proof).await;
    let fails =
        |(probe, came): &(Probe, Came)| *probe == Probe::Reference && !matches!(came, Came::Passed | Came::Unproved);
    if !proof.probes.iter().any(fails) {
        let sameness = Sameness::new(ready, &references);
        stage.mutants(&references, &sameness, unlimited, &mut proof).await;
        stage.equivalents(&references, unlimited, &mut proof).await;
        if !references.is_empty() {
            proof.warnings.extend(stage.seen.alarms(ready, &references, asking.is_some()));
        }
    }
    let Stage { witnesses, open, .. } = stage;
    proof.questions = asking.map(|_| witnesses.finish());
    unproved::all(ready, open, &mut proof);
    proof
}

/// Where a scenario's plays take place.
struct Stage<'a> {
    ready: &'a ReadyScenario,
    witnesses: Witnesses<'a>,
    seen: Seen,
    /// References and probes of which nothing is proved, with the criteria that would have to decide.
    open: Vec<(Kind, String, Vec<usize>)>,
}

impl Stage<'_> {
    async fn mutants(&mut self, references: &[Play], sameness: &Sameness<'_>, limits: Limits, proof: &mut Proof) {
        let ready = self.ready;
        let scenario = &ready.scenario;
        let siblings = Siblings::of(scenario.initial.value());
        let ways: Vec<_> = scenario.references.iter().map(Reference::steps).collect();
        let steps = || ways.iter().flatten();
        let used: BTreeSet<String> =
            steps().filter_map(|s| if let Step::Call { tool, .. } = s { Some(tool.clone()) } else { None }).collect();
        let forbidden = forbidden(ready);
        let mut tally = Tally::new(ready);
        for (index, (steps, play)) in ways.iter().zip(references).enumerate() {
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
                let mut play = Play::of(ready, steps, limits).await;
                let same = sameness.holds(&play);
                if !same {
                    self.witnesses.ask_if_needed(ready, &mut play).await;
                }
                self.seen.add(&play);
                tally.add(mutant, &play, same);
            }
        }
        tally.finish(ready, proof);
    }

    async fn equivalents(&mut self, references: &[Play], limits: Limits, proof: &mut Proof) {
        let ready = self.ready;
        let scenario = &ready.scenario;
        let known = scenario.user.iter().map(|m| m.text.as_str()).chain(scenario.system.as_deref());
        let known = known.collect::<Vec<&str>>().join("\n");
        let paraphrases = &scenario.check.paraphrases;
        for (index, (reference, play)) in scenario.references.iter().zip(references).enumerate() {
            let steps = reference.steps();
            let tools: &[ToolSpec] = &ready.tools;
            for equivalent in equivalents::equivalents(&steps, &play.deeds, tools, &known, paraphrases) {
                let mut play = Play::of(ready, equivalent.steps.clone(), limits).await;
                self.witnesses.ask(ready, &mut play).await;
                let judged = play.judged();
                if matches!(judged, Judged::Ungraded(_)) {
                    continue;
                }
                let failing: Vec<usize> = play.failed().filter(|i| play.grades[*i].decides()).collect();
                let allowed = |i: &usize| scenario.criteria.get(*i).is_some_and(|c| equivalent.is_forbidden_by(c));
                if !failing.is_empty() && failing.iter().all(allowed) {
                    continue;
                }
                let reference = if index > 0 { format!("reference {}, ", index + 1) } else { String::new() };
                let name = format!("{reference}{}", equivalent.name);
                proof.equivalents.push(Alike::new(ready, name, &play, &failing));
            }
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

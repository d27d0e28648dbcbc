//! What is suspicious in a scenario, though every agent that should passes and every other one fails.

use super::play::{Deed, Play};
use crate::ready::ReadyScenario;
use crate::suite::{Mistake, Step};
use mocktrial_trajectory::{Criterion, Pointer, same};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What was seen while a scenario was proved.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Tools that changed the state, in whatever agent's hands.
    changing: BTreeSet<String>,
    /// Criteria that some agent failed, by their places.
    failed: BTreeSet<usize>,
    /// Plays that a criterion had no grade for, because nobody was asked, by its place.
    open: BTreeMap<usize, usize>,
    plays: usize,
}

impl Seen {
    pub(super) fn add(&mut self, play: &Play) {
        self.plays += 1;
        self.failed.extend(play.failed());
        play.open.iter().for_each(|i| *self.open.entry(*i).or_default() += 1);
        let changed = play.deeds.iter().filter(|d| d.changed() && !self.changing.contains(&d.tool));
        let changed: Vec<String> = changed.map(|d| d.tool.clone()).collect();
        self.changing.extend(changed);
    }

    /// The alarms. `asked` says whether judges and verifiers were.
    pub(super) fn alarms(&self, ready: &ReadyScenario, references: &[Play], asked: bool) -> Vec<Mistake> {
        let mut alarms = Vec::new();
        for (index, play) in references.iter().enumerate() {
            self.idle_calls(ready, index, play, &mut alarms);
        }
        as_at_the_start(ready, references, &mut alarms);
        self.unfailable(ready, asked, &mut alarms);
        alarms
    }

    /// Calls of a reference that change nothing, of tools that change something.
    fn idle_calls(&self, ready: &ReadyScenario, index: usize, play: &Play, alarms: &mut Vec<Mistake>) {
        let changes = |tool: &str| {
            let spec = ready.tools.iter().find(|t| t.name == tool);
            let says = spec.is_some_and(|t| t.annotations.read_only == Some(false));
            says || self.changing.contains(tool)
        };
        let idle = |deed: &&Deed| deed.failure.is_none() && !deed.changed() && changes(&deed.tool);
        let steps = ready.scenario.references[index].steps();
        let calls = steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Call { .. }));
        for ((step, _), deed) in calls.zip(&play.deeds).filter(|(_, deed)| idle(deed)) {
            let at = super::reference_place(&ready.scenario, index).child(step).child("call");
            let message = format!("this call of `{}` leaves the world as it was", deed.tool);
            let hint =
                "the tool changes the state elsewhere: has the world lost this change, or is the state already so?";
            alarms.push(ready.scenario.mistake_at(&at, message, Some(hint.to_owned())).warning());
        }
    }

    /// Criteria that nobody failed.
    fn unfailable(&self, ready: &ReadyScenario, asked: bool, alarms: &mut Vec<Mistake>) {
        for (i, criterion) in ready.scenario.criteria.iter().enumerate().filter(|(i, _)| !self.failed.contains(i)) {
            let open = self.open.get(&i).copied().unwrap_or_default();
            let graded = self.plays - open;
            // Whom it did not ask about, it might have failed.
            if open > 0 && !asked || graded == 0 || anybody_can_fail(criterion) {
                continue;
            }
            let at = Pointer::default().child("expect").child(i);
            let message = format!("none of {graded} agents fails this `{}`", criterion.grader);
            let hint = "see whether anybody can: a misspelt text, or a bound that nothing comes near, fails nobody";
            alarms.push(ready.scenario.mistake_at(&at, message, Some(hint.to_owned())).warning());
        }
    }
}

/// Criteria that none of the agents here fails, but others surely can: they write calls that can be
/// understood, and do not say every text that must not be said.
fn anybody_can_fail(criterion: &Criterion) -> bool {
    let checks = criterion.parameters.as_object();
    let excludes = || checks.is_some_and(|map| map.keys().all(|key| matches!(key.as_str(), "excludes" | "case")));
    criterion.grader == "format" || (criterion.grader == "answer" && excludes())
}

/// `state: as_reference` where every reference leaves the state as it was.
fn as_at_the_start(ready: &ReadyScenario, references: &[Play], alarms: &mut Vec<Mistake>) {
    let scenario = &ready.scenario;
    let idle = |play: &Play| play.final_hash == scenario.initial.digest;
    if references.is_empty() || !references.iter().all(idle) {
        return;
    }
    for (i, criterion) in scenario.criteria.iter().enumerate() {
        if criterion.grader == "state" && same(&criterion.parameters, &json!("as_reference")) {
            let at = Pointer::default().child("expect").child(i);
            let message = "the reference leaves the world as it was, so this says only that nothing may change";
            let hint = "write `state: unchanged`; or find the change that the reference should make";
            alarms.push(scenario.mistake_at(&at, message, Some(hint.to_owned())).warning());
        }
    }
}

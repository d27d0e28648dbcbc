//! The built-in agents: the reference must pass, and the probes must fail.

use super::Proof;
use super::alarms::Seen;
use super::play::Play;
use super::reference_place;
use crate::ready::{ReadyScenario, probe_driver};
use crate::suite::{Limits, Mistake, Probe, Scenario};
use mocktrial_trajectory::{Grade, Outcome, Pointer};

/// The probes in the order in which they are run.
pub const PROBES: [Probe; 6] = [Probe::Reference, Probe::Null, Probe::Echo, Probe::Refuse, Probe::Spam, Probe::Dump];

/// Plays every probe but the reference.
pub(super) async fn probes(ready: &ReadyScenario, limits: Limits, proof: &mut Proof, seen: &mut Seen) {
    let scenario = &ready.scenario;
    for probe in PROBES.into_iter().filter(|probe| *probe != Probe::Reference) {
        let play = Play::by(ready, probe_driver(probe, ready).as_ref(), limits).await;
        seen.add(&play);
        let passed = mocktrial_scoring::passed(&play.grades);
        proof.probes.push((probe, passed));
        let allowed = scenario.inaction && matches!(probe, Probe::Null | Probe::Echo | Probe::Refuse);
        let at = Pointer::default().child("expect");
        if passed == Some(true) && !allowed {
            proof.mistakes.push(scenario.mistake_at(
                &at,
                format!("the probe `{}` passes: {}", name(probe), meaning(probe)),
                Some(advice(probe).to_owned()),
            ));
        } else if passed.is_none() {
            proof.mistakes.push(scenario.mistake_at(
                &at,
                format!("the probe `{}` could not be graded: {}", name(probe), why(&play)),
                Some("what any agent may do must end in a grade: the world must answer every valid call".to_owned()),
            ));
        }
    }
}

/// Plays every reference. Together they pass where each of them does.
pub(super) async fn references(ready: &ReadyScenario, limits: Limits, proof: &mut Proof) -> Vec<Play> {
    let scenario = &ready.scenario;
    let mut plays = Vec::with_capacity(scenario.references.len());
    let mut together = Some(true);
    for (index, steps) in scenario.references.iter().enumerate() {
        let play = Play::of(ready, steps.clone(), limits).await;
        let passed = mocktrial_scoring::passed(&play.grades);
        if passed != Some(true) {
            proof.mistakes.push(scenario.mistake_at(
                &reference_place(scenario, index),
                format!("the reference does not pass: {}", why(&play)),
                Some("either the criterion asks for more than the author accepts, or the reference leaves something out".to_owned()),
            ));
        }
        if together == Some(true) {
            together = passed;
        }
        plays.push(play);
    }
    if !plays.is_empty() {
        proof.probes.push((Probe::Reference, together));
    }
    plays
}

/// What nothing shows of a scenario without a reference.
pub(super) fn unproved(scenario: &Scenario) -> Option<Mistake> {
    scenario.references.is_empty().then(|| {
        let message = "there is no reference, so nothing shows that any agent can pass";
        let hint = "add an accepted way through under `reference`; `check` walks it";
        scenario.mistake_at(&Pointer::default().child("expect"), message, Some(hint.to_owned())).warning()
    })
}

/// Why an episode did not pass: its first failed or ungraded criterion, in words.
fn why(play: &Play) -> String {
    let said = |grade: &Grade| {
        let note = grade.evidence.first().map_or("no evidence", |e| e.note.as_str());
        format!("`{}` ({}): {note}", grade.criterion, grade.grader)
    };
    let first = play.grades.iter().find(|g| g.outcome == Outcome::Failed);
    let first = first.or_else(|| play.grades.iter().find(|g| !g.outcome.passed()));
    let detail = play.trajectory.end_detail().map(|d| format!(" ({d})")).unwrap_or_default();
    first.map_or_else(|| "it has no grade".to_owned(), said) + &detail
}

/// The word for a probe.
#[must_use]
pub fn name(probe: Probe) -> &'static str {
    match probe {
        Probe::Reference => "reference",
        Probe::Null => "null",
        Probe::Echo => "echo",
        Probe::Refuse => "refuse",
        Probe::Spam => "spam",
        Probe::Dump => "dump",
    }
}

fn meaning(probe: Probe) -> &'static str {
    match probe {
        Probe::Reference => "the criteria accept what the author accepts",
        Probe::Null => "an agent that does and says nothing meets every criterion",
        Probe::Echo => "an agent that repeats the user meets every criterion",
        Probe::Refuse => "an agent that declines whatever it is asked meets every criterion",
        Probe::Spam => "an agent that calls every tool with made-up arguments meets every criterion",
        Probe::Dump => "an agent that recites the whole world without a call meets every criterion",
    }
}

fn advice(probe: Probe) -> &'static str {
    match probe {
        Probe::Null | Probe::Echo | Probe::Refuse => {
            "add a criterion that needs the work to be done, or say `inaction: true` if doing nothing is right"
        }
        _ => "add a criterion that forbids it, such as `format: clean`, `at_most`, `within`, or `calls: as_reference`",
    }
}

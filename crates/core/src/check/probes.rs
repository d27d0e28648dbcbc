//! The built-in agents: the reference must pass, and the probes must fail.

use super::play::{Judged, Play};
use super::{Kind, Proof, Stage, reference_place};
use crate::ready::probe_driver;
use crate::suite::{Limits, Mistake, Probe, Scenario};
use mocktrial_trajectory::{Grade, Outcome, Pointer};

/// The probes in the order in which they are run.
pub const PROBES: [Probe; 6] = [Probe::Reference, Probe::Null, Probe::Echo, Probe::Refuse, Probe::Spam, Probe::Dump];

/// What came of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It could not be graded, which is a mistake in the scenario.
    Ungraded,
    /// Only they could say whom criteria ask.
    Unproved,
}

impl Came {
    fn of(judged: &Judged) -> Self {
        match judged {
            Judged::Passed => Self::Passed,
            Judged::Failed => Self::Failed,
            Judged::Ungraded(_) => Self::Ungraded,
            Judged::Unproved => Self::Unproved,
        }
    }
}

impl Stage<'_> {
    /// Plays every probe but the reference.
    pub(super) async fn probes(&mut self, limits: Limits, proof: &mut Proof) {
        let (ready, scenario) = (self.ready, &self.ready.scenario);
        for probe in PROBES.into_iter().filter(|probe| *probe != Probe::Reference) {
            let mut play = Play::by(ready, probe_driver(probe, ready).as_ref(), limits).await;
            self.witnesses.ask(ready, &mut play).await;
            self.seen.add(&play);
            let came = Came::of(&play.judged_whole());
            proof.probes.push((probe, came));
            let allowed = scenario.inaction && matches!(probe, Probe::Null | Probe::Echo | Probe::Refuse);
            let at = Pointer::default().child("expect");
            match came {
                Came::Passed if !allowed => proof.mistakes.push(scenario.mistake_at(
                    &at,
                    format!("the probe `{}` passes: {}", name(probe), meaning(probe)),
                    Some(advice(probe).to_owned()),
                )),
                Came::Ungraded => proof.mistakes.push(scenario.mistake_at(
                    &at,
                    format!("the probe `{}` could not be graded: {}", name(probe), why(&play)),
                    Some(
                        "what any agent may do must end in a grade: the world must answer every valid call".to_owned(),
                    ),
                )),
                Came::Unproved if !allowed => {
                    self.open.push((Kind::Probe, name(probe).to_owned(), play.undecided()));
                }
                _ => {}
            }
        }
    }

    /// Plays every reference. Together they pass where each of them does.
    pub(super) async fn references(&mut self, limits: Limits, proof: &mut Proof) -> Vec<Play> {
        let (ready, scenario) = (self.ready, &self.ready.scenario);
        let mut plays = Vec::with_capacity(scenario.references.len());
        let mut together = Came::Passed;
        for (index, reference) in scenario.references.iter().enumerate() {
            let mut play = Play::of(ready, reference.steps(), limits).await;
            self.witnesses.ask(ready, &mut play).await;
            let came = Came::of(&play.judged_whole());
            match came {
                Came::Passed => {}
                Came::Unproved => {
                    self.open.push((Kind::Reference, format!("reference {}", index + 1), play.undecided()));
                }
                Came::Failed | Came::Ungraded => proof.mistakes.push(scenario.mistake_at(
                    &reference_place(scenario, index),
                    format!("the reference does not pass: {}", why(&play)),
                    Some("either the criterion asks for more than the author accepts, or the reference leaves something out".to_owned()),
                )),
            }
            together = match (together, came) {
                // What is known to be wrong outranks what is not known.
                (Came::Passed, _) | (Came::Unproved, Came::Failed | Came::Ungraded) => came,
                _ => together,
            };
            plays.push(play);
        }
        if !plays.is_empty() {
            proof.probes.push((Probe::Reference, together));
        }
        plays
    }
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
    let graded = |i: &usize| !play.open.contains(i);
    let others = || play.grades.iter().enumerate().filter(|(i, _)| graded(i)).map(|(_, g)| g);
    let first = first.or_else(|| others().find(|g| !g.outcome.passed()));
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

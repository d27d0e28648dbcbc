//! One play of steps in a scenario's world, and what came of it.

use crate::driver::{Driver, ProbeDriver};
use crate::episode;
use crate::ready::ReadyScenario;
use crate::session::Finished;
use crate::suite::{Limits, Probe, Step};
use mocktrial_provider::Cancel;
use mocktrial_scoring::Subject;
use mocktrial_trajectory::{
    Answer, Body, Cause, Digest, EndReason, Grade, Measurements, Op, Outcome, Responder, ToolFailure, Trajectory,
};
use serde_json::Value;
use std::sync::Arc;

/// A call, what it was answered with and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Deed {
    pub(super) tool: String,
    pub(super) args: Value,
    pub(super) result: Value,
    pub(super) failure: Option<ToolFailure>,
    pub(super) change: Vec<Op>,
    /// Whether a rule or a script answered: such a result tells what the arguments are worth. A made-up
    /// one does not.
    pub(super) reasoned: bool,
}

impl Deed {
    /// Whether it reached the world and was answered, be it with an error of the tool's own.
    pub(super) fn executed(&self) -> bool {
        matches!(self.failure, None | Some(ToolFailure::Tool))
    }

    pub(super) fn changed(&self) -> bool {
        !self.change.is_empty()
    }
}

/// What came of a play.
pub(super) struct Play {
    pub(super) trajectory: Trajectory,
    measurements: Measurements,
    pub(super) deeds: Vec<Deed>,
    pub(super) answers: Vec<String>,
    pub(super) final_hash: Digest,
    pub(super) grades: Vec<Grade>,
    /// The criteria that ask somebody and have no grade for want of an answer, by their places.
    pub(super) open: Vec<usize>,
}

/// What the criteria made of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Passed,
    Failed,
    /// Nobody can say, for this reason.
    Ungraded(String),
    /// Only they can say whom criteria ask, and they have not answered.
    Unproved,
}

impl Play {
    /// Plays steps as the probe `reference` does.
    pub(super) async fn of(ready: &ReadyScenario, steps: Vec<Step>, limits: Limits) -> Self {
        let driver = ProbeDriver::new(Probe::Reference, steps, Vec::new(), ready.world_seed);
        Self::by(ready, &driver, limits).await
    }

    /// Lets any agent play.
    pub(super) async fn by(ready: &ReadyScenario, driver: &dyn Driver, limits: Limits) -> Self {
        let system = ready.scenario.system.as_deref().map(Arc::from);
        let finished = episode::play(ready, driver, system, limits, &Cancel::never()).await;
        let Finished { trajectory, measurements, world, .. } = finished;
        let deeds = deeds(&trajectory);
        let answers = trajectory.answers().into_iter().map(|(_, text)| text).collect();
        let final_hash = world.state().digest();
        let (grades, open) = (Vec::new(), Vec::new());
        let mut play = Self { trajectory, measurements, deeds, answers, final_hash, grades, open };
        play.grade(ready, &[]);
        play
    }

    /// Grades it from these answers. What is not answered is left open, and not held against anybody.
    pub(super) fn grade(&mut self, ready: &ReadyScenario, answers: &[Answer]) {
        self.grades = ready.grading.grade(&self.subject(), answers);
        self.open.clear();
        if self.trajectory.end().is_some_and(|end| !end.is_infrastructure()) {
            let ungraded = |i: &usize| matches!(self.grades[*i].outcome, Outcome::Ungraded { .. });
            self.open = ready.grading.asks().into_iter().map(|(i, _)| i).filter(ungraded).collect();
            self.open.dedup();
        }
    }

    /// What is graded.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { trajectory: &self.trajectory, measurements: Some(&self.measurements) }
    }

    /// Failed where a criterion says so that decides, even if another one cannot say anything.
    pub(super) fn judged(&self) -> Judged {
        let decides = || self.grades.iter().enumerate().filter(|(_, g)| g.decides());
        let ended = self.trajectory.end().unwrap_or(EndReason::HarnessError);
        if !ended.is_infrastructure() && decides().any(|(_, g)| g.outcome == Outcome::Failed) {
            return Judged::Failed;
        }
        match self.ungraded() {
            Some(why) => Judged::Ungraded(self.trajectory.end_detail().unwrap_or(why).to_owned()),
            None if decides().any(|(i, _)| self.open.contains(&i)) => Judged::Unproved,
            None => Judged::Passed,
        }
    }

    /// As [`Play::judged`], but where a criterion that asks nobody has no grade, nothing is decided by others:
    /// no agent may bring that about.
    pub(super) fn judged_whole(&self) -> Judged {
        self.ungraded().map_or_else(|| self.judged(), |why| Judged::Ungraded(why.to_owned()))
    }

    /// Why a criterion that decides and asks nobody has no grade, if one has none.
    fn ungraded(&self) -> Option<&str> {
        let decides = self.grades.iter().enumerate().filter(|(i, g)| g.decides() && !self.open.contains(i));
        decides.into_iter().find_map(|(_, g)| match &g.outcome {
            Outcome::Ungraded { why, .. } => Some(why.as_str()),
            _ => None,
        })
    }

    /// The criteria that are open and decide, by their places.
    pub(super) fn undecided(&self) -> Vec<usize> {
        self.open.iter().copied().filter(|i| self.grades[*i].decides()).collect()
    }

    /// Whether the world could not answer one of its calls.
    pub(super) fn is_broken(&self) -> bool {
        self.trajectory.end().is_some_and(|end| end.cause() == Cause::Scenario)
    }

    /// The criteria that it fails, by their places among all.
    pub(super) fn failed(&self) -> impl Iterator<Item = usize> + '_ {
        self.grades.iter().enumerate().filter(|(_, g)| g.outcome == Outcome::Failed).map(|(i, _)| i)
    }
}

fn deeds(trajectory: &Trajectory) -> Vec<Deed> {
    let mut deeds: Vec<(u32, Deed)> = Vec::new();
    for event in trajectory.events() {
        let of = |deeds: &mut Vec<(u32, Deed)>, call: u32| deeds.iter().rposition(|(seq, _)| *seq == call);
        match &event.body {
            Body::Call { tool, arguments, .. } => {
                let args = arguments.value().cloned().unwrap_or_default();
                // Until it is answered, it has not happened.
                let (result, failure) = (Value::Null, Some(ToolFailure::Skipped));
                let (tool, change) = (tool.clone(), Vec::new());
                deeds.push((event.seq, Deed { tool, args, result, failure, change, reasoned: false }));
            }
            Body::State { call, patch, .. } => {
                if let Some(i) = of(&mut deeds, *call) {
                    deeds[i].1.change.clone_from(patch);
                }
            }
            Body::Result { call, content, failure, responder } => {
                if let Some(i) = of(&mut deeds, *call) {
                    deeds[i].1.reasoned = matches!(responder, Some(Responder::Rule { .. } | Responder::Script { .. }));
                    deeds[i].1.result.clone_from(content);
                    deeds[i].1.failure = *failure;
                }
            }
            _ => {}
        }
    }
    deeds.into_iter().map(|(_, deed)| deed).collect()
}

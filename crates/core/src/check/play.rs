//! One play of steps in a scenario's world, and what came of it.

use crate::driver::{Driver, ProbeDriver};
use crate::episode;
use crate::ready::ReadyScenario;
use crate::session::Finished;
use crate::suite::{Limits, Probe, Step};
use mocktrial_provider::Cancel;
use mocktrial_scoring::Subject;
use mocktrial_trajectory::{Body, Cause, Digest, EndReason, Grade, Op, Outcome, Responder, ToolFailure, Trajectory};
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
    pub(super) deeds: Vec<Deed>,
    pub(super) answers: Vec<String>,
    pub(super) final_hash: Digest,
    pub(super) grades: Vec<Grade>,
}

/// What the criteria made of a play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Passed,
    Failed,
    /// Nobody can say, for this reason.
    Ungraded(String),
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
        // Nobody is asked anything here: what would need an answer is left ungraded.
        let subject = Subject { trajectory: &trajectory, measurements: Some(&measurements) };
        let grades = ready.grading.grade(&subject, &[]);
        let deeds = deeds(&trajectory);
        let answers = trajectory.answers().into_iter().map(|(_, text)| text).collect();
        Self { deeds, answers, final_hash: world.state().digest(), grades, trajectory }
    }

    /// Failed where a task criterion says so, even if another one cannot say anything.
    pub(super) fn judged(&self) -> Judged {
        let task = || self.grades.iter().filter(|g| g.measure == "task");
        let ended = self.trajectory.end().unwrap_or(EndReason::HarnessError);
        if !ended.is_infrastructure() && task().any(|g| g.outcome == Outcome::Failed) {
            return Judged::Failed;
        }
        let why = task().find_map(|g| match &g.outcome {
            Outcome::Ungraded { why, .. } => Some(why.clone()),
            _ => None,
        });
        why.map_or(Judged::Passed, |why| Judged::Ungraded(self.trajectory.end_detail().map_or(why, str::to_owned)))
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
                let args = arguments.value.clone().unwrap_or_default();
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

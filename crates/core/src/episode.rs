//! One episode, from an open world to a graded record.

use crate::answering::{Occasion, Respondents};
use crate::ready::{ReadyEndpoint, ReadyScenario};
use crate::seed::trial_seed;
use crate::session::{Ended, Finished};
use crate::suite::Limits;
use crate::{driver::Driver, limits};
use mocktrial_provider::{Cancel, Context, Meter};
use mocktrial_scoring::{Subject, total};
use mocktrial_store::{Asked, EpisodeRecord};
use mocktrial_trajectory::{EndReason, EpisodeKey, Total};
use std::sync::Arc;

/// What an episode needs to know of its run.
#[derive(Clone)]
pub struct Circumstances {
    /// The run's seed.
    pub seed: u64,
    /// The project's limits.
    pub limits: Limits,
    /// The switch that ends the run.
    pub cancel: Cancel,
    /// The budget, if there is one.
    pub meter: Option<Arc<dyn Meter>>,
    /// Those who answer what graders ask.
    pub respondents: Respondents,
}

/// Runs one trial and grades it.
pub async fn run(
    scenario: &ReadyScenario,
    endpoint: &ReadyEndpoint,
    trial: u32,
    dispatch: u64,
    circumstances: &Circumstances,
) -> Graded {
    let key = key(scenario, endpoint, trial);
    let seed = trial_seed(circumstances.seed, &key.scenario, trial);
    let started = jiff::Timestamp::now();
    let limits = ReadyEndpoint::limits(&scenario.scenario, circumstances.limits);
    let deadline = limits::real_time(&limits).map(|d| tokio::time::Instant::now() + d);
    let context = Context {
        deadline,
        meter: circumstances.meter.clone(),
        cancel: circumstances.cancel.clone(),
        ..Context::new(key.clone())
    };
    let driver = endpoint.driver(scenario, context, seed);
    let finished =
        play(scenario, driver.as_ref(), endpoint.system(&scenario.scenario), limits, &circumstances.cancel).await;
    // On the heap, and only where it is needed: thousands of episodes are open at once.
    let asked = match ask(scenario, &key, &finished, circumstances) {
        Some(asking) => Box::pin(asking).await,
        None => Vec::new(),
    };
    let mut graded = graded_from(scenario, key, dispatch, seed, finished, asked);
    graded.record.row.started = started.to_string();
    graded.record.row.replayed |= endpoint.replays;
    if endpoint.is_probe() {
        graded.record.row.cost = Some(0.0);
    }
    graded
}

fn key(scenario: &ReadyScenario, endpoint: &ReadyEndpoint, trial: u32) -> EpisodeKey {
    let crate::suite::Scenario { id, variant, .. } = &*scenario.scenario;
    EpisodeKey { scenario: Arc::clone(id), variant: Arc::clone(variant), endpoint: Arc::clone(&endpoint.name), trial }
}

/// The record of an episode that could not be run because of a mistake in mocktrial itself.
#[must_use]
pub fn broken(
    scenario: &ReadyScenario,
    endpoint: &ReadyEndpoint,
    trial: u32,
    dispatch: u64,
    circumstances: &Circumstances,
    why: &str,
) -> Graded {
    let key = key(scenario, endpoint, trial);
    let seed = trial_seed(circumstances.seed, &key.scenario, trial);
    let detail = format!("a mistake in mocktrial, please report it: {why}");
    let session = scenario.session(None, Limits::default());
    let Finished { trajectory, measurements, .. } = session.finish(Ended::new(EndReason::HarnessError, &*detail));
    let mut record = EpisodeRecord::new(key, dispatch, seed, &trajectory, measurements, Vec::new(), Total::default());
    record.row.started = jiff::Timestamp::now().to_string();
    Graded { record, detail: Some(detail) }
}

/// A graded episode.
pub struct Graded {
    /// What is stored.
    pub record: EpisodeRecord,
    /// What is said about its end beyond the reason.
    pub detail: Option<String>,
}

/// Lets a driver act on a fresh session until it ends, one way or another.
pub async fn play(
    scenario: &ReadyScenario,
    driver: &dyn Driver,
    system: Option<Arc<str>>,
    limits: Limits,
    cancel: &Cancel,
) -> Finished {
    let mut session = scenario.session(system, limits);
    let real_time = limits::real_time(&limits);
    // Dropping the driver's future is how it is stopped, so the three ways to end race here and
    // nowhere else. The order is that of precedence.
    let ended = tokio::select! {
        biased;
        () = cancel.cancelled() => Ended::from(EndReason::Cancelled),
        () = passes(real_time) => {
            let allowed = limits.real_seconds.unwrap_or_default();
            Ended::new(EndReason::RealTimeLimit, format!("{allowed} s of real time are allowed"))
        }
        result = driver.drive(&mut session) => result.err().unwrap_or(Ended::from(EndReason::Completed)),
    };
    session.finish(ended)
}

async fn passes(time: Option<std::time::Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Asks what the graders need to know of an episode that has ended; `None` where that is nothing.
fn ask<'a>(
    scenario: &'a ReadyScenario,
    key: &'a EpisodeKey,
    finished: &'a Finished,
    circumstances: &'a Circumstances,
) -> Option<impl Future<Output = Vec<Asked>> + 'a> {
    let subject = Subject { trajectory: &finished.trajectory, measurements: Some(&finished.measurements) };
    let questions = scenario.grading.questions(&subject);
    if questions.is_empty() {
        return None;
    }
    let occasion = Occasion {
        episode: key,
        grading: &scenario.grading,
        subject,
        meter: circumstances.meter.clone(),
        cancel: circumstances.cancel.clone(),
    };
    Some(async move { circumstances.respondents.answer(questions, &occasion).await })
}

/// Grades what a session left, and asks nobody.
#[must_use]
pub fn graded(scenario: &ReadyScenario, key: EpisodeKey, dispatch: u64, seed: u64, finished: Finished) -> Graded {
    graded_from(scenario, key, dispatch, seed, finished, Vec::new())
}

/// Grades what a session left, from what was asked.
#[must_use]
pub fn graded_from(
    scenario: &ReadyScenario,
    key: EpisodeKey,
    dispatch: u64,
    seed: u64,
    finished: Finished,
    asked: Vec<Asked>,
) -> Graded {
    let Finished { trajectory, measurements, .. } = finished;
    let subject = Subject { trajectory: &trajectory, measurements: Some(&measurements) };
    let answers: Vec<_> = asked.iter().map(|a| a.answer.clone()).collect();
    let grades = scenario.grading.grade(&subject, &answers);
    let total = total(&grades);
    let mut record = EpisodeRecord::new(key, dispatch, seed, &trajectory, measurements, grades, total);
    record.asked = asked;
    Graded { record, detail: trajectory.end_detail().map(str::to_owned) }
}

//! Carries out a plan.
//!
//! Each endpoint has its own line of workers, so that a slow one holds up nobody else. A worker
//! takes the next slot, runs the episode, hands its record to the store and looks whether the run
//! goes on. An episode is reported as finished when the store has committed it.

use crate::budget::Ledger;
use crate::episode::{self, Circumstances, Graded};
use crate::plan::{Plan, Slot};
use crate::ready::{ReadyEndpoint, ReadyScenario};
use crate::steer::{Direction, InOrder, Outcome, Steer};
use mocktrial_store::{EpisodeRow, Store, StoreError};
use mocktrial_trajectory::{Cause, EndReason, EpisodeKey};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

/// What happens in a run, as reporters see it.
#[derive(Clone, Debug)]
pub enum RunEvent {
    /// An episode was dispatched.
    Started {
        /// Its place in the plan.
        slot: Slot,
    },
    /// An episode was committed.
    Finished {
        /// Its place in the plan.
        slot: Slot,
        /// Its figures.
        row: Box<EpisodeRow>,
    },
    /// An endpoint was given up: its provider will not serve it.
    EndpointStopped {
        /// Its index.
        endpoint: usize,
        /// Why.
        why: String,
    },
}

/// Takes run events; called from several threads.
pub type Observer = Arc<dyn Fn(RunEvent) + Send + Sync>;

/// Why a run stopped.
#[derive(Debug)]
pub enum Stopped {
    /// Every episode of the plan has ended.
    Complete,
    /// Somebody cancelled it.
    Interrupted,
    /// The budget could not cover the next request.
    Budget(String),
    /// The steer had seen enough.
    Steered,
    /// Providers refused to serve these endpoints (by index), with the reason.
    Refused(Vec<(usize, String)>),
    /// The store failed.
    Store(StoreError),
    /// A cassette could not be written, or mocktrial itself failed.
    Failed(String),
}

/// Told of each ended episode, and whether it came to an end of its own.
pub type EpisodeEnded = Arc<dyn Fn(&EpisodeKey, bool) -> Result<(), String> + Send + Sync>;

/// A run about to be carried out.
pub struct Runner {
    /// The scenarios of the plan.
    pub scenarios: Vec<Arc<ReadyScenario>>,
    /// The endpoints of the plan.
    pub endpoints: Vec<Arc<ReadyEndpoint>>,
    /// What is to be run.
    pub plan: Plan,
    /// What every episode needs to know; its meter is set from `ledger`.
    pub circumstances: Circumstances,
    /// The budget.
    pub ledger: Option<Arc<Ledger>>,
    /// Where episodes go.
    pub store: Arc<dyn Store>,
    /// Who is told.
    pub observer: Observer,
    /// Called when an episode has ended, before it is recorded: cassettes are written here.
    pub ended: EpisodeEnded,
    /// The first dispatch number: past those of an earlier part of the run.
    pub first_dispatch: u64,
}

struct Shared {
    runner: Runner,
    lines: Vec<Line>,
    dispatched: AtomicU64,
    stop: AtomicBool,
    steered: AtomicBool,
    order: Mutex<InOrder>,
    failed: Mutex<Option<Stopped>>,
}

/// One endpoint's place in the plan.
struct Line {
    slots: Mutex<Box<dyn Iterator<Item = Slot> + Send>>,
    refused: Mutex<Option<String>>,
}

impl Runner {
    /// Runs the plan until it is done, stopped, or `steer` has seen enough. Returns once every
    /// episode that was begun has been committed.
    pub async fn run(mut self, steer: Box<dyn Steer>) -> Stopped {
        let plan = Arc::new(std::mem::replace(&mut self.plan, Plan::full(0, 0, 1..=1)));
        let first = self.first_dispatch;
        let lines = (0..self.endpoints.len())
            .map(|endpoint| Line {
                slots: Mutex::new(Box::new(Plan::line(&plan, endpoint))),
                refused: Mutex::default(),
            })
            .collect();
        let shared = Arc::new(Shared {
            runner: self,
            lines,
            dispatched: AtomicU64::new(first),
            stop: AtomicBool::new(false),
            steered: AtomicBool::new(false),
            order: Mutex::new(InOrder::new(steer, first)),
            failed: Mutex::default(),
        });
        let mut workers = tokio::task::JoinSet::new();
        for (index, endpoint) in shared.runner.endpoints.iter().enumerate() {
            let wanted = usize::try_from(plan.count_of(index)).unwrap_or(usize::MAX);
            for _ in 0..endpoint.concurrency.min(wanted) {
                workers.spawn(work(Arc::clone(&shared), index));
            }
        }
        let mut panicked = None;
        while let Some(worker) = workers.join_next().await {
            if let Err(error) = worker {
                panicked = Some(error.to_string());
            }
        }
        if let Some(ledger) = &shared.runner.ledger {
            ledger.close();
        }
        let flushed = shared.runner.store.flush();
        shared.stopped(flushed, panicked)
    }
}

impl Shared {
    fn stopped(&self, flushed: Result<(), StoreError>, panicked: Option<String>) -> Stopped {
        if let Some(stopped) = lock(&self.failed).take() {
            return stopped;
        }
        if let Err(error) = flushed {
            return Stopped::Store(error);
        }
        if self.runner.circumstances.cancel.is_cancelled() {
            return Stopped::Interrupted;
        }
        if let Some(why) = panicked {
            return Stopped::Failed(why);
        }
        if let Some(why) = self.runner.ledger.as_ref().and_then(|ledger| ledger.exhausted()) {
            return Stopped::Budget(why);
        }
        let refused: Vec<_> = self
            .lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| lock(&line.refused).clone().map(|why| (index, why)))
            .collect();
        if !refused.is_empty() {
            return Stopped::Refused(refused);
        }
        if self.steered.load(Ordering::Relaxed) { Stopped::Steered } else { Stopped::Complete }
    }

    fn fail(&self, stopped: Stopped) {
        self.stop.store(true, Ordering::Relaxed);
        lock(&self.failed).get_or_insert(stopped);
    }

    fn goes_on(&self, endpoint: usize) -> bool {
        !self.stop.load(Ordering::Relaxed)
            && !self.runner.circumstances.cancel.is_cancelled()
            && lock(&self.lines[endpoint].refused).is_none()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the run cut the episode short, so that it is still to be run.
fn is_cut(end: EndReason) -> bool {
    matches!(end, EndReason::Budget | EndReason::Cancelled)
}

/// Whether no other episode of the endpoint would be served.
fn gives_up_the_endpoint(end: EndReason) -> bool {
    matches!(end, EndReason::ProviderRefused | EndReason::AgentUnstartable)
}

/// Whether an episode that ended so has had every response it asked for, so that its recording can
/// stand for it.
fn is_whole(end: EndReason) -> bool {
    matches!(end.cause(), Cause::Model | Cause::Scenario)
}

/// Runs a future to its end or to its panic, whose message is returned: a mistake in one episode
/// must not take the others with it.
async fn caught<F: Future + Unpin>(mut future: F) -> Result<F::Output, String> {
    std::future::poll_fn(|context| {
        let polled = AssertUnwindSafe(|| Pin::new(&mut future).poll(context));
        match catch_unwind(polled) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                Poll::Ready(Err(text.unwrap_or_else(|| "it panicked".to_owned())))
            }
        }
    })
    .await
}

async fn work(shared: Arc<Shared>, endpoint: usize) {
    let runner = &shared.runner;
    while shared.goes_on(endpoint) {
        let Some(slot) = lock(&shared.lines[endpoint].slots).next() else { break };
        let dispatch = shared.dispatched.fetch_add(1, Ordering::Relaxed);
        (runner.observer)(RunEvent::Started { slot });
        let scenario = &runner.scenarios[slot.scenario];
        let running = episode::run(scenario, &runner.endpoints[endpoint], slot.trial, dispatch, &runner.circumstances);
        // On the heap: a worker lives as long as the run, and its largest future should not.
        let Graded { record, detail } = caught(Box::pin(running)).await.unwrap_or_else(|why| {
            episode::broken(scenario, &runner.endpoints[endpoint], slot.trial, dispatch, &runner.circumstances, &why)
        });
        if let Err(why) = (runner.ended)(&record.row.key, is_whole(record.row.end)) {
            shared.fail(Stopped::Failed(format!("the cassette of {} cannot be written: {why}", record.row.key)));
        }
        shared.look(endpoint, dispatch, &record.row, detail);
        let row = Box::new(record.row.clone());
        let observer = Arc::clone(&runner.observer);
        let failing = Arc::clone(&shared);
        runner.store.record(
            record,
            Box::new(move |committed| match committed {
                Ok(()) => observer(RunEvent::Finished { slot, row }),
                Err(error) => failing.fail(Stopped::Store(error)),
            }),
        );
    }
}

impl Shared {
    /// What an episode's end means for the run.
    fn look(&self, endpoint: usize, dispatch: u64, row: &EpisodeRow, detail: Option<String>) {
        match row.end {
            EndReason::Budget => self.stop.store(true, Ordering::Relaxed),
            end if gives_up_the_endpoint(end) => {
                let why = detail.unwrap_or_else(|| row.end.meaning().to_owned());
                let mut refused = lock(&self.lines[endpoint].refused);
                if refused.is_none() {
                    *refused = Some(why.clone());
                    (self.runner.observer)(RunEvent::EndpointStopped { endpoint, why });
                }
            }
            _ => {}
        }
        let outcome =
            (!is_cut(row.end)).then(|| Outcome { dispatch, key: row.key.clone(), passed: row.passed, cost: row.cost });
        if lock(&self.order).take(dispatch, outcome) == Direction::Stop {
            self.steered.store(true, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_provider::{Action, Kind};

    #[test]
    fn a_run_stops_and_gives_endpoints_up_for_the_failures_whose_action_says_so() {
        for kind in Kind::ALL {
            let (end, action) = (kind.end_reason(), kind.action());
            assert_eq!(gives_up_the_endpoint(end), action == Action::StopEndpoint, "{kind:?}");
            assert_eq!(is_cut(end), action == Action::StopRun, "{kind:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_caught_with_its_message_and_an_end_is_passed_on() {
        let panics = Box::pin(async {
            tokio::task::yield_now().await;
            if true {
                panic!("out of {}", "cheese");
            }
        });
        assert_eq!(caught(panics).await, Err("out of cheese".to_owned()));
        assert_eq!(caught(Box::pin(async { 7 })).await, Ok(7));
    }
}

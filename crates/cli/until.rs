//! `mocktrial run --until decided` and `--until compared`: a run that stops when it knows.
//!
//! Two endpoints run side by side; after each round (one trial of every scenario by both) the hybrid sequential gate or
//! comparison looks at the paired outcomes. It sees them in dispatch order whatever the order in which they ended, and looks at round ends only:
//! its error holds no matter when it stops.

use crate::args::UntilArg;
use crate::failure::Failure;
use mocktrial_analysis::until::{Decided, Decision, Question, Rounds};
use mocktrial_core::ready::ReadyScenario;
use mocktrial_core::steer::{Direction, Outcome, Steer};
use mocktrial_core::suite::GateRules;
use mocktrial_store::{Ended, Header, RunFile, State, Store};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// The note that keeps the rule with a run, so that a resumed one goes on by it.
const NOTE: &str = "until";

/// What a run that stops when it knows is to decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Until {
    candidate: Arc<str>,
    control: Arc<str>,
    question: Question,
}

impl Until {
    /// For the endpoints of a run, the first of which is the candidate.
    pub(crate) fn new(arg: UntilArg, endpoints: &[Arc<str>], rules: &GateRules) -> Result<Self, Failure> {
        let [candidate, control] = endpoints else {
            return Err(Failure::mistake(format!(
                "--until holds one endpoint against another: name two, the candidate first (`-e NEW -e OLD`), and not {}",
                endpoints.len()
            )));
        };
        let GateRules { margin, alpha, power, .. } = *rules;
        let question = match arg {
            UntilArg::Decided => Question::NoWorse { margin, alpha, power },
            UntilArg::Compared => Question::Compare { alpha },
        };
        Ok(Self { candidate: Arc::clone(candidate), control: Arc::clone(control), question })
    }

    pub(crate) fn of(header: &Header) -> Option<Self> {
        serde_json::from_str(header.notes.get(NOTE)?).ok()
    }

    pub(crate) fn keep(&self, file: &RunFile) -> Result<(), Failure> {
        Ok(file.set_note(NOTE, &serde_json::to_string(self).unwrap_or_default())?)
    }

    /// Refuses to go on, or to go on for longer, with a run whose verdict that would change.
    pub(crate) fn refuse(header: &Header, longer: bool) -> Result<(), Failure> {
        let name = &header.name;
        if Self::of(header).is_none() {
            return Ok(());
        }
        if header.status.state == State::Decided {
            let why = &header.status.reason;
            return Err(Failure::mistake(format!(
                "{name} stopped when it knew ({why}): there is nothing to go on with"
            )));
        }
        if longer {
            return Err(Failure::mistake(format!(
                "{name} looks at itself after every round and spends its error by the number of trials that it began with: \
                 more of them would make its verdict too sure of itself; begin a new run"
            )));
        }
        Ok(())
    }
}

/// Keeps a decision with its run, and says it in words. The endpoints are the candidate and the control.
pub(crate) fn keep(
    store: &dyn Store,
    decision: Decision,
    [candidate, control]: [&Arc<str>; 2],
) -> Result<String, Failure> {
    let said = mocktrial_report::decision(&decision, candidate, control);
    let decided =
        Decided { candidate: Arc::clone(candidate), control: Arc::clone(control), decision, said: said.clone() };
    store.set_note(Decided::NOTE, &serde_json::to_string(&decided).unwrap_or_default())?;
    Ok(said)
}

/// Where a decision is found once there is one.
pub(crate) type Shared = Arc<Mutex<Option<Decision>>>;

/// The steer, and where its decision is found afterwards.
pub(crate) struct Decider {
    until: Until,
    rounds: Rounds,
    decision: Shared,
}

impl Decider {
    /// A steer that knows what the run holds already.
    pub(crate) fn new(
        until: Until,
        scenarios: &[Arc<ReadyScenario>],
        trials: u32,
        file: &RunFile,
    ) -> Result<(Self, Shared), Failure> {
        let names = scenarios.iter().map(|s| Arc::clone(&s.scenario.name)).collect();
        let rounds = Rounds::new(names, trials, until.question);
        let decision = Arc::new(Mutex::new(None));
        let mut decider = Self { until, rounds, decision: Arc::clone(&decision) };
        // What is to be run again has no outcome yet.
        let mut earlier: Vec<_> = file.ended()?.into_iter().filter(|ended| !ended.may_run_again()).collect();
        earlier.sort_by_key(|ended| ended.dispatch);
        for Ended { key, passed, .. } in earlier {
            let _ = decider.take(&key.scenario_name(), &key.endpoint, key.trial, passed);
        }
        Ok((decider, decision))
    }

    fn take(&mut self, scenario: &str, endpoint: &str, trial: u32, passed: Option<bool>) -> Direction {
        let candidate = *endpoint == *self.until.candidate;
        if !candidate && *endpoint != *self.until.control {
            return Direction::Continue;
        }
        let mut decision = self.decision.lock().unwrap_or_else(PoisonError::into_inner);
        if decision.is_none() {
            // A number outside what the method accepts cannot come of outcomes; without a decision the plan is run whole.
            *decision = self.rounds.take(scenario, candidate, trial, passed).ok().flatten();
        }
        if decision.as_ref().is_some_and(|d| d.early) { Direction::Stop } else { Direction::Continue }
    }
}

impl Steer for Decider {
    fn outcome(&mut self, outcome: &Outcome) -> Direction {
        let key = &outcome.key;
        self.take(&key.scenario_name(), &key.endpoint, key.trial, outcome.passed)
    }
}

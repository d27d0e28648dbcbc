//! Runs whose episodes nobody ran: two simulated arms as a run file.

use anyhow::Context;
use mocktrial_analysis::Arm;
use mocktrial_store::{
    Cell, Endpoint, EpisodeRecord, Header, NewRun, NewScenario, RunFile, Scenario, Selection, Store,
};
use mocktrial_store::{State, Status};
use mocktrial_trajectory::{
    Body, Case, Comparison, Digest, EndReason, EpisodeKey, Grade, Measurements, Outcome, Total, Trajectory,
};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, mpsc};

/// The endpoints of such a run: the candidate, and what it is held against.
pub(super) const NEW: &str = "new";
pub(super) const OLD: &str = "old";

/// Writes both arms, whose scenarios are the same, as one complete run.
pub(super) fn write(path: &Path, new: &Arm, old: &Arm) -> anyhow::Result<()> {
    let file = RunFile::create(path, &plan(new))?;
    let episodes = [episode(true), episode(false)];
    let (tell, told) = mpsc::channel();
    let mut dispatch = 0;
    for (endpoint, arm) in [(NEW, new), (OLD, old)] {
        for (name, task) in &arm.tasks {
            for trial in &task.trials {
                let mut record = episodes[usize::from(!trial.passed)].clone();
                record.row.key = key(name, endpoint, trial.number);
                (record.row.dispatch, record.row.seed) = (dispatch, u64::from(trial.number));
                dispatch += 1;
                let tell = tell.clone();
                // Nobody listens any more where an earlier one failed.
                file.record(record, Box::new(move |kept| drop(tell.send(kept))));
            }
        }
    }
    // Not to wait for more to come before the last group is committed.
    file.flush()?;
    drop(tell);
    for kept in told {
        kept.context("an episode was not kept")?;
    }
    file.set_status(Status { state: State::Complete, reason: String::new() })?;
    Ok(file.close()?)
}

fn key(scenario: &Arc<str>, endpoint: &str, trial: u32) -> EpisodeKey {
    EpisodeKey { scenario: Arc::clone(scenario), variant: "".into(), endpoint: endpoint.into(), trial }
}

fn plan(arm: &Arm) -> NewRun {
    let digest = Digest::of(&json!("simulated"));
    let scenarios = arm.tasks.iter().map(|(name, task)| {
        let case = Case {
            scenario: Arc::clone(name),
            criteria: [].into(),
            tools: Arc::from([]),
            initial: Arc::new(json!({})),
            initial_hash: digest,
            comparison: Comparison::default(),
            references: Vec::new(),
            inaction: false,
        };
        let scenario = Scenario {
            id: Arc::clone(name),
            variant: "".into(),
            family: Arc::clone(&task.family),
            title: name.to_string(),
            tags: Vec::new(),
            instrument: task.instrument,
        };
        NewScenario { scenario, case: Arc::new(case) }
    });
    let endpoint = |name: &str| Endpoint {
        name: name.into(),
        treatment: Digest::of(&json!(name)),
        parts: [("prompt".to_owned(), Digest::of(&json!(name)))].into(),
        configuration: json!({}),
        price: None,
    };
    let cell = |name: &Arc<str>, endpoint: &str, trials| Cell {
        scenario: Arc::clone(name),
        variant: "".into(),
        endpoint: endpoint.into(),
        trials,
        treatment: None,
    };
    let cells = arm.tasks.iter().flat_map(|(name, task)| [NEW, OLD].map(|endpoint| cell(name, endpoint, task.planned)));
    let header = Header {
        name: String::new(),
        created: "2026-01-01T00:00:00Z".to_owned(),
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        seed: 0,
        suite: digest,
        trials: arm.tasks.values().map(|task| task.planned).max().unwrap_or(1),
        selection: Selection::Full,
        status: Status::default(),
        notes: [].into(),
    };
    NewRun {
        header,
        scenarios: scenarios.collect(),
        endpoints: vec![endpoint(NEW), endpoint(OLD)],
        cells: cells.collect(),
    }
}

/// An episode in which nothing was said, that passed or failed.
fn episode(passed: bool) -> EpisodeRecord {
    let mut trajectory = Trajectory::default();
    trajectory.push(0, Body::user("Are you there?"));
    trajectory.push(0, Body::End { reason: EndReason::Completed, detail: None });
    let score = f64::from(u8::from(passed));
    let grade = Grade {
        criterion: "expect[0]".into(),
        grader: "answer".into(),
        measure: "task".into(),
        weight: 1.0,
        nullifies: false,
        outcome: if passed { Outcome::Passed } else { Outcome::Failed },
        score: Some(score),
        evidence: Vec::new(),
    };
    let total = Total { passed: Some(passed), score: Some(score) };
    let nobody = key(&"".into(), "", 1);
    EpisodeRecord::new(nobody, 0, 0, &trajectory, Measurements::default(), vec![grade], total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_analysis::simulated::shapes;
    use mocktrial_stats::Random;

    #[test]
    fn what_is_read_of_such_a_run_is_what_was_drawn() {
        let shapes = shapes(5, 3);
        let (mut new, mut old) = (Arm::simulated(NEW, &shapes), Arm::simulated(OLD, &shapes));
        let mut random = Random::new(1);
        new.draw(&[0.5; 5], &mut random);
        old.draw(&[0.5; 5], &mut random);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("simulated.sqlite");
        write(&path, &new, &old).unwrap();
        let read = Arm::read(&RunFile::read(&path).unwrap()).unwrap();
        let passed = |arm: &Arm| -> Vec<Vec<bool>> {
            arm.tasks.values().map(|task| task.trials.iter().map(|t| t.passed).collect()).collect()
        };
        assert_eq!(read.iter().map(passed).collect::<Vec<_>>(), [passed(&new), passed(&old)]);
        assert_eq!(read[0].tasks.keys().collect::<Vec<_>>(), new.tasks.keys().collect::<Vec<_>>());
    }
}

use crate::rows::*;
use mocktrial_analysis::*;
use mocktrial_trajectory::{Cause, EndReason, Usage};

#[test]
fn an_episode_cut_short_by_a_person_or_the_budget_is_part_of_nothing_yet() {
    let mut run = Run::new(&["a", "b"], &["m"], 2);
    run.k_of_n("a", "m", 1, 2);
    run.ended("b", "m", EndReason::Cancelled);
    run.ended("b", "m", EndReason::Budget);
    let summary = run.summary();
    let m = &summary.endpoints[0];
    assert_eq!((m.planned, m.finished, m.counted, m.excluded.len(), m.bounds), (4, 2, 2, 0, None));
    assert_eq!(m.ends, [(EndReason::Completed, 2)]);
    assert_eq!(summary.outcome, Outcome::Incomplete { missing: 2 });
    assert_eq!(summary.outcome.exit_code(), 4);
    assert_eq!(summary.scenarios[1].cells[0].map(|c| (c.n, c.excluded)), Some((0, 0)));
}

#[test]
fn the_outcome_says_what_is_missing_and_carries_the_exit_code() {
    let mut run = Run::new(&["a"], &["m"], 2);
    assert_eq!((run.summary().outcome, run.summary().outcome.exit_code()), (Outcome::NothingRan, 4));
    run.ended("a", "m", EndReason::Cancelled);
    assert_eq!(run.summary().outcome, Outcome::NothingRan);
    run.rows.clear();
    run.ended("a", "m", EndReason::ProviderFailed);
    assert_eq!(run.summary().outcome, Outcome::Incomplete { missing: 1 });
    run.ended("a", "m", EndReason::ProviderFailed);
    let summary = run.summary();
    assert_eq!((summary.outcome, summary.outcome.exit_code()), (Outcome::NothingCounts, 3));
    assert_eq!(summary.endpoints[0].pass_rate, None);
    run.rows.pop();
    // An endpoint that was refused is heard of, and its episode is still to be run.
    run.ended("a", "m", EndReason::ProviderRefused);
    let summary = run.summary();
    assert_eq!(summary.outcome, Outcome::Incomplete { missing: 1 });
    assert_eq!(summary.endpoints[0].excluded.get(&Cause::Provider), Some(&2));
    run.rows.pop();
    run.k_of_n("a", "m", 0, 1);
    assert_eq!((run.summary().outcome, run.summary().outcome.exit_code()), (Outcome::Complete, 0));
}

#[test]
fn an_episode_that_could_not_be_graded_is_left_out_by_its_cause() {
    let mut run = Run::new(&["a"], &["m"], 2);
    run.k_of_n("a", "m", 1, 1);
    run.add("a", "m", |row| {
        row.passed = None;
        row.cause = Some(Cause::Scenario);
    });
    let m = &run.summary().endpoints[0];
    assert_eq!((m.counted, m.excluded.get(&Cause::Scenario)), (1, Some(&1)));
    assert_eq!(m.bounds.map(|b| (b.worst, b.best)), Some((0.5, 1.0)));
}

#[test]
fn failures_are_named_by_grader_or_end_most_frequent_first_with_an_example() {
    let mut run = Run::new(&["a"], &["x", "y"], 9);
    run.add("a", "x", |row| fail(row, "state"));
    run.add("a", "y", |row| fail(row, "state"));
    run.add("a", "y", |row| fail(row, "answer"));
    run.ended("a", "y", EndReason::TurnLimit);
    run.ended("a", "x", EndReason::TurnLimit);
    run.ended("a", "x", EndReason::TurnLimit);
    // Not the model's failures.
    run.ended("a", "x", EndReason::ProviderFailed);
    // Cut by a limit: that is the reason, whatever its criteria say.
    run.add("a", "x", |row| {
        fail(row, "answer");
        row.end = EndReason::OutputLimit;
    });
    let found = run.summary().failures;
    let told: Vec<(FailureKind, &str, &[u64])> =
        found.iter().map(|f| (f.kind, f.reason.as_str(), f.episodes.as_slice())).collect();
    assert_eq!(
        told,
        [
            (FailureKind::End, "turn_limit", [2, 1].as_slice()),
            (FailureKind::Grader, "state", [1, 1].as_slice()),
            (FailureKind::Grader, "answer", [0, 1].as_slice()),
            (FailureKind::End, "output_limit", [1, 0].as_slice()),
        ]
    );
    assert_eq!(found[2].example.to_string(), "a @y trial 2");
}

#[test]
fn effort_is_a_mean_over_finished_episodes_and_a_cost_is_known_or_not() {
    let mut run = Run::new(&["a"], &["m"], 4);
    for (tokens, cost, ms) in [(Some(100), Some(0.25), 10.0), (Some(300), Some(0.5), 20.0), (None, Some(0.0), 30.0)] {
        run.add("a", "m", |row| {
            row.usage = tokens.map(|input| Usage { input, output: 10, ..Usage::default() });
            row.cost = cost;
            row.latencies_ms = vec![ms, ms];
        });
    }
    let m = &run.summary().endpoints[0];
    assert_eq!((m.turns, m.calls, m.tokens_in, m.tokens_out), (Some(2.0), Some(1.0), Some(200.0), Some(10.0)));
    assert_eq!((m.cost, m.latency.map(|l| l.responses)), (Some(0.75), Some(6)));
    let latency = m.latency.unwrap();
    assert!((latency.median_ms - 20.0).abs() < 0.1 && (latency.p90_ms - 30.0).abs() < 0.15, "{latency:?}");
    run.add("a", "m", |row| row.cost = None);
    assert_eq!(run.summary().endpoints[0].cost, None, "a sum that leaves something out is none");
}

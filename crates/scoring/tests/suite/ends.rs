use crate::build::*;
use mocktrial_scoring::*;
use mocktrial_trajectory::*;
use serde_json::json;
use std::sync::Arc;

fn grades(criteria: Vec<Criterion>, trajectory: &Trajectory) -> Vec<Grade> {
    let grading = Grading::new(Arc::new(case(criteria))).unwrap();
    grading.grade(&Subject { trajectory, measurements: None }, &[])
}

fn two() -> Vec<Criterion> {
    vec![criterion("state", json!("as_reference")), criterion("answer", json!({"contains": "42.00"}))]
}

#[test]
fn a_whole_episode_passes() {
    let g = grades(two(), &way().end());
    assert_eq!((passed(&g), score(&g), g.len()), (Some(true), Some(1.0), 3));
    assert_eq!(g[2].grader, END);
}

#[test]
fn a_truncated_episode_never_passes() {
    for reason in EndReason::ALL.iter().filter(|r| !r.is_infrastructure() && **r != EndReason::Completed) {
        let g = grades(two(), &way().end_as(*reason));
        assert!(g[0].outcome.passed() && !g[2].outcome.passed());
        assert_eq!((passed(&g), score(&g)), (Some(false), Some(0.0)), "{reason}");
        assert!(g[2].evidence[0].note.contains(reason.as_str()));
    }
}

#[test]
fn an_end_that_is_not_the_models_leaves_everything_ungraded() {
    for reason in EndReason::ALL.iter().filter(|r| r.is_infrastructure()) {
        let g = grades(two(), &way().end_as(*reason));
        assert!(g.iter().all(|g| matches!(&g.outcome, Outcome::Ungraded { cause, .. } if *cause == reason.cause())));
        assert_eq!((passed(&g), score(&g)), (None, None));
    }
    let running = way().trajectory;
    assert_eq!(passed(&grades(two(), &running)), None);
}

#[test]
fn other_measures_do_not_decide() {
    let mut criteria = two();
    criteria[1].parameters = json!({"contains": "voucher"});
    criteria[1].measure = "politeness".into();
    let g = grades(criteria, &way().end());
    assert_eq!((passed(&g), score(&g)), (Some(true), Some(1.0)));
    assert_eq!(g[1].outcome, Outcome::Failed);
}

#[test]
fn the_score_is_the_mean_of_the_task_criteria() {
    let mut criteria = two();
    criteria[1].parameters = json!({"contains": ["42.00", "voucher"]});
    let g = grades(criteria, &way().end());
    assert_eq!((passed(&g), score(&g)), (Some(false), Some(0.75)));
}

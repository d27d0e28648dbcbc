use super::*;
use crate::simulated::Shape;
use mocktrial_stats::Random;
use mocktrial_trajectory::Cause;

/// Two labels of as many scenarios and trials, interleaved; `passes` is asked for the label, scenario and trial.
fn labels(scenarios: usize, trials: u32, mut passes: impl FnMut(usize, usize, u32) -> bool) -> (Arm, Arm) {
    let shape = |n: usize| Shape {
        name: format!("s{n:02}").into(),
        family: format!("s{n:02}").into(),
        tags: Vec::new(),
        trials,
    };
    let shapes: Vec<Shape> = (0..scenarios).map(shape).collect();
    let mut arm = |label: usize| {
        let mut arm = Arm::simulated("r", &shapes);
        arm.endpoint = format!("e{label}").into();
        for (place, task) in arm.tasks.values_mut().enumerate() {
            for trial in &mut task.trials {
                trial.passed = passes(label, place, trial.number);
                let round = u64::from(trial.number) * shapes.len() as u64 + place as u64;
                trial.dispatch = 2 * round + label as u64;
            }
        }
        arm
    };
    (arm(0), arm(1))
}

fn audit(arms: &(Arm, Arm)) -> LiveAudit {
    live(&arms.0, &arms.1, false, 0.05).unwrap()
}

fn found(audit: &LiveAudit) -> Vec<LiveQuestion> {
    audit.tests.iter().filter(|t| t.found).map(|t| t.question).collect()
}

#[test]
fn independent_trials_give_a_sign_no_more_often_than_is_allowed() {
    let mut random = Random::new(5);
    // With seeds that a provider obeys, and without.
    for obeyed in [false, true] {
        let mut signs = 0;
        for _ in 0..100 {
            let draws: Vec<f64> = (0..2 * 6 * 6).map(|_| random.unit()).collect();
            let arms = labels(6, 6, |label, place, trial| {
                let label = if obeyed { 0 } else { label };
                let rate = [0.2, 0.9, 0.5, 0.7, 1.0, 0.0][place];
                draws[(label * 6 + place) * 6 + trial as usize - 1] < rate
            });
            signs += usize::from(audit(&arms).has_finding());
        }
        // Five are expected at most; more than 12 come about less than once in five hundred.
        assert!(signs <= 12, "{signs}");
    }
}

#[test]
fn each_question_finds_what_it_asks_for() {
    // Every other trial of the second label fails.
    let apart = audit(&labels(6, 4, |label, _, trial| label == 0 || trial % 2 == 0));
    assert!(found(&apart).contains(&LiveQuestion::Homogeneity), "{apart:?}");
    assert_eq!((apart.tests[0].effect, apart.apart), (Some(0.5), Some(1.0)));
    // All fail in the third and sixth round.
    let together = audit(&labels(6, 8, |_, _, trial| trial % 3 != 0));
    assert_eq!(found(&together), [LiveQuestion::Overdispersion], "{together:?}");
    // Scenarios fail from some trial on.
    let drift = audit(&labels(6, 8, |_, place, trial| trial as usize <= 2 + place));
    assert!(found(&drift).contains(&LiveQuestion::Drift), "{drift:?}");
    assert!(drift.tests[2].effect.unwrap() < -0.4);
}

#[test]
fn what_is_missing_on_one_side_leaves_its_pair_out_and_is_counted() {
    let (first, mut second) = labels(4, 4, |_, place, trial| !(place + trial as usize).is_multiple_of(3));
    for task in second.tasks.values_mut() {
        task.trials.remove(0);
        task.excluded.insert(Cause::Provider, 1);
    }
    let found = audit(&(first, second));
    assert_eq!((found.pairs, found.rounds, found.scenarios), (12, 3, 4));
    assert_eq!((found.labels[0].unpaired, found.labels[0].missing), (4, 0));
    assert_eq!((found.labels[1].unpaired, found.labels[1].missing), (0, 4));
    assert!(found.p_missing.unwrap() < 0.05);
}

#[test]
fn a_trial_that_was_dispatched_again_later_stands_where_it_was_dispatched() {
    let order = |late: bool| {
        let mut arms = labels(5, 6, |_, _, trial| trial != 1);
        if late {
            for arm in [&mut arms.0, &mut arms.1] {
                arm.tasks.values_mut().for_each(|task| task.trials[0].dispatch = 1000);
            }
        }
        audit(&arms).tests[2].effect.unwrap()
    };
    assert!(order(false) > 0.0 && order(true) < 0.0);
}

#[test]
fn nothing_is_tested_where_nothing_could_be_found() {
    let all = audit(&labels(6, 6, |_, _, _| true));
    assert!(!all.is_tested() && all.refused.is_none(), "{all:?}");
    let once = audit(&labels(6, 1, |_, place, _| place % 2 == 0));
    assert!(!once.is_tested(), "{once:?}");
    // In one scenario alone, no round can be told from a failure.
    let one = audit(&labels(1, 12, |_, _, trial| trial % 2 == 0));
    assert!(one.tests[1].untestable.is_some() && one.tests[2].p.is_some(), "{one:?}");
}

#[test]
fn runs_that_are_no_draw_are_refused() {
    let arms = || labels(4, 4, |_, place, trial| !(place + trial as usize).is_multiple_of(3));
    let (mut first, second) = arms();
    first.tasks.values_mut().for_each(|task| task.trials[1].replayed = true);
    let refused = audit(&(first, second)).refused.unwrap();
    assert!(refused.contains("4 of 32 trials were replayed"), "{refused}");
    let (mut first, second) = arms();
    first.refused = Some("they were picked".into());
    assert!(audit(&(first, second)).refused.unwrap().contains("they were picked"));
    let (first, second) = arms();
    assert!(live(&first, &second, true, 0.05).unwrap().refused.unwrap().contains("stopped when it knew"));
    let (first, second) = labels(0, 0, |_, _, _| true);
    assert!(audit(&(first, second)).refused.unwrap().contains("no trial counts"));
}

#[test]
fn twins_are_the_endpoints_that_differ_in_nothing_but_their_names() {
    let named = |name: &str, treatment: u32| {
        let mut arm = Arm::simulated("r", &[]);
        arm.endpoint = name.into();
        arm.treatment = mocktrial_trajectory::Digest::of(&serde_json::json!(treatment));
        arm
    };
    let arms = [named("a", 1), named("b", 2), named("a@2", 1)];
    let names = |named: &[&str]| {
        let named: Vec<String> = named.iter().map(|n| (*n).to_owned()).collect();
        twins(&arms, &named).map(|(a, b)| format!("{} {}", a.endpoint, b.endpoint))
    };
    assert_eq!(names(&[]).unwrap(), "a a@2");
    assert_eq!(names(&["a@2"]).unwrap(), "a a@2");
    assert!(matches!(names(&["b"]), Err(TwinsError::Alone { .. })));
    assert!(matches!(names(&["c"]), Err(TwinsError::Alone { .. })));
    assert!(matches!(twins(&arms[..2], &[]), Err(TwinsError::None(_))));
    let four = [named("a", 1), named("b", 2), named("a@2", 1), named("b@2", 2)];
    assert!(matches!(twins(&four, &[]), Err(TwinsError::Several(_))));
    assert_eq!(twins(&four, &["b".to_owned()]).unwrap().1.endpoint, "b@2".into());
}

use super::*;
use crate::compare::{PairVerdict, Terms, compare};
use crate::gate::{Answer, Rules, Standard, gate};
use crate::simulated::Shape;
use mocktrial_store::{Header, Instrument, Scenario, Selection, Status};
use mocktrial_trajectory::{Cause, Digest};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// An arm with so many passes of `trials` on each scenario.
fn arm(endpoint: &str, trials: u32, passed: &[u32]) -> Arm {
    let shape = |n: usize| Shape { name: name(n), family: name(n), tags: Vec::new(), trials };
    let mut arm = Arm::simulated("run", &(0..passed.len()).map(shape).collect::<Vec<_>>());
    arm.endpoint = endpoint.into();
    for (task, k) in arm.tasks.values_mut().zip(passed) {
        task.trials.iter_mut().for_each(|t| t.passed = t.number <= *k);
    }
    arm
}

fn name(n: usize) -> Arc<str> {
    format!("s{n:02}").into()
}

fn claim(claim: Claim, margin: f64) -> Hypothesis {
    Hypothesis { claim, margin, candidate: "new".into(), control: "old".into(), tag: None, scenarios: None }
}

fn registration(hypotheses: Vec<Hypothesis>, trials: u32, scenarios: usize) -> Registration {
    let criteria = arm("x", 1, &[1]).tasks["s00"].instrument.criteria;
    let text = "title = \"x\"\n".to_owned();
    Registration {
        file: "protocols/x.toml".into(),
        hash: Digest::of_bytes(b"protocol", text.as_bytes()),
        text,
        title: "x".into(),
        hypotheses,
        trials,
        sequential: false,
        alpha: 0.05,
        scope: Scope::Suite,
        scenarios: (0..scenarios).map(|n| (name(n), criteria)).collect(),
    }
}

fn verdicts(registration: &Registration, arms: &[Arm]) -> Vec<Judged> {
    judge(registration, arms, None).unwrap()
}

fn one(hypothesis: Hypothesis, new: &Arm, old: &Arm) -> Judged {
    let (trials, scenarios) = (new.tasks["s00"].planned, new.tasks.len());
    verdicts(&registration(vec![hypothesis], trials, scenarios), &[new.clone(), old.clone()]).remove(0)
}

#[test]
fn a_claim_is_confirmed_refuted_or_neither() {
    let (good, poor) = (arm("new", 4, &[4; 12]), arm("old", 4, &[0, 1, 0, 2, 0, 1, 0, 0, 1, 0, 2, 0]));
    let better = one(claim(Claim::Better, 0.0), &good, &poor);
    assert_eq!((better.outcome, better.verdict, better.why), (Outcome::Confirmed, "better", None));
    assert!(better.p_adjusted.unwrap() < 0.001 && better.delta.unwrap().value > 0.8);
    let swap = |a: &Arm, endpoint: &str| Arm { endpoint: endpoint.into(), ..a.clone() };
    let (worse, best) = (swap(&poor, "new"), swap(&good, "old"));
    assert_eq!(one(claim(Claim::Better, 0.0), &worse, &best).verdict, "worse");
    let lost = one(claim(Claim::NoWorse, 0.1), &worse, &best);
    assert_eq!((lost.outcome, lost.verdict), (Outcome::Refuted, "regressed"));
    assert!(lost.p_adjusted.unwrap() > 0.99 && lost.p_opposite_adjusted.unwrap() < 0.001, "{lost:?}");
    assert_eq!(one(claim(Claim::NoWorse, 0.1), &good, &poor).verdict, "no_worse");
    let same = one(claim(Claim::NoWorse, 0.01), &good, &best);
    assert_eq!((same.outcome, same.verdict), (Outcome::NotConfirmed, "inconclusive"));
    // Alike everywhere: no spread, and nothing to judge by.
    let same = one(claim(Claim::Better, 0.0), &good, &best);
    assert_eq!((same.outcome, same.verdict, same.p), (Outcome::NotConfirmed, "not_shown", Some(1.0)));
}

#[test]
fn every_further_claim_takes_from_the_error_of_the_others() {
    let new = arm("new", 4, &[4, 3, 4, 2, 4, 3, 4, 4]);
    let old = arm("old", 4, &[3, 3, 2, 2, 3, 3, 2, 3]);
    let alone = one(claim(Claim::Better, 0.0), &new, &old);
    assert_eq!(alone.outcome, Outcome::Confirmed);
    let p = alone.p.unwrap();
    assert!(p > 0.005 && p < 0.05, "{p}");
    let many: Vec<Hypothesis> = (0..10)
        .map(|n| Hypothesis { margin: 0.001 * f64::from(n), ..claim(Claim::NoWorse, 0.0) })
        .chain([claim(Claim::Better, 0.0)])
        .collect();
    let all = verdicts(&registration(many, 4, 8), &[new, old]);
    let last = &all[10];
    assert_eq!(last.p, Some(p));
    assert!(last.p_adjusted.unwrap() > p && last.delta.unwrap().low < alone.delta.unwrap().low, "{last:?}");
}

#[test]
fn a_claim_about_some_scenarios_is_judged_on_them_alone() {
    let new = arm("new", 4, &[4, 4, 4, 3, 4, 4, 0, 0, 0, 0]);
    let old = arm("old", 4, &[1, 0, 0, 0, 1, 0, 4, 4, 3, 4]);
    let about: BTreeSet<Arc<str>> = (0..6).map(name).collect();
    let some = Hypothesis { tag: Some("easy".into()), scenarios: Some(about), ..claim(Claim::Better, 0.0) };
    let found = one(some, &new, &old);
    assert_eq!((found.outcome, found.of_scenarios, found.units), (Outcome::Confirmed, 6, 6));
    assert_eq!(one(claim(Claim::Better, 0.0), &new, &old).outcome, Outcome::NotConfirmed);
}

#[test]
fn nothing_is_confirmed_before_the_plan_is_carried_out() {
    let (mut new, old) = (arm("new", 4, &[4; 12]), arm("old", 4, &[1; 12]));
    new.tasks.get_mut("s03").unwrap().trials.pop();
    let found = one(claim(Claim::NoWorse, 0.1), &new, &old);
    assert_eq!((found.outcome, found.why), (Outcome::NotConfirmed, Some(Why::Unfinished { episodes: 1 })));
    // Nor is there anything to be tempted by.
    assert_eq!((found.delta, found.p, found.by_numbers), (None, None, None));
}

#[test]
fn what_is_replayed_confirms_nothing() {
    let (mut new, old) = (arm("new", 4, &[4; 12]), arm("old", 4, &[1; 12]));
    new.tasks.get_mut("s03").unwrap().trials[0].replayed = true;
    let found = one(claim(Claim::NoWorse, 0.1), &new, &old);
    assert_eq!((found.outcome, found.verdict), (Outcome::NotConfirmed, "inconclusive"));
    assert_eq!((found.why, found.by_numbers), (Some(Why::Replayed { trials: 1, of: 96 }), Some(Outcome::Confirmed)));
}

#[test]
fn trials_without_an_outcome_withhold_a_verdict_that_they_could_turn() {
    let missing = |n: usize, lost: u32| {
        let (mut new, old) = (arm("new", 4, &[4, 3, 4, 2, 4, 3, 4, 4]), arm("old", 4, &[2, 2, 2, 1, 2, 2, 2, 2]));
        for task in new.tasks.values_mut().take(n) {
            task.trials.pop();
            task.excluded.insert(Cause::Provider, lost);
        }
        one(claim(Claim::Better, 0.0), &new, &old)
    };
    let few = missing(1, 1);
    assert_eq!((few.outcome, few.why), (Outcome::Confirmed, None), "{few:?}");
    let bounds = few.bounds.unwrap();
    assert!(bounds.worst < few.delta.unwrap().value && bounds.worst > 0.0, "{bounds:?}");
    let many = missing(8, 4);
    assert_eq!((many.outcome, many.why), (Outcome::NotConfirmed, Some(Why::WithoutOutcome { trials: 32 })));
    assert_eq!(many.by_numbers, Some(Outcome::Confirmed));
}

#[test]
fn one_scenario_is_too_few_for_a_verdict() {
    let found = one(claim(Claim::NoWorse, 0.1), &arm("new", 4, &[4]), &arm("old", 4, &[0]));
    assert_eq!((found.outcome, found.why), (Outcome::NotConfirmed, Some(Why::TooFew)));
}

#[test]
fn a_sequential_plan_goes_by_what_its_gate_decided() {
    let mut registration = registration(vec![claim(Claim::NoWorse, 0.1)], 4, 3);
    registration.sequential = true;
    let arms = [arm("new", 2, &[2; 3]), arm("old", 2, &[2; 3])];
    let decide = |answer: &str, early| {
        let decision = Decision { answer: answer.into(), rounds: 2, pairs: 6, early, margin: 0.1, alpha: 0.05 };
        judge(&registration, &arms, Some(&decision)).unwrap().remove(0)
    };
    let found = decide("no_worse", true);
    assert_eq!((found.outcome, found.verdict, found.p, found.delta), (Outcome::Confirmed, "no_worse", None, None));
    // An early one says that it is worse at all, which does not refute that it is no worse by more than the margin.
    let early = decide("regressed", true);
    assert_eq!((early.outcome, early.verdict), (Outcome::NotConfirmed, "regressed"));
    assert_eq!(decide("regressed", false).outcome, Outcome::Refuted);
    let open = judge(&registration, &arms, None).unwrap().remove(0);
    assert_eq!(open.why, Some(Why::Unfinished { episodes: 12 }));
}

fn header(trials: u32) -> Header {
    Header {
        name: "run".into(),
        created: "2026-11-25T10:00:00Z".into(),
        harness: "0".into(),
        seed: 1,
        suite: Digest::of_bytes(b"x", b"y"),
        trials,
        selection: Selection::Full,
        status: Status::default(),
        notes: std::collections::BTreeMap::new(),
    }
}

#[test]
fn every_departure_from_the_protocol_is_named() {
    let registration = registration(vec![claim(Claim::Better, 0.0)], 2, 3);
    let arms = [arm("new", 2, &[2; 3]), arm("old", 2, &[0; 3])];
    let scenarios: Vec<Scenario> = arms[0]
        .tasks
        .values()
        .map(|t| Scenario {
            id: t.id.clone(),
            variant: "".into(),
            family: t.family.clone(),
            title: String::new(),
            tags: Vec::new(),
            instrument: t.instrument,
        })
        .collect();
    let same = FileToday::Hash(registration.hash);
    let find =
        |registration: &Registration, header: &Header, scenarios: &[Scenario], arms: &[Arm], today, held: &str| {
            deviations(registration, header, scenarios, arms, (today, false), &|name| name == held)
        };
    assert_eq!(find(&registration, &header(2), &scenarios, &arms, same, ""), []);
    assert_eq!(find(&registration, &header(2), &scenarios, &arms, FileToday::Unseen, ""), []);
    assert_eq!(find(&registration, &header(2), &scenarios, &arms, FileToday::Gone, ""), [Deviation::FileGone]);
    let other = FileToday::Hash(Digest::of_bytes(b"protocol", b"other"));
    let altered = Registration { text: "title = \"y\"\n".into(), ..registration.clone() };
    let found = find(&altered, &header(2), &scenarios, &arms, other, "");
    assert_eq!(found, [Deviation::FileChanged, Deviation::TextAltered]);

    let (mut now, mut regraded) = (arms.to_vec(), scenarios);
    now.push(arm("third", 2, &[1; 3]));
    regraded[1].instrument = Instrument { criteria: Digest::of_bytes(b"x", b"z"), ..regraded[1].instrument };
    let task = now[0].tasks.get_mut("s00").unwrap();
    task.trials.clear();
    task.excluded.insert(Cause::Provider, 1);
    now[1].tasks.get_mut("s01").unwrap().trials[0].replayed = true;
    let mut header = header(5);
    header.status.reason = "interrupted".into();
    let found = find(&registration, &header, &regraded, &now, same, "s02");
    let expected = [
        Deviation::EndedShort { episodes: 1, why: "interrupted".into() },
        Deviation::WithoutOutcome { episodes: 1 },
        Deviation::ScenariosLost { scenarios: vec!["s00".into()] },
        Deviation::TrialsAdded { registered: 2, now: 5 },
        Deviation::CriteriaChanged { scenarios: vec!["s01".into()] },
        Deviation::QuarantinedSince { scenarios: vec!["s02".into()] },
        Deviation::ExtraEndpoints { endpoints: vec!["third".into()] },
        Deviation::Replayed { trials: 1, of: 10 },
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_a_run_keeps_is_what_was_registered() {
    let some = Some(BTreeSet::from([name(0)]));
    let hypothesis = Hypothesis { tag: Some("a or b".into()), scenarios: some, ..claim(Claim::NoWorse, 0.05) };
    let registration = registration(vec![hypothesis], 7, 3);
    let mut header = header(7);
    assert_eq!(Registration::of(&header).unwrap(), None);
    header.notes.insert(NOTE.into(), registration.to_note().unwrap());
    assert_eq!(Registration::of(&header).unwrap(), Some(registration));
    header.notes.insert(NOTE.into(), "{}".into());
    let error = Registration::of(&header).unwrap_err().to_string();
    assert!(error.contains("cannot be read") && error.contains("newer mocktrial"), "{error}");
}

fn passes() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
    (2_usize..12).prop_flat_map(|n| (prop::collection::vec(0_u32..=4, n), prop::collection::vec(0_u32..=4, n)))
}

proptest! {
    #[test]
    fn one_claim_alone_is_judged_as_gate_and_comparison_judge_it((new, old) in passes(), margin in 0.0..0.5) {
        let (new, old) = (arm("new", 4, &new), arm("old", 4, &old));
        let rules = Rules {
            margin, anchor_margin: 0.1, alpha: 0.05, power: 0.8, scope: Scope::Suite, max_age_days: 30.0,
            must_pass: BTreeSet::new(), zero_tolerance: Vec::new(), max_cost: None, max_seconds: None, tags: Vec::new(),
        };
        let standard = Standard { side_by_side: true, ..Standard::of_arm(&old) };
        let gated = gate(&new, &standard, None, None, &rules).unwrap();
        let found = one(claim(Claim::NoWorse, margin), &new, &old);
        let word = match gated.answer {
            Answer::NoWorse => "no_worse",
            Answer::Inconclusive => "inconclusive",
            Answer::Regressed => "regressed",
        };
        prop_assert_eq!((found.verdict, found.delta), (word, gated.rate.delta));

        let compared = compare(&[(&new, &old)], &[&new, &old], Terms { scope: Scope::Suite, alpha: 0.05 }).unwrap();
        let found = one(claim(Claim::Better, 0.0), &new, &old);
        let word = match compared.pairs[0].verdict {
            PairVerdict::Better => "better",
            PairVerdict::Worse => "worse",
            PairVerdict::Undecided => "not_shown",
        };
        prop_assert_eq!((found.verdict, found.delta), (word, compared.pairs[0].delta));
    }
}

/// Studies at the border of every claim: three candidates have lost exactly the margin, and a fourth is no better. There both a
/// confirmation and a refutation are false, and any of either may come in 5 % of the studies.
#[test]
fn over_all_claims_together_the_error_is_kept_to() {
    use mocktrial_stats::Random;
    let (studies, trials) = (1000, 5);
    let shape = |n: usize| Shape { name: name(n), family: name(n), tags: Vec::new(), trials };
    let shapes: Vec<Shape> = (0..20).map(shape).collect();
    let rates: Vec<f64> = (0..20).map(|n| 0.4 + 0.03 * f64::from(n)).collect();
    let lost = crate::simulated::lose_everywhere(&rates, 0.1).unwrap();
    let hypotheses: Vec<Hypothesis> = ["a", "b", "c"]
        .iter()
        .map(|n| Hypothesis { candidate: (*n).into(), ..claim(Claim::NoWorse, 0.1) })
        .chain([Hypothesis { candidate: "d".into(), ..claim(Claim::Better, 0.0) }])
        .collect();
    let registration = Registration {
        scenarios: Arm::simulated("run", &shapes)
            .tasks
            .iter()
            .map(|(n, t)| (n.clone(), t.instrument.criteria))
            .collect(),
        ..registration(hypotheses, trials, 0)
    };
    let mut random = Random::new(7);
    let (mut confirmed, mut refuted) = (0, 0);
    for _ in 0..studies {
        let mut draw = |endpoint: &str, rates: &[f64]| {
            let mut arm = Arm::simulated("run", &shapes);
            arm.endpoint = endpoint.into();
            arm.draw(rates, &mut random);
            arm
        };
        let arms = [draw("old", &rates), draw("a", &lost), draw("b", &lost), draw("c", &lost), draw("d", &rates)];
        let found = verdicts(&registration, &arms);
        confirmed += usize::from(found.iter().any(|j| j.outcome == Outcome::Confirmed));
        refuted += usize::from(found.iter().any(|j| j.outcome == Outcome::Refuted));
    }
    // 5 % with three standard errors of the simulation.
    assert!(confirmed <= 70 && refuted <= 70, "{confirmed} and {refuted} of {studies}");
    assert!(confirmed > 0 && refuted > 0);
}

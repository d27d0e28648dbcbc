//! What a person reads of a run that was begun by a protocol.
#![allow(clippy::unwrap_used, reason = "a test")]

use mocktrial_analysis::compare::Scope;
use mocktrial_analysis::protocol::{Claim, Deviation, Held, Hypothesis, Judged, Outcome, Why};
use mocktrial_analysis::until::Decision;
use mocktrial_analysis::{Bounds, Estimate};
use mocktrial_report::{Style, protocols};

fn judged(claim: Claim, outcome: Outcome, verdict: &'static str) -> Judged {
    Judged {
        hypothesis: Hypothesis {
            claim,
            margin: if claim == Claim::NoWorse { 0.025 } else { 0.0 },
            candidate: "new".into(),
            control: "old".into(),
            tag: None,
            scenarios: None,
        },
        outcome,
        verdict,
        why: None,
        by_numbers: Some(outcome),
        delta: Some(Estimate { value: 0.04, low: -0.02, high: 0.1 }),
        confidence: 0.95,
        p: Some(0.011),
        p_adjusted: Some(0.022),
        p_opposite_adjusted: Some(0.0004),
        bounds: None,
        of_scenarios: 30,
        units: 30,
        sequential: None,
    }
}

fn held(hypotheses: Vec<Judged>, deviations: Vec<Deviation>) -> Held {
    Held {
        title: "May the new model ship?".into(),
        file: "protocols/ship.toml".into(),
        hash: "0123456789abcdef0123456789abcdef".into(),
        run: "2026-11-25T10-00-00Z-shop".into(),
        registered: "2026-11-25T10:00:00Z".into(),
        file_seen: true,
        trials: 5,
        sequential: false,
        scenarios: 30,
        alpha: 0.05,
        scope: Scope::Suite,
        hypotheses,
        deviations,
    }
}

#[test]
fn every_verdict_is_a_sentence() {
    use Outcome::{Confirmed, NotConfirmed, Refuted};
    let because = |why, numbers| Judged {
        why: Some(why),
        by_numbers: numbers,
        ..judged(Claim::Better, NotConfirmed, "not_shown")
    };
    let decision = Decision {
        answer: "regressed".into(),
        rounds: 3,
        pairs: 90,
        early: true,
        margin: Some(0.025),
        alpha: 0.05,
        difference: None,
    };
    let all = vec![
        judged(Claim::NoWorse, Confirmed, "no_worse"),
        judged(Claim::NoWorse, NotConfirmed, "inconclusive"),
        judged(Claim::NoWorse, Refuted, "regressed"),
        judged(Claim::Better, Confirmed, "better"),
        judged(Claim::Better, NotConfirmed, "not_shown"),
        judged(Claim::Better, Refuted, "worse"),
        Judged {
            delta: Some(Estimate { value: 0.0, low: 0.0, high: 0.0 }),
            ..judged(Claim::Better, NotConfirmed, "not_shown")
        },
        because(Why::Unfinished { episodes: 1 }, None),
        because(Why::TooFew, None),
        because(Why::Replayed { trials: 3, of: 300 }, Some(NotConfirmed)),
        Judged {
            bounds: Some(Bounds { worst: -0.03, best: 0.07 }),
            ..because(Why::WithoutOutcome { trials: 9 }, Some(Confirmed))
        },
        Judged { sequential: Some(decision), ..judged(Claim::NoWorse, NotConfirmed, "regressed") },
    ];
    insta::assert_snapshot!("verdicts", protocols(&[held(all, Vec::new())], &Style::plain(100)));
}

#[test]
fn every_departure_is_a_sentence_and_what_lies_in_files_cannot_steer_a_terminal() {
    let hostile = "evil\u{1b}[2J";
    let deviations = vec![
        Deviation::FileChanged,
        Deviation::FileGone,
        Deviation::TextAltered,
        Deviation::EndedShort { episodes: 12, why: hostile.into() },
        Deviation::WithoutOutcome { episodes: 1 },
        Deviation::ScenariosLost { scenarios: vec!["shop/a".into()] },
        Deviation::TrialsAdded { registered: 5, now: 8 },
        Deviation::CriteriaChanged { scenarios: (0..7).map(|n| format!("shop/{n}").into()).collect() },
        Deviation::QuarantinedSince { scenarios: vec![hostile.into()] },
        Deviation::ExtraEndpoints { endpoints: vec![hostile.into()] },
        Deviation::Replayed { trials: 3, of: 300 },
    ];
    let one = Judged {
        hypothesis: Hypothesis {
            tag: Some(hostile.into()),
            candidate: hostile.into(),
            ..judged(Claim::Better, Outcome::Confirmed, "better").hypothesis
        },
        ..judged(Claim::Better, Outcome::Confirmed, "better")
    };
    let first = Held {
        title: hostile.into(),
        file: hostile.into(),
        file_seen: false,
        scope: Scope::Population,
        ..held(vec![one], deviations)
    };
    let second = held(vec![judged(Claim::Better, Outcome::Confirmed, "better")], Vec::new());
    let text = protocols(&[first, second], &Style::plain(100));
    assert!(!text.contains('\u{1b}'));
    // What was registered with the second run stands above the line, too.
    assert_eq!(text.matches("Exploratory:").count(), 1);
    insta::assert_snapshot!("departures", text);
    for width in [1, 30, 47] {
        let narrow = protocols(&[held(Vec::new(), Vec::new())], &Style::plain(width));
        assert!(narrow.lines().all(|line| line.chars().count() <= width.max(30)), "{narrow}");
    }
    assert_eq!(protocols(&[], &Style::plain(80)), "");
}

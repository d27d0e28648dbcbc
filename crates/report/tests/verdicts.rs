//! Verdicts as people read them in a terminal: comparisons and gates at several widths, with and without colour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_analysis::compare::{
    Compared, Comparison, Divergence, Divergent, Flip, LeftOut, PairVerdict, Rank, Ratio, Scope, Side, TagDifference,
    WhyOut,
};
use mocktrial_analysis::gate::{Answer, Gated, HeldAgainst, Needed, Ruled, Tested};
use mocktrial_analysis::{Bounds, Estimate};
use mocktrial_report::{Style, compared, gated};
use unicode_width::UnicodeWidthStr as _;

const WIDTHS: [usize; 4] = [40, 60, 80, 120];

fn estimate(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value, low, high }
}

fn side(endpoint: &str) -> Side {
    Side {
        endpoint: endpoint.into(),
        run: "2026-11-23T14-05-09Z-all".into(),
        counted: 230,
        replayed: 0,
        missing: 0,
        unfinished: 0,
    }
}

fn flip(scenario: &str, first: (u32, u32), second: (u32, u32), how: Divergent) -> Flip {
    let divergences = vec![Divergence { call: 2, how, trials: 4, of: 5, example: 1 }];
    Flip { scenario: scenario.into(), first, second, divergences, evidence: 6.0 }
}

fn pair(first: &str, second: &str, delta: Estimate, verdict: PairVerdict) -> Comparison {
    let arguments = Divergent::Arguments {
        tool: "refund_order".into(),
        path: "/amount".into(),
        first: Some(serde_json::json!(42.0)),
        second: Some(serde_json::json!(420)),
    };
    let tool = Divergent::Tool { first: "find_customer_by_name".into(), second: "get_order".into() };
    Comparison {
        first: Side { missing: 3, ..side(first) },
        second: Side { replayed: 12, unfinished: 4, ..side(second) },
        treatment: vec!["model".into(), "prompt".into()],
        scenarios: 46,
        units: 46,
        left_out: vec![
            LeftOut { scenario: "retail/refund-damaged".into(), why: WhyOut::CriteriaDiffer },
            LeftOut { scenario: "travel/rebook".into(), why: WhyOut::OnlyFirst },
        ],
        sequential: None,
        refused: None,
        delta: Some(delta),
        p: Some(0.0004),
        p_sign_flip: Some(0.0007),
        p_adjusted: Some(0.0012),
        verdict,
        turned_by_missing: false,
        with_quarantined: None,
        bounds: Some(Bounds { worst: 0.09, best: 0.21 }),
        p_missing: Some(0.02),
        cost: Some(Ratio { value: 1.31, low: 1.1, high: 1.55, units: 46 }),
        latency: Some(Ratio { value: 0.8, low: 0.7, high: 0.92, units: 46 }),
        tags: vec![
            TagDifference { tag: "policy".into(), units: 12, delta: estimate(0.2, 0.02, 0.38), p_adjusted: 0.06 },
            TagDifference { tag: "hard".into(), units: 9, delta: estimate(-0.04, -0.2, 0.12), p_adjusted: 0.61 },
        ],
        flips: vec![
            flip("retail/refund-damaged-after-thirty-days", (5, 5), (1, 5), arguments),
            flip("bank/transfer", (0, 5), (4, 5), tool),
            flip("home/small-talk", (4, 5), (3, 5), Divergent::Answer),
        ],
    }
}

fn two() -> Compared {
    let delta = estimate(0.15, 0.06, 0.24);
    Compared {
        scope: Scope::Suite,
        confidence: 0.95,
        pairs: vec![pair("prompt-v2", "prompt-v1", delta, PairVerdict::Better)],
        ranks: vec![],
    }
}

fn three() -> Compared {
    let bare = |first: &str, second: &str, delta, verdict| Comparison {
        first: side(first),
        second: side(second),
        left_out: vec![],
        bounds: None,
        p_missing: None,
        cost: None,
        latency: None,
        tags: vec![],
        flips: vec![],
        ..pair(first, second, delta, verdict)
    };
    let rank = |endpoint: &str, best, worst| Rank {
        endpoint: endpoint.into(),
        run: "2026-11-23T14-05-09Z-all".into(),
        best,
        worst,
    };
    Compared {
        scope: Scope::Population,
        confidence: 0.95,
        pairs: vec![
            bare("large", "medium", estimate(0.02, -0.04, 0.08), PairVerdict::Undecided),
            bare("large", "small", estimate(0.15, 0.06, 0.24), PairVerdict::Better),
            bare("medium", "small", estimate(-0.13, -0.22, -0.04), PairVerdict::Worse),
        ],
        ranks: vec![rank("large", 1, 2), rank("small", 3, 3), rank("medium", 1, 2)],
    }
}

fn tested(answer: Answer, delta: Estimate, margin: f64) -> Tested {
    Tested {
        answer,
        why: None,
        margin,
        delta: Some(delta),
        confidence: 0.9,
        surely_below_zero: false,
        bounds: None,
        units: 46,
        needed: None,
    }
}

fn gate(answer: Answer) -> Gated {
    let delta = match answer {
        Answer::NoWorse => estimate(0.01, -0.03, 0.05),
        Answer::Inconclusive => estimate(-0.02, -0.07, 0.03),
        Answer::Regressed => estimate(-0.19, -0.27, -0.11),
    };
    let needed = (answer == Answer::Inconclusive).then_some(Needed {
        more: 7,
        scenarios: false,
        episodes: 644,
        cost: Some(3.21),
        seconds: Some(5400.0),
    });
    let rule =
        |rule, about: &str, answer, found: &str| Ruled { rule, about: about.into(), answer, found: found.into() };
    Gated {
        answer,
        scope: Scope::Suite,
        endpoint: "prompt-v2".into(),
        run: "2026-11-23T14-05-09Z-all".into(),
        against: "the baseline of 2026-11-20".into(),
        standard: HeldAgainst { run: "2026-11-20T09-00-00Z-all".into(), endpoint: "prompt-v2".into() },
        refused: None,
        sequential: None,
        rate: Tested { needed, ..tested(answer, delta, 0.05) },
        with_quarantined: None,
        anchor: Some(tested(Answer::NoWorse, estimate(0.0, -0.04, 0.04), 0.1)),
        tags: vec![("policy".into(), tested(answer, delta, 0.08))],
        rules: vec![
            rule("must_pass", "bank/transfer", Answer::NoWorse, "5 of 5 trials passed"),
            rule(
                "max_cost",
                "",
                if answer == Answer::Regressed { answer } else { Answer::NoWorse },
                "an episode costs $0.0310 on average (95 %: $0.0280 to $0.0340), at most $0.0250 is allowed",
            ),
        ],
        treatment: vec!["prompt".into()],
        left_out: vec![LeftOut { scenario: "travel/rebook".into(), why: WhyOut::WorldDiffers }],
        flips: vec![],
        trials: (230, 0),
        unfinished: 0,
        p_missing: None,
        drift: vec![],
    }
}

/// Lines are no wider than they may be, and say the same in colour.
fn shown(name: &str, render: &dyn Fn(&Style) -> String) {
    for width in WIDTHS {
        let plain = render(&Style::plain(width));
        for line in plain.lines() {
            assert!(line.width() <= width, "{} columns of {width}: {line}", line.width());
            assert_eq!(line, line.trim_end(), "no line ends in spaces");
        }
        let coloured = render(&Style { color: true, ..Style::plain(width) });
        assert_eq!(uncoloured(&coloured), plain, "colour changes nothing but colour");
        insta::assert_snapshot!(format!("{name}_{width}"), plain);
        if width == 80 {
            insta::assert_snapshot!(format!("{name}_{width}_coloured"), coloured.replace('\u{1b}', "␛"));
        }
    }
}

/// The text without its escape sequences.
fn uncoloured(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('m').unwrap();
        rest = &rest[at + end + 1..];
    }
    out + rest
}

#[test]
fn a_comparison_ends_in_its_verdict_at_every_width() {
    shown("compare", &|style| compared(&two(), style));
    let text = compared(&two(), &Style::plain(80));
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.contains("●") && last.contains("Better: prompt-v2 passes more often than prompt-v1"), "{last}");
}

#[test]
fn several_pairs_end_in_a_table_of_all_and_in_who_may_be_best() {
    shown("compare_three", &|style| compared(&three(), style));
    let text = compared(&three(), &Style::plain(80));
    let last = text.trim_end().lines().last().unwrap();
    assert_eq!(last, "Undecided which of 3 endpoints is best: large, medium may each be.");
}

#[test]
fn a_gate_ends_in_its_answer_at_every_width() {
    shown("gate_no_worse", &|style| gated(&gate(Answer::NoWorse), style));
    shown("gate_inconclusive", &|style| gated(&gate(Answer::Inconclusive), style));
    shown("gate_regressed", &|style| gated(&gate(Answer::Regressed), style));
    for (answer, word) in
        [(Answer::NoWorse, "No worse:"), (Answer::Inconclusive, "Inconclusive:"), (Answer::Regressed, "Regressed:")]
    {
        let text = gated(&gate(answer), &Style::plain(80));
        assert!(text.trim_end().rsplit("\n\n").next().unwrap().starts_with(word), "{text}");
    }
}

#[test]
fn names_that_would_act_on_a_terminal_are_shown() {
    let hostile = "a\u{1b}[2J\u{7}\u{202e}b\u{2028}\r\nc\u{9b}31m";
    let mut all = two();
    let pair = &mut all.pairs[0];
    pair.first.endpoint = hostile.into();
    pair.first.run = hostile.into();
    pair.treatment.push(hostile.into());
    pair.tags[0].tag = hostile.into();
    pair.flips[0].scenario = hostile.into();
    pair.flips[0].divergences[0].how = Divergent::OnlyFirst { tool: hostile.into() };
    pair.left_out[0].scenario = hostile.into();
    let mut answer = gate(Answer::Regressed);
    answer.endpoint = hostile.into();
    answer.against = hostile.into();
    answer.run = hostile.into();
    answer.tags[0].0 = hostile.into();
    answer.rules[1].found = hostile.into();
    answer.rules[0].about = hostile.into();
    answer.drift.push(hostile.into());
    for width in [30, 60, 100] {
        for text in [compared(&all, &Style::plain(width)), gated(&answer, &Style::plain(width))] {
            let acts = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{202a}'..='\u{202e}');
            assert_eq!(text.chars().find(|c| acts(*c)), None, "{text}");
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
        }
    }
}

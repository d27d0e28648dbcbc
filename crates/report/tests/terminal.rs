//! What people see, at several widths, with and without colour.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_analysis::{Episode, Estimate, Summary, episode as read, summary as summarise};
use mocktrial_report::{
    EndpointRow, FindingRow, FindingsReport, Known, PriceRow, Style, endpoints, episode, episode_json, findings,
    summary, summary_json,
};
use mocktrial_store::*;
use mocktrial_trajectory::*;
use serde_json::json;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr as _;

const SCENARIOS: [&str; 6] = [
    "retail/refund-damaged",
    "retail/refund-late",
    "bank/transfer",
    "calendar/move-meeting",
    "files/rename",
    "travel/rebook",
];

fn key(scenario: &str, endpoint: &str, trial: u32) -> EpisodeKey {
    EpisodeKey { scenario: scenario.into(), variant: "".into(), endpoint: endpoint.into(), trial }
}

fn new_run(selection: Selection) -> NewRun {
    let digest = Digest::of(&json!(1));
    let scenario = |id: &&str| Scenario {
        id: (*id).into(),
        variant: "".into(),
        family: (*id).into(),
        title: "A title".into(),
        tags: vec![],
        instrument: Instrument { world: digest, criteria: digest },
    };
    let case = |id: &&str| Case {
        scenario: (*id).into(),
        criteria: [].into(),
        tools: [].into(),
        initial: json!({}).into(),
        initial_hash: digest,
        comparison: Comparison::default(),
        references: vec![],
        inaction: false,
    };
    let scenarios: Vec<NewScenario> =
        SCENARIOS.iter().map(|id| NewScenario { scenario: scenario(id), case: case(id).into() }).collect();
    let endpoint = |name: &str| Endpoint {
        name: name.into(),
        treatment: digest,
        parts: [].into(),
        configuration: json!({}),
        price: (name == "qwen2.5-1.5b").then(|| json!({"input": 0.25, "output": 2, "as_of": "2026-11-01"})),
    };
    let names = ["qwen2.5-1.5b", "smollm2-135m"];
    let cell = |s: &&str, e: &str| Cell {
        scenario: (*s).into(),
        variant: "".into(),
        endpoint: e.into(),
        trials: 5,
        treatment: None,
    };
    NewRun {
        header: Header {
            name: String::new(),
            created: "2026-11-23T14:05:09Z".into(),
            harness: "0.1.0".into(),
            seed: 42,
            suite: digest,
            trials: 5,
            selection,
            status: Status::default(),
            notes: [].into(),
        },
        scenarios,
        endpoints: names.map(endpoint).into(),
        cells: SCENARIOS.iter().flat_map(|s| names.map(|e| cell(s, e))).collect(),
    }
}

/// An episode in which much happens.
fn told(key: EpisodeKey, end: EndReason, passed: Option<bool>, answer: &str) -> EpisodeRecord {
    let mut t = Trajectory::default();
    let mut m = Measurements { wall_ms: 4210.0, ..Measurements::default() };
    let mut measure = |seq, latency: f64, retries| {
        let cost = Some(0.0006);
        m.events.push(Measurement { seq, latency_ms: Some(latency), retries, cost, ..Measurement::default() });
    };
    let usage = Some(Usage { input: 612, output: 38, ..Usage::default() });
    let response = |text: &str, calls, stop| Body::Response {
        content: if text.is_empty() { vec![] } else { vec![Part::text(text)] },
        reasoning: None,
        calls,
        stop,
        usage,
        served: None,
        logprobs: Vec::new(),
        raw: vec![],
    };
    let call = |id: &str, tool: &str, args: &str| Body::Call {
        id: id.into(),
        tool: tool.into(),
        arguments: Arguments::parse(args),
    };
    let user = t.push(0, Body::user("My order W-1001 came broken. I want my money back. I'm Ann Lee, ZIP 94016."));
    let system = Added::System { text: "You are a support agent. Look an order up before you refund it.".into() };
    t.push(
        0,
        Body::Request {
            parameters: Some(json!({"temperature": 0.7, "max_tokens": 256})),
            added: vec![system, Added::User { event: user }],
        },
    );
    let seq = t.push(0, response("Let me look that up.", 2, Stop::Calls));
    measure(seq, 812.0, 0);
    let one = t.push(0, call("a", "get_order", r#"{"order_id": "W-1001"}"#));
    let found = json!({"id": "W-1001", "status": "delivered", "total": 42.0, "items": [{"sku": "MUG-BLUE", "name": "青い大きなマグカップ"}]});
    t.push(
        200,
        Body::Result { call: one, content: found, failure: None, responder: Some(Responder::Rule { index: 0 }) },
    );
    let two = t.push(200, call("b", "refund_order", r#"{"order_id": "W-1001", "reason": "damaged", "amount": "#));
    let error = json!("the arguments are not valid JSON: it ends after `\"amount\": `; send one JSON object");
    t.push(
        200,
        Body::Result { call: two, content: error, failure: Some(ToolFailure::MalformedArguments), responder: None },
    );
    t.push(
        200,
        Body::Request { parameters: None, added: vec![Added::Assistant { event: 2 }, Added::Tool { event: 4 }] },
    );
    let seq = t.push(200, response("", 1, Stop::Calls));
    measure(seq, 2140.0, 1);
    t.push(200, Body::Repair { what: "missing_call_id".into(), detail: "the call had no id; named it call_1".into() });
    let three = t.push(200, call("call_1", "refund_order", r#"{"order_id": "W-1001", "reason": "damaged"}"#));
    t.push(
        1400,
        Body::Result {
            call: three,
            content: json!({"refunded": 42.0}),
            failure: None,
            responder: Some(Responder::Rule { index: 1 }),
        },
    );
    let patch = vec![
        Op::Replace { path: "/orders/W-1001/status".parse().unwrap(), value: json!("refunded") },
        Op::Add { path: "/log/-".parse().unwrap(), value: json!("refund W-1001") },
    ];
    t.push(1400, Body::State { call: three, patch, hash: Digest::of(&json!(2)) });
    t.push(1400, Body::Request { parameters: None, added: vec![] });
    let seq = t.push(1400, response(answer, 0, Stop::End));
    measure(seq, 640.0, 0);
    t.push(1400, Body::End { reason: end, detail: None });
    let grade = |at: &str, grader: &str, outcome: Outcome, evidence: Vec<Evidence>| Grade {
        criterion: at.into(),
        grader: grader.into(),
        measure: "task".into(),
        weight: 1.0,
        nullifies: false,
        score: match outcome {
            Outcome::Passed => Some(1.0),
            Outcome::Failed => Some(0.0),
            Outcome::Ungraded { .. } => None,
        },
        outcome,
        evidence,
    };
    let failed = Evidence {
        note: "the answer does not contain it".into(),
        events: vec![seq],
        expected: Some(json!("42.00")),
        got: Some(json!(answer)),
        ..Evidence::default()
    };
    let answered = match passed {
        Some(true) => grade("expect[1]", "answer", Outcome::Passed, vec![]),
        Some(false) => grade("expect[1]", "answer", Outcome::Failed, vec![failed]),
        None => grade(
            "expect[1]",
            "answer",
            Outcome::Ungraded { cause: Cause::Provider, why: "it never ended".into() },
            vec![],
        ),
    };
    let grades = vec![grade("expect[0]", "state", Outcome::Passed, vec![]), answered];
    EpisodeRecord::new(
        key,
        0,
        1_234_567,
        &t,
        m,
        grades,
        Total { passed, score: passed.map(|p| f64::from(u8::from(p))) },
    )
}

fn run(selection: Selection, cut: bool) -> (Summary, Episode) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("2026-11-23T14-05-09Z-scenarios.sqlite");
    let store = RunFile::create(&path, &new_run(selection)).unwrap();
    for (s, scenario) in SCENARIOS.iter().enumerate() {
        for trial in 1..=5_u32 {
            let good = key(scenario, "qwen2.5-1.5b", trial);
            let answer = "Your refund of $40.00 is on its way.";
            let qwen = match (s, trial) {
                (5, 5) if cut => continue,
                (2, 4) => told(good, EndReason::ProviderFailed, None, ""),
                (4, 2) => told(good, EndReason::TurnLimit, Some(false), answer),
                _ => told(good, EndReason::Completed, Some(!(s + trial as usize).is_multiple_of(4)), answer),
            };
            store.record(qwen, Box::new(|r| r.unwrap()));
            let weak =
                told(key(scenario, "smollm2-135m", trial), EndReason::Completed, Some(s == 4 && trial == 1), "Hi");
            store.record(weak, Box::new(|r| r.unwrap()));
        }
    }
    store.flush().unwrap();
    let model = summarise(&store).unwrap();
    let shown = read(&store, &key(SCENARIOS[0], "qwen2.5-1.5b", 4)).unwrap().unwrap();
    store.close().unwrap();
    (model, shown)
}

/// Forty scenarios, two endpoints, and all that can happen to an episode.
fn large() -> Summary {
    let dir = tempfile::tempdir().unwrap();
    let worlds = ["retail", "calendar", "bank", "ops", "travel", "files", "desk", "library"];
    let tasks = ["refund-a-damaged-item", "ask-back", "by-policy", "recover-from-an-error", "ten-turns-of-it"];
    let ids: Vec<Arc<str>> =
        worlds.iter().flat_map(|w| tasks.iter().map(move |t| Arc::from(format!("{w}/{t}")))).collect();
    let mut new = new_run(Selection::Full);
    let model = new.scenarios[0].clone();
    let named = |id: &Arc<str>| {
        let NewScenario { scenario, case } = model.clone();
        NewScenario { scenario: Scenario { id: id.clone(), family: id.clone(), ..scenario }, case }
    };
    new.scenarios = ids.iter().map(named).collect();
    let model = new.cells[..2].to_vec();
    new.cells = ids.iter().flat_map(|id| model.iter().map(|c| Cell { scenario: id.clone(), ..c.clone() })).collect();
    let store = RunFile::create(&dir.path().join("2026-11-23T14-05-09Z-large.sqlite"), &new).unwrap();
    let failed = ["state", "answer", "calls", "never"];
    for (s, id) in ids.iter().enumerate() {
        for trial in 1..=5_u32 {
            let n = s * 5 + trial as usize;
            for (e, luck) in
                [("qwen2.5-1.5b", n % 5 < 2 + s % 3), ("smollm2-135m", s.is_multiple_of(9) && n.is_multiple_of(2))]
            {
                let (end, passed) = match n {
                    17 | 80 => (EndReason::ProviderFailed, None),
                    33 if e.starts_with('s') => (EndReason::RealTimeLimit, None),
                    34 => (EndReason::Completed, None),
                    n if n.is_multiple_of(23) => (EndReason::TurnLimit, Some(false)),
                    n if n.is_multiple_of(31) => (EndReason::MalformedResponse, Some(false)),
                    _ => (EndReason::Completed, Some(luck)),
                };
                let mut record = told(key(id, e, trial), end, passed, "I have sent it back.");
                if passed == Some(false) && end == EndReason::Completed {
                    let grader = failed[(n * n + s) % 7 % 4].to_owned();
                    record.row.failed = Some(FailedCriterion { grader, criterion: "expect[0]".into() });
                }
                record.row.cost = e.starts_with('q').then_some(0.0011);
                record.row.replayed = e.starts_with('q');
                store.record(record, Box::new(|r| r.unwrap()));
            }
        }
    }
    store.flush().unwrap();
    summarise(&store).unwrap()
}

#[test]
fn a_large_run_at_several_widths() {
    let model = large();
    for width in [60, 100, 140] {
        let text = summary(&model, &Style { limit: Some(12), ..Style::plain(width) });
        fits(&text, width);
        insta::assert_snapshot!(format!("large_{width}"), text);
    }
}

fn fits(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.width() <= width, "{} columns instead of {width}: {line}", line.width());
    }
}

#[test]
fn a_run_at_several_widths() {
    let (model, _) = run(Selection::Full, false);
    for width in [40, 80, 120, 160] {
        let text = summary(&model, &Style::plain(width));
        fits(&text, width);
        insta::assert_snapshot!(format!("summary_{width}"), text);
    }
    let coloured = summary(&model, &Style { color: true, ..Style::plain(80) });
    insta::assert_snapshot!("summary_80_coloured", coloured.replace('\u{1b}', "␛"));
    assert_eq!(strip(&coloured), summary(&model, &Style::plain(80)), "colour changes nothing but colour");
}

fn strip(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[test]
fn a_difference_of_nothing_is_shown_with_its_interval() {
    let (mut model, _) = run(Selection::Full, false);
    if let Some(difference) = &mut model.difference {
        difference.delta = Estimate { value: 0.0, low: -0.1, high: 0.1 };
        (difference.verdict, difference.p) = ("undecided", 1.0);
    }
    let text = summary(&model, &Style::plain(200));
    let said = "cannot tell qwen2.5-1.5b from smollm2-135m: 0 points (−10 to +10 at 95 % confidence), p = 1.00";
    assert!(text.contains(said), "{text}");
}

#[test]
fn an_unfinished_run_says_how_to_go_on() {
    let (model, _) = run(Selection::Full, true);
    let text = summary(&model, &Style { limit: Some(2), ..Style::plain(80) });
    fits(&text, 80);
    assert!(text.contains("and 4 more"), "{text}");
    let last = text.trim_end().split("\n\n").last().unwrap();
    let said = "To go on: mocktrial run --resume 2026-11-23T14-05-09Z-scenarios\n\
        Incomplete: 2 of 60 episodes missing (it is running, or was killed).";
    assert_eq!(last, said);
    assert_eq!(model.outcome.exit_code(), 4);
}

#[test]
fn a_selected_run_claims_no_rate() {
    let from = Selection::Selected { from: "2026-11-22T10-00-00Z-scenarios".into(), why: "failed episodes".into() };
    let (model, _) = run(from, false);
    assert!(model.endpoints.iter().all(|e| e.pass_rate.is_none() && e.pass_hat.is_empty() && e.bounds.is_none()));
    let text = summary(&model, &Style::plain(80));
    assert!(text.contains("No rates: its episodes were selected") && !text.contains("interval"), "{text}");
    insta::assert_snapshot!("summary_selected", text);
}

#[test]
fn an_episode_at_several_widths() {
    let (_, shown) = run(Selection::Full, false);
    for width in [40, 80, 120] {
        let text = episode(&shown, &Style::plain(width));
        fits(&text, width);
        insta::assert_snapshot!(format!("episode_{width}"), text);
    }
    let coloured = episode(&shown, &Style { color: true, ..Style::plain(80) });
    assert_eq!(strip(&coloured), episode(&shown, &Style::plain(80)));
    insta::assert_snapshot!("episode_80_coloured", coloured.replace('\u{1b}', "␛"));
}

const HOSTILE: [&str; 8] = [
    "\u{1b}[2J\u{1b}[1;1H\u{1b}]0;owned\u{7}",
    "\u{9b}31mred\u{9d}52;c;aGk=\u{9c}",
    "pass \u{202e}liaf\u{202c} \u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{2060}\u{e0041}",
    "line\r\u{8}\u{8}\u{8}over\u{7f}",
    "new\nline\u{2028}and\u{2029}\u{85}x",
    "\0nul\u{b}vt\u{c}ff",
    "wide 退款🤦🏽‍♂️ and aveeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeerylongword",
];

fn endpoint_rows() -> Vec<EndpointRow> {
    let price = PriceRow {
        input: 2.0,
        output: 12.5,
        cached: Some(0.2),
        cache_written: Some(2.5),
        long: Some((200_000, 4.0, 18.0)),
        as_of: Some("2026-11-20".into()),
        from: "the price table".into(),
    };
    let row = |name: &str, kind: &str| EndpointRow { name: name.into(), kind: kind.into(), ..EndpointRow::default() };
    vec![
        EndpointRow {
            place: Some("google".into()),
            model: Some("gemini-3.1-pro-preview".into()),
            price: Some(Known::Is(price)),
            keys: vec![("GEMINI_API_KEY".into(), true), ("TEAM".into(), false)],
            limits: vec!["4 at once".into(), "60 requests a minute".into()],
            ..row("pro", "gemini")
        },
        EndpointRow {
            place: Some("127.0.0.1:8080".into()),
            model: Some("smollm2-135m".into()),
            price: Some(Known::Unknown),
            limits: vec!["8 at once".into()],
            ..row("a-name-that-is-longer-than-most-of-them", "chat")
        },
        EndpointRow { place: Some("null".into()), limits: vec!["8 at once".into()], ..row("null", "probe") },
    ]
}

fn findings_report() -> FindingsReport {
    let row = |about: &str, verdict: &str, good, detail: &str, cost| FindingRow {
        about: about.into(),
        verdict: verdict.into(),
        good,
        detail: detail.into(),
        calls: u32::from(verdict != "not asked"),
        latency_ms: (verdict == "yes").then_some(412.4),
        cost,
    };
    let refusal = "the provider does not take the request: tools are only supported by models of the \"instruct\" kind, see the page on tools";
    FindingsReport {
        title: "local: chat · 127.0.0.1:8080 · smollm2-135m".into(),
        rows: vec![
            row("answers", "yes", Some(true), "said “ready”, served smollm2-135m", Some(0.000_12)),
            row("tools", "refused", Some(false), refusal, None),
            row("forced call", "not asked", None, "tools are refused", Some(0.0)),
        ],
        repairs: vec!["missing_call_id".into()],
    }
}

#[test]
fn endpoints_and_findings_at_several_widths() {
    for width in [40, 80, 120] {
        let (listed, found) =
            (endpoints(&endpoint_rows(), &Style::plain(width)), findings(&findings_report(), &Style::plain(width)));
        fits(&listed, width);
        fits(&found, width);
        insta::assert_snapshot!(format!("endpoints_{width}"), listed);
        insta::assert_snapshot!(format!("findings_{width}"), found);
    }
    let coloured = Style { color: true, ..Style::plain(80) };
    assert_eq!(strip(&endpoints(&endpoint_rows(), &coloured)), endpoints(&endpoint_rows(), &Style::plain(80)));
    assert_eq!(strip(&findings(&findings_report(), &coloured)), findings(&findings_report(), &Style::plain(80)));
}

#[test]
fn hostile_text_is_shown_and_never_acts() {
    for hostile in HOSTILE {
        let mut t = Trajectory::default();
        let text = || hostile.to_owned();
        t.push(0, Body::user(text()));
        t.push(
            0,
            Body::Request { parameters: Some(json!({hostile: hostile})), added: vec![Added::System { text: text() }] },
        );
        let other = Stop::Other { raw: text() };
        let content = vec![Part::text(hostile)];
        t.push(
            0,
            Body::Response {
                content,
                reasoning: Some(text()),
                calls: 1,
                stop: other,
                usage: None,
                served: None,
                logprobs: Vec::new(),
                raw: vec![],
            },
        );
        t.push(0, Body::Call { id: text(), tool: text(), arguments: Arguments::from_value(json!({hostile: hostile})) });
        t.push(0, Body::Call { id: text(), tool: text(), arguments: Arguments::parse(hostile) });
        t.push(0, Body::Result { call: 3, content: json!(hostile), failure: Some(ToolFailure::Tool), responder: None });
        t.push(0, Body::Result { call: 4, content: json!([hostile]), failure: None, responder: None });
        t.push(
            0,
            Body::State {
                call: 3,
                patch: vec![Op::Add { path: Pointer(vec![text()]), value: json!(hostile) }],
                hash: Digest::of(&json!(1)),
            },
        );
        t.push(0, Body::Repair { what: text(), detail: text() });
        t.push(0, Body::Fault { fault: text(), call: None });
        t.push(0, Body::Say { text: text() });
        t.push(0, Body::End { reason: EndReason::Completed, detail: Some(text()) });
        let evidence = vec![Evidence {
            note: text(),
            path: text(),
            expected: Some(json!(hostile)),
            got: Some(json!(hostile)),
            events: vec![1],
        }];
        let grade = |outcome| Grade {
            criterion: text(),
            grader: text(),
            measure: text(),
            weight: 1.0,
            nullifies: false,
            outcome,
            score: None,
            evidence: evidence.clone(),
        };
        let grades = vec![grade(Outcome::Failed), grade(Outcome::Ungraded { cause: Cause::Model, why: text() })];
        let key = EpisodeKey { scenario: hostile.into(), variant: hostile.into(), endpoint: hostile.into(), trial: 1 };
        let record = EpisodeRecord::new(
            key.clone(),
            0,
            1,
            &t,
            Measurements::default(),
            grades,
            Total { passed: Some(false), score: Some(0.0) },
        );
        let shown = Episode::try_from(record).unwrap();
        let (mut model, _) = run(Selection::Selected { from: text(), why: text() }, false);
        model.run.name = text();
        model.run.status.reason = text();
        let name: Arc<str> = hostile.into();
        model.endpoints[0].name = name.clone();
        model.scenarios[0].id = name;
        model.failures[0].reason = text();
        model.failures[0].example = key;
        let mut listed = endpoint_rows();
        listed[0].name = text();
        (listed[0].place, listed[1].model) = (Some(text()), Some(text()));
        listed[0].keys[0].0 = text();
        listed[0].limits.push(text());
        let mut found = findings_report();
        (found.title, found.rows[0].about, found.rows[1].detail) = (text(), text(), text());
        for width in [30, 40, 80, 160] {
            let style = Style::plain(width);
            let all = [
                episode(&shown, &style),
                summary(&model, &style),
                endpoints(&listed, &style),
                findings(&found, &style),
            ];
            for text in all {
                let acting = text.chars().find(|c| {
                    (c.is_control() && *c != '\n')
                        || matches!(c, '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
                });
                assert_eq!(acting, None, "{text}");
                fits(&text, width);
            }
        }
    }
}

#[test]
fn the_json_of_a_report_is_versioned_and_says_the_same() {
    let (model, shown) = run(Selection::Full, false);
    let out = summary_json(&model);
    assert_eq!((&out["version"], &out["kind"], &out["exit_code"]), (&json!(1), &json!("summary"), &json!(0)));
    assert_eq!(out["endpoints"][0]["passed"], json!(model.endpoints[0].passed));
    let out = episode_json(&shown);
    assert_eq!((&out["kind"], &out["figures"]["passed"]), (&json!("episode"), &json!(false)));
    assert_eq!(out["trajectory"]["events"][0]["body"]["type"], json!("user"));
}

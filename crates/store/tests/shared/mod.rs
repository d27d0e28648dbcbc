//! Runs and episodes to test with.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_store::*;
use mocktrial_trajectory::*;
use serde_json::json;
use std::sync::mpsc;

pub(crate) fn run(scenarios: usize, endpoints: &[&str], trials: u32) -> NewRun {
    let digest = Digest::of(&json!(1));
    let scenarios: Vec<NewScenario> = (0..scenarios)
        .map(|n| {
            let id: std::sync::Arc<str> = format!("shop/s{n:04}").into();
            let case = Case {
                scenario: id.clone(),
                criteria: [].into(),
                tools: std::sync::Arc::from([]),
                initial: std::sync::Arc::new(json!({})),
                initial_hash: digest,
                comparison: Comparison::default(),
                references: vec![],
                inaction: false,
            };
            let scenario = Scenario {
                family: id.clone(),
                id,
                variant: "".into(),
                title: format!("Scenario {n}"),
                tags: vec!["policy".into()],
                instrument: Instrument { world: digest, criteria: digest },
            };
            NewScenario { scenario, case: case.into() }
        })
        .collect();
    let endpoints: Vec<Endpoint> = endpoints
        .iter()
        .map(|name| Endpoint {
            name: (*name).into(),
            treatment: digest,
            parts: [("model".to_owned(), digest)].into(),
            configuration: json!({"model": name}),
            price: None,
        })
        .collect();
    let cells = scenarios
        .iter()
        .flat_map(|s| {
            endpoints.iter().map(|e| Cell {
                scenario: s.scenario.id.clone(),
                variant: "".into(),
                endpoint: e.name.clone(),
                trials,
                treatment: None,
            })
        })
        .collect();
    let header = Header {
        name: String::new(),
        created: "2026-11-23T14:05:09Z".into(),
        harness: "0.1.0".into(),
        seed: u64::MAX,
        suite: digest,
        trials,
        selection: Selection::Full,
        status: Status::default(),
        notes: [("command".to_owned(), "mocktrial run".to_owned())].into(),
    };
    NewRun { header, scenarios, endpoints, cells }
}

pub(crate) fn key(scenario: usize, endpoint: &str, trial: u32) -> EpisodeKey {
    EpisodeKey { scenario: format!("shop/s{scenario:04}").into(), variant: "".into(), endpoint: endpoint.into(), trial }
}

/// An episode of 5 calls in 6 requests.
pub(crate) fn trajectory(end: EndReason) -> (Trajectory, Measurements) {
    let mut t = Trajectory::default();
    let mut m = Measurements { wall_ms: 12.5, ..Measurements::default() };
    t.push(0, Body::user("My order W-1001 came broken. I want my money back."));
    for n in 0..6_u64 {
        t.push(n, Body::Request { parameters: None, added: vec![Added::User { event: 0 }] });
        let last = n == 5;
        let seq = t.push(
            n,
            Body::Response {
                content: if last { vec![Part::text("Your refund of $42.00 is on its way.")] } else { vec![] },
                reasoning: None,
                calls: u32::from(!last),
                stop: if last { Stop::End } else { Stop::Calls },
                usage: Some(Usage { input: 400, output: 20, ..Usage::default() }),
                served: Some(Box::new(Served { model: Some("m".into()), ..Served::default() })),
                logprobs: Vec::new(),
                raw: vec![],
            },
        );
        m.events.push(Measurement { seq, latency_ms: Some(100.0), cost: Some(0.001), ..Measurement::default() });
        if !last {
            let arguments = Arguments::from_value(json!({"order_id": "W-1001", "n": n}));
            let call = t.push(n, Body::Call { id: format!("c{n}"), tool: "get_order".into(), arguments });
            let content = json!({"status": "delivered", "total": 42.0});
            t.push(n, Body::Result { call, content, failure: None, responder: Some(Responder::Rule { index: 0 }) });
        }
    }
    t.push(6, Body::End { reason: end, detail: None });
    (t, m)
}

pub(crate) fn grades(passed: bool) -> Vec<Grade> {
    let outcome = |p| if p { Outcome::Passed } else { Outcome::Failed };
    let evidence = vec![Evidence { note: "the order is not refunded".into(), events: vec![3], ..Evidence::default() }];
    let grade = |at: &str, grader: &str, p: bool| Grade {
        criterion: at.into(),
        grader: grader.into(),
        measure: "task".into(),
        weight: 1.0,
        nullifies: false,
        outcome: outcome(p),
        score: Some(f64::from(u8::from(p))),
        evidence: if p { vec![] } else { evidence.clone() },
    };
    vec![grade("expect[0]", "answer", true), grade("expect[1]", "state", passed), grade("expect[2]", "within", true)]
}

pub(crate) fn total(passed: bool) -> Total {
    Total { passed: Some(passed), score: Some(if passed { 1.0 } else { 0.75 }) }
}

pub(crate) fn episode(key: EpisodeKey, passed: bool) -> EpisodeRecord {
    let (t, m) = trajectory(EndReason::Completed);
    let mut e = EpisodeRecord::new(key, 0, 7, &t, m, grades(passed), total(passed));
    e.asked.push(Asked {
        question: Question { id: "q".into(), to: "judge".into(), body: json!({"ask": 1}) },
        answer: Answer { question: "q".into(), body: Ok(json!("yes")) },
        respondent: Some(Digest::of(&json!("judge"))),
        measurement: Some(Measurement { cost: Some(0.25), ..Measurement::default() }),
    });
    e
}

pub(crate) fn broken(key: EpisodeKey, end: EndReason) -> EpisodeRecord {
    let (t, m) = trajectory(end);
    EpisodeRecord::new(key, 0, 7, &t, m, vec![], Total::default())
}

/// Records an episode, and returns where its acknowledgement arrives.
pub(crate) fn put(store: &dyn Store, episode: EpisodeRecord) -> mpsc::Receiver<Result<(), StoreError>> {
    let (tell, told) = mpsc::channel();
    store.record(episode, Box::new(move |r| tell.send(r).unwrap_or(())));
    told
}

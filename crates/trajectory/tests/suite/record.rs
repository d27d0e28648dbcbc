//! Trajectories as they are written and read.

use crate::values::value;
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

fn usage() -> impl Strategy<Value = Option<Usage>> {
    prop::option::of((0_u64..9, 0_u64..9, 0_u64..9).prop_map(|(input, output, cached)| Usage {
        input,
        output,
        cached,
        ..Usage::default()
    }))
}

fn response() -> impl Strategy<Value = Body> {
    let stop = prop_oneof![
        prop::sample::select(vec![Stop::End, Stop::Calls, Stop::Length, Stop::ContentFilter, Stop::Refusal]),
        text().prop_map(|raw| Stop::Other { raw }),
    ];
    let extras = (prop::option::of(text()), prop::option::of(text()), prop::collection::vec(value(), 0..2));
    (prop::collection::vec(text(), 0..3), 0_u32..3, stop, usage(), extras).prop_map(
        |(content, calls, stop, usage, (reasoning, model, raw))| Body::Response {
            content: content.into_iter().map(Part::text).collect(),
            reasoning,
            calls,
            stop,
            usage,
            served: model.map(|model| Box::new(Served { model: Some(model), ..Served::default() })),
            logprobs: Vec::new(),
            raw,
        },
    )
}

fn result() -> impl Strategy<Value = Body> {
    let failure = prop::option::of(prop::sample::select(vec![
        ToolFailure::UnknownTool,
        ToolFailure::MalformedArguments,
        ToolFailure::InvalidArguments,
        ToolFailure::Tool,
        ToolFailure::Skipped,
        ToolFailure::Scenario,
    ]));
    let responder = prop::option::of(prop_oneof![
        (0_u32..3).prop_map(|index| Responder::Rule { index }),
        text().prop_map(|function| Responder::Script { function }),
        Just(Responder::Synthesized),
        Just(Responder::Default),
    ]);
    (0_u32..20, value(), failure, responder).prop_map(|(call, content, failure, responder)| Body::Result {
        call,
        content,
        failure,
        responder,
    })
}

fn body() -> impl Strategy<Value = Body> {
    let op = (prop::collection::vec(text(), 0..3), value(), 0..3).prop_map(|(tokens, value, kind)| {
        let path = Pointer(tokens);
        match kind {
            0 => Op::Add { path, value },
            1 => Op::Replace { path, value },
            _ => Op::Remove { path },
        }
    });
    let added = prop_oneof![
        text().prop_map(|text| Added::System { text }),
        (0_u32..9).prop_map(|event| Added::User { event }),
        (0_u32..9).prop_map(|event| Added::Assistant { event }),
        (0_u32..9).prop_map(|event| Added::Tool { event }),
    ];
    // `parameters: null` and none at all are one and the same.
    let parameters = prop::option::of(value().prop_filter("not null", |v| !v.is_null()));
    prop_oneof![
        text().prop_map(Body::user),
        (parameters, prop::collection::vec(added, 0..3))
            .prop_map(|(parameters, added)| Body::Request { parameters, added }),
        response(),
        text().prop_map(|text| Body::Say { text }),
        usage().prop_map(|u| Body::Reported { usage: u.unwrap_or_default() }),
        (text(), text(), text()).prop_map(|(id, tool, t)| Body::Call { id, tool, arguments: Arguments::parse(t) }),
        value().prop_map(|v| Body::Call {
            id: "c".into(),
            tool: "t".into(),
            arguments: Arguments::from_value(json!({"v": v}))
        }),
        result(),
        (prop::collection::vec(op, 0..3), value()).prop_map(|(patch, v)| Body::State {
            call: 1,
            patch,
            hash: Digest::of(&v)
        }),
        (text(), text()).prop_map(|(what, detail)| Body::Repair { what, detail }),
        (text(), prop::option::of(0_u32..9)).prop_map(|(fault, call)| Body::Fault { fault, call }),
        (prop::sample::select(EndReason::ALL), 0.0..1e6_f64).prop_map(|(limit, allowed)| Body::Limit {
            limit,
            allowed,
            reached: allowed + 1.0
        }),
        (prop::sample::select(EndReason::ALL), prop::option::of(text()))
            .prop_map(|(reason, detail)| Body::End { reason, detail }),
    ]
}

fn trajectory(bodies: Vec<(u64, Body)>) -> Trajectory {
    let mut t = Trajectory::default();
    for (time, body) in bodies {
        t.push(time, body);
    }
    t
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_written_again_as_the_same_bytes(bodies in prop::collection::vec((0_u64..3, body()), 0..12)) {
        let t = trajectory(bodies);
        let json = t.to_json();
        prop_assert!(!json.is_empty() && !json.contains('\n'));
        let read = Trajectory::from_json(&json).unwrap();
        prop_assert_eq!(&read, &t);
        prop_assert_eq!(read.to_json(), json);
    }
}

fn with_event(body: &Value) -> String {
    json!({"version": 1, "events": [{"seq": 0, "body": body}, {"seq": 1, "time_ms": 5, "body": {"type": "say", "text": "Hi."}}]})
        .to_string()
}

#[test]
fn an_event_of_a_later_version_is_read_as_unknown_and_the_rest_is_kept() {
    for body in [json!({"type": "teleport"}), json!({"type": "teleport", "to": {"x": [1, {"y": null}]}, "text": "z"})] {
        let t = Trajectory::from_json(&with_event(&body)).unwrap();
        assert_eq!(t.events()[0].body, Body::Unknown);
        assert_eq!((t.events()[1].time_ms, t.answer().as_deref()), (5, Some("Hi.")));
    }
}

#[test]
fn a_field_of_a_later_version_is_passed_over() {
    let t = Trajectory::from_json(&with_event(&json!({"type": "user", "text": "Hello.", "mood": "good"}))).unwrap();
    assert_eq!(t.events()[0].body, Body::user("Hello."));
}

#[test]
fn a_later_form_is_refused_by_its_number() {
    let error = Trajectory::from_json(r#"{"version": 2, "events": []}"#).unwrap_err().to_string();
    assert!(error.contains("version 2 is newer than 1"), "{error}");
    assert!(Trajectory::from_json("{}").is_err() && Trajectory::from_json("").is_err());
}

#[test]
fn a_limit_is_read_as_it_was_written_whole_numbers_included() {
    for (allowed, reached) in [(8.0, 9.0), (0.25, 0.250_001), (1e-7, 1e21)] {
        let mut t = Trajectory::default();
        t.push(0, Body::Limit { limit: EndReason::CostLimit, allowed, reached });
        assert_eq!(Trajectory::from_json(&t.to_json()).unwrap(), t);
    }
    let whole = with_event(&json!({"type": "limit", "limit": "turn_limit", "allowed": 8, "reached": 9}));
    let limit = Body::Limit { limit: EndReason::TurnLimit, allowed: 8.0, reached: 9.0 };
    assert_eq!(Trajectory::from_json(&whole).unwrap().events()[0].body, limit);
}

fn spoken(text: &str, calls: u32) -> Body {
    Body::Response {
        content: vec![Part::text(text)],
        reasoning: None,
        calls,
        stop: Stop::End,
        usage: None,
        served: None,
        logprobs: Vec::new(),
        raw: vec![],
    }
}

fn user() -> Body {
    Body::user("Well?")
}

fn call() -> Body {
    Body::Call { id: "c".into(), tool: "t".into(), arguments: Arguments::parse("{}") }
}

fn say(text: &str) -> Body {
    Body::Say { text: text.into() }
}

fn answer_of(bodies: impl IntoIterator<Item = Body>) -> Option<String> {
    trajectory(bodies.into_iter().map(|body| (0, body)).collect()).answer()
}

#[test]
fn text_beside_a_call_is_no_answer() {
    let mut t = Trajectory::default();
    assert_eq!((t.answer(), t.end(), t.usage()), (None, None, None));
    t.push(0, spoken("Let me look.", 1));
    assert_eq!((t.answer(), t.turns()), (None, 1));
    let seq = t.push(0, spoken("Here it is.", 0));
    assert_eq!((t.answers(), t.last_answer()), (vec![(seq, "Here it is.".into())], Some((seq, "Here it is.".into()))));
    assert_eq!((t.event(seq).map(|e| e.seq), t.event(9)), (Some(1), None));
}

#[test]
fn an_empty_last_response_is_an_empty_answer_whoever_gives_it() {
    let silent = Body::Reported { usage: Usage::default() };
    assert_eq!(
        answer_of([user(), spoken("Balance 42.00", 1), call(), spoken("", 0), silent.clone()]).as_deref(),
        Some("")
    );
    assert_eq!(answer_of([user(), spoken("Balance 42.00", 0), user(), spoken("", 0)]).as_deref(), Some(""));
    assert_eq!(answer_of([user(), say("Balance 42.00"), user(), call(), say(""), silent]).as_deref(), Some(""));
}

#[test]
fn what_answered_an_earlier_message_does_not_answer_the_last() {
    for answer in [spoken("Balance 42.00", 0), say("Balance 42.00")] {
        assert_eq!(answer_of([user(), answer.clone()]).as_deref(), Some("Balance 42.00"));
        assert_eq!(answer_of([user(), answer.clone(), user()]), None);
        assert_eq!(answer_of([user(), answer.clone(), user(), call()]), None);
        assert_eq!(answer_of([user(), answer, user(), spoken("One moment.", 1)]), None);
    }
}

#[test]
fn sums_of_tokens_stop_at_the_largest_number() {
    let most =
        Usage { input: u64::MAX, output: u64::MAX, cached: u64::MAX, cache_written: u64::MAX, reasoning: u64::MAX };
    let mut sum = most;
    sum += most;
    assert_eq!((sum, sum.total()), (most, u64::MAX));
    let mut t = Trajectory::default();
    for _ in 0..2 {
        t.push(0, Body::Reported { usage: most });
    }
    assert_eq!(Trajectory::from_json(&t.to_json()).unwrap().usage(), Some(most));
}

#[test]
fn the_end_is_the_last_event_and_tokens_are_summed_over_all_reports() {
    let mut t = Trajectory::default();
    let usage = Usage { input: 3, output: 2, cached: 1, ..Usage::default() };
    t.push(0, Body::Reported { usage });
    t.push(0, Body::Reported { usage: Usage { input: u64::MAX, ..usage } });
    assert_eq!(t.usage().map(|u| (u.input, u.output, u.total())), Some((u64::MAX, 4, u64::MAX)));
    t.push(7, Body::End { reason: EndReason::TurnLimit, detail: Some("12 of 12".into()) });
    assert_eq!((t.end(), t.end_detail()), (Some(EndReason::TurnLimit), Some("12 of 12")));
    t.push(7, Body::Say { text: "more".into() });
    assert_eq!(t.end(), None, "an end that is not the last event is none");
}

#[test]
fn an_episode_is_named_by_scenario_variant_endpoint_and_trial() {
    let key = EpisodeKey { scenario: "shop/refund#7".into(), variant: "".into(), endpoint: "qwen".into(), trial: 2 };
    assert_eq!(key.to_string(), "shop/refund#7 @qwen trial 2");
    let varied = EpisodeKey { variant: "short".into(), ..key.clone() };
    assert_eq!(varied.to_string(), "shop/refund#7~short @qwen trial 2");
    assert!(key < varied);
    assert_eq!(serde_json::from_str::<EpisodeKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
}

#[test]
fn a_reference_is_written_with_its_trajectory_and_read_with_the_calls_that_were_executed() {
    let mut t = Trajectory::default();
    let results = [None, Some(ToolFailure::Tool), Some(ToolFailure::InvalidArguments)];
    for (n, failure) in results.into_iter().enumerate() {
        let arguments = Arguments::from_value(json!({ "n": n }));
        let call = t.push(0, Body::Call { id: n.to_string(), tool: "count".into(), arguments });
        t.push(0, Body::Result { call, content: json!({}), failure, responder: None });
    }
    t.push(0, Body::End { reason: EndReason::Completed, detail: None });
    let run = ReferenceRun::new(&t, Digest::of(&json!({})));
    let executed = |n| ReferenceCall { tool: "count".into(), arguments: json!({ "n": n }) };
    assert_eq!(run.calls(), [executed(0), executed(1)]);

    let json = serde_json::to_string(&run).unwrap();
    assert_eq!(json, format!(r#"{{"trajectory":{},"final_hash":"{}"}}"#, t.to_json(), run.final_hash()));
    let read: ReferenceRun = serde_json::from_str(&json).unwrap();
    assert_eq!((read.calls(), read.trajectory().unwrap()), (run.calls(), t));
    assert_eq!(read, run);

    let damaged = json.replace(r#""type":"end""#, r#""type":7"#);
    assert!(serde_json::from_str::<ReferenceRun>(&damaged).is_err());
}

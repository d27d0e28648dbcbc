//! Flow control in whole requests over a wire of the tests' own, in paused time.

use crate::transport::tests::{Act, Answer, Fake, wire};
use crate::{CancelSource, Context, Kind, Model, RemoteModel, Request, Scrubber, Transport};
use mocktrial_trajectory::{EndReason, EpisodeKey, Message};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const GOOD: &str = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#;

fn transport(answers: impl IntoIterator<Item = Answer>) -> Transport {
    Transport::on(wire(Fake::new(answers)), Scrubber::new(), None)
}

fn model(settings: &Value, transport: &Transport) -> RemoteModel {
    let mut config = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1"});
    config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    RemoteModel::new("qwen", "chat", &serde_json::from_value(config).unwrap(), transport).unwrap()
}

fn context(trial: u32) -> Context {
    Context::new(EpisodeKey { scenario: "retail/refund".into(), variant: "".into(), endpoint: "qwen".into(), trial })
}

fn ask() -> Request {
    Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() }
}

fn good() -> Answer {
    Answer::of(200, GOOD)
}

/// An answer that takes so many seconds.
fn slow(seconds: u64) -> Answer {
    Answer { acts: vec![Act::Wait(Duration::from_secs(seconds)), Act::Give(GOOD)], ..Answer::of(200, "") }
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn two_endpoints_on_one_model_wait_together_when_one_is_throttled() {
    let transport = transport([Answer::of(429, "{}").with("retry-after", "9"), good(), good()]);
    let (one, two) = (model(&json!({}), &transport), model(&json!({"stream": true}), &transport));
    let began = Instant::now();
    let request = ask();
    let (first, second) = (context(1), context(2));
    let (throttled, waited) = tokio::join!(one.respond(&request, &first), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        two.respond(&request, &second).await
    });
    let (throttled, waited) = (throttled.unwrap().measurement, waited.unwrap().measurement);
    assert!((9.0..9.01).contains(&seconds(began)));
    assert_eq!((throttled.retries, throttled.waited_ms), (1, Some(9000.0)));
    assert_eq!((waited.retries, waited.waited_ms), (0, Some(8000.0)), "what waited was not sent in vain");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_it_is_overloaded_throttles_too() {
    for (status, body) in [
        (529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        (503, r#"{"error":{"code":"server_is_overloaded","message":"Try later"}}"#),
        (
            503,
            r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#,
        ),
        (503, r#"{"error":{"code":503,"status":"RESOURCE_EXHAUSTED","message":"quota"}}"#),
    ] {
        let transport = transport([Answer::of(status, body)]);
        let error = model(&json!({"retries": 0}), &transport).respond(&ask(), &context(1)).await.unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited, "{body}");
    }
    let loading = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
    let transport = transport([Answer::of(503, loading)]);
    let error = model(&json!({"retries": 0}), &transport).respond(&ask(), &context(1)).await.unwrap_err();
    assert_eq!(error.kind, Kind::ServerError);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_that_nobody_throttles_are_under_way_at_once() {
    let transport = transport((0..1000).map(|_| slow(1)));
    let model = std::sync::Arc::new(model(&json!({}), &transport).with_concurrency(1000));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..1000 {
        let model = model.clone();
        tasks.spawn(async move { model.respond(&ask(), &context(n)).await.unwrap().measurement.waited_ms });
    }
    while let Some(waited) = tasks.join_next().await {
        assert_eq!(waited.unwrap(), None);
    }
    assert!((1.0..1.01).contains(&seconds(began)));
}

#[tokio::test(start_paused = true)]
async fn the_users_limit_bounds_what_is_under_way_and_waiting_is_not_the_providers_time() {
    let transport = transport((0..5).map(|_| slow(100)));
    let model = model(&json!({}), &transport).with_concurrency(1);
    let request = ask();
    let began = Instant::now();
    let contexts: Vec<_> = (0..5).map(context).collect();
    let ask = |n: usize| model.respond(&request, &contexts[n]);
    let (a, b, c, d, e) = tokio::join!(ask(0), ask(1), ask(2), ask(3), ask(4));
    let waits = [a, b, c, d, e].map(|reply| reply.unwrap().measurement.waited_ms.unwrap_or_default() / 1000.0);
    assert_eq!(waits, [0.0, 100.0, 200.0, 300.0, 400.0], "the last waited for longer than the total time-out");
    assert!((500.0..500.1).contains(&seconds(began)));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_episode_and_with_a_cancellation() {
    let transport = transport([slow(100), good(), good()]);
    let model = model(&json!({}), &transport).with_concurrency(1);
    let request = ask();
    let busy = context(1);
    let late = Context { deadline: Some(Instant::now() + Duration::from_secs(5)), ..context(2) };
    let (source, cancel) = CancelSource::new();
    let cancelled = Context { cancel, ..context(3) };
    let (busy, late, cancelled, ()) = tokio::join!(
        model.respond(&request, &busy),
        model.respond(&request, &late),
        model.respond(&request, &cancelled),
        async {
            tokio::time::sleep(Duration::from_secs(7)).await;
            source.cancel();
        }
    );
    assert!(busy.is_ok());
    let (late, cancelled) = (late.unwrap_err(), cancelled.unwrap_err());
    assert_eq!((late.end_reason(), late.measurement.waited_ms), (EndReason::RealTimeLimit, Some(5000.0)));
    assert_eq!((cancelled.end_reason(), cancelled.measurement.waited_ms), (EndReason::Cancelled, Some(7000.0)));
    assert_eq!((late.measurement.cost, cancelled.measurement.cost), (Some(0.0), Some(0.0)));
    assert_eq!(model.respond(&request, &context(4)).await.unwrap().measurement.waited_ms, None);
}

#[tokio::test(start_paused = true)]
async fn the_rates_of_the_configuration_are_kept() {
    for settings in
        [json!({"requests_per_minute": 60}), json!({"tokens_per_minute": 900, "parameters": {"max_tokens": 4}})]
    {
        let transport = transport((0..60).map(|_| good()));
        let model = model(&settings, &transport);
        let began = Instant::now();
        for n in 0..60 {
            model.respond(&ask(), &context(n)).await.unwrap();
        }
        assert!((55.0..62.0).contains(&seconds(began)), "{}", seconds(began));
    }
}

#[test]
fn a_rate_of_nothing_is_a_mistake() {
    for key in ["requests_per_minute", "tokens_per_minute"] {
        let config = json!({"model": "m", "base_url": "http://127.0.0.1:1/v1", key: 0});
        let config: crate::ModelConfig = serde_json::from_value(config).unwrap();
        assert_eq!(config.check("chat").unwrap_err().key, key);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_used_up_by_the_headers_is_waited_for_before_the_next_request() {
    let said = |left: &'static str| {
        good().with("x-ratelimit-remaining-requests", left).with("x-ratelimit-reset-requests", "30s")
    };
    let transport = transport([said("1"), said("0"), said("-1"), good()]);
    let model = model(&json!({}), &transport);
    let mut waits = Vec::new();
    for n in 0..4 {
        waits.push(model.respond(&ask(), &context(n)).await.unwrap().measurement.waited_ms);
    }
    assert_eq!(waits, [None, None, Some(30_000.0), None]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_kept_and_closed_is_tried_again_at_once_and_then_with_a_wait() {
    let dropped = || Answer { head: None, acts: vec![Act::Cut] };
    let transport = transport([dropped(), good(), dropped(), dropped(), good()]);
    let model = model(&json!({}), &transport);
    let measured = model.respond(&ask(), &context(1)).await.unwrap().measurement;
    assert_eq!((measured.retries, measured.waited_ms), (1, Some(0.0)));
    let measured = model.respond(&ask(), &context(2)).await.unwrap().measurement;
    assert_eq!(measured.retries, 2);
    assert!((750.0..=1000.0).contains(&measured.waited_ms.unwrap()), "the second retry's wait: {measured:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_only_throttles_is_given_up_and_not_waited_for_without_end() {
    let answers = (0..1000).map(|_| Answer::of(429, "{}").with("retry-after", "60"));
    let transport = transport(answers);
    let model = std::sync::Arc::new(model(&json!({}), &transport).with_concurrency(16));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let model = model.clone();
        tasks.spawn(async move { model.respond(&ask(), &context(n)).await.unwrap_err() });
    }
    while let Some(error) = tasks.join_next().await {
        let error = error.unwrap();
        assert_eq!((error.kind, error.end_reason()), (Kind::RateLimited, EndReason::ProviderFailed));
    }
    assert!(began.elapsed() < Duration::from_secs(1800), "{}", seconds(began));
}

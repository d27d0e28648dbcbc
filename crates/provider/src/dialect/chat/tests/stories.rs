//! Whole requests over a wire of the tests' own, in paused time.

use super::requests::config;
use crate::dialect::tests::{ask, key};
use crate::transport::tests::{Act, Answer, Fake};
use crate::{
    Cancel, CancelSource, Context, Exhausted, Kind, Meter, Model, ProviderError, RemoteModel, Reply, Request, Scrubber,
    Spend, Ticket, Transport,
};
use mocktrial_trajectory::{EndReason, Message};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const GOOD: &str = r#"{"model":"m-1","choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":400}}}"#;

pub(super) fn model(settings: Value, answers: impl IntoIterator<Item = Answer>) -> RemoteModel {
    let transport = Transport::on(crate::transport::tests::wire(Fake::new(answers)), Scrubber::new(), None);
    RemoteModel::new("qwen", "chat", &config(settings), &transport).unwrap()
}

async fn respond(settings: Value, answers: impl IntoIterator<Item = Answer>) -> Result<Reply, ProviderError> {
    model(settings, answers).respond(&ask(), &Context::new(key())).await
}

fn dead(acts: Vec<Act>) -> Answer {
    Answer { head: None, acts }
}

#[tokio::test(start_paused = true)]
async fn a_reply_says_what_it_cost_and_how_long_it_took() {
    let price = json!({"price": {"input": 1.0, "output": 2.0, "cached": 0.5}});
    let answer = Answer { acts: vec![Act::Wait(Duration::from_millis(30)), Act::Give(GOOD)], ..Answer::of(200, "") };
    let reply = respond(price, [answer.with("x-request-id", "req_1")]).await.unwrap();
    let measured = &reply.measurement;
    assert_eq!((measured.latency_ms, measured.request_id.as_deref(), measured.retries), (Some(30.0), Some("req_1"), 0));
    let cost = (600.0 * 1.0 + 400.0 * 0.5 + 100.0 * 2.0) / 1e6;
    assert!((measured.cost.unwrap() - cost).abs() < 1e-12);
    assert!(!measured.replayed);
}

#[tokio::test(start_paused = true)]
async fn a_call_keeps_the_name_that_the_model_wrote_and_says_that_it_is_passed_back_under_another() {
    let call = |name: &str| json!({"id": name, "function": {"name": name, "arguments": "{}"}});
    let calls = ["db.query!", "get_order"].map(call);
    let body = json!({"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]});
    let reply = respond(json!({}), [Answer::of(200, body.to_string().leak())]).await.unwrap();
    assert_eq!(reply.calls[0].name, "db.query!");
    let repairs: Vec<_> = reply.repairs.iter().map(|r| (r.what, &*r.detail)).collect();
    let detail = "servers refuse the name `db.query!`; call `db.query!` is passed back as `db_query_`";
    assert_eq!(repairs, [("unsendable_call_name", detail)]);
}

#[tokio::test(start_paused = true)]
async fn failures_that_may_pass_are_tried_again_with_growing_waits() {
    let began = Instant::now();
    let answers =
        [Answer::of(500, "{}"), Answer::of(503, ""), dead(vec![]), Answer::of(200, "<html>"), Answer::of(200, GOOD)];
    let reply = respond(json!({}), answers).await.unwrap();
    assert_eq!(reply.measurement.retries, 4);
    let waited = began.elapsed().as_secs_f64();
    assert!((7.5 * 0.75..=7.5).contains(&waited), "0.5 + 1 + 2 + 4 s, less up to a quarter: {waited}");
    assert!((reply.measurement.waited_ms.unwrap() / 1000.0 - waited).abs() < 0.01);
}

#[tokio::test(start_paused = true)]
async fn waits_are_the_same_when_a_run_is_run_again() {
    let mut waits = Vec::new();
    for _ in 0..2 {
        waits.push(
            respond(json!({}), [Answer::of(500, ""), Answer::of(200, GOOD)]).await.unwrap().measurement.waited_ms,
        );
    }
    assert_eq!(waits[0], waits[1]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_when_is_asked_again_then() {
    for (name, value, seconds) in
        [("retry-after", "7", 7.0), ("retry-after-ms", "1500", 1.5), ("retry-after", "9999", 120.0)]
    {
        let began = Instant::now();
        let answers = [Answer::of(429, "{}").with(name, value), Answer::of(200, GOOD)];
        respond(json!({}), answers).await.unwrap();
        assert!((began.elapsed().as_secs_f64() - seconds).abs() < 0.01, "{name}: {value}");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_are_bounded_and_the_last_failure_is_reported() {
    let answers = (0..3).map(|_| Answer::of(429, r#"{"error":{"message":"slow down"}}"#));
    let error = respond(json!({"retries": 2}), answers).await.unwrap_err();
    assert_eq!((error.kind, error.measurement.retries, error.status), (Kind::RateLimited, 2, Some(429)));
    assert_eq!(error.end_reason(), EndReason::ProviderFailed);
    insta::assert_snapshot!(error, @"the provider limits the rate: slow down (127.0.0.1:1, HTTP 429, after 2 retries); lower the endpoint's `concurrency`, or raise its `retries`");
    insta::assert_snapshot!(error.cause_text(), @"the provider limits the rate: slow down; lower the endpoint's `concurrency`, or raise its `retries`");
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_request_took_is_measured_and_its_cost_is_known_where_nothing_was_spent() {
    let slow = Answer { acts: vec![Act::Wait(Duration::from_millis(30)), Act::Give("{}")], ..Answer::of(503, "") };
    let refused = [Answer::of(429, "{}").with("retry-after", "2"), dead(vec![]), slow.with("x-request-id", "req_1")];
    let error = respond(json!({"retries": 2}), refused).await.unwrap_err();
    let measured = &error.measurement;
    assert_eq!((measured.latency_ms, measured.request_id.as_deref(), measured.retries), (Some(30.0), Some("req_1"), 2));
    assert!(measured.waited_ms.unwrap() > 2000.0);
    assert_eq!(measured.cost, Some(0.0));

    let cut = Answer { acts: vec![Act::Give("{"), Act::Cut], ..Answer::of(200, "") };
    let error = respond(json!({"retries": 1}), [cut, Answer::of(500, "")]).await.unwrap_err();
    assert_eq!((error.measurement.retries, error.measurement.cost), (1, None), "the first may have been answered");
    assert_eq!(respond(json!({"retries": 0}), [Answer::of(200, "<html>")]).await.unwrap_err().measurement.cost, None);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_is_not_tried_again() {
    let peg = "The model produced output that does not match the expected peg-native format";
    for (status, body, kind, end) in [
        (401, json!({"error": {"message": "Incorrect API key"}}), Kind::Unauthorized, EndReason::ProviderRefused),
        (404, json!({"detail": "Not Found"}), Kind::NotFound, EndReason::ProviderRefused),
        (429, json!({"error": {"code": "insufficient_quota"}}), Kind::QuotaSpent, EndReason::ProviderRefused),
        (
            400,
            json!({"error": {"message": "temperature is not supported"}}),
            Kind::Rejected,
            EndReason::ProviderRefused,
        ),
        (400, json!({"error": {"code": "context_length_exceeded"}}), Kind::ContextOverflow, EndReason::ContextOverflow),
        (
            400,
            json!({"error": {"type": "exceed_context_size_error", "code": 400}}),
            Kind::ContextOverflow,
            EndReason::ContextOverflow,
        ),
        (500, json!({"error": {"code": 500, "message": peg}}), Kind::Malformed, EndReason::MalformedResponse),
        (400, json!({"error": {"code": "tool_use_failed"}}), Kind::Malformed, EndReason::MalformedResponse),
        (400, json!({"error": {"code": "content_filter"}}), Kind::ContentFilter, EndReason::ContentFilter),
        (302, json!({}), Kind::NotFound, EndReason::ProviderRefused),
    ] {
        let body: &'static str = body.to_string().leak();
        let error = respond(json!({}), [Answer::of(status, body)]).await.unwrap_err();
        assert_eq!((error.kind, error.end_reason(), error.measurement.retries), (kind, end, 0), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_may_say_whether_to_try_again() {
    let no = Answer::of(500, "{}").with("x-should-retry", "false");
    assert_eq!(respond(json!({}), [no]).await.unwrap_err().measurement.retries, 0);
    let yes = Answer::of(400, "{}").with("x-should-retry", "true");
    assert_eq!(respond(json!({}), [yes, Answer::of(200, GOOD)]).await.unwrap().measurement.retries, 1);
    let spent = Answer::of(429, r#"{"error":{"code":"insufficient_quota"}}"#).with("x-should-retry", "true");
    assert_eq!(respond(json!({}), [spent]).await.unwrap_err().kind, Kind::QuotaSpent);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_server_is_the_providers_failure_after_its_times() {
    let began = Instant::now();
    let hang = dead(vec![Act::Hang]);
    let error = respond(json!({"retries": 1}), [hang.clone(), hang.clone()]).await.unwrap_err();
    assert_eq!((error.kind, error.end_reason()), (Kind::TimedOut, EndReason::ProviderFailed));
    assert!(began.elapsed() > Duration::from_secs(240));

    let stalled = Answer { acts: vec![Act::Give("{\"choices\":"), Act::Hang], ..Answer::of(200, "") };
    let error = respond(json!({"retries": 0}), [stalled]).await.unwrap_err();
    insta::assert_snapshot!(error, @"the answer stood still for 60 s (127.0.0.1:1); raise `timeout_seconds.idle`");

    // The total bounds all attempts together.
    let began = Instant::now();
    let error = respond(json!({"retries": 9}), (0..10).map(|_| hang.clone())).await.unwrap_err();
    assert_eq!(error.kind, Kind::TimedOut);
    assert!(began.elapsed() <= Duration::from_secs(300));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_is_not_the_providers_failure() {
    let acts = (0..60).flat_map(|_| [Act::Give(": still here\n\n"), Act::Wait(Duration::from_secs(10))]).collect();
    let error = respond(json!({}), [Answer { acts, ..Answer::of(200, "") }]).await.unwrap_err();
    assert_eq!(
        (error.kind, error.end_reason(), error.measurement.retries),
        (Kind::TimeLimit, EndReason::RealTimeLimit, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn the_episodes_deadline_and_a_cancellation_end_a_request() {
    let model = model(json!({}), [dead(vec![Act::Hang]), dead(vec![Act::Hang]), Answer::of(500, "")]);
    let mut context = Context::new(key());
    context.deadline = Some(Instant::now() + Duration::from_secs(5));
    let error = model.respond(&ask(), &context).await.unwrap_err();
    assert_eq!(error.end_reason(), EndReason::RealTimeLimit);

    for _ in 0..2 {
        let (source, cancel) = CancelSource::new();
        let context = Context { cancel, ..Context::new(key()) };
        let request = ask();
        let (result, ()) = tokio::join!(model.respond(&request, &context), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            source.cancel();
        });
        assert_eq!(result.unwrap_err().end_reason(), EndReason::Cancelled);
    }
    let (source, cancel) = CancelSource::new();
    drop(source);
    assert!(!cancel.is_cancelled() && !Cancel::never().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_says_it_is_whole_is_not_waited_for() {
    let stream =
        "data: {\"choices\":[{\"delta\":{\"content\":\"Hi.\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    for end in [Act::Hang, Act::Cut] {
        let answer = Answer { acts: vec![Act::Give(stream), end], ..Answer::of(200, "") };
        let reply = respond(json!({"retries": 0}), [answer]).await.unwrap();
        assert_eq!(reply.measurement.retries, 0);
    }
    let cut = Answer { acts: vec![Act::Give(": begun\n\n"), Act::Cut], ..Answer::of(200, "") };
    assert_eq!(respond(json!({"retries": 0}), [cut]).await.unwrap_err().kind, Kind::Connection);
}

/// Counts what is reserved and settled.
#[derive(Default)]
struct Counted(Mutex<Vec<(Spend, Option<Option<Spend>>)>>, Option<u64>);

#[async_trait::async_trait]
impl Meter for Counted {
    async fn reserve(&self, bound: Spend) -> Result<Ticket, Exhausted> {
        if self.1.is_some_and(|allowed| bound.tokens.is_none_or(|t| t > allowed)) {
            return Err(Exhausted("the budget of 10 tokens cannot cover it".into()));
        }
        let mut all = self.0.lock().unwrap();
        all.push((bound, None));
        Ok(Ticket(all.len() as u64 - 1))
    }

    fn settle(&self, ticket: Ticket, actual: Option<Spend>) {
        let mut all = self.0.lock().unwrap();
        let slot = &mut all[usize::try_from(ticket.0).unwrap()].1;
        assert!(slot.is_none(), "settled twice");
        *slot = Some(actual);
    }
}

#[tokio::test(start_paused = true)]
async fn every_attempt_reserves_its_bound_and_settles_once() {
    let settings = json!({"parameters": {"max_tokens": 100}, "price": {"input": 1.0, "output": 2.0}});
    let cut = Answer { acts: vec![Act::Give("{"), Act::Cut], ..Answer::of(200, "") };
    let model = model(settings, [Answer::of(500, ""), cut, Answer::of(200, GOOD), dead(vec![Act::Hang])]);
    let meter = Arc::new(Counted::default());
    let context = Context { meter: Some(meter.clone()), ..Context::new(key()) };
    model.respond(&ask(), &context).await.unwrap();
    // The future is dropped while the request is under way.
    assert!(tokio::time::timeout(Duration::from_secs(1), model.respond(&ask(), &context)).await.is_err());

    let all = meter.0.lock().unwrap();
    let settled: Vec<Option<u64>> = all.iter().map(|(_, s)| s.unwrap().and_then(|s| s.tokens)).collect();
    assert_eq!(settled, [Some(0), None, Some(1100), None]);
    let bound = model.bound(&ask());
    assert!(all.iter().all(|(b, _)| *b == bound));
    assert!(bound.tokens.unwrap() > 1124 && bound.cost.unwrap() > 0.0002);
}

const WITHOUT_USAGE: &str = r#"{"choices":[{"message":{"content":"Hi."},"finish_reason":"stop"}]}"#;

#[tokio::test(start_paused = true)]
async fn what_is_free_costs_nothing_however_much_it_was() {
    let cut = || Answer { acts: vec![Act::Give("{"), Act::Cut], ..Answer::of(200, "") };
    for (price, cost) in [
        (json!({"input": 0, "output": 0.0, "cached": 0}), Some(0.0)),
        (json!({"input": 0, "output": 0, "cached": 0.5}), None),
        (json!({"input": 0, "output": 2.0}), None),
    ] {
        let settings = json!({"price": price, "retries": 0, "parameters": {"max_tokens": 9}});
        let model = model(settings, [Answer::of(200, WITHOUT_USAGE), cut()]);
        let meter = Arc::new(Counted::default());
        let context = Context { meter: Some(meter.clone()), ..Context::new(key()) };
        assert_eq!(model.respond(&ask(), &context).await.unwrap().measurement.cost, cost, "{price}");
        assert_eq!(meter.0.lock().unwrap()[0].1, Some(Some(Spend { tokens: None, cost })), "{price}");
        assert_eq!(model.respond(&ask(), &context).await.unwrap_err().measurement.cost, cost, "{price}");
    }
}

#[tokio::test(start_paused = true)]
async fn usage_beyond_all_measure_neither_overflows_nor_makes_the_cost_infinite() {
    let body = json!({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}], "usage": {
        "prompt_tokens": u64::MAX, "completion_tokens": u64::MAX, "total_tokens": u64::MAX,
        "prompt_tokens_details": {"cached_tokens": u64::MAX}, "completion_tokens_details": {"reasoning_tokens": u64::MAX}}});
    let price = json!({"price": {"input": 1.0, "output": 2.0}});
    let reply = respond(price, [Answer::of(200, body.to_string().leak())]).await.unwrap();
    let mut usage = reply.usage.unwrap();
    assert!(reply.measurement.cost.unwrap().is_finite());
    usage += usage;
    assert!(usage.total() > usage.input);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_cannot_cover_a_request_stops_it_before_it_is_sent() {
    let meter = Arc::new(Counted(Mutex::default(), Some(10)));
    let context = Context { meter: Some(meter), ..Context::new(key()) };
    let error = model(json!({}), []).respond(&ask(), &context).await.unwrap_err();
    assert_eq!(error.end_reason(), EndReason::Budget);
    assert_eq!(model(json!({}), []).bound(&ask()), Spend::default(), "without a limit there is no bound");
}

/// A budget in which room is made only after a while.
struct Crowded(Duration);

#[async_trait::async_trait]
impl Meter for Crowded {
    async fn reserve(&self, _bound: Spend) -> Result<Ticket, Exhausted> {
        tokio::time::sleep(self.0).await;
        Ok(Ticket(0))
    }

    fn settle(&self, _ticket: Ticket, _actual: Option<Spend>) {}
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_budget_is_not_the_providers_time_and_ends_with_the_episode() {
    let model = model(json!({}), [Answer::of(200, GOOD)]);
    let crowded = Context { meter: Some(Arc::new(Crowded(Duration::from_secs(1000)))), ..Context::new(key()) };
    model.respond(&ask(), &crowded).await.unwrap();

    let deadline = Some(Instant::now() + Duration::from_secs(5));
    let error = model.respond(&ask(), &Context { deadline, ..crowded.clone() }).await.unwrap_err();
    assert_eq!(error.end_reason(), EndReason::RealTimeLimit);

    let (source, cancel) = CancelSource::new();
    let (context, request) = (Context { cancel, ..crowded }, ask());
    let (result, ()) = tokio::join!(model.respond(&request, &context), async { source.cancel() });
    assert_eq!(result.unwrap_err().end_reason(), EndReason::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_missing_is_named() {
    let error = respond(json!({"api_key_env": "MOCKTRIAL_NO_SUCH_KEY"}), []).await.unwrap_err();
    assert_eq!(error.end_reason(), EndReason::ProviderRefused);
    assert!(error.message.contains("MOCKTRIAL_NO_SUCH_KEY"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_a_server_repeats_is_scrubbed_from_the_error() {
    // A variable that every test process has stands in for a key.
    let value = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let body = json!({"error": {"message": format!("Incorrect API key: {value}")}}).to_string().leak();
    let settings = json!({"api_key_env": "CARGO_MANIFEST_DIR"});
    let error = respond(settings, [Answer::of(401, body)]).await.unwrap_err();
    assert!(!error.to_string().contains(&value) && error.message.contains("[secret]"), "{error}");
}

#[test]
fn parameters_are_recorded_as_they_are_sent() {
    let model = model(json!({"parameters": {"temperature": 0.5, "seed": "trial"}, "tool_choice": "auto"}), []);
    assert_eq!(
        model.parameters(&Request { seed: Some(9), ..ask() }),
        json!({"model": "m", "parameters": {"temperature": 0.5, "seed": 9}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_in_the_middle_of_the_last_token_allowed_was_cut() {
    let answer = |arguments: &str, tokens: u32| {
        let call = json!({"id": "a", "function": {"name": "f", "arguments": arguments}});
        let usage = json!({"prompt_tokens": 9, "completion_tokens": tokens});
        let choice = json!({"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"});
        Answer::of(200, json!({"choices": [choice], "usage": usage}).to_string().leak())
    };
    let limited = json!({"parameters": {"max_tokens": 50}});
    let reply = respond(limited.clone(), [answer("{\"id\": \"W-", 50)]).await.unwrap();
    assert_eq!(reply.stop, mocktrial_trajectory::Stop::Length);
    assert!(reply.repairs.iter().any(|r| r.what == "unsaid_output_limit"), "{:?}", reply.repairs);
    for (arguments, tokens) in [("{\"id\": \"W-", 49), ("{}", 50)] {
        let reply = respond(limited.clone(), [answer(arguments, tokens)]).await.unwrap();
        assert_eq!(reply.stop, mocktrial_trajectory::Stop::Calls);
    }
}

#[test]
fn pictures_are_bounded_by_more_than_any_provider_counts_and_what_has_no_bound_has_none() {
    use mocktrial_trajectory::{Media, Part};
    let model = model(json!({"parameters": {"max_tokens": 50}}), []);
    let bound = |part: Option<Media>| {
        let content = [Part::text("Hi")].into_iter().chain(part.map(Part::from)).collect();
        let request = Request { conversation: [Message::User { content }].into_iter().collect(), ..ask() };
        model.bound(&request).tokens
    };
    let plain = bound(None).unwrap();
    assert!(bound(Some(Media::base64("image/png", "AAAA"))).unwrap() > plain + 48_169);
    for media in [Media::url("image/png", "https://x"), Media::base64("application/pdf", "AAAA")] {
        assert_eq!(bound(Some(media)), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_responses_dialect_asks_unasked_can_be_left_out_and_the_error_says_how() {
    let body = r#"{"error":{"message":"Encrypted content is not supported with this model."}}"#;
    let error = respond(json!({}), [Answer::of(400, body)]).await.unwrap_err();
    assert!(error.to_string().contains("include = []"), "{error}");
}

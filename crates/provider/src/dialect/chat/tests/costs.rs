//! What a response is found to cost where the price comes from the table.

use super::stories::model;
use crate::dialect::tests::{ask, key};
use crate::transport::tests::Answer;
use crate::{Context, Model as _, Request};
use mocktrial_trajectory::{Media, Message, Part};
use serde_json::{Value, json};

/// What a response costs, and the most that its request can.
async fn costs(settings: Value, answer: Value, request: &Request) -> (Option<f64>, Option<f64>) {
    let mut all = json!({"provider": "openai", "model": "gpt-5.1-2025-11-13", "api_key_env": "PATH", "parameters": {"max_tokens": 100}});
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let model = model(all, [Answer::of(200, answer.to_string().leak())]);
    let reply = model.respond(request, &Context::new(key())).await.unwrap();
    (reply.measurement.cost, model.bound(request).cost)
}

fn answer() -> Value {
    json!({"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}], "usage": {
        "prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 90}}})
}

#[tokio::test(start_paused = true)]
async fn a_provider_known_by_name_has_the_price_of_the_table_and_reasoning_is_paid_once() {
    let (cost, bound) = costs(json!({}), answer(), &ask()).await;
    let dollars = (600.0 * 1.25 + 400.0 * 0.125 + 100.0 * 10.0) / 1e6;
    assert!((cost.unwrap() - dollars).abs() < 1e-12, "{cost:?}");
    assert!(bound.unwrap() > 100.0 * 10.0 / 1e6);
}

#[tokio::test(start_paused = true)]
async fn the_endpoints_own_price_outranks_the_table() {
    let own = json!({"price": {"input": 0, "output": 1}, "extra": {"service_tier": "priority"}});
    assert_eq!(costs(own, answer(), &ask()).await.0, Some(100.0 / 1e6));
}

#[tokio::test(start_paused = true)]
async fn what_the_table_does_not_know_costs_an_unknown_amount_and_has_no_bound() {
    for settings in [
        json!({"provider": null}),
        json!({"model": "gpt-5.1-mini-of-mine"}),
        json!({"extra": {"service_tier": "priority"}}),
        json!({"extra": {"prompt_cache_retention": "24h"}}),
    ] {
        assert_eq!(costs(settings.clone(), answer(), &ask()).await, (None, None), "{settings}");
    }
    let mut dear = answer();
    dear["service_tier"] = "priority".into();
    let (cost, bound) = costs(json!({}), dear, &ask()).await;
    assert!(cost.is_none() && bound.is_some(), "it was served at other terms than it was asked for");
}

#[tokio::test(start_paused = true)]
async fn the_table_has_no_price_for_sounds() {
    let media = Media::base64("audio/wav", "AAAA");
    let content = vec![Part::text("What is this?"), Part::from(media)];
    let request = Request { conversation: [Message::User { content }].into_iter().collect(), ..Request::default() };
    assert_eq!(costs(json!({}), answer(), &request).await, (None, None));
    let own = json!({"price": {"input": 0, "output": 1}});
    assert!(costs(own, answer(), &request).await.0.is_some(), "what the user says holds for all");
}

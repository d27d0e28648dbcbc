//! What a configuration comes to, and what is a mistake in it.

use super::requests::{body, config};
use crate::{Auth, ModelConfig, Request};
use mocktrial_trajectory::Message;
use serde_json::{Value, json};

/// An endpoint of Anthropic's own.
fn anthropic(value: Value) -> ModelConfig {
    let mut config = config(value);
    config.base_url = None;
    config
}

fn mistake(config: &ModelConfig) -> String {
    let error = config.check("messages").unwrap_err();
    format!("{}: {}", error.key, error.message)
}

#[test]
fn the_version_and_the_way_of_the_key_follow_the_server() {
    let of = |config: &ModelConfig| {
        let setup = config.setup("messages").unwrap();
        let headers = setup.dialect.headers(&setup);
        assert_eq!(headers[0].0, "anthropic-version");
        (headers[0].1.clone(), config.auth.unwrap_or_else(|| setup.dialect.auth(&setup)))
    };
    let (old, new) = ("2023-06-01".to_owned(), "2026-10-21".to_owned());
    assert_eq!(of(&anthropic(json!({}))), (new.clone(), Auth::Bearer));
    assert_eq!(of(&anthropic(json!({"api_version": old}))), (old.clone(), Auth::XApiKey));
    assert_eq!(of(&config(json!({}))), (old.clone(), Auth::Both));
    assert_eq!(of(&config(json!({"api_version": new}))), (new, Auth::Both));
    assert_eq!(of(&config(json!({"auth": "bearer"}))), (old, Auth::Bearer));

    let config = anthropic(json!({}));
    let setup = config.setup("messages").unwrap();
    assert_eq!(setup.url().unwrap().as_str(), "https://api.anthropic.com/v1/messages");
    assert_eq!(config.key_variable("messages"), Some("ANTHROPIC_API_KEY"));
}

#[test]
fn sampling_is_a_mistake_under_the_version_that_has_none() {
    for key in ["temperature", "top_p", "top_k"] {
        let given = json!({"parameters": {key: 1}});
        assert!(mistake(&anthropic(given.clone())).starts_with(&format!("parameters.{key}: ")));
        let extra = json!({"extra": {key: 1}, "api_version": "2026-10-21"});
        assert!(mistake(&config(extra)).starts_with(&format!("extra.{key}: ")));
        config(given).check("messages").unwrap();
        anthropic(json!({"parameters": {key: 1}, "api_version": "2023-06-01"})).check("messages").unwrap();
    }
    insta::assert_snapshot!(mistake(&anthropic(json!({"parameters": {"temperature": 0}}))), @"parameters.temperature: version 2026-10-21 of the Messages API does not take `temperature`: leave it out, or, for a model that still takes it, set `api_version = \"2023-06-01\"`");
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused_with_its_key() {
    for (value, key) in [
        (json!({"base_url": "http://x/v1/messages"}), "base_url"),
        (json!({"api_version": "latest"}), "api_version"),
        (json!({"api_version": "2026-1-21"}), "api_version"),
        (json!({"headers": {"Anthropic-Version": "2023-06-01"}}), "headers.Anthropic-Version"),
        (json!({"extra": {"system": "x"}}), "extra.system"),
        (json!({"extra": {"max_tokens": 9}}), "extra.max_tokens"),
        (json!({"extra": {"stop_sequences": []}}), "extra.stop_sequences"),
        (json!({"extra": {"cache_control": {}}}), "extra.cache_control"),
        (json!({"extra": {"thinking": true}}), "extra.thinking"),
        (
            json!({"extra": {"thinking": {"type": "adaptive"}}, "parameters": {"reasoning_effort": "low"}}),
            "extra.thinking",
        ),
        (
            json!({"extra": {"output_config": {"effort": "low"}}, "parameters": {"reasoning_effort": "low"}}),
            "extra.output_config",
        ),
        (json!({"parameters": {"seed": 1}}), "parameters.seed"),
        (json!({"parameters": {"logprobs": 1}}), "parameters.logprobs"),
        (json!({"parameters": {"presence_penalty": 1}}), "parameters.presence_penalty"),
        (json!({"parameters": {"frequency_penalty": 1}}), "parameters.frequency_penalty"),
        (json!({"parameters": {"reasoning_effort": "minimal"}}), "parameters.reasoning_effort"),
        (json!({"parameters": {"reasoning_tokens": 1023}}), "parameters.reasoning_tokens"),
        (json!({"parameters": {"reasoning_tokens": 4096}}), "parameters.reasoning_tokens"),
        (json!({"parameters": {"reasoning_tokens": 2048, "reasoning_effort": "none"}}), "parameters.reasoning_tokens"),
        (json!({"parameters": {"reasoning_effort": "low"}, "tool_choice": "required"}), "tool_choice"),
        (json!({"parameters": {"reasoning_tokens": 2048}, "tool_choice": {"tool": "t"}}), "tool_choice"),
        (json!({"extra": {"thinking": {"type": "between_tools"}}, "tool_choice": "required"}), "tool_choice"),
    ] {
        assert_eq!(config(value.clone()).check("messages").unwrap_err().key, key, "{value}");
    }
    for value in [
        json!({"parameters": {"reasoning_effort": "none"}, "tool_choice": "required"}),
        json!({"parameters": {"reasoning_effort": "low"}, "tool_choice": "auto"}),
    ] {
        config(value).check("messages").unwrap();
    }
    let mut unlimited = config(json!({}));
    unlimited.parameters.max_tokens = None;
    insta::assert_snapshot!(mistake(&unlimited), @"parameters.max_tokens: give `max_tokens` in `parameters`: the Messages API demands an output limit, thinking included");
}

#[test]
fn reasoning_is_an_effort_or_a_budget_or_none() {
    for (parameters, extra, thinking, output) in [
        (json!({"reasoning_effort": "none"}), json!({}), json!({"type": "disabled"}), Value::Null),
        (json!({"reasoning_effort": "xhigh"}), json!({}), json!({"type": "adaptive"}), json!({"effort": "xhigh"})),
        (json!({"reasoning_tokens": 1024}), json!({}), json!({"type": "enabled", "budget_tokens": 1024}), Value::Null),
        (
            json!({"reasoning_tokens": 2048, "reasoning_effort": "low"}),
            json!({}),
            json!({"type": "enabled", "budget_tokens": 2048}),
            json!({"effort": "low"}),
        ),
        (
            json!({"reasoning_effort": "max"}),
            json!({"thinking": {"display": "summarized"}, "output_config": {"format": {"type": "json_schema", "schema": {}}}}),
            json!({"type": "adaptive", "display": "summarized"}),
            json!({"effort": "max", "format": {"type": "json_schema", "schema": {}}}),
        ),
        (json!({}), json!({"thinking": {"type": "between_tools"}}), json!({"type": "between_tools"}), Value::Null),
    ] {
        let config = config(json!({"parameters": parameters, "extra": extra}));
        let request = Request { conversation: [Message::user("Hi")].into_iter().collect(), ..Request::default() };
        let sent = body(&config, &request);
        assert_eq!((&sent["thinking"], &sent["output_config"]), (&thinking, &output));
        assert!(sent.get("reasoning_effort").is_none() && sent.get("reasoning_tokens").is_none());
    }
}

//! Endpoints: what is listed, what a few calls find out, and what nobody may be charged.

use crate::support::{Asked, Project, chat, completion, respond, serve};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is configured: a price of each origin, a key that is set and one that is not.
const CONFIG: &str = r#"
[prices."openai/gpt-of-mine"]
input = 3
output = 4.5
as_of = "2026-11-24"
[endpoints.listed]
provider = "openai"
kind = "chat"
model = "gpt-5.1-2025-11-13"
concurrency = 3
requests_per_minute = 60
[endpoints.mine]
extends = "listed"
model = "gpt-of-mine"
api_key_env = "MY_KEY"
[endpoints.local]
kind = "chat"
base_url = "http://127.0.0.1:9/v1"
model = "m"
[endpoints.script]
kind = "command"
command = ["agent", "--fast"]
"#;

#[test]
fn endpoints_are_listed_with_prices_dates_and_whether_their_keys_are_set() {
    let project = Project::new(CONFIG);
    let run = |args: &[&str]| {
        let mut command = project.command(args);
        command.env("MY_KEY", "sk-canary-1234").env_remove("OPENAI_API_KEY");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = run(&["endpoints"]);
    assert_eq!(
        shown,
        "listed  chat · openai · gpt-5.1-2025-11-13
        $1.25 in and $10 out per million tokens · cached $0.125
        from the price table, as of 2026-11-20
        OPENAI_API_KEY is not set · 3 at once · 60 requests a minute
local   chat · 127.0.0.1:9 · m
        price unknown
        no key · 8 at once
mine    chat · openai · gpt-of-mine
        $3 in and $4.50 out per million tokens · from `prices`, as of 2026-11-24
        MY_KEY is set · 3 at once · 60 requests a minute
script  command · agent --fast
        8 at once
4 endpoints
"
    );
    let json = run(&["endpoints", "--format", "json"]);
    assert!(!json.contains("canary"), "{json}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["kind"], json["endpoints"].as_array().unwrap().len()), (&json!("endpoints"), 4));
    let listed = &json["endpoints"][0];
    assert_eq!(listed["host"], "api.openai.com");
    assert_eq!((&listed["price_from"], &listed["price"]["as_of"]), (&json!("table"), &json!("2026-11-20")));
    assert!(listed["price"]["source"].as_str().unwrap().starts_with("https://"));
    assert_eq!(listed["keys"], json!([{"variable": "OPENAI_API_KEY", "is_set": false}]));
    assert_eq!((&json["endpoints"][1]["price"], &json["endpoints"][1]["provider"]), (&Value::Null, &Value::Null));
}

/// The text of the last message from the user.
fn asked_for(body: &Value) -> String {
    body["messages"].as_array().unwrap().iter().rfind(|m| m["role"] == "user").unwrap()["content"].to_string()
}

fn call(name: &str, city: &str) -> Value {
    let arguments = json!({"city": city}).to_string();
    json!({"id": format!("call_{city}"), "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// A server that supports all that is asked for.
fn able(asked: &Asked) -> String {
    let body = &asked.body;
    let text = asked_for(body);
    let say = |text: &str| json!({"role": "assistant", "content": text});
    let calls = |calls: Value| json!({"role": "assistant", "content": null, "tool_calls": calls});
    let (message, finish) = match body["tool_choice"].as_str() {
        _ if asked.results() > 0 => (say("It is -37 degrees."), "stop"),
        Some("none") => (say("I may not look it up."), "stop"),
        Some("required") => (calls(json!([call("get_time", "Rome")])), "tool_calls"),
        None if body["tool_choice"]["function"]["name"] == "get_time" => {
            (calls(json!([call("get_time", "Paris")])), "tool_calls")
        }
        _ if text.contains("Tokyo") => {
            (calls(json!([call("get_weather", "Paris"), call("get_weather", "Tokyo")])), "tool_calls")
        }
        _ if body["tools"].is_array() => (calls(json!([call("get_weather", "Paris")])), "tool_calls"),
        _ if body["messages"][0]["role"] == "system" => (say("PERSIMMON"), "stop"),
        _ if body["max_tokens"] == 24 => (say("one, two, three"), "length"),
        _ if text.contains("data:image/png;base64,") => (say("Purple."), "stop"),
        _ => (say("ready"), "stop"),
    };
    if body["stream"] == true {
        let delta = json!({"choices": [{"index": 0, "delta": message, "finish_reason": finish}]});
        let usage = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}});
        return format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {delta}\n\ndata: {usage}\n\ndata: [DONE]\n\n"
        );
    }
    let mut answer = completion(&message, finish);
    answer["system_fingerprint"] = "fp_1".into();
    respond(200, &answer)
}

/// A server that answers everything with ever other words, and gives no usage.
fn deaf(asked: &Asked) -> String {
    let content = format!("Hm, {}? {}", asked.number, "I do not know. ".repeat(40));
    let message = json!({"role": "assistant", "content": content});
    respond(200, &json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}))
}

/// The rows of the table as `about: verdict`, and the whole of it with its times taken out.
fn verdicts(project: &Project, code: i32) -> (Vec<String>, Value) {
    let json = project.run(&["endpoints", "test", "model", "--format", "json"]).expect(code).json();
    let found = json["endpoints"][0].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = found["findings"].as_array().unwrap();
    (findings.iter().map(|f| format!("{}: {}", text(&f["about"]), text(&f["verdict"]))).collect(), found)
}

#[test]
fn of_a_server_that_supports_everything_everything_is_found() {
    let server = serve(|asked| Some(able(asked)));
    let project = Project::new(&chat(&server, "price = {input = 1, output = 2}"));
    let (found, all) = verdicts(&project, 0);
    assert_eq!(found.len(), 13);
    assert!(found.iter().all(|finding| finding.ends_with(": yes")), "{found:#?}");
    assert_eq!((&all["served"]["model"], &all["served"]["fingerprint"]), (&json!("served"), &json!("fp_1")));
    assert_eq!(all["calls"], 15);
    let cost = all["cost"].as_f64().unwrap();
    assert!((cost - 15.0 * (10.0 * 1.0 + 5.0 * 2.0) / 1e6).abs() < 1e-12, "{cost}");
    let tools = all["findings"].as_array().unwrap().iter().find(|f| f["about"] == "tools").unwrap();
    assert_eq!(tools["detail"], "called as asked, and answered from the result");

    let ran = project.run(&["endpoints", "test", "model"]).expect(0);
    assert!(ran.err.contains("model: up to 15 calls; they cost $0."), "{}", ran.err);
    let line = |about: &str| ran.out.lines().find(|l| l.trim_start().starts_with(about)).unwrap().to_owned();
    assert!(line("answers").contains(" yes ") && line("answers").ends_with("fingerprint fp_1"), "{}", ran.out);
    assert!(line("parallel calls").ends_with("2 calls in one answer"), "{}", ran.out);
    assert!(ran.out.ends_with("15 calls · $0.0003\n"), "{}", ran.out);
}

#[test]
fn a_status_of_200_proves_nothing() {
    let project = Project::new(&chat(&serve(|asked| Some(deaf(asked))), ""));
    let (found, all) = verdicts(&project, 0);
    assert_eq!(
        found,
        [
            "answers: yes",
            "usage: no",
            "system prompt: ignored",
            "output limit: ignored",
            "streaming: ignored",
            "tools: no",
            "parallel calls: unclear",
            "forced call: ignored",
            "forced tool: ignored",
            "calls forbidden: yes",
            "seed, temperature 0: no",
            "seed, temperature 1: ignored",
            "image input: no",
        ]
    );
    assert_eq!(all["cost"], Value::Null, "without a price nobody knows");
    let ran = project.run(&["endpoints", "test", "model"]).expect(0);
    assert!(ran.err.contains("what they cost is unknown"), "{}", ran.err);
    assert!(ran.out.ends_with("14 calls · cost unknown\n"), "{}", ran.out);
}

#[test]
fn what_a_server_refuses_is_told_in_its_own_words_and_tools_are_not_asked_for_again() {
    let server = serve(|asked| {
        let refused = |text: &str| respond(400, &json!({"error": {"message": text}}));
        Some(match &asked.body {
            body if body["tools"].is_array() => refused("this model has no \u{1b}[31mtools"),
            body if body["temperature"].is_number() => refused("`temperature` is deprecated for this model"),
            body if asked_for(body).contains("image_url") => {
                respond(500, &json!({"error": {"message": "image input is not supported"}}))
            }
            _ => able(asked),
        })
    });
    let project = Project::new(&chat(&server, ""));
    let (found, all) = verdicts(&project, 0);
    let refused: Vec<_> = found.iter().filter(|f| f.ends_with("refused")).map(String::as_str).collect();
    assert_eq!(
        refused,
        ["tools: refused", "seed, temperature 0: refused", "seed, temperature 1: refused", "image input: refused"]
    );
    assert_eq!(found.iter().filter(|f| f.ends_with("not_asked")).count(), 4);
    let details = all["findings"].to_string();
    assert!(details.contains("`temperature` is deprecated for this model"), "{details}");
    let shown = project.run(&["endpoints", "test", "model"]).expect(0).out;
    assert!(shown.contains("no \\u{1b}[31mtools") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_server_that_is_down_is_one_finding_and_infrastructure() {
    let project = Project::new(&chat("http://127.0.0.1:1/v1", "price = {input = 1, output = 2}"));
    let (found, all) = verdicts(&project, 3);
    assert_eq!((found, &all["answered"]), (vec!["answers: failed".to_owned()], &json!(false)));
    let ran = project.run(&["endpoints", "test", "model"]).expect(3);
    assert!(ran.out.contains("no connection could be made"), "{}", ran.out);
    assert!(ran.out.ends_with("1 call · $0\n"), "{}", ran.out);
}

#[test]
fn what_is_no_configured_model_is_a_mistake() {
    let project = Project::new(CONFIG);
    let ran = project.run(&["endpoints", "test", "nobody"]).expect(2);
    assert!(ran.err.contains("there is no endpoint `nobody`"), "{}", ran.err);
    let ran = project.run(&["endpoints", "test", "script"]).expect(2);
    assert!(ran.err.contains("no model behind an API"), "{}", ran.err);
    project.run(&["endpoints", "test"]).expect(2);
}

/// A server that counts.
fn counted() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = serve(move |asked| {
        counted.fetch_add(1, Ordering::SeqCst);
        Some(able(asked))
    });
    (server, count)
}

#[test]
fn the_calls_keep_to_a_budget_and_ask_first_where_told_to() {
    let (server, count) = counted();
    let project = Project::new(&chat(&server, "price = {input = 1, output = 100}"));
    let ran = project.run(&["endpoints", "test", "model", "--confirm-above", "0.0001"]).expect(2);
    assert!(ran.err.contains("--yes") && ran.err.contains("these calls may cost"), "{}", ran.err);
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing was asked");
    // Each call costs $0.00051 and is bounded by some $0.006.
    let json = project
        .run(&[
            "endpoints",
            "test",
            "model",
            "--max-cost",
            "0.009",
            "--confirm-above",
            "0.0001",
            "--yes",
            "--format",
            "json",
        ])
        .expect(0)
        .json();
    let found = &json["endpoints"][0];
    let asked = count.load(Ordering::SeqCst);
    assert!((2..15).contains(&asked), "{asked}");
    assert_eq!(found["calls"], asked);
    assert!(found["cost"].as_f64().unwrap() < 0.009);
    let last = found["findings"].as_array().unwrap().last().unwrap();
    assert_eq!(last["verdict"], "not_asked");
}

#[test]
fn an_unknown_price_is_called_so_and_a_budget_of_dollars_then_refuses_to_start() {
    let (server, count) = counted();
    let project = Project::new(&chat(&server, ""));
    for args in [&["endpoints", "test", "model", "--max-cost", "1"][..], &["run", "--max-cost", "1"]] {
        let ran = project.run(args).expect(2);
        assert!(ran.err.contains("its price is unknown"), "{}", ran.err);
    }
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing was asked");
    let dry = project.run(&["run", "--dry-run"]).expect(0).out;
    assert!(dry.contains("cost unknown"), "{dry}");
    assert!(!dry.contains("$0"), "{dry}");
    project.write("mocktrial.toml", &format!("{}\n[budget]\ncost = 1\n", chat(&server, "")));
    assert!(project.run(&["run"]).expect(2).err.contains("its price is unknown"));
}

#[test]
fn a_run_is_charged_by_the_table_and_keeps_the_price_with_its_date() {
    let server = serve(|asked| Some(crate::support::good(asked)));
    let config =
        chat(&server, "provider = \"openai\"\napi_key_env = \"PATH\"").replace("\"m\"", "\"gpt-5.1-2025-11-13\"");
    let project = Project::new(&config);
    project.run(&["run", "--quiet", "--max-cost", "1"]).expect(0);
    let cost: f64 = project.query("select cost from episodes")[0][0].parse().unwrap();
    assert!((cost - 2.0 * (10.0 * 1.25 + 5.0 * 10.0) / 1e6).abs() < 1e-9, "{cost}");
    let price: Value = serde_json::from_str(&project.query("select price from endpoints")[0][0]).unwrap();
    assert_eq!((price["input"].as_f64(), &price["as_of"]), (Some(1.25), &json!("2026-11-20")));
    assert_eq!(price["source"], "https://developers.openai.com/api/docs/pricing");
}

#[test]
fn the_guide_shows_every_provider() {
    let guide = include_str!("../../docs/guide.md");
    assert!(guide.contains(include_str!("../../crates/provider/src/presets.md")), "copy presets.md into the guide");
}

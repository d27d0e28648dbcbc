//! Servers that behave badly: each ends in the right cause, and nothing is lost.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;

/// Runs one episode against a server and returns (end reason, cause, detail of the end).
fn ending(project: &Project) -> (String, String, String) {
    project.run(&["run", "--quiet"]);
    let row = project
        .query("select end_reason, coalesce(cause, ''), trajectory from results join trajectories using (episode)")
        .remove(0);
    let trajectory: serde_json::Value = serde_json::from_str(&row[2]).unwrap();
    let last = trajectory["events"].as_array().unwrap().last().unwrap()["body"].clone();
    (row[0].clone(), row[1].clone(), last["detail"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_good_model_passes_and_the_last_line_says_that_the_run_is_done() {
    let project = Project::new(&chat(&serve(|asked| Some(good(asked))), ""));
    let ran = project.run(&["run"]).expect(0);
    assert_eq!(project.query("select passed from episodes"), [["1"]]);
    assert!(ran.out.lines().last().unwrap().starts_with("Complete"), "{}", ran.out);
}

#[test]
fn the_same_model_over_a_stream_passes_too() {
    let server = serve(|asked| {
        assert_eq!(asked.body["stream"], true);
        let delta = if asked.results() == 0 {
            vec![
                json!({"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "take", "arguments": ""}}]}}]}),
                json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{\"id\":"}}]}}]}),
                json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": " 1}"}}]}}]}),
                json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
            ]
        } else {
            vec![
                json!({"choices": [{"index": 0, "delta": {"content": "The la"}}]}),
                json!({"choices": [{"index": 0, "delta": {"content": "mp."}, "finish_reason": "stop"}]}),
            ]
        };
        let body: String = delta.iter().map(|d| format!("data: {d}\n\n")).collect();
        Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}data: [DONE]\n\n"
        ))
    });
    let project = Project::new(&chat(&server, "stream = true"));
    project.run(&["run"]).expect(0);
    assert_eq!(project.query("select passed from episodes"), [["1"]]);
}

#[test]
fn garbage_from_the_server_is_the_providers_failure() {
    let server = serve(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nnot json!".to_owned()));
    let (reason, cause, _) = ending(&Project::new(&chat(&server, "")));
    assert_eq!((reason.as_str(), cause.as_str()), ("provider_failed", "provider"));
}

#[test]
fn a_connection_that_is_cut_is_the_providers_failure_after_a_retry() {
    let server =
        serve(|_| Some("HTTP/1.1 200 OK\r\ncontent-length: 900\r\nconnection: close\r\n\r\n{\"choices\"".to_owned()));
    let (reason, cause, _) = ending(&Project::new(&chat(&server, "")));
    assert_eq!((reason.as_str(), cause.as_str()), ("provider_failed", "provider"));
}

#[test]
fn a_server_that_hangs_ends_by_its_time_out_and_not_by_the_model() {
    let project = Project::new(&chat(&serve(|_| None), "timeout_seconds = {first_byte = 0.3, total = 0.5}\n"));
    let (reason, cause, _) = ending(&project);
    assert_eq!((reason.as_str(), cause.as_str()), ("provider_failed", "provider"));
}

#[test]
fn an_error_after_http_200_in_a_stream_is_the_providers_failure() {
    let server = serve(|_| {
        let body = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"I\"}}]}\n\ndata: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
        Some(format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}"))
    });
    let (reason, cause, detail) = ending(&Project::new(&chat(&server, "stream = true")));
    assert_eq!((reason.as_str(), cause.as_str()), ("provider_failed", "provider"));
    assert!(detail.contains("overloaded"), "{detail}");
}

#[test]
fn a_bad_key_stops_the_endpoint_and_the_run_says_which_and_how_to_go_on() {
    let server = serve(|_| {
        Some(respond(
            401,
            &json!({"error": {"message": "Incorrect API key", "type": "invalid_request_error", "code": "invalid_api_key"}}),
        ))
    });
    let project = Project::with_scenarios(&chat(&server, "concurrency = 1"), 20);
    let ran = project.run(&["run"]).expect(3);
    assert!(ran.err.contains("Incorrect API key"), "{}", ran.err);
    let last = ran.out.lines().last().unwrap();
    assert!(last.contains("model: ") && last.contains("--resume"), "{last}");
    assert_eq!(project.query("select count(*) from episodes"), [["1"]], "the other episodes were not even tried");
}

#[test]
fn a_provider_that_throttles_is_waited_for_and_nothing_is_lost() {
    let server = serve(|asked| {
        let busy = "HTTP/1.1 429 Busy\r\nretry-after-ms: 50\r\ncontent-length: 2\r\n\r\n{}";
        // As often as a request is tried again: were it the same one each time, it would still get through.
        Some(if asked.number < 4 { busy.to_owned() } else { good(asked) })
    });
    let project = Project::with_scenarios(&chat(&server, "concurrency = 8"), 20);
    project.run(&["run"]).expect(0);
    assert_eq!(project.query("select count(*), sum(passed) from episodes"), [["20", "20"]]);
    let waits = project.query("select measurements from trajectories").concat();
    assert!(waits.iter().any(|measured| measured.contains("waited_ms")), "{waits:?}");
}

#[test]
fn an_answer_cut_by_the_output_limit_is_the_models() {
    let server =
        serve(|_| Some(respond(200, &completion(&json!({"role": "assistant", "content": "The lam"}), "length"))));
    let (reason, cause, _) = ending(&Project::new(&chat(&server, "")));
    assert_eq!((reason.as_str(), cause.as_str()), ("output_limit", "model"));
}

#[test]
fn a_model_that_never_stops_calling_reaches_the_turn_limit() {
    let server = serve(|asked| {
        let call = json!({"id": format!("c{}", asked.number), "type": "function", "function": {"name": "nonsense", "arguments": "{broken"}});
        Some(respond(
            200,
            &completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"),
        ))
    });
    let project = Project::new(&format!("{}\n[limits]\nturns = 4\n", chat(&server, "")));
    let (reason, cause, detail) = ending(&project);
    assert_eq!((reason.as_str(), cause.as_str()), ("turn_limit", "model"));
    assert!(detail.contains("4 turns"), "{detail}");
    assert_eq!(project.query("select turns, calls, passed from episodes"), [["4", "4", "0"]]);
}

#[test]
fn a_conversation_that_is_refused_ends_its_episode_and_not_the_endpoint() {
    let server = serve(|asked| {
        let refused = json!({"error": {"message": "Invalid 'messages[2]'", "type": "invalid_request_error"}});
        Some(if asked.results() == 0 { good(asked) } else { respond(400, &refused) })
    });
    let project = Project::with_scenarios(&chat(&server, "concurrency = 1"), 3);
    let (reason, cause, detail) = ending(&project);
    assert_eq!((reason.as_str(), cause.as_str()), ("provider_failed", "provider"));
    assert!(detail.contains("Invalid 'messages[2]'"), "{detail}");
    assert_eq!(project.query("select count(*) from episodes"), [["3"]]);
}

#[test]
fn what_a_failed_request_took_is_kept_beside_the_trajectory_and_not_in_it() {
    let server = serve(|_| Some("HTTP/1.1 503 Busy\r\nx-request-id: req_7\r\ncontent-length: 0\r\n\r\n".to_owned()));
    let project = Project::new(&chat(&server, ""));
    let (_, _, detail) = ending(&project);
    assert!(!detail.contains("req_7") && !detail.contains("retry") && !detail.contains("127.0.0.1"), "{detail}");
    let row = project.query("select trajectory, measurements from trajectories").remove(0);
    let [trajectory, measurements] = [&row[0], &row[1]].map(|t| serde_json::from_str::<serde_json::Value>(t).unwrap());
    let measured = &measurements["events"][0];
    assert_eq!((&measured["request_id"], &measured["retries"]), (&json!("req_7"), &json!(1)));
    let seq = usize::try_from(measured["seq"].as_u64().unwrap()).unwrap();
    assert_eq!(trajectory["events"][seq]["body"]["type"], "request");
}

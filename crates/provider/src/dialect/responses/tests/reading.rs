//! What only this dialect is read by.

use super::super::Responses;
use crate::Reply;
use crate::dialect::tests::{fixtures, summary};
use crate::error::Failure;

pub(super) fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Responses, body, turn)
}

#[test]
fn a_stream_is_read_as_the_whole_response_at_its_end() {
    for (name, bytes) in fixtures("responses").into_iter().filter(|(name, _)| name.starts_with("openai-stream")) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some(end) = text.rsplit("data: ").next().filter(|data| data.contains("\"object\":\"response\"")) else {
            continue;
        };
        let event: serde_json::Value = serde_json::from_str(end).unwrap();
        if ["response.completed", "response.incomplete"].iter().all(|kind| event["type"] != *kind) {
            continue;
        }
        let whole = read(event["response"].to_string().as_bytes(), 3);
        assert_eq!(summary(&read(&bytes, 3)), summary(&whole), "{name}");
        // The items that came one by one say the same as those that the end repeats.
        let bare = text.replace(&event["response"]["output"].to_string(), "[]");
        assert_ne!(bare, text, "{name}");
        assert_eq!(summary(&read(bare.as_bytes(), 3)), summary(&whole), "{name}");
    }
}

#[test]
fn a_flood_of_junk_is_one_repair_of_each_kind_and_a_count() {
    let event = |json: &str| format!("data: {json}\n\n");
    let mut stream = "data: junk\n\n".repeat(10_000);
    stream.push_str(&event(r#"{"type":"response.output_text.delta","delta":true}"#).repeat(1_000));
    let call = r#"{"type":"response.output_item.done","item":{"type":"function_call","name":"f","arguments":"{}"}}"#;
    stream.push_str(&event(call).repeat(100));
    stream.push_str(&event(r#"{"type":"response.completed","response":{"usage":{"input_tokens":1}}}"#));
    let reply = read(stream.as_bytes(), 0).unwrap();
    let of =
        |what: &str| reply.repairs.iter().filter(|r| r.what == what).map(|r| r.detail.as_str()).collect::<Vec<_>>();
    assert_eq!(of("unparseable_event"), ["not an event, passed over: junk (and 9999 more)"]);
    assert_eq!(of("odd_content"), ["a piece of the stream is not text: true (and 999 more)"]);
    assert_eq!(of("partial_usage").len(), 1);
    assert_eq!(reply.calls.len(), 100);
    assert_eq!(of("missing_call_id").len(), 16);
}

#[test]
fn a_megabyte_of_arguments_in_small_pieces_is_read_in_linear_time() {
    let event = |value: serde_json::Value| format!("data: {value}\n\n");
    let piece = |args: &str| {
        event(
            serde_json::json!({"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": args}),
        )
    };
    let mut stream = event(serde_json::json!({"type": "response.output_item.added", "output_index": 0,
        "item": {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": ""}}));
    stream.push_str(&piece("{\"x\":\""));
    for _ in 0..20_000 {
        stream.push_str(&piece(&"y".repeat(50)));
    }
    stream.push_str(&piece("\"}"));
    stream
        .push_str("data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}\n\n");
    let reply = read(stream.as_bytes(), 0).unwrap();
    assert_eq!(reply.calls[0].arguments.text.len(), 1_000_008);
    assert!(reply.calls[0].arguments.value().is_some());
}

#[test]
fn many_items_with_ids_of_their_own_are_read_in_linear_time() {
    let mut stream = String::new();
    for n in 0..20_000 {
        stream.push_str(&format!(
            "data: {{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_{n}\",\"output_index\":{n},\"delta\":\"x\"}}\n\n"
        ));
    }
    stream.push_str("data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n");
    let reply = read(stream.as_bytes(), 0).unwrap();
    assert_eq!(reply.raw.len(), 20_000);
}

#[test]
fn arguments_that_nest_beyond_all_measure_are_the_models_and_not_the_servers() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(1000), "]".repeat(1000));
    let item = format!(r#"{{"type":"function_call","call_id":"c","name":"t","arguments":{deep}}}"#);
    let whole = format!(r#"{{"status":"completed","output":[{item}]}}"#);
    let stream = format!("data: {{\"type\":\"response.output_item.done\",\"item\":{item}}}\n\ndata: [DONE]\n\n");
    for body in [whole, stream] {
        let reply = read(body.as_bytes(), 0).unwrap();
        assert_eq!((&*reply.calls[0].name, reply.calls[0].arguments.value()), ("t", None));
        assert_eq!(*reply.calls[0].arguments.text, *deep);
    }
}

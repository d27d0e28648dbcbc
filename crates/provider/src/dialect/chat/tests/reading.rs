//! What only this dialect is read by.

use super::super::Chat;
use crate::Reply;
use crate::error::Failure;

fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Chat, body, turn)
}

#[test]
fn a_flood_of_junk_is_one_repair_of_each_kind_and_a_count() {
    let chunk = |choice: &str, usage: &str| format!("data: {{\"choices\":[{choice}],\"usage\":{usage}}}\n\n");
    let mut stream = "data: junk\n\n".repeat(10_000);
    stream.push_str(&chunk("", "{\"prompt_tokens\":1}").repeat(1_000));
    stream.push_str(&chunk("{\"delta\":{\"content\":true}}", "null").repeat(1_000));
    let call = r#"{"delta":{"tool_calls":[{"index":0,"id":"","function":{"name":"f","arguments":"{}"}}]}}"#;
    stream.push_str(&chunk(call, "null").repeat(100));
    stream.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n");
    let repairs = read(stream.as_bytes(), 0).unwrap().repairs;
    let of = |what: &str| repairs.iter().filter(|r| r.what == what).map(|r| r.detail.as_str()).collect::<Vec<_>>();
    assert_eq!(of("unparseable_event"), ["not an event, passed over: junk (and 9999 more)"]);
    assert_eq!(of("partial_usage").len(), 1);
    assert_eq!(of("odd_content"), ["content is neither text nor a list: true (and 999 more)"]);
    for what in ["missing_call_id", "colliding_call_index"] {
        assert_eq!(of(what).len(), 16);
        assert!(of(what)[15].contains(" more)") && !of(what)[14].contains(" more)"), "{what}");
    }
}

#[test]
fn a_megabyte_of_arguments_in_small_pieces_is_read_in_linear_time() {
    let mut stream = String::new();
    let piece = |args: &str| {
        let delta = serde_json::json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": args}}]}}]});
        format!("data: {delta}\n\n")
    };
    stream.push_str("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]}}]}\n\n");
    stream.push_str(&piece("{\"x\":\""));
    for _ in 0..20_000 {
        stream.push_str(&piece(&"y".repeat(50)));
    }
    stream.push_str(&piece("\"}"));
    stream.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n");
    let reply = read(stream.as_bytes(), 0).unwrap();
    assert_eq!(reply.calls[0].arguments.text.len(), 1_000_008);
    assert!(reply.calls[0].arguments.value().is_some());
}

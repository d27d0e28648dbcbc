//! What only this dialect is read by.

use super::super::Messages;
use crate::Reply;
use crate::dialect::Dialect as _;
use crate::dialect::tests::fixtures;
use crate::error::Failure;
use serde_json::json;

fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Messages, body, turn)
}

#[test]
fn a_stream_says_the_same_as_the_whole_message() {
    let files = fixtures("messages");
    let of = |name: &str| read(&files.iter().find(|(file, _)| file == name).unwrap().1, 3).unwrap();
    for (whole, stream) in [
        ("anthropic-parallel-calls.json", "anthropic-stream-parallel-calls.sse"),
        ("llamacpp-answer.json", "llamacpp-stream-answer.sse"),
    ] {
        let (mut whole, mut stream) = (of(whole), of(stream));
        // How a text of arguments is spaced is the model's in one and the server's in the other.
        for call in whole.calls.iter_mut().chain(&mut stream.calls) {
            call.arguments.text = call.arguments.text.replace(' ', "").into();
        }
        assert_eq!(whole, stream);
    }
}

/// An event as it stands in a stream.
fn event(value: &serde_json::Value) -> String {
    format!("data: {value}\n\n")
}

fn piece(index: u32, text: &str) -> String {
    let delta = json!({"type": "input_json_delta", "partial_json": text});
    event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

fn begin(index: u32) -> String {
    let block = json!({"type": "tool_use", "id": format!("c{index}"), "name": "f", "input": {}});
    event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
}

const END: &str = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n";

#[test]
fn a_megabyte_of_arguments_in_small_pieces_is_read_in_linear_time() {
    let mut stream = begin(0) + &piece(0, "{\"x\":\"");
    for _ in 0..20_000 {
        stream.push_str(&piece(0, &"y".repeat(50)));
    }
    stream.push_str(&piece(0, "\"}"));
    stream.push_str(END);
    let reply = read(stream.as_bytes(), 0).unwrap();
    assert_eq!(reply.calls[0].arguments.text.len(), 1_000_008);
    assert!(reply.calls[0].arguments.value().is_some() && reply.repairs.is_empty());
}

#[test]
fn many_blocks_whose_indices_say_nothing_are_read_in_linear_time() {
    let mut stream = String::new();
    for i in 0..20_000 {
        stream.push_str(&begin(i));
    }
    for i in 0..20_000 {
        stream.push_str(&piece(i, "{}"));
        stream.push_str(&piece(100_000 + i, "{}"));
    }
    stream.push_str(END);
    assert_eq!(read(stream.as_bytes(), 0).unwrap().calls.len(), 20_000);
}

#[test]
fn a_flood_of_junk_is_one_repair_of_each_kind_and_a_count() {
    let mut stream = "data: junk\n\n".repeat(10_000);
    stream.push_str(&event(&json!({"type": "progress"})).repeat(1_000));
    stream.push_str(&event(&json!({"type": "message_delta", "usage": "x"})).repeat(1_000));
    stream.push_str(&begin(0).repeat(100));
    stream.push_str(END);
    let repairs = read(stream.as_bytes(), 0).unwrap().repairs;
    let of = |what: &str| repairs.iter().filter(|r| r.what == what).map(|r| r.detail.as_str()).collect::<Vec<_>>();
    assert_eq!(of("unparseable_event"), ["not an event, passed over: junk (and 9999 more)"]);
    assert_eq!(of("unknown_event").len(), 1);
    assert_eq!(of("unreadable_usage").len(), 1);
    for what in ["colliding_block_index", "duplicate_call_id"] {
        assert_eq!(of(what).len(), 16);
        assert!(of(what)[15].contains(" more)") && !of(what)[14].contains(" more)"), "{what}");
    }
}

#[test]
fn a_stream_is_whole_with_its_last_event_and_not_with_a_text_about_it() {
    for (tail, whole) in [
        ("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", true),
        ("data: {\"type\": \"message_stop\"   }\r\n\r\n", true),
        ("data: [DONE]\n\n", true),
        ("event: message_stop\n", false),
        ("data: {\"type\":\"message_stop\"", false),
        (r#""delta":{"type":"text_delta","text":"{\"type\":\"message_stop\"}"#, false),
        ("", false),
    ] {
        assert_eq!(Messages.is_whole(tail.as_bytes()), whole, "{tail}");
    }
}

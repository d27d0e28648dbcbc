//! What only this dialect is read by.

use super::super::Gemini;
use crate::Reply;
use crate::error::Failure;
use mocktrial_trajectory::Part;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Gemini, body, turn)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_a_text_into_chunks_gives_the_same_reply(said in ".{0,40}", cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let letters: Vec<char> = said.chars().collect();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
        at.sort_unstable();
        let mut stream = String::new();
        let mut from = 0;
        for to in at.into_iter().chain([letters.len()]) {
            let piece: String = letters[from..to].iter().collect();
            from = to;
            writeln!(stream, "data: {}\n", json!({"candidates": [{"content": {"parts": [{"text": piece}]}}]})).unwrap();
        }
        stream.push_str("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n");
        let whole = json!({"candidates": [{"content": {"parts": [{"text": said}]}, "finishReason": "STOP"}]}).to_string();
        prop_assert_eq!(read(stream.as_bytes(), 0).unwrap(), read(whole.as_bytes(), 0).unwrap());
    }
}

#[test]
fn a_flood_of_junk_is_one_repair_of_each_kind_and_a_count() {
    let mut stream = "data: junk\n\n".repeat(10_000);
    let chunk = |parts: &str, usage: &str| {
        format!("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{parts}]}}}}],\"usageMetadata\":{usage}}}\n\n")
    };
    stream.push_str(&chunk("5", "{\"totalTokenCount\":1}").repeat(1_000));
    stream.push_str(&chunk("{\"functionCall\":{\"id\":\"c\",\"name\":\"f\"}}", "7").repeat(100));
    stream.push_str(&chunk("{\"functionCall\":{\"id\":\"c\",\"name\":\"g\"}}", "null").repeat(100));
    stream.push_str("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n");
    let reply = read(stream.as_bytes(), 0).unwrap();
    let of =
        |what: &str| reply.repairs.iter().filter(|r| r.what == what).map(|r| r.detail.as_str()).collect::<Vec<_>>();
    assert_eq!(of("unparseable_event"), ["not an event, passed over: junk (and 9999 more)"]);
    assert_eq!(of("odd_part"), ["a part cannot be read and is left out: 5 (and 999 more)"]);
    for what in ["partial_usage", "unreadable_usage"] {
        assert_eq!(of(what).len(), 1, "{what}");
    }
    for what in ["repeated_call", "duplicate_call_id"] {
        assert_eq!(of(what).len(), 16, "{what}");
    }
    assert_eq!(reply.calls.len(), 101);
}

#[test]
fn nesting_beyond_all_measure_is_left_out_or_malformed() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"Hi.","x":{deep}}},{{"functionCall":{{"name":"f","args":{{"a":{deep}}}}}}}]}},"finishReason":"STOP"}}]}}"#
    );
    let reply = read(body.as_bytes(), 0).unwrap();
    assert!(reply.calls[0].arguments.value().is_none());
    let repairs: Vec<_> = reply.repairs.iter().map(|r| r.what).collect();
    assert_eq!(repairs, ["odd_part", "malformed_arguments_wrapped"]);
}

#[test]
fn a_megabyte_of_arguments_is_read_whole_with_and_without_a_signature() {
    let args = json!({"x": "y".repeat(1_000_000)});
    for part in [
        json!({"functionCall": {"name": "f", "args": args}}),
        json!({"functionCall": {"name": "f", "args": args}, "thoughtSignature": "S"}),
    ] {
        let body = json!({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}).to_string();
        for body in [body.clone(), format!("data: {body}\n\n"), format!("[{body}]")] {
            let reply = read(body.as_bytes(), 0).unwrap();
            assert_eq!(reply.calls[0].arguments.text.len(), 1_000_008);
            assert_eq!(reply.raw, if part.get("thoughtSignature").is_some() { vec![part.clone()] } else { vec![] });
        }
    }
}

#[test]
fn a_text_in_many_chunks_is_one_part_read_in_linear_time() {
    let chunk = json!({"candidates": [{"content": {"parts": [{"text": "word "}]}}]});
    let mut stream = format!("data: {chunk}\n\n").repeat(50_000);
    stream.push_str("data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n");
    let reply = read(stream.as_bytes(), 0).unwrap();
    assert_eq!(reply.content, [Part::text("word ".repeat(50_000))]);
}

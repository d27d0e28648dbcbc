//! What servers really send: one file per server and behaviour, one summary of them all.

use super::super::Responses;
use crate::Reply;
use crate::error::Failure;
use crate::read::Stream;
use mocktrial_trajectory::text_of;
use proptest::prelude::*;
use std::fmt::Write as _;

pub(super) fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/responses");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

pub(super) fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Responses, body, turn)
}

fn summary(result: &Result<Reply, Failure>) -> String {
    let mut out = String::new();
    match result {
        Err(failure) => writeln!(out, "  {:?} (retry: {}): {}", failure.kind, failure.retry, failure.message).unwrap(),
        Ok(reply) => {
            writeln!(out, "  {:?} {:?}", reply.stop, text_of(&reply.content)).unwrap();
            for call in &reply.calls {
                let value = call.arguments.value.as_ref().map_or("unparsed".into(), ToString::to_string);
                writeln!(out, "  call {} {}({:?}) = {value}", call.id, call.name, call.arguments.text).unwrap();
            }
            if let Some(reasoning) = &reply.reasoning {
                writeln!(out, "  reasoning {reasoning:?}").unwrap();
            }
            for token in &reply.logprobs {
                writeln!(out, "  token {:?} {} of {}", token.token, token.logprob, token.top.len()).unwrap();
            }
            for raw in &reply.raw {
                writeln!(out, "  raw {raw}").unwrap();
            }
            if let Some(u) = &reply.usage {
                writeln!(
                    out,
                    "  usage {} in ({} cached, {} written), {} out ({} reasoning)",
                    u.input, u.cached, u.cache_written, u.output, u.reasoning
                )
                .unwrap();
            }
            if let Some(model) = &reply.served.model {
                writeln!(out, "  served {model}, {}", reply.served.tier.as_deref().unwrap_or("no tier")).unwrap();
            }
            for repair in &reply.repairs {
                writeln!(out, "  repair {}: {}", repair.what, repair.detail).unwrap();
            }
        }
    }
    out
}

#[test]
fn what_servers_send_is_read_as_it_is_meant() {
    let mut out = String::new();
    for (name, bytes) in fixtures() {
        writeln!(out, "{name}\n{}", summary(&read(&bytes, 3))).unwrap();
    }
    insta::assert_snapshot!("fixtures", out);
}

#[test]
fn a_stream_is_read_as_the_whole_response_at_its_end() {
    for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name.starts_with("openai-stream")) {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_reply(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..24)) {
        for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name.ends_with(".sse")) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut assembler = Stream::new(&Responses);
            let mut from = 0;
            let mut pushed = Ok(());
            for to in at.into_iter().chain([bytes.len()]) {
                pushed = pushed.and_then(|()| assembler.push(&bytes[from..to]));
                from = to;
            }
            let split = pushed.and_then(|()| assembler.finish(3));
            prop_assert_eq!(summary(&split), summary(&read(&bytes, 3)), "{}", name);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let _ = read(&bytes, 0);
        let files = fixtures();
        let (_, whole) = which.get(&files);
        let mut mutated = whole.clone();
        if !mutated.is_empty() {
            let at = at.index(mutated.len());
            let end = (at + bytes.len().min(4)).min(mutated.len());
            mutated.splice(at..end, bytes.iter().copied().take(4));
        }
        let _ = read(&mutated, 0);
    }

    #[test]
    fn no_value_in_any_place_makes_the_reader_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), value in prop::sample::select(vec!["null", "7", "-1e999", "\"x\"", "[]", "[[null]]", "{}", "{\"type\":\"message\"}", "true"])) {
        let files = fixtures();
        let (_, whole) = which.get(&files);
        let text = String::from_utf8_lossy(whole);
        let starts: Vec<usize> = text.match_indices("\":").map(|(at, _)| at + 2).collect();
        if !starts.is_empty() {
            let start = starts[at.index(starts.len())];
            // As long as the value is a text or a number.
            let end = text[start..].find([',', '}', ']']).map_or(text.len(), |length| start + length);
            let _ = read(format!("{}{value}{}", &text[..start], &text[end..]).as_bytes(), 0);
        }
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
    assert!(reply.calls[0].arguments.value.is_some());
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

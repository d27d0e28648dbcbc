//! What servers really send: one file per server and behaviour, one summary of them all.

use super::super::Messages;
use crate::Reply;
use crate::dialect::Dialect as _;
use crate::error::Failure;
use crate::read::Stream;
use mocktrial_trajectory::text_of;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write as _;

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/messages");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Messages, body, turn)
}

fn summary(result: &Result<Reply, Failure>) -> String {
    let mut out = String::new();
    let reply = match result {
        Err(failure) => {
            writeln!(out, "  {:?} (retry: {}): {}", failure.kind, failure.retry, failure.message).unwrap();
            return out;
        }
        Ok(reply) => reply,
    };
    writeln!(out, "  {:?} {:?}", reply.stop, text_of(&reply.content)).unwrap();
    for call in &reply.calls {
        let value = call.arguments.value.as_ref().map_or("unparsed".into(), ToString::to_string);
        let text: String = call.arguments.text.chars().take(80).collect();
        writeln!(out, "  call {} {}({text:?}) = {value}", call.id, call.name).unwrap();
    }
    if let Some(reasoning) = &reply.reasoning {
        writeln!(out, "  reasoning {reasoning:?}").unwrap();
    }
    for raw in &reply.raw {
        writeln!(out, "  raw {raw}").unwrap();
    }
    if let Some(u) = &reply.usage {
        let parts =
            format!("({} cached, {} written), {} out ({} reasoning)", u.cached, u.cache_written, u.output, u.reasoning);
        writeln!(out, "  usage {} in {parts}", u.input).unwrap();
    }
    let served: Vec<_> = [&reply.served.model, &reply.served.tier].into_iter().flatten().cloned().collect();
    writeln!(out, "  served {}", served.join(", ")).unwrap();
    for repair in &reply.repairs {
        writeln!(out, "  repair {}: {}", repair.what, repair.detail).unwrap();
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
fn a_stream_says_the_same_as_the_whole_message() {
    let files = fixtures();
    let of = |name: &str| read(&files.iter().find(|(file, _)| file == name).unwrap().1, 3).unwrap();
    for (whole, stream) in [
        ("anthropic-parallel-calls.json", "anthropic-stream-parallel-calls.sse"),
        ("llamacpp-answer.json", "llamacpp-stream-answer.sse"),
    ] {
        let (mut whole, mut stream) = (of(whole), of(stream));
        // How a text of arguments is spaced is the model's in one and the server's in the other.
        for call in whole.calls.iter_mut().chain(&mut stream.calls) {
            call.arguments.text.retain(|c| c != ' ');
        }
        assert_eq!(whole, stream);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_reply(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..24)) {
        for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name.ends_with(".sse")) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut assembler = Stream::new(&Messages);
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
        let at = at.index(mutated.len());
        let end = (at + bytes.len().min(4)).min(mutated.len());
        mutated.splice(at..end, bytes.iter().copied().take(4));
        let _ = read(&mutated, 0);
    }

    /// One value of a fixture is replaced by one of another type.
    #[test]
    fn no_value_in_the_place_of_another_makes_the_reader_panic(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), with in 0..8_usize) {
        let files = fixtures();
        let (_, whole) = which.get(&files);
        let text = String::from_utf8_lossy(whole);
        let places: Vec<usize> = text.match_indices("\": ").map(|(at, _)| at + 3).collect();
        if !places.is_empty() {
            let (before, after) = text.split_at(*at.get(&places));
            let end = after.find([',', '}', ']', '\n']).unwrap_or(after.len());
            let value = ["null", "true", "-1", "1e999", "\"\"", "[]", "{}", "[[{\"type\":\"text\"}]]"][with];
            let _ = read(format!("{before}{value}{}", &after[end..]).as_bytes(), 0);
        }
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
    assert!(reply.calls[0].arguments.value.is_some() && reply.repairs.is_empty());
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

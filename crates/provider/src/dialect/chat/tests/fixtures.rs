//! What servers really send: one file per server and behaviour, one summary of them all.

use super::super::Chat;
use crate::Reply;
use crate::error::Failure;
use crate::read::Stream;
use proptest::prelude::*;
use std::fmt::Write as _;

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/chat");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Chat, body, turn)
}

fn summary(result: &Result<Reply, Failure>) -> String {
    let mut out = String::new();
    match result {
        Err(failure) => writeln!(out, "  {:?} (retry: {}): {}", failure.kind, failure.retry, failure.message).unwrap(),
        Ok(reply) => {
            writeln!(out, "  {:?} {:?}", reply.stop, reply.message().to_owned_text()).unwrap();
            for call in &reply.calls {
                let value = call.arguments.value.as_ref().map_or("unparsed".into(), ToString::to_string);
                writeln!(out, "  call {} {}({:?}) = {value}", call.id, call.name, call.arguments.text).unwrap();
            }
            if let Some(reasoning) = &reply.reasoning {
                writeln!(out, "  reasoning {reasoning:?}").unwrap();
            }
            for raw in &reply.raw {
                writeln!(out, "  raw {raw}").unwrap();
            }
            if let Some(u) = &reply.usage {
                writeln!(
                    out,
                    "  usage {} in ({} cached), {} out ({} reasoning)",
                    u.input, u.cached, u.output, u.reasoning
                )
                .unwrap();
            }
            for repair in &reply.repairs {
                writeln!(out, "  repair {}: {}", repair.what, repair.detail).unwrap();
            }
        }
    }
    out
}

trait OwnedText {
    fn to_owned_text(&self) -> String;
}

impl OwnedText for mocktrial_trajectory::Message {
    fn to_owned_text(&self) -> String {
        match self {
            Self::Assistant { content, .. } => content
                .iter()
                .map(|part| serde_json::to_value(part).unwrap()["text"].as_str().unwrap().to_owned())
                .collect(),
            _ => String::new(),
        }
    }
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
fn there_are_enough_fixtures() {
    assert!(fixtures().len() >= 25);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_reply(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..24)) {
        for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name.ends_with(".sse")) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut assembler = Stream::new(&Chat);
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
    assert_eq!(of("unparseable_chunk"), ["not a chunk, passed over: junk (and 9999 more)"]);
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
    assert!(reply.calls[0].arguments.value.is_some());
}

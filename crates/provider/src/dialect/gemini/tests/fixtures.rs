//! What servers really send: one file per server and behaviour, one summary of them all.

use super::super::Gemini;
use crate::Reply;
use crate::error::Failure;
use crate::read::Stream;
use mocktrial_trajectory::Part;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write as _;

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gemini");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

pub(super) fn read(body: &[u8], turn: u32) -> Result<Reply, Failure> {
    crate::read::read(&Gemini, body, turn)
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
    let content: Vec<String> = reply
        .content
        .iter()
        .map(|part| match part {
            Part::Text { text } => format!("{text:?}"),
            other => format!("<{} {}>", other.word(), other.media().unwrap().describe()),
        })
        .collect();
    let stop = format!("{:?}", reply.stop);
    writeln!(out, "  {}", [&[stop], &*content].concat().join(" ")).unwrap();
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
        let cached = if u.cached > 0 { format!(" ({} cached)", u.cached) } else { String::new() };
        let reasoning = if u.reasoning > 0 { format!(" ({} reasoning)", u.reasoning) } else { String::new() };
        writeln!(out, "  usage {} in{cached}, {} out{reasoning}", u.input, u.output).unwrap();
    }
    for token in &reply.logprobs {
        let top: Vec<String> = token.top.iter().map(|t| format!("{:?} {}", t.token, t.logprob)).collect();
        writeln!(out, "  token {:?} {} of {}", token.token, token.logprob, top.join(", ")).unwrap();
    }
    let served = [&reply.served.model, &reply.served.tier, &reply.measurement.request_id];
    if served.iter().any(|s| s.is_some()) {
        let words: Vec<&str> = served.into_iter().map(|s| s.as_deref().unwrap_or("-")).collect();
        writeln!(out, "  model {}, tier {}, request {}", words[0], words[1], words[2]).unwrap();
    }
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
fn there_are_enough_fixtures() {
    assert!(fixtures().len() >= 18);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_reply(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..24)) {
        for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name.ends_with(".sse")) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut assembler = Stream::new(&Gemini);
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
    assert_eq!(of("unparseable_chunk"), ["not a chunk, passed over: junk (and 9999 more)"]);
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
    assert!(reply.calls[0].arguments.value.is_none());
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

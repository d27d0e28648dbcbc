//! What servers really send: one file per server and behaviour, one summary of each dialect's.

use crate::Reply;
use crate::dialect::{DIALECTS, Dialect};
use crate::error::Failure;
use crate::read::{Stream, read};
use mocktrial_trajectory::{Part, Served};
use proptest::prelude::*;
use proptest::sample::Index;
use std::fmt::Write as _;

/// The fixtures of a dialect by the names of their files, in order.
pub(crate) fn fixtures(dialect: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/fixtures/{dialect}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn all() -> impl Iterator<Item = (&'static dyn Dialect, String, Vec<u8>)> {
    DIALECTS
        .iter()
        .flat_map(|&dialect| fixtures(dialect.name()).into_iter().map(move |(name, bytes)| (dialect, name, bytes)))
}

/// All that a reply says, for people; what it does not say is left out.
pub(crate) fn summary(result: &Result<Reply, Failure>) -> String {
    let reply = match result {
        Ok(reply) => reply,
        Err(failure) => return format!("  {:?} (retry: {}): {}\n", failure.kind, failure.retry, failure.message),
    };
    let mut out = format!("  {:?}", reply.stop);
    for part in &reply.content {
        match part {
            Part::Text { text } => write!(out, " {text:?}").unwrap(),
            other => write!(out, " <{} {}>", other.word(), other.media().unwrap().describe()).unwrap(),
        }
    }
    out.push('\n');
    for call in &reply.calls {
        let value = call.arguments.value().map_or("unparsed".into(), ToString::to_string);
        let text: String = call.arguments.text.chars().take(80).collect();
        writeln!(out, "  call {} {}({text:?}) = {value}", call.id, call.name).unwrap();
    }
    if let Some(reasoning) = &reply.reasoning {
        writeln!(out, "  reasoning {reasoning:?}").unwrap();
    }
    for token in &reply.logprobs {
        let top: Vec<String> = token.top.iter().map(|t| format!("{:?} {}", t.token, t.logprob)).collect();
        writeln!(out, "  token {:?} {} of {}", token.token, token.logprob, top.join(", ")).unwrap();
    }
    for raw in &reply.raw {
        writeln!(out, "  raw {raw}").unwrap();
    }
    if let Some(u) = &reply.usage {
        let parts =
            format!("({} cached, {} written), {} out ({} reasoning)", u.cached, u.cache_written, u.output, u.reasoning);
        writeln!(out, "  usage {} in {parts}", u.input).unwrap();
    }
    let Served { model, fingerprint, tier } = &reply.served;
    let request = &reply.measurement.request_id;
    let served = [("model", model), ("fingerprint", fingerprint), ("tier", tier), ("request", request)];
    let served: Vec<String> =
        served.iter().filter_map(|(key, word)| Some(format!("{key} {}", word.as_ref()?))).collect();
    if !served.is_empty() {
        writeln!(out, "  served {}", served.join(", ")).unwrap();
    }
    for repair in &reply.repairs {
        writeln!(out, "  repair {}: {}", repair.what, repair.detail).unwrap();
    }
    out
}

#[test]
fn what_servers_send_is_read_as_it_is_meant() {
    for &dialect in DIALECTS {
        let mut out = String::new();
        for (name, bytes) in fixtures(dialect.name()) {
            writeln!(out, "{name}\n{}", summary(&read(dialect, &bytes, 3))).unwrap();
        }
        insta::assert_snapshot!(dialect.name(), out);
    }
}

#[test]
fn there_are_enough_fixtures() {
    for dialect in DIALECTS {
        assert!(fixtures(dialect.name()).len() >= 50, "{}", dialect.name());
    }
}

/// Values that stand where another is expected.
const VALUES: [&str; 10] = [
    "null",
    "true",
    "7",
    "-1e999",
    "\"x\"",
    "[]",
    "[[null]]",
    "{}",
    "{\"type\":\"message\"}",
    "[[{\"type\":\"text\"}]]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_a_stream_gives_the_same_reply(cuts in proptest::collection::vec(any::<Index>(), 0..24)) {
        for (dialect, name, bytes) in all().filter(|(_, name, _)| name.ends_with(".sse")) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            at.sort_unstable();
            let mut stream = Stream::new(dialect);
            let mut from = 0;
            let mut pushed = Ok(());
            for to in at.into_iter().chain([bytes.len()]) {
                pushed = pushed.and_then(|()| stream.push(&bytes[from..to]));
                from = to;
            }
            let split = pushed.and_then(|()| stream.finish(3));
            prop_assert_eq!(summary(&split), summary(&read(dialect, &bytes, 3)), "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), which in any::<Index>(), at in any::<Index>(),
    ) {
        let files: Vec<_> = all().collect();
        let (dialect, _, whole) = which.get(&files);
        let _ = read(*dialect, &bytes, 0);
        let mut mutated = whole.clone();
        let at = if mutated.is_empty() { 0 } else { at.index(mutated.len()) };
        let end = (at + bytes.len().min(4)).min(mutated.len());
        mutated.splice(at..end, bytes.iter().copied().take(4));
        let _ = read(*dialect, &mutated, 0);
    }

    #[test]
    fn no_value_in_the_place_of_another_makes_a_reader_panic(
        which in any::<Index>(), at in any::<Index>(), value in proptest::sample::select(&VALUES[..]),
    ) {
        let files: Vec<_> = all().collect();
        let (dialect, _, whole) = which.get(&files);
        let text = String::from_utf8_lossy(whole);
        let places: Vec<usize> = text.match_indices("\":").map(|(at, _)| at + 2).collect();
        if !places.is_empty() {
            let (before, after) = text.split_at(*at.get(&places));
            // As long as the value is a text or a number.
            let end = after.find([',', '}', ']', '\n']).unwrap_or(after.len());
            let _ = read(*dialect, format!("{before}{value}{}", &after[end..]).as_bytes(), 0);
        }
    }
}

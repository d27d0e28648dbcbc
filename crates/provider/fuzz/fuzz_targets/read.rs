//! Any bytes as a response of any dialect, whole and as a stream cut anywhere.
//!
//! The first byte chooses the dialect, the second how many cuts there are, the next ones where they are.
//!
//! `crates/provider/fuzz/run 60` builds a corpus of the fixtures and fuzzes for a minute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mocktrial_provider::{dialects, read_response, read_stream};

fuzz_target!(|data: &[u8]| {
    let [which, cuts, rest @ ..] = data else { return };
    let all: Vec<&str> = dialects().collect();
    let dialect = all[usize::from(*which) % all.len()];
    let cuts = usize::from(*cuts % 8).min(rest.len());
    let (cuts, body) = rest.split_at(cuts);

    let _ = read_response(dialect, body);
    let whole = read_stream(dialect, [body]);
    let mut places: Vec<usize> = cuts.iter().map(|cut| body.len() * usize::from(*cut) / 256).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in places.into_iter().chain([body.len()]) {
        pieces.push(&body[from..to]);
        from = to;
    }
    assert_eq!(read_stream(dialect, pieces), whole);
});

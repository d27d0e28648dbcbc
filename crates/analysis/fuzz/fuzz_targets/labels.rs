//! Any text as a sheet of labels, CSV or JSON Lines.
//!
//! The first byte says whether the run knows an item. What is read is sound, and is read the same once it is written
//! as JSON Lines; what is not read is refused with a line that the text has.
//!
//! `crates/analysis/fuzz/run 60` writes a few seeds and fuzzes for a minute.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mocktrial_analysis::calibration::{Item, Items, Labelled, labels};
use serde_json::json;
use std::sync::LazyLock;

static ITEMS: LazyLock<Items> = LazyLock::new(|| {
    Items::from([
        ("k1".to_owned(), Item { endpoint: "a".to_owned(), judged: true, decides: true }),
        ("k2".to_owned(), Item { endpoint: "b".to_owned(), judged: false, decides: false }),
    ])
});

fuzz_target!(|data: &[u8]| {
    let [which, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let nothing = Items::new();
    let items = if which % 2 == 0 { &nothing } else { &*ITEMS };
    match labels(text, items) {
        Ok(read) => {
            for label in &read {
                assert!(label.weight > 0.0 && label.weight.is_finite());
                assert!(!label.endpoint.is_empty());
                assert!(!label.decides || items.contains_key(&label.item));
            }
            assert_eq!(labels(&written(&read), items).as_ref(), Ok(&read));
        }
        Err(wrong) => {
            // A row that ends early is found at the line after it; a carriage return alone ends a line of CSV.
            let lines = text.bytes().filter(|b| matches!(b, b'\n' | b'\r')).count() + 2;
            assert!((1..=lines).contains(&wrong.line), "{wrong}");
            assert!(!wrong.to_string().is_empty());
        }
    }
});

fn written(read: &[Labelled]) -> String {
    let line = |label: &Labelled| {
        json!({
            "item": label.item, "endpoint": label.endpoint, "judged": label.judged, "human": label.human,
            "weight": label.weight, "rater": label.rater,
        })
    };
    read.iter().map(|label| line(label).to_string() + "\n").collect()
}

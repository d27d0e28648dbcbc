use super::write;
use crate::fixture::{self, Run, bad, cut, good};
use crate::model::Report;
use crate::output::Sources;
use mocktrial_analysis::store::Store;
use mocktrial_trajectory::{EndReason, EpisodeKey};
use std::collections::BTreeSet;

fn made(report: &Report, run: &Run, limit: usize) -> String {
    let sources = Sources { stores: vec![&run.file as &dyn Store], bytes: 0 };
    let mut out = Vec::new();
    write(report, &sources, &mut out, true, limit).unwrap();
    String::from_utf8(out).unwrap()
}

/// Names of test cases; checks that the suites count what they hold and that no name is there twice.
fn names(xml: &str) -> Vec<String> {
    let read = roxmltree::Document::parse(xml).unwrap();
    let mut all = Vec::new();
    for suite in read.root_element().children().filter(|n| n.has_tag_name("testsuite")) {
        let cases: Vec<_> = suite.children().filter(|n| n.has_tag_name("testcase")).collect();
        let with = |tag: &str| cases.iter().filter(|c| c.children().any(|n| n.has_tag_name(tag))).count().to_string();
        assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
        for (attribute, tag) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
            assert_eq!(suite.attribute(attribute), Some(with(tag).as_str()), "{attribute} of {xml}");
        }
        all.extend(cases.iter().map(|c| c.attribute("name").unwrap().to_owned()));
    }
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    all
}

fn came(key: &EpisodeKey) -> fixture::Came {
    match (&*key.scenario, key.trial) {
        ("a", n) if n % 10 == 0 => bad("a wrong answer"),
        ("b", n) if n % 10 == 1 => cut(EndReason::ProviderFailed, Some("HTTP 503")),
        ("c", 5) => cut(EndReason::TurnLimit, None),
        _ => good(),
    }
}

#[test]
fn what_does_not_fit_is_folded_passing_trials_first_and_the_file_says_so() {
    let run = fixture::run("run", &["a", "b", "c"], &["m"], 100, &came);
    let report = fixture::report(&[&run]);
    let whole = made(&report, &run, usize::MAX);
    assert_eq!(names(&whole).len(), 300);
    assert!(!whole.contains("folded"));
    // A limit that lets the failures be single, and nothing else.
    let some = made(&report, &run, 20_000);
    assert!(some.len() < 20_000, "{}", some.len());
    let named = names(&some);
    assert_eq!(named.len(), 21 + 3, "{named:?}");
    assert!(named.contains(&"a [m] trials that passed".to_owned()) && named.contains(&"a [m] trial 10".to_owned()));
    assert!(some.contains("the trials of a scenario that passed or are in quarantine are one test case"), "{some}");
    // One that does not.
    let few = made(&report, &run, 8_000);
    assert!(few.len() < 8_000, "{}", few.len());
    let named = names(&few);
    assert_eq!(named.len(), 6, "{named:?}");
    assert!(few.contains("message=\"10 trials failed: 10 model.answer\""), "{few}");
    assert!(few.contains("message=\"10 trials without an outcome: 10 provider.provider_failed\""), "{few}");
    // One that lets only each endpoint have its say.
    let least = made(&report, &run, 10);
    assert_eq!(
        names(&least),
        ["all [m] trials that passed", "all [m] trials that failed", "all [m] trials without an outcome"]
    );
}

#[test]
fn names_stay_apart_whatever_scenarios_and_endpoints_are_called() {
    let long = "x".repeat(500);
    let other = format!("{long}y");
    let scenarios = ["s", "s~v", "s [m]", "s [m] trial 1", "", "s\u{1b}", "s\\u{1b}", &long, &other];
    let run = fixture::run("run", &scenarios, &["m", "m] [m", "x.y"], 2, &|_| good());
    let xml = made(&fixture::report(&[&run]), &run, usize::MAX);
    assert_eq!(names(&xml).len(), 9 * 3 * 2);
}

#[test]
fn the_size_that_is_foreseen_is_the_size_that_is_written() {
    let run = fixture::run("run", &["a", "b", "c"], &["m"], 40, &came);
    let report = fixture::report(&[&run]);
    for limit in (0..40_000).step_by(1_300) {
        let xml = made(&report, &run, limit);
        names(&xml);
        assert!(xml.len() <= limit.max(6_000), "{} of {limit}", xml.len());
    }
}

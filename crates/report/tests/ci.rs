//! What CI systems are given: JUnit XML, annotations, comments and step summaries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fixture;

use fixture::{Came, HOSTILE, Run, bad, compared, cut, gated, good, report, rules, run, text};
use mocktrial_report::model::Report;
use mocktrial_trajectory::{EndReason, EpisodeKey};

const SHOP: [&str; 6] =
    ["shop/refund", "shop/exchange~maria", "shop/exchange~john", "shop/address", "desk/escalate", "desk/close"];

/// Six scenarios that all pass but for what infrastructure took.
fn before() -> Run {
    run("2026-11-20T09-00-00Z-main", &SHOP, &["support"], 8, &|key: &EpisodeKey| match (&*key.scenario, key.trial) {
        ("desk/close", 3) => cut(EndReason::ProviderFailed, Some("HTTP 503, after 4 attempts")),
        _ => good(),
    })
}

/// The same after a change that breaks one, and makes another flaky.
fn after() -> Run {
    run("2026-11-23T14-05-09Z-change", &SHOP, &["support"], 8, &|key: &EpisodeKey| match (&*key.scenario, key.trial) {
        ("shop/refund", _) => bad("Your refund of $40.00 is on its way."),
        ("shop/address", 2 | 5 | 6) => bad("I do not know."),
        ("desk/escalate", 7) => cut(EndReason::TurnLimit, None),
        ("desk/close", 2) => cut(EndReason::ProviderFailed, Some("HTTP 503, after 4 attempts")),
        ("desk/close", 4) => Came { passed: None, answer: "the judge was not asked".into(), ..good() },
        _ => good(),
    })
}

fn each(kind: &str, name: &str, report: &Report, runs: &[&Run]) {
    let made = text(kind, report, runs);
    insta::assert_snapshot!(format!("{kind}_{name}"), made);
}

#[test]
fn a_gate_that_says_regressed() {
    let (after, before) = (after(), before());
    let mut rules = rules(0.05);
    rules.must_pass = ["shop/refund".into(), "desk/close".into()].into();
    let mut report = gated(&after, &before, &rules);
    report.quarantined = ["desk/escalate".into()].into();
    for kind in ["junit", "annotations", "comment", "step-summary"] {
        each(kind, "regressed", &report, &[&after, &before]);
    }
    let strict = text("junit-strict", &report, &[&after, &before]);
    assert_eq!(strict.replace("\r", ""), text("junit", &report, &[&after, &before]).replace_file());
}

trait WithoutFiles {
    fn replace_file(&self) -> String;
}

impl WithoutFiles for String {
    /// Without ` file="…"`.
    fn replace_file(&self) -> String {
        let mut parts = self.split(" file=\"");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| all + part.split_once('"').unwrap().1)
    }
}

#[test]
fn a_gate_that_cannot_tell() {
    let (after, before) = (after(), before());
    let mut report = gated(&after, &before, &rules(0.3));
    report.files.clear();
    for kind in ["annotations", "comment"] {
        each(kind, "inconclusive", &report, &[&after, &before]);
    }
    let junit = text("junit", &report, &[&after, &before]);
    assert!(junit.contains("name=\"gate of support\" time=\"0.000\"><skipped message=\"Inconclusive: "), "{junit}");
    assert!(junit.contains("would decide it"), "{junit}");
}

#[test]
fn a_gate_that_says_no_worse() {
    let (before, again) = (before(), run("again", &SHOP, &["support"], 8, &|_| good()));
    let report = gated(&again, &before, &rules(0.2));
    each("annotations", "no_worse", &report, &[&again, &before]);
    each("comment", "no_worse", &report, &[&again, &before]);
    let junit = text("junit", &report, &[&again, &before]);
    assert!(junit.contains("<testsuite name=\"gate\"") && !junit.contains("<failure"), "{junit}");
}

#[test]
fn two_endpoints_compared() {
    let run = run("run", &SHOP, &["new", "old"], 8, &|key: &EpisodeKey| match (&*key.endpoint, &*key.scenario) {
        ("old", "shop/refund" | "shop/address" | "desk/close") => bad("No."),
        _ => good(),
    });
    let report = compared(&run);
    for kind in ["annotations", "comment"] {
        each(kind, "compared", &report, &[&run]);
    }
    let junit = text("junit", &report, &[&run]);
    assert!(junit.contains("<testsuite name=\"comparison\"") && junit.contains("name=\"new against old\""), "{junit}");
    assert_eq!(junit.matches("<testsuite ").count(), 3);
}

/// Names as they are in a run file: no control characters in ids here, for the store keeps what it is given.
fn hostile() -> (Report, Run) {
    let names: Vec<String> = HOSTILE.iter().map(|h| format!("{h}/{h}").replace('~', "-")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let endpoints = ["-->\n::error::<b>@octocat", "old | `x`"];
    let run = run("run", &names, &endpoints, 2, &|key: &EpisodeKey| {
        if key.endpoint.starts_with('o') {
            return good();
        }
        let n = usize::try_from(key.trial).unwrap() + key.scenario.len();
        let text = HOSTILE[n % HOSTILE.len()].repeat(40);
        match n % 3 {
            0 => Came { tool: text.clone(), grader: text.clone(), ..bad(&text) },
            1 => cut(EndReason::ProviderFailed, Some(&text)),
            _ => Came { tool: text.clone(), ..bad(&text) },
        }
    });
    let mut report = compared(&run);
    report.files = report.runs[0].scenarios.iter().map(|s| (s.id.clone(), format!("{}.yaml", s.id))).collect();
    (report, run)
}

#[test]
fn hostile_texts_begin_no_command_of_a_workflow() {
    let (report, run) = hostile();
    let made = text("annotations", &report, &[&run]);
    assert!(made.lines().count() > 5);
    for line in made.lines() {
        let (head, message) = line.strip_prefix("::").and_then(|l| l.split_once("::")).unwrap();
        assert!(["error ", "warning ", "notice "].iter().any(|level| head.starts_with(level)), "{line}");
        assert_eq!(head.matches(",title=").count(), usize::from(head.contains(" file=")), "{line}");
        let decoded = message.replace("%0A", "\n");
        assert!(!decoded.lines().any(|l| l.contains("%0D") || l.contains('\u{1b}')), "{line}");
        let percents =
            message.match_indices('%').all(|(at, _)| ["25", "0A"].iter().any(|c| message[at + 1..].starts_with(c)));
        assert!(percents && !line.contains("##[") && !line.chars().any(char::is_control), "{line}");
    }
}

#[test]
fn hostile_texts_are_text_in_xml_and_every_name_is_there_once() {
    let (report, run) = hostile();
    let made = text("junit", &report, &[&run]);
    let read = roxmltree::Document::parse(&made).unwrap();
    let known = [
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
        "system-err",
    ];
    assert!(read.descendants().filter(roxmltree::Node::is_element).all(|n| known.contains(&n.tag_name().name())));
    let names: Vec<_> =
        read.descendants().filter(|n| n.has_tag_name("testcase")).map(|n| n.attribute("name")).collect();
    assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), names.len());
    assert_eq!(names.len(), HOSTILE.len() * 2 * 2 + 1);
    // Controls are shown, not dropped.
    assert!(made.contains("\\u{1b}[31m") && made.contains("\\u{0}") && made.contains("\\u{202e}"));
}

#[test]
fn hostile_texts_are_text_in_markdown() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let (report, run) = hostile();
    for kind in ["comment", "step-summary"] {
        let made = text(kind, &report, &[&run]);
        let (mut columns, mut cells) = (0, 0);
        for event in Parser::new_ext(&made, Options::ENABLE_TABLES | Options::ENABLE_MATH | Options::ENABLE_GFM) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    let html = html.trim();
                    let own = ["<sub>", "</sub>", "</details>", "<summary>", "</summary>"].contains(&html)
                        || html.starts_with("<details><summary>")
                        || html.starts_with("<!-- mocktrial: comparison-");
                    assert!(own && !html.contains("<b>"), "{html}");
                }
                Event::Start(Tag::Table(alignments)) => columns = alignments.len(),
                Event::Start(Tag::TableHead | Tag::TableRow) => cells = 0,
                Event::Start(Tag::TableCell) => cells += 1,
                Event::End(pulldown_cmark::TagEnd::TableRow | pulldown_cmark::TagEnd::TableHead) => {
                    assert_eq!(cells, columns);
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::BlockQuote(_))
                | Event::Code(_)
                | Event::InlineMath(_) => {
                    panic!("{event:?}")
                }
                Event::Text(said) => {
                    let lower = said.to_lowercase();
                    assert!(!lower.contains("@octocat") && !lower.contains("://") && !lower.contains("#123"), "{said}");
                }
                _ => {}
            }
        }
        assert!(made.contains("@&#8203;octocat"), "{made}");
    }
}

#[test]
fn thousands_of_failures_stay_below_the_limits_and_are_counted() {
    let names: Vec<String> =
        (0..5_000).map(|n| format!("shop/{}-{n}", "a-long-name-of-a-scenario-".repeat(4))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let failing = run("now", &names, &["support"], 1, &|_| bad(&"x<|>".repeat(200)));
    let passing = run("then", &names, &["support"], 1, &|_| good());
    let mut rules = rules(0.05);
    rules.must_pass = names.iter().map(|n| (*n).into()).collect();
    let report = gated(&failing, &passing, &rules);
    let runs = [&failing, &passing];
    let comment = text("comment", &report, &runs);
    assert!(comment.len() <= 60_000 && comment.chars().count() < 65_536, "{}", comment.len());
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    assert!(comment.contains(" more*\n") && comment.contains("mocktrial accept last"), "{comment}");
    let summary = text("step-summary", &report, &runs);
    assert!(summary.len() < 1 << 20 && summary.len() > 200_000, "{}", summary.len());
    let annotations = text("annotations", &report, &runs);
    assert_eq!(annotations.lines().count(), 11, "a verdict, and ten warnings");
    assert!(annotations.trim_end().ends_with("%0Aand 4990 more"), "{annotations}");
    let junit = text("junit", &report, &runs);
    assert!(junit.len() < 30_000_000, "{}", junit.len());
    assert!(junit.contains("and 4002 more broken or regressed"));
    roxmltree::Document::parse(&junit).unwrap();
}

#[test]
fn names_of_any_length_leave_the_verdict_in_its_place() {
    let (one, two) = ("@1|<".repeat(3_000), "`#2".repeat(3_000));
    let run = run("run", &SHOP, &[&one, &two], 2, &|key: &EpisodeKey| {
        if key.endpoint.starts_with('@') { good() } else { bad(&"|\n".repeat(100_000)) }
    });
    let report = compared(&run);
    for (kind, limit) in [("comment", 60_000), ("step-summary", 1 << 20)] {
        let made = text(kind, &report, &[&run]);
        assert!(made.len() <= limit, "{}", made.len());
        let heading = made.lines().find(|line| !line.starts_with("<!--")).unwrap();
        assert!(heading.starts_with("## ✅ Better: @&#8203;1&#124;&lt;"), "{heading}");
        assert!(made.contains("### Scenarios on which they differ") && made.contains("How this came about"));
    }
    assert!(text("annotations", &report, &[&run]).lines().all(|line| line.len() < 4_096));
    assert!(text("junit", &report, &[&run]).len() < 100_000);
}

#[test]
fn the_marker_is_the_same_from_run_to_run_and_another_for_another_gate() {
    let (after, before) = (after(), before());
    let first = |text: String| text.lines().next().unwrap().to_owned();
    let one = first(text("comment", &gated(&after, &before, &rules(0.05)), &[&after, &before]));
    let two = first(text("comment", &gated(&before, &after, &rules(0.2)), &[&before, &after]));
    assert_eq!(one, "<!-- mocktrial: gate-support-on-desk-shop -->");
    assert_eq!(one, two);
    let alone = first(text("comment", &report(&[&after]), &[&after]));
    assert_eq!(alone, "<!-- mocktrial: run-support-on-desk-shop -->");
}

#[test]
fn of_several_gates_the_worst_comes_first_and_each_says_whose_it_is() {
    let (after, before) = (after(), before());
    let mut report = gated(&after, &before, &rules(0.05));
    report.gates[0].endpoint = "better".into();
    let mut rules = rules(0.05);
    rules.must_pass = ["shop/refund".into()].into();
    report.gates.extend(gated(&after, &before, &rules).gates);
    let comment = text("comment", &report, &[&after, &before]);
    let heads: Vec<&str> =
        comment.lines().filter(|line| line.contains(" · Inconclusive") || line.contains(" · Regressed")).collect();
    assert!(heads[0].starts_with("## ❌ support · Regressed: "), "{comment}");
    assert!(heads[1].starts_with("### ⚠️ better · Inconclusive: "), "{comment}");
    let annotations = text("annotations", &report, &[&after, &before]);
    assert!(annotations.starts_with("::error title=mocktrial%3A support::Regressed: "), "{annotations}");
    let junit = text("junit", &report, &[&after, &before]);
    assert!(junit.contains("name=\"gate of better\"") && junit.contains("name=\"gate of support\""));
}

//! What a gate leaves behind for CI: JUnit XML, a comment, a step summary and annotations, all at once.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a model that has become worse says.
const HOSTILE: &str = "No\n::error::owned %0A ]]> <b>@octocat</b> | `x` \u{1b}[2J";

/// Eight scenarios with a baseline of four trials each, and a model that can be told to fail.
fn project() -> (Project, Arc<AtomicBool>) {
    let worse = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&worse);
    let server = serve(move |asked| {
        let odd = asked.body.to_string().contains("odd");
        if state.load(Ordering::SeqCst) && odd && asked.results() > 0 {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": HOSTILE}), "stop")));
        }
        Some(good(asked))
    });
    let project = Project::with_scenarios(&chat(&server, ""), 1);
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for i in 0..7 {
        let text = if i % 2 == 0 { lamp.replace("Take item 1", "How odd. Take item 1") } else { lamp.clone() };
        project.write(&format!("scenarios/shop/more-{i}.yaml"), &text);
    }
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    project.run(&["accept", "--why", "the first results"]).expect(0);
    (project, worse)
}

struct Made {
    junit: String,
    comment: String,
    summary: String,
    annotations: Vec<String>,
}

fn gate(project: &Project, margin: &str, code: i32) -> Made {
    project.run(&["run", "-t", "4", "--quiet"]).expect(0);
    let outputs = ["-o", "junit=out.xml", "-o", "comment=out.md", "-o", "step-summary=sum.md", "-o", "annotations=-"];
    let args = [&["gate", "--margin", margin, "--format", "json", "--quiet"][..], &outputs].concat();
    let said = project.run(&args).expect(code).out;
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    let commands = said.lines().filter(|line| line.trim_start().starts_with("::")).map(str::to_owned).collect();
    Made { junit: read("out.xml"), comment: read("out.md"), summary: read("sum.md"), annotations: commands }
}

#[test]
fn a_gate_that_regressed_is_said_everywhere_and_its_failures_say_why() {
    let (project, worse) = project();
    worse.store(true, Ordering::SeqCst);
    let made = gate(&project, "0", 1);
    let read = roxmltree::Document::parse(&made.junit).unwrap();
    let cases: Vec<_> = read.descendants().filter(|n| n.has_tag_name("testcase")).collect();
    let failed = |name: &str| {
        let case = cases.iter().find(|c| c.attribute("name") == Some(name)).unwrap_or_else(|| panic!("{}", made.junit));
        case.children().find(|n| n.has_tag_name("failure")).map(|n| n.attribute("message").unwrap().to_owned())
    };
    // The gate, its one part, and the candidate's trials; those of the baseline have been reported with their own build.
    assert_eq!(cases.len(), 2 + 8 * 4);
    assert_eq!(cases.iter().map(|c| c.attribute("name")).collect::<BTreeSet<_>>().len(), cases.len());
    assert!(failed("gate of model").unwrap().starts_with("Regressed: "));
    let why = failed("shop/more-0 [model] trial 3").unwrap();
    assert!(why.starts_with("expect[1] answer: ") && why.contains("\\u001b[2J") && why.contains("@octocat"), "{why}");
    assert_eq!(failed("shop/more-1 [model] trial 3"), None);
    let file = cases.iter().find_map(|c| c.attribute("file"));
    assert_eq!(file, Some("scenarios/shop/lamp.yaml"));

    assert!(made.comment.starts_with("<!-- mocktrial: gate-model-on-shop -->\n## ❌ Regressed: "), "{}", made.comment);
    assert!(made.comment.contains("| shop/more-0 | ✓ 4/4 | ✗ 0/4 | the calls are the same, the answer differs"));
    assert!(made.comment.contains("mocktrial accept ") && !made.comment.contains("<b>"), "{}", made.comment);
    assert!(made.summary.starts_with("## ❌ Regressed: ") && made.summary.contains("### Why episodes failed"));
    // A summary is added to.
    let twice = gate(&project, "0", 1);
    assert_eq!(twice.summary.matches("## ❌ Regressed: ").count(), 2);

    assert!(made.annotations[0].starts_with("::error title=mocktrial::Regressed: "), "{:?}", made.annotations);
    assert_eq!(made.annotations.len(), 1 + 4, "{:?}", made.annotations);
    assert!(made.annotations[1].starts_with("::warning file=scenarios/shop/more-"), "{:?}", made.annotations);
    assert!(made.annotations.iter().all(|line| !line.starts_with("::error::owned")));
}

#[test]
fn a_gate_that_cannot_tell_says_what_would_settle_it() {
    let (project, worse) = project();
    worse.store(true, Ordering::SeqCst);
    let made = gate(&project, "0.3", 5);
    let read = roxmltree::Document::parse(&made.junit).unwrap();
    let skipped: Vec<_> = read.descendants().filter(|n| n.has_tag_name("skipped")).collect();
    assert!(skipped[0].attribute("message").unwrap().contains("would decide it"), "{}", made.junit);
    assert!(made.comment.contains("## ⚠️ Inconclusive: ") && made.comment.contains("would decide it"));
    assert!(made.annotations[0].starts_with("::warning title=mocktrial::Inconclusive: "), "{:?}", made.annotations);
}

#[test]
fn a_gate_that_says_no_worse_fails_nothing_and_keeps_its_marker() {
    let (project, _) = project();
    let made = gate(&project, "0.3", 0);
    let read = roxmltree::Document::parse(&made.junit).unwrap();
    assert!(!read.descendants().any(|n| ["failure", "error", "skipped"].contains(&n.tag_name().name())));
    assert!(made.comment.starts_with("<!-- mocktrial: gate-model-on-shop -->\n## ✅ No worse: "), "{}", made.comment);
    assert_eq!(made.annotations.len(), 1);
    assert!(made.annotations[0].starts_with("::notice title=mocktrial::No worse: "), "{:?}", made.annotations);
}

#[test]
fn a_run_that_claims_no_rate_says_so_where_it_is_read() {
    let (project, worse) = project();
    worse.store(true, Ordering::SeqCst);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["run", "--failed", "last", "--quiet", "-o", "junit-strict=out.xml"]).expect(0);
    let junit = std::fs::read_to_string(project.path().join("out.xml")).unwrap();
    assert!(
        junit.contains("<property name=\"pass_rate\" value=\"none is claimed: its episodes were selected"),
        "{junit}"
    );
    assert!(!junit.contains(" file="));
}

//! Every file of a small report, and that nothing in a report can act in them.

use super::*;
use mocktrial_analysis::compare::{Scope, Terms, compare};
use mocktrial_analysis::gate::{Rules, Standard, gate};
use mocktrial_analysis::protocol::{Claim, Deviation, Held, Hypothesis, Judged, Outcome as Became};
use mocktrial_analysis::until::{Decided, Decision};
use mocktrial_analysis::{Arm, Estimate, Provenance, scaling, summary};
use mocktrial_store::*;
use mocktrial_trajectory::*;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a report is made with: names that everything is called by.
#[derive(Clone)]
struct Names {
    endpoints: Vec<String>,
    scenario: String,
    tag: String,
    model: String,
    run: String,
}

impl Names {
    fn usual() -> Self {
        Self {
            endpoints: ["terse-prompt", "long-prompt", "small-model"].map(str::to_owned).into(),
            scenario: "shop/refund".into(),
            tag: "policy".into(),
            model: "example-4b".into(),
            run: "2026-11-23T14-05-09Z-shop".into(),
        }
    }

    fn hostile(text: &str) -> Self {
        let name = |n: &str| format!("{n}{text}");
        Self {
            endpoints: ["a", "b", "c"].map(name).into(),
            scenario: text.into(),
            tag: text.into(),
            model: text.into(),
            run: text.into(),
        }
    }
}

const SCENARIOS: usize = 6;
const TRIALS: u32 = 4;

fn episode(key: EpisodeKey, dispatch: u64, end: EndReason, passed: Option<bool>, grader: &str) -> EpisodeRecord {
    let mut t = Trajectory::default();
    t.push(0, Body::user("I want my money back."));
    t.push(0, Body::Request { parameters: None, added: vec![] });
    let usage = Some(Usage { input: 500, output: 20, ..Usage::default() });
    let response = Body::Response {
        content: vec![Part::text("Done.")],
        reasoning: None,
        calls: 0,
        stop: Stop::End,
        usage,
        served: Some(Box::new(Served { model: Some("example-4b-2026".into()), ..Served::default() })),
        logprobs: Vec::new(),
        raw: vec![],
    };
    let seq = t.push(0, response);
    t.push(0, Body::End { reason: end, detail: None });
    let cost = Some(if key.endpoint.starts_with(['l', 'b']) { 0.004 } else { 0.001 });
    let mut m = Measurements::default();
    m.events.push(Measurement { seq, latency_ms: Some(800.0), cost, ..Measurement::default() });
    let outcome = match passed {
        Some(true) => Outcome::Passed,
        Some(false) => Outcome::Failed,
        None => Outcome::Ungraded { cause: Cause::Provider, why: "it never ended".into() },
    };
    let score = passed.map(|p| f64::from(u8::from(p)));
    let grade = Grade {
        criterion: "expect[0]".into(),
        grader: grader.into(),
        measure: "task".into(),
        weight: 1.0,
        nullifies: false,
        score,
        outcome,
        evidence: vec![],
    };
    EpisodeRecord::new(key, dispatch, 7, &t, m, vec![grade], Total { passed, score })
}

/// The run, and its endpoints as arms.
fn run(names: &Names) -> (Report, Vec<Arm>) {
    let digest = Digest::of(&json!(1));
    let ids: Vec<Arc<str>> = (0..SCENARIOS).map(|n| Arc::from(format!("{}-{n}", names.scenario))).collect();
    let scenario = |id: &Arc<str>| NewScenario {
        scenario: Scenario {
            id: id.clone(),
            variant: "".into(),
            family: names.scenario.as_str().into(),
            title: "Refund".into(),
            tags: if id.ends_with(['0', '1', '2']) { vec![names.tag.clone()] } else { vec![] },
            instrument: Instrument { world: digest, criteria: digest },
        },
        case: Case {
            scenario: id.clone(),
            criteria: [].into(),
            tools: [].into(),
            initial: json!({}).into(),
            initial_hash: digest,
            comparison: Comparison::default(),
            references: vec![],
            inaction: false,
        }
        .into(),
    };
    let endpoint = |(n, name): (usize, &String)| Endpoint {
        name: name.as_str().into(),
        treatment: Digest::of(&json!(n)),
        parts: [("model".to_owned(), digest), ("prompt".to_owned(), Digest::of(&json!(n)))].into(),
        configuration: json!({"kind": "chat", "treatment": {"kind": "chat", "model": names.model, "prompt": "Be kind.",
            "parameters": {"temperature": 0.7, "seed": "trial"}}}),
        price: Some(json!({"input": 0.25, "output": 2, "as_of": "2026-11-01"})),
    };
    let cells = ids.iter().flat_map(|id| {
        names.endpoints.iter().map(|e| Cell {
            scenario: id.clone(),
            variant: "".into(),
            endpoint: e.as_str().into(),
            trials: TRIALS,
            treatment: None,
        })
    });
    let new = NewRun {
        header: Header {
            name: String::new(),
            created: "2026-11-23T14:05:09Z".into(),
            harness: "0.1.0".into(),
            seed: 42,
            suite: digest,
            trials: TRIALS,
            selection: Selection::Full,
            status: Status { state: State::Complete, reason: String::new() },
            notes: [].into(),
        },
        scenarios: ids.iter().map(scenario).collect(),
        endpoints: names.endpoints.iter().enumerate().map(endpoint).collect(),
        cells: cells.collect(),
    };
    let dir = tempfile::tempdir().unwrap();
    let store = RunFile::create(&dir.path().join("run.sqlite"), &new).unwrap();
    let mut dispatch = 0;
    for (s, id) in ids.iter().enumerate() {
        for trial in 1..=TRIALS {
            for (e, name) in names.endpoints.iter().enumerate() {
                let key =
                    EpisodeKey { scenario: id.clone(), variant: "".into(), endpoint: name.as_str().into(), trial };
                let n = s + trial as usize;
                let (end, passed) = match (e, s, trial) {
                    (1, 2, 3) => (EndReason::ProviderFailed, None),
                    (2, 4, _) => (EndReason::TurnLimit, Some(false)),
                    (0, ..) => (EndReason::Completed, Some(n != 4)),
                    (1, ..) => (EndReason::Completed, Some(!n.is_multiple_of(3))),
                    _ => (EndReason::Completed, Some(n.is_multiple_of(5))),
                };
                let grader = if n.is_multiple_of(2) { "state" } else { "answer" };
                store.record(episode(key, dispatch, end, passed, grader), Box::new(|r| r.unwrap()));
                dispatch += 1;
            }
        }
    }
    store.flush().unwrap();
    let mut arms = Arm::read(&store).unwrap();
    let mut summary = summary(&store).unwrap();
    let terms = scaling::Terms { endpoints: names.endpoints.clone(), alpha: 0.05, extrapolate: false };
    let fronts = scaling::scaling(&store, &terms).unwrap().fronts;
    let mut provenance = Provenance::read(&store, arms.iter()).unwrap();
    store.close().unwrap();
    arms.iter_mut().for_each(|arm| arm.run.clone_from(&names.run));
    (summary.run.name, provenance.run) = (names.run.clone(), names.run.clone());
    let commands =
        vec![crate::model::Command::new("this report", format!("mocktrial report {} --output paper=out", names.run))];
    let report = Report { runs: vec![summary], provenance: vec![provenance], fronts, commands, ..Report::default() };
    (report, arms)
}

/// Three endpoints, compared.
fn comparison(names: &Names) -> Report {
    let (mut report, arms) = run(names);
    let all: Vec<&Arm> = arms.iter().collect();
    let pairs = [(all[0], all[1]), (all[0], all[2]), (all[1], all[2])];
    report.compared = Some(compare(&pairs, &all, Terms { scope: Scope::Suite, alpha: 0.05 }).unwrap());
    report
}

fn rules(names: &Names) -> Rules {
    Rules {
        margin: 0.05,
        anchor_margin: 0.1,
        alpha: 0.05,
        power: 0.8,
        scope: Scope::Suite,
        max_age_days: 30.0,
        must_pass: [Arc::from(format!("{}-0", names.scenario))].into(),
        zero_tolerance: vec![names.tag.clone()],
        max_cost: Some(0.01),
        max_seconds: None,
        tags: vec![(names.tag.clone(), 0.2)],
    }
}

/// A gate with all its parts, a decision of its own, and a protocol.
fn gated(names: &Names) -> Report {
    let (mut report, arms) = run(names);
    let standard = Standard { side_by_side: true, ..Standard::of_arm(&arms[1]) };
    let open = gate(&arms[0], &standard, Some(&standard), None, &rules(names)).unwrap();
    let mut looked = gate(&arms[2], &standard, None, None, &rules(names)).unwrap();
    let decision = Decision {
        answer: "regressed".into(),
        rounds: 3,
        pairs: 18,
        early: true,
        margin: Some(0.05),
        alpha: 0.05,
        difference: None,
    };
    let decided = Decided {
        candidate: arms[2].endpoint.clone(),
        control: arms[1].endpoint.clone(),
        decision,
        said: format!("regressed: {} passes less often", names.endpoints[2]),
    };
    looked.sequential = Some(decided);
    report.gates = vec![open, looked];
    let judged = |claim, sequential| Judged {
        hypothesis: Hypothesis {
            claim,
            margin: 0.05,
            candidate: arms[0].endpoint.clone(),
            control: arms[1].endpoint.clone(),
            tag: Some(names.tag.clone()),
            scenarios: Default::default(),
        },
        outcome: Became::Confirmed,
        verdict: "no_worse",
        why: None,
        by_numbers: Some(Became::Confirmed),
        delta: Some(Estimate { value: 0.2, low: 0.01, high: 0.4 }),
        confidence: 0.95,
        p: Some(0.01),
        p_adjusted: Some(0.02),
        p_opposite_adjusted: Some(1.0),
        bounds: None,
        of_scenarios: 3,
        units: 3,
        sequential,
    };
    report.protocols = vec![Held {
        title: format!("Prompts {}", names.tag),
        file: format!("protocols/{}.toml", names.tag),
        hash: "0123456789abcdef".into(),
        run: names.run.clone(),
        registered: "2026-11-23T14:05:09Z".into(),
        file_seen: true,
        trials: TRIALS,
        sequential: false,
        scenarios: 6,
        alpha: 0.05,
        scope: Scope::Suite,
        hypotheses: vec![judged(Claim::NoWorse, None), judged(Claim::Better, None)],
        deviations: vec![Deviation::WithoutOutcome { episodes: 1 }],
    }];
    report
}

fn written(files: &[(String, String)]) -> String {
    files.iter().fold(String::new(), |mut all, (name, text)| {
        let _ = writeln!(all, "===== {name}\n{text}");
        all
    })
}

#[test]
fn every_file_of_a_comparison() {
    insta::assert_snapshot!("comparison", written(&pieces(&comparison(&Names::usual()))));
}

#[test]
fn every_file_of_a_gate() {
    let files = pieces(&gated(&Names::usual()));
    // The run is that of the comparison; what is told of it alone is snapshot there.
    let own = |name: &String| {
        ["results", "methods", "references", "differences", "gate"].iter().any(|part| name.contains(part))
    };
    let files: Vec<_> = files.into_iter().filter(|(name, _)| own(name)).collect();
    insta::assert_snapshot!("gate", written(&files));
}

#[test]
fn methods_in_plain_words_say_the_same_as_in_latex_and_number_their_references() {
    let report = comparison(&Names::usual());
    let methods = Methods::of(&report);
    let text = methods.markdown();
    insta::assert_snapshot!("methods", text);
    for (n, work) in methods.works.iter().enumerate() {
        assert!(text.contains(&format!("\n{}. ", n + 1)) && methods.tex().contains(work.key()), "{}", work.key());
        assert!(methods.bib().contains(&format!("{{{},", work.key())));
    }
    assert_eq!(methods.bib().matches('@').count(), methods.works.len(), "exactly what is cited");
}

#[test]
fn what_does_not_apply_is_not_said() {
    let text = Methods::of(&comparison(&Names::usual())).markdown();
    for word in ["quarantine", "margin", "judge", "replayed", "variant", "registered", "wager"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let mut alone = run(&Names::usual()).0;
    alone.fronts.clear();
    let text = Methods::of(&alone).markdown();
    assert!(!text.contains("Holm") && !text.contains("Comparisons") && !text.contains("accuracy"), "{text}");
    alone.runs[0].refused = Some("its episodes were picked".into());
    alone.runs[0].endpoints.iter_mut().for_each(|e| e.pass_rate = None);
    let text = Methods::of(&alone).markdown();
    assert!(
        text.contains("No rates were estimated, for its episodes were picked") && !text.contains("Wilson"),
        "{text}"
    );
    let files = pieces(&alone);
    assert!(!files.iter().any(|(name, _)| name.contains("pass-rates") || name.contains("differences")));
    let paper = &files.iter().find(|(name, _)| name == "paper.tex").unwrap().1;
    assert!(!paper.contains("\\bibliography"), "nothing is cited: {paper}");
}

#[test]
fn a_run_that_stopped_early_is_said_to_lean() {
    let mut report = run(&Names::usual()).0;
    let decided = gated(&Names::usual()).gates[1].sequential.clone().unwrap();
    let head = &mut report.runs[0].run;
    head.status.state = State::Decided;
    head.notes.insert(Decided::NOTE.to_owned(), serde_json::to_string(&decided).unwrap());
    let text = Methods::of(&report).markdown();
    assert!(
        text.contains("A run stopped after 3 trials of every scenario by both endpoints (18 pairs of outcomes)"),
        "{text}"
    );
    assert!(text.contains("lean towards what it decided"), "{text}");
}

#[test]
fn the_main_tables_alone_are_those_of_endpoints_and_differences() {
    let sources = Sources { stores: vec![], bytes: 0 };
    let mut out = Vec::new();
    latex(&comparison(&Names::usual()), &sources, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let labels: Vec<&str> =
        text.match_indices("\\label{").map(|(at, _)| text[at + 7..].split('}').next().unwrap()).collect();
    assert_eq!(labels, ["tab:endpoints", "tab:differences"]);
}

/// Control sequences that the files are written with.
const COMMANDS: &[&str] = &[
    "allowbreak",
    "appendix",
    "arraybackslash",
    "author",
    "begin",
    "bibliography",
    "bibliographystyle",
    "bottomrule",
    "caption",
    "centering",
    "circle",
    "cite",
    "clearpage",
    "color",
    "date",
    "documentclass",
    "emergencystretch",
    "end",
    "endfirsthead",
    "endfoot",
    "endhead",
    "endlastfoot",
    "fontsize",
    "footnotesize",
    "IfFileExists",
    "includegraphics",
    "input",
    "label",
    "ldots",
    "leq",
    "geq",
    "linewidth",
    "LTcapwidth",
    "makebox",
    "maketitle",
    "midrule",
    "multicolumn",
    "noindent",
    "par",
    "paragraph",
    "parbox",
    "pm",
    "put",
    "raggedleft",
    "raggedright",
    "rule",
    "section",
    "selectfont",
    "setlength",
    "sffamily",
    "small",
    "smallskip",
    "symbol",
    "tabcolsep",
    "textasciicircum",
    "textasciitilde",
    "textbackslash",
    "textbar",
    "textemdash",
    "textendash",
    "textgreater",
    "textless",
    "textquotedblleft",
    "textquotedblright",
    "textquoteleft",
    "textquoteright",
    "times",
    "title",
    "toprule",
    "unitlength",
    "usepackage",
    "alpha",
    "rightarrow",
];

/// Reads a file as TeX would, without expanding anything; what is wrong with it, if anything is.
fn checked(name: &str, text: &str) {
    let fail = |what: &str, at: usize| {
        panic!(
            "{name}: {what} at …{}",
            text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<String>()
        )
    };
    let (mut depth, mut math, mut open) = (0_i32, false, Vec::new());
    assert!(!text.contains("^^"), "{name}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}");
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let word: String = text[at + 1..].chars().take_while(char::is_ascii_alphabetic).collect();
                if word.is_empty() {
                    let next = chars.next().map_or(' ', |(_, c)| c);
                    if !"\\{}$&#%_".contains(next) {
                        fail("an unknown sequence", at + 2);
                    }
                    continue;
                }
                if !COMMANDS.contains(&&*word) {
                    fail(&format!("the command {word}"), at);
                }
                let argument = || text[at + word.len() + 2..].split('}').next().unwrap_or_default().to_owned();
                match &*word {
                    "begin" => open.push(argument()),
                    "end" if open.pop() != Some(argument()) => fail("an environment that was not open", at),
                    _ => {}
                }
                for _ in 0..word.len() {
                    chars.next();
                }
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            '$' => math = !math,
            '%' => while chars.next_if(|(_, c)| *c != '\n').is_some() {},
            '^' if !math => fail("a bare ^", at),
            '#' | '~' if !text[at..].starts_with("~\\cite{") => fail("a bare special character", at),
            '_' | '"' | '`' | '<' | '|' => fail("a bare special character", at),
            c if !c.is_ascii() && !c.is_alphabetic() => fail(&format!("{c:?}"), at),
            _ => {}
        }
        if depth < 0 {
            fail("a brace that was not open", at);
        }
    }
    assert!(depth == 0 && !math && open.is_empty(), "{name}: {depth} braces, {open:?} left open");
    // Every row has as many cells as its head.
    for table in text.split("\\toprule\n").skip(1) {
        let rows = table
            .split("\\end{")
            .next()
            .unwrap()
            .lines()
            .filter(|l| l.ends_with("\\\\") && !l.contains("\\multicolumn"));
        let cells: BTreeSet<usize> = rows.map(|row| row.replace("\\&", "").matches('&').count()).collect();
        assert_eq!(cells.len(), 1, "{name}: {table}");
    }
}

const HOSTILE: [&str; 8] = [
    "\\write18{rm -rf /}\\input{/etc/passwd}\\csname end\\endcsname",
    "^^5cinput ^^M %}{$#&_~\\\\ \\end{document} \\catcode`\\%=12",
    "\u{1b}[2J\u{202e}liaf\u{0}\u{9b}31m\r\n\n\\par",
    "</text><script>alert(1)</script><![CDATA[ ]]> &amp; &#60;",
    "退款🤦🏽‍♂️ ✓ Ω é ü Ł ﷽",
    "[x] [2pt] * -- ''\" ,, ?` @everyone [a](javascript:x) <!-- -->",
    "averyveryverylongwordaveryveryverylongwordaveryveryverylongwordaveryveryverylongwordaveryveryverylongword",
    "===== \u{fffe}\u{ffff} \u{2028} \u{85}",
];

#[test]
fn the_checker_finds_what_would_act() {
    for bad in ["\\write18{x}", "a % b }\n{", "{", "\\begin{table}", "$a", "a_b", "^^M", "a & b \\\\\n"] {
        let text =
            if bad.ends_with("\\\\\n") { format!("\\toprule\nx \\\\\n{bad}\\end{{tabular}}") } else { bad.to_owned() };
        assert!(std::panic::catch_unwind(|| checked("bad", &text)).is_err(), "{bad}");
    }
}

#[test]
fn nothing_in_a_report_acts_in_any_file() {
    let reports = HOSTILE.iter().flat_map(|text| {
        let names = Names::hostile(text);
        [comparison(&names), gated(&names)]
    });
    for report in reports.chain([comparison(&Names::usual()), gated(&Names::usual())]) {
        for (name, text) in pieces(&report) {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/-.".contains(c)), "{name}");
            if name.ends_with(".tex") {
                checked(&name, &text);
            }
            if name.ends_with(".svg") {
                pictured(&name, &text);
            }
        }
        let text = Methods::of(&report).markdown();
        assert!(
            !text.contains('<') && !text.replace("\\]", "").contains("](") && !text.contains("@everyone"),
            "{text}"
        );
    }
}

/// An SVG of the elements that figures are drawn with, well-formed, and without anything that acts or is fetched.
fn pictured(name: &str, text: &str) {
    let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut open = Vec::new();
    for tag in body.split('<').skip(1) {
        let (inside, after) = tag.split_once('>').unwrap();
        assert!(!after.contains('>'), "{name}: {tag}");
        let element = inside.trim_start_matches('/').split([' ', '/']).next().unwrap();
        assert!(["svg", "title", "desc", "rect", "line", "circle", "text"].contains(&element), "{name}: {tag}");
        assert!(!inside.contains(" on") && !inside.contains("href") && !inside.contains("style"), "{name}: {tag}");
        match (inside.starts_with('/'), inside.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(element), "{name}"),
            (false, false) => open.push(element),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{name}");
    assert!(body.contains("role=\"img\"") && body.contains("-title\">") && body.contains("viewBox"), "{name}");
    let description = body.split("-description\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(description.len() > 20, "{name} has a text that says the same: {description}");
    for number in body.split(['"', ' ']).filter(|part| part.ends_with(|c: char| c.is_ascii_digit())) {
        assert!(!number.contains("NaN") && !number.contains("inf"), "{name}: {number}");
    }
}

#[test]
fn tables_of_many_endpoints_come_in_parts_that_fit() {
    let mut names = Names::usual();
    names.endpoints = (0..17).map(|n| format!("an-endpoint-with-a-name-{n:02}")).collect();
    let (report, _) = run(&names);
    let files = pieces(&report);
    let scenarios = &files.iter().find(|(name, _)| name == "tables/scenarios.tex").unwrap().1;
    assert_eq!(scenarios.matches("\\begin{longtable}").count(), 3, "{scenarios}");
    assert!(scenarios.contains("\\label{tab:scenarios-part-3}"));
    for name in &names.endpoints {
        assert!(scenarios.contains(&*tex::escape(name)), "{name}");
    }
    files.iter().filter(|(name, _)| name.ends_with(".tex")).for_each(|(name, text)| checked(name, text));
}

//! Results as data: the page about it is true, and the formats agree with the views.

use crate::support::{Project, chat, completion, conforms, good, query, respond, serve};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../docs/data.md");

/// A model that fails, calls wrongly and answers, in turns; and one that does nothing.
fn project() -> Project {
    let server = serve(|asked| {
        let call =
            json!({"id": "c1", "type": "function", "function": {"name": "take", "arguments": "{\"id\": \"x\"}"}});
        Some(match (asked.number % 3, asked.results()) {
            (0, 0) => respond(
                200,
                &completion(&json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls"),
            ),
            _ => good(asked),
        })
    });
    let config = chat(&server, "price = {input = 1.0, output = 2.0}\nconcurrency = 1");
    let project = Project::with_scenarios(&(config + "\n[endpoints.nothing]\nkind = \"probe\"\nprobe = \"null\"\n"), 4);
    project.write(
        "scenarios/shop/hostile.yaml",
        "title: \"=HYPERLINK(1)\\e[31m; +1, \\\"q\\\"\\n\\u202e\"\ntags: [\"@all\"]\nworld: shop\nuser: [Hi.]\nreference: [{say: Hello.}]\nexpect: [{answer: {contains: Hello}}]\n",
    );
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project
}

fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```{kind}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_question_on_the_page_has_an_answer_in_a_run() {
    let project = project();
    let questions = blocks("sql");
    assert_eq!(questions.len(), 10);
    // The first says what mocktrial says.
    let report = project.run(&["report", "-o", "json=-"]).expect(0).json();
    for (row, at) in project.query(questions[0]).iter().zip(0..) {
        let stated = &report["runs"][0]["endpoints"][at];
        assert_eq!(
            (&*row[0], row[1].parse().ok()),
            (stated["name"].as_str().unwrap(), stated["pass_rate"]["value"].as_f64())
        );
    }
    for sql in questions {
        let rows = project.query(sql);
        // No scenario is always passed here while another endpoint never passes it, say; but most have an answer.
        if !sql.contains("as never") && !sql.contains("k > 0 and k < n") {
            assert!(!rows.is_empty(), "{sql}");
        }
    }
}

#[test]
fn every_column_of_every_view_is_described_on_the_page_and_none_besides() {
    let project = project();
    let views = project.query("select name from sqlite_master where type = 'view' order by name");
    assert_eq!(views.len(), 6);
    for view in views.iter().flatten() {
        let columns = project.query(&format!("select name, type from pragma_table_info('{view}')"));
        let table = PAGE.split(&format!("### `{view}`")).nth(1).unwrap_or_else(|| panic!("{view} is not described"));
        let table = table.split("\n### ").next().unwrap().split("\n## ").next().unwrap();
        let described: Vec<Vec<&str>> = table
            .lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split('|').map(|c| c.trim().trim_matches('`')).collect()))
            .collect();
        assert_eq!(described.len(), columns.len(), "{view}");
        for (said, is) in described.iter().zip(&columns) {
            assert_eq!(said[0], is[0], "{view}");
            let types: &[&str] = match said[1] {
                "text" | "JSON" => &["TEXT"],
                "integer" => &["INTEGER", "INT", "NUM"],
                "real" => &["REAL"],
                other => panic!("{view}.{}: {other}", is[0]),
            };
            assert!(types.contains(&&*is[1]), "{view}.{}: {} is said to be {}", is[0], is[1], said[1]);
            if said[4].starts_with("never") {
                let sql = format!("select count(*) from {view} where {} is null", said[0]);
                assert_eq!(project.query(&sql), [["0"]], "{view}.{}", said[0]);
            }
        }
    }
}

/// A CSV as its header and rows.
fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = |r: &csv::StringRecord| r.iter().map(str::to_owned).collect::<Vec<_>>();
    let head = row(reader.headers().unwrap());
    (head, reader.records().map(|r| row(&r.unwrap())).collect())
}

#[test]
fn tables_have_the_columns_and_the_values_of_the_views() {
    let project = project();
    for (kind, view, order) in [("csv", "results", "episode"), ("csv-scenarios", "scenarios_by_endpoint", "scenario")] {
        let text = project.run(&["report", "-o", &format!("{kind}=-")]).expect(0).out;
        let (head, mut rows) = table(&text);
        let mut columns: Vec<String> =
            project.query(&format!("select name from pragma_table_info('{view}')")).into_iter().flatten().collect();
        columns.retain(|c| c != "episode");
        assert_eq!(head, columns);
        let mut stored = project.query(&format!("select {} from {view} order by {order}", columns.join(", ")));
        // What is text is neutralised, and a list of numbers may be written otherwise.
        let skipped: BTreeSet<usize> =
            (0..head.len()).filter(|n| ["title", "latencies_ms"].contains(&&*head[*n])).collect();
        for row in rows.iter_mut().chain(&mut stored) {
            skipped.iter().for_each(|n| row[*n].clear());
        }
        rows.sort();
        stored.sort();
        assert_eq!(rows, stored, "{kind}");
        assert!(text.contains("\"'=HYPERLINK(1)\\u{1b}[31m;' +1, \"\"q\"\"⏎\\u{202e}\""), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && !['\r', '\n'].contains(&c)));
    }
    let (head, rows) = table(&project.run(&["report", "-o", "csv-endpoints=-"]).expect(0).out);
    let value = |row: &[String], name: &str| row[head.iter().position(|h| h == name).unwrap()].clone();
    assert_eq!(rows.len(), 2);
    let rate = |row: &[String]| {
        ["pass_rate_low", "pass_rate", "pass_rate_high"].map(|c| value(row, c).parse::<f64>().unwrap())
    };
    assert!(rows.iter().map(|row| rate(row)).all(|[low, at, high]| low <= at && at <= high));
    let (head, rows) = table(&project.run(&["report", "-o", "csv-differences=-"]).expect(0).out);
    assert_eq!((rows.len(), head.len(), &*rows[0][0]), (1, rows[0].len(), "comparison"));
    let one = project.run(&["report", "-e", "model", "-o", "csv-differences=-"]).expect(0).out;
    assert_eq!(table(&one).1.len(), 0);
}

#[test]
fn a_line_of_json_holds_an_episode_with_its_trajectory_byte_for_byte() {
    let project = project();
    let lines = project.run(&["report", "-o", "jsonl=-"]).expect(0).out;
    let stored = query(
        project.runs().last().unwrap(),
        "select scenario, endpoint, r.trial, trajectory, trajectory_hash from results r join trajectories using (episode)",
    );
    assert_eq!(lines.lines().count(), stored.len());
    for (line, stored) in lines.lines().zip(&stored) {
        let document: Value = serde_json::from_str(line).unwrap();
        conforms(&document);
        let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["version", "kind", "run", "key", "figures", "trajectory", "measurements", "grades"]);
        assert_eq!(document["key"]["scenario"], *stored[0]);
        assert_eq!(document["key"]["endpoint"], *stored[1]);
        assert_eq!(document["figures"]["trajectory_hash"], *stored[4]);
        assert!(line.contains(&format!(",\"trajectory\":{},\"measurements\":", stored[3])), "{line}");
        assert!(!document["grades"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_whole_report_is_one_document_that_says_what_the_others_say() {
    let project = project();
    let report = project.run(&["report", "-o", "json=-"]).expect(0).json();
    assert_eq!((&report["version"], &report["kind"]), (&json!(1), &json!("report")));
    let compared = project.run(&["compare", "--format", "json"]).expect(0).json();
    assert_eq!(report["comparison"]["pairs"], compared["pairs"]);
    let shown = project.run(&["show", "last", "--format", "json"]).expect(0).json();
    assert_eq!(report["runs"][0]["endpoints"], shown["endpoints"]);
    let effect = &report["verdicts"][0]["effect"]["delta"];
    assert!(effect["low"].as_f64() <= effect["value"].as_f64() && effect["value"].as_f64() <= effect["high"].as_f64());
    assert_eq!(report["runs"][0]["scenarios"][0]["title"], "=HYPERLINK(1)\u{1b}[31m; +1, \"q\"\n\u{202e}");
    assert!(report["plain"].as_array().unwrap().len() > 2 && report["facts"][0]["name"] == "run");
    project.run(&["accept", "--why", "first"]).expect(0);
    project.run(&["run", "-t", "2", "--quiet", "--seed", "7"]).expect(0);
    let gate = project.run(&["gate", "--quiet", "-o", "json=gate.json"]);
    let text =
        std::fs::read_to_string(project.path().join("gate.json")).unwrap_or_else(|e| panic!("{e}: {}", gate.err));
    let gate: Value = serde_json::from_str(&text).unwrap();
    conforms(&gate);
    assert!(
        gate["gates"][0]["rate"]["margin"].is_number() && gate["verdicts"][0]["effect"]["margin"].is_number(),
        "{text}"
    );
}

#[test]
fn what_commands_print_as_json_has_a_schema_that_a_stray_key_does_not_fit() {
    let project = project();
    for kind in ["report", "summary", "comparison", "gate", "episode"] {
        let schema = project.run(&["schema", kind]).expect(0).json();
        assert_eq!(schema["properties"]["kind"]["const"], kind);
        assert!(schema["$defs"].as_object().unwrap().values().all(|def| def["description"].is_string()), "{kind}");
    }
    let listed = project.run(&["schema"]).expect(0).out;
    assert!(
        listed.contains("config") && listed.contains("report ") && listed.contains("--output json=PATH"),
        "{listed}"
    );
    let mut shown = project.run(&["show", "last", "--format", "json"]).expect(0).json();
    project.run(&["show", "last", "shop/lamp", "-e", "model", "--format", "json"]).expect(0).json();
    shown["stray"] = 1.into();
    assert!(std::panic::catch_unwind(|| conforms(&shown)).is_err());
}

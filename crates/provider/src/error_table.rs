//! The tables of `errors.md`, row by row against what is done.

use crate::dialect::dialect;
use crate::{Kind, failure, read};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The rows of the table whose second column has this title, as cells.
fn rows(title: &str) -> Vec<Vec<&'static str>> {
    let cells = |line: &'static str| -> Vec<&str> { line.trim_matches('|').split('|').map(str::trim).collect() };
    let mut lines = include_str!("errors.md").lines().skip_while(|line| !cells(line).contains(&title));
    lines.by_ref().take(2).for_each(drop);
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[track_caller]
fn check(kind: Kind, row: &[&str]) {
    let [said, action] = [row[row.len() - 2], row[row.len() - 1]];
    assert_eq!(format!("`{kind:?}`"), said, "{row:?}");
    assert_eq!(kind.action().as_str(), action, "{row:?}");
}

#[test]
fn every_row_of_the_table_of_errors_is_what_is_done() {
    let rows = rows("status and body");
    let mut dialects = BTreeSet::new();
    for row in &rows {
        dialects.insert(row[0]);
        let body = spans(row[1]).next().unwrap();
        let value: Value = serde_json::from_str(body).unwrap();
        for status in row[1].split('`').next().unwrap().split(',') {
            let failure = match status.trim().parse().unwrap() {
                200 => failure::embedded(&value["error"].to_string()),
                status => failure::classify(status, body.as_bytes()),
            };
            check(failure.kind, row);
        }
    }
    assert_eq!(dialects, BTreeSet::from(["any", "chat", "gemini", "messages", "responses"]));
    assert!(rows.len() > 40, "{}", rows.len());
}

#[test]
fn every_kind_is_in_a_table_with_what_to_do() {
    let kinds: BTreeSet<&str> = ["status and body", "what"]
        .iter()
        .flat_map(|title| rows(title))
        .map(|row| {
            let said = spans(row[row.len() - 2]).next().unwrap();
            let kind = Kind::ALL.iter().find(|kind| format!("{kind:?}") == said).unwrap();
            check(*kind, &row);
            said
        })
        .collect();
    for kind in Kind::ALL {
        assert!(kinds.contains(&*format!("{kind:?}")), "{kind:?}");
    }
}

/// A response that ends for this reason.
fn answer(dialect: &str, reason: &str) -> Value {
    match dialect {
        "chat" => json!({"choices": [{"message": {"content": "Hi."}, "finish_reason": reason}]}),
        "responses" => json!({
            "id": "r", "object": "response", "status": "incomplete", "incomplete_details": {"reason": reason},
            "output": [{"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}],
        }),
        "messages" => json!({
            "type": "message", "role": "assistant", "stop_reason": reason, "content": [{"type": "text", "text": "Hi."}],
        }),
        "gemini" => json!({
            "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi."}]}, "finishReason": reason}],
        }),
        other => panic!("no answer is known for {other}"),
    }
}

#[test]
fn every_row_of_the_table_of_finish_reasons_is_what_is_read() {
    let mut read_any = false;
    for row in rows("finish reason") {
        let Some(dialect) = dialect(row[0]) else { continue };
        for reason in spans(row[1]) {
            let body = answer(row[0], reason).to_string();
            let reply = read::read(dialect, body.as_bytes(), 0).unwrap();
            assert_eq!(format!("`{:?}`", reply.stop), row[2], "{row:?}");
            read_any = true;
        }
    }
    assert!(read_any);
}

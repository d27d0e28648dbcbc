//! The whole measurement, with the bare loop in the harness's place.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BENCH: &str = env!("CARGO_BIN_EXE_mocktrial-bench");

/// A harness that reads the project and runs as many episodes as it asks for, times `share`.
fn stand_in(dir: &Path, share: &str) -> PathBuf {
    let file = dir.join("stand-in");
    let script = format!(
        r#"#!/bin/sh
[ "$1" = --version ] && exit 0
url=$(sed -n 's/^base_url = "\(.*\)"/\1/p' mocktrial.toml)
trials=$(sed -n 's/^trials = //p' mocktrial.toml)
scenarios=$(ls scenarios/bench/*.yaml | wc -l)
'{BENCH}' bare --base-url "$url" --episodes $((scenarios * trials {share})) --concurrency 8
"#
    );
    fs::write(&file, script).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

fn measure(dir: &Path, harness: &Path, more: &[&str]) -> Output {
    Command::new(BENCH)
        .args(["measure", "--repeat", "1", "--scenarios", "8"])
        .arg("--bin")
        .arg(harness)
        .arg("--dir")
        .arg(dir)
        .args(more)
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["lines"].as_array().unwrap().clone()
}

#[test]
fn a_harness_that_does_the_work_has_a_figure_in_every_line() {
    let dir = tempfile::tempdir().unwrap();
    let harness = stand_in(dir.path(), "");
    let parts = ["--only", "ratios,start,scale", "--scale", "2", "--json"];
    let output = measure(dir.path(), &harness, &parts);
    assert!(output.status.success(), "{output:?}");
    let lines = lines(&output);
    assert_eq!(lines.len(), 5 + 2 + 2);
    for line in lines {
        assert!(line["measured"].as_f64().is_some_and(|measured| measured > 0.0), "{line}");
        assert!(line["fault"].is_null(), "{line}");
    }
}

#[test]
fn a_harness_that_leaves_work_out_is_missed_however_fast() {
    let dir = tempfile::tempdir().unwrap();
    let harness = stand_in(dir.path(), "/ 2");
    let output = measure(dir.path(), &harness, &["--only", "ratios", "--json"]);
    assert!(output.status.success(), "{output:?}");
    for line in lines(&output) {
        assert_eq!(line["verdict"], "MISS", "{line}");
        assert!(line["fault"].as_str().unwrap().contains("not 8 and 40"), "{line}");
    }
}

#[test]
fn without_a_harness_the_bare_loop_is_still_measured() {
    let dir = tempfile::tempdir().unwrap();
    let output = measure(dir.path(), &dir.path().join("absent"), &["--only", "ratios,start"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("only the bare loop ran"), "{text}");
    assert!(text.contains("0 of 7 within their limits"), "{text}");
    assert!(text.contains("there is no such program"), "{text}");
}

#[test]
fn another_loop_can_stand_in_for_the_bare_one() {
    let dir = tempfile::tempdir().unwrap();
    let harness = stand_in(dir.path(), "");
    let against = format!("{BENCH} bare --base-url http://127.0.0.1:{{port}}/v1 --episodes {{episodes}}");
    let parts = ["--only", "ratios", "--json", "--against", &against];
    for line in lines(&measure(dir.path(), &harness, &parts)) {
        assert!(line["bare"].is_number() && line["fault"].is_null(), "{line}");
    }
}

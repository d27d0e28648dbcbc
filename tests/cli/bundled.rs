//! The bundled suite: what the README promises.

use crate::support::Ran;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// A copy of what the bundled suite consists of, so that runs land elsewhere.
pub(crate) fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("mocktrial.toml"), folder.path().join("mocktrial.toml")).unwrap();
    copy_all(&root().join("scenarios"), &folder.path().join("scenarios"));
    folder
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_all(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// Scenarios that a test may name, whatever else the suite comes to hold.
const SOME: [&str; 24] = [
    "bank/bakery-total",
    "bank/balance#current",
    "bank/balance#joint",
    "bank/lost-wallet",
    "bank/not-enough",
    "bank/odd-amount",
    "desk/book-dentist",
    "desk/books-due",
    "desk/mail-to-calendar",
    "desk/move-the-lesson",
    "desk/permit-number",
    "desk/thats-all",
    "desk/whats-on",
    "files/no-such-file",
    "files/tidy-logs",
    "files/wifi-password",
    "files/write-list",
    "home/good-night",
    "home/light-on",
    "home/small-talk",
    "home/stop-music",
    "home/warm-bedroom",
    "ops/scale-images",
    "travel/capital",
];

/// Replays some of the suite's recordings.
pub(crate) fn recorded(folder: &Path, more: &[&str]) {
    let selected = SOME.iter().flat_map(|id| ["-s", *id]);
    let args: Vec<&str> = ["run", "--quiet"].into_iter().chain(selected).chain(more.iter().copied()).collect();
    mocktrial(folder, &args).expect(0);
}

pub(crate) fn mocktrial(folder: &Path, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mocktrial"));
    command.current_dir(folder).args(args).stdin(Stdio::null()).env_remove("NO_COLOR");
    // Nothing of this is reachable: the suite must not need it.
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("http_proxy", "http://127.0.0.1:9");
    Ran::from(command.output().unwrap())
}

#[test]
fn two_real_models_are_told_apart_offline() {
    let folder = copy();
    let ran = mocktrial(folder.path(), &["run", "scenarios", "--format", "json"]).expect(0);
    let report = ran.json();
    let endpoints = report["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 2);
    let interval = |i: usize| {
        let rate = &endpoints[i]["pass_rate"];
        (rate["low"].as_f64().unwrap(), rate["value"].as_f64().unwrap(), rate["high"].as_f64().unwrap())
    };
    let (qwen, smol) = (interval(0), interval(1));
    let difference = &report["difference"];
    assert_eq!(difference["verdict"], "better", "{difference}");
    assert!(difference["p"].as_f64().unwrap() < 0.001, "{difference}");
    assert!(smol.1 > 0.0 && qwen.1 < 1.0, "neither fails or passes everything: {qwen:?} {smol:?}");
    let counted = |i: usize| (endpoints[i]["counted"].as_u64().unwrap(), endpoints[i]["planned"].as_u64().unwrap());
    assert!([counted(0), counted(1)].iter().all(|(counted, planned)| counted == planned), "every response is recorded");
    assert!(report["scenarios"].as_array().unwrap().len() >= 46);
}

#[test]
fn the_bundled_criteria_pass_what_they_should_and_fail_what_they_should() {
    let folder = copy();
    let ran = mocktrial(folder.path(), &["check"]).expect(0);
    assert!(ran.out.lines().last().unwrap().starts_with("ok:"), "{}", ran.out);
}

#[test]
fn trajectories_are_byte_identical_at_concurrency_1_and_64() {
    let folder = copy();
    let hashes = |concurrency: &str| {
        mocktrial(folder.path(), &["run", "-j", concurrency, "--quiet", "--name", concurrency]).expect(0);
        let runs = folder.path().join(".mocktrial/runs");
        let run = std::fs::read_dir(runs)
            .unwrap()
            .map(|e| e.unwrap().path())
            .find(|p| p.file_stem().unwrap().to_string_lossy().ends_with(&format!("-{concurrency}")));
        crate::support::query(
            &run.unwrap(),
            "select scenario, endpoint, trial, passed, trajectory from results join trajectories using (episode) order by 1, 2, 3",
        )
    };
    let (one, many) = (hashes("1"), hashes("64"));
    assert!(one.len() >= 460, "{}", one.len());
    assert!(one == many);
}

#[test]
fn the_python_agent_of_the_suite_solves_its_scenario() {
    let folder = copy();
    let ran = mocktrial(
        folder.path(),
        &["run", "-s", "retail/refund-damaged", "-e", "support-script", "-t", "1", "--format", "json"],
    );
    assert_eq!(ran.expect(0).json()["endpoints"][0]["pass_rate"]["value"], 1.0);
}

#[test]
fn the_bundled_protocol_shows_its_page_without_a_model_and_confirms_nothing() {
    let folder = copy();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mocktrial"));
    command.current_dir(folder.path()).stdin(Stdio::null());
    command.args(["run", "--protocol", "scenarios/protocols/bigger-is-better.toml", "--quiet"]);
    let page = Ran::from(command.output().unwrap()).expect(0).out;
    assert!(page.contains("1. qwen2.5-1.5b is better than smollm2-135m"), "{page}");
    assert!(page.contains("Not confirmed: all ") && !page.contains("   Confirmed"), "{page}");
}

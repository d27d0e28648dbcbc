//! A process that is killed while it writes loses nothing that it was told is finished.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod shared;

use mocktrial_store::{RunFile, Store};
use shared::{episode, key, put, run};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

const SCENARIOS: usize = 40;
const TRIALS: u32 = 50;
const FILE: &str = "MOCKTRIAL_TEST_RUN_FILE";

/// Not a test: what the killed process does. Writes the plan's missing episodes, and prints the
/// key of each when it is acknowledged.
#[test]
fn writing_process() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let path = std::path::PathBuf::from(path);
    let store = if path.exists() {
        RunFile::resume(&path).unwrap()
    } else {
        RunFile::create(&path, &run(SCENARIOS, &["qwen"], TRIALS)).unwrap()
    };
    let done: BTreeSet<_> = store.ended().unwrap().into_iter().map(|e| e.key).collect();
    for trial in 1..=TRIALS {
        for scenario in 0..SCENARIOS {
            let key = key(scenario, "qwen", trial);
            if done.contains(&key) {
                continue;
            }
            let line = format!("acknowledged: {scenario} {trial}\n");
            store.record(
                episode(key, scenario % 2 == 0),
                Box::new(move |result| {
                    result.unwrap();
                    let mut out = std::io::stdout().lock();
                    out.write_all(line.as_bytes()).unwrap();
                    out.flush().unwrap();
                }),
            );
            if trial % 7 == 0 && scenario % 13 == 0 {
                store.flush().unwrap();
            }
        }
    }
    store.close().unwrap();
}

#[test]
fn a_kill_at_any_moment_loses_nothing_finished_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.sqlite");
    let mut acknowledged = BTreeSet::new();
    let mut kills = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writing_process", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after another number of acknowledgements each time; the last of them are still
        // in the pipe when it dies, and count.
        let after = 1 + (kills * 37) % 90;
        let mut seen = 0;
        let mut line = lines.next();
        while let Some(Ok(text)) = line {
            if let Some((_, rest)) = text.split_once("acknowledged: ") {
                let (scenario, trial) = rest.split_once(' ').unwrap();
                let new = acknowledged.insert((scenario.parse::<usize>().unwrap(), trial.parse::<u32>().unwrap()));
                assert!(new, "{rest} was acknowledged twice");
                seen += 1;
                if seen == after {
                    child.kill().unwrap();
                }
            }
            line = lines.next();
        }
        let whole = child.wait().unwrap().success();
        let store = RunFile::read(&path).unwrap();
        let kept: BTreeSet<_> = store.ended().unwrap().into_iter().map(|e| e.key).collect();
        for (scenario, trial) in &acknowledged {
            assert!(kept.contains(&key(*scenario, "qwen", *trial)), "{scenario} {trial} was lost");
        }
        drop(store);
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["run.sqlite"], "after {kills} kills");
        // Whatever was kept and not acknowledged is finished too.
        acknowledged = kept.iter().map(|k| (k.scenario[6..].parse::<usize>().unwrap(), k.trial)).collect();
        if whole {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 5, "only {kills} kills");
    let store = RunFile::resume(&path).unwrap();
    assert_eq!(store.ended().unwrap().len(), SCENARIOS * TRIALS as usize);
    let told = put(&store, episode(key(0, "qwen", 1), true));
    store.flush().unwrap();
    assert!(told.recv().unwrap().is_err());
}

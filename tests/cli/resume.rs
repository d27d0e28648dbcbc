//! Runs that are killed, interrupted, out of money, topped up and picked from.

use crate::support::{Project, chat, completion, good, query, respond, serve};
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that counts how often an episode ends with it.
fn counting() -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let server = serve(move |asked| {
        seen.fetch_add(1, Ordering::SeqCst);
        Some(good(asked))
    });
    (server, count)
}

#[test]
fn a_run_that_is_killed_at_many_points_is_resumed_with_nothing_lost_and_nothing_doubled() {
    const EPISODES: usize = 120;
    let (server, asked) = counting();
    let project = Project::with_scenarios(&chat(&server, "concurrency = 4"), 40);
    let mut kills = 0;
    let mut finished = 0;
    let mut done: Vec<Vec<String>> = Vec::new();
    while kills < 12 {
        let args: &[&str] =
            if kills == 0 { &["run", "-t", "3", "--quiet"] } else { &["run", "--resume", "last", "--quiet"] };
        let before = asked.load(Ordering::SeqCst);
        let mut child = project.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Killed after a varying number of requests, wherever that leaves it.
        let bound = before + 3 + 7 * (kills % 4);
        while asked.load(Ordering::SeqCst) < bound && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if let Some(run) = project.runs().last() {
            let now = query(
                run,
                "select scenario, endpoint, trial, trajectory from results join trajectories using (episode) order by 1, 2, 3",
            );
            assert!(now.len() >= finished, "{} episodes were lost", finished - now.len());
            assert!(done.iter().all(|row| now.contains(row)), "a finished episode changed");
            finished = now.len();
            done = now;
        } else {
            // Killed before the run had begun: there is nothing to resume yet.
            kills = 0;
        }
    }
    project.run(&["run", "--resume"]).expect(0);
    assert_eq!(project.runs().len(), 1);
    let counted =
        project.query("select count(*), count(distinct scenario || endpoint || trial), sum(passed) from results");
    assert_eq!(counted, [[EPISODES.to_string(), EPISODES.to_string(), EPISODES.to_string()]]);
}

#[test]
fn an_interruption_ends_the_run_cleanly_and_says_how_to_go_on() {
    let (server, asked) = counting();
    let project = Project::with_scenarios(&chat(&server, "concurrency = 1"), 300);
    let child = project.command(&["run"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while asked.load(Ordering::SeqCst) < 20 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let last = String::from_utf8(output.stdout).unwrap().lines().last().unwrap().to_owned();
    assert!(last.contains("interrupted") && last.contains("--resume"), "{last}");
    project.run(&["run", "--resume", "last", "--quiet"]).expect(0);
    assert_eq!(project.query("select count(*), sum(passed) from results where passed is not null"), [["300", "300"]]);
}

#[test]
fn a_budget_is_never_passed_and_more_of_it_finishes_the_run() {
    let (server, asked) = counting();
    // Each request may take its body in bytes and 50 tokens of answer, and takes 15 in truth.
    let config = format!("{}\n[budget]\ntokens = 6000\n", chat(&server, "price = {input = 1.0, output = 1.0}"));
    let project = Project::with_scenarios(&config, 200);
    let ran = project.run(&["run"]).expect(4);
    assert!(ran.out.lines().last().unwrap().contains("budget"), "{}", ran.out);
    let used = asked.load(Ordering::SeqCst) * 15;
    assert!(used <= 6000, "{used}");
    assert!(used > 1500, "open reservations are waited for, not taken for spent: {used}");
    project.run(&["run", "--resume", "last", "--max-tokens", "900000", "--quiet"]).expect(0);
    assert_eq!(project.query("select count(*), sum(passed) from results where passed is not null"), [["200", "200"]]);
}

#[test]
fn a_budget_without_a_bound_refuses_to_start() {
    let config = "[endpoints.model]\nkind = \"chat\"\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n\n[budget]\ncost = 1.0\n";
    let ran = Project::new(config).run(&["run"]).expect(2);
    assert!(ran.err.contains("max_tokens"), "{}", ran.err);
}

#[test]
fn failures_are_run_again_into_a_run_that_claims_no_rate() {
    let server = serve(|asked| {
        let fails = asked.body["seed"].as_u64().unwrap() % 2 == 0;
        if fails {
            Some(respond(200, &completion(&json!({"role": "assistant", "content": "No."}), "stop")))
        } else {
            Some(good(asked))
        }
    });
    let project = Project::with_scenarios(&chat(&server, ""), 20);
    project.run(&["run", "--quiet"]).expect(0);
    let failed = project.query("select count(*) from results where passed = 0")[0][0].clone();
    assert_ne!(failed, "0");
    let ran = project.run(&["run", "--failed", "last"]).expect(0);
    assert_eq!(project.runs().len(), 2);
    assert_eq!(project.query("select count(*) from results")[0][0], failed);
    assert!(ran.out.contains("selected"), "{}", ran.out);
    let report = project.run(&["show", "last", "--format", "json"]).json();
    assert!(report["endpoints"][0]["pass_rate"].is_null(), "a rate is refused");
    let resumed = project.run(&["run", "--resume", "last", "--quiet"]).expect(0);
    assert!(resumed.out.contains(&format!("Complete: {failed} episodes")), "{}", resumed.out);
    project.run(&["run", "--add-trials", "1", "last"]).expect(2);
}

#[test]
fn trials_are_added_to_every_scenario_equally() {
    let (server, _) = counting();
    let project = Project::with_scenarios(&chat(&server, ""), 5);
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    project.run(&["run", "--add-trials", "3", "last", "--quiet"]).expect(0);
    assert_eq!(project.runs().len(), 1);
    let rows = project.query("select scenario, count(*), max(trial) from results group by scenario");
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|r| r[1..] == ["5", "5"]), "{rows:?}");
}

#[test]
fn a_run_whose_suite_has_changed_is_not_resumed() {
    let (server, asked) = counting();
    let project = Project::with_scenarios(&chat(&server, "concurrency = 1"), 100);
    let mut child = project.command(&["run", "--quiet"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while asked.load(Ordering::SeqCst) < 6 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let path = project.path().join("scenarios/shop/lamp.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("Take item 1", "Please take item 1");
    std::fs::write(path, text).unwrap();
    let ran = project.run(&["run", "--resume"]).expect(2);
    assert!(ran.err.contains("shop/lamp"), "{}", ran.err);
}

#[test]
fn a_resumed_run_keeps_to_its_budget_and_counts_what_a_killed_one_may_have_spent() {
    let (server, asked) = counting();
    // A request may cost its body and 50 tokens at a dollar each, and costs 15 dollars in truth.
    let config = chat(&server, "concurrency = 2\nprice = {input = 1e6, output = 1e6}");
    let project = Project::with_scenarios(&config, 400);
    let args = ["run", "--quiet", "--max-cost", "9000"];
    let mut child = project.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while asked.load(Ordering::SeqCst) < 60 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The journal holds slices of the budget: what a killed run may have spent is near what it did.
    let journal = project.query("select count(*), sum(cost) from reservations").remove(0);
    let (slices, allowed) = (journal[0].parse::<u32>().unwrap(), journal[1].parse::<f64>().unwrap());
    assert!(slices < 30 && allowed < 6000.0, "{journal:?}");
    let ran = project.run(&["run", "--resume"]).expect(4);
    assert!(ran.out.lines().last().unwrap().contains("$9000"), "{}", ran.out);
    assert!(asked.load(Ordering::SeqCst) * 15 <= 9_000);
    project.run(&["run", "--resume", "--max-cost", "1000000", "--quiet"]).expect(0);
}

#[test]
fn an_endpoint_that_was_refused_is_run_once_its_key_is_mended() {
    let mended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let now = Arc::clone(&mended);
    let server = serve(move |asked| {
        if now.load(Ordering::SeqCst) {
            Some(good(asked))
        } else {
            Some(respond(
                401,
                &json!({"error": {"message": "wrong \u{1b}]0;owned\u{7} key", "code": "invalid_api_key"}}),
            ))
        }
    });
    let project = Project::with_scenarios(&chat(&server, ""), 3);
    let ran = project.run(&["run"]).expect(3);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{}{}", ran.out, ran.err);
    assert_eq!(project.run(&["show", "--format", "json"]).expect(3).json()["exit_code"], 3);
    mended.store(true, Ordering::SeqCst);
    project.run(&["run", "--resume"]).expect(0);
    assert_eq!(project.query("select count(*), sum(passed) from results"), [["3", "3"]]);
}

#[test]
fn a_dry_run_changes_no_run() {
    let (server, _) = counting();
    let project = Project::with_scenarios(&chat(&server, ""), 2);
    project.run(&["run", "--quiet"]).expect(0);
    let ran = project.run(&["run", "--add-trials", "4", "last", "--dry-run"]).expect(0);
    assert!(ran.out.contains("8 episodes"), "{}", ran.out);
    project.run(&["show", "last"]).expect(0);
    project.run(&["run", "--resume", "-s", "shop/*"]).expect(2);
}

#[test]
fn what_a_provider_kept_from_an_outcome_is_tried_again_when_a_run_is_resumed() {
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let now = Arc::clone(&broken);
    let server = serve(move |asked| {
        let fails = now.load(Ordering::SeqCst) && asked.number % 3 == 0;
        Some(if fails { respond(503, &json!({"error": {"message": "overloaded"}})) } else { good(asked) })
    });
    let project = Project::with_scenarios(&chat(&server, "concurrency = 1").replace("retries = 1", "retries = 0"), 6);
    project.run(&["run", "--quiet"]).expect(0);
    assert_ne!(project.query("select count(*) from episodes where passed is null"), [["0"]]);
    broken.store(false, Ordering::SeqCst);
    project.run(&["run", "--resume", "--quiet"]).expect(0);
    assert_eq!(project.query("select count(*), sum(passed) from results"), [["6", "6"]]);
}

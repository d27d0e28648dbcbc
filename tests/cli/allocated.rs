//! `mocktrial run --allocate-from`.

use crate::support::{Project, chat, completion, good, respond, serve};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Six scenarios, of which two pass every other time, one after the other.
fn project() -> Project {
    let asked_odd = Arc::new(AtomicUsize::new(0));
    let server = serve(move |asked| {
        let odd = asked.body.to_string().contains("How odd");
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        if odd && done && (asked_odd.fetch_add(1, Ordering::SeqCst) / 2).is_multiple_of(2) {
            return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No idea."}), "stop")));
        }
        Some(good(asked))
    });
    let project = Project::new(&chat(&server, ""));
    let lamp = std::fs::read_to_string(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
    for i in 0..5 {
        let text = if i < 2 { lamp.replace("Take item 1", "How odd. Take item 1") } else { lamp.clone() };
        project.write(&format!("scenarios/shop/more-{i}.yaml"), &text);
    }
    project
}

#[test]
fn what_varied_gets_more_trials_of_the_same_number_and_a_resumed_run_keeps_its_shares() {
    let project = project();
    project.run(&["run", "-t", "6", "-j", "1", "--quiet"]).expect(0);
    let told = project.run(&["run", "-t", "6", "--allocate-from", "last", "--max-tokens", "2000"]);
    assert_eq!(told.code, Some(4), "{}{}", told.out, told.err);
    assert!(told.err.contains("trials a scenario in place of 6: intervals about"), "{}", told.err);
    project.run(&["run", "--resume", "last", "--max-tokens", "10000000", "--quiet"]).expect(0);
    let counts = project.query("select scenario, count(*) from results group by 1 order by 1");
    let count = |name: &str| -> u32 { counts.iter().find(|row| row[0] == name).unwrap()[1].parse().unwrap() };
    assert_eq!(counts.iter().map(|row| row[1].parse::<u32>().unwrap()).sum::<u32>(), 36, "{counts:?}");
    assert!(count("shop/more-0") > 6 && count("shop/more-1") > 6 && count("shop/lamp") < 6, "{counts:?}");
    assert!(counts.iter().all(|row| row[1].parse::<u32>().unwrap() >= 2), "{counts:?}");
    // The rate is the mean over scenarios, however many trials each has.
    let shown = project.run(&["show", "last", "--format", "json"]).expect(0).out;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let rate = shown["endpoints"][0]["pass_rate"]["value"].as_f64().unwrap();
    assert!((0.7..=0.95).contains(&rate), "{rate}");
    let refused = project.run(&["run", "--add-trials", "2", "last"]).expect(2).err;
    assert!(refused.contains("make a new run with --allocate-from instead"), "{refused}");
}

#[test]
fn what_says_nothing_of_these_scenarios_is_refused() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet", "-s", "shop/more-0"]).expect(0);
    let refused = project.run(&["run", "-t", "2", "-s", "shop/lamp", "--allocate-from", "last"]).expect(2).err;
    assert!(refused.contains("says nothing of these scenarios as they are today"), "{refused}");
    let part = project.run(&["run", "-t", "2", "--allocate-from", "last"]).expect(0).err;
    assert!(part.contains("with the even share, for that run does not have them as they are today"), "{part}");
    project.run(&["run", "-t", "2", "--allocate-from", "last", "--until", "decided"]).expect(2);
}

#[test]
fn trials_that_could_be_those_it_rests_on_are_refused_and_the_seed_is_another() {
    let project = project();
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let same = project.run(&["run", "-t", "2", "--seed", "42", "--allocate-from", "last"]).expect(2).err;
    assert!(same.contains("it has the same seed"), "{same}");
    let replayed = project.run(&["run", "-t", "2", "--cassettes", "replay", "--allocate-from", "last"]).expect(2).err;
    assert!(replayed.contains("replayed trials may be those that it rests on"), "{replayed}");
    project.run(&["run", "-t", "2", "--quiet", "--allocate-from", "last"]).expect(0);
    assert_eq!(project.query("select seed from run"), [["43"]]);
    let cut = project.run(&["run", "-t", "6", "--max-tokens", "900", "--quiet"]);
    assert_eq!(cut.code, Some(4));
    let open = project.run(&["run", "-t", "2", "--allocate-from", "last"]).expect(2).err;
    assert!(open.contains("it has not come to its end"), "{open}");
}

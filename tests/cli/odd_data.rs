//! Data that is missing, or more than expected: every command that judges gives an honest answer or a clear refusal.
//!
//! Each case makes a run that is accepted, a run after it, and a run of one endpoint under two labels; the snapshot holds
//! what every command says of them, with its exit code.

use crate::support::{Asked, Project, Ran, chat, completion, good, respond, serve};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const PLAIN: &str = r#"
tags: [easy]
world: shop
user: ["Take item 1 and say its name (NUMBER)."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
"#;

const VARIED: &str = r#"
world: shop
user: ["I am ${who}. Take item 1 and say its name (NUMBER)."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
variants: [{name: john, who: John}, {name: maria, who: María}]
"#;

/// What the server does.
const MOODY: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;
/// As [`MOODY`], and the provider often fails.
const DOWN: u8 = 3;
/// The provider always fails.
const GONE: u8 = 4;

/// As [`DOWN`] and [`GONE`], for one endpoint of two.
const ONE_DOWN: u8 = 5;
const ONE_GONE: u8 = 6;

/// A number that hangs on scenario and trial alone.
fn mixed(asked: &Asked) -> u64 {
    let seed = asked.body["seed"].as_u64().unwrap_or(0);
    let user = asked.body["messages"].as_array().unwrap().iter().find(|m| m["role"] == "user").unwrap().to_string();
    user.bytes().fold(seed, |sum, b| sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(b) + 1)) >> 32
}

struct Case {
    project: Project,
    mood: Arc<AtomicU8>,
}

impl Case {
    fn new(plain: usize, varied: usize) -> Self {
        let mood = Arc::new(AtomicU8::new(MOODY));
        let told = Arc::clone(&mood);
        let server = serve(move |asked| {
            let mood = told.load(Ordering::SeqCst);
            let other = asked.body["model"] == "other";
            if mood == GONE
                || mood == ONE_GONE && other
                || mood == ONE_DOWN && other && mixed(asked).is_multiple_of(3)
                || mood == DOWN && mixed(asked).is_multiple_of(3)
            {
                return Some(respond(500, &json!({"error": {"message": "down"}})));
            }
            if asked.results() > 0 && (mood == BAD || mood != GOOD && mixed(asked) % 4 == 1) {
                return Some(respond(200, &completion(&json!({"role": "assistant", "content": "No."}), "stop")));
            }
            Some(good(asked))
        });
        let other =
            "\n[endpoints.other]\nextends = \"model\"\nmodel = \"other\"\n\n[defaults]\nendpoints = [\"model\"]\n";
        let project = Project::new(
            &(chat(&server, "price = {input = 1000.0, output = 1000.0}").replace("retries = 1", "retries = 0") + other),
        );
        std::fs::remove_file(project.path().join("scenarios/shop/lamp.yaml")).unwrap();
        let case = Self { project, mood };
        (0..plain).for_each(|n| case.write("plain", n));
        (0..varied).for_each(|n| case.write("varied", n));
        case
    }

    fn write(&self, kind: &str, n: usize) {
        let text = if kind == "plain" { PLAIN } else { VARIED };
        self.project.write(&format!("scenarios/shop/{kind}-{n}.yaml"), &text.replace("NUMBER", &n.to_string()));
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.project.path().join(format!("scenarios/shop/{name}.yaml"))).unwrap();
    }

    fn mood(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn run(&self, args: &[&str]) {
        let ran = self.project.run(&[&["run", "-j", "1", "--quiet"], args].concat());
        assert!(matches!(ran.code, Some(0 | 3)), "{}{}", ran.out, ran.err);
    }

    /// One endpoint under two labels.
    fn twins(&self, trials: &str) {
        self.run(&["-e", "model", "-e", "model@2", "-t", trials]);
    }

    fn accept(&self) {
        let ran = self.project.run(&["accept", "--why", "the first results"]);
        assert!(matches!(ran.code, Some(0 | 2)), "{}{}", ran.out, ran.err);
    }

    /// What every command says of the last three runs: twins, the accepted run, and the one after it.
    fn say(&self) -> String {
        let commands: [&[&str]; 8] = [
            &["compare", "last~1", "last"],
            &["gate", "--margin", "0.3"],
            &["power"],
            &["health"],
            &["fairness"],
            &["scaling"],
            &["audit", "--replications", "100"],
            &["audit", "--from", "last~2"],
        ];
        self.said(&commands)
    }

    /// What every command says of the last run, in which two endpoints ran.
    fn say_of_one(&self) -> String {
        self.said(&[
            &["compare", "--against", "model"],
            &["compare", "--against", "model", "--scope", "population"],
            &["gate", "-e", "other", "--control", "model", "--margin", "0.3"],
            &["gate", "-e", "other", "--control", "model", "--margin", "0.3", "--scope", "population"],
            &["power", "-e", "other", "--against", "model"],
            &["health"],
            &["fairness"],
            &["scaling"],
            &["audit", "--from", "last"],
        ])
    }

    fn said(&self, commands: &[&[&str]]) -> String {
        let mut all = String::new();
        for command in commands {
            // So wide that no line is broken: where it would be hangs on how long the runs' names are.
            let ran = Ran::from(self.project.command(command).env("COLUMNS", "1000").output().unwrap());
            let (out, err) = (self.stable(&ran.out), self.stable(&ran.err));
            let code = ran.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
            let said = format!("{}{err}", brief(&out));
            all.push_str(&format!("$ mocktrial {} → {code}\n{}\n\n", command.join(" "), said.trim_end()));
        }
        all
    }

    /// Without what differs every time: names, days, and how long things took.
    fn stable(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (n, run) in self.project.runs().iter().enumerate() {
            text = text.replace(&*run.file_stem().unwrap().to_string_lossy(), &format!("RUN-{}", n + 1));
        }
        text = text.replace(&*self.project.path().to_string_lossy(), "PROJECT");
        let canonical = self.project.path().canonicalize().unwrap();
        text = text.replace(&*canonical.to_string_lossy(), "PROJECT");
        let day = self.project.runs()[0].file_stem().unwrap().to_string_lossy()[..10].to_owned();
        text = text.replace(&day, "DAY");
        // Which of two labels is a little faster, and how long everything takes.
        let apart = |line: &str| line.split_once(", begun ").map(|(front, _)| front.to_owned());
        let time =
            |line: &str| line.strip_suffix(" of model time")?.rsplit_once(" · ").map(|(front, _)| front.to_owned());
        let needed = |line: &str| {
            let (front, back) = line.split_once(" of the model's time")?;
            Some(format!("{}{back}", front.rsplit_once(", ")?.0))
        };
        let line =
            |line: &str| needed(line).or_else(|| apart(line)).or_else(|| time(line)).unwrap_or_else(|| line.to_owned());
        let timed = |line: &&str| !line.starts_with("model time per episode");
        text.lines().filter(timed).map(|l| format!("{}\n", line(l))).collect()
    }
}

/// Without the tables, curves and legends that are the same for all data.
fn brief(text: &str) -> String {
    let mut found = String::new();
    let mut skipped = false;
    for line in text.lines() {
        let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
        if begins(&[
            "Power against",
            "What may be concluded",
            "any passes: pass@k",
            "Scenarios on which they differ",
            "By tag",
        ]) {
            skipped = true;
        } else if begins(&["Variances:", "No front", "$ "]) {
            skipped = false;
        }
        if !skipped {
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

#[test]
fn as_usual() {
    let case = Case::new(3, 6);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("as_usual", case.say());
}

#[test]
fn unequal_trials() {
    let case = Case::new(3, 6);
    case.twins("2");
    case.run(&["-t", "6"]);
    case.accept();
    case.run(&["-t", "2", "--seed", "7"]);
    insta::assert_snapshot!("unequal_trials", case.say());
}

#[test]
fn one_trial() {
    let case = Case::new(3, 6);
    case.twins("1");
    case.run(&["-t", "1"]);
    case.accept();
    case.run(&["-t", "1", "--seed", "7"]);
    insta::assert_snapshot!("one_trial", case.say());
}

#[test]
fn one_scenario() {
    let case = Case::new(0, 1);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("one_scenario", case.say());
}

#[test]
fn all_pass() {
    let case = Case::new(3, 6);
    case.mood(GOOD);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("all_pass", case.say());
}

#[test]
fn all_fail() {
    let case = Case::new(3, 6);
    case.mood(BAD);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("all_fail", case.say());
}

#[test]
fn all_pass_then_all_fail() {
    let case = Case::new(3, 6);
    case.mood(GOOD);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.mood(BAD);
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("all_pass_then_all_fail", case.say());
}

#[test]
fn no_overlap() {
    let case = Case::new(3, 6);
    case.twins("2");
    case.run(&["-t", "2", "-s", "shop/plain-*"]);
    case.accept();
    case.run(&["-t", "2", "-s", "shop/varied-*", "--seed", "7"]);
    insta::assert_snapshot!("no_overlap", case.say());
}

#[test]
fn a_scenario_removed_and_another_added() {
    let case = Case::new(3, 6);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.remove("plain-0");
    case.write("plain", 9);
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("removed_and_added", case.say());
}

#[test]
fn infrastructure_fails_on_one_side_only() {
    let case = Case::new(3, 6);
    case.twins("4");
    case.run(&["-t", "4"]);
    case.accept();
    case.mood(DOWN);
    case.run(&["-t", "4", "--seed", "7"]);
    insta::assert_snapshot!("infrastructure_on_one_side", case.say());
}

#[test]
fn infrastructure_fails_always() {
    let case = Case::new(3, 6);
    case.mood(GONE);
    case.twins("2");
    case.mood(MOODY);
    case.run(&["-t", "2"]);
    case.accept();
    case.mood(GONE);
    case.run(&["-t", "2", "--seed", "7"]);
    insta::assert_snapshot!("infrastructure_always", case.say());
}

#[test]
fn nothing_was_accepted_that_counts() {
    let case = Case::new(3, 6);
    case.mood(DOWN);
    case.twins("4");
    case.mood(GONE);
    case.run(&["-t", "2"]);
    case.accept();
    case.mood(MOODY);
    case.run(&["-t", "2", "--seed", "7"]);
    insta::assert_snapshot!("nothing_accepted", case.say());
}

#[test]
fn a_selected_run() {
    let case = Case::new(3, 6);
    case.run(&["-t", "4"]);
    case.accept();
    case.twins("4");
    case.run(&["--failed", "last"]);
    case.run(&["--failed", "last~2"]);
    case.run(&["--failed", "last~3"]);
    insta::assert_snapshot!("selected", case.say());
}

#[test]
fn infrastructure_fails_for_one_endpoint_of_two_only() {
    let case = Case::new(3, 6);
    case.mood(ONE_DOWN);
    case.run(&["-e", "model", "-e", "other", "-t", "4"]);
    insta::assert_snapshot!("one_endpoint_down", case.say_of_one());
}

#[test]
fn infrastructure_fails_for_one_endpoint_of_two_always() {
    let case = Case::new(3, 6);
    case.mood(ONE_GONE);
    case.run(&["-e", "model", "-e", "other", "-t", "2"]);
    insta::assert_snapshot!("one_endpoint_gone", case.say_of_one());
}

#[test]
fn a_run_that_a_budget_stopped() {
    let case = Case::new(3, 6);
    // A request may cost 1.43 at most, and costs one and a half cents: about 45 are made. One endpoint after the other, since
    // which of two is a little faster must not matter.
    for endpoint in ["model", "other"] {
        let ran = case.project.run(&["run", "-e", endpoint, "-t", "4", "-j", "1", "--max-cost", "2.1", "--quiet"]);
        assert_eq!(ran.code, Some(4), "{}{}", ran.out, ran.err);
    }
    let said = case.said(&[
        &["compare", "last~1", "last", "--against", "model"],
        &["gate", "--against", "last~1", "--margin", "0.3"],
        &["power"],
        &["health"],
        &["fairness"],
        &["scaling"],
    ]);
    insta::assert_snapshot!("stopped_by_a_budget", said);
}

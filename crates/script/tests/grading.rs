//! Grading scripts: what they read, and their limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mocktrial_script::{GradingScript, HostError, Limits, Moment, Reading, Record, ScriptError, Step};
use serde_json::{Value, json};

/// Answers with what it was asked.
struct Echo;

impl Record for Echo {
    fn read(&self, what: Reading, limit: usize) -> Result<Value, HostError> {
        match what {
            Reading::Events => Err(HostError(format!("larger than {limit} bytes"))),
            Reading::Calls => Ok(json!(["x".repeat(1 << 20)])),
            what => Ok(json!(format!("{what:?}"))),
        }
    }

    fn state(&self, when: Moment, path: &[Step], _: usize) -> Result<Option<Value>, HostError> {
        let steps: Vec<String> = path.iter().map(|step| format!("{step:?}")).collect();
        Ok((!steps.is_empty()).then(|| json!([format!("{when:?}"), steps])))
    }
}

fn grade(body: &str) -> Result<Value, ScriptError> {
    let limits = Limits { steps: 200_000, heap_bytes: 16 << 20, result_bytes: 1 << 16, ..Limits::default() };
    let source = format!("def grade(episode):\n  {body}\n");
    GradingScript::compile("g.star", &source, &limits)?.grade(&Echo, &limits)
}

#[test]
fn every_question_reaches_the_record() {
    let asked =
        "[episode.said(), episode.answer(), episode.users(), episode.changes(), episode.tools(), episode.references()]";
    let all = ["Said", "Answer", "Users", "Changes", "Tools", "References"];
    assert_eq!(grade(&format!("return {asked}")), Ok(json!(all)));
    assert_eq!(grade("return episode.state('a', -1)"), Ok(json!(["Final", ["Key(\"a\")", "Index(-1)"]])));
    assert_eq!(grade("return episode.initial(['a'])"), Ok(json!(["Initial", ["Key(\"a\")"]])));
    assert_eq!(grade("return episode.state_after(3, 'a')[0]"), Ok(json!("After(3)")));
    assert_eq!(grade("return episode.reference_state(1, 'a')[0]"), Ok(json!("Reference(1)")));
    assert_eq!(grade("return [episode.state(), episode.state(default = 1)]"), Ok(json!([null, 1])));
}

#[test]
fn what_fails_names_its_line() {
    let line = |body: &str| grade(body).unwrap_err().at.map(|at| (at.line, at.column));
    assert_eq!(line("return episode.events()"), Some((2, 10)));
    assert_eq!(line("return episode.state_after(-1)"), Some((2, 10)));
    assert!(grade("return episode.events()").unwrap_err().message.contains("8388608"));
}

#[test]
fn the_limits_hold_for_what_is_read_too() {
    for body in [
        "x = []\n  for i in range(100000):\n    x.append(episode.calls())\n  return 1",
        "return len([episode.calls() for i in range(100000)])",
        "return grade(episode)",
        "return episode.calls()",
    ] {
        assert!(grade(body).is_err(), "{body}");
    }
}

#[test]
fn a_grading_script_has_its_function_and_no_world() {
    let limits = Limits::default();
    let compile = |source: &str| GradingScript::compile("g.star", source, &limits);
    assert_eq!(compile("x = 1\n").unwrap_err().message, "there is no function `grade`");
    assert!(compile("def grade(episode):\n  return world.now()\n").is_err());
    assert!(compile("x = episode.calls()\ndef grade(episode):\n  return 1\n").is_err());
}

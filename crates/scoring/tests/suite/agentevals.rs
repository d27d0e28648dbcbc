use crate::build::*;
use mocktrial_scoring::compatibility::agentevals::{
    ArgumentMode, Arguments, Call, MatchMode, Matching, Message, Override, ReadError, read,
};
use mocktrial_trajectory::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const MODES: [MatchMode; 4] = [MatchMode::Strict, MatchMode::Unordered, MatchMode::Subset, MatchMode::Superset];
const ARGUMENTS: [ArgumentMode; 4] =
    [ArgumentMode::Exact, ArgumentMode::Ignore, ArgumentMode::Subset, ArgumentMode::Superset];

/// A conversation whose assistant makes all calls in one message.
fn chat(calls: &[(&str, Value)]) -> Vec<Message> {
    let calls: Vec<Value> = calls
        .iter()
        .map(|(name, args)| json!({"type": "function", "function": {"name": name, "arguments": args.to_string()}}))
        .collect();
    read(&json!([{"role": "user", "content": "Go."}, {"role": "assistant", "content": null, "tool_calls": calls}]))
        .unwrap()
}

fn matches(mode: MatchMode, arguments: ArgumentMode, outputs: &[Message], reference: &[Message]) -> bool {
    Matching::new(mode, arguments).matches(outputs, reference)
}

/// Verdicts in the order of [`MODES`].
fn modes(arguments: ArgumentMode, outputs: &[Message], reference: &[Message]) -> [bool; 4] {
    MODES.map(|mode| matches(mode, arguments, outputs, reference))
}

#[test]
fn modes_differ_in_what_may_be_missing_and_what_beside() {
    let (a, b) = (("pour", json!({"ml": 20})), ("stir", json!({})));
    let both = chat(&[a.clone(), b.clone()]);
    let (turned, twice, once) = (chat(&[b, a.clone()]), chat(&[a.clone(), a.clone()]), chat(&[a]));
    assert_eq!(modes(ArgumentMode::Exact, &turned, &both), [true; 4]);
    assert_eq!(modes(ArgumentMode::Exact, &once, &both), [false, false, true, false]);
    assert_eq!(modes(ArgumentMode::Exact, &both, &once), [false, false, false, true]);
    assert_eq!(modes(ArgumentMode::Exact, &twice, &once), [false, false, false, true]);
}

#[test]
fn strict_counts_messages_and_roles_and_hears_nothing() {
    let call = json!({"role": "ai", "tool_calls": [{"name": "pour", "args": {}, "id": "1"}]});
    let say = |role: &str, text: &str| json!({"role": role, "content": text});
    let of = |messages: Value| read(&messages).unwrap();
    let reference = of(json!([say("human", "Go."), call, say("tool", "ok"), say("ai", "Done.")]));
    let strict = |messages| matches(MatchMode::Strict, ArgumentMode::Exact, &of(messages), &reference);
    assert!(strict(json!([say("user", "Stop!"), call, say("tool", "no"), say("assistant", "Never.")])));
    assert!(!strict(json!([say("user", "Go."), say("assistant", "Hm."), call, say("tool", "ok"), say("ai", "Done.")])));
    assert!(!strict(json!([say("user", "Go."), call, say("user", "ok"), say("assistant", "Done.")])));
    let moved = json!([say("user", "Go."), say("assistant", "Done."), say("tool", "ok"), call]);
    assert!(!strict(moved.clone()));
    assert!(matches(MatchMode::Unordered, ArgumentMode::Exact, &of(moved), &reference));
}

#[test]
fn under_subset_the_direction_of_arguments_is_turned_round() {
    let more = chat(&[("pour", json!({"ml": 20, "hot": true}))]);
    let less = chat(&[("pour", json!({"ml": 20}))]);
    let within = |mode, arguments| matches(mode, arguments, &less, &more);
    assert!(within(MatchMode::Superset, ArgumentMode::Subset) && within(MatchMode::Strict, ArgumentMode::Subset));
    assert!(!within(MatchMode::Superset, ArgumentMode::Superset) && !within(MatchMode::Strict, ArgumentMode::Superset));
    assert!(!within(MatchMode::Subset, ArgumentMode::Subset));
    assert!(within(MatchMode::Subset, ArgumentMode::Superset));
    for arguments in [ArgumentMode::Subset, ArgumentMode::Superset] {
        assert!(!within(MatchMode::Unordered, arguments), "both directions are asked for");
    }
}

#[test]
fn values_are_those_of_python_and_what_is_no_json_is_its_text() {
    let with = |text: &str| {
        let function = json!({"name": "pour", "arguments": text});
        read(&json!({"role": "assistant", "tool_calls": [{"function": function}]})).unwrap()
    };
    let same = |a: &str, b: &str| matches(MatchMode::Unordered, ArgumentMode::Exact, &with(a), &with(b));
    assert!(same(r#"{"a": 1, "b": [true]}"#, r#"{ "b": [1.0], "a": 1e0 }"#));
    assert!(!same(r#"{"a": 1}"#, r#"{"a": "1"}"#));
    assert!(!same(r#"{"a": null}"#, "{}"));
    assert!(same("{broken", "{broken") && !same("{broken", "{broken ") && !same("1", "{1"));
}

#[test]
fn an_override_names_a_mode_or_paths_and_what_is_missing_is_null() {
    let outputs = chat(&[("pour", json!({"cup": {"size": 2, "of": "tin"}, "x": 1})), ("stir", json!({"n": 1}))]);
    let reference = chat(&[("pour", json!({"cup": {"size": 2.0}, "x": 2})), ("stir", json!({"n": 1}))]);
    let with = |rule: Override| {
        let overrides = [("pour".to_owned(), rule)].into();
        Matching { overrides, ..Matching::new(MatchMode::Strict, ArgumentMode::Exact) }.matches(&outputs, &reference)
    };
    let paths = |paths: &[&str]| Override::Paths(paths.iter().map(|p| (*p).to_owned()).collect());
    assert!(with(paths(&["cup.size"])));
    assert!(with(paths(&["cup.size", "cup.size.deeper", "gone", ""])));
    assert!(!with(paths(&["cup.of"])) && !with(paths(&["cup.size", "x"])));
    assert!(with(Override::Mode(ArgumentMode::Ignore)));
    assert!(!with(paths(&[])), "no paths are no override");
}

#[test]
fn messages_that_cannot_be_read_say_which_and_what_was_expected() {
    let error = |messages: Value| read(&messages).unwrap_err();
    assert_eq!(error(json!("hi")), ReadError::NoMessages);
    assert_eq!(error(json!({"content": "hi"})), ReadError::NoMessages);
    let table = [
        (json!([{"role": "user"}, 3]), "message 1: expected an object"),
        (json!([{"content": "hi"}]), "message 0: expected a `role`"),
        (
            json!([{"role": "robot"}]),
            "message 0: `robot` is no role: there are user, assistant, tool, system, developer and function",
        ),
        (json!([{"role": "ai", "tool_calls": {}}]), "message 0: expected `tool_calls` to be a list"),
        (
            json!([{"role": "ai", "tool_calls": [{"function": {"name": "x"}}]}]),
            "message 0, call 0: expected {\"function\": {\"name\": text, \"arguments\": text or object}} or {\"name\": text, \"args\": object}",
        ),
    ];
    for (messages, text) in table {
        assert_eq!(error(messages).to_string(), text);
    }
    assert_eq!(read(&Value::Null), Ok(vec![]));
    assert_eq!(read(&json!({"messages": [{"role": "user", "tool_calls": 7}]})).unwrap()[0].calls, vec![]);
}

#[test]
fn the_order_of_parallel_calls_changes_its_verdict_but_never_that_of_calls() {
    // The loose expected call takes the only partner of the strict one where that stands first.
    let (loose, strict) = (("get_order", json!({})), ("get_order", json!({"order_id": "W-1"})));
    let reference = chat(&[loose.clone(), strict.clone()]);
    let orders = [[loose.clone(), strict.clone()], [strict.clone(), loose.clone()]];
    let theirs = |made| matches(MatchMode::Unordered, ArgumentMode::Superset, &chat(made), &reference);
    assert_eq!(orders.each_ref().map(|made| theirs(made)), [true, false]);

    let verdict = |grader: &str, parameters: &Value, made: &[(&str, Value)]| {
        let mut case = case(vec![criterion(grader, parameters.clone())]);
        let way = Build::new().call(loose.0, loose.1.clone()).call(strict.0, strict.1.clone());
        case.references = vec![way.reference()];
        let made = made.iter().fold(Build::new(), |b, (tool, args)| b.call(tool, args.clone()));
        grade_in(case, &made.end()).outcome.passed()
    };
    let parameters = json!({"match": "unordered", "args": "superset"});
    assert_eq!(orders.each_ref().map(|made| verdict("agentevals", &parameters, made)), [true, false]);
    let parameters = json!({"match": "any_order", "args": "superset"});
    assert_eq!(orders.each_ref().map(|made| verdict("calls", &parameters, made)), [true, true]);
}

#[test]
fn an_episode_is_held_against_its_reference() {
    let p = |mode: &str| json!({"match": mode});
    for mode in ["strict", "unordered", "subset", "superset"] {
        assert!(passes("agentevals", p(mode), &way().end()), "{mode}");
    }
    let fewer = Build::new().call("get_order", json!({"order_id": "W-1"})).say("Here it is.").end();
    let g = grade("agentevals", p("superset"), &fewer);
    assert_eq!(g.score, Some(0.0));
    assert_eq!(
        g.evidence[0].note,
        "The calls match no reference under agentevals' `superset`: 1 calls in 4 messages, against 3 in 8 (of the first)."
    );
    assert!(passes("agentevals", p("subset"), &fewer));
    // A refused call is no part of it, unless asked for.
    let retried = Build::new()
        .call("find_customer", json!({"name": "Ann", "zip": "94016"}))
        .outcome("get_order", json!({"order_id": 1}), Some(ToolFailure::InvalidArguments))
        .call("get_order", json!({"order_id": "W-1"}))
        .call("refund_order", json!({"order_id": "W-1", "amount": 42}))
        .say("Done.")
        .end();
    assert!(passes("agentevals", p("strict"), &retried));
    assert!(!passes("agentevals", json!({"match": "strict", "include_failed": true}), &retried));
    assert!(!passes("agentevals", json!({"match": "subset", "include_failed": true}), &retried));
}

#[test]
fn the_calls_of_one_response_are_one_message() {
    let response = |calls| Body::Response {
        content: vec![],
        reasoning: None,
        calls,
        stop: Stop::Calls,
        usage: None,
        served: None,
        logprobs: vec![],
        raw: vec![],
    };
    let parallel = |widths: &[u32]| {
        let mut build = Build::new();
        for width in widths {
            build.trajectory.push(0, response(*width));
            for _ in 0..*width {
                build = build.call("get_order", json!({"order_id": "W-1"}));
            }
        }
        build
    };
    let verdict = |made: Build, way: Build| {
        let mut case = case(vec![criterion("agentevals", json!({"match": "strict"}))]);
        case.references = vec![way.reference()];
        grade_in(case, &made.end()).outcome.passed()
    };
    assert!(verdict(parallel(&[2, 1]), parallel(&[2, 1])));
    assert!(!verdict(parallel(&[1, 2]), parallel(&[2, 1])));
    assert!(!verdict(parallel(&[3]), parallel(&[2, 1])));
}

/// Few names and values, so that calls often match.
fn calls() -> impl Strategy<Value = Vec<Message>> {
    let value = prop::sample::select(vec![json!(1), json!(true), json!(2.0), json!("1"), json!(null), json!([1])]);
    let args = prop::collection::vec((prop::sample::select(vec!["a", "b"]), value), 0..3);
    let call = (prop::sample::select(vec!["f", "g"]), args).prop_map(|(name, args)| Call {
        name: name.to_owned(),
        arguments: Arguments::Json(Value::Object(args.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
    });
    let message = prop::collection::vec(call, 0..4).prop_map(|calls| Message { role: "assistant".to_owned(), calls });
    prop::collection::vec(message, 0..4)
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["assistant", "user", "tool", "{\"a\": 1}", "{", "f", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let key = prop::sample::select(vec!["role", "tool_calls", "function", "name", "arguments", "args", "messages"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn subset_is_superset_with_the_sides_swapped(a in calls(), b in calls(), arguments in prop::sample::select(ARGUMENTS.to_vec())) {
        let superset = matches(MatchMode::Superset, arguments, &a, &b);
        prop_assert_eq!(superset, matches(MatchMode::Subset, arguments, &b, &a));
        let both = superset && matches(MatchMode::Subset, arguments, &a, &b);
        prop_assert_eq!(both, matches(MatchMode::Unordered, arguments, &a, &b));
    }

    #[test]
    fn everything_matches_itself(a in calls(), arguments in prop::sample::select(ARGUMENTS.to_vec())) {
        prop_assert_eq!(modes(arguments, &a, &a), [true; 4]);
    }

    #[test]
    fn no_json_makes_the_reader_or_the_matching_panic(a in json_value(), b in json_value()) {
        if let (Ok(a), Ok(b)) = (read(&a), read(&b)) {
            for arguments in ARGUMENTS {
                let _ = modes(arguments, &a, &b);
            }
        }
    }
}

//! Variants of a scenario, from the file to the summary.

use crate::support::{Project, chat, good, serve};
use serde_json::json;

const VARIED: &str = r#"
world: shop
user: ["I am ${who}. Take item 1 and say its name."]
reference:
  - {call: take, args: {id: 1}}
  - say: I took the lamp.
expect:
  - state: as_reference
  - answer: {contains: lamp}
variants: [{name: maria, who: Maria}, {name: john, who: John}]
"#;

#[test]
fn variants_run_are_shown_and_graded_anew_each_by_its_name_and_count_as_one_scenario() {
    // Who is called John is not served.
    let server = serve(|asked| {
        let done = asked.body["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
        if asked.body.to_string().contains("John") && done {
            let refusal = json!({"role": "assistant", "content": "No."});
            return Some(crate::support::respond(200, &crate::support::completion(&refusal, "stop")));
        }
        Some(good(asked))
    });
    let project = Project::new(&chat(&server, ""));
    project.write("scenarios/shop/who.yaml", VARIED);
    let listed = project.run(&["list"]).expect(0).out;
    assert!(listed.contains("shop/who~maria") && listed.contains("shop/who~john"), "{listed}");
    project.run(&["run", "-t", "2", "--quiet"]).expect(0);
    let document = project.run(&["show", "--format", "json"]).expect(0).json();
    let endpoint = &document["endpoints"][0];
    assert_eq!((&endpoint["scenarios"], &endpoint["counted"]), (&json!(2), &json!(6)));
    assert_eq!((&endpoint["pass_rate"]["value"], &endpoint["every_variant"]["value"]), (&json!(0.75), &json!(0.5)));
    let shown = project.run(&["show", "last"]).expect(0).out;
    assert!(shown.contains("every variant"), "{shown}");
    let one = project.run(&["show", "last", "who~john"]).expect(0).out;
    assert!(one.contains("shop/who~john @model trial 1"), "{one}");
    let either = project.run(&["show", "last", "who"]).expect(2).err;
    assert!(
        either.contains("could be any of: shop/who~maria, shop/who~john")
            || either.contains("shop/who~john, shop/who~maria"),
        "{either}"
    );
    let graded = project.run(&["grade", "--format", "json"]).expect(0).json();
    assert_eq!((&graded["regraded"]["episodes"], &graded["regraded"]["changed"]), (&json!(6), &json!(0)));
    project.run(&["run", "--add-trials", "1", "last", "--quiet"]).expect(0);
    assert_eq!(project.query("select count(*) from results where variant = 'john'"), [["3"]]);
    project.run(&["run", "--failed", "last", "--quiet"]).expect(0);
    assert_eq!(project.query("select distinct scenario, variant from results"), [["shop/who", "john"]]);
    project.run(&["check"]).expect(0);
}

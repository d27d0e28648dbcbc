//! Rows of cases, and what they put into a template.

use crate::folder::{Folder, SCENARIO};
use mocktrial_core::suite::{Step, Suite};
use serde_json::{Value, json};

const TEMPLATE: &str = r#"
title: Order ${order}, ${copies} copies
world: shop
user: Where is ${order}? I pay $${total}.
state: {orders: {"${order}": {status: "${status}", total: "${total}"}}}
reference:
  - {call: get_order, args: {order_id: "${order}", copies: "${copies}", gift: "${gift}", notes: "${notes}"}}
  - say: "${copies}"
expect:
  - answer: {contains: "${status}"}
  - state: {path: "$.orders['${order}'].total", equals: "${total}"}
cases: rows.csv
"#;

const CSV: &str = "id,order,status,total:number,copies:number,gift:boolean,notes:json\n\
                   a,W-1,delivered,42.5,2,true,\"[1, \"\"x\"\"]\"\n\
                   b,007,lost,7,3,false,[]\n";

fn load(rows: &str, text: &str) -> Suite {
    let template = TEMPLATE.replace("rows.csv", rows);
    Folder::shop(&[("scenarios/shop/order.yaml", &template), (&format!("scenarios/shop/{rows}"), text)]).loaded()
}

fn args(suite: &Suite, index: usize) -> Value {
    match &suite.scenarios[index].references[0].steps()[0] {
        Step::Call { args, .. } => args.clone(),
        Step::Say(_) => panic!("the reference begins with a call"),
    }
}

#[test]
fn each_row_is_a_scenario_of_one_family() {
    let suite = load("rows.csv", CSV);
    let ids: Vec<&str> = suite.scenarios.iter().map(|s| &*s.id).collect();
    assert_eq!(ids, ["shop/order#a", "shop/order#b"]);
    assert!(suite.scenarios.iter().all(|s| &*s.family == "shop/order"));
    let row = suite.scenarios[1].source.row.clone().unwrap();
    assert_eq!((row.file.as_str(), row.line, row.key.as_str()), ("scenarios/shop/rows.csv", 3, "b"));
    assert_ne!(suite.scenarios[0].instrument, suite.scenarios[1].instrument);
}

#[test]
fn a_value_that_is_one_column_keeps_its_type_and_within_text_it_is_written_out() {
    let suite = load("rows.csv", CSV);
    assert_eq!(args(&suite, 0), json!({"order_id": "W-1", "copies": 2, "gift": true, "notes": [1, "x"]}));
    assert_eq!(args(&suite, 1), json!({"order_id": "007", "copies": 3, "gift": false, "notes": []}));
    let first = &suite.scenarios[0];
    assert_eq!(first.title, "Order W-1, 2 copies");
    assert_eq!(first.user[0].text, "Where is W-1? I pay ${total}.");
    assert_eq!(first.references[0].steps()[1], Step::Say("2".into()), "what is said is text");
    assert_eq!(first.criteria[1].parameters, json!({"path": "$.orders['W-1'].total", "equals": 42.5}));
    let state = suite.scenarios[1].initial.value();
    assert_eq!(state["orders"]["007"], json!({"status": "lost", "total": 7}), "keys take values, too");
}

#[test]
fn json_lines_and_inline_rows_come_to_the_same_as_csv() {
    let lines = "{\"id\":\"a\",\"order\":\"W-1\",\"status\":\"delivered\",\"total\":42.5,\"copies\":2,\"gift\":true,\"notes\":[1,\"x\"]}\n\n\
                 {\"id\":\"b\",\"order\":\"007\",\"status\":\"lost\",\"total\":7,\"copies\":3,\"gift\":false,\"notes\":[]}\n";
    let list: Vec<Value> = lines.lines().filter(|l| !l.is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect();
    let inline = TEMPLATE.replace("rows.csv", &serde_json::to_string(&list).unwrap());
    let inline = Folder::shop(&[("scenarios/shop/order.yaml", &inline)]).loaded();
    for other in [load("rows.jsonl", lines), inline] {
        for (a, b) in load("rows.csv", CSV).scenarios.iter().zip(&other.scenarios) {
            assert_eq!((&a.id, a.instrument), (&b.id, b.instrument));
        }
    }
}

#[test]
fn a_row_keeps_its_id_and_digests_when_others_are_added_or_moved() {
    let lines: Vec<&str> = CSV.lines().collect();
    let moved = [lines[0], "c,W-2,lost,1,1,true,[]", lines[2], lines[1]].join("\n");
    let (before, after) = (load("rows.csv", CSV), load("rows.csv", &moved));
    let find = |suite: &Suite, id: &str| suite.scenarios.iter().find(|s| &*s.id == id).map(|s| s.instrument);
    assert_eq!(after.scenarios.len(), 3);
    assert!(find(&before, "shop/order#a").is_some());
    assert_eq!(find(&before, "shop/order#a"), find(&after, "shop/order#a"));
}

/// A template of one call, with what else is to stand in it.
fn template(more: &str) -> String {
    format!(
        "world: shop\nuser: Where is ${{order}}?\nreference:\n  - {{call: get_order, args: {{order_id: \"${{order}}\"}}}}\n  - say: \"I saw $${{HOME}} and ${{note}}\"\nexpect:\n  - answer: {{contains: saw}}\n{more}"
    )
}

#[test]
fn what_is_said_is_substituted_once_like_everything_else() {
    let cases = "cases:\n  - {id: a, order: W-1, note: \"${order}\"}\n  - {id: b, order: \"${note}\", note: $$}\n";
    let suite = Folder::shop(&[("scenarios/shop/a.yaml", &template(cases))]).loaded();
    let said = |index: usize| suite.scenarios[index].references[0].steps()[1].clone();
    assert_eq!(said(0), Step::Say("I saw ${HOME} and ${order}".into()), "a row's value is not looked at again");
    assert_eq!(said(1), Step::Say("I saw ${HOME} and $$".into()));
    assert_eq!(args(&suite, 1), json!({"order_id": "${note}"}));
}

#[test]
fn a_dollar_that_is_doubled_means_the_same_with_and_without_cases() {
    let text = "world: shop\nsystem: $${a}\nuser: Where is $${b}?\nstate: {orders: {\"$${c}\": {note: \"$${d} ${e}\"}}}\nreference:\n  - {call: get_order, args: {order_id: \"$${f}\"}}\n  - say: $${g}\nexpect:\n  - answer: {contains: \"$${g}\"}\n";
    let suite = Folder::shop(&[("scenarios/shop/a.yaml", text)]).loaded();
    let scenario = &suite.scenarios[0];
    assert_eq!(scenario.system.as_deref(), Some("${a}"));
    assert_eq!(scenario.user[0].text, "Where is ${b}?");
    assert_eq!(scenario.initial.value()["orders"]["${c}"], json!({"note": "${d} ${e}"}));
    assert_eq!(args(&suite, 0), json!({"order_id": "${f}"}));
    assert_eq!(scenario.references[0].steps()[1], Step::Say("${g}".into()));
    assert_eq!(scenario.criteria[0].parameters, json!({"contains": "${g}"}));
    let warned: Vec<&str> = suite.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(warned, ["`${e}` stays as it is: there are no cases"]);
}

#[test]
fn keys_that_a_row_makes_the_same_are_not_merged_in_silence() {
    let cases = "state: {orders: {\"${order}\": {total: 1}, \"${note}\": {total: 2}}}\ncases:\n  - {id: a, order: W-1, note: W-2}\n  - {id: b, order: W-3, note: W-3}\n";
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &template(cases))]);
    let expected =
        "scenarios/shop/a.yaml:8:9 two keys of this map become `W-3` (in the case `b`, scenarios/shop/a.yaml:11)";
    assert_eq!(folder.messages(), [expected]);
}

#[test]
fn a_row_that_lacks_what_the_scenario_uses_is_told_at_the_row() {
    let inline = "cases:\n  - {id: a, order: W-1, note: x}\n  - {id: b, order: W-2}\n  - id: c\n";
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &template(inline))]);
    let expected = [
        "scenarios/shop/a.yaml:10:5 the case `b` lacks the column `note`, which the scenario uses",
        "scenarios/shop/a.yaml:11:5 the case `c` lacks the columns `note` and `order`, which the scenario uses",
    ];
    assert_eq!(folder.messages(), expected);

    let lines = "{\"id\": \"a\", \"note\": \"x\", \"order\": \"W-1\"}\n{\"id\": \"b\", \"note\": null}\n";
    folder.write("scenarios/shop/a.yaml", &template("cases: rows.jsonl\n"));
    folder.write("scenarios/shop/rows.jsonl", lines);
    let expected = "scenarios/shop/rows.jsonl:2:1 the case `b` lacks the column `order`, which the scenario uses";
    assert_eq!(folder.messages(), [expected]);
}

const OPEN: &str = "world: shop\nuser: Where is it?\nstate: \"${state}\"\nreference:\n  - {call: get_order, args: \"${args}\", fails: \"${fails}\"}\n  - \"${last}\"\nexpect:\n  - answer: \"${answer}\"\n  - \"${second}\"\ncases: rows.jsonl\n";

#[test]
fn one_column_may_stand_for_a_value_of_any_type() {
    let row = json!({
        "id": "a", "state": {"orders": {"W-3": {"status": "new"}}}, "args": {"order_id": "W-1", "copies": 2},
        "fails": false, "last": {"say": "It is there."}, "answer": {"contains": "there"}, "second": {"within": {"calls": 2}},
    });
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", OPEN), ("scenarios/shop/rows.jsonl", &row.to_string())]);
    let suite = folder.loaded();
    assert_eq!(args(&suite, 0), json!({"order_id": "W-1", "copies": 2}));
    assert_eq!(suite.scenarios[0].references[0].steps()[1], Step::Say("It is there.".into()));
    assert_eq!(suite.scenarios[0].criteria[1].grader, "within");
    assert_eq!(suite.scenarios[0].initial.value()["orders"]["W-3"]["status"], "new");
    let published = jsonschema::validator_for(&mocktrial_core::suite::schema("scenario").unwrap()).unwrap();
    let file = json!({
        "world": "shop", "user": "u", "state": "${state}", "cases": "rows.jsonl", "reference": [
            {"call": "get_order", "args": "${args}", "fails": "${fails}"}, "${last}"],
        "expect": [{"answer": {"number": "${n}", "tolerance": "${t}"}}, {"within": {"calls": "${c}"}}, "${second}"],
    });
    assert!(published.is_valid(&file), "editors accept it, too");
    let closed = json!({"world": "shop", "user": "u", "expect": [{"answer": {"number": "n"}}]});
    assert!(!published.is_valid(&closed), "any other text is still wrong");
}

#[test]
fn what_a_column_gives_is_checked_with_its_row() {
    let row = json!({
        "id": "a", "state": [1], "args": "W-1", "fails": "no", "last": {"say": "It."}, "answer": 3, "second": [],
    });
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", OPEN), ("scenarios/shop/rows.jsonl", &row.to_string())]);
    let messages = folder.messages();
    for place in ["a.yaml:3:8 `state`", "a.yaml:5:29 `args`", "a.yaml:5:47 `fails`", "a.yaml:9:5 `expect[1]`"] {
        assert!(messages.iter().any(|m| m.contains(place)), "{place} is not in {messages:#?}");
    }
    let without = OPEN.replace("cases: rows.jsonl\n", "");
    folder.write("scenarios/shop/a.yaml", &without);
    assert!(folder.messages().iter().any(|m| m.contains("`args` must be a map")), "{:#?}", folder.messages());
}

#[test]
fn each_mistake_of_a_row_is_told_once_with_the_number_of_rows_that_make_it() {
    let world = crate::folder::WORLD.replace("required: [order_id]", "required: [order_id, copies]");
    let text = "world: shop\nuser: u\nreference: [{call: get_order, args: \"${args}\"}, {say: s}]\nexpect: [answer: {contains: s}]\ncases:\n  - {id: a, args: {order_id: W-1, copies: 1}}\n  - {id: b, args: {}}\n  - {id: c, args: {}}\n  - {id: d, args: {copies: many}}\n  - {id: e, args: {copies: few}}\n";
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", text), ("scenarios/shop/worlds/shop.yaml", &world)]);
    let refused = |what: &str, rows: &str| {
        format!("scenarios/shop/a.yaml:3:37 `get_order` refuses these arguments: {what} (in the case {rows})")
    };
    let expected = [
        refused("`copies` is missing", "`b`, scenarios/shop/a.yaml:7 and one other"),
        refused(
            "`copies` must be a whole number, but is the text `many`",
            "`d`, scenarios/shop/a.yaml:9 and one other",
        ),
        refused("`order_id` is missing", "`b`, scenarios/shop/a.yaml:7 and 3 others"),
    ];
    assert_eq!(folder.messages(), expected);
}

/// What is said of a CSV file whose columns `id`, `order` and `note` a scenario uses.
fn said_of_csv(csv: &[u8]) -> Vec<String> {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &template("cases: rows.csv\n"))]);
    std::fs::write(folder.path().join("scenarios/shop/rows.csv"), csv).unwrap();
    folder.messages().iter().map(|message| message.replace("scenarios/shop/rows.csv:", "")).collect()
}

#[test]
fn a_quote_that_swallows_the_rows_after_it_is_a_mistake() {
    let swallowed = said_of_csv(b"id,order,note\na,W-1,\"x\nb,W-2,y\n");
    assert_eq!(swallowed, ["2:7 the quote that opens here is not closed"]);
    let text = said_of_csv(b"id,order,note\na,\"W-1\"x,y\n");
    assert_eq!(text, ["2:8 text follows a quote that closes its cell"]);
}

#[test]
fn a_cell_is_shown_where_it_stands_even_in_a_row_of_several_lines() {
    let said = said_of_csv(b"id,order:number,note:number\nb,1,\"1\n\n2\"\nx,x,1\nc,\"1\nx\",x");
    let expected = [
        "2:5 the cell of column `note` is not a number: `1\\n\\n2`",
        "5:3 the cell of column `order` is not a number: `x`",
        "6:3 the cell of column `order` is not a number: `1\\nx`",
        "7:4 the cell of column `note` is not a number: `x`",
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_byte_order_mark_windows_line_ends_and_empty_lines_mean_nothing() {
    let text = format!("\u{feff}{}", template("cases: rows.csv\n").replace('\n', "\r\n"));
    let csv = "\u{feff}\r\nid,order,note\r\n\r\na,W-1,\"one\r\ntwo \"\"2\"\"\"\r\n\r\n";
    let suite = Folder::shop(&[("scenarios/shop/a.yaml", &text), ("scenarios/shop/rows.csv", csv)]).loaded();
    assert_eq!(suite.scenarios.len(), 1);
    assert_eq!(suite.scenarios[0].references[0].steps()[1], Step::Say("I saw ${HOME} and one\r\ntwo \"2\"".into()));
    assert_eq!(suite.scenarios[0].source.row.as_ref().unwrap().line, 4);
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line() {
    let said = said_of_csv(b"id,order,note\na,W-1,caf\xe9\n");
    assert_eq!(said, ["scenarios/shop/a.yaml:8:8 `scenarios/shop/rows.csv` is not UTF-8 text (line 2 is not)"]);
}

#[test]
fn cells_that_are_not_separated_by_commas_are_recognised() {
    let folder = Folder::shop(&[("scenarios/shop/a.yaml", &template("cases: rows.csv\n"))]);
    for separator in [";", "\t"] {
        folder.write("scenarios/shop/rows.csv", &"id,order,note\na,W-1,x\n".replace(',', separator));
        let mistakes = folder.load().unwrap_err();
        assert_eq!(mistakes.0[0].hint.as_deref(), Some("separate the cells of a CSV file with commas"));
    }
}

#[test]
fn of_very_many_mistakes_the_first_are_shown_and_all_are_counted() {
    let rows: String = (0..500).map(|i| format!("{i},x\n")).collect();
    let folder = Folder::shop(&[
        ("scenarios/shop/a.yaml", &format!("{SCENARIO}cases: rows.csv\n")),
        ("scenarios/shop/rows.csv", &format!("id,n:number\n{rows}")),
    ]);
    let mistakes = folder.load().unwrap_err();
    let rendered = mistakes.render(false);
    assert_eq!((mistakes.0.len(), rendered.matches("error: ").count()), (500, 100));
    assert!(rendered.ends_with("… and 400 more, once these are gone\n\n500 errors\n"), "{rendered}");
}

#[test]
fn a_tag_is_a_word_and_the_same_for_every_row() {
    let text = template(
        "tags: [good, \"two words\", \" \", \"a\\eb\", \"${order}\"]\ncases: [{id: a, order: W-1, note: x}]\n",
    );
    let expected = [
        "scenarios/shop/a.yaml:8:27 this tag is empty (in the case `a`, scenarios/shop/a.yaml:9)",
        "scenarios/shop/a.yaml:8:32 the tag `a\\u{1b}b` has a character that cannot be shown (in the case `a`, scenarios/shop/a.yaml:9)",
        "scenarios/shop/a.yaml:8:40 the tag `${order}` stays as it is: all rows have the same tags (in the case `a`, scenarios/shop/a.yaml:9)",
    ];
    assert_eq!(Folder::shop(&[("scenarios/shop/a.yaml", &text)]).messages(), expected);
}

#[test]
fn notes_for_check_take_columns_and_belong_to_no_hash() {
    let notes = "check: {paraphrases: [\"${word}\"], accept: [{mutant: \"answer ${word}\", why: free}]}";
    let text = |notes: &str| {
        format!(
            "world: shop\nuser: Where?\nreference: [{{say: \"It is ${{word}}.\"}}]\nexpect: [{{answer: {{contains: \"${{word}}\"}}}}]\ncases: [{{id: a, word: lost}}]\n{notes}\n"
        )
    };
    let load = |notes: &str| Folder::shop(&[("scenarios/shop/where.yaml", &text(notes))]).loaded().scenarios[0].clone();
    let (with, without) = (load(notes), load(""));
    assert_eq!(with.check.paraphrases, ["lost"]);
    assert_eq!((with.check.accept[0].mutant.as_str(), with.check.accept[0].why.as_str()), ("answer lost", "free"));
    assert!(without.check.accept.is_empty() && with.instrument == without.instrument);
    let unknown = text(&notes.replace("answer ${word}", "answer ${wrd}"));
    let [message] = &Folder::shop(&[("scenarios/shop/where.yaml", &unknown)]).messages()[..] else { panic!() };
    assert!(message.contains("the cases have no column `wrd`"), "{message}");
}

#[test]
fn each_variant_is_the_same_scenario_once_more_and_each_case_has_all_of_them() {
    let variants = "variants:\n  - {name: maria, customer: Maria Garcia}\n  - {name: john, customer: John Smith}\n";
    let template = TEMPLATE.replace("Where is ${order}?", "I am ${customer}. Where is ${order}?") + variants;
    let suite = Folder::shop(&[("scenarios/shop/order.yaml", &template), ("scenarios/shop/rows.csv", CSV)]).loaded();
    let names: Vec<&str> = suite.scenarios.iter().map(|s| &*s.name).collect();
    let expected = ["shop/order#a~maria", "shop/order#a~john", "shop/order#b~maria", "shop/order#b~john"];
    assert_eq!(names, expected);
    let ids: Vec<&str> = suite.scenarios.iter().map(|s| &*s.id).collect();
    assert_eq!(ids, ["shop/order#a", "shop/order#a", "shop/order#b", "shop/order#b"]);
    assert_eq!(suite.scenarios[1].user[0].text, "I am John Smith. Where is W-1? I pay ${total}.");
    assert_eq!(suite.scenarios[0].world_seed(), suite.scenarios[1].world_seed());
    // Without cases, they are variants of the one scenario.
    let alone = SCENARIO.to_owned() + "variants: [{name: du}, {name: sie}]\n";
    let suite = Folder::shop(&[("scenarios/shop/alone.yaml", &alone)]).loaded();
    let names: Vec<&str> = suite.scenarios.iter().map(|s| &*s.name).collect();
    assert_eq!(names, ["shop/alone~du", "shop/alone~sie"]);
}

#[test]
fn variants_must_have_names_and_columns_of_their_own() {
    for (variants, said) in [
        ("variants: [{who: a}]", "the variants have no column `name` to name their rows"),
        ("variants: [{name: a}, {name: a}]", "two rows have the key `a`"),
        ("variants: [{name: a~b}]", "`a~b` cannot name a row"),
        ("variants: []", "`variants` must not be empty"),
        ("variants: [{name: x, order: W-3}]", "the column `order` stands in `cases` and in `variants`"),
    ] {
        let template = TEMPLATE.to_owned() + variants + "\n";
        let files = [("scenarios/shop/order.yaml", &*template), ("scenarios/shop/rows.csv", CSV)];
        let said_all = Folder::shop(&files).messages().join("\n");
        assert!(said_all.contains(said), "{variants}: {said_all}");
    }
}

//! One trap of the specification each.

use super::*;
use proptest::prelude::*;

fn value(json: &str) -> Value<'_> {
    Value::from_json(json).unwrap()
}

/// An item with one function `f` of one required parameter `p`.
fn item(category: &str, property: &str, alternatives: &str) -> Item {
    let functions =
        format!(r#"[{{"name": "f", "parameters": {{"properties": {{"p": {property}}}, "required": ["p"]}}}}]"#);
    let answers = format!(r#"[{{"f": {{"p": {alternatives}}}}}]"#);
    Item::new(category, &value(&functions), &value(&answers)).unwrap()
}

/// The verdict on one argument of a declared type.
fn verdict(category: &str, property: &str, alternatives: &str, argument: &str) -> String {
    let output = format!(r#"[{{"f": {{"p": {argument}}}}}]"#);
    let checked = item(category, property, alternatives).check(&value(&output), Names::AsDescribed);
    checked.err().map_or("valid", Failure::as_str).to_owned()
}

fn python(ty: &str, alternatives: &str, argument: &str) -> String {
    verdict("simple_python", &format!(r#"{{"type": "{ty}", "items": {{"type": "float"}}}}"#), alternatives, argument)
}

fn java(ty: &str, nested: &str, alternatives: &str, argument: &str) -> String {
    let property = format!(r#"{{"type": "{ty}", "items": {{"type": "{nested}"}}}}"#);
    verdict("simple_java", &property, alternatives, &serde_json::Value::from(argument).to_string())
}

fn js(ty: &str, nested: &str, alternatives: &str, argument: &str) -> String {
    let property = format!(r#"{{"type": "{ty}", "items": {{"type": "{nested}"}}}}"#);
    verdict("simple_javascript", &property, alternatives, &serde_json::Value::from(argument).to_string())
}

#[test]
fn kinds_are_exact_and_equality_is_pythons() {
    assert_eq!(python("integer", "[1]", "true"), "type_error:simple");
    assert_eq!(python("integer", "[1.0]", "1"), "valid");
    assert_eq!(python("boolean", "[1]", "true"), "valid");
    assert_eq!(python("integer", "[5]", "5.0"), "type_error:simple");
    assert_eq!(python("float", "[5.0]", "5"), "valid");
    assert_eq!(python("float", "[2]", "3.0"), "value_error:others");
    assert_eq!(python("float", "[9007199254740993]", "9007199254740992.0"), "value_error:others");
    assert_eq!(python("float", "[9007199254740992]", "9007199254740993"), "valid");
}

#[test]
fn integers_have_any_size() {
    assert_eq!(python("integer", "[100000000000000000000]", "100000000000000000000"), "valid");
    assert_eq!(python("integer", "[100000000000000000000]", "100000000000000000001"), "value_error:others");
    assert_eq!(python("integer", "[100000000000000000000]", "1e20"), "type_error:simple");
    assert_eq!(python("integer", "[1e20]", "100000000000000000000"), "valid");
    assert_eq!(python("float", "[1.0]", &"9".repeat(400)), "exception:OverflowError");
    assert!(Value::from_json(&"1".repeat(4300)).is_ok());
    assert!(Value::from_json(&"1".repeat(4301)).is_err());
}

#[test]
fn texts_are_compared_in_standard_form() {
    assert_eq!(python("string", r#"["April 1, 2024"]"#, r#""april 1_2024""#), "valid");
    assert_eq!(python("string", r#"["it's"]"#, r#""IT\"S""#), "valid");
    assert_eq!(python("string", r#"["a\tb"]"#, r#""ab""#), "value_error:string");
    assert_eq!(python("string", r#"["ΟΔΟΣ"]"#, r#""οδος""#), "valid");
    assert_eq!(python("string", r#"["ΟΔΟΣ"]"#, r#""οδοσ""#), "value_error:string");
    assert_eq!(python("string", r#"["İ"]"#, "\"i\u{307}\""), "valid");
    assert_eq!(python("string", r#"["x", ""]"#, r#"" -""#), "valid");
}

#[test]
fn a_value_of_the_answers_kind_is_a_variable_and_compared_exactly() {
    assert_eq!(python("integer", r#"["N"]"#, r#""N""#), "valid");
    assert_eq!(python("integer", r#"["N"]"#, r#""n""#), "value_error:others");
    assert_eq!(python("integer", r#"["", 3]"#, r#""""#), "type_error:simple");
    assert_eq!(python("array", r#"["xs"]"#, r#""xs""#), "valid");
}

#[test]
fn elements_are_checked_one_level_deep() {
    assert_eq!(python("array", "[[1.0, 2.0]]", "[1, 2]"), "type_error:nested");
    assert_eq!(python("array", "[[1, 2.0]]", "[1, 2.0]"), "valid");
    assert_eq!(python("array", "[[1.0]]", "[]"), "value_error:list/tuple");
    assert_eq!(python("array", "[[1.0], []]", "[]"), "valid");
    assert_eq!(python("array", "[]", "[]"), "type_error:simple");
    assert_eq!(python("array", "[[1.0], null]", "[1.0]"), "exception:TypeError");
    assert_eq!(verdict("simple_python", r#"{"type": "array"}"#, "[[1]]", "[1]"), "exception:KeyError");
}

#[test]
fn a_dicts_missing_key_hides_its_wrong_value() {
    assert_eq!(python("dict", r#"[{"a": ["X"], "b": [1, ""]}]"#, r#"{"a": "x"}"#), "valid");
    assert_eq!(python("dict", r#"[{"a": ["X"]}]"#, r#"{"a": "y"}"#), "value_error:dict_value");
    assert_eq!(python("dict", r#"[{"a": ["X"], "b": [1]}]"#, r#"{"a": "y"}"#), "value_error:dict_key");
    assert_eq!(python("dict", r#"[{"a": "xy"}]"#, r#"{"a": "Y"}"#), "valid");
    assert_eq!(python("dict", r#"[{"a": 1}]"#, r#"{"a": 1}"#), "exception:TypeError");
    assert_eq!(python("dict", r#"[""]"#, "{}"), "dict_checker:unclear");
}

#[test]
fn lists_of_dicts_are_matched_in_order() {
    let list = |argument| {
        let property = r#"{"type": "array", "items": {"type": "dict"}}"#;
        verdict("simple_python", property, r#"[[{"a": ["x"]}, {"a": ["y"]}]]"#, argument)
    };
    assert_eq!(list(r#"[{"a": "X"}, {"a": "Y"}]"#), "valid");
    assert_eq!(list(r#"[{"a": "Y"}, {"a": "X"}]"#), "value_error:dict_value");
    assert_eq!(list(r#"[{"a": "X"}]"#), "value_error:list_dict_count");
}

#[test]
fn java_literals_are_converted_by_their_declared_type() {
    assert_eq!(java("long", "", "[5]", "5L\n"), "valid");
    assert_eq!(java("long", "", "[5]", "5"), "type_error:simple");
    assert_eq!(java("integer", "", "[3]", "٣"), "valid");
    assert_eq!(java("float", "", "[150.0]", "1.5e2F"), "valid");
    assert_eq!(java("boolean", "", "[true]", "True"), "type_error:simple");
    assert_eq!(java("Array", "String", r#"[["a"]]"#, r#"new String[]{"a"}"#), "value_error:list/tuple");
    assert_eq!(java("ArrayList", "String", r#"[["a", "b"]]"#, r#"new ArrayList<>(Arrays.asList("a", "b"))"#), "valid");
    assert_eq!(java("ArrayList", "long", "[[1, 2]]", "new ArrayList<Long>() {{ add(1L); add(2L); }}"), "valid");
    assert_eq!(java("ArrayList", "long", "[[]]", "new ArrayList<>()"), "valid");
    let map = r#"new HashMap<String, Object>() {{ put("k", 2L); put("l", "x"); }}"#;
    assert_eq!(java("HashMap", "", r#"[{"k": [2], "l": ["X"]}]"#, map), "valid");
    assert_eq!(java("Set", "", "[1]", "x"), "exception:NotImplementedError");
    assert_eq!(verdict("simple_java", r#"{"type": "integer"}"#, "[1]", "1"), "type_error:java");
}

#[test]
fn javascript_literals_are_converted_by_their_declared_type() {
    assert_eq!(js("String", "", r#"["x"]"#, "'x'"), "valid");
    assert_eq!(js("Bigint", "", "[5]", "5n"), "valid");
    assert_eq!(js("Bigint", "", "[5]", "5n\n"), "exception:ValueError");
    assert_eq!(js("float", "", "[1.5]", "1.5e0"), "type_error:simple");
    assert_eq!(js("array", "array", "[[[1, 2], [3]]]", " [ [1, 2], [3] ]"), "valid");
    assert_eq!(js("array", "integer", "[[1, 2]]", "new Array(1, 2)"), "valid");
    assert_eq!(js("array", "String", r#"[["a"]]"#, "['a']"), "valid");
    assert_eq!(
        js("dict", "", r#"[{"a": [1], "b": [["x", "y"]], "c": ["z"]}]"#, "{a: 1, 'b': ['x', 'y'], c: 'z'}"),
        "valid"
    );
    // The comma within a value ends it only where a key can follow.
    assert_eq!(js("dict", "", r#"[{"a": ["x, y"]}]"#, "{a: 'x, y'}"), "valid");
    assert_eq!(verdict("simple_javascript", r#"{"type": "integer"}"#, "[1]", "1"), "type_error:js");
    assert_eq!(verdict("simple_javascript", r#"{"type": "byte"}"#, "[1]", "1"), "exception:KeyError");
}

/// Two functions `g.one(p)` and `two(p)`.
fn pair(category: &str, answers: &str) -> Item {
    let function = |name| {
        format!(
            r#"{{"name": "{name}", "parameters": {{"properties": {{"p": {{"type": "integer"}}}}, "required": []}}}}"#
        )
    };
    let functions = format!("[{}, {}]", function("g.one"), function("two"));
    Item::new(category, &value(&functions), &value(answers)).unwrap()
}

#[test]
fn parallel_answers_take_the_first_call_that_fits_and_keep_it() {
    let check = |item: &Item, output| item.check(&value(output), Names::Underscored).err().map(Failure::as_str);
    let both = pair("parallel", r#"[{"g.one": {"p": [1, 2]}}, {"g.one": {"p": [1]}}]"#);
    assert_eq!(check(&both, r#"[{"g_one": {"p": 2}}, {"g_one": {"p": 1}}]"#), None);
    let greedy = Some("parallel_function_checker_no_order:cannot_find_match");
    assert_eq!(check(&both, r#"[{"g_one": {"p": 1}}, {"g_one": {"p": 2}}]"#), greedy);
    let count = Some("parallel_function_checker_no_order:wrong_count");
    assert_eq!(check(&both, r#"[{"g_one": {"p": 1}}]"#), count);
    let unknown = pair("parallel", r#"[{"three": {"p": [1]}}]"#);
    assert_eq!(check(&unknown, r#"[{"three": {"p": 1}}]"#), Some("exception:TypeError"));
    let second = pair("live_multiple", r#"[{"two": {"p": [1]}}]"#);
    assert_eq!(check(&second, r#"[{"two": {"p": 1}}]"#), None);
    assert_eq!(check(&second, "[]"), Some("multiple_function_checker:wrong_count"));
}

#[test]
fn outputs_of_another_form_are_told_apart_from_wrong_ones() {
    let item = item("simple_python", r#"{"type": "integer"}"#, "[1]");
    let check = |output| item.check(&value(output), Names::AsDescribed).unwrap_err().as_str();
    for output in [r#""no""#, "{}", r#"[{"f": 1}]"#, r#"[{"f": {}, "g": {}}]"#, "[{}]"] {
        assert_eq!(check(output), "ast_decoder:decoder_wrong_output_format", "{output}");
    }
    assert_eq!(check("[]"), "simple_function_checker:wrong_count");
    assert_eq!(check(r#"[{"g": {"p": 1}}]"#), "simple_function_checker:wrong_func_name");
    assert_eq!(check(r#"[{"f": {}}]"#), "simple_function_checker:missing_required");
    assert_eq!(check(r#"[{"f": {"p": 1, "q": 1}}]"#), "simple_function_checker:unexpected_param");
}

#[test]
fn what_cannot_be_read_is_no_call() {
    let call = decode_python("f()").unwrap();
    assert_eq!(check_relevance("live_relevance", Some(&call)), Ok(()));
    assert_eq!(check_relevance("irrelevance", Some(&call)), Err(Failure::UnwantedCall));
    assert_eq!(check_relevance("live_irrelevance", None), Ok(()));
    assert_eq!(check_relevance("live_relevance", Some(&value("[]"))), Err(Failure::MissingCall));
}

#[test]
fn python_calls_are_read_as_the_official_decoder_reads_them() {
    // As JSON, where tuples are lists.
    for (text, json) in [
        ("```\n[a.b(x=1, y='s')]\n```", r#"[{"a.b": {"x": 1, "y": "s"}}]"#),
        ("f(1, x=True), g()", r#"[{"f": {"x": true}}, {"g": {}}]"#),
        ("f(x=name, y=g(1, h), z=g(k=None))", r#"[{"f": {"x": "name", "y": "g(1, h)", "z": {"g": {"k": null}}}}]"#),
        ("f(x=-1.5, y=not True, z=~2)", r#"[{"f": {"x": -1.5, "y": -1, "z": -2}}]"#),
        ("f(x=2 ** 3 - 7 // 2, y=1 / 4, z='a' * 2)", r#"[{"f": {"x": 5, "y": 0.25, "z": "aa"}}]"#),
        ("f(x={'k': [1, ...]}, y=d['k'][1:])", r#"[{"f": {"x": {"k": [1, "..."]}, "y": "d['k'][1:]"}}]"#),
        ("[f(x=1, x=0x10)]  # twice\n", r#"[{"f": {"x": 16}}]"#),
        ("f(x='a' \"b\" r'\\n')", r#"[{"f": {"x": "ab\\n"}}]"#),
        (
            "f(x=d[*a if b else c], y=g(u'x', (1,), not 1))",
            r#"[{"f": {"x": "d[(*(a if b else c),)]", "y": "g(u'x', (1,), not 1)"}}]"#,
        ),
        ("", "[]"),
    ] {
        assert_eq!(decode_python(text).unwrap(), value(json), "{text}");
    }
    assert!(matches!(decode_python("f(x=(1,))").unwrap().as_list(), Some([call]) if
        matches!(call.get("f").and_then(|f| f.get("x")), Some(Value::Tuple(_)))));
    for text in [
        "I cannot help.",
        "f(x=",
        "f(x=1, 2)",
        "f(x=a.b)",
        "x",
        "f(x=1 / 0)",
        "f(x=1 < 2)",
        "f(x=1._0)",
        "f(x='\n')",
        "[[f()]]",
    ] {
        assert!(decode_python(text).is_err(), "{text}");
    }
}

#[test]
fn a_tuple_stands_for_a_list_only_where_a_tuple_is_declared() {
    let output = decode_python("f(p=(1.0,))").unwrap();
    let check = |ty| {
        let property = format!(r#"{{"type": "{ty}", "items": {{"type": "float"}}}}"#);
        item("simple_python", &property, "[[1.0]]").check(&output, Names::AsDescribed)
    };
    assert_eq!(check("tuple"), Ok(()));
    assert_eq!(check("array"), Err(Failure::WrongType));
}

#[test]
fn native_calls_have_their_arguments_as_json_texts() {
    let stored = value(r#"[{"f": "{\"x\": 1, \"x\": 2}"}]"#);
    assert_eq!(decode_calls(&stored).unwrap(), value(r#"[{"f": {"x": 2}}]"#));
    for wrong in [r#""text""#, r#"[{"f": {"x": 1}}]"#, r#"[{"f": "{"}]"#, "[{}]"] {
        assert!(decode_calls(&value(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn nothing_nests_without_bound() {
    for (open, close) in [("f(x=", ")"), ("f(x=[", "])"), ("f(x=-", ")"), ("a[", "]"), ("f(x=1+(", "))"), ("not ", "")]
    {
        assert!(decode_python(&(open.repeat(50_000) + &close.repeat(50_000))).is_err(), "{open}");
    }
    assert!(decode_python(&format!("f(x={}1)", "1+".repeat(50_000))).is_err());
    assert!(Value::from_json(&("[".repeat(100_000) + &"]".repeat(100_000))).is_err());
}

#[test]
fn categories_add_up_as_on_the_leaderboard() {
    let all = |accuracy, items| Accuracy { accuracy, items };
    let categories = [
        ("simple_python", all(0.9, 400)),
        ("simple_java", all(0.6, 100)),
        ("simple_javascript", all(0.6, 50)),
        ("multiple", all(0.9, 200)),
        ("live_simple", all(1.0, 10)),
        ("live_multiple", all(0.0, 30)),
        ("irrelevance", all(0.8, 240)),
        ("live_relevance", all(1.0, 18)),
        ("multi_turn_base", all(0.4, 200)),
        ("memory_kv", all(0.6, 155)),
    ];
    let got = overall(&categories.into_iter().collect());
    let expected = [0.4, 0.25, 0.4, 0.1, 0.1, 0.04 + 0.025 + 0.04 + 0.03 + 0.04];
    let got = [got.non_live, got.live, got.irrelevance, got.multi_turn, got.agentic, got.overall];
    for (got, expected) in got.into_iter().zip(expected) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", code in "[-fx1.e=+*/()\\[\\]{},:'\"# \n\\\\]{0,40}") {
        let _ = decode_python(&text);
        let _ = decode_python(&code);
        let _ = Value::from_json(&text);
        for ty in ["Array", "ArrayList", "HashMap", "double"] {
            let _ = java(ty, "long", "[1]", &format!("new ArrayList<>(){{{{{code}"));
        }
        for ty in ["array", "dict", "float"] {
            let _ = js(ty, "String", "[1]", &format!("{{a:{code}}}"));
        }
    }

    #[test]
    fn json_is_read_as_serde_reads_it(text in "[-0-9.eE+]{1,8}|\"([a-z]|\\\\u00[0-9a-f]{2}|\\\\n|é){0,6}\"|\\[[0-9, ]{0,6}\\]") {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(Value::from_json(&text).is_ok(), theirs.is_ok());
        if let (Ok(Value::Str(ours)), Ok(theirs)) = (Value::from_json(&text), theirs) {
            prop_assert_eq!(Some(&*ours), theirs.as_str());
        }
    }

    #[test]
    fn a_text_has_its_own_standard_form(text in "([ -~]|[ΣσςİŉǅßK]){0,12}") {
        let form = text::standard(&text);
        prop_assert!(text::has_standard(&text, &form));
    }
}

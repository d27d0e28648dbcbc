//! Globs and tag expressions.

use crate::folder::{Folder, SCENARIO};
use mocktrial_core::suite::{Selection, SelectionError, Suite, select};
use std::sync::LazyLock;

static SUITE: LazyLock<Suite> = LazyLock::new(|| {
    let tagged = |tags: &str| SCENARIO.replace("[easy, lookup]", tags);
    let rows = format!("{}cases: [{{id: x}}, {{id: y}}]\n", tagged("[rows]"));
    Folder::shop(&[
        ("scenarios/shop/a.yaml", &tagged("[policy]")),
        ("scenarios/shop/b.yaml", &tagged("[policy, slow]")),
        ("scenarios/shop/deep/c.yaml", &tagged("[slow, 'two words', not]")),
        ("scenarios/shop/rows.yaml", &rows),
    ])
    .loaded()
});

fn chosen(globs: &[&str], tags: Option<&str>) -> Result<Vec<String>, SelectionError> {
    let selection = Selection { globs: globs.iter().map(|g| (*g).to_owned()).collect(), tags: tags.map(str::to_owned) };
    Ok(select(&SUITE, &selection)?.iter().map(|s| s.id.trim_start_matches("shop/").to_owned()).collect())
}

fn tagged(tags: &str) -> String {
    chosen(&[], Some(tags)).unwrap_or_else(|error| panic!("{error}")).join(" ")
}

#[test]
fn nothing_given_means_everything_in_order() {
    assert_eq!(chosen(&[], None).unwrap(), ["a", "b", "deep/c", "rows#x", "rows#y"]);
}

#[test]
fn a_star_stops_at_a_slash_and_a_family_takes_its_rows() {
    assert_eq!(chosen(&["shop/*"], None).unwrap(), ["a", "b", "rows#x", "rows#y"]);
    assert_eq!(chosen(&["shop/**"], None).unwrap().len(), 5);
    assert_eq!(chosen(&["shop/rows"], None).unwrap(), ["rows#x", "rows#y"]);
    assert_eq!(chosen(&["shop/rows#y"], None).unwrap(), ["rows#y"]);
    assert_eq!(chosen(&["shop/{a,b}", "**/c"], None).unwrap(), ["a", "b", "deep/c"]);
    assert_eq!(chosen(&["none"], None).unwrap(), Vec::<String>::new());
}

#[test]
fn tags_combine_by_and_or_not_and_parentheses() {
    assert_eq!(tagged("policy"), "a b");
    assert_eq!(tagged("policy and not slow"), "a");
    assert_eq!(tagged("rows or policy and slow"), "b rows#x rows#y");
    assert_eq!(tagged("(rows or policy) and slow"), "b");
    assert_eq!(tagged("not (policy or slow)"), "rows#x rows#y");
    assert_eq!(tagged("not not policy"), "a b");
    assert_eq!(tagged("'two words' and \"not\""), "deep/c");
    assert_eq!(tagged("unknown"), "");
}

#[test]
fn globs_and_tags_must_both_hold() {
    assert_eq!(chosen(&["shop/**"], Some("slow")).unwrap(), ["b", "deep/c"]);
    assert_eq!(chosen(&["shop/a"], Some("slow")).unwrap(), Vec::<String>::new());
}

#[test]
fn a_malformed_glob_is_told_with_its_text() {
    let error = chosen(&["shop/["], None).unwrap_err();
    assert!(matches!(&error, SelectionError::Glob { glob, .. } if glob == "shop/["), "{error}");
}

#[test]
fn a_malformed_tag_expression_is_told_with_the_place_at_fault() {
    for (text, place, why) in [
        ("", 0, "a tag is missing here"),
        ("a and", 5, "a tag is missing here"),
        ("a b", 2, "`and` or `or` is missing before this"),
        ("(a", 0, "this `(` is not closed"),
        ("a)", 1, "this `)` closes nothing"),
        ("and a", 0, "a tag is missing before this"),
        ("a && b", 2, "`&&` is written `and`, `or` or `not` here"),
        ("ä and 'x", 6, "this quote is not closed"),
    ] {
        match chosen(&[], Some(text)) {
            Err(SelectionError::Tags { at, why: said, .. }) => assert_eq!((at, said.as_str()), (place, why), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let deep = "(".repeat(100_000);
    assert!(chosen(&[], Some(&deep)).is_err());
    insta::assert_snapshot!(chosen(&[], Some("a or or b")).unwrap_err(), @r"
    the tag expression is malformed: a tag is missing before this
      a or or b
           ^
    ");
}

//! Equivalents: the reference done a little otherwise, so that it ought to pass.
//!
//! A criterion that accepts one way alone is as wrong as one that lets anything through. What an author
//! forbids in so many words (`at_most`, `before`) is no fault of the criteria: such an equivalent is not
//! counted.

use super::money::spellings;
use super::play::Deed;
use super::schema::{DEPTH, Part, defaults};
use crate::suite::Step;
use mocktrial_trajectory::{Criterion, ToolSpec};
use serde_json::{Map, Value};

/// The reference done a little otherwise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Equivalent {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) steps: Vec<Step>,
}

/// How it is done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reordered,
    Repeated,
    Written,
    Paraphrased,
}

impl Equivalent {
    /// Whether a criterion that fails it says in so many words that this is not allowed.
    pub(super) fn is_forbidden_by(&self, criterion: &Criterion) -> bool {
        let parameter = |key: &str| criterion.parameters.get(key).and_then(Value::as_str);
        match (self.kind, criterion.grader.as_str()) {
            (Kind::Reordered, "before" | "after" | "never") => true,
            (Kind::Repeated, "at_most" | "within" | "never") => true,
            (Kind::Repeated, "calls") => matches!(parameter("match"), Some("strict" | "any_order" | "subset")),
            _ => false,
        }
    }
}

/// The equivalents of one reference.
pub(super) fn equivalents(
    steps: &[Step],
    deeds: &[Deed],
    tools: &[ToolSpec],
    known: &str,
    paraphrases: &[String],
) -> Vec<Equivalent> {
    let calls = calls(steps);
    let mut found = Vec::new();
    for (a, b) in calls.windows(2).zip(deeds.windows(2)).filter_map(|(c, d)| independent(c, d, known)) {
        let mut other = steps.to_vec();
        other.swap(a.0, b.0);
        let name = format!("{} after {}", a.1, b.1);
        found.push(Equivalent { name, kind: Kind::Reordered, steps: other });
    }
    for ((step, name), deed) in calls.iter().zip(deeds) {
        if deed.failure.is_none() && !deed.changed() {
            let mut other = steps.to_vec();
            other.insert(*step, steps[*step].clone());
            found.push(Equivalent { name: format!("{name} asked twice"), kind: Kind::Repeated, steps: other });
        }
    }
    written_otherwise(steps, &calls, tools, &mut found);
    for (i, text) in paraphrases.iter().enumerate() {
        if let Some(Step::Say(_)) = steps.last() {
            let mut other = steps.to_vec();
            other.pop();
            other.push(Step::Say(text.clone()));
            found.push(Equivalent { name: format!("paraphrase {}", i + 1), kind: Kind::Paraphrased, steps: other });
        }
    }
    found.retain(|e| e.steps.as_slice() != steps || e.kind == Kind::Written);
    found
}

/// Each call's step and its name with its number.
fn calls(steps: &[Step]) -> Vec<(usize, String)> {
    let mut calls: Vec<(usize, String)> = Vec::new();
    let mut tools: Vec<&str> = Vec::new();
    for (step, of) in steps.iter().enumerate() {
        if let Step::Call { tool, .. } = of {
            tools.push(tool);
            calls.push((step, format!("{tool}#{}", tools.iter().filter(|t| *t == tool).count())));
        }
    }
    calls
}

type Named = (usize, String);

/// Two calls in a row that only look, of which the second asks nothing that only the first told.
fn independent<'c>(calls: &'c [Named], deeds: &[Deed], known: &str) -> Option<(&'c Named, &'c Named)> {
    let ([a, b], [first, second]) = (calls, deeds) else { return None };
    let looks = |deed: &Deed| deed.failure.is_none() && !deed.changed();
    if b.0 != a.0 + 1 || !looks(first) || !looks(second) || (first.tool == second.tool && first.args == second.args) {
        return None;
    }
    let told = first.result.to_string();
    let mut learnt = false;
    texts(&second.args, 0, &mut |text| learnt |= told.contains(text) && !known.contains(text));
    (!learnt).then_some((a, b))
}

fn texts(value: &Value, depth: usize, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Number(number) => visit(&number.to_string()),
        Value::Array(items) if depth < DEPTH => items.iter().for_each(|item| texts(item, depth + 1, visit)),
        Value::Object(map) if depth < DEPTH => map.values().for_each(|item| texts(item, depth + 1, visit)),
        _ => {}
    }
}

/// The same values, written in another way.
fn written_otherwise(steps: &[Step], calls: &[Named], tools: &[ToolSpec], found: &mut Vec<Equivalent>) {
    let mut add = |name: String, steps: Vec<Step>| found.push(Equivalent { name, kind: Kind::Written, steps });
    for (step, call) in calls {
        let Step::Call { tool, args: Value::Object(args), fails } = &steps[*step] else { continue };
        let Some(spec) = tools.iter().find(|t| t.name == *tool) else { continue };
        let with = |args: Map<String, Value>| {
            let mut steps = steps.to_vec();
            steps[*step] = Step::Call { tool: tool.clone(), args: Value::Object(args), fails: *fails };
            steps
        };
        let missing: Vec<_> = defaults(&spec.input_schema).filter(|(key, _)| !args.contains_key(*key)).collect();
        if !missing.is_empty() {
            let all = args.clone().into_iter().chain(missing.into_iter().map(|(k, v)| (k.clone(), v.clone())));
            add(format!("{call} with its defaults spelled out"), with(all.collect()));
        }
        if args.len() > 1 {
            let reversed: Vec<(String, Value)> = args.clone().into_iter().rev().collect();
            add(format!("{call} with its arguments in another order"), with(reversed.into_iter().collect()));
        }
        for (key, value) in args {
            let fractions = Part::of(spec).property(key).is_some_and(Part::takes_fractions);
            let Value::Number(number) = value else { continue };
            let text = number.to_string();
            let other = match text.strip_suffix(".0") {
                Some(whole) => whole.to_owned(),
                None if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => format!("{text}.0"),
                None => continue,
            };
            if let (true, Ok(other)) = (fractions, serde_json::from_str::<Value>(&other)) {
                let mut args = args.clone();
                let name = format!("{call}.{key} as {other}");
                args.insert(key.clone(), other);
                add(name, with(args));
            }
        }
    }
    let said: Vec<&str> =
        steps.iter().filter_map(|s| if let Step::Say(t) = s { Some(t.as_str()) } else { None }).collect();
    for (example, texts) in spellings(&said) {
        let mut texts = texts.into_iter();
        let other = steps.iter().map(|step| match step {
            Step::Say(text) => Step::Say(texts.next().unwrap_or_else(|| text.clone())),
            call => call.clone(),
        });
        add(format!("amounts as {example}"), other.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deed(tool: &str, args: Value, result: Value) -> Deed {
        Deed { tool: tool.into(), args, result, failure: None, change: Vec::new(), reasoned: true }
    }

    fn step(deed: &Deed) -> Step {
        Step::Call { tool: deed.tool.clone(), args: deed.args.clone(), fails: false }
    }

    fn names(deeds: &[Deed], schema: &Value, say: &str, known: &str) -> Vec<String> {
        let tool = |name: &str| ToolSpec {
            name: name.into(),
            description: None,
            input_schema: schema.clone(),
            output_schema: None,
            strict: None,
            freeform: None,
            annotations: mocktrial_trajectory::ToolAnnotations::default(),
        };
        let steps: Vec<Step> = deeds.iter().map(step).chain([Step::Say(say.into())]).collect();
        equivalents(&steps, deeds, &[tool("find"), tool("get")], known, &["Other words.".into()])
            .into_iter()
            .map(|e| e.name)
            .collect()
    }

    #[test]
    fn looks_are_reordered_only_where_the_second_needs_nothing_of_the_first() {
        let find = deed("find", json!({"name": "Ann"}), json!({"id": "c-7"}));
        let get = deed("get", json!({"id": "c-7"}), json!({"city": "York"}));
        let deeds = [find, get];
        let dependent = names(&deeds, &json!({}), "York.", "Where does Ann live?");
        assert_eq!(dependent, ["find#1 asked twice", "get#1 asked twice", "paraphrase 1"]);
        let free = names(&deeds, &json!({}), "York.", "Where does Ann, c-7, live?");
        assert_eq!(free[0], "find#1 after get#1");
    }

    #[test]
    fn values_are_written_in_other_ways() {
        let schema = json!({"properties": {
            "amount": {"type": "number"}, "count": {"type": "integer"}, "currency": {"type": "string", "default": "USD"},
        }});
        let get = deed("get", json!({"amount": 42, "count": 3}), json!({}));
        let found = names(&[get], &schema, "It is $42.", "");
        let expected = [
            "get#1 asked twice",
            "get#1 with its defaults spelled out",
            "get#1 with its arguments in another order",
            "get#1.amount as 42.0",
            "amounts as $42.00",
            "amounts as 42.00 USD",
            "amounts as USD 42.00",
            "amounts as 42 dollars",
            "paraphrase 1",
        ];
        assert_eq!(found, expected);
    }
}

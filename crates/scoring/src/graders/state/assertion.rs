//! Assertions on the final state, by JSONPath.

use crate::Fault;
use crate::diff::Rules;
use crate::kind::note;
use crate::parameters::{self, read, shown};
use crate::similar::{NOT_THE_SAME as NEAR, similarity};
use crate::text::{Found, Needle, plain};
use mocktrial_schema::Schema;
use mocktrial_trajectory::{Evidence, Pointer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

/// An assertion on what a JSONPath selects. All checks that are given must hold, for every place
/// selected, and there must be at least one (but for `exists: false` and `count`). Lists that the
/// world declares as `sets` compare in any order; what is `volatile` is compared like all else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::graders) struct Parameters {
    /// A JSONPath (RFC 9535), such as `$.orders['W-1001'].status`.
    path: String,
    /// The value itself, numbers by value.
    #[serde(default, deserialize_with = "parameters::given")]
    equals: Option<Value>,
    /// Whether the path selects anything.
    #[serde(default)]
    exists: Option<bool>,
    /// A JSON Schema that it fits; known formats are asserted.
    #[serde(default, deserialize_with = "parameters::given")]
    schema: Option<Value>,
    /// How many places the path selects.
    #[serde(default)]
    count: Option<u32>,
    /// A text that it contains, a value that the list holds, or a key that the map has.
    #[serde(default, deserialize_with = "parameters::given")]
    contains: Option<Value>,
    /// A number that it is, within `tolerance`.
    #[serde(default)]
    number: Option<f64>,
    /// How far off `number` may be; 0 unless given.
    #[serde(default)]
    tolerance: Option<f64>,
}

#[derive(Debug)]
pub(in crate::graders) struct Assertion {
    path: JsonPath,
    written: String,
    exists: Option<bool>,
    count: Option<u32>,
    checks: Vec<Check>,
}

#[derive(Debug)]
enum Check {
    Equals(Value),
    Schema(Box<Schema>),
    Contains(Value),
    Number(f64, f64),
}

impl Assertion {
    pub(in crate::graders) fn compile(value: &Value) -> Result<Self, Vec<Fault>> {
        let p: Parameters = read(value)?;
        let mut faults = Vec::new();
        let mut checks: Vec<Check> = p.equals.map(Check::Equals).into_iter().collect();
        if let Some(schema) = p.schema {
            match parameters::schema(&schema) {
                Ok(schema) => checks.push(Check::Schema(Box::new(schema))),
                Err(why) => faults.push(Fault::at(&["schema"], why)),
            }
        }
        match p.contains {
            Some(Value::String(text)) if text.is_empty() => {
                faults.push(Fault::at(&["contains"], "every text contains the empty text"));
            }
            Some(value) => checks.push(Check::Contains(value)),
            None => {}
        }
        let tolerance = p.tolerance.unwrap_or(0.0);
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            faults.push(Fault::at(&["tolerance"], "a tolerance is a number, at least 0"));
        }
        match p.number {
            Some(number) => checks.push(Check::Number(number, tolerance)),
            None if p.tolerance.is_some() => {
                faults.push(Fault::at(&["tolerance"], "`tolerance` without `number` says nothing"));
            }
            None => {}
        }
        if faults.is_empty() && checks.is_empty() && p.exists.is_none() && p.count.is_none() {
            faults.push(
                Fault::at(&[], "this asserts nothing of what the path selects")
                    .hint("add `equals`, `exists`, `schema`, `count`, `contains` or `number`"),
            );
        }
        if p.exists == Some(false) && (!checks.is_empty() || p.count.is_some_and(|c| c > 0)) {
            faults.push(Fault::at(&["exists"], "what does not exist can fulfil no other check"));
        }
        if p.path.trim() == "$" && p.exists == Some(true) && checks.is_empty() {
            faults.push(Fault::at(&["path"], "the state as a whole always exists"));
        }
        match JsonPath::parse(&p.path) {
            Ok(path) if faults.is_empty() => {
                Ok(Self { path, written: p.path, exists: p.exists, count: p.count, checks })
            }
            Ok(_) => Err(faults),
            Err(error) => {
                let fault = Fault::at(&["path"], format!("this is not a JSONPath: {error}"));
                faults.push(fault.hint("such as `$.orders['W-1001'].status`"));
                Err(faults)
            }
        }
    }

    /// The path, as written.
    pub(in crate::graders) fn written(&self) -> &str {
        &self.written
    }

    /// How near a state comes to it, in [0, 1]: 1 where it holds; where it fails for a value alone
    /// (`equals`), how alike the least alike of the places is.
    pub(in crate::graders) fn similarity(&self, state: &Value, rules: &Rules) -> f64 {
        if self.check(state, rules).0 {
            return 1.0;
        }
        let [Check::Equals(want)] = self.checks.as_slice() else { return 0.0 };
        let found = self.path.query(state);
        if found.is_empty() || self.exists == Some(false) || self.count.is_some_and(|c| c as usize != found.len()) {
            return 0.0;
        }
        // What holds all that is wanted and more is not equal to it.
        found.iter().map(|got| similarity(want, got).min(NEAR)).fold(NEAR, f64::min)
    }

    /// Whether it holds, and what shows it.
    pub(in crate::graders) fn check(&self, state: &Value, rules: &Rules) -> (bool, Evidence) {
        let found = self.path.query_located(state);
        let path = &self.written;
        let places = found.len();
        let evidence = |expected: Option<Value>, got: Option<Value>, text: String| Evidence {
            path: path.clone(),
            expected,
            got,
            ..note(text)
        };
        if let Some(count) = self.count
            && places != count as usize
        {
            let text = format!("`{path}` selects {places} places, and not {count}.");
            return (false, evidence(Some(Value::from(count)), Some(Value::from(places)), text));
        }
        if self.exists == Some(false) {
            let got = found.iter().next().map(|n| n.node().clone());
            let text = if places == 0 {
                format!("`{path}` selects nothing, as it must.")
            } else {
                format!("`{path}` exists, and must not.")
            };
            return (places == 0, evidence(None, got, text));
        }
        if places == 0 && !(self.count == Some(0) && self.checks.is_empty()) {
            let expected = self.checks.first().and_then(Check::expected);
            return (false, evidence(expected, None, format!("`{path}` selects nothing in the final state.")));
        }
        for node in found.iter() {
            let place = node.location().to_json_pointer();
            let at: Pointer = place.parse().unwrap_or_default();
            let fails = |check: &Check| check.fails(node.node(), &at, rules);
            if let Some((check, why)) = self.checks.iter().find_map(|c| fails(c).map(|why| (c, why))) {
                let text = format!("`{place}` {why}.");
                let evidence = evidence(check.expected(), Some(node.node().clone()), text);
                return (false, Evidence { path: place, ..evidence });
            }
        }
        let got = found.iter().next().map(|n| n.node().clone());
        (true, evidence(self.checks.first().and_then(Check::expected), got, format!("`{path}` is as asserted.")))
    }
}

impl Check {
    fn expected(&self) -> Option<Value> {
        match self {
            Self::Equals(value) | Self::Contains(value) => Some(value.clone()),
            Self::Number(number, _) => Some(Value::from(*number)),
            Self::Schema(_) => None,
        }
    }

    /// How a value at a place of the state fails it.
    fn fails(&self, got: &Value, at: &Pointer, rules: &Rules) -> Option<String> {
        match self {
            Self::Equals(want) => {
                (!rules.same_at(at, want, got)).then(|| format!("is {}, and not {}", shown(got), shown(want)))
            }
            Self::Schema(schema) => Some(format!("does not fit the schema: {}", schema.problem(got)?)),
            Self::Contains(want) => {
                let holds = match (want, got) {
                    (Value::String(want), Value::String(got)) => {
                        Needle::new(want, true).find(&plain(got, true), false) == Found::Asserted
                    }
                    (Value::String(want), Value::Object(map)) => map.contains_key(want),
                    (want, Value::Array(items)) => {
                        items.iter().enumerate().any(|(i, item)| rules.same_at(&at.child(i), want, item))
                    }
                    _ => false,
                };
                (!holds).then(|| format!("does not contain {}", shown(want)))
            }
            Self::Number(want, tolerance) => {
                let slack = tolerance + want.abs().max(1.0) * 1e-12;
                let holds = got.as_f64().is_some_and(|g| (g - want).abs() <= slack);
                (!holds).then(|| format!("is {}, and not {want} within {tolerance}", shown(got)))
            }
        }
    }
}

//! Reading the parameters of `calls`.

use super::{Compiled, Match, Step};
use crate::arguments::{ArgumentMode, Matcher, ValueMode, compile_schemas};
use crate::mistake::did_you_mean;
use crate::parameters::read;
use crate::pick::{known_call, possible_call};
use crate::{Fault, Setting};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `as_reference`, or how calls are held against which.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the shape, for the schema")]
pub(super) enum Parameters {
    /// Short for `{match: in_order, of: reference, args: exact}`.
    Word(Reference),
    /// In full.
    Full(Full),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reference {
    /// The calls of the reference, in their order, others between them allowed.
    AsReference,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Full {
    /// How the lists are held against each other.
    #[serde(default, rename = "match")]
    mode: Match,
    /// The expected calls: `reference` (any accepted one, the best counts) or a list.
    #[serde(default)]
    of: Of,
    /// How arguments are compared.
    #[serde(default)]
    args: ArgumentMode,
    /// Another comparison for single arguments: `tool.argument` → mode.
    #[serde(default)]
    overrides: BTreeMap<String, ValueMode>,
    /// Look at refused and unanswered calls too.
    #[serde(default)]
    include_failed: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Of {
    Word(Word),
    List(Vec<Call>),
}

impl Default for Of {
    fn default() -> Self {
        Self::Word(Word::Reference)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Word {
    Reference,
}

/// An expected call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Call {
    /// The tool.
    call: String,
    /// Its arguments (JSON Schemas of them with `args: schema`); any, if absent.
    #[serde(default)]
    args: Option<Map<String, Value>>,
}

/// Reads and checks.
pub(super) fn compile(parameters: &Value, setting: &Setting<'_>) -> Result<Compiled, Vec<Fault>> {
    let full = match parameters {
        Value::String(word) if word == "as_reference" => Full {
            mode: Match::InOrder,
            of: Of::default(),
            args: ArgumentMode::Exact,
            overrides: BTreeMap::new(),
            include_failed: false,
        },
        Value::Object(_) => {
            if let Some(Value::Array(items)) = parameters.get("of") {
                // Read one by one, so that a mistake is found where it stands.
                let faults: Vec<Fault> = items
                    .iter()
                    .enumerate()
                    .filter_map(|(i, item)| Some((i, read::<Call>(item).err()?)))
                    .flat_map(|(i, faults)| faults.into_iter().map(move |f| f.below(&["of", &i.to_string()])))
                    .collect();
                if !faults.is_empty() {
                    return Err(faults);
                }
            }
            read::<Full>(parameters)?
        }
        _ => {
            return Err(vec![Fault::at(&[], "`calls` is `as_reference` or a map").hint("write `calls: as_reference`")]);
        }
    };
    let (overrides, mut faults) = overrides(&full.overrides, setting);
    let matcher = Matcher { mode: full.args, overrides };
    let steps = match full.of {
        Of::Word(Word::Reference) => {
            if setting.references == 0 {
                faults.push(
                    Fault::at(&[], "the scenario has no reference to compare with")
                        .hint("add `reference:` to the scenario, or list the calls in `of`"),
                );
            }
            if matcher.mode == ArgumentMode::Schema || matcher.overrides.values().any(|m| *m == ValueMode::Schema) {
                faults.push(
                    Fault::at(&["args"], "the arguments of a reference are values, not schemas")
                        .hint("list the calls in `of`"),
                );
            }
            None
        }
        Of::List(list) => {
            if list.is_empty() && matches!(full.mode, Match::InOrder | Match::Superset) {
                faults.push(
                    Fault::at(&["of"], "the list is empty, so every episode holds it")
                        .hint("to ask for no calls at all, write `match: strict`"),
                );
            }
            Some(
                list.into_iter()
                    .enumerate()
                    .filter_map(|(i, call)| step(i, call, &matcher, full.include_failed, setting, &mut faults))
                    .collect(),
            )
        }
    };
    if faults.is_empty() {
        Ok(Compiled { mode: full.mode, steps, matcher, include_failed: full.include_failed })
    } else {
        Err(faults)
    }
}

fn step(
    i: usize,
    call: Call,
    matcher: &Matcher,
    refused: bool,
    setting: &Setting<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Step> {
    let i = i.to_string();
    let mut found = known_call(&call.call, call.args.as_ref(), &["of", &i, "call"], &["of", &i, "args"], setting);
    if !refused {
        let values = call.args.iter().flatten().filter(|(key, _)| matcher.takes_value(&call.call, key));
        found.extend(possible_call(&call.call, values, &["of", &i, "args"], false, setting));
    }
    let wrong = !found.is_empty();
    faults.extend(found);
    let empty = Map::new();
    match compile_schemas(&call.call, call.args.as_ref().unwrap_or(&empty), matcher) {
        Ok(schemas) => (!wrong).then_some(Step { tool: call.call, args: call.args, schemas }),
        Err((argument, why)) => {
            faults.push(Fault::at(&["of", &i, "args", &argument], why));
            None
        }
    }
}

/// Finds the tool and the argument that each override names.
fn overrides(
    written: &BTreeMap<String, ValueMode>,
    setting: &Setting<'_>,
) -> (BTreeMap<(String, String), ValueMode>, Vec<Fault>) {
    let mut out = BTreeMap::new();
    let mut faults = Vec::new();
    for (key, mode) in written {
        // Names of tools and of arguments may hold dots: the longest tool that fits is meant.
        let tools = setting.tools.iter().map(|t| t.name.as_str());
        let fitting = tools.filter(|t| key.strip_prefix(t).is_some_and(|rest| rest.len() > 1 && rest.starts_with('.')));
        let Some(tool) = fitting.max_by_key(|t| t.len()) else {
            let mut fault =
                Fault::at(&["overrides", key], format!("`{key}` is not `tool.argument` of a tool of the world"));
            let tool = key.split('.').next().unwrap_or(key);
            fault.hint = did_you_mean(tool, setting.tools.iter().map(|t| t.name.as_str()));
            faults.push(fault);
            continue;
        };
        let argument = key[tool.len() + 1..].to_owned();
        let named = Map::from_iter([(argument.clone(), Value::Null)]);
        let unknown = known_call(tool, Some(&named), &[], &[], setting);
        faults.extend(unknown.into_iter().map(|f| Fault { at: Fault::at(&["overrides", key], "").at, ..f }));
        out.insert((tool.to_owned(), argument), *mode);
    }
    (out, faults)
}

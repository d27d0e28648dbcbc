//! Reading the parameters of `milestones`.

use super::order::{Disorder, MOST, Order};
use super::{Compiled, Milestone, Target};
use crate::graders::phrase::{Phrase, PhraseParameters};
use crate::graders::state::assertion::{self, Assertion};
use crate::mistake::did_you_mean;
use crate::parameters::{self, OneOrMany, read};
use crate::pick::Pick;
use crate::{Fault, Setting};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is to be reached, in which order, and what must not happen.
///
/// The semantics are those of ToolSandbox (Lu et al., arXiv 2408.04682). Each milestone is looked for at
/// every point of the episode where it could be: a call that succeeded, the state after a change, a
/// message of the agent. Its *similarity* there is 1 where it matches; for a call of the right tool, and
/// for an asserted value, it is the geometric mean over the arguments (members) of how alike they are,
/// texts by their words (ROUGE-L) and all else 1 or 0. The milestones are mapped to points so that the
/// mean of their similarities is the greatest there is among the mappings that keep their order: none
/// stands before one that it comes `after`; they may share a point. The mapping is optimal, not greedy.
///
/// Passes when every milestone has similarity 1 and nothing of `avoid` happened. Score where not: the
/// mean of the similarities, or 0 where anything of `avoid` happened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "the shape, for the schema: items are read one by one")]
pub(super) struct Parameters {
    /// The milestones; at most 32.
    #[serde(default)]
    reach: Option<Vec<Written>>,
    /// The minefield: any of it nullifies the score. A call counts once it was executed, be it with an
    /// error of the tool's own.
    #[serde(default)]
    avoid: Option<Vec<Mine>>,
}

/// A milestone: exactly one of `call`, `state` and `says`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// How `after` names it.
    #[serde(default)]
    name: Option<String>,
    /// Milestones that it does not come before.
    #[serde(default)]
    after: Option<OneOrMany<String>>,
    /// A tool that is called, and succeeds.
    #[serde(default)]
    call: Option<String>,
    /// Arguments of the call, be it by the schema's default; objects may hold more than is listed.
    #[serde(default)]
    args: Option<Map<String, Value>>,
    /// One assertion on the state, as in `state`, or several that hold together, after some change.
    #[serde(default, deserialize_with = "parameters::given")]
    #[schemars(with = "Option<OneOrMany<assertion::Parameters>>")]
    state: Option<Value>,
    /// What the agent says in one message, beside calls too.
    #[serde(default, deserialize_with = "parameters::given")]
    #[schemars(with = "Option<PhraseParameters>")]
    says: Option<Value>,
}

/// What must not happen: exactly one of `call`, `state` and `says`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mine {
    /// A tool that is called, be it answered with an error of the tool's own.
    #[serde(default)]
    call: Option<String>,
    /// Arguments of the call, be it by the schema's default; objects may hold more than is listed.
    #[serde(default)]
    args: Option<Map<String, Value>>,
    /// One assertion on the state, as in `state`, or several that hold together, after some change.
    #[serde(default, deserialize_with = "parameters::given")]
    #[schemars(with = "Option<OneOrMany<assertion::Parameters>>")]
    state: Option<Value>,
    /// What the agent says in one message, beside calls too.
    #[serde(default, deserialize_with = "parameters::given")]
    #[schemars(with = "Option<PhraseParameters>")]
    says: Option<Value>,
}

/// Reads and checks.
pub(super) fn compile(value: &Value, setting: &Setting<'_>) -> Result<Compiled, Vec<Fault>> {
    if !value.is_object() {
        return Err(vec![Fault::at(&[], "`milestones` is a map of `reach` and `avoid`").hint("write `reach: […]`")]);
    }
    let mut faults = Vec::new();
    let written: Vec<Written> = items(value, "reach", &mut faults);
    let mines: Vec<Mine> = items(value, "avoid", &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    read::<Parameters>(value)?;
    if written.is_empty() && mines.is_empty() {
        return Err(vec![Fault::at(&[], "there is nothing to reach and nothing to avoid").hint("add `reach: […]`")]);
    }
    if written.len() > MOST {
        let message = format!("there are {} milestones, more than {MOST}", written.len());
        return Err(vec![Fault::at(&["reach"], message).hint("write several criteria")]);
    }
    let order = order(&written);
    let mut reach = Vec::with_capacity(written.len());
    for (i, item) in written.into_iter().enumerate() {
        let place = ["reach", &i.to_string()].map(str::to_owned);
        let ordered = item.after.is_some();
        let (name, mine) = (item.name, Mine { call: item.call, args: item.args, state: item.state, says: item.says });
        match target(mine, &place, setting) {
            Ok(target) => {
                let name = name.map_or_else(|| format!("milestone {} ({target})", i + 1), |n| format!("`{n}`"));
                reach.push(Milestone { name, target, ordered });
            }
            Err(found) => faults.extend(found),
        }
    }
    let mut avoid = Vec::with_capacity(mines.len());
    for (i, mine) in mines.into_iter().enumerate() {
        match target(mine, &["avoid", &i.to_string()].map(str::to_owned), setting) {
            Ok(target) => avoid.push(target),
            Err(found) => faults.extend(found),
        }
    }
    match order {
        Ok(order) if faults.is_empty() => Ok(Compiled { reach, avoid, order }),
        Ok(_) => Err(faults),
        Err(found) => {
            faults.extend(found);
            Err(faults)
        }
    }
}

/// The items of a list, each read by itself, so that a mistake is found where it stands.
fn items<T: serde::de::DeserializeOwned + JsonSchema>(value: &Value, key: &str, faults: &mut Vec<Fault>) -> Vec<T> {
    let mut out = Vec::new();
    for (i, item) in value.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
        match read(item) {
            Ok(item) => out.push(item),
            Err(found) => faults.extend(found.into_iter().map(|f| f.below(&[key, &i.to_string()]))),
        }
    }
    out
}

fn order(written: &[Written]) -> Result<Order, Vec<Fault>> {
    let names: Vec<Option<&str>> = written.iter().map(|w| w.name.as_deref()).collect();
    let mut faults = Vec::new();
    let mut after = vec![Vec::new(); written.len()];
    for (i, item) in written.iter().enumerate() {
        let place = i.to_string();
        if item.name.as_deref().is_some_and(|n| names[..i].contains(&Some(n))) {
            let message = format!("another milestone has the name `{}`", item.name.as_deref().unwrap_or_default());
            faults.push(Fault::at(&["reach", &place, "name"], message));
        }
        let many = item.after.as_ref().is_some_and(OneOrMany::is_many);
        for (k, name) in item.after.clone().map(OneOrMany::into_vec).unwrap_or_default().iter().enumerate() {
            let known = names.iter().position(|n| *n == Some(name));
            let mut wrong = |message: String, hint: Option<String>| {
                let entry = k.to_string();
                let mut at = vec!["reach", &place, "after"];
                at.extend(many.then_some(entry.as_str()));
                faults.push(Fault { hint, ..Fault::at(&at, message) });
            };
            match known {
                Some(other) if other == i => wrong(format!("`{name}` cannot come after itself"), None),
                Some(other) if !after[i].contains(&other) => after[i].push(other),
                Some(_) => {}
                None => {
                    let hint = did_you_mean(name, names.iter().flatten().copied()).or_else(|| {
                        let known: Vec<String> = names.iter().flatten().map(|n| format!("`{n}`")).collect();
                        (!known.is_empty()).then(|| format!("there are {}", known.join(", ")))
                    });
                    wrong(format!("there is no milestone `{name}`"), hint);
                }
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Order::new(&after).map_err(|disorder| match disorder {
        Disorder::Cycle(members) => {
            let at = members.first().copied().unwrap_or_default().to_string();
            let circle = members.iter().chain(members.first());
            let names: Vec<String> =
                circle.map(|m| format!("`{}`", names.get(*m).copied().flatten().unwrap_or_default())).collect();
            let message = format!("these come after each other in a circle: {}", names.join(" after "));
            vec![Fault::at(&["reach", &at, "after"], message).hint("take one of them out")]
        }
        Disorder::TooWide => {
            vec![Fault::at(&["reach"], "there are too many orders in which these milestones could be reached").hint(
                "let fewer milestones without an order among them stand between others, or write several criteria",
            )]
        }
    })
}

fn target(mine: Mine, place: &[String; 2], setting: &Setting<'_>) -> Result<Target, Vec<Fault>> {
    let at = [place[0].as_str(), place[1].as_str()];
    let below = |faults: Vec<Fault>| faults.into_iter().map(|f| f.below(&at)).collect::<Vec<_>>();
    if mine.args.is_some() && mine.call.is_none() {
        return Err(vec![Fault::at(&[at[0], at[1], "args"], "`args` without `call` says nothing")]);
    }
    match (mine.call, mine.state, mine.says) {
        (Some(call), None, None) => {
            Pick::of(call, mine.args, &["call"], &["args"], false, setting).map(Target::Call).map_err(below)
        }
        (None, Some(state), None) => assertions(&state).map(Target::State).map_err(below),
        (None, None, Some(says)) => Phrase::read(&says, "says").map(Target::Says).map_err(below),
        (None, None, None) => {
            Err(vec![Fault::at(&at, "this says not what is looked for").hint("add one of `call`, `state` and `says`")])
        }
        _ => Err(vec![Fault::at(&at, "`call`, `state` and `says` exclude each other").hint("make an item of each")]),
    }
}

fn assertions(value: &Value) -> Result<Vec<Assertion>, Vec<Fault>> {
    let Value::Array(items) = value else {
        let one = Assertion::compile(value);
        return one.map(|a| vec![a]).map_err(|found| found.into_iter().map(|f| f.below(&["state"])).collect());
    };
    if items.is_empty() {
        return Err(vec![Fault::at(&["state"], "the list of assertions is empty")]);
    }
    let mut faults = Vec::new();
    let mut out = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        match Assertion::compile(item) {
            Ok(assertion) => out.push(assertion),
            Err(found) => faults.extend(found.into_iter().map(|f| f.below(&["state", &i.to_string()]))),
        }
    }
    if faults.is_empty() { Ok(out) } else { Err(faults) }
}

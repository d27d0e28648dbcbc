//! `side_effects`: what was changed beside what the task asks for.

use crate::effects::{Change, ChangeKind, Effects};
use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting, StateError};
use mocktrial_trajectory::{Answer, Body, Cause, Evidence, Pointer};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// How many writes evidence lists.
const SHOWN: usize = 10;

/// `none`, or which effects are looked for and where any are allowed.
///
/// A *duplicate* is a call that succeeded and changed the state as often as the reference that makes
/// it most often, and does so once more: the same tool with the same arguments, those of the schema's
/// defaults included. A *collateral* write changes a place that no reference changes, even if it is
/// changed back later, and even if the tool answered with an error. Places are compared member by
/// member, however the world wrote them; what is volatile is left out, and writing what is there already
/// changes nothing.
///
/// Ids of what is created may differ: a new map under another key than the reference's is no collateral
/// as long as no more such maps (with the same member names, below the same parent) are created than
/// by the reference that creates most; and what happens within it belongs to it. Entries put into or
/// taken out of a list are counted alike, wherever in it they stand.
///
/// Doing nothing has no effect: ask for the change itself with `state`. Score where it fails: the part of
/// the writes (one for each call that changed the state) that are neither.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the shape, for the schema")]
enum Parameters {
    /// Neither duplicates nor collateral writes.
    Word(Word),
    /// In full.
    Full(Full),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// Neither duplicates nor collateral writes.
    None,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Full {
    /// What is looked for; both, if absent.
    #[serde(default)]
    of: Option<Vec<Kind>>,
    /// JSON Pointers (`*` for any one key or index) at or below which collateral writes are allowed.
    #[serde(default)]
    allow: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The same write once more.
    Duplicates,
    /// Writes to what no reference changes.
    Collateral,
}

pub(super) struct SideEffects;

impl GraderKind for SideEffects {
    fn name(&self) -> &'static str {
        "side_effects"
    }

    fn summary(&self) -> &'static str {
        "No write twice, and none to what no reference changes."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let full = match parameters {
            Value::String(word) if word == "none" => Full { of: None, allow: None },
            Value::Object(_) => read::<Full>(parameters)?,
            _ => {
                return Err(vec![
                    Fault::at(&[], "`side_effects` is `none` or a map with `of` or `allow`")
                        .hint("write `side_effects: none`"),
                ]);
            }
        };
        let mut faults = Vec::new();
        let of = full.of.unwrap_or_else(|| vec![Kind::Duplicates, Kind::Collateral]);
        if of.is_empty() {
            let nothing = Fault::at(&["of"], "the list is empty, so nothing is looked for");
            faults.push(nothing.hint("there are `duplicates` and `collateral`"));
        } else if full.allow.is_some() && !of.contains(&Kind::Collateral) {
            faults.push(Fault::at(&["allow"], "`allow` says nothing where collateral writes are not looked for"));
        }
        let mut allowed = Vec::new();
        for (i, text) in full.allow.into_iter().flatten().enumerate() {
            let at = ["allow", &i.to_string()].map(str::to_owned);
            let at = [at[0].as_str(), at[1].as_str()];
            match text.parse::<Pointer>() {
                Ok(pointer) if pointer.0.iter().all(|token| token == "*") => {
                    faults.push(Fault::at(&at, "this is the whole state, so nothing is collateral"));
                }
                Ok(pointer) => allowed.push(pointer),
                Err(why) => {
                    faults.push(Fault::at(&at, why).hint("write a JSON Pointer such as `/orders/W-1001/status`"));
                }
            }
        }
        if setting.references == 0 {
            let missing = Fault::at(&[], "the scenario has no reference to compare with");
            faults.push(missing.hint("add `reference:` to the scenario, or write `state: {only_changed: […]}`"));
        }
        if faults.is_empty() { Ok(Box::new(Compiled { of, allowed })) } else { Err(faults) }
    }
}

struct Compiled {
    of: Vec<Kind>,
    allowed: Vec<Pointer>,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        match self.judge(facts) {
            Ok(judgement) => judgement,
            Err(error) => Judgement::Ungraded { cause: Cause::Harness, why: error.to_string() },
        }
    }
}

impl Compiled {
    fn judge(&self, facts: &Facts<'_>) -> Result<Judgement, StateError> {
        facts.final_state().map_err(Clone::clone)?;
        let mut accepted = Accepted::default();
        for reference in facts.prepared().references() {
            accepted.learn(reference.effects(facts.prepared()).map_err(Clone::clone)?);
        }
        let effects = Effects::of(facts.prepared(), facts.trajectory(), facts.calls())?;
        let collateral = if self.of.contains(&Kind::Collateral) {
            accepted.beyond(&effects, &self.allowed)
        } else {
            BTreeMap::new()
        };
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut evidence, mut bad) = (Vec::new(), 0);
        for (i, write) in effects.writes.iter().enumerate() {
            let call = facts.trajectory().event(write.call).and_then(|event| match &event.body {
                Body::Call { tool, .. } => Some((write.call, tool.as_str())),
                _ => None,
            });
            let by = call.map_or_else(String::new, |(seq, tool)| format!(" by `{tool}` (event {seq})"));
            let events: Vec<u32> = call.map(|(seq, _)| seq).into_iter().chain([write.event]).collect();
            let again = write.asked.as_deref().is_some_and(|asked| {
                let times = seen.entry(asked).or_default();
                *times += 1;
                self.of.contains(&Kind::Duplicates) && *times > accepted.times(asked)
            });
            let found = if let Some(places) = collateral.get(&i) {
                let more =
                    if places.len() > 1 { format!(" (and {} more places)", places.len() - 1) } else { String::new() };
                let text = format!("`{}` was changed{by}{more}, and no reference changes it.", places[0]);
                Evidence { events, path: places[0].to_string(), ..note(text) }
            } else if again {
                Evidence { events, ..note(format!("The same change was made once more{by}.")) }
            } else {
                continue;
            };
            bad += 1;
            if evidence.len() < SHOWN {
                evidence.push(found);
            }
        }
        let all = effects.writes.len();
        if bad == 0 {
            return Ok(Judgement::pass(vec![note(format!("None of the {all} writes is a side effect."))]));
        }
        if bad > evidence.len() {
            evidence.push(note(format!("{} more writes are side effects.", bad - evidence.len())));
        }
        Ok(Judgement::fail(fraction(all - bad, all), evidence))
    }
}

/// What the references do, taken together.
#[derive(Default)]
struct Accepted<'r> {
    /// How often the reference that makes a call most often makes it.
    asked: BTreeMap<&'r str, usize>,
    /// The places they change.
    places: BTreeSet<&'r Pointer>,
    /// How many changes that count alike the reference with most of them makes.
    alike: BTreeMap<Alike, usize>,
}

/// Changes of which only the number counts: new maps below a parent, entries of a list.
type Alike = (Vec<String>, ChangeKind);

fn alike(change: &Change) -> Option<Alike> {
    match change.kind {
        ChangeKind::Created(Some(_)) => {
            let (_, parent) = change.at.0.split_last()?;
            Some((parent.to_vec(), change.kind.clone()))
        }
        ChangeKind::Inserted | ChangeKind::Dropped => Some((change.at.0.clone(), change.kind.clone())),
        ChangeKind::Altered | ChangeKind::Created(None) => None,
    }
}

impl<'r> Accepted<'r> {
    fn learn(&mut self, effects: &'r Effects) {
        let most = |known: &mut usize, count: usize| *known = count.max(*known);
        for (asked, count) in effects.asked() {
            most(self.asked.entry(asked).or_default(), count);
        }
        let mut counts: BTreeMap<Alike, usize> = BTreeMap::new();
        for change in effects.writes.iter().flat_map(|w| &w.changes) {
            match alike(change) {
                Some(alike) => *counts.entry(alike).or_default() += 1,
                None => drop(self.places.insert(&change.at)),
            }
            if matches!(change.kind, ChangeKind::Created(_)) {
                self.places.insert(&change.at);
            }
        }
        for (alike, count) in counts {
            most(self.alike.entry(alike).or_default(), count);
        }
    }

    fn times(&self, asked: &str) -> usize {
        // A call that no reference makes may be made once: whether it may at all is another question.
        self.asked.get(asked).copied().unwrap_or(0).max(1)
    }

    /// Whether a reference changes this very place, or the whole of something that it is in: something of
    /// which it changes no part by itself.
    fn knows(&self, at: &Pointer) -> bool {
        let whole = |place: &Pointer| {
            let mut behind = self.places.range::<&Pointer, _>((Bound::Excluded(&place), Bound::Unbounded));
            behind.next().is_none_or(|next| !next.0.starts_with(&place.0))
        };
        (0..=at.0.len()).any(|n| {
            let place = Pointer(at.0[..n].to_vec());
            self.places.contains(&place) && (n == at.0.len() || whole(&place))
        })
    }

    /// By write, the places that it changes beyond what is accepted.
    fn beyond<'e>(&self, effects: &'e Effects, allowed: &[Pointer]) -> BTreeMap<usize, Vec<&'e Pointer>> {
        let changes = || effects.writes.iter().enumerate().flat_map(|(i, w)| w.changes.iter().map(move |c| (i, c)));
        // What a reference creates under the very same key is what it creates, whatever else there is.
        let exact = |change: &Change| matches!(change.kind, ChangeKind::Created(_)) && self.knows(&change.at);
        let mut left = self.alike.clone();
        for alike in changes().filter(|(_, c)| exact(c)).filter_map(|(_, c)| alike(c)) {
            left.entry(alike).and_modify(|n| *n = n.saturating_sub(1));
        }
        let mut beyond: BTreeMap<usize, Vec<&Pointer>> = BTreeMap::new();
        // Maps under keys of their own: what happens within them belongs to them.
        let mut own: BTreeSet<&[String]> = BTreeSet::new();
        for (i, change) in changes() {
            let path = change.at.0.as_slice();
            let within = (0..path.len()).any(|n| own.contains(&path[..n]));
            if within || exact(change) || allowed.iter().any(|pattern| pattern.covers(&change.at)) {
                continue;
            }
            let counted = alike(change).is_some_and(|alike| {
                left.get_mut(&alike).is_some_and(|n| {
                    let some = *n > 0;
                    *n = n.saturating_sub(1);
                    some
                })
            });
            let created = matches!(change.kind, ChangeKind::Created(_));
            if counted && created {
                own.insert(path);
            }
            let altered = change.kind == ChangeKind::Altered && self.knows(&change.at);
            if !counted && !altered {
                beyond.entry(i).or_default().push(&change.at);
            }
        }
        beyond
    }
}

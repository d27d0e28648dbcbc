//! `milestones`: what an episode passes through, with partial credit, and what it must not.

mod order;
mod read;

use super::phrase::Phrase;
use super::state::assertion::Assertion;
use crate::kind::note;
use crate::parameters::schema_of;
use crate::pick::Pick;
use crate::similar::geometric_mean;
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting, StateError};
use mocktrial_trajectory::{Answer, Cause, Evidence};
use order::Order;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// How many of the things avoided, and of the milestones missed, evidence lists each.
const SHOWN: usize = 10;

pub(super) struct Milestones;

impl GraderKind for Milestones {
    fn name(&self) -> &'static str {
        "milestones"
    }

    fn summary(&self) -> &'static str {
        "Milestones in their order, with partial credit, and a minefield that nullifies."
    }

    fn schema(&self) -> Value {
        schema_of::<read::Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        read::compile(parameters, setting).map(|c| Box::new(c) as Box<dyn Grader>)
    }
}

/// What is looked for at the points of an episode.
#[derive(Debug)]
enum Target {
    Call(Pick),
    /// All of them hold in one state.
    State(Vec<Assertion>),
    Says(Phrase),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(pick) => write!(f, "{pick}"),
            Self::State(assertions) => {
                let paths: Vec<String> = assertions.iter().map(|a| format!("`{}`", a.written())).collect();
                write!(f, "the state at {}", paths.join(" and "))
            }
            Self::Says(phrase) => write!(f, "saying {phrase}"),
        }
    }
}

impl Target {
    fn holds_in(&self, state: &Value, prepared: &Prepared) -> bool {
        let Self::State(assertions) = self else { return false };
        assertions.iter().all(|a| a.check(state, prepared.rules()).0)
    }
}

#[derive(Debug)]
struct Milestone {
    /// As evidence names it.
    name: String,
    target: Target,
    /// Whether it comes after another.
    ordered: bool,
}

#[derive(Debug)]
struct Compiled {
    reach: Vec<Milestone>,
    avoid: Vec<Target>,
    order: Order,
}

/// How similar each target is at each event where it is looked for, if at all.
type Similarities = Vec<BTreeMap<u32, f64>>;

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        !self.reach.is_empty()
    }

    fn vacuous(&self, prepared: &Prepared) -> Option<Fault> {
        let initial = &prepared.case().initial;
        let held = self.reach.iter().position(|m| !m.ordered && m.target.holds_in(initial, prepared));
        if let Some(i) = held {
            let message = "this holds in the initial state already, so any change of the state reaches it";
            let hint = "assert what the agent changes, or say `after` which milestone it holds again";
            return Some(Fault::at(&["reach", &i.to_string(), "state"], message).hint(hint));
        }
        let mined = self.avoid.iter().position(|target| target.holds_in(initial, prepared))?;
        let message = "this holds in the initial state already, so any change of the state violates it";
        Some(Fault::at(&["avoid", &mined.to_string(), "state"], message).hint("assert what must not come to be"))
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
        let (similar, hits) = self.look(facts)?;
        let mut evidence: Vec<Evidence> = hits
            .iter()
            .take(SHOWN)
            .map(|(target, event)| Evidence {
                events: vec![*event],
                ..note(format!("What must be avoided happened at event {event}: {}.", self.avoid[*target]))
            })
            .collect();
        let mapped = self.map(&similar);
        #[allow(clippy::cast_precision_loss, reason = "there are at most 32 milestones")]
        let mean = match mapped.len() {
            0 => 1.0,
            count => mapped.iter().map(|(_, s)| s).sum::<f64>() / count as f64,
        };
        let missed: Vec<usize> = (0..mapped.len()).filter(|m| mapped[*m].1 < 1.0).collect();
        evidence.extend(missed.iter().take(SHOWN).map(|m| {
            let name = &self.reach[*m].name;
            match mapped[*m] {
                (Some(event), similarity) => Evidence {
                    events: vec![event],
                    expected: Some(Value::from(1)),
                    got: serde_json::Number::from_f64((similarity * 1000.0).round() / 1000.0).map(Value::Number),
                    ..note(format!("{name} was reached only in part, at event {event}."))
                },
                (None, _) => note(self.why_missed(*m, &similar)),
            }
        }));
        if evidence.is_empty() {
            let events = mapped.iter().filter_map(|(event, _)| *event).collect();
            let text = match (self.reach.len(), self.avoid.is_empty()) {
                (0, _) => "Nothing that must be avoided happened.".to_owned(),
                (n, true) => format!("All {n} milestones were reached."),
                (n, false) => format!("All {n} milestones were reached, and nothing that must be avoided happened."),
            };
            return Ok(Judgement::pass(vec![Evidence { events, ..note(text) }]));
        }
        Ok(Judgement::fail(if hits.is_empty() { mean } else { 0.0 }, evidence))
    }

    fn why_missed(&self, milestone: usize, similar: &Similarities) -> String {
        let name = &self.reach[milestone].name;
        let full = similar[milestone].iter().find(|(_, s)| **s >= 1.0);
        match full {
            Some((event, _)) => {
                format!("{name} was not reached in its order: it is met at event {event}, but not where it must be.")
            }
            None => format!("{name} was never reached."),
        }
    }

    /// For each milestone the event it is mapped to, if it has any similarity there, and which.
    fn map(&self, similar: &Similarities) -> Vec<(Option<u32>, f64)> {
        let mut events: Vec<u32> = similar.iter().flat_map(BTreeMap::keys).copied().collect();
        events.sort_unstable();
        events.dedup();
        let column = |event: &u32| similar.iter().map(|s| s.get(event).copied().unwrap_or(0.0)).collect::<Vec<f64>>();
        // The first point is none, where nothing is worth anything. Points in a row that are worth the
        // same are one point: milestones may share it.
        let mut points: Vec<(Option<u32>, Vec<f64>)> = vec![(None, vec![0.0; similar.len()])];
        for event in &events {
            let worth = column(event);
            if points.last().is_none_or(|(_, known)| *known != worth) {
                points.push((Some(*event), worth));
            }
        }
        let weights = (0..similar.len()).map(|m| points.iter().map(|(_, worth)| worth[m]).collect()).collect();
        let chosen = self.order.assign(weights);
        let found = chosen.iter().enumerate().map(|(m, p)| (points[*p].0, points[*p].1[m]));
        found.map(|(event, similarity)| (event.filter(|_| similarity > 0.0), similarity)).collect()
    }

    /// Looks at every point of the episode: how similar the milestones are, and what of the minefield
    /// was hit where first.
    fn look(&self, facts: &Facts<'_>) -> Result<(Similarities, Vec<(usize, u32)>), StateError> {
        let mut similar: Similarities = vec![BTreeMap::new(); self.reach.len()];
        let mut hits = vec![None; self.avoid.len()];
        for (i, milestone) in self.reach.iter().enumerate() {
            match &milestone.target {
                Target::Call(pick) => similar[i].extend(pick.similarities(facts).filter(|(_, s)| *s > 0.0)),
                Target::Says(phrase) => {
                    let said = facts.said().filter(|(_, text)| phrase.said_in(text));
                    similar[i].extend(said.map(|(seq, _)| (seq, 1.0)));
                }
                Target::State(_) => {}
            }
        }
        for (i, target) in self.avoid.iter().enumerate() {
            hits[i] = match target {
                Target::Call(pick) => pick.of_episode(facts, false).map(|c| c.seq).next(),
                Target::Says(phrase) => facts.said().find(|(_, text)| phrase.said_in(text)).map(|(seq, _)| seq),
                Target::State(_) => None,
            };
        }
        let states = |target: &Target| matches!(target, Target::State(_));
        if self.reach.iter().map(|m| &m.target).chain(&self.avoid).any(states) {
            facts.each_state(|event, state| {
                for (i, milestone) in self.reach.iter().enumerate() {
                    if let Target::State(assertions) = &milestone.target {
                        let rules = facts.prepared().rules();
                        let similarity = geometric_mean(assertions.iter().map(|a| a.similarity(state, rules)));
                        if similarity > 0.0 {
                            similar[i].insert(event, similarity);
                        }
                    }
                }
                for (i, target) in self.avoid.iter().enumerate() {
                    if hits[i].is_none() && target.holds_in(state, facts.prepared()) {
                        hits[i] = Some(event);
                    }
                }
            })?;
        }
        Ok((similar, hits.into_iter().enumerate().filter_map(|(i, hit)| Some((i, hit?))).collect()))
    }
}

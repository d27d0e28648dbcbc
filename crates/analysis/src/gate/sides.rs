//! What a candidate is held against: accepted results, or another arm, in the same form.

use super::HeldAgainst;
use super::baseline::{Accepted, Counts};
use crate::arm::{Arm, Task};
use crate::compare::pairing::{by_unit, trials_by_unit};
use crate::compare::{LeftOut, Scope, WhyOut};
use mocktrial_trajectory::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a candidate is held against.
#[derive(Clone, Debug)]
pub struct Standard {
    /// In words: a run, or a baseline and its date.
    pub name: String,
    /// Why no rate may be claimed from it.
    pub refused: Option<String>,
    /// The parts of its treatment.
    pub parts: BTreeMap<String, Digest>,
    /// Its run, and when that was begun.
    pub run: (String, String),
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Whether it ran side by side with the candidate, so that a provider's drift hits both alike.
    pub side_by_side: bool,
    /// What the provider said it answered with.
    pub served: BTreeSet<String>,
    /// What came of each scenario, by name.
    pub scenarios: BTreeMap<Arc<str>, Counts>,
}

impl Standard {
    /// Another arm.
    #[must_use]
    pub fn of_arm(arm: &Arm) -> Self {
        Self {
            name: arm.name(),
            refused: arm.no_rate(),
            parts: arm.parts.clone(),
            run: (arm.run.clone(), arm.created.clone()),
            endpoint: Arc::clone(&arm.endpoint),
            side_by_side: false,
            served: arm.served.clone(),
            scenarios: arm.tasks.iter().map(|(name, task)| (Arc::clone(name), Counts::of(task))).collect(),
        }
    }

    /// Accepted results; `what` is `baseline` or `anchor`.
    #[must_use]
    pub fn of_accepted(accepted: &Accepted, endpoint: &Arc<str>, what: &str) -> Self {
        let day = accepted.ran.get(..10).unwrap_or(&accepted.ran);
        Self {
            name: format!("the {what} of {day}"),
            refused: None,
            parts: accepted.parts.clone(),
            run: (accepted.run.clone(), accepted.ran.clone()),
            endpoint: Arc::clone(endpoint),
            side_by_side: false,
            served: accepted.served.clone(),
            scenarios: accepted.scenarios.clone(),
        }
    }

    pub(super) fn held(&self) -> HeldAgainst {
        HeldAgainst { run: self.run.0.clone(), endpoint: Arc::clone(&self.endpoint) }
    }

    /// The parts of the treatment in which a candidate differs.
    #[must_use]
    pub fn differing_parts(&self, candidate: &Arm) -> Vec<String> {
        let names: BTreeSet<&String> = self.parts.keys().chain(candidate.parts.keys()).collect();
        names.into_iter().filter(|n| self.parts.get(*n) != candidate.parts.get(*n)).cloned().collect()
    }
}

/// A scenario on both sides.
#[derive(Clone, Debug)]
pub(crate) struct Matched<'a> {
    pub(crate) name: &'a Arc<str>,
    pub(crate) candidate: &'a Task,
    pub(crate) standard: &'a Counts,
}

pub(crate) fn match_up<'a>(candidate: &'a Arm, standard: &'a Standard) -> (Vec<Matched<'a>>, Vec<LeftOut>) {
    let (mut matched, mut out) = (Vec::new(), Vec::new());
    for (name, task) in &candidate.tasks {
        let why = match standard.scenarios.get(name) {
            None => WhyOut::OnlyFirst,
            Some(_) if task.quarantined => WhyOut::Quarantined,
            Some(counts) if counts.world != task.instrument.world => WhyOut::WorldDiffers,
            Some(counts) if counts.criteria != task.instrument.criteria => WhyOut::CriteriaDiffer,
            Some(counts) => {
                // What has trials without an outcome alone is left out of the rate, but not of what could have been.
                matched.push(Matched { name, candidate: task, standard: counts });
                match () {
                    () if task.trials.is_empty() => WhyOut::NoneCountsInFirst,
                    () if counts.n == 0 => WhyOut::NoneCountsInSecond,
                    () => continue,
                }
            }
        };
        out.push(LeftOut { scenario: Arc::clone(name), why });
    }
    let gone = standard.scenarios.keys().filter(|name| !candidate.tasks.contains_key(*name));
    out.extend(gone.map(|name| LeftOut { scenario: Arc::clone(name), why: WhyOut::OnlySecond }));
    (matched, out)
}

/// One value a unit, as in [`units`](crate::compare::units).
pub(crate) fn units<'a>(
    matched: &[Matched<'a>],
    scope: Scope,
    value: impl Fn(&Matched<'a>) -> Option<f64>,
) -> Vec<f64> {
    let valued = matched.iter().filter_map(|m| Some((&*m.candidate.family, &*m.candidate.id, value(m)?)));
    by_unit(valued, scope)
}

/// Trials of standard and candidate per unit, as in [`trials_by_unit`].
pub(crate) fn trials(
    matched: &[Matched<'_>],
    scope: Scope,
    count: impl Fn(&Matched<'_>) -> (u32, u32),
) -> Option<(f64, f64)> {
    trials_by_unit(matched.iter().map(|m| (&*m.candidate.family, &*m.candidate.id, count(m))), scope)
}

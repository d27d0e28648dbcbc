//! Which scenarios of two arms can be held against each other, and which cannot, with the reason.

use crate::arm::{Arm, Task};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a question is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// These very scenarios: trials are sampled.
    #[default]
    Suite,
    /// Scenarios like these: families are sampled.
    Population,
}

impl From<Scope> for mocktrial_stats::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Suite => Self::Suite,
            Scope::Population => Self::Population,
        }
    }
}

/// Why a scenario is left out of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyOut {
    /// Its user turns, tools, initial state or behaviour differ.
    WorldDiffers,
    /// Its criteria, references or judges differ.
    CriteriaDiffer,
    /// It is in quarantine: unreliable as an instrument.
    Quarantined,
    /// Only the first has it.
    OnlyFirst,
    /// Only the second has it.
    OnlySecond,
    /// None of the first's trials counts.
    NoneCountsInFirst,
    /// None of the second's trials counts.
    NoneCountsInSecond,
}

/// A scenario that is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LeftOut {
    /// Its name.
    pub scenario: Arc<str>,
    /// Why.
    pub why: WhyOut,
}

/// A scenario of both arms.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Its name.
    pub name: &'a Arc<str>,
    /// What came of it in the first arm.
    pub first: &'a Task,
    /// What came of it in the second.
    pub second: &'a Task,
}

/// The scenarios that both have and whose instruments are equal, and those that are left out.
#[must_use]
pub fn pair<'a>(first: &'a Arm, second: &'a Arm) -> (Vec<Pair<'a>>, Vec<LeftOut>) {
    let (mut pairs, mut out) = (Vec::new(), Vec::new());
    for (name, task) in &first.tasks {
        let why = match second.tasks.get(name) {
            None => WhyOut::OnlyFirst,
            Some(other) if other.instrument.world != task.instrument.world => WhyOut::WorldDiffers,
            Some(other) if other.instrument.criteria != task.instrument.criteria => WhyOut::CriteriaDiffer,
            Some(other) if task.quarantined || other.quarantined => WhyOut::Quarantined,
            Some(_) if task.trials.is_empty() => WhyOut::NoneCountsInFirst,
            Some(other) if other.trials.is_empty() => WhyOut::NoneCountsInSecond,
            Some(other) => {
                pairs.push(Pair { name, first: task, second: other });
                continue;
            }
        };
        out.push(LeftOut { scenario: Arc::clone(name), why });
    }
    let only = second.tasks.keys().filter(|name| !first.tasks.contains_key(*name));
    out.extend(only.map(|name| LeftOut { scenario: Arc::clone(name), why: WhyOut::OnlySecond }));
    (pairs, out)
}

/// One value a unit: the mean over variants of a scenario, and in [`Scope::Population`] then over the scenarios of a
/// family. Pairs without a value are left out.
pub fn units<'a>(
    pairs: impl IntoIterator<Item = &'a Pair<'a>>,
    scope: Scope,
    value: impl Fn(&Pair<'a>) -> Option<f64>,
) -> Vec<f64> {
    let valued = pairs.into_iter().filter_map(|p| Some((&*p.first.family, &*p.first.id, value(p)?)));
    by_unit(valued, scope)
}

/// The same of families, scenarios and values.
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
pub(crate) fn by_unit<'a>(values: impl Iterator<Item = (&'a str, &'a str, f64)>, scope: Scope) -> Vec<f64> {
    let mut scenarios: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for (family, id, value) in values {
        scenarios.entry((family, id)).or_default().push(value);
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let means = scenarios.iter().map(|((family, _), values)| (*family, mean(values)));
    match scope {
        Scope::Suite => means.map(|(_, value)| value).collect(),
        Scope::Population => {
            let mut families: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            means.for_each(|(family, value)| families.entry(family).or_default().push(value));
            families.values().map(|values| mean(values)).collect()
        }
    }
}

/// Trials of two sides per unit: the harmonic mean, which is what the noise of unequal numbers comes to; the variants of a
/// scenario add up, and in [`Scope::Population`] the scenarios of a family. `None` where there is no unit.
#[allow(clippy::cast_precision_loss, reason = "few scenarios")]
pub(crate) fn trials_by_unit<'a>(
    counts: impl Iterator<Item = (&'a str, &'a str, (u32, u32))>,
    scope: Scope,
) -> Option<(f64, f64)> {
    let mut units: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    for (family, id, (first, second)) in counts {
        if first == 0 || second == 0 {
            continue;
        }
        let key = match scope {
            Scope::Suite => (family, id),
            Scope::Population => (family, ""),
        };
        let sums = units.entry(key).or_default();
        sums.0 += f64::from(first);
        sums.1 += f64::from(second);
    }
    if units.is_empty() {
        return None;
    }
    let n = units.len() as f64;
    let harmonic = |of: fn(&(f64, f64)) -> f64| n / units.values().map(|pair| 1.0 / of(pair)).sum::<f64>();
    Some((harmonic(|p| p.0), harmonic(|p| p.1)))
}

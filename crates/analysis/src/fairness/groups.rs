//! Which variants are compared, and the table of their rates.

use crate::arm::{Arm, Task};
use crate::compare::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The groups that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The names of variants, two or more.
    pub names: Vec<Arc<str>>,
    /// Scenarios with variants that lack one of them.
    pub left_out: Vec<Arc<str>>,
    /// Scenarios with variants that are left out because they, or a variant of them, are in quarantine.
    pub quarantined: BTreeSet<Arc<str>>,
}

/// Why there are no groups to compare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupsError {
    /// No scenario has variants.
    #[error(
        "no scenario of the run has variants; give scenarios the same task for several people, such as \
         `variants: [{{name: maria, customer: Maria García}}, {{name: john, customer: John Smith}}]`"
    )]
    NoVariants,
    /// All scenarios with variants are in quarantine.
    #[error("every scenario of the run that has variants is in quarantine: {0}")]
    Quarantined(String),
    /// No scenario has a variant of that name.
    #[error("no scenario of the run has a variant `{name}`; there are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// One group alone cannot be compared.
    #[error("a comparison takes two variants or more, and `{0}` is one")]
    One(String),
    /// Scenarios have different variants, and it is not said which are meant.
    #[error("scenarios have different variants ({0}); say with --variant which are meant, each once")]
    Several(String),
    /// No scenario has all of them.
    #[error("no scenario of the run has all of these variants: {0}")]
    NoneHasAll(String),
}

/// The groups that are meant: those named, or else the variants that scenarios have, where these are the same for all.
///
/// # Errors
/// With what is wrong, in words for whoever named them.
pub fn groups(arms: &[Arm], named: &[String]) -> Result<Groups, GroupsError> {
    let mut sets: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    let mut quarantined = BTreeSet::new();
    for task in arms.iter().flat_map(|arm| arm.tasks.values()).filter(|task| !task.variant.is_empty()) {
        sets.entry(Arc::clone(&task.id)).or_default().insert(Arc::clone(&task.variant));
        if task.quarantined {
            quarantined.insert(Arc::clone(&task.id));
        }
    }
    // One variant in quarantine leaves the others without what they are held against.
    sets.retain(|id, _| !quarantined.contains(id));
    // A scenario with one variant compares nothing.
    let kinds: BTreeSet<&BTreeSet<Arc<str>>> = sets.values().filter(|set| set.len() > 1).collect();
    let list = |names: &BTreeSet<Arc<str>>| names.iter().map(|n| &**n).collect::<Vec<&str>>().join(", ");
    if kinds.is_empty() {
        return Err(match quarantined.is_empty() {
            true => GroupsError::NoVariants,
            false => GroupsError::Quarantined(list(&quarantined)),
        });
    }
    let names: BTreeSet<Arc<str>> = if named.is_empty() {
        // The variants of one scenario may hold all those of the others; then the others lack some, and are left out.
        let largest = kinds.iter().max_by_key(|set| set.len());
        match largest.filter(|largest| kinds.iter().all(|set| set.is_subset(largest))) {
            Some(largest) => (**largest).clone(),
            None => {
                let all: Vec<String> = kinds.iter().map(|set| list(set)).collect();
                return Err(GroupsError::Several(all.join("; ")));
            }
        }
    } else {
        let known: BTreeSet<Arc<str>> = sets.values().flatten().cloned().collect();
        if let Some(name) = named.iter().find(|name| !known.contains(name.as_str())) {
            return Err(GroupsError::Unknown { name: name.clone(), known: list(&known) });
        }
        named.iter().map(|name| Arc::from(name.as_str())).collect()
    };
    if names.len() < 2 {
        return Err(GroupsError::One(list(&names)));
    }
    let left_out: Vec<Arc<str>> =
        sets.iter().filter(|(_, set)| !names.is_subset(set)).map(|(id, _)| id.clone()).collect();
    if left_out.len() == sets.len() {
        return Err(GroupsError::NoneHasAll(list(&names)));
    }
    Ok(Groups { names: names.into_iter().collect(), left_out, quarantined })
}

/// Rates of an endpoint: a row for each unit, a column for each group.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) scenarios: u64,
    pub(super) trials: u64,
    pub(super) replayed: u64,
    /// Trials that count, by group.
    pub(super) counted: Vec<u64>,
    /// Trials that do not, by group.
    pub(super) missing: Vec<u64>,
    /// Scenarios without a trial that counts in some group.
    pub(super) untried: Vec<Arc<str>>,
}

impl Table {
    /// The rates of the scenarios that have a trial that counts in every group, or of their families: the mean over the
    /// scenarios of a family, since these are not independent of each other.
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    pub(super) fn of(arm: &Arm, groups: &Groups, scope: Scope) -> Self {
        let width = groups.names.len();
        let mut table = Self { counted: vec![0; width], missing: vec![0; width], ..Self::default() };
        let mut scenarios: BTreeMap<&Arc<str>, Vec<Option<&Task>>> = BTreeMap::new();
        for task in arm.tasks.values().filter(|task| !groups.quarantined.contains(&task.id)) {
            if let Some(place) = groups.names.iter().position(|name| *name == task.variant) {
                scenarios.entry(&task.id).or_insert_with(|| vec![None; width])[place] = Some(task);
            }
        }
        let mut families: BTreeMap<&str, Vec<Vec<f64>>> = BTreeMap::new();
        for (id, tasks) in scenarios {
            let Some(tasks) = tasks.into_iter().collect::<Option<Vec<&Task>>>() else { continue };
            let missing = || tasks.iter().map(|task| u64::from(task.missing()));
            table.missing.iter_mut().zip(missing()).for_each(|(sum, n)| *sum += n);
            let Some(row) = tasks.iter().map(|task| task.rate()).collect::<Option<Vec<f64>>>() else {
                table.untried.push(Arc::clone(id));
                continue;
            };
            table.scenarios += 1;
            for (sum, task) in table.counted.iter_mut().zip(&tasks) {
                *sum += u64::from(task.counted());
                table.trials += u64::from(task.counted());
                table.replayed += task.trials.iter().filter(|t| t.replayed).count() as u64;
            }
            let unit: &str = if scope == Scope::Suite { &tasks[0].id } else { &tasks[0].family };
            families.entry(unit).or_default().push(row);
        }
        let mean = |rows: &Vec<Vec<f64>>| {
            (0..width).map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / rows.len() as f64).collect()
        };
        table.rows = families.values().map(mean).collect();
        table
    }
}

//! In what a run departs from its protocol.

use super::Registration;
use crate::arm::Arm;
use mocktrial_store::{Header, Scenario};
use mocktrial_trajectory::Digest;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What has become of the protocol's file since the run was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileToday {
    /// Its hash.
    Hash(Digest),
    /// It is gone from the project.
    Gone,
    /// There is no project here to look into.
    Unseen,
}

/// A departure from what was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Deviation {
    /// The protocol's file is no longer what was registered.
    FileChanged,
    /// The protocol's file is gone.
    FileGone,
    /// The text that the run keeps is not the one that was registered.
    TextAltered,
    /// The run ended before its plan did.
    EndedShort {
        /// Registered episodes that never ended.
        episodes: u64,
        /// Why, in the run's words; empty where it does not say.
        why: String,
    },
    /// Registered episodes ended without an outcome.
    WithoutOutcome {
        /// How many.
        episodes: u64,
    },
    /// Registered scenarios that the verdicts had to leave out: no trial has an outcome on one side.
    ScenariosLost {
        /// Their names.
        scenarios: Vec<Arc<str>>,
    },
    /// Trials beyond the plan; the verdicts leave them out.
    TrialsAdded {
        /// Trials of every scenario that were registered.
        registered: u32,
        /// Trials that there are.
        now: u32,
    },
    /// Episodes were graded anew with other criteria or references than those registered.
    CriteriaChanged {
        /// The scenarios.
        scenarios: Vec<Arc<str>>,
    },
    /// Scenarios are in quarantine that were not when the protocol was registered; the verdicts count them.
    QuarantinedSince {
        /// The scenarios.
        scenarios: Vec<Arc<str>>,
    },
    /// The run has endpoints that no hypothesis names.
    ExtraEndpoints {
        /// The endpoints.
        endpoints: Vec<Arc<str>>,
    },
    /// Trials were replayed from recordings, which may be older than the protocol.
    Replayed {
        /// How many.
        trials: u64,
        /// Of how many that count.
        of: u64,
    },
}

/// What a run departs in. `arms` hold the registered trials only; `decided`: whether the plan's sequential gate has an answer.
pub(super) fn deviations(
    registration: &Registration,
    header: &Header,
    scenarios: &[Scenario],
    arms: &[Arm],
    (today, decided): (FileToday, bool),
    held: &dyn Fn(&str) -> bool,
) -> Vec<Deviation> {
    let mut found = Vec::new();
    match today {
        FileToday::Hash(hash) if hash != registration.hash => found.push(Deviation::FileChanged),
        FileToday::Gone => found.push(Deviation::FileGone),
        FileToday::Hash(_) | FileToday::Unseen => {}
    }
    if Digest::of_bytes(b"protocol", registration.text.as_bytes()) != registration.hash {
        found.push(Deviation::TextAltered);
    }
    let named = registration.endpoints();
    let registered: Vec<&Arm> = arms.iter().filter(|arm| named.contains(&arm.endpoint)).collect();
    let tasks =
        || registered.iter().flat_map(|arm| &arm.tasks).filter(|(name, _)| registration.scenarios.contains_key(*name));
    let wanted = u64::from(registration.trials) * (registration.scenarios.len() * named.len()) as u64;
    let ended: u64 = tasks().map(|(_, t)| u64::from(t.counted()) + u64::from(t.missing())).sum();
    if ended < wanted && !decided {
        found.push(Deviation::EndedShort { episodes: wanted - ended, why: header.status.reason.clone() });
    }
    let missing: u64 = tasks().map(|(_, t)| u64::from(t.missing())).sum();
    if missing > 0 {
        found.push(Deviation::WithoutOutcome { episodes: missing });
    }
    let lost: BTreeSet<Arc<str>> =
        tasks().filter(|(_, t)| t.trials.is_empty() && t.missing() > 0).map(|(name, _)| Arc::clone(name)).collect();
    push(&mut found, lost, |scenarios| Deviation::ScenariosLost { scenarios });
    if header.trials > registration.trials {
        found.push(Deviation::TrialsAdded { registered: registration.trials, now: header.trials });
    }
    let changed = scenarios
        .iter()
        .filter(|s| registration.scenarios.get(&s.name()).is_some_and(|criteria| *criteria != s.instrument.criteria));
    push(&mut found, changed.map(Scenario::name), |scenarios| Deviation::CriteriaChanged { scenarios });
    let since = scenarios.iter().filter(|s| {
        let name = s.name();
        registration.scenarios.contains_key(&name) && (held(&name) || held(&s.id))
    });
    push(&mut found, since.map(Scenario::name), |scenarios| Deviation::QuarantinedSince { scenarios });
    let extra = arms.iter().map(|arm| &arm.endpoint).filter(|name| !named.contains(name)).cloned();
    push(&mut found, extra, |endpoints| Deviation::ExtraEndpoints { endpoints });
    let (of, trials) = registered.iter().map(|arm| arm.replayed()).fold((0, 0), |(a, r), (n, k)| (a + n, r + k));
    if trials > 0 {
        found.push(Deviation::Replayed { trials, of });
    }
    found
}

fn push(
    found: &mut Vec<Deviation>,
    names: impl IntoIterator<Item = Arc<str>>,
    make: impl FnOnce(Vec<Arc<str>>) -> Deviation,
) {
    let names: Vec<Arc<str>> = names.into_iter().collect();
    if !names.is_empty() {
        found.push(make(names));
    }
}

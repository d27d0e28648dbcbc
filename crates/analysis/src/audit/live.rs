//! What a live A/A run says: `mocktrial audit --live`.
//!
//! The same endpoint runs under two labels, interleaved. Everything that a comparison or a gate says rests on trials being
//! independent draws from an endpoint that stays as it is; here it does not differ from itself, so whatever shows a
//! difference comes from somewhere else. Three things are asked, with one error for all of them:
//!
//! - *homogeneity*: do both labels fare alike? Exact sign-flip test on pairs: the trials of one number on one scenario, which
//!   have the same seed. That labels of a pair can be exchanged is all it assumes; scenarios and moments may differ.
//! - *overdispersion*: do trials of one round fail together? [`perm_overdispersion`].
//! - *drift*: do outcomes rise or fall in dispatch order? [`perm_trend`].
//!
//! The last two exchange *pairs* within scenarios: where a provider obeys seeds, both trials of a pair end alike, and single
//! trials could not be exchanged. One run is one draw: its p-values say what speaks against the assumptions, and are no rate
//! of errors.

use crate::AnalysisError;
use crate::arm::{Arm, Task, Trial};
use mocktrial_stats::{
    Placed, Resampling, StatsError, holm, perm_overdispersion, perm_trend, quantile7, signflip_exact,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most draws of permutations, where there are not too many trials for as many.
const DRAWS: usize = 10_000;

/// The most values that are drawn in all, which is what a test affords.
const WORK: usize = 400_000_000;

/// What a live A/A run says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveAudit {
    /// The run.
    pub run: String,
    /// The two labels of the one endpoint.
    pub labels: [LiveLabel; 2],
    /// Scenarios with a pair of trials.
    pub scenarios: u64,
    /// Pairs of trials: one of each label, of the same scenario and number, that both count.
    pub pairs: u64,
    /// Rounds: trial numbers with a pair.
    pub rounds: u64,
    /// How many episodes apart the trials of a pair were dispatched (median); 1 is side by side. `None` without a pair.
    pub apart: Option<f64>,
    /// Scenarios and variants left out because they are in quarantine.
    pub quarantined: u64,
    /// Whether one label lacks trials more often than the other: the p-value; `None` where none is missing.
    pub p_missing: Option<f64>,
    /// The error over all tests together.
    pub alpha: f64,
    /// Why nothing is tested; `None` where something is.
    pub refused: Option<String>,
    /// The tests; empty where refused.
    pub tests: Vec<LiveTest>,
}

/// A label, and what came of its trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveLabel {
    /// The label, which stands in the place of the endpoint's name.
    pub label: Arc<str>,
    /// Trials in pairs that passed.
    pub passed: u64,
    /// Trials that count, but whose partner does not.
    pub unpaired: u64,
    /// Trials that ended and do not count.
    pub missing: u64,
}

/// What is asked of a live A/A run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveQuestion {
    /// Whether both labels fare alike; the effect is the first's pass rate minus the second's.
    Homogeneity,
    /// Whether trials of one round fail together; the effect is the variation between rounds over that of independent trials.
    Overdispersion,
    /// Whether outcomes drift; the effect is the pass rate in the second half of the run minus that in the first, as the mean
    /// over scenarios with two pairs or more.
    Drift,
}

/// A test of a live A/A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveTest {
    /// What is asked.
    pub question: LiveQuestion,
    /// What was measured, in the question's unit; `None` where nothing could be.
    pub effect: Option<f64>,
    /// The p-value; `None` where no outcome could have shown anything.
    pub p: Option<f64>,
    /// `p` adjusted by Holm's method for the tests that could be made.
    pub p_adjusted: Option<f64>,
    /// Whether `p_adjusted` is at most alpha.
    pub found: bool,
    /// Why no outcome could have shown anything.
    pub untestable: Option<String>,
}

impl LiveAudit {
    /// Whether anything speaks against the assumptions.
    #[must_use]
    pub fn has_finding(&self) -> bool {
        self.tests.iter().any(|test| test.found)
    }

    /// Whether any test could be made.
    #[must_use]
    pub fn is_tested(&self) -> bool {
        self.tests.iter().any(|test| test.p.is_some())
    }
}

/// Why a run is no A/A run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TwinsError {
    /// No two endpoints are the same.
    #[error(
        "no two endpoints of the run are the same in all but name ({0}); `mocktrial audit --live` makes such a run, or \
         `mocktrial run -e NAME -e NAME@2`"
    )]
    None(String),
    /// The endpoint that is meant has no twin.
    #[error("no other endpoint of the run is the same as `{name}` in all but name; there are {known}")]
    Alone {
        /// The endpoint.
        name: String,
        /// The endpoints that there are.
        known: String,
    },
    /// There are several that could be meant.
    #[error(
        "more than two endpoints of the run are the same in all but name ({0}); say with --endpoint which two are meant"
    )]
    Several(String),
}

/// The two arms of a run that are the same endpoint under two labels; of those named, where some are.
///
/// # Errors
/// With what is wrong, in words for whoever named them.
pub fn twins<'a>(arms: &'a [Arm], named: &[String]) -> Result<(&'a Arm, &'a Arm), TwinsError> {
    let list = |arms: &[&Arm]| arms.iter().map(|arm| arm.endpoint.to_string()).collect::<Vec<_>>().join(", ");
    let all: Vec<&Arm> = arms.iter().collect();
    let is_named = |arm: &Arm| named.iter().any(|name| **name == *arm.endpoint);
    if let Some(name) = named.iter().find(|name| !arms.iter().any(|arm| *arm.endpoint == ***name)) {
        return Err(TwinsError::Alone { name: name.clone(), known: list(&all) });
    }
    let mut groups: BTreeMap<String, Vec<&Arm>> = BTreeMap::new();
    for arm in arms {
        groups.entry(arm.treatment.to_string()).or_default().push(arm);
    }
    let mut found: Vec<Vec<&Arm>> = groups.into_values().filter(|group| group.len() > 1).collect();
    if !named.is_empty() {
        // Two names mean those two, one its group.
        found.retain(|group| group.iter().any(|arm| is_named(arm)));
        for group in &mut found {
            if group.iter().filter(|arm| is_named(arm)).count() > 1 {
                group.retain(|arm| is_named(arm));
            }
        }
    }
    match found.as_slice() {
        [group] => match group.as_slice() {
            [first, second] => Ok((first, second)),
            many => Err(TwinsError::Several(list(many))),
        },
        [] if named.is_empty() => Err(TwinsError::None(list(&all))),
        [] => Err(TwinsError::Alone { name: named[0].clone(), known: list(&all) }),
        several => Err(TwinsError::Several(list(&several.concat()))),
    }
}

/// Two trials of one scenario and number, one of each label.
#[derive(Clone, Copy)]
struct Pair<'a> {
    first: &'a Trial,
    second: &'a Trial,
}

impl Pair<'_> {
    fn difference(&self) -> i64 {
        i64::from(self.first.passed) - i64::from(self.second.passed)
    }

    /// When the later of the two was dispatched.
    fn dispatched(&self) -> u64 {
        self.first.dispatch.max(self.second.dispatch)
    }

    /// `rank`: its place in dispatch order among the pairs of its scenario. The dispatch numbers themselves hang on which
    /// label was a little faster, and no verdict may.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53 episodes")]
    fn placed(&self, rank: usize) -> Placed {
        Placed {
            when: rank as f64,
            block: usize::try_from(self.first.number).unwrap_or(usize::MAX),
            value: f64::from(u8::from(self.first.passed)) + f64::from(u8::from(self.second.passed)),
        }
    }
}

/// Tests two arms of one endpoint against what comparisons assume. `decided`: whether the run stopped when it had seen enough.
///
/// # Errors
/// When a number is outside what a method accepts.
pub fn live(first: &Arm, second: &Arm, decided: bool, alpha: f64) -> Result<LiveAudit, AnalysisError> {
    let scenarios = paired(first, second);
    let pairs: Vec<Pair<'_>> = scenarios.iter().flatten().copied().collect();
    let rounds: BTreeSet<u32> = pairs.iter().map(|p| p.first.number).collect();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53 episodes")]
    let apart: Vec<f64> = pairs.iter().map(|p| p.first.dispatch.abs_diff(p.second.dispatch) as f64).collect();
    let labels = [label(first, second, |p| p.first, &pairs), label(second, first, |p| p.second, &pairs)];
    let tasks = || first.tasks.values().chain(second.tasks.values());
    let replayed = tasks().filter(|t| !t.quarantined).flat_map(|t| &t.trials).filter(|t| t.replayed).count();
    let mut found = LiveAudit {
        run: first.run.clone(),
        scenarios: scenarios.iter().filter(|own| !own.is_empty()).count() as u64,
        pairs: pairs.len() as u64,
        rounds: rounds.len() as u64,
        apart: if apart.is_empty() { None } else { Some(quantile7(&apart, 0.5)?) },
        quarantined: first.tasks.values().filter(|t| t.quarantined).count() as u64,
        p_missing: missing(&labels, pairs.len() as u64),
        labels,
        alpha,
        refused: None,
        tests: Vec::new(),
    };
    found.refused =
        first.refused.as_ref().or(second.refused.as_ref()).map(|why| format!("the run claims no rate: {why}"));
    if found.refused.is_none() && decided {
        let why = "the run stopped when it knew enough, so that its last trials are there because of what came before";
        found.refused = Some(why.to_owned());
    }
    if found.refused.is_none() && replayed > 0 {
        let all = tasks().filter(|t| !t.quarantined).map(|t| t.trials.len()).sum::<usize>();
        found.refused = Some(format!(
            "{replayed} of {all} trials were replayed from cassettes; a replay repeats what was recorded, and tests nothing \
             about the model"
        ));
    }
    if found.refused.is_none() && pairs.is_empty() {
        found.refused = Some("no trial counts under both labels".to_owned());
    }
    if found.refused.is_none() {
        found.tests = tests(&scenarios, &pairs, alpha)?;
    }
    Ok(found)
}

/// The pairs of each scenario, in dispatch order.
fn paired<'a>(first: &'a Arm, second: &'a Arm) -> Vec<Vec<Pair<'a>>> {
    let of = |(name, task): (&Arc<str>, &'a Task)| -> Option<Vec<Pair<'a>>> {
        let other = second.tasks.get(name).filter(|_| !task.quarantined)?;
        let partners: BTreeMap<u32, &Trial> = other.trials.iter().map(|t| (t.number, t)).collect();
        let own = task.trials.iter().filter_map(|t| Some(Pair { first: t, second: partners.get(&t.number)? }));
        let mut own: Vec<Pair<'a>> = own.collect();
        own.sort_by_key(Pair::dispatched);
        Some(own)
    };
    first.tasks.iter().filter_map(|(name, task)| of((name, task))).collect()
}

fn label<'a>(own: &Arm, other: &Arm, side: impl Fn(&Pair<'a>) -> &'a Trial, pairs: &[Pair<'a>]) -> LiveLabel {
    let tasks = || own.tasks.iter().filter(|(_, t)| !t.quarantined);
    let alone = |(name, task): (&Arc<str>, &Task)| {
        let partners: BTreeSet<u32> =
            other.tasks.get(name).map(|t| t.trials.iter().map(|t| t.number).collect()).unwrap_or_default();
        task.trials.iter().filter(|t| !partners.contains(&t.number)).count() as u64
    };
    LiveLabel {
        label: Arc::clone(&own.endpoint),
        passed: pairs.iter().filter(|p| side(p).passed).count() as u64,
        unpaired: tasks().map(alone).sum(),
        missing: tasks().map(|(_, task)| u64::from(task.missing())).sum(),
    }
}

fn missing(labels: &[LiveLabel; 2], pairs: u64) -> Option<f64> {
    let side = |label: &LiveLabel| crate::compare::Side {
        endpoint: Arc::clone(&label.label),
        run: String::new(),
        counted: pairs + label.unpaired,
        replayed: 0,
        missing: label.missing,
        unfinished: 0,
    };
    crate::compare::missing_test(&side(&labels[0]), &side(&labels[1]))
}

fn tests(scenarios: &[Vec<Pair<'_>>], pairs: &[Pair<'_>], alpha: f64) -> Result<Vec<LiveTest>, AnalysisError> {
    let placed: Vec<Vec<Placed>> =
        scenarios.iter().map(|own| own.iter().enumerate().map(|(rank, pair)| pair.placed(rank)).collect()).collect();
    let resampling = Resampling { draws: DRAWS.min(WORK / pairs.len().max(1)).max(1), seed: 42 };
    let orders: Vec<f64> = placed.iter().map(|own| log_orders(own)).collect();
    let all: f64 = orders.iter().sum();
    let most = orders.iter().copied().fold(0.0, f64::max);
    let change = change(&placed);
    let mut found = vec![
        homogeneity(pairs, alpha)?,
        // Orders that differ only in which round is which have the same variation: one scenario can be held fixed.
        ordered(LiveQuestion::Overdispersion, all - most, alpha, || {
            perm_overdispersion(&placed, resampling).map(|o| (o.ratio, o.p))
        })?,
        // Both directions count, and a pair has two outcomes.
        ordered(LiveQuestion::Drift, all - std::f64::consts::LN_2, alpha, || {
            perm_trend(&placed, resampling).map(|t| (change, t.p))
        })?,
    ];
    let p: Vec<f64> = found.iter().filter_map(|test| test.p).collect();
    for (test, adjusted) in found.iter_mut().filter(|test| test.p.is_some()).zip(holm(&p)?) {
        test.p_adjusted = Some(adjusted);
        test.found = adjusted <= alpha;
    }
    Ok(found)
}

/// The pass rate in the second half of each scenario's pairs minus that in the first, as the mean over scenarios. The middle
/// one of an odd number is in neither.
#[allow(clippy::cast_precision_loss, reason = "far below 2^53 episodes")]
fn change(placed: &[Vec<Placed>]) -> f64 {
    let mut found = Vec::new();
    for own in placed.iter().filter(|own| own.len() > 1) {
        let half = own.len() / 2;
        // Both trials of a pair count.
        let rate = |part: &[Placed]| part.iter().map(|p| p.value / 2.0).sum::<f64>() / half as f64;
        found.push(rate(&own[own.len() - half..]) - rate(&own[..half]));
    }
    found.iter().sum::<f64>() / found.len().max(1) as f64
}

fn untestable(question: LiveQuestion, effect: Option<f64>, why: String) -> LiveTest {
    LiveTest { question, effect, p: None, p_adjusted: None, found: false, untestable: Some(why) }
}

fn homogeneity(pairs: &[Pair<'_>], alpha: f64) -> Result<LiveTest, AnalysisError> {
    let differences: Vec<i64> = pairs.iter().map(Pair::difference).collect();
    let differing = differences.iter().filter(|d| **d != 0).count();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52 pairs")]
    let effect = Some(differences.iter().sum::<i64>() as f64 / pairs.len().max(1) as f64);
    let question = LiveQuestion::Homogeneity;
    // All of them one way has this chance, and nothing has less.
    if 2.0 * 0.5_f64.powi(i32::try_from(differing).unwrap_or(i32::MAX)) > alpha {
        let why = match differing {
            0 => "both ended alike in every pair of trials, as they do where a provider obeys the seed that they share"
                .to_owned(),
            1 => "they ended differently in one pair of trials only".to_owned(),
            n => format!("they ended differently in {n} pairs of trials only"),
        };
        return Ok(untestable(question, effect, why));
    }
    let p = Some(signflip_exact(&differences)?.two);
    Ok(LiveTest { question, effect, p, p_adjusted: None, found: false, untestable: None })
}

/// A test on the order of outcomes, where `log_orders` (of those that can be told apart) are enough for an answer.
fn ordered(
    question: LiveQuestion,
    log_orders: f64,
    alpha: f64,
    test: impl FnOnce() -> Result<(f64, f64), StatsError>,
) -> Result<LiveTest, AnalysisError> {
    match test() {
        Err(StatsError::Undefined { .. }) => {
            let why = "no scenario passed in some rounds and failed in others".to_owned();
            Ok(untestable(question, None, why))
        }
        Ok((effect, _)) if log_orders < -alpha.ln() => {
            let why = "too few scenarios passed in some rounds and failed in others".to_owned();
            Ok(untestable(question, Some(effect), why))
        }
        Ok((effect, p)) => Ok(LiveTest {
            question,
            effect: Some(effect),
            p: Some(p),
            p_adjusted: None,
            found: false,
            untestable: None,
        }),
        Err(error) => Err(error.into()),
    }
}

/// The logarithm of how many different orders a scenario's values have.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52 trials")]
fn log_orders(values: &[Placed]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|p| p.value).collect();
    sorted.sort_by(f64::total_cmp);
    let (mut sum, mut same) = (0.0, 0.0);
    for (n, value) in sorted.iter().enumerate() {
        same = if n > 0 && sorted[n - 1].total_cmp(value).is_eq() { same + 1.0 } else { 1.0 };
        sum += ((n + 1) as f64 / same).ln();
    }
    sum
}

#[cfg(test)]
mod tests;

//! How endpoints, or runs, differ: `mocktrial compare`.
//!
//! Two arms are held against each other scenario by scenario, on the scenarios whose instruments are equal; the
//! others are left out, counted and named. What differs between the endpoints (model, prompt, tools, parameters) is what
//! is being compared. The unit is the scenario, or in population scope the family; trials are never units.

mod divergence;
pub(crate) mod pairing;
mod ratio;

pub use divergence::{Divergence, Divergent, divergences};
pub use pairing::{LeftOut, Pair, Scope, WhyOut, pair, units};
pub use ratio::Ratio;

use crate::arm::{Arm, Task};
use crate::until::Decided;
use crate::{AnalysisError, Bounds, Estimate};
use mocktrial_stats::{
    Resampling, StatsError, bh, compare_floored, holm, maxt_pairwise_crit, rank_sets, signflip_exact, unseen_difference,
};
use mocktrial_store::Store;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Draws for simultaneous ranks.
const DRAWS: usize = 2000;

/// What a comparison is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// What it is about.
    pub scope: Scope,
    /// The two-sided error over all pairs together.
    pub alpha: f64,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Side {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Its run.
    pub run: String,
    /// Trials that count on the scenarios compared.
    pub counted: u64,
    /// Of those, the ones that came from cassettes.
    pub replayed: u64,
    /// Trials on those scenarios that ended and do not count.
    pub missing: u64,
    /// Trials that were planned and have not run, on all of its scenarios.
    pub unfinished: u64,
}

/// A verdict on a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairVerdict {
    /// The first is better.
    Better,
    /// The first is worse.
    Worse,
    /// The data cannot tell.
    Undecided,
}

/// How two arms differ; every difference is the first minus the second.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// The one that is judged.
    pub first: Side,
    /// The one that it is compared with.
    pub second: Side,
    /// The parts of the treatment that differ; empty where none does.
    pub treatment: Vec<String>,
    /// Scenarios that are compared; variants of one are one.
    pub scenarios: u64,
    /// Units of the statistics: scenarios, or families.
    pub units: u64,
    /// Scenarios that are left out.
    pub left_out: Vec<LeftOut>,
    /// What the run decided by looking at itself, where that stands for the verdict. Then no figure of a plan of fixed size is
    /// given: each would be too sure of itself.
    pub sequential: Option<Decided>,
    /// Why there is no difference to be stated; `None` where there is.
    pub refused: Option<String>,
    /// The mean difference of pass rates; `None` where refused.
    pub delta: Option<Estimate>,
    /// The two-sided p-value of the paired test that the interval of `delta` comes from.
    pub p: Option<f64>,
    /// The mid-p of the exact sign-flip test; `None` where trials are unequal or it is too large to compute.
    pub p_sign_flip: Option<f64>,
    /// `p` adjusted for all pairs by Holm's method.
    pub p_adjusted: Option<f64>,
    /// By `p_adjusted` and the sign of `delta`, undecided where `turned_by_missing`; or what the run decided, where it was to
    /// compare the two.
    pub verdict: PairVerdict,
    /// Whether a verdict is withheld because the trials without an outcome, had they all gone one way, could turn the sign.
    pub turned_by_missing: bool,
    /// The same with the scenarios that are in quarantine; `None` where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_quarantined: Option<WithQuarantined>,
    /// What `delta` could have been, had the trials that do not count all passed or failed.
    pub bounds: Option<Bounds>,
    /// Whether the arms lack trials unequally often: the two-sided p-value of a test of equal shares.
    pub p_missing: Option<f64>,
    /// Cost per episode of the first over that of the second.
    pub cost: Option<Ratio>,
    /// The model's time per episode of the first over that of the second.
    pub latency: Option<Ratio>,
    /// The same difference for each tag of two scenarios or more.
    pub tags: Vec<TagDifference>,
    /// Scenarios on which they differ, by evidence.
    pub flips: Vec<Flip>,
}

/// A difference with the scenarios that are in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WithQuarantined {
    /// Scenarios that are compared then.
    pub scenarios: u64,
    /// The mean difference of pass rates; `None` where there is none to be stated.
    pub delta: Option<Estimate>,
    /// Its p-value, adjusted for all pairs by Holm's method.
    pub p_adjusted: Option<f64>,
    /// The verdict.
    pub verdict: PairVerdict,
}

/// The difference on the scenarios of a tag.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TagDifference {
    /// The tag.
    pub tag: String,
    /// Units with it.
    pub units: u64,
    /// The mean difference of pass rates.
    pub delta: Estimate,
    /// Its p-value, adjusted over the tags by Benjamini and Hochberg: a hint where to look, no claim.
    pub p_adjusted: f64,
}

/// A scenario on which two arms differ.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Flip {
    /// Its name.
    pub scenario: Arc<str>,
    /// Passed and counted trials of the first.
    pub first: (u32, u32),
    /// Those of the second.
    pub second: (u32, u32),
    /// How trials of the same seed first part, most frequent first; filled by [`explain`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub divergences: Vec<Divergence>,
    /// How strongly the trials speak for a difference: twice the log-likelihood ratio of two rates against one.
    pub evidence: f64,
}

/// An endpoint's place among all, with its uncertainty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Rank {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Its run.
    pub run: String,
    /// The best rank that it may have.
    pub best: usize,
    /// The worst.
    pub worst: usize,
}

/// All pairs, and the ranks of three arms or more.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Compared {
    /// What it is about.
    pub scope: Scope,
    /// The confidence of its intervals, such as 0.95.
    pub confidence: f64,
    /// The pairs.
    pub pairs: Vec<Comparison>,
    /// Ranks that hold all at once at that confidence, on the scenarios that all share; empty for two arms.
    pub ranks: Vec<Rank>,
}

/// Compares pairs of arms, with one error level for all of them together.
///
/// # Errors
/// When a number is outside what a method accepts.
pub fn compare(pairs: &[(&Arm, &Arm)], all: &[&Arm], terms: Terms) -> Result<Compared, AnalysisError> {
    let mut found = judged(pairs, terms)?;
    if found.iter().any(|c| c.left_out.iter().any(|out| out.why == WhyOut::Quarantined)) {
        let whole: Vec<(Arm, Arm)> = pairs.iter().map(|(a, b)| (a.with_quarantined(), b.with_quarantined())).collect();
        let with = judged(&whole.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>(), terms)?;
        for (own, with) in found.iter_mut().zip(with) {
            let Comparison { scenarios, delta, p_adjusted, verdict, .. } = with;
            let held = own.left_out.iter().any(|out| out.why == WhyOut::Quarantined);
            own.with_quarantined = held.then_some(WithQuarantined { scenarios, delta, p_adjusted, verdict });
        }
    }
    let ranks = if all.len() > 2 { ranks(all, terms)? } else { Vec::new() };
    Ok(Compared { scope: terms.scope, confidence: 1.0 - terms.alpha, pairs: found, ranks })
}

/// The pairs with their verdicts.
fn judged(pairs: &[(&Arm, &Arm)], terms: Terms) -> Result<Vec<Comparison>, AnalysisError> {
    let mut found = pairs.iter().map(|(a, b)| one(a, b, terms)).collect::<Result<Vec<_>, _>>()?;
    let p: Vec<f64> = found.iter().filter_map(|c| c.p).collect();
    let adjusted = holm(&p)?;
    for (comparison, adjusted) in found.iter_mut().filter(|c| c.p.is_some()).zip(adjusted) {
        comparison.p_adjusted = Some(adjusted);
        // Without any spread there is nothing to judge a difference by.
        let spread = comparison.delta.is_some_and(|d| d.high > d.low);
        comparison.verdict = match comparison.delta {
            Some(delta) if spread && adjusted <= terms.alpha && delta.value > 0.0 => PairVerdict::Better,
            Some(delta) if spread && adjusted <= terms.alpha && delta.value < 0.0 => PairVerdict::Worse,
            _ => PairVerdict::Undecided,
        };
        // What is missing may not be chance: a verdict that it could turn round is none.
        comparison.turned_by_missing = comparison.bounds.is_some_and(|bounds| match comparison.verdict {
            PairVerdict::Better => bounds.worst <= 0.0,
            PairVerdict::Worse => bounds.best >= 0.0,
            PairVerdict::Undecided => false,
        });
        if comparison.turned_by_missing {
            comparison.verdict = PairVerdict::Undecided;
        }
    }
    Ok(found)
}

fn one(first: &Arm, second: &Arm, terms: Terms) -> Result<Comparison, AnalysisError> {
    let (pairs, left_out) = pair(first, second);
    let side = |arm: &Arm, own: fn(&Pair<'_>) -> (u64, u64, u64)| {
        let (mut counted, mut replayed, mut missing) = (0, 0, 0);
        for (c, r, m) in pairs.iter().map(own) {
            counted += c;
            replayed += r;
            missing += m;
        }
        let unfinished = arm.tasks.values().map(|task| u64::from(task.unfinished())).sum();
        Side { endpoint: Arc::clone(&arm.endpoint), run: arm.run.clone(), counted, replayed, missing, unfinished }
    };
    let (left, right) = (side(first, |p| figures(p.first)), side(second, |p| figures(p.second)));
    let difference = |p: &Pair<'_>| Some(p.first.rate()? - p.second.rate()?);
    let differences = units(&pairs, terms.scope, difference);
    let scenarios = units(&pairs, Scope::Suite, difference).len() as u64;
    let refused = refusal(first, second, &differences, terms.scope);
    let sequential = sequential(first, second);
    let claim = refused.is_none() && sequential.is_none();
    let tested = if claim { Some(tested(&pairs, &differences, terms)?) } else { None };
    let (delta, p) = tested.unzip();
    Ok(Comparison {
        p_missing: missing_test(&left, &right),
        first: left,
        second: right,
        treatment: differing_parts(first, second),
        scenarios,
        units: differences.len() as u64,
        sequential: sequential.cloned(),
        refused,
        delta,
        p,
        p_sign_flip: if claim { sign_flip(&pairs, terms.scope) } else { None },
        p_adjusted: None,
        verdict: sequential.map_or(PairVerdict::Undecided, |d| by_itself(d, first, second, terms.alpha)),
        turned_by_missing: false,
        with_quarantined: None,
        bounds: if claim { bounds(&pairs, terms.scope) } else { None },
        cost: if claim { ratio::of(&pairs, terms, |t| t.cost)? } else { None },
        latency: if claim { ratio::of(&pairs, terms, |t| t.latency_ms)? } else { None },
        tags: if claim { tags(&pairs, terms)? } else { Vec::new() },
        flips: flips(pairs.iter().map(|p| {
            let of = |t: &Task| (t.passed(), t.counted());
            (p.name, of(p.first), of(p.second))
        })),
        left_out,
    })
}

/// The decision that stands for a comparison: that of a run which stopped for it, since its trials lean towards it; or of one
/// that was to compare the two and has spent its error, whether it stopped or not.
fn sequential<'a>(first: &'a Arm, second: &'a Arm) -> Option<&'a Decided> {
    let stopped = |arm: &'a Arm| arm.decided.as_ref().filter(|d| d.decision.early);
    stopped(first).or_else(|| stopped(second)).or_else(|| {
        let own = first.run == second.run && first.created == second.created;
        first.decided.as_ref().filter(|d| own && d.decision.margin.is_none())
    })
}

/// The verdict that a run came to which was to compare these two, at no more than this error.
fn by_itself(decided: &Decided, first: &Arm, second: &Arm, alpha: f64) -> PairVerdict {
    let own = first.run == second.run && first.created == second.created && decided.decision.alpha <= alpha;
    let straight = first.endpoint == decided.candidate && second.endpoint == decided.control;
    let turned = first.endpoint == decided.control && second.endpoint == decided.candidate;
    match (&*decided.decision.answer, straight, turned) {
        ("better", true, _) | ("worse", _, true) if own => PairVerdict::Better,
        ("worse", true, _) | ("better", _, true) if own => PairVerdict::Worse,
        _ => PairVerdict::Undecided,
    }
}

/// The mean difference with its interval, and the p-value that belongs to it.
pub(crate) fn tested(pairs: &[Pair<'_>], differences: &[f64], terms: Terms) -> Result<(Estimate, f64), AnalysisError> {
    let counted = pairs.iter().map(|p| (&*p.first.family, &*p.first.id, (p.first.counted(), p.second.counted())));
    // Where differences are, trials are.
    let trials = pairing::trials_by_unit(counted, terms.scope).unwrap_or((1.0, 1.0));
    let found = compare_floored(differences, unseen_difference(terms.scope.into(), trials)?, terms.alpha)?;
    Ok((Estimate::of(&found), found.p))
}

fn figures(task: &Task) -> (u64, u64, u64) {
    let replayed = task.trials.iter().filter(|t| t.replayed).count() as u64;
    (u64::from(task.counted()), replayed, u64::from(task.missing()))
}

fn refusal(first: &Arm, second: &Arm, differences: &[f64], scope: Scope) -> Option<String> {
    for arm in [first, second] {
        if let Some(why) = &arm.refused {
            return Some(format!("{} claims no rate: {why}", arm.run));
        }
    }
    let unit = match scope {
        Scope::Suite => "scenario",
        Scope::Population => "family",
    };
    match differences.len() {
        0 => Some("no scenario is left to compare them on".into()),
        1 => Some(format!("one {unit} alone says nothing of how far the difference varies")),
        _ => None,
    }
}

/// The names of the parts in which two treatments differ.
#[must_use]
pub fn differing_parts(first: &Arm, second: &Arm) -> Vec<String> {
    if first.treatment == second.treatment {
        return Vec::new();
    }
    let names: std::collections::BTreeSet<&String> = first.parts.keys().chain(second.parts.keys()).collect();
    names.into_iter().filter(|n| first.parts.get(*n) != second.parts.get(*n)).cloned().collect()
}

/// The exact test on whole numbers of passes, which needs as many trials on both sides and everywhere, and units that are
/// scenarios.
fn sign_flip(pairs: &[Pair<'_>], scope: Scope) -> Option<f64> {
    let trials = pairs.first()?.first.counted();
    let plain = |p: &Pair<'_>| p.first.counted() == trials && p.second.counted() == trials && *p.first.id == **p.name;
    if scope != Scope::Suite || !pairs.iter().all(plain) {
        return None;
    }
    let differences: Vec<i64> =
        pairs.iter().map(|p| i64::from(p.first.passed()) - i64::from(p.second.passed())).collect();
    signflip_exact(&differences).ok().map(|s| s.two_mid)
}

/// The difference, had the trials that do not count come out for the first, or against it.
fn bounds(pairs: &[Pair<'_>], scope: Scope) -> Option<Bounds> {
    if pairs.iter().all(|p| p.first.missing() + p.second.missing() == 0) {
        return None;
    }
    let rate = |task: &Task, passes: bool| {
        let all = task.counted() + task.missing();
        let passed = task.passed() + if passes { task.missing() } else { 0 };
        f64::from(passed) / f64::from(all.max(1))
    };
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    let mean = |for_first: bool| {
        let found = units(pairs, scope, |p| Some(rate(p.first, for_first) - rate(p.second, !for_first)));
        found.iter().sum::<f64>() / found.len().max(1) as f64
    };
    Some(Bounds { worst: mean(false), best: mean(true) })
}

/// A test of equal shares of missing trials: the two-sided p-value of the pooled z statistic; `None` where nothing is missing.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(crate) fn missing_test(first: &Side, second: &Side) -> Option<f64> {
    let (m1, m2) = (first.missing as f64, second.missing as f64);
    let (n1, n2) = (m1 + first.counted as f64, m2 + second.counted as f64);
    if m1 + m2 == 0.0 || n1 == 0.0 || n2 == 0.0 {
        return None;
    }
    let pooled = (m1 + m2) / (n1 + n2);
    let se = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    if se == 0.0 { None } else { Some((2.0 * mocktrial_stats::norm_sf((m1 / n1 - m2 / n2).abs() / se)).min(1.0)) }
}

fn tags(pairs: &[Pair<'_>], terms: Terms) -> Result<Vec<TagDifference>, AnalysisError> {
    let mut by_tag: BTreeMap<&str, Vec<Pair<'_>>> = BTreeMap::new();
    for pair in pairs {
        pair.first.tags.iter().for_each(|tag| by_tag.entry(tag).or_default().push(*pair));
    }
    let mut found = Vec::new();
    for (tag, own) in by_tag {
        let differences = units(&own, terms.scope, |p| Some(p.first.rate()? - p.second.rate()?));
        if differences.len() < 2 {
            continue;
        }
        let (delta, p) = tested(&own, &differences, terms)?;
        found.push((TagDifference { tag: tag.to_owned(), units: differences.len() as u64, delta, p_adjusted: p }, p));
    }
    let adjusted = bh(&found.iter().map(|(_, p)| *p).collect::<Vec<_>>())?;
    Ok(found.into_iter().zip(adjusted).map(|((tag, _), p_adjusted)| TagDifference { p_adjusted, ..tag }).collect())
}

/// The scenarios on which two sides differ, each with passed and counted trials, strongest evidence first.
pub(crate) fn flips<'a>(sides: impl Iterator<Item = (&'a Arc<str>, (u32, u32), (u32, u32))>) -> Vec<Flip> {
    let rate = |(k, n): (u32, u32)| (n > 0).then(|| f64::from(k) / f64::from(n));
    let mut found: Vec<Flip> = sides
        .filter(|(_, first, second)| rate(*first) != rate(*second))
        .map(|(name, first, second)| Flip {
            scenario: Arc::clone(name),
            first,
            second,
            divergences: Vec::new(),
            evidence: evidence(first, second),
        })
        .collect();
    found.sort_by(|a, b| b.evidence.total_cmp(&a.evidence).then_with(|| a.scenario.cmp(&b.scenario)));
    found
}

/// Finds out how the trials of the first `limit` scenarios on which two arms differ part.
///
/// # Errors
/// When a run cannot be read.
pub fn explain(
    flips: &mut [Flip],
    first: (&dyn Store, &Arm),
    second: (&dyn Store, &Arm),
    limit: usize,
) -> Result<(), AnalysisError> {
    for flip in flips.iter_mut().take(limit) {
        let (Some(task), Some(other)) = (first.1.tasks.get(&flip.scenario), second.1.tasks.get(&flip.scenario)) else {
            continue;
        };
        let both = task.trials.iter().filter(|t| other.trials.iter().any(|o| o.number == t.number));
        let trials: Vec<u32> = both.map(|t| t.number).collect();
        let (a, b) = ((first.0, &first.1.endpoint), (second.0, &second.1.endpoint));
        flip.divergences = divergences(a, b, (&task.id, &task.variant), &trials)?;
    }
    Ok(())
}

/// Twice the log of how much likelier two rates make the trials than one.
fn evidence((k1, n1): (u32, u32), (k2, n2): (u32, u32)) -> f64 {
    let log_likelihood = |k: u32, n: u32, p: f64| {
        let term = |count: u32, p: f64| if count == 0 { 0.0 } else { f64::from(count) * p.ln() };
        term(k, p) + term(n - k, 1.0 - p)
    };
    let rate = |k: u32, n: u32| f64::from(k) / f64::from(n.max(1));
    let apart = log_likelihood(k1, n1, rate(k1, n1)) + log_likelihood(k2, n2, rate(k2, n2));
    let together = log_likelihood(k1 + k2, n1 + n2, rate(k1 + k2, n1 + n2));
    (2.0 * (apart - together)).max(0.0)
}

/// Ranks on the scenarios that all arms share with equal instruments.
fn ranks(arms: &[&Arm], terms: Terms) -> Result<Vec<Rank>, AnalysisError> {
    let Some((first, others)) = arms.split_first() else { return Ok(Vec::new()) };
    if arms.iter().any(|arm| arm.refused.is_some()) {
        return Ok(Vec::new());
    }
    let shared: Vec<&Arc<str>> = first
        .tasks
        .iter()
        .filter(|(name, task)| {
            let same = |arm: &&&Arm| {
                arm.tasks.get(*name).is_some_and(|t| t.instrument == task.instrument && !t.trials.is_empty())
            };
            let held = arms.iter().any(|arm| arm.tasks.get(*name).is_some_and(|t| t.quarantined));
            !held && !task.trials.is_empty() && others.iter().filter(same).count() == others.len()
        })
        .map(|(name, _)| name)
        .collect();
    let mut columns = Vec::new();
    for arm in arms {
        let pairs: Vec<Pair<'_>> = shared
            .iter()
            .filter_map(|name| {
                let task = arm.tasks.get(*name)?;
                Some(Pair { name, first: task, second: task })
            })
            .collect();
        columns.push(units(&pairs, terms.scope, |p| p.first.rate()));
    }
    let rows = columns.first().map_or(0, Vec::len);
    if rows < 2 || columns.iter().any(|c| c.len() != rows) {
        return Ok(Vec::new());
    }
    let scores: Vec<Vec<f64>> = (0..rows).map(|i| columns.iter().map(|c| c[i]).collect()).collect();
    let sets = match maxt_pairwise_crit(&scores, Resampling { draws: DRAWS, seed: 42 }, terms.alpha) {
        Ok(pairwise) => rank_sets(&pairwise.estimates, &pairwise.se, pairwise.critical)?,
        // Nothing differs anywhere.
        Err(StatsError::Undefined { .. }) => vec![(1, arms.len()); arms.len()],
        Err(error) => return Err(error.into()),
    };
    let rank = |(arm, (best, worst)): (&&Arm, (usize, usize))| Rank {
        endpoint: Arc::clone(&arm.endpoint),
        run: arm.run.clone(),
        best,
        worst,
    };
    Ok(arms.iter().zip(sets).map(rank).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::Shape;
    use mocktrial_trajectory::Cause;

    const TERMS: Terms = Terms { scope: Scope::Suite, alpha: 0.05 };

    /// Scenarios of two trials each, of which so many pass.
    fn arm(name: &str, passed: &[u32]) -> Arm {
        let shape = |n: usize| Shape {
            name: format!("s{n:02}").into(),
            family: format!("s{n:02}").into(),
            tags: Vec::new(),
            trials: 2,
        };
        let mut arm = Arm::simulated(name, &(0..passed.len()).map(shape).collect::<Vec<_>>());
        for (task, passed) in arm.tasks.values_mut().zip(passed) {
            task.trials.iter_mut().for_each(|t| t.passed = t.number <= *passed);
        }
        arm
    }

    fn one(first: &Arm, second: &Arm) -> Comparison {
        compare(&[(first, second)], &[first, second], TERMS).unwrap().pairs.remove(0)
    }

    #[test]
    fn a_verdict_that_missing_trials_could_turn_round_is_none() {
        let mut better = arm("a", &[2, 2, 2, 2, 2, 1, 2, 2]);
        let worse = arm("b", &[1, 1, 1, 1, 2, 1, 1, 1]);
        assert_eq!(one(&better, &worse).verdict, PairVerdict::Better);
        for task in better.tasks.values_mut() {
            task.excluded.insert(Cause::Provider, 1);
        }
        // A lost trial of each could be a failure: 2 of 3 against 1 of 2 still is more.
        let some = one(&better, &worse);
        assert_eq!((some.verdict, some.turned_by_missing), (PairVerdict::Better, false));
        for task in better.tasks.values_mut() {
            task.excluded.insert(Cause::Provider, 3);
        }
        let many = one(&better, &worse);
        assert_eq!((many.verdict, many.turned_by_missing), (PairVerdict::Undecided, true));
        assert!(many.p_adjusted.unwrap() < 0.05);
    }
}

//! May this change ship? `mocktrial gate`.
//!
//! A candidate is held against accepted results (or another arm), scenario by scenario, by a test of non-inferiority: *no
//! worse* where a loss of the margin is ruled out, *regressed* where it is shown, and *inconclusive* where neither is. Beside
//! the rate stand rules that need no statistics (scenarios that must pass) and such that do (tags, ceilings, the anchor). The
//! gate is passed where every part is.

mod baseline;
mod sequential;
pub(crate) mod sides;

pub use baseline::{AcceptError, Accepted, Baseline, Counts, run_hash};
pub use sides::Standard;

use crate::arm::Arm;
use crate::compare::{Flip, LeftOut, Scope, flips};
use crate::until::Decided;
use crate::{AnalysisError, Bounds, Estimate};
use mocktrial_stats::{Gate, GateRule, GateVerdict, ci_mean_t, gate_ni};
use serde::Serialize;
use sides::{Matched, match_up};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a gate asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The loss that is still acceptable, as a share.
    pub margin: f64,
    /// The loss against the anchor that is still acceptable.
    pub anchor_margin: f64,
    /// The chance of a false verdict on either side.
    pub alpha: f64,
    /// The chance with which what is still needed should decide.
    pub power: f64,
    /// What the verdict is about.
    pub scope: Scope,
    /// The age from which on drift of the provider is spoken of, in days.
    pub max_age_days: f64,
    /// Scenarios that may not fail in any trial: names, as resolved from their globs.
    pub must_pass: BTreeSet<Arc<str>>,
    /// Tags whose scenarios may not fail in any trial.
    pub zero_tolerance: Vec<String>,
    /// The most that an episode may cost on average, in dollars.
    pub max_cost: Option<f64>,
    /// The most that the model may take for an episode on average, in seconds.
    pub max_seconds: Option<f64>,
    /// Tags with margins of their own.
    pub tags: Vec<(String, f64)>,
}

/// What a part of the gate says, and the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A loss of the margin is ruled out; a rule is kept.
    NoWorse,
    /// The data cannot tell.
    Inconclusive,
    /// A loss beyond the margin is shown; a rule is broken.
    Regressed,
}

impl From<GateVerdict> for Answer {
    fn from(verdict: GateVerdict) -> Self {
        match verdict {
            GateVerdict::NoWorse => Self::NoWorse,
            GateVerdict::Regressed => Self::Regressed,
            GateVerdict::Inconclusive => Self::Inconclusive,
        }
    }
}

/// A test of non-inferiority and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Tested {
    /// The answer.
    pub answer: Answer,
    /// Why it is inconclusive for another reason than a wide interval: what is missing decides, or there is too little.
    pub why: Option<String>,
    /// The loss that is still acceptable.
    pub margin: f64,
    /// Candidate minus standard, with the interval that decides; `None` where nothing is comparable.
    pub delta: Option<Estimate>,
    /// The confidence of that interval.
    pub confidence: f64,
    /// Whether it is surely below 0: worse, even if by less than the margin.
    pub surely_below_zero: bool,
    /// The difference, had the trials without an outcome all gone one way.
    pub bounds: Option<Bounds>,
    /// Units: scenarios, or families.
    pub units: u64,
    /// How much more would decide, if the difference stays.
    pub needed: Option<Needed>,
}

/// How much more would decide.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Needed {
    /// Trials of every scenario on both sides (suite scope), or scenarios (population scope).
    pub more: u64,
    /// Whether `more` counts scenarios.
    pub scenarios: bool,
    /// Episodes that is, both sides together.
    pub episodes: u64,
    /// What they would cost in dollars, as the candidate's did; `None` where that is unknown.
    pub cost: Option<f64>,
    /// How long the model would take for them in seconds, one after another.
    pub seconds: Option<f64>,
}

/// A rule beside the rate.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Ruled {
    /// Which: `must_pass`, `zero_tolerance`, `max_cost` or `max_seconds`.
    pub rule: &'static str,
    /// What it is about, such as a scenario or a tag; empty for the whole.
    pub about: String,
    /// The answer.
    pub answer: Answer,
    /// In words, what was found.
    pub found: String,
}

/// The gate's answer and everything that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Gated {
    /// The answer of the whole.
    pub answer: Answer,
    /// What the verdict is about.
    pub scope: Scope,
    /// The candidate's endpoint.
    pub endpoint: Arc<str>,
    /// The candidate's run.
    pub run: String,
    /// What it is held against, in words: a run, or a baseline and its date.
    pub against: String,
    /// The run that was held against, with its endpoint.
    pub standard: HeldAgainst,
    /// Why no answer can be given at all; `None` where one can.
    pub refused: Option<String>,
    /// What the run decided by looking at itself, where that is the answer on the rate: then no figure of a plan of fixed
    /// size is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Decided>,
    /// The test of the rate.
    pub rate: Tested,
    /// The same with the scenarios in quarantine; `None` where there is none.
    pub with_quarantined: Option<Tested>,
    /// The test against the anchor, where that is other than the baseline.
    pub anchor: Option<Tested>,
    /// Tests of tags, at an error that is shared among them.
    pub tags: Vec<(String, Tested)>,
    /// Rules beside the rate.
    pub rules: Vec<Ruled>,
    /// Parts of the treatment that differ.
    pub treatment: Vec<String>,
    /// Scenarios that are left out.
    pub left_out: Vec<LeftOut>,
    /// Scenarios on which the candidate (first) and the standard (second) differ, by evidence; how their trials part is only
    /// known where [`explain`](crate::compare::explain) has looked into both runs.
    pub flips: Vec<Flip>,
    /// Trials of the candidate that count, and those of them that were replayed.
    pub trials: (u64, u64),
    /// Trials of the candidate that were planned and have not run.
    pub unfinished: u64,
    /// Whether the sides lack trials unequally often: the p-value.
    pub p_missing: Option<f64>,
    /// Why a difference may be the provider's drift, and not the change; empty where nothing speaks for it.
    pub drift: Vec<String>,
}

/// What a gate held its candidate against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct HeldAgainst {
    /// The run.
    pub run: String,
    /// The endpoint.
    pub endpoint: Arc<str>,
}

/// Holds a candidate against a standard. `age_days`: how old the standard's run is.
///
/// # Errors
/// When a number is outside what a method accepts.
pub fn gate(
    candidate: &Arm,
    standard: &Standard,
    anchor: Option<&Standard>,
    age_days: Option<f64>,
    rules: &Rules,
) -> Result<Gated, AnalysisError> {
    let (matched, left_out) = match_up(candidate, standard);
    let means = Means::of(candidate);
    let sequential = sequential::decided(candidate, standard, rules);
    let rate = match &sequential {
        Ok(Some(decided)) => sequential::answered(decided),
        _ => tested(&matched, rules, rules.margin, rules.alpha, &means)?,
    };
    let counting = matched.iter().filter(|m| m.candidate.counted() > 0 && m.standard.n > 0);
    let flips =
        flips(counting.map(|m| (m.name, (m.candidate.passed(), m.candidate.counted()), (m.standard.k, m.standard.n))));
    let (sequential, refused) = match sequential {
        Ok(Some(decided)) => (Some(decided.clone()), candidate.refused.clone()),
        Ok(None) => (None, refusal(candidate, standard, &rate)),
        Err(why) => (None, Some(why)),
    };
    if let Some(why) = refused {
        let none = Tested {
            answer: Answer::Inconclusive,
            why: None,
            delta: None,
            surely_below_zero: false,
            bounds: None,
            needed: None,
            ..rate
        };
        // No figure that could be taken for an answer. What rules found of single scenarios are facts.
        return Ok(Gated {
            answer: Answer::Inconclusive,
            scope: rules.scope,
            endpoint: Arc::clone(&candidate.endpoint),
            run: candidate.run.clone(),
            against: standard.name.clone(),
            standard: standard.held(),
            refused: Some(why),
            sequential: None,
            p_missing: missing(&matched),
            rate: none,
            with_quarantined: None,
            anchor: None,
            tags: Vec::new(),
            rules: ruled(candidate, rules)?,
            treatment: standard.differing_parts(candidate),
            left_out,
            flips,
            trials: candidate.replayed(),
            unfinished: candidate.tasks.values().map(|task| u64::from(task.unfinished())).sum(),
            drift: Vec::new(),
        });
    }
    let with_quarantined = if candidate.tasks.values().any(|task| task.quarantined) {
        let whole = candidate.with_quarantined();
        let (matched, _) = match_up(&whole, standard);
        Some(tested(&matched, rules, rules.margin, rules.alpha, &means)?)
    } else {
        None
    };
    let anchor = match anchor {
        Some(anchor) => {
            let (matched, _) = match_up(candidate, anchor);
            Some(tested(&matched, rules, rules.anchor_margin, rules.alpha, &means)?)
        }
        None => None,
    };
    let mut tags = Vec::new();
    for (tag, margin) in &rules.tags {
        let own: Vec<Matched<'_>> = matched.iter().filter(|m| m.candidate.tags.contains(tag)).cloned().collect();
        #[allow(clippy::cast_precision_loss, reason = "few tags")]
        let alpha = rules.alpha / rules.tags.len() as f64;
        let stopped = candidate.decided.as_ref().is_some_and(|d| d.decision.early);
        let found =
            if stopped { sequential::untold(*margin, rules) } else { tested(&own, rules, *margin, alpha, &means)? };
        tags.push((tag.clone(), found));
    }
    let ruled = ruled(candidate, rules)?;
    let answers = std::iter::once(rate.answer)
        .chain(anchor.iter().map(|t| t.answer))
        .chain(tags.iter().map(|(_, t)| t.answer))
        .chain(ruled.iter().map(|r| r.answer));
    Ok(Gated {
        answer: answers.max().unwrap_or(Answer::Inconclusive),
        scope: rules.scope,
        endpoint: Arc::clone(&candidate.endpoint),
        run: candidate.run.clone(),
        against: standard.name.clone(),
        standard: standard.held(),
        refused: None,
        sequential,
        p_missing: missing(&matched),
        rate,
        with_quarantined,
        anchor,
        tags,
        rules: ruled,
        treatment: standard.differing_parts(candidate),
        left_out,
        flips,
        trials: candidate.replayed(),
        unfinished: candidate.tasks.values().map(|task| u64::from(task.unfinished())).sum(),
        drift: drift(candidate, standard, age_days, rules),
    })
}

fn refusal(candidate: &Arm, standard: &Standard, rate: &Tested) -> Option<String> {
    let claims = [(&candidate.run, &candidate.refused), (&standard.run.0, &standard.refused)];
    if let Some((run, why)) = claims.into_iter().find_map(|(run, why)| Some((run, why.as_ref()?))) {
        return Some(format!("{run} claims no rate: {why}"));
    }
    let same_run = standard.run.0 == candidate.run && standard.run.1 == candidate.created;
    if same_run && !standard.side_by_side {
        return Some("these are the very trials that it would be held against, and one trial is no two samples".into());
    }
    rate.delta.is_none().then(|| "no scenario of the candidate can be compared".to_owned())
}

fn missing(matched: &[Matched<'_>]) -> Option<f64> {
    let side = |own: fn(&Matched<'_>) -> (u32, u32)| {
        let (counted, missing) =
            matched.iter().map(own).fold((0, 0), |(c, m), (n, x)| (c + u64::from(n), m + u64::from(x)));
        crate::compare::Side { endpoint: "".into(), run: String::new(), counted, replayed: 0, missing, unfinished: 0 }
    };
    crate::compare::missing_test(
        &side(|m| (m.candidate.counted(), m.candidate.missing())),
        &side(|m| (m.standard.n, m.standard.missing)),
    )
}

/// What an episode of the candidate costs and takes on average.
struct Means {
    cost: Option<f64>,
    seconds: Option<f64>,
}

impl Means {
    fn of(arm: &Arm) -> Self {
        let mean = |value: fn(&crate::arm::Trial) -> Option<f64>| {
            let values: Vec<f64> = arm.trials().filter_map(value).collect();
            #[allow(clippy::cast_precision_loss, reason = "no run has 2^52 episodes")]
            let n = values.len() as f64;
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
        };
        Self { cost: mean(|t| t.cost), seconds: mean(|t| t.latency_ms.map(|ms| ms / 1e3)) }
    }
}

fn tested(
    matched: &[Matched<'_>],
    rules: &Rules,
    margin: f64,
    alpha: f64,
    means: &Means,
) -> Result<Tested, AnalysisError> {
    let rule = GateRule { margin, scope: rules.scope.into(), alpha, power: rules.power };
    let confidence = 1.0 - 2.0 * alpha;
    let differences = sides::units(matched, rules.scope, |m| Some(m.candidate.rate()? - m.standard.rate()?));
    let trials = sides::trials(matched, rules.scope, |m| (m.standard.n, m.candidate.counted()));
    let open = |why: &str| Tested {
        answer: Answer::Inconclusive,
        why: Some(why.to_owned()),
        margin,
        delta: None,
        confidence,
        surely_below_zero: false,
        bounds: None,
        units: differences.len() as u64,
        needed: None,
    };
    let Some(trials) = trials.filter(|_| !differences.is_empty()) else {
        return Ok(open("no scenario can be compared"));
    };
    let found = gate_ni(&differences, trials, rule)?;
    let mut answer = Answer::from(found.verdict);
    let unit = match rules.scope {
        Scope::Suite => "scenario",
        Scope::Population => "family",
    };
    let mut why =
        (differences.len() == 1).then(|| format!("one {unit} alone says nothing of how far the difference varies"));
    let bounds = bounds(matched, rules.scope);
    if let Some(bounds) = bounds {
        let as_if = |for_candidate| imputed(matched, rules.scope, rule, for_candidate);
        let (worst, best) = (as_if(false)?, as_if(true)?);
        if worst != best {
            answer = Answer::Inconclusive;
            why = Some(format!(
                "the trials without an outcome could decide it: had they all gone one way, the difference would lie between \
                 {} and {} points",
                points(bounds.worst),
                points(bounds.best)
            ));
        }
    }
    Ok(Tested {
        answer,
        why,
        margin,
        delta: Some(Estimate {
            value: found.delta,
            low: found.interval.low.min(found.delta).max(-1.0),
            high: found.interval.high.max(found.delta).min(1.0),
        }),
        confidence,
        surely_below_zero: found.regression,
        bounds,
        units: differences.len() as u64,
        needed: needed(&found, matched, rules.scope, answer, trials, means),
    })
}

/// Percentage points with a sign, as reports write them.
fn points(delta: f64) -> String {
    let whole = (100.0 * delta).round();
    if whole == 0.0 { "0".to_owned() } else { format!("{whole:+.0}").replace('-', "\u{2212}") }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "numbers of episodes; what is too large says so by its size"
)]
fn needed(
    found: &Gate,
    matched: &[Matched<'_>],
    scope: Scope,
    answer: Answer,
    trials: (f64, f64),
    means: &Means,
) -> Option<Needed> {
    let more = found.more.filter(|more| *more > 0 && answer == Answer::Inconclusive)?;
    let scenarios = scope == Scope::Population;
    let each = if scenarios { (trials.0 + trials.1).ceil() as u64 } else { 2 * matched.len() as u64 };
    let episodes = more.saturating_mul(each);
    let times = |mean: Option<f64>| mean.map(|mean| mean * episodes as f64);
    Some(Needed { more, scenarios, episodes, cost: times(means.cost), seconds: times(means.seconds) })
}

/// The difference of a scenario, had the trials without an outcome come out for the candidate, or against it.
fn as_if(m: &Matched<'_>, for_candidate: bool) -> f64 {
    let rate = |k: u32, n: u32, missing: u32, passes: bool| {
        f64::from(k + if passes { missing } else { 0 }) / f64::from((n + missing).max(1))
    };
    let (c, s) = (m.candidate, m.standard);
    rate(c.passed(), c.counted(), c.missing(), for_candidate) - rate(s.k, s.n, s.missing, !for_candidate)
}

/// The answer, had the trials without an outcome come out for the candidate, or against it.
fn imputed(
    matched: &[Matched<'_>],
    scope: Scope,
    rule: GateRule,
    for_candidate: bool,
) -> Result<Answer, AnalysisError> {
    let filled = |m: &Matched<'_>| Some(as_if(m, for_candidate));
    let differences = sides::units(matched, scope, filled);
    let all = |m: &Matched<'_>| (m.standard.n + m.standard.missing, m.candidate.counted() + m.candidate.missing());
    let Some(trials) = sides::trials(matched, scope, all) else { return Ok(Answer::Inconclusive) };
    Ok(gate_ni(&differences, trials, rule)?.verdict.into())
}

fn bounds(matched: &[Matched<'_>], scope: Scope) -> Option<Bounds> {
    if matched.iter().all(|m| m.candidate.missing() + m.standard.missing == 0) {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
    let mean = |for_candidate: bool| {
        let all = sides::units(matched, scope, |m| Some(as_if(m, for_candidate)));
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    Some(Bounds { worst: mean(false), best: mean(true) })
}

fn ruled(candidate: &Arm, rules: &Rules) -> Result<Vec<Ruled>, AnalysisError> {
    let mut found = Vec::new();
    for name in &rules.must_pass {
        let Some(task) = candidate.tasks.get(name) else {
            let found_text = "the run does not have it".to_owned();
            found.push(Ruled {
                rule: "must_pass",
                about: name.to_string(),
                answer: Answer::Inconclusive,
                found: found_text,
            });
            continue;
        };
        let (k, n) = (task.passed(), task.counted());
        let answer = match (k, n) {
            (_, 0) => Answer::Inconclusive,
            (k, n) if k < n => Answer::Regressed,
            _ => Answer::NoWorse,
        };
        found.push(Ruled {
            rule: "must_pass",
            about: name.to_string(),
            answer,
            found: format!("{k} of {n} trials passed"),
        });
    }
    for tag in &rules.zero_tolerance {
        let own = candidate.tasks.iter().filter(|(_, task)| task.tags.contains(tag));
        let (mut failed, mut all) = (Vec::new(), 0);
        for (name, task) in own {
            all += task.counted();
            if task.passed() < task.counted() {
                failed.push(format!("{name} ({} of {})", task.counted() - task.passed(), task.counted()));
            }
        }
        let answer = match (failed.is_empty(), all) {
            (false, _) => Answer::Regressed,
            (true, 0) => Answer::Inconclusive,
            (true, _) => Answer::NoWorse,
        };
        let said = match answer {
            Answer::Regressed => {
                let more = if failed.len() > 3 { format!(" and {} more", failed.len() - 3) } else { String::new() };
                format!("failed: {}{more}", failed.iter().take(3).cloned().collect::<Vec<_>>().join(", "))
            }
            Answer::Inconclusive => "no trial of such a scenario counts".to_owned(),
            Answer::NoWorse => format!("none of {all} trials failed"),
        };
        found.push(Ruled { rule: "zero_tolerance", about: tag.clone(), answer, found: said });
    }
    let ceilings: [(_, Option<f64>, Measured, _); 2] = [
        ("max_cost", rules.max_cost, |t| t.cost, "dollars an episode"),
        ("max_seconds", rules.max_seconds, |t| t.latency_ms.map(|ms| ms / 1e3), "seconds of the model an episode"),
    ];
    for (rule, ceiling, value, unit) in ceilings {
        let Some(ceiling) = ceiling else { continue };
        let means: Vec<f64> = candidate.tasks.values().filter_map(|task| task.mean(value)).collect();
        let (answer, said) = match means.len() {
            0 => (Answer::Inconclusive, format!("nothing is known of {unit}")),
            1 => (
                if means[0] > ceiling { Answer::Regressed } else { Answer::NoWorse },
                format!("{:.4} {unit}", means[0]),
            ),
            n => {
                let interval = ci_mean_t(&means, 2.0 * rules.alpha)?;
                #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
                let mean = means.iter().sum::<f64>() / n as f64;
                let answer = match () {
                    () if interval.low > ceiling => Answer::Regressed,
                    () if mean > ceiling => Answer::Inconclusive,
                    () => Answer::NoWorse,
                };
                (
                    answer,
                    format!(
                        "{mean:.4} ({:.4} to {:.4}) {unit}, at most {ceiling}",
                        interval.low.max(0.0),
                        interval.high
                    ),
                )
            }
        };
        found.push(Ruled { rule, about: String::new(), answer, found: said });
    }
    Ok(found)
}

/// What is measured of a trial.
type Measured = fn(&crate::arm::Trial) -> Option<f64>;

/// What speaks for the provider's drift.
fn drift(candidate: &Arm, standard: &Standard, age_days: Option<f64>, rules: &Rules) -> Vec<String> {
    let mut found = Vec::new();
    // Another model is what is on trial, and no drift.
    if standard.side_by_side || standard.differing_parts(candidate).iter().any(|part| part == "model") {
        return found;
    }
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    if !candidate.served.is_empty() && !standard.served.is_empty() && candidate.served != standard.served {
        found.push(format!(
            "the provider answered with {} then, and with {} now",
            list(&standard.served),
            list(&candidate.served)
        ));
    }
    if let Some(age) = age_days.filter(|age| *age > rules.max_age_days) {
        found.push(format!("what it is held against is {age:.0} days old, and {} are allowed", rules.max_age_days));
    }
    found
}

//! The numbers behind a claim: those of the gate and of the comparison, with a p-value on either side.

use super::{Claim, Hypothesis, Registration};
use crate::arm::{Arm, Task, Trial};
use crate::compare::{Scope, Terms, pair, tested, units};
use crate::gate::{Standard, sides};
use crate::{AnalysisError, Bounds, Estimate};
use mocktrial_stats::{GateRule, gate_ni, t_cdf};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The power for which the gate foresees what is still needed, which nobody asks here.
const POWER: f64 = 0.8;

/// What speaks for a claim and against it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    /// Candidate minus control.
    pub(super) delta: Estimate,
    /// Units: scenarios, or families.
    pub(super) units: u64,
    /// The p-value of the claim: small where it is shown.
    pub(super) p_for: f64,
    /// The p-value of its opposite: small where the claim is refuted.
    pub(super) p_against: f64,
}

/// The two arms of a hypothesis, on its scenarios.
#[derive(Clone, Debug)]
pub(super) struct Arms {
    pub(super) candidate: Arm,
    pub(super) control: Arm,
}

impl Arms {
    /// Of the arms of a run; `None` where it lacks an endpoint.
    pub(super) fn of(registration: &Registration, hypothesis: &Hypothesis, arms: &[Arm]) -> Option<Self> {
        let own = |name: &Arc<str>| {
            let mut arm = arms.iter().find(|arm| arm.endpoint == *name)?.clone();
            arm.tasks.retain(|scenario, _| registration.is_about(hypothesis, scenario));
            arm.quarantine(|_| false);
            Some(arm)
        };
        Some(Self { candidate: own(&hypothesis.candidate)?, control: own(&hypothesis.control)? })
    }

    /// The same, had every trial without an outcome come out for the candidate, or against it.
    fn filled(&self, for_candidate: bool) -> Self {
        Self { candidate: filled(&self.candidate, for_candidate), control: filled(&self.control, !for_candidate) }
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.candidate.tasks.values().chain(self.control.tasks.values())
    }

    /// Trials that count.
    pub(super) fn counted(&self) -> u64 {
        self.tasks().map(|t| u64::from(t.counted())).sum()
    }

    /// Of those, the ones that came from cassettes.
    pub(super) fn replayed(&self) -> u64 {
        self.tasks().flat_map(|t| &t.trials).filter(|t| t.replayed).count() as u64
    }

    /// Trials that ended without an outcome.
    pub(super) fn missing(&self) -> u64 {
        self.tasks().map(|t| u64::from(t.missing())).sum()
    }

    /// Registered trials that have not ended, where `trials` of every scenario were.
    pub(super) fn unfinished(&self, trials: u32) -> u64 {
        self.tasks().map(|t| u64::from(trials.saturating_sub(t.counted().saturating_add(t.missing())))).sum()
    }

    /// The difference, had the trials without an outcome all gone one way; `None` where there is none.
    pub(super) fn bounds(&self, scope: Scope) -> Option<Bounds> {
        if self.missing() == 0 {
            return None;
        }
        let mean = |arms: &Self| {
            let (pairs, _) = pair(&arms.candidate, &arms.control);
            let all = units(&pairs, scope, |p| Some(p.first.rate()? - p.second.rate()?));
            #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
            let n = all.len().max(1) as f64;
            all.iter().sum::<f64>() / n
        };
        Some(Bounds { worst: mean(&self.filled(false)), best: mean(&self.filled(true)) })
    }

    /// The evidence, with an interval at an error of `alpha`; `None` where there are fewer than two units.
    pub(super) fn evidence(
        &self,
        hypothesis: &Hypothesis,
        scope: Scope,
        alpha: f64,
    ) -> Result<Option<Evidence>, AnalysisError> {
        match hypothesis.claim {
            Claim::NoWorse => self.no_worse(hypothesis.margin, scope, alpha),
            Claim::Better => self.better(scope, alpha),
        }
    }

    /// The evidence, had the trials without an outcome come out against the claim, and for it.
    pub(super) fn imputed(
        &self,
        hypothesis: &Hypothesis,
        scope: Scope,
        alpha: f64,
    ) -> Result<[Option<Evidence>; 2], AnalysisError> {
        Ok([
            self.filled(false).evidence(hypothesis, scope, alpha)?,
            self.filled(true).evidence(hypothesis, scope, alpha)?,
        ])
    }

    /// The gate's test. It says *no worse* at every error above `p_for`, and *regressed* at every error above `p_against`.
    fn no_worse(&self, margin: f64, scope: Scope, alpha: f64) -> Result<Option<Evidence>, AnalysisError> {
        let standard = Standard::of_arm(&self.control);
        let (matched, _) = sides::match_up(&self.candidate, &standard);
        let differences = sides::units(&matched, scope, |m| Some(m.candidate.rate()? - m.standard.rate()?));
        let trials = sides::trials(&matched, scope, |m| (m.standard.n, m.candidate.counted()));
        let Some(trials) = trials.filter(|_| differences.len() > 1) else { return Ok(None) };
        let found = gate_ni(&differences, trials, GateRule { margin, scope: scope.into(), alpha, power: POWER })?;
        #[allow(clippy::cast_precision_loss, reason = "few scenarios")]
        let df = (differences.len() - 1) as f64;
        let t = (found.shrunk + margin) / found.se;
        let delta = Estimate {
            value: found.delta,
            low: found.interval.low.min(found.delta).max(-1.0),
            high: found.interval.high.max(found.delta).min(1.0),
        };
        let units = differences.len() as u64;
        Ok(Some(Evidence { delta, units, p_for: t_cdf(-t, df)?, p_against: t_cdf(t, df)? }))
    }

    /// The comparison's test, two-sided; it speaks for the side on which the difference lies.
    fn better(&self, scope: Scope, alpha: f64) -> Result<Option<Evidence>, AnalysisError> {
        let (pairs, _) = pair(&self.candidate, &self.control);
        let differences = units(&pairs, scope, |p| Some(p.first.rate()? - p.second.rate()?));
        if differences.len() < 2 {
            return Ok(None);
        }
        let (delta, p) = tested(&pairs, &differences, Terms { scope, alpha })?;
        Ok(Some(Evidence {
            delta,
            units: differences.len() as u64,
            p_for: if delta.value > 0.0 { p } else { 1.0 },
            p_against: if delta.value < 0.0 { p } else { 1.0 },
        }))
    }
}

/// An arm whose trials without an outcome all passed, or all failed.
fn filled(arm: &Arm, passes: bool) -> Arm {
    let mut arm = arm.clone();
    for task in arm.tasks.values_mut() {
        let missing = task.missing();
        task.excluded = BTreeMap::new();
        task.trials.extend((0..missing).map(|n| Trial {
            number: u32::MAX - n,
            dispatch: u64::MAX,
            passed: passes,
            score: f64::from(u8::from(passes)),
            cost: None,
            latency_ms: None,
            tokens: None,
            replayed: false,
            trajectory: task.instrument.criteria,
        }));
    }
    arm
}

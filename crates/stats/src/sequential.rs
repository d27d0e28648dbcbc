//! Evidence that may be looked at again and again.
//!
//! An e-process is a wager against a hypothesis: while that is true, its expected worth never exceeds 1, so that it ever
//! reaches 1/α with chance at most α (Ville 1939), whenever one looks and whenever one stops. All here are logarithms of
//! such a worth.
//!
//! Two conditions belong to the method. Outcomes must come in **dispatch order**: in order of completion the quick ones
//! come first, and quick is not independent of good. And on a fixed suite run round-robin, look **at round ends only**:
//! within a round the scenarios still to come are known.

use crate::error::{require, require_alpha};
use crate::{
    Gate, GateRule, GateVerdict, Interval, PairedComparison, Scope, StatsError, Verdict, compare_floored, gate_ni,
    unseen_difference,
};

/// The fractions that the mixture wagers: (g − ½)/20, g = 1, …, 20.
pub const C_GRID: [f64; 20] = {
    let mut grid = [0.0; 20];
    let mut g = 0;
    while g < 20 {
        grid[g] = (g as f64 + 0.5) / 20.0;
        g += 1;
    }
    grid
};

/// Observations in [0, 1] and how often each occurs. The worth does not depend on their order, and suites have few
/// different outcomes.
struct Outcomes(Vec<(f64, f64)>);

impl Outcomes {
    fn new(x: impl Iterator<Item = f64>) -> Result<Self, StatsError> {
        let mut sorted: Vec<f64> = x.collect();
        sorted.iter().try_for_each(|v| require("an observation", *v, "between 0 and 1", (0.0..=1.0).contains(v)))?;
        sorted.sort_by(f64::total_cmp);
        Ok(Self(sorted.chunk_by(|a, b| a == b).map(|same| (same[0], crate::describe::count(same.len()))).collect()))
    }

    /// ln of the mean over c of Π (1 − c + c·x/m).
    fn log_e_greater(&self, m: f64, grid: &[f64]) -> f64 {
        let of = |c: &f64| self.0.iter().map(|(x, times)| times * (c * (x / m) - c).ln_1p()).sum::<f64>();
        log_mean_exp(grid.iter().map(of))
    }

    /// The same of 1 − x against 1 − m.
    fn log_e_less(&self, m: f64, grid: &[f64]) -> f64 {
        let of =
            |c: &f64| self.0.iter().map(|(x, times)| times * (c * ((1.0 - x) / (1.0 - m)) - c).ln_1p()).sum::<f64>();
        log_mean_exp(grid.iter().map(of))
    }
}

/// ln of the mean of exponentials, without overflow.
fn log_mean_exp(logs: impl Iterator<Item = f64>) -> f64 {
    let logs: Vec<f64> = logs.collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + (logs.iter().map(|l| (l - most).exp()).sum::<f64>() / crate::describe::count(logs.len())).ln()
}

fn fractions(grid: &[f64]) -> Result<(), StatsError> {
    if grid.is_empty() {
        return Err(StatsError::Empty);
    }
    let within = |c: &f64| require("a fraction", *c, "between 0 and 1, both excluded", *c > 0.0 && *c < 1.0);
    grid.iter().try_for_each(within)
}

/// ln of the e-process against "the mean is at most `m`": a mixture of constant wagers,
/// E = mean over c of Π (1 − c + c·x/m), c in `grid` (usually [`C_GRID`]); "diversified Kelly betting" (Waudby-Smith and
/// Ramdas 2024, arXiv 2010.09686).
///
/// Reject at level α once it is at least ln(1/α), at any time. Any observations in [0, 1] whose mean, given those before, is
/// as supposed; see the module on order and rounds. It does not depend on the order of `x`. 0 for no observation.
///
/// Domain: 0 < `m` ≤ 1, `x` in [0, 1]. Unit: a natural logarithm.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn mix_log_e_greater(x: &[f64], m: f64, grid: &[f64]) -> Result<f64, StatsError> {
    fractions(grid)?;
    require("m", m, "above 0 and at most 1", m > 0.0 && m <= 1.0)?;
    Ok(Outcomes::new(x.iter().copied())?.log_e_greater(m, grid))
}

/// ln of the e-process against "the mean is at least `m`": [`mix_log_e_greater`] of 1 − x and 1 − m.
///
/// Domain: 0 ≤ `m` < 1, `x` in [0, 1]. Unit: a natural logarithm.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn mix_log_e_less(x: &[f64], m: f64, grid: &[f64]) -> Result<f64, StatsError> {
    fractions(grid)?;
    require("m", m, "at least 0 and below 1", (0.0..1.0).contains(&m))?;
    Ok(Outcomes::new(x.iter().copied())?.log_e_less(m, grid))
}

/// The confidence sequence for a mean, at the present time: the `m` that neither [`mix_log_e_greater`] nor
/// [`mix_log_e_less`] rejects at level `alpha`/2. It holds at all times at once with chance 1 − `alpha`.
///
/// The ends are found by bisection; 0 and 1 where nothing is rejected. No observation: all of [0, 1]. Unit: a rate.
///
/// # Errors
/// When an observation is outside [0, 1] or `alpha` is outside (0, 1).
pub fn mix_cs(x: &[f64], alpha: f64, grid: &[f64]) -> Result<Interval, StatsError> {
    require_alpha(alpha)?;
    fractions(grid)?;
    let outcomes = Outcomes::new(x.iter().copied())?;
    let threshold = (2.0 / alpha).ln();
    // Both worths are monotone in m: the one falls, the other rises.
    let low = crossing(|m| outcomes.log_e_greater(m, grid) < threshold);
    let high = 1.0 - crossing(|rest| outcomes.log_e_less(1.0 - rest, grid) < threshold);
    Ok(Interval { low, high })
}

/// Where `accepted` becomes true in (0, 1), if it is not so from the start.
fn crossing(accepted: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (1e-12, 1.0 - 1e-12);
    if accepted(low) {
        return 0.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if accepted(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

/// [`mix_log_e_greater`] for paired differences `d` in [−1, 1], against "the mean difference is at most `delta0`": of
/// (d + 1)/2 and (1 + delta0)/2.
///
/// Domain: −1 < `delta0` ≤ 1. Unit: a natural logarithm.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn mix_log_e_diff_greater(d: &[f64], delta0: f64, grid: &[f64]) -> Result<f64, StatsError> {
    fractions(grid)?;
    require("delta0", delta0, "above −1 and at most 1", delta0 > -1.0 && delta0 <= 1.0)?;
    Ok(halved(d)?.log_e_greater(f64::midpoint(1.0, delta0), grid))
}

fn halved(d: &[f64]) -> Result<Outcomes, StatsError> {
    d.iter().try_for_each(|d| require("a difference", *d, "between −1 and 1", d.abs() <= 1.0))?;
    Outcomes::new(d.iter().map(|d| f64::midpoint(*d, 1.0)))
}

/// What a sequential gate says at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Stop: above.
    Pass,
    /// Stop: below.
    Fail,
    /// Go on.
    Continue,
}

/// A sequential gate's evidence and what it says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequentialGate {
    /// ln of the evidence for a pass.
    pub log_e_pass: f64,
    /// ln of the evidence for a fail; −∞ where a fail is impossible.
    pub log_e_fail: f64,
    /// What it says.
    pub look: Look,
}

/// Whether a rate is above or below `p0`, with a zone p₀ ± `half` in which either answer will do: *pass* once "the rate is
/// at most p₀ − half" is rejected, *fail* once "at least p₀ + half" is, each at level `alpha` at any stopping time; where
/// both are, the stronger.
///
/// `x`: outcomes in [0, 1] in dispatch order; look at round ends only. Domain: 0 < p₀ − half, `half` ≥ 0. Where p₀ + half ≥ 1
/// it never fails.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn seq_gate(x: &[f64], p0: f64, half: f64, alpha: f64, grid: &[f64]) -> Result<SequentialGate, StatsError> {
    require_alpha(alpha)?;
    require("half", half, "at least 0", half >= 0.0)?;
    let log_e_pass = mix_log_e_greater(x, p0 - half, grid)?;
    let log_e_fail = if p0 + half < 1.0 { mix_log_e_less(x, p0 + half, grid)? } else { f64::NEG_INFINITY };
    let enough = (1.0 / alpha).ln();
    let look = match () {
        () if log_e_pass >= enough && log_e_pass >= log_e_fail => Look::Pass,
        () if log_e_fail >= enough => Look::Fail,
        () => Look::Continue,
    };
    Ok(SequentialGate { log_e_pass, log_e_fail, look })
}

/// The sequential non-inferiority gate on paired differences `d` in [−1, 1] (candidate minus baseline): *pass* once "the
/// mean difference is at most −`margin`" is rejected, else *fail* once "at least 0" is, each at level `alpha` at any stopping
/// time.
///
/// Order and looks as for [`seq_gate`]. Domain: 0 ≤ `margin` < 1.
///
/// # Errors
/// When a parameter is outside its domain.
pub fn seq_gate_ni(d: &[f64], margin: f64, alpha: f64, grid: &[f64]) -> Result<SequentialGate, StatsError> {
    require_alpha(alpha)?;
    fractions(grid)?;
    require("margin", margin, "at least 0 and below 1", (0.0..1.0).contains(&margin))?;
    let outcomes = halved(d)?;
    let log_e_pass = outcomes.log_e_greater((1.0 - margin) / 2.0, grid);
    let log_e_fail = outcomes.log_e_less(0.5, grid);
    let enough = (1.0 / alpha).ln();
    let look = match () {
        () if log_e_pass >= enough => Look::Pass,
        () if log_e_fail >= enough => Look::Fail,
        () => Look::Continue,
    };
    Ok(SequentialGate { log_e_pass, log_e_fail, look })
}

/// The last look of a hybrid gate or comparison: all trials of the plan are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap<'a> {
    /// The difference of means of each scenario, as [`gate_ni`] takes them.
    pub differences: &'a [f64],
    /// Trials per scenario of the baseline and of the candidate.
    pub trials: (f64, f64),
}

/// What a hybrid comparison says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HybridComparison {
    /// ln of the evidence that the candidate is better.
    pub log_e_better: f64,
    /// ln of the evidence that it is worse.
    pub log_e_worse: f64,
    /// The mean difference: before the cap the confidence sequence, which holds at all looks at once, at it the interval of
    /// [`compare_floored`]; either at level alpha/2, so that both together hold with chance 1 − alpha.
    pub interval: Interval,
    /// [`compare_floored`] at half of alpha, where the cap was reached undecided.
    pub at_cap: Option<PairedComparison>,
    /// The verdict; *undecided* before the cap means to go on.
    pub verdict: Verdict,
}

/// A two-sided comparison that may stop early and still decides like a fixed plan at its end: an e-process for each
/// direction at alpha/4 at every look, then [`compare_floored`] at alpha/2 once, at the `cap`.
///
/// Where the two are equal, the chance of any other verdict than *undecided* is at most alpha. Either e-process ever reaches
/// 4/alpha with chance at most alpha/4 (Ville 1939; Waudby-Smith and Ramdas 2024, arXiv 2010.09686, for the mixture), the test
/// at the cap speaks with chance alpha/2, and the three add up (Boole). The last is Student's test and as exact as that is.
/// *Undecided* at the cap never says that they are equal: the interval says by how much they may differ.
///
/// `paired`: the outcomes so far, candidate minus baseline, in [−1, 1] and in dispatch order; call it at round ends only. At
/// the cap give at least two scenarios, and call it once.
///
/// # Errors
/// As [`mix_log_e_diff_greater`] and [`compare_floored`].
pub fn hybrid_compare(paired: &[f64], cap: Option<Cap<'_>>, alpha: f64) -> Result<HybridComparison, StatsError> {
    require_alpha(alpha)?;
    let outcomes = halved(paired)?;
    let log_e_better = outcomes.log_e_greater(0.5, &C_GRID);
    let log_e_worse = outcomes.log_e_less(0.5, &C_GRID);
    let enough = (4.0 / alpha).ln();
    let early = match () {
        () if log_e_better >= enough && log_e_better >= log_e_worse => Verdict::Better,
        () if log_e_worse >= enough => Verdict::Worse,
        () => Verdict::Undecided,
    };
    let at_cap = match (early, cap) {
        (Verdict::Undecided, Some(Cap { differences, trials })) => {
            Some(compare_floored(differences, unseen_difference(Scope::Suite, trials)?, alpha / 2.0)?)
        }
        _ => None,
    };
    let interval = match at_cap {
        Some(found) => found.interval,
        None => {
            let halves: Vec<f64> = paired.iter().map(|d| f64::midpoint(*d, 1.0)).collect();
            let Interval { low, high } = mix_cs(&halves, alpha / 2.0, &C_GRID)?;
            Interval { low: 2.0 * low - 1.0, high: 2.0 * high - 1.0 }
        }
    };
    let verdict = at_cap.map_or(early, |found| found.verdict);
    Ok(HybridComparison { log_e_better, log_e_worse, interval, at_cap, verdict })
}

/// What a hybrid gate says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HybridGate {
    /// The e-process at half of alpha.
    pub sequential: SequentialGate,
    /// [`gate_ni`] at half of alpha, where the cap was reached undecided.
    pub at_cap: Option<Gate>,
    /// The verdict; *inconclusive* before the cap means to go on.
    pub verdict: GateVerdict,
}

/// A non-inferiority gate that may stop early and still decides like a fixed plan at its end: [`seq_gate_ni`] at alpha/2 at
/// every look, then [`gate_ni`] at alpha/2 once, at the `cap` (each half spends half of the error: the union of both).
///
/// `paired`: the outcomes so far, candidate minus baseline, in dispatch order; call it at round ends only. At the cap give
/// `Some`, and call it once. An early *regressed* says that the candidate is worse at all (as [`seq_gate_ni`] has it), one
/// at the cap that it is worse by more than the margin.
///
/// # Errors
/// As [`seq_gate_ni`] and [`gate_ni`].
pub fn hybrid_gate_ni(paired: &[f64], cap: Option<Cap<'_>>, rule: GateRule) -> Result<HybridGate, StatsError> {
    require_alpha(rule.alpha)?;
    let half = rule.alpha / 2.0;
    let sequential = seq_gate_ni(paired, rule.margin, half, &C_GRID)?;
    let at_cap = match (sequential.look, cap) {
        (Look::Continue, Some(cap)) => Some(gate_ni(cap.differences, cap.trials, GateRule { alpha: half, ..rule })?),
        _ => None,
    };
    let verdict = match (sequential.look, at_cap) {
        (Look::Pass, _) => GateVerdict::NoWorse,
        (Look::Fail, _) => GateVerdict::Regressed,
        (Look::Continue, Some(gate)) => gate.verdict,
        (Look::Continue, None) => GateVerdict::Inconclusive,
    };
    Ok(HybridGate { sequential, at_cap, verdict })
}

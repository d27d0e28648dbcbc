//! A gate on a run that looked at itself: what it decided then is the answer.

use super::{Answer, Rules, Standard, Tested};
use crate::arm::Arm;
use crate::compare::Scope;
use crate::until::Decided;

/// The decision that answers the gate, where the run was to decide just that; `None` where it was not. An error says why the
/// run can answer no gate but its own.
pub(super) fn decided<'a>(
    candidate: &'a Arm,
    standard: &Standard,
    rules: &Rules,
) -> Result<Option<&'a Decided>, String> {
    let Some(decided) = &candidate.decided else { return Ok(None) };
    let decision = &decided.decision;
    let same_run = standard.run.0 == candidate.run && standard.run.1 == candidate.created;
    match decision.margin {
        Some(margin) if same_run && standard.side_by_side => {
            let same = |a: f64, b: f64| (a - b).abs() < 1e-12;
            let terms = same(margin, rules.margin) && same(decision.alpha, rules.alpha) && rules.scope == Scope::Suite;
            if terms && candidate.endpoint == decided.candidate && !candidate.tasks.values().any(|t| t.quarantined) {
                return Ok(Some(decided));
            }
            Err(format!(
                "the run was to decide about {} against {}, on all of its scenarios, with a margin of {margin} and an error of \
                 {}; it has spent that error and answers no gate with other terms",
                decided.candidate, decided.control, decision.alpha
            ))
        }
        _ => decided.leans().map_or(Ok(None), |why| Err(format!("no rate may be claimed: {why}"))),
    }
}

/// The test of the rate, as the run decided it.
pub(super) fn answered(decided: &Decided) -> Tested {
    let decision = &decided.decision;
    let answer = match &*decision.answer {
        "no_worse" => Answer::NoWorse,
        "regressed" => Answer::Regressed,
        _ => Answer::Inconclusive,
    };
    Tested { answer, ..empty(decision.margin.unwrap_or(0.0), decision.alpha) }
}

/// The test of a tag in a run that stopped for the whole.
pub(super) fn untold(margin: f64, rules: &Rules) -> Tested {
    let why = "the run stopped when it knew of all scenarios together, and says nothing of some of them";
    Tested { why: Some(why.to_owned()), ..empty(margin, rules.alpha) }
}

fn empty(margin: f64, alpha: f64) -> Tested {
    Tested {
        answer: Answer::Inconclusive,
        why: None,
        margin,
        delta: None,
        confidence: 1.0 - 2.0 * alpha,
        surely_below_zero: false,
        bounds: None,
        units: 0,
        needed: None,
    }
}

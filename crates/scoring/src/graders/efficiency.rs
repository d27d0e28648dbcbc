//! `efficiency`: what an episode takes, against the shortest reference.

use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Body, Cause, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// At most so many times what the shortest accepted reference takes. All that is given must hold.
///
/// Each figure is held against the reference that takes least of it. An episode's calls are all that
/// it made but those that the loop policy skipped: a refused call was an effort too. A reference's
/// calls are those that were executed. The turns of an agent of the user's own cannot be seen: as in
/// `within`, a bound on them does not apply to it, and the evidence says so. Doing nothing is
/// efficient: ask for the work with other criteria. Score where a bound is exceeded: the smallest of
/// allowed / taken, so an episode of twice the allowed calls has 0.5.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// How many times the reference's calls: 1 for no more than it, 1.5 for half as many again.
    #[serde(default)]
    calls: Option<f64>,
    /// How many times the reference's turns.
    #[serde(default)]
    turns: Option<f64>,
}

pub(super) struct Efficiency;

impl GraderKind for Efficiency {
    fn name(&self) -> &'static str {
        "efficiency"
    }

    fn summary(&self) -> &'static str {
        "Calls or turns, in proportion to those of the shortest reference."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        /// What bounds nothing: no scenario's limits leave room for it.
        const BEYOND: f64 = 100.0;
        let p: Parameters = read(parameters)?;
        let bounds: Vec<(What, f64)> = [(What::Calls, p.calls), (What::Turns, p.turns)]
            .into_iter()
            .filter_map(|(what, factor)| Some((what, factor?)))
            .collect();
        let mut faults: Vec<Fault> = bounds
            .iter()
            .filter_map(|(what, factor)| {
                let (message, hint) = match () {
                    () if !factor.is_finite() => ("a factor is a number, at least 1", "such as 1.5"),
                    () if *factor < 1.0 => {
                        ("the reference itself would not pass", "write a number of at least 1, such as 1.5")
                    }
                    () if *factor >= BEYOND => ("no episode takes so much more, so this bounds nothing", "such as 1.5"),
                    () => return None,
                };
                Some(Fault::at(&[what.name()], message).hint(hint))
            })
            .collect();
        if bounds.is_empty() {
            let nothing = Fault::at(&[], "`efficiency` names no bound, so everything is efficient");
            faults.push(nothing.hint("such as `efficiency: {calls: 1.5}`"));
        }
        if setting.references == 0 {
            let missing = Fault::at(&[], "the scenario has no reference to compare with");
            faults.push(missing.hint("add `reference:` to the scenario, or bound the calls with `within`"));
        }
        if faults.is_empty() { Ok(Box::new(Compiled { bounds })) } else { Err(faults) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Calls,
    Turns,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Turns => "turns",
        }
    }

    /// What the reference that takes least of it takes; `None` where there is none that can be read.
    fn least(self, prepared: &Prepared) -> Option<usize> {
        let references = prepared.references().iter();
        match self {
            Self::Calls => references.map(|r| r.calls().len()).min(),
            Self::Turns => references.filter_map(|r| r.turns(prepared).ok()).min(),
        }
    }

    /// What an episode took; `None` where that cannot be seen.
    fn taken(self, facts: &Facts<'_>) -> Option<usize> {
        match self {
            Self::Calls => Some(facts.calls().iter().filter(|c| c.counts(true)).count()),
            Self::Turns => {
                let turns = facts.trajectory().turns() as usize;
                let acted = |b: &Body| matches!(b, Body::Say { .. } | Body::Call { .. } | Body::Reported { .. });
                let unseen = turns == 0 && facts.trajectory().events().iter().any(|e| acted(&e.body));
                (!unseen).then_some(turns)
            }
        }
    }
}

struct Compiled {
    bounds: Vec<(What, f64)>,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    #[allow(clippy::cast_precision_loss, reason = "counts of calls and turns are far below 2^52")]
    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let mut evidence = Vec::with_capacity(self.bounds.len());
        let mut credit = 1.0_f64;
        for (what, factor) in &self.bounds {
            let name = what.name();
            let Some(least) = what.least(facts.prepared()) else {
                let why = format!("no reference can be read, so the {name} cannot be compared");
                return Judgement::Ungraded { cause: Cause::Scenario, why };
            };
            let Some(taken) = what.taken(facts) else {
                let text = format!("The {name} of this agent cannot be seen: the bound of {factor} does not apply.");
                evidence.push(Evidence { path: name.to_owned(), ..note(text) });
                continue;
            };
            // A factor written in decimals must not fail for the rounding of binary numbers.
            let allowed = factor * least as f64;
            let exceeded = taken as f64 > allowed * (1.0 + 1e-12);
            if exceeded {
                credit = credit.min(allowed / taken as f64);
            }
            let word = if exceeded { "more than" } else { "within" };
            let text = format!("The episode took {taken} {name}, {word} {factor} times the {least} of the reference.");
            let found = Evidence {
                path: name.to_owned(),
                expected: Some(Value::from(least)),
                got: Some(Value::from(taken)),
                ..note(text)
            };
            // What went wrong comes first.
            let at = if exceeded { 0 } else { evidence.len() };
            evidence.insert(at, found);
        }
        Judgement::of(credit >= 1.0, credit, evidence)
    }
}

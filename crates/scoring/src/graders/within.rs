//! `within`: bounds on what an episode may take.

use crate::kind::note;
use crate::parameters::{read, schema_of};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Body, Cause, Evidence, ToolFailure};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Bounds on what an episode takes; all that are given must hold.
///
/// What cannot be seen is not guessed. The turns of an agent of the user's own (`kind = "command"`)
/// are never seen: a bound on `turns` does not apply to it, and the evidence says so; bound its
/// `calls` where it is to be held to the same. Tokens that were not reported and costs without a
/// price could be seen (an agent that reports no more than 0 tokens costs nothing): until the agent reports them, or the endpoint has a price, they leave the
/// grade ungraded (and with it the episode, where the measure is `task`), unless what is known
/// exceeds a bound already. Score where a bound is exceeded: the smallest of bound / taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Model responses; does not apply to a command agent, whose turns cannot be seen.
    #[serde(default)]
    turns: Option<u32>,
    /// Calls, failed ones included.
    #[serde(default)]
    calls: Option<u32>,
    /// Calls that failed by the model's doing or by the tool's own error.
    #[serde(default)]
    errors: Option<u32>,
    /// Input and output tokens.
    #[serde(default)]
    tokens: Option<u64>,
    /// US dollars.
    #[serde(default)]
    cost: Option<f64>,
    /// Seconds of the world's own time.
    #[serde(default)]
    virtual_seconds: Option<f64>,
}

pub(super) struct Within;

impl GraderKind for Within {
    fn name(&self) -> &'static str {
        "within"
    }

    fn summary(&self) -> &'static str {
        "Bounds on turns, calls, errors, tokens, cost or the world's time."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    #[allow(clippy::cast_precision_loss, reason = "bounds are far below 2^52")]
    fn compile(&self, parameters: &Value, _setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let bounds: Vec<(What, f64)> = [
            (What::Turns, p.turns.map(f64::from)),
            (What::Calls, p.calls.map(f64::from)),
            (What::Errors, p.errors.map(f64::from)),
            (What::Tokens, p.tokens.map(|n| n as f64)),
            (What::Cost, p.cost),
            (What::VirtualSeconds, p.virtual_seconds),
        ]
        .into_iter()
        .filter_map(|(what, bound)| Some((what, bound?)))
        .collect();
        if bounds.is_empty() {
            return Err(vec![
                Fault::at(&[], "`within` names no bound, so everything is within it")
                    .hint("such as `within: {turns: 8}`"),
            ]);
        }
        let faults: Vec<Fault> = bounds
            .iter()
            .filter_map(|(what, bound)| {
                let nothing = *bound <= 0.0 && !matches!(what, What::Errors | What::Calls | What::VirtualSeconds);
                let message = match () {
                    () if !bound.is_finite() || *bound < 0.0 => "a bound is a number, at least 0",
                    () if nothing => "no episode keeps within 0 of this",
                    () if *bound >= what.beyond() => "no episode takes so much, so this bounds nothing",
                    () => return None,
                };
                Some(Fault::at(&[what.name()], message))
            })
            .collect();
        if faults.is_empty() { Ok(Box::new(Compiled { bounds })) } else { Err(faults) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Turns,
    Calls,
    Errors,
    Tokens,
    Cost,
    VirtualSeconds,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Calls => "calls",
            Self::Errors => "errors",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::VirtualSeconds => "virtual_seconds",
        }
    }

    /// What no episode reaches.
    fn beyond(self) -> f64 {
        match self {
            Self::Turns | Self::Calls | Self::Errors => 100_000.0,
            Self::Tokens => 1e10,
            Self::Cost => 1e6,
            Self::VirtualSeconds => 1e12,
        }
    }

    /// What was taken, as far as it is known.
    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn taken(self, facts: &Facts<'_>) -> (f64, Known) {
        let trajectory = facts.trajectory();
        let events = trajectory.events();
        let unseen = || {
            let responses = events.iter().any(|e| matches!(e.body, Body::Response { .. }));
            let other =
                events.iter().any(|e| matches!(e.body, Body::Say { .. } | Body::Call { .. } | Body::Reported { .. }));
            !responses && other
        };
        let unless = |missing: bool, why| if missing { Known::Partly(why) } else { Known::Fully };
        match self {
            Self::Turns => (f64::from(trajectory.turns()), if unseen() { Known::Never } else { Known::Fully }),
            Self::Calls => (f64::from(trajectory.calls()), Known::Fully),
            Self::Errors => {
                let failed = facts
                    .calls()
                    .iter()
                    .filter(|c| c.failure.is_some_and(|f| !matches!(f, ToolFailure::Skipped | ToolFailure::Scenario)));
                (failed.count() as f64, Known::Fully)
            }
            Self::Tokens => {
                let silent = events.iter().any(|e| matches!(e.body, Body::Response { usage: None, .. }));
                let usage = trajectory.usage();
                let missing = silent || (usage.is_none() && unseen());
                let why = "not all tokens were reported, so a bound on `tokens` cannot be judged";
                (usage.map_or(0.0, |u| u.total() as f64), unless(missing, why))
            }
            Self::Cost => {
                let measured = facts.measurements().map_or(&[] as &[_], |m| &m.events);
                let cost = measured.iter().filter_map(|m| m.cost).filter(|c| c.is_finite()).sum();
                let priced = |seq: u32| measured.iter().any(|m| m.seq == seq && m.cost.is_some());
                let spent = trajectory.usage().is_none_or(|u| u.total() > 0);
                let missing = (unseen() && spent)
                    || events.iter().any(|e| matches!(e.body, Body::Response { .. }) && !priced(e.seq));
                let why = "not every response has a known cost, so a bound on `cost` cannot be judged (has the endpoint a `price`?)";
                (cost, unless(missing, why))
            }
            Self::VirtualSeconds => (events.last().map_or(0.0, |e| e.time_ms as f64 / 1000.0), Known::Fully),
        }
    }
}

/// How much of what was taken is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// All.
    Fully,
    /// Not all, for this reason, and somebody could mend that.
    Partly(&'static str),
    /// Nothing, and for this kind of agent nothing ever is.
    Never,
}

/// A number as it was written: a whole one without fraction.
fn number(n: f64) -> Option<Value> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, not negative, below 2^53")]
    let whole = (n >= 0.0 && n.fract() == 0.0 && n < 9e15).then(|| Value::from(n as u64));
    whole.or_else(|| serde_json::Number::from_f64(n).map(Value::Number))
}

struct Compiled {
    bounds: Vec<(What, f64)>,
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let mut evidence = Vec::with_capacity(self.bounds.len());
        let (mut credit, mut unknown) = (1.0_f64, None);
        for (what, bound) in &self.bounds {
            let (taken, known) = what.taken(facts);
            if known == Known::Never {
                let text =
                    format!("The {} of this agent cannot be seen: the bound of {bound} does not apply.", what.name());
                evidence.push(Evidence { path: what.name().to_owned(), expected: number(*bound), ..note(text) });
                continue;
            }
            let exceeded = taken > *bound;
            if exceeded {
                credit = credit.min(bound / taken);
            } else if let Known::Partly(why) = known {
                unknown = unknown.or(Some(why));
            }
            let word = if exceeded { "more than" } else { "within" };
            let name = what.name().replace('_', " ");
            let known = Evidence {
                path: what.name().to_owned(),
                expected: number(*bound),
                got: number(taken),
                ..note(format!("The episode took {taken} {name}, {word} the {bound} allowed."))
            };
            // What went wrong comes first.
            let at = if exceeded { 0 } else { evidence.len() };
            evidence.insert(at, known);
        }
        match unknown {
            Some(why) if credit >= 1.0 => Judgement::Ungraded { cause: Cause::Harness, why: why.to_owned() },
            _ => Judgement::of(credit >= 1.0, credit, evidence),
        }
    }
}

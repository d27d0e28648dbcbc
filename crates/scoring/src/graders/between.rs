//! `between`: what must, or must not, happen between two calls.

use crate::kind::{fraction, note};
use crate::parameters::{read, schema_of};
use crate::pick::{Pick, Selector};
use crate::{Facts, Fault, Grader, GraderKind, Judgement, Prepared, Setting};
use mocktrial_trajectory::{Answer, Evidence};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// How many stretches evidence lists.
const SHOWN: usize = 10;

/// In every stretch from a successful `from` to the next successful `to`, some `call` succeeds; or
/// no `never` is made.
///
/// Existence and absence in the scope "between" of Dwyer, Avrunin and Corbett's specification
/// patterns (ICSE 1999). A stretch begins with the first `from` after the one before it, and a stretch
/// that no `to` closes is none: where there is no stretch it holds. (Ask for the calls themselves with
/// `calls`, `eventually` or `milestones`.) Neither end lies in its stretch. As in `never`, an attempt
/// that the tool answered with an error counts against `never`. Score: the part of the stretches that
/// hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// What opens a stretch, once it has succeeded.
    from: Selector,
    /// What closes it, once it has succeeded.
    to: Selector,
    /// What must succeed in it; this or `never`.
    #[serde(default)]
    call: Option<Selector>,
    /// What must not be made in it; this or `call`.
    #[serde(default)]
    never: Option<Selector>,
    /// Count refused and unanswered `never` calls too.
    #[serde(default)]
    include_failed: bool,
}

pub(super) struct Between;

impl GraderKind for Between {
    fn name(&self) -> &'static str {
        "between"
    }

    fn summary(&self) -> &'static str {
        "A call that must, or must not, be made between two others."
    }

    fn schema(&self) -> Value {
        schema_of::<Parameters>()
    }

    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
        let p: Parameters = read(parameters)?;
        let from = Pick::new(p.from, "from", false, setting)?;
        let to = Pick::new(p.to, "to", false, setting)?;
        let (what, wanted) = match (p.call, p.never) {
            (Some(call), None) if p.include_failed => {
                let _checked = Pick::new(call, "call", false, setting)?;
                return Err(vec![
                    Fault::at(&["include_failed"], "a `call` between must succeed, so no failed one counts")
                        .hint("leave it out"),
                ]);
            }
            (Some(call), None) => (Pick::new(call, "call", false, setting)?, true),
            (None, Some(never)) => (Pick::new(never, "never", p.include_failed, setting)?, false),
            (Some(_), Some(_)) => {
                return Err(vec![
                    Fault::at(&["never"], "`call` and `never` exclude each other").hint("write two criteria"),
                ]);
            }
            (None, None) => {
                return Err(vec![
                    Fault::at(&[], "this says nothing of what lies between").hint("add `call: …` or `never: …`"),
                ]);
            }
        };
        if what.is_same(&to) && !p.include_failed {
            let key = if wanted { "call" } else { "never" };
            let message = format!("{what} closes the stretch, so it never lies in it");
            return Err(vec![Fault::at(&[key], message).hint("name another call")]);
        }
        Ok(Box::new(Compiled { from, to, what, wanted, include_failed: p.include_failed }))
    }
}

struct Compiled {
    from: Pick,
    to: Pick,
    what: Pick,
    /// Whether `what` must happen; else it must not.
    wanted: bool,
    include_failed: bool,
}

impl Compiled {
    /// The stretches, by the events of the calls at their ends.
    fn stretches(&self, facts: &Facts<'_>) -> Vec<(u32, u32)> {
        let closing: Vec<u32> = self.to.successes(facts).collect();
        let (mut out, mut next) = (Vec::new(), 0);
        for from in self.from.successes(facts) {
            if from < next {
                continue;
            }
            // What both opens and closes ends one stretch and begins the next.
            let Some(to) = closing.get(closing.partition_point(|to| *to <= from)) else { break };
            out.push((from, *to));
            next = *to;
        }
        out
    }
}

impl Grader for Compiled {
    fn demands_something(&self, _prepared: Option<&Prepared>) -> bool {
        false
    }

    fn grade(&self, facts: &Facts<'_>, _answers: &[Answer]) -> Judgement {
        let stretches = self.stretches(facts);
        let made: Vec<u32> = if self.wanted {
            self.what.successes(facts).collect()
        } else {
            self.what.of_episode(facts, self.include_failed).map(|c| c.seq).collect()
        };
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (from, to) in &stretches {
            let inside = made.get(made.partition_point(|seq| seq <= from)).filter(|seq| *seq < to).copied();
            let what = match (inside, self.wanted) {
                (Some(seq), true) => format!("{} succeeded (event {seq})", self.what),
                (Some(seq), false) => format!("{} was called (event {seq}), and must not be,", self.what),
                (None, true) => format!("{} did not succeed", self.what),
                (None, false) => format!("{} was not called", self.what),
            };
            let text = format!("{what} between {} (event {from}) and {} (event {to}).", self.from, self.to);
            let events = std::iter::once(*from).chain(inside).chain([*to]).collect();
            let evidence = Evidence { events, ..note(text) };
            if inside.is_some() == self.wanted { good.push(evidence) } else { bad.push(evidence) }
        }
        let (held, all) = (good.len(), stretches.len());
        if all == 0 {
            let text = format!("No {} was followed by {}, so nothing lies between.", self.from, self.to);
            return Judgement::pass(vec![note(text)]);
        }
        bad.append(&mut good);
        bad.truncate(SHOWN);
        Judgement::of(held == all, fraction(held, all), bad)
    }
}

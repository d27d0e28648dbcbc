//! Finding mistakes in criteria before any episode is graded.

use crate::mistake::did_you_mean;
use crate::{Ask, Fault, Grader, Mistake, Prepared, Setting, grader, graders};
use mocktrial_trajectory::{Criterion, ToolSpec};

/// Every mistake in a scenario's criteria.
///
/// Wrong parameters; tools and arguments that the world does not have; values of arguments that the
/// tool's schema does not allow, so that no executed call can have them (in `never`, `before`,
/// `after`, `between`, `eventually`, `at_most`, `confirmation`, `milestones`, and in `calls: {of: […]}` where the argument is compared by its value; not
/// with `include_failed`, which looks at refused calls too); regular expressions, schemas and paths
/// that do not compile; and these patterns, because a criterion that cannot fail
/// is never a pass but a mistake:
///
/// | pattern | |
/// |---|---|
/// | no criteria at all, or none that measures `task` | nothing decides whether an episode passes |
/// | parameters without any check | `answer: {}`, `within: {}`, `format: {}`, an empty list |
/// | `answer`: an empty text in `contains`, `any_of`, `equals` or `excludes` | every text contains it; or (`equals`) an empty text is never an answer; or (`excludes`) nothing passes |
/// | `answer`, `state`: a regex that matches the empty text | it matches everything |
/// | a schema `true` or `{}`, or one with annotations only | everything fits it |
/// | `answer: {number}` with an infinite or negative tolerance | every number fits, or none |
/// | `state: {only_changed}` with a pattern for the whole state | everything may change |
/// | `calls` against an empty list with `in_order` or `superset` | every list of calls holds it |
/// | `at_most` of 1000 or more, `format` or `within` with limits no episode reaches | |
/// | `never` with `before` or `after` naming the forbidden call itself, `before` with `then` equal to `call` | |
/// | `between` without `call` and `never`, or with what closes the stretch as what lies in it | |
/// | `eventually` with `after` equal to `call` | the last of them can have none after it |
/// | `confirmation` without `call` where no tool is annotated as destructive | no call needs one |
/// | `asked`, `confirmed`, `says` and `disclosed` without a check, with an empty text, or with a regex that matches the empty text | every message says it |
/// | `milestones` with nothing to reach and nothing to avoid | |
/// | `milestones` with a state that holds before anything is done, to reach without `after` or to avoid (found by `Grading::new`) | any change reaches or violates it |
/// | `recovery` with an empty `accept` or `errors` | nothing is made good, or looked at |
/// | `side_effects` with an empty `of`, or with `allow` for the whole state | nothing is looked for |
/// | `efficiency` without a bound, with a factor below 1, or with one of 100 or more | the reference fails, or nobody does |
/// | `script` that fails on an episode in which the agent does and says nothing (found by `Grading::new`) | it must be able to grade any |
/// | `metric` with `at_least` of 0 or less, or more than 1 | every score reaches it, or none |
/// | `tau` without a basis, with `communicate` but nothing to tell, or with outputs or arguments that its basis leaves out | everyone earns it, or they are never looked at |
/// | `metric`, `agentevals: {match: superset}` or `tau: {basis: [actions]}` against a reference without calls, where every episode is then right (found by `Grading::new`) | |
/// | `as_reference`, `side_effects`, `efficiency`, `metric`, `agentevals`, `tau` where the scenario has no reference | |
/// | `calls` with `in_order` or `superset` of a reference without calls (found by `Grading::new`) | every list of calls holds it |
/// | only criteria that an agent which does nothing passes, unless the scenario says `inaction: true` (`Grading::new` also knows what the references did: `state: as_reference` asks for nothing where a reference changes nothing; and it asks a `script`) | |
///
/// Not a mistake, because it depends on the endpoint: a bound of `within` on what some agents do not
/// show. On `turns` it does not apply to a command agent, and the grade's evidence says so; on
/// `tokens` and `cost` it leaves the episode without an outcome (shown as left out of the rate,
/// with the reason in the grade) until the agent reports usage or the endpoint has a price.
#[must_use]
pub fn lint(criteria: &[Criterion], tools: &[ToolSpec], references: usize, inaction: bool) -> Vec<Mistake> {
    asks(criteria, tools, references, inaction).err().unwrap_or_default()
}

/// Whom a scenario's criteria ask, each with the index of its criterion and its place in it as it stands in
/// the file; or every mistake in them, as [`lint`] finds them.
///
/// # Errors
/// The mistakes.
pub fn asks(
    criteria: &[Criterion],
    tools: &[ToolSpec],
    references: usize,
    inaction: bool,
) -> Result<Vec<(usize, Ask)>, Vec<Mistake>> {
    compile(criteria, tools, references, inaction).map(|graders| asked(criteria, &graders))
}

pub(crate) fn asked(criteria: &[Criterion], graders: &[Box<dyn Grader>]) -> Vec<(usize, Ask)> {
    let each = criteria.iter().zip(graders).enumerate();
    each.flat_map(|(i, (criterion, grader))| {
        let below = std::slice::from_ref(&criterion.grader);
        grader.asks().into_iter().map(move |ask| (i, ask.below(below)))
    })
    .collect()
}

/// Compiles all criteria, or returns every mistake in them.
pub(crate) fn compile(
    criteria: &[Criterion],
    tools: &[ToolSpec],
    references: usize,
    inaction: bool,
) -> Result<Vec<Box<dyn Grader>>, Vec<Mistake>> {
    let setting = Setting { tools, references, depth: 0 };
    let mut compiled = Vec::with_capacity(criteria.len());
    let mut mistakes = Vec::new();
    for (index, criterion) in criteria.iter().enumerate() {
        match compile_one(criterion, &setting) {
            Ok(grader) => compiled.push(grader),
            Err(faults) => mistakes.extend(faults.into_iter().map(|fault| Mistake::new(index, fault))),
        }
    }
    if mistakes.is_empty() {
        mistakes.extend(vacuous(criteria, &compiled, None, inaction));
    }
    if mistakes.is_empty() { Ok(compiled) } else { Err(mistakes) }
}

/// Compiles one criterion; the faults' places begin with its grader's name.
pub(crate) fn compile_one(criterion: &Criterion, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>> {
    let name = criterion.grader.as_str();
    let Some(kind) = grader(name) else {
        let names = || graders().iter().map(|k| k.name());
        let hint = did_you_mean(name, names()).unwrap_or_else(|| {
            format!("there are {}", names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", "))
        });
        return Err(vec![Fault::at(&[name], format!("there is no grader `{name}`")).hint(hint)]);
    };
    kind.compile(&criterion.parameters, setting)
        .map_err(|faults| faults.into_iter().map(|f| f.below(&[name])).collect())
}

/// What is wrong with sound criteria once it is known what the references did.
pub(crate) fn against_references(
    criteria: &[Criterion],
    compiled: &[Box<dyn Grader>],
    prepared: &Prepared,
    inaction: bool,
) -> Result<(), Vec<Mistake>> {
    let each = criteria.iter().zip(compiled).enumerate().filter_map(|(index, (criterion, grader))| {
        let fault = grader.vacuous(prepared)?.below(&[&criterion.grader]);
        Some(Mistake::new(index, fault))
    });
    let mistakes: Vec<Mistake> = each.chain(vacuous(criteria, compiled, Some(prepared), inaction)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// What is wrong with the criteria taken together.
fn vacuous(
    criteria: &[Criterion],
    compiled: &[Box<dyn Grader>],
    prepared: Option<&Prepared>,
    inaction: bool,
) -> Option<Mistake> {
    let whole = |message: &str, hint: &str| Some(Mistake::new(0, Fault::at(&[], message).hint(hint)));
    if criteria.is_empty() {
        return whole("there are no criteria, so nothing decides whether an episode passes", "add one under `expect`");
    }
    if criteria.iter().all(|c| c.measure != "task" && !c.nullifies) {
        return whole(
            "no criterion measures `task`, so nothing decides whether an episode passes",
            "leave out `measure` on what the task asks for",
        );
    }
    let demanding = criteria
        .iter()
        .zip(compiled)
        .any(|(c, g)| (c.measure == "task" || c.nullifies) && g.demands_something(prepared));
    if !demanding && !inaction {
        return whole(
            "an agent that does nothing passes: every criterion only forbids",
            "add one that asks for something (`answer`, `state: as_reference`, `calls`), or say `inaction: true` if doing nothing is right",
        );
    }
    None
}

//! What came of mutants and equivalents: who was caught by what, and what survived, in words.

use super::mutants::{Fault, Mutant};
use super::play::{Judged, Play};
use super::unproved::whom;
use super::{Proof, unknown_name};
use crate::ready::ReadyScenario;
use crate::suite::{Accepted, Mistake};
use mocktrial_scoring::END;
use mocktrial_trajectory::Pointer;

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The part.
    pub part: usize,
    /// The whole.
    pub whole: usize,
}

impl Count {
    /// The fraction, in [0, 1]; 1 where there is nothing to have.
    #[must_use]
    pub fn rate(self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "mutants of a suite are far below 2^52")]
        let rate = if self.whole == 0 { 1.0 } else { self.part as f64 / self.whole as f64 };
        rate
    }
}

impl std::ops::Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { part: self.part + other.part, whole: self.whole + other.whole }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |a, b| a + b)
    }
}

/// A mutant that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// It.
    pub mutant: Mutant,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Criteria failed it: these, by their places among [`Proof::criteria`]. Of whatever measure: what an
    /// author measures beside the task is noticed, too.
    Caught {
        /// At least one.
        by: Vec<usize>,
    },
    /// It passes, and ought not to.
    Survived,
    /// It comes to the same as an accepted reference: it is not counted.
    Equivalent,
    /// It passes, and the author accepts that: it is not counted.
    Accepted {
        /// The author's reason.
        why: String,
    },
    /// Only they could catch it whom these criteria ask, by their places: it is not counted.
    Unproved {
        /// At least one.
        by: Vec<usize>,
    },
    /// Nobody can say whether it passes: it is not counted.
    Ungraded {
        /// Why not.
        why: String,
    },
}

/// An equivalent that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// Its name.
    pub name: String,
    /// Whether it passed, as it should; `None` where only they could say whom criteria ask.
    pub passed: Option<bool>,
    /// Those criteria, by their places.
    pub open: Vec<usize>,
    /// What is wrong, where it did not.
    pub mistake: Option<Mistake>,
}

impl Alike {
    pub(super) fn new(ready: &ReadyScenario, name: String, play: &Play, failing: &[usize]) -> Self {
        let (passed, open) = match play.judged() {
            Judged::Passed => (Some(true), Vec::new()),
            Judged::Unproved => (None, play.undecided()),
            Judged::Failed | Judged::Ungraded(_) => (Some(false), Vec::new()),
        };
        let mistake = (passed == Some(false)).then(|| {
            let first = failing.first().copied().unwrap_or_default();
            let note =
                play.grades.get(first).and_then(|g| g.evidence.first()).map_or("no evidence", |e| e.note.as_str());
            let at = Pointer::default().child("expect").child(first);
            let message = format!("this fails an agent that does the same as the reference ({name}): {note}");
            let hint = "a criterion that accepts one way alone fails agents that are right: loosen it";
            ready.scenario.mistake_at(&at, message, Some(hint.to_owned())).warning()
        });
        Self { name, passed, open, mistake }
    }
}

/// What a criterion is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriterionScore {
    /// Where it stands, such as `expect[0]`.
    pub at: String,
    /// Its grader.
    pub grader: String,
    /// What it measures.
    pub measure: String,
    /// How many mutants it fails, of those that count.
    pub caught: usize,
    /// How many of them no other criterion fails.
    pub alone: usize,
    /// Whom it asks, such as "the judge `careful`".
    pub asks: Vec<String>,
    /// How many mutants are unproved for want of its grade.
    pub open: usize,
}

/// Mutants that survive through the same hole.
#[derive(Clone, Debug, PartialEq)]
pub struct Survivor {
    /// What nothing checks, with its place.
    pub mistake: Mistake,
    /// The names of the mutants.
    pub mutants: Vec<String>,
    /// The name by which an author may accept them all.
    pub subject: String,
}

/// What has come of the mutants so far.
pub(super) struct Tally<'a> {
    accept: &'a [Accepted],
    tried: Vec<Tried>,
    criteria: Vec<CriterionScore>,
    /// The first mutant that the world had no answer for.
    broken: Option<usize>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(ready: &'a ReadyScenario) -> Self {
        let score = |at: &str, grader: &str, measure: &str, asks: Vec<String>| CriterionScore {
            at: at.to_owned(),
            grader: grader.to_owned(),
            measure: measure.to_owned(),
            caught: 0,
            alone: 0,
            asks,
            open: 0,
        };
        let criteria = ready.scenario.criteria.iter().zip(whom(ready));
        let criteria = criteria.map(|(c, whom)| score(&c.at, &c.grader, &c.measure, whom));
        let criteria = criteria.chain([score(END, END, "task", Vec::new())]).collect();
        Self { accept: &ready.scenario.check.accept, tried: Vec::new(), criteria, broken: None }
    }

    pub(super) fn add(&mut self, mutant: Mutant, play: &Play, same: bool) {
        let accepted = || self.accept.iter().find(|a| names(&a.mutant, &mutant));
        if play.is_broken() {
            self.broken.get_or_insert(self.tried.len());
        }
        let verdict = match play.judged() {
            _ if same => Verdict::Equivalent,
            Judged::Ungraded(why) => Verdict::Ungraded { why },
            _ if play.failed().next().is_some() => Verdict::Caught { by: self.catch(play) },
            _ => match accepted() {
                Some(accepted) => Verdict::Accepted { why: accepted.why.clone() },
                None if play.open.is_empty() => Verdict::Survived,
                None => {
                    play.open.iter().for_each(|i| self.criteria[*i].open += 1);
                    Verdict::Unproved { by: play.open.clone() }
                }
            },
        };
        self.tried.push(Tried { mutant, verdict });
    }

    /// Who catches a mutant.
    fn catch(&mut self, play: &Play) -> Vec<usize> {
        let by: Vec<usize> = play.failed().filter(|i| *i < self.criteria.len()).collect();
        for i in &by {
            self.criteria[*i].caught += 1;
        }
        if let [only] = by[..] {
            self.criteria[only].alone += 1;
        }
        by
    }

    pub(super) fn finish(self, ready: &ReadyScenario, proof: &mut Proof) {
        let scenario = &ready.scenario;
        let known: Vec<&str> = self.tried.iter().map(|t| t.mutant.name.as_str()).collect();
        for (i, entry) in self.accept.iter().enumerate() {
            let mut named = self.tried.iter().filter(|t| names(&entry.mutant, &t.mutant)).peekable();
            if named.peek().is_none() {
                proof.mistakes.push(unknown_name(scenario, i, &entry.mutant, &known));
            } else if !named.any(|t| matches!(t.verdict, Verdict::Accepted { .. })) {
                let at = Pointer::default().child("check").child("accept").child(i).child("mutant");
                let message = format!("`{}` does not pass, so there is nothing to accept", entry.mutant);
                let hint = Some("remove the entry".to_owned());
                proof.warnings.push(scenario.mistake_at(&at, message, hint).warning());
            }
        }
        let broken = self.broken.and_then(|i| self.tried.get(i));
        if let Some(Tried { mutant, verdict: Verdict::Ungraded { why } }) = broken {
            let message = format!("the mutant `{}` could not be graded: {why}", mutant.name);
            let hint = "what any agent may do must end in a grade: the world must answer every valid call";
            let mistake = scenario.mistake_at(&mutant.at, message, Some(hint.to_owned()));
            proof.mistakes.push(mistake);
        }
        let mut holes: Vec<(String, Vec<&Mutant>)> = Vec::new();
        for Tried { mutant, .. } in self.tried.iter().filter(|t| t.verdict == Verdict::Survived) {
            let subject = mutant.subject();
            match holes.iter_mut().find(|(known, _)| known == subject) {
                Some((_, mutants)) => mutants.push(mutant),
                None => holes.push((subject.to_owned(), vec![mutant])),
            }
        }
        let survivor = |(subject, mutants): (String, Vec<&Mutant>)| Survivor {
            mistake: scenario.mistake_at(&mutants[0].at, hole(&mutants), Some(format!("accept: {subject}"))).warning(),
            mutants: mutants.iter().map(|m| m.name.clone()).collect(),
            subject,
        };
        proof.survivors = holes.into_iter().map(survivor).collect();
        proof.mutants = self.tried;
        proof.criteria = self.criteria;
    }
}

/// Whether a written name is a mutant's, or that of all that are wrong in the same place.
fn names(written: &str, mutant: &Mutant) -> bool {
    written == mutant.name || written == mutant.subject()
}

/// What nothing checks, in words: mutants with the same subject have the same kind of fault.
fn hole(mutants: &[&Mutant]) -> String {
    let call = |name: &str| match name.rsplit_once('#') {
        Some((tool, "1")) => format!("`{tool}`"),
        Some((tool, nth)) => format!("call {nth} of `{tool}`"),
        None => name.to_owned(),
    };
    match &mutants[0].fault {
        Fault::Dropped(name) => format!("nothing notices when {} is not called", call(name)),
        Fault::Swapped { early, late } => format!("nothing notices when {} comes before {}", call(early), call(late)),
        Fault::Doubled(name) => format!("nothing notices when {} is called twice", call(name)),
        Fault::Added { tool, .. } => {
            let with: Vec<String> = mutants.iter().filter_map(|m| change(&m.fault)).collect();
            format!("nothing notices when `{tool}` is called as well ({})", with.join(" or "))
        }
        Fault::Argument { call: of, argument, .. } => {
            let passing: Vec<String> = mutants.iter().filter_map(|m| change(&m.fault)).collect();
            let verb = if passing.len() == 1 { "passes" } else { "pass" };
            format!("nothing checks the {argument} of {} ({} {verb})", call(of), passing.join(" and "))
        }
        Fault::Fact { from, to } => format!("nothing checks “{from}” in the last answer (“{to}” passes)"),
        Fault::Negated(text) => format!("nothing notices when the last answer says the opposite (“{text}”)"),
        Fault::Unrelated => "nothing notices when the last answer is about something else".to_owned(),
        Fault::Stopped(before) => format!("nothing notices when the agent stops before {}", call(before)),
    }
}

fn change(fault: &Fault) -> Option<String> {
    match fault {
        Fault::Argument { from, to: Some(to), .. } => Some(format!("{from} → {to}")),
        Fault::Argument { to: None, .. } => Some("leaving it out".to_owned()),
        Fault::Added { args, .. } => Some(format!("with {args}")),
        _ => None,
    }
}

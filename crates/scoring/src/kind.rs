//! What a grader is.

use crate::{Facts, Fault, Prepared};
use mocktrial_trajectory::{Answer, Cause, Evidence, Pointer, Question, ToolSpec};
use serde_json::Value;

/// A kind of grader: what its parameters look like, and how they become a [`Grader`].
pub trait GraderKind: Send + Sync {
    /// The key it has in a criterion.
    fn name(&self) -> &'static str;

    /// What it judges, in one line.
    fn summary(&self) -> &'static str;

    /// The JSON Schema of its parameters.
    fn schema(&self) -> Value;

    /// Reads and compiles parameters: regular expressions, schemas and paths included.
    ///
    /// # Errors
    /// Everything that is wrong with them, patterns that can fail nobody included.
    fn compile(&self, parameters: &Value, setting: &Setting<'_>) -> Result<Box<dyn Grader>, Vec<Fault>>;
}

/// What parameters are read against.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The world's tools.
    pub tools: &'a [ToolSpec],
    /// How many accepted references the scenario has.
    pub references: usize,
    /// How many criteria this one stands within.
    pub depth: u8,
}

/// A compiled criterion. Pure: the same facts and answers give the same judgement.
pub trait Grader: Send + Sync {
    /// Whether an agent that does and says nothing fails it, as far as the parameters tell.
    ///
    /// A scenario all of whose task criteria say no here is a mistake, unless inaction is right.
    /// `prepared` has what the references did, where they have been run already.
    fn demands_something(&self, prepared: Option<&Prepared>) -> bool;

    /// What makes it unable to fail anyone, given what the references did.
    fn vacuous(&self, _prepared: &Prepared) -> Option<Fault> {
        None
    }

    /// Whom it asks, whatever the episode.
    fn asks(&self) -> Vec<Ask> {
        Vec::new()
    }

    /// What it needs to know from outside. Ids are unique within the criterion.
    fn questions(&self, _facts: &Facts<'_>) -> Vec<Question> {
        Vec::new()
    }

    /// Judges an episode that ended by the model's own doing.
    fn grade(&self, facts: &Facts<'_>, answers: &[Answer]) -> Judgement;
}

/// Somebody outside whom a criterion asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// What kind of somebody, as in [`Question::to`].
    pub to: &'static str,
    /// By what name the project knows them.
    pub name: String,
    /// Where within the criterion's parameters they are named.
    pub at: Pointer,
}

impl Ask {
    /// The same, further down.
    pub(crate) fn below(mut self, path: &[String]) -> Self {
        self.at.0.splice(0..0, path.iter().cloned());
        self
    }
}

/// A grader's judgement, before it is put under its criterion.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Judged. It passed exactly when `score` is 1.
    Graded {
        /// In [0, 1].
        score: f64,
        /// Why.
        evidence: Vec<Evidence>,
    },
    /// It could not be judged.
    Ungraded {
        /// Whose doing that is.
        cause: Cause,
        /// Why.
        why: String,
    },
}

impl Judgement {
    /// The criterion holds.
    #[must_use]
    pub fn pass(evidence: Vec<Evidence>) -> Self {
        Self::Graded { score: 1.0, evidence }
    }

    /// It does not; `credit` is what it is worth nevertheless, and is kept below 1.
    #[must_use]
    pub fn fail(credit: f64, evidence: Vec<Evidence>) -> Self {
        let credit = if credit.is_finite() { credit.clamp(0.0, MOST_PARTIAL) } else { 0.0 };
        Self::Graded { score: credit, evidence }
    }

    /// Pass or fail by `holds`, with partial credit where it does not.
    #[must_use]
    pub fn of(holds: bool, credit: f64, evidence: Vec<Evidence>) -> Self {
        if holds { Self::pass(evidence) } else { Self::fail(credit, evidence) }
    }
}

/// The most that a criterion which failed can score, so that no rounding turns it into a pass.
pub(crate) const MOST_PARTIAL: f64 = 0.999;

/// `part` of `whole` as a fraction; 1 where there is nothing to have.
pub(crate) fn fraction(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of calls and checks are far below 2^52")]
    let ratio = part as f64 / whole as f64;
    ratio
}

/// A fact in one sentence.
pub(crate) fn note(note: impl Into<String>) -> Evidence {
    Evidence { note: note.into(), ..Evidence::default() }
}

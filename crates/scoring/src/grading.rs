//! Grading an episode against a scenario's criteria.

use crate::kind::note;
use crate::lint::{against_references, compile};
use crate::{Facts, Grader, Judgement, Mistake, Prepared};
use mocktrial_trajectory::{
    Answer, Case, Cause, EndReason, Evidence, Grade, Measurements, Outcome, Question, Trajectory,
};
use serde_json::Value;
use std::sync::Arc;

/// The name of the grader, and the place of the criterion, that every episode has beside those of
/// its scenario: did the episode end as `completed`?
pub const END: &str = "end";

/// The measure that decides whether an episode passes.
const TASK: &str = "task";

/// What is graded.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The record of the episode, ended.
    pub trajectory: &'a Trajectory,
    /// What was measured beside it; without it a criterion on cost is ungraded.
    pub measurements: Option<&'a Measurements>,
}

/// A scenario's criteria, compiled. Share it between threads; grading takes `&self`.
pub struct Grading {
    prepared: Prepared,
    graders: Vec<Box<dyn Grader>>,
}

impl Grading {
    /// Compiles a case's criteria.
    ///
    /// # Errors
    /// Every mistake in them, those of [`lint`](crate::lint) included.
    pub fn new(case: Arc<Case>) -> Result<Self, Vec<Mistake>> {
        let graders = compile(&case.criteria, &case.tools, case.references.len(), case.inaction)?;
        let prepared = Prepared::new(case)?;
        against_references(&prepared.case().criteria, &graders, &prepared, prepared.case().inaction)?;
        Ok(Self { prepared, graders })
    }

    /// The case it grades against.
    #[must_use]
    pub fn case(&self) -> &Arc<Case> {
        self.prepared.case()
    }

    /// What the graders need to know from outside. None, where the episode's end leaves it ungraded.
    #[must_use]
    pub fn questions(&self, subject: &Subject<'_>) -> Vec<Question> {
        if infrastructure(subject.trajectory).is_some() {
            return Vec::new();
        }
        let facts = Facts::new(&self.prepared, subject);
        self.graders.iter().flat_map(|g| g.questions(&facts)).collect()
    }

    /// Grades an episode: one grade per criterion, in their order, then the grade of [`END`].
    #[must_use]
    pub fn grade(&self, subject: &Subject<'_>, answers: &[Answer]) -> Vec<Grade> {
        let criteria = &self.prepared.case().criteria;
        let mut grades = Vec::with_capacity(criteria.len() + 1);
        if let Some((cause, why)) = infrastructure(subject.trajectory) {
            let ungraded = || Judgement::Ungraded { cause, why: why.clone() };
            grades.extend(criteria.iter().map(|c| grade(&c.at, &c.grader, &c.measure, ungraded())));
            grades.push(grade(END, END, TASK, ungraded()));
            return grades;
        }
        let facts = Facts::new(&self.prepared, subject);
        for (criterion, grader) in criteria.iter().zip(&self.graders) {
            grades.push(grade(&criterion.at, &criterion.grader, &criterion.measure, grader.grade(&facts, answers)));
        }
        grades.push(grade(END, END, TASK, judge_end(subject.trajectory)));
        grades
    }
}

/// Why the episode says nothing about its endpoint, if it does not.
fn infrastructure(trajectory: &Trajectory) -> Option<(Cause, String)> {
    match trajectory.end() {
        None => Some((Cause::Harness, "the trajectory has no end".to_owned())),
        Some(reason) if reason.is_infrastructure() => {
            Some((reason.cause(), format!("the episode ended as `{reason}`: {}", reason.meaning())))
        }
        Some(_) => None,
    }
}

fn judge_end(trajectory: &Trajectory) -> Judgement {
    let reason = trajectory.end().unwrap_or(EndReason::HarnessError);
    let evidence = Evidence {
        events: trajectory.events().last().map(|e| e.seq).into_iter().collect(),
        expected: Some(Value::from(EndReason::Completed.as_str())),
        got: Some(Value::from(reason.as_str())),
        ..note(format!("The episode ended as `{reason}`: {}.", reason.meaning()))
    };
    Judgement::of(reason == EndReason::Completed, 0.0, vec![evidence])
}

fn grade(criterion: &str, grader: &str, measure: &str, judgement: Judgement) -> Grade {
    let (outcome, score, evidence) = match judgement {
        #[allow(clippy::float_cmp, reason = "a pass is made with exactly 1, a failure is clamped below it")]
        Judgement::Graded { score, evidence } if score == 1.0 => (Outcome::Passed, Some(score), evidence),
        Judgement::Graded { score, evidence } => (Outcome::Failed, Some(score), evidence),
        Judgement::Ungraded { cause, why } => {
            let evidence = vec![note(format!("Not graded: {why}."))];
            (Outcome::Ungraded { cause, why }, None, evidence)
        }
    };
    Grade {
        criterion: criterion.to_owned(),
        grader: grader.to_owned(),
        measure: measure.to_owned(),
        outcome,
        score,
        evidence,
    }
}

/// Whether an episode passed: all of its task grades did.
///
/// `None` where any of them is ungraded, even if another failed: an episode that leaves the
/// denominator only when its other criteria hold would bias the rate downward. `None` also where
/// there is no task grade at all.
#[must_use]
pub fn passed(grades: &[Grade]) -> Option<bool> {
    let mut all = None;
    for grade in grades.iter().filter(|g| g.measure == TASK) {
        match grade.outcome {
            Outcome::Passed => all = Some(all.unwrap_or(true)),
            Outcome::Failed => all = Some(false),
            Outcome::Ungraded { .. } => return None,
        }
    }
    all
}

/// An episode's score in [0, 1]: the mean score of its task criteria, or 0 where the episode did
/// not end as `completed`; 1 exactly when it passed. `None` as for [`passed`].
#[must_use]
pub fn score(grades: &[Grade]) -> Option<f64> {
    let passed = passed(grades)?;
    let (ends, stated): (Vec<_>, Vec<_>) = grades.iter().filter(|g| g.measure == TASK).partition(|g| g.grader == END);
    if ends.iter().any(|g| !g.outcome.passed()) {
        return Some(0.0);
    }
    if passed {
        return Some(1.0);
    }
    #[allow(clippy::cast_precision_loss, reason = "a scenario has few criteria")]
    let mean = stated.iter().filter_map(|g| g.score).sum::<f64>() / stated.len().max(1) as f64;
    Some(mean)
}

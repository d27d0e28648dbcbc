//! Grading an episode against a scenario's criteria.

use crate::graders::{below, verifier_input};
use crate::kind::{MOST_PARTIAL, note};
use crate::lint::{against_references, asked, compile};
use crate::{Ask, Facts, Grader, Judgement, Mistake, Prepared, StateError};
use mocktrial_trajectory::{
    Answer, Case, Cause, Criterion, EndReason, Evidence, Grade, Measurements, Outcome, Question, Total, Trajectory,
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

    /// Whom the criteria ask: each with the index of its criterion.
    #[must_use]
    pub fn asks(&self) -> Vec<(usize, Ask)> {
        asked(&self.prepared.case().criteria, &self.graders)
    }

    /// What the graders need to know from outside. None, where the episode's end leaves it ungraded.
    #[must_use]
    pub fn questions(&self, subject: &Subject<'_>) -> Vec<Question> {
        if infrastructure(subject.trajectory).is_some() {
            return Vec::new();
        }
        let facts = Facts::new(&self.prepared, subject);
        let each = self.prepared.case().criteria.iter().zip(&self.graders);
        each.flat_map(|(c, g)| {
            g.questions(&facts).into_iter().map(|q| Question { id: format!("{}/{}", c.at, q.id), ..q })
        })
        .collect()
    }

    /// What the program is given that answers a question to [`VERIFIER`](crate::VERIFIER).
    ///
    /// # Errors
    /// Where the episode's final state cannot be known.
    pub fn verifier_input(&self, subject: &Subject<'_>, question: &Question) -> Result<Value, StateError> {
        verifier_input(&Facts::new(&self.prepared, subject), &question.body)
    }

    /// Grades an episode: one grade per criterion, in their order, then the grade of [`END`].
    #[must_use]
    pub fn grade(&self, subject: &Subject<'_>, answers: &[Answer]) -> Vec<Grade> {
        let criteria = &self.prepared.case().criteria;
        let mut grades = Vec::with_capacity(criteria.len() + 1);
        if let Some((cause, why)) = infrastructure(subject.trajectory) {
            let ungraded = || Judgement::Ungraded { cause, why: why.clone() };
            grades.extend(criteria.iter().map(|c| grade(c, ungraded())));
            grades.push(grade(&the_end(), ungraded()));
            return grades;
        }
        let facts = Facts::new(&self.prepared, subject);
        for (criterion, grader) in criteria.iter().zip(&self.graders) {
            let own = if answers.is_empty() { Vec::new() } else { below(answers, &format!("{}/", criterion.at)) };
            grades.push(grade(criterion, grader.grade(&facts, &own)));
        }
        grades.push(grade(&the_end(), judge_end(subject.trajectory)));
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

/// The criterion that every episode has.
fn the_end() -> Criterion {
    Criterion::task(END, Value::Null, END)
}

fn grade(criterion: &Criterion, judgement: Judgement) -> Grade {
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
        criterion: criterion.at.clone(),
        grader: criterion.grader.clone(),
        measure: criterion.measure.clone(),
        weight: criterion.weight,
        nullifies: criterion.nullifies,
        outcome,
        score,
        evidence,
    }
}

/// Whether an episode passed: all of its grades did that decide it (see [`Grade::decides`]).
///
/// `None` where any of them is ungraded, even if another failed: an episode that leaves the
/// denominator only when its other criteria hold would bias the rate downward. `None` also where
/// there is no such grade at all.
#[must_use]
pub fn passed(grades: &[Grade]) -> Option<bool> {
    let mut all = None;
    for grade in grades.iter().filter(|g| g.decides()) {
        match grade.outcome {
            Outcome::Passed => all = Some(all.unwrap_or(true)),
            Outcome::Failed => all = Some(false),
            Outcome::Ungraded { .. } => return None,
        }
    }
    all
}

/// An episode's score in [0, 1]: the weighted mean score of its task criteria; 0 where the episode did
/// not end as `completed`, or where a criterion failed that nullifies; 1 exactly when it passed.
/// `None` as for [`passed`].
#[must_use]
pub fn score(grades: &[Grade]) -> Option<f64> {
    let passed = passed(grades)?;
    let null = |g: &&Grade| (g.nullifies || g.grader == END) && !g.outcome.passed();
    if grades.iter().filter(|g| g.decides()).any(|g| null(&g)) {
        return Some(0.0);
    }
    if passed {
        return Some(1.0);
    }
    let stated = || grades.iter().filter(|g| g.measure == TASK && g.grader != END);
    let weight: f64 = stated().map(|g| g.weight).sum();
    let sum: f64 = stated().filter_map(|g| Some(g.weight * g.score?)).sum();
    Some(if weight > 0.0 { (sum / weight).min(MOST_PARTIAL) } else { 0.0 })
}

/// What an episode's grades come to.
#[must_use]
pub fn total(grades: &[Grade]) -> Total {
    Total { passed: passed(grades), score: score(grades) }
}

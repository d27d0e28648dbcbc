//! Asking judges and verifiers about plays.
//!
//! | play | is asked about |
//! |---|---|
//! | references, probes, equivalents | always: they show what a judge is worth |
//! | mutants | where no other criterion fails them |
//!
//! What has been asked of one play is not asked again of another: plays that look the same to a judge have
//! the same answer.

use super::play::Play;
use crate::answering::{Asking, Occasion, is_same};
use crate::ready::ReadyScenario;
use mocktrial_store::Asked;
use mocktrial_trajectory::{Answer, EpisodeKey, Question};

/// The endpoint and variant under which cassettes keep what is asked here: no run has both.
const NAME: &str = "check";

/// Whoever may be asked about the plays of a scenario, and what they have said so far.
pub(super) struct Witnesses<'a> {
    asking: Option<&'a Asking>,
    key: EpisodeKey,
    said: Vec<Asked>,
}

impl<'a> Witnesses<'a> {
    /// Nobody is asked where `asking` is `None`.
    pub(super) fn new(ready: &ReadyScenario, asking: Option<&'a Asking>) -> Self {
        let scenario = ready.scenario.id.clone();
        let key = EpisodeKey { scenario, variant: NAME.into(), endpoint: NAME.into(), trial: 1 };
        Self { asking, key, said: Vec::new() }
    }

    /// Asks what is open in a play, and grades it from the answers.
    pub(super) async fn ask(&mut self, ready: &ReadyScenario, play: &mut Play) {
        let Some(asking) = self.asking.filter(|_| !play.open.is_empty()) else { return };
        let open: Vec<String> = play.open.iter().map(|i| format!("{}/", ready.scenario.criteria[*i].at)).collect();
        let mut questions = ready.grading.questions(&play.subject());
        questions.retain(|q| open.iter().any(|criterion| q.id.starts_with(criterion)));
        let mut answers: Vec<Answer> = Vec::with_capacity(questions.len());
        questions.retain(|question| match self.known(question) {
            Some(answer) => {
                answers.push(answer);
                false
            }
            None => true,
        });
        if !questions.is_empty() {
            let occasion = Occasion {
                episode: &self.key,
                grading: &ready.grading,
                subject: play.subject(),
                meter: asking.meter.clone(),
                cancel: asking.cancel.clone(),
            };
            let asked = asking.respondents.answer(questions, &occasion).await;
            answers.extend(asked.iter().map(|a| a.answer.clone()));
            self.said.extend(asked);
        }
        play.grade(ready, &answers);
    }

    /// The same, where nobody else fails it.
    pub(super) async fn ask_if_needed(&mut self, ready: &ReadyScenario, play: &mut Play) {
        if play.failed().next().is_none() {
            self.ask(ready, play).await;
        }
    }

    fn known(&self, question: &Question) -> Option<Answer> {
        let said = self.said.iter().find(|said| is_same(&said.question, question))?;
        Some(Answer { question: question.id.clone(), body: said.answer.body.clone() })
    }

    /// What was asked in all.
    pub(super) fn finish(self) -> Questions {
        if let Some(asking) = self.asking.filter(|_| !self.said.is_empty())
            && let Err(why) = asking.providers.end_episode(&self.key, true)
        {
            // The answers have been used already.
            tracing::warn!(scenario = %self.key.scenario, why, "the cassette cannot be written");
        }
        let failed = || self.said.iter().filter_map(|a| a.answer.body.as_ref().err());
        let cost = self.said.iter().filter_map(|a| a.measurement.as_ref()).filter(|m| !m.replayed);
        Questions {
            asked: self.said.len(),
            unanswered: failed().count(),
            why: failed().next().cloned(),
            cost: cost.map(|m| m.cost).try_fold(0.0, |sum, cost| Some(sum + cost?)),
        }
    }
}

/// What judges and verifiers were asked while a scenario was proved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Questions {
    /// How many questions.
    pub asked: usize,
    /// How many of them got no answer.
    pub unanswered: usize,
    /// Why the first of them got none.
    pub why: Option<String>,
    /// What the answers cost in dollars, without those that were replayed; `None` where a price is unknown.
    pub cost: Option<f64>,
}

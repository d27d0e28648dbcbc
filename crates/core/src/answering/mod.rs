//! Answers to what graders ask: judges and verifiers.
//!
//! A grader returns questions and grades from their answers; here they are answered, under the run's
//! budget and cassettes, and kept with the episode. Grading anew takes the answers that were kept
//! (see [`Known::kept`]) wherever the very same is asked.

mod expected;
mod judge;
mod verifier;

use crate::endpoints::{EndpointError, Providers};
use crate::suite::{Budget, Config};
use mocktrial_provider::{Cancel, Meter, Model, Request, Scrubber};
use mocktrial_scoring::{Grading, JUDGE, Subject, VERIFIER};
use mocktrial_store::Asked;
use mocktrial_trajectory::{Answer, Digest, EpisodeKey, Question};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use verifier::Program;

pub use expected::Expected;
use judge::ATTEMPTS;

/// Those who answer. The default knows nobody: every question stays unanswered, and says so.
#[derive(Clone, Default)]
pub struct Respondents {
    judges: BTreeMap<String, Arc<dyn Model>>,
    verifiers: BTreeMap<String, Program>,
    known: Known,
    scrubber: Scrubber,
}

/// In which episode something is asked.
pub struct Occasion<'a> {
    /// The episode.
    pub episode: &'a EpisodeKey,
    /// The scenario's criteria, compiled.
    pub grading: &'a Grading,
    /// What is graded.
    pub subject: Subject<'a>,
    /// The budget, if there is one.
    pub meter: Option<Arc<dyn Meter>>,
    /// The switch that ends the run.
    pub cancel: Cancel,
}

/// How questions are asked outside of a run.
pub struct Asking {
    /// Those who answer.
    pub respondents: Respondents,
    /// The budget, if there is one.
    pub meter: Option<Arc<dyn Meter>>,
    /// The switch that ends it.
    pub cancel: Cancel,
    /// Whose cassettes keep the answers.
    pub providers: Arc<Providers>,
}

impl Respondents {
    /// Those whom these gradings ask, as the project configures them.
    ///
    /// # Errors
    /// When one's configuration cannot work: a key that is missing in the environment, say.
    pub fn new<'a>(
        config: &Config,
        providers: &Providers,
        gradings: impl IntoIterator<Item = &'a Grading>,
    ) -> Result<Self, EndpointError> {
        let mut found = Self { scrubber: providers.scrubber().clone(), known: Known::of(config), ..Self::default() };
        for (_, ask) in gradings.into_iter().flat_map(Grading::asks) {
            if ask.to == JUDGE && !found.judges.contains_key(&ask.name) {
                if let Some(definition) = config.judges.get(&ask.name) {
                    let model = providers.ready(definition)?.model().map(Arc::clone);
                    found.judges.extend(model.map(|model| (ask.name, model)));
                }
            } else if ask.to == VERIFIER
                && let Some(definition) = config.verifiers.get(&ask.name)
            {
                found.verifiers.insert(ask.name, providers.program(definition));
            }
        }
        Ok(found)
    }

    /// The judges, by name.
    pub fn judges(&self) -> impl Iterator<Item = (&str, &Arc<dyn Model>)> {
        self.judges.iter().map(|(name, model)| (name.as_str(), model))
    }

    /// Why nothing bounds what a judge may spend, if nothing does: a run with a budget needs bounds.
    #[must_use]
    pub fn unbounded(&self, budget: Budget) -> Option<String> {
        self.judges().find_map(|(name, model)| {
            let bound = model.bound(&Request { seed: Some(0), ..Request::default() });
            let why = match (bound.tokens, bound.cost) {
                (None, _) => "nothing bounds its answers; set parameters.max_tokens",
                (_, None) if budget.cost.is_some() => {
                    "its price is unknown; set price = {input = …, output = …} in dollars per million tokens"
                }
                _ => return None,
            };
            Some(format!("judge `{name}`: the run has a budget, and {why}"))
        })
    }

    /// Answers the questions of an episode, one after the other.
    pub async fn answer(&self, questions: Vec<Question>, occasion: &Occasion<'_>) -> Vec<Asked> {
        let mut asked = Vec::with_capacity(questions.len());
        let mut index = 0;
        for question in questions {
            let (body, measurement) = match question.to.as_str() {
                JUDGE => self.ask_judge(&question, occasion, &mut index).await,
                VERIFIER => (self.ask_verifier(&question, occasion).await, None),
                other => (Err(format!("nobody answers questions to `{other}`")), None),
            };
            let answer = Answer { question: question.id.clone(), body };
            let respondent = self.known.respondent(&question);
            asked.push(Asked { question, answer, respondent, measurement });
        }
        asked
    }
}

/// Who answers today, by the hash of all that belongs to them.
#[derive(Clone, Debug, Default)]
pub struct Known(BTreeMap<(&'static str, String), Digest>);

impl Known {
    /// The judges and verifiers that a project configures.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let judges = config.judges.iter().map(|(name, judge)| ((JUDGE, name.clone()), Digest::of(&judge.treatment)));
        let verifiers = config.verifiers.iter();
        let verifiers = verifiers.map(|(name, v)| ((VERIFIER, name.clone()), Digest::of(&json!(v.command.command))));
        Self(judges.chain(verifiers).collect())
    }

    /// The one whom a question is put to.
    #[must_use]
    pub fn respondent(&self, question: &Question) -> Option<Digest> {
        let to = [JUDGE, VERIFIER].into_iter().find(|to| *to == question.to)?;
        let name = question.body.get(to)?.as_str()?;
        self.0.get(&(to, name.to_owned())).copied()
    }

    /// The answers among those stored that questions have already, and the questions that have none.
    ///
    /// An answer belongs to what was asked, not to where: it is found by the whole of the question, and by
    /// the one who answered being the one of today.
    #[must_use]
    pub fn kept(&self, questions: Vec<Question>, stored: &[Asked]) -> (Vec<Asked>, Vec<Question>) {
        let mut found = Vec::new();
        let mut open = Vec::new();
        for question in questions {
            let respondent = self.respondent(&question);
            let same = |a: &&Asked| is_same(&a.question, &question) && a.respondent == respondent;
            match stored.iter().filter(|a| a.answer.body.is_ok()).find(same) {
                Some(asked) => {
                    let answer = Answer { question: question.id.clone(), body: asked.answer.body.clone() };
                    found.push(Asked { question, answer, ..asked.clone() });
                }
                None => open.push(question),
            }
        }
        (found, open)
    }
}

/// Whether the same is asked of the same.
pub(crate) fn is_same(one: &Question, other: &Question) -> bool {
    one.to == other.to && one.body == other.body
}

//! What an endpoint really supports: a few tiny calls, and what came back.
//!
//! A capability is what an answer shows, never what a status promises: servers accept a parameter and
//! ignore it, or take tools and drop them.

mod picture;
mod questions;

use crate::endpoints::{EndpointError, Providers};
use crate::purse::Purse;
use crate::suite::{Budget, Endpoint, EndpointKind};
use mocktrial_provider::{
    Answer, Cancel, Context, Kind, Meter, Model as _, ModelConfig, ProviderError, RemoteModel, Request, Role, Spend,
    Transport,
};
use mocktrial_trajectory::{EpisodeKey, Message, Part, Served, ToolResult};
use questions::{Asks, Found, QUESTIONS, Question};
use std::sync::Arc;

/// What an answer to most questions may be long, in tokens, beside what the endpoint may think.
const LONGEST: u64 = 256;

/// What was found out about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Yes,
    /// It does not.
    No,
    /// It was accepted, and nothing came of it.
    Ignored,
    /// The server, or the dialect, does not take it.
    Refused,
    /// The answer shows neither.
    Unclear,
    /// The call came to nothing, for a reason that may pass.
    Failed,
    /// It was not asked for.
    NotAsked,
}

impl Verdict {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
            Self::Failed => "failed",
            Self::NotAsked => "not asked",
        }
    }
}

/// One thing that was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Finding {
    /// What it is about, in two words.
    pub about: &'static str,
    /// What was found.
    pub verdict: Verdict,
    /// What shows it; the server's or the model's own words are hostile text.
    pub detail: String,
    /// How many calls were made for it.
    pub calls: u32,
    /// Milliseconds that a call took, in the mean.
    pub latency_ms: Option<f64>,
    /// What the calls cost, in dollars; `None` where that is not known, and 0 where there were none.
    pub cost: Option<f64>,
}

/// What was found out about an endpoint.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Findings {
    /// Whether it answered at all; nothing else was asked if not.
    pub answered: bool,
    /// What it says that it answered with.
    pub served: Served,
    /// The findings in order.
    pub findings: Vec<Finding>,
    /// The kinds of mending that its answers needed, each once.
    pub repairs: Vec<&'static str>,
}

impl Findings {
    /// The calls that were made.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.findings.iter().map(|finding| finding.calls).sum()
    }

    /// What they cost, in dollars; `None` where that is not known of each.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        self.findings.iter().map(|finding| finding.cost).sum()
    }
}

/// An endpoint that is about to be asked.
pub struct Examination {
    name: String,
    dialect: &'static str,
    config: ModelConfig,
    transport: Transport,
}

impl Examination {
    /// Makes ready to ask an endpoint.
    ///
    /// # Errors
    /// When it is no model behind an API, or its configuration cannot work.
    pub fn new(endpoint: &Endpoint, providers: &Providers) -> Result<Self, EndpointError> {
        let error =
            |why: &dyn std::fmt::Display| EndpointError { endpoint: endpoint.name.clone(), why: why.to_string() };
        let EndpointKind::Model { dialect, config } = &endpoint.kind else {
            return Err(error(
                &"it is no model behind an API, so there is nothing to be asked; `mocktrial try` runs it",
            ));
        };
        providers.learn(endpoint);
        let transport = providers.transport().clone();
        let model = RemoteModel::new(&endpoint.name, dialect, config, &transport).map_err(|e| error(&e))?;
        model.check_environment().map_err(|e| error(&e))?;
        Ok(Self { name: endpoint.name.clone(), dialect, config: tame(config), transport })
    }

    /// How many calls there will be at most, and the most that they can spend together, retries aside: a
    /// [`Purse`] holds them to it. Dollars are `None` where the price is not known.
    #[must_use]
    pub fn bound(&self) -> (u32, Spend) {
        let mut calls = 0;
        let mut most = Spend::ZERO;
        for question in QUESTIONS {
            // What cannot be configured is not asked.
            let Ok(model) = self.model(question) else { continue };
            let mut request = (question.request)();
            for call in 0..question.asks.calls() {
                if call > 0 && question.asks == Asks::ThenResult {
                    request.conversation.push(Message::user("x".repeat(4096)));
                }
                let bound = model.bound(&request);
                calls += 1;
                most.tokens = most.tokens.zip(bound.tokens).map(|(all, one)| all.saturating_add(one));
                most.cost = most.cost.zip(bound.cost).map(|(all, one)| all + one);
            }
        }
        (calls, most)
    }

    /// Why nothing can be asked within a budget, if nothing can.
    #[must_use]
    pub fn unbounded(&self, budget: Budget) -> Option<&'static str> {
        (budget.cost.is_some() && self.bound().1.cost.is_none())
            .then_some("its price is unknown; set price = {input = …, output = …} in dollars per million tokens")
    }

    /// Asks everything, one call after the other. `told` hears of each finding when it is made.
    pub async fn run(&self, purse: &Arc<Purse>, told: &mut (dyn FnMut(&Finding) + Send)) -> Findings {
        let mut all =
            Findings { answered: false, served: Served::default(), findings: Vec::new(), repairs: Vec::new() };
        let mut tools_refused = false;
        for question in QUESTIONS {
            if tools_refused && question.with_tools {
                tell(&mut all, told, not_asked(question, "tools are refused"));
                continue;
            }
            let (finding, answers) = self.ask(question, purse).await;
            for repair in answers.iter().flat_map(|answer| &answer.reply.repairs) {
                if !all.repairs.contains(&repair.what) {
                    all.repairs.push(repair.what);
                }
            }
            tools_refused |=
                question.asks == Asks::ThenResult && answers.is_empty() && finding.verdict == Verdict::Refused;
            let is_first = all.findings.is_empty();
            tell(&mut all, told, finding);
            if is_first {
                let Some(answer) = answers.first() else { break };
                all.answered = true;
                all.served = answer.reply.served.clone();
                let usage = finding_of("usage", questions::usage(answer));
                tell(&mut all, told, Finding { cost: Some(0.0), ..usage });
            }
        }
        all
    }

    fn model(&self, question: &Question) -> Result<RemoteModel, mocktrial_provider::ConfigError> {
        let mut config = self.config.clone();
        (question.set)(&mut config);
        RemoteModel::new(&self.name, self.dialect, &config, &self.transport)
    }

    /// Asks one question; with the answers there were.
    async fn ask(&self, question: &Question, purse: &Arc<Purse>) -> (Finding, Vec<Answer>) {
        let model = match self.model(question) {
            Ok(model) => model,
            Err(wrong) => {
                let found = Found(Verdict::Refused, wrong.message);
                return (Finding { cost: Some(0.0), ..finding_of(question.about, found) }, Vec::new());
            }
        };
        let mut request = (question.request)();
        let mut answers: Vec<Answer> = Vec::new();
        let mut failed = None;
        let mut cost = Some(0.0);
        let mut calls = 0;
        for call in 0..question.asks.calls() {
            if call > 0 && question.asks == Asks::ThenResult && !with_results(&mut request, answers.last()) {
                break;
            }
            let context = self.context(question, call, purse);
            let answered = model.answer(&request, &context).await;
            let spent = match &answered {
                Ok(answer) => answer.reply.measurement.cost,
                Err(error) => error.measurement.cost,
            };
            cost = cost.zip(spent).map(|(all, one)| all + one);
            calls += u32::from(!matches!(&answered, Err(error) if error.kind == Kind::Budget));
            match answered {
                Ok(answer) => answers.push(answer),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let found = match failed {
            // Of one that does not answer at all, it is also said what can be done.
            Some(error) if question.about == QUESTIONS[0].about => {
                Found(of_failure(&error, false).0, error.cause_text())
            }
            Some(error) => of_failure(&error, !answers.is_empty() && question.asks == Asks::ThenResult),
            None => (question.read)(&answers),
        };
        #[allow(clippy::cast_precision_loss, reason = "a few calls")]
        let mean = |total: f64| total / answers.len() as f64;
        let latencies: Option<f64> = answers.iter().map(|answer| answer.reply.measurement.latency_ms).sum();
        let latency_ms = latencies.filter(|_| !answers.is_empty()).map(mean);
        (Finding { calls, latency_ms, cost, ..finding_of(question.about, found) }, answers)
    }

    fn context(&self, question: &Question, call: u32, purse: &Arc<Purse>) -> Context {
        let scenario = format!("endpoints test/{}", question.about);
        Context {
            role: Role::Subject,
            episode: EpisodeKey {
                scenario: scenario.into(),
                variant: "".into(),
                endpoint: self.name.as_str().into(),
                trial: 1,
            },
            // A repeated question is the first of its conversation again.
            request_index: if question.asks == Asks::ThenResult { call } else { 0 },
            deadline: None,
            meter: Some(Arc::clone(purse) as Arc<dyn Meter>),
            cancel: Cancel::never(),
        }
    }
}

/// The endpoint's own settings, without what would bend the answers or make them long.
fn tame(config: &ModelConfig) -> ModelConfig {
    let mut config = config.clone();
    let parameters = &mut config.parameters;
    let longest = LONGEST + parameters.reasoning_tokens.unwrap_or(0);
    parameters.max_tokens = Some(parameters.max_tokens.map_or(longest, |own| own.min(longest)));
    parameters.stop = None;
    parameters.logprobs = None;
    parameters.parallel_tool_calls = None;
    config.tool_choice = None;
    config.retries = config.retries.min(1);
    config
}

/// Keeps a finding, and tells of it.
fn tell(all: &mut Findings, told: &mut (dyn FnMut(&Finding) + Send), finding: Finding) {
    told(&finding);
    all.findings.push(finding);
}

fn finding_of(about: &'static str, Found(verdict, detail): Found) -> Finding {
    Finding { about, verdict, detail, calls: 0, latency_ms: None, cost: None }
}

fn not_asked(question: &Question, why: &str) -> Finding {
    Finding { cost: Some(0.0), ..finding_of(question.about, Found(Verdict::NotAsked, why.into())) }
}

/// What a call that came to nothing shows. `after` says that the first call of a pair was answered.
fn of_failure(error: &ProviderError, after: bool) -> Found {
    let verdict = match error.kind {
        Kind::Budget => Verdict::NotAsked,
        Kind::Rejected | Kind::ConversationRejected | Kind::Unsupported => Verdict::Refused,
        // Some servers have but one status for whatever they do not do.
        Kind::ServerError if error.message.to_lowercase().contains("not support") => Verdict::Refused,
        _ => Verdict::Failed,
    };
    let message = &error.message;
    Found(verdict, if after { format!("it called, but its result: {message}") } else { message.clone() })
}

/// Appends an answer and the results of its calls; `false` where it made none.
fn with_results(request: &mut Request, answer: Option<&Answer>) -> bool {
    let Some(reply) = answer.map(|answer| &answer.reply).filter(|reply| !reply.calls.is_empty()) else { return false };
    request.conversation.push(reply.message());
    for call in &reply.calls {
        let (call_id, name) = (call.id.clone(), call.name.clone());
        let content = vec![Part::text(questions::RESULT)];
        request.conversation.push(Message::Tool(ToolResult { call_id, name, content, is_error: false }));
    }
    true
}

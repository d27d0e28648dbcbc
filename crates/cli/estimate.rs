//! What a run will do, and about what it may cost, before it does.

use mocktrial_core::answering::{Expected, Respondents};
use mocktrial_core::plan::Plan;
use mocktrial_core::ready::{ReadyEndpoint, ReadyScenario};
use mocktrial_core::suite::{CassetteMode, Limits};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;

/// How many episodes, and about what they cost.
pub(crate) struct Estimate {
    scenarios: usize,
    endpoints: Vec<EndpointEstimate>,
    judges: Vec<JudgeEstimate>,
}

struct JudgeEstimate {
    name: String,
    questions: u64,
    cost: Cost,
}

struct EndpointEstimate {
    name: String,
    episodes: u64,
    cost: Cost,
}

/// The cost of an endpoint's episodes, or of a judge's answers, in dollars.
enum Cost {
    /// Nothing is asked of anybody.
    None,
    /// Between one request per episode with the shortest answer, and as many as its limits allow
    /// with the longest. Long tool results can take an episode beyond it: it is an estimate, and
    /// only a budget is a bound.
    Range(f64, f64),
    /// The price is unknown, or nothing bounds the answers.
    Unknown,
    /// A command of the user's own: what it asks of whom, the harness cannot see.
    Hidden,
}

impl Cost {
    /// From and to; `None` where nobody can say.
    fn range(&self) -> Option<(f64, f64)> {
        match self {
            Self::None => Some((0.0, 0.0)),
            Self::Range(low, high) => Some((*low, *high)),
            Self::Unknown | Self::Hidden => None,
        }
    }

    /// `limits` is what its end depends on, beside the price.
    fn in_words(&self, limits: &str) -> String {
        match self {
            Self::None => "$0, nothing is asked of a provider".to_owned(),
            Self::Range(_, 0.0) => "$0, its price is 0".to_owned(),
            Self::Range(low, high) => format!("about ${low:.4} to ${high:.2}, by its price and {limits}"),
            Self::Hidden => "cost unknown: what a command of your own asks for is not seen".to_owned(),
            Self::Unknown => "cost unknown: it needs a price and parameters.max_tokens".to_owned(),
        }
    }
}

/// Estimates a plan.
pub(crate) async fn of(
    scenarios: &[Arc<ReadyScenario>],
    endpoints: &[Arc<ReadyEndpoint>],
    plan: &Plan,
    limits: Limits,
    mode: CassetteMode,
    respondents: &Respondents,
) -> Estimate {
    let mut judges = Vec::new();
    for (s, scenario) in scenarios.iter().enumerate() {
        let trials = (0..endpoints.len()).map(|e| plan.trials_of(s, e).len() as u64).sum();
        let expected = respondents.expected(scenario, limits).await;
        expected.into_iter().for_each(|expected| add(&mut judges, expected, trials, mode));
    }
    let endpoints = endpoints.iter().enumerate().map(|(index, endpoint)| {
        let cost = match mode {
            _ if endpoint.is_command() => Cost::Hidden,
            CassetteMode::Replay => Cost::None,
            _ => cost(scenarios, endpoint, plan, index, limits),
        };
        EndpointEstimate { name: endpoint.name.to_string(), episodes: plan.count_of(index), cost }
    });
    Estimate { scenarios: scenarios.len(), endpoints: endpoints.collect(), judges }
}

/// Adds what a judge is asked in so many episodes of a scenario.
fn add(judges: &mut Vec<JudgeEstimate>, expected: Expected, episodes: u64, mode: CassetteMode) {
    #[allow(clippy::cast_precision_loss, reason = "counts of trials")]
    let times = episodes as f64;
    let cost = match expected.cost {
        _ if mode == CassetteMode::Replay => Cost::None,
        Some((low, high)) => Cost::Range(low * times, high * times),
        None => Cost::Unknown,
    };
    let questions = expected.questions * episodes;
    let Some(known) = judges.iter_mut().find(|judge| judge.name == expected.judge) else {
        judges.push(JudgeEstimate { name: expected.judge, questions, cost });
        return;
    };
    known.questions += questions;
    known.cost = match (&known.cost, cost) {
        (Cost::Range(a, b), Cost::Range(low, high)) => Cost::Range(a + low, b + high),
        (_, cost) => cost,
    };
}

fn cost(scenarios: &[Arc<ReadyScenario>], endpoint: &ReadyEndpoint, plan: &Plan, index: usize, limits: Limits) -> Cost {
    if endpoint.model().is_none() {
        return Cost::None;
    }
    let (mut low, mut high) = (0.0, 0.0);
    for (s, scenario) in scenarios.iter().enumerate() {
        let Some(bound) = endpoint.first_bound(scenario).and_then(|b| b.cost) else { return Cost::Unknown };
        #[allow(clippy::cast_precision_loss, reason = "counts of trials")]
        let trials = plan.trials_of(s, index).len() as f64;
        let turns = f64::from(ReadyEndpoint::limits(&scenario.scenario, limits).turns.unwrap_or(30));
        // A token is about four bytes of text, and the bound takes one for each byte.
        low += trials * bound / 8.0;
        // Each turn sends again what came before it, so the input grows with every turn.
        high += trials * bound * turns * (turns + 1.0) / 2.0;
    }
    Cost::Range(low, high)
}

impl Estimate {
    /// About the most that the run may cost; `None` where nobody can say.
    pub(crate) fn high(&self) -> Option<f64> {
        let costs = self.endpoints.iter().map(|e| &e.cost).chain(self.judges.iter().map(|j| &j.cost));
        costs.map(|cost| cost.range().map(|(_, high)| high)).sum()
    }

    pub(crate) fn json(&self) -> Value {
        let endpoints: Vec<_> = self
            .endpoints
            .iter()
            .map(|e| {
                let (low, high) = e.cost.range().unzip();
                json!({"endpoint": e.name, "episodes": e.episodes, "cost_low": low, "cost_high": high})
            })
            .collect();
        let judges = self.judges.iter().map(|j| {
            let (low, high) = j.cost.range().unzip();
            json!({"judge": j.name, "questions": j.questions, "cost_low": low, "cost_high": high})
        });
        let judges: Vec<_> = judges.collect();
        json!({"scenarios": self.scenarios, "episodes": self.episodes(), "endpoints": endpoints, "judges": judges})
    }

    fn episodes(&self) -> u64 {
        self.endpoints.iter().map(|e| e.episodes).sum()
    }

    pub(crate) fn text(&self) -> String {
        let judges: Vec<String> = self.judges.iter().map(|j| format!("judge {}", j.name)).collect();
        let names = self.endpoints.iter().map(|e| &e.name).chain(&judges);
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = format!("would run {} episodes of {} scenarios", self.episodes(), self.scenarios);
        for e in &self.endpoints {
            let _ = write!(text, "\n  {:longest$}  {:>6} episodes  ", e.name, e.episodes);
            text += &e.cost.in_words("its limits");
        }
        for (name, judge) in judges.iter().zip(&self.judges) {
            let _ = write!(text, "\n  {name:longest$}  {:>6} questions  ", judge.questions);
            text += &judge.cost.in_words("how long episodes may be");
        }
        text
    }
}

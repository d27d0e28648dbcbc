//! What a run will do, and about what it may cost, before it does.

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
}

struct EndpointEstimate {
    name: String,
    episodes: u64,
    cost: Cost,
}

/// The cost of an endpoint's episodes in dollars.
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

/// Estimates a plan.
pub(crate) fn of(
    scenarios: &[Arc<ReadyScenario>],
    endpoints: &[Arc<ReadyEndpoint>],
    plan: &Plan,
    limits: Limits,
    mode: CassetteMode,
) -> Estimate {
    let endpoints = endpoints.iter().enumerate().map(|(index, endpoint)| {
        let cost = match mode {
            _ if endpoint.is_command() => Cost::Hidden,
            CassetteMode::Replay => Cost::None,
            _ => cost(scenarios, endpoint, plan, index, limits),
        };
        EndpointEstimate { name: endpoint.name.to_string(), episodes: plan.count_of(index), cost }
    });
    Estimate { scenarios: scenarios.len(), endpoints: endpoints.collect() }
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
        self.endpoints
            .iter()
            .map(|e| match e.cost {
                Cost::None => Some(0.0),
                Cost::Range(_, high) => Some(high),
                Cost::Unknown | Cost::Hidden => None,
            })
            .sum()
    }

    pub(crate) fn json(&self) -> Value {
        let endpoints: Vec<_> = self
            .endpoints
            .iter()
            .map(|e| {
                let (low, high) = match e.cost {
                    Cost::None => (Some(0.0), Some(0.0)),
                    Cost::Range(low, high) => (Some(low), Some(high)),
                    Cost::Unknown | Cost::Hidden => (None, None),
                };
                json!({"endpoint": e.name, "episodes": e.episodes, "cost_low": low, "cost_high": high})
            })
            .collect();
        json!({"scenarios": self.scenarios, "episodes": self.episodes(), "endpoints": endpoints})
    }

    fn episodes(&self) -> u64 {
        self.endpoints.iter().map(|e| e.episodes).sum()
    }

    pub(crate) fn text(&self) -> String {
        let longest = self.endpoints.iter().map(|e| e.name.chars().count()).max().unwrap_or(0);
        let mut text = format!("would run {} episodes of {} scenarios", self.episodes(), self.scenarios);
        for e in &self.endpoints {
            let _ = write!(text, "\n  {:longest$}  {:>6} episodes  ", e.name, e.episodes);
            let _ = match e.cost {
                Cost::None => write!(text, "$0, nothing is asked of a provider"),
                Cost::Range(_, 0.0) => write!(text, "$0, its price is 0"),
                Cost::Range(low, high) => write!(text, "about ${low:.4} to ${high:.2}, by its price and its limits"),
                Cost::Hidden => write!(text, "cost unknown: what a command of your own asks for is not seen"),
                Cost::Unknown => write!(text, "cost unknown: it needs a price and parameters.max_tokens"),
            };
        }
        text
    }
}

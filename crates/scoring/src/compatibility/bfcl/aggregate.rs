//! From accuracies by category to the leaderboard's overall one.

use std::collections::BTreeMap;

/// One category's result.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracy {
    /// The share of valid items, in [0, 1].
    pub accuracy: f64,
    /// How many items were judged.
    pub items: usize,
}

/// The parts of the leaderboard's overall accuracy; all in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overall {
    /// The plain mean of simple (itself that of Python, Java and JavaScript), multiple, parallel and both.
    pub non_live: f64,
    /// The mean of the four live categories, weighted by their items.
    pub live: f64,
    /// The plain mean of `irrelevance` and `live_irrelevance`.
    pub irrelevance: f64,
    /// The plain mean of the four multi-turn categories.
    pub multi_turn: f64,
    /// The plain mean of web search (of its two) and memory (of its three).
    pub agentic: f64,
    /// 10 % non-live, 10 % live, 10 % irrelevance, 30 % multi-turn, 40 % agentic.
    pub overall: f64,
}

/// Aggregates as BFCL v4's leaderboard does. Categories go by their official names (`simple_python`,
/// `multi_turn_long_context`, `web_search_no_snippet`, `memory_kv` …); one that is missing counts as 0.
/// `live_relevance` and `format_sensitivity` do not count, nor does any name not known.
#[must_use]
pub fn overall(categories: &BTreeMap<&str, Accuracy>) -> Overall {
    let of = |name: &str| categories.get(name).copied().unwrap_or_default();
    let mean = |names: &[&str]| average(names.iter().map(|name| of(name).accuracy));
    let simple = mean(&["simple_python", "simple_java", "simple_javascript"]);
    let non_live =
        average([simple, of("multiple").accuracy, of("parallel").accuracy, of("parallel_multiple").accuracy]);
    let live = weighted(["live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"].map(of));
    let irrelevance = mean(&["irrelevance", "live_irrelevance"]);
    let multi_turn =
        mean(&["multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context"]);
    let web = mean(&["web_search_base", "web_search_no_snippet"]);
    let agentic = average([web, mean(&["memory_kv", "memory_vector", "memory_rec_sum"])]);
    let overall = 0.1 * non_live + 0.1 * live + 0.1 * irrelevance + 0.3 * multi_turn + 0.4 * agentic;
    Overall { non_live, live, irrelevance, multi_turn, agentic, overall }
}

fn average(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[allow(clippy::cast_precision_loss, reason = "items are far fewer than 2^53")]
fn weighted(parts: [Accuracy; 4]) -> f64 {
    let items: f64 = parts.iter().map(|part| part.items as f64).sum();
    let valid: f64 = parts.iter().map(|part| part.accuracy * part.items as f64).sum();
    if items > 0.0 { valid / items } else { 0.0 }
}

//! DeepEval's `ToolCorrectnessMetric` (4.3.1, Apache-2.0), without a list of available tools.
//!
//! Quirks: a call once matched takes all calls equal to it with it, so a correct run of two identical calls
//! scores 0.5 in free order; there, too, each expected call takes the best that is left, in turn, and never
//! gives it back; calls that were not expected cost nothing but in the exact score; the share of an argument that is a
//! list is 0 or 1, but that of a dictionary is counted key by key, all the way down. Names alone are
//! compared unless `evaluation_params` asks for input parameters.

use super::Call;
use super::steps::{Steps, binary};
use crate::compatibility::python::Classes;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Whether input parameters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// `evaluation_params=[INPUT_PARAMETERS]`.
    Compared,
    /// The default.
    Ignored,
}

/// The exact score: 1 for the same calls in the same order, else 0.
#[must_use]
pub fn exact(called: &[Call<'_>], expected: &[Call<'_>], parameters: Parameters) -> f64 {
    binary(match parameters {
        Parameters::Compared => Steps::of_calls(called, expected).exact(),
        Parameters::Ignored => Steps::of_names(called, expected).exact(),
    })
}

/// In free order: each expected call in turn takes the best match that is left; the sum of their scores by
/// the number expected. Nothing expected is 1 where nothing was called, else 0.
#[must_use]
pub fn any_order(called: &[Call<'_>], expected: &[Call<'_>], parameters: Parameters) -> f64 {
    mean(called, expected, |graph| {
        // Calls that are equal in name and arguments are one here, and taken together.
        let steps = Steps::of_calls(called, &[]).actual;
        let mut taken = vec![false; steps.iter().max().map_or(0, |last| last + 1)];
        let mut total = 0.0;
        for row in 0..expected.len() {
            let mut best: Option<(usize, f64)> = None;
            for column in graph.columns(row).filter(|column| !taken[steps[*column]]) {
                let score = graph.score(row, column, parameters);
                if score > best.map_or(0.0, |(_, best)| best) {
                    best = Some((column, score));
                }
                if score >= 1.0 {
                    break;
                }
            }
            if let Some((column, score)) = best {
                total += score;
                taken[steps[column]] = true;
            }
        }
        total
    })
}

/// In order: the weight of the heaviest common subsequence by the number expected. Nothing expected is as
/// for [`any_order`].
#[must_use]
pub fn ordered(called: &[Call<'_>], expected: &[Call<'_>], parameters: Parameters) -> f64 {
    mean(called, expected, |graph| {
        // One row of the usual table at a time; cell `c` is the best with the first `c` calls made.
        let mut row_before = vec![0.0_f64; called.len() + 1];
        let mut row = row_before.clone();
        for r in 0..expected.len() {
            for c in 0..called.len() {
                let with = match graph.score(r, c, parameters) {
                    score if score > 0.0 => row_before[c] + score,
                    _ => 0.0,
                };
                row[c + 1] = row_before[c + 1].max(row[c]).max(with);
            }
            std::mem::swap(&mut row, &mut row_before);
        }
        row_before.last().copied().unwrap_or_default()
    })
}

#[allow(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn mean(called: &[Call<'_>], expected: &[Call<'_>], total: impl FnOnce(&Graph<'_>) -> f64) -> f64 {
    if expected.is_empty() {
        return binary(called.is_empty());
    }
    // Sums of shares may pass the whole by a rounding.
    (total(&Graph::new(called, expected)) / expected.len() as f64).min(1.0)
}

/// Every expected call against every call made.
struct Graph<'a> {
    called: Vec<Tree<'a>>,
    expected: Vec<Tree<'a>>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn new(called: &[Call<'a>], expected: &[Call<'a>]) -> Self {
        let mut classes = Classes::default();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, call) in called.iter().enumerate() {
            by_name.entry(call.name).or_default().push(i);
        }
        let called = called.iter().map(|call| Tree::new(call, &mut classes)).collect();
        Self { called, expected: expected.iter().map(|call| Tree::new(call, &mut classes)).collect(), by_name }
    }

    /// The calls made of the tool that is expected, in order.
    fn columns(&self, row: usize) -> impl Iterator<Item = usize> {
        self.by_name.get(self.expected[row].name).into_iter().flatten().copied()
    }

    fn score(&self, row: usize, column: usize, parameters: Parameters) -> f64 {
        let (expected, called) = (&self.expected[row], &self.called[column]);
        if expected.name != called.name {
            return 0.0;
        }
        match parameters {
            Parameters::Ignored => 1.0,
            Parameters::Compared => expected.args.share(&called.args),
        }
    }
}

/// A call, each of whose arguments is numbered once.
struct Tree<'a> {
    name: &'a str,
    args: Members,
}

impl<'a> Tree<'a> {
    fn new(call: &Call<'a>, classes: &mut Classes) -> Self {
        Self { name: call.name, args: Members::new(call.args, classes) }
    }
}

/// A dictionary, numbered.
struct Members {
    /// Its own number.
    class: usize,
    /// In order of their keys, so that two dictionaries are compared in one walk.
    by_key: Vec<Member>,
}

struct Member {
    key: usize,
    class: usize,
    /// Its own members, where it is a dictionary.
    inner: Option<Members>,
}

impl Members {
    fn new(map: &Map<String, Value>, classes: &mut Classes) -> Self {
        let member = |(key, value): (&String, &Value)| {
            let key = classes.of_str(key);
            let inner = value.as_object().map(|map| Self::new(map, classes));
            let class = inner.as_ref().map_or_else(|| classes.of(value), |inner| inner.class);
            Member { key, class, inner }
        };
        let mut by_key: Vec<Member> = map.iter().map(member).collect();
        by_key.sort_unstable_by_key(|member| member.key);
        // Made of what its members are, so that each value is looked at once however deep it lies.
        let parts: Vec<usize> = by_key.iter().flat_map(|member| [member.key, member.class]).collect();
        Self { class: classes.of_parts(&parts), by_key }
    }

    /// The share of the keys of either that both have with the same value; a dictionary's share counts as a
    /// part of its key.
    #[allow(clippy::cast_precision_loss, reason = "counts of keys are far below 2^52")]
    fn share(&self, other: &Self) -> f64 {
        if self.class == other.class {
            return 1.0;
        }
        let (mut shared, mut sum) = (0, 0.0);
        let mut others = other.by_key.iter().peekable();
        for member in &self.by_key {
            while others.next_if(|other| other.key < member.key).is_some() {}
            let Some(other) = others.next_if(|other| other.key == member.key) else { continue };
            shared += 1;
            sum += match (&member.inner, &other.inner) {
                _ if member.class == other.class => 1.0,
                (Some(inner), Some(other)) => inner.share(other),
                _ => 0.0,
            };
        }
        sum / (self.by_key.len() + other.by_key.len() - shared) as f64
    }
}

//! Vendors' metrics over two lists of calls, as their own code computes them, to reproduce their scores.
//!
//! | module | vendor | metrics |
//! |---|---|---|
//! | [`adk`] | Google ADK 2.13 | `adk_*` |
//! | [`ragas`] | Ragas 0.4.3 | `ragas_*` |
//! | [`deepeval`] | DeepEval 4.3.1 | `deepeval_*` |
//! | [`azure`] | Azure AI Evaluation 1.18.10 | `azure_*` |
//! | [`vertex`] | Google Vertex AI, as documented | `vertex_*` |
//!
//! Each module says which quirks its metrics have. They are kept: a team that moves here reproduces its old
//! numbers first. For all else there is the grader [`calls`](crate::graders), which has none of them.
//!
//! Values are compared as Python compares them: `1 == 1.0 == True`, or, where a vendor compares texts,
//! `str(1) != str(1.0)` and `str("1") == str(1)`.
//!
//! Every score lies in [0, 1]. Work is linear in the size of the calls, but for DeepEval's free and ordered
//! scores and what only sorts: those take at most (calls made × calls expected of the same name) comparisons,
//! each of at most the smaller call's size, and memory for one row.

pub mod adk;
pub mod azure;
pub mod deepeval;
pub mod ragas;
pub mod vertex;

mod steps;

use adk::Arguments;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A call: a tool's name and its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// The arguments.
    pub args: &'a Map<String, Value>,
}

impl<'a> Call<'a> {
    /// Reads `{"name": text, "args": object}`; `None` where it is something else.
    #[must_use]
    pub fn read(value: &'a Value) -> Option<Self> {
        Some(Self { name: value.get("name")?.as_str()?, args: value.get("args")?.as_object()? })
    }
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $score:expr;)+) => {
        /// A vendor's metric, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        pub enum Metric {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Its score in [0, 1] of what was called against what was expected; `None` where it is not
            /// defined (Vertex's precision of no calls and recall of none expected).
            #[must_use]
            pub fn score(self, actual: &[Call<'_>], expected: &[Call<'_>]) -> Option<f64> {
                match self { $(Self::$name => ($score)(actual, expected),)+ }
            }
        }
    };
}

/// A metric that is always defined.
fn always<F: Fn(&[Call<'_>], &[Call<'_>]) -> f64>(score: F) -> impl Fn(&[Call<'_>], &[Call<'_>]) -> Option<f64> {
    move |actual, expected| Some(score(actual, expected))
}

metrics! {
    /// ADK: the same calls in the same order.
    AdkExact = "adk_exact", always(|a, e| adk::exact(a, e, Arguments::Compared));
    /// ADK: the expected calls in their order, others between them.
    AdkInOrder = "adk_in_order", always(|a, e| adk::in_order(a, e, Arguments::Compared));
    /// ADK: the expected calls in any order, others beside them.
    AdkAnyOrder = "adk_any_order", always(|a, e| adk::any_order(a, e, Arguments::Compared));
    /// ADK: the same tools in the same order.
    AdkExactIgnoreArgs = "adk_exact_ignore_args", always(|a, e| adk::exact(a, e, Arguments::Ignored));
    /// ADK: the expected tools in their order, others between them.
    AdkInOrderIgnoreArgs = "adk_in_order_ignore_args", always(|a, e| adk::in_order(a, e, Arguments::Ignored));
    /// ADK: the expected tools in any order, others beside them.
    AdkAnyOrderIgnoreArgs = "adk_any_order_ignore_args", always(|a, e| adk::any_order(a, e, Arguments::Ignored));
    /// Ragas' `ToolCallAccuracy`.
    RagasAccuracyStrict = "ragas_accuracy_strict", always(|a, e| ragas::accuracy(a, e, ragas::Order::Strict));
    /// Ragas' `ToolCallAccuracy(strict_order=False)`.
    RagasAccuracyFlexible = "ragas_accuracy_flexible", always(|a, e| ragas::accuracy(a, e, ragas::Order::Flexible));
    /// Ragas' `ToolCallF1`.
    RagasF1 = "ragas_f1", always(ragas::f1);
    /// DeepEval's `ToolCorrectness`, by names alone.
    DeepevalAnyNames = "deepeval_any_names", always(|a, e| deepeval::any_order(a, e, deepeval::Parameters::Ignored));
    /// DeepEval's `ToolCorrectness` with input parameters.
    DeepevalAnyArgs = "deepeval_any_args", always(|a, e| deepeval::any_order(a, e, deepeval::Parameters::Compared));
    /// DeepEval's `ToolCorrectness(should_consider_ordering=True)`, by names alone.
    DeepevalOrderedNames = "deepeval_ordered_names", always(|a, e| deepeval::ordered(a, e, deepeval::Parameters::Ignored));
    /// DeepEval's `ToolCorrectness(should_consider_ordering=True)` with input parameters.
    DeepevalOrderedArgs = "deepeval_ordered_args", always(|a, e| deepeval::ordered(a, e, deepeval::Parameters::Compared));
    /// DeepEval's `ToolCorrectness(should_exact_match=True)`, by names alone.
    DeepevalExactNames = "deepeval_exact_names", always(|a, e| deepeval::exact(a, e, deepeval::Parameters::Ignored));
    /// DeepEval's `ToolCorrectness(should_exact_match=True)` with input parameters.
    DeepevalExactArgs = "deepeval_exact_args", always(|a, e| deepeval::exact(a, e, deepeval::Parameters::Compared));
    /// Azure's `exact_match` of names.
    AzureExactNames = "azure_exact_names", always(|a, e| azure::Steps::names(a, e).exact());
    /// Azure's `in_order_match` of names.
    AzureInOrderNames = "azure_in_order_names", always(|a, e| azure::Steps::names(a, e).in_order());
    /// Azure's `any_order_match` of names.
    AzureAnyOrderNames = "azure_any_order_names", always(|a, e| azure::Steps::names(a, e).any_order());
    /// Azure's precision by names.
    AzurePrecisionNames = "azure_precision_score_names", always(|a, e| azure::Steps::names(a, e).precision());
    /// Azure's recall by names.
    AzureRecallNames = "azure_recall_score_names", always(|a, e| azure::Steps::names(a, e).recall());
    /// Azure's F1 by names.
    AzureF1Names = "azure_f1_score_names", always(|a, e| azure::Steps::names(a, e).f1());
    /// Azure's `exact_match` of names and parameters.
    AzureExactParams = "azure_exact_params", always(|a, e| azure::Steps::parameters(a, e).exact());
    /// Azure's `in_order_match` of names and parameters.
    AzureInOrderParams = "azure_in_order_params", always(|a, e| azure::Steps::parameters(a, e).in_order());
    /// Azure's `any_order_match` of names and parameters.
    AzureAnyOrderParams = "azure_any_order_params", always(|a, e| azure::Steps::parameters(a, e).any_order());
    /// Azure's precision by names and parameters.
    AzurePrecisionParams = "azure_precision_score_params", always(|a, e| azure::Steps::parameters(a, e).precision());
    /// Azure's recall by names and parameters.
    AzureRecallParams = "azure_recall_score_params", always(|a, e| azure::Steps::parameters(a, e).recall());
    /// Azure's F1 by names and parameters.
    AzureF1Params = "azure_f1_score_params", always(|a, e| azure::Steps::parameters(a, e).f1());
    /// Vertex AI's `trajectory_exact_match`.
    VertexExactMatch = "vertex_exact_match", always(vertex::exact_match);
    /// Vertex AI's `trajectory_in_order_match`.
    VertexInOrderMatch = "vertex_in_order_match", always(vertex::in_order_match);
    /// Vertex AI's `trajectory_any_order_match`.
    VertexAnyOrderMatch = "vertex_any_order_match", always(vertex::any_order_match);
    /// Vertex AI's `trajectory_precision`.
    VertexPrecision = "vertex_precision", vertex::precision;
    /// Vertex AI's `trajectory_recall`.
    VertexRecall = "vertex_recall", vertex::recall;
}

//! How an episode ends, and whose doing that is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Who a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The endpoint on trial: the only cause that counts against it.
    Model,
    /// The provider's infrastructure.
    Provider,
    /// mocktrial itself, its budgets, or the person who stopped it.
    Harness,
    /// The suite: its world, scripts or criteria.
    Scenario,
}

impl Cause {
    /// Every cause, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Model, Self::Provider, Self::Harness, Self::Scenario];

    /// The word used in files and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Harness => "harness",
            Self::Scenario => "scenario",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! end_reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $cause:ident;)+) => {
        /// Why an episode ended: exactly one reason, with exactly one [`Cause`].
        ///
        /// **Precedence**: where several apply at the same moment, the first in this order is
        /// recorded. The order says: what the harness or the person did comes before what the
        /// suite did, that before the provider, and that before the model, so that a model is
        /// never charged for another's fault; an episode that completed is only *completed* when
        /// no limit was exceeded by the same step.
        ///
        /// | reason | cause | when |
        /// |---|---|---|
        $(#[doc = concat!("| `", $word, "` | ", stringify!($cause), " |", $($doc,)+ " |")])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, schemars::JsonSchema, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum EndReason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl EndReason {
            /// Every reason, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word used in files and output.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Who this end belongs to.
            #[must_use]
            pub fn cause(self) -> Cause {
                match self { $(Self::$name => Cause::$cause,)+ }
            }

            /// One line that says what happened.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

end_reasons! {
    /// the person or the CI job stopped the run
    Cancelled = "cancelled", Harness;
    /// the run's budget could not cover the next request
    Budget = "budget", Harness;
    /// a mistake in mocktrial itself
    HarnessError = "harness_error", Harness;
    /// replay was asked for, and the cassette has no such request
    CassetteMiss = "cassette_miss", Harness;
    /// the agent's command could not be started
    AgentUnstartable = "agent_unstartable", Harness;
    /// the limit of real time passed
    RealTimeLimit = "real_time_limit", Harness;
    /// a rule, script or schema of the world was at fault
    ScenarioError = "scenario_error", Scenario;
    /// the provider failed and retrying did not help, or it refused a conversation that it had begun to serve
    ProviderFailed = "provider_failed", Provider;
    /// the provider will not serve this endpoint: key, quota, unknown model or a parameter it rejects
    ProviderRefused = "provider_refused", Provider;
    /// the agent's command died, or broke the protocol
    AgentFailed = "agent_failed", Model;
    /// the agent's command wrote more than it may
    AgentFlooded = "agent_flooded", Model;
    /// the conversation no longer fits the model's context
    ContextOverflow = "context_overflow", Model;
    /// the model's response could not be read as one
    MalformedResponse = "malformed_response", Model;
    /// the provider's filter cut the answer
    ContentFilter = "content_filter", Model;
    /// the model declined through the protocol's own refusal
    Refusal = "refusal", Model;
    /// the output limit cut the answer
    OutputLimit = "output_limit", Model;
    /// the limit of turns was reached
    TurnLimit = "turn_limit", Model;
    /// the limit of tool calls was reached
    CallLimit = "call_limit", Model;
    /// the limit of failed calls was reached
    ErrorLimit = "error_limit", Model;
    /// the limit of tokens was reached
    TokenLimit = "token_limit", Model;
    /// the limit of cost was reached
    CostLimit = "cost_limit", Model;
    /// the limit of virtual time was reached
    VirtualTimeLimit = "virtual_time_limit", Model;
    /// the agent answered the last user message
    Completed = "completed", Model;
}

impl EndReason {
    /// Whether the episode says nothing about the endpoint: its cause is not the model.
    #[must_use]
    pub fn is_infrastructure(self) -> bool {
        self.cause() != Cause::Model
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

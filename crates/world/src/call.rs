//! One call on its way through a tool's responders.

use crate::clock;
use crate::state::{Node, State};
use crate::view::Scope;
use async_trait::async_trait;
use jiff::Timestamp;
use minijinja::value::Value as Jinja;
use mocktrial_trajectory::{Op, Patch, Responder};
use serde_json::Value;

/// A valid call, and the state it may change.
pub(crate) struct Call<'a> {
    pub(crate) tool: &'a str,
    pub(crate) args: &'a Value,
    /// The arguments once more, as templates see them.
    pub(crate) args_node: &'a Node,
    pub(crate) state: &'a mut State,
    pub(crate) patch: &'a mut Patch,
    pub(crate) start: Timestamp,
    pub(crate) elapsed_ms: u64,
    pub(crate) nth: u32,
    /// Seeds whatever is generated for this call.
    pub(crate) seed: u64,
}

/// What a responder gives.
pub(crate) enum Given {
    Result(Value),
    Error(Value),
}

/// A way to answer a call. The first of a tool's responders that applies answers.
#[async_trait]
pub(crate) trait Respond: Send + Sync {
    /// What it gives and who is to be named for it; `None` when it does not apply.
    ///
    /// An error is the scenario's fault, in words; what was changed until then is rolled back.
    async fn respond(&self, call: &mut Call<'_>) -> Result<Option<(Given, Responder)>, String>;
}

impl Call<'_> {
    /// What templates see now.
    pub(crate) fn scope(&self) -> Jinja {
        let (args, state) = (self.args_node.clone(), self.state.clone());
        Scope { args, state, start: self.start, elapsed_ms: self.elapsed_ms, nth: self.nth }.into_value()
    }

    /// Virtual now, RFC 3339.
    pub(crate) fn now(&self) -> String {
        clock::after(self.start, self.elapsed_ms)
    }

    /// Changes the state and records it.
    pub(crate) fn write(&mut self, op: Op) -> Result<(), String> {
        let recorded = self.state.write(op).map_err(|e| e.to_string())?;
        self.patch.extend(recorded);
        Ok(())
    }
}

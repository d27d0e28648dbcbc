//! What ends a command early.

use crate::exit::Exit;
use mocktrial_core::suite::{Mistake, Mistakes, Severity};
use serde_json::{Value, json};
use std::fmt::Display;

/// A command that could not do what it was asked: what to say, and with which code to leave.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) mistakes: Option<Mistakes>,
}

impl Failure {
    /// A mistake of the user's: usage, configuration or suite.
    pub(crate) fn mistake(message: impl Display) -> Self {
        Self { exit: Exit::Mistake, message: message.to_string(), mistakes: None }
    }

    /// For programs: `{"version", "kind": "failure", "exit_code", "message", "mistakes"}`.
    pub(crate) fn json(&self) -> Value {
        let mistakes: Vec<_> = self.mistakes.iter().flat_map(|m| &m.0).map(mistake_json).collect();
        json!({
            "version": mocktrial_report::REPORT_VERSION,
            "kind": "failure",
            "exit_code": self.exit as u8,
            "message": self.message,
            "mistakes": mistakes,
        })
    }

    /// Something outside stood in the way.
    pub(crate) fn infrastructure(message: impl Display) -> Self {
        Self { exit: Exit::Infrastructure, message: message.to_string(), mistakes: None }
    }
}

/// A mistake in a suite's files, for programs.
pub(crate) fn mistake_json(m: &Mistake) -> Value {
    json!({
        "file": m.file, "line": m.line, "column": m.column,
        "severity": if m.severity == Severity::Error { "error" } else { "warning" },
        "message": m.message, "hint": m.hint,
    })
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self { exit: Exit::Mistake, message: String::new(), mistakes: Some(mistakes) }
    }
}

impl From<mocktrial_store::StoreError> for Failure {
    fn from(error: mocktrial_store::StoreError) -> Self {
        Self::infrastructure(error)
    }
}

impl From<mocktrial_store::names::ResolveError> for Failure {
    fn from(error: mocktrial_store::names::ResolveError) -> Self {
        Self::mistake(error)
    }
}

impl From<mocktrial_core::suite::SelectionError> for Failure {
    fn from(error: mocktrial_core::suite::SelectionError) -> Self {
        Self::mistake(error)
    }
}

/// What a command comes to.
pub(crate) type Outcome = Result<Exit, Failure>;

//! Graders: from a trajectory and its case to grades with evidence.
//!
//! A scenario's criteria are compiled once into a [`Grading`]; grading an episode is then a pure
//! function of its trajectory (and, for cost, of what was measured). No world is run, no clock
//! read, nothing asked: a grader that needs the outside returns [`Question`]s and grades from
//! their answers.
//!
//! ```
//! use mocktrial_scoring::{passed, Grading, Subject};
//! use mocktrial_trajectory::{Body, Case, Comparison, Criterion, Digest, EndReason, Trajectory};
//! use serde_json::json;
//! use std::sync::Arc;
//!
//! let case = Case {
//!     scenario: "shop/where-is-my-order".into(),
//!     criteria: [Criterion::task("answer", json!({"contains": "tomorrow"}), "expect[0]")].into(),
//!     tools: Arc::from([]),
//!     initial: Arc::new(json!({})),
//!     initial_hash: Digest::of(&json!({})),
//!     comparison: Comparison::default(),
//!     references: vec![],
//!     inaction: false,
//! };
//! let grading = Grading::new(Arc::new(case)).expect("the criteria are sound");
//!
//! let mut trajectory = Trajectory::default();
//! trajectory.push(0, Body::user("Where is my order?"));
//! trajectory.push(0, Body::Say { text: "It arrives tomorrow.".into() });
//! trajectory.push(0, Body::End { reason: EndReason::Completed, detail: None });
//! let grades = grading.grade(&Subject { trajectory: &trajectory, measurements: None }, &[]);
//! assert_eq!(passed(&grades), Some(true));
//! ```
//!
//! # What makes an episode pass
//!
//! - Each criterion becomes one [`Grade`]. Its score lies in [0, 1] and is 1 exactly when it
//!   passed; partial credit never passes.
//! - Every episode gets one grade more, of the grader `end`: it passes only where the episode
//!   ended as `completed`. So an episode that was cut short by a limit, a refusal or the context's
//!   end can never pass, whatever it had reached by then.
//! - Where the end's cause is not the model, every grade is *ungraded* with that cause.
//! - [`total`] looks at the grades whose measure is `task`, and at those that nullify: where one of
//!   these failed, the episode failed and scores 0.
//!
//! # Which calls count
//!
//! `calls`, `never`, `before`, `after`, `at_most`, `confirmation` and the minefield of `milestones` look
//! at *executed* calls: those that reached the world and were answered, be it with an error of the
//! tool's own. A call that was refused
//! (unknown tool, malformed or invalid arguments), skipped by the loop policy or never answered
//! did not happen in the world. `include_failed: true` counts refused and unanswered calls too.
//! A call that another call depends on (`before`, `after`, `first`), that is to be reached
//! (`milestones`, `eventually`, `call` in `between`) or that repairs an error (`recovery`) counts only
//! when it succeeded: looking up an order and getting an error is not having looked it up. Calls of one response
//! count in the order in which they were written.
//!
//! # What is refused
//!
//! [`lint`] and [`Grading::new`] refuse criteria that are wrong or can fail nobody; the patterns
//! are listed at [`lint`].
//!
//! # Peers' numbers
//!
//! [`compatibility`] holds peers' scorers with all their quirks, so that old numbers can be reproduced; the
//! graders `metric`, `agentevals` and `tau` make them criteria. No other grader uses them.
//!
//! # Adding a grader
//!
//! A module in `graders/`, and one line in its registry.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod arguments;
mod assign;
pub mod compatibility;
mod diff;
mod effects;
mod facts;
mod graders;
mod grading;
mod hashed;
mod kind;
mod lint;
mod mistake;
mod negation;
mod numbers;
mod parameters;
mod pick;
mod similar;
mod text;
mod written;

pub use facts::{CallFact, Facts, Prepared, ReferenceFacts, StateError};
pub use graders::{JUDGE, JudgeSees, VERIFIER, criterion_schema, grader, graders};
pub use grading::{END, Grading, Subject, passed, score, total};
pub use kind::{Ask, Grader, GraderKind, Judgement, Setting};
pub use lint::{asks, lint};
pub use mistake::{Fault, Mistake, Spot};
pub use mocktrial_trajectory::{Answer, Evidence, Grade, Outcome, Question};
pub use written::read_criterion;

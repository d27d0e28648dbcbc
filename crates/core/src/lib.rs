//! Suites, plans, sessions, drivers and the runner.
//!
//! An episode goes one way: a [`suite`] is loaded, its scenarios and endpoints are made
//! [`ready`], a [`plan`] says which episodes are to be run, the [`runner`] dispatches them, and
//! each is played by a [`driver`] in a [`session`], graded, and handed to the store.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod answering;
pub mod budget;
pub mod check;
pub mod driver;
pub mod endpoints;
pub mod episode;
pub mod examine;
pub mod limits;
pub mod plan;
pub mod purse;
pub mod ready;
pub mod record;
pub mod regrade;
pub mod runner;
pub mod seed;
pub mod session;
pub mod steer;
pub mod suite;
pub mod user;

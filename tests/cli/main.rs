//! The command from end to end: real files, real processes, servers on loopback only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod agents;
mod allocated;
mod asked;
mod bundled;
mod ci_outputs;
mod compared;
mod data;
mod dependencies;
mod endpoints;
mod fairness;
mod faults;
mod gated;
mod health;
mod judged;
mod live_audit;
mod mistakes;
mod odd_data;
mod paper;
mod power;
mod protocol;
mod proving;
mod reported;
mod resume;
mod runs;
mod scaling;
mod secrets;
mod servers;
mod support;
mod variants;
mod view;

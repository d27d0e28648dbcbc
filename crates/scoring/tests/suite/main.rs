//! The graders, as authors see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod agentevals;
mod answers;
mod asked;
mod build;
mod calls;
mod composed;
mod confirmations;
mod ends;
mod invariants;
mod metrics;
mod milestones;
mod mistakes;
mod order;
mod properties;
mod recoveries;
mod reproduced;
mod scripts;
mod side_effects;
mod states;
mod tau;
mod temporal;

//! The graders, as authors see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod answers;
mod asked;
mod build;
mod calls;
mod composed;
mod confirmations;
mod ends;
mod milestones;
mod mistakes;
mod order;
mod properties;
mod recoveries;
mod scripts;
mod side_effects;
mod states;
mod temporal;

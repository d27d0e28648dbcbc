//! The graders, as authors see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod answers;
mod asked;
mod build;
mod calls;
mod composed;
mod ends;
mod mistakes;
mod order;
mod properties;
mod states;

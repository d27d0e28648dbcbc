//! What a run comes to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::float_cmp)]

mod memory;
mod outcomes;
mod power;
mod rates;
mod rows;
mod scaling;

//! The vocabulary, as the other crates rely on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod canonical;
mod ends;
mod messages;
mod patches;
mod record;
mod values;

//! Loading suites: what becomes of files that are right, and what is said of those that are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod bundled;
mod cases;
mod endpoints;
mod folder;
mod hostile;
mod loading;
mod mistakes;
mod numbers;
mod paths;
mod proving;
mod quarantine;
mod scripts;
mod selecting;
mod tools;

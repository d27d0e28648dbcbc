//! The dialect, byte by byte.

mod configuration;
mod corpus;
mod failures;
mod fixtures;
mod requests;
mod stories;

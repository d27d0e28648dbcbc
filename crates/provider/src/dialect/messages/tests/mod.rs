//! The dialect, byte by byte.

mod configuration;
mod corpus;
mod failures;
mod reading;
mod requests;
mod stories;

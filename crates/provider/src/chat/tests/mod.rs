//! The dialect, byte by byte.

mod failures;
mod fixtures;
mod requests;
pub(crate) mod stories;

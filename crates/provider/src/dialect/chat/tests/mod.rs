//! The dialect, byte by byte.

mod costs;
mod failures;
mod fixtures;
mod requests;
pub(crate) mod stories;

//! The dialect, byte by byte.

mod fixtures;
mod requests;
pub(crate) mod stories;

//! The dialect, byte by byte.

mod costs;
mod failures;
mod reading;
mod requests;
pub(crate) mod stories;

//! The dialect, byte by byte.

mod failures;
mod fixtures;
mod requests;
mod stories;

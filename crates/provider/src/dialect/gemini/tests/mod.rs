//! The dialect, byte by byte.

mod failures;
mod reading;
mod requests;
mod stories;

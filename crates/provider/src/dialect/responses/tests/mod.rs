//! The dialect, byte by byte.

mod fixtures;
mod requests;
mod stories;

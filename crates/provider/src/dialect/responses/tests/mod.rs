//! The dialect, byte by byte.

mod reading;
mod requests;
mod stories;

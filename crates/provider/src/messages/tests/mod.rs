//! The dialect, byte by byte.
